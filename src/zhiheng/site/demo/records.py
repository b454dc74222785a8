"""The demo hospital's records: exported into a watched folder, and taken from there as any hospital's are."""

import shutil
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from django.utils import timezone
from procrastinate.contrib.django import app
from procrastinate.contrib.django.models import ProcrastinateJob

from zhiheng.autofill.models import Filling
from zhiheng.casefinding.models import Case
from zhiheng.ingestion import actions as ingestion
from zhiheng.ingestion.models import Interface
from zhiheng.sources.demo import generate

PROFILE = "demo-hospital"
NAME = "示范医院导出"
RECENT = 8  # half of the visits in the last two months, as it looks where people keep up


def export(folder: Path, *, encounters: int, seed: int) -> None:
    """Write the export as a hospital's interface would, whole or not at all."""
    if not folder.exists():
        new = folder.with_name(folder.name + ".new")
        shutil.rmtree(new, ignore_errors=True)
        generate(new, encounters=encounters, seed=seed, last=timezone.localdate() - timedelta(1), recent=RECENT)
        new.rename(folder)


def deliver(folder: Path) -> None:
    """Watch `folder`, and look into it at once; what follows is the workers' business."""
    interface = Interface.objects.filter(name=NAME).first() or ingestion.add_interface(
        by=None, name=NAME, profile=PROFILE, folder=str(folder), settle_seconds=0
    )
    ingestion.look(interface=interface)


@dataclass(frozen=True)
class Progress:
    """How far the records have come."""

    cases: int
    filled: int
    jobs: int  # that are still to be done

    @property
    def is_done(self) -> bool:
        return self.cases > 0 and self.jobs == 0


def progress() -> Progress:
    unfinished = ProcrastinateJob.objects.filter(status__in=["todo", "doing"]).exclude(task_name__in=_periodic())
    return Progress(Case.objects.count(), Filling.objects.values("case").distinct().count(), unfinished.count())


def _periodic() -> list[str]:
    return [name for name, _ in app.periodic_registry.periodic_tasks]
