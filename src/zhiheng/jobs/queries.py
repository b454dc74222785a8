"""How the queue stands."""

from datetime import timedelta

from django.db.models import Q, QuerySet
from django.utils import timezone
from procrastinate.contrib.django.models import ProcrastinateEvent, ProcrastinateJob
from procrastinate.jobs import Status

SILENT_SECONDS = 120  # a busy machine may be late with a sign of life; workers give one every ten seconds


def stalled(silent_seconds: int = SILENT_SECONDS) -> "QuerySet[ProcrastinateJob]":
    """Return the jobs of workers that have given no sign of life for so long."""
    since = timezone.now() - timedelta(seconds=silent_seconds)
    return ProcrastinateJob.objects.filter(status=Status.DOING.value).filter(
        Q(worker=None) | Q(worker__last_heartbeat__lt=since)
    )


def oldest_waiting() -> timedelta | None:
    """Return how long the oldest job has been waiting that could run now; None where none waits."""
    now = timezone.now()
    ready = Q(job__scheduled_at=None) | Q(job__scheduled_at__lte=now)
    waiting = ProcrastinateEvent.objects.filter(ready, job__status=Status.TODO.value)
    first = waiting.order_by("at").values_list("at", flat=True).first()
    return now - first if first else None
