"""zhiheng audit: examine the audit trail."""

from dataclasses import asdict
from typing import Annotated

import orjson
import typer

from zhiheng.commands import shared
from zhiheng.commands.product import product
from zhiheng.commands.shared import Exit
from zhiheng.site import installing, running

app = typer.Typer(help="审计记录：核验其完整性。", no_args_is_help=True)

PROBLEMS = {
    "altered": "第 {position} 环（记录 {entry_id}）与封存时不一致：记录或封条被改动过。",
    "missing": "第 {position} 环的记录 {entry_id} 已被删除。",
    "gap": "第 {position} 环的封条已被删除。",
    "cut_off": "第 {position} 环之后的记录和封条已被截去。如果刚从备份恢复，请核对恢复点，然后删除 {anchor}。",
    "not_sealed": "有记录超过十分钟未封存：后台任务没有运行。请启动 zhiheng serve 或 zhiheng worker。",
}


@app.callback()
def audit() -> None:
    """审计记录：核验其完整性。"""


@app.command()
def verify(
    as_json: Annotated[bool, typer.Option("--json", help="供程序读取：一行 JSON")] = False,
) -> None:
    """从第一环到最后一环核验审计记录。完整时退出码为 0，不完整为 1，无法核验为 2。"""
    with product() as environment, running.database(environment):
        running.set_up_django()
        installing.check_database()
        from zhiheng.audit import anchor
        from zhiheng.audit.verify import verify as examine

        found = examine()
        if as_json:
            print(orjson.dumps(asdict(found)).decode())
        else:
            shared.out.print(_told(found, anchor.path()), highlight=False, soft_wrap=True)
    if not found.passed:
        raise typer.Exit(Exit.FAILED if found.outcome == "failed" else Exit.USAGE)


def _told(found, anchor) -> str:
    counts = f"已封存 {found.sealed} 条，待封存 {found.unsealed} 条。"
    if found.passed:
        return f"审计记录完整。{counts}"
    if found.outcome == "failed":
        return f"审计记录不完整。{PROBLEMS[found.problem].format(**asdict(found), anchor=anchor)}{counts}"
    return "无法核验：读不到密钥文件。用运行质衡的账户执行，或先恢复密钥文件（zhiheng doctor）。"
