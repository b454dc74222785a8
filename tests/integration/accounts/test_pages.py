"""The pages of the administrators: what they type has its effect, and what is wrong is said beside it."""

from datetime import date

import pytest
from django.urls import reverse
from tests.cast import make_cast

from zhiheng.accounts import queries
from zhiheng.accounts.models import Department, Grant, Staff, User
from zhiheng.accounts.policies import BOUNDS
from zhiheng.audit.models import Entry

pytestmark = pytest.mark.django_db


@pytest.fixture
def cast():
    return make_cast()


@pytest.fixture
def system(client, cast):
    client.force_login(cast.system_administrator)
    return client


@pytest.fixture
def security(client, cast):
    client.force_login(cast.security_administrator)
    return client


def post(client, address, /, *arguments, **said):
    return client.post(reverse(f"accounts:{address}", args=arguments), said)


def test_a_first_password_is_shown_once(system):
    staff = Staff.objects.create(code="D1", name="周四")
    page = post(system, "make_account", staff.pk, username="zhousi").content.decode()
    user = User.objects.get(username="zhousi")
    password = page.split('<code class="fs-3">')[1].split("<")[0]
    assert user.check_password(password)
    assert password not in system.get(reverse("accounts:person", args=[staff.pk])).content.decode()
    assert password not in str(list(Entry.objects.values_list("detail", flat=True)))


def test_a_user_name_that_cannot_be_used_is_told_beside_the_field(system):
    staff = Staff.objects.create(code="D1", name="周四")
    page = post(system, "make_account", staff.pk, username="周四")
    assert page.status_code == 422
    assert "用户名应为" in page.content.decode()


def test_a_role_is_granted_and_taken_back(security, cast):
    post(security, "grant", cast.nobody.pk, role="filler", department=cast.neurology.pk, valid_until="20300101")
    held = Grant.objects.get(user=cast.nobody)
    assert (held.department, held.valid_until) == (cast.neurology, date(2030, 1, 1))
    post(security, "revoke", held.pk)
    assert not Grant.objects.filter(user=cast.nobody).exists()


def test_a_role_that_excludes_another_is_told_on_the_page(security, cast):
    page = post(security, "grant", cast.filler.pk, role="audit_administrator")
    assert page.status_code == 422
    assert "互斥" in page.content.decode()


def test_who_makes_accounts_grants_no_roles_and_the_other_way_round(client, cast):
    client.force_login(cast.system_administrator)
    assert post(client, "grant", cast.nobody.pk, role="filler").status_code == 404
    client.force_login(cast.security_administrator)
    assert post(client, "make_account", cast.nobody.staff.pk, username="x1").status_code == 404


def test_a_list_is_searched_by_pinyin_initials(system):
    Staff.objects.create(code="D1", name="诸葛亮")
    page = system.post(reverse("accounts:people"), {"search": "zgl"}, follow=True).content.decode()
    assert "诸葛亮" in page
    assert "S-filler" not in page


def test_the_policy_is_changed_within_its_bounds(security):
    said = {name: getattr(queries.current_policy(), name) for name in BOUNDS}
    page = post(security, "policy", **said | {"password_length": 4})
    assert page.status_code == 422
    post(security, "policy", **said | {"password_length": 12, "totp_roles": ["leader"]})
    policy = queries.current_policy()
    assert (policy.password_length, policy.totp_roles) == (12, ["leader"])


def test_a_department_is_added_changed_renamed_and_closed(system, cast):
    post(system, "add_department", code="0500", name="眼科", parent="", campus=cast.campus.pk)
    made = Department.objects.get(code="0500")
    post(system, "change_department", made.pk, code="0500", name="眼耳鼻喉科", campus=cast.campus.pk)
    post(system, "rename_department", made.pk, name="眼科中心", from_day="2026-07-01")
    made.refresh_from_db()
    assert (made.name, made.valid_until) == ("眼耳鼻喉科", date(2026, 6, 30))
    later = Department.objects.get(code="0500", valid_from=date(2026, 7, 1))
    assert later.name == "眼科中心"
    post(system, "close_department", later.pk, last_day="2026-12-31")
    later.refresh_from_db()
    assert later.valid_until == date(2026, 12, 31)


def test_a_code_that_is_in_use_is_told_on_the_page(system):
    page = post(system, "add_department", code="0301", name="又一个")
    assert page.status_code == 422
    assert "0301" in page.content.decode()


def test_a_person_who_left_is_entered(system, cast):
    staff = cast.outsider.staff
    post(system, "change_person", staff.pk, name=staff.name, title="", department="", left_on="2026-01-31")
    staff.refresh_from_db()
    assert staff.left_on == date(2026, 1, 31)
