"""Every column of the database that takes text is sealed, or cannot hold what is a patient's, for a reason given here.

People write names into whatever takes text: remarks, reasons, names of views. A new column fails this test until it is
a `SealedField`, or is listed below with why nobody can write a patient's name or number into it.
"""

import inspect
from fnmatch import fnmatch

import pytest
from django.apps import apps
from django.contrib.postgres.fields import ArrayField
from django.db import connection, models
from procrastinate.contrib.django import app
from tests.casework import open_case
from tests.cast import make_cast

from zhiheng.accounts.models import Failures, Staff, User
from zhiheng.ingestion.records import MODELS, plain_columns
from zhiheng.records import schema
from zhiheng.records.schema import TABLES
from zhiheng.vault.fields import SealedField

TEXTS = (models.CharField, models.TextField, models.JSONField, models.BinaryField, models.FileField, ArrayField)
CANNOT_HOLD_A_PATIENT = {
    "made by the framework from the code, or a random key": """
        auth.* contenttypes.* sessions.session.session_key accounts.signin.session_key
        procrastinate.procrastinateperiodicdefer.*
        """,
    "keys and times, and messages that name nobody: `test_nothing_in_clear` reads sessions": """
        sessions.session.session_data
        """,
    "the names of tasks and queues, and arguments that `test_a_job_is_told_nothing_but_numbers` looks at": """
        procrastinate.procrastinatejob.*
        """,
    "a blind index, a keyed digest or a hash": """
        web.savedview.name_index accounts.recoverycode.index accounts.setuptoken.index accounts.failures.subject
        accounts.user.password accounts.pastpassword.password audit.seal.digest
        ingestion.*.key ingestion.*.content ingestion.*_key ingestion.place.place ingestion.place.fingerprint
        ingestion.batch.digest ingestion.reject.identity
        casefinding.*_key casefinding.*_index casefinding.visit.content casefinding.case.records_digest
        autofill.filling.digest packversions.*.content_hash packversions.*.digest
        """,
    "a word of the code: an event, a role, a state, a kind, a part of the product": """
        web.savedview.listing audit.entry.roles audit.entry.event audit.entry.on_kind audit.verification.problem
        accounts.user.kind accounts.policy.totp_roles ingestion.reject.kind ingestion.reject.effect
        ingestion.mirrorfile.table ingestion.mirrorfile.month ingestion.mirrorfile.name
        casefinding.visit.encounter_class casefinding.case.encounter_class casefinding.caseevent.from_state
        casefinding.caseevent.to_state
        """,
    "codes and counts by contract, of which `test_looking` and `test_nothing_in_clear` look for planted patients": """
        audit.entry.on_code audit.entry.detail casefinding.caseevent.detail
        """,
    "a code that we make, or an item of the national form": """
        casefinding.case.code casefinding.case.abbr casefinding.counter.abbr forms.answerchange.item
        forms.difference.item forms.presence.item
        """,
    "the page's random name for a save; anything else is refused": "forms.answerchange.token",
    "the pack's own words for its rules, and quarters": """
        casefinding.case.reasons casefinding.case.questions casefinding.case.standing casefinding.case.finding
        casefinding.case.basis casefinding.case.quarters
        """,
    "the hospital, its departments and the people who work there": """
        accounts.organisation.* accounts.campus.* accounts.department.* accounts.staff.* accounts.user.username
        casefinding.visit.department_name casefinding.case.department_name
        """,
    "what a browser says of itself": "accounts.signin.browser",
    "an interface as the engineer set it up; of folders and files only what it is made of": """
        ingestion.interface.* ingestion.*.source
        """,
    "errors in our own words: `jobs.failures` and `ingestion.failures` let nothing else in": """
        jobs.failure.* ingestion.batch.problem
        """,
    "counts by table, and how far a run has come": "ingestion.batch.counts ingestion.batch.progress",
    "the heading of a column in a profile": "ingestion.reject.field",
    "packs: rules about diseases, read by everybody": "packversions.*",
    "codes, units, names of drugs and tests: what the schema calls neither personal nor free text": " ".join(
        f"{MODELS[name]._meta.label_lower}.{column.name}"
        for name, table in TABLES.items()
        for column in plain_columns(table)
        if str(column.type) in (str(schema.TEXT), str(schema.TEXTS))
    ),
}  # fmt: skip
PATTERNS = {pattern: why for why, patterns in CANNOT_HOLD_A_PATIENT.items() for pattern in patterns.split()}


def text_columns():
    for model in apps.get_models(include_auto_created=True):
        if not model._meta.proxy:
            for field in model._meta.local_fields:
                # A foreign key repeats its target, and a choice is one of ours.
                if isinstance(field, TEXTS) and not isinstance(field, SealedField) and not field.choices:
                    yield f"{model._meta.label_lower}.{field.name}"


def test_every_column_for_text_is_sealed_or_cannot_hold_a_patient():
    unknown = [name for name in text_columns() if not any(fnmatch(name, pattern) for pattern in PATTERNS)]
    assert unknown == [], "seal it with SealedField, or say in this file why it cannot hold a patient's name or number"


def test_no_reason_stands_for_a_column_that_is_gone():
    names = list(text_columns())
    assert [pattern for pattern in PATTERNS if not any(fnmatch(name, pattern) for name in names)] == []


NUMBERS = {"timestamp", "chunk", "after"}  # `after` is the key of a visit: a blind index


@pytest.mark.parametrize("task", sorted(name for name in app.tasks if name.startswith("zhiheng.")))
def test_a_job_is_told_nothing_but_numbers(task):
    given = inspect.signature(app.tasks[task].func).parameters.values()
    told = {each.name for each in given if not each.name.endswith(("_id", "_ids"))}
    assert told <= NUMBERS


@pytest.mark.django_db
def test_what_was_typed_as_a_user_name_stands_nowhere(client):
    User.objects.create(username="wang", staff=Staff.objects.create(code="S-1", name="王"))  # else the set-up opens
    client.post("/accounts/login/", {"username": "Geheim-2026", "password": "x"})
    assert Failures.objects.count() == 2
    with connection.cursor() as cursor:
        cursor.execute("select f::text from accounts_failures f")
        assert "geheim" not in str(cursor.fetchall()).lower()


@pytest.mark.django_db
@pytest.mark.parametrize("token", ["张三", "a b", "x" * 41])
def test_a_save_is_named_by_nothing_that_somebody_wrote(client, token):
    cast = make_cast()
    case = open_case(cast)
    client.force_login(cast.filler)
    said = {"item": "CM-0-1-1-1", "value": "甲", "token": token}
    assert client.post(f"/cases/{case.code}/form/answer/", said, headers={"HX-Request": "true"}).status_code == 200
    assert case.changes.latest("pk").token in (None, "")
