"""The Django app casefinding."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class CasefindingConfig(AppConfig):
    name = "zhiheng.casefinding"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from zhiheng.web import navigation

        navigation.search_at("casefinding:search", permission="casefinding.search")
        navigation.register(
            name=_("Ledgers"), url_name="casefinding:ledger", permission="casefinding.ledger", icon="book", order=20
        )
