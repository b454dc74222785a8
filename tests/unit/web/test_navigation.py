"""The menus: what a person may open, in order, with the place where they are."""

from types import SimpleNamespace

import pytest

from zhiheng.web import navigation


class Person:
    def __init__(self, *permissions):
        self.permissions = permissions

    def may(self, permission):
        return permission in self.permissions


@pytest.fixture(autouse=True)
def menu(monkeypatch):
    monkeypatch.setattr(navigation, "ENTRIES", [])
    monkeypatch.setattr(navigation, "SEARCH", {})
    monkeypatch.setattr(navigation, "reverse", lambda name: {"home": "/"}.get(name, f"/{name}/"))
    navigation.register(name="Jobs", url_name="jobs", permission="jobs.view", order=90, group="System")
    navigation.register(name="Cases", url_name="home", permission="desk.view_cases", order=10)
    navigation.register(name="Ledger", url_name="cases/ledger", permission="desk.view_cases", order=20)
    navigation.register(name="Audit", url_name="audit", permission="audit.view", order=80, group="System")
    navigation.register(name="Password", url_name="password", menu="account", order=10)


def shown(path="/", *permissions, menu="main"):
    return navigation.shown(SimpleNamespace(user=Person(*permissions), path=path), menu)


def test_a_person_sees_what_they_may_open_in_order():
    assert [entry.name for entry in shown("/", "desk.view_cases", "jobs.view")] == ["Cases", "Ledger", "Jobs"]


def test_without_permissions_only_the_account_menu_is_left():
    assert shown() == []
    assert [entry.name for entry in shown(menu="account")] == ["Password"]


@pytest.mark.parametrize(
    ("path", "current"),
    [("/", "Cases"), ("/cases/ledger/", "Ledger"), ("/cases/ledger/2026/", "Ledger"), ("/elsewhere/", None)],
)
def test_the_entry_of_the_page_is_marked(path, current):
    marked = [entry.name for entry in shown(path, "desk.view_cases") if entry.is_current]
    assert marked == ([current] if current else [])


def test_entries_of_one_group_share_a_menu_where_the_first_of_them_stands():
    entries = shown("/", "desk.view_cases", "jobs.view", "audit.view")
    groups = [(group, [entry.name for entry in found]) for group, found in navigation.grouped(entries)]
    assert groups == [("", ["Cases"]), ("", ["Ledger"]), ("System", ["Audit", "Jobs"])]


def test_registering_twice_shows_once():
    navigation.register(name="Cases", url_name="home", permission="desk.view_cases", order=10)
    assert [entry.name for entry in shown("/", "desk.view_cases")] == ["Cases", "Ledger"]


def test_a_badge_is_counted_for_the_person():
    navigation.register(name="Mine", url_name="mine", badge=lambda user: len(user.permissions))
    assert shown("/", "a.b", "c.d")[-1].badge == 2


def test_the_search_box_is_there_for_those_who_may_search():
    assert navigation.search_url(Person("casefinding.search")) == ""
    navigation.search_at("search", permission="casefinding.search")
    assert navigation.search_url(Person("casefinding.search")) == "/search/"
    assert navigation.search_url(Person()) == ""
