"""The shape of pack.yaml: what a pack is about, when it is valid and where it comes from."""

import datetime
import re
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from zhiheng.lib.models import Spec

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")


def _date(found: Any) -> Any:
    if not isinstance(found, str):
        return found
    if _DATE.fullmatch(found):
        try:
            return datetime.date.fromisoformat(found)
        except ValueError:
            pass
    raise ValueError(f"{found!r} is no date. Write it like 2022-09-01.")


Date = Annotated[datetime.date, BeforeValidator(_date)]


class Platform(Spec):
    """What the national platform calls the disease and its form."""

    disease_type: str
    form: str
    edition: str | None = None


class Source(Spec):
    """Where a statement comes from, and how far to trust it."""

    source: str
    says: str | None = None
    date: Date | None = None
    confidence: str | None = None


class Reporting(Spec):
    """How long after discharge a case may be reported."""

    days_after_discharge: int = Field(gt=0)
    source: str
    confidence: str


class PackSpec(Spec):
    """pack.yaml of a disease."""

    pack: str = Field(pattern=r"^[A-Za-z][A-Za-z0-9-]*$")
    number: int | None = None
    name: str
    name_en: str | None = None
    specialty: str
    version: str = Field(pattern=r"^[0-9A-Za-z][0-9A-Za-z.+-]*$")
    status: Literal["national", "provisional", "draft"] = "national"
    unit: Literal["encounter", "outpatient_visit", "patient_year"] = "encounter"
    valid_from: Date
    valid_until: Date | None = None
    platform: Platform | None = None
    reporting: Reporting | None = None
    sources: list[Source] = Field(default_factory=list)
    notes: list[str] = Field(default_factory=list)

    @model_validator(mode="after")
    def _ends_after_it_begins(self) -> Self:
        if self.valid_until and self.valid_until < self.valid_from:
            raise ValueError(
                f"valid_until {self.valid_until} is before valid_from {self.valid_from}. Check both dates."
            )
        return self


class OverlaySpec(Spec):
    """pack.yaml of a hospital's own additions to a pack."""

    overlay: str
    name: str
    version: str = "1"
    sources: list[Source] = Field(default_factory=list)
    notes: list[str] = Field(default_factory=list)
