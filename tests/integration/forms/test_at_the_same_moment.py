"""Saves at the same moment wait for each other for an instant, and none is lost."""

import threading
import time

import pytest
from django.db import connection, transaction
from tests.addresses import make_visit
from tests.casework import open_case
from tests.cast import make_cast

from zhiheng.accounts.models import User
from zhiheng.casefinding import actions as casefinding
from zhiheng.casefinding.models import Case
from zhiheng.forms import actions, queries
from zhiheng.forms.models import AnswerChange

pytestmark = pytest.mark.django_db(transaction=True)


def at_once(*doings):
    problems = []

    def run(doing):
        try:
            doing()
        except Exception as problem:  # noqa: BLE001 - told below, in the thread of the test
            problems.append(problem)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(doing,)) for doing in doings]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert problems == []


def test_editors_of_different_items_lose_nothing():
    cast = make_cast()
    case = open_case(cast)
    texts = [item.code for item in queries.sheet_for(case).items if item.type == "text" and not item.is_derived][:6]
    numbers = [item.code for item in queries.sheet_for(case).items if item.type == "number" and not item.is_derived][:6]

    def fill(username, codes, typed):
        def doing():
            own = Case.objects.get(pk=case.pk)
            by = User.objects.get(username=username)
            for code in codes:
                actions.answer(case=own, item=code, typed=typed, by=by, revision=0)

        return doing

    at_once(fill("filler", texts, "甲"), fill("quality_officer", numbers, "7"))
    document = queries.form_state(case).document
    assert {code: document[code]["value"] for code in (*texts, *numbers)} == dict.fromkeys(texts, "甲") | dict.fromkeys(
        numbers, 7
    )
    revisions = AnswerChange.objects.filter(case=case).exclude(kind="rule").values_list("revision", flat=True)
    assert sorted(revisions) == list(range(1, len(texts) + len(numbers) + 1))


def test_of_two_saves_of_one_item_one_is_told_of_the_other():
    cast = make_cast()
    case = open_case(cast)
    saved = []

    def fill(username, typed):
        def doing():
            by = User.objects.get(username=username)
            own = Case.objects.get(pk=case.pk)
            saved.append(actions.answer(case=own, item="CM-0-2-1-3", typed=typed, by=by, revision=0))

        return doing

    at_once(fill("filler", "68"), fill("quality_officer", "86"))
    (told,) = [each.conflict for each in saved if each.conflict]
    assert {told.mine, told.theirs} == {68, 86}
    assert queries.form_state(case).items["CM-0-2-1-3"].value == told.theirs


def test_moving_a_case_and_screening_its_person_wait_for_each_other_in_one_order():
    cast = make_cast()
    out = {"decision": "out", "state": "not_required"}
    there, here = open_case(cast, "HF", **out), open_case(cast)
    make_visit(here)
    screening, moving = threading.Event(), threading.Event()

    def screen():
        with transaction.atomic():
            Case.objects.select_for_update().get(pk=there.pk)
            screening.set()
            moving.wait(10)
            time.sleep(0.5)  # until the move waits for a lock
            Case.objects.select_for_update().get(pk=here.pk)

    def move():
        by = User.objects.get(username="quality_officer")
        screening.wait(10)
        moving.set()
        casefinding.move(case=Case.objects.get(pk=here.pk), abbr="HF", reason="误判", by=by)

    at_once(screen, move)
    there.refresh_from_db()
    assert there.decision == "in"
