"""A role reaches as far as its department: what belongs to none, or to all, is for those who hold it everywhere."""

from io import BytesIO

import pytest
from django.urls import reverse
from python_calamine import CalamineWorkbook
from tests.casework import open_case
from tests.cast import make_account, make_cast

from zhiheng.accounts.models import Grant, Role
from zhiheng.accounts.roles import WHOLE_HOSPITAL
from zhiheng.forms import queries

pytestmark = pytest.mark.django_db


@pytest.fixture
def cast():
    return make_cast()


@pytest.fixture
def leader_who_fills(cast):
    """Somebody who sees all cases of the hospital, and fills in those of cardiology."""
    user = make_account("leader2", Role.LEADER)
    Grant.objects.create(user=user, role=Role.FILLER, department=cast.cardiology)
    return user


def test_what_belongs_to_no_department_is_for_those_who_hold_the_permission_everywhere(cast):
    assert cast.filler.may("forms.fill")
    assert cast.filler.may("forms.fill", cast.cardiology)
    assert not cast.filler.may("forms.fill", cast.neurology)
    assert not cast.filler.may("forms.fill", None)
    assert cast.quality_officer.may("forms.fill", None)


def test_a_case_without_department_is_not_filled_by_whoever_fills_elsewhere(client, cast, leader_who_fills):
    case = open_case(cast, department=None)
    client.force_login(leader_who_fills)
    assert client.get(reverse("desk:case", args=[case.code])).status_code == 200
    answer = client.post(reverse("forms:answer", args=[case.code]), {"item": "x", "value": "1"})
    assert answer.status_code == 404


def test_the_proof_of_a_case_without_department_stays_closed_to_them(client, cast, leader_who_fills):
    case = open_case(cast, department=None)
    item = next(iter(queries.sheet_for(case).by_code))
    client.force_login(leader_who_fills)
    shown = client.get(reverse("forms:card", args=[case.code, item]))
    assert shown.status_code == 200
    assert not shown.context["desk"].may_see_proof
    assert "proofs" not in shown.context


@pytest.mark.parametrize("place", ["neurology", None])
def test_names_are_clear_only_where_the_reader_works(client, cast, leader_who_fills, place):
    own, other = open_case(cast), open_case(cast, visit="ZY2", department=getattr(cast, place or "", None))
    client.force_login(leader_who_fills)
    pages = [client.get(reverse("desk:case", args=[case.code])).content.decode() for case in (own, other)]
    assert ["样例病人" in page for page in pages] == [True, False]
    assert "样*" in pages[1]


def test_names_in_an_exported_list_are_clear_only_where_the_reader_works(client, cast, leader_who_fills):
    open_case(cast)
    open_case(cast, visit="ZY2", department=cast.neurology)
    client.force_login(leader_who_fills)
    content = client.post(reverse("desk:work_list"), {"export": "1"}).content
    rows = CalamineWorkbook.from_filelike(BytesIO(content)).get_sheet_by_index(0).to_python()
    assert sorted(row[2] for row in rows[1:]) == ["样*", "样例病人"]


def test_an_officer_of_one_department_sees_no_deliveries_of_the_whole_hospital(client, cast):
    officer = make_account("officer2", Role.QUALITY_OFFICER, cast.cardiology)
    client.force_login(officer)
    for name in ("ingestion:batches", "ingestion:rejects", "ingestion:interfaces", "ingestion:upload"):
        assert client.get(reverse(name)).status_code == 404
    assert client.get(reverse("desk:work_list")).status_code == 200
    assert client.get(reverse("packversions:list")).status_code == 200
    assert not any(officer.may(permission) for permission in WHOLE_HOSPITAL)
