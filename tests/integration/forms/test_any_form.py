"""Whatever people and records do to whichever form: what is saved, counted, told and remembered stays one thing."""

from datetime import date, datetime

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from tests.casework import open_case
from tests.cast import make_cast

from zhiheng.autofill.models import Filling
from zhiheng.engine.form import evaluate
from zhiheng.forms import actions, queries
from zhiheng.forms.models import AnswerChange, Answers, Difference
from zhiheng.packs.loading import default_root, pack_folders

ABBREVIATIONS = [folder.name for folder in pack_folders(default_root()) if "@" not in folder.name]
STEPS = st.sampled_from(
    ["answer"] * 6 + ["clear", "unknown", "open", "records", "records", "confirm", "section", "keep", "take", "undo"]
)


@pytest.fixture
def cast(db):
    return make_cast()


def values_for(item):
    if item.options:
        values = st.sampled_from([option.value for option in item.options])
        return st.lists(values, min_size=1, max_size=3, unique=True) if item.type == "choices" else values
    if item.type == "number":
        return st.sampled_from(["0", "1", "12", "65", "180", "-3", "36.5", "100000"])
    days = st.dates(date(2026, 2, 1), date(2026, 4, 1))
    if item.type == "date":
        return days.map(str)
    if item.type == "datetime":
        moments = st.datetimes(datetime(2026, 3, 1), datetime(2026, 3, 10))
        return moments.map(lambda each: f"{each:%Y-%m-%d %H:%M}")
    return st.sampled_from(["无", "12", "某某"])


class Walk:
    """One case and what happens to it; `page` is what a browser knows that only hears of what has changed."""

    def __init__(self, case, cast, data):
        self.case, self.cast, self.data = case, cast, data
        self.page = queries.form_state(case)
        self.items = [item for item in self.page.sheet.items if not item.is_derived]

    def draw(self, strategy):
        return self.data.draw(strategy)

    def item(self):
        """Most often one that is shown."""
        shown = [item for item in self.items if self.page.items[item.code].shown]
        return self.draw(st.sampled_from(shown if self.draw(st.integers(0, 4)) else self.items))

    def by(self):
        return self.draw(st.sampled_from([self.cast.filler, self.cast.quality_officer]))

    def step(self, kind):
        try:
            saved = getattr(self, f"do_{kind}")()
        except actions.CannotChange:
            saved = None
        fresh = queries.form_state(self.case)
        if saved is not None:
            assert saved.state == fresh
            told = {**self.page.items, **{code: fresh.items[code] for code in saved.changed}}
            assert told == dict(fresh.items)
        assert saved is not None or fresh == self.page
        self.page = fresh

    def do_answer(self):
        item = self.item()
        revision = self.page.items[item.code].revision
        typed = self.draw(values_for(item))
        return actions.answer(case=self.case, item=item.code, typed=typed, by=self.by(), revision=revision)

    def do_clear(self):
        return actions.clear(case=self.case, item=self.item().code, by=self.by())

    def do_unknown(self):
        return actions.mark_unknown(case=self.case, item=self.item().code, by=self.by())

    def do_open(self):
        return actions.leave_open(case=self.case, item=self.item().code, reason="无记录", by=self.by())

    def do_records(self):
        items = self.draw(
            st.lists(st.sampled_from(self.items), min_size=1, max_size=6, unique_by=lambda each: each.code)
        )
        proposals = {item.code: {"value": self.value(item), "evidence": []} for item in items}
        number = Filling.objects.filter(case=self.case).count() + 1
        Filling.objects.create(
            case=self.case,
            number=number,
            pack_version=self.case.pack_version,
            digest=str(number),
            sealed={"proposals": proposals, "refused": []},
        )
        return actions.take_proposals(case=self.case)

    def value(self, item):
        typed = self.draw(values_for(item))
        return float(typed) if item.type == "number" else typed

    def do_confirm(self):
        codes = [item.code for item in self.page.proposed][:3]
        return actions.confirm(case=self.case, items=codes, by=self.by())

    def do_section(self):
        number = self.draw(st.integers(0, len(self.page.sections) - 1))
        return actions.confirm_section(case=self.case, section=number, by=self.by())

    def do_keep(self):
        return self.decide(actions.keep)

    def do_take(self):
        return self.decide(actions.take)

    def decide(self, how):
        found = queries.differences(self.case)
        if not found:
            return None
        return how(difference=self.draw(st.sampled_from(found)), reason="核对", by=self.by())

    def do_undo(self):
        changes = list(AnswerChange.objects.filter(case=self.case).order_by("pk"))
        return actions.undo(change=self.draw(st.sampled_from(changes)), by=self.by()) if changes else None

    def check(self):
        """What stands in the database agrees with itself, and with the engine asked anew."""
        row, state = Answers.objects.filter(case=self.case).first(), self.page
        if row is None:
            return
        answers = {code: e["value"] for code, e in row.document.items() if e.get("value") is not None}
        anew = evaluate(state.sheet.form, answers, firm=answers)
        assert dict(state.values) == dict(anew.values)
        assert [code for code, item in state.items.items() if item.shown] == list(anew.shown)
        # Answers keep their word: what a person or a record says is never another value in the form.
        for code, value in answers.items():
            item = state.items[code]
            if item.shown and item.origin in ("person", "record") and item.value is not None:
                assert item.value == value
        said = state.findings
        counted = {
            "total": sum(item.shown and item.required for item in state.items.values()),
            "left": len(state.left),
            "proposed": len(state.proposed),
            "errors": sum(finding.severity == "error" for finding in said),
            "advisories": sum(finding.severity == "advisory" and not finding.reason for finding in said),
            "left_open": len(state.left_open),
            "differences": len(state.differing),
        }
        assert {name: getattr(row, name) for name in counted} == counted
        opened = {each.item for each in Difference.objects.filter(case=self.case, state="open")}
        assert opened == {code for code, item in state.items.items() if item.difference is not None}
        assert self.replayed() == row.document

    def replayed(self):
        """Return the document that the history alone gives."""
        document = {}
        for change in AnswerChange.objects.filter(case=self.case).exclude(kind="rule").order_by("revision", "pk"):
            assert change.sealed["before"] == document.get(change.item)
            document[change.item] = change.sealed["after"]
        return document


@pytest.mark.parametrize("abbr", ABBREVIATIONS)
def test_any_walk_through_any_form_keeps_its_word(abbr, cast):
    from zhiheng.packs.loading import load_packs

    name = load_packs(default_root(), only=[abbr]).all[-1].abbr
    number = iter(range(1000))

    # Not shrunk: each try is a walk through the database, and a failing one is short enough to be read.
    @settings(
        max_examples=3, phases=[Phase.generate], deadline=None, suppress_health_check=list(HealthCheck), database=None
    )
    @given(st.data(), st.lists(STEPS, min_size=4, max_size=14))
    def walk(data, steps):
        place = next(number)
        case = open_case(cast, name, visit=f"V{place}", patient=f"P{place}", code=f"{name}-26-{place:06d}")
        going = Walk(case, cast, data)
        for kind in steps:
            going.step(kind)
        going.check()

    walk()
