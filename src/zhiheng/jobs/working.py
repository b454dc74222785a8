"""Run a worker: it takes jobs off the queues until it is told to stop, and remembers those that fail."""

import asyncio
import contextlib
from collections.abc import Callable
from typing import Any

from django.db import DatabaseError, connection
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
    worker_app = _worker_app([remember])
    worker_app.periodic_registry = app.periodic_registry
    asyncio.run(_run(worker_app, name=name, concurrency=concurrency, shutdown_graceful_timeout=GRACE_SECONDS))


def work_off(*, name: str = "once", queues: list[str] | None = None) -> None:
    """Run the jobs that are waiting, and those that they queue, then return."""
    quiet = {"wait": False, "listen_notify": False, "install_signal_handlers": False}
    asyncio.run(_run(_worker_app([disconnect, remember]), name=name, queues=queues, **quiet))


def _worker_app(middleware: list[Any]) -> DjangoApp:
    """Return an app that fetches jobs through its own connections.

    The tasks stay with Django's app, so that what a job queues is queued in the job's own transaction.
    """
    connector = app.connector.get_worker_connector()
    worker_app = DjangoApp(connector=connector, worker_defaults={"task_middleware": middleware})
    worker_app.tasks = app.tasks
    return worker_app


async def _run(worker_app: DjangoApp, **options: Any) -> None:
    async with worker_app.open_async():
        await worker_app.run_worker_async(stalled_worker_timeout=SILENT_SECONDS, **options)


def remember(run: Callable[[], Any], context: JobContext, worker: Worker) -> Any:
    """Run a job; keep what may be kept of an error, and let the error take its way."""
    try:
        return run()
    except Exception as problem:
        with contextlib.suppress(DatabaseError):  # the error itself matters more than its record
            Failure.objects.create(
                job_id=context.job.id,
                kind=failures.kind(problem)[:120],
                message=failures.message(problem)[:500],
                place=failures.place(problem)[:300],
            )
        raise


def disconnect(run: Callable[[], Any], context: JobContext, worker: Worker) -> Any:
    """Run a job and leave no connection open in its thread, which nobody will use again."""
    try:
        return run()
    finally:
        connection.close()
