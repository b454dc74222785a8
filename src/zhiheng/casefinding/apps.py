"""The Django app casefinding."""

from django.apps import AppConfig


class CasefindingConfig(AppConfig):
    name = "zhiheng.casefinding"
    default_auto_field = "django.db.models.BigAutoField"
