"""Seal what was appended, every minute; examine the whole chain every night."""

from procrastinate.contrib.django import app

from zhiheng.audit import sealing
from zhiheng.audit.verify import verify_and_keep


@app.periodic(cron="* * * * *")
@app.task(queue="housekeeping", lock="audit", queueing_lock="audit.seal")
def seal(timestamp: int) -> None:
    sealing.seal_waiting(among_all=timestamp % 3600 == 0)


@app.periodic(cron="40 3 * * *")
@app.task(queue="housekeeping", lock="audit", queueing_lock="audit.verify")
def verify(timestamp: int = 0) -> None:
    sealing.seal_waiting(among_all=True)
    verify_and_keep()
