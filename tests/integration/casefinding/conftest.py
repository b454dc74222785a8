"""A small hospital whose records are stored and screened, as batches would be."""

from datetime import timedelta

import pytest
from django.db import transaction
from django.utils import timezone
from tests.cast import make_cast
from tests.packs.visits import Hospital, table

from zhiheng.casefinding import actions
from zhiheng.casefinding.models import Case
from zhiheng.ingestion import queries as ingestion
from zhiheng.ingestion.models import Batch, Interface
from zhiheng.ingestion.storing import store
from zhiheng.packversions.actions import import_packs

PACKS = ("stemi", "hf", "esrd-hd")
INFARCTION, OLD_INFARCTION, FAILURE = "I21.001", "I25.200", "I50.900"


@pytest.fixture
def packs(db):
    return {version.abbr: version for version in import_packs(only=PACKS)}


@pytest.fixture
def cast(db):
    return make_cast()


@pytest.fixture
def arrive(packs, cast):
    """Store the records of a hospital, in the order of the calls, and screen whom they concern."""
    interface = Interface.objects.create(name="test", profile="demo-hospital")

    def take(hospital, links=()):
        count = Batch.objects.count()
        batch = Batch.objects.create(interface=interface, digest=str(count))
        batch.received_at = timezone.now() + timedelta(minutes=count)
        batch.save()
        tables = hospital.tables() | {"patient_link": table("patient_link", list(links))}
        with transaction.atomic():
            store(batch, tables, whole_visits={"test"})
        return actions.screen(ingestion.persons_of(batch))

    return take


@pytest.fixture
def hospital():
    return Hospital


def visit(hospital, number="E1", patient="P1", diagnoses=(INFARCTION,), **more):
    more.setdefault("department_code", "0301")
    more.setdefault("department", "心血管内科")
    more.setdefault("record_number", f"R-{patient}")
    return hospital.patient(patient, name=f"测试{patient}", sex="male").visit(
        number, patient, diagnoses=diagnoses, **more
    )


@pytest.fixture
def one_visit():
    """Make a hospital with one visit, by default an infarction in cardiology."""
    return lambda **said: visit(Hospital(), **said)


@pytest.fixture
def infarction(arrive, one_visit):
    """A case of STEMI that is to be filled in."""
    arrive(one_visit())
    return Case.objects.get(abbr="STEMI")


@pytest.fixture
def open_question(arrive, one_visit):
    """A case of STEMI that is undecided: an old infarction is among the diagnoses."""
    arrive(one_visit(diagnoses=(INFARCTION, OLD_INFARCTION)))
    return Case.objects.get(abbr="STEMI")
