"""Rejects as pages show them: values only for those who may see patients' data."""

import re
from collections import Counter
from dataclasses import dataclass
from typing import Any

from django.db.models import Count
from django.utils.translation import gettext as _

from zhiheng.ingestion import rejects
from zhiheng.ingestion.models import Batch, Reject
from zhiheng.records.schema import TABLES

HIDDEN = "****"
_NUMBERS = re.compile(r"\d{3,}")  # dates and numbers of patients; counts of places such as 18 stay


@dataclass(frozen=True)
class Shown:
    """One reject for one person."""

    file: str
    row: str
    found: str
    reason: str
    remedy: str
    correction: str | None
    everywhere: bool
    note: str


def shown(reject: Reject, user: Any) -> Shown:
    """Return a reject as `user` may see it."""
    said = reject.sealed
    clear = user.may("personal.see", None)
    number = said["row"].split("（")[0]
    return Shown(
        said["file"],
        said["row"] if clear or number.isdigit() else HIDDEN * bool(said["row"]),  # ids of resources name patients
        said["found"] if clear else HIDDEN * bool(said["found"]),
        said["reason"] if clear else _NUMBERS.sub("*", said["reason"]),
        said["remedy"] if clear else _NUMBERS.sub("*", said["remedy"]),
        (said.get("correction") if clear else HIDDEN) if "correction" in said else None,
        said.get("everywhere", False),
        said.get("note", ""),
    )


def shown_once(reject: Reject, user: Any) -> Shown:
    """Return `shown`, remembered with the row: each column of a list asks for it."""
    if not hasattr(reject, "shown"):
        reject.shown = shown(reject, user)
    return reject.shown


@dataclass(frozen=True)
class Kind:
    """The rejects of one kind and field in a batch, with the first of them as the example."""

    kind: str
    field: str
    effect: str
    count: int
    left: int
    reason: str
    remedy: str


def kinds(batch: Batch, user: Any) -> list[Kind]:
    """Return the rejects of a batch by kind and field, the most frequent first."""
    rows = batch.rejects.exclude(state=Reject.State.RESOLVED).values("kind", "field", "effect", "state")
    counts: Counter[tuple[str, str, str]] = Counter()
    left: Counter[tuple[str, str, str]] = Counter()
    for row in rows.annotate(count=Count("pk")).order_by():
        name = (row["kind"], row["field"], row["effect"])
        counts[name] += row["count"]
        left[name] += row["count"] if row["state"] == Reject.State.OPEN else 0
    return [_kind(batch, user, *name, count, left[name]) for name, count in counts.most_common()]


def _kind(batch: Batch, user: Any, kind: str, field: str, effect: str, count: int, left: int) -> Kind:
    example = batch.rejects.filter(kind=kind, field=field, effect=effect).order_by("number").first()
    said = shown(example, user)
    return Kind(kind, field, effect_name(effect), count, left, said.reason, said.remedy)


def effect_name(effect: str) -> str:
    """Return what happened to the data, in words."""
    names = {
        "file": _("file set aside"),
        "row": _("row set aside"),
        "field": _("field left empty"),
        "noted": _("only noted"),
    }
    return names.get(effect, effect)


def by_table(said: dict[str, Any]) -> list[tuple[str, Any]]:
    """Return what is said by table with the tables' names for people, in the order of the schema."""
    names = {
        "patient": _("Patients"),
        "patient_link": _("Links of patient numbers"),
        "encounter": _("Visits"),
        "diagnosis": _("Diagnoses"),
        "procedure": _("Procedures"),
        "medication": _("Medication"),
        "observation": _("Observations"),
        "exam": _("Examinations"),
        "note": _("Notes"),
        "allergy": _("Allergies"),
        "charge": _("Charges"),
        "stay": _("Stays"),
        "staff": _("Treating staff"),
    }
    return [(names.get(name, name), said[name]) for name in TABLES if name in said]


def is_correctable(reject: Reject) -> bool:
    return rejects.is_correctable(reject)
