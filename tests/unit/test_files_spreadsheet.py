"""Workbooks: typed cells, formulas without a value, and workbooks made to do harm."""

import io
import re
import zipfile
from datetime import datetime
from pathlib import Path

import pytest
import xlsxwriter

from zhiheng.records.problems import Problem
from zhiheng.records.times import Moment
from zhiheng.sources.base import Limits, Unreadable
from zhiheng.sources.files.spreadsheet import Spreadsheet


def book(tmp_path: Path, fill) -> Path:
    path = tmp_path / "a.xlsx"
    with xlsxwriter.Workbook(path) as made:
        fill(made)
    return path


def simple(made) -> None:
    sheet = made.add_worksheet("病人")
    sheet.write_row(0, 0, ["住院号", "体重"])
    sheet.write_row(1, 0, ["ZY1", 68.5])


def read(path: Path, sheet: str | None = None, header_row: int = 1, limits: Limits | None = None):
    limits = limits or Limits()
    opened = Spreadsheet(path, limits, limits.deadline(), sheet, header_row)
    chunks = list(opened.chunks())
    rows = [(number, row) for chunk in chunks for number, row in zip(chunk.numbers, chunk.rows, strict=True)]
    return opened.header, rows


def changed(path: Path, part: str, change) -> Path:
    """Return the workbook with one of its parts changed."""
    packed = io.BytesIO()
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            content = old.read(name)
            new.writestr(name, change(content) if name == part else content)
    path.write_bytes(packed.getvalue())
    return path


SHEET = "xl/worksheets/sheet1.xml"


def test_typed_cells_keep_their_type(tmp_path):
    def fill(made) -> None:
        sheet = made.add_worksheet()
        sheet.write_row(0, 0, ["时间", "日期", "数", "文本数", "是", "公式"])
        sheet.write_datetime(1, 0, datetime(2025, 3, 2, 14, 5), made.add_format({"num_format": "yyyy-mm-dd hh:mm"}))
        sheet.write_datetime(1, 1, datetime(2025, 3, 2), made.add_format({"num_format": "yyyy-mm-dd"}))
        sheet.write_number(1, 2, 45718)
        sheet.write_string(1, 3, "00123")
        sheet.write_boolean(1, 4, True)
        sheet.write_formula(1, 5, "=1+1", value=2)

    _, rows = read(book(tmp_path, fill))
    moment, day, number, text, flag, formula = rows[0][1]
    assert moment == Moment(datetime(2025, 3, 2, 14, 5), "minute")
    assert day == Moment(datetime(2025, 3, 2), "date")
    assert (number, text, flag, formula) == (45718, "00123", True, 2)


def test_a_formula_without_a_value_and_an_error_are_problems_not_empty_fields(tmp_path):
    def fill(made) -> None:
        sheet = made.add_worksheet()
        sheet.write_row(0, 0, ["a", "b", "c"])
        sheet.write_formula(1, 0, "=B2*2", value="")
        sheet.write_formula(1, 1, "=NA()", value="#N/A")
        sheet.write_number(1, 2, 1)

    path = changed(book(tmp_path, fill), SHEET, lambda xml: xml.replace(b"<v></v>", b""))
    ((number, (first, second, third)),) = read(path)[1]
    assert number == 2
    assert isinstance(first, Problem)
    assert (first.kind, first.found) == ("formula_without_value", "B2*2")
    assert isinstance(second, Problem)
    assert (second.kind, second.found) == ("cell_error", "#N/A")
    assert third == 1


def test_rows_have_the_numbers_that_excel_shows(tmp_path):
    def fill(made) -> None:
        sheet = made.add_worksheet()
        sheet.write(1, 1, "某医院")
        sheet.write_row(3, 1, ["住院号", "科室"])
        sheet.write_row(5, 1, ["ZY1", "骨科"])

    header, rows = read(book(tmp_path, fill), header_row=4)
    assert header == ["", "住院号", "科室"]
    assert rows == [(6, ["", "ZY1", "骨科"])]


def test_a_wrong_dimension_is_not_believed(tmp_path):
    def fill(made) -> None:
        sheet = made.add_worksheet()
        sheet.write(0, 0, "n")
        for at in range(1, 501):
            sheet.write_number(at, 0, at)

    path = changed(
        book(tmp_path, fill), SHEET, lambda xml: re.sub(rb'<dimension ref="[^"]*"/>', b'<dimension ref="A1"/>', xml)
    )
    assert len(read(path)[1]) == 500


def test_a_sheet_is_chosen_by_name(tmp_path):
    def fill(made) -> None:
        simple(made)
        made.add_worksheet("检验").write_row(0, 0, ["项目"])

    path = book(tmp_path, fill)
    assert read(path)[0] == ["住院号", "体重"]
    assert read(path, "检验")[0] == ["项目"]
    with pytest.raises(Unreadable) as problem:
        read(path, "检查")
    assert problem.value.kind == "no_such_sheet"
    assert "检验" in problem.value.remedy


ENTITIES = b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>'


def entities(xml: bytes) -> bytes:
    return xml.replace(b"?>", b"?>" + ENTITIES, 1)


def far_cell(xml: bytes) -> bytes:
    return xml.replace(b"</sheetData>", b'<row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData>')


def outside(xml: bytes) -> bytes:
    return xml.replace(b"</sheetData>", b'<row r="99999999"><c r="ZZZZ99999999"><v>1</v></c></row></sheetData>')


def unclosed(xml: bytes) -> bytes:
    return xml[: xml.index(b"<sheetData>")] + b"<sheetData>" + b'<row r="1"><c r="A1"><v>' * 3_000_000


def padding(xml: bytes) -> bytes:
    return xml.replace(b"<sheetData>", b"<!--" + b"A" * (300 << 20) + b"--><sheetData>")


@pytest.mark.parametrize(
    ("change", "kinds"),
    [
        (entities, {"xml_entities"}),
        (far_cell, {"sparse_sheet"}),
        (outside, {"broken_workbook"}),
        (unclosed, {"broken_workbook", "too_large", "empty_file", "zip_bomb"}),
        (padding, {"zip_bomb", "too_large"}),
        (lambda xml: xml[: len(xml) // 2], {"broken_workbook", "empty_file"}),
        (lambda xml: b"", {"broken_workbook", "empty_file"}),
        (lambda xml: b"\x00" * 1000, {"broken_workbook", "empty_file"}),
    ],
)
def test_a_harmful_workbook_is_set_aside(tmp_path, change, kinds):
    path = changed(book(tmp_path, simple), SHEET, change)
    with pytest.raises(Unreadable) as problem:
        read(path)
    assert problem.value.kind in kinds


def test_one_long_text_used_by_many_cells_is_a_bomb_too(tmp_path):
    def fill(made) -> None:
        sheet = made.add_worksheet()
        for at in range(40_000):
            sheet.write_string(at, 0, "长" * 32_000)

    with pytest.raises(Unreadable) as problem:
        read(book(tmp_path, fill))
    assert problem.value.kind == "zip_bomb"


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"a,b\n1,2\n", b"\xd0\xcf\x11\xe0" + b"\0" * 600])
def test_what_is_no_workbook_is_set_aside(tmp_path, content):
    path = tmp_path / "a.xlsx"
    path.write_bytes(content)
    with pytest.raises(Unreadable) as problem:
        read(path)
    assert problem.value.kind == "broken_workbook"


def test_a_workbook_cut_anywhere_is_set_aside(tmp_path):
    path = book(tmp_path, simple)
    whole = path.read_bytes()
    for cut in range(0, len(whole) - 1, 97):
        path.write_bytes(whole[:cut])
        with pytest.raises(Unreadable):
            read(path)


def test_a_directory_that_lies_about_sizes_does_not_help_a_bomb(tmp_path):
    path = changed(book(tmp_path, simple), SHEET, padding)
    content = path.read_bytes()
    size = len(zipfile.ZipFile(path).read(SHEET))
    path.write_bytes(content.replace(size.to_bytes(4, "little"), (1000).to_bytes(4, "little")))
    with pytest.raises(Unreadable):
        read(path)
