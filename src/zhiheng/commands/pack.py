"""zhiheng pack: look at, check, test, compare, import and begin packs; evaluate answers against a form."""

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import orjson
import typer

from zhiheng.commands import shared
from zhiheng.commands.shared import Exit
from zhiheng.lib.models import Problem
from zhiheng.lib.suggest import did_you_mean
from zhiheng.packs.checking import unused_in_common
from zhiheng.packs.describing import describe
from zhiheng.packs.diff import compare
from zhiheng.packs.evaluating import evaluate_lines
from zhiheng.packs.examples import run_examples
from zhiheng.packs.importing import import_form
from zhiheng.packs.loading import Pack, PackError, compile_pack, default_root, load_pack, pack_folders
from zhiheng.packs.new import scaffold
from zhiheng.reports import overview

app = typer.Typer(help="病种包：查看、检查、测试、比较、导入、新建，以及按表单核对一批填报值。", no_args_is_help=True)
Abbr = Annotated[str, typer.Argument(help="病种，如 STEMI")]
Root = Annotated[Path | None, typer.Option("--root", help="病种包所在的文件夹；默认用自带的")]


@app.command()
def check(
    names: Annotated[list[str] | None, typer.Argument(help="病种；默认全部")] = None,
    root: Root = None,
    warnings: Annotated[bool, typer.Option("--warnings", "-w", help="也列出不妨碍使用、但值得一看的地方")] = False,
) -> None:
    """检查病种包能否使用：每个错误都指出文件、行、看到了什么、应当是什么。"""
    folders = _folders(root, names)
    reports = [compile_pack(folder)[1] for folder in folders]
    # A mistake in packs/common comes up once for each pack.
    wrong = list(dict.fromkeys(each for report in reports for each in report.problems))
    strange = list(dict.fromkeys(each for report in reports for each in report.warnings))
    if not names and not wrong:
        strange += _unused(root or default_root())
    _print([*wrong, *(strange if warnings else ())])
    shared.out.print(f"检查了 {len(folders)} 个病种包：{len(wrong)} 处错误，{len(strange)} 处提请注意")
    raise typer.Exit(Exit.FAILED if wrong else Exit.DONE)


@app.command("test")
def run_all_examples(
    names: Annotated[list[str] | None, typer.Argument(help="病种；默认全部")] = None, root: Root = None
) -> None:
    """运行病种包的示例：给定记录，应得的结论、填报值、核查与指标，在两种执行引擎上都要一致。"""
    failed = total = 0
    for folder in _folders(root, names):
        pack = _loaded(folder)
        for each in run_examples(pack, folder):
            total += 1
            if each.passed:
                continue
            failed += 1
            shared.out.print(f"✗ {each.place} {each.name}", style="red", markup=False, highlight=False, soft_wrap=True)
            for difference in each.differences:
                shared.out.print(f"    {difference}", markup=False, highlight=False, soft_wrap=True)
    shared.out.print(f"{total} 个示例，{failed} 个不符")
    raise typer.Exit(Exit.FAILED if failed else Exit.DONE)


@app.command()
def show(
    abbr: Abbr,
    as_json: Annotated[bool, typer.Option("--json", help="以 JSON 给出整个表单与规则")] = False,
    root: Root = None,
) -> None:
    """显示一个病种：谁是病例、有哪些项、由什么填、有哪些指标。"""
    pack = _newest(abbr, root)
    if as_json:
        sys.stdout.buffer.write(orjson.dumps(describe(pack), option=orjson.OPT_INDENT_2) + b"\n")
    else:
        overview.show(pack, shared.out)


@app.command()
def evaluate(
    abbr: Abbr,
    answers: Annotated[Path, typer.Option("--answers", help='NDJSON，每行一例：{"国家编码": 值}；- 为标准输入')],
    root: Root = None,
) -> None:
    """按表单核对填报值：每行输入给出一行 JSON。

    shown 适用的项；values 联动与计算之后的值；missing 适用、必填而未答的项；findings 发现的问题。
    """
    pack = _newest(abbr, root)
    if str(answers) != "-" and not answers.is_file():
        shared.stop(f"No file {answers}. Name an NDJSON file, or - for standard input.")
    with sys.stdin.buffer if str(answers) == "-" else answers.open("rb") as lines:
        for row in evaluate_lines(pack.form, lines, pack.checks):
            sys.stdout.buffer.write(orjson.dumps(row) + b"\n")


@app.command("import-form")
def import_form_(
    template: Annotated[Path, typer.Argument(help="国家模板 JSON")],
    out: Annotated[Path, typer.Option("--out", "-o", help="写到哪个病种包文件夹")],
    common: Annotated[Path | None, typer.Option(help="共享项所在的 packs/common")] = None,
) -> None:
    """把一份国家模板翻译成 form.yaml，并报告没能翻译的每一处。"""
    if not template.is_file():
        shared.stop(f"No file {template}. Name a template: one JSON object with abbr, sections and items.")
    try:
        report = import_form(template, out, common or default_root() / "common")
    except PackError as error:
        shared.stop(str(error), Exit.FAILED)
    shared.out.print(str(report), markup=False, highlight=False, soft_wrap=True)


@app.command()
def diff(
    old: Annotated[Path, typer.Argument(help="旧版病种包文件夹")],
    new: Annotated[Path, typer.Argument(help="新版病种包文件夹")],
) -> None:
    """逐项比较同一病种的两个版本：增加、删除、改变了什么。"""
    changes = compare(_loaded(old), _loaded(new))
    for each in changes:
        shared.out.print(str(each), markup=False, highlight=False, soft_wrap=True)
    shared.out.print(f"{len(changes)} 处不同")


@app.command()
def new(
    abbr: Abbr,
    name: Annotated[str, typer.Option(help="病种名称")],
    root: Root = None,
) -> None:
    """新建一个能通过检查的病种包，随后按注释填写。"""
    try:
        folder = scaffold(abbr, name, root or default_root())
    except FileExistsError as error:
        shared.stop(str(error))
    shared.out.print(
        f"已新建 {folder}。先看 pack.yaml 与 find.yaml；改完运行 zhiheng pack check {abbr}", soft_wrap=True
    )


def _unused(root: Path) -> list[Problem]:
    return unused_in_common(root) if (root / "common" / "items.yaml").is_file() else []


def _print(problems: Iterable[Problem]) -> None:
    for each in problems:
        shared.out.print(str(each), markup=False, highlight=False, soft_wrap=True)


def _folders(root: Path | None, names: list[str] | None) -> list[Path]:
    root = root or default_root()
    known = {folder.name: folder for folder in pack_folders(root)}
    for name in names or ():
        if name.lower() not in known:
            shared.stop(f'No pack "{name}" in {root}.{did_you_mean(name.lower(), known)}')
    return [known[name.lower()] for name in names] if names else list(known.values())


def _newest(abbr: str, root: Path | None) -> Pack:
    return shared.the_packs(abbr, root).newest(abbr)


def _loaded(folder: Path) -> Pack:
    try:
        return load_pack(folder)
    except PackError as error:
        shared.stop(str(error), Exit.FAILED)
