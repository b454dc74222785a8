"""The menus: each app registers its entries in `AppConfig.ready`; a person sees those that lead somewhere for them.

    from zhiheng.web import navigation

    navigation.register(name=_("Cases"), url_name="desk:work_list", permission="desk.view_cases", icon="list-check",
                        order=10)
    navigation.register(name=_("Jobs"), url_name="jobs:list", permission="jobs.view", icon="activity", order=90,
                        group=_("Administration"), badge=count_of_failed_jobs)
    navigation.register(name=_("Change password"), url_name="accounts:password", icon="key", order=10, menu="account")
    navigation.search_at("casefinding:search", permission="casefinding.search")

Entries with the same `group` share one drop-down. A `badge` is given the user and returns a count, or None for none.
"""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from django.urls import NoReverseMatch, reverse

ENTRIES: list["Entry"] = []
SEARCH: dict[str, str] = {}


@dataclass(frozen=True, kw_only=True)
class Entry:
    name: Any
    url_name: str
    permission: str | None = None
    icon: str = "circle"
    order: int = 50
    group: Any = ""
    badge: Callable[[Any], int | None] | None = None
    menu: str = "main"  # or "account": the menu under one's own name
    post: bool = False  # what changes something, such as logging out, is a button


@dataclass(frozen=True)
class Shown:
    """An entry as one person sees it on one page."""

    name: str
    url: str
    icon: str
    group: str
    badge: int | None
    is_current: bool
    post: bool


def register(**fields):
    entry = Entry(**fields)
    if entry not in ENTRIES:  # apps may be set up twice in one process
        ENTRIES.append(entry)


def search_at(url_name, *, permission):
    """Name the address that the search box of the top bar posts its text to, as `q`."""
    SEARCH.update(url_name=url_name, permission=permission)


def shown(request, menu="main"):
    user = request.user
    entries = [e for e in ENTRIES if e.menu == menu and (e.permission is None or user.may(e.permission))]
    return mark_current([show(entry, user) for entry in sorted(entries, key=lambda e: e.order)], request.path)


def first_page(request):
    """Return the address of the first entry that this person has, or nothing."""
    return next((entry.url for entry in shown(request)), "")


def show(entry, user):
    badge = entry.badge(user) if entry.badge else None
    return Shown(str(entry.name), reverse(entry.url_name), entry.icon, str(entry.group), badge, False, entry.post)


def mark_current(entries, path):
    """Mark the entry whose address is the longest beginning of `path`; `/` only for itself."""
    fitting = [e.url for e in entries if path == e.url or (e.url != "/" and path.startswith(e.url))]
    current = max(fitting, key=len, default=None)
    return [Shown(**{**vars(e), "is_current": e.url == current}) for e in entries]


def grouped(entries):
    """Entries as (group, entries) in order; an entry without a group stands alone."""
    order = list(dict.fromkeys(e.group or e for e in entries))
    place = {key: number for number, key in enumerate(order)}
    ranked = sorted(entries, key=lambda e: place[e.group or e])
    return [
        (key if isinstance(key, str) else "", list(found)) for key, found in groupby(ranked, lambda e: e.group or e)
    ]


def search_url(user):
    if not SEARCH or not user.may(SEARCH["permission"]):
        return ""
    try:
        return reverse(SEARCH["url_name"])
    except NoReverseMatch:
        return ""
