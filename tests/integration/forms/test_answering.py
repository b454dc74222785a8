"""Answering: saved one by one, merged between editors, what hides waits, rules fill what is empty and keep the rest."""

import pytest
from django.db import connection, transaction
from tests.casework import open_case

from zhiheng.audit.models import Entry
from zhiheng.casefinding.models import Case, CaseEvent
from zhiheng.forms import actions, queries
from zhiheng.forms.models import AnswerChange, Answers

WEIGHT, HEIGHT, BMI = "CM-0-2-1-3", "CM-0-2-1-5", "CM-0-2-1-4"
TRANSPORT, AMBULANCE = "CM-0-3-3", "STEMI-0-4-6"
ONSET, NO_ONSET = "CM-0-2-2-2", "CM-0-2-2-1"


def answer(case, by, item, typed, **more):
    return actions.answer(case=case, item=item, typed=typed, by=by, **more)


def stands(case, item):
    found = queries.form_state(case).items[item]
    return found.state, found.value


def test_an_answer_is_saved_with_its_author_and_its_history(case, cast):
    saved = answer(case, cast.filler, WEIGHT, "68.5")
    item = saved.state.items[WEIGHT]
    assert (item.value, item.state, item.origin, item.by) == (68.5, "confirmed", "person", "职工filler")
    assert saved.changed == {WEIGHT}
    assert queries.form_state(case) == saved.state
    (line,) = queries.history(case, WEIGHT)
    assert (line.kind, line.before, line.after, line.by, line.can_undo) == ("typed", "", "68.5", "职工filler", True)
    assert Entry.objects.get(event="forms.answered").detail == {"item": WEIGHT, "revision": 1}


def test_the_first_answer_begins_the_filling(case, cast):
    answer(case, cast.filler, WEIGHT, "68")
    case.refresh_from_db()
    assert case.state == "filling"
    answer(case, cast.filler, HEIGHT, "171")
    assert CaseEvent.objects.filter(case=case, to_state="filling").count() == 1


def test_what_follows_from_an_answer_is_told_and_kept_in_the_history(case, cast):
    answer(case, cast.filler, WEIGHT, "68.5")
    saved = answer(case, cast.filler, HEIGHT, "170")
    assert {HEIGHT, BMI} <= saved.changed
    item = saved.state.items[BMI]
    assert (round(item.value, 2), item.state, item.origin) == (23.7, "confirmed", "computed")
    assert [line.kind for line in queries.history(case, BMI)] == ["rule"]
    with pytest.raises(actions.CannotChange):
        answer(case, cast.filler, BMI, "20")


def test_saved_again_the_same_changes_nothing(case, cast):
    first = answer(case, cast.filler, WEIGHT, "68")
    again = answer(case, cast.filler, WEIGHT, "68")
    assert (again.changed, again.state.revision) == (frozenset(), first.state.revision)
    assert AnswerChange.objects.count() == 1


def test_a_save_posted_twice_has_one_effect_even_when_others_went_on(case, cast):
    answer(case, cast.filler, WEIGHT, "68", revision=0, token="t1")
    answer(case, cast.quality_officer, WEIGHT, "70")
    again = answer(case, cast.filler, WEIGHT, "68", revision=0, token="t1")
    assert again.conflict is None
    assert stands(case, WEIGHT) == ("confirmed", 70)


def test_what_cannot_be_read_is_refused_and_leaves_the_answer(case, cast):
    answer(case, cast.filler, WEIGHT, "68")
    with pytest.raises(actions.Unreadable):
        answer(case, cast.filler, WEIGHT, "约70")
    assert stands(case, WEIGHT) == ("confirmed", 68)


def test_a_value_beyond_its_limit_is_saved_with_its_error(case, cast):
    saved = answer(case, cast.filler, WEIGHT, "-5")
    assert saved.state.items[WEIGHT].severity == "error"
    assert saved.state.counter.errors == 1
    assert Answers.objects.get(case=case).errors == 1
    assert answer(case, cast.filler, WEIGHT, "65").state.counter.errors == 0


def test_two_editors_of_different_items_merge(case, cast):
    seen = queries.form_state(case).revision
    answer(case, cast.filler, WEIGHT, "68", revision=0, seen=seen)
    saved = answer(case, cast.quality_officer, HEIGHT, "171", revision=0, seen=seen)
    assert saved.conflict is None
    assert saved.merged
    assert {WEIGHT, HEIGHT, BMI} <= saved.changed  # the page of the second learns of the first
    assert stands(case, WEIGHT) == ("confirmed", 68)


def test_of_two_editors_of_an_item_the_second_chooses(case, cast):
    answer(case, cast.filler, WEIGHT, "68", revision=0)
    saved = answer(case, cast.quality_officer, WEIGHT, "86", revision=0)
    conflict = saved.conflict
    assert (conflict.mine, conflict.theirs, conflict.by) == (86, 68, "职工filler")
    assert stands(case, WEIGHT) == ("confirmed", 68)
    mine = answer(case, cast.quality_officer, WEIGHT, "86", revision=conflict.revision)
    assert mine.conflict is None
    assert stands(case, WEIGHT) == ("confirmed", 86)


def test_two_editors_who_say_the_same_agree(case, cast):
    answer(case, cast.filler, WEIGHT, "68", revision=0)
    saved = answer(case, cast.quality_officer, WEIGHT, "68.0", revision=0)
    assert saved.conflict is None
    assert saved.state.items[WEIGHT].by == "职工filler"


def test_hidden_answers_wait_and_come_back_with_their_state(case, cast):
    answer(case, cast.filler, TRANSPORT, "a")
    answer(case, cast.filler, AMBULANCE, "b")
    saved = answer(case, cast.filler, TRANSPORT, "c")
    assert AMBULANCE in saved.changed
    aside = saved.state.items[AMBULANCE]
    assert (aside.shown, aside.value, aside.state, aside.aside) == (False, None, "aside", "b")
    assert [item.code for item in saved.state.set_aside] == [AMBULANCE]
    back = answer(case, cast.quality_officer, TRANSPORT, "a").state.items[AMBULANCE]
    assert (back.shown, back.value, back.state, back.by) == (True, "b", "confirmed", "职工filler")


def test_a_rule_fills_what_is_empty_and_follows_its_condition(case, cast):
    answer(case, cast.filler, "STEMI-5-4-1", "y")
    saved = answer(case, cast.filler, "STEMI-5-4-2", ["a", "b"])
    item = saved.state.items["STEMI-7-3-2"]
    assert (item.value, item.state, item.origin) == (["a", "b"], "confirmed", "rule")
    assert {"STEMI-5-4-2", "STEMI-7-3-2"} <= saved.changed
    answer(case, cast.filler, "STEMI-5-4-2", ["c"])
    assert stands(case, "STEMI-7-3-2") == ("confirmed", ["c"])
    answer(case, cast.filler, "STEMI-5-4-2", None)
    assert stands(case, "STEMI-7-3-2") == ("unanswered", None)


def test_a_rule_never_changes_the_answer_of_a_person(case, cast):
    answer(case, cast.filler, "STEMI-5-4-1", "y")
    answer(case, cast.filler, "STEMI-5-4-2", ["a"])
    answer(case, cast.filler, "STEMI-7-3-2", ["e"])
    saved = answer(case, cast.filler, "STEMI-5-4-2", ["a", "b"])
    item = saved.state.items["STEMI-7-3-2"]
    assert (item.value, item.origin) == (["e"], "person")
    (hint,) = item.findings
    assert (hint.severity, hint.rule) == ("hint", "kept")
    assert saved.state.counter.hints == 1


def test_no_default_of_the_platform_enters_an_answer(case):
    state = queries.form_state(case)
    assert not [item for item in state.items.values() if item.value is not None and item.origin not in ("default",)]
    assert state.counter.left == state.counter.total > 50


def test_unknown_is_one_key_with_the_forms_own_words(case, cast):
    answer(case, cast.filler, ONSET, "2026-03-02 12:00")
    saved = actions.mark_unknown(case=case, item=ONSET, by=cast.filler)
    assert (saved.state.items[NO_ONSET].state, saved.state.items[NO_ONSET].value) == ("unknown", ["UTD"])
    assert saved.state.items[ONSET].state == "aside"
    answer(case, cast.filler, NO_ONSET, None)
    assert stands(case, ONSET) == ("confirmed", "2026-03-02 12:00")


def test_picking_the_option_unknown_says_the_same_as_the_key(case, cast):
    answer(case, cast.filler, NO_ONSET, ["UTD"])
    assert stands(case, NO_ONSET) == ("unknown", ["UTD"])


def test_unknown_where_the_form_has_no_word_for_it(case, cast):
    with pytest.raises(actions.CannotChange, match=r".+"):
        actions.mark_unknown(case=case, item=WEIGHT, by=cast.filler)
    free = next(item for item in queries.sheet_for(case).items if not item.required and not item.unknown)
    saved = actions.mark_unknown(case=case, item=free.code, by=cast.filler)
    assert (saved.state.items[free.code].state, saved.state.items[free.code].value) == ("unknown", None)


def test_left_open_with_a_reason_is_no_longer_left(case, cast):
    before = queries.form_state(case).counter
    with pytest.raises(actions.CannotChange):
        actions.leave_open(case=case, item=WEIGHT, reason="  ", by=cast.filler)
    saved = actions.leave_open(case=case, item=WEIGHT, reason="急诊未称重", by=cast.filler)
    item = saved.state.items[WEIGHT]
    assert (item.state, item.reason, item.value) == ("open", "急诊未称重", None)
    counter = saved.state.counter
    assert (counter.left, counter.left_open) == (before.left - 1, 1)
    answer(case, cast.filler, WEIGHT, "68")
    assert queries.form_state(case).counter.left_open == 0


def test_a_reason_settles_an_advisory_until_the_values_change(case, cast):
    answer(case, cast.filler, "CM-0-2-3-2", "2026-03-02 13:40")
    answer(case, cast.filler, "STEMI-1-1-1", "y")
    saved = answer(case, cast.filler, "STEMI-1-1-2-1", "2026-03-02 13:10")
    (finding,) = saved.state.items["CM-0-2-3-2"].findings
    assert set(finding.found) == {"CM-0-2-3-2", "STEMI-1-1-2-1"}
    assert (finding.severity, finding.rule, saved.state.counter.advisories) == ("advisory", "ecg_before_arrival", 1)
    given = {"item": "CM-0-2-3-2", "rule": finding.rule}
    saved = actions.explain(case=case, **given, reason="院前心电图", by=cast.filler)
    assert saved.state.counter.advisories == 0
    assert saved.state.items["CM-0-2-3-2"].findings[0].reason == "院前心电图"
    assert answer(case, cast.filler, "STEMI-1-1-2-1", "2026-03-02 13:05").state.counter.advisories == 1
    with pytest.raises(actions.CannotChange):
        actions.explain(case=case, item=WEIGHT, rule="no_such_rule", reason="x", by=cast.filler)


def test_a_crash_leaves_nothing_half(case, cast):
    answer(case, cast.filler, WEIGHT, "68")
    before = queries.form_state(case)

    @transaction.atomic
    def die():
        answer(case, cast.filler, HEIGHT, "171")
        raise RuntimeError("the server dies before the commit")

    with pytest.raises(RuntimeError):
        die()
    assert queries.form_state(case) == before
    assert not AnswerChange.objects.filter(item__in=(HEIGHT, BMI)).exists()
    assert not Entry.objects.filter(event="forms.answered", detail__item=HEIGHT).exists()


def test_the_history_cannot_be_altered(case, cast):
    answer(case, cast.filler, WEIGHT, "68")
    for sql in ("update forms_answerchange set kind = 'x'", "delete from forms_answerchange"):
        with pytest.raises(Exception, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(sql)


def test_nothing_of_an_answer_stands_open_in_the_database(case, cast):
    answer(case, cast.filler, "CM-0-1-1-1", "稀有姓氏甲")
    with connection.cursor() as cursor:
        for table in ("forms_answers", "forms_answerchange", "audit_entry", "casefinding_caseevent"):
            cursor.execute(f"select count(*) from {table} t where t::text like %s", ["%稀有姓氏甲%"])
            assert cursor.fetchone() == (0,)
            cursor.execute(f"select encode(convert_to(t::text, 'UTF8'), 'hex') from {table} t")
            assert not any("稀有姓氏甲".encode().hex() in row[0] for row in cursor.fetchall())


def test_outsiders_and_states_of_the_case_are_respected(case, cast):
    for stranger in (cast.outsider, cast.leader, cast.nobody):
        with pytest.raises(actions.CannotChange):
            answer(case, stranger, WEIGHT, "68")
    Case.objects.filter(pk=case.pk).update(state="department_review")
    with pytest.raises(actions.NotNow):
        answer(case, cast.filler, WEIGHT, "68")
    assert not AnswerChange.objects.exists()


def test_unknown_items_are_refused(case, cast):
    with pytest.raises(actions.CannotChange):
        answer(case, cast.filler, "NO-SUCH-ITEM", "1")


def test_saving_takes_few_queries_whatever_the_form(cast, django_assert_max_num_queries):
    case = open_case(cast, "SAP")
    answer(case, cast.filler, WEIGHT, "68", revision=0)
    answer(case, cast.filler, HEIGHT, "160", revision=0)
    revision = queries.form_state(case).items[HEIGHT].revision
    # Besides the savepoint of the test: lock, state, names, audit, answers, changes.
    with django_assert_max_num_queries(8):
        answer(case, cast.filler, HEIGHT, "170", revision=revision, token="t2")
    with django_assert_max_num_queries(2):
        queries.form_state(case)


def test_who_else_is_here_is_told_for_a_moment(case, cast):
    actions.touch(case=case, user=cast.filler, item=WEIGHT)
    actions.touch(case=case, user=cast.filler, item=HEIGHT)
    actions.touch(case=case, user=cast.quality_officer)
    (other,) = queries.present(case, besides=cast.quality_officer)
    assert (other.name, other.item) == ("职工filler", HEIGHT)
    actions.leave(case=case, user=cast.filler)
    assert queries.present(case, besides=cast.quality_officer) == []


def test_options_are_found_by_code_name_and_initials(case):
    item = "CM-0-1-3-2"
    options = queries.options(case.pack_version, item, "")
    assert len(options) == 30
    assert options[0].value == "UTD"

    def first(text):
        return queries.options(case.pack_version, item, text, 5)[0].label

    assert first("I21.103") == "I21.103 急性下壁心肌梗死"
    assert first("i21103") == "I21.103 急性下壁心肌梗死"
    assert first("jxxbxjgs") == "I21.100x002 急性下壁心肌梗死"
    assert first("支架内血栓").endswith("支架内血栓相关性心肌梗死")
    assert queries.options(case.pack_version, item, "zzzz") == []
    with pytest.raises(KeyError):
        queries.options(case.pack_version, "NO-SUCH-ITEM", "a")
