"""Tests have a PostgreSQL of their own, which behaves as the embedded one of the product."""

import psycopg
import pytest
from django.db import connection

from zhiheng.accounts.models import Organisation
from zhiheng.site.postgres import APP


@pytest.mark.django_db
@pytest.mark.parametrize("run", [1, 2])
def test_a_test_leaves_nothing_behind(run):
    assert not Organisation.objects.exists()
    Organisation.objects.create(code="H1", name="示范医院")


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("run", [1, 2])
def test_a_test_of_real_transactions_leaves_nothing_behind(run):
    assert not Organisation.objects.exists()
    Organisation.objects.create(code="H1", name="示范医院")


@pytest.mark.django_db
def test_the_application_role_does_not_own_the_tables(database_server):
    url = database_server.url(APP, connection.settings_dict["NAME"])
    with psycopg.connect(url) as as_app, pytest.raises(psycopg.errors.InsufficientPrivilege):
        as_app.execute("DROP TABLE audit_entry")


@pytest.mark.django_db
def test_nothing_listens_on_the_network(database_server):
    with connection.cursor() as cursor:
        cursor.execute("SHOW listen_addresses")
        assert cursor.fetchone() == ("",)
