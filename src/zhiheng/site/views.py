"""The desk: the work list, and the page of a case with the panels that the stages serve."""

from typing import Any

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods

from zhiheng.audit.recording import log
from zhiheng.casefinding.models import Case, State
from zhiheng.forms import panels
from zhiheng.site import worklist
from zhiheng.web import navigation
from zhiheng.web.access import permission_required

TAKEN_BACK = (State.DEPARTMENT_REVIEW, State.CANNOT_COMPLETE)


@permission_required("accounts.own")
@require_http_methods(["GET", "POST"])
def work_list(request: HttpRequest) -> HttpResponse:
    """The first page of everybody: the work list, or for those who have none the first page of their menu."""
    if not request.user.may("desk.view_cases"):
        return redirect(navigation.first_page(request) or "accounts:own")
    listing = worklist.WorkList(request, worklist.rows_for(request.user))
    context = {} if request.htmx else counters(request.user)
    return listing.respond("desk/work_list.html", context)


def counters(user: Any) -> dict[str, Any]:
    return {
        "states": worklist.counts_by_state(user),
        "late": worklist.late_count(user),
        "may_undo": user.may("forms.undo_period"),
    }


@permission_required("desk.view_cases")
@require_GET
def case(request: HttpRequest, code: str) -> HttpResponse:
    """The header of a case and its form. A case that is not decided yet shows its questions instead."""
    found = get_object_or_404(visible_cases(request), code=code)
    context = header(request, found, "form")
    if found.state == State.UNDECIDED and context["may_decide"]:
        return redirect("casefinding:decision", found.code)
    with transaction.atomic():
        log("desk.case_opened", by=request.user, on=found)
    if found.state in (State.UNDECIDED, State.NOT_REQUIRED):
        return render(request, "desk/case_undecided.html", context)
    return render(request, "desk/case.html", {**context, **panels.form_context(request, found)})


@permission_required("desk.view_cases")
@require_GET
def course(request: HttpRequest, code: str) -> HttpResponse:
    """What has happened to the case, newest first."""
    found = get_object_or_404(visible_cases(request), code=code)
    with transaction.atomic():
        log("desk.case_opened", by=request.user, on=found, page="course")
    events = found.events.select_related("by__staff").order_by("-pk")
    return render(request, "desk/course.html", {**header(request, found, "course"), "events": events})


def visible_cases(request: HttpRequest) -> Any:
    return Case.objects.visible_to(request.user).select_related("pack_version", "department", "campus", "assigned_to")


def header(request: HttpRequest, case: Case, panel: str) -> dict[str, Any]:
    return {
        "case": case,
        "panel": panel,
        "days_left": case.days_left(timezone.localdate()),
        "is_finished": case.state in worklist.FINISHED,
        "may_take_back": case.state in TAKEN_BACK and request.user.may("forms.fill", case.department_id),
        "may_decide": request.user.may("casefinding.decide", case.department_id),
    }
