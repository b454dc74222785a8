"""Check the constants given to functions when an expression is parsed: patterns, clocks, digits."""

import re
from typing import Any

from zhiheng.engine.language import regex


def check_pattern(values: tuple[Any, ...]) -> None:
    regex.check(values[0])


def check_clock(values: tuple[Any, ...]) -> None:
    if not re.fullmatch(r"([01][0-9]|2[0-3]):[0-5][0-9]", values[0]):
        raise ValueError(f"\"{values[0]}\" is no clock time. Write it as 'HH:MM', from '00:00' to '23:59'.")


def check_digits(values: tuple[Any, ...]) -> None:
    if values[0] not in range(7):
        raise ValueError(f"{values[0]} is no number of decimals. Write a whole number from 0 to 6.")
