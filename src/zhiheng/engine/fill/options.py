"""Which option of an item a found value is."""

import re
from functools import lru_cache

from zhiheng.engine.form import Item, ItemType, Option
from zhiheng.records import codes

from .rules import Rule

# Options of the national forms begin with their code: "I21.000x001 急性透壁前间壁心肌梗塞", "36.0700药物洗脱支架置入".
_CODE = re.compile(r"\s*([A-Z]\d[0-9A-Z](?:\.[0-9A-Zx]+)?|\d\d\.\d+(?:x\d+)*)", re.ASCII)
Answer = tuple[str | int | float | None, str | None]  # the value and None, or None and the reason


def give_option(rule: Rule, item: Item, raw: str) -> Answer:
    """Return the value that `raw` stands for in `item`, or why there is none."""
    if rule.by_code:
        return _checked(item, option_of_code(item, raw))
    if rule.maps_terms:
        return _checked(item, _option_of_terms(rule, raw.split("|")))
    if rule.mapping is not None and rule.take != "count":
        return _checked(item, rule.mapping.get(raw, rule.mapping.get("else")))
    return _checked(item, raw)


def _checked(item: Item, value: str | None) -> Answer:
    if value is None:
        return None, "no_option"
    if item.type in (ItemType.CHOICE, ItemType.CHOICES):
        return (value, None) if any(option.value == value for option in item.options) else (None, "no_option")
    if item.type is ItemType.NUMBER:
        try:
            return float(value), None
        except ValueError:
            return None, "not_a_number"
    if item.max_length and len(value) > item.max_length:
        return None, "too_long"
    return value, None


def _option_of_terms(rule: Rule, found: list[str]) -> str | None:
    """Return the option of the first term of the rule's list that the row belongs to."""
    assert rule.mapping is not None
    return next((option for term, option in rule.mapping.items() if term in found), None)


def option_of_code(item: Item, raw: str) -> str | None:
    """Return the option whose code is the code found, or the nearest that it extends."""
    for code in codes.parts(raw):
        best = max(
            ((len(listed), value) for listed, value in _listed_codes(item.options) if _is_or_extends(code, listed)),
            default=None,
            key=lambda pair: pair[0],
        )
        if best:
            return best[1]
    return None


def _is_or_extends(code: str, listed: str) -> bool:
    # 36.07 without its extension is the same as 36.0700, I21.1 as I21.100.
    return code.startswith(listed) or (len(listed) > len(code) and listed == code + "0" * (len(listed) - len(code)))


@lru_cache(maxsize=4096)
def _listed_codes(options: tuple[Option, ...]) -> tuple[tuple[str, str], ...]:
    listed = []
    for option in options:
        match = _CODE.match(option.label)
        code = codes.normal(match.group(1)) if match else None
        if code:
            listed.append((code, option.value))
    return tuple(listed)
