"""Fill a few cases in Python: to plan the queries of `run` would take longer than to look at every row.

Both give the same, and the tests of filling ask both.
"""

import math
import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from weakref import WeakKeyDictionary

import duckdb
import orjson
import pyarrow as pa

from zhiheng.engine.language import Type
from zhiheng.engine.language.duckdb import SQL_TYPES
from zhiheng.records.schema import COUNT, TABLES

from .answers import Found, choose
from .options import give_option
from .patterns import Texts, needs_query
from .query import OF_CASE, YEAR
from .questions import NUMBER, TOGETHER, TRANSLATED, Job, User, asked, users
from .reading import LATE, OWN, RESOLVED, Asking, Question, at_end_of_day, shown, text_within
from .results import PROPOSALS, REFUSED, Filled
from .rows import Row, Rows, Visit
from .rules import CODED, ENCOUNTER_HISTORY, FACT, Plan, Rule, timed_columns
from .terms import Terms


@dataclass(frozen=True)
class Group:
    """Questions to the same rows of a table, and what these rows must tell beyond their columns."""

    table: str
    of_person: bool
    emergency: bool  # whether the rows of emergency visits count for any of them
    questions: tuple[Question, ...]
    asks_terms: bool
    asks_history: bool
    coded: Mapping[str, str]  # name in rules: column of the codes
    uses: frozenset[str]  # items
    times: tuple[str, ...]
    queried: tuple[Rule, ...]  # whose patterns only a query finds

    @classmethod
    def of(cls, questions: Sequence[Any]) -> "Group":
        rules = [each.rule for each in questions]
        table = TABLES[rules[0].table]
        of_person = rules[0].is_of_person
        emergency = not of_person and table.name != "patient" and any(rule.visits != "own" for rule in rules)
        named = {name for rule in rules for each in (rule.value, rule.where) if each for name in each.fields}
        return cls(
            table=table.name,
            of_person=of_person,
            emergency=emergency,
            questions=tuple(Question(each, emergency) for each in questions),
            asks_terms="terms" in named or any(rule.terms or rule.maps_terms for rule in rules),
            asks_history=table.name == "encounter" and bool(named & ENCOUNTER_HISTORY.keys()),
            coded={name: column for name, column in CODED[table.name].items() if name in named},
            uses=frozenset(name for rule in rules for name in rule.uses),
            times=timed_columns(table.name),
            queried=tuple(rule for rule in rules if rule.pattern and needs_query(rule.pattern)),
        )


@dataclass(frozen=True)
class Prepared:
    """A plan with its rules made into Python, pass by pass."""

    passes: tuple[tuple[Group, ...], ...]
    decided: tuple[frozenset[str], ...]  # after each pass: the items to choose for


_PREPARED: WeakKeyDictionary[Plan, Prepared] = WeakKeyDictionary()
_COUNTS = {table.name: tuple(c.name for c in table.columns if c.type == COUNT) for table in TABLES.values()}


def prepared(plan: Plan) -> Prepared:
    """Return the plan ready to run; it is made once."""
    if plan not in _PREPARED:
        every = list(users([Job(plan, Terms(()), None)]))  # type: ignore[arg-type]
        turns = range(1 + max((user.turn for user in every), default=-1))
        passes = tuple(tuple(_groups([user for user in every if user.turn == turn])) for turn in turns)
        decided = tuple(
            frozenset(user.item.code for user in every if user.decided == turn and not user.is_simple) for turn in turns
        )
        _PREPARED[plan] = Prepared(passes, decided)
    return _PREPARED[plan]


def _groups(some: Sequence[User]) -> Iterator[Group]:
    by_rows: dict[str, list[User]] = {}
    for user in some:
        by_rows.setdefault(user.rule.rows, []).append(user)
    for same in by_rows.values():
        questions = asked(same)
        for start in range(0, len(questions), TOGETHER):
            yield Group.of(questions[start : start + TOGETHER])


def fill_few(
    con: duckdb.DuckDBPyConnection,
    jobs: Sequence[Job],
    visits: Sequence[tuple[int, Visit]],
    complete: frozenset[str],
    persons: pa.Table | Mapping[str, str],
) -> list[Filled]:
    """Return what `run` gives for these visits, each with the number of its job, in their order."""
    rows, texts = Rows(con, [visit for _, visit in visits], persons), Texts(con)
    askings = [Asking(texts, job.units, job.terms) for job in jobs]
    found: list[list[tuple[Visit, Found]]] = [[] for _ in jobs]
    for number, visit in visits:
        case = _Case(con, jobs[number], visit, rows, askings[number], complete)
        found[number] += [(visit, each) for each in case.fill()]
    return [_filled(job.plan, some) for job, some in zip(jobs, found, strict=True)]


class _Case:
    """One case while its form is filled."""

    def __init__(
        self,
        con: duckdb.DuckDBPyConnection,
        job: Job,
        visit: Visit,
        rows: Rows,
        asking: Asking,
        complete: frozenset[str],
    ) -> None:
        self.con, self.plan, self.visit, self.rows, self.asking = con, job.plan, visit, rows, asking
        self.complete = complete
        self.known = _texts(job.known.get(visit.encounter_id, {}))
        self.visits = {visit.encounter_id, *job.visits.get(visit.encounter_id, ())}
        self.found: dict[str, list[Found]] = defaultdict(list)  # by item, until its last rule has run
        self.chosen: dict[str, list[Found]] = defaultdict(list)
        self.doubts: set[str] = set()

    def fill(self) -> Iterator[Found]:
        steps = prepared(self.plan)
        for groups, decided in zip(steps.passes, steps.decided, strict=True):
            for group in groups:
                self._ask(group)
            for item in decided & self.found.keys():
                self.chosen[item] += choose(self.found.pop(item), item in self.doubts)
        every = (each for same in self.chosen.values() for each in same if not each.user.item.code.startswith(FACT))
        yield from sorted(every, key=lambda each: (each.user.number, each.value is None, each.value or ""))

    def _ask(self, group: Group) -> None:
        """Put the questions of a group to its rows, and keep what they find or, where all is known, miss."""
        answers = {name: self._answer(name) for name in group.uses}
        rows = self._rows(group, answers)
        self._look_together(group.queried, rows)
        for question in group.questions:
            judged = [(row, question.serves(row, self.asking)) for row in rows]
            serving = [row for row, serves in judged if serves]
            unknown = any(serves is None for _, serves in judged)
            for row, count in self._picked(question, serving):
                self._keep(question, row, count)
            if unknown:
                self._doubt(question)
            answered = all(answers[name] is not None for name in question.rule.uses)
            if group.table in self.complete and not serving and not unknown and answered:
                self._keep_absence(question, len(rows))

    def _rows(self, group: Group, answers: Row) -> list[Row]:
        """Return the rows that the group looks at, with what their terms and earlier answers add."""
        if group.of_person:
            found = [(self._within_case(row), True) for row in self.rows.of_person(group.table, self.visit)]
        else:
            found = self.rows.of_visit(group.table, self.visit, emergency=group.emergency)
        return [self._with_more(group, row | answers, own) for row, own in found]

    def _within_case(self, row: Row) -> Row:
        """Return a row of the person with what says whether it belongs to the case."""
        return row | {OF_CASE: row.get("encounter_id") in self.visits, YEAR: self.rows.year_of(self.visit)}

    def _with_more(self, group: Group, row: Row, own: bool) -> Row:
        terms = self.asking.terms
        row[OWN] = own
        for name in _COUNTS[group.table]:
            row[name] = None if row[name] is None else float(row[name])
        if group.asks_terms:
            key = (row.get(name) for name in ("code_system", "code", "name", "codings", "terms"))
            row[RESOLVED] = terms.of(group.table, *key)
            row["terms"] = sorted(row[RESOLVED])
        for name, column in group.coded.items():
            codes = row[column] if isinstance(row[column], list) else [row[column]]
            row[name] = [] if row[column] is None else sorted(terms.of(group.table, None, None, None, codes))
        if group.asks_history:
            days, planned = self.rows.stay_before(row)
            row |= {"days_since_previous_discharge": days, "previous_readmission_planned": planned}
        row[LATE] = at_end_of_day(row, group.times)
        return row

    def _look_together(self, rules: Sequence[Rule], rows: Sequence[Row]) -> None:
        self.asking.texts.ask((rule.pattern, text_within(rule, row)) for rule in rules for row in rows if rule.pattern)

    def _picked(self, question: Question, serving: Sequence[Row]) -> Iterator[tuple[Row, int]]:
        """Yield the rows that win, each with the number of rows that say the same or that it was chosen from."""
        if not serving:
            return
        if question.rule.takes_one_row:
            yield min(serving, key=lambda row: (question.place(row, self.asking), *_identity(row))), len(serving)
            return
        by_value: dict[str | None, list[Row]] = defaultdict(list)
        for row in serving:
            by_value[question.raw(row, 0, self.asking)].append(row)
        for same in by_value.values():
            yield min(same, key=lambda row: (question.place(row, self.asking), *_identity(row))), len(same)

    def _keep(self, question: Question, row: Row, count: int) -> None:
        raw = question.raw(row, count, self.asking)
        problem = question.problem(row, self.asking)
        if raw is None and problem is None:
            self._doubt(question)
            return
        proof = self._proof(question, row)
        for user in question.asked.users:
            value, reason = self._answered(user, raw)
            self._add(Found(user, value, problem or reason, raw, count, **proof))

    def _proof(self, question: Question, row: Row) -> dict[str, Any]:
        when = question.evidence
        return {
            "source": row["source"],
            "source_id": row["source_id"],
            "record_version": row["record_version"],
            "time": row[when] if when else None,
            "time_precision": row[f"{when}_precision"] if when else None,
            "excerpt": question.excerpt(row, self.asking),
        }

    def _answered(self, user: User, raw: str | None) -> tuple[str | None, str | None]:
        """Turn what was found into an answer: an option, a number, a time; or say why it cannot be one."""
        if user.kind == TRANSLATED:
            value, reason = (None, None) if raw is None else give_option(user.rule, user.item, raw)
            return None if value is None else orjson.dumps(value).decode(), reason
        if user.kind == NUMBER:
            number = None if raw is None else self._cast(raw, Type.NUMBER)
            value = None if number is None else shown(number)
            return value, None if number is not None and math.isfinite(number) else "not_a_number"
        return None if raw is None else orjson.dumps(raw).decode(), None

    def _keep_absence(self, question: Question, examined: int) -> None:
        for user in question.asked.users:
            if user.rule.absent is not None:
                self._add(Found(user, orjson.dumps(user.rule.absent).decode(), None, None, 0, examined))

    def _doubt(self, question: Question) -> None:
        """Remember that no other rule may say that there is none."""
        self.doubts |= {user.item.code for user in question.asked.users if user.denies and not user.is_simple}

    def _add(self, found: Found) -> None:
        where = self.chosen if found.user.is_simple else self.found
        where[found.user.item.code].append(found)

    # Answers of earlier passes ------------------------------------------------------------------------------------

    def _answer(self, name: str) -> Any:
        """Return what an item is answered with so far: by people first."""
        code, kind = self.plan.codes[name], self.plan.type_of(name)
        values = self.known.get(code) or [
            _plain(each.value) for each in self.chosen.get(code, ()) if each.reason is None and each.value is not None
        ]
        if not values:
            return None
        return values if kind is Type.TEXTS else self._cast(values[0], kind)

    def _cast(self, written: str, kind: Type) -> Any:
        """Return a text as a value of its type, or None; what is not written plainly, as DuckDB reads it."""
        if kind is Type.TEXT:
            return written
        read = _READ.get(kind)
        if read and read[0].fullmatch(written):
            try:
                return read[1](written)
            except ValueError:
                return None
        return self.con.execute(f"SELECT try_cast(?::VARCHAR AS {SQL_TYPES[kind]})", [written]).fetchall()[0][0]


_READ: dict[Type, tuple[re.Pattern[str], Callable[[str], Any]]] = {
    Type.NUMBER: (re.compile(r"-?[0-9]{1,17}(\.[0-9]{1,17})?(e[+-]?[0-9]{1,2})?"), float),
    Type.DATE: (re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}"), date.fromisoformat),
    Type.DATETIME: (re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}( [0-9]{2}:[0-9]{2}(:[0-9]{2})?)?"), datetime.fromisoformat),
}


def _identity(row: Row) -> tuple[str, str, int]:
    return row["source"], row["source_id"], row["record_version"]


def _plain(json: str) -> str:
    value = orjson.loads(json)
    return value if isinstance(value, str) else json


def _texts(known: Mapping[str, object]) -> dict[str, list[str]]:
    """Return people's answers as texts, several for an item of several choices."""
    found: dict[str, list[str]] = {}
    for code, value in known.items():
        parts = [part for part in (value if isinstance(value, list | tuple) else [value]) if part is not None]
        if parts:
            found[code] = [part if isinstance(part, str) else orjson.dumps(part).decode() for part in parts]
    return found


def _filled(plan: Plan, found: Sequence[tuple[Visit, Found]]) -> Filled:
    rows = [
        {
            "pack": plan.pack,
            "encounter_id": visit.encounter_id,
            "item": each.user.item.code,
            "value": each.value,
            "table": each.user.rule.table,
            "source": each.source,
            "source_id": each.source_id,
            "record_version": each.record_version,
            "time": each.time,
            "time_precision": each.time_precision,
            "excerpt": each.excerpt,
            "rule": each.user.rule.id,
            "candidates": each.candidates,
            "examined": each.examined,
            "reason": each.reason,
            "found": each.found,
        }
        for visit, each in found
    ]
    proposals = [row for row in rows if row["reason"] is None]
    refused = [row for row in rows if row["reason"] is not None]
    return Filled(pa.Table.from_pylist(proposals, schema=PROPOSALS), pa.Table.from_pylist(refused, schema=REFUSED))
