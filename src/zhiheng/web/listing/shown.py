"""What the templates of a list show: heads, cells, filters, counts, and the addresses behind them."""

from functools import cached_property
from types import SimpleNamespace
from urllib.parse import parse_qsl

from django.utils.translation import gettext as _

from zhiheng.web.listing import saving
from zhiheng.web.listing.address import write_query


class Shown:
    """The half of a `Listing` that only its templates use."""

    @cached_property
    def lines(self):
        return [
            SimpleNamespace(row=row, cells=[cell(column, row) for column in self.shown_columns]) for row in self.rows
        ]

    @cached_property
    def bulk_acts(self):
        return self.bulk.open_to(self.request.user) if self.bulk else []

    @property
    def count_text(self):
        if self.count > self.count_limit:
            return _("more than %(count)s") % {"count": f"{self.count_limit:,}"}
        return f"{self.count:,}"

    @property
    def first_number(self):
        return (self.asked.page - 1) * self.page_size + 1

    @property
    def last_number(self):
        return self.first_number + len(self.rows) - 1

    def address(self, asked=None):
        query = write_query(self, asked or self.asked)
        # An address without a query opens the view a person wants to see first: `all` says that none is wanted.
        return f"{self.request.path}?{query or 'all=1'}"

    @property
    def previous_address(self):
        return self.address(self.asked.but(page=self.asked.page - 1))

    @property
    def next_address(self):
        return self.address(self.asked.but(page=self.asked.page + 1))

    @property
    def first_address(self):
        return self.address(self.asked.but(page=1))

    @property
    def last_address(self):
        return self.address(self.asked.but(page=self.last_page))

    @property
    def unfiltered_address(self):
        return self.address(self.asked.but(values={}, token="", page=1))

    @property
    def unsearched_address(self):
        return self.address(self.asked.but(token="", page=1))

    @property
    def query(self):
        """What was asked, without what was searched for."""
        return write_query(self, self.asked.but(token=""))

    @property
    def told_query(self):
        """What was asked as the audit trail keeps it: of what somebody typed nothing but codes."""
        values = {
            each.name: each.told(self.asked.values[each.name])
            for each in self.filters
            if each.name in self.asked.values
        }
        return write_query(self, self.asked.but(token="", values=values))

    @property
    def heads(self):
        for column in self.shown_columns:
            current = self.current_order.removeprefix("-") == column.name
            descending = current and self.current_order.startswith("-")
            order = column.name if not current or descending else f"-{column.name}"
            asked = self.asked.but(order="" if order == self.order else order, page=1)
            yield SimpleNamespace(
                column=column,
                address=self.address(asked) if column.sort is not None else "",
                direction=("descending" if descending else "ascending") if current and column.sort is not None else "",
            )

    @property
    def controls(self):
        return [each.control(self.asked.values.get(each.name), self.request) for each in self.filters]

    @property
    def shown_controls(self):
        return [control for control in self.controls if not control["filter"].more]

    @property
    def more_controls(self):
        return [control for control in self.controls if control["filter"].more]

    @property
    def more_in_use(self):
        return sum(each.more and each.name in self.asked.values for each in self.filters)

    @property
    def chips(self):
        """The filters in use, each with the address of the list without it."""
        return [
            SimpleNamespace(
                label=each.label,
                text=each.says(self.asked.values[each.name], self.request),
                address=self.address(self.asked.without(each.name)),
            )
            for each in self.filters
            if each.name in self.asked.values
        ]

    @property
    def kept_pairs(self):
        """What the form of the filters passes on unseen."""
        return pairs_of(write_query(self, self.asked.but(values={}, page=1)))

    @property
    def kept_by_columns(self):
        return pairs_of(write_query(self, self.asked.but(columns=(), page=1)))

    @property
    def kept_by_size(self):
        return pairs_of(write_query(self, self.asked.but(size=0, page=1)))

    @property
    def column_choices(self):
        shown = {column.name for column in self.shown_columns}
        return [SimpleNamespace(column=column, shown=column.name in shown) for column in self.all_columns]

    @cached_property
    def saved_views(self):
        here = write_query(self, self.asked.but(token="", page=1))
        views = saving.by_name(self)
        for view in views:
            view.address = f"{self.request.path}?{view.query or 'all=1'}"
            view.is_current = view.query == here
        return views

    @property
    def current_view(self):
        return next((view for view in self.saved_views if view.is_current), None)

    @property
    def may_export(self):
        user = self.request.user
        return self.exportable and (self.export_permission is None or user.may(self.export_permission))


def cell(column, row):
    value = column.value_of(row)
    return SimpleNamespace(
        column=column,
        value=value,
        label=column.label_of(row),
        link=column.link(row) if column.link else "",
    )


def pairs_of(query):
    return parse_qsl(query)
