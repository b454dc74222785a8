"""zhiheng screen: after the date from which cases are reported was changed, everybody is screened again."""

from datetime import date, datetime

import pytest
from django.db import connection
from procrastinate.contrib.django.models import ProcrastinateJob
from tests import database
from tests.integration.casefinding.conftest import visit
from tests.working import work_off
from typer.testing import CliRunner

from zhiheng.__main__ import app
from zhiheng.audit.models import Entry
from zhiheng.casefinding import actions
from zhiheng.casefinding.models import Case, State
from zhiheng.site.postgres_config import APP

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def command(tmp_path, monkeypatch):
    """Run the command with a data folder of its own, on the tests' database."""
    monkeypatch.setenv("ZHIHENG_DATA", str(tmp_path))
    monkeypatch.setenv("ZHIHENG_SECRET_KEY", "x" * 60)
    monkeypatch.setenv("DATABASE_URL", database.SERVER.url(APP, connection.settings_dict["NAME"]))
    return lambda: CliRunner().invoke(app, ["screen"])


def waiting():
    return ProcrastinateJob.objects.filter(queueing_lock="screen_everybody", status="todo").count()


def test_cases_of_before_the_new_date_are_no_longer_to_be_reported(command, arrive, hospital, cast, settings):
    many = visit(hospital(), "E1", "P1", admitted=datetime(2025, 3, 1, 9))
    visit(many, "E2", "P2", admitted=datetime(2025, 3, 2, 9))
    arrive(visit(many, "E3", "P3", admitted=datetime(2025, 9, 1, 9)))
    first, begun, later = Case.objects.order_by("discharge_time")
    actions.set_state(case=begun, state=State.FILLING, by=cast.filler)
    settings.REPORT_FROM = date(2025, 7, 1)
    answer = command()
    assert (answer.exit_code, waiting()) == (0, 1), answer.output
    assert "重新筛查" in answer.output
    work_off(queues=["records"])
    states = {case.pk: case.state for case in Case.objects.all()}
    assert states == {first.pk: State.NOT_REQUIRED, begun.pk: State.FILLING, later.pk: State.TO_FILL}
    begun.refresh_from_db()
    assert begun.is_contradicted  # somebody works on it: it is told, and not taken away
    assert Entry.objects.filter(event="casefinding.screening_asked", by=None).count() == 1


def test_asked_for_twice_it_is_done_once(command):
    assert [command().exit_code for _ in range(2)] == [0, 0]
    assert waiting() == 1
