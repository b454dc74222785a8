"""A listed code covers itself and its extensions, never a neighbour: the language agrees with the records."""

import pytest

from zhiheng.records import codes

WRITTEN = [
    "I21.1", "I21.100", "I21.100x001", "i211", "I21.0", "I21", "I22.1", " I21.1 ", "Ｉ２１．１", "I21.1+",
    "I21.100×001", "36.1", "36.10", "36.1000x001", "361", "36.2", "3.61", "7.41", "74.1", "E11.201+N08.3*", "N08.3*",
    "G01*A17.0+", "F00", "F32.900", "F99.x00", "G00", "E99", "I05", "I09.900", "I10.x00",
    "37.61", "37.61003", "37.7", "37.95001",
    "37.95002", "37.95", "A17.0†", "", "-", "无", "I21.1?", "M80.3/9", "C97", "I60.9", "I60.900", "I60.901",
    "ｉ２１．１",
    # no codes, though they begin like one, and blanks inside of codes
    "B", "B0", "0", "1", "BA", "BA0", "H.21", "I2.1.0", "I21.-", "I21.-1", "I21-1", "I21..1.", "I\n21.1", "\u00a0I21.1",
    "ı21.1", "4", "3A", "37.-61", "A0A", "A00", "B00", "H99.9",
]  # fmt: skip
LISTED = [
    ("I21.1",), ("I21.1", "36.1"), ("36.1",), ("74",), ("74.1",), ("N08",), ("A17.0",), ("F00-F99",), ("I05-I09",),
    ("37.61003-37.95001",), ("I60-I60.9",), ("I21.0-I21.3", "C97"), ("E11-N08.2",),
    ("I21",), ("35-39",), ("A00-A0Z",), ("A00-I2A.0",), ("00.1-45.9",),
]  # fmt: skip


@pytest.mark.parametrize("listed", LISTED, ids=str)
def test_code_in_agrees_with_the_records(engine, listed):
    constants = ", ".join(f"'{each}'" for each in listed)
    for written in WRITTEN:
        expected = codes.covers(listed, written)
        assert engine.value(f"code_in(x, {constants})", x=written) is expected, written


def test_code_in_range_is_code_in_with_a_range(engine):
    for written in WRITTEN:
        assert engine.value("code_in_range(x, 'I05', 'I21.0')", x=written) is codes.covers(["I05-I21.0"], written)


@pytest.mark.parametrize("text", ["B0", "B", "B?", "BA1", "A+B", "心 B", ""])
def test_what_is_no_code_is_in_no_range(engine, text):
    assert engine.value("code_in_range(x, 'A00', 'I21.0')", x=text) is False
