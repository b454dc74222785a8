"""Show the results of a run in the terminal: what was read, found, and is left to do."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from zhiheng.engine.find import Decision
from zhiheng.records.problems import Effect
from zhiheng.reports.results import CaseResult, Run

TOP_PACKS, TOP_INDICATORS = 20, 12  # shown on the terminal; the workbook holds all


def show(run: Run, console: Console) -> None:
    """Print the summary of a run."""
    console.print(Group(_read(run), _cases(run), *_indicators(run), *_open(run)))


def _read(run: Run) -> RenderableType:
    effects = {effect: sum(each.effect is effect for each in run.rejects) for effect in Effect}
    text = Text()
    text.append(f"读入 {len(run.files)} 个文件、{run.encounters:,} 次就诊", style="bold")
    text.append(f"（统计期 {run.period}）" if run.period else "（全部出院日期）")
    text.append(
        f"\n拒收：整个文件 {effects[Effect.FILE]} · 行 {effects[Effect.ROW]} · 字段 {effects[Effect.FIELD]}"
        f" · 提请注意 {effects[Effect.NOTED]}"
    )
    odd = [file for file in run.files if file.encoding and file.encoding.lower() not in ("utf-8", "")]
    if odd:
        text.append("\n编码：" + "，".join(f"{file.name} 为 {file.encoding}" for file in odd[:4]))
    return Panel(text, title=f"[bold]{run.profile.title or run.profile.name}", title_align="left")


def _cases(run: Run) -> Table:
    table = Table(title="病例", title_justify="left", header_style="bold", expand=True)
    table.add_column("病种", no_wrap=True)
    table.add_column("名称", ratio=1, no_wrap=True, overflow="ellipsis")
    for name in ("纳入", "待确认", "排除", "已有值", "必填未答", "错误"):
        table.add_column(name, justify="right", no_wrap=True)
    rows = {abbr: _counts(run, abbr, counts) for abbr, counts in run.decided().items()}
    most = sorted(rows, key=lambda abbr: -sum(rows[abbr][:3]))[:TOP_PACKS]
    for abbr in (abbr for abbr in rows if abbr in most):
        table.add_row(abbr, run.packs.newest(abbr).name, *map(_number, rows[abbr]))
    rest = [row for abbr, row in rows.items() if abbr not in most]
    table.add_section()
    if rest:
        table.add_row("其他", f"另 {len(rest)} 个病种，见工作簿“概览”", *map(_number, _sums(rest)), style="dim")
    table.add_row("合计", f"{len(rows)} 个病种", *map(_number, _sums(rows.values())), style="bold")
    return table


def _counts(run: Run, abbr: str, counts: Mapping[Decision, int]) -> list[int]:
    mine = [each for each in run.cases if each.case.pack == abbr and each.evaluation]
    return [counts[Decision.IN], counts[Decision.UNDECIDED], counts[Decision.OUT], *_filled(mine)]


def _sums(rows: Iterable[Sequence[int]]) -> list[int]:
    return [sum(column) for column in zip(*rows, strict=True)]


def _filled(cases: list[CaseResult]) -> tuple[int, int, int]:
    done = [each.evaluation for each in cases if each.evaluation]
    errors = sum(found.severity == "error" for each in cases for found in each.findings)
    return sum(len(each.values) for each in done), sum(len(each.missing) for each in done), errors


def _indicators(run: Run) -> list[RenderableType]:
    whole = [row for row in run.indicators.to_pylist() if not row["month"] and not row["department"]]
    whole = [row for row in whole if row["kind"] != "count" and row["denominator"]]
    if not whole:
        return []
    chosen = _telling(whole)
    title = f"指标（共 {len(whole)} 项有结果，这里列出 {len(chosen)} 项）"
    table = Table(title=title, title_justify="left", header_style="bold", expand=True)
    table.add_column("病种", no_wrap=True)
    table.add_column("指标", ratio=1, no_wrap=True, overflow="ellipsis")
    for name in ("结果", "分子", "分母", "无法判定"):
        table.add_column(name, justify="right", no_wrap=True)
    for row in chosen:
        share = row["kind"] == "proportion"
        value = "—" if row["value"] is None else f"{row['value']:.1%}" if share else f"{row['value']:,.1f}"
        counts = (row["numerator"] if share else None, row["denominator"], row["unknown"])
        table.add_row(row["pack"], row["name"], value, *map(_number, counts))
    return [table]


def _telling(results: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the first results of the packs with the most cases, two of each: a share of one case says little."""
    by_pack: dict[str, list[dict[str, Any]]] = {}
    for row in results:
        by_pack.setdefault(row["pack"], []).append(row)
    most = sorted(by_pack.values(), key=lambda rows: -max(row["denominator"] for row in rows))
    return [row for rows in most[: TOP_INDICATORS // 2] for row in rows[:2]]


def _open(run: Run) -> list[RenderableType]:
    undecided = run.of(Decision.UNDECIDED)
    if not undecided:
        return []
    lines = Text("待人工确认（每例的问题见 cases.csv 的 questions 列）", style="bold")
    for each in undecided[:5]:
        asked = "；".join(saying.text for saying in each.case.questions)
        lines.append(f"\n· {each.case.pack} {each.case.encounter_id}：{asked}", style="not bold")
    if len(undecided) > 5:
        lines.append(f"\n· 另有 {len(undecided) - 5} 例", style="not bold")
    return [Panel(lines)]


def _number(value: int | None) -> str:
    return "" if value is None else f"{value:,}"
