"""What administrators do with people, departments and roles, and what is refused."""

from datetime import date

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from tests.cast import make_cast

from zhiheng.accounts import actions, queries, seen
from zhiheng.accounts.actions import First, Refused
from zhiheng.accounts.models import Department, Grant, Organisation, Policy, SetupToken, Staff, User
from zhiheng.accounts.roles import ADMINISTRATORS
from zhiheng.accounts.staff_file import CannotRead, read_staff
from zhiheng.accounts.trees import tree
from zhiheng.audit.models import Entry

pytestmark = pytest.mark.django_db
HOSPITAL = ("H1", "测试医院")


@pytest.fixture
def cast():
    return make_cast()


# --- the first accounts


def three(**changes):
    people = {
        "system_administrator": ("A01", "赵一", "zhaoyi", "River-Stone-41"),
        "security_administrator": ("A02", "钱二", "qianer", "River-Stone-42"),
        "audit_administrator": ("A03", "孙三", "sunsan", "River-Stone-43"),
    }
    names = ("staff_code", "name", "username", "password")
    accounts = {role: dict(zip(names, values, strict=True)) for role, values in people.items()}
    for role, more in changes.items():
        accounts[role] |= more
    return [First(role=role, **values) for role, values in accounts.items()]


def test_the_token_makes_the_three_administrators_once():
    token = actions.make_setup_token()
    made = actions.use_setup_token(token=token, organisation=HOSPITAL, accounts=three())
    assert [user.roles for user in made] == [(role,) for role in ADMINISTRATORS]
    assert Organisation.objects.get().name == "测试医院"
    with pytest.raises(Refused):
        actions.use_setup_token(token=token, organisation=HOSPITAL, accounts=three())
    with pytest.raises(Refused, match="已有账号"):
        actions.make_setup_token()


def test_a_wrong_or_old_token_makes_nothing():
    token = actions.make_setup_token()
    with pytest.raises(Refused, match="令牌"):
        actions.use_setup_token(token="abc", organisation=HOSPITAL, accounts=three())
    SetupToken.objects.update(expires_at="2020-01-01T00:00Z")
    with pytest.raises(Refused, match="令牌"):
        actions.use_setup_token(token=token, organisation=HOSPITAL, accounts=three())
    assert not User.objects.exists()


def test_the_token_is_not_in_the_database():
    token = actions.make_setup_token()
    assert token not in str(SetupToken.objects.values_list())


def test_a_new_token_replaces_the_one_before():
    old, new = actions.make_setup_token(), actions.make_setup_token()
    with pytest.raises(Refused):
        actions.use_setup_token(token=old, organisation=HOSPITAL, accounts=three())
    assert actions.use_setup_token(token=new, organisation=HOSPITAL, accounts=three())


@pytest.mark.parametrize(
    ("role", "more", "field"),
    [
        ("audit_administrator", {"username": "zhaoyi"}, "username"),
        ("audit_administrator", {"staff_code": "A01"}, "staff_code"),
        ("security_administrator", {"password": "River-Stone-41"}, "password"),
        ("system_administrator", {"password": "12345678"}, "password"),
        ("system_administrator", {"username": "Zhao Yi"}, "username"),
    ],
)
def test_the_three_are_three_people_with_good_passwords(role, more, field):
    token = actions.make_setup_token()
    with transaction.atomic(), pytest.raises(Refused) as problem:
        actions.use_setup_token(token=token, organisation=HOSPITAL, accounts=three(**{role: more}))
    assert (problem.value.role, problem.value.field) == (role, field)
    assert not User.objects.exists()
    assert actions.use_setup_token(token=token, organisation=HOSPITAL, accounts=three())


def test_the_page_of_the_first_accounts_is_gone_afterwards(client):
    assert client.get("/accounts/login/").url == "/accounts/setup/"
    token = actions.make_setup_token()
    said = {"token": token, "hospital_code": "H1", "hospital_name": "测试医院"}
    for first in three():
        for name in ("staff_code", "name", "username", "password"):
            said[f"{first.role}-{name}"] = getattr(first, name)
        said[f"{first.role}-again"] = first.password
    assert client.post("/accounts/setup/", said | {"audit_administrator-again": "x"}).status_code == 422
    assert client.post("/accounts/setup/", said).url == "/accounts/login/"
    assert User.objects.count() == 3
    assert client.get("/accounts/setup/").status_code == 404


# --- accounts and roles


def test_an_account_comes_with_a_first_password_and_without_roles(cast):
    staff = actions.add_staff(code="D100", name="周四", by=cast.system_administrator)
    user, password = actions.make_account(staff=staff, username="Zhou.Si", by=cast.system_administrator)
    assert (user.username, user.must_change, user.roles) == ("zhou.si", True, ())
    assert user.check_password(password)
    entry = Entry.objects.get(event="accounts.account_made")
    assert (entry.by, entry.detail) == (cast.system_administrator, {"staff": "D100"})


def test_a_second_account_and_a_taken_name_are_refused(cast):
    staff = actions.add_staff(code="D100", name="周四", by=None)
    actions.make_account(staff=staff, username="zhousi", by=None)
    with pytest.raises(Refused, match="已有账号"):
        actions.make_account(staff=Staff.objects.get(code="D100"), username="other", by=None)
    with pytest.raises(Refused, match="已被使用"):
        actions.make_account(staff=actions.add_staff(code="D101", name="吴五", by=None), username="zhousi", by=None)


@pytest.mark.parametrize(
    "act", [actions.disable, actions.enable, actions.reset_password, actions.unlock, actions.reset_totp]
)
def test_nobody_changes_their_own_account(cast, act):
    with pytest.raises(Refused, match="自己的账号"):
        act(user=cast.system_administrator, by=cast.system_administrator)


def test_nobody_grants_themselves_a_role_nor_takes_it_from_themselves(cast):
    with pytest.raises(Refused, match="自己的账号"):
        actions.grant(user=cast.security_administrator, role="leader", by=cast.security_administrator)
    with pytest.raises(Refused, match="自己的账号"):
        actions.revoke(grant=cast.security_administrator.grants.get(), by=cast.security_administrator)


def test_a_role_is_granted_for_a_department_and_taken_back(cast):
    by = cast.security_administrator
    held = actions.grant(user=cast.nobody, role="filler", department=cast.neurology, by=by)
    cast.nobody.forget_grants()
    assert cast.nobody.may("forms.fill", cast.neurology)
    again = actions.grant(
        user=cast.nobody, role="filler", department=cast.neurology, valid_until=date(2030, 1, 1), by=by
    )
    assert (again.pk, Grant.objects.filter(user=cast.nobody).count()) == (held.pk, 1)
    actions.revoke(grant=again, by=by)
    cast.nobody.forget_grants()
    assert not cast.nobody.may("forms.fill")
    assert [e.event for e in Entry.objects.order_by("pk")] == ["accounts.granted"] * 2 + ["accounts.revoked"]


@pytest.mark.parametrize(("held", "wanted"), [("leader", "audit_administrator"), ("audit_administrator", "leader")])
def test_roles_that_exclude_each_other_are_refused_with_a_reason(cast, held, wanted):
    with pytest.raises(Refused, match="互斥"):
        actions.grant(user=cast.by_role(held), role=wanted, by=cast.security_administrator)


def test_an_account_changes_its_kind_when_it_holds_nothing(cast):
    by = cast.security_administrator
    actions.revoke(grant=cast.leader.grants.get(), by=by)
    actions.grant(user=cast.leader, role="audit_administrator", by=by)
    assert User.objects.get(pk=cast.leader.pk).may("audit.view")


def test_a_role_for_the_whole_hospital_takes_no_department(cast):
    with pytest.raises(Refused, match="全院"):
        actions.grant(user=cast.nobody, role="maintenance_engineer", department=cast.neurology, by=None)


def test_disabling_and_leaving_end_the_sessions(cast, client):
    for act in (
        lambda: actions.disable(user=cast.filler, by=cast.system_administrator),
        lambda: actions.change_staff(staff=cast.outsider.staff, changes={"left_on": date(2026, 1, 1)}, by=None),
    ):
        client.force_login(cast.filler if cast.filler.is_active else cast.outsider)
        act()
        assert client.get("/accounts/me/").status_code == 302


# --- the policy


def test_the_policy_stays_within_its_bounds(cast):
    with pytest.raises(ValidationError):
        actions.change_policy(changes={"password_length": 4}, by=cast.security_administrator)
    with pytest.raises(IntegrityError), transaction.atomic():
        Policy.objects.create(password_length=4)
    actions.change_policy(changes={"password_length": 12}, by=cast.security_administrator)
    assert queries.current_policy().password_length == 12
    assert Entry.objects.get(event="accounts.policy_changed").detail["before"] == {"password_length": 10}


# --- departments


def test_a_department_is_renamed_from_a_day_on(cast):
    new = actions.rename_department(department=cast.cardiology, name="心脏中心", from_day=date(2026, 7, 1), by=None)
    assert queries.departments_at(["0301"], date(2026, 6, 30))["0301"] == cast.cardiology
    assert queries.departments_at(["0301"], date(2026, 7, 1))["0301"] == new


def test_a_code_in_use_is_refused_with_what_to_do(cast):
    with pytest.raises(Refused, match="0301"):
        actions.add_department(organisation=cast.organisation, code="0301", name="又一个", by=None)


def test_a_department_does_not_stand_below_itself(cast):
    with pytest.raises(Refused, match="隶属"):
        actions.change_department(department=cast.cardiology, changes={"parent": cast.coronary_unit}, by=None)


def test_the_tree_is_read_from_the_top(cast):
    places = [(place.department.code, place.depth) for place in tree(Department.objects.all())]
    assert places == [("0301", 0), ("030101", 1), ("0302", 0)]


def test_departments_of_records_are_added_with_one_click(cast, client, monkeypatch):
    monkeypatch.setattr(seen, "_finders", [lambda: [("0301", "心内"), ("0999", "体检中心")]])
    client.force_login(cast.system_administrator)
    page = client.get("/accounts/departments/").content.decode()
    assert "体检中心" in page
    client.post("/accounts/departments/add-seen/", {"code": "0999"})
    assert Department.objects.get(code="0999").name == "体检中心"
    assert seen.unknown_departments() == []


# --- staff from a file

CSV = "工号,姓名,科室编码,职称,离职日期\nD1,张三,0301,主任医师,\nD2,李四,0302,,2026-01-31\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_a_list_of_staff_is_read_in_every_usual_encoding(cast, encoding):
    reading = read_staff(CSV.encode(encoding))
    assert reading.problems == []
    assert [(row.code, row.name, row.department_code) for row in reading.rows] == [
        ("D1", "张三", "0301"),
        ("D2", "李四", "0302"),
    ]


@pytest.mark.parametrize(
    ("line", "field", "message"),
    [
        ("D1,王五,0301,,", "code", "相同工号"),
        (",王五,0301,,", "code", "工号"),
        ("D3,,0301,,", "name", "姓名"),
        ("D3,王五,0777,,", "department", "没有此编码"),
        ("D3,王五,0301,,31/01/26", "left_on", "2026-11-22"),
    ],
)
def test_a_line_that_is_not_understood_is_set_aside_with_its_reason(cast, line, field, message):
    reading = read_staff(f"{CSV}{line}\n".encode())
    assert len(reading.rows) == 2
    (problem,) = reading.problems
    assert (problem.line, problem.field) == (4, field)
    assert message in problem.message


def test_a_file_without_the_needed_columns_is_refused(cast):
    with pytest.raises(CannotRead, match=r"工号.*number"):
        read_staff(b"number,name\n1,x\n")


def test_a_list_is_looked_at_and_then_entered_and_twice_has_one_effect(cast, client, tmp_path):
    client.force_login(cast.system_administrator)
    for expected in ("新增 2 人", "新增 0 人"):
        path = tmp_path / "staff.csv"
        path.write_text(CSV)
        with path.open("rb") as file:
            page = client.post("/accounts/people/import/", {"file": file}).content.decode()
        assert "张三" in page
        done = client.post("/accounts/people/import/enter/", follow=True).content.decode()
        assert expected in done
    assert Staff.objects.get(code="D1").department == cast.cardiology


def test_an_administrator_without_authenticator_is_not_taken_over_by_another(cast):
    actions.reset_totp(user=cast.security_administrator, by=cast.audit_administrator)
    with pytest.raises(Refused, match="zhiheng accounts reset"):
        actions.reset_password(user=cast.security_administrator, by=cast.system_administrator)
