"""What a person asked of a list, as it stands in the address: only what differs from the defaults."""

from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urlencode


@dataclass(frozen=True)
class Asked:
    values: dict[str, Any] = field(default_factory=dict)  # by the filters' names
    order: str = ""
    columns: tuple[str, ...] = ()
    size: int = 0
    page: int = 1
    token: str = ""  # the search, encrypted
    problems: tuple[str, ...] = ()

    def but(self, **changes):
        return replace(self, **changes)

    def without(self, name):
        return self.but(values={key: value for key, value in self.values.items() if key != name}, page=1)


def read_address(listing, params):
    """Take what can be understood; what cannot is told and left out, so that an old shared address still opens."""
    values, problems = {}, []
    for each in listing.filters:
        try:
            value = each.read(params, listing.request)
        except ValueError as problem:
            problems.append(f"{each.label}: {problem}")
        else:
            if value is not None:
                values[each.name] = value
    return Asked(
        values=values,
        order=known_order(listing, params.get("sort", "")),
        columns=known_columns(listing, params.getlist("columns")),
        size=known_size(listing, params.get("size", "")),
        page=page_number(params.get("page", "")),
        token=params.get("search", ""),
        problems=tuple(problems),
    )


def known_order(listing, text):
    column = listing.column(text.removeprefix("-"))
    return text if column and column.sort is not None and text != listing.order else ""


def known_columns(listing, texts):
    asked = [name for text in texts for name in text.split(",")]
    chosen = tuple(column.name for column in listing.all_columns if column.name in asked)
    return chosen if chosen and chosen != listing.default_columns else ()


def known_size(listing, text):
    return int(text) if text in map(str, listing.sizes) and int(text) != listing.size else 0


def page_number(text):
    return max(int(text), 1) if text.isascii() and text.isdigit() and len(text) < 8 else 1


def write_query(listing, asked):
    """The shortest query that says the same."""
    pairs = [
        pair for each in listing.filters if each.name in asked.values for pair in each.pairs(asked.values[each.name])
    ]
    if asked.token:
        pairs.append(("search", asked.token))
    if asked.order:
        pairs.append(("sort", asked.order))
    if asked.columns:
        pairs.append(("columns", ",".join(asked.columns)))
    if asked.size:
        pairs.append(("size", asked.size))
    if asked.page > 1:
        pairs.append(("page", asked.page))
    return urlencode(pairs, safe=",:")
