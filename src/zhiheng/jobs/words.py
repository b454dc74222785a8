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
    "deferred": _("Queued"),
    "scheduled": _("Queued for later"),
    "started": _("Started"),
    "deferred_for_retry": _("Queued again"),
    "abort_requested": _("Abort requested"),
    **dict(STATES),
}


def short(task_name: str) -> str:
    """Return "casefinding.screen_batch" for "zhiheng.casefinding.jobs.screen_batch"."""
    return task_name.removeprefix("zhiheng.").replace(".jobs.", ".")


def state_in_words(job, user=None) -> str:
    return str(dict(STATES)[job.status])
