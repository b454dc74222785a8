"""The Django app forms."""

from django.apps import AppConfig


class FormsConfig(AppConfig):
    name = "zhiheng.forms"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from zhiheng.autofill import knowing
        from zhiheng.forms import queries

        knowing.ask(queries.answers_of)
