"""The filters of a list: how each reads the address, narrows the rows, and tells people what it does."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from zhiheng.vault.logs import harmless


@dataclass(frozen=True)
class Filter:
    name: str
    label: Any
    field: str = ""
    more: bool = False  # stands behind "More filters"

    template = ""

    def read(self, params, request):
        """Return what the address asks for, or None; a ValueError says in words why it cannot be used."""
        raise NotImplementedError

    def narrow(self, rows, value):
        return rows.filter(self.q(value))

    def q(self, value):
        raise NotImplementedError

    def pairs(self, value):
        """The filter as it stands in an address."""
        return [(self.name, value)]

    def told(self, value):
        """The value as the audit trail keeps it."""
        return value

    def says(self, value, request):
        return str(value)

    def control(self, value, request):
        """What the template of the control needs."""
        return {"filter": self, "value": value, "says": self.says(value, request) if value is not None else ""}


def once(request, each, make):
    """What a filter offers, asked for once a request: reading, showing and naming it all need it."""
    known = request.__dict__.setdefault("_listing_options", {}) if request is not None else {}
    if each.name not in known:
        known[each.name] = list(make(request))
    return known[each.name]


@dataclass(frozen=True)
class Choice(Filter):
    choices: Any = ()  # pairs of value and label, or a function of the request
    several: bool = True

    template = "listing/_choice.html"

    def options(self, request):
        pairs = once(request, self, self.choices) if callable(self.choices) else self.choices
        return [(str(value), label) for value, label in pairs if value not in (None, "")]

    def read(self, params, request):
        asked = [value for value in params.getlist(self.name) if value]
        known = dict(self.options(request)) if asked else {}
        if unknown := [value for value in asked if value not in known]:
            raise ValueError(_("%(values)s is not among its choices.") % {"values": ", ".join(unknown)[:60]})
        return (asked if self.several else asked[:1]) or None

    def q(self, value):
        return Q(**{f"{self.field or self.name}__in": value})

    def pairs(self, value):
        return [(self.name, each) for each in value]

    def says(self, value, request):
        labels = dict(self.options(request))
        return "、".join(str(labels[each]) for each in value)

    def control(self, value, request):
        return super().control(value, request) | {"options": self.options(request), "chosen": value or []}


@dataclass(frozen=True)
class Tree(Filter):
    """One place in a tree, with all that is below it."""

    options: Callable[[Any], Any] = tuple  # request -> (value, label, depth) in the order of the tree
    within: Callable[[str], Any] = list  # value -> the values in and below it

    template = "listing/_tree.html"

    def read(self, params, request):
        asked = params.get(self.name, "")
        if asked and asked not in {str(value) for value, _label, _depth in once(request, self, self.options)}:
            raise ValueError(_("%(values)s is not among its choices.") % {"values": asked[:60]})
        return asked or None

    def q(self, value):
        return Q(**{f"{self.field or self.name}__in": self.within(value)})

    def says(self, value, request):
        return next(
            (str(label) for each, label, _depth in once(request, self, self.options) if str(each) == value), value
        )

    def control(self, value, request):
        # A select has no levels of its own: full-width spaces show them, also without style sheets.
        options = [
            (str(each), "\u3000" * depth + str(label)) for each, label, depth in once(request, self, self.options)
        ]
        return super().control(value, request) | {"options": options}


@dataclass(frozen=True)
class DateRange(Filter):
    """From one day to another, both included, on a date, a system time, or (local=True) a clinical time."""

    local: bool = False
    is_date: bool = False

    template = "listing/_dates.html"

    def read(self, params, request):
        days = tuple(day_of(params.get(name, "")) for name in self.names)
        if all(days) and days[0] > days[1]:
            raise ValueError(_("The first day is after the last one."))
        return days if any(days) else None

    @property
    def names(self):
        return f"{self.name}_from", f"{self.name}_until"

    def q(self, value):
        field, (first, last) = self.field or self.name, value
        q = Q(**{f"{field}__gte": self.start_of(first)}) if first else Q()
        return q & Q(**{f"{field}__lt": self.start_of(last + timedelta(days=1))}) if last else q

    def start_of(self, day):
        if self.is_date:
            return day
        midnight = datetime.combine(day, time())
        return midnight if self.local else timezone.make_aware(midnight)

    def pairs(self, value):
        return [(name, day.isoformat()) for name, day in zip(self.names, value, strict=True) if day]

    def says(self, value, request):
        first, last = (day.isoformat() if day else "" for day in value)
        if not last:
            return _("from %(day)s") % {"day": first}
        return _("until %(day)s") % {"day": last} if not first else f"{first} – {last}"

    def control(self, value, request):
        first, last = value or (None, None)
        return super().control(value, request) | {"first": first, "last": last}


def day_of(text):
    digits = text.strip().replace("-", "").replace("/", "").replace(".", "")
    if not digits:
        return None
    try:
        found = date.fromisoformat(digits)
        if not 1900 <= found.year < 2200:
            raise ValueError
        return found
    except ValueError:
        problem = _("%(text)s is not a day. Write it as 2026-11-22 or 20261122.") % {"text": text[:20]}
        raise ValueError(problem) from None


@dataclass(frozen=True)
class Boolean(Filter):
    """Rows for which `condition` holds (or the field is true). With `otherwise`, one can also ask for all others."""

    condition: Any = None
    otherwise: Any = ""  # the label of the opposite
    yes: Any = ""

    template = "listing/_boolean.html"

    def read(self, params, request):
        asked = params.get(self.name, "")
        if asked not in ("", "1", "0") or (asked == "0" and not self.otherwise):
            raise ValueError(_("%(values)s is not among its choices.") % {"values": asked[:60]})
        return asked or None

    def q(self, value):
        condition = self.condition if self.condition is not None else Q(**{self.field or self.name: True})
        return condition if value == "1" else ~condition

    def says(self, value, request):
        return str((self.yes or _("Yes")) if value == "1" else self.otherwise)

    def control(self, value, request):
        return super().control(value, request) | {"yes": self.yes or _("Yes")}


@dataclass(frozen=True)
class Text(Filter):
    """A piece of text that stands in the address: for codes and names of things, never for patients' values."""

    lookup: str = "icontains"

    template = "listing/_text.html"

    def read(self, params, request):
        return params.get(self.name, "").replace("\0", "").strip()[:100] or None

    def told(self, value):
        return harmless(value)  # somebody may have typed a name all the same

    def q(self, value):
        return Q(**{f"{self.field or self.name}__{self.lookup}": value})
