"""A small hospital for the tests of finding: visits in a few words each, as canonical tables."""

from datetime import UTC, date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pyarrow as pa

from zhiheng.engine.find import Found, Rules, find
from zhiheng.lib import models, yaml
from zhiheng.packs.specs.find import FindSpec, compile_find
from zhiheng.records.people import persons
from zhiheng.records.schema import TABLES

PACKS = Path(__file__).parents[2] / "packs"
START = datetime(2025, 3, 1, 10, 0)


def table(name: str, rows: list[dict[str, Any]]) -> pa.Table:
    """Return a canonical table of rows that say only what matters."""
    origin = {"source": "test", "record_version": 1, "received_at": datetime(2025, 12, 1, tzinfo=UTC)}
    told = [origin | {"source_id": f"{name}/{number}"} | row for number, row in enumerate(rows)]
    return pa.Table.from_pylist(told, schema=TABLES[name].schema)


class Hospital:
    """Visits of patients. A time without a precision of its own is known to the minute."""

    def __init__(self) -> None:
        self.rows: dict[str, list[dict[str, Any]]] = {
            name: [] for name in ("patient", "encounter", "diagnosis", "procedure", "stay")
        }

    def patient(self, patient_id: str, birth_date: date | None = date(1960, 5, 1), **more: Any) -> "Hospital":
        self.rows["patient"].append({"patient_id": patient_id, "birth_date": birth_date} | more)
        return self

    def visit(
        self,
        encounter_id: str,
        patient_id: str = "P",
        *,
        diagnoses: tuple[Any, ...] = (),
        procedures: tuple[Any, ...] = (),
        admitted: datetime = START,
        days: float | None = 7,
        icu: bool = False,
        **more: Any,
    ) -> "Hospital":
        """Add a visit. The first diagnosis is the principal one; a dict instead of a code says more about a row."""
        discharged = None if days is None else admitted + timedelta(days=days)
        visit = {
            "encounter_id": encounter_id,
            "patient_id": patient_id,
            "encounter_class": "inpatient",
            "admit_time": admitted,
            "admit_time_precision": "minute",
            "discharge_time": discharged,
            "discharge_time_precision": "minute" if discharged else None,
            "admit_route": "emergency",
            "discharge_mode": "home" if discharged else None,
            "status": "finished" if discharged else "in_progress",
        }
        self.rows["encounter"].append(visit | more)
        self._add("diagnosis", encounter_id, diagnoses)
        self._add("procedure", encounter_id, procedures)
        if icu:
            self.rows["stay"].append({"encounter_id": encounter_id, "kind": "icu"})
        return self

    def _add(self, name: str, encounter_id: str, rows: tuple[Any, ...]) -> None:
        for rank, row in enumerate(rows, start=1):
            told = row if isinstance(row, dict) else {"code": row}
            place = {"role": "principal" if rank == 1 else "other", "rank": rank}
            self.rows[name].append({"encounter_id": encounter_id} | place | told)

    def tables(self) -> dict[str, pa.Table]:
        return {name: table(name, rows) for name, rows in self.rows.items()}

    def find(self, rules: list[Rules], links: list[dict[str, Any]] | None = None) -> Found:
        """Decide all visits; `links` are events between patient numbers."""
        numbers = {row["patient_id"] for row in self.rows["encounter"]}
        return find(rules, self.tables(), persons=persons(sorted(numbers), links or []))


@cache
def rules(abbr: str, **version: Any) -> Rules:
    """Return the shipped find rules of a pack."""
    path = PACKS / abbr.lower() / "find.yaml"
    spec, problems = models.read(yaml.load(path, name=str(path)), FindSpec)
    assert not problems, "\n".join(map(str, problems))
    assert spec is not None
    return compile_find(spec, abbr=abbr, version="2022", **version)


def spec(text: str, abbr: str = "X", **version: Any) -> Rules:
    """Return find rules written in a test; the class is inpatient unless they say so."""
    head = "" if "classes:" in text else "classes: [inpatient]\n"
    document = yaml.loads(head + "source: {text: test, confidence: own_knowledge}\n" + text, name="find.yaml")
    found, problems = models.read(document, FindSpec)
    assert found is not None, "\n".join(map(str, problems))
    return compile_find(found, abbr=abbr, **({"version": "1"} | version))


def decisions(found: Found) -> dict[tuple[str, str], str]:
    """Return the decision by pack and visit."""
    return {(case.pack, case.encounter_id): case.decision.value for case in found}


ABBRS = [
    "STEMI",
    "HF",
    "CABG",
    "AF",
    "AVR",
    "MVR",
    "ASD",
    "VSD",
    "STK",
    "TIA",
    "ICH",
    "MEN",
    "GLI",
    "PA",
    "aSAH",
    "CSE",
    "PD",
    "CAP",
    "CAP2",
    "AECOPD",
    "CAC",
    "CAC2",
    "THR",
    "TKR",
    "DDH",
    "CS",
    "EP",
    "UM",
    "LC",
    "TC",
    "BC",
    "GC",
    "CoC",
    "CC",
    "DKD",
    "ESRD-HD",
    "ESRD-PD",
    "TSCC",
    "PT",
    "OIT",
    "PACG",
    "RD",
    "PIP",
    "DVT",
    "HBIPS",
    "VTE",
    "SEP",
    "ALL",
    "APL",
    "TN",
    "HBV",
    "APTE",
    "ARDS",
    "EAR",
    "SAP",
]


def all_rules() -> list[Rules]:
    return [rules(abbr) for abbr in ABBRS]
