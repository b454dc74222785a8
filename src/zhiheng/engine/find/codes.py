"""Which visits meet which criteria: the distinct codes are mapped once, then joined; no row is compared by prefix.

Every distinct criterion gets a bit. A code's mask says which criteria list it; the place of the row (principal,
second, other...) says which of them it can meet for certain, and which only perhaps, where the place is unknown.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import duckdb
import pyarrow as pa

from zhiheng.engine.find.rules import Criterion, Position
from zhiheng.records.codes import Index, is_diagnosis_system, is_procedure_system

_WORD = 64
_ACCEPTED = {"diagnosis": is_diagnosis_system, "procedure": is_procedure_system}

# The places a row can have: the condition for it, in order of precedence.
_PLACES = {
    "diagnosis": {
        "principal": "role = 'principal' or (role is null and rank = 1)",
        "second": "(role = 'other' or role is null) and rank = 2",
        "later": "(role = 'other' or role is null) and rank > 2",
        "other": "role = 'other'",
        "unknown": "role is null and rank is null",
    },
    "procedure": {
        "principal": "role = 'principal' or (role is null and rank = 1)",
        "other": "role = 'other' or rank > 1",
        "unknown": "role is null",
    },
}
COUNTS = {"diagnosis": "true", "procedure": "(status is null or status = 'done')"}
# For each position: the places that meet it for certain, and those that perhaps do.
_MEETS: dict[Position, tuple[set[str], set[str]]] = {
    Position.PRINCIPAL: ({"principal"}, {"unknown"}),
    Position.OTHER: ({"second", "later", "other"}, {"unknown"}),
    Position.ANY: ({"principal", "second", "later", "other", "unknown"}, set()),
    Position.FIRST_TWO: ({"principal", "second"}, {"other", "unknown"}),
}


def place(table: str) -> str:
    """Return SQL for the place of a row; null for rows that are no discharge diagnosis."""
    cases = " ".join(f"when {condition} then '{name}'" for name, condition in _PLACES[table].items())
    return f"case {cases} end"


def met(criterion: Criterion) -> tuple[str, str]:
    """Return SQL that is true where a row's `place` meets the criterion's position, surely and perhaps."""
    surely, perhaps = _MEETS[criterion.position]
    return _among(surely), _among(perhaps)


def _among(places: set[str]) -> str:
    return f"place in ({', '.join(repr(each) for each in sorted(places))})" if places else "false"


@dataclass(frozen=True)
class Signal:
    """A criterion's table, position and codes, without its name: packs share what is the same."""

    table: str
    position: Position
    listed: tuple[str, ...]
    detailed: bool

    @classmethod
    def of(cls, criterion: Criterion) -> "Signal":
        return cls(criterion.table, criterion.position, criterion.listed, criterion.is_detailed)


class Signals:
    """The bits of all criteria of all packs."""

    def __init__(self, criteria: Iterable[Criterion]) -> None:
        self._bits: dict[Signal, int] = {}
        self._criteria: list[Criterion] = []
        for each in criteria:
            if Signal.of(each) not in self._bits:
                self._bits[Signal.of(each)] = len(self._bits)
                self._criteria.append(each)
        self.words = max(1, -(-len(self._bits) // _WORD))
        self._indexes = {
            table: Index({bit: each.codes for bit, each in enumerate(self._criteria) if each.table == table})
            for table in _PLACES
        }

    def bit(self, criterion: Criterion) -> tuple[int, int]:
        """Return the word and the value of the bit of a criterion."""
        number = self._bits[Signal.of(criterion)]
        return number // _WORD, 1 << number % _WORD

    def map_codes(self, con: duckdb.DuckDBPyConnection) -> None:
        """Write the tables `find_diagnosis_codes` and `find_procedure_codes`: every code that any criterion lists."""
        for table, index in self._indexes.items():
            con.register(f"find_{table}_codes", self._code_table(con, table, index))

    def _code_table(self, con: duckdb.DuckDBPyConnection, table: str, index: Index) -> pa.Table:
        found = con.execute(f"select distinct code from {table} where code is not null").fetchall()
        masks = [(code, mask) for (code,) in found if (mask := index.mask(code))]
        words = {
            f"m{word}": pa.array([mask >> word * _WORD & (1 << _WORD) - 1 for _, mask in masks], pa.uint64())
            for word in range(self.words)
        }
        return pa.table({"code": pa.array([code for code, _ in masks], pa.string()), **words})

    def flag_visits(self, con: duckdb.DuckDBPyConnection) -> None:
        """Write the table `find_flags`: for each visit with a listed code, what it meets surely and perhaps."""
        words = range(self.words)
        columns = ", ".join(f"bit_or(s{word}) as s{word}, bit_or(u{word}) as u{word}" for word in words)
        rows = " union all ".join(self._flag_rows(con, table) for table in _PLACES)
        con.execute(
            f"create or replace temp table find_flags as select encounter_id, {columns} from ({rows}) group by 1"
        )

    def _flag_rows(self, con: duckdb.DuckDBPyConnection, table: str) -> str:
        words = ", ".join(
            f"m{word} & {self._masks(table, word, 0)} as s{word}, m{word} & {self._masks(table, word, 1)} as u{word}"
            for word in range(self.words)
        )
        return f"""
            select encounter_id, {words} from (
                select r.encounter_id, {place(table)} as place, c.* exclude (code)
                from {table} r join find_{table}_codes c on r.code = c.code
                where {COUNTS[table]} and {of_system(con, table)}) where place is not null"""

    def _masks(self, table: str, word: int, certainty: int) -> str:
        """Return SQL for the criteria of one word that a row of this place meets (0: surely, 1: perhaps)."""
        whens = []
        for name in _PLACES[table]:
            mask = 0
            for bit, each in enumerate(self._criteria):
                if each.table == table and bit // _WORD == word and not each.is_detailed:
                    mask |= (name in _MEETS[each.position][certainty]) << bit % _WORD
            if mask:
                whens.append(f"when '{name}' then {mask}::ubigint")
        return f"(case place {' '.join(whens)} else 0::ubigint end)" if whens else "0::ubigint"


def of_system(con: duckdb.DuckDBPyConnection, table: str) -> str:
    """Return SQL that is true for rows whose code is of the system that packs list; CPT's 22325 is no 22.325."""
    systems = con.execute(f"select distinct code_system from {table}").fetchall()
    refused = [system for (system,) in systems if not _ACCEPTED[table](system)]
    return f"(code_system is null or code_system not in ({_texts(refused)}))" if refused else "true"


def _texts(values: Sequence[str]) -> str:
    return ", ".join("'" + value.replace("'", "''") + "'" for value in values)
