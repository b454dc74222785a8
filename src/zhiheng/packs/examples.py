"""Run the examples of a pack: records in; membership, answers, findings and indicators out, on both targets."""

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import orjson
import pyarrow as pa

from zhiheng.engine.fill import Filled, fill, proposals_by_case
from zhiheng.engine.fill.run import Proposal
from zhiheng.engine.find import Case, find
from zhiheng.engine.form import Evaluation, Form, Item, evaluate
from zhiheng.engine.measure import WORDS, Indicators, Outcome, typed_columns
from zhiheng.lib import models, yaml
from zhiheng.lib.models import Problem
from zhiheng.lib.suggest import did_you_mean
from zhiheng.records import people
from zhiheng.records.build import Builder
from zhiheng.records.schema import TABLES
from zhiheng.records.store import empty

from .loading import Pack, file_name
from .specs.example import ExampleSpec, ExamplesSpec, Row

RECEIVED = dt.datetime(2025, 1, 1, tzinfo=dt.UTC)
SOURCE = "example"


@dataclass(frozen=True)
class Example:
    """One example with everything it takes from others, and its place in its file."""

    name: str
    place: str
    spec: ExampleSpec
    records: Mapping[str, Sequence[Row]]
    answers: Mapping[str, Any]
    complete: tuple[str, ...]


@dataclass
class Ran:
    """What came of an example: nothing in `differences` means that it came out as expected."""

    name: str
    place: str
    differences: list[str] = field(default_factory=list)

    @property
    def passed(self) -> bool:
        return not self.differences


def run_examples(pack: Pack, folder: Path) -> list[Ran]:
    """Run all examples of the pack in `folder`. A file that cannot be read is a difference of its own."""
    ran = []
    for path in sorted((folder / "examples").glob("*.yaml")):
        examples, problems = read_examples(path)
        ran += [Ran(path.name, f"{problem.file}:{problem.line}", [problem.message]) for problem in problems]
        ran += [run_example(pack, example) for example in examples]
    return ran


def read_examples(path: Path) -> tuple[list[Example], list[Problem]]:
    """Read one file of examples."""
    try:
        document = yaml.load(path, name=file_name(path))
    except yaml.YamlError as problem:
        return [], [Problem(problem.file, problem.line, problem.message)]
    spec, problems = models.read(document, ExamplesSpec)
    if spec is None:
        return [], problems
    found: dict[str, Example] = {}
    for number, each in enumerate(spec.examples):
        line = document.line(("examples", number))
        base = found.get(each.like) if each.like else None
        if each.like and base is None:
            problems.append(
                Problem(document.file, line, f'no example "{each.like}" above.{did_you_mean(each.like, found)}')
            )
            continue
        if each.example in found:
            problems.append(Problem(document.file, line, f'example "{each.example}" stands here twice.'))
        found[each.example] = _example(each, base, f"{document.file}:{line}")
    return list(found.values()), problems


def _example(spec: ExampleSpec, base: Example | None, place: str) -> Example:
    records = {name: [dict(row) for row in rows] for name, rows in (base.records if base else {}).items()}
    for name, rows in spec.records.items():
        kept = records.setdefault(name, [])
        for row in rows:
            known = next((old for old in kept if "source_id" in row and old.get("source_id") == row["source_id"]), None)
            if known is not None:
                known.update(row)
            else:
                kept.append(dict(row))
    removed = set(spec.without)
    kept_rows = {name: [r for r in rows if r.get("source_id") not in removed] for name, rows in records.items()}
    answers = {**(base.answers if base else {}), **spec.answers}
    complete = spec.complete if spec.complete is not None else (base.complete if base else ())
    return Example(spec.example, place, spec, kept_rows, answers, tuple(complete))


def run_example(pack: Pack, example: Example) -> Ran:
    """Run one example."""
    ran = Ran(example.name, example.place)
    tables, problems = _tables(example)
    ran.differences += problems
    if problems:
        return ran
    with duckdb.connect() as con:
        for name, table in tables.items():
            con.register(name, table)
        ran.differences += list(_differences(pack, example, con, tables))
    return ran


def _differences(
    pack: Pack, example: Example, con: duckdb.DuckDBPyConnection, tables: Mapping[str, pa.Table]
) -> Iterator[str]:
    encounter = example.spec.encounter or _first_encounter(example)
    persons = _persons(tables)
    expect = example.spec.expect
    if expect.case is not None:
        yield from _compare_case(pack, tables, persons, encounter, expect.case)
    filled = _fill(pack, example, con, encounter, persons)
    proposals = proposals_by_case(filled.proposals, {i.code: i.type for i in pack.form.items}).get(encounter, {})
    answers = {code: proposal.value for code, proposal in proposals.items()} | _given(pack.form, example)
    evaluation = evaluate(pack.form, answers)
    yield from _compare_answers(pack.form, expect.answers, evaluation, proposals)
    yield from _compare_refused(pack.form, expect.refused, filled)
    yield from _compare_findings(pack, con, example, evaluation, encounter)
    yield from _compare_missing(pack.form, expect.missing, evaluation)
    yield from _compare_indicators(pack, con, example, evaluation, encounter)


def _tables(example: Example) -> tuple[dict[str, pa.Table], list[str]]:
    """Make the records into canonical tables, as strictly as a reader does."""
    problems = []
    tables = {name: empty(name) for name in TABLES}
    first = _first_encounter(example)
    patient = next((row.get("patient_id") for row in example.records.get("patient", [])), "P1")
    for name, rows in example.records.items():
        if name not in TABLES:
            problems.append(f'records: unknown table "{name}".{did_you_mean(name, TABLES, kind="Tables")}')
            continue
        builder = Builder(TABLES[name], SOURCE, RECEIVED)
        for number, row in enumerate(rows):
            unknown = set(row) - set(TABLES[name].names)
            if unknown:
                wrong = sorted(unknown)[0]
                near = did_you_mean(wrong, TABLES[name].names, kind="Columns")
                problems.append(f'records: table "{name}" has no column "{wrong}".{near}')
                continue
            builder.add(_complete_row(name, row, first, patient), source_id=_source_id(name, number, row), place=number)
        built = builder.finish()
        problems += [
            f"records: {name} row {place + 1}: {problem.column} {problem.found} {problem.reason}"
            for place, problem in built.problems
        ]
        tables[name] = built.table
    return tables, problems


def _complete_row(table: str, row: Row, encounter: str, patient: object) -> Row:
    """Add what every row of an example would only repeat: its visit and its patient, and the class of the visit."""
    columns = TABLES[table].names
    made = {name: value for name, value in row.items() if name != "source_id"}
    if "encounter_id" in columns:
        made.setdefault("encounter_id", encounter)
    if table in ("patient", "encounter"):
        made.setdefault("patient_id", patient)
    if table == "encounter":
        made.setdefault("encounter_class", "inpatient")
        made.setdefault("status", "finished")
    return made


def _source_id(table: str, number: int, row: Row) -> str:
    return str(row.get("source_id") or f"{table}/{number + 1}")


def _first_encounter(example: Example) -> str:
    return next(
        (str(row["encounter_id"]) for row in example.records.get("encounter", []) if "encounter_id" in row), "E1"
    )


def _persons(tables: Mapping[str, pa.Table]) -> dict[str, str]:
    numbers = [row for name in ("patient", "encounter") for row in tables[name].column("patient_id").to_pylist() if row]
    return people.person_of(dict.fromkeys(numbers), tables["patient_link"])


def _fill(
    pack: Pack, example: Example, con: duckdb.DuckDBPyConnection, encounter: str, persons: Mapping[str, str]
) -> Filled:
    fills = pack.fills
    con.register("example_case", pa.table({"encounter_id": [encounter]}))
    known = {encounter: _given(pack.form, example)}
    return fill(
        con,
        fills.plan,
        "example_case",
        terms=fills.terms,
        units=fills.units,
        complete=example.complete,
        known=known,
        persons=persons,
    )


def _given(form: Form, example: Example) -> dict[str, Any]:
    return {_item(form, name).code: value for name, value in example.answers.items()}


def _item(form: Form, name: str) -> Item:
    for item in form.items:
        if name in (item.id, item.alias, item.code):
            return item
    raise KeyError(f'unknown item "{name}".{did_you_mean(name, [item.id for item in form.items])}')


# Comparisons ---------------------------------------------------------------------------------------------------------


def _compare_case(
    pack: Pack, tables: Mapping[str, pa.Table], persons: Mapping[str, str], encounter: str, expected: Any
) -> Iterator[str]:
    linked = pa.table({"patient_id": list(persons), "person_id": list(persons.values())})
    cases = find([pack.find], tables, persons=linked).cases()
    case = next((case for case in cases if encounter in case.encounter_ids), None)
    wanted = expected if isinstance(expected, dict) else {"decision": expected}
    decision = case.decision.value if case else "none"
    if "decision" in wanted and decision != wanted["decision"]:
        yield f"case: expected {wanted['decision']}, found {decision}{_why(case)}"
    for key in ("reasons", "questions"):
        found = [saying.id for saying in getattr(case, key)] if case else []
        if key in wanted and sorted(wanted[key]) != sorted(found):
            yield f"case: expected {key} {wanted[key]}, found {found}"


def _why(case: Case | None) -> str:
    said = [saying.text for saying in (*case.reasons, *case.questions)] if case else []
    return f" ({'; '.join(said)})" if said else ""


def _compare_answers(
    form: Form, expected: Mapping[str, Any], evaluation: Evaluation, proposals: Mapping[str, Proposal]
) -> Iterator[str]:
    for name, wanted in expected.items():
        item = _item(form, name)
        found = evaluation.values.get(item.code)
        spec = wanted if isinstance(wanted, dict) else {"value": wanted}
        if "value" in spec and not _same(spec["value"], found):
            hidden = "" if item.code in evaluation.shown else " (the item is not shown)"
            yield f"answer {name} {item.label}: expected {_shown(spec['value'])}, found {_shown(found)}{hidden}"
        proofs = proposals[item.code].evidence if item.code in proposals else []
        for key in sorted(set(spec) - {"value"}):
            seen = [getattr(proof, key) for proof in proofs]
            if not any(_contains(each, spec[key]) for each in seen):
                yield f"answer {name} {item.label}: expected {key} {_shown(spec[key])} in its evidence, found {seen}"


def _same(wanted: Any, found: Any) -> bool:
    if isinstance(wanted, list) and isinstance(found, list | tuple):
        return sorted(map(str, wanted)) == sorted(map(str, found))
    if isinstance(wanted, int | float) and isinstance(found, int | float):
        return abs(wanted - found) < 1e-9
    return bool(wanted == found)


def _contains(found: object, wanted: object) -> bool:
    if isinstance(found, str) and isinstance(wanted, str):
        return wanted in found
    return found == wanted


def _shown(value: Any) -> str:
    return "no value" if value is None else orjson.dumps(value).decode()


def _compare_refused(form: Form, expected: Mapping[str, str], filled: Filled) -> Iterator[str]:
    found = {row["item"]: row["reason"] for row in filled.refused.to_pylist()}
    for name, reason in expected.items():
        item = _item(form, name)
        if found.get(item.code) != reason:
            yield f"refused {name} {item.label}: expected {reason}, found {found.get(item.code) or 'nothing refused'}"


def _compare_findings(
    pack: Pack, con: duckdb.DuckDBPyConnection, example: Example, evaluation: Evaluation, encounter: str
) -> Iterator[str]:
    expect = example.spec.expect
    checks = pack.checks
    if expect.findings is None and not expect.no_findings:
        return
    by_python = [finding.rule for finding in checks.findings(evaluation.values)] if checks else []
    if checks:
        fields = {name for check in checks for name in _check_fields(check)}
        _answers(con, pack.form, fields, evaluation.values, encounter)
        by_duckdb = [row["check"] for row in checks.find_all(con, "example_answers").to_pylist()]
        if sorted(by_python) != sorted(by_duckdb):
            yield f"findings: Python found {sorted(by_python)}, DuckDB {sorted(by_duckdb)}"
    found = {*by_python, *(finding.rule for finding in evaluation.findings)}
    for rule in expect.findings or ():
        if rule not in found:
            yield f"findings: expected {rule}, found {sorted(found) or 'none'}"
    if expect.findings == [] and found:
        yield f"findings: expected none, found {sorted(found)}"
    for rule in expect.no_findings:
        if rule in found:
            yield f"findings: {rule} was found and should not be"


def _check_fields(check: Any) -> Iterable[str]:
    return (*check.expect.fields, *(check.when.fields if check.when else ()))


def _compare_missing(form: Form, expected: Sequence[str], evaluation: Evaluation) -> Iterator[str]:
    for name in expected:
        item = _item(form, name)
        if item.code not in evaluation.missing:
            yield f"missing: expected {name} {item.label} to be missing, but it is answered or not shown"


def _compare_indicators(
    pack: Pack, con: duckdb.DuckDBPyConnection, example: Example, evaluation: Evaluation, encounter: str
) -> Iterator[str]:
    expected = example.spec.expect.indicators
    indicators: Indicators = pack.indicators
    if not indicators:
        return
    by_python = indicators.judge(evaluation.values)
    _answers(con, pack.form, indicators.fields, evaluation.values, encounter)
    by_duckdb = _judged_by_duckdb(con, indicators)
    for code, (outcome, value) in by_python.items():
        other, other_value = by_duckdb[code]
        if outcome is not other or not _same(value, other_value):
            yield f"indicator {code}: Python says {outcome.name} {value}, DuckDB {other.name} {other_value}"
    for code, wanted in expected.items():
        if code not in by_python:
            near = did_you_mean(code, by_python, kind="Indicators that can be decided")
            yield f"indicator {code}: no indicator that can be decided.{near}"
            continue
        outcome, value = by_python[code]
        if isinstance(wanted, str) and WORDS[outcome] != wanted:
            yield f"indicator {code}: expected {wanted}, found {WORDS[outcome]}"
        if not isinstance(wanted, str) and not _same(wanted, value):
            yield f"indicator {code}: expected {wanted}, found {value} ({WORDS[outcome]})"


def _judged_by_duckdb(
    con: duckdb.DuckDBPyConnection, indicators: Indicators
) -> dict[str, tuple[Outcome, float | None]]:
    row = con.sql(indicators.outcomes_sql("example_answers")).to_arrow_table().to_pylist()[0]
    found = {}
    for number, indicator in enumerate(indicators.decidable):
        outcome = Outcome(row[f"s{number}"])
        found[indicator.code] = outcome, row.get(f"v{number}") if outcome is Outcome.MET else None
    return found


def _answers(
    con: duckdb.DuckDBPyConnection, form: Form, fields: Iterable[str], values: Mapping[str, Any], encounter: str
) -> None:
    """Make the values of the form into `example_answers`, one row with typed columns."""
    rows = [{"encounter_id": encounter, "item": c, "value": orjson.dumps(v).decode()} for c, v in values.items()]
    schema = pa.schema([(name, pa.string()) for name in ("encounter_id", "item", "value")])
    con.register("example_values", pa.Table.from_pylist(rows or [{"encounter_id": encounter}], schema=schema))
    sql = typed_columns(form, fields, "example_values")
    con.execute(f"CREATE OR REPLACE TEMP TABLE example_answers AS {sql}")
