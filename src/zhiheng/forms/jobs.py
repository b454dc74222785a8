"""Take in fillings in the background."""

from procrastinate import RetryStrategy
from procrastinate.contrib.django import app

from zhiheng.accounts.models import User
from zhiheng.casefinding.models import Case
from zhiheng.forms import actions, moving
from zhiheng.packversions.models import PackVersion


@app.task(queue="records", retry=RetryStrategy(max_attempts=5, exponential_wait=4))
def take_proposals(case_id: int) -> None:
    actions.take_proposals(case=Case.objects.select_related("pack_version").get(pk=case_id))


@app.task(queue="records")
def move_all(version_id: int, by_id: int) -> None:
    moving.move_all(version=PackVersion.objects.get(pk=version_id), by=User.objects.get(pk=by_id))
