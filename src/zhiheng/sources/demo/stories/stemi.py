"""Acute ST-elevation myocardial infarction: from the first pain to the drugs for home."""
# ruff: noqa: E501 - the sentences of notes stay whole

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from zhiheng.sources.demo.calendar import DAY, HOUR, MINUTE
from zhiheng.sources.demo.dice import Dice
from zhiheng.sources.demo.patients import Patient
from zhiheng.sources.demo.stories.simple import routine
from zhiheng.sources.demo.visit import Visit

if TYPE_CHECKING:
    from zhiheng.sources.demo.hospital import Hospital

Story = Callable[["Hospital", Dice, int], None]

WALLS = (
    (
        "I21.103 急性下壁心肌梗死",
        "Ⅱ、Ⅲ、aVF导联ST段弓背向上抬高0.2-0.4mV",
        "急性下壁ST段抬高型心肌梗死",
        "RCA",
        "右冠状动脉中段",
    ),
    (
        "I21.001 急性前壁心肌梗死",
        "V1-V4导联ST段弓背向上抬高0.3-0.5mV",
        "急性前壁ST段抬高型心肌梗死",
        "LAD",
        "左前降支近段",
    ),
    (
        "I21.004 急性广泛前壁心肌梗死",
        "V1-V6、I、aVL导联ST段弓背向上抬高0.3-0.6mV",
        "急性广泛前壁ST段抬高型心肌梗死",
        "LAD",
        "左前降支开口",
    ),
    (
        "I21.200x003 急性后壁心肌梗死",
        "V7-V9导联ST段抬高0.1mV，V1-V3导联ST段压低",
        "急性正后壁ST段抬高型心肌梗死",
        "LCX",
        "左回旋支中段",
    ),
)
KILLIP = ("Ⅰ", "Ⅱ", "Ⅲ", "Ⅳ")


@dataclass(frozen=True)
class Plan:
    """What happens. Times in whole minutes from the door, unless they say otherwise."""

    name: str
    treatment: str = "pci"  # pci, lysis, none
    wire: int | None = None  # door to wire
    needle: int | None = None  # door to needle
    antiplatelet: int | None = None  # door to the first dose of both drugs
    ecg: int | None = None  # door to the report of the first ECG
    pain: int | None = None  # onset to door
    age: int | None = None
    days: int | None = None
    dies: bool = False
    transferred: bool = False
    old_infarction: bool = False
    aspirin_allergy: bool = False
    wire_recorded: bool = True
    seconds: int = 0  # added to the time of the wire


PLANS = (
    Plan("pci_84", wire=84),
    Plan("pci_90", wire=90, antiplatelet=10),
    Plan("pci_91", wire=91, antiplatelet=11),
    Plan("pci_late", wire=146),
    Plan("pci_unrecorded", wire=88, wire_recorded=False),
    Plan("pci_killip_4", wire=102, days=14),
    Plan("lysis_30", treatment="lysis", needle=30),
    Plan("lysis_31", treatment="lysis", needle=31),
    Plan("lysis_52", treatment="lysis", needle=52),
    Plan("came_late", treatment="none", pain=31 * 60),
    Plan("died", wire=96, dies=True, days=2),
    Plan("transferred_in", wire=70, transferred=True),
    Plan("old_infarction", wire=80, old_infarction=True),
    Plan("aspirin_allergy", wire=86, aspirin_allergy=True),
    Plan("minor", wire=75, age=17),
    Plan("adult_today", wire=79, age=18),
    Plan("stayed_long", wire=88, days=96),
)
USUAL = (
    Plan("usual"),
    Plan("usual"),
    Plan("usual_lysis", treatment="lysis"),
    Plan("usual_late", treatment="none", pain=26 * 60),
)


def story(plan: Plan) -> Story:
    """Return the story of one admission by this plan."""

    def tell(hospital: "Hospital", dice: Dice, number: int) -> None:
        days = plan.days or dice.whole(5, 10)
        midnight = hospital.time(dice, days)
        sex = "male" if dice.chance(0.76) else "female"
        who = hospital.patient(dice, number, sex, plan.age or dice.whole(42, 84), midnight)
        admit(hospital, dice, who, plan, midnight, days)

    return tell


def readmitted(days_between: int) -> Story:
    """Return the story of two admissions with the same disease, `days_between` days after the first discharge."""

    def tell(hospital: "Hospital", dice: Dice, number: int) -> None:
        midnight = hospital.time(dice, 6, 60)
        who = hospital.patient(dice, number, "male", dice.whole(45, 75), midnight)
        first = admit(hospital, dice, who, Plan("first_admission", wire=82), midnight, 6)
        again = first.discharged // DAY * DAY + days_between * DAY
        plan = Plan(f"readmitted_after_{days_between}_days", wire=85, old_infarction=True)
        admit(hospital, dice, who, plan, again, 5, again=days_between)

    return tell


def merged(hospital: "Hospital", dice: Dice, number: int) -> None:
    """Two admissions 20 days apart under two patient numbers that are found, midway, to be one person."""
    midnight = hospital.time(dice, 6, 60)
    who = hospital.patient(dice, number, "male", 58, midnight)
    first = admit(hospital, dice, who, Plan("two_numbers_first", wire=77), midnight, 6)
    twin = Patient(f"9{who.record_number[1:]}", *(getattr(who, name) for name in Patient.__slots__[1:]))
    again = first.discharged // DAY * DAY + 20 * DAY
    hospital.link(who, twin, "合并", again + 3 * DAY, "同一身份证号，重复建档")
    admit(hospital, dice, twin, Plan("two_numbers_second", wire=81, old_infarction=True), again, 5, again=20)


def admit(
    hospital: "Hospital", dice: Dice, who: Patient, plan: Plan, midnight: int, days: int, again: int | None = None
) -> Visit:
    """Tell one admission."""
    door = midnight + dice.whole(60, 21 * 60) * MINUTE
    pain = (plan.pain or dice.whole(70, 420)) * MINUTE
    admitted = door + dice.whole(20, 45) * MINUTE
    discharged = midnight + days * DAY + dice.whole(8 * 60 + 30, 22 * 60 if plan.dies else 11 * 60) * MINUTE
    visit = hospital.admit(who, "cardiology", admitted, max(discharged, admitted + 26 * HOUR), f"stemi_{plan.name}")
    visit.route = "3" if plan.transferred else "1"
    visit.payment = dice.pick("1112237")
    visit.onset, visit.arrived = door - pain, door
    visit.transport = dice.pick(("救护车", "救护车", "出租车", "私家车"))
    visit.weight, visit.height = round(dice.around(68, 18), 1), dice.whole(155, 180)
    visit.mode = "5" if plan.dies else "1"
    wall = dice.pick(WALLS)
    killip = 4 if "killip_4" in plan.name or plan.dies else 1 + dice.whole(0, 9) // 6 + dice.whole(0, 9) // 9
    _emergency(hospital, dice, visit, wall)
    _diagnoses(visit, dice, plan, wall, killip)
    ecg = door + (plan.ecg or dice.whole(4, 9)) * MINUTE
    _first_hour(visit, dice, plan, wall, door, ecg, killip)
    if plan.treatment == "pci":
        _intervene(visit, dice, plan, wall, door)
    elif plan.treatment == "lysis":
        _lyse(visit, dice, plan, door)
    _ward(visit, dice, plan, killip)
    _home(visit, dice, plan)
    visit.facts.update(killip=killip, onset_to_door_minutes=pain // MINUTE, door_to_ecg_minutes=(ecg - door) // MINUTE)
    _expect(visit, plan, again)
    hospital.close(
        dice, visit, "device" if plan.treatment == "pci" else "medical", 52000 if plan.treatment == "pci" else 21000
    )
    return visit


def _expect(visit: Visit, plan: Plan, again: int | None) -> None:
    """Say which exclusions were planted."""
    if plan.days and plan.days > 90:
        visit.facts["out"] = {"STEMI": "stay_over_90", "HF": "stay_over_90"}
    elif again is not None and again <= 30:
        visit.facts["out"] = {"STEMI": "same_disease_within_30_days"}
        visit.facts["open"] = {"HF": "same_disease_within_30_days"}
    elif plan.transferred:
        visit.facts["out"] = {"STEMI": "transferred_in", "HF": "transferred_in"}
    elif plan.old_infarction:
        visit.facts["open"] = {"STEMI": "not_first", "HF": "same_disease_before"}


def _emergency(hospital: "Hospital", dice: Dice, visit: Visit, wall: tuple[str, ...]) -> None:
    """Write the stop in the emergency department, a visit of its own that no inpatient pack may count."""
    stop = hospital.admit(visit.patient, "emergency", visit.arrived or 0, visit.admitted, "stemi_emergency_stop")
    hospital.numbers[visit.patient.record_number] -= 1
    stop.id, stop.kind, stop.transport, stop.route = f"JZ{visit.id}", "emergency", visit.transport, "1"
    hospital.outpatient(stop, [wall[0]], [], "收住院", visit.id)


def _diagnoses(visit: Visit, dice: Dice, plan: Plan, wall: tuple[str, ...], killip: int) -> None:
    visit.diagnose(wall[0], outcome="4" if plan.dies else "2")
    visit.diagnose("I25.103 冠状动脉粥样硬化性心脏病")
    if killip >= 2:
        visit.diagnose("I50.101 急性左心衰竭", present="4" if killip == 2 else "1")
    if plan.old_infarction:
        visit.diagnose("I25.200x013 陈旧性心肌梗死")
    for text in dice.some(("I10.x00x002 高血压", "E11.900 2型糖尿病", "E78.500 高脂血症"), 3):
        visit.diagnose(text)
    if plan.aspirin_allergy:
        visit.allergy = "阿司匹林"


def _first_hour(visit: Visit, dice: Dice, plan: Plan, wall: tuple[str, ...], door: int, ecg: int, killip: int) -> None:
    visit.examine(
        "心电图", "十二导联心电图", ecg - 2 * MINUTE, f"窦性心律，{wall[1]}。", wall[2], ecg, ordered=door + MINUTE
    )
    drawn = ecg + 3 * MINUTE
    troponin = 0.08 + 12 * dice.random() ** 3
    visit.lab("tni", troponin, drawn, drawn + dice.whole(14, 40) * MINUTE)
    visit.lab("ckmb", 4 + 90 * dice.random(), drawn, drawn + dice.whole(14, 40) * MINUTE)
    visit.lab("ntprobnp", 180 + 2500 * dice.random() * killip, drawn, drawn + 45 * MINUTE)
    both = door + (plan.antiplatelet or dice.whole(8, 26)) * MINUTE
    if not plan.aspirin_allergy:
        visit.give("阿司匹林", both, dose="300")
        visit.facts["door_to_dual_antiplatelet_minutes"] = (both - door) // MINUTE
    visit.give(
        "替格瑞洛" if plan.treatment != "lysis" else "氯吡格雷",
        both,
        dose="180" if plan.treatment != "lysis" else "300",
    )
    pressure = (
        f"{dice.whole(76, 88)}/{dice.whole(44, 56)}" if killip == 4 else f"{dice.whole(104, 168)}/{dice.whole(60, 98)}"
    )
    visit.measure("体征", "血压", pressure, "mmHg", door + 2 * MINUTE)
    visit.measure("体征", "心率", str(dice.whole(58, 112)), "次/分", door + 2 * MINUTE)
    grace = dice.whole(92, 138) + 22 * (killip - 1)
    at = visit.admitted + dice.whole(60, 200) * MINUTE
    visit.measure("评分", "GRACE评分", str(grace), "分", at)
    smoker = "吸烟史30年，20支/日，未戒。" if dice.chance(0.5) else "否认吸烟史。"
    hours = (door - (visit.onset or door)) // 60 / 60
    allergic = "对阿司匹林过敏（皮疹）。" if plan.aspirin_allergy else "否认药物过敏史。"
    old = "2年前曾患心肌梗死。" if plan.old_infarction else "否认既往心肌梗死史。"
    visit.note(
        "入院记录", "入院记录", at,
        f"主诉：突发胸痛{hours:.1f}小时。现病史：患者于{visit.minute(visit.onset or 0)}无明显诱因出现胸骨后压榨样疼痛，持续不缓解，伴大汗。"
        f"于{visit.minute(door)}到达我院急诊。{old}{smoker}{allergic}查体：双肺{'可闻及湿啰音' if killip > 1 else '呼吸音清'}。"
        f"心功能Killip分级{KILLIP[killip - 1]}级。GRACE评分{grace}分。CRUSADE评分{dice.whole(16, 44)}分。",
    )  # fmt: skip
    visit.facts["grace"] = grace
    if not plan.aspirin_allergy:
        visit.order("阿司匹林", at)
    visit.order("替格瑞洛" if plan.treatment != "lysis" else "氯吡格雷", at)


def _intervene(visit: Visit, dice: Dice, plan: Plan, wall: tuple[str, ...], door: int) -> None:
    wire = door + (plan.wire or dice.whole(56, 118)) * MINUTE + plan.seconds
    start = wire - dice.whole(12, 19) * MINUTE
    end = wire + dice.whole(22, 46) * MINUTE
    minutes = (end - start) // MINUTE
    visit.give("肝素", start + 4 * MINUTE, dose="7000")
    visit.operate("36.0601 冠状动脉药物涂层支架置入术", start, minutes, level="4", healing="1", anaesthesia="03")
    visit.operate("00.6600x004 经皮冠状动脉球囊扩张成形术", start, minutes, level="4", logged=False)
    visit.operate("88.5600 用两根导管的冠状动脉造影术", start, 12, level="3", logged=False)
    visit.operate("00.4000 单根血管操作", start, minutes, level="3", logged=False)
    visit.operate("00.4500 置入一根血管支架", start, minutes, level="3", logged=False)
    visit.operations[0].level = "4"
    crossed = f"{visit.minute(wire)}导丝通过靶病变，" if plan.wire_recorded else "导丝顺利通过靶病变，"
    visit.note(
        "手术记录", "急诊PCI手术记录", end + 20 * MINUTE,
        f"手术名称：冠状动脉造影术+经皮冠状动脉介入治疗。{visit.minute(start)}开始。造影示{wall[4]}（{wall[3]}）完全闭塞，TIMI血流0级。"
        f"{crossed}预扩张后于{wall[3]}置入西罗莫司洗脱支架1枚，术后TIMI血流3级。{visit.minute(end)}手术结束。术中顺利。",
    )  # fmt: skip
    visit.examine(
        "造影",
        "冠状动脉造影",
        start,
        f"{wall[4]}完全闭塞，TIMI血流0级；余血管轻度狭窄。",
        f"单支病变（{wall[3]}）",
        end,
        "冠状动脉",
    )
    if plan.wire_recorded:
        visit.facts["door_to_wire_minutes"] = (wire - door) // MINUTE


def _lyse(visit: Visit, dice: Dice, plan: Plan, door: int) -> None:
    needle = door + (plan.needle or dice.whole(22, 58)) * MINUTE
    drug = dice.pick(("阿替普酶", "瑞替普酶", "尿激酶原"))
    visit.give(drug, needle, end=needle + 90 * MINUTE)
    visit.operate("99.1000 血栓溶解药的注射或输注", needle, 90, level="2", logged=False)
    visit.note(
        "病程记录", "溶栓治疗记录", needle + 2 * HOUR,
        f"排除溶栓禁忌证并签署知情同意书后，于{visit.minute(needle)}开始静脉溶栓（{visit.book.drugs[drug].name}），"
        f"{visit.minute(needle + 90 * MINUTE)}完成。溶栓后90分钟胸痛缓解，抬高的ST段回落>50%，判断溶栓成功。",
    )  # fmt: skip
    visit.facts["door_to_needle_minutes"] = (needle - door) // MINUTE


def _ward(visit: Visit, dice: Dice, plan: Plan, killip: int) -> None:
    unit = visit.admitted + dice.whole(5, 15) * MINUTE
    if plan.treatment == "pci":
        unit = visit.operations[0].start + 90 * MINUTE
    visit.intensive("1", "CCU", unit, min(unit + dice.whole(40, 80) * HOUR, visit.discharged - HOUR))
    routine(visit, dice, {"ldl": (1.9, 4.9), "chol": (3.6, 7.2), "hdl": (0.8, 1.5), "tg": (0.9, 3.2), "creatinine": (58, 128), "potassium": (3.4, 4.9), "hba1c": (5.2, 8.6)})  # fmt: skip
    ejection = dice.whole(32, 44) if killip >= 3 else dice.whole(44, 62)
    echo = visit.admitted + dice.whole(12, 40) * HOUR
    if echo < visit.discharged - 3 * HOUR:
        visit.examine(
            "超声心动图", "经胸超声心动图", echo,
            f"左室舒张末期内径（LVEDd）{dice.whole(46, 60)}mm，节段性室壁运动异常，左室射血分数（LVEF）{ejection}%，未见室壁瘤及附壁血栓。",
            "节段性室壁运动异常，左室收缩功能" + ("减低" if ejection < 50 else "正常"), site="心脏",
        )  # fmt: skip
        visit.facts["lvef"] = ejection
    visit.examine(
        "X线",
        "床旁胸片",
        visit.admitted + 6 * HOUR,
        "两肺纹理增多" + ("，肺门蝶形影" if killip >= 3 else ""),
        "肺淤血" if killip > 1 else "未见肺淤血",
    )
    start = visit.admitted + 3 * HOUR
    visit.order("阿托伐他汀", start)
    visit.give("阿托伐他汀", start + 40 * MINUTE, dose="40")
    if killip < 3:
        order = visit.order("美托洛尔", start)
        first = visit.admitted + dice.whole(4, 22) * HOUR
        visit.give("美托洛尔", first, order=order)
        visit.facts["first_beta_blocker_hours"] = (first - visit.admitted) // HOUR
        order = visit.order("培哚普利", start + 4 * HOUR)
        visit.give("培哚普利", start + 5 * HOUR, order=order)
    else:
        visit.order("呋塞米针", start)
        visit.give("去甲肾上腺素", start)
    visit.order("螺内酯", start + DAY if visit.discharged > start + 2 * DAY else start)


def _home(visit: Visit, dice: Dice, plan: Plan) -> None:
    title = "死亡记录" if plan.dies else "出院小结"
    if plan.dies:
        visit.note(
            "出院记录",
            title,
            visit.discharged + HOUR,
            "患者反复室颤，抢救无效，宣布临床死亡。死亡诊断：急性心肌梗死，心源性休克。",
        )
        return
    drugs = ["替格瑞洛" if plan.treatment != "lysis" else "氯吡格雷", "阿托伐他汀", "美托洛尔", "培哚普利"]
    drugs = ([] if plan.aspirin_allergy else ["阿司匹林"]) + drugs
    if dice.chance(0.15):
        drugs.remove("美托洛尔")
    for drug in drugs:
        visit.take_home(drug)
    visit.facts["home_drugs"] = "|".join(drugs)
    visit.note(
        "出院记录", title, visit.discharged - HOUR,
        "出院情况：无胸痛，生命体征平稳。出院医嘱：低盐低脂饮食，戒烟限酒，控制血压血脂，规律服药，1个月后门诊复查心电图及超声心动图；"
        "如再发胸痛持续不缓解，立即拨打120。已向患者及家属交代。",
    )  # fmt: skip
