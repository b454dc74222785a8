"""The tree of departments, as it is and as it was."""

from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from zhiheng.accounts import actions, queries, seen
from zhiheng.accounts.forms import CampusForm, DepartmentForm, LastDayForm, RenameForm
from zhiheng.accounts.models import Campus, Department
from zhiheng.accounts.trees import tree
from zhiheng.web.access import permission_required


@permission_required("accounts.view")
@require_GET
def departments(request):
    today, everything = timezone.localdate(), "all" in request.GET
    rows = Department.objects.select_related("campus")
    return render(
        request,
        "accounts/departments.html",
        {
            "places": list(tree(rows if everything else rows.on(today))),
            "everything": everything,
            "today": today,
            "unknown": seen.unknown_departments(),
            "campuses": Campus.objects.order_by("code"),
            "may_manage": request.user.may("accounts.manage"),
        },
    )


@permission_required("accounts.manage")
@require_http_methods(["GET", "HEAD", "POST"])
def add_department(request):
    form = DepartmentForm(request.POST or None, initial=request.GET.dict())
    if request.method == "POST" and form.is_valid():
        try:
            added = actions.add_department(organisation=queries.organisation(), by=request.user, **form.cleaned_data)
        except actions.Refused as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, _("%(name)s is added.") % {"name": added.name})
            return redirect("accounts:departments")
    return render(request, "accounts/add_department.html", {"form": form}, status=422 if form.errors else 200)


@permission_required("accounts.manage")
@require_POST
def add_seen(request):
    """Make a department of a code that records carry, with the name they give it."""
    code = request.POST.get("code", "")
    name = dict(seen.unknown_departments()).get(code)
    if name is not None:
        try:
            actions.add_department(organisation=queries.organisation(), code=code, name=name or code, by=request.user)
            messages.success(request, _("%(name)s is added.") % {"name": name or code})
        except actions.Refused as refused:
            messages.error(request, str(refused))
    return redirect("accounts:departments")


@permission_required("accounts.manage")
@require_GET
def department(request, pk):
    return show_department(request, get_object_or_404(Department, pk=pk))


def show_department(request, found, *, status=200, **forms):
    names = ("code", "name", "parent", "campus", "valid_from", "valid_until")
    context = {
        "department": found,
        "versions": Department.objects.filter(organisation=found.organisation, code=found.code).order_by("valid_from"),
        "form": DepartmentForm(initial={name: getattr(found, name) for name in names}, department=found),
        "rename": RenameForm(initial={"name": found.name}),
        "close": LastDayForm(),
        **forms,
    }
    return render(request, "accounts/department.html", context, status=status)


def on_department(request, pk, form, name, act):
    """Do something with a department by what was typed into one of its forms."""
    found = get_object_or_404(Department, pk=pk)
    if form.is_valid():
        try:
            act(found, form.cleaned_data)
        except actions.Refused as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, _("Saved."))
            return redirect("accounts:departments")
    return show_department(request, Department.objects.get(pk=pk), status=422, **{name: form})


@permission_required("accounts.manage")
@require_POST
def change_department(request, pk):
    form = DepartmentForm(request.POST, department=get_object_or_404(Department, pk=pk))

    def act(found, said):
        changes = {name: value for name, value in said.items() if getattr(found, name) != value}
        actions.change_department(department=found, changes=changes, by=request.user)

    return on_department(request, pk, form, "form", act)


@permission_required("accounts.manage")
@require_POST
def rename_department(request, pk):
    return on_department(
        request,
        pk,
        RenameForm(request.POST),
        "rename",
        lambda found, said: actions.rename_department(department=found, by=request.user, **said),
    )


@permission_required("accounts.manage")
@require_POST
def close_department(request, pk):
    return on_department(
        request,
        pk,
        LastDayForm(request.POST),
        "close",
        lambda found, said: actions.close_department(department=found, by=request.user, **said),
    )


@permission_required("accounts.manage")
@require_http_methods(["GET", "HEAD", "POST"])
def organisation(request):
    """The hospital and its campuses."""
    hospital = queries.organisation()
    known = Campus.objects.filter(code=request.GET.get("code", "")).first()
    form = CampusForm(request.POST or None, initial={"code": known.code, "name": known.name} if known else None)
    if request.method == "POST" and form.is_valid():
        campus = actions.save_campus(organisation=hospital, by=request.user, **form.cleaned_data)
        messages.success(request, _("%(name)s is saved.") % {"name": campus.name})
        return redirect("accounts:organisation")
    context = {"hospital": hospital, "campuses": Campus.objects.order_by("code"), "form": form}
    return render(request, "accounts/organisation.html", context, status=422 if form.errors else 200)
