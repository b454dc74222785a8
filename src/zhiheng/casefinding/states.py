"""The one table of a case's states: what may follow what, and who may do it."""

from typing import Any

from django.utils.translation import gettext as _

from zhiheng.casefinding.models import Case, State

SYSTEM = ""  # screening, jobs and what follows from records: nobody's permission

DECIDE = "casefinding.decide"
FILL = "forms.fill"
DEPARTMENT = "review.department"
HOSPITAL = "review.hospital"
SEND = "submission.send"

ALLOWED: dict[State, dict[State, tuple[str, ...]]] = {
    State.UNDECIDED: {
        State.TO_FILL: (SYSTEM, DECIDE),
        State.NOT_REQUIRED: (SYSTEM, DECIDE),
    },
    State.TO_FILL: {
        State.FILLING: (FILL,),
        State.CANNOT_COMPLETE: (FILL,),
        State.UNDECIDED: (SYSTEM,),
        State.NOT_REQUIRED: (SYSTEM, DECIDE),
    },
    State.FILLING: {
        State.TO_FILL: (FILL,),
        State.DEPARTMENT_REVIEW: (FILL,),
        State.CANNOT_COMPLETE: (FILL,),
        State.NOT_REQUIRED: (DECIDE,),
    },
    State.DEPARTMENT_REVIEW: {
        State.FILLING: (FILL,),
        State.RETURNED: (DEPARTMENT,),
        State.HOSPITAL_REVIEW: (DEPARTMENT,),
        State.CANNOT_COMPLETE: (DEPARTMENT,),
        State.NOT_REQUIRED: (DECIDE,),
    },
    State.HOSPITAL_REVIEW: {
        State.RETURNED: (HOSPITAL,),
        State.TO_SUBMIT: (HOSPITAL,),
        State.CANNOT_COMPLETE: (HOSPITAL,),
        State.NOT_REQUIRED: (DECIDE,),
    },
    State.RETURNED: {
        State.FILLING: (FILL,),
        State.DEPARTMENT_REVIEW: (FILL,),
        State.CANNOT_COMPLETE: (FILL,),
        State.NOT_REQUIRED: (DECIDE,),
    },
    State.CANNOT_COMPLETE: {
        State.FILLING: (FILL, DECIDE),
        State.NOT_REQUIRED: (DECIDE,),
    },
    State.TO_SUBMIT: {
        State.SUBMITTING: (SYSTEM, SEND),
        State.RETURNED: (HOSPITAL,),
        State.NOT_REQUIRED: (DECIDE,),
    },
    State.SUBMITTING: {
        State.SUBMITTED: (SYSTEM,),
        State.REFUSED: (SYSTEM,),
        State.UNKNOWN: (SYSTEM,),
    },
    State.UNKNOWN: {
        State.SUBMITTED: (SYSTEM, SEND),
        State.REFUSED: (SYSTEM, SEND),
        State.TO_SUBMIT: (SEND,),
    },
    State.SUBMITTED: {
        State.DONE: (SYSTEM,),
        State.REFUSED: (SYSTEM,),
        State.WITHDRAWN: (SEND,),
    },
    State.REFUSED: {
        State.RETURNED: (HOSPITAL, SEND),
        State.TO_SUBMIT: (SEND,),
    },
    State.DONE: {State.WITHDRAWN: (SEND,)},
    State.WITHDRAWN: {State.RETURNED: (HOSPITAL,), State.TO_SUBMIT: (SEND,)},
    State.NOT_REQUIRED: {
        State.UNDECIDED: (SYSTEM, DECIDE),
        State.TO_FILL: (SYSTEM, DECIDE),
        State.FILLING: (DECIDE,),
    },
}

# Nobody has put work into these yet: screening may decide them again by itself.
UNTOUCHED = (State.UNDECIDED, State.TO_FILL, State.NOT_REQUIRED)
# With those who fill in: the form can be changed.
BEING_FILLED = (State.TO_FILL, State.FILLING, State.RETURNED)
# Sent or being sent: what was reported is not changed by a decision here.
SENT = (State.SUBMITTING, State.UNKNOWN, State.SUBMITTED, State.REFUSED, State.DONE, State.WITHDRAWN)


class NotAllowed(Exception):
    """What may not be done with a case, why, and what to do instead."""


def decision_of(state: str) -> str:
    """Return the one decision that a state says."""
    if state == State.UNDECIDED:
        return Case.Decision.UNDECIDED
    return Case.Decision.OUT if state == State.NOT_REQUIRED else Case.Decision.IN


def require(case: Case, permission: str, by: Any) -> None:
    """Refuse who does not hold `permission` where the case is. The system (None) holds what the table gives it."""
    if by is not None and case.department_id not in by.departments_for(permission):
        raise NotAllowed(_("You may not do this with case %(code)s.") % {"code": case.code})


def check(case: Case, then: str, by: Any) -> None:
    """Refuse a change of state that the table does not allow, or does not allow to this person."""
    allowed = ALLOWED[State(case.state)].get(State(then))
    if allowed is None:
        raise NotAllowed(
            _("Case %(code)s is “%(now)s” and cannot become “%(then)s”.")
            % {"code": case.code, "now": State(case.state).label, "then": State(then).label}
        )
    if by is None and SYSTEM in allowed:
        return
    if by is None or not any(case.department_id in by.departments_for(each) for each in allowed if each):
        raise NotAllowed(
            _("You may not change case %(code)s from “%(now)s” to “%(then)s”.")
            % {"code": case.code, "now": State(case.state).label, "then": State(then).label}
        )
