"""Keep what screening has seen: visits as they are, cases as far as nobody has put work or a decision into them."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

import orjson
from django.db import connection
from django.db.models import Q
from django.utils import timezone

from zhiheng.casefinding import states
from zhiheng.casefinding.models import Case, CaseEvent, Counter, State, Visit
from zhiheng.casefinding.places import Places
from zhiheng.casefinding.screening import FoundCase, Looked, SeenVisit, finding_of, sayings
from zhiheng.engine.find import Decision
from zhiheng.ingestion.records import MODELS as RECORDS
from zhiheng.packversions.models import PackVersion
from zhiheng.vault.sealing import blind

STATES = {Decision.IN: State.TO_FILL, Decision.OUT: State.NOT_REQUIRED, Decision.UNDECIDED: State.UNDECIDED}
NOTHING = {"decision": "none", "ids": []}  # the finding where no pack's inclusion is met any more
NO_LONGER = {"id": "no_longer", "text": "记录更正后，不再符合纳入条件"}
_LOCK = 7_402_001  # of screening, among PostgreSQL's advisory locks


@dataclass
class Kept:
    """What keeping did. `opened` are new, of `changed` the decision, the records or the version are not as before."""

    visits: int
    opened: list[Case] = field(default_factory=list)
    changed: list[Case] = field(default_factory=list)
    contradicted: int = 0


def one_at_a_time() -> None:
    """Wait until no other transaction keeps what it has screened: two would open the same case."""
    with connection.cursor() as cursor:
        cursor.execute("select pg_advisory_xact_lock(%s)", [_LOCK])


def keep(looked: Looked, versions: Mapping[str, PackVersion], patient_ids: Iterable[str] = ()) -> Kept:
    """Bring the visits and cases of these persons up to what was seen; also of patients who are gone altogether."""
    kept = Kept(len(looked.visits))
    people = People.of(looked, patient_ids)
    _Keeper(looked, versions, people, keep_visits(looked, people), kept).keep_cases()
    return kept


@dataclass(frozen=True)
class People:
    """The persons that were looked at, by their blind indexes: what of them is stored is found by these."""

    persons: frozenset[str]
    patients: frozenset[str]

    @classmethod
    def of(cls, looked: Looked, patient_ids: Iterable[str]) -> "People":
        persons = frozenset(blind("person", each) for each in set(looked.persons.values()))
        return cls(persons, frozenset(blind("patient", each) for each in {*looked.persons, *patient_ids}))


def held(keys: Collection[str]) -> set[str]:
    """Return those of these visits that the records still hold, whoever they belong to now."""
    rows = RECORDS["encounter"].objects.filter(current=True, encounter_key__in=keys) if keys else None
    return set(rows.values_list("encounter_key", flat=True)) if rows is not None else set()


# Visits --------------------------------------------------------------------------------------------------------------


def keep_visits(looked: Looked, people: People) -> dict[str, Visit]:
    """Store the visits that are new or changed, mark those that are gone; return the present ones by number."""
    places = Places()
    rows = {number: visit_row(seen, places) for number, seen in looked.visits.items()}
    here = {row.encounter_key for row in rows.values()}
    whose = Q(encounter_key__in=here) | Q(person_key__in=people.persons) | Q(patient_key__in=people.patients)
    known = {visit.encounter_key: visit for visit in Visit.objects.filter(whose).defer("sealed")}
    changed = [row for row in rows.values() if _differs(row, known.get(row.encounter_key))]
    Visit.objects.bulk_create(
        changed, batch_size=1000, update_conflicts=True, unique_fields=["encounter_key"], update_fields=_VISIT_FIELDS
    )
    missing = {key for key, visit in known.items() if key not in here and not visit.is_gone}
    Visit.objects.filter(encounter_key__in=missing - held(missing)).update(is_gone=True)
    for row in rows.values():
        row.pk = row.pk or known[row.encounter_key].pk
    return rows


def _differs(row: Visit, known: Visit | None) -> bool:
    return known is None or known.is_gone or known.content != row.content


_VISIT_FIELDS = [each.name for each in Visit._meta.concrete_fields if each.name not in ("id", "encounter_key")]


def visit_row(seen: SeenVisit, places: Places) -> Visit:
    campus = places.campus(seen.campus)
    department = places.department(seen.department_code, seen.department, campus, seen.ended_on)
    header = {
        "name": seen.name,
        "sex": seen.sex,
        "birth_date": seen.birth_date.isoformat() if seen.birth_date else None,
        "record_number": seen.record_number,
        "patient_id": seen.patient_id,
        "encounter_id": seen.encounter_id,
    }
    row = Visit(
        encounter_key=blind("encounter", seen.encounter_id),
        person_key=blind("person", seen.person_id),
        patient_key=blind("patient", seen.patient_id),
        name_index=_index("name", seen.name),
        record_index=_index("record_number", seen.record_number),
        id_index=_index("id_number", seen.id_number),
        encounter_class=seen.encounter_class,
        campus=campus or (department.campus if department else None),
        department=department,
        department_name=(seen.department or seen.department_code or "")[:100],
        admit_time=seen.admit_time,
        discharge_time=seen.discharge_time,
        has_ended=seen.has_ended,
        ended_on=seen.ended_on,
        sealed=header,
    )
    row.content = blind("visit", orjson.dumps([_plain(row), header, row.id_index]).decode())
    return row


def _plain(row: Visit) -> list[Any]:
    return [
        getattr(row, each.attname)
        for each in Visit._meta.concrete_fields
        if each.name not in ("id", "sealed", "content", "screened_at", "is_gone")
    ]


def _index(kind: str, value: str | None) -> str:
    return blind(kind, value) if value else ""


# Cases ---------------------------------------------------------------------------------------------------------------


class _Keeper:
    def __init__(
        self,
        looked: Looked,
        versions: Mapping[str, PackVersion],
        people: People,
        visits: dict[str, Visit],
        kept: Kept,
    ) -> None:
        self.looked = looked
        self.versions = versions
        self.people = people
        self.visits = visits
        self.kept = kept
        self.events: list[CaseEvent] = []
        self.linked: dict[str, tuple[str, ...]] = {}  # visits of the cases, by code
        self.digests = {person: blind("records", digest) for person, digest in looked.digests.items()}

    def keep_cases(self) -> None:
        known = self._known()
        fresh = []
        for found in self.looked.cases:
            case = self._take(known, found)
            if case is None:
                fresh.append(self._new(found))
            else:
                self._again(case, found)
        absent = {case.encounter_key for case in known.values()} - {row.encounter_key for row in self.visits.values()}
        elsewhere = held(absent)  # parted from these persons: their own screening sees to them
        for case in known.values():
            if case.encounter_key not in elsewhere:
                self._not_found(case)
        self._open(fresh)
        CaseEvent.objects.bulk_create(self.events)
        self._link()

    def _known(self) -> dict[int, Case]:
        """Return the cases of these visits, and of everybody they belong to, locked."""
        keys = [row.encounter_key for row in self.visits.values()]
        people = self.people
        whose = Q(encounter_key__in=keys) | Q(person_key__in=people.persons) | Q(patient_index__in=people.patients)
        rows = Case.objects.select_for_update(of=("self",)).select_related("pack_version").filter(whose)
        known = {case.pk: case for case in rows.order_by("pk")}
        self._by_visit = {(case.abbr, case.encounter_key): case for case in known.values() if case.year is None}
        self._by_year = {(case.abbr, case.person_key, case.year): case for case in known.values() if case.year}
        return known

    def _take(self, known: dict[int, Case], found: FoundCase) -> Case | None:
        """Return the case that this is, and take it out of those still looked for."""
        if found.case.year is None:
            case = self._by_visit.get((found.case.pack, blind("encounter", found.case.encounter_id)))
        else:
            person = blind("person", found.case.person_id)
            case = self._by_year.get((found.case.pack, person, found.case.year)) or self._by_any_visit(found)
        return known.pop(case.pk, None) if case else None

    def _by_any_visit(self, found: FoundCase) -> Case | None:
        """Patient numbers were joined or parted: the year's case is the one that holds one of its visits."""
        keys = {blind("encounter", each) for each in found.case.encounter_ids}
        for (abbr, _person, year), case in self._by_year.items():
            if abbr == found.case.pack and year == found.case.year and case.encounter_key in keys:
                return case
        return None

    def _new(self, found: FoundCase) -> Case:
        case = Case(
            abbr=found.case.pack,
            year=found.case.year,
            decision=str(found.case.decision),
            state=STATES[found.case.decision],
            finding=finding_of(found.case),
            basis=finding_of(found.case),
        )
        self._describe(case, found)
        return case

    def _open(self, fresh: list[Case]) -> None:
        number(fresh)
        Case.objects.bulk_create(fresh, batch_size=500)
        self.kept.opened += fresh
        self.events += [CaseEvent(case=case, kind=CaseEvent.Kind.OPENED, to_state=case.state) for case in fresh]
        for case in fresh:
            self.linked[case.code] = tuple(case.sealed["encounter_ids"])

    def _again(self, case: Case, found: FoundCase) -> None:
        """Take over what the records say now, and decide again where nobody has decided or worked."""
        before = _shape(case)
        moved = case.records_digest != self.digests.get(found.case.person_id, "")
        self._describe(case, found, keep_version=case.state not in states.UNTOUCHED)
        self._decide(case, finding_of(found.case), STATES[found.case.decision])
        self.linked[case.code] = tuple(case.sealed["encounter_ids"])
        self._save(case, before, moved)

    def _not_found(self, case: Case) -> None:
        """A case of these persons that no pack finds any more."""
        before = _shape(case)
        never = case.basis == NOTHING  # added by hand where no pack found anything: nothing is lost
        case.reasons, case.questions, case.standing = ([] if never else [NO_LONGER]), [], []
        self._decide(case, NOTHING, State.NOT_REQUIRED)
        digest = case.records_digest
        visit = self.visits.get(case.sealed["encounter_id"])
        if visit is not None:
            digest = self.digests.get(self.looked.visits[case.sealed["encounter_id"]].person_id, "")
            if case.year is None:  # a year's case keeps its person: after a merge, the other one has that place
                case.sealed = {**case.sealed, **visit.sealed}
                place(case, visit)
                case.due_date = due_date(case)
        moved, case.records_digest = case.records_digest != digest, digest
        self._save(case, before, moved)

    def _save(self, case: Case, before: tuple[Any, ...], moved: bool) -> None:
        if _shape(case) == before:
            return
        case.save()
        if moved or case.state != before[0] or case.pack_version_id != before[1]:
            self.kept.changed.append(case)

    def _decide(self, case: Case, finding: dict[str, Any], state: State) -> None:
        was_contradicted, old_state = case.is_contradicted, case.state
        case.finding = finding
        if case.decided_by_id or case.is_manual or case.state not in states.UNTOUCHED:
            case.is_contradicted = _speaks_against(case)
            if case.is_contradicted:
                self.kept.contradicted += 1
            if case.is_contradicted != was_contradicted:
                kind = CaseEvent.Kind.CONTRADICTED if case.is_contradicted else CaseEvent.Kind.AGREED
                self.events.append(
                    CaseEvent(case=case, kind=kind, from_state=case.state, to_state=case.state, detail=finding)
                )
            return
        case.basis, case.is_contradicted = finding, False
        case.state, case.decision = state, states.decision_of(state)
        if case.state != old_state:
            self.events.append(
                CaseEvent(
                    case=case,
                    kind=CaseEvent.Kind.RESCREENED,
                    from_state=old_state,
                    to_state=case.state,
                    detail={**finding, "reasons": case.reasons},
                )
            )

    def _describe(self, case: Case, found: FoundCase, keep_version: bool = False) -> None:
        """Write what the records say into a case: whose it is, where, when, why."""
        of = found.case
        if not keep_version or case.pack_version_id is None:
            case.pack_version = self.versions[of.version]
        visit = self.visits[of.encounter_id]
        case.quarters = list(of.quarters)
        case.reasons, case.questions, case.standing = map(sayings, (of.reasons, of.questions, of.standing))
        case.records_digest = self.digests.get(of.person_id, "")
        evidence = [vars(row) for row in found.evidence]
        numbers = list(of.encounter_ids)
        case.sealed = {**visit.sealed, "encounter_ids": numbers, "evidence": evidence}
        place(case, visit)
        case.due_date = due_date(case)

    def _link(self) -> None:
        """Say which visits belong to which case."""
        through = Case.visits.through
        cases = dict(Case.objects.filter(code__in=self.linked).values_list("code", "pk"))
        wanted = {(cases[code], self.visits[each].pk) for code, numbers in self.linked.items() for each in numbers}
        there = set(through.objects.filter(case_id__in=cases.values()).values_list("case_id", "visit_id"))
        through.objects.bulk_create([through(case_id=case, visit_id=visit) for case, visit in wanted - there])
        for case, visit in there - wanted:
            through.objects.filter(case_id=case, visit_id=visit).delete()


def place(case: Case, visit: Visit) -> None:
    """Write where and when a case is, and by what it is found, from its visit."""
    case.encounter_key, case.person_key = visit.encounter_key, visit.person_key
    case.name_index, case.record_index = visit.name_index, visit.record_index
    case.patient_index = visit.patient_key
    case.campus_id, case.department_id, case.department_name = (
        visit.campus_id,
        visit.department_id,
        visit.department_name,
    )
    case.encounter_class, case.admit_time = visit.encounter_class, visit.admit_time
    case.discharge_time = visit.discharge_time


def due_date(case: Case) -> date | None:
    """Return until when a case has to be reported: some days after the discharge, of a year after its end."""
    days = case.pack_version.report_days
    if days is None:
        return None
    end = case.discharge_time or (case.admit_time if case.encounter_class in ("outpatient", "emergency") else None)
    if case.year is not None:
        return date(case.year, 12, 31) + timedelta(days=days)
    return end.date() + timedelta(days=days) if end else None


def number(cases: Iterable[Case]) -> None:
    """Give new cases their codes: STEMI-25-000123 is the 123rd STEMI of the year 2025."""
    by_series: dict[tuple[str, int], list[Case]] = {}
    for case in cases:
        by_series.setdefault((case.abbr, _year_of(case)), []).append(case)
    for (abbr, year), those in sorted(by_series.items(), key=lambda pair: pair[0]):
        last = _count_on(abbr, year, len(those))
        for place_in_row, case in enumerate(those, last - len(those) + 1):
            case.code = f"{abbr.upper()}-{year % 100:02}-{place_in_row:06}"


def _year_of(case: Case) -> int:
    time = case.discharge_time or case.admit_time
    return case.year or (time.year if time else timezone.localdate().year)


def _count_on(abbr: str, year: int, by: int) -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            f"""insert into {Counter._meta.db_table} as c (abbr, year, last) values (%s, %s, %s)
            on conflict (abbr, year) do update set last = c.last + excluded.last returning last""",
            [abbr, year, by],
        )
        return int(cursor.fetchone()[0])


def _speaks_against(case: Case) -> bool:
    """Say whether the records speak against the decision, and did not when it was made."""
    return case.finding != case.basis and case.finding["decision"] != case.decision


def _shape(case: Case) -> tuple[Any, ...]:
    """Return everything that screening may change, state and version first."""
    return (
        case.state,
        case.pack_version_id,
        *(
            getattr(case, each.attname)
            for each in Case._meta.concrete_fields
            if each.name not in ("state", "pack_version", "changed_at", "opened_at")
        ),
    )
