"""The Django app ingestion."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class IngestionConfig(AppConfig):
    name = "zhiheng.ingestion"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from zhiheng.accounts import seen
        from zhiheng.ingestion import deliveries, mirror, queries
        from zhiheng.vault import files
        from zhiheng.web import navigation

        seen.look_with(queries.departments)
        files.register(deliveries.ABOUT, lambda: deliveries.home().glob("*/*"))
        files.register(mirror.ABOUT, lambda: mirror.home().glob("*"))
        group = _("Records")
        for order, (name, url_name, icon) in enumerate(
            (
                (_("Deliveries"), "ingestion:batches", "database-import"),
                (_("Rejects"), "ingestion:rejects", "file-alert"),
                (_("Interfaces"), "ingestion:interfaces", "plug-connected"),
            ),
            50,
        ):
            navigation.register(
                name=name, url_name=url_name, permission="ingestion.view", icon=icon, order=order, group=group
            )
