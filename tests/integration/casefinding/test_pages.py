"""The pages of casefinding as people use them: decision panel, search with its explanations, ledgers."""

from datetime import datetime

import pytest
from django.urls import reverse
from tests.integration.casefinding.conftest import INFARCTION, OLD_INFARCTION, visit

from zhiheng.audit.models import Entry
from zhiheng.casefinding import actions
from zhiheng.casefinding.models import Case, State, Visit

pytestmark = pytest.mark.django_db


@pytest.fixture
def browse(client, cast):
    """Log somebody in: `browse("filler")` is a browser of the filler."""

    def login(name):
        client.force_login(getattr(cast, name))
        return client

    return login


def at(name, *args):
    return reverse(f"casefinding:{name}", args=args)


def text(response):
    return response.content.decode()


# The decision panel


def test_an_undecided_case_is_decided_without_javascript(browse, open_question):
    browser = browse("quality_officer")
    page = text(browser.get(at("decision", open_question.code)))
    assert "患者此前是否已确诊过急性心肌梗死" in page
    sent = {"decide-not_first": "0", "include": "1"}
    done = browser.post(at("decide", open_question.code), sent, follow=True)
    assert done.status_code == 200
    open_question.refresh_from_db()
    assert open_question.state == State.TO_FILL


def test_a_refused_decision_keeps_what_was_typed(browse, open_question):
    sent = {"decide-reason": "家属说不清", "include": "1"}
    page = browse("quality_officer").post(at("decide", open_question.code), sent)
    assert page.status_code == 409
    assert "家属说不清" in text(page)
    assert 'role="alert"' in text(page)


def test_a_case_is_excluded_for_one_of_the_official_reasons(browse, infarction):
    browser = browse("department_reviewer")
    assert "参与临床药物与器械试验" in text(browser.get(at("decision", infarction.code)))
    browser.post(at("exclude", infarction.code), {"exclude-ground": "参与临床药物与器械试验"})
    infarction.refresh_from_db()
    assert (infarction.state, infarction.events.last().reason) == ("not_required", "参与临床药物与器械试验")
    browser.post(at("restore", infarction.code), {"restore-reason": "未入组"})
    infarction.refresh_from_db()
    assert infarction.state == State.TO_FILL


def test_another_reason_has_to_be_written(browse, infarction):
    page = browse("quality_officer").post(at("exclude", infarction.code), {"exclude-ground": "other"})
    assert page.status_code == 422
    infarction.refresh_from_db()
    assert infarction.state == State.TO_FILL


def test_a_case_is_moved_and_assigned(browse, infarction, cast):
    browser = browse("quality_officer")
    browser.post(at("assign", infarction.code), {"assign-staff": cast.filler.staff.pk})
    infarction.refresh_from_db()
    assert infarction.assigned_to == cast.filler.staff
    moved = browser.post(at("move", infarction.code), {"move-abbr": "HF", "move-reason": "主要为心衰"})
    assert moved.url == at("decision", "HF-25-000001")


def test_a_contradicted_case_offers_to_keep_the_decision(browse, arrive, one_visit, infarction, cast):
    actions.set_state(case=infarction, state=State.FILLING, by=cast.filler)
    arrive(one_visit(admit_route="transfer"))
    browser = browse("quality_officer")
    assert "由外院诊疗后转入本院" in text(browser.get(at("decision", infarction.code)))
    browser.post(at("keep", infarction.code), {"keep-reason": "登记有误"})
    infarction.refresh_from_db()
    assert not infarction.is_contradicted


def test_the_panel_alone_is_served_to_the_page(browse, infarction):
    part = text(browse("filler").get(at("decision", infarction.code), headers={"HX-Request": "true"}))
    assert part.lstrip().startswith('<div class="decision"')


def test_a_reader_sees_the_decision_and_no_buttons(browse, infarction):
    page = text(browse("leader").get(at("decision", infarction.code)))
    assert at("exclude", infarction.code) not in page
    assert "测试P1" not in page  # a leader sees masked names


@pytest.mark.parametrize("act", ["decision", "decide", "exclude", "restore", "move", "assign", "keep"])
@pytest.mark.parametrize("who", ["outsider", "nobody", "maintenance_engineer", "audit_administrator"])
def test_an_outsider_finds_nothing(browse, infarction, act, who):
    browser = browse(who)
    send = browser.get if act == "decision" else browser.post
    assert send(at(act, infarction.code)).status_code == 404


# Search


@pytest.mark.parametrize("words", ["测试P1", "E1", "R-P1", "P1", "STEMI-25-000001", " 测试P1 "])
def test_a_visit_is_found_by_name_and_by_every_number(browse, infarction, words):
    page = text(browse("filler").post(at("search"), {"q": words}))
    assert infarction.code in page
    assert Entry.objects.filter(event="casefinding.searched").exists()
    assert words.strip() not in str(list(Entry.objects.values_list("detail", flat=True)))


def test_nothing_is_found_of_other_departments(browse, infarction):
    page = text(browse("outsider").post(at("search"), {"q": "测试P1"}))
    assert infarction.code not in page
    assert "empty-state" in page


def test_part_of_a_name_finds_nothing(browse, infarction):
    assert infarction.code not in text(browse("filler").post(at("search"), {"q": "测试"}))


def test_what_was_searched_for_stands_in_no_address(browse, infarction):
    response = browse("filler").post(at("search"), {"q": "测试P1"})
    assert response.status_code == 200
    assert "search/?" not in text(response)


def test_why_not_is_told_clause_by_clause(browse, arrive, one_visit):
    arrive(one_visit(diagnoses=("J06.9",)))
    visit_page = at("visit", Visit.objects.get().pk)
    page = text(browse("filler").get(visit_page, {"disease": "STEMI"}))
    assert "主要诊断编码为 I21.0" in page
    assert "J06.9" in page  # what was looked at instead


def test_why_out_names_the_exclusion_that_holds(browse, arrive, one_visit):
    arrive(one_visit(admit_route="transfer"))
    page = text(browse("filler").get(at("visit", Visit.objects.get().pk), {"disease": "STEMI"}))
    assert "由外院诊疗后转入本院" in page
    assert INFARCTION in page


def test_a_visit_is_added_from_its_page(browse, arrive, one_visit):
    arrive(one_visit(diagnoses=("J06.9",)))
    pk = Visit.objects.get().pk
    assert at("add", pk) not in text(browse("filler").get(at("visit", pk)))
    browser = browse("department_reviewer")
    assert at("add", pk) in text(browser.get(at("visit", pk)))
    browser.post(at("add", pk), {"add-abbr": "STEMI", "add-reason": "编码有误"})
    assert Case.objects.get().is_manual


def test_a_visit_of_another_department_does_not_exist(browse, infarction):
    assert browse("outsider").get(at("visit", Visit.objects.get().pk)).status_code == 404


# Ledgers


@pytest.fixture
def three_visits(arrive, hospital):
    """One visit with a case, one undecided, one without, in two departments and two months."""
    many = visit(hospital(), "E1", "P1")
    visit(many, "E2", "P2", (INFARCTION, OLD_INFARCTION), admitted=datetime(2025, 4, 1, 9))
    visit(many, "E3", "P3", ("J06.9",), admitted=datetime(2025, 4, 2, 9), department_code="0302")
    arrive(many)


def test_each_visit_stands_on_one_line_and_the_ledger_balances(browse, three_visits):
    context = browse("quality_officer").get(at("ledger")).context
    assert context["total"].counts == {"with": 1, "undecided": 1, "without": 1}
    assert [(line.label, line.total) for line in context["months"]] == [("2025-03", 1), ("2025-04", 2)]
    assert {line.label: line.total for line in context["departments"]} == {"心血管内科": 2, "神经内科": 1}
    assert context["balance"].holds
    assert context["balance"].in_records == 3
    assert (context["cases"], context["cases_balance"]) == (2, 0)


def test_every_number_opens_its_list(browse, three_visits):
    browser = browse("quality_officer")
    context = browser.get(at("ledger")).context
    for line in [*context["months"], *context["departments"], context["total"]]:
        for count, link in [*line.cells, (line.total, line.whole)]:
            assert browser.get(link).context["listing"].count == count, link
    for line in context["states"]:
        assert browser.get(line.link).context["listing"].count == line.count


def test_a_visit_that_was_not_screened_is_told(browse, three_visits):
    Visit.objects.filter(pk=Visit.objects.first().pk).update(is_gone=True)
    Visit.objects.filter(pk=Visit.objects.last().pk).update(encounter_key="0" * 32)
    page = browse("quality_officer").get(at("ledger"))
    balance = page.context["balance"]
    assert (len(balance.not_screened), balance.not_in_records) == (2, ["0" * 32])
    assert 'role="alert"' in text(page)


def test_a_reviewer_counts_the_own_departments(browse, three_visits):
    context = browse("department_reviewer").get(at("ledger")).context
    assert context["total"].total == 2
    assert context["balance"] is None  # only who sees the whole hospital can compare with its records


def test_a_visit_with_two_cases_counts_once(browse, arrive, one_visit, cast):
    arrive(one_visit())
    actions.add(abbr="HF", encounter_key=Visit.objects.get().encounter_key, reason="x", by=cast.quality_officer)
    assert browse("quality_officer").get(at("ledger")).context["total"].counts["with"] == 1


@pytest.mark.parametrize("who", ["filler", "outsider", "submitter", "maintenance_engineer", "nobody"])
@pytest.mark.parametrize("page", ["ledger", "ledger_visits", "ledger_cases"])
def test_who_has_no_ledger_finds_none(browse, who, page):
    assert browse(who).get(at(page)).status_code == 404


def test_a_leader_reads_the_ledger_with_masked_names(browse, three_visits):
    browser = browse("leader")
    page = text(browser.get(browser.get(at("ledger")).context["total"].whole))
    assert "测试P1" not in page
    assert "V0" in page


def test_every_night_what_is_not_on_the_ledger_is_screened_again(three_visits):
    Visit.objects.filter(pk=Visit.objects.first().pk).update(is_gone=True)
    done = actions.screen_unbalanced()
    assert done.visits == 1
    assert not Visit.objects.filter(is_gone=True).exists()
    assert Entry.objects.get(event="casefinding.unbalanced").detail == {"not_screened": 1, "not_in_records": 0}
    assert actions.screen_unbalanced().visits == 0


# How much the pages ask of the database, however many rows there are


@pytest.mark.parametrize(
    ("address", "most"),
    [(at("decision", "STEMI-25-000001"), 26), (at("ledger"), 16), (at("ledger_visits"), 14)],
)
def test_pages_ask_a_fixed_number_of_questions(browse, three_visits, django_assert_max_num_queries, address, most):
    browser = browse("quality_officer")
    with django_assert_max_num_queries(most):
        assert browser.get(address).status_code == 200


def test_a_search_asks_a_fixed_number_of_questions(browse, three_visits, django_assert_max_num_queries):
    browser = browse("quality_officer")
    with django_assert_max_num_queries(16):
        browser.post(at("search"), {"q": "测试P1"})
