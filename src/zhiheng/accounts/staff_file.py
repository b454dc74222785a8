"""Read a list of staff from CSV as hospitals export it; what cannot be understood is set aside with its reason."""

import csv
import io
import re
from dataclasses import dataclass, field
from datetime import date, datetime

from django.utils.translation import gettext as _

from zhiheng.accounts.queries import departments_at

COLUMNS = {
    "code": ("工号", "职工编号", "员工编号", "人员编码", "code"),
    "name": ("姓名", "name"),
    "department": ("科室编码", "科室代码", "部门编码", "department"),
    "title": ("职称", "职务", "title"),
    "left_on": ("离职日期", "left_on"),
}
NEEDED = ("code", "name")
MOST_ROWS = 50_000
DATES = ("%Y-%m-%d", "%Y/%m/%d", "%Y%m%d")


class CannotRead(Exception):
    """The file as a whole is no list of staff; the message says what was found and what is wanted."""


@dataclass(frozen=True)
class Row:
    line: int
    code: str
    name: str
    title: str = ""
    department: int | None = None
    department_code: str = ""
    left_on: date | None = None


@dataclass(frozen=True)
class Problem:
    line: int
    field: str
    found: str
    message: str

    @property
    def column(self) -> str:
        return COLUMNS[self.field][0]


@dataclass
class Reading:
    rows: list[Row] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


def read_staff(content: bytes) -> Reading:
    """Return the rows that can be entered and the problems of all others."""
    lines = csv.reader(io.StringIO(_decode(content), newline=""))
    columns = _find_columns(next(lines, []))
    reading, seen = Reading(), set()
    found = [(n, _pick(cells, columns)) for n, cells in enumerate(lines, 2) if any(c.strip() for c in cells)]
    if len(found) > MOST_ROWS:
        raise CannotRead(_("The file has more than %(most)s rows. Divide it.") % {"most": MOST_ROWS})
    known = departments_at(values.get("department", "") for _line, values in found)
    for line, values in found:
        problems = list(_problems(line, values, known, seen))
        seen.add(values["code"])
        if problems:
            reading.problems += problems
        else:
            reading.rows.append(_row(line, values, known))
    return reading


def _decode(content: bytes) -> str:
    # Spreadsheets of Chinese systems write GB18030, ours and newer ones UTF-8; the whole file decides.
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise CannotRead(_("The file is neither UTF-8 nor GB18030 text. Save it as CSV."))


def _find_columns(header: list[str]) -> dict[str, int]:
    names = [name.strip().lower() for name in header]
    columns = {
        key: next(names.index(title.lower()) for title in titles if title.lower() in names)
        for key, titles in COLUMNS.items()
        if any(title.lower() in names for title in titles)
    }
    if missing := [COLUMNS[key][0] for key in NEEDED if key not in columns]:
        raise CannotRead(
            _("The first line has no column %(missing)s. Found: %(found)s.")
            % {"missing": "、".join(missing), "found": "、".join(header[:12]) or "-"}
        )
    return columns


def _pick(cells: list[str], columns: dict[str, int]) -> dict[str, str]:
    return {key: cells[place].strip() if place < len(cells) else "" for key, place in columns.items()}


def _problems(line, values, known, seen):
    code, name = values["code"], values["name"]
    if not re.fullmatch(r"[A-Za-z0-9._-]{1,40}", code):
        yield Problem(line, "code", code, _("A staff number has 1 to 40 letters, digits, dots or hyphens."))
    elif code in seen:
        yield Problem(line, "code", code, _("The same staff number stands further up."))
    if not 1 <= len(name) <= 80:
        yield Problem(line, "name", name, _("A name has 1 to 80 characters."))
    if len(values.get("title", "")) > 60:
        yield Problem(line, "title", values["title"], _("At most 60 characters."))
    if (department := values.get("department")) and department not in known:
        yield Problem(line, "department", department, _("No department has this code today. Make it first."))
    if (left := values.get("left_on")) and _date(left) is None:
        yield Problem(line, "left_on", left, _("Write dates as 2026-11-22."))


def _row(line, values, known):
    code = values.get("department", "")
    return Row(
        line=line,
        code=values["code"],
        name=values["name"],
        title=values.get("title", ""),
        department=known[code].pk if code else None,
        department_code=code,
        left_on=_date(values.get("left_on", "")),
    )


def _date(text: str) -> date | None:
    for pattern in DATES:
        try:
            return datetime.strptime(text, pattern).date()
        except ValueError:
            continue
    return None
