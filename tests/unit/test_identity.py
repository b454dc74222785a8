"""The resident identity card."""

from datetime import date

import pytest

from zhiheng.records import identity
from zhiheng.records.problems import Effect, Problem


@pytest.mark.parametrize(
    ("number", "born", "sex"),
    [
        ("11010519491231002X", date(1949, 12, 31), "female"),  # the example of GB 11643
        ("11010519491231002x", date(1949, 12, 31), "female"),
        ("１１０１０５１９４９１２３１００２Ｘ", date(1949, 12, 31), "female"),
        ("440524188001010014", date(1880, 1, 1), "male"),  # the other example of GB 11643
        ("110105491231002", date(1949, 12, 31), "female"),
    ],
)
def test_a_valid_number_states_birth_date_and_sex(number, born, sex):
    card = identity.check(number)
    assert isinstance(card, identity.Card)
    assert (card.birth_date, card.sex) == (born, sex)


@pytest.mark.parametrize(
    ("number", "kind"),
    [
        ("110105194912310021", "identity_checksum"),
        ("11010519491231012X", "identity_checksum"),
        ("110105194902300025", "identity_birth_date"),
        ("110105491331002", "identity_birth_date"),
        ("1101051949123100", "identity_shape"),
        ("A1234567", "identity_shape"),
        ("", "identity_shape"),
    ],
)
def test_an_invalid_number_is_refused(number, kind):
    if kind == "identity_birth_date" and len(number) == 18:
        number = number[:17] + identity.check_digit(number[:17])
    problem = identity.check(number)
    assert isinstance(problem, Problem)
    assert problem.kind == kind


def test_birth_date_and_sex_that_disagree_are_noted():
    card = identity.check("11010519491231002X")
    assert isinstance(card, identity.Card)
    problems = identity.disagreements(card, date(1949, 12, 30), "male")
    assert [(problem.column, problem.effect) for problem in problems] == [
        ("birth_date", Effect.NOTED),
        ("sex", Effect.NOTED),
    ]
    assert identity.disagreements(card, None, "unknown") == []
