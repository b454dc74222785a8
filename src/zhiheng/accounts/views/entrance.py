"""Log in, in one step or two, log out, and the very first accounts."""

from django.contrib import messages
from django.http import Http404
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme, urlencode
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from zhiheng.accounts import actions, queries
from zhiheng.accounts.actions.login import waiting_user
from zhiheng.accounts.actions.setup import Invalid
from zhiheng.accounts.forms import CodeForm, FirstForm, LoginForm, SetupForm
from zhiheng.accounts.roles import ADMINISTRATORS
from zhiheng.web import navigation
from zhiheng.web.access import login_not_required, permission_required


@login_not_required
@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def log_in(request):
    if request.user.is_authenticated:
        return redirect(after_login(request))
    if not queries.has_any_account():
        return redirect("accounts:setup")
    form = LoginForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            is_in = actions.start_login(request, **form.cleaned_data)
        except actions.Refused as refused:
            form.add_error(None, str(refused))
        else:
            return enter(request) if is_in else redirect(with_next(request, "accounts:code"))
    return render(request, "accounts/login.html", {"form": form, "next": asked_for(request)}, status=status_of(form))


@login_not_required
@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def enter_code(request):
    """The second step: the code of the authenticator."""
    if request.user.is_authenticated:
        return redirect(after_login(request))
    if waiting_user(request) is None:
        return redirect(with_next(request, "accounts:login"))
    form = CodeForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            actions.complete_with_code(request, **form.cleaned_data)
        except actions.Refused as refused:
            form.add_error(None, str(refused))
        else:
            return enter(request)
    return render(request, "accounts/code.html", {"form": form, "next": asked_for(request)}, status=status_of(form))


@permission_required("accounts.own")
@require_POST
def log_out(request):
    actions.log_out(request)
    messages.success(request, _("You are logged out."))
    return redirect("accounts:login")


@login_not_required
@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def set_up(request):
    """The first three administrators, with the token that was printed on the server; afterwards it does not exist."""
    if queries.has_any_account():
        raise Http404
    form = SetupForm(request.POST or None)
    people = {role: FirstForm(request.POST or None, prefix=role.value) for role in ADMINISTRATORS}
    bound = [form, *people.values()]
    # Each form is looked at, also after one was wrong: people see all problems at once.
    is_valid = all([each.is_valid() for each in bound])  # noqa: C419
    if is_valid and make_first(form, people):
        messages.success(request, _("The three administrators are made. Log in as the system administrator first."))
        return redirect("accounts:login")
    status = 422 if any(each.errors for each in bound) else 200
    context = {
        "form": form,
        "people": people.items(),
        "policy": queries.current_policy(),
        "is_refused": status == 422,
    }
    return render(request, "accounts/setup.html", context, status=status)


def make_first(form, people):
    said = form.cleaned_data
    accounts = [
        actions.First(role=role, **{name: value for name, value in each.cleaned_data.items() if name != "again"})
        for role, each in people.items()
    ]
    try:
        actions.use_setup_token(
            token=said["token"], organisation=(said["hospital_code"], said["hospital_name"]), accounts=accounts
        )
    except Invalid as invalid:
        people[invalid.role].add_error(invalid.field, str(invalid))
        return False
    except actions.Refused as refused:
        form.add_error("token", str(refused))
        return False
    return True


def enter(request):
    """Go where the person wanted to; say when the password will end soon."""
    policy = queries.current_policy()
    left = queries.password_days_left(request.user, policy)
    if 0 <= left <= policy.warning_days:
        messages.warning(request, _("Your password ends in %(days)s days. Change it in time.") % {"days": left})
    return redirect(after_login(request))


def after_login(request):
    """The page asked for, else the first of the person's menu: not every role has a work list."""
    if wanted := asked_for(request):
        return wanted
    return navigation.first_page(request) or reverse("accounts:own")


def asked_for(request):
    wanted = request.POST.get("next") or request.GET.get("next") or ""
    is_ours = url_has_allowed_host_and_scheme(wanted, {request.get_host()}, require_https=request.is_secure())
    return wanted if is_ours and wanted.startswith("/") and wanted != "/" else ""


def with_next(request, name):
    wanted = asked_for(request)
    return reverse(name) + (f"?{urlencode({'next': wanted})}" if wanted else "")


def status_of(form):
    return 422 if form.is_bound and form.errors else 200
