"""Pages that move open cases to a newer version of their pack: how many there are, and what would become of each."""

from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from zhiheng.audit.recording import log
from zhiheng.casefinding.models import Case
from zhiheng.forms import moving
from zhiheng.forms.carrying import ANEW, BACK, KEPT, LEFT
from zhiheng.forms.editing import CannotChange
from zhiheng.forms.moving import BROKEN, HIDDEN, NEW, PERMISSION, Preview
from zhiheng.forms.views import number, of_case
from zhiheng.packversions.models import PackVersion
from zhiheng.web.access import permission_required
from zhiheng.web.partials import render_page

SHOWN = 50  # cases of the list: each is looked through item by item
TITLES = {
    ANEW: gettext_lazy("To be answered anew"),
    BROKEN: gettext_lazy("Kept, and beyond a limit or check"),
    HIDDEN: gettext_lazy("Kept, and no longer applies"),
    LEFT: gettext_lazy("Set aside: the new form does not ask for it"),
    NEW: gettext_lazy("New items"),
    BACK: gettext_lazy("Comes back: an earlier form asked for it"),
    KEPT: gettext_lazy("Stays as it is"),
}


@permission_required(PERMISSION)
@require_GET
def open_cases(request: HttpRequest, pk: int) -> HttpResponse:
    """The cases of an older version that may be moved to this one; as a part of the version's page, their number."""
    version = get_object_or_404(PackVersion, pk=pk)
    cases = moving.movable(version, request.user)
    rows = [] if request.htmx else [(case, counts(case)) for case in cases[:SHOWN]]
    context = {"version": version, "count": cases.count(), "rows": rows, "shown": SHOWN}
    return render_page(request, "forms/open_cases.html", "forms/_open_cases.html", context)


def counts(case: Case) -> dict[str, Any]:
    found = moving.preview(case, proposals=False)
    lines = found.by_fate if found else {}
    return {"only_adds": found is not None and found.only_adds, **{fate: len(lines.get(fate, ())) for fate in TITLES}}


@permission_required(PERMISSION)
@require_POST
def move_all(request: HttpRequest, pk: int) -> HttpResponse:
    version = get_object_or_404(PackVersion, pk=pk)
    moving.ask_to_move_all(version=version, by=request.user)
    messages.success(
        request, _("The cases whose answers all stay as they are are being moved. Those that need a look stay here.")
    )
    return redirect("forms:open_cases", version.pk)


@require_http_methods(["GET", "POST"])
@of_case(PERMISSION)
def move(request: HttpRequest, case: Case) -> HttpResponse:
    """What would become of each answer in the version in force, and the button that moves the case."""
    if case.state not in moving.BEING_FILLED:
        return page(request, case, None, _not_open(case), status=409 if request.method == "POST" else 200)
    found = moving.preview(case)
    if found is None:
        said = _("This case has the version that is in force for its discharge.")
        return page(request, case, None, said, status=409 if request.method == "POST" else 200)
    if request.method == "GET":
        return page(request, case, found)
    try:
        revision = number(request.POST.get("revision"))
        version = get_object_or_404(PackVersion, pk=number(request.POST.get("version")) or found.version.pk)
        moving.move_to_version(case=case, version=version, by=request.user, revision=revision)
    except CannotChange as problem:
        case.refresh_from_db()
        return page(request, case, moving.preview(case), str(problem), status=409)
    messages.success(request, _("Moved to version %(version)s.") % {"version": version.version})
    return redirect("desk:case", case.code)


def _not_open(case: Case) -> str:
    said = {"code": case.code, "state": case.get_state_display()}
    return _("Case %(code)s is “%(state)s”: its form stays the one that it was filled in.") % said


def page(
    request: HttpRequest, case: Case, found: Preview | None, problem: str = "", *, status: int = 200
) -> HttpResponse:
    with transaction.atomic():
        log("desk.case_opened", by=request.user, on=case, page="version")
    groups = [(fate, TITLES[fate], lines) for fate, lines in found.by_fate.items()] if found else []
    return render(
        request,
        "forms/move.html",
        {"case": case, "preview": found, "groups": groups, "problem": problem},
        status=status,
    )
