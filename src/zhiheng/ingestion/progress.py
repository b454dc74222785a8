"""How far a batch is, as people see it while it runs: written beside the transaction that stores the records."""

import time
from typing import Any

import orjson
from django.db import connection
from django.utils import timezone

from zhiheng.ingestion.models import Batch

_SECONDS = 0.5  # between two reports
_TELL = f"update {Batch._meta.db_table} set progress = %s::jsonb where id = %s returning is_cancelling"


class Cancelled(Exception):
    """Somebody asked to stop: nothing of this run stays."""


class Watched:
    """Progress of one run of a batch: numbers only. Raises `Cancelled` when somebody has asked to stop."""

    def __init__(self, batch: Batch, step: str, files: int, total: int) -> None:
        self._batch, self._said = batch.pk, {"step": step, "file": 0, "files": files, "done": 0, "total": total}
        self._connection = connection.copy()  # the main one is in a transaction, which nobody sees before it ends
        self._next = 0.0
        self._tell()

    def start(self, name: str, total: int | None) -> None:
        self._said["file"] = min(self._said["file"] + 1, self._said["files"])
        self._tell_sometimes()

    def advance(self, name: str, done: int) -> None:
        self._said["done"] += done
        self._tell_sometimes()

    def finish(self, name: str) -> None:
        self._tell_sometimes()

    def step(self, step: str, total: int) -> None:
        """Begin another part of the work."""
        self._said |= {"step": step, "done": 0, "total": total}
        self._tell()

    def stored(self, rows: int) -> None:
        self.advance("", rows)

    def close(self) -> None:
        self._connection.close()

    def _tell_sometimes(self) -> None:
        if time.monotonic() >= self._next:
            self._tell()

    def _tell(self) -> None:
        self._next = time.monotonic() + _SECONDS
        said: dict[str, Any] = {**self._said, "at": timezone.now().isoformat()}
        with self._connection.cursor() as cursor:
            cursor.execute(_TELL, [orjson.dumps(said).decode(), self._batch])
            found = cursor.fetchone()
        if found and found[0]:
            raise Cancelled
