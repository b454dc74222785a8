"""Take in fillings in the background."""

from procrastinate import RetryStrategy
from procrastinate.contrib.django import app

from zhiheng.casefinding.models import Case
from zhiheng.forms import actions


@app.task(queue="records", retry=RetryStrategy(max_attempts=5, exponential_wait=4))
def take_proposals(case_id: int) -> None:
    actions.take_proposals(case=Case.objects.select_related("pack_version").get(pk=case_id))
