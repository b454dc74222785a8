"""Caesarean section, coronary bypass, and small operations where prophylaxis is the question."""
# ruff: noqa: E501 - the sentences of notes stay whole

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from zhiheng.sources.demo.calendar import DAY, HOUR, MINUTE
from zhiheng.sources.demo.dice import Dice
from zhiheng.sources.demo.stories import parts
from zhiheng.sources.demo.stories.simple import routine
from zhiheng.sources.demo.visit import Visit, coded

if TYPE_CHECKING:
    from zhiheng.sources.demo.hospital import Hospital

Story = Callable[["Hospital", Dice, int], None]


@dataclass(frozen=True)
class Plan:
    """What happens. `before` in minutes before the incision, `stop` in hours after the closure (None: nothing after)."""

    name: str
    before: int | None = 35
    stop: int | None = None
    drug: str = "头孢呋辛"
    minutes: int | None = None
    age: int | None = None
    days: int | None = None
    variant: str = ""
    mode: str = "1"


def story(tell: Callable[["Hospital", Dice, int, Plan], None], plan: Plan) -> Story:
    """Return the story of one operation by this plan."""

    def told(hospital: "Hospital", dice: Dice, number: int) -> None:
        tell(hospital, dice, number, plan)

    return told


def _incision(visit: Visit, dice: Dice, day: int) -> int:
    start = visit.admitted // DAY * DAY + day * DAY + dice.whole(8 * 60 + 30, 15 * 60) * MINUTE
    return max(start, visit.admitted + 2 * HOUR)


# ---- caesarean section

CAESAREAN = (
    Plan("before_incision_30", before=30),
    Plan("before_incision_60", before=60),
    Plan("before_incision_61", before=61),
    Plan("after_cord_clamped", before=-8, variant="after_cord"),
    Plan("stopped_after_24h", before=32, stop=24),
    Plan("stopped_after_49h", before=33, stop=49),
    Plan("bled_1200", before=31, variant="bled"),
    Plan("newborn_asphyxia", before=30, variant="asphyxia"),
    Plan("minor", before=30, age=17),
    Plan("without_antibacterial", before=None),
    Plan("preterm_27_weeks", before=34, variant="preterm"),
)


def caesarean(hospital: "Hospital", dice: Dice, number: int, plan: Plan) -> None:
    """Tell a caesarean section."""
    visit = parts.arrive(
        hospital, dice, number, "obstetrics", f"cs_{plan.name}", days=plan.days or dice.whole(4, 6),
        age=parts.age_of(plan, dice, 22, 41), sex="female", route="2",
    )  # fmt: skip
    weeks = 27 if plan.variant == "preterm" else dice.whole(37, 40)
    reason = dice.pick(
        ("O34.201 妊娠合并子宫瘢痕", "O32.101 臀先露", "O36.302 慢性胎儿宫内窘迫", "O24.400 妊娠期发生的糖尿病")
    )
    visit.diagnose(reason)
    visit.diagnose("O82.100 经急症剖宫产术的分娩" if "窘迫" in reason else "O82.000 经选择性剖宫产术的分娩")
    visit.diagnose("Z37.000x001 单胎活产")
    loss = dice.whole(1100, 1400) if plan.variant == "bled" else dice.whole(200, 480)
    if plan.variant == "bled":
        visit.diagnose("O72.101 产后即时出血", present="4")
        visit.red_cells = 2
    start = _incision(visit, dice, 1)
    minutes = plan.minutes or dice.whole(35, 62)
    if plan.before is not None:
        parts.prophylaxis(visit, start, minutes, plan.drug, plan.before, plan.stop)
    parts.operated(
        visit,
        dice,
        "74.1x01 剖宫产术，子宫下段横切口",
        start,
        minutes,
        healing="6",
        anaesthesia="02",
        loss=min(loss, 600),
    )
    visit.give("缩宫素", start + 8 * MINUTE)
    visit.newborn_weight = dice.whole(98, 110) * 10 if weeks < 28 else dice.whole(270, 400) * 10
    apgar = (4, 7, 9) if plan.variant == "asphyxia" else (9, 10, 10)
    visit.note(
        "手术记录", "分娩记录", start + 3 * HOUR,
        f"{visit.minute(start + 6 * MINUTE)}胎儿娩出，新生儿体重{visit.newborn_weight}g，Apgar评分1分钟{apgar[0]}分、5分钟{apgar[1]}分、10分钟{apgar[2]}分。"
        f"术后24小时出血量{loss}ml。",
    )  # fmt: skip
    visit.note(
        "入院记录", "入院记录", visit.admitted + HOUR, f"孕{weeks}+{dice.whole(0, 6)}周，规律产检。拟行剖宫产终止妊娠。"
    )
    visit.note("护理记录", "母乳喂养指导", start + 4 * HOUR, "术后半小时内母婴皮肤接触、早吸吮，指导纯母乳喂养。")
    routine(visit, dice, {"hgb": (92, 132), "plt": (120, 280), "wbc": (6, 13)})
    parts.go_home(visit, [], "子宫复旧好，切口甲级愈合，母婴安返。42天后产后复查。")
    visit.facts.update(weeks=weeks, blood_loss_24h_ml=loss, apgar_1=apgar[0])
    if weeks < 28:
        parts.expect(visit, None, {"CS": "under_28_weeks"})
    hospital.close(dice, visit, "surgical", 12500)


# ---- coronary bypass

BYPASS = (
    Plan("internal_mammary", variant="mammary", stop=22),
    Plan("vein_only", variant="vein", stop=24),
    Plan("off_pump", variant="mammary off_pump", stop=23),
    Plan("reoperated_for_bleeding", variant="mammary reoperation", stop=24, days=24),
    Plan("antibacterial_61", variant="mammary", before=61, stop=23),
    Plan("died_in_24_hours", variant="mammary", mode="5", days=0),
    Plan("against_advice_in_24_hours", variant="mammary", mode="4", days=0),
    Plan("died_on_day_9", variant="mammary", mode="5", days=9, stop=20),
    Plan("stayed_long", variant="mammary", stop=21, days=95),
)


def bypass(hospital: "Hospital", dice: Dice, number: int, plan: Plan) -> None:
    """Tell a coronary artery bypass."""
    days = dice.whole(15, 22) if plan.days is None else plan.days
    visit = parts.arrive(
        hospital, dice, number, "cardiac_surgery", f"cabg_{plan.name}", days=days, age=parts.age_of(plan, dice, 48, 76),
        sex="male" if dice.chance(0.78) else "female", route="1" if plan.days == 0 else "2",
    )  # fmt: skip
    if plan.days == 0:
        visit.discharged = visit.admitted + 20 * HOUR
    visit.mode = plan.mode
    visit.diagnose("I25.103 冠状动脉粥样硬化性心脏病", outcome="4" if plan.mode == "5" else "2")
    visit.diagnose("I20.000 不稳定型心绞痛")
    for text in dice.some(("I10.x00x002 高血压", "E11.900 2型糖尿病", "E78.500 高脂血症"), 3):
        visit.diagnose(text)
    start = visit.admitted + 3 * HOUR if days == 0 else _incision(visit, dice, min(5, days - 3))
    minutes = dice.whole(210, 320)
    parts.prophylaxis(visit, start, minutes, plan.drug, plan.before or 35, plan.stop)
    loss = dice.whole(350, 900)
    parts.operated(
        visit, dice, "36.1200 二根冠状动脉的(主动脉)冠状动脉旁路移植", start, minutes, healing="2", loss=loss
    )
    if "mammary" in plan.variant:
        visit.operate("36.1500 单乳房内动脉-冠状动脉旁路移植", start, minutes, level="4", logged=False)
    if "off_pump" not in plan.variant:
        visit.operate("39.6100 体外循环辅助开放性心脏手术", start + 40 * MINUTE, 110, level="4", logged=False)
    end = start + minutes * MINUTE
    if "reoperation" in plan.variant:
        visit.diagnose("T81.000x004 操作后胸腔出血", present="4")
        visit.operate("34.0300x001 近期开胸术后再开胸术", end + 9 * HOUR, 80, level="4", healing="2", anaesthesia="01")
    hours = dice.whole(8, 30)
    stay = min(end + dice.whole(36, 80) * HOUR, visit.discharged - HOUR)
    visit.intensive("4", "心外ICU", end + 20 * MINUTE, max(stay, end + HOUR))
    visit.ventilator_hours = min(hours, max(1, (stay - end) // HOUR))
    visit.red_cells, visit.plasma = dice.whole(0, 4), dice.pick((0, 200, 400))
    graft = (
        "左乳内动脉吻合于前降支，大隐静脉吻合于右冠后降支"
        if "mammary" in plan.variant
        else "大隐静脉序贯吻合于前降支、右冠后降支"
    )
    visit.note(
        "手术记录", "冠状动脉旁路移植术补充记录", end + 2 * HOUR,
        f"首根桥：{'左乳内动脉' if 'mammary' in plan.variant else '大隐静脉'}。{graft}。桥血管流量{dice.whole(22, 48)}mL/min。"
        f"{'不停跳下完成' if 'off_pump' in plan.variant else '体外循环时间110分钟'}。",
    )  # fmt: skip
    routine(visit, dice, {"creatinine": (60, 120), "ldl": (1.6, 4.1), "glucose": (4.8, 9.8), "hgb": (108, 150)})
    visit.examine(
        "超声心动图",
        "经胸超声心动图",
        visit.admitted + HOUR,
        f"左室舒张末期内径（LVEDd）{dice.whole(46, 60)}mm，左室射血分数（LVEF）{dice.whole(40, 62)}%。",
        "节段性室壁运动异常",
    )
    visit.note(
        "入院记录",
        "入院记录",
        visit.admitted + HOUR,
        f"患者因反复胸痛2年、加重1月入院。EuroSCORE Ⅱ评分{dice.whole(1, 6)}.{dice.whole(0, 9)}，冠状动脉造影示三支病变。",
    )
    if days > 2:
        for drug in ("阿司匹林", "美托洛尔", "阿托伐他汀"):
            parts.course(visit, drug, end + 14 * HOUR)
    parts.go_home(
        visit, ["阿司匹林", "氯吡格雷", "阿托伐他汀", "美托洛尔"], "切口甲级愈合。规律服药，心脏康复，1个月后复查。"
    )
    _bypass_expectations(visit, plan)
    visit.facts["first_graft"] = "mammary" if "mammary" in plan.variant else "vein"
    hospital.close(dice, visit, "device", 98000)


def _bypass_expectations(visit: Visit, plan: Plan) -> None:
    if plan.days == 0:
        parts.expect(visit, {"CABG": "died_within_24h" if plan.mode == "5" else "left_against_advice_within_24h"})
    elif plan.days and plan.days > 90:
        parts.expect(visit, {"CABG": "stay_over_90", "DVT": "stay_over_90"})


# ---- small operations where prophylaxis is the question

SMALL = (
    (
        "hernia",
        "general_surgery",
        "K40.900x003 单侧腹股沟斜疝",
        "17.1200x001 腹腔镜下单侧腹股沟斜疝无张力修补术",
        "2",
        9500,
    ),
    ("fracture", "orthopaedics", "S82.202 胫骨骨折", "79.3600x013 胫骨骨折切开复位钢板内固定术", "2", 34000),
    ("disc", "orthopaedics", "M51.202 腰椎间盘突出", "80.5100x013 后入路腰椎间盘切除术", "2", 36000),
    ("cataract", "ophthalmology", "H25.900 老年性白内障", "13.4100x001 白内障超声乳化抽吸术", "2", 7800),
)
PROPHYLAXIS = (
    Plan("given_30", before=30),
    Plan("given_60", before=60),
    Plan("given_61", before=61),
    Plan("given_120", before=120),
    Plan("given_after_incision", before=-15),
    Plan("none_given", before=None),
    Plan("stopped_24", before=32, stop=24),
    Plan("stopped_25", before=32, stop=25),
    Plan("stopped_96", before=32, stop=96, days=9),
    Plan("long_and_redosed", before=33, minutes=190, stop=20),
    Plan("special_grade_drug", before=34, drug="美罗培南", stop=23),
    Plan("allergic_clindamycin", before=36, drug="克林霉素", variant="allergic"),
    Plan("child", before=31, age=9, variant="hernia"),
)


def prophylaxis(hospital: "Hospital", dice: Dice, number: int, plan: Plan) -> None:
    """Tell a small clean operation."""
    small = SMALL[0] if plan.variant == "hernia" else dice.pick(SMALL)
    name, department, disease, procedure, healing, money = small
    visit = parts.arrive(
        hospital, dice, number, department, f"pip_{plan.name}_{name}", days=plan.days or dice.whole(5, 8),
        age=parts.age_of(plan, dice, 26, 78), route="1" if disease.startswith("S") else "2",
    )  # fmt: skip
    visit.diagnose(disease, outcome="1")
    if disease.startswith("S"):
        visit.external_cause = coded("V89.300 非机动车辆事故中的人员损伤，交通性")
    start = _incision(visit, dice, 1)
    minutes = plan.minutes or dice.whole(40, 100)
    if plan.before is not None:
        parts.prophylaxis(visit, start, minutes, plan.drug, plan.before, plan.stop)
    else:
        visit.facts["antibacterial"] = "none"
    parts.operated(visit, dice, procedure, start, minutes, healing=healing, loss=dice.whole(5, 180))
    if plan.variant == "allergic":
        visit.allergy = "头孢菌素类"
    visit.note(
        "入院记录",
        "入院记录",
        visit.admitted + HOUR,
        f"患者因“{visit.diagnoses[0].name}”入院，拟行手术治疗。{'头孢菌素过敏史（皮疹）。' if plan.variant == 'allergic' else '否认药物过敏史。'}",
    )
    routine(visit, dice, {"glucose": (4.4, 7.2)})
    parts.go_home(visit, [], "切口甲级愈合，准予出院。")
    hospital.close(dice, visit, "surgical", money)
