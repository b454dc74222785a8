"""Which role reaches what, and which roles nobody may hold together."""

from datetime import date, timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone
from tests.cast import make_account, make_cast

from zhiheng.accounts.models import ALL, Department, Grant, Role, Staff, User
from zhiheng.accounts.roles import ADMINISTRATORS, HELD_BY, kind_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def cast():
    return make_cast()


@pytest.mark.parametrize("permission", HELD_BY)
def test_a_permission_is_held_by_the_roles_of_the_table_alone(cast, permission):
    holders = {role for role in Role if cast.by_role(role).may(permission)}
    assert holders == set(HELD_BY[permission])
    assert not cast.nobody.may(permission)


def test_a_grant_reaches_the_department_and_what_is_below_it(cast):
    assert cast.filler.departments_for("forms.fill") == {cast.cardiology.pk, cast.coronary_unit.pk}
    assert cast.filler.may("forms.fill", cast.coronary_unit)
    assert not cast.filler.may("forms.fill", cast.neurology)
    assert not cast.outsider.may("forms.fill", cast.cardiology)


def test_a_grant_without_department_reaches_everything(cast):
    reach = cast.quality_officer.departments_for("forms.fill")
    assert reach is ALL
    assert cast.neurology.pk in reach
    assert cast.quality_officer.may("forms.fill", cast.neurology)


def test_a_permission_that_is_not_held_reaches_nothing(cast):
    assert cast.filler.departments_for("casefinding.decide") == frozenset()


def test_a_renamed_department_stays_with_those_who_had_it(cast):
    Department.objects.filter(pk=cast.cardiology.pk).update(valid_until=date(2026, 6, 30))
    renamed = Department.objects.create(
        organisation=cast.organisation, code="0301", name="心脏中心", valid_from=date(2026, 7, 1)
    )
    assert cast.filler.may("forms.fill", renamed)


@pytest.mark.parametrize(("first", "last", "holds"), [(-1, 1, True), (0, 0, True), (1, 2, False), (-2, -1, False)])
def test_a_grant_holds_from_its_first_to_its_last_day(cast, first, last, holds):
    today = timezone.localdate()
    cast.nobody.grants.create(
        role=Role.LEADER, valid_from=today + timedelta(days=first), valid_until=today + timedelta(days=last)
    )
    assert cast.nobody.may("desk.view_cases") is holds


def test_a_disabled_account_may_nothing(cast):
    cast.filler.is_active = False
    assert not cast.filler.may("forms.fill")
    assert not cast.filler.may("accounts.own")


def test_the_questions_of_a_request_cost_two_queries(cast, django_assert_num_queries):
    with django_assert_num_queries(2):
        for _again in range(3):
            cast.filler.may("forms.fill", cast.cardiology)
            cast.filler.may("desk.view_cases")


@pytest.mark.parametrize(("held", "other"), [(a, b) for a in ADMINISTRATORS for b in Role if a != b])
def test_the_database_refuses_an_administrator_a_second_kind_of_role(held, other):
    user = make_account("li", held)
    with pytest.raises(IntegrityError, match="grant_of_the_kind_of_its_account"), transaction.atomic():
        Grant.objects.create(user=user, role=other)


@pytest.mark.parametrize("held", ADMINISTRATORS)
def test_the_kind_of_an_account_cannot_change_while_it_holds_roles(held):
    user = make_account("li", Role.FILLER)
    with pytest.raises(IntegrityError), transaction.atomic():
        User.objects.filter(pk=user.pk).update(kind=kind_of(held))


def test_ordinary_roles_go_together(cast):
    cast.filler.grants.create(role=Role.SUBMITTER)
    assert User.objects.get(pk=cast.filler.pk).roles == ("filler", "submitter")


def test_an_administrator_is_not_granted_a_department(cast):
    with pytest.raises(IntegrityError), transaction.atomic():
        Grant.objects.filter(user=cast.audit_administrator).update(department=cast.cardiology)


def test_a_person_has_one_account(cast):
    with pytest.raises(IntegrityError), transaction.atomic():
        User.objects.create(username="second", staff=cast.filler.staff)


def test_versions_of_a_department_do_not_overlap(cast):
    def version(code, first, last, organisation=cast.organisation):
        Department.objects.create(organisation=organisation, code=code, name=code, valid_from=first, valid_until=last)

    version("0400", date(2026, 1, 1), date(2026, 6, 30))
    version("0400", date(2026, 7, 1), None)
    version("0401", date(2026, 1, 1), None)
    for first, last in [(date(2026, 6, 30), date(2026, 6, 30)), (None, None), (date(2027, 1, 1), None)]:
        with pytest.raises(IntegrityError, match="department_once_at_a_time"), transaction.atomic():
            version("0400", first, last)


def test_staff_are_found_and_sorted_by_pinyin():
    staff = Staff.objects.create(code="1", name="张三丰")
    assert (staff.pinyin, staff.initials) == ("zhang san feng", "zsf")
