"""What pages ask of cases and visits."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, time
from typing import Any

from django.db.models import F, Q
from django.utils import timezone

from zhiheng.accounts.models import Grant, Staff
from zhiheng.accounts.roles import HELD_BY
from zhiheng.accounts.scope import departments_below
from zhiheng.casefinding import explaining, screening, states
from zhiheng.casefinding.explaining import Why
from zhiheng.casefinding.models import Case, State, Visit
from zhiheng.casefinding.states import DECIDE
from zhiheng.engine.find import Explanation, Rules
from zhiheng.engine.find.found import criterion_text
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


def version_in_force(case: Case) -> PackVersion | None:
    """Return the version that is in force for the discharge of a case now, whichever it was opened under."""
    return packversions.version_for(case.abbr, case.discharge_time.date()) if case.discharge_time else None


def of_older_versions(version: PackVersion) -> Any:
    """Return the cases that are being filled in under another version, though this one is in force for them."""
    decides = Q(pk__in=())
    for each in packversions.in_force(version.abbr):
        if each.version == version:
            since = datetime.combine(each.valid_from, time.min)
            until = datetime.combine(each.valid_until, time.max) if each.valid_until else None
            decides |= Q(discharge_time__gte=since) & (Q(discharge_time__lte=until) if until else Q())
    rows = Case.objects.filter(decides, abbr=version.abbr, state__in=states.BEING_FILLED)
    return rows.exclude(pack_version=version)


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


def fillers_of_any(cases: Iterable[Case]) -> list[Staff]:
    """Return who may fill in one of the cases at least, by name."""
    of_department = {case.department_id: case for case in cases}
    found = {each for case in of_department.values() for each in fillers(case)}
    return sorted(found, key=lambda each: (each.pinyin, each.pk))


def explain(abbr: str, encounter_key: str) -> list[Explanation]:
    """Return why a visit is or is not a case of a disease, clause by clause. LookupError for an unknown one."""
    return _explain(abbr, encounter_key, packversions.rules_in_force()[0])


def why(abbr: str, visit: Visit) -> list[Why]:
    """Return the same in words, for the version that the visit falls under."""
    rules, versions = packversions.rules_in_force()
    return explaining.say(_explain(abbr, visit.encounter_key, rules), rules, versions, ingestion.systems())


def _explain(abbr: str, encounter_key: str, rules: tuple[Rules, ...]) -> list[Explanation]:
    visit = ingestion.encounter(encounter_key)
    if visit is None:
        raise LookupError("The records hold no such visit.")
    records = ingestion.records(encounter_keys=[encounter_key])
    return screening.explain(records, rules, abbr, visit["encounter_id"])


# What stands with a case ----------------------------------------------------------------------------------------------


def open_acts(case: Case, user: Any) -> set[str]:
    """Return what this person may do now about whether this is a case."""
    if case.department_id not in user.departments_for(DECIDE):
        return set()
    acts = set()
    if case.state == State.UNDECIDED:
        acts |= {"decide", "move"}
    elif case.state == State.NOT_REQUIRED:
        acts |= set() if case.moved_to_id else {"restore"}
    elif case.state not in states.SENT:
        acts |= {"exclude", "move"}
    if case.is_contradicted:
        acts.add("keep")
    if case.state not in (*states.SENT, State.NOT_REQUIRED):
        acts.add("assign")
    return acts


def grounds(case: Case) -> list[str]:
    """Return the reasons for which the pack says that a case need not be reported, in the official words."""
    rules = packversions.pack(case.pack_version).find
    return list(dict.fromkeys(each.reason for each in rules.exclusions if not each.by_unit)) if rules else []


def common_grounds(cases: Iterable[Case]) -> list[str]:
    """Return the reasons that the packs of all these cases list."""
    of_version = {case.pack_version_id: case for case in cases}
    lists = [grounds(case) for case in of_version.values()]
    return [each for each in lists[0] if all(each in other for other in lists)] if lists else []


@dataclass(frozen=True)
class Ground:
    """A row of the records that made a visit a candidate, and the condition that it meets."""

    condition: str
    code: str
    name: str
    source: str


def grounds_of(case: Case) -> list[Ground]:
    """Return what in the records the decision rests on."""
    rules = packversions.pack(case.pack_version).find
    texts = {each.id: criterion_text(each) for each in rules.criteria} if rules else {}
    systems = ingestion.systems()
    return [
        Ground(
            texts.get(row["criterion"], row["criterion"]),
            row["code"] or "",
            row["name"] or "",
            systems.get(row["source"], row["source"]),
        )
        for row in case.sealed.get("evidence", ())
    ]


def other_cases(case: Case, user: Any) -> list[Case]:
    """Return the other cases of the same person that this person may see, of the same visit first."""
    rows = Case.objects.visible_to(user).filter(person_key=case.person_key).exclude(pk=case.pk)
    found = rows.select_related("pack_version", "department").order_by("-discharge_time", "abbr")
    return sorted(found, key=lambda each: each.encounter_key != case.encounter_key)


def cases_of(visit: Visit, user: Any) -> list[Case]:
    """Return the cases that a visit belongs to."""
    return list(visit.cases.all().visible_to(user).select_related("pack_version").order_by("abbr"))


def with_cases(visits: list[Visit], user: Any) -> list[tuple[Visit, list[Case]]]:
    """Return visits, each with its cases, by two queries however many they are."""
    rows = Case.objects.visible_to(user).filter(visits__in=visits).order_by("abbr").select_related("pack_version")
    found: dict[int, list[Case]] = {}
    for case in rows.annotate(of_visit=F("visits")):
        found.setdefault(case.of_visit, []).append(case)
    return [(visit, found.get(visit.pk, [])) for visit in visits]


def disease_choices(without: str = "") -> list[tuple[str, str]]:
    """Return the diseases with a version in force, for a person to choose from."""
    return [(abbr, f"{abbr} {name}") for abbr, name in packversions.diseases().items() if abbr != without]


# Search ---------------------------------------------------------------------------------------------------------------


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
    visible = Visit.objects.visible_to(user).filter(is_gone=False).select_related("department")
    rows: dict[int, Visit] = {}
    found = []
    for kind, keys in _keys(text).items():
        hits = list(visible.filter(**keys).order_by("-admit_time", "-id")[: SHOWN + 1])
        found += [kind] if hits else []
        rows |= {visit.pk: visit for visit in hits}
    newest = sorted(
        rows.values(), key=lambda each: (each.admit_time is not None, each.admit_time, each.pk), reverse=True
    )
    return Hits(newest[:SHOWN], tuple(found), len(newest) > SHOWN)


def _keys(text: str) -> dict[str, dict[str, str]]:
    return {
        "name": {"name_index": blind("name", text)},
        "encounter": {"encounter_key": blind("encounter", text)},
        "record_number": {"record_index": blind("record_number", text)},
        "patient": {"patient_key": blind("patient", text)},
        "id_number": {"id_index": blind("id_number", text.upper())},
        "case": {"cases__code": text.upper()},
    }
