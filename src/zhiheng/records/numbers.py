"""Numbers as sources write them, by a strict pattern.

Python's own `float` takes `nan`, `1_000`, `1e999` and digits of any script; a laboratory value must not.
"""

import math
import re
from typing import NamedTuple

from zhiheng.records.folding import fold
from zhiheng.records.problems import Problem, shown


class Number(NamedTuple):
    """A number; `comparator` ('<', '<=', '>', '>=' or '') says that it is only a bound."""

    value: float
    comparator: str = ""


class Quantity(NamedTuple):
    """The parts of a text such as '<80.0mg CONTINUOUS'."""

    number: Number
    unit: str
    rest: str


_NUMBER = r"[+-]?(?:\d{1,3}(?:,\d{3})+|\d{1,18})(?:\.\d{1,18})?(?:[eE][+-]?\d{1,3})?|[+-]?\.\d{1,18}"
_BOUND = r"(?P<bound><=|>=|<|>|≤|≥|≦|≧|﹤|﹥)?"
_WHOLE = re.compile(rf"{_BOUND}\s*(?P<number>{_NUMBER})", re.ASCII)
# A unit does not begin like the rest of a range, a combination or a power: 40-50mg, 875/125mg and 10^9 are refused.
_UNIT = r"[^\s\d,.;，；^/~*×+–-][^\s,;，；]*"
_QUANTITY = re.compile(rf"{_BOUND}\s*(?P<number>{_NUMBER})\s*(?P<unit>{_UNIT})?(?:[\s,;，；]+(?P<rest>.*))?", re.ASCII)
_COMPARATORS = {"≤": "<=", "≥": ">=", "≦": "<=", "≧": ">=", "﹤": "<", "﹥": ">"}
_REMEDY = "请导出为普通数字；确为文字结果的，请在接入方案中对应到文字列"


def parse(text: str) -> Number | Problem:
    """Return the number that the whole of `text` writes."""
    folded = fold(text)
    match = _WHOLE.fullmatch(folded)
    if not match:
        return Problem("not_a_number", "", shown(text), "不能识别为数字", _REMEDY)
    return _number(match, text)


def quantity(text: str) -> Quantity | Problem:
    """Return number, unit and rest of a text that begins with a number: '80.0mg CONTINUOUS'."""
    match = _QUANTITY.fullmatch(fold(text))
    if not match:
        return Problem("not_a_quantity", "", shown(text), "不是“数值＋单位”的形式", _REMEDY)
    number = _number(match, text)
    if isinstance(number, Problem):
        return number
    return Quantity(number, match["unit"] or "", match["rest"] or "")


def _number(match: re.Match[str], text: str) -> Number | Problem:
    value = float(match["number"].replace(",", ""))
    if not math.isfinite(value):
        return Problem("not_a_number", "", shown(text), "数字过大，无法表示", _REMEDY)
    bound = match["bound"] or ""
    return Number(value, _COMPARATORS.get(bound, bound))
