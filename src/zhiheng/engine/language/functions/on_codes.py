"""On codes: classifications such as ICD, where a code covers its extensions."""

import string
from typing import Any

from zhiheng.engine.language.declaration import BOOLEAN, TEXT, constant, constant_list, declare, examples, one, sql_text
from zhiheng.records.codes import Cover, Range

# The same folding as records.codes does in Python: full-width to half-width, lower case to upper, no blanks.
HALF = "".join(map(chr, range(0x21, 0x7F)))
FULL = "".join(chr(ord(each) + 0xFEE0) for each in HALF)
BLANKS = "".join(filter(str.isspace, map(chr, range(0x3001))))
FROM = FULL + "×。" + string.ascii_lowercase + BLANKS
TO = HALF.upper() + "X." + string.ascii_uppercase
# Dagger and asterisk join two codes in one field; either may be the one that is covered.
MARKS = "+*†‡✝#"
ALPHABET = string.digits + string.ascii_uppercase
# What every code begins with; what begins otherwise is no code and lies in no range.
DIAGNOSIS = (f"[{string.ascii_uppercase}]", f"[{string.digits}]", f"[{ALPHABET}]")
PROCEDURE = (f"[{string.digits}]", f"[{string.digits}]")


def _check_codes(listed: tuple[Any, ...]) -> None:
    Cover.of(listed)


def _check_range(bounds: tuple[Any, ...]) -> None:
    Cover.of([_range(*bounds)])


def _range(first: str, last: str) -> str:
    return f"{first}-{last}"


def _python(code: str, *listed: str) -> str:
    return f"cover({listed!r}).covers({code})"


def _sql(code: str, *listed: str) -> str:
    pattern = f"(?:^|[{MARKS}])(?:{'|'.join(_patterns(Cover.of(listed)))})[0-9A-Z.]*[-.]*(?:[{MARKS}]|$)"
    # To translate takes fifty times as long as all the rest, and nearly every code is plain already.
    translated = f"translate({code}, {sql_text(FROM)}, {sql_text(TO)})"
    folded = f"CASE WHEN regexp_full_match({code}, '[!-~]*') THEN upper({code}) ELSE {translated} END"
    return f"regexp_matches({folded}, {sql_text(pattern)})"


def _patterns(cover: Cover) -> list[str]:
    paths = [list(prefix) for prefix in cover.prefixes]
    for each in cover.ranges:
        paths += filter(None, map(_shaped, _between(each)))
    return [_dotted(path) for path in paths]


def _shaped(path: list[str]) -> list[str]:
    """Return the path as far as codes go along it, led on to where every code has a place; empty if none does."""
    places = _places(path)
    head = [_common(each, place) for each, place in zip(path, places, strict=False)]
    return [*head, *places[len(path) :], *path[len(places) :]] if all(head) else []


def _places(path: list[str]) -> tuple[str, ...]:
    return PROCEDURE if path[0].strip("[")[0] in string.digits else DIAGNOSIS


def _common(one: str, other: str) -> str:
    """Return the characters of one set that are in another, as a set; empty if there is none."""
    both = "".join(each for each in one.strip("[]") if each in other)
    return f"[{both}]" if both else ""


def _dotted(path: list[str]) -> str:
    """Write a path of characters, or sets of them, with the dot that may stand behind the head of a code."""
    head = len(_places(path))
    return "".join(path[:head]) + "".join(f"[.]*{each}" for each in path[head:])


def _between(bounds: Range) -> list[list[str]]:
    """Return the beginnings of all codes from the lower to the higher bound, compared over the bound's length."""
    low, high = bounds.low, bounds.high
    same = next((i for i, (a, b) in enumerate(zip(low, high, strict=False)) if a != b), min(len(low), len(high)))
    common, low, high = list(low[:same]), low[same:], high[same:]
    if not low or not high:
        return [common + path for path in _up_to(high)] if high else [common + path for path in _from(low)]
    middle = _letters(low[0], high[0])
    return [
        *([[*common, middle]] if middle else []),
        *([*common, low[0], *path] for path in _from(low[1:])),
        *([*common, high[0], *path] for path in _up_to(high[1:])),
    ]


def _from(low: str) -> list[list[str]]:
    above = [[*low[:i], _letters(each, "")] for i, each in enumerate(low) if each != ALPHABET[-1]]
    return [*above, list(low)]


def _up_to(high: str) -> list[list[str]]:
    below = [[*high[:i], _letters("", each)] for i, each in enumerate(high) if each != ALPHABET[0]]
    return [*below, list(high)]


def _letters(after: str, before: str) -> str:
    """Return the set of characters between two, without them; an empty bound is none."""
    start = ALPHABET.index(after) + 1 if after else 0
    end = ALPHABET.index(before) if before else len(ALPHABET)
    return f"[{ALPHABET[start:end]}]" if start < end else ""


declare(
    "code_in",
    "codes",
    parameters=(one("code", TEXT), constant_list("codes", TEXT)),
    result=BOOLEAN,
    meaning="编码属于所列编码之一。所列编码包括它自己和它的一切扩展码，不包括相邻的码；也可写范围 'F00-F99'。"
    "大小写、全角半角、有无小数点不论；剑号、星号连写的两个编码，有一个属于即可。",
    english="A listed code or range covers the code.",
    examples=examples(
        ("code_in(x, 'I21.1')", True, {"x": "I21.100x001"}),
        ("code_in(x, 'I21.1')", True, {"x": "i211"}),
        ("code_in(x, 'I21.1')", False, {"x": "I21.000"}),
        ("code_in(x, '36.1')", False, {"x": "36.2000"}),
        ("code_in(x, 'I21.1', 'C34')", True, {"x": "C34.1"}),
        ("code_in(x, 'F00-F99')", True, {"x": "F32.900"}),
        ("code_in(x, 'N08')", True, {"x": "E11.201+N08.3*"}),
        ("code_in(x, '74')", False, {"x": "7.41"}),
        ("code_in(x, 'I21.1')", None, {"x": None}),
    ),
    python=_python,
    duckdb=_sql,
    prepare=_check_codes,
)
declare(
    "code_in_range",
    "codes",
    parameters=(one("code", TEXT), constant("first", TEXT), constant("last", TEXT)),
    result=BOOLEAN,
    meaning="编码在 first 到 last 的范围内，两端及其扩展码都算在内。不成编码的文字不在任何范围内。",
    english="The code lies in the range, both ends with their extensions; what is no code lies in none.",
    examples=examples(
        ("code_in_range(x, 'I05', 'I09')", True, {"x": "I09.900"}),
        ("code_in_range(x, 'I05', 'I09')", False, {"x": "I10.x00"}),
        ("code_in_range(x, '37.61003', '37.95001')", False, {"x": "37.61"}),
        ("code_in_range(x, 'A00', 'I21.0')", False, {"x": "B0"}),
    ),
    python=lambda code, first, last: _python(code, _range(first, last)),
    duckdb=lambda code, first, last: _sql(code, _range(first, last)),
    prepare=_check_range,
)
