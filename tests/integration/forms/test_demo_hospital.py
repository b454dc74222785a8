"""A whole hospital through ingestion, screening and filling: every form takes its proposals, and every proof opens."""

from datetime import UTC, datetime

import pytest
from django.db import transaction
from tests.casework import screen_everybody
from tests.cast import make_cast

from zhiheng.autofill import actions as autofill
from zhiheng.casefinding.models import Case
from zhiheng.forms import actions, queries
from zhiheng.ingestion.models import Batch, Interface
from zhiheng.ingestion.storing import store
from zhiheng.packversions import queries as packversions
from zhiheng.packversions.actions import import_packs
from zhiheng.sources import read
from zhiheng.sources.demo import generate

PACKS = ("aecopd", "af", "asah", "cac", "cap", "cs", "gc", "hf", "sap", "stemi", "stk", "tkr")


@pytest.fixture
def hospital(db, tmp_path):
    """Store and screen the records of the demo hospital; return its open cases."""
    import_packs(only=PACKS)
    generate(tmp_path / "data", encounters=120, seed=7)
    received = datetime(2026, 1, 2, tzinfo=UTC)
    reading = read(packversions.profile("demo-hospital"), tmp_path / "data", received_at=received)
    interface = Interface.objects.create(name="demo", profile="demo-hospital")
    batch = Batch.objects.create(interface=interface, digest="demo")
    with transaction.atomic():
        store(batch, reading.tables)
    screen_everybody()
    return list(Case.objects.filter(decision="in").select_related("pack_version").order_by("pk"))


def test_a_hospital_is_filled_and_every_proof_opens(hospital):
    numbers = [case.pk for case in hospital]
    assert len({case.abbr for case in hospital}) >= 4
    filled = autofill.fill_cases(numbers)
    assert [filling.case_id for filling in filled] == numbers
    for case in hospital:
        actions.take_proposals(case=case)
    assert autofill.fill_cases(numbers) == []  # the same records say the same
    states = {case: queries.form_state(case) for case in hospital}
    assert sum(state.counter.proposed for state in states.values()) > 10 * len(hospital)
    for case, state in list(states.items())[::9]:
        for item in state.proposed:
            check_proof(queries.proof(case, item.code), item)


def check_proof(proof, item):
    assert proof.today is None
    assert proof.basis.value == item.value
    for row in proof.basis.evidence:
        assert row.rule_text
        assert row.is_absence or row.columns
        assert not row.is_superseded
    if proof.candidates:  # what was taken is one of those that could be
        taken = item.value if isinstance(item.value, list) else [item.value]
        assert set(map(str, taken)) & {str(each.value) for each in proof.candidates}


def test_a_whole_form_is_confirmed_at_once(hospital):
    cast = make_cast()
    case = hospital[0]
    autofill.fill_case(case.pk)
    proposed = [item.code for item in actions.take_proposals(case=case).state.proposed]
    saved = actions.confirm(case=case, items=proposed, by=cast.quality_officer)
    assert saved.state.counter.proposed == 0
    assert {saved.state.items[code].by for code in proposed} == {"职工quality_officer"}
