"""What every command that needs the database does first: settings, the server, Django."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import psycopg

from zhiheng.site import postgres
from zhiheng.site.env import Environment
from zhiheng.site.postgres_config import APP, OWNER


@dataclass(frozen=True)
class Urls:
    """The addresses of the database: as the application, and as the owner of the tables."""

    app: str
    owner: str


def server(environment: Environment) -> postgres.Server:
    return postgres.Server(environment.postgres, programs=environment.postgres_programs)


@contextmanager
def database(environment: Environment, *, own: bool = False) -> Iterator[Urls]:
    """Yield the addresses of the database while it runs. `own`: be the one who starts and stops the embedded server."""
    if not environment.is_embedded:
        yield Urls(environment.database_url, environment.owner_database_url or environment.database_url)
        return
    with (postgres.own if own else postgres.use)(server(environment)) as embedded:
        yield Urls(embedded.url(APP), embedded.url(OWNER))


def set_up_django() -> None:
    """Make Django ready in this process."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "zhiheng.site.settings"
    import django

    django.setup()


@contextmanager
def connected_as(url: str) -> Iterator[None]:
    """Let Django use the database at `url` for a while."""
    from django.db import connection

    from zhiheng.site.settings import database as said

    usual = dict(connection.settings_dict)
    connection.close()
    connection.settings_dict.update(said(url))
    try:
        yield
    finally:
        connection.close()
        connection.settings_dict.update(usual)


def pending_migrations() -> list[str]:
    """Return the steps that the tables are behind of this version."""
    from django.db import connection
    from django.db.migrations.executor import MigrationExecutor

    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    return [f"{migration.app_label}.{migration.name}" for migration, _ in plan]


def holds_tables(url: str) -> bool:
    """Return whether the database at `url` is used by Zhiheng already."""
    with psycopg.connect(url) as connection:
        return connection.execute("SELECT to_regclass('django_migrations')").fetchone() != (None,)
