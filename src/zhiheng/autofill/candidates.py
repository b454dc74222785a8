"""Other rows that would have served: the rules of one item, asked for all their rows instead of the one they take."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

import duckdb
import orjson
import pyarrow as pa

from zhiheng.autofill import filling
from zhiheng.casefinding.models import Case
from zhiheng.engine import fill as engine
from zhiheng.engine.fill.rules import FACT, Plan, Rule
from zhiheng.engine.form import Item
from zhiheng.engine.form.values import to_json
from zhiheng.ingestion import queries as ingestion
from zhiheng.packs.loading import Pack

CANDIDATES = "candidates"  # the code of the item that collects them; no national code looks like this
BY_ROW = ("first", "last", "min", "max", "only", "all")  # a count or an "any" takes no row's value


def candidates(case: Case, pack: Pack, item: str, known: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return each distinct value that rows give which meet the conditions of the item's rules, with one row for it."""
    plan = plan_for(pack, item)
    if plan is None:
        return []
    records = ingestion.records(patient_ids={case.sealed["patient_id"]}, encounter_keys={case.encounter_key})
    encounter_id = case.sealed["encounter_id"]
    with duckdb.connect(config={"temp_directory": "", "threads": 1}) as con:
        records.register(con)
        con.register("asked_cases", pa.table({"encounter_id": pa.array([encounter_id], pa.string())}))
        filled = engine.fill(
            con,
            plan,
            "asked_cases",
            terms=pack.fills.terms,
            units=pack.fills.units,
            known={encounter_id: dict(known)},
            persons=filling.persons(records),
            visits={encounter_id: filling.visits_of(case)},
        )
    return [*_of(filled.proposals, None), *_of(filled.refused, "reason")]


def plan_for(pack: Pack, item: str) -> Plan | None:
    """Return the pack's plan with one more item, which collects every row of the rules of `item`."""
    plan: Plan | None = pack.fills.plan if pack.fills else None
    rules = [rule for rule in plan.rules if rule.item == item and rule.take in BY_ROW] if plan else []
    if plan is None or not rules:
        return None
    collecting = replace(plan.items[item], code=CANDIDATES, id=CANDIDATES, alias=None)
    asking = [replace(rule, id=f"{rule.id}?", item=CANDIDATES, take="all", absent=None) for rule in rules]
    facts: Iterable[Item] = [each for code, each in plan.items.items() if code.startswith(FACT)]
    return Plan(plan.pack, plan.form, [*_needed(plan, rules), *asking], [*facts, collecting])


def _needed(plan: Plan, rules: Iterable[Rule]) -> list[Rule]:
    """Return the rules of the items that these rules use, and of those that they use in turn."""
    wanted = {plan.codes[name] for rule in rules for name in rule.uses}
    looked: set[str] = set()
    while new := wanted - looked:
        looked |= new
        wanted |= {plan.codes[name] for rule in plan.rules if rule.item in new for name in rule.uses}
    return [rule for rule in plan.rules if rule.item in wanted]


def _of(table: pa.Table, reason: str | None) -> Iterable[dict[str, Any]]:
    for row in table.to_pylist():
        if row["item"] == CANDIDATES:
            time = row["time"]
            yield {
                **row,
                "value": to_json(orjson.loads(row["value"])) if row["value"] else row.get("found"),
                "time": time.isoformat(" ", "minutes") if isinstance(time, datetime) else "",
                "reason": row[reason] if reason else None,
            }
