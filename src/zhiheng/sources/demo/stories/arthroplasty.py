"""Replacement of a hip or knee: prophylaxis, times of the operation, prevention of thrombosis, blood, healing."""
# ruff: noqa: E501 - the sentences of notes stay whole

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from zhiheng.sources.demo.calendar import DAY, HOUR, MINUTE
from zhiheng.sources.demo.dice import Dice
from zhiheng.sources.demo.stories.simple import COMORBID, routine
from zhiheng.sources.demo.visit import Operation, Visit, coded

if TYPE_CHECKING:
    from zhiheng.sources.demo.hospital import Hospital


@dataclass(frozen=True)
class Joint:
    """A joint that is replaced."""

    story: str
    abbr: str
    name: str
    diseases: tuple[tuple[str, str], ...]  # diagnosis, procedure
    pathway: str


HIP = Joint(
    "thr", "THR", "髋",
    (("S72.000 股骨颈骨折", "81.5100 全髋关节置换"), ("S72.000x031 股骨颈头下骨折", "81.5201 人工股骨头置换术"),
     ("M87.002 股骨头无菌性坏死", "81.5100 全髋关节置换"), ("M16.101 原发性单侧髋关节病", "81.5100 全髋关节置换")),
    "Harris",
)  # fmt: skip
KNEE = Joint(
    "tkr", "TKR", "膝",
    (("M17.101 原发性单侧膝关节病", "81.5400 全部膝关节置换"), ("M17.900x003 双侧膝关节骨性关节病", "81.5400 全部膝关节置换"),
     ("M17.900x004 单侧膝关节骨性关节病", "81.5400x004 膝关节单髁表面置换术")),
    "HSS",
)  # fmt: skip


@dataclass(frozen=True)
class Plan:
    """What happens. Times in minutes before the incision, or hours after the closure."""

    name: str
    before: int | None = None  # first antibacterial dose before the incision
    stop: int | None = None  # last dose after the closure, hours
    drug: str = "头孢唑林"
    minutes: int | None = None  # length of the operation
    blood_loss: int | None = None
    units: float = 0
    clot: int | None = 12  # first anticoagulant after the closure, hours; None: none
    complication: str = ""
    age: int | None = None
    days: int | None = None
    disease: int | None = None
    mode: str = "1"


PLANS = (
    Plan("on_time", before=35, stop=20),
    Plan("antibiotic_60", before=60, stop=24),
    Plan("antibiotic_61", before=61, stop=22),
    Plan("antibiotic_after_incision", before=-10, stop=23),
    Plan("stopped_at_48", before=40, stop=47),
    Plan("stopped_late", before=30, stop=90),
    Plan("no_antibiotic", drug=""),
    Plan("long_operation_redosed", before=38, stop=21, minutes=200),
    Plan("bled_and_transfused", before=32, stop=23, blood_loss=1600, units=4),
    Plan("no_anticoagulant", before=33, stop=20, clot=None),
    Plan("deep_vein_thrombosis", before=36, stop=22, complication="I80.207 下肢深静脉血栓形成", days=19),
    Plan("wound_infection", before=34, stop=23, complication="T81.400x001 操作后伤口感染", days=24),
    Plan("minor", before=35, stop=20, age=17, disease=2),
    Plan("stayed_long", before=37, stop=21, days=93),
    Plan("against_advice", before=31, stop=12, days=5, mode="4"),
)
USUAL = Plan("usual")


def story(joint: Joint, plan: Plan) -> Callable[["Hospital", Dice, int], None]:
    """Return the story of one operation by this plan."""

    def tell(hospital: "Hospital", dice: Dice, number: int) -> None:
        days = plan.days or dice.whole(9, 15)
        midnight = hospital.time(dice, days)
        sex = "female" if dice.chance(0.62) else "male"
        who = hospital.patient(dice, number, sex, plan.age or dice.whole(52, 86), midnight)
        admit(hospital, dice, who, joint, plan, midnight, days)

    return tell


def readmitted(joint: Joint, days_between: int) -> Callable[["Hospital", Dice, int], None]:
    """Return the story of the other side being replaced `days_between` days after the first discharge."""

    def tell(hospital: "Hospital", dice: Dice, number: int) -> None:
        midnight = hospital.time(dice, 10, 90)
        who = hospital.patient(dice, number, "female", dice.whole(60, 78), midnight)
        first = admit(hospital, dice, who, joint, Plan("first_side", before=35, stop=20), midnight, 10)
        again = first.discharged // DAY * DAY + days_between * DAY
        second = Plan(f"second_side_after_{days_between}_days", before=36, stop=21)
        admit(hospital, dice, who, joint, second, again, 10, again=days_between)

    return tell


def admit(
    hospital: "Hospital",
    dice: Dice,
    who: object,
    joint: Joint,
    plan: Plan,
    midnight: int,
    days: int,
    again: int | None = None,
) -> Visit:
    """Tell one admission."""
    admitted = midnight + dice.whole(8 * 60, 16 * 60) * MINUTE
    discharged = midnight + days * DAY + dice.whole(9 * 60, 11 * 60) * MINUTE
    visit = hospital.admit(who, "orthopaedics", admitted, discharged, f"{joint.story}_{plan.name}")  # type: ignore[arg-type]
    disease, procedure = joint.diseases[plan.disease] if plan.disease is not None else dice.pick(joint.diseases)
    visit.route = "1" if disease.startswith("S") else "2"
    visit.mode, visit.payment = plan.mode, dice.pick("1122338")
    visit.weight, visit.height = round(dice.around(64, 14), 1), dice.whole(150, 176)
    visit.transport = "救护车" if disease.startswith("S") else "私家车"
    visit.diagnose(disease, outcome="1")
    if disease.startswith("S"):
        visit.external_cause = coded("W01.x00 在同一平面上滑倒、绊倒和摔倒")
    for text in dice.some(COMORBID, 3):
        visit.diagnose(text)
    if plan.complication:
        visit.diagnose(plan.complication, present="4")
    operation = _operate(visit, dice, joint, plan, procedure)
    _thrombosis(visit, dice, plan, operation)
    _blood(visit, plan, operation)
    _texts(visit, dice, joint, plan, operation)
    routine(
        visit, dice, {"hgb": (98, 145), "ddimer": (0.2, 2.4), "albumin": (32, 45), "inr": (0.9, 1.1), "crp": (1, 20)}
    )
    _expect(visit, joint, plan, again)
    hospital.close(dice, visit, "device", 58000)
    return visit


def _expect(visit: Visit, joint: Joint, plan: Plan, again: int | None) -> None:
    if plan.days and plan.days > 90:
        visit.facts["out"] = {joint.abbr: "stay_over_90", "DVT": "stay_over_90"}
    elif again is not None and again <= 30:
        visit.facts["out"] = {joint.abbr: "same_disease_within_30_days"}


def _operate(visit: Visit, dice: Dice, joint: Joint, plan: Plan, procedure: str) -> Operation:
    wait = 1 if (visit.discharged - visit.admitted) // DAY < 7 else dice.whole(2, 3)
    incision = visit.admitted // DAY * DAY + wait * DAY + dice.whole(8 * 60 + 30, 14 * 60) * MINUTE
    minutes = plan.minutes or dice.whole(65, 130)
    closure = incision + minutes * MINUTE
    loss = plan.blood_loss or dice.whole(120, 480)
    operation = visit.operate(
        procedure, incision, minutes, level="4", healing="3" if plan.complication.startswith("T") else "2",
        anaesthesia=dice.pick(("01", "02")), asa=dice.pick("223"), blood_loss=loss,
    )  # fmt: skip
    if plan.drug:
        before = plan.before if plan.before is not None else dice.whole(28, 55)
        first = incision - before * MINUTE
        order = visit.order(plan.drug, first - 10 * MINUTE, first + MINUTE, frequency="术前30分钟")
        visit.give(plan.drug, first, order=order)
        if minutes >= 180:
            visit.give(plan.drug, incision + 175 * MINUTE, order=order)
        _afterwards(visit, plan, closure, before)
    visit.give("氨甲环酸", incision - 5 * MINUTE)
    visit.facts.update(operation_minutes=minutes, blood_loss_ml=loss)
    return operation


def _afterwards(visit: Visit, plan: Plan, closure: int, before: int) -> None:
    stop = closure + (plan.stop if plan.stop is not None else 20) * HOUR
    order = visit.order(plan.drug, closure + 6 * HOUR, stop, frequency="q8h")
    at = closure + 6 * HOUR
    while at < stop:
        visit.give(plan.drug, at, order=order)
        at += 8 * HOUR
    visit.give(plan.drug, stop, order=order)
    visit.facts.update(antibacterial_before_incision_minutes=before, antibacterial_stop_hours=(stop - closure) // HOUR)


def _thrombosis(visit: Visit, dice: Dice, plan: Plan, operation: Operation) -> None:
    closure = operation.start + operation.minutes * MINUTE
    score = dice.whole(6, 10)
    visit.measure("评分", "Caprini评分", str(score), "分", visit.admitted + 3 * HOUR)
    visit.facts["caprini"] = score
    visit.note(
        "护理记录", "静脉血栓预防护理", closure + 2 * HOUR,
        f"术后抬高患肢，指导踝泵运动，{visit.minute(closure + 2 * HOUR)}起予间歇充气加压装置及梯度压力袜。",
    )  # fmt: skip
    if plan.clot is None:
        return
    drug = dice.pick(("依诺肝素", "利伐沙班"))
    first = closure + plan.clot * HOUR
    order = visit.order(drug, first)
    visit.give(drug, first, order=order)
    visit.give(drug, first + DAY, order=order)
    visit.facts["anticoagulant_after_hours"] = plan.clot
    if visit.mode == "1":
        visit.take_home("利伐沙班")
    if plan.complication.startswith("I80"):
        visit.examine(
            "超声", "双下肢静脉超声", closure + 5 * DAY, "左侧腘静脉内低回声充填，不可压闭。", "左下肢深静脉血栓形成"
        )
    else:
        visit.examine("超声", "双下肢静脉超声", visit.admitted + 5 * HOUR, "双下肢深静脉血流通畅。", "未见深静脉血栓")


def _blood(visit: Visit, plan: Plan, operation: Operation) -> None:
    if plan.units:
        visit.red_cells = plan.units
        visit.operate(
            "99.0401 红细胞输入", operation.start + operation.minutes * MINUTE + HOUR, 120, level="1", logged=False
        )
        visit.facts["red_cells_units"] = plan.units


def _texts(visit: Visit, dice: Dice, joint: Joint, plan: Plan, operation: Operation) -> None:
    side = dice.pick(("左", "右"))
    score = dice.whole(28, 56)
    closure = operation.start + operation.minutes * MINUTE
    visit.note(
        "入院记录", "入院记录", visit.admitted + 2 * HOUR,
        f"患者因{side}{joint.name}关节疼痛、活动受限入院。专科检查：{side}{joint.name}关节压痛，活动受限。"
        f"{joint.pathway}评分{score}分。既往体健。拟行{side}侧{operation.name}。",
    )  # fmt: skip
    transfused = f"术中输注悬浮红细胞{plan.units:g}单位。" if plan.units else "术中未输血。"
    visit.note(
        "手术记录", f"{operation.name}手术记录", closure + HOUR,
        f"{visit.minute(operation.start)}切皮，{visit.minute(closure)}缝皮结束。麻醉满意后取{joint.name}关节后外侧入路，置入假体，"
        f"检查关节稳定。出血约{visit.facts['blood_loss_ml']}ml，{transfused}术中顺利，安返病房。",
    )  # fmt: skip
    visit.examine(
        "X线",
        f"{joint.name}关节正侧位片",
        visit.admitted + 4 * HOUR,
        f"{side}{joint.name}关节间隙变窄。",
        f"{side}{joint.name}关节病变",
        site=f"{joint.name}关节",
    )
    visit.examine(
        "X线",
        f"{joint.name}关节术后片",
        closure + DAY,
        "假体位置良好。",
        f"{side}{joint.name}关节置换术后",
        site=f"{joint.name}关节",
    )
    pain = visit.order("塞来昔布", closure + 6 * HOUR)
    visit.give("氟比洛芬酯", closure + 2 * HOUR)
    visit.give("塞来昔布", closure + 8 * HOUR, order=pain)
    visit.measure("评分", "疼痛VAS评分", str(dice.whole(2, 5)), "分", closure + 6 * HOUR)
    visit.note("护理记录", "康复训练记录", closure + DAY, f"术后第1天，康复治疗师指导{side}下肢肌力训练及助行器下地。")
    visit.note(
        "出院记录", "出院小结", visit.discharged - HOUR,
        f"切口{'乙' if plan.complication.startswith('T') else '甲'}级愈合，{joint.name}关节活动可。出院后继续功能锻炼，按时服用抗凝药物，1个月后复查。",
    )  # fmt: skip
    visit.facts.update({f"{joint.pathway.lower()}_score": score, "side": side})
