"""The queue's own housekeeping."""

from django.conf import settings
from procrastinate.contrib.django import app

from zhiheng.jobs import actions


@app.periodic(cron="* * * * *")
@app.task(queue="housekeeping", queueing_lock="jobs.recover_stalled")
def recover_stalled(timestamp: int) -> None:
    """Queue again what a worker was doing that gives no sign of life: every job may run twice."""
    actions.recover_stalled()


@app.periodic(cron="17 3 * * *")
@app.task(queue="housekeeping", queueing_lock="jobs.forget_old")
def forget_old(timestamp: int) -> None:
    actions.forget_old(keep_days=settings.KEEP_JOBS_DAYS)
