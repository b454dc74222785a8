"""What front pages say that cannot all be true. The records stand; everything is reported."""

from collections.abc import Iterator
from datetime import timedelta
from functools import lru_cache
from typing import Any

from zhiheng.records import build, numbers
from zhiheng.records.problems import Effect, Problem, shown
from zhiheng.records.times import Moment
from zhiheng.sources.frontpage.layout import Depends, Layout, Sum
from zhiheng.sources.frontpage.page import Found, Pages, days_in_hospital

CENT = 0.01
_AGE = "A14"
_DAYS = "B20"
_BORN = "A13"
_PROCEDURES = ("C16x01", *(f"C37x{number:02d}" for number in range(1, 41)))


def contradictions(pages: Pages, layout: Layout) -> Found:
    """Return everything that is to be reported about these pages."""
    found: Found = []
    for rule in layout.depends:
        found.extend(_depends(pages, layout, rule))
    for one in layout.spec.sums:
        found.extend(_sum(pages, layout, one))
    found.extend(_length_of_stay(pages))
    found.extend(_procedures(pages))
    found.extend(_birth(pages))
    return found


def _depends(pages: Pages, layout: Layout, rule: Depends) -> Iterator[tuple[int, str, Problem]]:
    if rule.when not in pages.columns:
        return
    needed = [(name, pages.column(name)) for name in rule.needs]
    for at, cell in enumerate(pages.columns[rule.when]):
        if cell is None or not _asks(rule, str(cell)):
            continue
        for name, cells in needed:
            if cells[at] is None:
                yield at, name, _dependent(layout, rule, name, str(cell))


def _asks(rule: Depends, value: str) -> bool:
    if rule.is_ is not None:
        return value in rule.is_
    return rule.begins is None or value.upper().startswith(tuple(rule.begins))


def _dependent(layout: Layout, rule: Depends, name: str, value: str) -> Problem:
    because = (
        f"“{layout.fields[rule.when].name}”为“{value}”"
        if rule.is_ or rule.begins
        else f"有“{layout.fields[rule.when].name}”"
    )
    reason = f"{because}时应填写“{layout.fields[name].name}”"
    return Problem("dependent_blank", name, "", reason, "请在病案系统中补填后重新导出", Effect.NOTED)


def _sum(pages: Pages, layout: Layout, rule: Sum) -> Iterator[tuple[int, str, Problem]]:
    if rule.total not in pages.columns:
        return
    parts = [pages.columns[name] for name in rule.parts if name in pages.columns]
    for at, cell in enumerate(pages.columns[rule.total]):
        total = _number(cell)
        if total is None:
            continue
        together = sum(_number(cells[at]) or 0.0 for cells in parts)
        if together > total + CENT:
            said = f"{shown(cell)} < {together:.2f}"
            reason = f"“{layout.fields[rule.total].name}”小于其各部分之和"
            remedy = "请核对收费系统的费用归类后重新导出"
            yield at, rule.total, Problem("fees_do_not_add_up", rule.total, said, reason, remedy, Effect.NOTED)


@lru_cache(100_000)  # most sums of a fee block are zero
def _number(cell: Any) -> float | None:
    if type(cell) is str:
        number = numbers.parse(cell)
        return None if isinstance(number, Problem) else number.value
    return float(cell) if isinstance(cell, int | float) else None


def _length_of_stay(pages: Pages) -> Iterator[tuple[int, str, Problem]]:
    for at, cell in enumerate(pages.column(_DAYS)):
        stated = build.to_count(cell) if cell is not None else None
        if not isinstance(stated, int):
            continue
        counted = days_in_hospital(pages.admitted[at].value, pages.discharged[at].value)
        if stated != counted:
            said = f"{stated}（按入院、出院日期应为 {counted}）"
            reason, remedy = "实际住院天数与入院、出院日期不符", "请核对；系统按原值保留"
            yield at, _DAYS, Problem("length_of_stay_disagrees", _DAYS, said, reason, remedy, Effect.NOTED)


def _procedures(pages: Pages) -> Iterator[tuple[int, str, Problem]]:
    for name in _PROCEDURES:
        for at, cell in enumerate(pages.columns.get(name, ())):
            moment = build.to_moment(cell) if cell is not None else None
            if not isinstance(moment, Moment):
                continue
            start, end = pages.admitted[at].value, pages.discharged[at].value
            if moment.precision == "date":
                inside = start.date() <= moment.value.date() <= end.date()
            else:
                # The emergency theatre may begin before the ward has admitted: one day of grace.
                inside = start - timedelta(days=1) <= moment.value <= end
            if not inside:
                reason, remedy = "手术操作时间不在住院期间内", "请核对手术时间与住院时间"
                yield at, name, Problem("outside_the_stay", name, shown(cell), reason, remedy, Effect.NOTED)


def _birth(pages: Pages) -> Iterator[tuple[int, str, Problem]]:
    ages = pages.column(_AGE)
    for at, cell in enumerate(pages.column(_BORN)):
        born = build.to_moment(cell) if cell is not None else None
        if not isinstance(born, Moment):
            continue
        admitted = pages.admitted[at].value
        if born.value.date() > admitted.date():
            reason, remedy = "出生日期晚于入院日期，不采用", "请核对出生日期后重新导出"
            yield at, _BORN, Problem("birth_after_admission", _BORN, shown(cell), reason, remedy, Effect.FIELD)
            continue
        age = admitted.year - born.value.year - ((admitted.month, admitted.day) < (born.value.month, born.value.day))
        stated = build.to_count(ages[at]) if ages[at] is not None else None
        if isinstance(stated, int) and stated != age:
            said = f"{stated}（按出生日期应为 {age}）"
            reason, remedy = "年龄与出生日期不符", "请核对；系统以出生日期计算年龄"
            yield at, _AGE, Problem("age_disagrees", _AGE, said, reason, remedy, Effect.NOTED)
