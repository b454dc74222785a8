"""The Django app jobs."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class JobsConfig(AppConfig):
    name = "zhiheng.jobs"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from zhiheng.web import navigation

        navigation.register(name=_("Jobs"), url_name="jobs:list", permission="jobs.view", icon="progress", order=80)
