"""Run a plan of fill rules over the records in DuckDB, for one case or for a hospital."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import duckdb
import orjson
import pyarrow as pa

from zhiheng.engine.form import Item, ItemType
from zhiheng.engine.language import Type
from zhiheng.engine.language.duckdb import SQL_TYPES
from zhiheng.records.schema import TABLES

from .options import give_option
from .query import BITS, Numbered, TableQuery, case_of, quote, text
from .rules import ENCOUNTER_HISTORY, FACT, Plan, Rule
from .terms import Terms
from .units import Units

_FIELDS: list[tuple[str, pa.DataType]] = [
    ("pack", pa.string()),
    ("encounter_id", pa.string()),
    ("item", pa.string()),
    ("value", pa.string()),  # JSON; for an item of several choices one row for each option
    ("table", pa.string()),
    ("source", pa.string()),
    ("source_id", pa.string()),
    ("record_version", pa.int32()),
    ("time", pa.timestamp("s")),
    ("time_precision", pa.string()),
    ("excerpt", pa.string()),
    ("rule", pa.string()),
    ("candidates", pa.int64()),  # rows that served the rule, the taken one among them
    ("examined", pa.int64()),  # for an absence: rows of the table among which there was none
]
PROPOSALS = pa.schema(_FIELDS)
REFUSED = pa.schema([*_FIELDS, ("reason", pa.string()), ("found", pa.string())])

FEW = 100  # cases for which planning a query takes longer than running it

REASONS = {
    "imprecise": "来源只记录到日期，不能作为日期时间填入",
    "bound": "来源给出的是界限（如“<0.01”），不是确切的数值",
    "unit": "来源的单位未知或为空，不能换算",
    "no_option": "来源的取值不对应表单的任何选项",
    "ambiguous": "来源有互相矛盾的多个取值",
    "too_long": "来源的文本超过该项允许的长度",
    "not_a_number": "来源的取值不是数",
}


@dataclass(frozen=True)
class Filled:
    """What could be filled, and what was found but could not be filled, with the reason."""

    proposals: pa.Table
    refused: pa.Table


@dataclass
class Evidence:
    """The row that proves a value."""

    table: str
    source: str | None
    source_id: str | None
    record_version: int | None
    time: str | None
    excerpt: str | None
    rule: str
    candidates: int
    examined: int | None = None


@dataclass
class Proposal:
    """A value for an item, as JSON, with its evidence: one row for each chosen option."""

    value: Any
    evidence: list[Evidence] = field(default_factory=list)


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
) -> Filled:
    """Fill the cases named by the relation `cases` (column encounter_id) from the canonical tables in `con`.

    `complete` are the tables that the hospital declares to be complete: only in these is the absence of a row an
    answer. `known` are answers that people have given: rules that use items see them first. `persons` says which
    patient numbers are one person (by default each is one): an earlier stay may stand under another number.
    """
    run = _Run(con, plan, terms, units, frozenset(complete), {} if persons is None else persons)
    run.prepare(cases, known or {})
    try:
        for rules in plan.passes:
            run.fill_pass(rules)
        return run.finish()
    finally:
        run.clean()


def proposals_by_case(
    proposals: pa.Table, form_types: Mapping[str, ItemType] | None = None
) -> dict[str, dict[str, Proposal]]:
    """Return the proposals by encounter and item; the options of an item of several choices in one list."""
    types = form_types or {}
    found: dict[str, dict[str, Proposal]] = {}
    for row in proposals.to_pylist():
        case = found.setdefault(row["encounter_id"], {})
        value = orjson.loads(row["value"])
        evidence = _evidence(row)
        if types.get(row["item"]) is not ItemType.CHOICES:
            case[row["item"]] = Proposal(value, [evidence])
            continue
        proposal = case.setdefault(row["item"], Proposal([]))
        if value not in proposal.value:
            proposal.value.append(value)
            proposal.evidence.append(evidence)
    return found


def _evidence(row: Mapping[str, Any]) -> Evidence:
    form = {"date": "%Y-%m-%d", "second": "%Y-%m-%d %H:%M:%S"}.get(row["time_precision"] or "", "%Y-%m-%d %H:%M")
    return Evidence(
        row["table"],
        row["source"],
        row["source_id"],
        row["record_version"],
        row["time"].strftime(form) if row["time"] else None,
        row["excerpt"],
        row["rule"],
        row["candidates"],
        row["examined"],
    )


class _Run:
    """One run: its temporary tables all begin with `fill_`."""

    def __init__(
        self,
        con: duckdb.DuckDBPyConnection,
        plan: Plan,
        terms: Terms,
        units: Units,
        complete: frozenset[str],
        persons: pa.Table | Mapping[str, str],
    ) -> None:
        self.con, self.plan, self.terms, self.units, self.complete = con, plan, terms, units, complete
        self.persons: pa.Table | Mapping[str, str] = persons
        self.small = self.has_history = False
        self.sources: dict[str, str] = {}
        self.empty: set[str] = set()
        self.keys: dict[str, tuple[str, ...]] = {}
        self.simple: list[int] = []
        self.numbers = {rule.id: number for number, rule in enumerate(plan.rules)}
        self.ids = {item.id: item for item in plan.items.values()}
        self.done: set[str] = set()

    def prepare(self, cases: str, known: Mapping[str, Mapping[str, object]]) -> None:
        con = self.con
        con.execute(
            "CREATE OR REPLACE TEMP TABLE fill_cases AS SELECT (row_number() OVER (ORDER BY e.encounter_id))::INTEGER "
            "AS case_no, e.encounter_id, any_value(e.patient_id) AS patient_id FROM encounter e "
            f"SEMI JOIN {cases} c ON c.encounter_id = e.encounter_id GROUP BY e.encounter_id"
        )
        # What was done in the emergency department before the admission belongs to the case as well.
        con.execute(
            "CREATE OR REPLACE TEMP TABLE fill_visits AS SELECT case_no, encounter_id, true AS own FROM fill_cases "
            "UNION ALL SELECT c.case_no, e.part_of_encounter_id, false FROM encounter e JOIN fill_cases c "
            "ON c.encounter_id = e.encounter_id JOIN encounter f ON f.encounter_id = e.part_of_encounter_id "
            "AND f.encounter_class = 'emergency' "
            "UNION SELECT c.case_no, f.encounter_id, false FROM encounter f JOIN fill_cases c "
            "ON f.part_of_encounter_id = c.encounter_id WHERE f.encounter_class = 'emergency'"
        )
        con.execute(
            "CREATE OR REPLACE TEMP TABLE fill_found (case_no INTEGER, rule INTEGER, item VARCHAR, value VARCHAR, "
            "reason VARCHAR, found VARCHAR, n BIGINT, examined BIGINT, source VARCHAR, source_id VARCHAR, "
            "record_version INTEGER, time TIMESTAMP, time_precision VARCHAR, excerpt VARCHAR)"
        )
        con.execute("CREATE OR REPLACE TEMP TABLE fill_chosen AS SELECT * FROM fill_found")
        con.execute("CREATE OR REPLACE TEMP TABLE fill_known (case_no INTEGER, item VARCHAR, value VARCHAR)")
        self._keep_known(known)
        self._keep_history()
        self._choose_sources()

    def _choose_sources(self) -> None:
        """Decide from where rows are read: for a few cases from copies of their rows alone.

        For a few cases planning takes longer than running, and half of it is the optimizer's: it has nothing to win
        on a few hundred rows.
        """
        self.small = self.con.execute("SELECT count(*) FROM fill_cases").fetchall()[0][0] <= FEW
        for table in dict.fromkeys(rule.table for rule in self.plan.rules):
            source = "fill_encounters" if table == "encounter" and self.has_history else quote(table)
            key, cases = ("patient_id", "fill_cases") if table == "patient" else ("encounter_id", "fill_visits")
            rows = f"FROM {source} t SEMI JOIN {cases} v ON v.{key} = t.{key}"
            if self.small:
                source = f"fill_of_{table}"
                self.con.execute(f"CREATE OR REPLACE TEMP TABLE {source} AS SELECT t.* {rows}")
                rows = f"FROM {source}"
            self.sources[table] = source
            if not self.con.execute(f"SELECT 1 {rows} LIMIT 1").fetchall():
                self.empty.add(table)
        if self.small:
            self.con.execute("PRAGMA disable_optimizer")

    def _keep_history(self) -> None:
        """Add to the visits what is known of the stay before, where a rule asks for it."""
        asked = {name for rule in self.plan.rules if rule.table == "encounter" for name in _names(rule)}
        self.has_history = bool(asked & ENCOUNTER_HISTORY.keys())
        if not self.has_history:
            return
        persons = self.persons
        if isinstance(persons, Mapping):
            kinds = pa.schema([("patient_id", pa.string()), ("person_id", pa.string())])
            persons = pa.table({"patient_id": list(persons), "person_id": list(persons.values())}, schema=kinds)
        self._register("fill_persons", persons)
        self.con.execute(_HISTORY)
        self.con.unregister("fill_persons")

    def _keep_known(self, known: Mapping[str, Mapping[str, object]]) -> None:
        rows = [
            (case, code, part if isinstance(part, str) else orjson.dumps(part).decode())
            for case, answers in known.items()
            for code, value in answers.items()
            for part in (value if isinstance(value, list | tuple) else [value])
            if part is not None
        ]
        if not rows:
            return
        cases, items, values = (list(column) for column in zip(*rows, strict=True))
        self._register("fill_given", pa.table({"encounter_id": cases, "item": items, "value": values}))
        self.con.execute(
            "INSERT INTO fill_known SELECT c.case_no, g.item, g.value FROM fill_given g JOIN fill_cases c "
            "USING (encounter_id)"
        )
        self.con.unregister("fill_given")

    def fill_pass(self, rules: Sequence[Rule]) -> None:
        used = frozenset(name for rule in rules for name in rule.uses)
        if used:
            self._read_answers(used)
        by_table: dict[str, list[Rule]] = {}
        for rule in rules:
            by_table.setdefault(rule.table, []).append(rule)
        for table, group in by_table.items():
            self._fill_from(table, group)
        self.done |= {rule.id for rule in rules}
        self._choose(rules)

    def _read_answers(self, used: frozenset[str]) -> None:
        """Make the answers that the next pass uses into columns: people's answers first."""
        columns = []
        for name in sorted(used):
            item = self.ids[name]
            kind = self.plan.type_of(name)
            wanted = f"item = {text(item.code)}"
            if kind is Type.TEXTS:
                value = f"list(value) FILTER ({wanted})"
            else:
                value = f"try_cast(any_value(value) FILTER ({wanted}) AS {SQL_TYPES[kind]})"
            columns.append(f"{value} AS {quote(name)}")
        self.con.execute(
            f"CREATE OR REPLACE TEMP TABLE fill_answers AS SELECT case_no, {', '.join(columns)} FROM ("
            "SELECT case_no, item, value FROM fill_known UNION ALL SELECT c.case_no, c.item, "
            f"json_extract_string(c.value, '$') FROM {self._chosen} c "
            "ANTI JOIN fill_known k ON k.case_no = c.case_no AND k.item = c.item WHERE c.reason IS NULL) "
            "GROUP BY case_no"
        )

    # One table of one pass -------------------------------------------------------------------------------------------

    def _fill_from(self, table: str, rules: Sequence[Rule]) -> None:
        numbered = [Numbered(rule, number, self.plan.items[rule.item]) for number, rule in enumerate(rules)]
        factors = self._factors(table, rules)
        items = frozenset(name for rule in rules for name in rule.uses)
        query = TableQuery(table, numbered, lambda rule: factors[rule.id], items, self._key_columns(table))
        if table not in self.empty:
            self._find_values(query, numbered)
        for each in numbered:
            if each.rule.absent is not None and table in self.complete:
                self._keep_absence(query, each)

    def _find_values(self, query: TableQuery, numbered: Sequence[Numbered]) -> None:
        if query.needs_terms:
            self._resolve_terms(query)
        con = self.con
        con.execute(query.create_rules())
        con.execute(query.create_rows(self.sources[query.table]))
        con.execute(query.create_best())
        con.execute(query.create_picked())
        more = query.add_picked_values()
        if more:
            con.execute(more)
        con.execute(query.create_values())
        self._keep_values(numbered)

    def _factors(self, table: str, rules: Sequence[Rule]) -> dict[str, str]:
        with_unit = [rule for rule in rules if rule.unit]
        if not with_unit:
            return {}
        found = [
            row[0] for row in self.con.execute(f"SELECT DISTINCT unit FROM {self.sources[table]}").fetchall() if row[0]
        ]
        return {rule.id: case_of(self._factor_by_unit(rule, found), "r.unit") for rule in with_unit}

    def _factor_by_unit(self, rule: Rule, found: Sequence[str]) -> dict[str, float | None]:
        assert rule.unit
        masses = [self.terms[name].molar_mass for name in rule.terms if name in self.terms]
        mass = next((mass for mass in masses if mass), None)
        return {unit: self.units.factor(unit, rule.unit, mass) for unit in found}

    def _key_columns(self, table: str) -> tuple[str, ...]:
        """Return the columns from which a row's terms follow, without those that are empty in all rows."""
        if table not in self.keys:
            columns = [name for name in _KEY_COLUMNS if name in TABLES[table].names]
            known: tuple[bool, ...] = ()
            if columns and table not in self.empty:
                counts = ", ".join(f"count({name}) > 0" for name in columns)
                known = self.con.execute(f"SELECT {counts} FROM {self.sources[table]}").fetchall()[0]
            self.keys[table] = tuple(name for name, some in zip(columns, known, strict=False) if some)
        return self.keys[table]

    def _resolve_terms(self, query: TableQuery) -> None:
        """Say once for each distinct code and name which terms it belongs to and which rules it may serve."""
        columns = query.key_columns
        keys = self.con.execute(
            f"SELECT DISTINCT {', '.join(columns) or '1'} FROM {self.sources[query.table]}"
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

    def _keep_values(self, numbered: Sequence[Numbered]) -> None:
        """Turn what was found into answers: options, numbers, times; or say why it cannot be one."""
        translated = [each for each in numbered if _is_translated(each)]
        self._translate(translated)
        same = ", ".join(str(each.number) for each in translated) or "-1"
        rule = _lookup(numbered, lambda each: str(self.numbers[each.rule.id]))
        item = _lookup(numbered, lambda each: text(each.item.code))
        as_number = _numbers([each for each in numbered if each.item.type is ItemType.NUMBER])
        self.con.execute(
            f"INSERT INTO fill_found SELECT v.case_no, {rule}, {item}, "
            f"CASE WHEN v.k IN ({same}) THEN m.value WHEN {as_number} THEN "
            "CAST(CAST(try_cast(v.raw AS DOUBLE) AS VARCHAR) AS VARCHAR) ELSE CAST(to_json(v.raw) AS VARCHAR) END, "
            f"coalesce(v.problem, CASE WHEN v.k IN ({same}) THEN m.reason "
            f"WHEN {as_number} AND NOT coalesce(isfinite(try_cast(v.raw AS DOUBLE)), false) THEN 'not_a_number' END), "
            "v.raw, v.n, NULL, v.source, v.source_id, v.record_version, v.time, v.time_precision, v.excerpt "
            "FROM fill_values v LEFT JOIN fill_options m ON m.k = v.k AND m.raw = v.raw "
            "WHERE v.raw IS NOT NULL OR v.problem IS NOT NULL"
        )

    def _translate(self, numbered: Sequence[Numbered]) -> None:
        rows: list[tuple[int, str, str | None, str | None]] = []
        if numbered:
            wanted = {each.number: each for each in numbered}
            numbers = ", ".join(map(str, wanted))
            distinct = self.con.execute(
                f"SELECT DISTINCT k, raw FROM fill_values WHERE k IN ({numbers}) AND raw IS NOT NULL"
            ).fetchall()
            for number, raw in distinct:
                each = wanted[number]
                value, reason = give_option(each.rule, each.item, raw)
                rows.append((number, raw, None if value is None else orjson.dumps(value).decode(), reason))
        data = [pa.array([row[at] for row in rows], kind) for at, kind in enumerate(_OPTION_TYPES)]
        self._register("fill_options", pa.table(data, names=["k", "raw", "value", "reason"]))

    def _keep_absence(self, query: TableQuery, each: Numbered) -> None:
        """Answer with the absence where the hospital declares the table complete and no row may serve the rule."""
        rule = each.rule
        answered = " AND ".join(f"a.{quote(name)} IS NOT NULL" for name in rule.uses) or "true"
        answers = "JOIN fill_answers a ON a.case_no = c.case_no" if rule.uses else ""
        visits = "fill_visits" if query.joins_visits else "fill_cases"
        assert rule.absent is not None
        value = text(orjson.dumps(rule.absent).decode())
        serving = ""
        if query.table not in self.empty:
            serving = f"ANTI JOIN (SELECT case_no FROM fill_rows r WHERE {_mask(each)}) r ON r.case_no = c.case_no"
        self.con.execute(
            f"INSERT INTO fill_found SELECT c.case_no, {self.numbers[rule.id]}, {text(rule.item)}, {value}, "
            f"NULL, NULL, 0, coalesce(t.rows, 0), NULL, NULL, NULL, NULL, NULL, NULL FROM fill_cases c {answers} "
            f"LEFT JOIN (SELECT v.case_no, count(*) AS rows FROM {self.sources[query.table]} t JOIN {visits} v "
            "ON v.encounter_id = t.encounter_id GROUP BY v.case_no) t ON t.case_no = c.case_no "
            f"{serving} WHERE {answered}"
        )

    # From rules to items ---------------------------------------------------------------------------------------------

    def _choose(self, rules: Sequence[Rule]) -> None:
        """Decide the items whose last rule has run: the first rule that found anything decides."""
        finished = {
            rule.item
            for rule in rules
            if all(other.id in self.done for other in self.plan.rules if other.item == rule.item)
        }
        # One rule that takes one row needs no decision: what it found is the answer.
        simple = {rule.item for rule in rules if rule.item in finished and self._is_simple(rule)}
        self.simple += [self.numbers[rule.id] for rule in rules if rule.item in simple]
        finished -= simple
        if not finished:
            return
        items = ", ".join(text(code) for code in sorted(finished))
        several = [code for code in finished if self.plan.items[code].type is ItemType.CHOICES]
        several_sql = ", ".join(text(code) for code in sorted(several)) or "''"
        only = ", ".join(str(self.numbers[r.id]) for r in self.plan.rules if r.take == "only") or "-1"
        self.con.execute(
            "INSERT INTO fill_chosen WITH f AS MATERIALIZED (SELECT *, n = 0 AND examined IS NOT NULL AS absence "
            f"FROM fill_found WHERE item IN ({items})), "
            "present AS (SELECT case_no, item, min(rule) AS rule FROM f WHERE NOT absence GROUP BY 1, 2), "
            "ruled AS (SELECT f.* FROM f JOIN present p ON p.case_no = f.case_no AND p.item = f.item "
            f"WHERE NOT f.absence AND (f.rule = p.rule OR f.item IN ({several_sql})) "
            "UNION ALL SELECT f.* FROM f ANTI JOIN present p ON p.case_no = f.case_no AND p.item = f.item "
            "WHERE f.absence QUALIFY f.rule = min(f.rule) OVER (PARTITION BY f.case_no, f.item)), "
            "clash AS (SELECT case_no, rule, string_agg(DISTINCT found, ' / ' ORDER BY found) AS found FROM ruled "
            f"WHERE rule IN ({only}) GROUP BY 1, 2 "
            "HAVING count(DISTINCT coalesce(value, reason || coalesce(found, ''))) > 1), "
            "judged AS (SELECT r.* REPLACE (CASE WHEN c.case_no IS NULL THEN r.reason ELSE 'ambiguous' END AS reason, "
            "coalesce(c.found, r.found) AS found) "
            "FROM ruled r LEFT JOIN clash c ON c.case_no = r.case_no AND c.rule = r.rule) "
            "SELECT * EXCLUDE (absence) FROM judged QUALIFY row_number() OVER "
            "(PARTITION BY case_no, item, coalesce(reason, value) ORDER BY rule, time, source, source_id) = 1"
        )

    def _is_simple(self, rule: Rule) -> bool:
        return rule.takes_one_row and sum(other.item == rule.item for other in self.plan.rules) == 1

    @property
    def _chosen(self) -> str:
        simple = ", ".join(map(str, self.simple)) or "-1"
        return f"(SELECT * FROM fill_chosen UNION ALL SELECT * FROM fill_found WHERE rule IN ({simple}))"

    def finish(self) -> Filled:
        rules = pa.table(
            {
                "rule": pa.array(range(len(self.plan.rules)), pa.int32()),
                "id": pa.array([rule.id for rule in self.plan.rules], pa.string()),
                "table": pa.array([rule.table for rule in self.plan.rules], pa.string()),
            }
        )
        self._register("fill_ids", rules)
        select = (
            f'SELECT {text(self.plan.pack)} AS pack, c.encounter_id, f.item, f.value, i."table", f.source, '
            "f.source_id, f.record_version, f.time, f.time_precision, f.excerpt, i.id AS rule, "
            "f.n AS candidates, f.examined"
        )
        joins = f"FROM {self._chosen} f JOIN fill_cases c USING (case_no) JOIN fill_ids i ON i.rule = f.rule"
        items = f"NOT starts_with(f.item, {text(FACT)})"
        order = "ORDER BY c.case_no, f.rule, f.value"
        proposals = self._table(f"{select} {joins} WHERE f.reason IS NULL AND {items} {order}", PROPOSALS)
        refused = self._table(
            f"{select}, f.reason, f.found {joins} WHERE f.reason IS NOT NULL AND {items} {order}", REFUSED
        )
        return Filled(proposals, refused)

    def _table(self, sql: str, schema: pa.Schema) -> pa.Table:
        found: pa.Table = self.con.sql(sql).to_arrow_table()
        return found.cast(schema)

    def _register(self, name: str, table: pa.Table) -> None:
        self.con.register(name, table)

    def clean(self) -> None:
        """Leave the connection as it was."""
        if self.small:
            self.con.execute("PRAGMA enable_optimizer")
        for view in ("fill_ids", "fill_options"):
            self.con.unregister(view)
        copies = [source for source in self.sources.values() if source.startswith("fill_of_")]
        for name in (*_TEMPORARY, *copies):
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
_KEY_COLUMNS = ("code_system", "code", "name", "codings", "terms")
_TEMPORARY = (
    "fill_encounters",
    *("fill_cases", "fill_visits", "fill_found", "fill_chosen", "fill_known", "fill_answers"),
    *("fill_rules", "fill_rows", "fill_best", "fill_picked", "fill_values", "fill_keys"),
)
_OPTION_TYPES = (pa.int32(), pa.string(), pa.string(), pa.string())


def _mask(each: Numbered) -> str:
    """Return when a row serves a rule, or might."""
    return f"((r.mask{each.word} | r.unknown{each.word}) & {each.bit}::BIGINT) <> 0"


def _names(rule: Rule) -> Iterable[str]:
    return (name for each in (rule.value, rule.where) if each is not None for name in each.fields)


def _wanted(rule: Rule) -> Iterable[str]:
    return rule.terms or (rule.mapping or {})


def _words(numbers: Iterable[int], words: int) -> list[int]:
    masks = [0] * words
    for number in numbers:
        masks[number // BITS] |= 1 << (number % BITS)
    return masks


def _is_translated(each: Numbered) -> bool:
    rule, item = each.rule, each.item
    closed = item.type in (ItemType.CHOICE, ItemType.CHOICES)
    return closed or rule.mapping is not None or rule.by_code or (item.type is ItemType.TEXT and bool(item.max_length))


def _lookup(numbered: Sequence[Numbered], sql: Any) -> str:
    if len({sql(each) for each in numbered}) == 1:
        return str(sql(numbered[0]))
    return "CASE v.k " + " ".join(f"WHEN {each.number} THEN {sql(each)}" for each in numbered) + " END"


def _numbers(numbered: Sequence[Numbered]) -> str:
    return f"v.k IN ({', '.join(str(each.number) for each in numbered) or '-1'})"


__all__ = ["Evidence", "Filled", "Item", "Proposal", "fill", "proposals_by_case"]
