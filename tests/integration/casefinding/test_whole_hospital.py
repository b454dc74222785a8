"""The demo hospital through the database: the same cases as from its files, and soon enough."""

from datetime import UTC, datetime

import pytest
from django.db import transaction
from tests.cast import make_cast

from zhiheng.casefinding import actions, ledger
from zhiheng.casefinding.models import Case, Visit
from zhiheng.engine.find import find
from zhiheng.ingestion import queries as ingestion
from zhiheng.ingestion.models import Batch, Interface
from zhiheng.ingestion.storing import store
from zhiheng.packversions import actions as packs
from zhiheng.packversions import queries
from zhiheng.records import people
from zhiheng.records.store import Records
from zhiheng.sources import read
from zhiheng.sources.demo import generate

pytestmark = pytest.mark.django_db


def test_six_hundred_visits_are_screened_as_from_their_files(tmp_path):
    make_cast()
    packs.import_packs()
    generate(tmp_path / "hospital", encounters=600, seed=1)
    reading = read(
        queries.profile("demo-hospital"), tmp_path / "hospital", received_at=datetime(2026, 1, 2, tzinfo=UTC)
    )
    batch = Batch.objects.create(interface=Interface.objects.create(name="demo", profile="demo-hospital"), digest="1")
    with transaction.atomic():
        store(batch, reading.tables)
    queries.rules_in_force()
    done = actions.screen(ingestion.persons_of(batch))
    assert done.visits == Visit.objects.count()
    assert kept() == from_files(reading)
    assert ledger.balance(datetime(2000, 1, 1).date(), datetime(2100, 1, 1).date(), ("inpatient", "day_surgery")).holds


def kept():
    return {(case.abbr, case.sealed["encounter_id"], case.decision) for case in Case.objects.all()}


def from_files(reading):
    records = Records()
    records.merge(reading.tables)
    numbers = records.latest("patient").column("patient_id").to_pylist()
    persons = people.persons(numbers, records.latest("patient_link"))
    found = find(queries.rules_in_force()[0], {name: records.latest(name) for name in records.tables}, persons=persons)
    return {(case.pack, case.encounter_id, str(case.decision)) for case in found}
