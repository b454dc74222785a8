"""The Django app packversions."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class PackversionsConfig(AppConfig):
    name = "zhiheng.packversions"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from zhiheng.web import navigation

        navigation.register(
            name=_("Disease packs"),
            url_name="packversions:list",
            permission="packversions.view",
            icon="package",
            order=60,
        )
