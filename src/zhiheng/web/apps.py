"""The Django app web."""

from django.apps import AppConfig


class WebConfig(AppConfig):
    name = "zhiheng.web"
    default_auto_field = "django.db.models.BigAutoField"
