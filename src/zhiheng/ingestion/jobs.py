"""Receive, store and clear away in the background."""

from procrastinate import RetryStrategy
from procrastinate.contrib.django import app

from zhiheng.ingestion import actions, mirror
from zhiheng.ingestion.models import Batch, Interface
from zhiheng.vault import private, resealing

# One at a time: two batches that are stored at once would only wait for each other in the database.
_one_by_one = app.task(queue="records", lock="ingestion", retry=RetryStrategy(max_attempts=3, exponential_wait=10))


@_one_by_one
def preview_batch(batch_id: int) -> None:
    actions.preview(batch=Batch.objects.get(pk=batch_id))


@_one_by_one
def store_batch(batch_id: int) -> None:
    actions.store(batch=Batch.objects.get(pk=batch_id))
    actions.tidy(batch=Batch.objects.get(pk=batch_id))


@app.periodic(cron="* * * * *")
@app.task(queue="records", lock="ingestion.look", queueing_lock="ingestion.look")
def look_everywhere(timestamp: int) -> None:
    for interface in Interface.objects.filter(is_enabled=True).exclude(folder=""):
        actions.look(interface=interface)


@app.task(queue="records", lock="ingestion.look")
def look(interface_id: int) -> None:
    actions.look(interface=Interface.objects.get(pk=interface_id))


@app.periodic(cron="40 2 * * *")
@app.task(queue="records", lock="ingestion", queueing_lock="ingestion.clear_away")
def clear_away(timestamp: int) -> None:
    actions.purge_old()
    private.sweep()
    mirror.forget_old()
    resealing.reseal_files()


@_one_by_one
def mirror_batch(batch_id: int) -> None:
    mirror.write(batch=Batch.objects.get(pk=batch_id))
