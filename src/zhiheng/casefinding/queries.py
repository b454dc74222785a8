"""What pages ask of cases and visits."""

from dataclasses import dataclass
from typing import Any

from django.utils import timezone

from zhiheng.accounts.models import Grant, Staff
from zhiheng.accounts.roles import HELD_BY
from zhiheng.accounts.scope import departments_below
from zhiheng.casefinding import screening
from zhiheng.casefinding.models import Case, Visit
from zhiheng.engine.find import Explanation
from zhiheng.ingestion import queries as ingestion
from zhiheng.packversions import queries as packversions
from zhiheng.packversions.models import PackVersion
from zhiheng.vault.sealing import blind

SHOWN = 50  # visits of a search; a person's whole history fits, a common name does not


@dataclass(frozen=True)
class Question:
    """What a person must answer. `yes_excludes`: does yes mean that the case need not be reported, or does no?"""

    id: str
    text: str
    yes_excludes: bool


def questions(case: Case) -> list[Question]:
    """Return the questions that records leave open, in the words of the case's own pack version."""
    rules = packversions.pack(case.pack_version).find
    including = {"include", "discharge", *(each.id for each in rules.considers)} if rules else set()
    return [Question(each["id"], each["text"], each["id"] not in including) for each in case.questions]


def case_of(version: PackVersion, visit: Visit) -> Case | None:
    """Return the case of a disease that a visit belongs to, whatever was decided."""
    cases = Case.objects.filter(abbr=version.abbr)
    if version.unit == "patient_year":
        return cases.filter(person_key=visit.person_key, year=visit.ended_on.year if visit.ended_on else None).first()
    return cases.filter(encounter_key=visit.encounter_key).first()


def fillers(case: Case) -> list[Staff]:
    """Return who may fill in a case: staff with an account and that right where the case is, by name."""
    held = Grant.objects.on(timezone.localdate()).filter(role__in=HELD_BY["forms.fill"], user__is_active=True)
    reach = {
        each: each is None or case.department_id in departments_below([each])
        for each in held.values_list("department", flat=True).distinct()
    }
    accounts = held.select_related("user__staff").filter(user__staff__left_on=None)
    found = {grant.user.staff for grant in accounts if reach[grant.department_id]}
    return sorted(found, key=lambda each: (each.pinyin, each.pk))


def explain(abbr: str, encounter_key: str) -> list[Explanation]:
    """Return why a visit is or is not a case of a disease, clause by clause. LookupError for an unknown one."""
    visit = ingestion.encounter(encounter_key)
    if visit is None:
        raise LookupError("The records hold no such visit.")
    rules, _versions = packversions.rules_in_force()
    records = ingestion.records(encounter_keys=[encounter_key])
    return screening.explain(records, rules, abbr, visit["encounter_id"])


@dataclass(frozen=True)
class Hits:
    """What a search found. `more`: there are further visits that are not shown."""

    visits: list[Visit]
    by: tuple[str, ...]  # as what the text was found: "name", "encounter"...
    more: bool


def search(text: str, user: Any) -> Hits:
    """Return the visits that a name or number leads to, among those that the user may see, newest first.

    The text is compared as a whole, through the blind indexes: nothing that is stored can be read from them.
    """
    text = text.strip()
    if not text:
        return Hits([], (), False)
    found = {kind: keys for kind, keys in _keys(text).items() if Visit.objects.filter(**keys).exists()}
    visible = Visit.objects.visible_to(user).filter(is_gone=False)
    rows: dict[int, Visit] = {}
    for keys in found.values():
        for visit in visible.filter(**keys).order_by("-admit_time", "-id")[: SHOWN + 1]:
            rows[visit.pk] = visit
    newest = sorted(
        rows.values(), key=lambda each: (each.admit_time is not None, each.admit_time, each.pk), reverse=True
    )
    return Hits(newest[:SHOWN], tuple(found) if newest else (), len(newest) > SHOWN)


def _keys(text: str) -> dict[str, dict[str, str]]:
    return {
        "name": {"name_index": blind("name", text)},
        "encounter": {"encounter_key": blind("encounter", text)},
        "record_number": {"record_index": blind("record_number", text)},
        "patient": {"patient_key": blind("patient", text)},
        "id_number": {"id_index": blind("id_number", text.upper())},
    }
