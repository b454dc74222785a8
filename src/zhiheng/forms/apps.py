"""The Django app forms."""

from django.apps import AppConfig


class FormsConfig(AppConfig):
    name = "zhiheng.forms"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from zhiheng.autofill import knowing
        from zhiheng.forms import queries
        from zhiheng.packversions import panels

        knowing.ask(queries.answers_of)
        panels.register(url_name="forms:open_cases", permission="forms.move_version")
