"""A hospital begins without departments: records name them, and the system administrator makes them by a click."""

import pytest
from tests.integration.casefinding.conftest import visit

from zhiheng.accounts import seen

pytestmark = pytest.mark.django_db


def test_departments_that_records_name_and_nobody_made_are_listed(arrive, hospital):
    named = visit(hospital(), "E1", "P1", department_code="0399", department="老年病科")
    arrive(visit(named, "E2", "P2"))  # in cardiology, which there is
    assert seen.unknown_departments() == [("0399", "老年病科")]
