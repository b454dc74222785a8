"""Published measures in the language of the packs: every count of every patient of their decks is as published."""

import pytest
from measuring import add, difference, expected, load, measure

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


@pytest.mark.parametrize("name", MEASURES)
def test_the_packs_of_the_measures_compile_without_their_value_sets(name):
    pack = load(name)
    assert any(term.value_sets for term in pack.fills.terms.by_name.values())
