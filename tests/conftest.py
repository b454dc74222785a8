"""What all tests share."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from django.db.backends.postgresql.operations import DatabaseOperations
from tests import database

from zhiheng.site.postgres import Server

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="session")
def shared() -> Callable[[str], Path]:
    """Return the path of a file or folder of the shared facts and sample data, or skip the test where it is absent.

    They are not part of the repository: `ZHIHENG_SHARED` says where they are, `../shared` by default.
    """
    folder = Path(os.environ.get("ZHIHENG_SHARED") or ROOT.parent / "shared")

    def find(name: str = "") -> Path:
        path = folder / name
        if not path.exists():
            pytest.skip(f"sample data absent: {path} (ZHIHENG_SHARED says where they are)")
        return path

    return find


@pytest.fixture(scope="session")
def database_server() -> Server:
    """Return the running server: `database_server.url(APP, name)` is a database as the application sees it."""
    database.start()
    return database.SERVER


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings_parallel_suffix, database_server):
    """Start the server before Django makes its test database there, and at no other time."""


@pytest.fixture(scope="session", autouse=True)
def _flush_everything():
    """Let tests of real transactions clean up by TRUNCATE, which the audit trail refuses even to its owner."""
    as_usual = DatabaseOperations.sql_flush

    def sql_flush(*arguments, **options):
        queue = "TRUNCATE procrastinate_jobs, procrastinate_workers CASCADE"  # Django does not manage these tables
        return ["SET LOCAL session_replication_role = replica", *as_usual(*arguments, **options), queue]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(DatabaseOperations, "sql_flush", sql_flush)
        yield
