"""The demo hospital's people: one account for each role, with passwords that stand in its own folder alone."""

import json

import pytest

from zhiheng.accounts.models import Department, Grant, Role, Staff, User
from zhiheng.accounts.queries import current_policy
from zhiheng.site.demo import people


@pytest.fixture
def remembered(db, tmp_path):
    people.settle(tmp_path / "accounts.json")
    return tmp_path / "accounts.json"


def test_every_role_has_an_account_that_the_printed_password_opens(remembered):
    accounts = people.accounts(remembered)
    assert sorted(Grant.objects.values_list("role", flat=True)) == sorted(Role.values)
    assert len({account.password for account in accounts}) == len(Role.values)
    for account in accounts:
        user = User.objects.get(username=account.username)
        assert user.check_password(account.password)
        assert not user.must_change
    assert current_policy().totp_roles == []


def test_the_file_of_passwords_is_private(remembered):
    assert remembered.stat().st_mode & 0o077 == 0
    assert json.loads(remembered.read_text())


def test_the_departments_are_those_of_the_records(remembered):
    assert Department.objects.get(code="03.04").name == "心血管内科"
    assert Staff.objects.filter(department__code="03.04").count() == 5
