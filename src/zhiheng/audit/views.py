"""The page of the audit administrator: who did what, and whether the trail is whole."""

import json

from django.contrib import messages
from django.db.models import Q
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from zhiheng.audit import details, jobs, sealing
from zhiheng.audit.events import label_of, rooms
from zhiheng.audit.models import Entry, Seal, Verification
from zhiheng.audit.verify import verify_and_keep
from zhiheng.web.access import permission_required
from zhiheng.web.listing import Boolean, Choice, Column, DateRange, Empty, Listing, Search, Text

AT_ONCE = 100_000  # links that are examined while somebody waits; more are a job's work


def find_person(rows, text):
    return rows.filter(
        Q(by__username__icontains=text.lower())
        | Q(by__staff__name__icontains=text)
        | Q(by__staff__initials__startswith=text.lower())
    )


def role_names(entry):
    """The roles held at that time, in words."""
    names = details.roles()
    return "、".join(str(names.get(role, role)) for role in entry.roles.split(",") if role)


class Rooms(Choice):
    """The part of the product that an event belongs to: the first word of its code."""

    def q(self, value):
        wanted = Q()
        for room in value:
            wanted |= Q(event__startswith=f"{room}.")
        return wanted


class Object(Text):
    """What an entry is about, by the beginning of its code; or what a list or search has shown, by the whole code."""

    def q(self, value):
        found = Q()
        for code in {value, value.upper()}:
            found |= Q(on_code__startswith=code) | Q(detail__contains={"shown": [code]})
        return found


class Entries(Listing):
    name = "audit"
    title = gettext_lazy("Audit trail")
    columns = (
        Column("at", gettext_lazy("Time"), sort="at", always=True, width=18),
        Column("by", gettext_lazy("Account"), value="by.username", sort="by__username"),
        Column("name", gettext_lazy("Full name"), value="by.staff.name", template="web/_nowrap.html"),
        Column("roles", gettext_lazy("Roles"), value=role_names, default=False, width=30),
        Column(
            "event",
            gettext_lazy("Event"),
            value=lambda entry: label_of(entry.event),
            sort="event",
            template="web/_nowrap.html",
            width=28,
        ),
        Column("event_code", gettext_lazy("Code of the event"), value="event", default=False, width=28),
        Column("on", gettext_lazy("Object"), template="audit/_object.html", export=lambda entry, _user: entry.on_code),
        Column(
            "detail",
            gettext_lazy("Details"),
            template="audit/_detail.html",
            export=lambda entry, _user: json.dumps(entry.detail, ensure_ascii=False) if entry.detail else "",
            width=50,
        ),
        Column("address", gettext_lazy("Address"), sort="address"),
    )
    filters = (
        DateRange("at", gettext_lazy("Time")),
        Rooms("room", gettext_lazy("Part"), choices=lambda _request: rooms()),
        Text("event", gettext_lazy("Code of the event"), lookup="istartswith", more=True),
        Object("object", gettext_lazy("Object"), field="on_code"),
        Text("address", gettext_lazy("Address"), lookup="startswith", more=True),
        Boolean("system", gettext_lazy("By the system"), condition=Q(by__isnull=True), more=True),
    )
    search = Search(gettext_lazy("Person: name, pinyin initials or user name"), find=find_person)
    order = "-at"
    empty = Empty(
        gettext_lazy("No entries"), gettext_lazy("Widen the filter: everything that is done leaves an entry.")
    )


@permission_required("audit.view")
@require_http_methods(["GET", "HEAD", "POST"])
def entries(request):
    context = {
        "last": Verification.objects.order_by("-at", "-pk").first(),
        "waiting": sealing.unsealed(among_all=False).count(),
    }
    return Entries(request, Entry.objects.select_related("by__staff")).respond("audit/list.html", context)


@permission_required("audit.view")
@require_POST
def verify_now(request):
    """Examine the chain now where it is short, else in the background."""
    if (Seal.objects.order_by("-position").values_list("position", flat=True).first() or 0) > AT_ONCE:
        jobs.verify.defer()
        messages.info(request, _("The examination runs in the background; look again in a few minutes."))
        return redirect("audit:list")
    sealing.seal_waiting()
    found = verify_and_keep()
    if found.outcome == Verification.Outcome.PASSED:
        messages.success(request, _("Examined: the trail is whole."))
    else:
        messages.error(request, _("Examined: the trail is not whole. See below."))
    return redirect("audit:list")
