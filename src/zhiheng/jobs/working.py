"""Run a worker: it takes jobs off the queues until it is told to stop, and remembers those that fail."""

import asyncio
import contextlib
from collections.abc import Callable
from typing import Any

from django.db import DatabaseError
from procrastinate.contrib.django import app
from procrastinate.contrib.django.db_cleanup import DjangoApp
from procrastinate.job_context import JobContext
from procrastinate.worker import Worker

from zhiheng.jobs import failures
from zhiheng.jobs.models import Failure
from zhiheng.jobs.queries import SILENT_SECONDS

GRACE_SECONDS = 30  # for the jobs that run when the worker is told to stop; what is cut off is run again


def work(*, name: str, concurrency: int = 1) -> None:
    """Run jobs, and queue the periodic ones, until a signal says stop."""
    own = worker_app([remember])
    own.periodic_registry = app.periodic_registry
    asyncio.run(run(own, name=name, concurrency=concurrency, shutdown_graceful_timeout=GRACE_SECONDS))


def worker_app(middleware: list[Any]) -> DjangoApp:
    """Return an app that fetches jobs through its own connections.

    The tasks stay with Django's app, so that what a job queues is queued in the job's own transaction.
    """
    connector = app.connector.get_worker_connector()
    own = DjangoApp(connector=connector, worker_defaults={"task_middleware": middleware})
    own.tasks = app.tasks
    return own


async def run(own: DjangoApp, **options: Any) -> None:
    """Let a worker run on its own app, as these options say."""
    async with own.open_async():
        await own.run_worker_async(stalled_worker_timeout=SILENT_SECONDS, **options)


def remember(act: Callable[[], Any], context: JobContext, worker: Worker) -> Any:
    """Run a job; keep what may be kept of an error, and let the error take its way."""
    try:
        return act()
    except Exception as problem:
        with contextlib.suppress(DatabaseError):  # the error itself matters more than its record
            Failure.objects.create(
                job_id=context.job.id,
                kind=failures.kind(problem)[:120],
                message=failures.message(problem)[:500],
                place=failures.place(problem)[:300],
            )
        raise
