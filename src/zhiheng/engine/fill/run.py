"""Run plans of fill rules over the records in DuckDB, for one case or for a hospital, of one pack or of all.

The packs share most of their rules: what fifty-five packs ask of a table is a few dozen different questions. Each
question is put once to the rows of all cases whose packs ask it (`Asked`); what was found then goes to every rule that
asked (`fill_users`), which makes an answer of it by the options of its own form.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import accumulate
from typing import Any

import duckdb
import orjson
import pyarrow as pa

from zhiheng.engine.form import Item, ItemType
from zhiheng.engine.language import Type
from zhiheng.engine.language.duckdb import SQL_TYPES
from zhiheng.records.schema import TABLES

from . import person
from .few import fill_few
from .options import give_option
from .query import BITS, Numbered, TableQuery, case_of, quote, text
from .questions import NUMBER, TOGETHER, TRANSLATED, Asked, Job, User, asked, users
from .results import PROPOSALS, REASONS, REFUSED, Evidence, Filled, Proposal, proposals_by_case
from .rows import Visit
from .rules import ENCOUNTER_HISTORY, FACT, Plan, Rule, rows_of_person
from .terms import Terms
from .units import Units

FEW = 100  # cases that are filled in Python before a query has been planned
MORE = 2  # packs that make the queries so much longer that as many cases again are few

MOST = 4  # cases of one visit in so many: their rows are most of what there is, and are read where they stand


def fill(
    con: duckdb.DuckDBPyConnection,
    plan: Plan,
    cases: str,
    *,
    terms: Terms,
    units: Units,
    complete: Iterable[str] = (),
    known: Mapping[str, Mapping[str, object]] | None = None,
    persons: pa.Table | Mapping[str, str] | None = None,
    visits: Mapping[str, Collection[str]] | None = None,
) -> Filled:
    """Fill the cases named by the relation `cases` (column encounter_id) from the canonical tables in `con`.

    `complete` are the tables that the hospital declares to be complete: only in these is the absence of a row an
    answer. `known` are answers that people have given: rules that use items see them first. `persons` says which
    patient numbers are one person (by default each is one): an earlier stay may stand under another number. `visits`
    are all visits of a case that is made up of several.
    """
    jobs = [Job(plan, terms, units, known or {}, visits or {})]
    whom = f"(SELECT 0 AS job, encounter_id FROM {cases})"
    return fill_all(con, jobs, whom, complete=complete, persons=persons)[0]


def fill_all(
    con: duckdb.DuckDBPyConnection,
    jobs: Sequence[Job],
    cases: str,
    *,
    complete: Iterable[str] = (),
    persons: pa.Table | Mapping[str, str] | None = None,
) -> list[Filled]:
    """Fill the cases of several packs together; `cases` has columns job (a number in `jobs`) and encounter_id.

    The result is, for each job, what `fill` gives for it alone.
    """
    known_persons = {} if persons is None else persons
    visits = _visits(con, cases)
    if len(visits) <= FEW * (1 + len(jobs) // MORE):
        return fill_few(con, jobs, visits, frozenset(complete), known_persons)
    found: dict[int, Filled] = {}
    for group in _compatible(jobs):
        run = _Run(con, [jobs[number] for number in group], frozenset(complete), known_persons)
        try:
            numbers = ", ".join(f"({number}, {place})" for place, number in enumerate(group))
            run.prepare(
                f"(SELECT n.place AS job, c.encounter_id FROM {cases} c "
                f"JOIN (VALUES {numbers}) n(job, place) ON n.job = c.job)"
            )
            for number in range(run.passes):
                run.fill_pass(number)
            found |= dict(zip(group, run.finish(), strict=True))
        finally:
            run.clean()
    return [found[number] for number in range(len(jobs))]


def _visits(con: duckdb.DuckDBPyConnection, cases: str) -> list[tuple[int, Visit]]:
    """Return the visits of each job, in the order in which they are filled; no more than decide how."""
    rows = con.execute(
        "SELECT c.job, e.encounter_id, any_value(e.patient_id) FROM encounter e JOIN "
        f"{cases} c ON c.encounter_id = e.encounter_id GROUP BY ALL ORDER BY ALL"
    ).fetchall()
    return [(job, Visit(encounter, patient)) for job, encounter, patient in rows]


def _compatible(jobs: Sequence[Job]) -> list[list[int]]:
    """Return the jobs by groups in which a name means one thing: a term, a unit, an item that rules use."""
    groups: list[tuple[dict[object, object], list[int]]] = []
    for number, job in enumerate(jobs):
        means = _meanings(job)
        for known, group in groups:
            if all(known.get(name, meaning) == meaning for name, meaning in means.items()):
                known |= means
                group.append(number)
                break
        else:
            groups.append((means, [number]))
    return [group for _, group in groups]


def _meanings(job: Job) -> dict[object, object]:
    plan = job.plan
    used = {name for rule in plan.rules for name in rule.uses}
    means: dict[object, object] = {"units": job.units}
    means |= {("item", name): (plan.codes[name], plan.type_of(name)) for name in used}
    means |= {("term", name): job.terms[name] for name in job.terms.names}
    return means


class _Run:
    """One run: its temporary tables all begin with `fill_`."""

    def __init__(
        self,
        con: duckdb.DuckDBPyConnection,
        jobs: Sequence[Job],
        complete: frozenset[str],
        persons: pa.Table | Mapping[str, str],
    ) -> None:
        self.con, self.jobs, self.complete = con, jobs, complete
        self.persons: pa.Table | Mapping[str, str] = persons
        self.terms = Terms({name: job.terms[name] for job in jobs for name in job.terms.names}.values())
        self.units = jobs[0].units
        self.has_history = False
        self.sources: dict[str, str] = {}
        self.empty: set[str] = set()
        self.keys: dict[str, tuple[str, ...]] = {}
        self.coded: set[str] = set()
        self.users = list(users(jobs))
        self.passes = max((user.turn + 1 for user in self.users), default=0)
        self.tables = tuple(dict.fromkeys(user.rule.table for user in self.users if not user.rule.is_of_person))
        self.of_person = tuple(dict.fromkeys(user.rule.table for user in self.users if user.rule.is_of_person))

    def prepare(self, cases: str) -> None:
        con = self.con
        con.execute(
            "CREATE OR REPLACE TEMP TABLE fill_cases AS SELECT (row_number() OVER (ORDER BY c.job, e.encounter_id))"
            "::INTEGER AS case_no, c.job::INTEGER AS job, e.encounter_id, any_value(e.patient_id) AS patient_id "
            f"FROM encounter e JOIN {cases} c ON c.encounter_id = e.encounter_id GROUP BY c.job, e.encounter_id"
        )
        # What was done in the emergency department before the admission belongs to the case as well.
        con.execute(
            "CREATE OR REPLACE TEMP TABLE fill_visits AS "
            "SELECT case_no, job, encounter_id, true AS own FROM fill_cases UNION ALL "
            "SELECT c.case_no, c.job, e.part_of_encounter_id, false FROM encounter e JOIN fill_cases c "
            "ON c.encounter_id = e.encounter_id JOIN encounter f ON f.encounter_id = e.part_of_encounter_id "
            "AND f.encounter_class = 'emergency' "
            "UNION SELECT c.case_no, c.job, f.encounter_id, false FROM encounter f JOIN fill_cases c "
            "ON f.part_of_encounter_id = c.encounter_id WHERE f.encounter_class = 'emergency'"
        )
        con.execute(
            "CREATE OR REPLACE TEMP TABLE fill_found (case_no INTEGER, rule INTEGER, item VARCHAR, value VARCHAR, "
            "reason VARCHAR, found VARCHAR, n BIGINT, examined BIGINT, source VARCHAR, source_id VARCHAR, "
            "record_version INTEGER, time TIMESTAMP, time_precision VARCHAR, excerpt VARCHAR)"
        )
        con.execute("CREATE OR REPLACE TEMP TABLE fill_chosen AS SELECT * FROM fill_found")
        con.execute("CREATE OR REPLACE TEMP TABLE fill_doubts (case_no INTEGER, item VARCHAR)")
        con.execute("CREATE OR REPLACE TEMP TABLE fill_known (case_no INTEGER, item VARCHAR, value VARCHAR)")
        self._keep_known()
        self._keep_rules()
        self._keep_of_persons()
        self._choose_sources()

    def _choose_sources(self) -> None:
        """Decide from where rows are read: from copies of the cases' rows alone, unless they are most of all rows.

        Each question to a table would otherwise look through the rows of all visits of the hospital again.
        """
        counts = "SELECT (SELECT count(*) FROM fill_cases), (SELECT count(*) FROM encounter)"
        cases, encounters = self.con.execute(counts).fetchall()[0]
        copied = cases * MOST <= encounters
        for table in self.tables:
            source = "fill_encounters" if table == "encounter" and self.has_history else quote(table)
            key, cases = ("patient_id", "fill_cases") if table == "patient" else ("encounter_id", "fill_visits")
            rows = f"FROM {source} t SEMI JOIN {cases} v ON v.{key} = t.{key}"
            if copied:
                source = f"fill_of_{table}"
                self.con.execute(f"CREATE OR REPLACE TEMP TABLE {source} AS SELECT t.* {rows}")
                rows = f"FROM {source}"
            self.sources[table] = source
            if not self.con.execute(f"SELECT 1 {rows} LIMIT 1").fetchall():
                self.empty.add(table)
        for table in self.of_person:
            rows = rows_of_person(table)
            self.sources[rows] = person.rows_of(table)
            if not self.con.execute(f"SELECT 1 FROM {self.sources[rows]} LIMIT 1").fetchall():
                self.empty.add(rows)

    def _keep_of_persons(self) -> None:
        """Add what is known of the person beyond the visit, where a rule asks for it."""
        asked = {name for user in self.users if user.rule.table == "encounter" for name in _names(user.rule)}
        self.has_history = bool(asked & ENCOUNTER_HISTORY.keys())
        if not (self.has_history or self.of_person):
            return
        self._register("fill_persons", self._persons())
        if self.has_history:
            self.con.execute(_HISTORY)
        if self.of_person:
            self.con.execute(person.create_people("fill_persons"))
            self.con.execute(person.create_numbers("fill_persons"))
            self.con.execute(person.CREATE_ENDS)
            self.con.execute(person.CREATE_YEARS)
            self._keep_visits()
        for table in self.of_person:
            self.con.execute(person.create_rows(table))
        self.con.unregister("fill_persons")

    def _keep_visits(self) -> None:
        """Write which visits make up each case: its own, and those that the job names."""
        rows = [
            (number, case, visit)
            for number, job in enumerate(self.jobs)
            for case, visits in job.visits.items()
            for visit in visits
        ]
        kinds = (pa.int32(), pa.string(), pa.string())
        data = [pa.array([row[at] for row in rows], kind) for at, kind in enumerate(kinds)]
        self._register("fill_given", pa.table(data, names=["job", "encounter_id", "visit"]))
        self.con.execute(
            "CREATE OR REPLACE TEMP TABLE fill_case_visits AS SELECT case_no, encounter_id FROM fill_cases UNION "
            "SELECT c.case_no, g.visit FROM fill_given g JOIN fill_cases c USING (job, encounter_id)"
        )
        self.con.unregister("fill_given")

    def _persons(self) -> pa.Table:
        if isinstance(self.persons, pa.Table):
            return self.persons
        kinds = pa.schema([("patient_id", pa.string()), ("person_id", pa.string())])
        numbers = {"patient_id": list(self.persons), "person_id": list(self.persons.values())}
        return pa.table(numbers, schema=kinds)

    def _keep_rules(self) -> None:
        """Write what each rule is: whose, of which item, when its item is decided, and how."""
        rules = {
            "rule": pa.array([user.number for user in self.users], pa.int32()),
            "pack": pa.array([self.jobs[user.job].plan.pack for user in self.users], pa.string()),
            "id": pa.array([user.rule.id for user in self.users], pa.string()),
            "table": pa.array([user.rule.table for user in self.users], pa.string()),
            "several": pa.array([user.item.type is ItemType.CHOICES for user in self.users], pa.bool_()),
            "sole": pa.array([user.rule.take == "only" for user in self.users], pa.bool_()),
            "decided": pa.array([user.decided for user in self.users], pa.int32()),
            "simple": pa.array([user.is_simple for user in self.users], pa.bool_()),
        }
        self._register("fill_given", pa.table(rules))
        self.con.execute("CREATE OR REPLACE TEMP TABLE fill_ids AS FROM fill_given")
        self.con.unregister("fill_given")

    def _keep_known(self) -> None:
        rows = [
            (number, case, code, part if isinstance(part, str) else orjson.dumps(part).decode())
            for number, job in enumerate(self.jobs)
            for case, answers in job.known.items()
            for code, value in answers.items()
            for part in (value if isinstance(value, list | tuple) else [value])
            if part is not None
        ]
        if not rows:
            return
        numbers, cases, items, values = (list(column) for column in zip(*rows, strict=True))
        given = {"job": pa.array(numbers, pa.int32()), "encounter_id": cases, "item": items, "value": values}
        self._register("fill_given", pa.table(given))
        self.con.execute(
            "INSERT INTO fill_known SELECT c.case_no, g.item, g.value FROM fill_given g JOIN fill_cases c "
            "USING (job, encounter_id)"
        )
        self.con.unregister("fill_given")

    def fill_pass(self, turn: int) -> None:
        """Run the rules whose turn it is: first those on records alone, then those that use what these answered."""
        users = [user for user in self.users if user.turn == turn]
        used = frozenset(name for user in users for name in user.rule.uses)
        if used:
            self._read_answers(used, users)
        by_rows: dict[str, list[User]] = {}
        for user in users:
            by_rows.setdefault(user.rule.rows, []).append(user)
        for group in by_rows.values():
            questions = asked(group)
            for start in range(0, len(questions), TOGETHER):
                self._fill_from(group[0].rule.table, questions[start : start + TOGETHER])
        self._choose(turn)

    def _read_answers(self, used: frozenset[str], users: Sequence["User"]) -> None:
        """Make the answers that the next pass uses into columns: people's answers first."""
        columns = []
        plans = {name: self.jobs[user.job].plan for user in users for name in user.rule.uses}
        for name in sorted(used):
            kind = plans[name].type_of(name)
            wanted = f"item = {text(plans[name].codes[name])}"
            if kind is Type.TEXTS:
                value = f"list(value) FILTER ({wanted})"
            else:
                value = f"try_cast(any_value(value) FILTER ({wanted}) AS {SQL_TYPES[kind]})"
            columns.append(f"{value} AS {quote(name)}")
        items = f"item IN ({', '.join(text(plans[name].codes[name]) for name in used)})"
        self.con.execute(
            f"CREATE OR REPLACE TEMP TABLE fill_answers AS SELECT case_no, {', '.join(columns)} FROM ("
            f"SELECT case_no, item, value FROM fill_known WHERE {items} UNION ALL SELECT c.case_no, c.item, "
            f"json_extract_string(c.value, '$') FROM (FROM {self._chosen} WHERE {items} AND reason IS NULL) c "
            "ANTI JOIN fill_known k ON k.case_no = c.case_no AND k.item = c.item) "
            "GROUP BY case_no"
        )

    # One table of one pass -------------------------------------------------------------------------------------------

    def _fill_from(self, table: str, asked: Sequence["Asked"]) -> None:
        numbered = [Numbered(each.rule, number, each.item, each.denies) for number, each in enumerate(asked)]
        rules = [each.rule for each in asked]
        rows = rules[0].rows
        factors = self._factors(rows, rules)
        items = frozenset(name for rule in rules for name in rule.uses)
        several = len(self.jobs) > 1
        keys = self._key_columns(table, rows)
        query = TableQuery(table, numbered, lambda rule: factors[rule.id], items, keys, several)
        self._keep_users(asked, query.words)
        if rows not in self.empty:
            self._find_values(query, asked)
            self._keep_doubts(query)
        if table in self.complete:
            self._keep_absences(query, [each for each in numbered if each.rule.absent is not None])

    def _keep_users(self, asked: Sequence["Asked"], words: int) -> None:
        """Write which rules each question serves, and which questions each job has."""
        rows = [(number, user) for number, each in enumerate(asked) for user in each.users]
        absent = [None if user.rule.absent is None else orjson.dumps(user.rule.absent).decode() for _, user in rows]
        users = {
            "k": pa.array([number for number, _ in rows], pa.int32()),
            "job": pa.array([user.job for _, user in rows], pa.int32()),
            "rule": pa.array([user.number for _, user in rows], pa.int32()),
            "item": pa.array([user.item.code for _, user in rows], pa.string()),
            "kind": pa.array([user.kind for _, user in rows], pa.int8()),
            "absent": pa.array(absent, pa.string()),
            "shared": pa.array([user.denies and not user.is_simple for _, user in rows], pa.bool_()),
        }
        self._register("fill_users", pa.table(users))
        if len(self.jobs) == 1:
            return
        masks = [_words({number for number, user in rows if user.job == job}, words) for job in range(len(self.jobs))]
        allowed = {f"allow{word}": pa.array([mask[word] for mask in masks], pa.int64()) for word in range(words)}
        self._register("fill_allowed", pa.table({"job": pa.array(range(len(masks)), pa.int32()), **allowed}))

    def _find_values(self, query: TableQuery, asked: Sequence["Asked"]) -> None:
        if query.needs_terms:
            self._resolve_terms(query)
        self._resolve_coded(query)
        con = self.con
        con.execute(query.create_rules())
        con.execute(query.create_rows(self.sources[query.rows]))
        con.execute(query.create_best())
        con.execute(query.create_picked())
        more = query.add_picked_values()
        if more:
            con.execute(more)
        con.execute(query.create_values())
        self._keep_values(asked)

    def _factors(self, rows: str, rules: Sequence[Rule]) -> dict[str, str]:
        with_unit = [rule for rule in rules if rule.unit]
        if not with_unit:
            return {}
        found = [
            row[0] for row in self.con.execute(f"SELECT DISTINCT unit FROM {self.sources[rows]}").fetchall() if row[0]
        ]
        return {rule.id: case_of(self._factor_by_unit(rule, found), "r.unit") for rule in with_unit}

    def _factor_by_unit(self, rule: Rule, found: Sequence[str]) -> dict[str, float | None]:
        assert rule.unit
        masses = [self.terms[name].molar_mass for name in rule.terms if name in self.terms]
        mass = next((mass for mass in masses if mass), None)
        return {unit: self.units.factor(unit, rule.unit, mass) for unit in found}

    def _key_columns(self, table: str, rows: str) -> tuple[str, ...]:
        """Return the columns from which a row's terms follow, without those that are empty in all rows."""
        if rows not in self.keys:
            columns = [name for name in _KEY_COLUMNS if name in TABLES[table].names]
            known: tuple[bool, ...] = ()
            if columns and rows not in self.empty:
                counts = ", ".join(f"count({name}) > 0" for name in columns)
                known = self.con.execute(f"SELECT {counts} FROM {self.sources[rows]}").fetchall()[0]
            self.keys[rows] = tuple(name for name, some in zip(columns, known, strict=False) if some)
        return self.keys[rows]

    def _resolve_terms(self, query: TableQuery) -> None:
        """Say once for each distinct code and name which terms it belongs to and which rules it may serve."""
        columns = query.key_columns
        keys = self.con.execute(
            f"SELECT DISTINCT {', '.join(columns) or '1'} FROM {self.sources[query.rows]}"
        ).fetchall()
        by_terms = {each.number: frozenset(_wanted(each.rule)) for each in query.by_terms}
        free = [each.number for each in query.rules if each.number not in by_terms]
        rows = []
        for key in keys:
            named = dict(zip(columns, key, strict=False))
            resolved = self.terms.of(
                query.table,
                named.get("code_system"),
                named.get("code"),
                named.get("name"),
                named.get("codings"),
                named.get("terms"),
            )
            serving = [*free, *(number for number, wanted in by_terms.items() if wanted & resolved)]
            if serving:
                rows.append((*key[: len(columns)], sorted(resolved), *_words(serving, query.words)))
        self._keep_keys(columns, rows, query.words)

    def _resolve_coded(self, query: TableQuery) -> None:
        """Say once for each distinct reason, type... to which terms it belongs."""
        for column in query.coded.values():
            name = quote(column)
            source = self.sources[query.rows]
            found = self.con.execute(f"SELECT DISTINCT {name} FROM {source} WHERE {name} IS NOT NULL").fetchall()
            codes = [row[0] for row in found]
            lists = [each if isinstance(each, list) else [each] for each in codes]
            terms = [sorted(self.terms.of(query.table, None, None, None, each)) for each in lists]
            kinds = (TABLES[query.table].column(column).type, pa.list_(pa.string()))
            data = [pa.array(values, kind) for values, kind in zip((codes, terms), kinds, strict=True)]
            self._register("fill_resolved", pa.table(data, names=["codes", "resolved"]))
            self.con.execute(f"CREATE OR REPLACE TEMP TABLE fill_coded_{column} AS SELECT * FROM fill_resolved")
            self.con.unregister("fill_resolved")
            self.coded.add(f"fill_coded_{column}")

    def _keep_keys(self, columns: Sequence[str], rows: Sequence[tuple[Any, ...]], words: int) -> None:
        lists: pa.DataType = pa.list_(pa.string())
        kinds: list[pa.DataType] = [
            *(lists if name in ("codings", "terms") else pa.string() for name in columns),
            lists,
        ]
        names = [*columns, "resolved", *(f"bits{word}" for word in range(words))]
        kinds += [pa.int64()] * words
        data = [pa.array([row[at] for row in rows], kind) for at, kind in enumerate(kinds)]
        self._register("fill_resolved", pa.table(data, names=names))
        self.con.execute("CREATE OR REPLACE TEMP TABLE fill_keys AS SELECT * FROM fill_resolved")
        self.con.unregister("fill_resolved")

    def _keep_values(self, asked: Sequence["Asked"]) -> None:
        """Turn what was found into answers: options, numbers, times; or say why it cannot be one."""
        self._translate({user.number: user for each in asked for user in each.users if user.kind == TRANSLATED})
        self.con.execute(
            "INSERT INTO fill_found SELECT v.case_no, u.rule, u.item, "
            f"CASE u.kind WHEN {TRANSLATED} THEN m.value WHEN {NUMBER} THEN CAST(try_cast(v.raw AS DOUBLE) AS VARCHAR) "
            "ELSE CAST(to_json(v.raw) AS VARCHAR) END, "
            f"coalesce(v.problem, CASE WHEN u.kind = {TRANSLATED} THEN m.reason "
            f"WHEN u.kind = {NUMBER} AND NOT coalesce(isfinite(try_cast(v.raw AS DOUBLE)), false) "
            "THEN 'not_a_number' END), "
            "v.raw, v.n, NULL, v.source, v.source_id, v.record_version, v.time, v.time_precision, v.excerpt "
            f"FROM {self._values} LEFT JOIN fill_options m ON m.rule = u.rule AND m.raw = v.raw "
            "WHERE v.raw IS NOT NULL OR v.problem IS NOT NULL"
        )

    @property
    def _values(self) -> str:
        """Return what was found, beside each rule that asked for it."""
        return f"fill_values v {self._asking}"

    @property
    def _asking(self) -> str:
        """Return the join of what is known of a question `v.k` in a case with each rule that asked it there."""
        if len(self.jobs) == 1:
            return "JOIN fill_users u ON u.k = v.k"
        return "JOIN fill_cases c ON c.case_no = v.case_no JOIN fill_users u ON u.k = v.k AND u.job = c.job"

    def _translate(self, users: Mapping[int, "User"]) -> None:
        rows: list[tuple[int, str, str | None, str | None]] = []
        if users:
            distinct = self.con.execute(
                f"SELECT DISTINCT u.rule, v.raw FROM {self._values} WHERE u.kind = {TRANSLATED} AND v.raw IS NOT NULL"
            ).fetchall()
            for number, raw in distinct:
                value, reason = give_option(users[number].rule, users[number].item, raw)
                rows.append((number, raw, None if value is None else orjson.dumps(value).decode(), reason))
        data = [pa.array([row[at] for row in rows], kind) for at, kind in enumerate(_OPTION_TYPES)]
        self._register("fill_options", pa.table(data, names=["rule", "raw", "value", "reason"]))

    def _keep_doubts(self, query: TableQuery) -> None:
        """Write which items have rows that might serve one of their rules, or serve it without an answer to read.

        Of these items no other rule may say that there is none.
        """
        if not any(each.denies for each in query.rules):
            return
        self.con.execute(
            f"INSERT INTO fill_doubts SELECT DISTINCT v.case_no, u.item FROM (SELECT r.case_no, b.k FROM fill_rows r "
            f"JOIN fill_rules b ON {query.might_serve()} "
            "UNION ALL SELECT case_no, k FROM fill_values WHERE raw IS NULL AND problem IS NULL) v "
            f"{self._asking} WHERE u.shared"
        )

    def _keep_absences(self, query: TableQuery, numbered: Sequence[Numbered]) -> None:
        """Answer with the absence where the hospital declares the table complete and no row may serve the rule."""
        by_use: dict[tuple[str, ...], list[Numbered]] = {}
        for each in numbered:
            by_use.setdefault(each.rule.uses, []).append(each)
        for uses, group in by_use.items():
            self._keep_absences_of(query, uses, ", ".join(str(each.number) for each in group))

    def _keep_absences_of(self, query: TableQuery, uses: Sequence[str], numbers: str) -> None:
        answered = " AND ".join(f"a.{quote(name)} IS NOT NULL" for name in uses) or "true"
        answers = "JOIN fill_answers a ON a.case_no = c.case_no" if uses else ""
        cases, key = query.relation
        serving = ""
        if query.rows not in self.empty:
            serving = (
                f"ANTI JOIN (SELECT r.case_no, b.k FROM fill_rows r JOIN fill_rules b ON {query.may_serve()} "
                f"WHERE b.k IN ({numbers})) s ON s.case_no = c.case_no AND s.k = u.k"
            )
        self.con.execute(
            "INSERT INTO fill_found SELECT c.case_no, u.rule, u.item, u.absent, "
            "NULL, NULL, 0, coalesce(t.rows, 0), NULL, NULL, NULL, NULL, NULL, NULL FROM fill_cases c "
            f"JOIN fill_users u ON u.job = c.job AND u.absent IS NOT NULL AND u.k IN ({numbers}) {answers} "
            f"LEFT JOIN (SELECT v.case_no, count(*) AS rows FROM {self.sources[query.rows]} t JOIN {cases} v "
            f"ON v.{key} = t.{key} GROUP BY v.case_no) t ON t.case_no = c.case_no "
            f"{serving} WHERE {answered}"
        )

    # From rules to items ---------------------------------------------------------------------------------------------

    def _choose(self, turn: int) -> None:
        """Decide the items whose last rule has run: the first rule that found anything decides.

        One rule that takes one row needs no decision: what it found is the answer.
        """
        if not any(user.decided == turn and not user.is_simple for user in self.users):
            return
        found = (
            "f AS MATERIALIZED (SELECT f.*, n = 0 AND examined IS NOT NULL AS absence, i.several, i.sole "
            "FROM fill_found f JOIN fill_ids i ON i.rule = f.rule "
            f"WHERE i.decided = {turn} AND NOT i.simple), "
            "lone AS MATERIALIZED (SELECT case_no, item FROM f GROUP BY 1, 2 HAVING count(*) = 1)"
        )
        self.con.execute(f"INSERT INTO fill_chosen WITH {found} {_LONE}")
        self.con.execute(f"INSERT INTO fill_chosen WITH {found}, {_AMONG_SEVERAL}")

    @property
    def _chosen(self) -> str:
        return (
            "(SELECT * FROM fill_chosen UNION ALL "
            "SELECT f.* FROM fill_found f SEMI JOIN (FROM fill_ids WHERE simple) i ON i.rule = f.rule)"
        )

    def finish(self) -> list[Filled]:
        select = (
            'SELECT c.job, i.pack, c.encounter_id, f.item, f.value, i."table", f.source, '
            "f.source_id, f.record_version, f.time, f.time_precision, f.excerpt, i.id AS rule, "
            "f.n AS candidates, f.examined"
        )
        joins = f"FROM {self._chosen} f JOIN fill_cases c USING (case_no) JOIN fill_ids i ON i.rule = f.rule"
        items = f"NOT starts_with(f.item, {text(FACT)})"
        order = "ORDER BY c.case_no, f.rule, f.value"
        proposals = self._by_job(f"{select} {joins} WHERE f.reason IS NULL AND {items} {order}", PROPOSALS)
        refused = self._by_job(
            f"{select}, f.reason, f.found {joins} WHERE f.reason IS NOT NULL AND {items} {order}", REFUSED
        )
        return [Filled(*both) for both in zip(proposals, refused, strict=True)]

    def _by_job(self, sql: str, schema: pa.Schema) -> list[pa.Table]:
        """Return the rows, which stand in the order of the jobs, in a table for each."""
        found: pa.Table = self.con.sql(sql).to_arrow_table()
        counted = Counter(found.column("job").to_pylist())
        counts = [counted[number] for number in range(len(self.jobs))]
        rows = found.drop_columns(["job"]).cast(schema)
        ends = list(accumulate(counts))
        return [rows.slice(end - count, count) for end, count in zip(ends, counts, strict=True)]

    def _register(self, name: str, table: pa.Table) -> None:
        self.con.register(name, table)

    def clean(self) -> None:
        """Leave the connection as it was."""
        for view in ("fill_users", "fill_allowed", "fill_options"):
            self.con.unregister(view)
        copies = [source for source in self.sources.values() if source.startswith(("fill_of_", "fill_person_"))]
        for name in (*_TEMPORARY, *copies, *self.coded):
            self.con.execute(f"DROP TABLE IF EXISTS {name}")


# The stay before: of the same person, inpatient, ended before this one began.
_HISTORY = """
CREATE OR REPLACE TEMP TABLE fill_encounters AS
WITH stays AS (
    SELECT e.*, coalesce(p.person_id, e.patient_id) AS person FROM encounter e
    LEFT JOIN fill_persons p ON p.patient_id = e.patient_id
),
wanted AS (SELECT s.* FROM stays s SEMI JOIN fill_visits v ON v.encounter_id = s.encounter_id),
before AS (
    SELECT w.encounter_id, arg_max(s.discharge_time, s.discharge_time) AS discharged,
        arg_max(s.readmission_planned, s.discharge_time) AS planned
    FROM wanted w JOIN stays s ON s.person = w.person AND s.encounter_id <> w.encounter_id
        AND s.encounter_class = 'inpatient' AND s.discharge_time <= w.admit_time
        AND coalesce(s.status, '') NOT IN ('cancelled', 'planned')
    GROUP BY w.encounter_id
)
SELECT w.* EXCLUDE (person),
    CAST(date_diff('day', CAST(b.discharged AS DATE), CAST(w.admit_time AS DATE)) AS DOUBLE)
        AS days_since_previous_discharge,
    b.planned AS previous_readmission_planned
FROM wanted w LEFT JOIN before b ON b.encounter_id = w.encounter_id
"""
# What one rule alone found, once, stands: it is most of what is found, and needs no comparing.
_LONE = """
SELECT f.* EXCLUDE (absence, several, sole) FROM f SEMI JOIN lone l ON l.case_no = f.case_no AND l.item = f.item
ANTI JOIN fill_doubts d ON f.absence AND d.case_no = f.case_no AND d.item = f.item
"""
_AMONG_SEVERAL = """
g AS MATERIALIZED (SELECT f.* FROM f ANTI JOIN lone l ON l.case_no = f.case_no AND l.item = f.item),
present AS (SELECT case_no, item, min(rule) AS rule FROM g WHERE NOT absence GROUP BY 1, 2),
ruled AS (
    SELECT g.* FROM g JOIN present p ON p.case_no = g.case_no AND p.item = g.item
    WHERE NOT g.absence AND (g.rule = p.rule OR g.several)
    UNION ALL
    SELECT g.* FROM g ANTI JOIN present p ON p.case_no = g.case_no AND p.item = g.item
    ANTI JOIN fill_doubts d ON d.case_no = g.case_no AND d.item = g.item
    WHERE g.absence QUALIFY g.rule = min(g.rule) OVER (PARTITION BY g.case_no, g.item)),
clash AS (
    SELECT case_no, rule, string_agg(DISTINCT found, ' / ' ORDER BY found) AS found FROM ruled WHERE sole
    GROUP BY 1, 2 HAVING count(DISTINCT coalesce(value, reason || coalesce(found, ''))) > 1),
judged AS (
    SELECT r.* REPLACE (
        CASE WHEN c.case_no IS NULL THEN r.reason ELSE 'ambiguous' END AS reason, coalesce(c.found, r.found) AS found)
    FROM ruled r LEFT JOIN clash c ON c.case_no = r.case_no AND c.rule = r.rule)
SELECT * EXCLUDE (absence, several, sole) FROM judged QUALIFY row_number() OVER
    (PARTITION BY case_no, item, coalesce(reason, value) ORDER BY rule, time, source, source_id) = 1
"""
_KEY_COLUMNS = ("code_system", "code", "name", "codings", "terms")
_TEMPORARY = (
    "fill_encounters",
    "fill_ids",
    *("fill_people", "fill_numbers", "fill_ends", "fill_years", "fill_case_visits"),
    *("fill_cases", "fill_visits", "fill_found", "fill_chosen", "fill_doubts", "fill_known", "fill_answers"),
    *("fill_rules", "fill_rows", "fill_best", "fill_picked", "fill_values", "fill_keys"),
)
_OPTION_TYPES = (pa.int32(), pa.string(), pa.string(), pa.string())


def _names(rule: Rule) -> Iterable[str]:
    return (name for each in (rule.value, rule.where) if each is not None for name in each.fields)


def _wanted(rule: Rule) -> Iterable[str]:
    return rule.terms or (rule.mapping or {})


def _words(numbers: Iterable[int], words: int) -> list[int]:
    masks = [0] * words
    for number in numbers:
        masks[number // BITS] |= 1 << (number % BITS)
    return masks


__all__ = [
    "PROPOSALS",
    "REASONS",
    "REFUSED",
    "Evidence",
    "Filled",
    "Item",
    "Job",
    "Proposal",
    "fill",
    "fill_all",
    "proposals_by_case",
]
