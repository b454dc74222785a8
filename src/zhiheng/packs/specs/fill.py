"""The shape of fill.yaml: how items are filled from records, with the evidence."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from pydantic import Field, model_validator

from zhiheng.engine.fill.rules import (
    CODED,
    DEFAULT_ORDER,
    DEFAULT_TEXT,
    ENCOUNTER_HISTORY,
    FACT,
    JOINED_VISITS,
    FillError,
    Pattern,
    Plan,
    Rule,
    items_used,
    table_scope,
)
from zhiheng.engine.fill.terms import Terms
from zhiheng.engine.fill.units import Units
from zhiheng.engine.form import Item, ItemType
from zhiheng.engine.language import Expression, ExpressionError, Scope, Type, parse
from zhiheng.engine.language.types import Call, Node, Reference
from zhiheng.engine.language.types import Literal as Literal_
from zhiheng.lib.models import Spec
from zhiheng.lib.suggest import did_you_mean
from zhiheng.lib.yaml import Document, Location
from zhiheng.packs.loading import Context
from zhiheng.records.schema import TABLES

from .terms import read_terms, read_units

OPTIONS_BY_CODE = "options_by_code"


class RuleSpec(Spec):
    """Which rows of one table give a value."""

    from_: str = Field(alias="from")
    value: str | None = None
    answer: str | None = None
    where: str | None = None
    term: str | list[str] | None = None
    match: str | None = None
    unless: str | None = None
    within: list[str] | None = None
    take: Literal["first", "last", "min", "max", "count", "any", "only", "all"] = "only"
    order: str | None = None
    map_: dict[str, str] | str | None = Field(None, alias="map")
    unit: str | None = None
    absent: str | None = None
    negated: bool = False
    visits: Literal["own", "with_emergency", "emergency", "case", "person"] | None = None
    during: Literal["year", "H1", "H2", "Q1", "Q2", "Q3", "Q4"] | None = None
    source: str | None = None

    @model_validator(mode="after")
    def _gives_something(self) -> "RuleSpec":
        given = [name for name in ("value", "answer") if getattr(self, name) is not None]
        if len(given) > 1:
            raise ValueError('a rule has either "value" (from the row) or "answer" (fixed). Remove one.')
        says = given or self.match or isinstance(self.map_, dict) or self.take == "count" or self.absent is not None
        if not says:
            raise ValueError('the rule does not say what to fill. Add "value", "answer", "match" or a map of terms.')
        if (self.unless or self.within) and not self.match:
            raise ValueError('"unless" and "within" belong to "match". Add it or remove them.')
        if self.take in ("min", "max") and self.value is None:
            raise ValueError(f'take: {self.take} needs "value": the value to compare.')
        if isinstance(self.map_, str) and self.map_ != OPTIONS_BY_CODE:
            raise ValueError(f'"map" is "{self.map_}"; it must be a mapping or {OPTIONS_BY_CODE}.')
        return self


class FillSpec(RuleSpec):
    """One rule of one item. Of several rules of an item the first that finds anything decides."""

    item: str


class FactSpec(RuleSpec):
    """A value that is no item of the form but that other rules use by name: when the first dose was given..."""

    fact: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    type_: Literal["text", "number", "date", "datetime"] = Field(alias="type")


class FillsSpec(Spec):
    """fill.yaml. `without` names items whose common rules do not fit this pack, each with the reason."""

    source: str
    without: dict[str, str] = Field(default_factory=dict)
    facts: list[FactSpec] = Field(default_factory=list)
    fills: list[FillSpec]


@dataclass(frozen=True)
class Fills:
    """The fill rules of a pack with what they need: terms and units."""

    plan: Plan
    terms: Terms
    units: Units


def compile_part(documents: Sequence[Document], context: Context) -> Fills | None:
    """Compile the fills of a pack: its own rules come before the common ones."""
    terms, problems = read_terms(context.common)
    units, more = read_units(context.common)
    context.report.problems.extend([*problems, *more])
    files = [(document, spec) for document in documents if (spec := context.read(document, FillsSpec))]
    if len(files) < len(documents):
        return None
    without = {code for _, spec in files for code in _codes(spec.without, context)}
    facts: dict[str, Item] = {}
    rules: list[Rule] = []
    for document, spec in files:
        compiler = _Compiler(document, spec, context, terms, units, facts)
        own_facts = compiler.facts()
        # The pack's rules are asked before the common ones.
        rules = [*own_facts, *compiler.rules(without if compiler.common else frozenset()), *rules]
    try:
        plan = Plan(context.spec.pack, context.form, rules, tuple(facts.values()))
    except FillError as problem:
        context.problem(documents[-1], (), str(problem))
        return None
    used = {name for rule in rules for name in (*rule.terms, *(rule.mapping or {}), *_terms_in_expressions(rule))}
    return Fills(plan, _needed(terms, used), units)


def _is_common(document: Document) -> bool:
    return "common/" in document.file


def _codes(without: dict[str, str], context: Context) -> Iterator[str]:
    for name in without:
        item = _item(name, context)
        if item:
            yield item.code


def _item(name: str, context: Context) -> Item | None:
    return next((item for item in context.form.items if name in (item.id, item.alias, item.code)), None)


def _terms_in_expressions(rule: Rule) -> Iterator[str]:
    for expression in (rule.value, rule.where):
        if expression is not None:
            yield from _terms_asked(expression.node, {"terms", *CODED[rule.table]})


def _terms_asked(node: Node, columns: Collection[str]) -> Iterator[str]:
    """Yield the terms that an expression looks for: the texts next to a column of terms."""
    if not isinstance(node, Call):
        return
    if any(isinstance(each, Reference) and each.name in columns for each in node.operands):
        yield from (each.value for each in node.operands if isinstance(each, Literal_) and isinstance(each.value, str))
    for operand in node.operands:
        yield from _terms_asked(operand, columns)


def _needed(terms: Terms, used: set[str]) -> Terms:
    """Return the terms that the rules name and all that these include: others need not be resolved."""
    needed = {name for name in used if name in terms}
    while True:
        more = {each for name in needed for each in terms[name].includes} - needed
        if not more:
            return Terms(terms[name] for name in terms.names if name in needed)
        needed |= more


class _Compiler:
    """Turns the rules of one file into compiled ones."""

    def __init__(
        self,
        document: Document,
        spec: FillsSpec,
        context: Context,
        terms: Terms,
        units: Units,
        facts: dict[str, Item],
    ) -> None:
        self.document, self.spec, self.context, self.terms, self.units = document, spec, context, terms, units
        self.common = _is_common(document)
        self.known_facts = facts
        self._section = "fills"
        self._scopes: dict[str, Scope] = {}

    def facts(self) -> list[Rule]:
        """Compile the facts of the file; later ones may use earlier ones."""
        self._section = "facts"
        found = []
        for number, each in enumerate(self.spec.facts):
            item = Item(code=FACT + each.fact, id=each.fact, label=each.fact, type=ItemType(each.type_))
            known = self.known_facts.get(each.fact)
            if known is not None and known.type is not item.type:
                self._problem(number, "type", f"is also a fact of type {known.type}.")
            rule = self._rule(number, each, item)
            if rule is not None:
                found.append(rule)
                self.known_facts[each.fact] = item
                self._scopes.clear()
        self._section = "fills"
        return found

    def rules(self, without: frozenset[str] | set[str]) -> list[Rule]:
        found = []
        for number, each in enumerate(self.spec.fills):
            item = _item(each.item, self.context)
            if item is None:
                if not self.common:  # a common rule waits for the forms that have its item
                    names = [known.id for known in self.context.form.items]
                    self._problem(number, "item", f'unknown item "{each.item}".{did_you_mean(each.item, names)}')
                continue
            if item.code in without or item.computed is not None:
                continue
            rule = self._rule(number, each, item)
            if rule is not None:
                found.append(rule)
        return found

    def _rule(self, number: int, spec: RuleSpec, item: Item) -> Rule | None:
        table = spec.from_
        if table not in TABLES:
            self._problem(number, "from", f'unknown table "{table}".{did_you_mean(table, TABLES, kind="Tables")}')
            return None
        where = self._parse(number, "where", spec.where, table, Type.BOOLEAN)
        value = self._parse(number, "value", spec.value, table, None)
        names = self._terms(number, spec)
        if (spec.where and not where) or (spec.value and not value) or names is None:
            return None
        if self.common and not item.options and _speaks_of_options(spec):
            return None  # here people write the answer out
        spec = self._fitted(spec, item)
        if self._wrong(number, spec, item, value, where):
            return None
        mapping = spec.map_ if isinstance(spec.map_, dict) else None
        within = tuple(spec.within or DEFAULT_TEXT.get(table, ()))
        return Rule(
            id=f"{self.document.file}#{item.id}/{number + 1}",
            item=item.code,
            table=table,
            take=spec.take,
            value=value,
            answer=spec.answer,
            where=where,
            terms=names,
            pattern=Pattern(spec.match, spec.unless, within) if spec.match else None,
            order=spec.order or DEFAULT_ORDER.get(table),
            mapping=mapping,
            by_code=spec.map_ == OPTIONS_BY_CODE,
            unit=spec.unit,
            absent=spec.absent,
            negated=spec.negated,
            visits=spec.visits or _usual_visits(spec),
            during=spec.during,
            source=spec.source or self.spec.source,
            uses=items_used((value, where), table, self.context.form, tuple(self.known_facts.values())),
        )

    def _fitted(self, spec: RuleSpec, item: Item) -> RuleSpec:
        """Return a common rule as far as this form has its options: the same letter may mean something else there."""
        if not self.common:
            return spec
        changed: dict[str, object] = {}
        if isinstance(spec.map_, dict) and item.options:
            changed["map_"] = {found: value for found, option in spec.map_.items() if (value := _option(item, option))}
        if spec.answer is not None and item.options:
            changed["answer"] = _option(item, spec.answer) or spec.answer
        if spec.absent is not None and item.options:
            changed["absent"] = _option(item, spec.absent)
        return spec.model_copy(update=changed)

    def _terms(self, number: int, spec: RuleSpec) -> tuple[str, ...] | None:
        names = [spec.term] if isinstance(spec.term, str) else list(spec.term or ())
        by_terms = isinstance(spec.map_, dict) and not (spec.value or spec.answer or spec.match)
        if by_terms and isinstance(spec.map_, dict):
            names = list(dict.fromkeys([*names, *(each for each in spec.map_ if each != "else")]))
        for name in names:
            if name not in self.terms:
                near = did_you_mean(name, self.terms.names)
                self._problem(number, "term", f'unknown term "{name}".{near} Terms stand in packs/common/terms.')
                return None
        return tuple(names)

    def _parse(self, number: int, key: str, text: str | None, table: str, expect: Type | None) -> Expression | None:
        if text is None:
            return None
        if table not in self._scopes:
            self._scopes[table] = table_scope(table, self.context.form, tuple(self.known_facts.values()))
        try:
            found = parse(text, self._scopes[table], expect)
        except ExpressionError as problem:
            # A common rule may name items that only some forms have.
            if not (self.common and self._names_missing_item(text)):
                self._problem(number, key, f"{problem.problem} In: {text}")
            return None
        for name in _terms_asked(found.node, {"terms", *CODED[table]}):
            if name not in self.terms:
                self._problem(number, key, f'unknown term "{name}".{did_you_mean(name, self.terms.names)} In: {text}')
                return None
        for warning in found.warnings:
            self.context.warning(self.document, (self._section, number, key), f"{warning} In: {text}")
        return found

    def _names_missing_item(self, text: str) -> bool:
        return "cm_" in text

    def _wrong(
        self, number: int, spec: RuleSpec, item: Item, value: Expression | None, where: Expression | None
    ) -> bool:
        wrong = False
        for key, option in _fixed_options(spec):
            if item.type in (ItemType.CHOICE, ItemType.CHOICES) and option not in {o.value for o in item.options}:
                if self.common:
                    return True  # the option is not in this form's list: the rule is for other forms
                listed = [o.value for o in item.options]
                self._problem(number, key, f'"{option}" is no option of "{item.id}". Options: {", ".join(listed)}.')
                wrong = True
        if spec.unit and spec.unit not in self.units:
            self._problem(number, "unit", f'unknown unit "{spec.unit}". Units stand in packs/common/units.yaml.')
            wrong = True
        if problem := _wrong_visits(spec, self._history(value, where)):
            self._problem(number, *problem)
            wrong = True
        if value is not None and not _fits(value.type, item, spec):
            message = f'value is {value.type}, but "{item.id}" is {item.type}. Change the value or add a map.'
            self._problem(number, "value", message)
            wrong = True
        if spec.order and spec.order not in TABLES[spec.from_].names:
            near = did_you_mean(spec.order, TABLES[spec.from_].names, kind="Columns")
            self._problem(number, "order", f'unknown column "{spec.order}".{near}')
            wrong = True
        return wrong

    def _history(self, *expressions: Expression | None) -> str | None:
        """Return the first name of what is known of the stay before the case's own visit."""
        names = (name for each in expressions if each is not None for name in each.fields)
        return next((name for name in names if name in ENCOUNTER_HISTORY), None)

    def _problem(self, number: int, key: str, message: str) -> None:
        location: Location = (self._section, number, key)
        each = self.spec.fills[number] if self._section == "fills" else self.spec.facts[number]
        name = each.item if isinstance(each, FillSpec) else each.fact if isinstance(each, FactSpec) else ""
        kind = "item" if self._section == "fills" else "fact"
        self.context.problem(self.document, location, f'{kind} "{name}": {message}')


def _usual_visits(spec: RuleSpec) -> str:
    if spec.during:
        return "person"
    return "with_emergency" if spec.from_ in JOINED_VISITS else "own"


def _wrong_visits(spec: RuleSpec, history: str | None) -> tuple[str, str] | None:
    """Return which key asks for visits that the rule cannot have, and why."""
    if spec.from_ == "patient" and (spec.during or spec.visits == "case"):
        key = "during" if spec.during else "visits"
        return key, f'rows of "patient" belong to no visit and have no time. Remove "{key}".'
    if spec.during and spec.visits not in (None, "case", "person"):
        message = f'"during" looks at the visits of a whole year, and "visits: {spec.visits}" at one.'
        return "during", f'{message} Write "visits: case" or "visits: person", or remove one.'
    if history and (spec.during or spec.visits in ("case", "person")):
        key = "visits" if spec.visits else "during"
        return key, f'"{history}" is known of the case\'s own visit only. Remove "{key}: {getattr(spec, key)}".'
    return None


def _fixed_options(spec: RuleSpec) -> Iterator[tuple[str, str]]:
    if spec.answer is not None:
        yield "answer", spec.answer
    if spec.absent is not None:
        yield "absent", spec.absent
    if isinstance(spec.map_, dict):
        for option in spec.map_.values():
            yield "map", option


def _speaks_of_options(spec: RuleSpec) -> bool:
    """Say whether the rule gives an option, written as `value=beginning of its label`, or looks for one by its code."""
    return spec.map_ == OPTIONS_BY_CODE or any("=" in option for _, option in _fixed_options(spec))


def _option(item: Item, wanted: str) -> str | None:
    """Return the value of the option written as `value` or `value=beginning of its label`, if the item has it."""
    value, _, label = wanted.partition("=")
    found = next((option for option in item.options if option.value == value), None)
    same = found is not None and _without_space(found.label).startswith(_without_space(label))
    return value if same else None


def _without_space(label: str) -> str:
    return "".join(label.split())


def _fits(found: Type, item: Item, spec: RuleSpec) -> bool:
    if spec.map_ is not None or spec.take == "count":
        return True
    wanted = {
        ItemType.TEXT: (Type.TEXT, Type.NUMBER, Type.DATE, Type.DATETIME),
        ItemType.NUMBER: (Type.NUMBER,),
        ItemType.DATE: (Type.DATE, Type.DATETIME, Type.TEXT),
        ItemType.DATETIME: (Type.DATETIME, Type.TEXT),
        ItemType.CHOICE: (Type.TEXT,),
        ItemType.CHOICES: (Type.TEXT,),
    }
    return found in wanted[item.type]
