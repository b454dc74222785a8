"""Do one thing with several rows of a list: tick them, say once what is to be done, and read how each of them went.

    class Assign(Act):
        name, label, icon = "assign", _("Assign a filler"), "user-check"
        permission = "casefinding.decide"
        refusals = (NotAllowed,)                           # what `do` raises about one row: its text is shown beside it

        def form(self, rows, data=None): ...               # what is said once, for all of them
        def obstacle(self, row, by): ...                   # why it cannot be done with a row, or nothing
        def do(self, row, form, by): ...                   # with one row: an action, so a transaction of its own

    CASES = Bulk(url="casefinding:several", acts=(Assign(), Exclude()), template="casefinding/_several.html")

    class WorkList(Listing):
        bulk = CASES                                       # ticks and a bar of buttons, for those who may do any of it

    @permission_required("casefinding.decide")
    @require_POST
    def several(request):
        return respond(request, CASES, Case.objects.visible_to(request.user))

The first request brings the ticked rows and the name of the act, and is answered with a page that asks for the rest.
The second one, with `go`, does it. What is not among the rows that were given, nobody sees or does anything with.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _

MOST = 200  # rows at once: as many as the longest page of a list has


class Act:
    """One thing that can be done with several rows."""

    name = ""
    label: Any = ""
    icon = "check"
    permission = ""
    refusals: tuple[type[Exception], ...] = ()

    def form(self, rows: Sequence[Any], data: Any = None) -> Form:
        raise NotImplementedError

    def obstacle(self, row: Any, by: Any) -> str:
        return ""

    def do(self, row: Any, form: Any, by: Any) -> None:
        raise NotImplementedError


@dataclass(frozen=True)
class Bulk:
    """What can be done with several rows, the address that does it, and how a row is shown there."""

    url: str
    acts: tuple[Act, ...]
    template: str

    def open_to(self, user: Any) -> list[Act]:
        return [act for act in self.acts if user.may(act.permission)]


@dataclass(frozen=True)
class Line:
    """A row, and why nothing is done with it (or nothing: it is, or was)."""

    row: Any
    why: str = ""


def respond(request: HttpRequest, bulk: Bulk, rows: Any) -> HttpResponse:
    """Ask what must be said once for all ticked rows among `rows`, or do it and tell each row's outcome."""
    back = back_to(request)
    act = next((each for each in bulk.open_to(request.user) if each.name == request.POST.get("do")), None)
    keys = ticked(request.POST.getlist("row"))
    found = list(rows.filter(pk__in=keys).order_by("pk"))
    if act is None or not found:
        messages.warning(request, _("Tick the rows first, then choose what to do with them."))
        return redirect(back)
    lines = [Line(row, act.obstacle(row, request.user)) for row in found]
    able = [line.row for line in lines if not line.why]
    context = {"bulk": bulk, "act": act, "back": back, "lost": len(keys) - len(found)}
    form = act.form(able, request.POST if "go" in request.POST else None) if able else None
    if form is not None and form.is_valid():
        done = {row.pk: line for row in able for line in [attempt(act, row, form, request.user)]}
        return show(request, "listing/bulk_done.html", [done.get(line.row.pk, line) for line in lines], context)
    status = 422 if form is not None and form.is_bound else 200
    return show(request, "listing/bulk.html", lines, {**context, "form": form}, status)


def attempt(act: Act, row: Any, form: Any, by: Any) -> Line:
    try:
        act.do(row, form, by)
    except act.refusals as refused:
        return Line(row, str(refused))
    return Line(row)


def show(request: HttpRequest, template: str, lines: Iterable[Line], context: Any, status: int = 200) -> HttpResponse:
    given = list(lines)
    parts = {"able": [line for line in given if not line.why], "refused": [line for line in given if line.why]}
    return render(request, template, {**context, **parts}, status=status)


def ticked(values: Iterable[str]) -> set[int]:
    return {int(each) for each in list(values)[:MOST] if each.isascii() and each.isdigit() and len(each) < 16}


def back_to(request: HttpRequest) -> str:
    """Return the list that the rows were ticked in, with its filters; nothing beyond this product."""
    wanted = request.POST.get("back", "")
    return wanted if url_has_allowed_host_and_scheme(wanted, allowed_hosts=None) else "/"
