"""Heart failure, cerebral infarction, pneumonia and an exacerbation of COPD: the first hours, the course, the drugs for home."""
# ruff: noqa: E501 - the sentences of notes stay whole

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from zhiheng.sources.demo.calendar import DAY, HOUR, MINUTE
from zhiheng.sources.demo.dice import Dice
from zhiheng.sources.demo.patients import Patient
from zhiheng.sources.demo.stories import parts
from zhiheng.sources.demo.stories.simple import routine
from zhiheng.sources.demo.visit import Visit

if TYPE_CHECKING:
    from zhiheng.sources.demo.hospital import Hospital


@dataclass(frozen=True)
class Plan:
    """What happens. `when` is the time that the story turns on, in its own unit."""

    name: str
    when: int | None = None
    age: int | None = None
    days: int | None = None
    dies: bool = False
    severe: bool = False
    transferred: bool = False
    variant: str = ""


Admission = Callable[["Hospital", Dice, int, Plan, Patient | None, int | None], Visit]
Story = Callable[["Hospital", Dice, int], None]


def story(admission: Admission, plan: Plan) -> Story:
    """Return the story of one admission."""

    def tell(hospital: "Hospital", dice: Dice, number: int) -> None:
        admission(hospital, dice, number, plan, None, None)

    return tell


def readmitted(admission: Admission, abbr: str, between: int) -> Story:
    """Return the story of two admissions, `between` days from the first discharge to the second admission."""

    def tell(hospital: "Hospital", dice: Dice, number: int) -> None:
        midnight = hospital.time(dice, 8, between + 20)
        first = admission(hospital, dice, number, Plan("first_admission", days=8), None, midnight)
        again = first.discharged // DAY * DAY + between * DAY
        plan = Plan(f"readmitted_after_{between}_days", days=6, variant=f"out:{abbr}" if between <= 30 else "")
        admission(hospital, dice, number, plan, first.patient, again)

    return tell


def _expectations(visit: Visit, plan: Plan, abbr: str) -> None:
    if plan.variant.startswith("out:"):
        parts.expect(visit, {abbr: "same_disease_within_30_days"})
    elif plan.days and plan.days > 90:
        parts.expect(visit, {abbr: "stay_over_90"})
    elif plan.transferred:
        parts.expect(visit, {abbr: "transferred_in"})


# ---- heart failure: `when` is the echocardiogram, hours after admission

HEART_FAILURE = (
    Plan("echo_20h", when=20),
    Plan("echo_48h", when=48),
    Plan("echo_49h", when=49),
    Plan("echo_never", when=-1),
    Plan("all_four_drugs", when=12, variant="four"),
    Plan("preserved_ejection", when=15, variant="preserved"),
    Plan("hyperkalaemia_no_acei", when=18, variant="hyperkalaemia"),
    Plan("died", when=6, dies=True),
    Plan("cause_not_listed", when=14, variant="other_cause"),
    Plan("transferred_in", when=10, transferred=True),
)


def heart_failure(
    hospital: "Hospital", dice: Dice, number: int, plan: Plan, who: Patient | None, midnight: int | None
) -> Visit:
    """Tell an admission for heart failure."""
    visit = parts.arrive(
        hospital, dice, number, "cardiology", f"hf_{plan.name}", days=plan.days or dice.whole(6, 12),
        age=parts.age_of(plan, dice, 50, 88), route="3" if plan.transferred else "1", who=who, midnight=midnight,
    )  # fmt: skip
    visit.mode = "5" if plan.dies else "1"
    cause = dice.pick(
        (
            "I42.000x011 扩张型心肌病（充血型心肌病）",
            "I11.002 高血压心脏病伴心力衰竭",
            "I08.000x001 风湿性二尖瓣主动脉瓣联合瓣膜病",
        )
    )
    visit.diagnose(
        "I25.103 冠状动脉粥样硬化性心脏病" if plan.variant == "other_cause" else cause,
        outcome="4" if plan.dies else "2",
    )
    visit.diagnose("I50.900 心力衰竭")
    visit.diagnose("I50.900x010 心功能IV级（NYHA分级）" if plan.dies else "I50.900x008 心功能III级（NYHA分级）")
    for text in dice.some(("I48.x00x007 持续性心房颤动", "I10.x00x002 高血压", "E11.900 2型糖尿病"), 2):
        visit.diagnose(text)
    start = visit.admitted
    diuretic = dice.whole(20, 110)
    visit.give("呋塞米针", start + diuretic * MINUTE, dose="40")
    parts.course(visit, "呋塞米", start + 20 * HOUR)
    parts.course(visit, "氯化钾", start + 3 * HOUR)
    potassium = (5.6, 6.1) if plan.variant == "hyperkalaemia" else (3.6, 4.9)
    routine(visit, dice, {"ntprobnp": (1400, 12000), "tni": (0.01, 0.09), "potassium": potassium, "creatinine": (70, 168), "sodium": (131, 143), "hgb": (96, 145)})  # fmt: skip
    visit.lab("ntprobnp", 600 + 2400 * dice.random(), max(start + HOUR, visit.discharged - DAY))
    _echo(visit, dice, plan)
    home = ["呋塞米", "比索洛尔", "螺内酯"]
    parts.course(visit, "比索洛尔", start + 30 * HOUR)
    parts.course(visit, "螺内酯", start + 26 * HOUR)
    if plan.variant != "hyperkalaemia":
        blocker = "沙库巴曲缬沙坦" if dice.chance(0.5) or plan.variant == "four" else "培哚普利"
        parts.course(visit, blocker, start + 28 * HOUR)
        home.append(blocker)
    if plan.variant == "four" or dice.chance(0.4):
        parts.course(visit, "达格列净", start + 32 * HOUR)
        home.append("达格列净")
    visit.examine(
        "心电图", "十二导联心电图", start + 15 * MINUTE, f"窦性心律，QRS时限{dice.whole(92, 158)}ms。", "左室高电压"
    )
    visit.examine("X线", "胸部正侧位片", start + 5 * HOUR, "心影增大，两肺淤血。", "肺淤血")
    visit.measure("体征", "血压", f"{dice.whole(96, 164)}/{dice.whole(56, 98)}", "mmHg", start + 5 * MINUTE)
    visit.measure("体征", "心率", str(dice.whole(66, 124)), "次/分", start + 5 * MINUTE)
    visit.note(
        "入院记录", "入院记录", start + 2 * HOUR,
        f"患者因活动后气促3年、加重1周入院。端坐呼吸，双下肢水肿。心功能{'Ⅳ' if plan.dies else 'Ⅲ'}级（NYHA分级）。"
        f"{'血钾偏高，暂不使用ACEI/ARB类药物。' if plan.variant == 'hyperkalaemia' else ''}6分钟步行试验{dice.whole(180, 360)}米。",
    )  # fmt: skip
    parts.go_home(visit, home, "气促明显缓解，水肿消退。限盐限水，每日称体重，规律服药，2周后心衰门诊随访。")
    visit.facts["first_diuretic_minutes"] = diuretic
    _expectations(visit, plan, "HF")
    hospital.close(dice, visit, "medical", 16000)
    return visit


def _echo(visit: Visit, dice: Dice, plan: Plan) -> None:
    hours = plan.when if plan.when is not None else dice.whole(4, 60)
    at = visit.admitted + hours * HOUR
    if hours < 0 or at > visit.discharged - HOUR:
        return
    ejection = dice.whole(52, 62) if plan.variant == "preserved" else dice.whole(24, 40)
    visit.examine(
        "超声心动图", "经胸超声心动图", at - 20 * MINUTE,
        f"左室舒张末期内径（LVEDd）{dice.whole(50, 70)}mm，左房内径{dice.whole(38, 52)}mm，左室射血分数（LVEF）{ejection}%。",
        "左室收缩功能" + ("正常，舒张功能减低" if ejection >= 50 else "减低"), at, "心脏",
    )  # fmt: skip
    visit.facts.update(admission_to_echo_hours=hours, lvef=ejection)


# ---- cerebral infarction: `when` is door to needle in minutes

STROKE = (
    Plan("lysis_44", when=44),
    Plan("lysis_60", when=60),
    Plan("lysis_61", when=61),
    Plan("came_in_time_not_lysed", variant="not_lysed"),
    Plan("came_late", variant="late"),
    Plan("antiplatelet_47h", variant="late", severe=True),
    Plan("antiplatelet_50h", variant="late_antiplatelet"),
    Plan("atrial_fibrillation", variant="fibrillation"),
    Plan("lacunar", variant="lacunar"),
    Plan("died", when=58, dies=True),
    Plan("transferred_in", variant="late", transferred=True),
)


def stroke(
    hospital: "Hospital", dice: Dice, number: int, plan: Plan, who: Patient | None, midnight: int | None
) -> Visit:
    """Tell an admission for cerebral infarction."""
    visit = parts.arrive(
        hospital, dice, number, "neurology", f"stk_{plan.name}", days=plan.days or dice.whole(8, 15),
        age=parts.age_of(plan, dice, 46, 88), route="3" if plan.transferred else "1", who=who, midnight=midnight,
    )  # fmt: skip
    visit.mode = "5" if plan.dies else "1"
    lysed = plan.when is not None
    door = visit.arrived if visit.arrived is not None else visit.admitted - 40 * MINUTE
    minutes_before = dice.whole(60, 180) if lysed or plan.variant == "not_lysed" else dice.whole(9 * 60, 40 * 60)
    visit.onset = door - minutes_before * MINUTE
    fibrillation = plan.variant == "fibrillation"
    principal = {"fibrillation": "I63.400 大脑动脉栓塞引起的脑梗死", "lacunar": "I63.801 腔隙性脑梗死"}.get(
        plan.variant
    )
    visit.diagnose(
        principal or dice.pick(("I63.300 大脑动脉血栓形成引起的脑梗死", "I63.502 大脑动脉闭塞脑梗死")),
        outcome="4" if plan.dies else "2",
    )
    visit.diagnose("G81.900 偏瘫")
    visit.diagnose("I10.x00x002 高血压")
    if fibrillation:
        visit.diagnose("I48.x00x007 持续性心房颤动")
    nihss = dice.whole(14, 22) if plan.dies else dice.whole(3, 13)
    visit.measure("评分", "NIHSS评分", str(nihss), "分", door + 12 * MINUTE)
    visit.measure("体征", "血压", f"{dice.whole(138, 182)}/{dice.whole(78, 104)}", "mmHg", door + 8 * MINUTE)
    scanned = door + dice.whole(12, 40) * MINUTE
    visit.examine(
        "CT", "头颅CT平扫", scanned - 5 * MINUTE, "未见高密度影。", "未见颅内出血", scanned, "头颅", door + 5 * MINUTE
    )
    visit.examine("MR", "头颅MRI+DWI", visit.admitted + 20 * HOUR, "左侧放射冠DWI高信号。", "急性脑梗死", site="头颅")
    routine(
        visit,
        dice,
        {"glucose": (4.6, 11), "ldl": (1.9, 4.6), "inr": (0.9, 1.2), "plt": (130, 290), "hba1c": (5.2, 8.8)},
    )
    if lysed:
        _lyse(visit, door, plan.when or 0)
    _prevent(visit, dice, plan, lysed, fibrillation)
    visit.measure("评分", "洼田饮水试验", str(dice.whole(1, 4)), "级", visit.admitted + 3 * HOUR)
    risk = f"CHA2DS2-VASc评分{dice.whole(3, 6)}分，HAS-BLED评分{dice.whole(1, 3)}分。" if fibrillation else ""
    visit.note(
        "入院记录", "入院记录", visit.admitted + 2 * HOUR,
        f"患者于{visit.minute(visit.onset)}突发右侧肢体无力、言语不清，{visit.minute(door)}到达急诊。NIHSS评分{nihss}分，"
        f"发病前mRS评分0分。{risk}既往无脑卒中病史。",
    )  # fmt: skip
    visit.note("病程记录", "康复评估", visit.admitted + 2 * DAY, "康复医师床旁评估：适宜早期康复，予肢体功能训练。")
    visit.facts.update(nihss=nihss, onset_to_door_minutes=minutes_before, door_to_ct_minutes=(scanned - door) // MINUTE)
    drugs = (["达比加群"] if fibrillation else ["阿司匹林"]) + ["阿托伐他汀"]
    parts.go_home(visit, drugs, "肢体肌力好转，mRS评分2分。控制血压血脂，规律服药，康复训练，3个月随访。")
    _expectations(visit, plan, "STK")
    if plan.variant == "lacunar":
        parts.expect(visit, {"STK": "lacunar_infarction"})
    hospital.close(dice, visit, "medical", 19000)
    return visit


def _lyse(visit: Visit, door: int, minutes: int) -> None:
    needle = door + minutes * MINUTE
    visit.give("阿替普酶", needle, end=needle + HOUR)
    visit.operate("99.1000 血栓溶解药的注射或输注", needle, 60, level="2", logged=False)
    visit.note(
        "病程记录", "静脉溶栓记录", needle + 2 * HOUR,
        f"无溶栓禁忌证，知情同意后于{visit.minute(needle)}予阿替普酶静脉溶栓（0.9mg/kg），{visit.minute(needle + HOUR)}结束。溶栓后2小时NIHSS评分减少3分。",
    )  # fmt: skip
    visit.facts["door_to_needle_minutes"] = minutes


def _prevent(visit: Visit, dice: Dice, plan: Plan, lysed: bool, fibrillation: bool) -> None:
    hours = {"late_antiplatelet": 50}.get(plan.variant) or (47 if plan.severe else 26 if lysed else dice.whole(1, 12))
    parts.course(visit, "阿司匹林", visit.admitted + hours * HOUR)
    parts.course(visit, "阿托伐他汀", visit.admitted + 4 * HOUR)
    if fibrillation:
        parts.course(visit, "达比加群", visit.admitted + 5 * DAY)
    visit.order("依达拉奉", visit.admitted + HOUR)
    visit.facts["admission_to_antiplatelet_hours"] = hours


# ---- pneumonia: `when` is the first antibacterial, minutes after admission

PNEUMONIA = (
    Plan("antibacterial_239", when=239),
    Plan("antibacterial_240", when=240),
    Plan("antibacterial_241", when=241),
    Plan("cultures_after_antibacterial", when=90, variant="cultures_late"),
    Plan("no_cultures", when=80, variant="no_cultures"),
    Plan("severe_in_icu", when=45, severe=True),
    Plan("died", when=50, severe=True, dies=True),
    Plan("minor", when=100, age=17),
    Plan("transferred_in", when=60, transferred=True),
)


def pneumonia(
    hospital: "Hospital", dice: Dice, number: int, plan: Plan, who: Patient | None, midnight: int | None
) -> Visit:
    """Tell an admission for pneumonia acquired at home, of an adult."""
    age = parts.age_of(plan, dice, 24, 88)
    visit = parts.arrive(
        hospital, dice, number, "respiratory" if age >= 18 else "paediatrics", f"cap_{plan.name}",
        days=plan.days or dice.whole(7, 12), age=age, route="3" if plan.transferred else "1", who=who, midnight=midnight,
    )  # fmt: skip
    visit.mode = "5" if plan.dies else "1"
    codes = (
        ("J18.903 重症肺炎",)
        if plan.severe
        else ("J15.902 社区获得性肺炎，非重症", "J18.900 肺炎", "J13.x00x001 肺炎链球菌性肺炎")
    )
    visit.diagnose(dice.pick(codes), outcome="4" if plan.dies else "1")
    if plan.severe:
        visit.diagnose("J96.000 急性呼吸衰竭")
    for text in dice.some(("I10.x00x002 高血压", "E11.900 2型糖尿病", "E87.600 低钾血症"), 2):
        visit.diagnose(text)
    minutes = plan.when if plan.when is not None else dice.whole(40, 300)
    first = visit.admitted + minutes * MINUTE
    drug = "哌拉西林他唑巴坦" if plan.severe else dice.pick(("头孢曲松", "左氧氟沙星", "莫西沙星"))
    parts.course(visit, drug, first, end=visit.discharged - DAY)
    if plan.severe:
        parts.course(visit, "左氧氟沙星", first + 30 * MINUTE, end=visit.discharged - DAY)
    visit.facts["admission_to_antibacterial_minutes"] = minutes
    if plan.variant != "no_cultures":
        drawn = first + (2 * HOUR if plan.variant == "cultures_late" else -25 * MINUTE)
        visit.lab("sputum", dice.pick(("肺炎链球菌", "未检出致病菌", "肺炎克雷伯菌")), drawn, drawn + 3 * DAY)
        visit.lab("bloodculture", "阴性", drawn, drawn + 5 * DAY)
        visit.facts["culture_before_antibacterial"] = plan.variant != "cultures_late"
    _breathing(visit, dice, plan)
    curb = dice.whole(3, 4) if plan.severe else dice.whole(0, 2)
    visit.measure("评分", "CURB-65评分", str(curb), "分", visit.admitted + HOUR)
    visit.examine(
        "CT",
        "胸部CT平扫",
        visit.admitted + 2 * HOUR,
        "双肺下叶斑片状实变影。" if plan.severe else "右肺下叶实变影。",
        "肺炎",
        site="胸部",
    )
    visit.note(
        "入院记录", "入院记录", visit.admitted + 2 * HOUR,
        f"患者因发热、咳嗽咳痰4天入院。体温39.{dice.whole(0, 6)}℃，右下肺湿啰音。CURB-65评分{curb}分。未在外院使用抗菌药物。"
        f"{'吸烟20年。已告知戒烟。' if dice.chance(0.4) else '无吸烟史。'}",
    )  # fmt: skip
    parts.go_home(visit, [], "体温正常3天，胸部影像吸收好转，准予出院。")
    visit.facts["curb65"] = curb
    _expectations(visit, plan, "CAP")
    hospital.close(dice, visit, "medical", 42000 if plan.severe else 10500)
    return visit


def _breathing(visit: Visit, dice: Dice, plan: Plan) -> None:
    saturation = dice.whole(80, 88) if plan.severe else dice.whole(92, 98)
    visit.measure("体征", "血氧饱和度", str(saturation), "%", visit.admitted + 5 * MINUTE)
    oxygen = (48.0, 58.0) if plan.severe else (68.0, 92.0)
    routine(visit, dice, {"pao2": oxygen, "paco2": (32, 44), "ph": (7.34, 7.46), "crp": (30, 210), "pct": (0.1, 8 if plan.severe else 1.2), "wbc": (7, 19), "lactate": (0.9, 3.2), "bun": (4, 11)})  # fmt: skip
    visit.facts["spo2"] = saturation
    if plan.severe:
        start = visit.admitted + 3 * HOUR
        visit.intensive("6", "RICU", start, min(start + dice.whole(48, 110) * HOUR, visit.discharged - HOUR))
        visit.ventilator_hours = dice.whole(30, 90)
        visit.operate("96.7101 呼吸机治疗[小于96小时]", start, 60, level="2", logged=False)
        visit.operate("96.0400 气管内插管", start, 15, level="2", logged=False)


# ---- COPD: `when` is nothing in particular; variants turn on ventilation and steroids

COPD = (
    Plan("steroid_and_bronchodilators"),
    Plan("noninvasive_ventilation", variant="noninvasive"),
    Plan("no_steroid", variant="no_steroid"),
    Plan("no_blood_gas", variant="no_gas"),
    Plan("no_inhaler_at_home", variant="no_inhaler"),
    Plan("with_infection", variant="infection"),
    Plan("died", variant="noninvasive", dies=True),
    Plan("stayed_long", days=92),
    Plan("transferred_in", transferred=True),
)


def copd(hospital: "Hospital", dice: Dice, number: int, plan: Plan, who: Patient | None, midnight: int | None) -> Visit:
    """Tell an admission for an acute exacerbation of COPD."""
    visit = parts.arrive(
        hospital, dice, number, "respiratory", f"aecopd_{plan.name}", days=plan.days or dice.whole(7, 12),
        age=parts.age_of(plan, dice, 56, 88), sex="male" if dice.chance(0.75) else "female",
        route="3" if plan.transferred else "1", who=who, midnight=midnight,
    )  # fmt: skip
    visit.mode = "5" if plan.dies else "1"
    infected = plan.variant == "infection"
    visit.diagnose(
        "J44.000 慢性阻塞性肺病伴有急性下呼吸道感染" if infected else "J44.100 慢性阻塞性肺病伴有急性加重",
        outcome="4" if plan.dies else "2",
    )
    if plan.variant == "noninvasive":
        visit.diagnose("J96.100 慢性呼吸衰竭")
    for text in dice.some(("I27.900x002 慢性肺源性心脏病", "I10.x00x002 高血压"), 2):
        visit.diagnose(text)
    start = visit.admitted + dice.whole(30, 100) * MINUTE
    gas = {} if plan.variant == "no_gas" else {"pao2": (46.0, 66.0), "paco2": (48.0, 76.0), "ph": (7.28, 7.40)}
    routine(visit, dice, {**gas, "crp": (4, 90), "wbc": (6, 15), "potassium": (3.3, 4.8)})
    visit.measure("体征", "血氧饱和度", str(dice.whole(82, 92)), "%", visit.admitted + 5 * MINUTE)
    for drug in ("沙丁胺醇", "异丙托溴铵", "布地奈德"):
        parts.course(visit, drug, start)
    if plan.variant != "no_steroid":
        parts.course(visit, "甲泼尼龙", start + 20 * MINUTE, end=min(start + 5 * DAY, visit.discharged))
    if infected or dice.chance(0.6):
        visit.lab("sputum", "未检出致病菌", start + 5 * MINUTE, start + 3 * DAY)
        parts.course(visit, dice.pick(("左氧氟沙星", "哌拉西林他唑巴坦")), start + HOUR, end=visit.discharged - DAY)
    if plan.variant == "noninvasive":
        visit.operate(
            "93.9000x002 无创呼吸机辅助通气(双水平气道正压[BiPAP])", start + 2 * HOUR, 60, level="2", logged=False
        )
        visit.note(
            "病程记录",
            "无创通气记录",
            start + 6 * HOUR,
            f"{visit.minute(start + 2 * HOUR)}起予BiPAP无创正压通气，{visit.minute(start + 3 * DAY + 2 * HOUR)}停用。",
        )
        visit.facts["noninvasive_hours"] = 72
    visit.examine("X线", "胸部正位片", visit.admitted + 2 * HOUR, "两肺透亮度增高，膈肌低平。", "慢性支气管炎、肺气肿")
    visit.examine(
        "其他",
        "肺功能检查",
        visit.discharged - DAY,
        f"FEV1/FVC {dice.whole(42, 64)}%，FEV1占预计值{dice.whole(28, 62)}%。",
        "中重度阻塞性通气功能障碍",
    )
    visit.note(
        "入院记录", "入院记录", visit.admitted + 2 * HOUR,
        f"患者因反复咳嗽咳痰气喘10年、加重3天入院。mMRC分级{dice.whole(2, 4)}级，CAT评分{dice.whole(14, 30)}分。"
        f"{'吸烟40年，20支/日，已劝告戒烟并提供戒烟药物咨询。' if dice.chance(0.7) else '已戒烟5年。'}",
    )  # fmt: skip
    parts.go_home(
        visit,
        [] if plan.variant == "no_inhaler" else ["布地奈德福莫特罗", "噻托溴铵"],
        "气喘缓解，准予出院。长期家庭氧疗，按时吸入用药，接种流感及肺炎疫苗。",
    )
    _expectations(visit, plan, "AECOPD")
    hospital.close(dice, visit, "medical", 12500)
    return visit
