"""Published measures in the language of the packs: every count of every patient of their decks is as published."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from measuring import add, difference, expected, load, measure
from zhiheng.engine.measure import Outcome

MEASURES = {
    "cms996": ("CMS996FHIRAptTxforSTEMI", 102),
    "cms71": ("CMS71FHIRSTKAnticoagAFFlutter", 85),
    "cms506": ("CMS506FHIRSafeUseofOpioids", 36),
}


@pytest.mark.parametrize("name", MEASURES)
def test_every_patient_counts_as_published(shared, name):
    folder, patients = MEASURES[name]
    deck = shared(f"data/ecqm/{folder}")
    wanted = expected(deck)
    found = measure(load(name), deck)
    assert len(wanted) == len(found.counts) == patients
    assert difference(found.counts, wanted) == {}
    assert found.total == add(found.counts)


def test_a_visit_without_an_arrival_is_missed_as_published_and_unknown_to_us(shared):
    deck = shared("data/ecqm/CMS996FHIRAptTxforSTEMI")
    found = measure(load("cms996"), deck)
    unknown = [visit for visit, outcome in found.outcomes.items() if outcome is Outcome.UNKNOWN]
    # Nobody recorded when they came in; the published count takes that for "not in time".
    assert len(unknown) == 29
    timed = {"FIBRINOLYTIC", "PCI", "TRANSFERRED"}
    assert all(timed - {code for code, value in found.answers[visit].items() if value is not None} for visit in unknown)
    for name in ("cms71", "cms506"):
        others = measure(load(name), shared(f"data/ecqm/{MEASURES[name][0]}"))
        assert Outcome.UNKNOWN not in others.outcomes.values()


@pytest.mark.parametrize("name", MEASURES)
def test_the_packs_of_the_measures_compile_without_their_value_sets(name):
    pack = load(name)
    assert any(term.value_sets for term in pack.fills.terms.by_name.values())
