"""The Django app audit."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AuditConfig(AppConfig):
    name = "zhiheng.audit"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from zhiheng.audit.lists import record_use
        from zhiheng.web.listing import used
        from zhiheng.web.navigation import register

        used.connect(record_use, dispatch_uid="zhiheng.audit.lists")
        register(name=_("Audit trail"), url_name="audit:list", permission="audit.view", icon="history", order=85)
