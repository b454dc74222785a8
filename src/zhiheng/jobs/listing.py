"""The list of jobs."""

from django.db.models import F, Max, Min, OuterRef, Q, QuerySet, Subquery
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from procrastinate.contrib.django.models import ProcrastinateJob

from zhiheng.jobs import queries
from zhiheng.jobs.models import Failure
from zhiheng.jobs.words import STATES, queue, state_in_words, task
from zhiheng.web.listing import Choice, Column, DateRange, Empty, Listing


def jobs() -> "QuerySet[ProcrastinateJob]":
    """Return all jobs with when they were queued, started and ended, and their last failure."""
    ended = Q(procrastinateevent__type__in=("succeeded", "failed", "cancelled", "aborted", "deferred_for_retry"))
    failure = Failure.objects.filter(job_id=OuterRef("pk")).order_by("-id")
    return ProcrastinateJob.objects.annotate(
        queued_at=Min("procrastinateevent__at"),
        started_at=Max("procrastinateevent__at", filter=Q(procrastinateevent__type="started")),
        ended_at=Max("procrastinateevent__at", filter=ended),
        error=Subquery(failure.values("kind")[:1]),
        error_message=Subquery(failure.values("message")[:1]),
    )


class Jobs(Listing):
    name = "jobs"
    title = _("Jobs")
    columns = (
        Column("id", _("No."), sort="id", link=lambda job: reverse("jobs:job", args=[job.pk]), always=True),
        Column("task", _("Task"), value=lambda job: task(job.task_name), sort="task_name", always=True, width=32),
        Column("queue_name", _("Queue"), value=lambda job: queue(job.queue_name), sort="queue_name", default=False),
        Column("status", _("State"), template="jobs/_state.html", export=state_in_words, sort="status"),
        Column("queued_at", _("Queued"), template="jobs/_queued.html", sort=F("queued_at")),
        Column("seconds", _("Lasted"), value=queries.seconds, template="jobs/_lasted.html", align="end"),
        Column("attempts", _("Attempts"), value=queries.attempts, align="end"),
        Column("error", _("Last error"), template="jobs/_error.html", width=40),
    )
    filters = (
        Choice("status", _("State"), choices=STATES),
        Choice(
            "queue",
            _("Queue"),
            field="queue_name",
            choices=lambda request: [(each, queue(each)) for each in queries.queues()],
        ),
        Choice(
            "task",
            _("Task"),
            field="task_name",
            choices=lambda request: [(each, task(each)) for each in queries.tasks()],
        ),
        DateRange("queued", _("Queued"), field="queued_at"),
    )
    order = "-id"
    audited = False  # it names no patient
    empty = Empty(_("No jobs"), _("Jobs appear here when records arrive or forms change."))
