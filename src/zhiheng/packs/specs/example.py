"""The shape of examples/*.yaml: synthetic patients, and what must come of them."""

from typing import Any, Literal

from pydantic import Field, model_validator

from zhiheng.lib.models import Spec
from zhiheng.lib.suggest import did_you_mean

Row = dict[str, Any]
CASE_PARTS = ("decision", "reasons", "questions", "standing")


class ExpectSpec(Spec):
    """What must come of an example. What is not named is not looked at, but something must be named.

    `case` is the decision, or a mapping with `decision`, `reasons`, `questions` (what must be answered first) and
    `standing` (what stays to be kept in mind), all ids of find.yaml. `answers` maps items to the value in the form
    (null: no value), or to a mapping with `value` and parts of its evidence.
    `refused` maps items to the reason why a value that was found is not filled.
    """

    case: Literal["in", "out", "undecided", "none"] | dict[str, Any] | None = None
    answers: dict[str, Any] = Field(default_factory=dict)
    refused: dict[str, str] = Field(default_factory=dict)
    findings: list[str] | None = None
    no_findings: list[str] = Field(default_factory=list)
    missing: list[str] = Field(default_factory=list)
    indicators: dict[str, Literal["met", "missed", "excluded", "exception", "unknown", "outside"] | int | float] = (
        Field(default_factory=dict)
    )

    @model_validator(mode="after")
    def _expects_something(self) -> "ExpectSpec":
        if not self.model_fields_set:
            raise ValueError("the example expects nothing. Name at least one of case, answers, findings, indicators.")
        unknown = sorted({*self.case} - {*CASE_PARTS}) if isinstance(self.case, dict) else []
        if unknown:
            near = did_you_mean(unknown[0], CASE_PARTS, kind="Parts")
            raise ValueError(f'"case" has no part "{unknown[0]}".{near}')
        return self


class ExampleSpec(Spec):
    """One synthetic patient.

    `like` takes the records and answers of another example of the file first. A row with the source_id of a row of
    that example changes it; other rows are added; `without` takes rows away by their source_id.
    """

    example: str
    why: str | None = None
    like: str | None = None
    encounter: str | None = None  # the case to look at, where there are several visits
    complete: list[str] | None = None
    records: dict[str, list[Row]] = Field(default_factory=dict)
    without: list[str] = Field(default_factory=list)
    answers: dict[str, Any] = Field(default_factory=dict)
    expect: ExpectSpec


class ExamplesSpec(Spec):
    """examples/*.yaml."""

    examples: list[ExampleSpec]
