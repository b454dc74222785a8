"""The Django app forms."""

from django.apps import AppConfig


class FormsConfig(AppConfig):
    name = "zhiheng.forms"
    default_auto_field = "django.db.models.BigAutoField"
