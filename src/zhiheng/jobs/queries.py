"""How the queue stands."""

from dataclasses import dataclass
from datetime import timedelta

from django.db.models import Q, QuerySet
from django.utils import timezone
from procrastinate.contrib.django.models import ProcrastinateEvent, ProcrastinateJob, ProcrastinateWorker
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


def seconds(job: ProcrastinateJob) -> float | None:
    """Return how long the last attempt of a job took, or takes so far."""
    if job.started_at is None:
        return None
    is_running = job.status == Status.DOING.value
    end = timezone.now() if is_running or job.ended_at is None else job.ended_at
    return max(round((end - job.started_at).total_seconds(), 1), 0)


def attempts(job: ProcrastinateJob) -> int:
    """Return how often a job was begun: the queue counts the attempts that have ended."""
    return job.attempts + (job.status == Status.DOING.value)


def queues() -> list[str]:
    return sorted(ProcrastinateJob.objects.order_by().values_list("queue_name", flat=True).distinct())


def tasks() -> list[str]:
    return sorted(ProcrastinateJob.objects.order_by().values_list("task_name", flat=True).distinct())


@dataclass(frozen=True)
class Health:
    """How the queue stands, in numbers."""

    workers: int
    waiting: int
    oldest_minutes: int
    stalled: int
    failed: int


def health() -> Health:
    oldest = oldest_waiting()
    return Health(
        workers=workers_alive(),
        waiting=ProcrastinateJob.objects.filter(status=Status.TODO.value).count(),
        oldest_minutes=int(oldest.total_seconds() // 60) if oldest else 0,
        stalled=stalled().count(),
        failed=ProcrastinateJob.objects.filter(status=Status.FAILED.value).count(),
    )


def workers_alive() -> int:
    since = timezone.now() - timedelta(seconds=SILENT_SECONDS)
    return ProcrastinateWorker.objects.filter(last_heartbeat__gt=since).count()
