"""The pages of jobs: what they show, and what the engineer can do there."""

import pytest
from procrastinate.contrib.django import app
from procrastinate.contrib.django.models import ProcrastinateJob
from tests.cast import make_cast

from zhiheng.jobs.models import Failure
from zhiheng.jobs.queueing import queue
from zhiheng.jobs.words import TASKS, short


@app.task(name="zhiheng.tests.jobs.look", queue="records")
def look(case_id: int) -> None:
    pass


@pytest.fixture
def cast(db):
    return make_cast()


@pytest.fixture
def job(db):
    queue(look, case_id=7)
    return ProcrastinateJob.objects.get(task_name="zhiheng.tests.jobs.look")


def fail(job):
    Failure.objects.create(job_id=job.pk, kind="KeyError", message="", place="casefinding/screening.py:42 screen")
    _set_state(job, "failed")


def _set_state(job, state):
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("UPDATE procrastinate_jobs SET status = 'doing' WHERE id = %s", [job.pk])
        cursor.execute("SELECT procrastinate_finish_job_v1(%s, %s, false)", [job.pk, state])


def test_the_list_says_how_the_queue_stands(client, cast, job):
    client.force_login(cast.maintenance_engineer)
    page = client.get("/jobs/").content.decode()
    assert "tests.look" in page  # a task without words of its own
    assert "等待中" in page
    assert "没有任务在执行" in page  # no worker is alive


def test_the_list_can_be_narrowed_to_what_failed(client, cast, job):
    queue(look, case_id=8)
    fail(job)
    client.force_login(cast.maintenance_engineer)
    page = client.get("/jobs/?status=failed").content.decode()
    assert f"/jobs/{job.pk}/" in page
    assert f"/jobs/{job.pk + 1}/" not in page
    assert "KeyError" in page


def test_a_job_shows_its_ids_its_course_and_its_errors(client, cast, job):
    fail(job)
    client.force_login(cast.maintenance_engineer)
    page = client.get(f"/jobs/{job.pk}/").content.decode()
    for text in ("case_id", "KeyError", "casefinding/screening.py:42 screen", "排入队列", "失败", "重新运行"):
        assert text in page


def test_the_engineer_runs_a_failed_job_again(client, cast, job):
    fail(job)
    client.force_login(cast.maintenance_engineer)
    assert client.post(f"/jobs/{job.pk}/retry/").status_code == 302
    assert ProcrastinateJob.objects.get(pk=job.pk).status == "todo"


def test_a_job_that_did_not_fail_is_not_run_again(client, cast, job):
    client.force_login(cast.maintenance_engineer)
    answer = client.post(f"/jobs/{job.pk}/retry/")
    assert answer.status_code == 409
    assert "只有失败的任务可以重新运行" in answer.content.decode()


def test_the_engineer_takes_a_waiting_job_off_the_queue(client, cast, job):
    client.force_login(cast.maintenance_engineer)
    client.post(f"/jobs/{job.pk}/cancel/")
    assert ProcrastinateJob.objects.get(pk=job.pk).status == "cancelled"


def test_the_system_administrator_looks_and_changes_nothing(client, cast, job):
    client.force_login(cast.system_administrator)
    page = client.get(f"/jobs/{job.pk}/")
    assert page.status_code == 200
    assert "取消排队" not in page.content.decode()
    assert client.post(f"/jobs/{job.pk}/cancel/").status_code == 404


def test_the_list_asks_the_database_little(client, cast, job, django_assert_max_num_queries):
    for number in range(60):
        queue(look, case_id=number)
    client.force_login(cast.maintenance_engineer)
    with django_assert_max_num_queries(16):
        client.get("/jobs/")


def test_every_task_is_named_in_words():
    ours = {short(name) for name in app.tasks if name.startswith("zhiheng.") and ".tests." not in name}
    assert ours - TASKS.keys() == set()
