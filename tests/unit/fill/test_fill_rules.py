"""Mistakes in fill.yaml: each names its file and line, what was found and what would be right."""

from collections.abc import Callable

import pytest

WRONG = {
    "unknown item": (
        "fills: [{item: t_11, from: encounter, value: ward}]",
        'packs/toy/fill.yaml:2: item "t_11": unknown item "t_11". Did you mean "t_1"?',
    ),
    "unknown table": (
        "fills: [{item: t_7, from: encounters, value: ward}]",
        'packs/toy/fill.yaml:2: item "t_7": unknown table "encounters". Did you mean "encounter"?',
    ),
    "unknown column": (
        "fills: [{item: t_7, from: encounter, value: wards}]",
        'packs/toy/fill.yaml:2: item "t_7": Unknown name "wards". Did you mean "ward"? In: wards',
    ),
    "unknown term": (
        "fills: [{item: t_3, from: medication, term: asprin, take: any, answer: y}]",
        'packs/toy/fill.yaml:2: item "t_3": unknown term "asprin". Did you mean "aspirin"?',
    ),
    "no such option": (
        "fills: [{item: t_3, from: medication, term: aspirin, take: any, answer: x}]",
        'packs/toy/fill.yaml:2: item "t_3": "x" is no option of "t_3". Options: y, n.',
    ),
    "unknown unit": (
        "fills: [{item: t_2, from: observation, value: value_number, unit: ng/ml2}]",
        'packs/toy/fill.yaml:2: item "t_2": unknown unit "ng/ml2".',
    ),
    "wrong type": (
        "fills: [{item: t_2, from: encounter, value: ward}]",
        'packs/toy/fill.yaml:2: item "t_2": value is text, but "t_2" is number.',
    ),
    "nothing given": (
        "fills: [{item: t_3, from: medication, take: any}]",
        "the rule does not say what to fill.",
    ),
    "two values": (
        "fills: [{item: t_3, from: encounter, value: ward, answer: y}]",
        'a rule has either "value" (from the row) or "answer" (fixed). Remove one.',
    ),
    "a circle": (
        """
        fills:
        - {item: t_1, from: encounter, where: t_10 is null, value: admit_time}
        - {item: t_10, from: encounter, where: t_1 is null, value: admit_time}
        """,
        "Fill rules go in a circle: T-1 -> T-10 -> T-1.",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_mistake_is_refused_with_its_place_and_the_remedy(
    toy: Callable[..., tuple[object, list[str]]], name: str
) -> None:
    rules, message = WRONG[name]
    pack, problems = toy(rules)
    assert pack is None
    assert any(message in problem for problem in problems), problems
    assert all(problem.startswith("packs/toy/fill.yaml:") for problem in problems)
