"""Who holds which role, and the policy."""

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import Q
from django.db.models.functions import Now, TruncDate
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from zhiheng.accounts import actions, queries
from zhiheng.accounts.forms import GrantForm, PolicyForm
from zhiheng.accounts.models import Grant, Role
from zhiheng.accounts.trees import filter_options, within
from zhiheng.accounts.views.people import account_or_404, show_person
from zhiheng.web.access import permission_required
from zhiheng.web.listing import Boolean, Choice, Column, Empty, Listing, Search, Tree


def find_grants(rows, text):
    return rows.filter(
        Q(user__username__icontains=text.lower())
        | Q(user__staff__name__icontains=text)
        | Q(user__staff__initials__startswith=text.lower())
    )


class Grants(Listing):
    name = "grants"
    title = gettext_lazy("Roles granted")
    columns = (
        Column(
            "user",
            gettext_lazy("Account"),
            value="user.username",
            sort="user__username",
            always=True,
            link=lambda grant: reverse("accounts:person", args=[grant.user.staff_id]),
        ),
        Column("name", gettext_lazy("Full name"), value="user.staff.name", sort="user__staff__pinyin"),
        Column("role", gettext_lazy("Role"), value=lambda grant: grant.get_role_display(), sort="role"),
        Column(
            "department",
            gettext_lazy("Department"),
            sort="department__code",
            value=lambda grant: grant.department.name if grant.department else _("Whole hospital"),
        ),
        Column("from", gettext_lazy("From"), value="valid_from", sort="valid_from"),
        Column("until", gettext_lazy("Until"), value="valid_until", sort="valid_until"),
    )
    filters = (
        Choice("role", gettext_lazy("Role"), choices=Role.choices),
        Tree("department", gettext_lazy("Department"), options=filter_options, within=within),
        Boolean(
            "over",
            gettext_lazy("No longer valid"),
            condition=Q(valid_until__lt=TruncDate(Now())),
            otherwise=gettext_lazy("No"),
        ),
    )
    search = Search(gettext_lazy("Name or user name"), find=find_grants)
    order = "user"
    empty = Empty(gettext_lazy("No roles yet"), gettext_lazy("Open a person in the list of staff to grant one."))


@permission_required("accounts.view")
@require_http_methods(["GET", "HEAD", "POST"])
def grants(request):
    return Grants(request, Grant.objects.select_related("user__staff", "department")).respond()


@permission_required("accounts.grant")
@require_POST
def grant(request, pk):
    account = account_or_404(pk)
    form = GrantForm(request.POST)
    if form.is_valid():
        try:
            actions.grant(user=account, by=request.user, **form.cleaned_data)
        except actions.Refused as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, _("The role is granted."))
            return redirect("accounts:person", account.staff_id)
    return show_person(request, account.staff, grant_form=form, status=422)


@permission_required("accounts.grant")
@require_POST
def revoke(request, pk):
    held = get_object_or_404(Grant.objects.select_related("user"), pk=pk)
    try:
        actions.revoke(grant=held, by=request.user)
    except actions.Refused as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, _("The role is taken back."))
    return redirect("accounts:person", held.user.staff_id)


@permission_required("accounts.policy")
@require_http_methods(["GET", "HEAD", "POST"])
def policy(request):
    present = queries.current_policy()
    form = PolicyForm(request.POST or None, instance=present)
    if request.method == "POST" and form.is_valid():
        try:
            changes = {name: form.cleaned_data[name] for name in form.changed_data}
            actions.change_policy(changes=changes, by=request.user)
        except ValidationError as problem:
            form.add_error(None, problem)
        else:
            messages.success(request, _("The policy is saved. It holds for everybody from the next login on."))
            return redirect("accounts:policy")
    return render(
        request, "accounts/policy.html", {"form": form, "policy": present}, status=422 if form.errors else 200
    )
