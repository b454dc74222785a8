"""Logging in: passwords, one-time codes, locks, clocks, and steps that are due first."""

from datetime import timedelta
from itertools import pairwise

import pyotp
import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from tests.cast import PASSWORD, make_account, make_cast

from zhiheng.accounts import actions, failures, sessions, totp
from zhiheng.accounts.models import Failures, Grant, Policy, SignIn, User
from zhiheng.audit.models import Entry

pytestmark = pytest.mark.django_db
LOGIN, CODE, OWN = "/accounts/login/", "/accounts/code/", "/accounts/me/"


@pytest.fixture
def cast():
    return make_cast()


@pytest.fixture
def plain():
    """An account without authenticator, of a role that needs none."""
    user = make_account("wang", "filler")
    User.objects.filter(pk=user.pk).update(totp_secret=None, totp_confirmed_at=None)
    return User.objects.get(pk=user.pk)


def log_in(client, username, password=PASSWORD, **more):
    return client.post(LOGIN, {"username": username, "password": password, **more})


def is_in(client):
    return client.get(OWN).status_code == 200


def test_the_right_password_opens_a_session(client, plain):
    assert log_in(client, "wang").status_code == 302
    assert is_in(client)
    entry = Entry.objects.get(event="accounts.logged_in")
    assert (entry.by, entry.roles, entry.address) == (plain, "filler", "127.0.0.1")


def test_user_names_are_not_about_capitals(client, plain):
    log_in(client, " Wang ")
    assert is_in(client)


def test_the_session_gets_a_new_key_at_login(client, plain):
    client.get(LOGIN)
    session = client.session
    session["planted"] = True
    session.save()
    before = client.cookies["sessionid"].value if "sessionid" in client.cookies else session.session_key
    log_in(client, "wang")
    assert client.cookies["sessionid"].value != before


@pytest.mark.parametrize("username", ["wang", "nobody-of-this-name"])
def test_a_wrong_password_says_the_same_for_every_name(client, plain, username):
    page = log_in(client, username, "Wrong-one-2026")
    assert page.status_code == 422
    assert "用户名或密码不正确" in page.content.decode()
    assert not is_in(client)


@pytest.mark.parametrize("username", ["wang", "nobody-of-this-name"])
def test_five_failures_lock_the_name_whether_or_not_it_exists(client, plain, username):
    for _again in range(5):
        log_in(client, username, "Wrong-one-2026")
    page = log_in(client, username)
    assert "失败次数过多" in page.content.decode()
    assert not is_in(client)


def test_a_lock_ends_by_itself(client, plain):
    for _again in range(5):
        log_in(client, "wang", "Wrong-one-2026")
    Failures.objects.update(locked_until=timezone.now() - timedelta(seconds=1))
    log_in(client, "wang")
    assert is_in(client)


def test_the_security_administrator_lifts_a_lock(client, cast, plain):
    for _again in range(5):
        log_in(client, "wang", "Wrong-one-2026")
    assert actions.unlock(user=plain, by=cast.security_administrator)
    log_in(client, "wang")
    assert is_in(client)


def test_a_right_password_forgets_earlier_failures(client, plain):
    for _again in range(4):
        log_in(client, "wang", "Wrong-one-2026")
    log_in(client, "wang")
    assert not Failures.objects.filter(kind=failures.ACCOUNT).exists()


def test_an_address_is_locked_after_many_names(client, plain):
    Policy.objects.create(address_failures=6)
    for number in range(6):
        log_in(client, f"guess{number}", "Wrong-one-2026")
    assert "失败次数过多" in log_in(client, "wang").content.decode()
    other = Client(REMOTE_ADDR="10.0.0.9")
    log_in(other, "wang")
    assert is_in(other)


def test_tries_at_the_same_moment_do_not_slip_through(plain):
    tried, policy = {failures.ACCOUNT: "wang"}, Policy()
    for _pending in range(5):
        failures.before_try(tried, policy)
    with pytest.raises(failures.Locked):
        failures.before_try(tried, policy)


@pytest.mark.parametrize("change", [{"is_active": False}, {"staff__left_on": timezone.localdate()}])
def test_who_is_disabled_or_has_left_is_out_at_once(client, plain, change):
    log_in(client, "wang")
    for name, value in change.items():
        target = plain.staff if name.startswith("staff__") else plain
        setattr(target, name.removeprefix("staff__"), value)
        target.save()
    assert not is_in(client)
    assert log_in(client, "wang").status_code == 422


@pytest.mark.parametrize("wanted", ["https://evil.example/", "//evil.example/x", "javascript:alert(1)"])
def test_login_leads_to_no_other_site(client, plain, wanted):
    assert "evil" not in log_in(client, "wang", next=wanted).url
    assert "javascript" not in client.get(LOGIN, {"next": wanted}).get("Location", "")


def test_login_leads_to_the_page_that_was_asked_for(client, plain):
    assert client.get(OWN).url == f"{LOGIN}?next={OWN}"
    assert log_in(client, "wang", next=OWN).url == OWN


# --- one-time codes


def code_of(user, steps=0):
    return pyotp.TOTP(user.totp_secret).at(int(timezone.now().timestamp()) + 30 * steps)


def test_with_an_authenticator_the_password_alone_is_not_enough(client, cast):
    assert log_in(client, "filler").url == CODE
    assert not is_in(client)
    assert client.post(CODE, {"code": code_of(cast.filler)}).status_code == 302
    assert is_in(client)


def test_the_code_page_does_not_exist_before_the_password(client, cast):
    assert client.get(CODE).url == LOGIN
    assert client.post(CODE, {"code": code_of(cast.filler)}).url == LOGIN


def test_a_code_works_once(cast):
    code = code_of(cast.filler)
    for expected in (True, False):
        client = Client()
        log_in(client, "filler")
        client.post(CODE, {"code": code})
        assert is_in(client) is expected


@pytest.mark.parametrize(("steps", "good"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)])
def test_clocks_may_differ_by_one_step(cast, steps, good):
    now = 1_800_000_010.0
    code = pyotp.TOTP(cast.filler.totp_secret).at(int(now) + 30 * steps)
    assert totp.use_code(cast.filler, code, now) is good


def test_wrong_codes_lock_the_account_also_with_the_right_password(client, cast):
    for _again in range(5):
        log_in(client, "filler")
        client.post(CODE, {"code": "000000"})
    assert "失败次数过多" in log_in(client, "filler").content.decode()


def test_a_recovery_code_works_once(cast):
    codes = totp.make_recovery_codes(cast.filler)
    assert len(set(codes)) == 10
    for expected in (True, False):
        client = Client()
        log_in(client, "filler")
        client.post(CODE, {"code": codes[0].upper()})
        assert is_in(client) is expected


def test_a_role_that_needs_an_authenticator_sets_it_up_first(client, plain):
    Grant.objects.all().delete()
    actions.grant(user=plain, role="security_administrator", by=None)
    log_in(client, "wang")
    assert client.get(OWN).url == reverse("accounts:totp")
    page = client.get(reverse("accounts:totp")).content.decode()
    assert "<svg" in page
    assert "style=" not in page
    secret = client.session["zhiheng.enrolling"]
    done = client.post(reverse("accounts:totp"), {"code": pyotp.TOTP(secret).now()})
    assert done.status_code == 200
    assert done.content.decode().count("<li><code>") == 10
    assert is_in(client)


# --- passwords


def test_a_first_password_must_be_changed_before_anything_else(client, plain):
    temporary = actions.reset_password(user=plain, by=None)
    log_in(client, "wang", temporary)
    assert client.get(OWN).url == reverse("accounts:password")
    assert client.get(OWN, headers={"HX-Request": "true"}).headers["HX-Redirect"] == reverse("accounts:password")
    change(client, temporary, "Blue-Horse-Battery-7")
    assert is_in(client)


def test_an_old_password_must_be_changed(client, plain):
    User.objects.filter(pk=plain.pk).update(password_changed_at=timezone.now() - timedelta(days=91))
    log_in(client, "wang")
    assert client.get(OWN).url == reverse("accounts:password")


def change(client, old, new):
    return client.post(reverse("accounts:password"), {"old": old, "new": new, "again": new})


@pytest.mark.parametrize(
    ("new", "why"),
    [
        ("Ab-3456", "至少使用"),
        ("abcdefgzyx", "至少混用"),
        ("Wang-horse-77", "不要使用"),
        ("P@ssw0rd-2026", "常见词"),
        ("Horse-12345-x", "连续"),
        ("Horse-aaaaa-7", "连续"),
    ],
)
def test_the_policy_refuses_weak_passwords(client, plain, new, why):
    log_in(client, "wang")
    page = change(client, PASSWORD, new)
    assert page.status_code == 422
    assert why in page.content.decode()


def test_a_used_password_does_not_come_back_within_the_history(plain):
    Policy.objects.create(password_history=2)
    words = [PASSWORD, "Blue-Horse-71-a", "Blue-Horse-72-b", "Blue-Horse-73-c"]
    for old, new in pairwise(words):
        actions.change_password(user=plain, old=old, new=new)
    with pytest.raises(actions.Refused):
        actions.change_password(user=plain, old=words[3], new=words[2])
    actions.change_password(user=plain, old=words[3], new=words[0])


def test_a_new_password_ends_the_other_sessions_and_keeps_this_one(client, plain):
    other = Client()
    log_in(other, "wang")
    log_in(client, "wang")
    assert SignIn.objects.count() == 2
    change(client, PASSWORD, "Blue-Horse-Battery-7")
    assert is_in(client)
    assert not is_in(other)
    assert [s.session_key for s in sessions.open_of(plain)] == [client.session.session_key]


# --- clocks and sessions


def wind(client, **values):
    session = client.session
    session[sessions.KEY] = {**session[sessions.KEY], **values}
    session.save()


def test_a_session_ends_without_activity(client, plain):
    log_in(client, "wang")
    wind(client, seen=timezone.now().timestamp() - 29 * 60)
    assert is_in(client)
    wind(client, seen=timezone.now().timestamp() - 31 * 60)
    assert not is_in(client)
    assert Entry.objects.get(event="accounts.logged_out").detail == {"why": "idle"}


def test_a_session_ends_after_its_longest_time(client, plain):
    log_in(client, "wang")
    wind(client, until=timezone.now().timestamp() - 1)
    assert not is_in(client)


def test_what_a_page_asks_by_itself_is_no_activity(client, plain, rf):
    from zhiheng.accounts.middleware import SessionLimits

    log_in(client, "wang")
    long_ago = timezone.now().timestamp() - 20 * 60
    wind(client, seen=long_ago)
    request = rf.get("/x/")
    request.user, request.session = plain, client.session
    request.resolver_match = type("Match", (), {"view_name": "x"})
    SessionLimits(None).process_view(request, sessions.background(lambda request: None), (), {})
    assert request.session[sessions.KEY]["seen"] == long_ago


def test_logging_out_ends_the_session_on_the_server(client, plain):
    log_in(client, "wang")
    key = client.session.session_key
    client.post(reverse("accounts:logout"))
    client.cookies["sessionid"] = key
    assert not is_in(client)
    assert not SignIn.objects.exists()


def test_other_sessions_are_ended_singly_and_nobody_elses(client, cast, plain):
    other, stranger = Client(), Client()
    log_in(other, "wang")
    stranger.force_login(cast.outsider)
    log_in(client, "wang")
    theirs = SignIn.objects.get(user=cast.outsider)
    assert client.post(reverse("accounts:end_session", args=[theirs.pk])).status_code == 404
    client.post(reverse("accounts:end_sessions"))
    assert is_in(client)
    assert not is_in(other)
    assert is_in(stranger)


@pytest.mark.parametrize("view", ["accounts:password", "accounts:codes", "accounts:remove_totp"])
def test_whoever_finds_an_open_session_cannot_guess_its_password(client, view):
    cast = make_cast()
    client.force_login(cast.filler)
    for guess in range(5):
        client.post(reverse(view), {"old": f"guess {guess}", "password": f"guess {guess}"} | NEW_TWICE)
    hash_before = cast.filler.password
    client.post(reverse(view), {"old": PASSWORD, "password": PASSWORD} | NEW_TWICE)
    cast.filler.refresh_from_db()
    assert cast.filler.password == hash_before
    assert cast.filler.has_totp
    assert Failures.objects.get(subject=failures.index(failures.ACCOUNT, "filler")).locked_until


NEW_TWICE = {"new": "Quite-new-2027", "again": "Quite-new-2027"}
