"""What follows from what: which jobs an announcement queues, on one screen."""

from collections.abc import Iterable
from typing import Any

from django.db.models.signals import post_save

from zhiheng.accounts.models import Department
from zhiheng.autofill import jobs as autofill
from zhiheng.casefinding import jobs as casefinding
from zhiheng.casefinding.models import Case, Visit
from zhiheng.forms import jobs as forms
from zhiheng.ingestion import jobs as ingestion
from zhiheng.jobs.announcing import when
from zhiheng.jobs.queueing import queue
from zhiheng.packversions import jobs as packversions

FILLED_TOGETHER = 200  # cases in one job: the engine looks up at once what their packs ask alike


def connect() -> None:
    """Say what follows from what; called once, when the product starts."""
    when("ingestion.batch_received", lambda batch: ingestion.preview_batch.defer(batch_id=batch.pk))
    when("ingestion.batch_confirmed", lambda batch: ingestion.store_batch.defer(batch_id=batch.pk))
    when("ingestion.batch_stored", _screen_batch)
    when("ingestion.batch_stored", lambda batch: ingestion.mirror_batch.defer(batch_id=batch.pk))
    when("ingestion.links_changed", _screen_batch)
    when("packversions.uploaded", lambda upload: packversions.check_upload.defer(upload_id=upload.pk))
    when("packversions.in_force", _screen_again)
    when("casefinding.screening_asked", lambda _nothing: _screen_everybody())
    post_save.connect(_screen_department, sender=Department, dispatch_uid="pipeline.screen_department")
    when("casefinding.screened", lambda kept: _fill([*kept.opened, *kept.changed]))
    when("casefinding.case_opened", lambda case: _fill([case]))
    when("casefinding.case_decided", lambda case: _fill([case]))
    when("casefinding.case_moved", lambda case: _fill([case]))
    when("casefinding.version_taken", lambda case: _fill([case]))
    when("autofill.filled", lambda filling: queue(forms.take_proposals, case_id=filling.case_id))
    when("forms.basis_changed", _fill_again)
    when("forms.moves_asked", lambda asked: forms.move_all.defer(version_id=asked[0].pk, by_id=asked[1].pk))


def _screen_department(instance: Department, **_signal: Any) -> None:
    # A hospital often writes down its departments after the first records have come.
    if Visit.objects.exists():
        only_one = f"screen_department:{instance.pk}"
        queue(casefinding.screen_department, lock="casefinding", only_one=only_one, department_id=instance.pk)


def _screen_batch(batch: Any) -> None:
    queue(casefinding.screen_batch, lock="casefinding", only_one=f"screen_batch:{batch.pk}", batch_id=batch.pk)


def _screen_again(versions: Iterable[Any]) -> None:
    casefinding.screen_next.defer(version_ids=[version.pk for version in versions])


def _screen_everybody() -> None:
    queue(casefinding.screen_next, lock="casefinding", only_one="screen_everybody")


def _fill_again(case: Case) -> None:
    queue(autofill.fill_case, only_one=f"autofill.fill_case:{case.pk}", case_id=case.pk)


def _fill(cases: Iterable[Case]) -> None:
    ids = [case.pk for case in cases if case.decision != Case.Decision.OUT]
    for start in range(0, len(ids), FILLED_TOGETHER):
        autofill.fill_cases.defer(case_ids=ids[start : start + FILLED_TOGETHER])
