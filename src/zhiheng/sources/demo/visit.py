"""One visit as it is told: its front page, and the rows that it leaves in the other systems of the hospital."""

from dataclasses import dataclass, field
from typing import NamedTuple

from zhiheng.sources.demo.calendar import HOUR, MINUTE, Calendar
from zhiheng.sources.demo.catalogue import Catalogue, Department
from zhiheng.sources.demo.patients import Patient
from zhiheng.sources.demo.sheets import Sheets, quoted


class Coded(NamedTuple):
    """A code with its name."""

    code: str
    name: str


def coded(text: str) -> Coded:
    """Return 'I21.103 急性下壁心肌梗死' as code and name."""
    code, _, name = text.partition(" ")
    return Coded(code, name)


class Diagnosis(NamedTuple):
    """A discharge diagnosis. `present`: 1 yes, 2 uncertain, 3 unknown, 4 no; `outcome`: 1 cured, 2 better, 4 died."""

    code: str
    name: str
    present: str = "1"
    outcome: str = "2"


@dataclass(slots=True)
class Operation:
    """A line of the front page's list of procedures."""

    code: str
    name: str
    start: int
    minutes: int = 60
    level: str = "3"
    healing: str = "-"  # RC014: 2 is I/甲, 6 is II/甲
    anaesthesia: str = "-"  # RC013
    asa: str = "-"
    blood_loss: int = 0
    logged: bool = True  # whether the operating theatre's own system has it, with its times


@dataclass(slots=True)
class Visit:
    """A visit being told. Detail rows go straight to their sheets; the front page is written when it is closed."""

    id: str
    patient: Patient
    number: int
    story: str
    department: Department
    admitted: int
    discharged: int
    book: Catalogue
    calendar: Calendar
    sheets: Sheets
    age: int
    kind: str = "inpatient"
    route: str = "2"  # RC026: 1 emergency, 2 outpatient, 3 from another hospital
    mode: str = "1"  # RC019: 1 home, 2 transfer, 4 against advice, 5 died
    payment: str = "1"  # RC032
    transferred_to: str = "-"
    diagnoses: list[Diagnosis] = field(default_factory=list)
    operations: list[Operation] = field(default_factory=list)
    admission_diagnosis: Coded | None = None
    pathology: tuple[str, str, str] | None = None
    external_cause: Coded | None = None
    allergy: str = "-"
    icu: list[tuple[str, int, int]] = field(default_factory=list)  # RC015 code, from, to
    ventilator_hours: int = 0
    coma: tuple[int, int] = (0, 0)  # minutes before and after admission
    red_cells: float = 0
    plasma: int = 0
    newborn_weight: int = 0
    readmission: str = ""  # purpose of a planned readmission
    fees: dict[str, int] = field(default_factory=dict)
    onset: int | None = None
    arrived: int | None = None
    transport: str = ""
    weight: float | None = None
    height: int | None = None
    antibacterials: bool = False
    orders: int = 0
    facts: dict[str, object] = field(default_factory=dict)  # what a test may look for

    def minute(self, at: int) -> str:
        return self.calendar.minute(at)

    # ---- diagnoses and procedures

    def diagnose(self, text: str, present: str = "1", outcome: str = "2") -> None:
        """Add a discharge diagnosis; the first one is the principal."""
        self.diagnoses.append(Diagnosis(*coded(text), present, outcome))

    def operate(self, text: str, start: int, minutes: int = 60, **more: object) -> Operation:
        """Add a procedure; the first one is the principal. The theatre's own system logs it to the minute."""
        operation = Operation(*coded(text), start, minutes, **more)  # type: ignore[arg-type]
        self.operations.append(operation)
        if operation.logged:
            end = start + minutes * MINUTE
            self.sheets["operations"].add(
                f"{self.id},SS{self.id}{len(self.operations):02d},{operation.code},{operation.name},{self.minute(start)},"
                f"{self.minute(end)},{operation.anaesthesia.strip('-')},{operation.asa.strip('-')},"
                f"{operation.blood_loss or ''},{self.department.physicians[1].name}"
            )
        return operation

    # ---- drugs

    def order(self, drug: str, start: int, end: int | None = None, dose: str = "", frequency: str = "") -> str:
        """Order a drug from `start` on; without `end` until discharge. Returns the number of the order."""
        return self._medicate("医嘱", drug, start, end if end is not None else self.discharged, dose, frequency)

    def give(self, drug: str, at: int, dose: str = "", order: str = "", end: int | None = None) -> None:
        """Give one dose."""
        self._medicate("执行", drug, at, end, dose, "", order)

    def take_home(self, drug: str, dose: str = "") -> None:
        """Prescribe a drug for home."""
        self._medicate("出院带药", drug, self.discharged - 2 * HOUR, None, dose, "")

    def _medicate(
        self, kind: str, drug: str, start: int, end: int | None, dose: str, frequency: str, order: str = ""
    ) -> str:
        self.orders += 1
        line = self.book.drugs[drug]
        number = f"YZ{self.id}{self.orders:03d}"
        if line.code.startswith("D09"):
            self.antibacterials = True
        self.sheets["medications"].add(
            f"{self.id},{number},{kind},{order},{line.code},{line.name},{dose or line.dose},{line.unit},{line.route},"
            f"{frequency or (line.frequency if kind != '执行' else '')},{self.minute(start)},"
            f"{'' if end is None else self.minute(end)}"
        )
        return number

    # ---- observations

    def lab(self, test: str, value: float | str, at: int, reported: int | None = None) -> None:
        """Report a laboratory value."""
        line = self.book.tests[test]
        if isinstance(value, str):
            text, flag = value, ""
        else:
            text = f"{value:.{line.decimals}f}"
            flag = "H" if line.high is not None and value > line.high else ""
            flag = "L" if line.low is not None and value < line.low else flag
        self.orders += 1
        self.sheets["labs"].add(
            f"{self.id},JY{self.id}{self.orders:03d},{line.code},{line.name},{text},{line.unit},{flag},"
            f"{self.minute(at)},{self.minute(reported if reported is not None else at + 50 * MINUTE)}"
        )

    def measure(self, kind: str, name: str, value: str, unit: str, at: int) -> None:
        """Chart a vital sign (体征) or a score (评分)."""
        self.orders += 1
        self.sheets["chart"].add(
            f"{self.id},TZ{self.id}{self.orders:03d},{kind},{name},{value},{unit},{self.minute(at)}"
        )

    def examine(
        self,
        modality: str,
        name: str,
        at: int,
        findings: str,
        conclusion: str,
        reported: int | None = None,
        site: str = "",
        ordered: int | None = None,
    ) -> None:
        """Report an examination."""
        self.orders += 1
        self.sheets["exams"].add(
            f"{self.id},JC{self.id}{self.orders:03d},{modality},{name},{site},"
            f"{self.minute(ordered if ordered is not None else at - 20 * MINUTE)},{self.minute(at)},"
            f"{self.minute(reported if reported is not None else at + 30 * MINUTE)},"
            f"{quoted(findings)},{quoted(conclusion)}"
        )

    # ---- texts and wards

    def note(self, kind: str, title: str, at: int, text: str) -> None:
        """Write a note."""
        self.orders += 1
        author = self.department.physicians[3].name
        self.sheets["notes"].add(
            f"{self.id},WS{self.id}{self.orders:03d},{kind},{title},{self.minute(at)},{author},{quoted(text)}"
        )

    def stay(self, kind: str, ward: str, start: int, end: int, bed: int = 0) -> None:
        """Record a stretch in a ward (病区) or intensive care unit (重症)."""
        self.sheets["stays"].add(
            f"{self.id},{kind},{self.department.code},{self.department.name},{ward},{bed or 1 + self.number % 48},"
            f"{self.minute(start)},{self.minute(end)}"
        )

    def intensive(self, code: str, ward: str, start: int, end: int) -> None:
        """Record a stay in intensive care, on the front page too. `code` is RC015."""
        self.icu.append((code, start, end))
        self.stay("重症", ward, start, end)
