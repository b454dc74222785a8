"""Check answers across items, beyond the limits of the national form: in Python for one form, in DuckDB for many."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import duckdb
import pyarrow as pa

from zhiheng.engine.form import Finding, Form
from zhiheng.engine.form.evaluate import read
from zhiheng.engine.language import Expression, python
from zhiheng.engine.language import duckdb as emit

FINDINGS = pa.schema([("encounter_id", pa.string()), ("check", pa.string())])


@dataclass(frozen=True)
class Check:
    """What must hold of several answers. It is judged when all items of `expect` are answered and `when` is true."""

    id: str
    item: str  # national code of the item to look at first
    expect: Expression
    severity: str
    message: str
    when: Expression | None = None
    source: str = ""

    @property
    def sql(self) -> str:
        """Say as SQL over typed columns whether the check is broken; never null."""
        conditions = [f"{emit.quote(name)} IS NOT NULL" for name in self.expect.fields]
        if self.when is not None:
            conditions.append(f"({emit.sql(self.when)}) IS TRUE")
        conditions.append(f"({emit.sql(self.expect)}) IS FALSE")
        return " AND ".join(conditions)


class Checks:
    """The checks of a pack over its form."""

    def __init__(self, form: Form, checks: Sequence[Check]) -> None:
        self.form = form
        self.all = tuple(checks)

    def __iter__(self) -> Iterator[Check]:
        return iter(self.all)

    def __len__(self) -> int:
        return len(self.all)

    @cached_property
    def _judge(self) -> Callable[[Mapping[str, object]], dict[str, object]]:
        expressions = {f"e{number}": check.expect for number, check in enumerate(self.all)}
        expressions |= {f"w{n}": check.when for n, check in enumerate(self.all) if check.when is not None}
        return python.compile(expressions)

    def __getstate__(self) -> dict[str, object]:
        return {"form": self.form, "all": self.all}

    def findings(self, values: Mapping[str, object]) -> tuple[Finding, ...]:
        """Return what is wrong with `values` (national code to JSON value of the shown, answered items)."""
        row = read(self.form, values).values
        judged = self._judge(row)
        return tuple(
            self._finding(check, values)
            for number, check in enumerate(self.all)
            if judged[f"e{number}"] is False
            and judged.get(f"w{number}", True) is True
            and all(row.get(name) is not None for name in check.expect.fields)
        )

    def _finding(self, check: Check, values: Mapping[str, object]) -> Finding:
        codes = [self.form.by_id[name].code for name in check.expect.fields]
        found = {code: values.get(code) for code in codes}
        return Finding(check.id, check.item, check.severity, check.message, found)

    def find_all(self, con: duckdb.DuckDBPyConnection, answers: str) -> pa.Table:
        """Return (encounter_id, check) for every broken check of the typed relation `answers` (see `measure`)."""
        if not self.all:
            return FINDINGS.empty_table()
        broken = " UNION ALL ".join(
            f'SELECT encounter_id, {_text(check.id)} AS "check" FROM {answers} WHERE {check.sql}' for check in self.all
        )
        found: pa.Table = con.sql(f"{broken} ORDER BY ALL").to_arrow_table()
        return found.cast(FINDINGS)


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
