"""What people type into items: read where it can mean one thing, refused with a hint where it cannot."""

from datetime import datetime, timedelta

import pytest
from django.utils import translation
from hypothesis import assume, given
from hypothesis import strategies as st
from tests.casework import sheet

from zhiheng.engine.form import ItemType
from zhiheng.engine.form.parts import Form, Item, Option
from zhiheng.engine.language import Field, Scope, Type
from zhiheng.forms.sheet import sheet_of
from zhiheng.forms.typing import Clock, Unreadable, read
from zhiheng.packs.loading import Pack

CLOCK = Clock(datetime(2026, 11, 23, 9, 30), datetime(2026, 11, 20, 8, 0), datetime(2026, 11, 22, 10, 0))
OPTIONS = (
    Option("a", "I21.0前壁急性透壁性心肌梗死"),
    Option("b", "I21.1下壁急性透壁性心肌梗死"),
    Option("c", "高血压, 3级"),
    Option("d", "糖尿病"),
    Option("UTD", "无法确定或无记录"),
)
ITEMS = (
    Item("T-1", "t_1", "备注", ItemType.TEXT),
    Item("N-1", "n_1", "体温（℃）", ItemType.NUMBER),
    Item("N-2", "n_2", "肌钙蛋白(μg/L)", ItemType.NUMBER),
    Item("N-3", "n_3", "评分", ItemType.NUMBER),
    Item("D-1", "d_1", "手术日期", ItemType.DATE),
    Item("D-2", "d_2", "出生日期", ItemType.DATE),
    Item("W-1", "w_1", "到院日期时间", ItemType.DATETIME),
    Item("C-1", "c_1", "诊断", ItemType.CHOICE, options=OPTIONS),
    Item("C-2", "c_2", "年级", ItemType.CHOICE, options=(Option("2", "甲"), Option("1", "乙"), Option("3", "丙"))),
    Item("C-3", "c_3", "区县", ItemType.CHOICE),
    Item("M-1", "m_1", "合并症", ItemType.CHOICES, options=OPTIONS),
)


KINDS = {"choice": Type.TEXT, "choices": Type.TEXTS}


def make_sheet():
    form = Form(
        "TEST", ITEMS, Scope([Field(item.id, KINDS.get(item.type.value) or Type(item.type.value)) for item in ITEMS])
    )
    return sheet_of(Pack(spec=None, form=form, folder="test", content_hash="test of typing"))


SHEET = make_sheet()


@pytest.fixture(autouse=True, scope="module")
def _english():
    with translation.override("en"):
        yield


def typed(code, text, clock=CLOCK):
    return read(SHEET, SHEET.by_code[code], text, clock)


def refusal(code, text, clock=CLOCK):
    with pytest.raises(Unreadable) as refused:
        typed(code, text, clock)
    return str(refused.value)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("11221405", "2026-11-22 14:05"),
        ("202611221405", "2026-11-22 14:05"),
        ("20261122140530", "2026-11-22 14:05:30"),
        ("2611221405", "2026-11-22 14:05"),
        ("20261122 1405", "2026-11-22 14:05"),
        ("2026-11-22 14:05", "2026-11-22 14:05"),
        ("2026-11-22T14:05", "2026-11-22 14:05"),
        ("2026/11/22 14:05:30", "2026-11-22 14:05:30"),
        ("2026.11.22 1405", "2026-11-22 14:05"),
        ("2026年11月22日14时5分", "2026-11-22 14:05"),
        ("2026年11月22日 14点05分30秒", "2026-11-22 14:05:30"),
        ("11月22日14时", "2026-11-22 14:00"),
        ("11-22 14:05", "2026-11-22 14:05"),
        ("昨天 14:05", "2026-11-22 14:05"),
        ("昨天14:05", "2026-11-22 14:05"),
        ("今天 0830", "2026-11-23 08:30"),
        ("前天下午2点5分", "2026-11-21 14:05"),
        ("入院当天 9:00", "2026-11-20 09:00"),
        ("入院次日 9:00", "2026-11-21 09:00"),
        ("出院当日 9:00", "2026-11-22 09:00"),
        ("2026-11-22 24:00", "2026-11-23 00:00"),
        ("2026-11-22 0:00", "2026-11-22 00:00"),
        ("２０２６－１１－２２　１４：０５", "2026-11-22 14:05"),
        ("  2026-11-22 14:05  ", "2026-11-22 14:05"),
        ("2026-02-03 上午8:05", "2026-02-03 08:05"),
        ("", None),
    ],
)
def test_times_are_read_in_any_usual_writing(text, moment):
    assert typed("W-1", text) == moment


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("2026-02-30 14:05", "2026-02-30"),
        ("2026-13-01 14:05", "2026-13-01"),
        ("2026-11-22 25:00", "2026-11-22 14:05"),
        ("2026-11-22 24:05", "2026-11-22 14:05"),
        ("2026-11-22 14:60", "2026-11-22 14:05"),
        ("2026-11-22", "2026-11-22 14:05"),
        ("20261122", "2026-11-22 14:05"),
        ("昨天", "2026-11-22 14:05"),
        ("1405", "YYYY"),
        ("下午", "2026-11-22"),
        ("不详", "2026-11-22"),
        ("2026-11-22 14:05 左右", "2026-11-22 14:05"),
        ("1112130910", "YYYYMMDDHHMM"),
    ],
)
def test_what_is_no_time_is_refused_with_a_hint(text, hint):
    said = refusal("W-1", text)
    assert said
    if hint != "YYYY":
        assert hint in said


@pytest.mark.parametrize(
    ("admitted", "discharged", "now", "moment"),
    [
        # The stay spans the new year: December belongs to the old one, January to the new one.
        ("2025-12-30", "2026-01-04", "2026-01-10", ("12311405", "2025-12-31 14:05")),
        ("2025-12-30", "2026-01-04", "2026-01-10", ("01021405", "2026-01-02 14:05")),
        # Filled in late: the year is that of the stay, not of today.
        ("2025-03-02", "2025-03-09", "2026-01-10", ("03031405", "2025-03-03 14:05")),
        # A time well before the stay is nearer in the year before than in the one that has not come.
        ("2026-01-05", "2026-01-09", "2026-01-10", ("12201405", "2025-12-20 14:05")),
        # 29 February is a day of the leap year only.
        ("2025-03-01", "2025-03-05", "2025-03-10", ("02291405", "2024-02-29 14:05")),
    ],
)
def test_a_time_without_year_is_near_the_stay(admitted, discharged, now, moment):
    days = [datetime.fromisoformat(each) for each in (now, admitted, discharged)]
    text, expected = moment
    assert typed("W-1", text, Clock(*days)) == expected


def test_words_for_days_of_the_stay_need_the_stay():
    assert refusal("W-1", "入院当天 9:00", Clock(CLOCK.now))


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2026-11-22", "2026-11-22"),
        ("20261122", "2026-11-22"),
        ("261122", "2026-11-22"),
        ("1122", "2026-11-22"),
        ("11-22", "2026-11-22"),
        ("2026年11月22日", "2026-11-22"),
        ("昨天", "2026-11-22"),
        ("出院当天", "2026-11-22"),
        ("2026-11-22 14:05", "2026-11-22"),
    ],
)
def test_dates_are_read_in_any_usual_writing(text, day):
    assert typed("D-1", text) == day


def test_a_date_of_birth_is_never_given_a_year():
    assert typed("D-2", "19580716") == "1958-07-16"
    for text in ("0716", "580716", "07-16"):
        assert refusal("D-2", text)


@pytest.mark.parametrize(
    ("code", "text", "number"),
    [
        ("N-1", "36.5", 36.5),
        ("N-1", "36", 36),
        ("N-1", "36.0", 36),
        ("N-1", "３６．５", 36.5),
        ("N-1", "36.5℃", 36.5),
        ("N-2", "0.02 ug/L", 0.02),
        ("N-1", "-1", -1),
        ("N-1", "", None),
    ],
)
def test_numbers_are_read(code, text, number):
    found = typed(code, text)
    assert (found, type(found)) == (number, type(number))


@pytest.mark.parametrize(
    ("code", "text", "hint"),
    [
        ("N-2", "<0.01", "<0.01"),
        ("N-2", "＞100", "＞100"),
        ("N-2", "20 ng/L", "μg/L"),
        ("N-3", "3分", "3"),
        ("N-1", "1,234", "1234"),
        ("N-1", "1_000", ""),
        ("N-1", "nan", ""),
        ("N-1", "1e5", ""),
        ("N-1", "36,5", ""),
        ("N-1", ".5", ""),
        ("N-1", "①", ""),
        ("N-1", "三十六", ""),
        ("N-1", "12 13", ""),
    ],
)
def test_what_is_no_number_is_refused_with_a_hint(code, text, hint):
    assert hint in refusal(code, text)


@pytest.mark.parametrize(
    ("code", "text", "value"),
    [
        ("C-1", "a", "a"),
        ("C-1", "A", "a"),
        ("C-1", "utd", "UTD"),
        ("C-1", "2", "b"),
        ("C-1", "５", "UTD"),
        ("C-1", "糖尿病", "d"),
        ("C-1", "tnb", "d"),
        ("C-1", "I21.1", "b"),
        ("C-1", "i211", "b"),
        ("C-1", "高血压, 3级", "c"),
        ("C-2", "2", "2"),  # a value goes before a place
        ("C-2", "甲", "2"),
        ("C-3", "鼓楼区", "鼓楼区"),
        ("C-1", "", None),
    ],
)
def test_an_option_is_meant_by_value_place_code_name_or_initials(code, text, value):
    assert typed(code, text) == value


def test_what_fits_several_options_is_refused_with_them():
    said = refusal("C-1", "心肌梗死")
    assert "前壁" in said
    assert "下壁" in said
    assert refusal("C-1", "9")
    assert refusal("C-1", "肺炎")
    assert refusal("C-1", ["a", "b"])


@pytest.mark.parametrize(
    ("text", "values"),
    [
        (["d", "a"], ["a", "d"]),
        ("a d", ["a", "d"]),
        ("1，4", ["a", "d"]),
        ("高血压, 3级", ["c"]),
        (["", "b", "b"], ["b"]),
        ([], None),
    ],
)
def test_several_options_stand_in_the_order_of_the_form(text, values):
    assert typed("M-1", text) == values


def test_text_keeps_what_was_written():
    assert typed("T-1", "  Ⅱ级 ㎎ １２３ ") == "Ⅱ级 ㎎ １２３"
    assert typed("T-1", "   ") is None
    assert refusal("T-1", "长" * 6000)


moments = st.datetimes(datetime(2000, 1, 1), datetime(2030, 12, 31)).map(lambda each: each.replace(microsecond=0))


@given(
    moments, st.sampled_from(["%Y-%m-%d %H:%M", "%Y%m%d%H%M", "%Y%m%d %H%M", "%Y/%m/%d %H:%M", "%Y年%m月%d日%H时%M分"])
)
def test_a_whole_time_is_read_as_it_was_written(moment, form):
    assert typed("W-1", moment.strftime(form)) == f"{moment:%Y-%m-%d %H:%M}"


@given(moments, st.timedeltas(timedelta(), timedelta(days=90)), st.timedeltas(timedelta(), timedelta(days=300)))
def test_a_time_of_the_stay_needs_no_year(admitted, stay, later):
    discharged = admitted + stay
    within = admitted + stay / 2
    assume((within.month, within.day) != (2, 29))
    clock = Clock(discharged + later, admitted, discharged)
    assert typed("W-1", f"{within:%m%d%H%M}", clock) == f"{within:%Y-%m-%d %H:%M}"


@given(st.text(max_size=20), st.sampled_from([item.code for item in ITEMS]))
def test_anything_typed_is_read_or_refused_and_reads_the_same_again(text, code):
    try:
        value = typed(code, text)
    except Unreadable:
        return
    again = [str(each) for each in value] if isinstance(value, list) else "" if value is None else str(value)
    assert typed(code, again) == value


@pytest.mark.parametrize("abbr", ["STEMI", "SAP", "CS"])
def test_every_option_of_a_national_form_is_found_by_its_value_and_label(abbr):
    form = sheet(abbr)
    for item in form.items:
        labels = [option.folded for option in item.options]
        for option in item.options if item.type == "choice" else ():
            assert read(form, item, option.value, CLOCK) == option.value
            if option.label and labels.count(option.folded) == 1 and option.label not in item.labels:
                assert read(form, item, option.label, CLOCK) == option.value
