"""Between answers in JSON form and values: strict, so that nothing is guessed from what someone wrote."""

import re
from collections.abc import Callable
from datetime import date, datetime

from zhiheng.engine.form.parts import Item, ItemType
from zhiheng.lib.suggest import nearest

UNANSWERED = "def"  # the platform's 请选择: no option, but it occurs in exported answers
NUMBER = re.compile(r"[+-]?[0-9]{1,15}(\.[0-9]{1,15})?", re.ASCII)
LARGEST, SMALLEST = 1e15, 1e-9  # beyond these nothing was measured, and formulas would run into infinity
DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
DATETIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[ T][0-9]{2}:[0-9]{2}(:[0-9]{2})?", re.ASCII)


class Wrong(Exception):
    """An answer that cannot be read: which rule it breaks, and a message for people."""

    def __init__(self, rule: str, message: str) -> None:
        super().__init__(rule, message)
        self.rule = rule
        self.message = message


Read = Callable[[object], object]


def reader(item: Item, *, number: bool) -> Read:
    """Return the function that reads an answer to `item`: the value, None when unanswered; raises Wrong.

    `number`: the item counts as a number in expressions, whatever its type (a text item that shows a time difference).
    """
    kind = ItemType.NUMBER if number else item.type
    if kind in (ItemType.CHOICE, ItemType.CHOICES):
        return _choice(item) if kind is ItemType.CHOICE else _choices(item)
    return {
        ItemType.TEXT: _text,
        ItemType.NUMBER: _number,
        ItemType.DATE: _date,
        ItemType.DATETIME: _datetime,
    }[kind]


def is_unanswered(raw: object) -> bool:
    if raw is None or raw == UNANSWERED:
        return True
    if isinstance(raw, str):
        return not raw.strip()
    return isinstance(raw, list | tuple) and not raw


def _text(raw: object) -> str:
    if isinstance(raw, str):
        return raw
    raise Wrong("type", f"应为文字，现为 {_shown(raw)}；请用引号括起。")


def _number(raw: object) -> int | float:
    found: int | float | None = None
    if isinstance(raw, str) and NUMBER.fullmatch(raw):
        found = float(raw) if "." in raw else int(raw)
    elif isinstance(raw, int | float) and not isinstance(raw, bool):
        found = raw
    if found is not None and (found == 0 or SMALLEST <= abs(found) < LARGEST):
        return found
    raise Wrong("type", f"应为数字（如 36 或 36.5，半角，不带单位），现为 {_shown(raw)}。")


def _date(raw: object) -> date:
    if isinstance(raw, date) and not isinstance(raw, datetime):
        return raw
    if isinstance(raw, str) and DATE.fullmatch(raw):
        try:
            return date.fromisoformat(raw)
        except ValueError:
            raise Wrong("type", f"日历上没有这一天：{_shown(raw)}。") from None
    raise Wrong("type", f"应为日期（如 2026-11-22），现为 {_shown(raw)}。")


def _datetime(raw: object) -> datetime:
    if isinstance(raw, datetime) and raw.tzinfo is None:
        return raw
    if isinstance(raw, str) and DATETIME.fullmatch(raw):
        try:
            return datetime.fromisoformat(raw)
        except ValueError:
            raise Wrong("type", f"没有这个日期时间：{_shown(raw)}。") from None
    raise Wrong("type", f"应为日期和时间（如 2026-11-22 14:05），现为 {_shown(raw)}。")


def _choice(item: Item) -> Read:
    options = frozenset(option.value for option in item.options)

    def read(raw: object) -> str:
        # Cities and districts have no list in the national form: any text is taken there.
        if isinstance(raw, str) and (raw in options or not options):
            return raw
        if isinstance(raw, str):
            raise Wrong("option", _no_option(item, raw))
        raise Wrong("type", f"应为一个选项值，现为 {_shown(raw)}。")

    return read


def _choices(item: Item) -> Read:
    options = frozenset(option.value for option in item.options)

    def read(raw: object) -> tuple[str, ...]:
        if not isinstance(raw, list | tuple):
            raise Wrong("type", f'应为选项值的列表（如 ["a", "b"]），现为 {_shown(raw)}。')
        for each in raw:
            if not isinstance(each, str) or (options and each not in options):
                raise Wrong("option", _no_option(item, each))
        return tuple(dict.fromkeys(raw))

    return read


def _no_option(item: Item, raw: object) -> str:
    values = [option.value for option in item.options]
    near = nearest(str(raw), values) or next((v for v in values if v.lower() == str(raw).lower()), None)
    meant = f"是否应为 {near}？" if near else ""
    listed = "、".join(f"{option.value} {option.label}" for option in item.options[:8])
    more = " 等" if len(values) > 8 else ""
    return f"没有选项 {_shown(raw)}。{meant}可选：{listed}{more}。"


def _shown(raw: object) -> str:
    text = str(raw)
    return f"“{text[:40]}…”" if len(text) > 40 else f"“{text}”"


def to_json(value: object) -> object:
    """Return a value as it stands in an answers file."""
    if isinstance(value, datetime):
        return value.isoformat(" ", "seconds" if value.second else "minutes")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, tuple):
        return list(value)
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value


def to_text(value: object) -> object:
    """Return the value of a text item, which stays text when the form computes a number there."""
    simple = to_json(value)
    return simple if isinstance(simple, str) or simple is None else str(simple)
