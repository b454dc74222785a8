"""Jobs: queued with the act, run by a worker, remembered when they fail, run again when their worker died."""

from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.utils import timezone
from procrastinate.contrib.django import app
from procrastinate.contrib.django.models import ProcrastinateEvent, ProcrastinateJob
from tests.working import work_off

from zhiheng.audit.models import Entry
from zhiheng.jobs import actions
from zhiheng.jobs.models import Failure
from zhiheng.jobs.queueing import queue

done: list[int] = []


@app.task(name="tests.note")
def note(number: int) -> None:
    done.append(number)


@app.task(name="tests.note_and_go_on")
def note_and_go_on(number: int) -> None:
    with transaction.atomic():
        queue(note, number=number + 1)
        transaction.set_rollback(number < 0)


@app.task(name="tests.fail")
def fail(number: int) -> None:
    raise KeyError("张三 110101199001011234")


@app.task(name="tests.fail_tellingly")
def fail_tellingly() -> None:
    raise actions.CannotChange("Batch B000007 is cancelled.")


@pytest.fixture(autouse=True)
def _nothing_done():
    done.clear()


@pytest.fixture
def jobs():
    return ProcrastinateJob.objects.filter(task_name__startswith="tests.").order_by("id")


def test_a_job_falls_with_its_act(transactional_db, jobs):
    with transaction.atomic():
        queue(note, number=1)
        transaction.set_rollback(True)
    assert not jobs.exists()


def test_a_worker_runs_what_is_queued(transactional_db, jobs):
    queue(note, number=1)
    work_off()
    assert done == [1]
    assert [job.status for job in jobs] == ["succeeded"]


def test_what_a_job_queues_stands_or_falls_with_the_job(transactional_db, jobs):
    queue(note_and_go_on, number=5)
    queue(note_and_go_on, number=-5)  # rolls back
    work_off()
    assert done == [6]


def test_a_second_one_that_would_find_nothing_to_do_is_not_queued(transactional_db, jobs):
    with transaction.atomic():
        queue(note, only_one="case 7", number=7)
        queue(note, only_one="case 7", number=7)
        queue(note, only_one="case 8", number=8)  # the transaction is still good
    assert [job.args["number"] for job in jobs] == [7, 8]


def test_a_failure_is_kept_without_what_it_quotes(transactional_db, jobs, caplog):
    queue(fail, number=1)
    work_off()
    failure = Failure.objects.get(job_id=jobs.get().pk)
    assert (failure.kind, failure.message) == ("KeyError", "")
    assert failure.place.endswith("fail")


def test_a_message_made_for_people_is_kept(transactional_db, jobs):
    queue(fail_tellingly)
    work_off()
    assert Failure.objects.get().message == "Batch B000007 is cancelled."


def test_a_failed_job_can_be_run_again(transactional_db, jobs):
    queue(fail_tellingly)
    work_off()
    actions.retry(job=jobs.get(), by=None)
    assert jobs.get().status == "todo"
    assert Entry.objects.filter(event="jobs.retried").count() == 1
    with pytest.raises(actions.CannotChange):
        actions.retry(job=jobs.get(), by=None)


def test_a_waiting_job_can_be_cancelled(transactional_db, jobs):
    queue(note, number=1)
    actions.cancel(job=jobs.get(), by=None)
    work_off()
    assert done == []
    with pytest.raises(actions.CannotChange):
        actions.cancel(job=jobs.get(), by=None)


def _stall(silent: timedelta, **job):
    """A job that a worker took and gave no sign of life since."""
    queue(note, **job, number=1)
    with connection.cursor() as cursor:
        since = timezone.now() - silent
        cursor.execute("INSERT INTO procrastinate_workers (last_heartbeat) VALUES (%s) RETURNING id", [since])
        cursor.execute("SELECT id FROM procrastinate_fetch_job_v2(NULL, %s)", cursor.fetchone())


def test_the_job_of_a_silent_worker_is_run_again(transactional_db, jobs):
    _stall(timedelta(minutes=3))
    assert actions.recover_stalled() == 1
    work_off()
    assert done == [1]


def test_the_job_of_a_living_worker_is_left_alone(transactional_db, jobs):
    _stall(timedelta(seconds=20))
    assert actions.recover_stalled() == 0
    assert jobs.get().status == "doing"


def test_a_stalled_job_gives_way_to_the_same_one_that_waits(transactional_db, jobs):
    _stall(timedelta(minutes=3), only_one="case 7")
    queue(note, only_one="case 7", number=1)
    actions.recover_stalled()
    assert [job.status for job in jobs] == ["failed", "todo"]


def test_a_job_that_takes_its_worker_down_is_given_up(transactional_db, jobs):
    _stall(timedelta(minutes=3))
    with connection.cursor() as cursor:
        cursor.execute("UPDATE procrastinate_jobs SET attempts = %s", [actions.MOST_ATTEMPTS - 1])
    actions.recover_stalled()
    assert jobs.get().status == "failed"


def test_finished_jobs_are_forgotten_after_their_time(transactional_db, jobs):
    queue(note, number=1)
    queue(fail, number=2)
    work_off()
    queue(note, number=3)
    actions.forget_old(keep_days=30)
    assert jobs.count() == 3
    with connection.cursor() as cursor:
        cursor.execute("UPDATE procrastinate_events SET at = now() - interval '31 days'")
    Failure.objects.update(at=timezone.now() - timedelta(days=31))
    actions.forget_old(keep_days=30)
    assert [job.args["number"] for job in jobs] == [3]  # it still waits
    assert not Failure.objects.exists()
    assert ProcrastinateEvent.objects.filter(job__in=jobs).exists()
