"""Deliberate dirt: what real exports contain, planted where a test can find it again. `dirt.csv` lists every piece."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from zhiheng.sources.demo import frontpage
from zhiheng.sources.demo.calendar import DAY, HOUR, MINUTE
from zhiheng.sources.demo.dice import Dice
from zhiheng.sources.demo.fees import fees
from zhiheng.sources.demo.sheets import Sheet
from zhiheng.sources.demo.visit import Visit

if TYPE_CHECKING:
    from zhiheng.sources.demo.hospital import Hospital

HEADER = "file,row,visit,field,kind,effect"
FIRST = 80_000_000  # running numbers of the patients of this page
_PLACE = {name: place for place, name in enumerate((*frontpage.OFFICIAL, *frontpage.OWN))}
_FULL_WIDTH = str.maketrans("0123456789:-.", "０１２３４５６７８９：－．")

Cells = list[str]


@dataclass(frozen=True)
class Piece:
    """One kind of dirt in a front page. `effect`: row (set aside), field (left empty), noted, or accepted as it is."""

    kind: str
    field: str
    effect: str
    spoil: Callable[[Cells], None]
    department: str = "geriatrics"

    @property
    def stands(self) -> bool:
        return self.effect != "row"


def _put(field: str, text: str) -> Callable[[Cells], None]:
    def spoil(cells: Cells) -> None:
        cells[_PLACE[field]] = text

    return spoil


def _change(field: str, how: Callable[[str], str]) -> Callable[[Cells], None]:
    def spoil(cells: Cells) -> None:
        cells[_PLACE[field]] = how(cells[_PLACE[field]])

    return spoil


def _wrong_digit(number: str) -> str:
    return number[:17] + ("1" if number[17] != "1" else "2")


def _full_width(cells: Cells) -> None:
    for field in ("A49", "B12", "B15", "D01", "B20"):
        cells[_PLACE[field]] = cells[_PLACE[field]].translate(_FULL_WIDTH)


def _swap(cells: Cells) -> None:
    first, last = _PLACE["B12"], _PLACE["B15"]
    cells[first], cells[last] = cells[last], cells[first]


PIECES = (
    Piece("24:00", "B12", "accepted", _change("B12", lambda time: time[:10] + " 24:00:00")),
    Piece("full_width_digits", "A49", "accepted", _full_width),
    Piece("impossible_date", "B12", "row", _change("B12", lambda time: time[:4] + "-02-30" + time[10:])),
    Piece("impossible_time", "B15", "row", _change("B15", lambda time: time[:10] + " 25:61:00"), "cardiology"),
    Piece("two_digit_year", "B12", "row", _change("B12", lambda time: time[2:10].replace("-", "/") + time[10:16])),
    Piece("discharge_before_admission", "B15", "row", _swap),
    Piece("missing_value", "C03C", "row", _put("C03C", "-")),
    Piece("bad_visit_number", "A49", "row", _put("A49", "0"), "cardiology"),
    Piece("identity_checksum", "A20", "field", _change("A20", _wrong_digit)),
    Piece("identity_disagrees", "A12C", "noted", _change("A12C", lambda sex: "2" if sex == "1" else "1")),
    Piece("unknown_code", "B34C", "field", _put("B34C", "7"), "cardiology"),
    Piece("unknown_code", "A46C", "field", _put("A46C", "医保")),
    Piece("required_blank", "A11", "noted", _put("A11", "")),
    Piece("dependent_blank", "C07x01N", "noted", _put("C06x01C", "E11.900")),
    Piece("fees_do_not_add_up", "D01", "noted", _put("D01", "100.00"), "cardiology"),
    Piece("length_of_stay_disagrees", "B20", "noted", _put("B20", "77")),
)
TWICE = 2  # pieces that are told of two rows: a correction, and another visit under the same number
STANDING = sum(piece.stands for piece in PIECES) + TWICE + 1


def copies(encounters: int) -> int:
    """Return how often each kind of dirt is planted."""
    return max(1, min(20, encounters // 2000))


def plant(hospital: "Hospital", seed: int, times: int) -> None:
    """Add dirty rows to the front pages and to the other systems' files."""
    number = FIRST
    for _ in range(times):
        for piece in PIECES:
            number += 1
            _plant(hospital, Dice(seed, number), number, piece)
        for repeat in (_repeat_row, _correct, _number_again):
            number += 1
            repeat(hospital, Dice(seed, number), number)
        for cut in (_cut_character, _narrow):
            number += 1
            cut(hospital, Dice(seed, number), number)
        _systems(hospital, number)


def _visit(hospital: "Hospital", dice: Dice, number: int, story: str, department: str = "geriatrics") -> Visit:
    """Return a plain visit whose details are nowhere but on its front page."""
    midnight = hospital.time(dice, 6, 30)
    who = hospital.patient(dice, number, "male", dice.whole(45, 80), midnight)
    admitted = midnight + dice.whole(8 * 60, 16 * 60) * MINUTE
    visit = hospital.admit(who, department, admitted, midnight + 6 * DAY + 10 * HOUR, f"dirt_{story}")
    visit.diagnose("I10.x00x002 高血压")
    visit.fees = fees(dice, "medical", 6000, False, 0)
    return visit


def _sheet(hospital: "Hospital", visit: Visit) -> Sheet:
    return hospital.sheets[hospital.page_sheet(visit)]


def _note(hospital: "Hospital", sheet: Sheet, visit: str, field: str, kind: str, effect: str) -> None:
    hospital.sheets["dirt"].add(f"{sheet.name}.csv,{sheet.next_row},{visit},{field},{kind},{effect}")


def _plant(hospital: "Hospital", dice: Dice, number: int, piece: Piece) -> None:
    visit = _visit(hospital, dice, number, piece.kind.replace(":", ""), piece.department)
    sheet = _sheet(hospital, visit)
    cells = frontpage.line(visit).split(",")
    piece.spoil(cells)
    _note(hospital, sheet, visit.id, piece.field, piece.kind, piece.effect)
    sheet.add(",".join(cells))
    if piece.stands:
        hospital.count(visit)


def _repeat_row(hospital: "Hospital", dice: Dice, number: int) -> None:
    """Export the same row twice: it counts once."""
    visit = _visit(hospital, dice, number, "repeated_row")
    sheet = _sheet(hospital, visit)
    sheet.add(frontpage.line(visit))
    _note(hospital, sheet, visit.id, "A48", "repeated_row", "noted")
    sheet.add(frontpage.line(visit))
    hospital.count(visit)


def _correct(hospital: "Hospital", dice: Dice, number: int) -> None:
    """Export a visit again with another principal diagnosis and one diagnosis less: a correction."""
    visit = _visit(hospital, dice, number, "corrected_visit")
    sheet = _sheet(hospital, visit)
    visit.diagnose("E78.500 高脂血症")
    sheet.add(frontpage.line(visit))
    visit.diagnoses.clear()
    visit.diagnose("I10.x00 特发性（原发性）高血压")
    _note(hospital, sheet, visit.id, "A48", "corrected_visit", "noted")
    sheet.add(frontpage.line(visit))
    hospital.count(visit)


def _number_again(hospital: "Hospital", dice: Dice, number: int) -> None:
    """Export two visits of one patient, months apart, under one number."""
    visit = _visit(hospital, dice, number, "repeated_visit_number")
    sheet = _sheet(hospital, visit)
    sheet.add(frontpage.line(visit))
    hospital.count(visit)
    visit.admitted += 20 * DAY
    visit.discharged += 20 * DAY
    _note(hospital, sheet, visit.id, "A49", "repeated_visit_number", "row")
    sheet.add(frontpage.line(visit))


def _cut_character(hospital: "Hospital", dice: Dice, number: int) -> None:
    """Cut a row of a GB18030 file within a character, as exports with fields of fixed width in bytes do."""
    visit = _visit(hospital, dice, number, "cut_character")
    sheet = _sheet(hospital, visit)
    line = frontpage.line(visit)
    place = line.index(visit.patient.address) + 3
    _note(hospital, sheet, visit.id, "", "cut_character", "row")
    # Half of a two-byte character, and a comma in the place of its other half.
    sheet.add_bytes(line[:place].encode("gb18030") + b"\xd4" + line[place + 1 :].encode("gb18030"))


def _narrow(hospital: "Hospital", dice: Dice, number: int) -> None:
    """Lose a column in one row."""
    visit = _visit(hospital, dice, number, "wrong_width", "cardiology")
    sheet = _sheet(hospital, visit)
    _note(hospital, sheet, visit.id, "", "wrong_width", "row")
    sheet.add(frontpage.line(visit).replace(",-,", ",", 1))


def _systems(hospital: "Hospital", number: int) -> None:
    """Add dirt to the other systems, to rows of their own that belong to a visit that is not dirty."""
    visit, minute = hospital.last_clean, hospital.calendar.minute
    if visit is None:
        return
    at, rows = minute(visit.admitted + HOUR), hospital.sheets
    dirty: tuple[tuple[str, str, str, str, str], ...] = (
        ("labs", f"{visit.id},DX{number}1,L0301,肌钙蛋白I,<0.012,ng/mL,,{at},{at}", "结果", "bound", "accepted"),
        ("labs", f"{visit.id},DX{number}2,L0501,肌酐,７８,μmol/L,,{at},{at}", "结果", "full_width_digits", "accepted"),
        (
            "labs",
            f"{visit.id},DX{number}3,L0503,钾,4.1,mmol/L,,{at[:4]}-13-01 09:00,{at}",
            "采样时间",
            "impossible_date",
            "field",
        ),
        (
            "medications",
            f"{visit.id},DX{number}4,嘱托,,D1604,0.9%氯化钠注射液,250,ml,静脉滴注,qd,{at},",
            "类别",
            "unknown_code",
            "field",
        ),
        (
            "medications",
            f"{visit.id},DX{number}5,执行,,D0101,阿司匹林肠溶片,一百,mg,口服,,{at},",
            "剂量",
            "not_a_number",
            "field",
        ),
        (
            "medications",
            f"{visit.id},DX{number}6,医嘱,,D0101,阿司匹林肠溶片,100,mg,口服,qd,{minute(visit.discharged)},{at}",
            "结束时间",
            "end_before_start",
            "field",
        ),
        ("stays", f"{visit.id},观察,20,急诊医学科,急诊留观,1,{at},{at}", "类别", "unknown_code", "field"),
        ("labs", f"{visit.id},DX{number}7,L0301,肌钙蛋白I", "", "wrong_width", "row"),
    )
    for name, line, field, kind, effect in dirty:
        _note(hospital, rows[name], visit.id, field, kind, effect)
        rows[name].add(line)


def add_files(hospital: "Hospital", seed: int) -> None:
    """Add a front page file without the time of admission, and one with few columns in another order and writing."""
    visit = _visit(hospital, Dice(seed, FIRST * 2), FIRST + 9_000_000, "few_columns")
    lines = frontpage.line(visit).split(",")
    folder = hospital.sheets.folder
    without = [name for name in frontpage.OFFICIAL if name != "B12"]
    cells = ",".join(lines[_PLACE[name]] for name in without)
    broken = folder / "frontpage_east_without_admission.csv"
    broken.write_bytes(f"{','.join(without)}\n{cells}\n".encode())
    hospital.sheets["dirt"].add(f"{broken.name},,,B12,missing_column,file")
    few = ("C03C", "C04N", "C05C", "A49", "A48", "B15", "B12", "A11", "A12C", "A13", "A20", "B16C", "B34C", "D01")
    named = {"C04N": "出院主要诊断名称", "A11": "姓名", "A12C": "性别"}
    header = ",".join(named.get(name, name.lower()) for name in few)
    chinese = folder / "frontpage_west_few_columns.csv"
    chinese.write_bytes(f"{header}\n{','.join(lines[_PLACE[name]] for name in few)}\n".encode("gb18030"))
    hospital.sheets["dirt"].add(f"{chinese.name},2,{visit.id},,few_columns,accepted")
    hospital.count(visit)
