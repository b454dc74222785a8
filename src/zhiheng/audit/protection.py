"""What the application may do with the audit trail: append and read. The tables belong to another role."""

import psycopg
from psycopg import sql

TABLES = ("audit_entry", "audit_seal", "audit_verification")


def protect(connection: psycopg.Connection, app_role: str) -> None:
    """Take from `app_role` every right on the audit trail but to append and to read.

    `connection` is the owner's. Call it after the rights on all tables were granted, each time: it has one effect.
    The triggers of the migrations refuse the same even to the owner.
    """
    role = sql.Identifier(app_role)
    for table in map(sql.Identifier, TABLES):
        connection.execute(sql.SQL("REVOKE ALL ON {} FROM {}, PUBLIC").format(table, role))
        connection.execute(sql.SQL("GRANT SELECT, INSERT ON {} TO {}").format(table, role))


def weaknesses(connection: psycopg.Connection) -> list[str]:
    """Return what the role of `connection` could do to the audit trail and should not: "update audit_entry"."""
    found = []
    for table in TABLES:
        for right in ("update", "delete", "truncate"):
            row = connection.execute("select has_table_privilege(%s, %s)", [table, right]).fetchone()
            found += [f"{right} {table}"] if row and row[0] else []
        owner = connection.execute(
            "select pg_has_role(relowner, 'usage') from pg_class where oid = %s::regclass", [table]
        ).fetchone()
        found += [f"own {table}"] if owner and owner[0] else []
    return found
