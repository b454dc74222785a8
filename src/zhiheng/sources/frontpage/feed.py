"""What a profile says about a front page export: its layout, and where the hospital differs from it."""

from typing import Literal

from pydantic import Field, field_validator, model_validator

from zhiheng.lib.suggest import did_you_mean
from zhiheng.records.schema import ORIGIN, TABLES
from zhiheng.sources import profile
from zhiheng.sources.frontpage import layout
from zhiheng.sources.frontpage.layout import Domain, Taken

_ORIGIN = {column.name for column in ORIGIN}


class Feed(profile.Feed):
    """A front page export: one wide row for each visit."""

    reader: Literal["frontpage"]
    delivers: Literal["rows", "visits"] = Field(
        "visits", description="A front page is the whole of its visit; `rows` where exports leave parts of it out"
    )
    layout: str = Field(description="Layout of the fields: hqms (811 fields) or nhsr-pinyin (the older one)")
    encoding: Literal["utf-8", "utf-16", "gb18030"] | None = Field(
        None, description="Encoding, where it is known; otherwise it is decided for each file on its whole content"
    )
    delimiter: Literal[",", "\t", ";", "|"] | None = Field(
        None, description="What parts the fields of a text file; otherwise found from the header"
    )
    sheet: str | None = Field(None, description="Sheet of a workbook; otherwise its first")
    header_row: int = Field(1, ge=1, description="Row that names the columns")
    rename: dict[str, str] = Field({}, description="The hospital's own header: field of the layout")
    columns: dict[str, Taken] = Field(
        {}, description="Columns of the encounter that the hospital's export has beyond the layout: column, header"
    )
    domains: dict[str, Domain] = Field({}, description="Value domains that differ from the layout's: RC014...")
    departments: dict[str, str] = Field({}, description="Department codes and names; the layout has codes only")
    tables: list[str] | None = Field(None, description="Only these canonical tables; otherwise all")

    @field_validator("layout")
    @classmethod
    def _layout_exists(cls, value: str) -> str:
        if value not in layout.names():
            raise ValueError(f'unknown layout "{value}".{did_you_mean(value, layout.names(), kind="Layouts")}')
        return value

    @field_validator("tables")
    @classmethod
    def _tables_exist(cls, value: list[str] | None) -> list[str] | None:
        for name in value or ():
            if name not in TABLES:
                raise ValueError(f'unknown table "{name}".{did_you_mean(name, TABLES, kind="Tables")}')
        return value

    @model_validator(mode="after")
    def _names_exist(self) -> "Feed":
        known = layout.load(self.layout).fields
        for field in self.rename.values():
            if field not in known:
                raise ValueError(
                    f'"rename": the layout has no field "{field}".{did_you_mean(field, known, kind="Fields")}'
                )
        columns = [name for name in TABLES["encounter"].names if name not in _ORIGIN]
        for name in self.columns:
            if name not in columns:
                raise ValueError(
                    f'"columns": table "encounter" has no column "{name}".{did_you_mean(name, columns, kind="Columns")}'
                )
        domains = layout.load(self.layout).spec.domains
        for name in self.domains:
            if name not in domains and name not in {field.domain for field in known.values()}:
                raise ValueError(
                    f'"domains": no field has the domain "{name}".{did_you_mean(name, domains, kind="Domains")}'
                )
        return self
