"""Screen in the background: a chunk of persons for each job, so that a large batch holds up no small one."""

from procrastinate import RetryStrategy
from procrastinate.contrib.django import app

from zhiheng.accounts.models import Department
from zhiheng.casefinding import actions
from zhiheng.ingestion import queries as ingestion
from zhiheng.ingestion.models import Batch
from zhiheng.packversions.models import PackVersion

# One lock for all: two that open the same case would only wait for each other in the database.
_task = app.task(queue="records", lock="casefinding", retry=RetryStrategy(max_attempts=5, exponential_wait=4))


@_task
def screen_batch(batch_id: int, chunk: int = 0) -> None:
    """Screen the persons whose records a batch changed, and queue the next chunk of them."""
    persons = sorted(ingestion.persons_of(Batch.objects.get(pk=batch_id)))
    start = chunk * actions.TOGETHER
    actions.screen(persons[start : start + actions.TOGETHER])
    if start + actions.TOGETHER < len(persons):
        screen_batch.defer(batch_id=batch_id, chunk=chunk + 1)


@_task
def screen_next(after: str = "", version_ids: list[int] | None = None) -> None:
    """Screen everybody whom versions of packs concern, from the blind index of a patient on."""
    versions = list(PackVersion.objects.filter(pk__in=version_ids or []))
    _done, last = actions.screen_next(after, versions)
    if last is not None:
        screen_next.defer(after=last, version_ids=version_ids or [])


@_task
def screen_department(department_id: int, after: str = "") -> None:
    """Screen the visits whose records name a department that was added or changed: they may belong to it now."""
    last = actions.screen_department(Department.objects.get(pk=department_id), after)
    if last is not None:
        screen_department.defer(department_id=department_id, after=last)


@app.periodic(cron="30 3 * * *")
@app.task(queue="records", lock="casefinding", queueing_lock="screen_unbalanced")
def screen_unbalanced(timestamp: int) -> None:
    """See every night that the ledger of visits balances, and screen again what does not."""
    actions.screen_unbalanced()
