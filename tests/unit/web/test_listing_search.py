"""What was searched for may be a patient's name: only the person who searched can read it from the address."""

from types import SimpleNamespace

import pytest
from cryptography.fernet import Fernet

from zhiheng.web.listing import search

ME, OTHER = SimpleNamespace(pk=1), SimpleNamespace(pk=2)


def test_a_search_comes_back_for_the_person_who_searched():
    assert search.from_token(search.to_token("张三丰", ME), ME) == "张三丰"


def test_the_address_shows_nothing_of_it():
    token = search.to_token("110101199003078888", ME)
    assert "110101" not in token
    assert token.isascii()
    assert token != search.to_token("110101199003078888", ME)  # nor that two people look for the same


def test_it_is_closed_to_everybody_else():
    assert search.from_token(search.to_token("张三丰", ME), OTHER) is None


@pytest.mark.parametrize("token", ["", "gAAAA", "张"])
def test_what_is_not_ours_is_nothing(token):
    assert search.from_token(token, ME) is None


def test_what_another_key_has_made_is_nothing():
    token = Fernet(Fernet.generate_key()).encrypt(b"[1, 2]").decode()
    assert search.from_token(token, ME) is None


def test_it_lapses_after_a_day(monkeypatch):
    token = search.to_token("张三丰", ME)
    monkeypatch.setattr(search, "A_DAY", -1)
    assert search.from_token(token, ME) is None
