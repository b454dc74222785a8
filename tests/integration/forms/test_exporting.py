"""A form as a spreadsheet, for who may export it, as that person may see it."""

from io import BytesIO

import pytest
from django.urls import reverse
from python_calamine import CalamineWorkbook
from tests.casework import open_case
from tests.cast import make_cast

from zhiheng.audit.models import Entry
from zhiheng.forms import actions, queries

pytestmark = pytest.mark.django_db
PHYSICIAN, RECORD_NUMBER = "CM-0-1-1-1", "caseId"


@pytest.fixture
def cast():
    return make_cast()


@pytest.fixture
def case(cast):
    case = open_case(cast)
    said = {"name": "样例病人", "record_number": "ZY20260001", **case.sealed}
    type(case).objects.filter(pk=case.pk).update(sealed=said)
    actions.answer(case=case, item=PHYSICIAN, typed="=1+1", by=cast.filler)
    actions.answer(case=case, item=RECORD_NUMBER, typed="ZY20260001", by=cast.filler)
    return type(case).objects.get(pk=case.pk)


def exported(client, user, case):
    client.force_login(user)
    response = client.get(reverse("forms:export", args=[case.code]))
    assert response.status_code == 200
    assert response["Content-Disposition"] == f'attachment; filename="{case.code}.xlsx"'
    book = CalamineWorkbook.from_filelike(BytesIO(response.content))
    return [book.get_sheet_by_name(name).to_python() for name in book.sheet_names]


def test_it_has_every_item_that_is_shown_in_words_and_coded(client, cast, case):
    state = queries.form_state(case)
    choice = next(item for item in state.items.values() if item.shown and item.item.type == "choice")
    option = choice.item.options[0]
    actions.answer(case=case, item=choice.code, typed=option.value, by=cast.filler)
    [head, *rows], about = exported(client, cast.quality_officer, case)
    assert head[:5] == ["分节", "编码", "数据项", "填报值", "上报值"]
    by_code = {row[1]: row for row in rows}
    assert list(by_code) == [code for code, item in queries.form_state(case).items.items() if item.shown]
    assert by_code[choice.code][3:6] == [queries.form_state(case).items[choice.code].text, option.value, "已确认"]
    assert by_code[PHYSICIAN][3] == "=1+1"  # text, never a formula
    assert by_code[PHYSICIAN][7] == cast.filler.staff.name
    assert ["病例", case.code] in about


def test_whom_names_are_masked_for_gets_them_masked(client, cast, case):
    rows, about = exported(client, cast.submitter, case)
    said = str(rows) + str(about)
    assert "样例病人" not in said
    assert "ZY20260001" not in said
    assert "样例病人" in str(exported(client, cast.department_reviewer, case)[1])


def test_it_is_in_the_trail_once(client, cast, case):
    exported(client, cast.quality_officer, case)
    [entry] = Entry.objects.filter(by=cast.quality_officer)
    assert (entry.event, entry.on_code) == ("forms.exported", case.code)


@pytest.mark.parametrize(("who", "offered"), [("quality_officer", True), ("filler", False), ("leader", False)])
def test_it_is_offered_beside_the_print_to_who_may(client, cast, case, who, offered):
    client.force_login(getattr(cast, who))
    address = reverse("forms:export", args=[case.code])
    assert (address in client.get(reverse("forms:print", args=[case.code])).content.decode()) is offered
    assert (client.get(address).status_code == 200) is offered
