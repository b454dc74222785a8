"""Numbers: a strict pattern in place of Python's generous float()."""

import pytest

from zhiheng.records import numbers
from zhiheng.records.problems import Problem


@pytest.mark.parametrize(
    ("text", "value", "comparator"),
    [
        ("2.35", 2.35, ""),
        ("-0.5", -0.5, ""),
        ("+7", 7, ""),
        (".5", 0.5, ""),
        ("007", 7, ""),
        ("1e3", 1000, ""),
        ("28,311.20", 28311.2, ""),
        ("１２．５", 12.5, ""),
        (" 12 ", 12, ""),
        ("<0.01", 0.01, "<"),
        ("< 0.01", 0.01, "<"),
        ("＜0.01", 0.01, "<"),
        (">=100", 100, ">="),
        ("≤5", 5, "<="),
        ("≥5", 5, ">="),
    ],
)
def test_numbers(text, value, comparator):
    assert numbers.parse(text) == (value, comparator)


@pytest.mark.parametrize(
    "text",
    [
        "nan",
        "inf",
        "-Infinity",
        "1_000",
        "1e999",
        "0x10",
        "12.",
        "1,2",
        "1,23.4",
        "--1",
        "1 2",
        "阳性",
        "",
        "٣",
        "③",
        "1e",
        "<",
    ],
)
def test_what_python_might_take_but_is_no_number(text):
    assert isinstance(numbers.parse(text), Problem)


@pytest.mark.parametrize(
    ("text", "value", "unit", "rest"),
    [
        ("80.0mg CONTINUOUS", 80, "mg", "CONTINUOUS"),
        ("300 mg", 300, "mg", ""),
        ("40mg PO daily", 40, "mg", "PO daily"),
        ("0.1U", 0.1, "U", ""),
        ("20.0ug/kg DRIP", 20, "ug/kg", "DRIP"),
        ("12", 12, "", ""),
        ("5㎎", 5, "㎎", ""),  # as written: no NFKC
    ],
)
def test_quantities(text, value, unit, rest):
    assert numbers.quantity(text) == ((value, ""), unit, rest)


@pytest.mark.parametrize("text", ["875/125mg PO BID", "40-50mg PO daily", "10^9/L", "NS 65", "二片"])
def test_what_is_no_single_quantity_is_not_split(text):
    assert isinstance(numbers.quantity(text), Problem)
