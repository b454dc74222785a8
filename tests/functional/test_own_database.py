"""The hospital's own PostgreSQL: one role owns the tables, another uses them and cannot change the audit trail."""

import json
import os
import subprocess
import sys

import psycopg
import pytest

from zhiheng.site.postgres import APP, OWNER, SUPERUSER

NAME = "hospital"


@pytest.fixture(scope="module")
def settings(database_server, tmp_path_factory):
    with psycopg.connect(database_server.url(SUPERUSER, "postgres"), autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {NAME}")
        connection.execute(f"CREATE DATABASE {NAME} OWNER {OWNER}")
    return {
        **{name: value for name, value in os.environ.items() if not name.startswith("ZHIHENG_")},
        "ZHIHENG_DATA": str(tmp_path_factory.mktemp("own") / "data"),
        "DATABASE_URL": database_server.url(APP, NAME),
        "ZHIHENG_OWNER_DATABASE_URL": database_server.url(OWNER, NAME),
    }


def run(settings, *arguments):
    command = [sys.executable, "-m", "zhiheng", *arguments]
    return subprocess.run(command, env=settings, capture_output=True, text=True, timeout=300, check=False)


def outcomes(settings):
    said = run(settings, "doctor", "--json")
    return {result["name"]: result for result in map(json.loads, said.stdout.splitlines())}


@pytest.fixture(scope="module")
def installed(settings):
    said = run(settings, "init")
    assert said.returncode == 0, said.stdout + said.stderr
    return settings


def test_the_application_does_not_own_what_it_uses(installed):
    found = outcomes(installed)
    assert found["数据库账户"]["outcome"] == "passed"
    assert found["审计保护"]["outcome"] == "passed"
    assert found["升级"]["outcome"] == "passed"
    assert found["PostgreSQL 程序"]["outcome"] == "not_applicable"


def test_one_role_for_both_is_found(installed):
    both = {**installed, "DATABASE_URL": installed["ZHIHENG_OWNER_DATABASE_URL"]}
    found = outcomes(both)
    assert found["数据库账户"]["outcome"] == "failed"
    assert "ZHIHENG_OWNER_DATABASE_URL" in found["数据库账户"]["remedy"]


def test_a_database_that_does_not_answer_is_told_plainly(installed, tmp_path):
    away = f"postgresql://{APP}@/{NAME}?host={tmp_path}"
    said = run({**installed, "DATABASE_URL": away, "ZHIHENG_OWNER_DATABASE_URL": away}, "init")
    assert said.returncode == 1
    assert "连不上数据库" in said.stderr
    assert "Traceback" not in said.stderr
