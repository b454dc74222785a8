"""zhiheng doctor: look an installation over, and list the settings."""

import json
from dataclasses import asdict
from typing import Annotated

import typer
from rich.table import Table

from zhiheng.commands import shared
from zhiheng.commands.product import product
from zhiheng.commands.shared import Exit
from zhiheng.site import env
from zhiheng.site.doctor import Outcome, Result, examine
from zhiheng.site.env import Environment

WORDS = {
    Outcome.PASSED: "[green]通过[/]",
    Outcome.FAILED: "[red]未通过[/]",
    Outcome.NOT_APPLICABLE: "[dim]不适用[/]",
    Outcome.COULD_NOT_RUN: "[yellow]无法检查[/]",
}


def doctor(
    settings: Annotated[bool, typer.Option("--settings", help="列出全部设置及其现值")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="供程序读取：每项检查一行 JSON")] = False,
) -> None:
    """检查安装：每项通过、未通过、不适用或无法检查，并说明怎么办。有未通过的，退出码为 1。"""
    with product(is_quiet=True) as environment:
        if settings:
            shared.out.print(_settings(environment))
            return
        results = list(examine(environment))
        print("\n".join(map(_line, results))) if as_json else shared.out.print(_table(results))
        if any(result.outcome is Outcome.FAILED for result in results):
            raise typer.Exit(Exit.FAILED)


def _line(result: Result) -> str:
    return json.dumps(asdict(result), ensure_ascii=False)


def _table(results: list[Result]) -> Table:
    table = Table("检查", "结果", "所见", "怎么办", box=None, pad_edge=False)
    for result in results:
        table.add_row(result.name, WORDS[result.outcome], result.found, result.remedy)
    return table


def _settings(environment: Environment) -> Table:
    table = Table("设置", "现值", "可以写", box=None, pad_edge=False)
    for name, value, accepts in env.shown(environment):
        table.add_row(name, value, accepts)
    return table
