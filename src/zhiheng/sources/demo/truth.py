"""What was planted, judged by the plainest possible reading of the national criteria: prefixes of codes, and ages.

This does not use the engine or the packs: tests hold the two against each other.
"""

from dataclasses import dataclass
from functools import cache

from zhiheng.sources.demo.catalogue import rows
from zhiheng.sources.demo.visit import Visit

# Half of a hospital meets the risk factors of VTE: it is listed for the story that is told for it, and for no other.
_PLANTED = {"vte": "VTE"}


@dataclass(frozen=True)
class Criteria:
    """One row of `packs.csv`: codes without dots."""

    abbr: str
    where: str  # principal, any, first_two, or empty
    diagnoses: tuple[str, ...]
    also: tuple[str, ...]  # one of these among all diagnoses
    procedures: tuple[str, ...]
    youngest: float
    below: float


@cache
def criteria() -> tuple[Criteria, ...]:
    def codes(text: str) -> tuple[str, ...]:
        return tuple(code.replace(".", "") for code in text.split())

    return tuple(
        Criteria(
            row["abbr"],
            row["where"],
            codes(row["diagnoses"]),
            codes(row["also"]),
            codes(row["procedures"]),
            float(row["from"] or 0),
            float(row["below"] or 999),
        )
        for row in rows("packs.csv")
    )


@cache
def _of_code(kind: str, code: str) -> frozenset[str]:
    """Return the packs that a code belongs to, as 'diagnoses', 'also' or 'procedures'."""
    plain = code.replace(".", "").split("+")[0]
    return frozenset(one.abbr for one in criteria() if any(plain.startswith(prefix) for prefix in getattr(one, kind)))


@cache
def _named() -> dict[str, Criteria]:
    return {one.abbr: one for one in criteria()}


def packs_of(visit: Visit, age: float) -> list[str]:
    """Return the diseases whose codes and ages `visit` meets, before exclusions."""
    diagnoses = [diagnosis.code for diagnosis in visit.diagnoses]
    by_place = [_of_code("diagnoses", code) for code in diagnoses]
    anywhere = frozenset().union(*by_place)
    places = {"principal": by_place[0], "first_two": frozenset().union(*by_place[:2]), "any": anywhere}
    also = frozenset().union(*(_of_code("also", code) for code in diagnoses))
    done = frozenset().union(*(_of_code("procedures", operation.code) for operation in visit.operations))
    found = []
    for abbr in (anywhere | done) - {"HBV"}:  # a pair of diagnoses, judged below
        one = _named()[abbr]
        if one.diagnoses and abbr not in places[one.where]:
            continue
        if (one.also and abbr not in also) or (one.procedures and abbr not in done):
            continue
        if one.youngest <= age < one.below:
            found.append(abbr)
    if "HBV" in also and _delivery_with_carrier(diagnoses) and age >= 18:
        found.append("HBV")
    if "DVT" in found and "PIP" in found:
        found.remove("PIP")
    if visit.story in _PLANTED:
        found.append(_PLANTED[visit.story])
    return sorted(found)


def _delivery_with_carrier(diagnoses: list[str]) -> bool:
    carrier = ("O98.4", "O98.1", "B24", "Z22.5")
    first, others = diagnoses[0], diagnoses[1:]
    if first.startswith("Z37"):
        return any(code.startswith(carrier) for code in others)
    return first.startswith(carrier) and any(code.startswith("Z37") for code in others)
