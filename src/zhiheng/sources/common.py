"""What a profile says about all records, whichever reader made them."""

import re
from collections import Counter, defaultdict
from collections.abc import Mapping
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from zhiheng.records.problems import Effect
from zhiheng.sources.base import Reject
from zhiheng.sources.profile import LocalTerm, Profile


def complete(profile: Profile, tables: Mapping[str, pa.Table]) -> dict[str, pa.Table]:
    """Return the tables with what the profile states for every row, where the row itself says nothing."""
    return {
        name: _terms(_stated(table, _statements(profile, name)), profile.terms.get(name))
        for name, table in tables.items()
    }


def unknown_encounters(tables: Mapping[str, pa.Table]) -> list[Reject]:
    """Return a note for each feed with rows of encounters that are not among those read: they may come later."""
    if "encounter" not in tables:
        return []
    known: Any = pc.unique(tables["encounter"].column("encounter_id"))
    notes: list[Reject] = []
    for name, table in tables.items():
        if name == "encounter" or table.schema.get_field_index("encounter_id") < 0:
            continue
        encounters: Any = table.column("encounter_id")
        unknown: Any = pc.invert(pc.is_in(encounters, value_set=known))
        named: Any = pc.and_(unknown, pc.is_valid(encounters))  # without an encounter it is the patient's alone
        strangers: dict[str, Counter[str]] = defaultdict(Counter)
        for row in table.select(["source", "encounter_id"]).filter(named).to_pylist():
            strangers[str(row["source"])][str(row["encounter_id"])] += 1
        notes.extend(_strangers(source, name, found) for source, found in strangers.items())
    return notes


def _strangers(source: str, table: str, found: Counter[str]) -> Reject:
    examples = "、".join(list(found)[:10]) + ("……" if len(found) > 10 else "")
    reason = f"{found.total()} 行（{table}）的就诊号不在本次读到的就诊中"
    remedy = "请核对就诊表是否齐全；这些行已接收，就诊补齐后即可使用"
    return Reject(source, "", "encounter_id", examples, "unknown_encounter", reason, remedy, Effect.NOTED)


def _statements(profile: Profile, table: str) -> dict[str, str | None]:
    coding = profile.coding.get(table)
    return {
        "organisation": profile.organisation,
        "campus": profile.campus,
        "code_system": coding.code_system if coding else None,
        "code_edition": coding.code_edition if coding else None,
    }


def _stated(table: pa.Table, statements: Mapping[str, str | None]) -> pa.Table:
    for column, value in statements.items():
        at = table.schema.get_field_index(column)
        if value is None or at < 0:
            continue
        filled: Any = pc.fill_null(table.column(at), pa.scalar(value))
        if column == "code_edition":  # an edition belongs to the system that the profile names, and to no other
            ours: Any = pc.equal(table.column("code_system"), pa.scalar(str(statements["code_system"])))
            filled = pc.if_else(pc.fill_null(ours, pa.scalar(False)), filled, table.column(at))
        elif column == "code_system":  # a row without a code has no code system
            filled = pc.if_else(pc.is_valid(table.column("code")), filled, table.column(at))
        table = table.set_column(at, table.schema.field(at), filled)
    return table


def _terms(table: pa.Table, terms: Mapping[str, LocalTerm] | None) -> pa.Table:
    """Add the terms of the profile to the rows whose code or name means them. Distinct codes are few: look at those."""
    at = table.schema.get_field_index("terms")
    if not terms or at < 0 or table.num_rows == 0:
        return table
    patterns = {term: _pattern(local.names) for term, local in terms.items()}
    meant: dict[tuple[str | None, str | None], list[str]] = {}
    column = []
    for code, name, stated in zip(*(table.column(c).to_pylist() for c in ("code", "name", "terms")), strict=True):
        found = meant.get((code, name))
        if found is None:
            found = meant[code, name] = [
                term
                for term, local in terms.items()
                if code in local.codes or (name and patterns[term].fullmatch(name.strip()))
            ]
        column.append(list(dict.fromkeys([*(stated or []), *found])) or None)
    return table.set_column(at, table.schema.field(at), pa.chunked_array([pa.array(column, pa.list_(pa.string()))]))


def _pattern(names: list[str]) -> re.Pattern[str]:
    options = (".*".join(re.escape(part) for part in name.split("*")) for name in names)
    return re.compile("|".join(options) or r"(?!)", re.IGNORECASE | re.DOTALL)
