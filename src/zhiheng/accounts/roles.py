"""Which role may do what: the one table of permissions."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Role(models.TextChoices):
    FILLER = "filler", _("Filler")
    DEPARTMENT_REVIEWER = "department_reviewer", _("Department reviewer")
    QUALITY_OFFICER = "quality_officer", _("Quality officer")
    SUBMITTER = "submitter", _("Submitter")
    LEADER = "leader", _("Hospital leader")
    MAINTENANCE_ENGINEER = "maintenance_engineer", _("Maintenance engineer")
    SYSTEM_ADMINISTRATOR = "system_administrator", _("System administrator")
    SECURITY_ADMINISTRATOR = "security_administrator", _("Security administrator")
    AUDIT_ADMINISTRATOR = "audit_administrator", _("Audit administrator")


# The three administrators exclude each other and every other role: the database itself refuses a second kind.
ADMINISTRATORS = (Role.SYSTEM_ADMINISTRATOR, Role.SECURITY_ADMINISTRATOR, Role.AUDIT_ADMINISTRATOR)
ORDINARY = "ordinary"

# These work for the whole hospital; a grant for one department would promise a limit that nothing keeps.
HOSPITAL_WIDE = (*ADMINISTRATORS, Role.MAINTENANCE_ENGINEER)

_FILLERS = (Role.FILLER, Role.DEPARTMENT_REVIEWER, Role.QUALITY_OFFICER)
_REVIEWERS = (Role.DEPARTMENT_REVIEWER, Role.QUALITY_OFFICER)
_READERS = (*_FILLERS, Role.SUBMITTER, Role.LEADER)

HELD_BY = {
    "desk.view_cases": _READERS,
    "forms.view": _READERS,
    "forms.fill": _FILLERS,
    "forms.undo_period": _REVIEWERS,
    "forms.move_version": (Role.QUALITY_OFFICER,),
    "forms.export": (*_REVIEWERS, Role.SUBMITTER),
    "autofill.view_proof": _FILLERS,
    "casefinding.decide": _REVIEWERS,
    "casefinding.search": _FILLERS,
    "casefinding.ledger": (*_REVIEWERS, Role.LEADER),
    "ingestion.view": (Role.QUALITY_OFFICER, Role.MAINTENANCE_ENGINEER),
    "ingestion.manage": (Role.MAINTENANCE_ENGINEER,),
    "ingestion.upload": (Role.QUALITY_OFFICER, Role.MAINTENANCE_ENGINEER),
    "ingestion.rejects": (Role.QUALITY_OFFICER,),
    "packversions.view": (*_REVIEWERS, Role.MAINTENANCE_ENGINEER),
    "packversions.manage": (Role.QUALITY_OFFICER, Role.MAINTENANCE_ENGINEER),
    "jobs.view": (Role.MAINTENANCE_ENGINEER, Role.SYSTEM_ADMINISTRATOR),
    "jobs.manage": (Role.MAINTENANCE_ENGINEER,),
    "accounts.view": (Role.SYSTEM_ADMINISTRATOR, Role.SECURITY_ADMINISTRATOR),
    "accounts.manage": (Role.SYSTEM_ADMINISTRATOR,),
    "accounts.grant": (Role.SECURITY_ADMINISTRATOR,),
    "accounts.policy": (Role.SECURITY_ADMINISTRATOR,),
    "audit.view": (Role.AUDIT_ADMINISTRATOR,),
    "personal.see": _FILLERS,
}
# What every account may do, also one without any role: its own password, its own sessions, saved filters.
EVERY_ACCOUNT = frozenset({"accounts.own"})
# What is about no department: a role that is granted for one does not carry these.
WHOLE_HOSPITAL = frozenset({"packversions.manage"}) | {
    name for name in HELD_BY if name.startswith(("accounts.", "audit.", "ingestion.", "jobs."))
}

PERMISSIONS = {role: frozenset(name for name, holders in HELD_BY.items() if role in holders) for role in Role}


def kind_of(role: str) -> str:
    """Return the kind of account that may hold `role`: an administrator's own, or ordinary for all others."""
    return str(role) if role in ADMINISTRATORS else ORDINARY
