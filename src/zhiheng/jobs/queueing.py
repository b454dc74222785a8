"""Queue a job in the transaction of the act that asks for it."""

from typing import Any

from django.db import transaction
from procrastinate.exceptions import AlreadyEnqueued
from procrastinate.tasks import Task


def queue(task: Task[..., Any, ...], *, lock: str | None = None, only_one: str | None = None, **ids: Any) -> None:
    """Queue `task` with `ids`, which name rows and never hold a patient's name, number or value.

    Jobs with the same `lock` run one after another. Where a job with the same `only_one` is waiting already, another
    would find nothing left to do: none is queued.
    """
    try:
        with transaction.atomic():  # refused by a unique index: the surrounding transaction must survive that
            task.configure(lock=lock, queueing_lock=only_one).defer(**ids)
    except AlreadyEnqueued:
        pass
