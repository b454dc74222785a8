"""Write the results of a run as files for machines: CSV and NDJSON, readable by their owner only."""

import csv
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import IO, Any

import orjson

from zhiheng.engine.fill.run import REASONS as REFUSALS
from zhiheng.engine.find import Saying
from zhiheng.engine.find.facts import FACTS
from zhiheng.reports.results import CaseResult, Run

CASES = (
    "pack",
    "version",
    "name",
    "encounter",
    "record_number",
    "encounter_class",
    "campus",
    "department",
    "admitted",
    "discharged",
    "year",
    "quarters",
    "decision",
    "reasons",
    "questions",
    "standing_questions",
    "evidence",
    "items_shown",
    "items_answered",
    "items_missing",
    "errors",
)
FINDINGS = ("pack", "encounter", "department", "kind", "severity", "item", "label", "rule", "message", "found")
REJECTS = ("file", "row", "field", "found", "kind", "effect", "reason", "remedy")

# A spreadsheet runs a cell that begins like this as a formula; an apostrophe makes it text.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def write(run: Run, folder: Path) -> list[Path]:
    """Write every table of a run into `folder` and return the files. Existing files are replaced whole."""
    folder.mkdir(parents=True, exist_ok=True)
    measured = run.indicators.drop_columns(["basis"]) if run.indicators.num_rows else run.indicators
    return [
        _csv(folder / "cases.csv", CASES, map(case_row, run.cases)),
        _ndjson(folder / "answers.ndjson", map(answers_row, (each for each in run.cases if each.evaluation))),
        _csv(folder / "findings.csv", FINDINGS, (row for each in run.cases for row in finding_rows(each))),
        _csv(folder / "indicators.csv", measured.column_names, (row.values() for row in measured.to_pylist())),
        _csv(folder / "rejects.csv", REJECTS, reject_rows(run)),
    ]


def case_row(each: CaseResult) -> list[object]:
    """Return a case as a row of `CASES`."""
    case, visit, done = each.case, each.visit, each.evaluation
    return [
        case.pack,
        case.version,
        each.pack.name,
        case.encounter_id,
        visit.record_number,
        visit.encounter_class,
        visit.campus,
        visit.department,
        moment(visit.admit_time, visit.admit_time_precision),
        moment(visit.discharge_time, visit.discharge_time_precision),
        case.year,
        " ".join(f"Q{quarter}" for quarter in case.quarters),
        case.decision.value,
        _said(case.reasons),
        _said(case.questions),
        _said(case.standing),
        _proof(each),
        len(done.shown) if done else None,
        len(done.values) if done else None,
        len(done.missing) if done else None,
        sum(found.severity == "error" for found in each.findings) if done else None,
    ]


def _proof(each: CaseResult) -> str:
    """Return the codes that made the visit a case; without any, which facts about the visit did."""
    codes = dict.fromkeys(f"{row.code or ''} {row.name or ''}".strip() for row in each.evidence)
    facts = [FACTS[name].label for name in each.pack.find.include.fields if name in FACTS]
    return "；".join(codes) or "就诊信息：" + "、".join(facts)


def answers_row(each: CaseResult) -> dict[str, object]:
    """Return what records answer for a case: national code to value, origin and evidence."""
    assert each.evaluation is not None
    return {
        "pack": each.case.pack,
        "version": each.case.version,
        "encounter": each.case.encounter_id,
        "decision": each.case.decision.value,
        "answers": {code: answer(each, code) for code in each.evaluation.values},
        "missing": list(each.evaluation.missing),
        "set_aside": dict(each.evaluation.aside),
        "could_not_fill": [
            {name: row[name] for name in ("item", "reason", "found", "rule", "table", "source", "source_id")}
            for row in each.refused
        ],
    }


def answer(each: CaseResult, code: str) -> dict[str, object]:
    """Return one value with what made it: a record (with the row that proves it) or a rule of the form."""
    assert each.evaluation is not None
    origin = each.origin(code)
    told: dict[str, object] = {"value": each.evaluation.values[code], "origin": origin}
    if origin == "record":
        told["evidence"] = [{**asdict(row), "pack_version": each.case.version} for row in each.proposals[code].evidence]
    return told


def finding_rows(each: CaseResult) -> Iterator[list[object]]:
    """Return what is missing, wrong or could not be filled in a case, as rows of `FINDINGS`."""
    if each.evaluation is None:
        return
    case, items = each.case, each.pack.form.by_code
    about = [case.pack, case.encounter_id, each.visit.department]
    for code in each.evaluation.missing:
        yield [*about, "missing", "", code, items[code].label, "", "必填项，现有记录没有可以证明的值，请填写", ""]
    for found in each.findings:
        item = items.get(found.item)
        values = "；".join(f"{code}={_plain(value)}" for code, value in found.found.items())
        kind = "check" if each.pack.checks and found.rule in {check.id for check in each.pack.checks} else "limit"
        yield [*about, kind, found.severity, found.item, item.label if item else "", found.rule, found.message, values]
    for row in each.refused:
        label, reason = items[row["item"]].label, REFUSALS[row["reason"]]
        yield [*about, "not_filled", "", row["item"], label, row["rule"], reason, row["found"] or row["excerpt"]]


def reject_rows(run: Run) -> Iterator[list[object]]:
    """Return what was set aside on reading, as rows of `REJECTS`."""
    for each in run.rejects:
        yield [each.file, each.row, each.field, each.found, each.kind, each.effect.value, each.reason, each.remedy]


def moment(value: datetime | None, precision: str | None) -> str:
    """Return a time as exactly as it is known."""
    if value is None:
        return ""
    return f"{value:%Y-%m-%d}" if precision == "date" else f"{value:%Y-%m-%d %H:%M}"


def _said(sayings: Sequence[Saying]) -> str:
    return "；".join(saying.text for saying in sayings)


def _plain(value: object) -> str:
    return "、".join(map(str, value)) if isinstance(value, list | tuple) else "" if value is None else str(value)


def _csv(path: Path, names: Sequence[str], rows: Iterable[Iterable[Any]]) -> Path:
    # With the mark in front, spreadsheets read the file as UTF-8.
    with _private(path, "utf-8-sig") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(names)
        writer.writerows([_cell(value) for value in row] for row in rows)
    return path


def _cell(value: object) -> object:
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value


def _ndjson(path: Path, rows: Iterable[Mapping[str, object]]) -> Path:
    with _private(path, "utf-8") as file:
        for row in rows:
            file.write(orjson.dumps(row).decode() + "\n")
    return path


@contextmanager
def _private(path: Path, encoding: str) -> Iterator[IO[str]]:
    """Open a file that only its owner may read; it takes the old one's place when it is complete."""
    half = path.with_name(f".{path.name}.part")
    private = os.open(half, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(private, "w", encoding=encoding, newline="") as file:
        yield file
    half.replace(path)
