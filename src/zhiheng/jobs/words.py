"""How jobs are named for people."""

from django.utils.translation import gettext_lazy as _

STATES = (
    ("todo", _("In the queue")),
    ("doing", _("Running")),
    ("succeeded", _("Succeeded")),
    ("failed", _("Failed")),
    ("cancelled", _("Cancelled")),
    ("aborted", _("Aborted")),
)
EVENTS = {
    "deferred": _("Put in the queue"),
    "scheduled": _("Queued for later"),
    "started": _("Started"),
    "deferred_for_retry": _("Queued again"),
    "abort_requested": _("Abort requested"),
    **dict(STATES),
}


TASKS = {
    "accounts.sweep": _("Forget old sessions and login failures"),
    "audit.seal": _("Seal the audit trail"),
    "audit.verify": _("Verify the audit trail"),
    "autofill.fill_case": _("Fill a case"),
    "autofill.fill_cases": _("Fill cases"),
    "casefinding.screen_batch": _("Find cases in a batch"),
    "casefinding.screen_department": _("Find the cases of a department"),
    "casefinding.screen_next": _("Find cases again among all patients"),
    "casefinding.screen_unbalanced": _("Find cases that the ledger misses"),
    "forms.move_all": _("Move cases to another version of their pack"),
    "forms.take_proposals": _("Take proposals into a form"),
    "ingestion.clear_away": _("Clear away old deliveries"),
    "ingestion.look": _("Look into a watched folder"),
    "ingestion.look_everywhere": _("Look into the watched folders"),
    "ingestion.mirror_batch": _("Renew the mirror of the records"),
    "ingestion.preview_batch": _("Preview a batch"),
    "ingestion.store_batch": _("Store a batch"),
    "jobs.forget_old": _("Forget old jobs"),
    "jobs.recover_stalled": _("Recover stalled jobs"),
    "packversions.check_upload": _("Check an uploaded pack"),
    "vault.reseal": _("Seal again with the new key"),
}

QUEUES = {"records": _("Records and cases"), "housekeeping": _("Housekeeping")}


def queue(name: str) -> str:
    return str(QUEUES.get(name, name))


def task(task_name: str) -> str:
    """Return what a task does, in words."""
    return str(TASKS.get(short(task_name), short(task_name)))


def short(task_name: str) -> str:
    """Return "casefinding.screen_batch" for "zhiheng.casefinding.jobs.screen_batch"."""
    return task_name.removeprefix("zhiheng.").replace(".jobs.", ".")


def state_in_words(job, user=None) -> str:
    return str(dict(STATES)[job.status])
