"""Patterns in texts, outside of a query: in Python where it is sure to be quick, otherwise as DuckDB does it."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache

import duckdb
import pyarrow as pa

from zhiheng.engine.form import ItemType
from zhiheng.engine.language import regex

from .query import time_from_text
from .rules import ANYTHING, SAME_CLAUSE, Pattern

Look = tuple[Pattern, str]  # a pattern and the text that it is looked for in


@dataclass(frozen=True)
class Match:
    """What a pattern found in a text: what its group caught, and the words around it."""

    found: str | None
    quoted: str


class Texts:
    """What patterns find in the texts of a few cases; every look is taken once."""

    def __init__(self, con: duckdb.DuckDBPyConnection) -> None:
        self.con = con
        self._seen: dict[Look, Match | None] = {}
        self._times: dict[tuple[str, ItemType], str | None] = {}

    def look(self, pattern: Pattern, text: str) -> Match | None:
        """Return what the pattern finds; nothing where the words around it deny it."""
        key = (pattern, text)
        if key not in self._seen:
            finder = _finder(pattern)
            if finder:
                self._seen[key] = finder(text)
            else:
                self.ask([key])
        return self._seen[key]

    def ask(self, looks: Iterable[Look]) -> None:
        """Take looks together, as DuckDB takes them."""
        asked = [each for each in dict.fromkeys(looks) if each not in self._seen]
        self._seen |= dict.fromkeys(asked)
        possible = [(pattern, text) for pattern, text in asked if all(part in text for part in required(pattern.match))]
        for group in (0, 1):
            some = [each for each in possible if each[0].group == group]
            if some:
                self.con.register("fill_looks", _as_table(some))
                for place, found, quoted in self.con.execute(_LOOK.format(group=group)).fetchall():
                    self._seen[some[place]] = Match(found, quoted)
                self.con.unregister("fill_looks")

    def time(self, text: str, kind: ItemType) -> str | None:
        """Return a written time in our form; text that is no complete time gives nothing."""
        if (text, kind) not in self._times:
            rows = self.con.execute(f"SELECT {time_from_text('?::VARCHAR', kind)}", [text]).fetchall()
            self._times[text, kind] = rows[0][0]
        return self._times[text, kind]


# A pattern is compiled for each text: the patterns with context only for the few texts that match at all.
_LOOK = """
SELECT place, nullif(regexp_extract(text, match, {group}), ''), regexp_extract(text, around)
FROM (SELECT * FROM fill_looks WHERE regexp_matches(text, match))
WHERE unless IS NULL OR NOT regexp_matches(regexp_extract(text, near), unless)
"""


def _as_table(looks: list[Look]) -> pa.Table:
    patterns = [pattern for pattern, _ in looks]
    columns: dict[str, list[str | None]] = {
        "text": [text for _, text in looks],
        "match": [pattern.match for pattern in patterns],
        "unless": [pattern.unless for pattern in patterns],
        "near": [pattern.with_context(SAME_CLAUSE) for pattern in patterns],
        "around": [pattern.with_context(ANYTHING) for pattern in patterns],
    }
    texts = {name: pa.array(values, pa.string()) for name, values in columns.items()}
    return pa.table({"place": pa.array(range(len(looks)), pa.int64()), **texts})


def needs_query(pattern: Pattern) -> bool:
    """Say whether only DuckDB looks for the pattern as it should."""
    return _finder(pattern) is None


@lru_cache(maxsize=8192)
def _finder(pattern: Pattern) -> Callable[[str], Match | None] | None:
    """Return the pattern in Python; nothing where Python would not find the same, or could take long."""
    try:
        match = regex.for_python(pattern.match)
        unless = re.compile(regex.for_python(pattern.unless), re.ASCII) if pattern.unless else None
    except regex.BadPattern:
        return None
    plain = re.compile(match, re.ASCII)

    def find(text: str) -> Match | None:
        hit = plain.search(text)
        if hit is None:
            return None
        if unless is not None:
            beside = _with_context(match, SAME_CLAUSE).search(text)
            if beside and unless.search(beside[0]):
                return None
        quoted = _with_context(match, ANYTHING).search(text)
        return Match(hit[pattern.group] or None, quoted[0] if quoted else "")

    return find


@lru_cache(maxsize=8192)
def _with_context(match: str, context: str) -> re.Pattern[str]:
    return re.compile(Pattern(match).with_context(context), re.ASCII)


# An escaped sign, a class of signs, a repetition, the opening of a group, or a sign.
_PIECES = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\]])*\]|\{[0-9,]*\}|\(\?[a-z]*:|.", re.DOTALL)


@lru_cache(maxsize=8192)
def required(match: str) -> tuple[str, ...]:
    """Return what stands in every text that a pattern matches: what is written plainly outside of groups."""
    parts, depth = [""], 0
    pieces = _PIECES.findall(match)
    for piece, following in zip(pieces, [*pieces[1:], ""], strict=True):
        if "(?i)" in match or (piece == "|" and depth == 0):
            return ()
        depth += piece.startswith("(") - (piece == ")")
        plain = len(piece) == 1 and piece not in "()[]{}.^$|?*+\\" and following[:1] not in ("?", "*", "+", "{")
        parts[-1] += piece if plain and depth == 0 else ""
        if not plain:
            parts.append("")
    return tuple(dict.fromkeys(filter(None, parts)))
