"""The list of batches, one batch with its preview, progress and counts, and the upload."""

from django.contrib import messages
from django.db import transaction
from django.db.models import Count, Q
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from zhiheng.audit.recording import has_it_open, log
from zhiheng.ingestion import actions, showing
from zhiheng.ingestion.forms import UploadForm
from zhiheng.ingestion.models import Batch, Interface, Reject
from zhiheng.ingestion.unpacking import MOST_BYTES, unpacked
from zhiheng.web.access import permission_required, takes_files
from zhiheng.web.archives import Refused
from zhiheng.web.listing import Choice, Column, DateRange, Empty, Listing, StateColumn
from zhiheng.web.partials import is_partial, render_page

IN_WORK = (Batch.State.RECEIVED, Batch.State.WAITING, Batch.State.RUNNING)
STATES = [(state.value, state.label) for state in Batch.State]


def total(kind):
    return lambda batch: sum(count.get(kind, 0) for count in batch.counts.values()) if batch.runs else None


def interfaces(_request):
    return list(Interface.objects.order_by("name").values_list("pk", "name"))


class Batches(Listing):
    name = "batches"
    title = gettext_lazy("Deliveries")
    columns = (
        Column(
            "batch",
            gettext_lazy("Batch"),
            value="code",
            sort="pk",
            always=True,
            link=lambda batch: reverse("ingestion:batch", args=[batch.pk]),
        ),
        Column("interface", gettext_lazy("Interface"), value="interface.name", sort="interface__name"),
        StateColumn("state", gettext_lazy("State"), sort="state"),
        Column("origin", gettext_lazy("Came by"), value=lambda batch: batch.get_origin_display(), sort="origin"),
        Column("received", gettext_lazy("Received"), value="received_at", sort="received_at"),
        Column("by", gettext_lazy("By"), value="by.staff.name", sort="by__staff__name"),
        Column("new", gettext_lazy("New"), value=total("new"), align="end"),
        Column("corrected", gettext_lazy("Corrected"), value=total("corrected"), align="end"),
        Column("unchanged", gettext_lazy("Unchanged"), value=total("unchanged"), align="end", default=False),
        Column("retired", gettext_lazy("Retired"), value=total("retired"), align="end"),
        Column("rejects", gettext_lazy("Open rejects"), value="open_rejects", sort="open_rejects", align="end"),
        Column("finished", gettext_lazy("Finished"), value="finished_at", sort="finished_at", default=False),
    )
    filters = (
        Choice("state", gettext_lazy("State"), field="state", choices=STATES),
        Choice("interface", gettext_lazy("Interface"), field="interface_id", choices=interfaces),
        DateRange("received", gettext_lazy("Received"), field="received_at"),
    )
    order = "-batch"
    empty = Empty(
        gettext_lazy("No deliveries yet"),
        gettext_lazy("Upload files, or let the maintenance engineer set up an interface that watches a folder."),
    )


@permission_required("ingestion.view")
@require_http_methods(["GET", "POST"])
def batch_list(request):
    is_open = Q(rejects__state=Reject.State.OPEN) & ~Q(rejects__effect="noted")
    rows = Batch.objects.select_related("interface", "by__staff").annotate(open_rejects=Count("rejects", is_open))
    return Batches(request, rows.defer("sealed", "progress")).respond(
        "ingestion/batches.html", {"has_interface": Interface.objects.filter(is_enabled=True).exists()}
    )


@permission_required("ingestion.view")
@require_GET
def batch_detail(request, pk):
    batch = get_object_or_404(Batch.objects.select_related("interface", "by__staff"), pk=pk)
    # A batch in work is looked at every few seconds by the page itself.
    if not (is_partial(request) and batch.state in IN_WORK and has_it_open(by=request.user, code=batch.code)):
        with transaction.atomic():
            log("ingestion.batch_opened", by=request.user, on=batch, preview=batch.state == Batch.State.PREVIEWED)
    return render_page(request, "ingestion/batch.html", "ingestion/_batch.html", page_of(request, batch))


@permission_required("ingestion.upload")
@takes_files(MOST_BYTES)
@require_http_methods(["GET", "POST"])
def upload(request):
    form = UploadForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        files = ((file.name, file) for file in form.cleaned_data["files"])
        try:
            batch = actions.receive(files=unpacked(files), interface=form.cleaned_data["interface"], by=request.user)
        except Refused as problem:
            form.add_error("files", str(problem))
        else:
            if batch.by != request.user or batch.state not in (Batch.State.RECEIVED, Batch.State.PREVIEWED):
                messages.info(request, _("These very files were received before, as this batch. Nothing was added."))
            return redirect("ingestion:batch", batch.pk)
    status = 422 if form.errors else 200
    return render(request, "ingestion/upload.html", {"form": form}, status=status)


@permission_required("ingestion.upload")
@require_POST
def confirm(request, pk):
    return _do(request, pk, actions.confirm, _("The batch is being stored."))


@permission_required("ingestion.upload")
@require_POST
def cancel(request, pk):
    return _do(request, pk, actions.cancel, _("Cancelled."))


@permission_required("ingestion.upload")
@require_POST
def run_again(request, pk):
    return _do(request, pk, actions.run_again, _("The files are read again, with the corrections made since."))


def _do(request, pk, action, done):
    batch = get_object_or_404(Batch.objects.select_related("interface", "by__staff"), pk=pk)
    try:
        action(batch=batch, by=request.user)
    except actions.CannotDo as problem:
        batch.refresh_from_db()
        return render(request, "ingestion/batch.html", {**page_of(request, batch), "problem": str(problem)}, status=409)
    messages.success(request, done)
    return redirect("ingestion:batch", pk)


def page_of(request, batch):
    may_upload = request.user.may("ingestion.upload")
    sealed = batch.sealed or {}
    preview = sealed.get("preview") if batch.state == Batch.State.PREVIEWED else None
    return {
        "batch": batch,
        "is_in_work": batch.state in IN_WORK,
        "preview": preview
        and {
            **preview,
            "tables": showing.by_table(preview["tables"]),
            "rejects": [_previewed(each, request.user) for each in preview["rejects"]],
        },
        "files": sealed.get("files", ()),
        "read": sealed.get("read", ()),
        "counts": showing.by_table(batch.counts),
        "kinds": showing.kinds(batch, request.user),
        "percent": _percent(batch.progress),
        "may_confirm": may_upload and batch.state == Batch.State.PREVIEWED,
        "may_cancel": may_upload
        and (
            batch.state == Batch.State.RUNNING
            or (batch.state in (*IN_WORK, Batch.State.PREVIEWED, Batch.State.FAILED) and not batch.runs)
        ),
        "may_run_again": may_upload and batch.state in (Batch.State.FAILED, Batch.State.STORED) and not batch.purged_at,
        "pending": batch.rejects.filter(is_pending=True).count(),
    }


def _previewed(reject, user):
    said = showing.shown(Reject(sealed=reject), user)
    return {"field": reject["field"], "effect": showing.effect_name(reject["effect"]), "said": said}


def _percent(progress):
    total = progress.get("total") or 0
    return min(100, round(100 * progress.get("done", 0) / total)) if total else 0
