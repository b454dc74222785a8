"""What people and the housekeeping do with jobs that are queued, failed or stalled."""

from datetime import timedelta
from typing import Any

from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from procrastinate.contrib.django import app
from procrastinate.contrib.django.models import ProcrastinateJob
from procrastinate.exceptions import AlreadyEnqueued, ConnectorException
from procrastinate.jobs import Status

from zhiheng.audit.recording import log
from zhiheng.jobs import queries
from zhiheng.jobs.failures import Tellable
from zhiheng.jobs.models import Failure

MOST_ATTEMPTS = 5  # a job that takes its worker down with it is not tried for ever
KEEP_PERIODIC_HOURS = 24  # jobs that run every minute say little after a day


class CannotChange(Tellable):
    """A job that is not in the state for what was asked."""


@transaction.atomic
def retry(*, job: ProcrastinateJob, by: Any) -> None:
    """Queue a failed job again."""
    if job.status != Status.FAILED.value:
        raise CannotChange(_("Only a failed job can be run again; this one is not."))
    _queue_again(job)
    log("jobs.retried", by=by, on=job, task=job.task_name)


@transaction.atomic
def cancel(*, job: ProcrastinateJob, by: Any) -> None:
    """Take a waiting job off the queue."""
    if not app.job_manager.cancel_job_by_id(job.pk):
        raise CannotChange(_("Only a waiting job can be taken off the queue; this one is not."))
    log("jobs.cancelled", by=by, on=job, task=job.task_name)


def recover_stalled(*, silent_seconds: int = queries.SILENT_SECONDS) -> int:
    """Queue again the jobs of workers that have been silent for so long, and return how many there were."""
    stalled = list(queries.stalled(silent_seconds))
    for job in stalled:
        _recover(job)
    return len(stalled)


@transaction.atomic
def _recover(job: ProcrastinateJob) -> None:
    Failure.objects.create(job_id=job.pk, kind="Stalled", message=f"attempt {job.attempts + 1}")
    log("jobs.stalled", by=None, on=job, task=job.task_name)
    if job.attempts + 1 < MOST_ATTEMPTS and _queue_again(job):
        return
    _query("SELECT procrastinate_finish_job_v1(%s, %s, false)", job.pk, Status.FAILED.value)


def _queue_again(job: ProcrastinateJob) -> bool:
    """Queue a job again, unless another that does the same is waiting already."""
    try:
        with transaction.atomic():
            app.job_manager.retry_job_by_id(job.pk, retry_at=timezone.now())
    except (AlreadyEnqueued, ConnectorException):
        return False
    return True


@transaction.atomic
def forget_old(*, keep_days: int) -> None:
    """Remove jobs that finished so long ago, and what is known of their failures."""
    periodic = sorted({name for name, _ in app.periodic_registry.periodic_tasks})
    _forget(["succeeded"], KEEP_PERIODIC_HOURS, periodic)
    _forget(["succeeded", "failed", "cancelled", "aborted"], 24 * keep_days)
    Failure.objects.filter(at__lt=timezone.now() - timedelta(days=keep_days)).delete()


def _forget(states: list[str], hours: int, tasks: list[str] | None = None) -> None:
    _query(
        """
        DELETE FROM procrastinate_jobs AS job
        WHERE status::text = ANY(%s) AND (%s::text[] IS NULL OR task_name = ANY(%s))
          AND NOT EXISTS (
            SELECT FROM procrastinate_events AS event
            WHERE event.job_id = job.id AND event.at > now() - make_interval(hours => %s)
          )
        """,
        states,
        tasks,
        tasks,
        hours,
    )


def _query(query: str, *values: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(query, values)
