"""What a profile says about a tabular file: which of its columns become which canonical columns."""

import re
from typing import Any, Literal

from pydantic import Field, field_validator, model_validator

from zhiheng.lib.models import Spec
from zhiheng.lib.suggest import did_you_mean
from zhiheng.records.schema import ORIGIN, TABLES
from zhiheng.sources import profile

VALUE = "value"  # of an observation: a number, a bound or a text goes to value_number, comparator or value_text

_ORIGIN = {column.name for column in ORIGIN}
_OWN_KEYS = {"encounter": "encounter_id", "patient": "patient_id"}


class ColumnFrom(Spec):
    """Where one canonical column comes from. A text or a list in its place is short for `from`."""

    from_: str | list[str] | None = Field(
        None, alias="from", description="Column of the file; of several, the first that has a value"
    )
    constant: str | float | bool | None = Field(None, description="The same value for every row, in place of a column")
    format: str | list[str] | None = Field(
        None, description="How the time is written, as for strptime: `%d/%m/%Y %H:%M`; or `excel` for serial numbers"
    )
    precision: Literal["date", "minute", "second"] | None = Field(
        None,
        description="How exact the time really is, where the source writes more: `date` for dates with 00:00:00",
    )
    map: dict[str, str | float | bool | None] | None = Field(
        None,
        description="Source value to canonical value, or null. `*` is any other; without it, unknown is a reject",
    )
    factor: float | None = Field(None, description="Multiply a number, to convert its unit")
    offset: float | None = Field(None, description="Add to a number after multiplying")
    part: Literal["number", "unit", "rest"] | None = Field(
        None, description="Part of a text such as `80.0mg CONTINUOUS`: number, unit or what follows"
    )
    pattern: str | None = Field(
        None, description="Regular expression; its first group is the value, no match is no value"
    )
    otherwise: Literal["reject", "empty"] = Field(
        "reject",
        description="What a text becomes from which `part` cannot be taken: a reject, or no value without a reject",
    )
    separator: str | None = Field(None, description="Separator of a list of texts in one field")
    optional: bool = Field(False, description="The file may lack this column")

    @model_validator(mode="before")
    @classmethod
    def _short_form(cls, data: Any) -> Any:
        return {"from": data} if isinstance(data, str | list) else data

    @field_validator("pattern")
    @classmethod
    def _pattern_has_a_group(cls, value: str | None) -> str | None:
        if value is None:
            return None
        try:
            groups = re.compile(value).groups
        except re.error as error:
            raise ValueError(f"not a regular expression: {error}") from None
        if groups != 1:
            raise ValueError(f"must have exactly one group in parentheses, has {groups}")
        return value

    @model_validator(mode="after")
    def _one_origin(self) -> "ColumnFrom":
        if (self.from_ is None) == (self.constant is None):
            raise ValueError('needs either "from" (a column of the file) or "constant"')
        return self

    @property
    def sources(self) -> list[str]:
        """The file's columns that it reads, in their order."""
        return [self.from_] if isinstance(self.from_, str) else self.from_ or []

    @property
    def formats(self) -> list[str]:
        return [self.format] if isinstance(self.format, str) else self.format or []


class Attach(Spec):
    """How rows that know only their patient find their encounter. Exactly one must fit, or the row is set aside."""

    by: Literal["patient_and_time", "patient"] = Field(
        description="`patient_and_time`: the encounter during which it was; `patient`: the patient's only encounter"
    )
    patient: str = Field(description="Column of the file with the patient number")
    time: str | None = Field(None, description="Canonical time column that says when; needed with patient_and_time")
    classes: list[str] | None = Field(None, description="Only encounters of these classes")
    after_hours: float = Field(
        0, description="How long after the end a row may still belong, when no other encounter fits"
    )
    before_hours: float = Field(0, description="How long before the start a row may already belong, when no other fits")

    @model_validator(mode="after")
    def _time_where_needed(self) -> "Attach":
        if self.by == "patient_and_time" and not self.time:
            raise ValueError('"patient_and_time" needs "time", the canonical column that says when')
        return self


class Unpivot(Spec):
    """A file with one column for each kind of observation: each filled column becomes a row of its own."""

    into: str = Field("value", description="Canonical column that takes the field: `value`, `dose`...")
    columns: dict[str, dict[str, str]] = Field(
        description="Column of the file, and what it implies: `{code: 8310-5, name: 体温, unit: Cel}`"
    )


class Split(Spec):
    """A field with several values: each becomes a row of its own."""

    column: str = Field(description="Column of the file")
    by: str = Field(description="Separator between the values")


class Join(Spec):
    """Columns of another file, found by a common column. The other file must have at most one row for each value."""

    files: str = Field(description="Which files, as a pattern")
    on: dict[str, str] = Field(description="Column of this file: column of the other file")
    columns: list[str] = Field(description="Columns of the other file to use as if they stood here")


class Mapping(Spec):
    """How a file feeds one canonical table."""

    table: str = Field(description="Canonical table")
    name: str | None = Field(
        None, description="Tells two mappings of one file into one table apart; part of the records' keys"
    )
    columns: dict[str, ColumnFrom] = Field(description="Canonical column: where it comes from")
    key: list[str] | Literal["content"] | None = Field(
        None,
        description="Columns of the file that identify a record, also after a correction. `content`: the whole row, "
        "for files without a key; a corrected row is then a new record. Not needed for encounters and patients",
    )
    where: dict[str, str | list[str]] = Field({}, description="Only rows whose column has one of these values")
    unless: dict[str, str | list[str]] = Field(
        {}, description="Not the rows whose column has one of these values; `''` is empty"
    )
    encounter: Attach | None = Field(None, description="How a row finds its encounter when it has no encounter number")
    unpivot: Unpivot | None = Field(None, description="One row for each of several columns")
    split: Split | None = Field(None, description="One row for each of several values in a field")
    later_corrects: bool = Field(
        False, description="Of rows with one key the later corrects the earlier; else they contradict"
    )

    @field_validator("table")
    @classmethod
    def _table_exists(cls, value: str) -> str:
        if value not in TABLES:
            raise ValueError(f'unknown table "{value}".{did_you_mean(value, TABLES, kind="Tables")}')
        return value

    @model_validator(mode="after")
    def _columns_exist(self) -> "Mapping":
        table = TABLES[self.table]
        known = [name for name in table.names if name not in _ORIGIN] + [VALUE] * (self.table == "observation")
        implied = {name for said in (self.unpivot.columns.values() if self.unpivot else ()) for name in said}
        for name in (*self.columns, *implied, *([self.unpivot.into] if self.unpivot else ())):
            if name not in known:
                raise ValueError(
                    f'table "{self.table}" has no column "{name}".{did_you_mean(name, known, kind="Columns")}'
                )
        if self.encounter and self.encounter.time and self.encounter.time not in self.columns:
            raise ValueError(f'"encounter" asks for the time "{self.encounter.time}", which "columns" does not fill')
        if self.encounter and "encounter_id" in self.columns:
            raise ValueError(
                '"encounter_id" stands in "columns"; then "encounter" has nothing to do. Remove one of them.'
            )
        filled = {*self.columns, *implied, *(["encounter_id"] if self.encounter else [])}
        for column in table.columns:
            if column.required and column.name not in _ORIGIN and column.name not in filled:
                raise ValueError(f'table "{self.table}" needs the column "{column.name}": say where it comes from')
        if self.key is None and not self._own_key():
            raise ValueError('"key" is missing: the columns that identify a record, or `content` where there are none')
        return self

    def _own_key(self) -> list[str]:
        own = self.columns.get(_OWN_KEYS.get(self.table, ""))
        return own.sources[:1] if own else []

    @property
    def key_columns(self) -> list[str] | None:
        """The file's columns of the key; None when the whole row is the key."""
        return None if self.key == "content" else self.key or self._own_key()

    def needed(self) -> dict[str, bool]:
        """Return the file's columns that the mapping reads, and whether the file may lack them."""
        needed: dict[str, bool] = {}
        for column in self.columns.values():
            for name in column.sources:
                needed[name] = needed.get(name, True) and column.optional
        firm = [*(self.key_columns or ()), *self.where, *self.unless, *(self.unpivot.columns if self.unpivot else ())]
        firm += [self.encounter.patient] if self.encounter else []
        firm += [self.split.column] if self.split else []
        return needed | dict.fromkeys(firm, False)


class Feed(profile.Feed):
    """A kind of tabular file: CSV, TSV, XLSX or NDJSON."""

    reader: Literal["files"]
    encoding: Literal["utf-8", "utf-16", "gb18030"] | None = Field(
        None, description="Encoding, where it is known; otherwise it is decided for each file on its whole content"
    )
    delimiter: Literal[",", "\t", ";", "|"] | None = Field(
        None, description="What parts the fields of a text file; otherwise found from the header"
    )
    sheet: str | None = Field(None, description="Sheet of a workbook; otherwise its first")
    header_row: int = Field(1, ge=1, description="Row that names the columns")
    join: list[Join] = Field([], description="Columns of other files")
    tables: list[Mapping] = Field(description="What the file feeds")

    @model_validator(mode="after")
    def _names_tell_apart(self) -> "Feed":
        seen = set()
        for mapping in self.tables:
            if (mapping.table, mapping.name) in seen:
                raise ValueError(f'two mappings into "{mapping.table}": give each a "name" to tell their records apart')
            seen.add((mapping.table, mapping.name))
        return self

    def needed(self) -> dict[str, bool]:
        """Return the columns that the file itself must have, and whether it may lack them."""
        needed: dict[str, bool] = {}
        for mapping in self.tables:
            for name, optional in mapping.needed().items():
                needed[name] = needed.get(name, True) and optional
        joined = {name for join in self.join for name in join.columns}
        needed = {name: optional for name, optional in needed.items() if name not in joined}
        return needed | {name: False for join in self.join for name in join.on}
