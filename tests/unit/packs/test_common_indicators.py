"""Indicators of packs/common: which packs get them, under which code, and what a pack says about them."""

from textwrap import dedent

import pytest

from zhiheng.packs.loading import PackError, compile_pack, load_pack

from .conftest import PACK

NATIONAL = dedent(PACK) + "number: 7\n"
COMMON = """
    indicators:
    - indicator: 4.{number}.1.x
      name: 病死率
      status: national
      numerator: toy_1 = 'y'
      direction: lower_is_better
      source: 定义
      confidence: verified definition
    - indicator: 4.{number}.2.1
      name: 平均住院日
      kind: average
      observation: days_between(toy_2, toy_9)
      direction: lower_is_better
      source: 定义
      confidence: verified definition
    - indicator: 4.{number}.3.1
      name: 上报例数
      kind: count
      undecidable: 条目不说明。
      direction: monitor
      source: 定义
      confidence: verified definition
"""
OWN = """
    indicators:
    - indicator: 4.7.3.1
      name: 本病种的上报例数
      kind: count
      direction: monitor
      source: 本病种
      confidence: secondary
"""


@pytest.fixture
def codes(write, toy):
    """Return the codes and names of the indicators of a pack beside the common ones."""

    def found(common=COMMON, **texts):
        write("common", indicators=common)
        return {each.code: each.name for each in load_pack(toy(**{"pack": NATIONAL, **texts})).indicators or ()}

    return found


@pytest.fixture
def problems(write, toy):
    """Return what is wrong with a pack beside the common indicators."""

    def found(common=COMMON, **texts):
        write("common", indicators=common)
        _, report = compile_pack(toy(**{"pack": NATIONAL, **texts}))
        return [str(problem) for problem in report.problems]

    return found


def test_a_common_indicator_takes_the_number_of_the_pack_and_waits_for_a_form_with_its_items(codes):
    assert codes() == {"4.7.1.x": "病死率", "4.7.3.1": "上报例数"}  # the form has no toy_9


def test_what_the_pack_defines_itself_stands_instead_and_comes_first(codes):
    assert list(codes(indicators=OWN).items()) == [("4.7.3.1", "本病种的上报例数"), ("4.7.1.x", "病死率")]


@pytest.mark.parametrize(
    ("pack", "expected"),
    [
        (PACK, set()),  # no number, no code of the national list
        (NATIONAL + "status: provisional\n", {"4.7.3.1"}),
        (NATIONAL, {"4.7.1.x", "4.7.3.1"}),
    ],
)
def test_status_and_number_say_for_which_packs_an_indicator_is(codes, pack, expected):
    assert set(codes(pack=pack)) == expected


def test_an_indicator_without_a_blank_needs_no_number(codes):
    assert set(codes(common=COMMON.replace("4.{number}.3.1", "REPORTED"), pack=PACK)) == {"REPORTED"}


def test_a_pack_can_have_another_number_in_the_list_of_indicators(codes):
    assert set(codes(indicators="number: 33")) == {"4.33.1.x", "4.33.3.1"}


def test_a_pack_turns_a_common_indicator_off_with_a_reason(codes):
    assert set(codes(indicators="without: {4.7.1.x: 另有编号}")) == {"4.7.3.1"}


def test_turning_off_what_does_not_exist_is_told(problems):
    message = '"without" names "4.8.1.x", which packs/common does not give to this pack. Did you mean "4.7.1.x"?'
    assert problems(indicators="indicators: []\nwithout:\n  4.8.1.x: 另有编号") == [
        f"packs/toy/indicators.yaml:3: {message} Correct the code, or remove it."
    ]


@pytest.mark.parametrize(
    ("common", "own", "expected"),
    [
        (COMMON.replace("4.{number}.1.x", "4.{nummer}.1.x"), "{}", "packs/common/indicators.yaml:2: "),
        (COMMON.replace("toy_1 = 'y'", "toy_1 = 'z' and"), "{}", "packs/common/indicators.yaml:5: "),
        (COMMON, OWN.replace("4.7.3.1", "4.{number}.3.1"), "packs/toy/indicators.yaml:2: "),
        (COMMON, dedent(OWN) + "  status: national\n", "packs/toy/indicators.yaml:8: "),
    ],
    ids=["unknown blank", "broken expression", "template in a pack", "status in a pack"],
)
def test_a_mistake_is_told_with_file_and_line(problems, common, own, expected):
    (problem,) = problems(common=common, indicators=own)
    assert problem.startswith(expected), problem


def test_an_overlay_cannot_replace_a_common_indicator(write, toy):
    write("common", indicators=COMMON)
    overlay = write("own", pack="overlay: toy\nname: 本院", indicators=OWN)
    with pytest.raises(PackError, match="stands here twice"):
        load_pack(toy(pack=NATIONAL), overlays=[overlay])
