"""What was found: the cases with their decisions, the reasons and questions in words, and the rows that prove them."""

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

import duckdb
import pyarrow as pa

from zhiheng.engine.find.codes import met
from zhiheng.engine.find.facts import FACTS
from zhiheng.engine.find.query import EARLIER, Search, table
from zhiheng.engine.find.rules import Criterion, Decision, Exclusion, Rules, Unit


@dataclass(frozen=True)
class Saying:
    """A reason or a question: which rule says it, and in what words."""

    id: str
    text: str


@dataclass(frozen=True)
class Evidence:
    """A row that met a criterion: enough to find the very row and version again."""

    criterion: str
    table: str
    encounter_id: str
    source: str
    source_id: str
    record_version: int
    code: str | None
    name: str | None


@dataclass(frozen=True)
class Case:
    """A visit (or a patient and year) that a pack looked at. `encounter_ids` has more than one only by the year."""

    pack: str
    version: str
    unit: Unit
    encounter_id: str
    encounter_ids: tuple[str, ...]
    person_id: str
    year: int | None
    quarters: tuple[int, ...]
    decision: Decision
    reasons: tuple[Saying, ...]  # why it is out
    questions: tuple[Saying, ...]  # what must be answered before it is decided
    standing: tuple[Saying, ...]  # what records cannot know, and a person should keep in mind


@dataclass(frozen=True)
class Visit:
    """The decision on one visit under one rule, before visits become cases."""

    rule: int
    encounter_id: str
    person_id: str
    ended: date | None
    decision: Decision
    excluded: tuple[str, ...]
    open: tuple[str, ...]
    asked: tuple[str, ...]


class Found:
    """The result of a search; reasons, evidence and explanations are made on demand."""

    def __init__(self, search: Search) -> None:
        self._search = search
        self.rules = search.rules

    def table(self) -> pa.Table:
        """Return the decisions by visit: pack, version, encounter, person, decision and the ids that led to it."""
        self._search.name_packs()
        return table(
            self._search.con,
            """select pack, version, encounter_id, person_id, decision, excluded, open, asked
            from find_decided join find_packs using (rule) order by rule, encounter_id""",
        )

    def __iter__(self) -> Iterator[Case]:
        return iter(self.cases())

    def cases(self) -> list[Case]:
        """Return every case with its reasons and questions in words, in the order of packs and visits."""
        visits = [_visit(row) for row in self._search.con.execute(_VISITS).fetchall()]
        single = [visit for visit in visits if self.rules[visit.rule].unit is not Unit.PATIENT_YEAR]
        yearly: dict[tuple[str, str, int | None], list[Visit]] = {}
        for visit in visits:
            if self.rules[visit.rule].unit is Unit.PATIENT_YEAR:
                year = visit.ended.year if visit.ended else None
                yearly.setdefault((self.rules[visit.rule].abbr, visit.person_id, year), []).append(visit)
        groups = [[visit] for visit in single] + list(yearly.values())
        return [self._case(group) for group in sorted(groups, key=lambda group: (group[0].rule, group[0].encounter_id))]

    def _case(self, visits: list[Visit]) -> Case:
        decided = next(
            kind for kind in (Decision.IN, Decision.UNDECIDED, Decision.OUT) if any(v.decision is kind for v in visits)
        )
        deciding = [visit for visit in visits if visit.decision is decided]
        last = max(visits, key=lambda visit: (visit.ended or date.min, visit.rule))
        rules = self.rules[last.rule]
        yearly = rules.unit is Unit.PATIENT_YEAR
        return Case(
            pack=rules.abbr,
            version=rules.version,
            unit=rules.unit,
            encounter_id=deciding[0].encounter_id,
            encounter_ids=tuple(visit.encounter_id for visit in deciding),
            person_id=last.person_id,
            year=last.ended.year if yearly and last.ended else None,
            quarters=_quarters(deciding) if yearly else (),
            decision=decided,
            reasons=self._sayings(rules, [each for visit in deciding for each in visit.excluded], reason),
            questions=self._sayings(rules, [each for visit in deciding for each in visit.open], question),
            standing=self._standing(rules, deciding),
        )

    def _sayings(self, rules: Rules, ids: list[str], words: Callable[[Rules, str], str]) -> tuple[Saying, ...]:
        return tuple(Saying(each, words(rules, each)) for each in dict.fromkeys(ids))

    def _standing(self, rules: Rules, visits: list[Visit]) -> tuple[Saying, ...]:
        opened = {each for visit in visits for each in visit.open}
        asked = [each for visit in visits for each in visit.asked]
        always = [each.id for each in rules.exclusions if each.ask is not None and each.id not in opened]
        return self._sayings(rules, [*asked, *always], question)

    def evidence(self, pack: str | None = None, encounter_id: str | None = None) -> list[Evidence]:
        """Return the rows that met the criteria of the decided visits, all or those of one pack or visit."""
        return [evidence for _, evidence in self.proofs(None if pack is None else {pack}, encounter_id)]

    def proofs(
        self, packs: Collection[str] | None = None, encounter_id: str | None = None
    ) -> list[tuple[str, Evidence]]:
        """Return the evidence beside the pack that it is for, read by one query for all criteria."""
        decided = {
            number for (number,) in self._search.con.execute("select distinct rule from find_decided").fetchall()
        }
        asked = [
            (number, criterion)
            for number, rules in enumerate(self.rules)
            if number in decided and (packs is None or rules.abbr in packs)
            for criterion in rules.criteria
        ]
        if not asked:
            return []
        parts = [self._proof(place, *each, encounter_id is not None) for place, each in enumerate(asked)]
        rows = self._search.con.execute(
            f"""select place, encounter_id, source, source_id, record_version, code, name
            from ({" union all ".join(parts)}) order by place, encounter_id, rank, source_id""",
            [encounter_id] * len(parts) if encounter_id is not None else [],
        ).fetchall()
        found = []
        for place, *row in rows:
            number, criterion = asked[place]
            found.append((self.rules[number].abbr, Evidence(criterion.id, criterion.table, *row)))
        return found

    def _proof(self, place: int, number: int, criterion: Criterion, of_one: bool) -> str:
        visits = f"select encounter_id from find_decided where rule = {number}"
        visits += " and encounter_id = ?" if of_one else ""
        if criterion.earlier:
            visits = f"""select past.encounter_id from ({_BY_PERSON}) now join ({_BY_PERSON}) past using (person_id)
                where now.encounter_id in ({visits}) and {EARLIER}"""
        surely, perhaps = met(criterion)
        return f"""select {place} as place, encounter_id, source, source_id, record_version, code, name, rank
            from ({self._search.rows(criterion, f"({visits})")}) where {surely} or {perhaps}"""

    def why_not(self, pack: str, encounter_id: str) -> "list[Explanation]":
        """Explain a visit to every version of a pack: each condition true, false or unknown, with what was seen."""
        return explain(self._search, pack, encounter_id)


_BY_PERSON = """
    select e.*, coalesce(l.person_id, e.patient_id) as person_id
    from encounter e left join find_persons l using (patient_id)"""
_VISITS = """
    select rule, encounter_id, person_id, ended, decision, excluded, open, asked
    from find_decided order by rule, person_id, ended, encounter_id"""


def _visit(row: tuple[Any, ...]) -> Visit:
    rule, encounter_id, person_id, ended, decision, excluded, opened, asked = row
    return Visit(rule, encounter_id, person_id, ended, Decision(decision), tuple(excluded), tuple(opened), tuple(asked))


def _quarters(visits: list[Visit]) -> tuple[int, ...]:
    return tuple(sorted({(visit.ended.month + 2) // 3 for visit in visits if visit.ended}))


# Words ---------------------------------------------------------------------------------------------------------------


def reason(rules: Rules, name: str) -> str:
    """Return why a visit is out, in the official words."""
    return _exclusion(rules, name).reason


def question(rules: Rules, name: str) -> str:
    """Return what a person must answer."""
    if name == "include":
        return "现有记录不足以判定是否符合纳入条件（如诊断未注明主次、年龄不明），请核实"
    if name == "discharge":
        return "没有出院时间，或就诊状态仍为在院，请核实患者是否已出院"
    for consider in rules.considers:
        if consider.id == name:
            return consider.ask
    each = _exclusion(rules, name)
    if each.ask is not None:
        return each.ask
    if each.packs:
        return f"本次就诊是否作为{'、'.join(each.packs)}上报尚未确定；若上报，则本病种不再上报"
    missing = "、".join(_labels(each))
    return f"现有记录无法判定“{each.reason}”，请核实" + (f"（涉及：{missing}）" if missing else "")


def _labels(each: Exclusion) -> list[str]:
    names = [name for expression in each.expressions for name in expression.fields if name in FACTS]
    return list(dict.fromkeys(FACTS[name].label for name in names))


def _exclusion(rules: Rules, name: str) -> Exclusion:
    return next(each for each in rules.exclusions if each.id == name)


# Explanations --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Step:
    """One condition on the way to a decision: true, false, or None where the records cannot say."""

    kind: str  # gate | criterion | include | consider | exclusion
    id: str
    text: str
    holds: bool | None
    seen: tuple[str, ...] = ()  # codes or values that were looked at
    evidence: tuple[Evidence, ...] = ()


@dataclass(frozen=True)
class Explanation:
    """Why a visit is or is not a case of a pack version. `decision` is None where it is no candidate at all."""

    pack: str
    version: str
    encounter_id: str
    decision: Decision | None
    steps: tuple[Step, ...]


def explain(search: Search, pack: str, encounter_id: str) -> list[Explanation]:
    """Explain one visit, from the records of its person alone, whatever the size of the hospital."""
    numbers = [number for number, rules in enumerate(search.rules) if rules.abbr == pack]
    if not numbers:
        known = ", ".join(sorted({rules.abbr for rules in search.rules}))
        raise LookupError(f'No pack "{pack}" was searched. Packs: {known}.')
    small = duckdb.connect()
    try:
        _copy_person(search.con, small, encounter_id)
        alone = Search(small, search.rules)
        alone.candidates()
        candidates = set(small.execute("select rule, encounter_id from find_candidates").fetchall())
        alone.run(also=(numbers, encounter_id))
        found = Found(alone)
        return [_explanation(found, alone, each, encounter_id, (each, encounter_id) in candidates) for each in numbers]
    finally:
        small.close()


def _copy_person(con: duckdb.DuckDBPyConnection, small: duckdb.DuckDBPyConnection, encounter_id: str) -> None:
    if not con.execute("select 1 from encounter where encounter_id = ?", [encounter_id]).fetchall():
        raise LookupError(f'No visit "{encounter_id}" in the records.')
    con.execute(
        """create or replace temp table find_person_visits as
        select e.encounter_id, e.patient_id from encounter e left join find_persons l using (patient_id)
        where coalesce(l.person_id, e.patient_id) in (
            select coalesce(l.person_id, e.patient_id) from encounter e left join find_persons l using (patient_id)
            where e.encounter_id = ?)""",
        [encounter_id],
    )
    for name in ("encounter", "diagnosis", "procedure", "stay"):
        small.register(name, _those(con, name, "encounter_id"))
    for name in ("patient", "find_persons"):
        small.register(name, _those(con, name, "patient_id"))


def _those(con: duckdb.DuckDBPyConnection, name: str, key: str) -> pa.Table:
    return table(con, f"select * from {name} where {key} in (select {key} from find_person_visits)")


def _explanation(found: Found, search: Search, number: int, encounter_id: str, candidate: bool) -> Explanation:
    rules = search.rules[number]
    read, tables = search.details_of(number)
    columns = ", ".join(read.values())
    values = search.con.execute(f"select {columns} {tables} where v.encounter_id = ?", [encounter_id])
    truth = dict(zip(read, values.fetchone() or (), strict=True))
    proof = found.evidence(rules.abbr, encounter_id)
    decided = search.con.execute(
        "select decision from find_decided where rule = ? and encounter_id = ?", [number, encounter_id]
    ).fetchone()
    steps = [*_gates(rules, truth), *_criteria(search, rules, truth, proof, encounter_id)]
    steps.append(Step("include", "include", f"纳入条件：{rules.include.text}", truth["include"]))
    steps += [Step("consider", each.id, each.ask, truth.get(f"consider {each.id}")) for each in rules.considers]
    steps += [_excluding(each, truth) for each in rules.exclusions]
    decision = Decision(decided[0]) if candidate and decided else None
    return Explanation(rules.abbr, rules.version, encounter_id, decision, tuple(steps))


def _gates(rules: Rules, truth: dict[str, Any]) -> list[Step]:
    valid = f"{rules.valid_from or '…'} 至 {rules.valid_until or '…'}"
    said = {
        "class": (f"就诊类别属于 {'、'.join(rules.classes)}", _seen(truth, ("encounter_class",))),
        "ended": ("已出院，且未取消（在院或已取消的就诊还不是病例）", _seen(truth, ("discharge_time",))),
        "version": (f"出院日期在本版本有效期内（{valid}）", _seen(truth, ("discharge_time",))),
    }
    return [Step("gate", name, text, truth[f"gate {name}"], seen) for name, (text, seen) in said.items()]


def _criteria(
    search: Search, rules: Rules, truth: dict[str, Any], proof: list[Evidence], encounter_id: str
) -> list[Step]:
    steps = []
    for each in rules.criteria:
        rows = search.con.execute(
            f"select code, name from {each.table} where encounter_id = ? order by rank, source_id", [encounter_id]
        ).fetchall()
        seen = tuple(f"{code or '（无编码）'} {name or ''}".strip() for code, name in rows)
        steps.append(
            Step(
                "criterion",
                each.id,
                criterion_text(each),
                truth[f"criterion {each.id}"],
                seen,
                tuple(row for row in proof if row.criterion == each.id),
            )
        )
    return steps


_POSITIONS = {
    ("diagnosis", "principal"): "主要诊断",
    ("diagnosis", "other"): "其他诊断",
    ("diagnosis", "any"): "主要或其他诊断",
    ("diagnosis", "first_two"): "第一或第二诊断",
    ("procedure", "principal"): "主要手术操作",
    ("procedure", "any"): "手术操作",
}


def criterion_text(each: Criterion) -> str:
    told = [
        f"编码为 {'、'.join(each.listed)}" if each.listed else "",
        f"名称含“{'”“'.join(each.names)}”" if each.names else "",
    ]
    where = "既往就诊的" if each.earlier else ""
    if each.present_on_admission is not None:
        where = "入院时已有的" if each.present_on_admission else "入院后发生的"
    return f"{where}{_POSITIONS[each.table, each.position]}{'或'.join(text for text in told if text)}"


def _excluding(each: Exclusion, truth: dict[str, Any]) -> Step:
    names = tuple(name for expression in each.expressions for name in expression.fields if name in FACTS)
    text = each.reason + (f"（提问：{each.ask}）" if each.ask else "") + (f"（{each.by_unit}）" if each.by_unit else "")
    holds = truth[f"exclusion {each.id}"]
    if each.ask is not None and holds is False:
        holds = None  # records do not hint at it, but only a person knows
    return Step("exclusion", each.id, text, holds, _seen(truth, names))


def _seen(truth: dict[str, Any], names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(f"{FACTS[name].label}：{_shown(truth[f'fact {name}'])}" for name in dict.fromkeys(names))


def _shown(value: object) -> str:
    if value is None:
        return "无记录"
    if isinstance(value, bool):
        return "是" if value else "否"
    return f"{value:g}" if isinstance(value, float) else str(value)
