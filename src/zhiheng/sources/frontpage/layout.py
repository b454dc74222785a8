"""A layout of the front page: its fields, what they become, and what they ask of each other. Data in YAML."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, field_validator, model_validator

from zhiheng.lib import yaml
from zhiheng.lib.models import Spec, read
from zhiheng.lib.suggest import did_you_mean
from zhiheng.records.schema import ORIGIN, TABLES
from zhiheng.sources.profile import Coding, ProfileError

FOLDER = Path(__file__).parent / "layouts"
NUMBERED, COUNT = "{nn}", "{n}"  # in the code and the name of a field that is repeated: 01, 1

_ORIGIN = {column.name for column in ORIGIN}


class FieldSpec(Spec):
    """A field of the interface."""

    field: str = Field(description="Code of the field; in a repeated one {nn} or {n} stands for its number")
    name: str = Field(description="Chinese name")
    also: list[str] = Field([], description="Other names that headers use for it")
    type: Literal["text", "number", "date", "datetime", "list"] = Field("text", description="Type in the interface")
    required: bool = Field(False, description="Must be filled (必填)")
    conditional: bool = Field(False, description="Must be filled under a condition (条件必填)")
    dash: bool = Field(True, description="Whether “-” is allowed in a required field")
    essential: bool = Field(False, description="Without it the row cannot stand, nor a file without the column")
    domain: str | None = Field(None, description="Value domain (RC...)")
    unused: str | None = Field(None, description="Why the field is not taken")

    def numbered(self, number: int) -> "FieldSpec":
        """Return the field with this number."""
        return self.model_copy(update={"field": numbered(self.field, number), "name": numbered(self.name, number)})


class Group(Spec):
    """Fields that are repeated together."""

    repeat: tuple[int, int]
    fields: list[FieldSpec]

    @field_validator("repeat", mode="before")
    @classmethod
    def _pair(cls, value: Any) -> Any:
        return tuple(value) if isinstance(value, list) else value


Mapped = str | bool | None


class Domain(Spec):
    """A value domain: what each code means. Without values the code is kept."""

    title: str
    values: dict[str, Mapped | dict[str, str]] = Field({}, description="Code: canonical value, or one for each part")
    source: str = Field("interface standard", description="Where the meaning comes from")

    @property
    def has_parts(self) -> bool:
        return any(isinstance(value, dict) for value in self.values.values())


class Taken(Spec):
    """Where a canonical column comes from. A plain field code in its place is short for `from`."""

    from_: str | None = Field(None, alias="from")
    or_: str | None = Field(None, alias="or", description="Another field, for where the first is blank")
    part: str | None = Field(None, description="Part of a domain whose codes mean several things: incision, healing")
    map: dict[str, Mapped] | None = Field(None, description="Value: canonical value; `*` is any other")
    factor: float | None = Field(None, description="Multiply a number, to convert its unit")
    otherwise: str | None = Field(None, description="The value where the field is blank")
    when: dict[str, list[str]] = Field({}, description="Only where these fields have one of these values")
    hours: list[str] = Field([], description="Three fields, days, hours and minutes, added up as hours")

    @model_validator(mode="before")
    @classmethod
    def _short_form(cls, data: Any) -> Any:
        return {"from": data} if isinstance(data, str) else data

    @model_validator(mode="after")
    def _one_origin(self) -> "Taken":
        if (self.from_ is None) == (not self.hours):
            raise ValueError('needs either "from" (a field) or "hours" (three fields)')
        return self

    @property
    def taken_from(self) -> list[str]:
        """The fields whose values it takes."""
        return [name for name in (self.from_, self.or_, *self.hours) if name]

    @property
    def fields(self) -> list[str]:
        """The fields that it looks at."""
        return [*self.taken_from, *self.when]

    def numbered(self, number: int) -> "Taken":
        if self.from_ is None:
            return self
        return self.model_copy(update={"from_": numbered(self.from_, number)})


class One(Spec):
    """One record among `each`."""

    always: dict[str, str | int | bool] = Field({})
    columns: dict[str, Taken] = Field({})


class RecordSpec(Spec):
    """What some fields become: a row of a canonical table, several numbered ones, or one for each name."""

    table: str
    id: str = Field("", description="Tells the records of one front page apart; part of their keys")
    repeat: tuple[int, int] | None = None
    rank_from: int | None = Field(None, description="Rank of the first of the repeated ones")
    always: dict[str, str | int | bool] = Field({}, description="Values that hold for every such record")
    columns: dict[str, Taken] = Field({})
    needs: list[str] = Field([], description="One of these fields must be filled")
    split: str | None = Field(None, description="Field with several values between commas: one record for each")
    each: dict[str, One] = Field({}, description="Records of one table that have little in common, by their id")
    charges: dict[str, str] = Field({}, description="Sums of money: category, field")

    @field_validator("repeat", mode="before")
    @classmethod
    def _pair(cls, value: Any) -> Any:
        return tuple(value) if isinstance(value, list) else value

    @model_validator(mode="after")
    def _columns_exist(self) -> "RecordSpec":
        if self.table not in TABLES:
            raise ValueError(f'unknown table "{self.table}".{did_you_mean(self.table, TABLES, kind="Tables")}')
        known = [name for name in TABLES[self.table].names if name not in _ORIGIN]
        named = {
            *self.columns,
            *self.always,
            *(name for one in self.each.values() for name in (*one.columns, *one.always)),
        }
        for name in sorted(named):
            if name not in known:
                raise ValueError(
                    f'table "{self.table}" has no column "{name}".{did_you_mean(name, known, kind="Columns")}'
                )
        return self


class Depends(Spec):
    """A field that asks others to be filled."""

    when: str
    repeat: tuple[int, int] | None = None
    is_: list[str] | None = Field(None, alias="is", description="... where it has one of these values")
    begins: list[str] | None = Field(None, description="... where it begins with one of these")
    needs: list[str]

    @field_validator("repeat", mode="before")
    @classmethod
    def _pair(cls, value: Any) -> Any:
        return tuple(value) if isinstance(value, list) else value


class Sum(Spec):
    """Parts that together are no more than a total."""

    total: str
    parts: list[str]


class LayoutSpec(Spec):
    """The file of a layout."""

    layout: str
    title: str
    diagnosis_codes: Coding
    procedure_codes: Coding
    blank: list[str] = Field(description="Texts that mean no value")
    record_number: str
    visit_number: str
    admitted: str
    discharged: str
    fields: list[FieldSpec | Group]
    domains: dict[str, Domain] = Field({})
    records: list[RecordSpec]
    depends: list[Depends] = Field([])
    sums: list[Sum] = Field([])


@dataclass(frozen=True)
class Record:
    """One record that a front page becomes, its numbers put in."""

    table: str
    id: str
    always: dict[str, Any]
    columns: dict[str, Taken]
    needs: tuple[str, ...]
    split: str | None = None

    def fields(self) -> set[str]:
        return {*self.needs, *(name for taken in self.columns.values() for name in taken.fields)}


@dataclass(frozen=True)
class Layout:
    """A layout with its numbers put in, ready to read with."""

    spec: LayoutSpec
    fields: dict[str, FieldSpec]  # every field of the interface by its code, in the order of the interface
    records: tuple[Record, ...]
    depends: tuple[Depends, ...]

    @property
    def name(self) -> str:
        return self.spec.layout

    def domain(self, field: str, changed: dict[str, Domain]) -> Domain | None:
        """Return the values of a field, the profile's own before the layout's; None if its codes are kept."""
        name = self.fields[field].domain
        domain = (changed.get(name) or self.spec.domains.get(name)) if name else None
        return domain if domain and domain.values else None

    def used(self) -> set[str]:
        """Return the fields that become part of a record."""
        return {name for record in self.records for name in record.fields()} | {
            self.spec.record_number,
            self.spec.visit_number,
        }


def numbered(text: str, number: int) -> str:
    """Return 'C06x{nn}C' as 'C06x07C', and 'JBDM{n}' as 'JBDM7'."""
    return text.replace(NUMBERED, f"{number:02d}").replace(COUNT, str(number))


@cache
def names() -> list[str]:
    """Return the layouts that there are."""
    return sorted(path.stem for path in FOLDER.glob("*.yaml"))


@cache
def load(name: str) -> Layout:
    """Return a layout by name; ProfileError with file and line if it has mistakes."""
    document = yaml.load(FOLDER / f"{name}.yaml", name=f"{name}.yaml")
    spec, problems = read(document, LayoutSpec)
    if spec is None:
        raise ProfileError(problems)
    layout = Layout(spec, {field.field: field for field in _fields(spec)}, tuple(_records(spec)), tuple(_depends(spec)))
    mentioned = layout.used() | {name for rule in layout.depends for name in (rule.when, *rule.needs)}
    for field in sorted(mentioned - set(layout.fields)):
        raise ValueError(f'{name}.yaml: unknown field "{field}".{did_you_mean(field, layout.fields, kind="Fields")}')
    return layout


def _fields(spec: LayoutSpec) -> Iterator[FieldSpec]:
    for entry in spec.fields:
        if isinstance(entry, FieldSpec):
            yield entry
        else:
            for number in range(entry.repeat[0], entry.repeat[1] + 1):
                yield from (field.numbered(number) for field in entry.fields)


def _records(spec: LayoutSpec) -> Iterator[Record]:
    for said in spec.records:
        if said.each:
            for name, one in said.each.items():
                columns = dict(one.columns)
                yield Record(
                    said.table, name, one.always, columns, tuple(f for t in columns.values() for f in t.fields)
                )
        elif said.charges:
            for category, field in said.charges.items():
                always = {"category": category, "name": _name_of(spec, field)}
                yield Record(said.table, category, always, {"amount": Taken.model_validate(field)}, (field,))
        elif said.repeat:
            yield from (_repeated(said, number) for number in range(said.repeat[0], said.repeat[1] + 1))
        else:
            yield Record(said.table, said.id, said.always, said.columns, tuple(said.needs), said.split)


def _repeated(said: RecordSpec, number: int) -> Record:
    always = dict(said.always)
    if said.rank_from is not None and said.repeat:
        always["rank"] = said.rank_from + number - said.repeat[0]
    columns = {name: taken.numbered(number) for name, taken in said.columns.items()}
    needs = tuple(numbered(field, number) for field in said.needs)
    return Record(said.table, f"{said.id}{number}", always, columns, needs)


def _depends(spec: LayoutSpec) -> Iterator[Depends]:
    for rule in spec.depends:
        if rule.repeat is None:
            yield rule
            continue
        for number in range(rule.repeat[0], rule.repeat[1] + 1):
            needs = [numbered(field, number) for field in rule.needs]
            yield rule.model_copy(update={"when": numbered(rule.when, number), "needs": needs})


def _name_of(spec: LayoutSpec, field: str) -> str:
    return next(entry.name for entry in spec.fields if isinstance(entry, FieldSpec) and entry.field == field)
