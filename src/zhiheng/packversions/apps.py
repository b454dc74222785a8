"""The Django app packversions."""

from django.apps import AppConfig


class PackversionsConfig(AppConfig):
    name = "zhiheng.packversions"
    default_auto_field = "django.db.models.BigAutoField"
