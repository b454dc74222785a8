"""The addresses behind a form: each takes a request to an action and answers with what has changed on the page."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from zhiheng.accounts.sessions import background
from zhiheng.audit.recording import log
from zhiheng.casefinding.models import Case
from zhiheng.forms import actions, exporting, panels, queries
from zhiheng.forms.queries import Saved
from zhiheng.forms.rendering import Refusal
from zhiheng.web.access import permission_required
from zhiheng.web.listing.listing import SPREADSHEET
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
    return refused(request, case, request.POST.get("item", ""), said)


# Answers ------------------------------------------------------------------------------------------------------


@require_POST
@of_case("forms.fill", changes=True)
def answer(request: HttpRequest, case: Case) -> HttpResponse:
    """One item: what was typed or chosen, or one of the other things that can be said about it."""
    item = request.POST.get("item", "")
    act = ANSWERS.get(request.POST.get("do", "answer"), typed_answer)
    return answered(request, case, item, lambda: act(request, case, item))


def typed_answer(request: HttpRequest, case: Case, item: str) -> Saved:
    typed = typed_of(request, case, item)
    return actions.answer(case=case, item=item, typed=typed, by=request.user, **edited(request))


def typed_of(request: HttpRequest, case: Case, item: str) -> str | list[str]:
    values = [value for value in request.POST.getlist("value") if value.strip()]
    found = queries.sheet_for(case).by_code.get(item)
    if found is not None and found.type == "choices":
        return values
    return values[0] if values else ""


def edited(request: HttpRequest) -> dict[str, Any]:
    """What the page knew when somebody answered: the item's revision, the form's, and the name of the save."""
    return {
        "revision": number(request.POST.get("revision")),
        "seen": number(request.POST.get("seen")),
        "token": token_of(request.POST.get("token", "")),
    }


def token_of(text: str) -> str:
    return text if len(text) <= 40 and text.isascii() and text.replace("-", "").isalnum() else ""


def number(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 10 else None


def confirmed(request: HttpRequest, case: Case, item: str) -> Saved:
    return actions.confirm(case=case, items=[item], by=request.user, seen=edited(request)["seen"])


def unknown(request: HttpRequest, case: Case, item: str) -> Saved:
    return actions.mark_unknown(case=case, item=item, by=request.user, **edited(request))


def cleared(request: HttpRequest, case: Case, item: str) -> Saved:
    return actions.clear(case=case, item=item, by=request.user, **edited(request))


def looked_at(request: HttpRequest, case: Case, item: str) -> Saved:
    """Theirs stays; the row is only shown again."""
    return Saved(queries.form_state(case), frozenset({item}))


ANSWERS = {"confirm": confirmed, "unknown": unknown, "clear": cleared, "look": looked_at}


def answered(request: HttpRequest, case: Case, item: str, act: Callable[[], Saved]) -> HttpResponse:
    """Do it, and answer with the parts that look different now; without scripts, with the page it came from."""
    try:
        saved = act()
    except (actions.CannotChange, actions.Unreadable) as problem:
        return refused(request, case, item, str(problem))
    if saved.conflict or (saved.refused and item in saved.refused):
        note = (saved.refused or {}).get(item, "")
        return refused(request, case, item, note, saved=saved)
    if is_partial(request):
        return panels.changes(request, case, saved.state, saved.changed, item=item, others=saved.refused)
    page = reverse("desk:case", args=[case.code])
    return redirect(f"{page}#i-{item}" if item else page)


def refused(request: HttpRequest, case: Case, item: str, note: str, *, saved: Saved | None = None) -> HttpResponse:
    """Say at the item why it is not saved, with what was typed still standing there."""
    saved = saved or Saved(queries.form_state(case))
    conflict = saved.conflict
    typed = [value for value in request.POST.getlist("value") if value.strip()] if not conflict else None
    why = {"typed": typed or None, "note": note, "conflict": conflict}
    status = 409 if conflict else 422
    if is_partial(request):
        return panels.changes(request, case, saved.state, saved.changed, item=item, status=status, **why)
    row = panels.rows_of(saved.state, panels.desk_of(request, case), (), {item: Refusal(**why)})
    return render(
        request, "forms/problem.html", {"case": case, "item": item, "row": row, "problem": note}, status=status
    )


@require_POST
@of_case("forms.fill", changes=True)
def confirm_section(request: HttpRequest, case: Case) -> HttpResponse:
    section, seen = number(request.POST.get("section")) or 0, number(request.POST.get("seen"))
    if section >= len(queries.sheet_for(case).sections):
        raise Http404
    return answered(
        request, case, "", lambda: actions.confirm_section(case=case, section=section, by=request.user, seen=seen)
    )


@require_POST
@of_case("forms.fill", changes=True)
def leave_open(request: HttpRequest, case: Case) -> HttpResponse:
    item, reason = request.POST.get("item", ""), request.POST.get("reason", "")
    seen = number(request.POST.get("seen"))
    return answered(
        request,
        case,
        item,
        lambda: actions.leave_open(case=case, item=item, reason=reason, by=request.user, seen=seen),
    )


@require_POST
@of_case("forms.fill", changes=True)
def explain(request: HttpRequest, case: Case) -> HttpResponse:
    """An advisory that stands, with the reason why the answer is right."""
    item = request.POST.get("item", "")
    said = {"rule": request.POST.get("rule", ""), "reason": request.POST.get("reason", "")}
    seen = number(request.POST.get("seen"))
    return answered(
        request, case, item, lambda: actions.explain(case=case, item=item, by=request.user, seen=seen, **said)
    )


@require_POST
@of_case("forms.fill", changes=True)
def decide_difference(request: HttpRequest, case: Case) -> HttpResponse:
    difference = get_object_or_404(case.differences, pk=number(request.POST.get("difference")))
    act = actions.take if request.POST.get("do") == "take" else actions.keep
    said = {"reason": request.POST.get("reason", ""), "seen": number(request.POST.get("seen"))}
    return answered(request, case, difference.item, lambda: act(difference=difference, by=request.user, **said))


@require_POST
@of_case("forms.fill", changes=True)
def undo(request: HttpRequest, case: Case) -> HttpResponse:
    change = get_object_or_404(case.changes, pk=number(request.POST.get("change")))
    seen = number(request.POST.get("seen"))
    return answered(request, case, change.item, lambda: actions.undo(change=change, by=request.user, seen=seen))


# What the page asks while it is open ------------------------------------------------------------------------


@require_POST
@background
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
    seen = number(request.POST.get("seen")) or 0
    if panels.revision_of(case) <= seen:
        return render(request, "forms/_presence.html", {"present": others})
    state = queries.form_state(case)
    return panels.changes(request, case, state, panels.changed_since(case, state, seen), present=others)


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
    if item not in queries.sheet_for(case).by_code:
        raise Http404
    desk = panels.desk_of(request, case)
    context = card_with_proof(request, case, item) if desk.may_see_proof else card_without_proof(request, case, item)
    answer = context["state"]
    context |= {"case": case, "desk": desk, "aside_text": answer.item.text(answer.aside)}
    return render(request, "forms/_card.html" if is_partial(request) else "forms/card.html", context)


def card_with_proof(request: HttpRequest, case: Case, item: str) -> dict[str, Any]:
    proof = actions.open_proof(case=case, item=item, by=request.user)
    own = [("basis", proof.basis)] if proof.basis else []
    today = [("today", proof.today)] if proof.today else []
    text = proof.item.item.text
    beside = [
        {"kind": "beside", "proof": found, "label": item.label, "text": item.text(found.value)}
        for item, found in proof.beside
    ]
    return {
        "state": proof.item,
        "history": proof.history,
        "proofs": [{"kind": kind, "proof": found, "text": text(found.value)} for kind, found in own + today] + beside,
        "candidates": [{"candidate": each, "text": text(each.value)} for each in proof.candidates],
    }


def card_without_proof(request: HttpRequest, case: Case, item: str) -> dict[str, Any]:
    state = queries.form_for(case, request.user).items[item]
    with transaction.atomic():
        log("forms.item_opened", by=request.user, on=case, item=item)
    is_hidden = state.item.is_personal and not request.user.may("personal.see", case.department_id)
    return {"state": state, "history": [] if is_hidden else queries.history(case, item)}


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
    state = queries.form_for(case, request.user)
    context = {"case": case, "state": state, "version": case.pack_version, "printed_at": timezone.now()}
    context["may_export"] = request.user.may("forms.export", case.department_id)
    return render(request, "forms/print.html", context)


@require_GET
@of_case("forms.export")
def export(request: HttpRequest, case: Case) -> HttpResponse:
    """The same as a spreadsheet."""
    with transaction.atomic():
        log("forms.exported", by=request.user, on=case)
    content = exporting.to_workbook(case, queries.form_for(case, request.user), request.user)
    disposition = {"Content-Disposition": f'attachment; filename="{case.code}.xlsx"'}
    return HttpResponse(content, content_type=SPREADSHEET, headers=disposition)


@of_case("forms.fill", changes=True)
def hand_in(request: HttpRequest, case: Case) -> HttpResponse:
    """What stands in the way of handing in, each a link to its item; or the button."""
    problem = ""
    if request.method == "POST":
        try:
            actions.hand_in(case=case, by=request.user)
        except actions.CannotChange as cannot:
            problem = str(cannot)
        else:
            return redirect("desk:case", case.code)
    with transaction.atomic():
        log("desk.case_opened", by=request.user, on=case, page="hand_in")
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
        "is_ready": state.counter.is_ready,
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
    try:
        actions.take_back(case=case, by=request.user)
    except actions.CannotChange as problem:
        messages.error(request, str(problem))
    return redirect("desk:case", case.code)
