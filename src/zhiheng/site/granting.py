"""What the application's role may do in tables that it does not own."""

import psycopg
from psycopg import sql

from zhiheng.audit.protection import protect

OLDEST = 16  # major version of PostgreSQL


class Unsuitable(Exception):
    """A database that cannot be used as it is; the message says what to do."""


def grant(owner_url: str, app_url: str) -> bool:
    """Let the role of `app_url` use what the role of `owner_url` owns. False where both are one role."""
    app = str(psycopg.conninfo.conninfo_to_dict(app_url).get("user", ""))
    with psycopg.connect(owner_url) as connection:
        _is_suitable(connection)
        if app in ("", connection.info.user):
            return False
        for command in (
            "GRANT USAGE ON SCHEMA public TO {}",
            "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {}",
            "GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {}",
            "ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO {}",
            "ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT USAGE, SELECT ON SEQUENCES TO {}",
        ):
            connection.execute(sql.SQL(command).format(sql.Identifier(app)))
        protect(connection, app)
    return True


def _is_suitable(connection: psycopg.Connection) -> None:
    version = connection.info.server_version // 10_000
    if version < OLDEST:
        raise Unsuitable(f"数据库是 PostgreSQL {version}；质衡需要 {OLDEST} 或更新的版本。")
    encoding = connection.execute("SHOW server_encoding").fetchone()
    if encoding != ("UTF8",):
        raise Unsuitable(f"数据库的编码是 {encoding and encoding[0]}；请以 UTF8 编码新建一个库。")
