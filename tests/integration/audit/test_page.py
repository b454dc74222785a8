"""The page of the audit trail, as the audit administrator reads it."""

import pytest
from django.db import transaction
from django.urls import reverse
from tests.cast import make_cast

from zhiheng.audit.details import in_words
from zhiheng.audit.recording import log

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("detail", "shown"),
    [
        ({"revision": 3, "items": ["caseId", "CM-0-1-1-1"]}, "数据项 caseId、CM-0-1-1-1 表单修订号 3"),
        ({"keys": "a", "values": ["b"], "get": 1}, "keys a values b get 1"),
        ({"rejects": 0, "locked": False, "to": "", "staff": None}, "拒收记录 0"),
        ({}, ""),
    ],
)
def test_details_of_any_name_are_shown(client, detail, shown):
    cast = make_cast()
    with transaction.atomic():
        entry = log("forms.confirmed", by=cast.filler, **detail)
    client.force_login(cast.audit_administrator)
    page = client.get(reverse("audit:list"), {"event": "forms.confirmed"})
    assert page.status_code == 200
    assert "确认" in page.content.decode()
    assert " ".join(f"{name} {value}" for name, value in in_words(entry.facts)) == shown
    for name, value in in_words(entry.facts):
        assert f'<span class="text-secondary">{name}</span> {value}' in page.content.decode()
