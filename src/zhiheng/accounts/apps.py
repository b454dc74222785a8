"""The Django app accounts."""

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "zhiheng.accounts"
    default_auto_field = "django.db.models.BigAutoField"
