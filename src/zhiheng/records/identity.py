"""The resident identity card (GB 11643): its check digit, and the birth date and sex that it states."""

import re
from datetime import date
from typing import NamedTuple

from zhiheng.records.folding import fold
from zhiheng.records.problems import Effect, Problem, shown

CARD = "resident_identity_card"

_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECK_DIGITS = "10X98765432"
_REMEDY = "请核对身份证号码后重新导出；若证件不是居民身份证，请导出证件类型"


class Card(NamedTuple):
    """What a valid number states. `number` has 15 or 18 places, X in upper case."""

    number: str
    birth_date: date
    sex: str


def check(text: str) -> Card | Problem:
    """Return what the number states, or why it cannot be one."""
    number = fold(text).upper().replace("Ｘ", "X")
    if re.fullmatch(r"\d{17}[\dX]", number, re.ASCII):
        if number[17] != check_digit(number[:17]):
            return _problem("identity_checksum", f"第18位校验码应为“{check_digit(number[:17])}”，与号码不符", text)
        return _card(number, number[6:14], number[16], text)
    if re.fullmatch(r"\d{15}", number, re.ASCII):
        return _card(number, "19" + number[6:12], number[14], text)
    return _problem("identity_shape", f"居民身份证号应为18位（或旧式15位），现为{len(number)}位或含有其他字符", text)


def check_digit(first17: str) -> str:
    """Return the 18th place that belongs to the first 17."""
    return _CHECK_DIGITS[sum(int(digit) * weight for digit, weight in zip(first17, _WEIGHTS, strict=True)) % 11]


def disagreements(card: Card, birth_date: date | None, sex: str | None) -> list[Problem]:
    """Return where a valid card says something else than the record."""
    found = []
    if birth_date and birth_date != card.birth_date:
        found.append(_disagrees("birth_date", birth_date.isoformat(), "身份证号中的出生日期与记录的出生日期不一致"))
    if sex in ("male", "female") and sex != card.sex:
        found.append(_disagrees("sex", sex, "身份证号中的性别与记录的性别不一致"))
    return found


def _card(number: str, birth: str, order: str, text: str) -> Card | Problem:
    try:
        born = date(int(birth[:4]), int(birth[4:6]), int(birth[6:]))
    except ValueError:
        return _problem("identity_birth_date", "号码中的出生日期在日历上不存在", text)
    return Card(number, born, "male" if int(order) % 2 else "female")


def _problem(kind: str, reason: str, text: str) -> Problem:
    return Problem(kind, "id_number", shown(text), reason, _REMEDY)


def _disagrees(column: str, found: str, reason: str) -> Problem:
    return Problem(
        "identity_disagrees", column, found, reason, "请核对身份证号、出生日期与性别哪一项有误", Effect.NOTED
    )
