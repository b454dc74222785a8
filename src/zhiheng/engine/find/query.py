"""Find the cases of all packs in one database: candidates by codes first, then what takes them out again."""

from collections.abc import Callable, Iterable, Iterator, Sequence

import duckdb
import pyarrow as pa

from zhiheng.engine.find import facts
from zhiheng.engine.find.codes import COUNTS, Signals, distinct_codes, met, of_systems, place
from zhiheng.engine.find.rules import Criterion, Exclusion, Rules, in_order
from zhiheng.engine.language import Expression, python
from zhiheng.engine.language import duckdb as sql_target
from zhiheng.records.schema import TABLES

USED_TABLES = ("patient", "encounter", "diagnosis", "procedure", "stay")
STAYS = ("inpatient", "day_surgery")
_GATE = frozenset({"encounter_class", "status", "admit_time", "discharge_time", "discharge_mode"})

DISMISSED = "(coalesce(v.status, '') in ('cancelled', 'planned'))"
_STILL_THERE = f"""(case when v.encounter_class in {STAYS}
    then v.discharge_time is null and v.discharge_mode is null and coalesce(v.status, '') <> 'finished'
    else v.discharge_time is null and coalesce(v.status, '') = 'in_progress' end)"""
ENDED = f"not {DISMISSED} and not {_STILL_THERE}"
# It ended, but when? Or it has a discharge although it is said to be going on.
UNCLEAR = f"""(v.encounter_class in {STAYS}
    and (v.discharge_time is null or coalesce(v.status, '') = 'in_progress'))"""
END = (
    f"(case when v.encounter_class in {STAYS} then v.discharge_time else coalesce(v.discharge_time, v.admit_time) end)"
)

# Of two visits of one person, `past` was over when `now` began.
EARLIER = "past.admit_time < now.admit_time and coalesce(past.discharge_time, past.admit_time) <= now.admit_time"

Column = Callable[[str], str]


def attach(con: duckdb.DuckDBPyConnection, tables: dict[str, pa.Table] | None, persons: pa.Table | None) -> None:
    """Make the records and the persons readable by the queries here; a table that nobody has is empty."""
    for name in USED_TABLES:
        if tables is not None:
            con.register(name, tables.get(name, TABLES[name].schema.empty_table()))
        elif not con.execute(
            "select 1 from duckdb_tables() where table_name = ? union all "
            "select 1 from duckdb_views() where view_name = ?",
            [name, name],
        ).fetchall():
            con.register(name, TABLES[name].schema.empty_table())
    nobody = pa.table({"patient_id": pa.array([], pa.string()), "person_id": pa.array([], pa.string())})
    con.register("find_persons", persons if persons is not None else nobody)


def table(con: duckdb.DuckDBPyConnection, query: str) -> pa.Table:
    """Return what a query yields."""
    result: pa.Table = con.sql(query).to_arrow_table()
    return result


class Search:
    """The queries for a set of rules on one connection, step by step; each writes `find_` tables."""

    def __init__(self, con: duckdb.DuckDBPyConnection, rules: Iterable[Rules]) -> None:
        self.con = con
        self.rules = in_order(rules)
        inclusion = [each for rules in self.rules for each in self._of_inclusion(rules)]
        earlier = [each for rules in self.rules for each in rules.criteria if each.earlier]
        rest = [each for rules in self.rules for each in rules.criteria if each not in inclusion]
        # What makes candidates is looked up for all visits, what takes them out again only for the candidates.
        self.first = Signals("find_first", [*inclusion, *earlier])
        self.then = Signals("find_then", [each for each in rest if not each.earlier and not each.is_detailed])
        self.details = Signals("find_detail", [each for each in rest if each.is_detailed])
        self._earlier_mask = self.first.mask(earlier)
        self._detailed = {each: bit for bit, each in enumerate(dict.fromkeys(e for e in rest if e.is_detailed))}

    def _of_inclusion(self, rules: Rules) -> list[Criterion]:
        names = {name for each in candidate_expressions(rules) for name in each.fields}
        return [each for each in rules.criteria if each.id in names and not each.earlier]

    def run(self, *, also: tuple[Iterable[int], str] = ((), "")) -> None:
        """Decide all candidates, and some rules about one visit also: `find_decided` has a row for each."""
        self.candidates()
        for number in also[0]:
            self.ask_about(number, also[1])
        self.con.execute(_DECIDED)
        self._materialise_visits()
        self._history()
        self.then.flag_visits(self.con, self.systems, f"select encounter_id from find_candidates {self._where_then()}")
        self._find_details()
        self._join()
        present = {number for (number,) in self.con.execute("select distinct rule from find_candidates").fetchall()}
        for number in sorted(present):
            self.con.execute(f"insert into find_decided by name {self.decision(number)}")

    # Candidates --------------------------------------------------------------------------------------------------

    def candidates(self) -> None:
        """Write `find_candidates`: rule, visit, and whether the inclusion is met (null: cannot be known)."""
        self.systems = of_systems(self.con)
        distinct = distinct_codes(self.con)
        for signals in (self.first, self.then, self.details):
            signals.map_codes(self.con, distinct)
        self.first.flag_visits(self.con, self.systems)
        self._earlier_visits()
        by_codes = [number for number, rules in enumerate(self.rules) if self._needs_codes(rules)]
        others = [number for number in range(len(self.rules)) if number not in by_codes]
        parts = []
        if by_codes:
            self.con.execute(f"create or replace temp table find_coded as {self._coded(by_codes)}")
            parts += [self._candidates_of(number, "from find_coded v") for number in by_codes]
        parts += [self._candidates_of(number, self._all_visits(number)) for number in others]
        union = " union all ".join(parts) or "select 0, '', true where false"
        self.con.execute(f"""
            create or replace temp table find_candidates(rule, encounter_id, included) as
            select {self._once()} * from ({union})""")

    def _once(self) -> str:
        """Return what makes rows of candidates unique: two feeds may both tell of a visit, but it is one candidate."""
        twice = self.con.execute("select count(*) <> count(distinct encounter_id) from encounter").fetchone()
        return "distinct on (1, 2)" if twice and twice[0] else ""

    def ask_about(self, number: int, encounter_id: str) -> None:
        """Take a visit as if it were a candidate of a rule, so that everything about it can be told."""
        column = self._column(self.rules[number])
        include = sql_target.sql(self.rules[number].include, column)
        self.con.execute(
            f"""insert into find_candidates select {number}, v.encounter_id, ({include}) {self._all_visits(number)}
            where v.encounter_id = ? and not exists (
                select 1 from find_candidates c where c.rule = {number} and c.encounter_id = v.encounter_id)""",
            [encounter_id],
        )

    def name_packs(self) -> None:
        """Make `find_packs` readable: what pack and version a rule's number stands for."""
        names = pa.table(
            {
                "rule": pa.array(range(len(self.rules)), pa.int32()),
                "pack": pa.array([rules.abbr for rules in self.rules], pa.string()),
                "version": pa.array([rules.version for rules in self.rules], pa.string()),
            }
        )
        self.con.register("find_packs", names)

    def candidate_table(self) -> pa.Table:
        """Return the candidates with the names of their packs."""
        self.name_packs()
        return table(
            self.con, "select pack, version, encounter_id, included from find_candidates join find_packs using (rule)"
        )

    def _needs_codes(self, rules: Rules) -> bool:
        """Say whether a visit without any listed code can never be a candidate."""
        nothing: dict[str, object] = {each.id: False for each in rules.criteria}
        elsewhere = {fact.name for fact in (*facts.OF_PERSON, *facts.OF_HISTORY)}
        return all(
            python.closure(each)(_Unknown(nothing)) is False
            and not facts.roots(each) & elsewhere
            and not any(criterion.earlier and criterion.id in each.fields for criterion in rules.criteria)
            for each in candidate_expressions(rules)
        )

    def _coded(self, numbers: Sequence[int]) -> str:
        """Return SQL for the ended visits with listed codes, their flags, and what the inclusions read."""
        names = self._roots(numbers) | {"encounter_class", "admit_time"}
        classes = {each for number in numbers for each in self.rules[number].classes}
        return f"""
            select encounter_id, {", ".join(f"v.{name}" for name in sorted(names))}, {END} as ended_time, f.*
            exclude (encounter_id) from ({facts.visits(names | _GATE)}) v join find_first_flags f using (encounter_id)
            where {self._has_some(*(self.rules[number] for number in numbers))}
            and v.encounter_class in ({_texts(sorted(classes))}) and {ENDED}"""

    def _all_visits(self, number: int) -> str:
        names = _GATE | self._roots([number])
        return f"""from (select v.*, f.* exclude (encounter_id), e.* exclude (encounter_id), {END} as ended_time
            from ({facts.visits(names)}) v left join find_first_flags f using (encounter_id)
            left join find_earlier e using (encounter_id)) v"""

    def _roots(self, numbers: Iterable[int]) -> frozenset[str]:
        found: frozenset[str] = frozenset()
        for number in numbers:
            rules = self.rules[number]
            for each in candidate_expressions(rules):
                found |= facts.roots(each)
        return found & facts.FACTS.keys()

    def _candidates_of(self, number: int, source: str) -> str:
        rules = self.rules[number]
        column = self._column(rules)
        include = sql_target.sql(rules.include, column)
        hints = [f"({sql_target.sql(each.raised, column)}) is not false" for each in rules.considers if each.raised]
        wanted = " or ".join([f"({include}) is not false", *hints])
        first = self._has_some(rules) if source.endswith("find_coded v") else ENDED
        # A bit test throws out nearly all visits; what stands in a case is not looked at before it.
        return f"""select {number}, v.encounter_id, ({include}) {source}
            where case when {first} then v.encounter_class in ({_texts(rules.classes)})
                and {self._valid(rules)} and ({wanted}) else false end"""

    def _has_some(self, *rules: Rules) -> str:
        """Return SQL that is false for visits without any code that the inclusion of one of `rules` lists."""
        masks = self.first.mask(criterion for each in rules for criterion in self._of_inclusion(each))
        tests = (
            f"((find_first_s{word} | find_first_u{word}) & {mask}::ubigint) <> 0"
            for word, mask in enumerate(masks)
            if mask
        )
        return f"({' or '.join(tests)})"

    def _valid(self, rules: Rules, end: str = "v.ended_time") -> str:
        # A case takes the version valid at its discharge; without one, only a version that is still open can be meant.
        limits = ["true"]
        if rules.valid_from:
            limits.append(f"coalesce({end}, v.admit_time) >= date '{rules.valid_from}'")
        if rules.valid_until:
            limits.append(f"coalesce(cast({end} as date) <= date '{rules.valid_until}', false)")
        return " and ".join(limits)

    # Facts about candidates --------------------------------------------------------------------------------------

    def _materialise_visits(self) -> None:
        names = _GATE
        for each in (expression for rules in self.rules for expression in expressions(rules)):
            names |= facts.roots(each) & facts.FACTS.keys()
        self.con.execute(f"""
            create or replace temp table find_visits as
            select distinct on (encounter_id) * from ({facts.visits(names)}) a
            semi join find_candidates using (encounter_id)""")

    def _earlier_visits(self) -> None:
        """Write `find_earlier`: what the earlier visits of the same person met (e0, e1...)."""
        words = range(self.first.words)
        masks = [f"{mask}::ubigint" for mask in self._earlier_mask]
        told = " or ".join(f"(find_first_s{word} & {masks[word]}) <> 0" for word in words)
        person = "coalesce(l.person_id, e.patient_id) as person_id"
        persons = "encounter e left join find_persons l using (patient_id)"
        self.con.execute(f"""
            create or replace temp table find_earlier as
            select now.encounter_id, {", ".join(f"bit_or(past.e{word}) as e{word}" for word in words)}
            from (select e.encounter_id, e.admit_time, {person} from {persons}) now
            join (
                select e.encounter_id, e.admit_time, e.discharge_time, e.part_of_encounter_id, {person},
                    {", ".join(f"find_first_s{word} & {masks[word]} as e{word}" for word in words)}
                from find_first_flags join {persons} using (encounter_id) where {told}) past
            on past.person_id = now.person_id and {EARLIER}
                -- The stop in the emergency department that led to this visit is the same illness, no earlier one.
                and past.part_of_encounter_id is distinct from now.encounter_id
            group by 1""")

    def _history(self) -> None:
        """Write `find_history`: for each candidate, the last discharge before it with the same disease."""
        numbers = {abbr: number for number, abbr in enumerate(dict.fromkeys(each.abbr for each in self.rules))}
        concerned = [
            f"when {number} then {numbers[rules.abbr]}"
            for number, rules in enumerate(self.rules)
            if any(facts.roots(e) & facts.HISTORY for x in rules.exclusions for e in x.expressions)
        ]
        disease = f"case c.rule {' '.join(concerned)} end" if concerned else "null"
        self.con.execute(f"""
            create or replace temp table find_history as
            select rule, encounter_id,
                case when admit_time is not null then count(*) filter (included) over before > 0 end
                    as prior_same_disease,
                case when count(*) filter (included and ended is null) over before = 0
                    then max(ended) filter (included) over before end as previous_discharge_time
            from (
                select c.rule, c.encounter_id, c.included, v.person_id, v.admit_time, {END} as ended,
                    {disease} as disease
                from find_candidates c join find_visits v using (encounter_id))
            where disease is not null
            window before as (partition by disease, person_id order by admit_time, ended, encounter_id
                rows between unbounded preceding and 1 preceding)""")

    def _where_then(self) -> str:
        """Return the condition for candidates of rules that have criteria beyond those of their inclusion."""
        numbers = [n for n, rules in enumerate(self.rules) if any(each in self.then for each in self._rest(rules))]
        return f"where rule in ({_numbers(numbers)})"

    def _rest(self, rules: Rules) -> list[Criterion]:
        inclusion = self._of_inclusion(rules)
        return [each for each in rules.criteria if each not in inclusion]

    def _find_details(self) -> None:
        """Write `find_details`: for each candidate, the criteria on names or presence, sure and perhaps."""
        named = [n for n, rules in enumerate(self.rules) if any(each.names for each in rules.criteria)]
        for table in ("diagnosis", "procedure"):
            codes = f"select code from {self.details.codes(table)}"
            visits = f"select encounter_id from find_candidates where rule in ({_numbers(named)})"
            self.con.execute(f"""
                create or replace temp table find_detail_{table} as
                select * from {table} where encounter_id in (select encounter_id from find_candidates)
                    and code in ({codes})
                union all select * from {table} where encounter_id in ({visits})""")
        parts = ["select ''::varchar as encounter_id, 0::ubigint as sure, 0::ubigint as perhaps where false"]
        parts += [self._detail_rows(criterion, bit) for criterion, bit in self._detailed.items()]
        self.con.execute(f"""
            create or replace temp table find_details as
            select encounter_id, bit_or(sure) as sure_details, bit_or(perhaps) as perhaps_details
            from ({" union all ".join(parts)}) group by 1""")

    def _detail_rows(self, criterion: Criterion, bit: int) -> str:
        numbers = [number for number, rules in enumerate(self.rules) if criterion in rules.criteria]
        surely, perhaps = met(criterion)
        present, maybe_present = _presence(criterion)
        value = f"{1 << bit}::ubigint"
        candidates = f"find_candidates c where c.rule in ({_numbers(numbers)})"
        return f"""
            select encounter_id,
                case when {surely} and {present} then {value} else 0 end as sure,
                case when ({surely} or {perhaps}) and ({present} or {maybe_present}) then {value} else 0 end as perhaps
            from ({self.rows(criterion, candidates, f"find_detail_{criterion.table}")})"""

    def rows(self, criterion: Criterion, visits: str, source: str = "") -> str:
        """Return SQL for the rows of `visits` whose code or name a criterion lists, whatever their place."""
        table = criterion.table
        signals = next(each for each in (self.first, self.then, self.details) if criterion in each)
        word, value = signals.bit(criterion)
        listed = f"select code from {signals.codes(table)} where (m{word} & {value}::ubigint) <> 0"
        wanted = f"(code in ({listed}) and {self.systems[table]})"
        if criterion.names:
            named = " or ".join(f"contains(name, {_text(name)})" for name in criterion.names)
            wanted = f"({wanted} or coalesce({named}, false))"
        return f"""
            select * from (select *, {place(table)} as place from {source or table}
                where {COUNTS[table]} and encounter_id in (select encounter_id from {visits}) and {wanted})
            where place is not null"""

    # Decisions ---------------------------------------------------------------------------------------------------

    def decision(self, number: int) -> str:
        """Return SQL for the decision on every candidate of a rule, with the ids that led to it."""
        rules = self.rules[number]
        column = self._column(rules)
        out: list[tuple[str, str]] = []
        asked: list[tuple[str, str]] = []
        opened = [("include", "v.included is null"), ("discharge", UNCLEAR)]
        for consider in rules.considers:
            raised = f"({sql_target.sql(consider.raised, column)}) is not false" if consider.raised else "false"
            opened.append((consider.id, f"v.included is not true and {raised}"))
        for each in rules.exclusions:
            truth = self.truth(each, column)
            if each.ask is not None:
                opened.append((each.id, f"({truth}) is not false"))
            elif each.by_unit is None:
                out.append((each.id, f"({truth})"))
                (asked if each.unknown_only_asks else opened).append((each.id, f"({truth}) is null"))
        return f"""
            select *, case when len(excluded) > 0 then 'out' when len(open) > 0 then 'undecided' else 'in' end
                as decision
            from (select {number} as rule, v.encounter_id, v.person_id, v.included, cast({END} as date) as ended,
                {_ids(out)} as excluded, {_ids(opened)} as open, {_ids(asked)} as asked
                {self._from(number)})"""

    def _from(self, number: int) -> str:
        joins = " ".join(
            f"left join ({self._decided(abbr)}) y{place} on y{place}.encounter_id = v.encounter_id"
            for place, abbr in enumerate(self.rules[number].yields_to)
        )
        return f"from (select * from find_joined where rule = {number}) v {joins}"

    def _join(self) -> None:
        """Write `find_joined`: everything about the candidates side by side, those of a rule together."""
        self.con.execute("""
            create or replace temp table find_joined as
            select c.rule, c.included, v.*, f.* exclude (encounter_id), t.* exclude (encounter_id),
                x.* exclude (encounter_id), d.* exclude (encounter_id),
                h.* exclude (rule, encounter_id)
            from find_candidates c
            join find_visits v on v.encounter_id = c.encounter_id
            left join find_first_flags f on f.encounter_id = c.encounter_id
            left join find_then_flags t on t.encounter_id = c.encounter_id
            left join find_earlier x on x.encounter_id = c.encounter_id
            left join find_details d on d.encounter_id = c.encounter_id
            left join find_history h on h.rule = c.rule and h.encounter_id = c.encounter_id
            order by c.rule""")

    def _decided(self, abbr: str) -> str:
        numbers = [number for number, rules in enumerate(self.rules) if rules.abbr == abbr]
        return f"""select encounter_id, min(decision) as decision from find_decided
            where rule in ({_numbers(numbers)}) group by encounter_id"""

    def gates(self, number: int) -> dict[str, str]:
        """Return SQL for what must hold of a visit before any criterion is looked at."""
        rules = self.rules[number]
        return {
            "class": f"v.encounter_class in ({_texts(rules.classes)})",
            "ended": f"case when not ({ENDED}) then false when not {UNCLEAR} then true end",
            "version": self._valid(rules, END),
        }

    def details_of(self, number: int) -> tuple[dict[str, str], str]:
        """Return SQL for every criterion, fact and rule of a visit, by name, and the tables that it reads."""
        rules = self.rules[number]
        column = self._column(rules)
        read = {f"gate {name}": sql for name, sql in self.gates(number).items()} | {"include": "v.included"}
        read |= {f"criterion {each.id}": column(each.id) for each in rules.criteria}
        read |= {f"consider {each.id}": sql_target.sql(each.raised, column) for each in rules.considers if each.raised}
        read |= {f"exclusion {each.id}": self.truth(each, column) for each in rules.exclusions}
        named = {name for each in expressions(rules) for name in each.fields if name in facts.FACTS}
        read |= {f"fact {name}": facts.sql_of(name) for name in sorted(named | {"encounter_class", "discharge_time"})}
        return read, self._from(number)

    def truth(self, each: Exclusion, column: Column) -> str:
        """Return SQL for whether an exclusion holds; for a question, whether records raise it."""
        told = each.when if each.ask is None else each.raised
        own = sql_target.sql(told, column) if told is not None else "true" if each.packs else "false"
        if not each.packs:
            return own
        return f"({' or '.join(column(f'case of {abbr}') for abbr in each.packs)}) and ({own})"

    def _column(self, rules: Rules) -> Column:
        known = {each.abbr for each in self.rules}

        def column(name: str) -> str:
            if name.startswith("case of "):
                abbr = name.removeprefix("case of ")
                if abbr not in known:
                    return "null::boolean"
                decided = f"y{rules.yields_to.index(abbr)}.decision"
                return f"(case {decided} when 'in' then true when 'undecided' then null else false end)"
            criterion = rules.criterion(name)
            return facts.sql_of(name) if criterion is None else self._criterion(criterion)

        return column

    def _criterion(self, criterion: Criterion) -> str:
        if criterion.is_detailed:
            value = f"{1 << self._detailed[criterion]}::ubigint"
            return _three_valued(f"v.sure_details & {value}", f"v.perhaps_details & {value}")
        if criterion.earlier:
            word, bit = self.first.bit(criterion)
            return f"(coalesce(v.e{word} & {bit}::ubigint, 0) <> 0)"
        signals = self.first if criterion in self.first else self.then
        word, bit = signals.bit(criterion)
        sure, perhaps = f"v.{signals.name}_s{word}", f"v.{signals.name}_u{word}"
        return _three_valued(f"{sure} & {bit}::ubigint", f"{perhaps} & {bit}::ubigint")


def expressions(rules: Rules) -> Iterator[Expression]:
    """Return every expression of a rule."""
    yield from candidate_expressions(rules)
    yield from (expression for each in rules.exclusions for expression in each.expressions)


def candidate_expressions(rules: Rules) -> Iterator[Expression]:
    """Return the expressions that make a visit a candidate."""
    yield rules.include
    yield from (each.raised for each in rules.considers if each.raised is not None)


class _Unknown(dict[str, object]):
    """A visit of which nothing is known but the given."""

    def __missing__(self, name: str) -> object:
        return None

    def get(self, name: str, default: object = None) -> object:
        return self[name]


def _presence(criterion: Criterion) -> tuple[str, str]:
    if criterion.present_on_admission is None:
        return "true", "false"
    wanted, opposite = ("yes", "no") if criterion.present_on_admission else ("no", "yes")
    return f"coalesce(present_on_admission, '') = '{wanted}'", f"coalesce(present_on_admission, '') <> '{opposite}'"


def _three_valued(sure: str, perhaps: str) -> str:
    return f"(case when ({sure}) <> 0 then true when ({perhaps}) <> 0 then null else false end)"


def _ids(cases: Iterable[tuple[str, str]]) -> str:
    listed = ", ".join(f"case when {condition} then '{name}' end" for name, condition in cases)
    if not listed:
        return "[]::varchar[]"
    return f"list_filter([{listed}]::varchar[], lambda id: id is not null)"


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def _texts(values: Iterable[str]) -> str:
    return ", ".join(map(_text, values))


def _numbers(values: Iterable[int]) -> str:
    return ", ".join(map(str, values)) or "null"


_DECIDED = """
    create or replace temp table find_decided (
        rule integer, encounter_id varchar, person_id varchar, included boolean, ended date,
        excluded varchar[], open varchar[], asked varchar[], decision varchar)"""
