"""Check the constants of functions: regular expressions that mean the same everywhere, clocks, digits, codes."""

import re
from typing import Any

from zhiheng.engine.language.declaration import sql_text
from zhiheng.engine.language.runtime import normal_code as normal_code

NUMBER = r"^[+-]?[0-9]{1,15}([.][0-9]{1,15})?$"


def sql_number(text: str) -> str:
    """Return SQL for the number that `text` says, by the strict pattern of ours."""
    return f"TRY_CAST(regexp_extract({text}, {sql_text(NUMBER)}) AS DOUBLE)"


def check_clock(values: tuple[Any, ...]) -> None:
    if not re.fullmatch(r"([01][0-9]|2[0-3]):[0-5][0-9]", values[0]):
        raise ValueError(f"\"{values[0]}\" is no clock time. Write it as 'HH:MM', from '00:00' to '23:59'.")


def check_digits(values: tuple[Any, ...]) -> None:
    if values[0] not in range(7):
        raise ValueError(f"{values[0]} is no number of decimals. Write a whole number from 0 to 6.")


def check_codes(values: tuple[Any, ...]) -> None:
    for code in values:
        if not normal_code(code):
            raise ValueError(f"\"{code}\" is no code. Write a code such as 'I21.1' or '36.06'.")


def check_pattern(values: tuple[Any, ...]) -> None:
    try:
        re.compile(values[0])
    except re.error as problem:
        raise ValueError(f'"{values[0]}" is no regular expression: {problem}.') from None


def for_python(pattern: str) -> str:
    """Return the pattern as Python must write it to mean what RE2 means."""
    return pattern.replace("$", r"\Z")


def first_group(pattern: str) -> int:
    return 1 if re.compile(pattern).groups else 0
