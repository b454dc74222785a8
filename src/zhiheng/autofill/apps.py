"""The Django app autofill."""

from django.apps import AppConfig


class AutofillConfig(AppConfig):
    name = "zhiheng.autofill"
    default_auto_field = "django.db.models.BigAutoField"
