"""The shape of find.yaml: who is a case, and what takes a visit out again."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from zhiheng.engine.find.facts import FACTS, HISTORY, roots, scope
from zhiheng.engine.find.rules import Consider, Criterion, Exclusion, Origin, Position, Rules, Unit
from zhiheng.engine.language import Expression, ExpressionError, Scope, Type, parse
from zhiheng.lib.models import Spec
from zhiheng.lib.suggest import did_you_mean
from zhiheng.lib.yaml import Document, Location
from zhiheng.records.codes import CodeError, Cover

if TYPE_CHECKING:
    from zhiheng.packs.loading import Context

Identifier = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
Confidence = Literal["announcement", "form", "provisional", "own_knowledge"]

_AGE = re.compile(r"(\d+) (years?|months?)")


class SourceSpec(Spec):
    """Where a rule comes from: the document with its date, and how far it is to be trusted."""

    text: str
    confidence: Confidence

    def origin(self) -> Origin:
        return Origin(self.text, self.confidence)


class CriterionSpec(Spec):
    """A diagnosis or a procedure of the visit, by code, by words in its name, or both."""

    diagnosis: Literal["principal", "other", "any", "first_two"] | None = None
    procedure: Literal["principal", "any"] | None = None
    codes: list[str] = Field(default_factory=list)
    names: list[str] = Field(default_factory=list)
    same_codes_as: str | None = None
    except_: list[str] = Field(default_factory=list, alias="except")
    present_on_admission: bool | None = None
    visits: Literal["this", "earlier"] = "this"

    @model_validator(mode="after")
    def _says_one_thing(self) -> Self:
        if (self.diagnosis is None) == (self.procedure is None):
            raise ValueError("a criterion looks at `diagnosis:` or at `procedure:`. Give exactly one of them.")
        if not (self.codes or self.names or self.same_codes_as):
            raise ValueError("a criterion needs `codes:`, `names:` or `same_codes_as:`.")
        if self.present_on_admission is not None and self.diagnosis is None:
            raise ValueError("only a diagnosis can be present on admission. Remove present_on_admission.")
        if self.visits == "earlier" and (self.names or self.present_on_admission is not None):
            raise ValueError("earlier visits are searched by codes alone. Remove names and present_on_admission.")
        return self


def _bound(text: str) -> str:
    if not _AGE.fullmatch(text):
        raise ValueError(f'"{text}" is no age. Write it like "18 years" or "18 months".')
    return text


Bound = Annotated[str, AfterValidator(_bound)]


class AgeSpec(Spec):
    """From this age, and below that one, at admission; whoever is not is out for `reason`."""

    from_: Bound | None = Field(None, alias="from")
    below: Bound | None = None
    reason: str
    source: SourceSpec | None = None

    @model_validator(mode="after")
    def _has_a_limit(self) -> Self:
        if self.from_ is None and self.below is None:
            raise ValueError("age needs `from:` or `below:`.")
        return self

    def outside(self) -> str:
        """Return the expression that is true for whoever is too young or too old."""
        limits = []
        if self.from_:
            limits.append(_younger_than(self.from_))
        if self.below:
            limits.append(f"not ({_younger_than(self.below)})")
        return " or ".join(f"({limit})" for limit in limits)


def _younger_than(bound: str) -> str:
    count, unit = bound.split()
    if unit.startswith("year"):
        return f"age_years < {count}"
    # Whole years leave the months open: 1 year may be 12 or 23 months.
    return f"""case when age_months is not null then age_months < {count}
        when age_years * 12 >= {count} then false when age_years * 12 + 11 < {count} then true end"""


class ExclusionSpec(Spec):
    """Why a visit is not reported: `when` records decide, `ask` a person, or the unit sees to it (`by_unit`)."""

    id: Identifier
    reason: str
    when: str | None = None
    if_unknown: Literal["undecided", "ask"] = "undecided"
    ask: str | None = None
    raise_: str | None = Field(None, alias="raise")
    by_unit: str | None = None
    source: SourceSpec | None = None

    @model_validator(mode="after")
    def _is_decided_one_way(self) -> Self:
        ways = [way for way in (self.when, self.ask, self.by_unit) if way is not None]
        if len(ways) != 1:
            raise ValueError("an exclusion needs exactly one of `when:`, `ask:` and `by_unit:`.")
        if self.raise_ is not None and self.ask is None:
            raise ValueError("`raise:` belongs to a question. Add `ask:` or remove it.")
        if self.if_unknown == "ask" and self.when is None:
            raise ValueError("`if_unknown:` belongs to `when:`.")
        return self


class YieldSpec(Spec):
    """Diseases that go before this one: a visit that is a case of one of them is not reported here as well."""

    id: Identifier
    packs: list[str]
    when: str | None = None
    reason: str
    source: SourceSpec | None = None


class ConsiderSpec(Spec):
    """A visit outside `include` that a person may still count in; without `raise` records cannot hint at it."""

    id: Identifier
    ask: str
    raise_: str | None = Field(None, alias="raise")
    source: SourceSpec | None = None


class FindSpec(Spec):
    """find.yaml of a disease."""

    unit: Literal["encounter", "outpatient_visit", "patient_year"] = "encounter"
    classes: list[Literal["inpatient", "outpatient", "emergency", "day_surgery"]] = Field(min_length=1)
    status: Literal["national", "provisional"] = "national"
    source: SourceSpec
    criteria: dict[Identifier, CriterionSpec]
    include: str
    age: AgeSpec | None = None
    consider: list[ConsiderSpec] = Field(default_factory=list)
    exclude: list[ExclusionSpec] = Field(default_factory=list)
    yields_to: list[YieldSpec] = Field(default_factory=list)
    notes: list[str] = Field(default_factory=list)


class OverlayFindSpec(Spec):
    """find.yaml of a hospital's own additions: more criteria and exclusions, never fewer."""

    criteria: dict[Identifier, CriterionSpec] = Field(default_factory=dict)
    consider: list[ConsiderSpec] = Field(default_factory=list)
    exclude: list[ExclusionSpec] = Field(default_factory=list)
    source: SourceSpec


class FindError(ValueError):
    """What cannot run, and where in find.yaml it stands."""

    def __init__(self, location: Location, message: str) -> None:
        super().__init__(message)
        self.location = location


def compile_part(documents: Sequence[Document], context: "Context") -> Rules | None:
    """Compile find.yaml of a pack and of its overlays; what is wrong is reported with its line."""
    spec = context.read(documents[0], FindSpec)
    rules = _reporting(documents[0], context, spec, OverlayFindSpec.model_construct()) if spec else None
    for document in documents[1:]:
        added = context.read(document, OverlayFindSpec)
        if spec is not None and added is not None and rules is not None:
            whole = _reporting(document, context, spec, added)
            rules = whole and _joined(rules, whole)
    return rules


def _reporting(document: Document, context: "Context", spec: FindSpec, added: OverlayFindSpec) -> Rules | None:
    pack = context.spec
    versions = {"valid_from": pack.valid_from, "valid_until": pack.valid_until}
    try:
        return compile_find(spec, abbr=pack.pack, version=pack.version, added=added, **versions)
    except FindError as problem:
        context.problem(document, problem.location, str(problem))
        return None


def _joined(rules: Rules, whole: Rules) -> Rules:
    return replace(
        rules,
        criteria=tuple(dict.fromkeys((*rules.criteria, *whole.criteria))),
        considers=tuple(dict.fromkeys((*rules.considers, *whole.considers))),
        exclusions=tuple(dict.fromkeys((*rules.exclusions, *whole.exclusions))),
    )


def compile_find(
    spec: FindSpec,
    *,
    abbr: str,
    version: str,
    valid_from: date | None = None,
    valid_until: date | None = None,
    added: OverlayFindSpec | None = None,
) -> Rules:
    """Return the rules that the engine runs; FindError says what cannot run, and where."""
    more = added or OverlayFindSpec.model_construct()
    listed = {**spec.criteria, **more.criteria}
    known = scope(listed)
    source = spec.source if added is None or not added.exclude else added.source
    _refuse_repeated(spec, more)
    include = _of_codes_only(_expression(spec.include, known, ("include",)), listed, ("include",))
    return Rules(
        abbr=abbr,
        version=version,
        include=include,
        criteria=tuple(_criterion(name, each, listed) for name, each in listed.items()),
        classes=tuple(spec.classes),
        unit=Unit(spec.unit),
        status=spec.status,
        valid_from=valid_from,
        valid_until=valid_until,
        considers=tuple(
            _consider(each, known, listed, spec.source, ("consider", number))
            for group in (spec.consider, more.consider)
            for number, each in enumerate(group)
        ),
        exclusions=(
            *_age(spec, known),
            *(_exclusion(each, known, spec.source, ("exclude", number)) for number, each in enumerate(spec.exclude)),
            *(_yield(each, known, spec.source, ("yields_to", number)) for number, each in enumerate(spec.yields_to)),
            *(_exclusion(each, known, source, ("exclude", number)) for number, each in enumerate(more.exclude)),
        ),
        origin=spec.source.origin(),
    )


RESERVED = ("age", "include", "discharge")


def _refuse_repeated(spec: FindSpec, added: OverlayFindSpec) -> None:
    seen: set[str] = set()
    for whole in (spec, added):
        for key in ("consider", "exclude", "yields_to"):
            for number, each in enumerate(getattr(whole, key, ())):
                if each.id in RESERVED:
                    raise FindError((key, number), f'the id "{each.id}" has a meaning of its own. Choose another.')
                if each.id in seen:
                    raise FindError((key, number), f'the id "{each.id}" stands here twice. Every rule needs its own.')
                seen.add(each.id)


def _criterion(name: str, each: CriterionSpec, criteria: Mapping[str, CriterionSpec]) -> Criterion:
    where: Location = ("criteria", name)
    if name in FACTS:
        raise FindError(where, f'criterion "{name}" has the name of a fact about the visit. Choose another name.')
    listed = [*_shared(name, each, criteria), *each.codes]
    unknown = [code for code in each.except_ if code not in listed]
    if unknown:
        raise FindError((*where, "except"), f'criterion "{name}" excepts {", ".join(unknown)}, which it does not list.')
    kept = [code for code in listed if code not in each.except_]
    try:
        codes = Cover.of(kept)
    except CodeError as problem:
        raise FindError((*where, "codes"), f'criterion "{name}": {problem}') from None
    return Criterion(
        id=name,
        table="diagnosis" if each.diagnosis else "procedure",
        position=Position(each.diagnosis or each.procedure or "any"),
        codes=codes,
        listed=tuple(kept),
        names=tuple(each.names),
        present_on_admission=each.present_on_admission,
        earlier=each.visits == "earlier",
    )


def _shared(name: str, each: CriterionSpec, criteria: Mapping[str, CriterionSpec]) -> list[str]:
    if each.same_codes_as is None:
        return []
    other = criteria.get(each.same_codes_as)
    if other is None or other.same_codes_as is not None:
        near = did_you_mean(each.same_codes_as, [known for known, spec in criteria.items() if spec.codes])
        message = f'criterion "{name}": same_codes_as names no criterion with codes: "{each.same_codes_as}".{near}'
        raise FindError(("criteria", name, "same_codes_as"), message)
    return other.codes


def _expression(text: str, known: Scope, where: Location) -> Expression:
    try:
        return parse(text, known, expect=Type.BOOLEAN)
    except ExpressionError as problem:
        raise FindError(where, f"{problem.problem} In: {text}") from None


def _of_codes_only(expression: Expression, criteria: Mapping[str, CriterionSpec], where: Location) -> Expression:
    """Refuse what cannot be asked of a million visits at once, or stands on the inclusion itself."""
    for name in expression.fields:
        each = criteria.get(name)
        if each is not None and (each.names or each.present_on_admission is not None):
            raise FindError(where, f'"{name}" looks at names or presence; an inclusion may only look at codes.')
    if history := sorted(roots(expression) & HISTORY):
        raise FindError(where, f'"{history[0]}" follows from the inclusion and cannot be part of it.')
    return expression


def _origin(own: SourceSpec | None, whole: SourceSpec) -> Origin:
    return (own or whole).origin()


def _age(spec: FindSpec, known: Scope) -> list[Exclusion]:
    if spec.age is None:
        return []
    outside = _expression(spec.age.outside(), known, ("age",))
    return [Exclusion("age", spec.age.reason, when=outside, origin=_origin(spec.age.source, spec.source))]


def _exclusion(each: ExclusionSpec, known: Scope, whole: SourceSpec, where: Location) -> Exclusion:
    return Exclusion(
        id=each.id,
        reason=each.reason,
        when=_expression(each.when, known, (*where, "when")) if each.when else None,
        ask=each.ask,
        raised=_expression(each.raise_, known, (*where, "raise")) if each.raise_ else None,
        by_unit=each.by_unit,
        unknown_only_asks=each.if_unknown == "ask",
        origin=_origin(each.source, whole),
    )


def _yield(each: YieldSpec, known: Scope, whole: SourceSpec, where: Location) -> Exclusion:
    when = _expression(each.when, known, (*where, "when")) if each.when else None
    return Exclusion(each.id, each.reason, when=when, packs=tuple(each.packs), origin=_origin(each.source, whole))


def _consider(
    each: ConsiderSpec, known: Scope, criteria: Mapping[str, CriterionSpec], whole: SourceSpec, where: Location
) -> Consider:
    place = (*where, "raise")
    raised = _of_codes_only(_expression(each.raise_, known, place), criteria, place) if each.raise_ else None
    return Consider(each.id, each.ask, raised, _origin(each.source, whole))
