"""Where PostgreSQL's programs are found, and what is said where none are."""

import os

import pytest

from zhiheng.site import postgres, postgres_programs
from zhiheng.site.postgres_config import APP


def _install(folder, version):
    folder.mkdir(parents=True)
    for name in ("postgres", "initdb", "pg_ctl"):
        (folder / name).write_text(f"#!/bin/sh\necho 'postgres (PostgreSQL) {version}.4'\n")
        (folder / name).chmod(0o755)
    return folder


@pytest.fixture
def bare_machine(monkeypatch, tmp_path):
    """A machine without the wheel and without PostgreSQL in the usual places."""
    monkeypatch.setattr(postgres_programs, "find_spec", lambda name: None)
    monkeypatch.setattr(postgres_programs.shutil, "which", lambda name: None)
    monkeypatch.setattr(postgres_programs, "ON_MACHINES", (f"{tmp_path}/usr/lib/postgresql/*/bin",))
    return tmp_path


def test_the_wheel_brings_a_postgres():
    assert postgres_programs.find().version >= 18


def test_without_the_wheel_the_newest_of_the_machine_is_taken(bare_machine):
    for version in (15, 16, 17):
        _install(bare_machine / f"usr/lib/postgresql/{version}/bin", version)
    assert postgres_programs.find().version == 17


def test_an_existing_database_gets_the_version_that_made_it(bare_machine):
    for version in (16, 17):
        _install(bare_machine / f"usr/lib/postgresql/{version}/bin", version)
    assert postgres_programs.find(version=16).version == 16


def test_a_folder_that_a_setting_names_goes_before_all(bare_machine, tmp_path):
    _install(bare_machine / "usr/lib/postgresql/17/bin", 17)
    chosen = _install(tmp_path / "own", 16)
    assert postgres_programs.find(chosen=str(chosen)).folder == chosen


@pytest.mark.parametrize("version", [None, 18])
def test_where_none_fits_it_says_what_was_found_and_what_to_set(bare_machine, version):
    _install(bare_machine / "usr/lib/postgresql/15/bin", 15)
    with pytest.raises(postgres_programs.NoPostgres) as problem:
        postgres_programs.find(version=version)
    for word in ("15", "DATABASE_URL", "ZHIHENG_POSTGRES"):
        assert word in str(problem.value)


def test_a_named_folder_without_postgres_is_named(bare_machine, tmp_path):
    with pytest.raises(postgres_programs.NoPostgres, match=str(tmp_path / "own")):
        postgres_programs.find(chosen=str(tmp_path / "own"))


def test_a_long_folder_has_its_socket_elsewhere(tmp_path):
    server = postgres.Server(tmp_path / ("x" * 100))
    assert len(os.fsencode(server.sockets / ".s.PGSQL.5432")) < 104
    assert not server.sockets.is_relative_to(tmp_path)


def test_an_address_names_role_database_and_socket(tmp_path):
    url = postgres.Server(tmp_path / "postgres").url(APP, "zhiheng")
    assert url.startswith("postgresql://zhiheng@/zhiheng?host=%2F")


def test_a_file_left_by_a_crash_is_no_running_server(tmp_path):
    (tmp_path / "postmaster.pid").write_text(f"{os.getpid()}\n/elsewhere\n")  # the number belongs to us by now
    assert postgres.Server(tmp_path).pid is None


def test_two_do_not_own_the_same_server(tmp_path):
    folder = tmp_path / "postgres"
    with postgres.locked(folder), pytest.raises(postgres.Held, match=str(os.getpid())), postgres.locked(folder):
        pass
