"""zhiheng keys: add a key, and seal what is stored again with it."""

import typer

from zhiheng.commands import shared
from zhiheng.commands.product import product
from zhiheng.commands.shared import Exit
from zhiheng.site import installing, running
from zhiheng.site.env import Environment

app = typer.Typer(help="密钥：更换密钥，并用新密钥重新加密已有数据。", no_args_is_help=True)

COPY = "请立即备份密钥文件，并复制到每一台运行质衡的机器；运行中的进程几秒内自行启用。"


@app.command()
def rotate() -> None:
    """添加一把新密钥，并用它重新加密已有数据。旧密钥保留，仍能打开旧数据。"""
    with product() as environment:
        installing.check_files(environment)
        with running.database(environment):
            running.set_up_django()
            installing.check_database()
            _add(environment)
            _reseal()


@app.command()
def reseal() -> None:
    """用最新的密钥重新加密已有数据；可随时中断，再次运行时接着做。"""
    with product() as environment:
        installing.check_files(environment)
        with running.database(environment):
            running.set_up_django()
            installing.check_database()
            _reseal()


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
        kept = f"，{each.kept} 条属不可更改的记录，沿用旧密钥" if each.kept else ""
        _say(f"{each.field}：重新加密 {each.resealed} 条{kept}")
    files = reseal_files()
    _say(f"文件：重新加密 {files} 个")
    _record("vault.resealed", files=files, resealed=sum(d.resealed for d in done), kept=sum(d.kept for d in done))


def _record(event: str, **counts: int) -> None:
    from django.db import transaction

    from zhiheng.audit.recording import log

    with transaction.atomic():
        log(event, by=None, **counts)


def _say(line: str) -> None:
    shared.out.print(line, highlight=False, soft_wrap=True)
