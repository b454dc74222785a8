"""What screening, jobs and people do with cases."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from zhiheng.accounts.models import Department, Staff
from zhiheng.audit import recording as audit
from zhiheng.casefinding import keeping, ledger, queries, screening, states
from zhiheng.casefinding.models import Case, CaseEvent, State, Visit
from zhiheng.casefinding.states import DECIDE, NotAllowed
from zhiheng.ingestion import queries as ingestion
from zhiheng.ingestion.records import MODELS as RECORDS
from zhiheng.jobs.announcing import announce
from zhiheng.packversions import queries as packversions
from zhiheng.packversions.models import PackVersion
from zhiheng.records.schema import CLASSES as ENCOUNTER_CLASSES

TOGETHER = 2_000  # persons in one transaction
Kind = CaseEvent.Kind


# Screening -----------------------------------------------------------------------------------------------------------


@dataclass
class Screened:
    """What screening did, in ids and counts. `opened` and `changed` are cases."""

    visits: int = 0
    opened: list[int] = field(default_factory=list)
    changed: list[int] = field(default_factory=list)
    contradicted: int = 0

    def add(self, other: "Screened") -> None:
        self.visits += other.visits
        self.opened += other.opened
        self.changed += other.changed
        self.contradicted += other.contradicted


def screen(patient_ids: Iterable[str] = (), *, encounter_keys: Iterable[str] = ()) -> Screened:
    """Find the cases among all visits of these persons, and decide again those that nobody has decided or begun.

    Each chunk of persons is a transaction; the same records screened twice have one effect.
    """
    done = Screened()
    for chunk in _chunks(sorted(set(patient_ids))):
        done.add(_screen_together(patient_ids=chunk))
    for chunk in _chunks(sorted(set(encounter_keys))):
        done.add(_screen_together(encounter_keys=chunk))
    return done


@transaction.atomic
def ask_for_screening(*, by: Any) -> None:
    """Have everybody screened again: settings have changed that decide what is a case."""
    audit.log("casefinding.screening_asked", by=by)
    announce("casefinding.screening_asked", None)


def screen_department(department: Department, after: str) -> str | None:
    """Screen the next visits behind `after` whose records name a department; return the last, or None at the end."""
    named = Q(department_code=department.code) | Q(department_code=None, department=department.name)
    rows = RECORDS["encounter"].objects.filter(named, current=True, encounter_key__gt=after)
    keys = list(rows.order_by("encounter_key").values_list("encounter_key", flat=True).distinct()[:TOGETHER])
    screen(encounter_keys=keys)
    return keys[-1] if len(keys) == TOGETHER else None


def screen_unbalanced() -> Screened:
    """Screen again what stands in the records and on no line of the ledger, or on a line and no longer in the records.

    Nothing of this should ever be found: it is written to the audit trail.
    """
    found = ledger.balance(date.min, date.max, ENCOUNTER_CLASSES)
    done = Screened()
    if not found.holds:
        gone = Visit.objects.filter(encounter_key__in=found.not_in_records)
        with transaction.atomic():
            audit.log(
                "casefinding.unbalanced",
                by=None,
                not_screened=len(found.not_screened),
                not_in_records=len(found.not_in_records),
            )
        done.add(screen([visit.sealed["patient_id"] for visit in gone], encounter_keys=found.not_screened))
    return done


def screen_next(after: str, versions: Collection[PackVersion] = ()) -> tuple[Screened, str | None]:
    """Screen the next patients behind the blind index `after`; return the last one's, or None at the end."""
    rows = RECORDS["encounter"].objects.filter(current=True, patient_key__gt=after)
    for version in versions[:1] if len(versions) == 1 else ():
        rows = rows.filter(Q(discharge_time=None) | _within(version.valid_from, version.valid_until))
    patients = list(rows.order_by("patient_key").values_list("patient_key", flat=True).distinct()[:TOGETHER])
    if not patients:
        return Screened(), None
    keys = RECORDS["encounter"].objects.filter(current=True, patient_key__in=patients)
    done = _screen_together(encounter_keys=list(keys.values_list("encounter_key", flat=True)))
    return done, patients[-1] if len(patients) == TOGETHER else None


def _within(start: date, end: date | None) -> Q:
    found = Q(discharge_time__gte=datetime.combine(start, time.min))
    return found & Q(discharge_time__lte=datetime.combine(end, time.max)) if end else found


@transaction.atomic
def _screen_together(*, patient_ids: Collection[str] = (), encounter_keys: Collection[str] = ()) -> Screened:
    keeping.one_at_a_time()
    rules, versions = packversions.rules_in_force()
    records = ingestion.records(patient_ids=patient_ids, encounter_keys=encounter_keys)
    kept = keeping.keep(screening.look(records, rules, since=settings.REPORT_FROM), versions, patient_ids)
    done = Screened(
        kept.visits, [case.pk for case in kept.opened], [case.pk for case in kept.changed], kept.contradicted
    )
    if kept.opened or kept.changed or kept.contradicted:
        audit.log(
            "casefinding.screened",
            by=None,
            visits=kept.visits,
            opened=len(kept.opened),
            changed=len(kept.changed),
            contradicted=kept.contradicted,
        )
    announce("casefinding.screened", kept)
    return done


def _chunks(values: list[str]) -> Iterator[list[str]]:
    return (values[start : start + TOGETHER] for start in range(0, len(values), TOGETHER))


# Decisions of people -------------------------------------------------------------------------------------------------


@transaction.atomic
def decide(*, case: Case, include: bool, by: Any, answers: Mapping[str, bool] | None = None, reason: str = "") -> Case:
    """Answer the questions of an undecided case, or decide on a case that the records now contradict."""
    _lock(case)
    states.require(case, DECIDE, by)
    if case.state != State.UNDECIDED:
        return _decide_contradicted(case, include=include, reason=reason, by=by)
    answers = dict(answers or {})
    _check_answers(case, include, answers, reason)
    to = State.TO_FILL if include else State.NOT_REQUIRED
    _stand(case, by)
    _change(case, to, Kind.DECIDED, by=by, reason=reason, answers=answers)
    audit.log("casefinding.decided", by=by, on=case, include=include, answered=sorted(answers))
    announce("casefinding.case_decided", case)
    return case


def _check_answers(case: Case, include: bool, answers: dict[str, bool], reason: str) -> None:
    questions = queries.questions(case)
    excluding = [each for each in questions if answers.get(each.id) is each.yes_excludes]
    if include and (left := [each for each in questions if each.id not in answers]):
        raise NotAllowed(_("Answer every question first. Still open: %(question)s") % {"question": left[0].text})
    if include and excluding:
        raise NotAllowed(
            _("By this answer the case need not be reported: %(question)s Exclude it, or correct the answer.")
            % {"question": excluding[0].text}
        )
    if not include and not excluding and not reason.strip():
        raise NotAllowed(_("None of your answers excludes this case. Write the reason why it need not be reported."))


def _decide_contradicted(case: Case, *, include: bool, reason: str, by: Any) -> Case:
    if not case.is_contradicted:
        raise NotAllowed(_("Case %(code)s is decided. Exclude, restore or move it instead.") % {"code": case.code})
    if include == (case.decision == Case.Decision.IN):
        return _keep(case, reason=reason, by=by)
    return exclude(case=case, reason=reason, by=by) if not include else restore(case=case, reason=reason, by=by)


def _keep(case: Case, *, reason: str, by: Any) -> Case:
    """Let a decision stand although the records speak against it."""
    _require_reason(reason)
    _stand(case, by)
    case.save()
    _event(case, Kind.KEPT, case.state, by=by, reason=reason)
    audit.log("casefinding.kept", by=by, on=case)
    return case


@transaction.atomic
def exclude(*, case: Case, reason: str, by: Any) -> Case:
    """Say that a case need not be reported, and why. Its answers stay where they are."""
    _lock(case)
    states.require(case, DECIDE, by)
    _require_reason(reason)
    if case.state == State.UNDECIDED:
        raise NotAllowed(_("Case %(code)s is not decided yet: answer its questions.") % {"code": case.code})
    _stand(case, by)
    _change(case, State.NOT_REQUIRED, Kind.EXCLUDED, by=by, reason=reason)
    audit.log("casefinding.excluded", by=by, on=case)
    announce("casefinding.state_changed", case)
    return case


@transaction.atomic
def restore(*, case: Case, reason: str, by: Any) -> Case:
    """Take back an exclusion, of a person or of the records: the case goes on where it was."""
    _lock(case)
    states.require(case, DECIDE, by)
    _require_reason(reason)
    if case.moved_to_id:
        raise NotAllowed(
            _("Case %(code)s was moved to %(other)s: move that one back.")
            % {"code": case.code, "other": case.moved_to.code}
        )
    to = _state_before(case)
    _stand(case, None if to == State.UNDECIDED else by)
    _change(case, to, Kind.RESTORED, by=by, reason=reason)
    audit.log("casefinding.restored", by=by, on=case)
    announce("casefinding.case_decided", case)
    return case


def _state_before(case: Case) -> State:
    """Return where a case that is out goes on: what was handed in or sent has to be looked at again."""
    left = case.events.filter(to_state=State.NOT_REQUIRED).exclude(from_state__in=("", State.NOT_REQUIRED)).last()
    if case.state != State.NOT_REQUIRED:
        raise NotAllowed(_("Case %(code)s is not excluded.") % {"code": case.code})
    if left is None or left.from_state == State.TO_FILL:
        return State.TO_FILL
    if left.from_state == State.UNDECIDED:
        return State.UNDECIDED if case.finding["decision"] == "undecided" else State.TO_FILL
    return State.FILLING


@transaction.atomic
def move(*, case: Case, abbr: str, reason: str, by: Any) -> Case:
    """Make the visit a case of another disease; return that case. The answers here are set aside with this one.

    Moving it back brings this one back, with its answers.
    """
    _lock_person(case)
    _lock(case)
    states.require(case, DECIDE, by)
    _require_reason(reason)
    if abbr == case.abbr:
        raise NotAllowed(_("Case %(code)s belongs to this disease already.") % {"code": case.code})
    if case.decision == Case.Decision.OUT:
        raise NotAllowed(
            _("Case %(code)s is excluded. Restore it first, or add the visit to the other disease by hand.")
            % {"code": case.code}
        )
    states.check(case, State.NOT_REQUIRED, by)
    visit = Visit.objects.get(encounter_key=case.encounter_key)
    there = _case_of(abbr, visit, Kind.MOVED_HERE, reason=reason, by=by, moved_from=case.code)
    case.moved_to = there
    _stand(case, by)
    _change(case, State.NOT_REQUIRED, Kind.MOVED_AWAY, by=by, reason=reason, moved_to=there.code)
    audit.log("casefinding.moved", by=by, on=case, to=there.code)
    announce("casefinding.state_changed", case)
    announce("casefinding.case_moved", there)
    return there


@transaction.atomic
def add(*, abbr: str, encounter_key: str, reason: str, by: Any) -> Case:
    """Make a visit a case of a disease by hand."""
    visit = Visit.objects.filter(encounter_key=encounter_key, is_gone=False).first()
    if visit is None or visit.department_id not in by.departments_for(DECIDE):
        raise NotAllowed(_("There is no such visit, or it is not open to you."))
    _require_reason(reason)
    case = _case_of(abbr, visit, Kind.ADDED, reason=reason, by=by)
    audit.log("casefinding.added", by=by, on=case)
    announce("casefinding.case_opened", case)
    return case


def _case_of(abbr: str, visit: Visit, kind: str, *, reason: str, by: Any, **detail: str) -> Case:
    """Return the case that a person makes of a visit: a new one, or the one that was out."""
    version = _version_for(abbr, visit)
    known = queries.case_of(version, visit)
    if known is None:
        return _open(version, visit, kind, reason=reason, by=by, **detail)
    _lock(known)
    if known.decision != Case.Decision.OUT:
        raise NotAllowed(_("This visit is a case of %(abbr)s already: %(code)s.") % {"abbr": abbr, "code": known.code})
    if kind == Kind.ADDED:
        raise NotAllowed(
            _("This visit was looked at for %(abbr)s and excluded: %(code)s. Restore that case.")
            % {"abbr": abbr, "code": known.code}
        )
    to = _state_before(known)
    _stand(known, by)
    known.moved_to = None
    _change(known, State.TO_FILL if to == State.UNDECIDED else to, kind, by=by, reason=reason, **detail)
    return known


def _version_for(abbr: str, visit: Visit) -> PackVersion:
    if visit.ended_on is None:
        raise NotAllowed(_("This visit has no discharge date yet: a case takes the version valid at its discharge."))
    version = packversions.version_for(abbr, visit.ended_on)
    if version is None:
        raise NotAllowed(
            _("No version of %(abbr)s is in force for discharges on %(day)s.") % {"abbr": abbr, "day": visit.ended_on}
        )
    return version


def _open(version: PackVersion, visit: Visit, kind: str, *, reason: str, by: Any, **detail: str) -> Case:
    case = Case(
        abbr=version.abbr,
        pack_version=version,
        year=visit.ended_on.year if version.unit == "patient_year" else None,
        decision=Case.Decision.IN,
        state=State.TO_FILL,
        is_manual=True,
        decided_by=by,
        finding=keeping.NOTHING,
        basis=keeping.NOTHING,
        sealed={**visit.sealed, "encounter_ids": [visit.sealed["encounter_id"]], "evidence": []},
    )
    keeping.place(case, visit)
    case.due_date = keeping.due_date(case)
    keeping.number([case])
    try:
        with transaction.atomic():
            case.save()
    except IntegrityError:  # screening has opened it in this very moment
        raise NotAllowed(_("This visit has just been found by screening. Load the page again.")) from None
    case.visits.add(visit)
    _event(case, kind, "", by=by, reason=reason, **detail)
    return case


@transaction.atomic
def assign(*, case: Case, staff: Staff | None, by: Any) -> Case:
    """Say who fills in a case; None takes it from them."""
    _lock(case)
    states.require(case, DECIDE, by)
    if case.state in states.SENT or case.state == State.NOT_REQUIRED:
        raise NotAllowed(_("Nobody has to fill in case %(code)s.") % {"code": case.code})
    if staff is not None and staff not in queries.fillers(case):
        raise NotAllowed(_("%(name)s may not fill in cases of this department.") % {"name": staff.name})
    if case.assigned_to == staff:
        return case
    case.assigned_to = staff
    case.save()
    _event(case, Kind.ASSIGNED, case.state, by=by, staff=staff.code if staff else "")
    audit.log("casefinding.assigned", by=by, on=case, staff=staff.code if staff else "")
    return case


@transaction.atomic
def set_state(*, case: Case, state: str, by: Any, reason: str = "") -> Case:
    """Move a case on, as the table of states allows. What decides whether it is a case has actions of its own."""
    _lock(case)
    if case.state == state:
        return case
    if states.decision_of(state) != case.decision:
        raise NotAllowed(_("Whether %(code)s is a case is decided, not filled in.") % {"code": case.code})
    _change(case, State(state), Kind.STATE, by=by, reason=reason)
    audit.log("casefinding.state_changed", by=by, on=case, to=str(state))
    announce("casefinding.state_changed", case)
    return case


@transaction.atomic
def take_version(*, case: Case, version: PackVersion, by: Any) -> Case:
    """Let a case that is being filled in take the version that is in force for its discharge now.

    What becomes of its answers is the business of `forms.moving`, which alone calls this.
    """
    _lock(case)
    if case.state not in states.BEING_FILLED:
        raise NotAllowed(
            _("Case %(code)s is “%(state)s”: its form stays the one that it was filled in.")
            % {"code": case.code, "state": State(case.state).label}
        )
    if queries.version_in_force(case) != version or case.pack_version_id == version.pk:
        raise NotAllowed(_("This version is not a newer one for the discharge of case %(code)s.") % {"code": case.code})
    before, case.pack_version = case.pack_version, version
    case.due_date = keeping.due_date(case)
    case.save(update_fields=["pack_version", "due_date", "changed_at"])
    reason = f"{before.version} → {version.version}"
    _event(case, Kind.VERSION, case.state, by=by, reason=reason, left=before.code, taken=version.code)
    audit.log("casefinding.version_taken", by=by, on=case, before=before.code, after=version.code)
    announce("casefinding.version_taken", case)
    return case


# Steps of these ------------------------------------------------------------------------------------------------------


def _lock(case: Case) -> None:
    """Read the row again, and let nobody change it until this transaction ends."""
    case.refresh_from_db(from_queryset=Case.objects.select_for_update())


def _lock_person(case: Case) -> None:
    """Lock all cases of the person in the order in which screening does: else each could wait for the other's."""
    of_person = Case.objects.filter(Q(person_key=case.person_key) | Q(pk=case.pk)).order_by("pk")
    list(of_person.select_for_update().values_list("pk"))


def _stand(case: Case, by: Any) -> None:
    """Let a person's decision rest on what the records say now."""
    case.decided_by, case.basis, case.is_contradicted = by, case.finding, False


def _change(
    case: Case, to: State, kind: str, *, by: Any, reason: str, answers: Mapping[str, bool] | None = None, **detail: str
) -> None:
    states.check(case, to, by)
    before, case.state, case.decision = case.state, to, states.decision_of(to)
    case.save()
    _event(case, kind, before, by=by, reason=reason, answers=answers, **detail)


def _event(
    case: Case,
    kind: str,
    before: str,
    *,
    by: Any,
    reason: str = "",
    answers: Mapping[str, bool] | None = None,
    **detail: str,
) -> None:
    said = {"reason": reason.strip()} if reason.strip() else {}
    if answers:
        said["answers"] = dict(answers)
    CaseEvent.objects.create(
        case=case, by=by, kind=kind, from_state=before, to_state=case.state, detail=detail, sealed=said or None
    )


def _require_reason(reason: str) -> None:
    if not reason.strip():
        raise NotAllowed(_("Write the reason: it stands with the case."))
