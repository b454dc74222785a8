"""What every request with a session is held to: its clocks, and what its account must do first."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from zhiheng.accounts import sessions
from zhiheng.accounts.actions.login import log_out

STEPS = {"password": "accounts:password", "totp": "accounts:totp"}
ALWAYS_OPEN = {*STEPS.values(), "accounts:logout", "web:language", "web:theme"}


class SessionLimits:
    """End sessions that were idle or open too long, and lead to the step that is due before anything else."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        if request.user.is_authenticated and sessions.is_over(request, timezone.now()):
            end_session(request)
        return self.get_response(request)

    def process_view(self, request, view, args, kwargs):
        if not request.user.is_authenticated:
            return None
        if not getattr(view, "is_background", False):
            sessions.note_activity(request, timezone.now())
        due = request.session[sessions.KEY]["due"]
        if due and request.resolver_match.view_name not in ALWAYS_OPEN:
            return lead_to(request, reverse(STEPS[due]))
        return None


def end_session(request):
    state = request.session.get(sessions.KEY) or {"until": 0}
    why = "too_long" if timezone.now().timestamp() > state["until"] else "idle"
    log_out(request, why=why)
    if why == "idle":
        messages.info(
            request, _("You were logged out after a time without activity. Nothing that was marked as saved is lost.")
        )
    else:
        messages.info(request, _("Your session had been open for its longest time. Log in again."))


def lead_to(request, address):
    if request.headers.get("HX-Request") == "true":
        return HttpResponse(status=204, headers={"HX-Redirect": address})
    return redirect(address)
