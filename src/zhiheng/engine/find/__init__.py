"""Find the visits that are cases of a disease: in, out with its reasons, or undecided with its questions."""

from collections.abc import Iterable, Mapping
from typing import TypeAlias

import duckdb
import pyarrow as pa

from zhiheng.engine.find.found import Case, Evidence, Explanation, Found, Saying, Step
from zhiheng.engine.find.query import Search, attach
from zhiheng.engine.find.rules import (
    Consider,
    Criterion,
    Decision,
    Exclusion,
    Origin,
    Position,
    Rules,
    RulesError,
    Unit,
    in_order,
)

__all__ = [
    "Case",
    "Consider",
    "Criterion",
    "Decision",
    "Evidence",
    "Exclusion",
    "Explanation",
    "Found",
    "Origin",
    "Position",
    "Rules",
    "RulesError",
    "Saying",
    "Step",
    "Unit",
    "find",
    "find_candidates",
    "in_order",
]

Records: TypeAlias = Mapping[str, pa.Table] | duckdb.DuckDBPyConnection


def find(rules: Iterable[Rules], records: Records, *, persons: pa.Table | None = None) -> Found:
    """Decide which visits are cases of which packs.

    `records` are canonical tables, or a connection on which they can be read; `persons` says which patient numbers
    are one person (`records.people.persons`).
    """
    search = _search(rules, records, persons)
    search.run()
    return Found(search)


def find_candidates(rules: Iterable[Rules], records: Records, *, persons: pa.Table | None = None) -> pa.Table:
    """Return only which visits meet which inclusion (null: perhaps): pack, version, encounter_id, included."""
    search = _search(rules, records, persons)
    search.candidates()
    return search.candidate_table()


def _search(rules: Iterable[Rules], records: Records, persons: pa.Table | None) -> Search:
    if isinstance(records, duckdb.DuckDBPyConnection):
        attach(records, None, persons)
        return Search(records, rules)
    con = duckdb.connect()
    attach(con, dict(records), persons)
    return Search(con, rules)
