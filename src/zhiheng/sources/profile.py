"""A hospital's profile: which of its files, messages or resources feed which canonical table. Data, no Python.

What all readers share stands here; each reader has a `Feed` of its own with what it alone needs.
"""

import importlib
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any, Literal, cast

from pydantic import Field, field_validator

from zhiheng.lib.models import Problem, Spec, read
from zhiheng.lib.suggest import did_you_mean
from zhiheng.lib.yaml import Document, Location, YamlError
from zhiheng.lib.yaml import load as load_yaml
from zhiheng.lib.yaml import loads as loads_yaml
from zhiheng.records.schema import TABLES

READERS = ("files", "frontpage", "fhir")  # each is the package of that name beside this module


class ProfileError(ValueError):
    """A profile that cannot be used: every mistake with file, line and what would be right."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = problems


class Feed(Spec):
    """One stream of records: a kind of file, message or resource. The readers' own feeds add to this."""

    reader: str = Field(description="Which reader reads it: files, frontpage or fhir")
    source: str = Field(description="Name of the feed; stands in `source` of every record made from it")
    title: str | None = Field(None, description="What people call it, beside a proof: 检验系统")
    files: str = Field(
        description="Which files, as a pattern below the input folder: `lab/*.csv`. Also finds them as .gz"
    )
    delivers: Literal["rows", "visits"] = Field(
        "rows",
        description="Whether a delivery holds single rows, or each of its visits whole: then a row that a newer one"
        " lacks is no longer true",
    )


class Coding(Spec):
    """The code system of a table's codes, where the source does not say it row by row."""

    code_system: str = Field(description="Code system: ICD-10, ICD-9-CM-3, LOINC, local")
    code_edition: str | None = Field(None, description="Edition: 国家临床版2.0, 医保版2.0")


class LocalTerm(Spec):
    """Which of the hospital's own codes and names mean a term."""

    codes: list[str] = Field([], description="Local codes, compared as they are written")
    names: list[str] = Field([], description="Names, without regard to case; * stands for anything")


class Times(Spec):
    """How the source writes times."""

    offset: Literal["as_written", "convert"] = Field(
        "as_written", description="A time with an offset: keep the local time as written, or convert it to `zone`"
    )
    zone: str = Field("+08:00", description="The hospital's zone, used only with `offset: convert`")

    @field_validator("zone")
    @classmethod
    def _zone_is_an_offset(cls, value: str) -> str:
        zone_offset(value)
        return value

    @property
    def convert_to(self) -> timedelta | None:
        return zone_offset(self.zone) if self.offset == "convert" else None


class Profile(Spec):
    """A hospital's profile."""

    name: str = Field(description="Identifier: the name of the profile's folder")
    title: str = Field("", description="Name for people")
    description: str = Field("", description="Where the data come from and what they cover")
    organisation: str | None = Field(None, description="Organisation code, for records whose source gives none")
    campus: str | None = Field(None, description="Campus, for records whose source gives none")
    times: Times = Field(Times.model_construct(), description="How the source writes times")
    empty: list[str] = Field([], description="Texts that mean no value: NULL, -, 1900-01-01")
    complete: list[str] = Field(
        [], description="Tables in which everything that happened is recorded, so that absence of a row is evidence"
    )
    coding: dict[str, Coding] = Field({}, description="Code system by table, where the source does not say it")
    terms: dict[str, dict[str, LocalTerm]] = Field({}, description="Local codes and names of terms: table, term, codes")
    ignore: list[str] = Field([], description="Files that are known and not read, as patterns: `truth.csv`, `*.md`")
    feeds: list[Any] = Field(description="What is read, each with the reader that reads it")

    @field_validator("complete", "coding", "terms")
    @classmethod
    def _names_tables(cls, value: Any) -> Any:
        for name in value:
            if name not in TABLES:
                raise ValueError(f'unknown table "{name}".{did_you_mean(name, TABLES, kind="Tables")}')
        return value

    @property
    def whole_visits(self) -> frozenset[str]:
        """The sources that deliver visits whole."""
        stated: dict[str, set[str]] = {}
        for feed in self.feeds:
            stated.setdefault(feed.source, set()).add(feed.delivers)
        return frozenset(source for source, said in stated.items() if said == {"visits"})

    def feeds_of(self, reader: str) -> list[Any]:
        """Return the feeds that a reader has to read."""
        return [feed for feed in self.feeds if feed.reader == reader]


def load(path: Path) -> Profile:
    """Read a profile from its file or folder, or raise `ProfileError` with every mistake."""
    file = path / "profile.yaml" if path.is_dir() else path
    try:
        return _checked(load_yaml(file, name=str(file)))
    except FileNotFoundError:
        raise ProfileError([Problem(str(file), 1, "there is no such profile.")]) from None
    except YamlError as error:
        raise ProfileError([Problem(error.file, error.line, error.message)]) from None


def loads(text: str, name: str = "profile.yaml") -> Profile:
    """Read a profile from text."""
    try:
        return _checked(loads_yaml(text, name=name))
    except YamlError as error:
        raise ProfileError([Problem(error.file, error.line, error.message)]) from None


def reader_module(name: str) -> Any:
    """Return the package of a reader: it has `Feed`, a model, and `reader`, a `Reader`."""
    return importlib.import_module(f"zhiheng.sources.{name}")


def zone_offset(text: str) -> timedelta:
    """Return the offset of a zone such as +08:00; ValueError if it is none."""
    sign, hours, colon, minutes = text[:1], text[1:3], text[3:4], text[4:]
    if sign not in ("+", "-") or colon != ":" or not (hours + minutes).isdigit() or len(minutes) != 2:
        raise ValueError(f'zone "{text}" must look like "+08:00"')
    size = timedelta(hours=int(hours), minutes=int(minutes))
    return -size if sign == "-" else size


def _checked(document: Document) -> Profile:
    profile, problems = read(document, Profile)
    stated = document.data.get("feeds") if isinstance(document.data, Mapping) else None
    feeds = []
    for place, data in enumerate(stated if isinstance(stated, list) else []):
        feed, wrong = _feed(document, ("feeds", place), data)
        feeds.append(feed)
        problems.extend(wrong)
    if profile is None or problems:
        raise ProfileError(sorted(problems, key=lambda problem: problem.line))
    return profile.model_copy(update={"feeds": feeds})


def _feed(document: Document, location: Location, data: Any) -> tuple[Feed | None, list[Problem]]:
    reader = data.get("reader") if isinstance(data, Mapping) else None
    if reader not in READERS:
        message = f'"reader" is {reader!r}.{did_you_mean(str(reader), READERS, kind="Readers")}'
        return None, [Problem(document.file, document.line((*location, "reader")), message)]
    return cast(tuple[Feed | None, list[Problem]], read(document.part(location), reader_module(reader).Feed))
