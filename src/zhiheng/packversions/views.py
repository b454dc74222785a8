"""Pages: the diseases with their versions, one version, and its approval."""

from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from zhiheng.packversions import actions, queries
from zhiheng.packversions.models import PackVersion
from zhiheng.web.access import permission_required


@permission_required("packversions.view")
@require_GET
def version_list(request):
    stretches = {}
    for each in queries.in_force():
        stretches.setdefault(each.version.pk, []).append(each)
    versions = PackVersion.objects.select_related("author__staff", "approved_by__staff")
    rows = [(version, stretches.get(version.pk, [])) for version in versions]
    waiting = sum(not version.is_approved for version, _stretches in rows)
    return render(request, "packversions/list.html", {"rows": rows, "waiting": waiting})


@permission_required("packversions.view")
@require_GET
def version_detail(request, pk):
    version = get_object_or_404(PackVersion.objects.select_related("author__staff", "approved_by__staff"), pk=pk)
    return render(request, "packversions/version.html", _page_of(request, version))


@permission_required("packversions.manage")
@require_POST
def approve(request, pk):
    version = get_object_or_404(PackVersion, pk=pk)
    try:
        actions.approve(version=version, by=request.user)
    except actions.CannotApprove as problem:
        return render(
            request, "packversions/version.html", {**_page_of(request, version), "problem": problem}, status=409
        )
    messages.success(request, _("Approved. The visits discharged within its validity are being screened again."))
    return redirect("packversions:version", version.pk)


def _page_of(request, version):
    older, changes = queries.changes(version)
    return {
        "version": version,
        "stretches": [each for each in queries.in_force(version.abbr) if each.version == version],
        "said": queries.describe(version),
        "who": queries.who(version),
        "sections": queries.sections(version),
        "files": version.files.values_list("path", flat=True),
        "older": older,
        "changes": changes,
        "may_approve": not version.is_approved
        and request.user.may("packversions.manage")
        and version.author != request.user,
    }
