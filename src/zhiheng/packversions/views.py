"""Pages: the diseases with their versions, one version and its approval, and what is uploaded."""

from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from zhiheng.packversions import actions, panels, queries
from zhiheng.packversions.forms import UploadForm
from zhiheng.packversions.models import PackVersion, Upload
from zhiheng.packversions.uploads import BOUNDS
from zhiheng.web.access import permission_required, takes_files
from zhiheng.web.archives import Refused
from zhiheng.web.partials import render_page

LATELY = 20  # uploads on the page of uploads


@permission_required("packversions.view")
@require_GET
def version_list(request):
    stretches = {}
    for each in queries.in_force():
        stretches.setdefault(each.version.pk, []).append(each)
    versions = PackVersion.objects.select_related("author__staff", "approved_by__staff")
    rows = [(version, stretches.get(version.pk, [])) for version in versions]
    waiting = sum(not version.is_approved for version, _stretches in rows)
    context = {"rows": rows, "waiting": waiting, "may_upload": request.user.may("packversions.manage")}
    return render(request, "packversions/list.html", context)


@permission_required("packversions.view")
@require_GET
def version_detail(request, pk):
    version = get_object_or_404(PackVersion.objects.select_related("author__staff", "approved_by__staff"), pk=pk)
    return render(request, "packversions/version.html", _page_of(request, version))


@permission_required("packversions.manage")
@require_POST
def approve(request, pk):
    version = get_object_or_404(PackVersion, pk=pk)
    seen = request.POST.get("compared_with", "")
    try:
        actions.approve(version=version, by=request.user, compared_with=int(seen) if seen.isdecimal() else None)
    except actions.CannotApprove as problem:
        return render(
            request, "packversions/version.html", {**_page_of(request, version), "problem": problem}, status=409
        )
    messages.success(request, _("Approved. The visits discharged within its validity are being screened again."))
    return redirect("packversions:version", version.pk)


@permission_required("packversions.manage")
@takes_files(BOUNDS.bytes)
@require_http_methods(["GET", "POST"])
def upload(request):
    form = UploadForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        said = form.cleaned_data
        dates = {"valid_from": said["valid_from"], "valid_until": said["valid_until"]}
        try:
            found = actions.upload(name=said["file"].name, stream=said["file"], by=request.user, **dates)
        except Refused as problem:
            form.add_error("file", str(problem))
        else:
            return redirect("packversions:uploaded", found.pk)
    lately = Upload.objects.select_related("by__staff", "version").defer("files", "problems", "warnings")[:LATELY]
    context = {"form": form, "lately": lately}
    return render(request, "packversions/upload.html", context, status=422 if form.errors else 200)


@permission_required("packversions.manage")
@require_GET
def uploaded(request, pk):
    found = get_object_or_404(Upload.objects.select_related("by__staff", "version").defer("files"), pk=pk)
    return render_page(request, "packversions/uploaded.html", "packversions/_uploaded.html", {"upload": found})


def _page_of(request, version):
    may_manage = request.user.may("packversions.manage") and not version.is_approved
    return {
        "version": version,
        "stretches": [each for each in queries.in_force(version.abbr) if each.version == version],
        "said": queries.describe(version),
        "who": queries.who(version),
        "sections": queries.sections(version),
        "files": version.files.values_list("path", flat=True),
        "comparison": queries.comparison(version),
        "may_approve": may_manage and version.author != request.user,
        "is_own": may_manage and version.author == request.user,
        "panels": panels.of(request, version),
    }
