"""Staff with their accounts: the list, one person, and the file of all."""

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import Q
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from zhiheng.accounts import actions, failures, sessions
from zhiheng.accounts.forms import MOST_BYTES, AccountForm, GrantForm, StaffFileForm, StaffForm
from zhiheng.accounts.models import Role, Staff, User
from zhiheng.accounts.staff_file import CannotRead, read_staff
from zhiheng.accounts.trees import filter_options, within
from zhiheng.web.access import permission_required, takes_files
from zhiheng.web.listing import Boolean, Choice, Column, Empty, Listing, Search, Tree

UPLOADED = "zhiheng.staff_file"


def find_people(rows, text):
    return rows.filter(
        Q(name__icontains=text)
        | Q(code__istartswith=text)
        | Q(initials__startswith=text.lower())
        | Q(pinyin__startswith=text.lower())
        | Q(account__username__icontains=text.lower())
    )


def account_of(staff):
    return getattr(staff, "account", None)


class People(Listing):
    name = "people"
    title = gettext_lazy("Staff and accounts")
    columns = (
        Column(
            "code",
            gettext_lazy("Staff number"),
            sort="code",
            always=True,
            link=lambda s: reverse("accounts:person", args=[s.pk]),
        ),
        Column("name", gettext_lazy("Full name"), sort="pinyin"),
        Column("department", gettext_lazy("Department"), value="department.name", sort="department__code"),
        Column("title", gettext_lazy("Professional title"), sort="title", default=False),
        Column("account", gettext_lazy("Account"), value="account.username", sort="account__username"),
        Column("roles", gettext_lazy("Roles"), template="accounts/_roles.html", export=lambda s, _user: roles_of(s)),
        Column(
            "state", gettext_lazy("State"), template="accounts/_account_state.html", export=lambda s, _user: state_of(s)
        ),
        Column("seen", gettext_lazy("Last active"), value="account.last_seen_at", sort="account__last_seen_at"),
        Column("left", gettext_lazy("Left on"), value="left_on", sort="left_on", default=False),
    )
    filters = (
        Tree("department", gettext_lazy("Department"), field="department", options=filter_options, within=within),
        Choice("role", gettext_lazy("Role"), field="account__grants__role", choices=Role.choices),
        Boolean(
            "account", gettext_lazy("Has an account"), condition=Q(account__isnull=False), otherwise=gettext_lazy("No")
        ),
        Boolean("left", gettext_lazy("Has left"), condition=Q(left_on__isnull=False), otherwise=gettext_lazy("No")),
    )
    search = Search(gettext_lazy("Name, pinyin, staff number or user name"), find=find_people)
    order = "name"
    empty = Empty(
        gettext_lazy("No staff yet"), gettext_lazy("Enter people one by one, or take them over from a CSV file.")
    )


def roles_of(staff):
    account = account_of(staff)
    return [grant.get_role_display() for grant in account.grants.all()] if account else []


def state_of(staff):
    account = account_of(staff)
    if staff.left_on:
        return _("Has left")
    return "" if account is None else _("Active") if account.is_active else _("Disabled")


@permission_required("accounts.view")
@require_http_methods(["GET", "HEAD", "POST"])
def people(request):
    rows = Staff.objects.select_related("department", "account").prefetch_related("account__grants").distinct()
    context = {"locked": failures.locked_accounts(), "may_manage": request.user.may("accounts.manage")}
    return People(request, rows).respond("accounts/people.html", context)


@permission_required("accounts.view")
@require_http_methods(["GET", "HEAD"])
def person(request, pk):
    staff = get_object_or_404(Staff.objects.select_related("department", "account"), pk=pk)
    return show_person(request, staff)


def show_person(request, staff, *, status=200, **forms):
    account = account_of(staff)
    context = {
        "staff": staff,
        "account": account,
        "is_oneself": account == request.user,
        "may_manage": request.user.may("accounts.manage"),
        "may_grant": request.user.may("accounts.grant"),
        "grants": account.grants.select_related("department").order_by("role", "pk") if account else [],
        "locked_until": account and failures.locked_accounts().get(account.username),
        "open_sessions": len(sessions.open_of(account)) if account else 0,
        "staff_form": StaffForm(instance=staff),
        "account_form": AccountForm(initial={"username": staff.code.lower()}),
        "grant_form": GrantForm(),
        **forms,
    }
    return render(request, "accounts/person.html", context, status=status)


@permission_required("accounts.manage")
@require_http_methods(["GET", "HEAD", "POST"])
def add_person(request):
    form = StaffForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        said = {name: value for name, value in form.cleaned_data.items() if name != "left_on"}
        staff = actions.add_staff(**said, by=request.user)
        messages.success(request, _("%(name)s is entered.") % {"name": staff.name})
        return redirect("accounts:person", staff.pk)
    return render(request, "accounts/add_person.html", {"form": form}, status=422 if form.errors else 200)


@permission_required("accounts.manage")
@require_POST
def change_person(request, pk):
    staff = get_object_or_404(Staff, pk=pk)
    form = StaffForm(request.POST, instance=staff)
    if not form.is_valid():
        return show_person(request, Staff.objects.get(pk=pk), staff_form=form, status=422)
    actions.change_staff(
        staff=staff, changes={name: form.cleaned_data[name] for name in form.changed_data}, by=request.user
    )
    messages.success(request, _("Saved."))
    return redirect("accounts:person", pk)


@permission_required("accounts.manage")
@require_POST
def make_account(request, pk):
    staff = get_object_or_404(Staff, pk=pk)
    form = AccountForm(request.POST)
    if form.is_valid():
        try:
            user, password = actions.make_account(staff=staff, by=request.user, **form.cleaned_data)
        except (actions.Refused, ValidationError) as refused:
            form.add_error("username", str(refused))
        else:
            return show_password(request, user, password)
    # Read again: the account that was not made still hangs on this one.
    return show_person(request, Staff.objects.get(pk=pk), account_form=form, status=422)


def show_password(request, user, password):
    """A first password is shown once, on no page that can be opened again."""
    return render(request, "accounts/first_password.html", {"account": user, "password": password})


def account_or_404(pk):
    return get_object_or_404(User.objects.select_related("staff"), pk=pk)


def on_account(request, pk, act, done):
    """Do something with an account, and show its person again with what came of it."""
    account = account_or_404(pk)
    try:
        act(user=account, by=request.user)
    except actions.Refused as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, done)
    return redirect("accounts:person", account.staff_id)


@permission_required("accounts.manage")
@require_POST
def reset_password(request, pk):
    account = account_or_404(pk)
    try:
        password = actions.reset_password(user=account, by=request.user)
    except actions.Refused as refused:
        messages.error(request, str(refused))
        return redirect("accounts:person", account.staff_id)
    return show_password(request, account, password)


@permission_required("accounts.manage")
@require_POST
def disable(request, pk):
    return on_account(request, pk, actions.disable, _("The account is disabled; its sessions have ended."))


@permission_required("accounts.manage")
@require_POST
def enable(request, pk):
    return on_account(request, pk, actions.enable, _("The account is enabled."))


@permission_required("accounts.grant")
@require_POST
def unlock(request, pk):
    return on_account(request, pk, actions.unlock, _("The account is unlocked."))


@permission_required("accounts.grant")
@require_POST
def reset_totp(request, pk):
    done = _("The authenticator is forgotten; a new one is set up at the next login.")
    return on_account(request, pk, actions.reset_totp, done)


@permission_required("accounts.manage")
@takes_files(2 * MOST_BYTES)  # the form itself says what is too large
@require_http_methods(["GET", "HEAD", "POST"])
def import_people(request):
    """Take staff over from a file: look at what was read, then enter it."""
    form = StaffFileForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        try:
            reading = read_staff(form.cleaned_data["file"])
        except CannotRead as problem:
            form.add_error("file", str(problem))
        else:
            request.session[UPLOADED] = form.cleaned_data["file"].decode("latin-1")
            return render(request, "accounts/import_preview.html", preview_of(reading))
    request.session.pop(UPLOADED, None)
    return render(request, "accounts/import.html", {"form": form}, status=422 if form.errors else 200)


def preview_of(reading):
    known = set(Staff.objects.values_list("code", flat=True))
    added = [row for row in reading.rows if row.code not in known]
    return {
        "rows": reading.rows[:50],
        "problems": reading.problems[:200],
        "row_count": len(reading.rows),
        "new_count": len(added),
        "known_count": len(reading.rows) - len(added),
        "problem_count": len({problem.line for problem in reading.problems}),
        "today": timezone.localdate(),
    }


@permission_required("accounts.manage")
@require_POST
def enter_people(request):
    """Enter the rows of the file that was looked at."""
    uploaded = request.session.pop(UPLOADED, None)
    if uploaded is None:
        messages.error(request, _("Choose the file again: the one you looked at is no longer there."))
        return redirect("accounts:import")
    counts = actions.import_staff(rows=read_staff(uploaded.encode("latin-1")).rows, by=request.user)
    messages.success(request, _("%(added)s people entered, %(changed)s changed, %(same)s as they were.") % counts)
    return redirect("accounts:people")
