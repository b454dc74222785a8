"""Answers of many cases in a file, one JSON object a line."""

import json
from typing import Any

import pytest

from zhiheng.engine.form import Form, Item, ItemType, Limit, Option
from zhiheng.engine.language import Field, Scope, Type, parse
from zhiheng.packs.evaluating import evaluate_lines

SCOPE = Scope([Field("sex", Type.TEXT, ("M", "F")), Field("weight", Type.NUMBER)])
FORM = Form(
    "T",
    (
        Item("SEX", "sex", "性别", ItemType.CHOICE, required=True, options=(Option("M", "男"), Option("F", "女"))),
        Item(
            "WEIGHT",
            "weight",
            "体重",
            ItemType.NUMBER,
            required=True,
            shown=parse("sex = 'F'", SCOPE),
            limits=(Limit("weight.positive", parse("weight > 0", SCOPE), "体重应大于 0。"),),
        ),
    ),
    SCOPE,
)


def evaluated(*lines: str | bytes) -> list[dict[str, Any]]:
    return list(evaluate_lines(FORM, lines))


def test_a_line_gives_what_is_shown_valued_missing_and_found():
    assert evaluated('{"SEX": "F", "WEIGHT": "-1"}\n') == [
        {
            "line": 1,
            "shown": ["SEX", "WEIGHT"],
            "values": {"SEX": "F", "WEIGHT": -1},
            "missing": [],
            "findings": [
                {
                    "rule": "weight.positive",
                    "item": "WEIGHT",
                    "severity": "error",
                    "message": "体重应大于 0。",
                    "found": {"WEIGHT": -1},
                }
            ],
            "aside": {},
        }
    ]


def test_what_comes_out_is_json():
    (found,) = evaluated('{"SEX": "M", "WEIGHT": 60, "HEIGHT": 170}')
    assert json.loads(json.dumps(found, ensure_ascii=False)) == found
    assert found["aside"] == {"WEIGHT": 60}
    assert [finding["rule"] for finding in found["findings"]] == ["unknown_item"]


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ('{"SEX": "F"', "不是有效的 JSON"),
        ("SEX=F", "不是有效的 JSON"),
        ('{"WEIGHT": NaN}', "不是有效的 JSON"),
        ('{"SEX": "男"}'.encode("gb18030"), "UTF-8"),
        ('["F"]', "现为数组"),
        ("null", "现为null"),
        ("12", "现为数字"),
    ],
)
def test_a_bad_line_is_reported_and_the_rest_goes_on(line, says):
    first, bad, last = evaluated('{"SEX": "M"}', line, '{"SEX": "F"}')
    assert (first["line"], bad["line"], last["line"]) == (1, 2, 3)
    assert (bad["shown"], bad["values"], bad["missing"]) == ([], {}, [])
    (finding,) = bad["findings"]
    assert (finding["rule"], finding["severity"]) == ("line", "error")
    assert says in finding["message"]
    assert last["missing"] == ["WEIGHT"]


def test_blank_lines_are_no_cases_but_are_counted():
    assert [found["line"] for found in evaluated("\n", '{"SEX": "M"}', "  \r\n", "{}")] == [2, 4]


def test_a_byte_order_mark_is_no_part_of_the_first_line():
    assert [found["values"] for found in evaluated(b'\xef\xbb\xbf{"SEX": "M"}')] == [{"SEX": "M"}]
    assert [found["values"] for found in evaluated('﻿{"SEX": "M"}')] == [{"SEX": "M"}]
