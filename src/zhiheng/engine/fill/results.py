"""What filling gives: proposals with their evidence, and what was found but could not be filled."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson
import pyarrow as pa

from zhiheng.engine.form import ItemType

_FIELDS: list[tuple[str, pa.DataType]] = [
    ("pack", pa.string()),
    ("encounter_id", pa.string()),
    ("item", pa.string()),
    ("value", pa.string()),  # JSON; for an item of several choices one row for each option
    ("table", pa.string()),
    ("source", pa.string()),
    ("source_id", pa.string()),
    ("record_version", pa.int32()),
    ("time", pa.timestamp("s")),
    ("time_precision", pa.string()),
    ("excerpt", pa.string()),
    ("rule", pa.string()),
    ("candidates", pa.int64()),  # rows that served the rule, the taken one among them
    ("examined", pa.int64()),  # for an absence: rows of the table among which there was none
]
PROPOSALS = pa.schema(_FIELDS)
REFUSED = pa.schema([*_FIELDS, ("reason", pa.string()), ("found", pa.string())])

REASONS = {
    "imprecise": "来源只记录到日期，不能作为日期时间填入",
    "bound": "来源给出的是界限（如“<0.01”），不是确切的数值",
    "unit": "来源的单位未知或为空，不能换算",
    "no_option": "来源的取值不对应表单的任何选项",
    "ambiguous": "来源有互相矛盾的多个取值",
    "too_long": "来源的文本超过该项允许的长度",
    "not_a_number": "来源的取值不是数",
}


@dataclass(frozen=True)
class Filled:
    """What could be filled, and what was found but could not be filled, with the reason."""

    proposals: pa.Table
    refused: pa.Table


@dataclass
class Evidence:
    """The row that proves a value."""

    table: str
    source: str | None
    source_id: str | None
    record_version: int | None
    time: str | None
    excerpt: str | None
    rule: str
    candidates: int
    examined: int | None = None


@dataclass
class Proposal:
    """A value for an item, as JSON, with its evidence: one row for each chosen option."""

    value: Any
    evidence: list[Evidence] = field(default_factory=list)


def proposals_by_case(
    proposals: pa.Table, form_types: Mapping[str, ItemType] | None = None
) -> dict[str, dict[str, Proposal]]:
    """Return the proposals by encounter and item; the options of an item of several choices in one list."""
    types = form_types or {}
    found: dict[str, dict[str, Proposal]] = {}
    for row in proposals.to_pylist():
        case = found.setdefault(row["encounter_id"], {})
        value = orjson.loads(row["value"])
        evidence = _evidence(row)
        if types.get(row["item"]) is not ItemType.CHOICES:
            case[row["item"]] = Proposal(value, [evidence])
            continue
        proposal = case.setdefault(row["item"], Proposal([]))
        if value not in proposal.value:
            proposal.value.append(value)
            proposal.evidence.append(evidence)
    return found


def _evidence(row: Mapping[str, Any]) -> Evidence:
    form = {"date": "%Y-%m-%d", "second": "%Y-%m-%d %H:%M:%S"}.get(row["time_precision"] or "", "%Y-%m-%d %H:%M")
    return Evidence(
        row["table"],
        row["source"],
        row["source_id"],
        row["record_version"],
        row["time"].strftime(form) if row["time"] else None,
        row["excerpt"],
        row["rule"],
        row["candidates"],
        row["examined"],
    )
