"""Run the jobs that are waiting, within a test or a benchmark."""

import asyncio
from collections.abc import Callable
from typing import Any

from django.db import connection

from zhiheng.jobs import working


def work_off(*, name: str = "once", queues: list[str] | None = None) -> None:
    """Run the jobs that are waiting, and those that they queue, then return."""
    quiet = {"wait": False, "listen_notify": False, "install_signal_handlers": False}
    asyncio.run(working.run(working.worker_app([disconnect, working.remember]), name=name, queues=queues, **quiet))


def disconnect(act: Callable[[], Any], context: Any, worker: Any) -> Any:
    """Run a job and leave no connection open in its thread, which nobody will use again."""
    try:
        return act()
    finally:
        connection.close()
