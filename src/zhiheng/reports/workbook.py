"""Write the results of a run as a workbook for people: one sheet for each question they come with."""

import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import xlsxwriter
from xlsxwriter.workbook import Format, Workbook

from zhiheng.engine.find import Decision
from zhiheng.reports import tables
from zhiheng.reports.results import CaseResult, Run

NAME = "单病种质量监测.xlsx"
DECISIONS = {Decision.IN: "纳入", Decision.OUT: "排除", Decision.UNDECIDED: "待确认"}
SEVERITIES = {"error": "错误", "advisory": "提示", "hint": "建议", "": ""}
KINDS = {"missing": "待填", "limit": "限值", "check": "逻辑", "not_filled": "未能填入"}
EFFECTS = {"file": "整个文件未读", "row": "该行未读", "field": "该字段置空", "noted": "已读，提请注意"}
INDICATOR_KINDS = {"proportion": "比例", "average": "均值", "count": "例数"}
ORIGINS = {"record": "记录", "sets": "联动", "computed": "计算", "default": "表单固定值"}
MAX_ROWS = 50_000  # of a sheet: more than a person reads, and as much as a spreadsheet opens gladly


def write(run: Run, folder: Path) -> Path:
    """Write the workbook into `folder` and return it. Only its owner may read it."""
    path, half = folder / NAME, folder / f".{NAME}.part"
    os.close(os.open(half, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600))
    # Text stays text: a name that begins like a formula or an address is not run.
    safe = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with Workbook(str(half), {"constant_memory": True, **safe}) as book:
        sheets = _Sheets(book)
        sheets.add("概览", OVERVIEW, _overview(run))
        sheets.add("病例", CASES, map(_case, run.cases))
        sheets.add("填报值与依据", ANSWERS, (row for each in run.cases for row in _answers(each)))
        sheets.add("待办与矛盾", FINDINGS, (row for each in run.cases for row in _findings(each)))
        sheets.add("指标", INDICATORS, _indicators(run))
        sheets.add("拒收记录", REJECTS, _rejects(run))
    half.replace(path)
    return path


# Sheet columns: title and width in characters.
Columns = Sequence[tuple[str, int]]
OVERVIEW: Columns = (("病种", 10), ("名称", 44), ("纳入", 8), ("待确认", 8), ("排除", 8), ("必填未答", 10), ("错误", 8))
CASES: Columns = (
    ("病种", 9),
    ("就诊号", 16),
    ("病案号", 14),
    ("院区", 10),
    ("科室", 16),
    ("入院", 17),
    ("出院", 17),
    ("结论", 8),
    ("排除理由", 40),
    ("需人工确认", 50),
    ("填报时须留意", 50),
    ("纳入依据", 40),
    ("适用项", 8),
    ("已有值", 8),
    ("必填未答", 9),
    ("错误", 7),
)
ANSWERS: Columns = (
    ("病种", 9),
    ("就诊号", 16),
    ("项目", 18),
    ("名称", 40),
    ("值", 14),
    ("含义", 40),
    ("由来", 8),
    ("来源表", 14),
    ("来源", 14),
    ("记录号", 22),
    ("版本", 6),
    ("时间", 17),
    ("摘录", 44),
    ("候选数", 8),
    ("规则", 30),
)
FINDINGS: Columns = (
    ("病种", 9),
    ("就诊号", 16),
    ("科室", 16),
    ("类别", 9),
    ("级别", 7),
    ("项目", 18),
    ("名称", 40),
    ("说明", 60),
    ("所见", 40),
    ("规则", 30),
)
INDICATORS: Columns = (
    ("病种", 9),
    ("指标", 12),
    ("名称", 46),
    ("类型", 7),
    ("月份", 9),
    ("科室", 16),
    ("初始人群", 9),
    ("分母", 7),
    ("排除", 7),
    ("例外", 7),
    ("分子", 7),
    ("无法判定", 9),
    ("结果", 10),
    ("中位数", 9),
    ("下四分位", 9),
    ("上四分位", 9),
    ("95%下限", 9),
    ("95%上限", 9),
    ("例数少", 8),
)
REJECTS: Columns = (
    ("文件", 26),
    ("行", 8),
    ("字段", 18),
    ("原值", 26),
    ("结果", 14),
    ("原因", 46),
    ("办法", 60),
    ("类别", 22),
)


class _Sheets:
    """Adds sheets with a frozen, filtered header, widths and formats."""

    def __init__(self, book: Workbook) -> None:
        self.book = book
        font = {"font_name": "Microsoft YaHei", "font_size": 10, "valign": "top"}
        self.head = book.add_format({**font, "bold": True, "bg_color": "#DCE6F1", "border": 1})
        self.body = book.add_format({**font, "text_wrap": True})
        self.share = book.add_format({**font, "num_format": "0.0%"})
        self.number = book.add_format({**font, "num_format": "0.##"})

    def add(self, title: str, columns: Columns, rows: Iterable[Sequence[Any]]) -> None:
        sheet = self.book.add_worksheet(title)
        sheet.freeze_panes(1, 2)
        sheet.set_landscape()
        sheet.fit_to_pages(1, 0)
        sheet.repeat_rows(0)
        for number, (name, width) in enumerate(columns):
            sheet.set_column(number, number, width)
            sheet.write_string(0, number, name, self.head)
        place = 0
        for place, row in enumerate(rows, 1):
            if place > MAX_ROWS:
                sheet.write_string(
                    place, 0, f"本页只列前 {MAX_ROWS:,} 行，全部见同一文件夹中的 CSV 与 NDJSON", self.head
                )
                break
            for number, value in enumerate(row):
                _put(sheet, place, number, value, self._format(value))
        sheet.autofilter(0, 0, max(place, 1), len(columns) - 1)

    def _format(self, value: object) -> Format:
        if isinstance(value, Share):
            return self.share
        return self.number if isinstance(value, float) else self.body


class Share(float):
    """A proportion, shown in per cent."""


def _put(sheet: xlsxwriter.worksheet.Worksheet, row: int, column: int, value: object, style: Format) -> None:
    if value is None or value == "":
        return
    if isinstance(value, int | float):
        sheet.write_number(row, column, value, style)
    else:
        sheet.write_string(row, column, str(value)[:32_767], style)


def _overview(run: Run) -> Iterable[Sequence[Any]]:
    open_cases = [each for each in run.cases if each.evaluation]
    for abbr, counts in run.decided().items():
        mine = [each for each in open_cases if each.case.pack == abbr]
        missing = sum(len(each.evaluation.missing) for each in mine if each.evaluation)
        errors = sum(found.severity == "error" for each in mine for found in each.findings)
        of = (counts[Decision.IN], counts[Decision.UNDECIDED], counts[Decision.OUT])
        yield [abbr, run.packs.newest(abbr).name, *of, missing, errors]


def _case(each: CaseResult) -> Sequence[Any]:
    row = dict(zip(tables.CASES, tables.case_row(each), strict=True))
    return [
        row["pack"],
        row["encounter"],
        row["record_number"],
        row["campus"],
        row["department"],
        row["admitted"],
        row["discharged"],
        DECISIONS[each.case.decision],
        row["reasons"],
        row["questions"],
        row["standing_questions"],
        row["evidence"],
        row["items_shown"],
        row["items_answered"],
        row["items_missing"],
        row["errors"],
    ]


def _answers(each: CaseResult) -> Iterable[Sequence[Any]]:
    if each.evaluation is None:
        return
    for code, value in each.evaluation.values.items():
        item = each.pack.form.by_code[code]
        labels = {option.value: option.label for option in item.options}
        chosen = value if isinstance(value, list | tuple) else [value]
        shown = "、".join(map(str, chosen))
        meaning = "、".join(labels.get(str(one), "") for one in chosen) if labels else ""
        origin = each.origin(code)
        about = [each.case.pack, each.case.encounter_id, code, item.label, shown, meaning, ORIGINS[origin]]
        proofs = each.proposals[code].evidence if origin == "record" else []
        for row in proofs:
            proof = (row.table, row.source, row.source_id, row.record_version, row.time, row.excerpt)
            yield [*about, *proof, row.candidates, row.rule]
        if not proofs:
            yield about


def _findings(each: CaseResult) -> Iterable[Sequence[Any]]:
    for pack, encounter, department, kind, severity, item, label, rule, message, found in tables.finding_rows(each):
        named = (KINDS[str(kind)], SEVERITIES[str(severity)])
        yield [pack, encounter, department, *named, item, label, message, found, rule]


def _indicators(run: Run) -> Iterable[Sequence[Any]]:
    for row in run.indicators.to_pylist():
        value = row["value"]
        yield [
            row["pack"],
            row["indicator"],
            row["name"],
            INDICATOR_KINDS[row["kind"]],
            row["month"] or "全部",
            row["department"] or "全部",
            row["initial_population"],
            row["denominator"],
            row["exclusions"],
            row["exceptions"],
            row["numerator"],
            row["unknown"],
            Share(value) if value is not None and row["kind"] == "proportion" else value,
            row["median"],
            row["lower_quartile"],
            row["upper_quartile"],
            *(None if bound is None else Share(bound) for bound in (row["lower"], row["upper"])),
            "少于30例" if row["small"] and row["kind"] == "proportion" else None,
        ]


def _rejects(run: Run) -> Iterable[Sequence[Any]]:
    for file, row, field, found, kind, effect, reason, remedy in tables.reject_rows(run):
        yield [file, row, field, found, EFFECTS[str(effect)], reason, remedy, kind]
