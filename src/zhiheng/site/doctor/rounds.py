"""Go through all checks; one that cannot run says so, and the others go on."""

from collections.abc import Callable, Iterator, Mapping

import psycopg
from django.db import Error

from zhiheng.site import postgres, running
from zhiheng.site.doctor import machine
from zhiheng.site.doctor.outcomes import Outcome, Result, Said, could_not_run, failed
from zhiheng.site.env import Environment

Check = Callable[[Environment], Said]


def examine(environment: Environment) -> Iterator[Result]:
    """Yield the results of all checks, those without the database first."""
    yield from _go_through(machine.CHECKS, environment)
    if environment.is_embedded and not (environment.postgres / "PG_VERSION").exists():
        yield _named("数据库", failed("还没有", "运行 zhiheng init。"))
        return
    try:
        with running.database(environment) as urls:
            psycopg.connect(urls.app).close()
            running.set_up_django()
            from zhiheng.site.doctor import product

            yield from _go_through(product.CHECKS, environment)
    except (postgres.NoPostgres, psycopg.OperationalError) as problem:
        yield _named(
            "数据库", failed(str(problem).strip(), "数据库没有应答：检查它是否在运行，DATABASE_URL 是否写对。")
        )


def _go_through(checks: Mapping[str, Check], environment: Environment) -> Iterator[Result]:
    for name, check in checks.items():
        try:
            said = check(environment)
        except (OSError, Error) as problem:
            said = could_not_run(f"{type(problem).__name__}：{problem}".strip())
        yield _named(name, said)


def _named(name: str, said: Said) -> Result:
    return Result(name, Outcome(said.outcome), said.found, said.remedy)
