"""Seal again with the newest key, after it was added."""

from procrastinate.contrib.django import app

from zhiheng.vault.resealing import reseal_all


@app.task(queue="housekeeping", lock="vault.reseal", queueing_lock="vault.reseal")
def reseal() -> None:
    for _done in reseal_all():
        pass
