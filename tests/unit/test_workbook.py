"""The workbook for people: sheets, text that stays text, and a limit that is said."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
import python_calamine

from zhiheng import batch
from zhiheng.packs.loading import load_packs
from zhiheng.reports import workbook
from zhiheng.sources import profile
from zhiheng.sources.demo import generate

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def result(tmp_path_factory):
    folder = tmp_path_factory.mktemp("hospital")
    generate(folder, encounters=60, seed=2)
    (folder / "=cmd|calc.csv").write_text("not asked for\n")
    return batch.run(
        profile=profile.load(ROOT / "profiles" / "demo-hospital"),
        folder=folder,
        packs=load_packs(),
        received_at=datetime(2026, 1, 1, tzinfo=UTC),
    )


def sheet(path, name):
    return python_calamine.CalamineWorkbook.from_path(path).get_sheet_by_name(name).to_python()


def test_each_question_has_its_sheet(result, tmp_path):
    book = python_calamine.CalamineWorkbook.from_path(workbook.write(result, tmp_path))
    assert book.sheet_names == ["概览", "病例", "填报值与依据", "待办与矛盾", "指标", "拒收记录"]


def test_every_case_is_listed_with_its_decision_in_words(result, tmp_path):
    head, *rows = sheet(workbook.write(result, tmp_path), "病例")
    assert len(rows) == len(result.cases)
    assert {row[head.index("结论")] for row in rows} <= {"纳入", "排除", "待确认"}


def test_a_text_that_looks_like_a_formula_stays_text(result, tmp_path):
    head, *rows = sheet(workbook.write(result, tmp_path), "拒收记录")
    assert "=cmd|calc.csv" in {row[head.index("文件")] for row in rows}


def test_a_sheet_that_would_be_too_long_says_where_the_rest_is(result, tmp_path, monkeypatch):
    monkeypatch.setattr(workbook, "MAX_ROWS", 3)
    rows = sheet(workbook.write(result, tmp_path), "填报值与依据")
    assert len(rows) == 5
    assert "只列前 3 行" in rows[-1][0]
