"""What every command that needs the database does first: settings, the server, Django."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

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


def set_up_django(url: str) -> None:
    """Make Django ready in this process, with the database at `url`."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "zhiheng.site.settings"
    os.environ["DATABASE_URL"] = url
    import django

    django.setup()
