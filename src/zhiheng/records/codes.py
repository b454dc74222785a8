"""ICD codes: one way of writing them, and what a listed code covers.

A normal code has no dot, no blank and no dagger, in upper case: `I21.100x001` is `I21100X001`, `36.10` is `3610`.
A diagnosis code begins with a letter and two more places, a procedure code with two digits; with a dot, the dot
stands right behind them. Anything else is no code: `7.41` may be 07.41 or 74.1, and nobody guesses which.
"""

import re
import string
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

# Full-width to half-width, and upper case: of these letters only, since others become A to Z as well (a dotless i).
_FOLD = {full: chr(full - 0xFEE0).upper() for full in range(0xFF01, 0xFF5F)}
_FOLD |= {ord(low): low.upper() for low in string.ascii_lowercase} | {0x00D7: "X", 0x3000: " ", 0x3002: "."}
# Dagger and asterisk join two codes in one field: `E11.201+N08.3*` says both.
_MARKS = re.compile(r"[+*†‡✝#]")
_SHAPE = re.compile(r"(?P<diagnosis>[A-Z]\d[0-9A-Z])|(?P<procedure>\d\d)", re.ASCII)
_PLAIN = re.compile(r"(?:[A-Z]\d[0-9A-Z]|\d\d)(?:\.[0-9]+(?:[xX][0-9]+)?)?", re.ASCII)
_REST = re.compile(r"[0-9A-Z]*", re.ASCII)
_RANGE = re.compile(r"(.+?)\s*[-–—~～至]\s*(.+)")

# The systems whose codes can be compared with listed ones, by what their folded names contain.
_DIAGNOSIS_SYSTEMS = ("ICD10", "GBT14396")
_PROCEDURE_SYSTEMS = ("ICD9",)
_NOT_THESE = ("ICD10PCS",)
# Hospitals also name the Chinese editions alone; which of the two systems is meant follows from the table.
_EDITIONS = ("临床版", "国临", "医保版", "国标")


def parts(text: str | None) -> tuple[str, ...]:
    """Return the normal codes in a field: none where there is no code, two where dagger and asterisk join them."""
    if not text:
        return ()
    if _PLAIN.fullmatch(text):  # nearly every code: what follows would leave it as it is
        return (text.replace(".", "").upper(),)
    written = text.translate(_FOLD)
    found = (_normal("".join(part.split())) for part in _MARKS.split(written))
    return tuple(dict.fromkeys(code for code in found if code))


def normal(text: str | None) -> str | None:
    """Return the (first) code of a field in its normal form, or None if it is no code."""
    return next(iter(parts(text)), None)


def _normal(written: str) -> str | None:
    shape = _SHAPE.match(written)
    if shape is None:
        return None
    head, rest = shape.group(), written[shape.end() :].rstrip("-.").removeprefix(".").replace(".", "")
    if not _REST.fullmatch(rest):
        return None
    return head + rest


def is_diagnosis_system(name: str | None) -> bool:
    """Say whether codes of this system are ICD-10 codes; a source that names none is taken at its table's word."""
    return name is None or _names(name, _DIAGNOSIS_SYSTEMS, _PROCEDURE_SYSTEMS)


def is_procedure_system(name: str | None) -> bool:
    """Say whether codes of this system are ICD-9-CM-3 codes; CPT or SNOMED numbers only look like them."""
    return name is None or _names(name, _PROCEDURE_SYSTEMS, _DIAGNOSIS_SYSTEMS)


def _names(name: str, wanted: tuple[str, ...], others: tuple[str, ...]) -> bool:
    folded = re.sub(r"[^0-9A-Z]", "", name.translate(_FOLD).upper())
    if any(each in folded for each in wanted):
        return not any(each in folded for each in _NOT_THESE)
    if any(each in folded for each in others):
        return False
    return not name.strip() or any(each in name for each in _EDITIONS)


@dataclass(frozen=True)
class Range:
    """From one code to another, both with everything that extends them: F00-F99, 37.61003-37.95001."""

    low: str
    high: str

    def covers(self, code: str) -> bool:
        """Say whether a normal code lies inside.

        Codes are compared over the length of the bound. One that is shorter than a bound and equal so far (37.61
        against 37.61003) is not known to lie inside, so it does not.
        """
        if code[0].isdigit() != self.low[0].isdigit():
            return False
        return self._reaches(code) and self._stays(code)

    def _reaches(self, code: str) -> bool:
        if len(code) < len(self.low) and self.low.startswith(code):
            return False
        return code[: len(self.low)] >= self.low

    def _stays(self, code: str) -> bool:
        if len(code) < len(self.high) and self.high.startswith(code):
            return False
        return code[: len(self.high)] <= self.high


class CodeError(ValueError):
    """A listed code that cannot be one."""


@dataclass(frozen=True)
class Cover:
    """What a list of codes and ranges covers: each code itself and its extensions, never a neighbour."""

    prefixes: tuple[str, ...] = ()
    ranges: tuple[Range, ...] = ()

    @classmethod
    def of(cls, listed: Iterable[str]) -> "Cover":
        """Read a list as a pack writes it; CodeError names the entry that is no code."""
        prefixes: list[str] = []
        ranges: list[Range] = []
        for entry in listed:
            both = _RANGE.fullmatch(entry.strip())
            if both:
                ranges.append(_range(entry, both.group(1), both.group(2)))
            else:
                prefixes.append(_listed(entry, entry))
        return cls(tuple(dict.fromkeys(prefixes)), tuple(dict.fromkeys(ranges)))

    def covers(self, text: str | None) -> bool:
        """Say whether a code as written is covered, or one of the two that it joins."""
        return any(self.covers_normal(code) for code in parts(text))

    def covers_normal(self, code: str) -> bool:
        return code.startswith(self.prefixes) or any(each.covers(code) for each in self.ranges)


def covers(listed: Iterable[str], text: str | None) -> bool:
    """Say whether `listed` covers a code as written."""
    return Cover.of(listed).covers(text)


def _listed(text: str, entry: str) -> str:
    found = parts(text)
    if len(found) != 1:
        raise CodeError(
            f'"{entry}" is no code. A diagnosis code looks like I21.1, a procedure code like 00.70 '
            "(two digits before the dot), a range like F00-F99."
        )
    return found[0]


def _range(entry: str, low: str, high: str) -> Range:
    bounds = Range(_listed(low, entry), _listed(high, entry))
    if bounds.low[0].isdigit() != bounds.high[0].isdigit() or bounds.low > bounds.high:
        raise CodeError(f'"{entry}" is no range: it must go from a lower to a higher code of the same system.')
    return bounds


class Index:
    """Which of many code lists cover a code: one look-up for each length of its beginning, not one for each list."""

    def __init__(self, lists: Mapping[int, Cover]) -> None:
        self._by_prefix: dict[str, int] = {}
        self._ranges: dict[str, list[tuple[Range, int]]] = {}
        for number, cover in lists.items():
            for prefix in cover.prefixes:
                self._by_prefix[prefix] = self._by_prefix.get(prefix, 0) | 1 << number
            for each in cover.ranges:
                for first in range(ord(each.low[0]), ord(each.high[0]) + 1):
                    self._ranges.setdefault(chr(first), []).append((each, 1 << number))
        self._lengths = sorted({len(prefix) for prefix in self._by_prefix})

    def mask(self, text: str | None) -> int:
        """Return the lists that cover a code as written: bit n for the list numbered n."""
        found = 0
        for code in parts(text):
            for length in self._lengths:
                if length > len(code):
                    break
                found |= self._by_prefix.get(code[:length], 0)
            for each, bit in self._ranges.get(code[0], ()):
                if each.covers(code):
                    found |= bit
        return found
