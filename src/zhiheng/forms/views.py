"""The addresses behind a form: each takes a request to an action and answers with what has changed on the page."""

from collections.abc import Callable
from datetime import datetime
from functools import wraps
from typing import Any

from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from zhiheng.audit.recording import log
from zhiheng.casefinding.models import Case
from zhiheng.forms import actions, panels, queries
from zhiheng.web.access import permission_required
from zhiheng.web.partials import is_partial

View = Callable[..., HttpResponse]


def of_case(permission: str, *, changes: bool = False) -> Callable[[View], View]:
    """Give the view the case with this code, if the reader may see it, and do `permission` in its department.

    Changing also needs a state in which forms are filled; there the answer says so instead of hiding the case.
    """

    def decorate(view: View) -> View:
        @permission_required(permission)
        @wraps(view)
        def opened(request: HttpRequest, code: str, *args: Any, **kwargs: Any) -> HttpResponse:
            case = get_object_or_404(Case.objects.visible_to(request.user).select_related("department"), code=code)
            if not request.user.may(permission, case.department_id):
                raise Http404
            if changes and case.state not in panels.FILLABLE:
                return not_fillable(request, case)
            return view(request, case, *args, **kwargs)

        return opened

    return decorate


def not_fillable(request: HttpRequest, case: Case) -> HttpResponse:
    said = _("This form is with others now (%s) and can only be read.") % case.get_state_display()
    if is_partial(request):
        item = request.POST.get("item", "")
        return panels.changes(request, case, queries.form_state(case), (), item=item, note=said, status=422)
    return render(request, "forms/problem.html", {"case": case, "problem": said}, status=409)


# Answers ----------------------------------------------------------------------------------------------------


@require_POST
@of_case("forms.fill", changes=True)
def answer(request: HttpRequest, case: Case) -> HttpResponse:
    """One item: what was typed or chosen, or one of the other things that can be said about it."""
    item = request.POST.get("item", "")
    act = ANSWERS.get(request.POST.get("do", "answer"), typed_answer)
    return answered(request, case, item, act(request, case, item))


def typed_answer(request: HttpRequest, case: Case, item: str) -> queries.Saved:
    return actions.answer(case=case, item=item, typed=typed_of(request, case, item), **seen(request), by=request.user)


def typed_of(request: HttpRequest, case: Case, item: str) -> str | list[str]:
    values = [value for value in request.POST.getlist("value") if value.strip()]
    found = queries.sheet_for(case).by_code.get(item)
    if found is not None and found.type == "choices":
        return values
    return values[0] if values else ""


def seen(request: HttpRequest) -> dict[str, Any]:
    return {"revision": number(request.POST.get("revision")), "token": request.POST.get("token", "")}


def number(text: str | None) -> int:
    return int(text) if text and text.isascii() and text.isdigit() else 0


def confirmed(request: HttpRequest, case: Case, item: str) -> queries.Saved:
    return actions.confirm(case=case, items=[item], by=request.user)


def unknown(request: HttpRequest, case: Case, item: str) -> queries.Saved:
    return actions.mark_unknown(case=case, item=item, by=request.user)


def cleared(request: HttpRequest, case: Case, item: str) -> queries.Saved:
    return actions.clear(case=case, item=item, by=request.user)


def looked_at(request: HttpRequest, case: Case, item: str) -> queries.Saved:
    """Theirs stays; the row is only shown again."""
    return queries.Saved(queries.form_state(case), frozenset({item}))


ANSWERS = {"confirm": confirmed, "unknown": unknown, "clear": cleared, "look": looked_at}


def answered(request: HttpRequest, case: Case, item: str, saved: queries.Saved) -> HttpResponse:
    """Answer a change: the parts that look different now, or (without scripts) the page it came from."""
    note = (saved.refused or {}).get(item, "")
    typed = [value for value in request.POST.getlist("value") if value.strip()] if note else None
    status = 409 if saved.conflict else 422 if note else 200
    if is_partial(request):
        return panels.changes(
            request,
            case,
            saved.state,
            saved.changed,
            item=item,
            typed=typed,
            note=note,
            conflict=saved.conflict,
            status=status,
        )
    if status == 200:
        return redirect(
            f"{reverse('desk:case', args=[case.code])}#i-{item}" if item else reverse("desk:case", args=[case.code])
        )
    row = panels.changed_rows(
        saved.state, panels.desk_of(request, case), (), item=item, typed=typed, note=note, conflict=saved.conflict
    )
    return render(request, "forms/problem.html", {"case": case, "item": item, "row": row}, status=status)


@require_POST
@of_case("forms.fill", changes=True)
def confirm_section(request: HttpRequest, case: Case) -> HttpResponse:
    saved = actions.confirm_section(case=case, section=number(request.POST.get("section")), by=request.user)
    return answered(request, case, "", saved)


@require_POST
@of_case("forms.fill", changes=True)
def leave_open(request: HttpRequest, case: Case) -> HttpResponse:
    item, reason = request.POST.get("item", ""), request.POST.get("reason", "").strip()
    return answered(request, case, item, actions.leave_open(case=case, item=item, reason=reason, by=request.user))


@require_POST
@of_case("forms.fill", changes=True)
def explain(request: HttpRequest, case: Case) -> HttpResponse:
    """An advisory that stands, with the reason why the answer is right."""
    item, rule, reason = (request.POST.get(name, "").strip() for name in ("item", "rule", "reason"))
    return answered(
        request, case, item, actions.explain(case=case, item=item, rule=rule, reason=reason, by=request.user)
    )


@require_POST
@of_case("forms.fill", changes=True)
def decide_difference(request: HttpRequest, case: Case) -> HttpResponse:
    pk, reason = number(request.POST.get("difference")), request.POST.get("reason", "").strip()
    difference = get_object_or_404(case.differences, pk=pk)
    act = actions.take if request.POST.get("do") == "take" else actions.keep
    return answered(request, case, difference.item, act(difference=difference, reason=reason, by=request.user))


@require_POST
@of_case("forms.fill", changes=True)
def undo(request: HttpRequest, case: Case) -> HttpResponse:
    change = get_object_or_404(case.changes, pk=number(request.POST.get("change")))
    return answered(request, case, change.item, actions.undo(change=change, by=request.user))


# What the page asks while it is open ------------------------------------------------------------------------


@require_POST
@of_case("forms.fill")
def present(request: HttpRequest, case: Case) -> HttpResponse:
    """Say where this person is; answer who else is here, and what has changed since the page last looked."""
    sheet = queries.sheet_for(case)
    item = request.POST.get("item", "")
    actions.touch(case=case, user=request.user, item=item if item in sheet.by_code else "")
    others = [
        {"name": other.name, "item": other.item, "label": sheet.by_code[other.item].label if other.item else ""}
        for other in queries.present(case, request.user)
    ]
    since = number(request.POST.get("seen"))
    if queries.revision_of(case) <= since:
        return render(request, "forms/_presence.html", {"present": others})
    state = queries.form_state(case)
    return panels.changes(request, case, state, queries.changed_since(state, since), present=others)


@require_GET
@of_case("forms.view")
def options(request: HttpRequest, case: Case, item: str) -> HttpResponse:
    try:
        found = queries.options(case.pack_version, item, request.GET.get("q", ""))
    except KeyError:
        raise Http404 from None
    return render(request, "forms/_options.html", {"options": found})


@require_GET
@of_case("forms.view")
def card(request: HttpRequest, case: Case, item: str) -> HttpResponse:
    """Everything about one answer: what proves it, who confirmed it, what it was before, what can be done."""
    state = queries.form_state(case)
    if item not in state.items:
        raise Http404
    desk = panels.desk_of(request, case)
    context = {
        "case": case,
        "desk": desk,
        "state": state.items[item],
        "history": queries.history(case, item),
        "proof": queries.proof(case=case, item=item, by=request.user) if desk.may_see_proof else None,
        "shown_because": queries.why_shown(case, item) if hasattr(queries, "why_shown") else None,
    }
    return render(request, "forms/_card.html" if is_partial(request) else "forms/card.html", context)


# Whole pages ------------------------------------------------------------------------------------------------


@require_GET
@of_case("forms.view")
def form(request: HttpRequest, case: Case) -> HttpResponse:
    return redirect("desk:case", case.code)


@require_GET
@of_case("forms.view")
def print_form(request: HttpRequest, case: Case) -> HttpResponse:
    """The complete form on paper."""
    with transaction.atomic():
        log("forms.printed", by=request.user, on=case)
    state = queries.form_state(case)
    context = {"case": case, "state": state, "version": case.pack_version, "printed_at": timezone.now()}
    return render(request, "forms/print.html", context)


@of_case("forms.fill", changes=True)
def hand_in(request: HttpRequest, case: Case) -> HttpResponse:
    """What stands in the way of handing in, each a link to its item; or the button."""
    problem = ""
    if request.method == "POST":
        try:
            actions.hand_in(case=case, by=request.user)
        except actions.NotReady as refused:
            problem = str(refused)
        else:
            return redirect("desk:case", case.code)
    state = queries.form_state(case)
    return render(
        request,
        "forms/hand_in.html",
        {"case": case, "problem": problem, **obstacles(state)},
        status=409 if problem else 200,
    )


def obstacles(state: queries.FormState) -> dict[str, Any]:
    items = list(state.items.values())
    return {
        "counter": state.counter,
        "errors": [(item, finding) for item in items for finding in item.findings if finding.severity == "error"],
        "advisories": [
            (item, finding)
            for item in items
            for finding in item.findings
            if finding.severity == "advisory" and finding.is_open
        ],
        "missing": [item for item in state.left if not item.is_proposed],
        "proposed": state.proposed,
        "differing": state.differing,
        "left_open": state.left_open,
    }


@require_POST
@of_case("forms.fill")
def take_back(request: HttpRequest, case: Case) -> HttpResponse:
    """Handed in too early: bring it back as long as nobody has reviewed it."""
    actions.take_back(case=case, by=request.user)
    return redirect("desk:case", case.code)


def local_time(day: str, time: str) -> datetime | None:
    try:
        return timezone.make_aware(datetime.fromisoformat(f"{day} {time}"))
    except ValueError:
        return None
