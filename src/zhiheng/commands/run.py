"""zhiheng run and zhiheng why: from a folder of exported records to cases, answers, findings and indicators."""

from pathlib import Path
from typing import Annotated

import typer

from zhiheng import batch
from zhiheng.commands import shared
from zhiheng.commands.shared import Exit
from zhiheng.engine.find import Decision, Explanation
from zhiheng.reports import summary, tables, workbook

ProfileName = Annotated[
    str, typer.Option("--profile", "-p", help="接入方案：文件夹、文件，或自带方案的名字（如 hqms）")
]
Input = Annotated[Path, typer.Option("--input", "-i", help="放着导出文件的文件夹")]
PackNames = Annotated[str | None, typer.Option("--packs", help="只用这些病种，如 STEMI,THR；默认全部")]

DECISIONS = {Decision.IN: "纳入", Decision.OUT: "排除", Decision.UNDECIDED: "待人工确认", None: "不是候选病例"}
MARKS = {True: "[green]✓ 是[/]", False: "[dim]✗ 否[/]", None: "[yellow]? 无法判定[/]"}


def run(
    profile: ProfileName,
    folder: Input,
    out: Annotated[Path, typer.Option("--out", "-o", help="结果文件夹；没有就新建，同名结果会被替换")],
    packs: PackNames = None,
    period: Annotated[
        str | None, typer.Option(help="统计期（按出院日期）：2025、2025Q1、2025-03、2025-01..2025-06")
    ] = None,
    screening: Annotated[
        bool, typer.Option("--screening", help="在院筛查：按入院诊断找可能的病例，全部列为待确认，供提前填报")
    ] = False,
) -> None:
    """读入一个文件夹的记录，找出应上报的病例，按记录填表、核查，并计算指标。

    结果：cases.csv 病例与理由；answers.ndjson 每例的值与证据；findings.csv 缺项与矛盾；indicators.csv 指标；
    rejects.csv 拒收记录（文件、行、字段、原值、原因、办法）；以及给人看的工作簿。

    例：zhiheng run --profile hqms --input 导出 --out 结果 --period 2025

    退出码：0 完成；2 参数有误，什么也没做；3 没有读到任何就诊，请看 rejects.csv。
    """
    chosen, source = shared.the_profile(profile), shared.the_folder(folder)
    when, diseases = shared.the_period(period), shared.the_packs()
    only = shared.the_abbrs(packs, diseases)
    with shared.progress() as bars:
        result = batch.run(
            profile=chosen,
            folder=source,
            packs=diseases,
            period=when,
            only=only,
            screening=screening,
            received_at=shared.now(),
            progress=bars,
        )
        written = [*tables.write(result, out), workbook.write(result, out)]
    summary.show(result, shared.out)
    shared.out.print(f"结果已写入 [bold]{out}[/]：" + "、".join(path.name for path in written), soft_wrap=True)
    if not result.encounters:
        shared.stop("没有读到任何就诊。请看 rejects.csv：每条都说明了原因与办法。", Exit.NOTHING)


def why(
    pack: Annotated[str, typer.Argument(help="病种，如 STEMI")],
    encounter: Annotated[str, typer.Argument(help="就诊号（cases.csv 的 encounter 列）")],
    profile: ProfileName,
    folder: Input,
) -> None:
    """说明一次就诊为什么是、或不是某个病种的病例：每个条件是、否或无法判定，以及所见的编码。"""
    chosen, source, diseases = shared.the_profile(profile), shared.the_folder(folder), shared.the_packs()
    try:
        abbr = diseases.newest(pack).abbr
        explained = batch.explain_visit(
            profile=chosen,
            folder=source,
            packs=diseases,
            pack=abbr,
            encounter_id=encounter,
            received_at=shared.now(),
        )
    except LookupError as error:
        shared.stop(str(error.args[0]))
    for each in explained:
        _show(each)


def _show(each: Explanation) -> None:
    shared.out.print(f"[bold]{each.pack}[/] {each.version} · {each.encounter_id} → [bold]{DECISIONS[each.decision]}[/]")
    for step in each.steps:
        shared.out.print(f"  {MARKS[step.holds]}  {step.text}", highlight=False, soft_wrap=True)
        if step.seen:
            shared.out.print(f"          所见：{'；'.join(step.seen)}", style="dim", highlight=False, soft_wrap=True)
