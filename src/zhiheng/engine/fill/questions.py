"""What packs ask of records: questions, each with the rules that ask it.

The packs share most of their rules: what fifty-five packs ask of a table is a few dozen different questions.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from zhiheng.engine.form import Form, Item, ItemType

from .rules import Plan, Rule
from .terms import Terms
from .units import Units

TOGETHER = 60  # questions in one query: planning takes more than twice as long for twice as many


@dataclass(frozen=True)
class Job:
    """A plan to run over some cases, with the terms and units that its rules speak of."""

    plan: Plan
    terms: Terms
    units: Units
    known: Mapping[str, Mapping[str, object]] = field(default_factory=dict)  # people's answers by case and item
    visits: Mapping[str, Collection[str]] = field(default_factory=dict)  # by case: all its visits, where it has several

    @classmethod
    def nothing(cls, form: Form) -> "Job":
        """Return the job of a pack that fills nothing."""
        return cls(Plan(form.abbr, form, ()), Terms(()), Units(()))


TRANSLATED, NUMBER, AS_FOUND = 0, 1, 2  # what is done with a raw value


@dataclass(frozen=True)
class User:
    """A rule of one job. `number` tells it from all others and keeps the order of its pack."""

    number: int
    job: int
    rule: Rule
    item: Item
    turn: int  # the pass in which it runs
    decided: int  # the pass after which its item is decided
    is_simple: bool  # the only rule of its item, and it takes one row
    denies: bool  # it or another rule of its item answers with an absence

    @property
    def several(self) -> bool:
        return self.item.type is ItemType.CHOICES

    @property
    def kind(self) -> int:
        if _is_translated(self.rule, self.item):
            return TRANSLATED
        return NUMBER if self.item.type is ItemType.NUMBER else AS_FOUND


def users(jobs: Sequence[Job]) -> Iterator[User]:
    first = 0
    for number, job in enumerate(jobs):
        plan = job.plan
        turns = {rule.id: turn for turn, rules in enumerate(plan.passes) for rule in rules}
        by_item: dict[str, list[Rule]] = {}
        for rule in plan.rules:
            by_item.setdefault(rule.item, []).append(rule)
        for place, rule in enumerate(plan.rules):
            same = by_item[rule.item]
            decided = max(turns[each.id] for each in same)
            simple = len(same) == 1 and rule.takes_one_row
            denies = any(each.absent is not None for each in same)
            yield User(first + place, number, rule, plan.items[rule.item], turns[rule.id], decided, simple, denies)
        first += len(plan.rules)


@dataclass(frozen=True)
class Asked:
    """A question to the rows of a table, with all rules that ask it. `rule` and `item` stand for them."""

    rule: Rule
    item: Item
    users: tuple[User, ...]

    @property
    def denies(self) -> bool:
        return any(user.denies for user in self.users)


def asked(users: Sequence[User]) -> list[Asked]:
    by_question: dict[tuple[object, ...], list[User]] = {}
    for user in users:
        by_question.setdefault(_question(user), []).append(user)
    found = []
    for number, same in enumerate(by_question.values()):
        absent = next((user.rule.absent for user in same if user.rule.absent is not None), None)
        rule = replace(same[0].rule, id=str(number), absent=absent)
        found.append(Asked(rule, same[0].item, tuple(same)))
    return found


def _question(user: User) -> tuple[object, ...]:
    """Return all that decides which row is taken and what is read from it."""
    rule, kind = user.rule, user.item.type
    timed = kind if kind in (ItemType.DATE, ItemType.DATETIME) else None
    terms = tuple(rule.mapping or ()) if rule.maps_terms else None
    read = (rule.value, rule.answer, rule.pattern, rule.unit, timed, terms)
    return (rule.take, rule.where, rule.terms, rule.order, rule.negated, rule.visits, rule.during, *read)


def _is_translated(rule: Rule, item: Item) -> bool:
    closed = item.type in (ItemType.CHOICE, ItemType.CHOICES)
    return closed or rule.mapping is not None or rule.by_code or (item.type is ItemType.TEXT and bool(item.max_length))
