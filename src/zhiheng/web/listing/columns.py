"""The columns of a list: what a cell shows, what it sorts by, what is exported."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db.models import F
from django.db.models.expressions import OrderBy
from django.utils import timezone
from django.utils.translation import gettext as _


@dataclass(frozen=True)
class Column:
    name: str
    label: Any
    value: str | Callable[[Any], Any] = ""  # a path of attributes ("pack_version.abbr"); by default the column's name
    sort: Any = None  # the name of a model field ("pack_version__abbr") or an expression
    template: str = ""  # of a cell; given `row` and `value`
    link: Callable[[Any], str] | None = None
    export: Callable[[Any, Any], Any] | None = None  # (row, user) -> value, where it is not the one shown
    default: bool = True  # shown unless a person chooses otherwise
    always: bool = False  # cannot be hidden
    align: str = "start"
    width: int = 16  # in the spreadsheet, in characters
    permission: str | None = None  # whoever lacks it does not see the column, nor export it
    help: Any = ""

    def value_of(self, row):
        return self.value(row) if callable(self.value) else follow(row, self.value or self.name)

    def label_of(self, row):
        return ""

    def exported(self, row, user):
        return self.export(row, user) if self.export else self.label_of(row) or self.value_of(row)

    def order_by(self, queryset, descending):
        """The ordering, with missing values at the end either way."""
        if isinstance(self.sort, str):
            if is_nullable(queryset.model, self.sort):
                return OrderBy(F(self.sort), descending=descending, nulls_last=True)
            # PostgreSQL reads a plain index forwards or backwards only for its own order of missing values.
            return OrderBy(F(self.sort), descending=descending)
        return OrderBy(self.sort, descending=descending, nulls_last=True)


@dataclass(frozen=True)
class StateColumn(Column):
    """A state with its tone and icon, and its label by the model's `get_..._display`."""

    template: str = "listing/_state.html"

    def label_of(self, row):
        field = self.value if isinstance(self.value, str) and self.value else self.name
        return getattr(row, f"get_{field}_display", lambda: "")()


def follow(row, path):
    value = row
    for name in path.replace("__", ".").split("."):
        value = value.get(name) if isinstance(value, dict) else getattr(value, name, None)
        value = value() if callable(value) else value
    return value


def is_nullable(model, path):
    for name in path.split("__"):
        field = next((field for field in model._meta.get_fields() if field.name == name), None)
        if field is None or getattr(field, "null", True):
            return True  # an annotation, or a step that may lead nowhere
        model = field.related_model
    return False


def plain(value):
    """A value as a spreadsheet takes it: local times, words for yes and no, no lists."""
    if isinstance(value, datetime):
        return timezone.make_naive(value) if timezone.is_aware(value) else value
    if isinstance(value, bool):
        return _("Yes") if value else _("No")
    if value is None or isinstance(value, int | float | Decimal | date):
        return value
    return "；".join(map(str, value)) if isinstance(value, list | tuple | set) else str(value)
