"""Workbooks, for the suite of all readers: the same visits as in `files.py`, in XLSX."""

import runpy
from pathlib import Path

import xlsxwriter

TEXT = runpy.run_path(str(Path(__file__).with_name("files.py")))

PROFILE = TEXT["PROFILE"].replace("visits.csv", "visits.xlsx")
FILE = "visits.xlsx"
TABLES = TEXT["TABLES"]
OTHER = TEXT["OTHER"]


def write(folder: Path) -> None:
    _write(folder, TEXT["VISITS"])


def write_corrected(folder: Path) -> None:
    _write(folder, [line.replace("骨科", "关节外科") for line in TEXT["VISITS"]])


def write_bad_rows(folder: Path) -> dict[str, str]:
    rows = [
        "ZY3,P1,2025-02-30 10:00,2025-03-09,心血管内科",
        "ZY4,P1,2025-03-09 10:00,2025-03-02 09:00,心血管内科",
        ",P1,2025-03-09 10:00,2025-03-12 09:00,心血管内科",
        "ZY5,P1,2025-03-09 10:00,2025-03-12 09:00,=VLOOKUP(A6;A1:B2;2)",
    ]
    _write(folder, TEXT["VISITS"] + rows)
    return {
        "impossible_date": "2025-02-30",
        "discharge_before_admission": "2025-03-02",
        "missing_value": "",
        "formula_without_value": "VLOOKUP",
    }


def write_extra(folder: Path) -> None:
    _write(folder, [f"{line},{'surprise' if at == 0 else at}" for at, line in enumerate(TEXT["VISITS"])])


def _write(folder: Path, lines: list[str]) -> None:
    TEXT["write"](folder)
    (folder / "visits.csv").unlink()
    with xlsxwriter.Workbook(folder / FILE) as book:
        sheet = book.add_worksheet("就诊")
        for row, line in enumerate(lines):
            for column, cell in enumerate(line.split(",")):
                if cell.startswith("="):
                    sheet.write_formula(row, column, cell, value="")
                else:
                    sheet.write_string(row, column, cell)
