"""A list as one person sees it now: rows, columns, filters and addresses, and the answer to the request."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any
from urllib.parse import quote

from django.dispatch import Signal
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext_lazy

from zhiheng.web.listing import saving
from zhiheng.web.listing.address import read_address
from zhiheng.web.listing.export import to_workbook
from zhiheng.web.listing.search import from_token, to_token
from zhiheng.web.listing.shown import Shown
from zhiheng.web.partials import render_page

used = Signal()  # act, listing, query, searched, count, rows, request
SPREADSHEET = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@dataclass(frozen=True)
class Empty:
    """What people read where nothing is yet: what belongs here, and how it comes here."""

    title: Any
    text: Any = ""
    icon: str = "inbox"
    url: str = ""
    label: Any = ""


class Listing(Shown):
    name = ""
    title: Any = ""
    columns: Any = ()
    filters: Any = ()
    search: Any = None
    order = ""
    size = 50
    sizes = (25, 50, 100, 200)
    count_limit = 10_000
    export_permission: str | None = None
    exportable = True
    audited = True
    bulk = None  # what can be done with several rows: web/bulk.py
    empty = Empty(gettext_lazy("Nothing here yet"))

    def __init__(self, request, rows):
        self.request, self.given = request, rows

    # -- what may be seen and what was asked

    @cached_property
    def all_columns(self):
        user = self.request.user
        return [column for column in self.columns if column.permission is None or user.may(column.permission)]

    @cached_property
    def default_columns(self):
        return tuple(column.name for column in self.all_columns if column.default or column.always)

    def column(self, name):
        return next((column for column in self.all_columns if column.name == name), None)

    @cached_property
    def asked(self):
        return read_address(self, self.request.GET)

    @cached_property
    def shown_columns(self):
        chosen = self.asked.columns or self.default_columns
        return [column for column in self.all_columns if column.always or column.name in chosen]

    @cached_property
    def searched(self):
        """The text searched for, or None."""
        if not self.search or not self.asked.token:
            return None
        return from_token(self.asked.token, self.request.user)

    @property
    def search_lapsed(self):
        return bool(self.search and self.asked.token and self.searched is None)

    # -- rows

    @cached_property
    def found(self):
        """All rows that fit, in order."""
        rows = self.given
        for each in self.filters:
            if each.name in self.asked.values:
                rows = each.narrow(rows, self.asked.values[each.name])
        if self.searched is not None:
            rows = self.search.find(rows, self.searched)
        elif self.search_lapsed:
            rows = rows.none()
        return rows.order_by(*self.ordering(rows))

    @property
    def current_order(self):
        return self.asked.order or self.order

    def ordering(self, rows):
        descending = self.current_order.startswith("-")
        column = self.column(self.current_order.removeprefix("-"))
        # The key last: without it two pages could show the same row and never another.
        key = "-pk" if descending else "pk"
        return [column.order_by(rows, descending), key] if column and column.sort is not None else [key]

    @property
    def page_size(self):
        return self.asked.size or self.size

    @cached_property
    def keys(self):
        """The keys of this page and, as a sign that there is a next one, of one row more."""
        start = (self.asked.page - 1) * self.page_size
        return list(self.found.values_list("pk", flat=True)[start : start + self.page_size + 1])

    @cached_property
    def rows(self):
        keys = self.keys[: self.page_size]
        place = {key: number for number, key in enumerate(keys)}
        return sorted(self.found.filter(pk__in=keys), key=lambda row: place[row.pk]) if keys else []

    @cached_property
    def count(self):
        """How many rows fit; counting stops one beyond the limit."""
        seen = (self.asked.page - 1) * self.page_size + len(self.keys)
        if len(self.keys) <= self.page_size:
            return seen  # the last page knows without counting
        return max(self.found.order_by()[: self.count_limit + 1].count(), seen)

    @property
    def has_next(self):
        return len(self.keys) > self.page_size

    @property
    def last_page(self):
        """The number of the last page, or None where the rows were not counted to the end."""
        return None if self.count > self.count_limit else max(-(-self.count // self.page_size), 1)

    @property
    def is_filtered(self):
        return bool(self.asked.values or self.asked.token)

    # -- answers

    def respond(self, page_template="listing/page.html", context=None):
        """Answer the request: the list or its part, or what a button of the list asks for."""
        if self.request.method == "POST":
            return self.act(self.request.POST)
        if not self.request.GET and (query := saving.first_view(self)):
            return redirect(f"{self.request.path}?{query}")
        if self.asked.page > 1 and not self.keys:
            return redirect(self.first_address)
        return self.show(page_template, context or {})

    def show(self, page_template, context):
        response = render_page(self.request, page_template, "listing/_list.html", {**context, "listing": self})
        if self.request.htmx:
            response["HX-Push-Url"] = self.address()
        self.tell("listed", self.count, self.rows)
        return response

    def act(self, posted):
        if "export" in posted:
            return self.export()
        if "search" in posted:
            return redirect(self.address(self.asked.but(token=self.new_token(posted["search"]), page=1)))
        if "save_view" in posted:
            saving.save_view(self, posted["save_view"])
        elif "remove_view" in posted:
            saving.remove_view(self, number(posted["remove_view"]))
        elif "first_view" in posted:
            saving.show_first(self, number(posted["first_view"]))
        return redirect(self.address())

    def new_token(self, text):
        text = " ".join(text.replace("\0", "").split())
        return to_token(text, self.request.user) if text else ""

    def export(self):
        if not self.may_export:
            raise Http404
        content, count, first = to_workbook(self)
        self.tell("exported", count, first)
        name = f"{self.title or self.name} {timezone.localtime():%Y-%m-%d %H%M}.xlsx"
        disposition = f"attachment; filename=\"{self.name}.xlsx\"; filename*=UTF-8''{quote(name)}"
        return HttpResponse(content, content_type=SPREADSHEET, headers={"Content-Disposition": disposition})

    def tell(self, act, count, rows):
        if self.audited:
            facts = {"act": act, "listing": self.name, "query": self.told_query, "searched": self.searched is not None}
            used.send(type(self), request=self.request, count=count, rows=rows, **facts)


def number(text):
    return int(text) if text.isascii() and text.isdigit() and len(text) < 16 else 0
