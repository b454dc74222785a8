"""Regular expressions that mean the same in Python and in RE2, and that no text can make slow.

Python's `re` tries alternatives one by one, RE2 (DuckDB) does not; what is allowed here is the part where both
find the same text, and a pattern that Python could try in too many ways is refused when it is parsed.
"""

import re
import string
from dataclasses import dataclass

LONGEST = 500
MOST_REPEATS = 100  # also stands for "without end" when ways are counted
MOST_WAYS = 10**8
SPACES = r"\t\n\f\r "  # RE2's \s; Python's has the vertical tab too
CLASSES = {"d": "0-9", "w": "0-9A-Za-z_", "s": SPACES}
PLAIN = frozenset("ntr")


class BadPattern(ValueError):
    """A regular expression that is not allowed, and why."""


@dataclass(frozen=True)
class Pattern:
    """A checked pattern: its text for Python, the number of its groups, and in how many ways it can be tried."""

    python: str
    groups: int
    ways: int


def check(text: str) -> Pattern:
    """Return the checked pattern, or raise BadPattern."""
    if not text or len(text) > LONGEST:
        raise BadPattern(f"A pattern has 1 to {LONGEST} characters; found {len(text)}.")
    reader = _Reader(text)
    piece = reader.alternatives()
    if reader.at < len(text):
        raise reader.bad("a closing bracket without its opening one")
    if piece.ways > MOST_WAYS:
        raise reader.bad("it can be tried in too many ways; use fewer *, +, {m,n} and |, and do not nest them")
    return Pattern(piece.python, reader.groups, piece.ways)


@dataclass(frozen=True)
class _Piece:
    python: str
    ways: int = 1
    empty: bool = False  # can match nothing: must not be repeated
    anchor: bool = False


class _Reader:
    """Reads one pattern from left to right."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.groups = 0

    def bad(self, why: str) -> BadPattern:
        return BadPattern(f'The regular expression "{self.text}" is not allowed: {why} (at character {self.at + 1}).')

    def peek(self, expected: str) -> bool:
        return self.text.startswith(expected, self.at)

    def skip(self, expected: str) -> bool:
        found = self.peek(expected)
        self.at += len(expected) if found else 0
        return found

    def next(self) -> str:
        if self.at >= len(self.text):
            raise self.bad("it ends too early")
        self.at += 1
        return self.text[self.at - 1]

    def alternatives(self) -> _Piece:
        choices = [self.sequence()]
        while self.skip("|"):
            choices.append(self.sequence())
        return _Piece(
            "|".join(each.python for each in choices),
            sum(each.ways for each in choices),
            any(each.empty for each in choices),
        )

    def sequence(self) -> _Piece:
        pieces = []
        while self.at < len(self.text) and self.text[self.at] not in "|)":
            pieces.append(self.repeated())
        ways = 1
        for each in pieces:
            ways = min(ways * each.ways, MOST_WAYS + 1)
        return _Piece("".join(each.python for each in pieces), ways, all(each.empty for each in pieces))

    def repeated(self) -> _Piece:
        piece = self.atom()
        start = self.at
        low, high = self.quantity()
        if self.at == start:
            return piece
        if piece.empty:
            raise self.bad("what can be empty is repeated")
        lazy = self.skip("?")
        if self.at < len(self.text) and self.text[self.at] in "*+?{":
            raise self.bad("two repetitions follow each other")
        ways = min((high - low + 1) * piece.ways**high, MOST_WAYS + 1)
        quantity = self.text[start : self.at - lazy]
        return _Piece(f"{piece.python}{quantity}{'?' if lazy else ''}", ways, low == 0)

    def quantity(self) -> tuple[int, int]:
        """Read ?, *, + or {m,n} and return its bounds; read nothing when there is none."""
        if self.skip("?"):
            return 0, 1
        if self.skip("*"):
            return 0, MOST_REPEATS
        if self.skip("+"):
            return 1, MOST_REPEATS
        if not self.skip("{"):
            return 1, 1
        found = re.compile(r"([0-9]{1,6})(,([0-9]{1,6})?)?\}", re.ASCII).match(self.text, self.at)
        if not found:
            raise self.bad("after { a quantity such as {2}, {2,} or {2,5} is expected; a bracket itself is \\{")
        self.at = found.end()
        low = int(found[1])
        high = int(found[3]) if found[3] else MOST_REPEATS if found[2] else low
        if not low <= high <= MOST_REPEATS:
            raise self.bad(f"repetitions go from 0 to {MOST_REPEATS}, the smaller number first")
        return low, high

    def atom(self) -> _Piece:
        character = self.next()
        if character == "(":
            return self.group()
        if character == "[":
            return _Piece(self.character_class())
        if character == "\\":
            return self.escape()
        if character == "$":
            return _Piece(r"\Z", empty=True)  # Python's $ also stands before a last line break, RE2's does not
        if character == "^":
            return _Piece("^", empty=True)
        if character == ".":
            return _Piece(".")
        if character in "*+?{}]":
            self.at -= 1
            raise self.bad(f'"{character}" has nothing to repeat or close; the character itself is \\{character}')
        return _Piece(re.escape(character))

    def group(self) -> _Piece:
        capturing = not self.skip("?:")
        if self.peek("?"):
            raise self.bad("only ( ) and (?: ) are allowed: no flags, names, look-ahead or look-behind")
        self.groups += capturing
        inner = self.alternatives()
        if not self.skip(")"):
            raise self.bad('")" is missing')
        return _Piece(f"({'' if capturing else '?:'}{inner.python})", inner.ways, inner.empty)

    def escape(self) -> _Piece:
        character = self.next()
        if character.lower() in CLASSES:
            return _Piece(f"[{'^' if character.isupper() else ''}{CLASSES[character.lower()]}]")
        if character == "b":
            return _Piece(r"\b", empty=True)
        return _Piece(self.escaped(character))

    def escaped(self, character: str) -> str:
        if character in PLAIN or character in string.punctuation:
            return "\\" + character
        raise self.bad(
            f'"\\{character}" is unknown; allowed are \\d \\w \\s \\D \\W \\S \\b \\n \\t \\r and \\ before a sign'
        )

    def character_class(self) -> str:
        """Read what stands between [ and ]; return it with its brackets for Python."""
        parts = ["[^" if self.skip("^") else "["]
        while not self.skip("]"):
            first = self.class_member()
            if self.peek("-") and not self.peek("-]"):
                self.at += 1
                last = self.class_member()
                if not _ordered(first, last):
                    raise self.bad(f'"{first}-{last}" is no range; a hyphen itself is \\-')
                first = f"{first}-{last}"
            parts.append(first)
        if len(parts) == 1:
            raise self.bad("[] is empty")
        return "".join(parts) + "]"

    def class_member(self) -> str:
        character = self.next()
        if character == "\\":
            escaped = self.next()
            return CLASSES.get(escaped) or self.escaped(escaped)
        if character == "[":
            raise self.bad("inside [ ] write \\[ for the bracket itself")
        return re.escape(character)


def _ordered(first: str, last: str) -> bool:
    first, last = first.removeprefix("\\") or first, last.removeprefix("\\") or last
    return len(first) == len(last) == 1 and first <= last


def for_python(text: str) -> str:
    """Return the pattern as Python must write it to find what RE2 finds."""
    return check(text).python


def first_group(text: str) -> int:
    """Return 1 when the pattern has a group, else 0 (the whole)."""
    return min(check(text).groups, 1)
