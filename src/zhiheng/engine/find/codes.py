"""Which visits meet which criteria: the distinct codes are mapped once, then joined; no row is compared by prefix.

Every distinct criterion gets a bit. A code's mask says which criteria list it; the place of the row (principal,
second, other...) says which of them it can meet for certain, and which only perhaps, where the place is unknown.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import duckdb
import pyarrow as pa

from zhiheng.engine.find.rules import Criterion, Position
from zhiheng.records.codes import Index, is_diagnosis_system, is_procedure_system

_WORD = 64
_ACCEPTED = {"diagnosis": is_diagnosis_system, "procedure": is_procedure_system}

# The places a row can have: the condition for it, in order of precedence. Numbers, since they are compared per row.
PRINCIPAL, SECOND, LATER, OTHER, UNKNOWN = 1, 2, 3, 4, 5
_PLACES = {
    "diagnosis": {
        PRINCIPAL: "role = 'principal' or (role is null and rank = 1)",
        SECOND: "(role = 'other' or role is null) and rank = 2",
        LATER: "(role = 'other' or role is null) and rank > 2",
        OTHER: "role = 'other'",
        UNKNOWN: "role is null and rank is null",
    },
    "procedure": {
        PRINCIPAL: "role = 'principal' or (role is null and rank = 1)",
        OTHER: "role = 'other' or rank > 1",
        UNKNOWN: "role is null",
    },
}
COUNTS = {"diagnosis": "true", "procedure": "(status is null or status = 'done')"}
# For each position: the places that meet it for certain, and those that perhaps do.
_MEETS: dict[Position, tuple[set[int], set[int]]] = {
    Position.PRINCIPAL: ({PRINCIPAL}, {UNKNOWN}),
    Position.OTHER: ({SECOND, LATER, OTHER}, {UNKNOWN}),
    Position.ANY: ({PRINCIPAL, SECOND, LATER, OTHER, UNKNOWN}, set()),
    Position.FIRST_TWO: ({PRINCIPAL, SECOND}, {OTHER, UNKNOWN}),
}


def place(table: str) -> str:
    """Return SQL for the place of a row; null for rows that are no discharge diagnosis."""
    cases = " ".join(f"when {condition} then {name}" for name, condition in _PLACES[table].items())
    return f"case {cases} end"


def met(criterion: Criterion) -> tuple[str, str]:
    """Return SQL that is true where a row's `place` meets the criterion's position, surely and perhaps."""
    surely, perhaps = _MEETS[criterion.position]
    return _among(surely), _among(perhaps)


def _among(places: set[int]) -> str:
    return f"place in ({', '.join(map(str, sorted(places)))})" if places else "false"


@dataclass(frozen=True)
class Signal:
    """A criterion's table, position and codes, without its name: packs share what is the same."""

    table: str
    position: Position
    listed: tuple[str, ...]

    @classmethod
    def of(cls, criterion: Criterion) -> "Signal":
        return cls(criterion.table, criterion.position, criterion.listed)


class Signals:
    """The bits of some criteria of all packs. `name` begins the names of the tables that are written."""

    def __init__(self, name: str, criteria: Iterable[Criterion]) -> None:
        self.name = name
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

    def __contains__(self, criterion: Criterion) -> bool:
        return Signal.of(criterion) in self._bits

    def bit(self, criterion: Criterion) -> tuple[int, int]:
        """Return the word and the value of the bit of a criterion."""
        number = self._bits[Signal.of(criterion)]
        return number // _WORD, 1 << number % _WORD

    def mask(self, criteria: Iterable[Criterion]) -> list[int]:
        """Return the bits of several criteria, a number for each word."""
        found = [0] * self.words
        for word, value in (self.bit(each) for each in criteria):
            found[word] |= value
        return found

    def codes(self, table: str) -> str:
        """Return the name of the table of codes that any criterion lists, with their bits."""
        return f"{self.name}_{table}_codes"

    def map_codes(self, con: duckdb.DuckDBPyConnection, distinct: Mapping[str, Sequence[str]]) -> None:
        """Write the tables of `codes` from the distinct codes of the records."""
        for table, index in self._indexes.items():
            masks = [(code, mask) for code in distinct[table] if (mask := index.mask(code))]
            words = {
                f"m{word}": pa.array([mask >> word * _WORD & (1 << _WORD) - 1 for _, mask in masks], pa.uint64())
                for word in range(self.words)
            }
            listed = pa.table({"code": pa.array([code for code, _ in masks], pa.string()), **words})
            con.register("find_new_codes", listed)
            con.execute(f"create or replace temp table {self.codes(table)} as from find_new_codes")

    def flag_visits(self, con: duckdb.DuckDBPyConnection, systems: Mapping[str, str], visits: str = "") -> None:
        """Write what each visit with a listed code meets surely (s0, s1...) and perhaps (u0, u1...).

        `visits` is a subquery of visits; without it, all are looked at.
        """
        columns = ", ".join(
            f"bit_or(s{word}) as {self.name}_s{word}, bit_or(u{word}) as {self.name}_u{word}"
            for word in range(self.words)
        )
        rows = " union all ".join(self._flag_rows(table, systems[table], visits) for table in _PLACES)
        con.execute(
            f"create or replace temp table {self.name}_flags as select encounter_id, {columns} from ({rows}) group by 1"
        )

    def _flag_rows(self, table: str, system: str, visits: str) -> str:
        words = ", ".join(
            f"m{word} & {self._masks(table, word, 0)} as s{word}, m{word} & {self._masks(table, word, 1)} as u{word}"
            for word in range(self.words)
        )
        among = f"and encounter_id in ({visits})" if visits else ""
        return f"""
            select encounter_id, {words} from (
                select r.encounter_id, {place(table)} as place, c.* exclude (code)
                from {table} r join {self.codes(table)} c on r.code = c.code
                where r.encounter_id is not null and {COUNTS[table]} and {system} {among})
            where place is not null"""

    def _masks(self, table: str, word: int, certainty: int) -> str:
        """Return SQL for the criteria of one word that a row of this place meets (0: surely, 1: perhaps)."""
        whens = []
        for number in _PLACES[table]:
            mask = 0
            for bit, each in enumerate(self._criteria):
                if each.table == table and bit // _WORD == word:
                    mask |= (number in _MEETS[each.position][certainty]) << bit % _WORD
            if mask:
                whens.append(f"when {number} then {mask}::ubigint")
        return f"(case place {' '.join(whens)} else 0::ubigint end)" if whens else "0::ubigint"


def distinct_codes(con: duckdb.DuckDBPyConnection) -> dict[str, list[str]]:
    """Return the distinct codes of the records, as they are written there."""
    return {
        table: con.sql(f"select distinct code from {table} where code is not null")
        .to_arrow_table()
        .column(0)
        .to_pylist()
        for table in _PLACES
    }


def of_systems(con: duckdb.DuckDBPyConnection) -> dict[str, str]:
    """Return SQL, by table, that is true for codes of the system that packs list; CPT's 22325 is no 22.325."""
    found = {}
    for table, accepts in _ACCEPTED.items():
        systems = con.execute(f"select distinct code_system from {table}").fetchall()
        refused = [system for (system,) in systems if not accepts(system)]
        found[table] = f"(code_system is null or code_system not in ({_texts(refused)}))" if refused else "true"
    return found


def _texts(values: Sequence[str]) -> str:
    return ", ".join("'" + value.replace("'", "''") + "'" for value in values)
