"""Measure a published deck with one of the packs here: the populations of every patient, beside what is expected."""

import csv
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

import duckdb
import orjson
import pyarrow as pa

from zhiheng.engine.fill import fill, proposals_by_case
from zhiheng.engine.form import evaluate
from zhiheng.engine.measure import IN_DENOMINATOR, IN_POPULATION, Outcome, typed_columns
from zhiheng.packs import value_sets
from zhiheng.packs.loading import Pack, compile_pack
from zhiheng.records.periods import Period
from zhiheng.records.schema import TABLES
from zhiheng.records.store import Records
from zhiheng.sources import profile, read

HERE = Path(__file__).parent
GENERIC = (HERE.parents[1] / "profiles" / "fhir-r4" / "profile.yaml").read_text(encoding="utf-8")
# The decks are US ones in UTC; what was ordered counts in them beside what was done.
DECKS = GENERIC.replace('"+08:00"', '"+00:00"').replace('"**/*"', '"*.ndjson.gz"') + "  requests: procedure\n"
PERIOD = Period(date(2026, 1, 1), date(2026, 12, 31))
POPULATIONS = {
    "initial-population": IN_POPULATION,
    "denominator": IN_DENOMINATOR,
    "denominator-exclusion": (Outcome.EXCLUDED,),
    "denominator-exception": (Outcome.EXCEPTION,),
    "numerator": (Outcome.MET,),
}
Counts = dict[str, dict[str, int]]  # by patient and population


@dataclass(frozen=True)
class Measured:
    """What came of a deck: the counts of each patient, and the results over all of them from the other target."""

    counts: Counts
    answers: Mapping[str, Mapping[str, object]]
    outcomes: Mapping[str, Outcome]
    total: Mapping[str, int]


def load(name: str) -> Pack:
    """Return the pack of a measure."""
    pack, report = compile_pack(HERE / name)
    assert pack is not None, report.problems
    assert report.warnings == []
    return pack


def expected(deck: Path) -> Counts:
    """Return the published counts."""
    found: Counts = {}
    with (deck / "expected.csv").open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            found.setdefault(row["patient_id"], {})[row["population"]] = int(row["count"])
    return found


def measure(pack: Pack, deck: Path) -> Measured:
    """Read the deck, fill the form of every visit that ended in the period, and count."""
    records = Records()
    records.merge(read(profile.loads(DECKS), deck, received_at=datetime(2027, 1, 1, tzinfo=UTC)).tables)
    patients = records.latest("patient").column("patient_id").to_pylist()
    visits = {
        row["encounter_id"]: row["patient_id"]
        for row in records.latest("encounter").to_pylist()
        if PERIOD.holds(row["discharge_time"])
    }
    with duckdb.connect() as con:
        records.register(con)
        answers = _answers(con, pack, deck, list(visits))
        outcomes = {visit: pack.indicators.judge(answers[visit])[pack.abbr][0] for visit in visits}
        total = _total(con, pack, answers)
    counts: Counts = {patient: dict.fromkeys(POPULATIONS, 0) for patient in patients}
    for visit, outcome in outcomes.items():
        for population in _populations(outcome):
            counts[visits[visit]][population] += 1
    return Measured(counts, answers, outcomes, total)


def _answers(con: duckdb.DuckDBPyConnection, pack: Pack, deck: Path, visits: list[str]) -> dict[str, dict[str, object]]:
    con.register("deck_cases", pa.table({"encounter_id": pa.array(visits, pa.string())}))
    terms = pack.fills.terms.with_value_sets(value_sets.read([deck / "valuesets.csv"]))
    # A deck is all that is known of its patients.
    filled = fill(con, pack.fills.plan, "deck_cases", terms=terms, units=pack.fills.units, complete=TABLES)
    assert filled.refused.num_rows == 0, filled.refused.to_pylist()
    found = proposals_by_case(filled.proposals)
    given = {visit: {code: p.value for code, p in found.get(visit, {}).items()} for visit in visits}
    evaluated = {visit: evaluate(pack.form, values) for visit, values in given.items()}
    assert not any(each.findings for each in evaluated.values())
    return {visit: dict(each.values) for visit, each in evaluated.items()}


def _populations(outcome: Outcome) -> Iterator[str]:
    return (name for name, outcomes in POPULATIONS.items() if outcome in outcomes)


def _total(con: duckdb.DuckDBPyConnection, pack: Pack, answers: Mapping[str, Mapping[str, object]]) -> dict[str, int]:
    """Return the counts over the whole deck as DuckDB makes them."""
    rows = [
        {"encounter_id": visit, "item": code, "value": orjson.dumps(value).decode()}
        for visit, values in answers.items()
        for code, value in values.items()
    ]
    kinds = pa.schema([(name, pa.string()) for name in ("encounter_id", "item", "value")])
    con.register("deck_answers", pa.Table.from_pylist(rows, schema=kinds))
    typed = typed_columns(pack.form, pack.indicators.fields, "deck_answers")
    con.execute(f"CREATE TEMP TABLE deck_typed AS SELECT *, '2026' AS month, '' AS department FROM ({typed})")
    result = pack.indicators.measure(con, "deck_typed").to_pylist()
    whole = next(row for row in result if row["month"] == "" and row["department"] == "")
    names = ("initial_population", "denominator", "exclusions", "exceptions", "numerator")
    return {population: whole[name] for population, name in zip(POPULATIONS, names, strict=True)}


def difference(found: Counts, wanted: Counts) -> dict[str, dict[str, tuple[int, int]]]:
    """Return found and published of every count that is not as published."""
    different = {
        patient: {
            name: (found[patient][name], count) for name, count in counts.items() if found[patient][name] != count
        }
        for patient, counts in wanted.items()
    }
    return {patient: counts for patient, counts in different.items() if counts}


def add(counts: Counts) -> dict[str, int]:
    """Return the counts over all patients."""
    total = Counter(dict.fromkeys(POPULATIONS, 0))
    for each in counts.values():
        total.update(each)
    return dict(total)
