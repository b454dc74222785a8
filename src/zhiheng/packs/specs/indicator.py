"""The shape of indicators.yaml: population, denominator, exclusions, exceptions, numerator; or a value to average."""

from collections.abc import Sequence
from typing import Literal

from pydantic import Field, model_validator

from zhiheng.engine.language import Expression, Type
from zhiheng.engine.measure import Indicator, Indicators, Kind
from zhiheng.lib.models import Spec
from zhiheng.lib.yaml import Document
from zhiheng.packs.loading import Context

CLAUSES = ("population", "denominator", "exclude", "except", "numerator")


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


class IndicatorsSpec(Spec):
    """indicators.yaml."""

    indicators: list[IndicatorSpec]


def compile_part(documents: Sequence[Document], context: Context) -> Indicators:
    """Compile the indicators of a pack."""
    found: dict[str, Indicator] = {}
    for document in documents:
        spec = context.read(document, IndicatorsSpec)
        for number, each in enumerate(spec.indicators if spec else ()):
            if each.indicator in found:
                place = ("indicators", number, "indicator")
                context.problem(document, place, f'indicator "{each.indicator}" stands here twice. Keep one of them.')
            found[each.indicator] = _indicator(document, number, each, context)
    return Indicators(context.form, tuple(found.values()))


def _indicator(document: Document, number: int, spec: IndicatorSpec, context: Context) -> Indicator:
    subject = f'indicator "{spec.indicator}"'

    def parsed(key: str, text: str | None, expect: Type = Type.BOOLEAN) -> Expression | None:
        if text is None:
            return None
        return context.expression(document, ("indicators", number, key), text, subject=subject, expect=expect)

    return Indicator(
        code=spec.indicator,
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
