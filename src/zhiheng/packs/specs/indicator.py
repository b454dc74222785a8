"""The shape of indicators.yaml: population, denominator, exclusions, exceptions, numerator; or a value to average.

packs/common/indicators.yaml writes once what every disease is measured by; its codes are templates like
`4.{number}.2.1`. What a pack writes itself under such a code stands instead of the common indicator.
"""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import ClassVar, Literal

from pydantic import Field, field_validator, model_validator

from zhiheng.engine.language import Expression, Type
from zhiheng.engine.measure import Indicator, Indicators, Kind
from zhiheng.lib.models import Spec, SpecType
from zhiheng.lib.suggest import did_you_mean
from zhiheng.lib.yaml import Document
from zhiheng.packs.loading import Context, file_name

CLAUSES = ("population", "denominator", "exclude", "except_", "numerator", "observation")
NUMBER = "{number}"


class IndicatorSpec(Spec):
    """One indicator, or the plain statement why the items of the form cannot decide it."""

    indicator: str
    name: str
    kind: Literal["proportion", "average", "count"] = "proportion"
    population: str | None = None
    denominator: str | None = None
    exclude: str | None = None
    except_: str | None = Field(None, alias="except")
    numerator: str | None = None
    observation: str | None = None
    undecidable: str | None = None
    direction: Literal["higher_is_better", "lower_is_better", "monitor"]
    target: str | None = None
    unit: str | None = None
    numerator_says: str | None = None
    denominator_says: str | None = None
    source: str
    confidence: str
    notes: str | None = None

    blanks: ClassVar[frozenset[str]] = frozenset()

    @field_validator("indicator")
    @classmethod
    def _fills_its_code(cls, code: str) -> str:
        for blank in re.findall(r"\{.*?\}", code):
            if not cls.blanks:
                raise ValueError(
                    f'"{code}" is a template; those stand in packs/common/indicators.yaml. Write the code.'
                )
            if blank not in cls.blanks:
                raise ValueError(f'"{code}" has the unknown blank {blank}. Write {NUMBER}, the number of the disease.')
        return code

    @model_validator(mode="after")
    def _decides_or_says_why_not(self) -> "IndicatorSpec":
        clauses = [self.population, self.denominator, self.exclude, self.except_, self.numerator, self.observation]
        if self.undecidable is not None:
            if any(clause is not None for clause in clauses):
                raise ValueError("an indicator that is undecidable has no clauses. Remove them, or the reason.")
            return self
        if self.kind == "proportion" and self.numerator is None:
            raise ValueError('a proportion needs "numerator", or "undecidable" with the reason.')
        if self.kind == "average" and self.observation is None:
            raise ValueError('an average needs "observation", or "undecidable" with the reason.')
        if self.kind != "average" and self.observation is not None:
            raise ValueError(f'"observation" belongs to an average, not to a {self.kind}. Remove it.')
        if self.kind != "proportion" and (self.numerator is not None or self.except_ is not None):
            raise ValueError(f'a {self.kind} has no "numerator" and no "except". Remove them.')
        return self


class CommonIndicatorSpec(IndicatorSpec):
    """An indicator of packs/common: its code is a template, `status` says for which packs it is."""

    status: Literal["national", "provisional", "draft"] | None = None

    blanks: ClassVar[frozenset[str]] = frozenset({NUMBER})


class IndicatorsSpec(Spec):
    """indicators.yaml of a pack.

    `number` is the disease in codes like 4.33.2.1 where that is not the number of the pack; `without` names common
    indicators that do not fit this pack, each with the reason.
    """

    number: int | None = None
    without: dict[str, str] = Field(default_factory=dict)
    indicators: list[IndicatorSpec] = Field(default_factory=list)


class CommonIndicatorsSpec(Spec):
    """indicators.yaml of packs/common."""

    indicators: list[CommonIndicatorSpec]


CommonFiles = Sequence[tuple[Document, CommonIndicatorsSpec]]
Files = Sequence[tuple[Document, IndicatorsSpec]]
Placed = tuple[Document, int, IndicatorSpec, str]  # where it stands, and its code in this pack


def compile_part(documents: Sequence[Document], context: Context) -> Indicators:
    """Compile the indicators: those of the pack, then those of packs/common that it does not say otherwise."""
    common = list(_read(documents, CommonIndicatorsSpec, context, common=True))
    files = list(_read(documents, IndicatorsSpec, context, common=False))
    codes = _common_codes(common, files, context)
    _known_without(codes, files, context)
    found: dict[str, Indicator] = {}
    for document, number, each, code in (*_own(files), *_common(common, codes, _waived(files, context), context)):
        if code in found:
            place = ("indicators", number, "indicator")
            context.problem(document, place, f'indicator "{code}" stands here twice. Keep one of them.')
        found[code] = _indicator(document, number, each, code, context)
    return Indicators(context.form, tuple(found.values()))


def _read(
    documents: Sequence[Document], model: type[SpecType], context: Context, *, common: bool
) -> Iterator[tuple[Document, SpecType]]:
    for document in documents:
        if ("common/" in document.file) is common and (spec := context.read(document, model)):
            yield document, spec


def _own(files: Files) -> Iterator[Placed]:
    for document, spec in files:
        for number, each in enumerate(spec.indicators):
            yield document, number, each, each.indicator


def _common(
    files: CommonFiles, codes: Mapping[str, str], waived: Collection[str], context: Context
) -> Iterator[Placed]:
    for document, spec in files:
        for number, each in enumerate(spec.indicators):
            code = codes.get(each.indicator)
            if code is not None and code not in waived and _has_items(each, context):
                yield document, number, each, code


def _common_codes(common: CommonFiles, files: Files, context: Context) -> dict[str, str]:
    """Return the code in this pack of each common indicator that is for packs like it."""
    numbers = [spec.number for document, spec in files if spec.number is not None and _is_of_pack(document, context)]
    disease = numbers[0] if numbers else context.spec.number
    found: dict[str, str] = {}
    for _, spec in common:
        for each in spec.indicators:
            fits = each.status in (None, context.spec.status)
            # A pack without a number in the national list is given no code of that list.
            if fits and (disease is not None or NUMBER not in each.indicator):
                found[each.indicator] = each.indicator.replace(NUMBER, str(disease))
    return found


def _waived(files: Files, context: Context) -> set[str]:
    """Return the common codes that this pack turns off or defines itself.

    An overlay only adds: a code of its own that is also a common one stands twice, and is reported as such.
    """
    own = {code for document, _, _, code in _own(files) if _is_of_pack(document, context)}
    return own.union(*(spec.without for _, spec in files))


def _known_without(codes: Mapping[str, str], files: Files, context: Context) -> None:
    for document, spec in files:
        for code in spec.without:
            if code not in codes.values():
                message = f'"without" names "{code}", which packs/common does not give to this pack.'
                near = did_you_mean(code, codes.values())
                context.problem(document, ("without", code), f"{message}{near} Correct the code, or remove it.")


def _is_of_pack(document: Document, context: Context) -> bool:
    return document.file == file_name(context.folder / "indicators.yaml")


def _has_items(spec: IndicatorSpec, context: Context) -> bool:
    """Say whether the form has every item that a common indicator names; items have an underscore in their names."""
    texts = [text for key in CLAUSES if (text := getattr(spec, key)) is not None]
    return all(name in context.scope for text in texts for name in NAME.findall(TEXT.sub("", text)))


TEXT = re.compile(r"'[^']*'")
NAME = re.compile(r"\b[a-z][a-z0-9]*_[a-z0-9_]+\b(?!\s*\()")


def _indicator(document: Document, number: int, spec: IndicatorSpec, code: str, context: Context) -> Indicator:
    subject = f'indicator "{code}"'

    def parsed(key: str, text: str | None, expect: Type = Type.BOOLEAN) -> Expression | None:
        if text is None:
            return None
        return context.expression(document, ("indicators", number, key), text, subject=subject, expect=expect)

    return Indicator(
        code=code,
        name=spec.name,
        kind=Kind(spec.kind),
        population=parsed("population", spec.population),
        denominator=parsed("denominator", spec.denominator),
        exclude=parsed("exclude", spec.exclude),
        except_=parsed("except", spec.except_),
        numerator=parsed("numerator", spec.numerator),
        observation=parsed("observation", spec.observation, Type.NUMBER),
        undecidable=spec.undecidable,
        direction=spec.direction,
        target=spec.target or "",
        unit=spec.unit or "",
        numerator_says=spec.numerator_says or "",
        denominator_says=spec.denominator_says or "",
        source=spec.source,
        confidence=spec.confidence,
    )
