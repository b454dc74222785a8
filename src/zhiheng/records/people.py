"""Persons: which patient numbers are one human being, as recorded events say, in their order and reversibly."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

import pyarrow as pa

from zhiheng.records import identity
from zhiheng.records.schema import PATIENT_LINK

Row = Mapping[str, Any]
Pair = frozenset[str]

DERIVED = "zhiheng"


def person_of(
    patient_ids: Iterable[str], links: pa.Table | Iterable[Row] = (), as_of: datetime | None = None
) -> dict[str, str]:
    """Return the person of every patient number, as the events up to `as_of` say.

    `link` and `merge` join two numbers, `unmerge` takes just that bond away again: numbers that hang together
    by another bond stay together. A person is called by the smallest of its numbers.
    """
    joined: dict[str, str] = {}
    for pair in active_links(links, as_of):
        first, second = sorted(_root(joined, number) for number in pair)
        if first != second:
            joined[second] = first
    return {number: _root(joined, number) for number in patient_ids}


def active_links(links: pa.Table | Iterable[Row], as_of: datetime | None = None) -> list[Pair]:
    """Return the bonds that hold after the events up to `as_of`, in the order in which they arose."""
    bonds: dict[Pair, None] = {}
    for event in sorted(_rows(links), key=_moment):
        if as_of is not None and event["event_time"] > as_of:
            break
        pair = frozenset((event["patient_id"], event["other_patient_id"]))
        if len(pair) < 2:
            continue
        if event["event"] == "unmerge":
            bonds.pop(pair, None)
        else:
            bonds[pair] = None
    return list(bonds)


def _rows(links: pa.Table | Iterable[Row]) -> list[Row]:
    return list(links.to_pylist()) if isinstance(links, pa.Table) else list(links)


def _moment(event: Row) -> tuple[Any, ...]:
    # Two events of one moment keep the order in which their source numbered them.
    return event["event_time"], str(event.get("received_at") or ""), str(event.get("source_id") or "")


def _root(joined: dict[str, str], number: str) -> str:
    root = number
    while root in joined:
        root = joined[root]
    while number in joined and joined[number] != root:
        joined[number], number = root, joined[number]
    return root


def persons(
    patient_ids: Iterable[str], links: pa.Table | Iterable[Row] = (), as_of: datetime | None = None
) -> pa.Table:
    """Return `person_of` as a table, for queries."""
    found = person_of(patient_ids, links, as_of)
    return pa.table(
        {"patient_id": pa.array(list(found), pa.string()), "person_id": pa.array(list(found.values()), pa.string())}
    )


def links_by_id_number(patients: pa.Table, *, at: datetime) -> pa.Table:
    """Propose a `link` between the patient numbers that share a valid identity card number.

    Only for profiles that ask for it. Numbers whose card is invalid, or whose sex or birth date contradicts
    the card, are left alone.
    """
    first: dict[str, str] = {}
    events = []
    for row in patients.select(["patient_id", "id_number", "birth_date", "sex"]).to_pylist():
        card = identity.check(row["id_number"]) if row["id_number"] else None
        if not isinstance(card, identity.Card) or identity.disagreements(card, row["birth_date"], row["sex"]):
            continue
        known = first.setdefault(card.number, row["patient_id"])
        if known != row["patient_id"]:
            events.append(_proposal(known, row["patient_id"], at))
    return pa.Table.from_pylist(events, schema=PATIENT_LINK.schema)


def _proposal(one: str, other: str, at: datetime) -> dict[str, Any]:
    return {
        "patient_id": one,
        "other_patient_id": other,
        "event": "link",
        "event_time": at.replace(tzinfo=None),
        "event_time_precision": "second",
        "reason": "同一身份证号",
        "source": DERIVED,
        "source_id": f"id_number/{one}/{other}",
        "record_version": 1,
        "received_at": at,
    }
