"""The decision about a case, the search for a visit with why it is no case, and the ledger."""

from django.contrib import messages
from django.db import transaction
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from zhiheng.audit.recording import MOST_SHOWN, log
from zhiheng.casefinding import actions, forms, ledger, lists, queries
from zhiheng.casefinding.models import Case, Visit
from zhiheng.casefinding.several import CASES
from zhiheng.casefinding.states import DECIDE, NotAllowed
from zhiheng.web import bulk
from zhiheng.web.access import permission_required
from zhiheng.web.partials import render_page

PAGE, PANEL = "casefinding/decision.html", "casefinding/_decision.html"


# The decision about a case -------------------------------------------------------------------------------------------


@permission_required("desk.view_cases")
@require_GET
def decision(request, code):
    case = _case(request, code)
    with transaction.atomic():
        log("casefinding.decision_opened", by=request.user, on=case)
    return render_page(request, PAGE, PANEL, _panel(request, case))


@permission_required(DECIDE)
@require_POST
def decide(request, code):
    case = _case(request, code)
    form = forms.DecideForm(case, request.POST)
    include = request.POST.get("include") == "1"

    def act():
        return actions.decide(
            case=case, include=include, answers=form.answers(), reason=form.cleaned_data["reason"], by=request.user
        )

    done = _("Decided: the case is to be filled in.") if include else _("Decided: the case need not be reported.")
    return _act(request, case, form, act, done, decide=form)


@permission_required(DECIDE)
@require_POST
def keep(request, code):
    """Let the decision stand that the records now speak against."""
    case = _case(request, code)
    form = forms.ReasonForm(request.POST, prefix="keep")

    def act():
        return actions.decide(
            case=case,
            include=case.decision == Case.Decision.IN,
            reason=form.cleaned_data["reason"],
            by=request.user,
        )

    return _act(request, case, form, act, _("The decision stands."), keep=form)


@permission_required(DECIDE)
@require_POST
def exclude(request, code):
    case = _case(request, code)
    form = forms.ExcludeForm([case], request.POST, prefix="exclude")

    def act():
        return actions.exclude(case=case, reason=form.reason(), by=request.user)

    return _act(request, case, form, act, _("Excluded. It can be restored at any time."), exclude=form)


@permission_required(DECIDE)
@require_POST
def restore(request, code):
    case = _case(request, code)
    form = forms.ReasonForm(request.POST, prefix="restore")

    def act():
        return actions.restore(case=case, reason=form.cleaned_data["reason"], by=request.user)

    return _act(request, case, form, act, _("Restored."), restore=form)


@permission_required(DECIDE)
@require_POST
def move(request, code):
    case = _case(request, code)
    form = forms.DiseaseForm(request.POST, prefix="move", without=case.abbr)

    def act():
        return actions.move(
            case=case, abbr=form.cleaned_data["abbr"], reason=form.cleaned_data["reason"], by=request.user
        )

    return _act(request, case, form, act, _("Moved: this is the case of the other disease."), move=form)


@permission_required(DECIDE)
@require_POST
def assign(request, code):
    case = _case(request, code)
    form = forms.AssignForm([case], request.POST, prefix="assign")

    def act():
        return actions.assign(case=case, staff=form.chosen(), by=request.user)

    return _act(request, case, form, act, _("Assigned."), assign=form)


@permission_required(DECIDE)
@require_POST
def several(request):
    """Do one thing with the cases that were ticked in a list."""
    cases = Case.objects.visible_to(request.user)
    return bulk.respond(request, CASES, cases.select_related("pack_version", "department", "assigned_to"))


def _case(request, code):
    cases = Case.objects.visible_to(request.user)
    return get_object_or_404(cases.select_related("pack_version", "department", "assigned_to", "moved_to"), code=code)


def _act(request, case, form, act, done, **typed):
    """Do it and go to the case, or show the panel again with what was typed and what stands against it."""
    problem, status = "", 422
    if form.is_valid():
        try:
            case = act()
        except NotAllowed as refused:
            problem, status = str(refused), 409
            case = _case(request, case.code)
        else:
            messages.success(request, done)
            return redirect("casefinding:decision", case.code)
    return render_page(request, PAGE, PANEL, _panel(request, case, problem=problem, **typed), status=status)


def _panel(request, case, problem="", **typed):
    """Return what the panel shows: what records and people say, and the forms that are open to this person now."""
    may = queries.open_acts(case, request.user)
    made = {
        "decide": lambda: forms.DecideForm(case),
        "keep": lambda: forms.ReasonForm(prefix="keep"),
        "exclude": lambda: forms.ExcludeForm([case], prefix="exclude"),
        "restore": lambda: forms.ReasonForm(prefix="restore"),
        "move": lambda: forms.DiseaseForm(prefix="move", without=case.abbr),
        "assign": lambda: forms.AssignForm([case], prefix="assign"),
    }
    return {
        "case": case,
        "panel": "decision",
        "may_decide": request.user.may(DECIDE, case.department_id),
        "may_see_packs": request.user.may("packversions.view"),
        "problem": problem,
        "opened": next(iter(typed), ""),
        "acts": {name: typed.get(name) or make() for name, make in made.items() if name in may},
        "grounds": queries.grounds_of(case),
        "events": case.events.select_related("by__staff"),
        "others": queries.other_cases(case, request.user),
    }


# Search --------------------------------------------------------------------------------------------------------------


@permission_required("casefinding.search")
@require_http_methods(["GET", "POST"])
def search(request):
    form = forms.SearchForm(request.POST or None)
    hits = None
    if form.is_bound and form.is_valid():
        hits = queries.search(form.cleaned_data["q"], request.user)
        with transaction.atomic():
            shown = [each.code for each in hits.visits[:MOST_SHOWN]]
            log("casefinding.searched", by=request.user, found_by=list(hits.by), count=len(hits.visits), shown=shown)
    rows = queries.with_cases(hits.visits, request.user) if hits else []
    return render(request, "casefinding/search.html", {"form": form, "hits": hits, "rows": rows})


@permission_required("casefinding.search")
@require_GET
def visit(request, pk):
    """One visit: its cases, and for a chosen disease clause by clause why it is one, or is none."""
    found = _visit(request, pk)
    form = forms.WhyForm(request.GET or None)
    abbr = form.cleaned_data["disease"] if form.is_bound and form.is_valid() else ""
    with transaction.atomic():
        log("casefinding.visit_opened", by=request.user, on=found, disease=abbr)
    return render(request, "casefinding/visit.html", _visit_page(request, found, abbr, why=form))


@permission_required(DECIDE)
@require_POST
def add(request, pk):
    found = _visit(request, pk)
    form = forms.DiseaseForm(request.POST, prefix="add")
    problem = ""
    if form.is_valid():
        said = form.cleaned_data
        try:
            case = actions.add(
                abbr=said["abbr"], encounter_key=found.encounter_key, reason=said["reason"], by=request.user
            )
        except NotAllowed as refused:
            problem = str(refused)
        else:
            messages.success(request, _("Added: the case is to be filled in."))
            return redirect("casefinding:decision", case.code)
    page = _visit_page(request, found, "", add=form, problem=problem)
    return render(request, "casefinding/visit.html", page, status=409 if problem else 422)


def _visit(request, pk):
    visible = Visit.objects.visible_to(request.user).select_related("department", "campus")
    return get_object_or_404(visible, pk=pk, is_gone=False)


def _visit_page(request, found, abbr, *, why=None, add=None, problem=""):
    try:
        explanations = queries.why(abbr, found) if abbr else []
    except LookupError as unknown:
        raise Http404 from unknown
    may_add = request.user.may(DECIDE, found.department_id)
    return {
        "visit": found,
        "cases": queries.cases_of(found, request.user),
        "why": why or forms.WhyForm(initial={"disease": abbr}),
        "explanations": explanations,
        "add": (add or forms.DiseaseForm(prefix="add", initial={"abbr": abbr})) if may_add else None,
        "problem": problem,
    }


# Ledger --------------------------------------------------------------------------------------------------------------


@permission_required("casefinding.ledger")
@require_GET
def ledgers(request):
    asked = ledger.read(request.GET)
    return render(request, "casefinding/ledger.html", {"asked": asked, **ledger.page(asked, request.user)})


@permission_required("casefinding.ledger")
@require_http_methods(["GET", "POST"])
def ledger_visits(request):
    return lists.VisitsOfLedger(request, lists.visits_for(request.user)).respond("casefinding/ledger_list.html")


@permission_required("casefinding.ledger")
@require_http_methods(["GET", "POST"])
def ledger_cases(request):
    return lists.CasesOfLedger(request, lists.cases_for(request.user)).respond("casefinding/ledger_list.html")
