"""Generate the export of a hospital: patient by patient, each told by a story, written as they come."""

from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from zhiheng.sources.base import Progress, Quiet
from zhiheng.sources.demo import dirt as dirty
from zhiheng.sources.demo import frontpage, plan, truth
from zhiheng.sources.demo.calendar import DAY, Calendar
from zhiheng.sources.demo.catalogue import Catalogue, catalogue
from zhiheng.sources.demo.dice import Dice
from zhiheng.sources.demo.fees import fees
from zhiheng.sources.demo.patients import Patient, age_on, birthday, patient
from zhiheng.sources.demo.sheets import Sheet, Sheets, quoted
from zhiheng.sources.demo.visit import Visit

LONGEST = 420  # days before the first year from which a long stay may reach into it

SHEETS = {
    "visits": "就诊号,患者号,就诊类型,科室代码,科室,院区,就诊时间,离开时间,去向,关联住院号,到院方式",
    "visit_diagnoses": "就诊号,序号,诊断编码,诊断名称",
    "visit_procedures": "就诊号,序号,操作编码,操作名称,开始时间",
    "visit_patients": "患者号,姓名,性别,出生日期,证件号码,电话",
    "operations": "住院流水号,手术单号,手术编码,手术名称,切皮时间,缝皮结束时间,麻醉方式,ASA分级,出血量,术者",
    "medications": "住院流水号,医嘱号,类别,所属医嘱,药品代码,药品名称,剂量,剂量单位,途径,频次,开始时间,结束时间",
    "labs": "住院流水号,检验单号,项目代码,项目名称,结果,单位,标志,采样时间,报告时间",
    "chart": "住院流水号,记录号,类别,项目,值,单位,时间",
    "exams": "住院流水号,检查号,检查类别,检查名称,部位,申请时间,检查时间,报告时间,所见,结论",
    "notes": "住院流水号,文书号,文书类别,标题,时间,书写者,内容",
    "stays": "住院流水号,类别,科室代码,科室,病区,床号,入区时间,出区时间",
    "patient_links": "序号,患者号,另一患者号,事件,时间,原因",
    "dirt": dirty.HEADER,
    "truth": "encounter,patient,class,story,admitted,discharged,department,packs,out,open,facts",
}
# The examination system speaks GB18030 and the theatre's system writes a mark at the start, as such systems do.
_ENCODINGS = {"exams": "gb18030", "operations": "utf-8-sig"}
_SEX = {"male": "男", "female": "女"}
_CAMPUSES = {"东院区": "east", "西院区": "west"}


@dataclass(frozen=True)
class Demo:
    """What was generated."""

    folder: Path
    encounters: int
    inpatients: int
    patients: int
    rows: dict[str, int]


class Hospital:
    """The hospital while its two years are told."""

    def __init__(self, sheets: Sheets, first: date, last: date, recent: float, book: Catalogue) -> None:
        self.sheets = sheets
        self.book = book
        self.recent = recent
        self.opens = LONGEST * DAY
        self.closes = self.opens + ((last - first).days + 1) * DAY
        self.calendar = Calendar(first - timedelta(LONGEST), self.closes // DAY + 400)
        self.numbers: dict[str, int] = {}
        self.last_clean: Visit | None = None
        self.encounters = self.inpatients = self.patients = self.links = 0

    def time(self, dice: Dice, days: int, follow_up: int = 0) -> int:
        """Return the midnight before an admission of `days` days, with `follow_up` days left within the years."""
        last = self.closes // DAY - 1 - days - follow_up
        return dice.late(self.opens // DAY, max(self.opens // DAY, last), self.recent) * DAY

    def patient(self, dice: Dice, number: int, sex: str, age: float, on: int) -> Patient:
        """Register a new patient who is `age` years old at time `on`."""
        self.patients += 1
        day = self.calendar.day(on)
        return patient(self.book.names, dice, number, sex, birthday(dice, age, day))

    def admit(self, who: Patient, department: str, admitted: int, discharged: int, story: str, **more: object) -> Visit:
        """Begin an inpatient visit."""
        self.numbers = {who.record_number: self.numbers.get(who.record_number, 0) + 1}
        number = self.numbers[who.record_number]
        visit = Visit(
            f"{who.record_number}-{number}",
            who,
            number,
            story,
            self.book.departments[department],
            admitted,
            discharged,
            self.book,
            self.calendar,
            self.sheets,
            age_on(who.born, self.calendar.day(admitted)),
        )
        for name, value in more.items():
            setattr(visit, name, value)
        return visit

    def close(self, dice: Dice, visit: Visit, kind: str, money: float) -> None:
        """Discharge: the sums are drawn up and the front page is written."""
        visit.fees = fees(dice, kind, money, visit.antibacterials, visit.red_cells + visit.plasma / 200)
        visit.stay("病区", visit.department.ward, visit.admitted, visit.discharged)
        self.sheets[self.page_sheet(visit)].add(frontpage.line(visit))
        self.last_clean = visit
        self.count(visit)

    def page_sheet(self, visit: Visit) -> str:
        """Return the name of the file that the front page of `visit` stands in: one for each campus and year."""
        year = self.calendar.days[visit.discharged // DAY][:4]
        return f"frontpage_{_CAMPUSES[visit.department.campus]}_{year}"

    def count(self, visit: Visit) -> None:
        """Count an inpatient visit that a reader will find, and say what was planted."""
        self.inpatients += 1
        self._note_truth(visit)

    def outpatient(
        self, visit: Visit, diagnoses: list[str], procedures: list[str], went: str, leads_to: str = ""
    ) -> None:
        """Write an outpatient or emergency visit, which has no front page."""
        minute = self.calendar.minute
        kind = {"emergency": "急诊", "outpatient": "门诊"}[visit.kind]
        self.sheets["visits"].add(
            f"{visit.id},{visit.patient.record_number},{kind},{visit.department.code},{visit.department.name},"
            f"{visit.department.campus},{minute(visit.admitted)},{minute(visit.discharged)},{went},{leads_to},{visit.transport}"
        )
        for place, text in enumerate(diagnoses, 1):
            visit.diagnose(text)
            self.sheets["visit_diagnoses"].add(
                f"{visit.id},{place},{visit.diagnoses[-1].code},{visit.diagnoses[-1].name}"
            )
        for place, text in enumerate(procedures, 1):
            code, _, name = text.partition(" ")
            self.sheets["visit_procedures"].add(f"{visit.id},{place},{code},{name},{minute(visit.admitted)}")
        self._note_truth(visit)

    def register(self, who: Patient) -> None:
        """Write the registration of a patient who may never have a front page."""
        self.sheets["visit_patients"].add(
            f"{who.record_number},{who.name},{_SEX[who.sex]},{who.born},{who.id_number},{who.phone}"
        )

    def link(self, who: Patient, other: Patient, event: str, at: int, reason: str) -> None:
        """Record that two patient numbers are, or are not, one person."""
        self.links += 1
        self.sheets["patient_links"].add(
            f"{self.links},{who.record_number},{other.record_number},{event},{self.calendar.minute(at)},{reason}"
        )

    def _note_truth(self, visit: Visit) -> None:
        self.encounters += 1
        out, open_ = dict(visit.facts.pop("out", {})), dict(visit.facts.pop("open", {}))  # type: ignore[call-overload]
        if visit.kind == "inpatient":
            age = (
                (self.calendar.day(visit.admitted) - visit.patient.born).days / 365.25 if visit.age < 10 else visit.age
            )
            found = truth.packs_of(visit, age)
        else:
            found = list(visit.facts.pop("packs", []))  # type: ignore[call-overload]
        out = {abbr: why for abbr, why in out.items() if abbr in found}
        open_ = {abbr: why for abbr, why in open_.items() if abbr in found}
        packs = " ".join(abbr for abbr in found if abbr not in out and abbr not in open_)
        facts = "; ".join(f"{name}={value}" for name, value in visit.facts.items())
        self.sheets["truth"].add(
            f"{visit.id},{visit.patient.record_number},{visit.kind},{visit.story},{self.calendar.minute(visit.admitted)},"
            f"{self.calendar.minute(visit.discharged)},{visit.department.name},{packs},"
            f"{' '.join(f'{abbr}:{why}' for abbr, why in out.items())},"
            f"{' '.join(f'{abbr}:{why}' for abbr, why in open_.items())},{quoted(facts) if facts else ''}"
        )


def generate(
    folder: Path,
    *,
    encounters: int = 600,
    seed: int = 1,
    last: date = date(2025, 12, 31),
    recent: float = 1,
    dirt: bool = True,
    progress: Progress | None = None,
) -> Demo:
    """Write the export of a hospital with `encounters` visits into `folder`, with dirt unless told otherwise.

    The visits lie in the two years up to `last`, evenly, or the more towards the end the larger `recent` is.
    `truth.csv` says what was planted, `dirt.csv` which rows a reader has to set aside, and why.
    """
    shown = progress or Quiet()
    shown.start("demo-data", encounters)
    book = catalogue()
    first = date(last.year - 1, 1, 1) if last == date(last.year, 12, 31) else last - timedelta(730)
    with Sheets(folder, _sheets(range(first.year, last.year + 1))) as sheets:
        hospital = Hospital(sheets, first, last, recent, book)
        drawn = plan.Plan(encounters, book)
        number = told = 0
        times = dirty.copies(encounters) if dirt else 0
        clean = encounters - times * dirty.STANDING - (1 if dirt else 0)
        while hospital.encounters < clean:
            number += 1
            dice = Dice(seed, number)
            drawn.story(dice, number, clean - hospital.encounters)(hospital, dice, number)
            if hospital.encounters - told >= 1000:
                shown.advance("demo-data", hospital.encounters - told)
                told = hospital.encounters
        shown.advance("demo-data", hospital.encounters - told)
        if dirt:
            dirty.plant(hospital, seed, times)
            dirty.add_files(hospital, seed)
    shown.finish("demo-data")
    rows = {name: sheet.rows for name, sheet in sheets.by_name.items()}
    return Demo(folder, hospital.encounters, hospital.inpatients, hospital.patients, rows)


def _sheets(years: range) -> list[Sheet]:
    pages = [
        Sheet(f"frontpage_{campus}_{year}", frontpage.HEADER, "utf-8-sig" if campus == "east" else "gb18030")
        for campus in _CAMPUSES.values()
        for year in years
    ]
    return [*pages, *(Sheet(name, header, _ENCODINGS.get(name, "utf-8")) for name, header in SHEETS.items())]
