"""The Django app ingestion."""

from django.apps import AppConfig


class IngestionConfig(AppConfig):
    name = "zhiheng.ingestion"
    default_auto_field = "django.db.models.BigAutoField"
