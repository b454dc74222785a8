"""The plugin that gives the tests a PostgreSQL of their own: started by the first test that needs it, gone afterwards.

All data of a run (database, keys, uploads) stand in one temporary folder. The workers of pytest-xdist share the server,
each with a database of its own. This module is loaded before Django's settings are read, so that they point there.
"""

import atexit
import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psycopg

from zhiheng.site.postgres import OWNER, SUPERUSER, Server

PREFIX = "zhiheng-tests-"
SHARED = "ZHIHENG_TESTS"  # in which the first process tells its workers the folder
KEPT = (SHARED, "ZHIHENG_SHARED", "ZHIHENG_SCREENSHOTS")


@contextmanager
def _alone(path: Path, *, wait: bool) -> Iterator[bool]:
    """Hold a lock file; where another process holds it, wait for it or yield False."""
    with path.open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError:
            yield False
        else:
            yield True


def _sweep() -> None:
    """Stop and remove what runs that were killed have left behind."""
    for lock in Path(tempfile.gettempdir()).glob(f"{PREFIX}*/run.lock"):
        if os.access(lock, os.W_OK):
            with _alone(lock, wait=False) as is_left:
                if is_left:
                    _remove(lock.parent)


def _remove(folder: Path) -> None:
    Server(folder / "postgres").stop()
    shutil.rmtree(folder, ignore_errors=True)


def _make_folder() -> Path:
    """Make the folder of this run, held as long as this process lives."""
    _sweep()
    folder = Path(tempfile.mkdtemp(prefix=PREFIX))
    folder.chmod(0o711)  # the account that runs PostgreSQL for root must get through
    held = ExitStack()
    held.enter_context(_alone(folder / "run.lock", wait=True))
    atexit.register(held.close)
    atexit.register(_remove, folder)  # comes before the line above
    return folder


def _point_settings_at(folder: Path, server: Server) -> None:
    for name in [name for name in os.environ if name.startswith("ZHIHENG_") and name not in KEPT]:
        del os.environ[name]  # what a developer has set for the running product
    os.environ[SHARED] = str(folder)
    os.environ["ZHIHENG_DATA"] = str(DATA)
    os.environ["ZHIHENG_KEY_FILE"] = str(folder / "keyring.json")
    os.environ["DATABASE_URL"] = server.url(OWNER)
    os.environ["DJANGO_SETTINGS_MODULE"] = "zhiheng.site.settings"


IS_FIRST = SHARED not in os.environ
FOLDER = _make_folder() if IS_FIRST else Path(os.environ[SHARED])
SERVER = Server(FOLDER / "postgres", durable=False)
DATA = FOLDER / os.environ.get("PYTEST_XDIST_WORKER", "data")  # a test may remove what it finds there
_point_settings_at(FOLDER, SERVER)


def pytest_configure() -> None:
    """Make the keys. Static files are served as they stand."""
    from django.conf import settings

    settings.STORAGES["staticfiles"]["BACKEND"] = "django.contrib.staticfiles.storage.StaticFilesStorage"
    if IS_FIRST:
        from zhiheng.vault import keys

        keys.make(FOLDER / "keyring.json")
    (DATA / "static").mkdir(parents=True, exist_ok=True)


def start() -> None:
    """Start the server, unless another worker has."""
    with _alone(FOLDER / "start.lock", wait=True):
        if not SERVER.pid:
            SERVER.start()
            with psycopg.connect(SERVER.url(SUPERUSER, "postgres"), autocommit=True) as connection:
                connection.execute(f"GRANT SET ON PARAMETER session_replication_role TO {OWNER}")
