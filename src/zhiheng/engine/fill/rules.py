"""Fill rules, compiled: one rule says from which rows of which table an item takes its value."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache, cached_property

import pyarrow as pa

from zhiheng.engine.form import Form, Item
from zhiheng.engine.language import Expression, Field, Scope, Type
from zhiheng.records.schema import TABLES

TAKES = ("first", "last", "min", "max", "count", "any", "only", "all")
FACT = "@"  # begins the code of a value that is no item of the form: rules use it, nobody is asked for it
FOUND = "found"  # what the pattern's group caught, or the whole match

# Where a table's rows stand in time or in order, unless a rule says otherwise.
DEFAULT_ORDER = {
    "encounter": "admit_time",
    "diagnosis": "rank",
    "procedure": "start_time",
    "medication": "start_time",
    "observation": "time",
    "exam": "time",
    "note": "time",
    "charge": "time",
    "stay": "start_time",
}
# The text in which a pattern is looked for, unless a rule says otherwise.
DEFAULT_TEXT = {"note": ("text",), "exam": ("findings", "conclusion"), "observation": ("value_text",)}
# Rows that say that something was NOT done or given: they count only for rules that ask for them.
NEGATED = {
    "medication": "(coalesce(r.not_given, false) OR coalesce(r.status, '') IN ('cancelled', 'planned'))",
    "observation": "coalesce(r.not_done, false)",
    "exam": "coalesce(r.not_done, false)",
    "procedure": "coalesce(r.status, 'done') IN ('not_done', 'planned')",
}
# When a row happened, where a rule asks for rows of the case's year or of a part of it. A row without this time,
# and of the other tables every row, belongs to the day on which its visit ended.
DATED = {
    "diagnosis": "recorded_time",
    "procedure": "start_time",
    "medication": "start_time",
    "observation": "time",
    "exam": "time",
    "note": "time",
    "charge": "time",
    "stay": "start_time",
    "allergy": "recorded_time",
}
# What part of that year a rule may name, with its months.
DURING = {
    "year": (1, 12),
    **{f"H{half + 1}": (6 * half + 1, 6 * half + 6) for half in range(2)},
    **{f"Q{quarter + 1}": (3 * quarter + 1, 3 * quarter + 3) for quarter in range(4)},
}
# What happened in the emergency department before the admission counts for these tables.
JOINED_VISITS = ("medication", "observation", "exam", "note", "procedure")


# What the encounter table says beyond its own columns: about the person's stay before this one.
ENCOUNTER_HISTORY = {
    "days_since_previous_discharge": Type.NUMBER,  # calendar days from that discharge to this admission
    "previous_readmission_planned": Type.BOOLEAN,  # whether a readmission was planned at that discharge
}


# Columns that hold codes of another kind than the row's own: why it was not done, where the patient went...
# To the terms that these codes belong to, rules speak as `reason_terms`, `disposition_terms`...
CODED = {
    table.name: {
        f"{column.name.removesuffix('_codes')}_terms": column.name
        for column in table.columns
        if column.name.endswith("_codes")
    }
    for table in TABLES.values()
}
CODED["encounter"]["disposition_terms"] = "discharge_disposition"


AROUND = 15  # characters of context on each side of a quoted match
ANYTHING = "."  # what the context of a quoted match may consist of; line ends end it
SAME_CLAUSE = r"[^。；;，,\r\n]"  # and what the words that can deny a match may: a neighbouring clause denies nothing


class FillError(ValueError):
    """Rules that cannot run."""


@dataclass(frozen=True)
class Pattern:
    """A pattern in a text: a regular expression both Python and DuckDB read alike."""

    match: str
    unless: str | None = None
    within: tuple[str, ...] = ()

    @property
    def undenied(self) -> "Pattern":
        """The pattern without what denies it."""
        return replace(self, unless=None)

    @property
    def group(self) -> int:
        """Which group is the find: the first, or the whole where there is none."""
        return min(re.compile(self.match).groups, 1)

    def with_context(self, context: str) -> str:
        """Return the pattern with the characters around it that are quoted with it."""
        around = f"{context}{{0,{AROUND}}}"
        return f"{around}(?:{self.match}){around}"


@dataclass(frozen=True)
class Rule:
    """How one item is filled. `item` is the national code; `uses` are the identifiers of items it depends on."""

    id: str
    item: str
    table: str
    take: str
    value: Expression | None = None  # None: the pattern's find, the terms, or the constant `answer`
    answer: str | None = None
    where: Expression | None = None
    terms: tuple[str, ...] = ()
    pattern: Pattern | None = None
    order: str | None = None
    mapping: Mapping[str, str] | None = None
    by_code: bool = False
    unit: str | None = None
    absent: str | None = None
    negated: bool = False
    # own, emergency (the visits that led to this one), with_emergency (both), case (all visits that make up the case:
    # several only where it is a patient's year), person (all rows)
    visits: str = "own"
    during: str | None = None  # only rows of the case's year, or of this part of it (DURING)
    source: str = ""
    uses: tuple[str, ...] = field(default=())

    def __hash__(self) -> int:
        return hash(self.id)

    @property
    def columns(self) -> frozenset[str]:
        """The table's columns that the rule's expressions use."""
        used = {*(self.value.fields if self.value else ()), *(self.where.fields if self.where else ())}
        return frozenset(used & set(TABLES[self.table].names))

    @property
    def order_column(self) -> str | None:
        return self.order or DEFAULT_ORDER.get(self.table)

    @property
    def is_of_person(self) -> bool:
        """Whether it looks among the rows of all visits of the person, and those of none."""
        return self.visits in ("case", "person")

    @property
    def rows(self) -> str:
        """Name the rows that the rule looks at: rules that look at the same ones are asked together."""
        return rows_of_person(self.table) if self.is_of_person else self.table

    @property
    def takes_one_row(self) -> bool:
        return self.take not in ("only", "all")

    @property
    def maps_terms(self) -> bool:
        return self.mapping is not None and self.value is None and self.pattern is None and self.answer is None


def rows_of_person(table: str) -> str:
    """Name the rows of a table that belong to the whole person."""
    return f"{table} of the person"


class Plan:
    """The rules of a pack over its form, in passes: a pass uses only what earlier passes have answered."""

    def __init__(self, pack: str, form: Form, rules: Sequence[Rule], facts: Sequence[Item] = ()) -> None:
        self.pack = pack
        self.form = form
        self.items: dict[str, Item] = {item.code: item for item in (*form.items, *facts)}
        self.rules = tuple(rule for rule in rules if rule.item in self.items)
        self.codes = {item.id: item.code for item in (*form.items, *facts)}
        self._check()

    def type_of(self, name: str) -> Type:
        """Return the type that an item or a fact has in expressions."""
        code = self.codes[name]
        return Type(self.items[code].type.value) if code.startswith(FACT) else self.form.scope.field(name).type

    @cached_property
    def passes(self) -> tuple[tuple[Rule, ...], ...]:
        """The rules by pass, in the order of the pack within each."""
        level: dict[str, int] = {}
        for code in dict.fromkeys(rule.item for rule in self.rules):
            self._level(code, level, ())
        by_level: dict[int, list[Rule]] = {}
        for rule in self.rules:
            own = 1 + max((level.get(self.codes[used], 0) for used in rule.uses), default=0)
            by_level.setdefault(own, []).append(rule)
        return tuple(tuple(by_level[number]) for number in sorted(by_level))

    def _level(self, code: str, level: dict[str, int], path: tuple[str, ...]) -> int:
        if code in path:
            circle = " -> ".join((*path[path.index(code) :], code))
            raise FillError(f"Fill rules go in a circle: {circle}. Let one of them use records only.")
        if code not in level:
            rules = [rule for rule in self.rules if rule.item == code]
            used = {self.codes[each] for rule in rules for each in rule.uses}
            below = max((self._level(each, level, (*path, code)) for each in sorted(used)), default=0)
            level[code] = below + 1 if rules else 0
        return level[code]

    def _check(self) -> None:
        for rule in self.rules:
            for used in rule.uses:
                if used not in self.codes:
                    raise FillError(f'Fill rule "{rule.id}" uses the unknown item "{used}".')
        _ = self.passes


def table_scope(table: str, form: Form | None = None, facts: Sequence[Item] = ()) -> Scope:
    """Return what a fill rule may name: the table's columns, `found`, facts, and the items of the form."""
    columns = [Field(column.name, _type(column.type), column.values) for column in TABLES[table].columns]
    columns += [Field(name, Type.TEXTS) for name in CODED[table]]
    if table == "encounter":
        columns += [Field(name, kind) for name, kind in ENCOUNTER_HISTORY.items()]
    taken = {column.name for column in columns} | {FOUND}
    fields = [*columns, Field(FOUND, Type.TEXT)]
    fields += [Field(fact.id, Type(fact.type.value)) for fact in facts]
    taken |= {fact.id for fact in facts}
    if form is None:
        return Scope(fields)
    items = [each for each in form.scope if each.name not in taken]
    aliases = {
        item.alias: item.id
        for item in form.items
        if item.alias and item.alias not in taken and item.alias not in {each.name for each in items}
    }
    return Scope([*fields, *items], aliases)


@cache
def timed_columns(table: str) -> tuple[str, ...]:
    """Return the columns that tell a time, each with its precision in the column `<name>_precision`."""
    names = frozenset(TABLES[table].names)
    return tuple(name for name in TABLES[table].names if f"{name}_precision" in names)


def items_used(
    expressions: Iterable[Expression | None], table: str, form: Form, facts: Sequence[Item] = ()
) -> tuple[str, ...]:
    """Return the identifiers of the items and facts that the expressions use, columns of the table left out."""
    columns = {*TABLES[table].names, *CODED[table], *(ENCOUNTER_HISTORY if table == "encounter" else ())}
    known = {item.id for item in (*form.items, *facts)}
    used = {name for each in expressions if each for name in each.fields}
    return tuple(sorted((used & known) - columns))


def _type(kind: pa.DataType) -> Type:
    if pa.types.is_timestamp(kind):
        return Type.DATETIME
    if pa.types.is_date(kind):
        return Type.DATE
    if pa.types.is_boolean(kind):
        return Type.BOOLEAN
    if pa.types.is_list(kind):
        return Type.TEXTS
    if pa.types.is_floating(kind) or pa.types.is_integer(kind):
        return Type.NUMBER
    return Type.TEXT
