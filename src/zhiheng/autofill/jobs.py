"""Fill cases in the background."""

from procrastinate import RetryStrategy
from procrastinate.contrib.django import app

from zhiheng.autofill import actions


@app.task(queue="records", retry=RetryStrategy(max_attempts=5, exponential_wait=4))
def fill_case(case_id: int) -> None:
    actions.fill_case(case_id)


@app.task(queue="records", retry=RetryStrategy(max_attempts=5, exponential_wait=4))
def fill_cases(case_ids: list[int]) -> None:
    actions.fill_cases(case_ids)
