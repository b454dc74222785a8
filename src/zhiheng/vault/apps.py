"""The Django app vault."""

from django.apps import AppConfig


class VaultConfig(AppConfig):
    name = "zhiheng.vault"
    default_auto_field = "django.db.models.BigAutoField"
