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
from zhiheng.engine.fill.run import PROPOSALS, REFUSED, Proposal
from zhiheng.engine.find import Case, Rules, find
from zhiheng.engine.form import Evaluation, Form, Item, evaluate
from zhiheng.engine.measure import WORDS, Indicators, Outcome, typed_columns
from zhiheng.lib import models, yaml
from zhiheng.lib.models import Problem
from zhiheng.lib.suggest import did_you_mean
from zhiheng.records import people
from zhiheng.records.build import Builder
from zhiheng.records.schema import TABLES
from zhiheng.records.store import empty

from .loading import Pack, PackError, file_name, load_pack, pack_folders
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


def run_examples(pack: Pack, folder: Path, before: Sequence[Rules] | None = None) -> list[Ran]:
    """Run all examples of the pack in `folder`. A file that cannot be read is a difference of its own.

    `before` are the rules of the packs that it yields to; by default those of the packs beside it.
    """
    found, unread = _going_before(pack, folder.parent) if before is None else (before, [])
    ran = _not_read("find.yaml", unread)
    for path in sorted((folder / "examples").glob("*.yaml")):
        examples, problems = read_examples(path)
        ran += _not_read(path.name, problems)
        ran += run_all(pack, examples, found)
    return ran


def _not_read(name: str, problems: Iterable[Problem]) -> list[Ran]:
    return [Ran(name, f"{problem.file}:{problem.line}", [problem.message]) for problem in problems]


def _going_before(pack: Pack, root: Path) -> tuple[list[Rules], list[Problem]]:
    """Return the rules of the packs beside this one that it yields to, and of those that these yield to.

    Without them nobody could say that a visit is not theirs, and no example could ever be in.
    """
    found: dict[str, Rules] = {}
    problems: list[Problem] = []
    names = [path.name for path in pack_folders(root)]
    wanted = list(pack.find.yields_to) if pack.find else []
    while wanted:
        abbr = wanted.pop().lower()
        if abbr in found or abbr not in names or abbr == pack.folder:
            continue
        try:
            rules = load_pack(root / abbr).find
        except PackError as error:
            problems += error.problems
            continue
        if rules is not None:
            found[abbr] = rules
            wanted += rules.yields_to
    return list(found.values()), problems


def run_all(pack: Pack, examples: Sequence[Example], before: Sequence[Rules] = ()) -> list[Ran]:
    """Run examples, in their order. Those that declare the same tables complete share one database.

    `before` are the rules of other packs that a visit may belong to instead.
    """
    numbered = {f"{number}": example for number, example in enumerate(examples)}
    ran: dict[str, Ran] = {}
    for complete in dict.fromkeys(example.complete for example in examples):
        together = {key: example for key, example in numbered.items() if example.complete == complete}
        ran |= _run_together(pack, together, complete, before)
    return [ran[key] for key in numbered]


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


@dataclass(frozen=True)
class Outcomes:
    """What came of the examples that ran together, by the encounters of their cases."""

    filled: Filled
    proposals: Mapping[str, Mapping[str, Proposal]]
    refused: Mapping[str, Mapping[str, str]]
    evaluations: Mapping[str, Evaluation]
    cases: Mapping[str, Case]
    findings: Mapping[str, Sequence[str]]  # by DuckDB
    indicators: Mapping[str, Mapping[str, tuple[Outcome, float | None]]]  # by DuckDB


def _run_together(
    pack: Pack, examples: Mapping[str, Example], complete: Sequence[str], before: Sequence[Rules]
) -> dict[str, Ran]:
    """Run examples in one database; identifiers begin with the number of their example, so that none meets another."""
    ran = {key: Ran(example.name, example.place) for key, example in examples.items()}
    parts = {key: _tables(example, key) for key, example in examples.items()}
    for key, (_, problems) in parts.items():
        ran[key].differences += problems
    sound = {key: examples[key] for key, (_, problems) in parts.items() if not problems}
    if not sound:
        return ran
    tables = {name: pa.concat_tables([parts[key][0][name] for key in sound]) for name in TABLES}
    try:
        outcomes = _outcomes(pack, sound, tables, complete, before)
    except KeyError as problem:
        for key in sound:
            ran[key].differences.append(str(problem.args[0]))
        return ran
    for key, example in sound.items():
        ran[key].differences += list(_differences(pack, example, outcomes, _case_of(example, key)))
    return ran


def _outcomes(
    pack: Pack,
    examples: Mapping[str, Example],
    tables: Mapping[str, pa.Table],
    complete: Sequence[str],
    before: Sequence[Rules],
) -> Outcomes:
    form, persons = pack.form, _persons(tables)
    given = {_case_of(example, key): _given(form, example) for key, example in examples.items()}
    linked = pa.table({"patient_id": list(persons), "person_id": list(persons.values())})
    cases = find([pack.find, *before], tables, persons=linked).cases() if pack.find else []
    by_encounter = {encounter: case for case in cases if case.pack == pack.abbr for encounter in case.encounter_ids}
    visits = {case: by_encounter[case].encounter_ids for case in given if case in by_encounter}
    with duckdb.connect() as con:
        for name, table in tables.items():
            con.register(name, table)
        filled = _fill(pack, con, given, complete, persons, visits)
        proposals: dict[str, dict[str, Proposal]] = proposals_by_case(
            filled.proposals, {item.code: item.type for item in form.items}
        )
        refused: dict[str, dict[str, str]] = {}
        for row in filled.refused.to_pylist():
            refused.setdefault(row["encounter_id"], {})[row["item"]] = row["reason"]
        answers = {case: _answers(proposals.get(case, {}), people) for case, people in given.items()}
        evaluations = {case: evaluate(form, each, firm=each) for case, each in answers.items()}
        findings = _findings_by_duckdb(con, pack, evaluations)
        indicators = _indicators_by_duckdb(con, pack, evaluations)
    return Outcomes(filled, proposals, refused, evaluations, by_encounter, findings, indicators)


def _answers(proposals: Mapping[str, Proposal], people: Mapping[str, Any]) -> dict[str, Any]:
    return {code: proposal.value for code, proposal in proposals.items()} | dict(people)


def _differences(pack: Pack, example: Example, outcomes: Outcomes, encounter: str) -> Iterator[str]:
    expect, form = example.spec.expect, pack.form
    evaluation, proposals = outcomes.evaluations[encounter], outcomes.proposals.get(encounter, {})
    try:
        if expect.case is not None:
            yield from _compare_case(outcomes.cases.get(encounter), expect.case)
        yield from _compare_answers(form, expect.answers, evaluation, proposals)
        yield from _compare_refused(form, expect.refused, outcomes.refused.get(encounter, {}))
        yield from _compare_findings(pack, example, evaluation, outcomes.findings.get(encounter, ()))
        yield from _compare_missing(form, expect.missing, evaluation)
        yield from _compare_indicators(pack, example, evaluation, outcomes.indicators.get(encounter, {}))
    except KeyError as problem:
        yield str(problem.args[0])


IDENTIFIERS = ("encounter_id", "patient_id", "other_patient_id", "part_of_encounter_id")


def _tables(example: Example, key: str) -> tuple[dict[str, pa.Table], list[str]]:
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
            unknown = set(row) - {*TABLES[name].names}
            if unknown:
                wrong = sorted(unknown)[0]
                near = did_you_mean(wrong, TABLES[name].names, kind="Columns")
                problems.append(f'records: table "{name}" has no column "{wrong}".{near}')
                continue
            complete = _complete_row(name, row, first, patient)
            own = {c: f"{key}/{complete[c]}" for c in IDENTIFIERS if complete.get(c) is not None}
            builder.add(complete | own, source_id=_source_id(name, number, row), place=number)
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


def _case_of(example: Example, key: str) -> str:
    return f"{key}/{example.spec.encounter or _first_encounter(example)}"


def _first_encounter(example: Example) -> str:
    return next(
        (str(row["encounter_id"]) for row in example.records.get("encounter", []) if "encounter_id" in row), "E1"
    )


def _persons(tables: Mapping[str, pa.Table]) -> dict[str, str]:
    numbers = [row for name in ("patient", "encounter") for row in tables[name].column("patient_id").to_pylist() if row]
    return people.person_of(dict.fromkeys(numbers), tables["patient_link"])


def _fill(
    pack: Pack,
    con: duckdb.DuckDBPyConnection,
    given: Mapping[str, Mapping[str, Any]],
    complete: Sequence[str],
    persons: Mapping[str, str],
    visits: Mapping[str, Sequence[str]],
) -> Filled:
    if pack.fills is None:
        return Filled(PROPOSALS.empty_table(), REFUSED.empty_table())
    con.register("example_cases", pa.table({"encounter_id": list(given)}))
    return fill(
        con,
        pack.fills.plan,
        "example_cases",
        terms=pack.fills.terms,
        units=pack.fills.units,
        complete=complete,
        known=given,
        persons=persons,
        visits=visits,
    )


def _given(form: Form, example: Example) -> dict[str, Any]:
    return {_item(form, name).code: value for name, value in example.answers.items()}


def _item(form: Form, name: str) -> Item:
    for item in form.items:
        if name in (item.id, item.alias, item.code):
            return item
    raise KeyError(f'unknown item "{name}".{did_you_mean(name, [item.id for item in form.items])}')


# Comparisons ---------------------------------------------------------------------------------------------------------


def _compare_case(case: Case | None, expected: Any) -> Iterator[str]:
    wanted = expected if isinstance(expected, dict) else {"decision": expected}
    decision = case.decision.value if case else "none"
    if "decision" in wanted and decision != wanted["decision"]:
        yield f"case: expected {wanted['decision']}, found {decision}{_why(case)}"
    for key in ("reasons", "questions", "standing"):
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


def _compare_refused(form: Form, expected: Mapping[str, str], found: Mapping[str, str]) -> Iterator[str]:
    for name, reason in expected.items():
        item = _item(form, name)
        if found.get(item.code) != reason:
            yield f"refused {name} {item.label}: expected {reason}, found {found.get(item.code) or 'nothing refused'}"


def _compare_findings(pack: Pack, example: Example, evaluation: Evaluation, by_duckdb: Sequence[str]) -> Iterator[str]:
    expect = example.spec.expect
    by_python = [finding.rule for finding in pack.checks.findings(evaluation.values)] if pack.checks else []
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


def _findings_by_duckdb(
    con: duckdb.DuckDBPyConnection, pack: Pack, evaluations: Mapping[str, Evaluation]
) -> dict[str, list[str]]:
    if not pack.checks:
        return {}
    fields = {name for check in pack.checks for name in _check_fields(check)}
    _register_answers(con, pack.form, fields, evaluations)
    found: dict[str, list[str]] = {}
    for row in pack.checks.find_all(con, "example_answers").to_pylist():
        found.setdefault(row["encounter_id"], []).append(row["check"])
    return found


def _check_fields(check: Any) -> Iterable[str]:
    return (*check.expect.fields, *(check.when.fields if check.when else ()))


def _compare_missing(form: Form, expected: Sequence[str], evaluation: Evaluation) -> Iterator[str]:
    for name in expected:
        item = _item(form, name)
        if item.code not in evaluation.missing:
            yield f"missing: expected {name} {item.label} to be missing, but it is answered or not shown"


def _compare_indicators(
    pack: Pack,
    example: Example,
    evaluation: Evaluation,
    by_duckdb: Mapping[str, tuple[Outcome, float | None]],
) -> Iterator[str]:
    indicators: Indicators | None = pack.indicators
    by_python = indicators.judge(evaluation.values) if indicators else {}
    for code, (outcome, value) in by_python.items():
        other, other_value = by_duckdb[code]
        if outcome is not other or not _same(value, other_value):
            yield f"indicator {code}: Python says {outcome.name} {value}, DuckDB {other.name} {other_value}"
    for code, wanted in example.spec.expect.indicators.items():
        if code not in by_python:
            near = did_you_mean(code, by_python, kind="Indicators that can be decided")
            yield f"indicator {code}: no indicator that can be decided.{near}"
            continue
        outcome, value = by_python[code]
        if isinstance(wanted, str) and WORDS[outcome] != wanted:
            yield f"indicator {code}: expected {wanted}, found {WORDS[outcome]}"
        if not isinstance(wanted, str) and not _same(wanted, value):
            yield f"indicator {code}: expected {wanted}, found {value} ({WORDS[outcome]})"


def _indicators_by_duckdb(
    con: duckdb.DuckDBPyConnection, pack: Pack, evaluations: Mapping[str, Evaluation]
) -> dict[str, dict[str, tuple[Outcome, float | None]]]:
    indicators: Indicators | None = pack.indicators
    if not indicators or not indicators.decidable:
        return {}
    _register_answers(con, pack.form, indicators.fields, evaluations)
    rows = con.sql(indicators.outcomes_sql("example_answers")).to_arrow_table().to_pylist()
    return {row["encounter_id"]: _judged(indicators, row) for row in rows}


def _judged(indicators: Indicators, row: Mapping[str, Any]) -> dict[str, tuple[Outcome, float | None]]:
    found = {}
    for number, indicator in enumerate(indicators.decidable):
        outcome = Outcome(row[f"s{number}"])
        found[indicator.code] = outcome, row.get(f"v{number}") if outcome is Outcome.MET else None
    return found


def _register_answers(
    con: duckdb.DuckDBPyConnection, form: Form, fields: Iterable[str], evaluations: Mapping[str, Evaluation]
) -> None:
    """Make the values of the forms into `example_answers`, one row for each case with typed columns."""
    rows = [
        {"encounter_id": case, "item": code, "value": orjson.dumps(value).decode()}
        for case, evaluation in evaluations.items()
        for code, value in (evaluation.values.items() or [("", None)])
    ]
    schema = pa.schema([(name, pa.string()) for name in ("encounter_id", "item", "value")])
    con.register("example_values", pa.Table.from_pylist(rows, schema=schema))
    sql = typed_columns(form, fields, "example_values")
    con.execute(f"CREATE OR REPLACE TEMP TABLE example_answers AS {sql}")
