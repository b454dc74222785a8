"""The embedded PostgreSQL: owned by one process, which starts and stops it, and used by others through its address."""

import atexit
import contextlib
import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import psutil
import psycopg
from psycopg import sql

from zhiheng.site import postgres_config, postgres_programs
from zhiheng.site.postgres_config import APP, OWNER, SUPERUSER
from zhiheng.site.postgres_programs import NoPostgres

DATABASE = "zhiheng"
LONGEST_SOCKET = 90  # systems allow 104 or 108 bytes for the whole path


class Held(Exception):
    """Another process owns the server of this folder; the message says which."""


@dataclass(frozen=True)
class Server:
    """The server whose data stand in `folder`."""

    folder: Path
    durable: bool = True
    programs: str = ""  # a folder that a setting names

    @property
    def sockets(self) -> Path:
        inside = self.folder / "sockets"
        if len(os.fsencode(inside)) <= LONGEST_SOCKET:
            return inside
        return Path(tempfile.gettempdir()) / f"zhiheng-{hashlib.sha256(os.fsencode(self.folder)).hexdigest()[:16]}"

    def url(self, role: str = APP, database: str = DATABASE) -> str:
        return f"postgresql://{role}@/{database}?host={quote(str(self.sockets), safe='')}"

    @property
    def pid(self) -> int | None:
        """The running server's process; None where none runs, also when a crash left its file behind."""
        try:
            pid = int((self.folder / "postmaster.pid").read_text().split("\n", 1)[0])
            return pid if "postgres" in psutil.Process(pid).name() else None
        except (FileNotFoundError, ValueError, psutil.NoSuchProcess):
            return None

    def start(self) -> None:
        """Start the server, made on the first start, with its roles and its database. Nothing where it runs."""
        if self.pid:
            return
        self.folder.parent.mkdir(parents=True, exist_ok=True)
        postgres_programs.check_open(self.folder)
        if not (self.folder / "PG_VERSION").exists():
            self._make()
        (self.folder / "postmaster.pid").unlink(missing_ok=True)  # a number that may belong to somebody else by now
        self._private(self.sockets)
        for path in postgres_config.write(self.folder, self.sockets, durable=self.durable):
            self._give(path)
        self._control("start", "-t", "300", "-l", str(self.folder / "startup.log"))  # recovery may take minutes
        self._lay_out()

    def stop(self) -> None:
        """Stop the server: open transactions are rolled back, everything committed is on disk."""
        if self.pid:
            self._control("stop", "-m", "fast", "-t", "120")

    def _make(self) -> None:
        """Make the database folder beside its place and move it there when it is whole."""
        new = self.folder.with_name(self.folder.name + ".new")
        shutil.rmtree(new, ignore_errors=True)
        self._private(new)
        who = postgres_programs.account(self.folder)
        programs = postgres_programs.find(chosen=self.programs)
        locale = ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"] if programs.version >= 17 else []
        options = [
            "-E",
            "UTF8",
            "--no-locale",
            *locale,
            "-U",
            SUPERUSER,
            "--auth=reject",
            "--data-checksums",
            "--no-sync",
        ]
        programs = postgres_programs.reachable(programs, who, self.folder.parent)
        self._run(programs, "initdb", "-D", str(new), *options)
        if self.folder.exists():
            self.folder.rmdir()
        new.rename(self.folder)

    def _control(self, *arguments: str) -> None:
        version = int((self.folder / "PG_VERSION").read_text())
        programs = postgres_programs.find(version=version, chosen=self.programs)
        programs = postgres_programs.reachable(programs, postgres_programs.account(self.folder), self.folder.parent)
        self._run(programs, "pg_ctl", "-w", "-D", str(self.folder), *arguments)

    def _run(self, programs: postgres_programs.Programs, name: str, *arguments: str) -> None:
        try:
            programs.run(name, *arguments, account=postgres_programs.account(self.folder), cwd=self.folder.parent)
        except subprocess.CalledProcessError as failed:
            raise NoPostgres(
                f"PostgreSQL {programs.version} 的 {name} 在 {self.folder} 失败：\n{self._said(failed)}"
            ) from None

    def _said(self, failed: subprocess.CalledProcessError) -> str:
        log = self.folder / "startup.log"
        return "\n".join([failed.stdout.strip(), *(log.read_text().splitlines()[-10:] if log.exists() else ())])

    def _private(self, folder: Path) -> None:
        """Make a folder that only the server's account enters."""
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.chmod(0o700)
        self._give(folder)

    def _give(self, path: Path) -> None:
        if who := postgres_programs.account(self.folder):
            os.chown(path, who.pw_uid, who.pw_gid)

    def _lay_out(self) -> None:
        """Make the two roles and the database. The owner's tables are used by the application, never altered by it."""
        with psycopg.connect(self.url(SUPERUSER, "postgres"), autocommit=True) as connection:
            roles = {name for (name,) in connection.execute("SELECT rolname FROM pg_roles")}
            for role, rights in ((OWNER, "LOGIN CREATEDB"), (APP, "LOGIN")):
                if role not in roles:
                    connection.execute(sql.SQL("CREATE ROLE {} " + rights).format(sql.Identifier(role)))
            if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone():
                names = sql.Identifier(DATABASE), sql.Identifier(OWNER)
                connection.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(*names))


@contextmanager
def own(server: Server) -> Iterator[Server]:
    """Own `server` for a while: started now, stopped afterwards. Held where another process owns it."""
    with locked(server.folder):
        server.stop()  # one that a crashed owner left behind
        try:
            server.start()
            yield server
        finally:
            server.stop()


@contextmanager
def use(server: Server) -> Iterator[Server]:
    """Use `server` as its owner runs it; where nobody does, own it for a while."""
    with contextlib.ExitStack() as stack:
        try:
            stack.enter_context(own(server))
        except Held:
            _wait_for(server)
        yield server


def start(folder: Path) -> str:
    """Return the address (as the owner of the tables) of the server in `folder`, which runs as long as this process."""
    stack = contextlib.ExitStack()
    atexit.register(stack.close)
    return stack.enter_context(use(Server(folder))).url(OWNER)


def _wait_for(server: Server, seconds: float = 60) -> None:
    for _ in range(int(seconds * 5)):
        with contextlib.suppress(psycopg.OperationalError), psycopg.connect(server.url()):
            return
        time.sleep(0.2)
    raise NoPostgres(f"{server.folder} 中的数据库由{holder(server.folder)}管着，却没有应答。看看它的日志。")


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold the file beside `folder` that says who owns the server; the system lets go of it when we die."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with _lock_file(folder).open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Held(f"{folder} 中的数据库正由{holder(folder)}使用。请先停止它。") from None
        file.truncate(0)
        file.write(f"{_our_name()}（{' '.join([Path(sys.argv[0]).name, *sys.argv[1:2]])}）")
        file.flush()
        yield


def holder(folder: Path) -> str:
    """Say who owns the server of `folder`, or owned it last."""
    with contextlib.suppress(FileNotFoundError):
        return _lock_file(folder).read_text() or "另一个进程"
    return "无人"


def is_ours(folder: Path) -> bool:
    """Return whether this process owns the server of `folder`."""
    return holder(folder).startswith(f"{_our_name()}（")


def _our_name() -> str:
    return f"进程 {os.getpid()}"


def _lock_file(folder: Path) -> Path:
    return folder.with_name(folder.name + ".lock")
