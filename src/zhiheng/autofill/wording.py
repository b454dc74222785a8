"""The expressions of a pack for people: columns, values, functions and items by their names, marks as they are."""

import re
from collections.abc import Mapping
from typing import Any

from django.utils.translation import pgettext, pgettext_lazy

from zhiheng.autofill import naming

_PARTS = re.compile(
    r"(?P<text>'(?:[^']|'')*')|(?P<phrase>\bis\s+not\s+null\b|\bis\s+null\b|\bis\s+not\s+true\b|\bis\s+true\b|\bnot\s+in\b"
    r"|<>|>=|<=|\|\|)|(?P<word>[a-z_][a-z0-9_]*)"
)
_ITEM = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*_\d+(_[a-z0-9]+)*")

PHRASES: Mapping[str, Any] = {
    "is not null": pgettext_lazy("expression", "is recorded"),
    "is null": pgettext_lazy("expression", "is not recorded"),
    "is not true": pgettext_lazy("expression", "does not hold"),
    "is true": pgettext_lazy("expression", "holds"),
    "not in": pgettext_lazy("expression", "none of"),
    "<>": "≠",
    ">=": "≥",
    "<=": "≤",
    "||": "+",
}
WORDS: Mapping[str, Any] = {
    "and": pgettext_lazy("expression", "and"),
    "or": pgettext_lazy("expression", "or"),
    "not": pgettext_lazy("expression", "not"),
    "in": pgettext_lazy("expression", "one of"),
    "between": pgettext_lazy("expression", "between"),
    "coalesce": pgettext_lazy("expression", "first recorded of"),
    "matches": pgettext_lazy("expression", "text with one of"),
    "contains": pgettext_lazy("expression", "text with"),
    "starts_with": pgettext_lazy("expression", "text beginning with"),
    "code_in": pgettext_lazy("expression", "code among"),
    "date_of": pgettext_lazy("expression", "day of"),
    "at_time": pgettext_lazy("expression", "time on the day of"),
    "minutes_between": pgettext_lazy("expression", "minutes between"),
    "hours_between": pgettext_lazy("expression", "hours between"),
    "days_between": pgettext_lazy("expression", "days between"),
    "case": pgettext_lazy("expression", "take"),
    "when": pgettext_lazy("expression", "if"),
    "then": pgettext_lazy("expression", "then"),
    "else": pgettext_lazy("expression", "else"),
    "end": "",
}


def in_words(expression: str, table: str) -> str:
    """Return an expression over the rows of `table` as a reader of the form would say it."""
    columns = naming.COLUMNS.get(table, {})

    def said(part: re.Match[str]) -> str:
        found = part[0]
        if part["text"]:
            value = found[1:-1].replace("''", "'")
            return f"“{naming.VALUES.get(value, value)}”"
        if part["phrase"]:
            return str(PHRASES[" ".join(found.split())])
        return str(columns.get(found) or WORDS.get(found) or _item(found))

    return " ".join(_PARTS.sub(said, expression).split())


def pattern_in_words(pattern: str) -> str:
    """Return what a text must be like; what may stand between two words is a gap."""
    shown = re.sub(r"\.(\{[\d,]*\}|[*+])\??", "…", pattern)
    return pgettext("expression", "text like “%s”") % shown


def _item(name: str) -> str:
    """Return an item by the code that the form shows beside it; other names as they are."""
    return name.upper().replace("_", "-") if _ITEM.fullmatch(name) else name
