"""One's own account: password, authenticator, sessions."""

from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.http import Http404
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from zhiheng.accounts import actions, queries, sessions, totp
from zhiheng.accounts.forms import ConfirmForm, EnrolForm, PasswordForm
from zhiheng.web.access import permission_required

ENROLLING = "zhiheng.enrolling"


@permission_required("accounts.own")
@require_GET
def own(request):
    user, policy = request.user, queries.current_policy()
    context = {
        "grants": user.grants.select_related("department").order_by("role"),
        "password_days": queries.password_days_left(user, policy),
        "never": queries.NEVER,
        "needs_totp": queries.needs_totp(user, policy),
        "codes_left": user.recovery_codes.count(),
        "sign_ins": sessions.open_of(user),
        "confirm": ConfirmForm(),
    }
    return render(request, "accounts/own.html", context)


@permission_required("accounts.own")
@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def change_password(request):
    is_due = request.session[sessions.KEY]["due"] == "password"
    form = PasswordForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            actions.change_password(user=request.user, old=form.cleaned_data["old"], new=form.cleaned_data["new"])
        except actions.Refused as refused:
            form.add_error(None, str(refused))
        else:
            keep_this_session_alone(request)
            messages.success(request, _("The password is changed. Your other sessions have ended."))
            return redirect("accounts:own")
    context = {"form": form, "policy": queries.current_policy(), "frame": frame(is_due), "is_due": is_due}
    return render(request, "accounts/password.html", context, status=422 if form.errors else 200)


def keep_this_session_alone(request):
    old = request.session.session_key
    update_session_auth_hash(request, request.user)  # gives the session a new key
    sessions.renamed(old, request)
    sessions.end_all(request.user, except_key=request.session.session_key)
    sessions.refresh_due(request)


def frame(is_due):
    """Before a due step nothing else can be opened: no menu is shown that would lead nowhere."""
    return "web/plain.html" if is_due else "web/base.html"


@permission_required("accounts.own")
@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def set_up_totp(request):
    """Enrol an authenticator: scan, type one code, keep the recovery codes."""
    is_due = request.session[sessions.KEY]["due"] == "totp"
    if request.user.has_totp:
        return redirect("accounts:own")
    secret = request.session.setdefault(ENROLLING, totp.new_secret())
    form = EnrolForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            codes = actions.enrol(user=request.user, secret=secret, code=form.cleaned_data["code"])
        except actions.Refused as refused:
            form.add_error("code", str(refused))
        else:
            del request.session[ENROLLING]
            sessions.refresh_due(request)
            return show_codes(request, codes)
    context = {
        "form": form,
        "picture": totp.picture(secret, request.user.username),
        "secret": " ".join(secret[i : i + 4] for i in range(0, len(secret), 4)),
        "frame": frame(is_due),
        "is_due": is_due,
    }
    return render(request, "accounts/totp.html", context, status=422 if form.errors else 200)


def show_codes(request, codes):
    return render(request, "accounts/codes.html", {"codes": codes})


@permission_required("accounts.own")
@sensitive_post_parameters()
@require_POST
def renew_codes(request):
    return confirmed(request, lambda said: show_codes(request, actions.new_recovery_codes(user=request.user, **said)))


@permission_required("accounts.own")
@sensitive_post_parameters()
@require_POST
def remove_totp(request):
    def remove(said):
        actions.disenrol(user=request.user, **said)
        messages.success(request, _("The authenticator is removed."))
        return redirect("accounts:own")

    return confirmed(request, remove)


def confirmed(request, act):
    """Do what needs the password once more."""
    form = ConfirmForm(request.POST)
    try:
        if form.is_valid():
            return act(form.cleaned_data)
        messages.error(request, _("Type your password to confirm."))
    except actions.Refused as refused:
        messages.error(request, str(refused))
    return redirect("accounts:own")


@permission_required("accounts.own")
@require_POST
def end_sessions(request, pk=None):
    """End one's other sessions, or one of them."""
    others = [s for s in sessions.open_of(request.user) if s.session_key != request.session.session_key]
    if pk is not None:
        others = [s for s in others if s.pk == pk]
        if not others:
            raise Http404
    ended = actions.end_sessions(sign_ins=others, by=request.user)
    messages.success(
        request, ngettext("%(count)s session ended.", "%(count)s sessions ended.", ended) % {"count": ended}
    )
    return redirect("accounts:own")
