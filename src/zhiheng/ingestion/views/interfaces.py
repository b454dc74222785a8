"""The ways in which records come: list, add, change, look now."""

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import Count
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from zhiheng.ingestion import actions
from zhiheng.ingestion.forms import InterfaceForm
from zhiheng.ingestion.models import Interface
from zhiheng.web.access import permission_required


@permission_required("ingestion.view")
@require_GET
def interface_list(request):
    rows = Interface.objects.annotate(count=Count("batches")).order_by("name")
    return render(
        request, "ingestion/interfaces.html", {"rows": rows, "may_manage": request.user.may("ingestion.manage")}
    )


@permission_required("ingestion.manage")
@require_http_methods(["GET", "POST"])
def interface_add(request):
    return _edit(request, None)


@permission_required("ingestion.manage")
@require_http_methods(["GET", "POST"])
def interface_change(request, pk):
    return _edit(request, get_object_or_404(Interface, pk=pk))


@permission_required("ingestion.manage")
@require_POST
def interface_look(request, pk):
    interface = get_object_or_404(Interface, pk=pk)
    batches = actions.look(interface=interface, by=request.user)
    if interface.problem:
        messages.error(request, interface.problem)
    elif batches:
        messages.success(request, _("%(count)d deliveries were taken in.") % {"count": len(batches)})
    else:
        messages.info(request, _("Nothing new lies there in full. Files are taken once they have stopped changing."))
    return redirect("ingestion:interfaces")


def _edit(request, interface):
    form = InterfaceForm(request.POST or None, instance=interface)
    if request.method == "POST" and form.is_valid():
        try:
            if interface is None:
                actions.add_interface(by=request.user, **form.cleaned_data)
            else:
                actions.change_interface(interface=interface, by=request.user, **form.cleaned_data)
        except ValidationError as problem:
            for name, errors in problem.message_dict.items():
                form.add_error(name if name in form.fields else None, errors)
        else:
            messages.success(request, _("Saved."))
            return redirect("ingestion:interfaces")
    status = 422 if form.errors else 200
    return render(request, "ingestion/interface.html", {"form": form, "interface": interface}, status=status)
