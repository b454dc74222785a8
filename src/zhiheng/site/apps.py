"""The Django app site: the pages that compose the stages."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class SiteConfig(AppConfig):
    name = "zhiheng.site"
    label = "desk"

    def ready(self) -> None:
        from zhiheng import pipeline
        from zhiheng.web import navigation

        pipeline.connect()

        navigation.register(
            name=_("Work list"), url_name="desk:work_list", permission="desk.view_cases", icon="list-check", order=10
        )
