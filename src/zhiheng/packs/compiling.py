"""Compile the models of form.yaml into the engine's form, and report every mistake with its place."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from zhiheng.engine.form import Form, Item, ItemType, Limit, Option, Sets
from zhiheng.engine.language import Expression, ExpressionError, Field, Scope, Type, parse
from zhiheng.engine.language.types import Call, Node
from zhiheng.lib.models import Problem, Spec
from zhiheng.lib.suggest import did_you_mean
from zhiheng.lib.yaml import Document, Location

from .specs.form import AmendmentSpec, Expressions, FormSpec, ItemSpec, LimitSpec, SectionSpec, SetsSpec, UseSpec

TYPES = {
    ItemType.TEXT: Type.TEXT,
    ItemType.NUMBER: Type.NUMBER,
    ItemType.DATE: Type.DATE,
    ItemType.DATETIME: Type.DATETIME,
    ItemType.CHOICE: Type.TEXT,
    ItemType.CHOICES: Type.TEXTS,
}
ROMAN = str.maketrans({"Ⅰ": "i", "Ⅱ": "ii", "Ⅲ": "iii", "Ⅳ": "iv", "Ⅴ": "v", "Ⅵ": "vi"})


def identifier(code: str) -> str:
    """Return the name of a national code in expressions: `STEMI-1-2-4-1` is `stemi_1_2_4_1`."""
    return re.sub(r"[^a-z0-9]", "_", code.translate(ROMAN).lower())


@dataclass(frozen=True)
class Place:
    """Where something was written."""

    document: Document
    location: Location

    def at(self, *steps: str | int) -> "Place":
        """Return the place of a part of what stands here."""
        return Place(self.document, (*self.location, *steps))


@dataclass
class Report:
    """What is wrong (the pack is refused) and what is strange (it is reported by `pack check`)."""

    problems: list[Problem] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)

    def problem(self, place: Place, message: str) -> None:
        """Record a mistake that makes the pack unusable."""
        self.problems.append(_at(place, message))

    def warning(self, place: Place, message: str) -> None:
        """Record something strange that does not stop the pack."""
        self.warnings.append(_at(place, message))


@dataclass(frozen=True)
class Common:
    """What packs/common offers to every form."""

    items: Mapping[str, tuple[ItemSpec, Place]] = field(default_factory=dict)
    options: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    aliases: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Written:
    """One item as it was written: its model, its section, what must hold for it to be shown, its place."""

    spec: ItemSpec
    section: tuple[str, ...]
    levels: tuple[tuple[str, Place], ...]
    place: Place
    options: Mapping[str, str]
    added_by_overlay: bool = False


def written_items(form: FormSpec, document: Document, common: Common, report: Report) -> list[Written]:
    """Return the items of a form in their order, with shared items and option lists filled in."""
    found: list[Written] = []
    root = Place(document, ())
    for number, section in enumerate(form.sections):
        found += _section(section, root.at("sections", number), (), (), form, common, report)
    return _amended(found, form.amendments, root, report)


def compile_form(
    form: FormSpec,
    document: Document,
    common: Common,
    report: Report,
    overlays: Iterable[tuple[FormSpec, Document]] = (),
) -> Form | None:
    """Return the compiled form, or None when the report has problems."""
    before = len(report.problems)
    written = written_items(form, document, common, report)
    aliases = {**common.aliases, **form.aliases}
    for added, source in overlays:
        written += _overlay_items(added, source, common, written, report)
        aliases.update(_overlay_aliases(added, source, aliases, report))
    _known_aliases(form, written, root=Place(document, ()), report=report)
    names = _unique(written, report)
    scope = _scope(written, aliases, report)
    compiler = _Compiler(scope, names, report)
    items = tuple(compiler.item(each, _alias_of(each.spec, aliases)) for each in written)
    if len(report.problems) > before:
        return None
    return Form(form.form, items, scope, form.edition or "")


class _Compiler:
    def __init__(self, scope: Scope, names: Mapping[str, Written], report: Report) -> None:
        self.scope = scope
        self.names = names
        self.report = report
        # Section rules repeat on every item below them: parse each text once.
        self.parsed: dict[tuple[str, Type | None], Expression | ExpressionError] = {}

    def item(self, written: Written, alias: str | None) -> Item:
        spec, place = written.spec, written.place
        name = identifier(spec.item)
        kind = ItemType(spec.type_)
        return Item(
            code=spec.item,
            id=name,
            alias=alias,
            label=spec.label,
            section=written.section,
            type=kind,
            required=spec.required,
            options=tuple(Option(value, label) for value, label in written.options.items()),
            shown=self.shown(spec.item, written.levels),
            computed=self.computed(spec, kind, place),
            default=None if spec.default == "def" else spec.default,
            sets=tuple(self.sets(each, written, place.at("sets", n)) for n, each in enumerate(spec.sets)),
            limits=tuple(self.limit(each, spec, n, place.at("limits", n)) for n, each in enumerate(spec.limits)),
            max_length=spec.max_length,
            readonly=spec.readonly,
            hidden_by_default=spec.hidden,
        )

    def expression(self, text: str, place: Place, subject: str, expect: Type | None = None) -> Expression | None:
        found = self.parsed.get((text, expect))
        if found is None:
            try:
                found = parse(text, self.scope, expect)
            except ExpressionError as problem:
                found = problem
            self.parsed[(text, expect)] = found
        if isinstance(found, ExpressionError):
            self.report.problem(place, f'item "{subject}": {found.problem} In: {text}')
            return None
        for warning in found.warnings:
            self.report.warning(place, f'item "{subject}": {warning} In: {text}')
        return found

    def shown(self, code: str, levels: Sequence[tuple[str, Place]]) -> Expression | None:
        if not levels:
            return None
        each = [self.expression(text, place, code, Type.BOOLEAN) for text, place in levels]
        known = [expression for expression in each if expression is not None]
        if len(known) < len(each):
            return None
        return known[0] if len(known) == 1 else together(known)

    def computed(self, spec: ItemSpec, kind: ItemType, place: Place) -> Expression | None:
        if spec.computed is None:
            return None
        return self.expression(spec.computed, place.at("computed"), spec.item, TYPES[kind])

    def sets(self, spec: SetsSpec, written: Written, place: Place) -> Sets:
        code = written.spec.item
        when = self.expression(spec.when, place.at("when"), code, Type.BOOLEAN)
        target = self.names.get(spec.item)
        if target is None:
            near = did_you_mean(spec.item, self.names)
            self.report.problem(place.at("item"), f'item "{code}": sets the unknown item "{spec.item}".{near}')
        elif written.added_by_overlay and not target.added_by_overlay:
            message = f'an overlay adds to the national form and does not answer its items ("{spec.item}").'
            self.report.problem(place.at("item"), f'item "{code}": {message} Remove the rule.')
        to = None
        if target is not None and spec.to is not None:
            to = self.expression(spec.to, place.at("to"), code, _target_type(target, spec.to))
        return Sets(when, identifier(spec.item), to)  # type: ignore[arg-type]  # None only where a problem was reported

    def limit(self, spec: LimitSpec, item: ItemSpec, number: int, place: Place) -> Limit:
        holds = self.expression(spec.holds, place.at("holds"), item.item, Type.BOOLEAN)
        name = spec.id or f"{identifier(item.item)}.limit_{number + 1}"
        return Limit(name, holds, spec.message, spec.severity)  # type: ignore[arg-type]  # as above


def _section(
    section: SectionSpec,
    place: Place,
    path: tuple[str, ...],
    levels: tuple[tuple[str, Place], ...],
    form: FormSpec,
    common: Common,
    report: Report,
) -> list[Written]:
    path = (*path, section.section)
    levels = (*levels, *_levels(section.show, place))
    found: list[Written] = []
    for number, entry in enumerate(section.items):
        here = place.at("items", number)
        if isinstance(entry, SectionSpec):
            found += _section(entry, here, path, levels, form, common, report)
        elif shared := _shared(entry, here, common, report):
            spec, written_at = shared
            options = _options(spec, written_at, form, common, report)
            own = _levels(spec.show, written_at)
            found.append(Written(spec, path, (*levels, *own), written_at, options))
    return found


def _shared(entry: ItemSpec | UseSpec, place: Place, common: Common, report: Report) -> tuple[ItemSpec, Place] | None:
    if isinstance(entry, ItemSpec):
        return entry, place
    found = common.items.get(entry.use)
    if found is None:
        near = did_you_mean(entry.use, common.items)
        report.problem(place.at("use"), f'item "{entry.use}": is not in packs/common/items.yaml.{near}')
    return found


def _options(spec: ItemSpec, place: Place, form: FormSpec, common: Common, report: Report) -> Mapping[str, str]:
    if spec.options is None:
        return {}
    if isinstance(spec.options, dict):
        return spec.options
    known = {**common.options, **form.options}
    if spec.options not in known:
        near = did_you_mean(spec.options, known)
        report.problem(place.at("options"), f'item "{spec.item}": unknown option list "{spec.options}".{near}')
        return {}
    return known[spec.options]


def _amended(written: list[Written], amendments: Sequence[AmendmentSpec], root: Place, report: Report) -> list[Written]:
    by_code = {each.spec.item: number for number, each in enumerate(written)}
    for number, amendment in enumerate(amendments):
        place = root.at("amendments", number)
        where = by_code.get(amendment.item)
        if where is None:
            near = did_you_mean(amendment.item, by_code)
            report.problem(place.at("item"), f'amendment of the unknown item "{amendment.item}".{near}')
            continue
        old = written[where]
        if twice := [value for value in amendment.add_options if value in old.options]:
            message = f'amendment of "{amendment.item}" adds the option "{twice[0]}", which the national form has.'
            report.problem(place.at("add_options", twice[0]), f"{message} Remove it.")
        options = {**old.options, **amendment.add_options}
        written[where] = Written(old.spec, old.section, old.levels, old.place, options)
    return written


def _overlay_items(
    form: FormSpec, document: Document, common: Common, base: Sequence[Written], report: Report
) -> Iterator[Written]:
    known = {each.spec.item for each in base}
    if form.amendments:
        report.problem(Place(document, ("amendments",)), "an overlay adds items and does not amend national ones.")
    for each in written_items(form.model_copy(update={"amendments": []}), document, common, report):
        if each.spec.item in known:
            message = "is in the national form. An overlay adds items under codes of its own."
            report.problem(each.place, f'item "{each.spec.item}": {message}')
        else:
            yield Written(each.spec, each.section, each.levels, each.place, each.options, added_by_overlay=True)


def _overlay_aliases(
    form: FormSpec, document: Document, known: Mapping[str, str], report: Report
) -> Iterator[tuple[str, str]]:
    for alias, code in form.aliases.items():
        if alias in known and known[alias] != code:
            report.problem(Place(document, ("aliases", alias)), f'alias "{alias}" already stands for "{known[alias]}".')
        else:
            yield alias, code


def _known_aliases(form: FormSpec, written: Sequence[Written], root: Place, report: Report) -> None:
    known = {each.spec.item: None for each in written}
    for alias, code in form.aliases.items():
        if code not in known:
            near = did_you_mean(code, known)
            report.problem(root.at("aliases", alias), f'alias "{alias}" stands for the unknown item "{code}".{near}')


def _unique(written: Sequence[Written], report: Report) -> dict[str, Written]:
    by_code: dict[str, Written] = {}
    by_name: dict[str, str] = {}
    for each in written:
        code = each.spec.item
        if code in by_code:
            report.problem(each.place, f'item "{code}": is already in this form. Keep one of them.')
        elif (name := identifier(code)) in by_name:
            report.problem(each.place, f'item "{code}": has the same name "{name}" as "{by_name[name]}".')
        by_code.setdefault(code, each)
        by_name.setdefault(identifier(code), code)
    return by_code


def _scope(written: Sequence[Written], aliases: Mapping[str, str], report: Report) -> Scope:
    fields = {
        identifier(each.spec.item): Field(
            identifier(each.spec.item), TYPES[ItemType(each.spec.type_)], tuple(each.options)
        )
        for each in written
    }
    named = {alias: identifier(code) for alias, code in aliases.items() if identifier(code) in fields}
    for each in written:
        alias, name = each.spec.alias, identifier(each.spec.item)
        if alias is None:
            continue
        if alias in fields or named.get(alias, name) != name:
            report.problem(each.place.at("alias"), f'item "{each.spec.item}": alias "{alias}" is already taken.')
        else:
            named[alias] = name
    return Scope(fields.values(), {alias: name for alias, name in named.items() if alias not in fields})


def _alias_of(spec: ItemSpec, aliases: Mapping[str, str]) -> str | None:
    return spec.alias or next((alias for alias, code in aliases.items() if code == spec.item), None)


def _levels(show: Expressions | None, place: Place) -> tuple[tuple[str, Place], ...]:
    if show is None:
        return ()
    if isinstance(show, str):
        return ((show, place.at("show")),)
    return tuple((text, place.at("show", number)) for number, text in enumerate(show))


def together(expressions: Sequence[Expression]) -> Expression:
    """Return what parsing the expressions joined by `and` would give, without parsing them again."""
    operands: list[Node] = []
    for each in expressions:
        joined = isinstance(each.node, Call) and each.node.name == "and"
        operands += each.node.operands if isinstance(each.node, Call) and joined else [each.node]
    text = " and ".join(_in_parentheses(each) for each in expressions)
    fields = sorted({name for each in expressions for name in each.fields})
    warnings = dict.fromkeys(warning for each in expressions for warning in each.warnings)
    return Expression(text, Call("and", tuple(operands), Type.BOOLEAN), tuple(fields), tuple(warnings))


def _in_parentheses(expression: Expression) -> str:
    loose = isinstance(expression.node, Call) and expression.node.name == "or"
    return f"({expression.text})" if loose else expression.text


def _target_type(target: Written, to: str) -> Type | None:
    kind = ItemType(target.spec.type_)
    # A rule on several choices adds one option ('a') or copies another item of the kind.
    return None if kind is ItemType.CHOICES else TYPES[kind]


def _at(place: Place, message: str) -> Problem:
    return Problem(place.document.file, place.document.line(place.location), message)


__all__ = ["TYPES", "Common", "Place", "Report", "Spec", "Written", "compile_form", "identifier", "written_items"]
