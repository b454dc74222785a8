"""Stories told by a template of `stories.yaml`: the right codes, plausible times, a few drugs, values and notes."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any

from zhiheng.sources.demo.calendar import DAY, HOUR, MINUTE
from zhiheng.sources.demo.catalogue import Catalogue, catalogue
from zhiheng.sources.demo.dice import Dice
from zhiheng.sources.demo.visit import Visit, coded

if TYPE_CHECKING:
    from zhiheng.sources.demo.hospital import Hospital

COMORBID = (
    "I10.x00x002 高血压",
    "E78.500 高脂血症",
    "E11.900 2型糖尿病",
    "I25.103 冠状动脉粥样硬化性心脏病",
    "K29.500 慢性胃炎",
    "K76.000 脂肪肝",
    "M81.900 骨质疏松",
    "D64.901 轻度贫血",
    "I67.200 脑动脉粥样硬化",
    "J98.400 肺的其他疾患",
    "E87.600 低钾血症",
    "N28.101 肾囊肿",
)
ROUTINE = ("wbc", "hgb", "plt", "creatinine", "potassium", "alt", "glucose")


@dataclass(frozen=True)
class Step:
    """A procedure of a template: one of `codes`, on the how-many-eth day, for how long."""

    codes: tuple[str, ...]
    day: int = 1
    minutes: tuple[int, int] = (30, 90)
    level: str = "3"
    healing: str = "-"
    anaesthesia: str = "-"
    prophylaxis: str = ""
    blood_loss: tuple[int, int] = (0, 0)


@dataclass(frozen=True)
class Template:
    """A simple story."""

    story: str
    department: str
    age: tuple[float, float]
    principal: tuple[str, ...]
    days: tuple[int, int] = (3, 8)
    money: tuple[str, float] = ("medical", 8000)
    sex: str = ""
    route: str = ""
    with_: tuple[str, ...] = ()
    often: tuple[str, ...] = COMORBID
    procedures: tuple[Step, ...] = ()
    pathology: tuple[str, ...] = ()
    cause: tuple[str, ...] = ()
    drugs: tuple[str, ...] = ()
    home: tuple[str, ...] = ()
    labs: dict[str, tuple[float, float]] = field(default_factory=dict)
    exams: tuple[tuple[str, str, str], ...] = ()
    icu_hours: tuple[int, int] = (0, 0)
    ventilated: tuple[int, int] = (0, 0)
    died: float = 0.0
    weight: float = 1.0
    text: str = ""


@cache
def _all(kind: str) -> list[Template]:
    return [_template(said) for said in catalogue().stories[kind]]


def templates(book: Catalogue, kind: str) -> list[Template]:
    """Return the templates of a kind: diseases, ordinary or visits."""
    return _all(kind)


def story(template: Template) -> Callable[["Hospital", Dice, int], None]:
    """Return the story of one admission by this template."""

    def tell(hospital: "Hospital", dice: Dice, number: int) -> None:
        days = dice.whole(*template.days)
        midnight = hospital.time(dice, days)
        who = hospital.patient(dice, number, _sex(template, dice), _age(template, dice), midnight)
        admit(hospital, dice, who, template, midnight, days)

    return tell


def admit(
    hospital: "Hospital", dice: Dice, who: Any, template: Template, midnight: int, days: int, **more: Any
) -> Visit:
    """Tell one admission of `who`."""
    admitted = midnight + dice.whole(8 * 60, 17 * 60) * MINUTE
    discharged = midnight + days * DAY + dice.whole(8 * 60 + 30, 11 * 60) * MINUTE
    visit = hospital.admit(who, template.department, admitted, discharged, template.story, **more)
    visit.payment = dice.pick("1112233789")
    visit.route = more.get("route") or template.route or ("1" if dice.chance(0.25) else "2")
    _diagnose(visit, dice, template)
    if template.died and dice.chance(template.died):
        visit.mode = "5"
    for step in template.procedures:
        _operate(visit, dice, step)
    _care(visit, dice, template)
    hospital.close(dice, visit, *template.money)
    return visit


def visit(template: Template) -> Callable[["Hospital", Dice, int], None]:
    """Return the story of one outpatient or emergency visit."""

    def tell(hospital: "Hospital", dice: Dice, number: int) -> None:
        at = hospital.time(dice, 1) + dice.whole(7 * 60, 20 * 60) * MINUTE
        who = hospital.patient(dice, number, _sex(template, dice), _age(template, dice), at)
        hospital.register(who)
        emergency = template.route == "1"
        told = hospital.admit(who, template.department, at, at + dice.whole(20, 180) * MINUTE, template.story)
        told.id = f"{'JZ' if emergency else 'MZ'}{who.record_number}"
        told.kind = "emergency" if emergency else "outpatient"
        told.transport = dice.pick(("救护车", "出租车", "私家车")) if emergency else ""
        if template.text:
            told.facts["packs"] = template.text.split()
        hospital.outpatient(
            told, [dice.pick(template.principal)], [dice.pick(step.codes) for step in template.procedures], "回家"
        )

    return tell


def routine(
    visit: Visit, dice: Dice, known: dict[str, tuple[float, float]] | None = None, tests: tuple[str, ...] = ROUTINE[:4]
) -> None:
    """Draw the blood of the first morning: values within the reference range unless the story knows better."""
    at = visit.admitted + dice.whole(20, 90) * MINUTE
    ranges = known or {}
    for test in (*tests, *(name for name in ranges if name not in tests)):
        line = visit.book.tests[test]
        low, high = ranges.get(test) or (line.low or 0.0, line.high or 1.0)
        visit.lab(test, low + (high - low) * dice.random(), at)


def _sex(template: Template, dice: Dice) -> str:
    return template.sex or ("male" if dice.chance(0.52) else "female")


def _age(template: Template, dice: Dice) -> float:
    low, high = template.age
    return dice.whole(int(low), int(high)) if low == int(low) else low + (high - low) * dice.random()


def _diagnose(visit: Visit, dice: Dice, template: Template) -> None:
    died = "4" if visit.mode == "5" else "2"
    visit.diagnose(dice.pick(template.principal), outcome=died)
    for text in template.with_:
        visit.diagnose(text)
    if visit.age >= 40 or template.often is not COMORBID:
        for text in dice.some(template.often, 4):
            visit.diagnose(text)
    if template.pathology:
        code, name = dice.pick(template.pathology).split(" ", 1)
        visit.pathology = (code, name, f"B{visit.id.replace('-', '')}")
    if template.cause:
        visit.external_cause = coded(dice.pick(template.cause))


def _operate(visit: Visit, dice: Dice, step: Step) -> None:
    day = min(step.day, max(0, visit.discharged // DAY - visit.admitted // DAY - 1))
    start = visit.admitted // DAY * DAY + day * DAY + dice.whole(8 * 60, 15 * 60) * MINUTE
    start = max(start, visit.admitted + 30 * MINUTE)
    minutes = dice.whole(*step.minutes)
    if step.prophylaxis:
        visit.give(step.prophylaxis, start - dice.whole(30, 50) * MINUTE)
    visit.operate(
        dice.pick(step.codes),
        start,
        minutes,
        level=step.level,
        healing=step.healing,
        anaesthesia=step.anaesthesia,
        asa="2" if step.anaesthesia != "-" else "-",
        blood_loss=dice.whole(*step.blood_loss),
        logged=step.anaesthesia != "-",
    )


def _care(visit: Visit, dice: Dice, template: Template) -> None:
    start = visit.admitted + dice.whole(30, 120) * MINUTE
    for drug in template.drugs:
        order = visit.order(drug, start)
        visit.give(drug, start + dice.whole(20, 90) * MINUTE, order=order)
    for drug in template.home:
        if visit.mode != "5":
            visit.take_home(drug)
    routine(visit, dice, template.labs)
    for modality, name, words in template.exams:
        findings, _, conclusion = words.partition("|")
        visit.examine(modality, name, visit.admitted + dice.whole(60, 600) * MINUTE, findings, conclusion or findings)
    if template.icu_hours[1]:
        start = visit.operations[0].start + 3 * HOUR if visit.operations else visit.admitted + HOUR
        end = min(start + dice.whole(*template.icu_hours) * HOUR, visit.discharged - HOUR)
        visit.intensive("7", "综合ICU", start, end)
    visit.ventilator_hours = dice.whole(*template.ventilated) if template.ventilated[1] else 0
    principal = visit.diagnoses[0].name
    visit.note(
        "入院记录",
        "入院记录",
        visit.admitted + 2 * HOUR,
        template.text
        or f"患者因“{principal}”入院。一般情况可，生命体征平稳。初步诊断：{principal}。诊疗计划：完善检查，对症治疗。",
    )


_TUPLES = ("principal", "often", "pathology", "cause", "drugs", "home")
_RANGES = ("days", "age", "icu_hours", "ventilated")


def _template(said: dict[str, Any]) -> Template:
    more = dict(said)
    more["with_"] = tuple(more.pop("with", ()))
    for name in _RANGES:
        if name in more:
            more[name] = _range(more[name])
    for name in _TUPLES:
        if name in more:
            more[name] = tuple(more[name])
    if "money" in more:
        kind, amount = more["money"].split()
        more["money"] = (kind, float(amount))
    more["procedures"] = tuple(_step(one) for one in more.get("procedures", ()))
    more["labs"] = {test: _range(text) for test, text in more.get("labs", {}).items()}
    more["exams"] = tuple(tuple(text.split(" ", 2)) for text in more.get("exams", ()))
    return Template(**more)


def _step(said: dict[str, Any]) -> Step:
    more = dict(said)
    more["codes"] = tuple(more["codes"])
    for name in ("minutes", "blood_loss"):
        if name in more:
            low, high = _range(more[name])
            more[name] = (int(low), int(high))
    for name in ("level", "healing"):
        if name in more:
            more[name] = str(more[name])
    return Step(**more)


def _range(text: object) -> tuple[Any, Any]:
    low, _, high = str(text).partition("~")
    numbers = tuple(float(part) if "." in part else int(part) for part in (low, high or low))
    return numbers[0], numbers[1]
