"""The Django app audit."""

from django.apps import AppConfig


class AuditConfig(AppConfig):
    name = "zhiheng.audit"
    default_auto_field = "django.db.models.BigAutoField"
