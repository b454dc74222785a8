"""What the commands of the web product share: settings first, and mistakes told plainly."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from django.db import OperationalError

from zhiheng.commands import shared
from zhiheng.commands.shared import Exit
from zhiheng.site import env, granting, installing, postgres, serving
from zhiheng.site.env import Environment

MISTAKES = (postgres.Held, postgres.NoPostgres, granting.Unsuitable, installing.NotInstalled, installing.KeysLost,
            serving.PortTaken)  # fmt: skip


@contextmanager
def product(*, is_quiet: bool = False) -> Iterator[Environment]:
    """Read the settings and run a command; what an administrator can mend is told without a trace."""
    os.umask(0o077)  # what we write is ours alone
    if is_quiet:  # a command that answers and ends: unless somebody asks, its log would only stand between its lines
        os.environ.setdefault("ZHIHENG_LOG_LEVEL", "WARNING")
    try:
        yield env.read()
    except env.BadSettings as problem:
        shared.stop(str(problem), Exit.USAGE)
    except MISTAKES as problem:
        shared.stop(str(problem), Exit.FAILED)
    except (psycopg.OperationalError, OperationalError) as problem:
        shared.stop(f"连不上数据库：{problem}".strip(), Exit.FAILED)
