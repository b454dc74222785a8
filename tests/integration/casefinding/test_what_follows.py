"""What an announcement queues: in its own transaction, with ids only, and nothing twice."""

import pytest
from django.db import transaction
from procrastinate.contrib.django.models import ProcrastinateJob

from zhiheng.accounts.models import Department
from zhiheng.casefinding import actions, jobs
from zhiheng.casefinding.models import Case
from zhiheng.ingestion.models import Batch
from zhiheng.jobs.announcing import announce

pytestmark = pytest.mark.django_db


def queued(task):
    rows = ProcrastinateJob.objects.filter(task_name=f"zhiheng.{task}", status="todo")
    return list(rows.order_by("pk").values_list("args", flat=True))


def test_a_stored_batch_is_screened_once(arrive, one_visit):
    arrive(one_visit())
    batch = Batch.objects.get()
    with transaction.atomic():
        announce("ingestion.batch_stored", batch)
        announce("ingestion.links_changed", batch)
    assert queued("casefinding.jobs.screen_batch") == [{"batch_id": batch.pk}]


def test_the_job_screens_the_persons_of_the_batch(arrive, one_visit, monkeypatch):
    arrive(one_visit())
    Case.visits.through.objects.all().delete()
    jobs.screen_batch(batch_id=Batch.objects.get().pk)
    assert Case.visits.through.objects.exists()


def test_a_large_batch_goes_on_chunk_by_chunk(arrive, hospital, monkeypatch):
    many = hospital()
    for number in range(3):
        many.patient(f"P{number}").visit(f"E{number}", f"P{number}", diagnoses=("I21.001",))
    monkeypatch.setattr(actions, "TOGETHER", 2)
    arrive(many)
    batch = Batch.objects.get()
    jobs.screen_batch(batch_id=batch.pk)
    assert queued("casefinding.jobs.screen_batch") == [{"batch_id": batch.pk, "chunk": 1}]


def test_new_cases_are_filled_and_those_that_are_out_are_not(arrive, one_visit):
    arrive(one_visit())
    case = Case.objects.get()
    assert queued("autofill.jobs.fill_cases") == [{"case_ids": [case.pk]}]
    arrive(one_visit(admit_route="transfer"))
    assert queued("autofill.jobs.fill_cases") == [{"case_ids": [case.pk]}]


def test_a_version_in_force_screens_those_whom_it_concerns(packs, arrive, one_visit):
    assert queued("casefinding.jobs.screen_next") == [{"version_ids": [each.pk for each in packs.values()]}]
    arrive(one_visit())
    Case.visits.through.objects.all().delete()
    jobs.screen_next(version_ids=[packs["STEMI"].pk])
    assert Case.visits.through.objects.exists()


def test_a_department_that_is_written_down_later_gets_its_cases(arrive, one_visit, cast):
    assert queued("casefinding.jobs.screen_department") == []  # nothing to screen yet
    arrive(one_visit(department_code="0399", department="胸痛中心"))
    assert Case.objects.get().department is None
    added = Department.objects.create(organisation=cast.organisation, code="0399", name="胸痛中心")
    assert queued("casefinding.jobs.screen_department") == [{"department_id": added.pk}]
    jobs.screen_department(department_id=added.pk)
    assert Case.objects.get().department == added
    assert Case.objects.get().visits.get().department == added
