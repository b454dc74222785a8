"""A STEMI case of cardiology, and its people."""

import pytest
from tests.casework import open_case
from tests.cast import make_cast


@pytest.fixture
def cast(db):
    return make_cast()


@pytest.fixture
def case(cast):
    return open_case(cast)
