"""zhiheng keys: add a key, seal what is stored again with it, see what each key still opens, remove one."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import typer

from zhiheng.commands import shared
from zhiheng.commands.product import product
from zhiheng.commands.shared import Exit
from zhiheng.site import installing, running
from zhiheng.site.env import Environment

app = typer.Typer(help="密钥：更换密钥，用新密钥重新加密已有数据，移除不再需要的旧密钥。", no_args_is_help=True)

COPY = "请立即备份密钥文件，并复制到每一台运行质衡的机器；运行中的进程几秒内自行启用。"
NEEDED = (
    "第 {number} 把密钥还不能移除：{what}。先运行 zhiheng keys reseal；"
    "仍有剩余的，用 ZHIHENG_OWNER_DATABASE_URL 给出表的所有者再运行。"
)
LOST = "移除后，以第 {number} 把密钥加密的旧备份再也打不开。确定移除？"


@app.command()
def rotate() -> None:
    """添加一把新密钥，并用它重新加密已有数据。旧密钥保留，仍能打开旧备份。"""
    with _as_owner() as environment:
        _add(environment)
        _reseal()


@app.command()
def reseal() -> None:
    """用最新的密钥重新加密已有数据；可随时中断，再次运行时接着做。"""
    with _as_owner():
        _reseal()


@app.command()
def show() -> None:
    """列出每把密钥还有多少数据以它加密。"""
    with _as_owner():
        _show()


@app.command()
def remove(
    number: Annotated[int, typer.Argument(help="第几把密钥")],
    is_sure: Annotated[bool, typer.Option("--yes", help="不再询问")] = False,
) -> None:
    """移除一把旧密钥。还有数据以它加密时拒绝。"""
    with _as_owner() as environment:
        _remove(environment, number, is_sure)


@contextmanager
def _as_owner() -> Iterator[Environment]:
    """As the owner of the tables: rows that never change are sealed again by nobody else."""
    with product() as environment:
        installing.check_files(environment)
        with running.database(environment) as urls:
            running.set_up_django()
            installing.check_database()
            with running.connected_as(urls.owner):
                yield environment


def _add(environment: Environment) -> None:
    from zhiheng.vault import keys

    try:
        number = keys.add(environment.key_file)
    except keys.KeyringError as problem:
        shared.stop(str(problem), Exit.FAILED)
    _record("vault.key_added", number=number)
    _say(f"已添加第 {number} 把密钥：{environment.key_file}")
    _say(COPY)


def _reseal() -> None:
    from zhiheng.vault.resealing import reseal_all, reseal_files

    done = []
    for each in reseal_all():
        done.append(each)
        kept = f"，{each.kept} 条只有表的所有者能重新加密，沿用旧密钥" if each.kept else ""
        _say(f"{each.field}：重新加密 {each.resealed} 条{kept}")
    files = reseal_files()
    _say(f"文件：重新加密 {files} 个")
    _record(
        "vault.resealed",
        files=files,
        resealed=sum(each.resealed for each in done),
        kept=sum(each.kept for each in done),
        fields=[f"{each.field} {each.resealed}" for each in done if each.resealed],
    )
    _show()


def _show() -> None:
    from zhiheng.vault.keys import keyring
    from zhiheng.vault.resealing import keys_in_use

    used = keys_in_use()
    for number in sorted({*keyring().seal, *used}):
        _say(f"第 {number} 把密钥：{_told(used.get(number))}")


def _told(used: Counter[str] | None) -> str:
    if not used:
        return "已无数据以它加密"
    return f"{used.total()} 条（{'，'.join(f'{name} {count}' for name, count in sorted(used.items()))}）"


def _remove(environment: Environment, number: int, is_sure: bool) -> None:
    from zhiheng.vault import keys
    from zhiheng.vault.resealing import keys_in_use

    if used := keys_in_use().get(number):
        shared.stop(NEEDED.format(number=number, what=_told(used)), Exit.FAILED)
    if not is_sure and not typer.confirm(LOST.format(number=number)):
        raise typer.Exit(Exit.FAILED)
    try:
        keys.remove(environment.key_file, number)
    except keys.KeyringError as problem:
        shared.stop(str(problem), Exit.FAILED)
    _record("vault.key_removed", number=number)
    _say(f"已移除第 {number} 把密钥：{environment.key_file}")
    _say(COPY)


def _record(event: str, **counts: int | list[str]) -> None:
    from django.db import transaction

    from zhiheng.audit.recording import log

    with transaction.atomic():
        log(event, by=None, **counts)


def _say(line: str) -> None:
    shared.out.print(line, highlight=False, soft_wrap=True)
