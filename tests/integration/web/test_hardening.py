"""What browsers are told with every answer, and what an attacker learns from the way in."""

import json
import string
import subprocess
import sys

import pytest
from django.contrib.auth.hashers import Argon2PasswordHasher
from django.db import transaction
from django.test import Client
from django.urls import reverse
from tests.addresses import World, addresses
from tests.cast import PASSWORD, make_account, make_cast

from zhiheng.accounts.models import User

pytestmark = pytest.mark.django_db
ADDRESSES = addresses()
HTMX = {"HX-Request": "true"}
EXACTLY = {
    "Cache-Control": "no-store",
    "X-Frame-Options": "DENY",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


@pytest.fixture(scope="module")
def world(django_db_setup, django_db_blocker):
    """Made once; each request is taken back."""
    with django_db_blocker.unblock(), transaction.atomic():
        yield World(make_cast())
        transaction.set_rollback(True)


def check(response):
    assert {name: response.headers.get(name) for name in EXACTLY} == EXACTLY
    policy = dict(part.strip().split(" ", 1) for part in response.headers["Content-Security-Policy"].split(";"))
    assert policy["default-src"] == policy["frame-ancestors"] == policy["base-uri"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == policy["form-action"] == "'self'"
    assert "camera=()" in response.headers["Permissions-Policy"]
    for cookie in (each for each in response.cookies.values() if each.value):  # else it is taken back
        assert cookie["samesite"] == "Lax"
        assert cookie["httponly"] or cookie.key in ("theme", "django_language")


@pytest.mark.parametrize("address", ADDRESSES, ids=lambda address: address.name)
def test_every_answer_is_closed(world, address):
    """Pages, parts of pages, exports, prints, redirects and refusals alike, for those who are in and for strangers."""
    for person in ("quality_officer", "maintenance_engineer", None):
        with transaction.atomic():
            client = Client()
            user = User.objects.get(pk=getattr(world.cast, person).pk) if person else world.cast.nobody
            if person:
                client.force_login(user)
            path = reverse(address.name, kwargs=world.values_for(address, user))
            check(client.get(path))
            check(client.get(path, headers=HTMX))
            check(client.post(path, {**world.posted_to(address), "export": "1"}))
            transaction.set_rollback(True)


@pytest.mark.parametrize("path", ["/no/such/page/", "/cases/%00/", "/accounts/login/?next=//elsewhere.example/"])
def test_so_is_what_went_wrong(client, path):
    check(client.get(path))


@pytest.mark.parametrize(
    "host", ["elsewhere.example", "testserver.elsewhere.example", "testserver:80@elsewhere.example", ""]
)
def test_another_host_is_refused(client, host):
    response = client.get("/accounts/login/", headers={"host": host})
    assert response.status_code == 400
    assert "elsewhere" not in response.content.decode()
    check(response)


def test_a_forwarded_host_is_not_believed(client, world):
    client.force_login(world.cast.nobody)
    response = client.get("/", headers={"x-forwarded-host": "elsewhere.example"})
    assert "elsewhere" not in str(response.headers)


def test_behind_https_cookies_and_transport_are_strict(tmp_path):
    """Of what Django asks of a deployment, what is left is the reverse proxy's and the domain's business."""
    code = (
        "import json, django; django.setup()\n"
        "from django.conf import settings as s; from django.core import checks\n"
        "found = [each.id for each in checks.run_checks(include_deployment_checks=True, tags=['security'])]\n"
        "names = [s.SESSION_COOKIE_NAME, s.CSRF_COOKIE_NAME]\n"
        "flags = [s.SESSION_COOKIE_SECURE, s.CSRF_COOKIE_SECURE, s.SESSION_COOKIE_HTTPONLY, s.CSRF_COOKIE_HTTPONLY]\n"
        "print(json.dumps([found, names, flags, s.SECURE_HSTS_SECONDS]))"
    )
    environ = {"ZHIHENG_HTTPS": "1", "ZHIHENG_SECRET_KEY": string.printable[:60]}
    said = subprocess.run(
        [sys.executable, "-c", code],
        env={**environ, "ZHIHENG_DATA": str(tmp_path), "DJANGO_SETTINGS_MODULE": "zhiheng.site.settings"},
        capture_output=True,
        check=True,
        text=True,
    )
    found, names, flags, seconds = json.loads(said.stdout)
    # Subdomains and the preload list are the hospital's other hosts; the proxy leads http to https.
    assert sorted(found) == ["security.W005", "security.W008", "security.W021"]
    assert names == ["__Host-sessionid", "__Host-csrftoken"]
    assert all(flags)
    assert seconds >= 31_536_000


@pytest.fixture
def hashed(monkeypatch):
    """Count how often a password is hashed: that is what takes time, a tenth of a second each."""
    done = []
    for name in ("encode", "verify"):
        usual = getattr(Argon2PasswordHasher, name)
        monkeypatch.setattr(
            Argon2PasswordHasher, name, lambda *given, _usual=usual: (done.append(1), _usual(*given))[1]
        )
    return done


@pytest.mark.parametrize("who", ["wang", "nobody-of-this-name", "left", "without-password"])
def test_the_login_works_as_hard_for_a_name_that_is_none(client, hashed, who):
    make_account("wang")
    User.objects.filter(pk=make_account("left").pk).update(is_active=False)
    User.objects.filter(pk=make_account("without-password").pk).update(password="!")
    hashed.clear()
    answer = client.post("/accounts/login/", {"username": who, "password": f"{PASSWORD}-wrong"})
    assert answer.status_code == 422
    assert len(hashed) == 1
    said = answer.content.decode()
    assert "用户名或密码不正确" in said
