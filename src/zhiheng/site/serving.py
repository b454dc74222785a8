"""Serve: the database where it is ours, the web server, the workers."""

import os
import socket
import sys
from collections.abc import Callable

from zhiheng.site import postgres, running
from zhiheng.site.env import Environment
from zhiheng.site.supervising import Child, Supervisor


class PortTaken(Exception):
    """Another program listens where the pages should be served."""


def children(environment: Environment) -> list[Child]:
    web = [sys.executable, "-m", "gunicorn", "--config", "python:zhiheng.site.gunicorn_config", "zhiheng.site.wsgi"]
    names = [f"worker-{number}" for number in range(1, environment.job_workers + 1)]
    workers = [Child(name, [sys.executable, "-m", "zhiheng", "worker", "--name", name]) for name in names]
    return [Child("web", web), *workers]


def serve(environment: Environment, say: Callable[[str], None], watch: Callable[[], None] = lambda: None) -> None:
    """Serve until a signal says stop. The database must be running and Django be set up. `watch` is called often."""
    from zhiheng.jobs import actions as jobs

    if environment.is_embedded:
        jobs.recover_stalled(silent_seconds=0)  # nobody else uses this database: what was being done, died with us
    watches = (_database_watch(environment, say), watch)
    Supervisor(children(environment), say, watch=lambda: [each() for each in watches]).run()


def _database_watch(environment: Environment, say: Callable[[str], None]) -> Callable[[], None]:
    """Return what keeps the embedded server alive."""
    if not environment.is_embedded:
        return lambda: None
    server = running.server(environment)

    def watch() -> None:
        if server.pid is None:
            say("数据库意外停止，正在重新启动。")
            try:
                server.start()
            except postgres.NoPostgres as problem:
                say(str(problem))

    return watch


def is_free(address: str, port: int) -> bool:
    """Return whether the pages could be served there."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, port))
        except OSError:
            return False
        return True


def next_free_port(address: str, port: int) -> int:
    """Return `port`, or the next one that nobody uses."""
    for candidate in range(port, min(port + 100, 65536)):
        if is_free(address, candidate):
            return candidate
    raise PortTaken(f"{address} 上 {port} 起的一百个端口都被占用。用 --port 另选一个。")


def set_in_environment(**settings: object) -> None:
    """Hand settings to the children, and to `env.read` from here on. None leaves one as it is."""
    os.environ.update({name: str(value) for name, value in settings.items() if value is not None})
