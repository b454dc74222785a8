"""The list of rejects, and one reject with what can be done about it."""

from django.contrib import messages
from django.db import transaction
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from zhiheng.audit.recording import log
from zhiheng.ingestion import actions, showing
from zhiheng.ingestion.forms import CorrectionForm, DismissalForm
from zhiheng.ingestion.models import Batch, Reject
from zhiheng.web.access import permission_required
from zhiheng.web.listing import Choice, Column, Empty, Listing, StateColumn, Text

EFFECTS = [
    ("file", gettext_lazy("file set aside")),
    ("row", gettext_lazy("row set aside")),
    ("field", gettext_lazy("field left empty")),
    ("noted", gettext_lazy("only noted")),
]
LATEST = 200  # batches to choose from


def batches(_request):
    found = Batch.objects.filter(rejects__isnull=False).select_related("interface").distinct()[:LATEST]
    return [(batch.pk, f"{batch.code} {batch.interface.name}") for batch in found]


def kinds(_request):
    return [(kind, kind) for kind in Reject.objects.order_by("kind").values_list("kind", flat=True).distinct()]


def columns_for(user):
    """The columns, values masked for those who may not see patients' data."""

    def said(name):
        return lambda reject: getattr(showing.shown_once(reject, user), name)

    return (
        Column(
            "reject",
            gettext_lazy("Reject"),
            value="code",
            sort="pk",
            always=True,
            link=lambda reject: reverse("ingestion:reject", args=[reject.pk]),
        ),
        StateColumn("state", gettext_lazy("State"), sort="state"),
        Column("file", gettext_lazy("File"), value=said("file")),
        Column("row", gettext_lazy("Row"), value=said("row")),
        Column("field", gettext_lazy("Field"), sort="field", template="web/_nowrap.html"),
        Column("found", gettext_lazy("Found"), value=said("found")),
        Column("reason", gettext_lazy("Reason"), value=said("reason"), template="web/_clamp.html", width=40),
        Column(
            "remedy",
            gettext_lazy("What to do"),
            value=said("remedy"),
            template="web/_clamp.html",
            default=False,
            width=40,
        ),
        Column(
            "effect",
            gettext_lazy("Effect"),
            value=lambda reject: showing.effect_name(reject.effect),
            sort="effect",
            template="web/_nowrap.html",
        ),
        Column("kind", gettext_lazy("Kind"), sort="kind", default=False),
    )


class Rejects(Listing):
    name = "rejects"
    title = gettext_lazy("Rejects")
    filters = (
        Choice("state", gettext_lazy("State"), field="state", choices=Reject.State.choices),
        Choice("batch", gettext_lazy("Batch"), field="batch_id", choices=batches, several=False),
        Choice("effect", gettext_lazy("Effect"), field="effect", choices=EFFECTS),
        Choice("kind", gettext_lazy("Kind"), field="kind", choices=kinds),
        Text("field", gettext_lazy("Field"), field="field"),
    )
    order = "-reject"
    empty = Empty(
        gettext_lazy("No rejects"), gettext_lazy("Everything that was delivered could be taken as it was."), "check"
    )

    def __init__(self, request, rows):
        super().__init__(request, rows)
        self.columns = columns_for(request.user)


@permission_required("ingestion.view")
@require_http_methods(["GET", "POST"])
def reject_list(request):
    return Rejects(request, Reject.objects.select_related("batch").defer("batch__sealed")).respond()


@permission_required("ingestion.view")
@require_GET
def reject_detail(request, pk):
    reject = _reject(pk)
    with transaction.atomic():
        log("ingestion.reject_opened", by=request.user, on=reject)
    return render(request, "ingestion/reject.html", page_of(request, reject))


@permission_required("ingestion.rejects")
@require_POST
def correct(request, pk):
    reject, form = _reject(pk), CorrectionForm(request.POST)
    if not form.is_valid():
        return _again(request, reject, correction=form)
    return _do(
        request, reject, actions.correct, _("Noted. It takes effect when the batch is read again."), **form.cleaned_data
    )


@permission_required("ingestion.rejects")
@require_POST
def dismiss(request, pk):
    reject, form = _reject(pk), DismissalForm(request.POST)
    if not form.is_valid():
        return _again(request, reject, dismissal=form)
    return _do(request, reject, actions.dismiss, _("Dismissed."), **form.cleaned_data)


@permission_required("ingestion.rejects")
@require_POST
def reopen(request, pk):
    return _do(request, _reject(pk), actions.reopen, _("Open again."))


def _reject(pk):
    return get_object_or_404(Reject.objects.select_related("batch__interface", "decided_by__staff"), pk=pk)


def _do(request, reject, action, done, **fields):
    try:
        action(reject=reject, by=request.user, **fields)
    except actions.CannotDo as problem:
        return _again(request, reject, problem=str(problem))
    messages.success(request, done)
    return redirect("ingestion:reject", reject.pk)


def _again(request, reject, **more):
    return render(request, "ingestion/reject.html", {**page_of(request, reject), **more}, status=422)


def page_of(request, reject):
    may_decide = request.user.may("ingestion.rejects")
    alike = reject.batch.rejects.filter(kind=reject.kind, field=reject.field, state=Reject.State.OPEN).exclude(
        pk=reject.pk
    )
    return {
        "reject": reject,
        "said": showing.shown(reject, request.user),
        "effect": showing.effect_name(reject.effect),
        "correction": CorrectionForm() if may_decide and showing.is_correctable(reject) else None,
        "dismissal": DismissalForm() if may_decide else None,
        "may_decide": may_decide,
        "is_open": reject.state == Reject.State.OPEN,
        "alike": alike.count(),
        "next": alike.filter(number__gt=reject.number).order_by("number").first(),
        "pending": reject.batch.rejects.filter(is_pending=True).count(),
        "may_run_again": may_decide and not reject.batch.purged_at and reject.batch.state == Batch.State.STORED,
    }
