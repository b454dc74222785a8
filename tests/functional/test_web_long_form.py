"""SAP's 614 items stay fast, and a server that dies in the middle of it loses nothing."""

import os
import signal
import socket
import subprocess
import sys
import time

import pytest
from django.conf import settings
from django.db import connection
from playwright.sync_api import expect
from tests.browser import allow, assert_accessible, screenshot, wait_for_form
from tests.casework import open_case
from tests.cast import make_cast

from zhiheng.forms import actions, queries

pytestmark = pytest.mark.django_db(transaction=True)
SAVED = ".cf-saved[data-kind=saved]"
# The text of each kind of item, and what the keyboard types for it.
TYPED = {"text": "见病程记录", "number": "12", "datetime": "03041015", "date": "19580716"}


@pytest.fixture
def cast():
    return make_cast()


@pytest.fixture
def sap(cast):
    return open_case(cast, "SAP")


def answer_here(page):
    """Answer the item that has the focus as a person with a keyboard would; return which one it was."""
    item, kind, is_combobox = page.evaluate(
        "(() => { const row = caseForm.rowOf(document.activeElement);"
        " return [row.dataset.item, row.dataset.type, document.activeElement.getAttribute('role') === 'combobox'] })()"
    )
    if is_combobox:
        page.keyboard.press("ArrowDown")
        page.locator(f"#o-{item} [role=option]").first.wait_for()
        page.keyboard.press("ArrowDown")
        page.keyboard.press("Enter")
    elif kind in ("choice", "choices"):
        page.keyboard.press("1")
    else:
        page.keyboard.insert_text(TYPED[kind])
    return item


def test_thirty_items_by_keyboard_without_losing_one(browse, cast, sap):
    page = browse(cast.filler)
    page.goto(f"/cases/{sap.code}/")
    wait_for_form(page)
    page.locator("#v-CM-0-1-1-1").focus()
    answered, sent = [], []
    page.on("request", lambda request: request.method == "POST" and sent.append(request.url))
    for _number in range(30):
        answered.append(answer_here(page))
        page.keyboard.press("Enter")
        expect(page.locator(f"#i-{answered[-1]} :focus")).to_have_count(0)
        expect(page.locator(SAVED)).to_be_visible()
    stands = queries.form_state(sap).items
    assert len(set(answered)) == 30
    assert [code for code in answered if stands[code].state not in ("confirmed", "unknown", "aside")] == []
    assert len([url for url in sent if url.endswith("/answer/")]) == 30  # each item costs one request
    screenshot(page, "sap")
    page.evaluate("scrollTo(0, 0)")
    assert_accessible(page, themes=("light",))


def test_keys_typed_ahead_of_the_server_belong_to_the_next_item(browse, cast, sap):
    page = browse(cast.filler)
    page.goto(f"/cases/{sap.code}/")
    wait_for_form(page)
    page.locator("#v-CM-0-1-1-1").focus()
    page.route("**/answer/", lambda route: (time.sleep(0.3), route.continue_()))
    page.keyboard.type("a1")
    page.keyboard.press("Enter")
    page.keyboard.type("b2")
    page.keyboard.press("Enter")
    page.keyboard.type("c3")
    page.keyboard.press("Enter")
    for number in (1, 2, 3):
        expect(page.locator(f"#i-CM-0-1-1-{number}")).to_have_attribute("data-state", "confirmed")
    stands = queries.form_state(sap).items
    assert [stands[f"CM-0-1-1-{number}"].value for number in (1, 2, 3)] == ["a1", "b2", "c3"]


# A server that dies ---------------------------------------------------------------------------------------------------

SERVE = """
import sys
from django.conf import settings
settings.STORAGES["staticfiles"]["BACKEND"] = "django.contrib.staticfiles.storage.StaticFilesStorage"
settings.SECRET_KEY = sys.stdin.readline().strip()
settings.ALLOWED_HOSTS = ["localhost"]
import django
django.setup(set_prefix=False)
from django.contrib.staticfiles.handlers import StaticFilesHandler
from django.core.servers.basehttp import run
from django.core.wsgi import get_wsgi_application
run("127.0.0.1", int(sys.argv[1]), StaticFilesHandler(get_wsgi_application()), threading=True)
"""


class OwnServer:
    """A server in a process of its own on the test's database, which can be killed."""

    def __init__(self, url):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.url = f"http://localhost:{self.port}"
        self.environment = {**os.environ, "DATABASE_URL": url}
        self.start()

    def start(self):
        self.process = subprocess.Popen(
            [sys.executable, "-c", SERVE, str(self.port)],
            env=self.environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        self.process.stdin.write(f"{settings.SECRET_KEY}\n")
        self.process.stdin.close()
        self.wait()

    def wait(self):
        for _try in range(600):
            with socket.socket() as asked:
                if asked.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            assert self.process.poll() is None, "the server did not start"
            time.sleep(0.1)
        raise AssertionError("the server does not answer")

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()


@pytest.fixture
def own_server(database_server, transactional_db):
    server = OwnServer(database_server.url(connection.settings_dict["USER"], connection.settings_dict["NAME"]))
    yield server
    server.kill()


def test_a_killed_server_loses_nothing(browse, cast, sap, own_server):
    page = browse(cast.filler)
    allow(page, "a request to another host", "ERR_CONNECTION_REFUSED", "ERR_EMPTY_RESPONSE", "ERR_CONNECTION_RESET")
    page.goto(f"{own_server.url}/cases/{sap.code}/")
    wait_for_form(page)
    page.locator("#v-CM-0-1-1-1").fill("先保存")
    page.keyboard.press("Enter")
    expect(page.locator(SAVED)).to_be_visible()
    expect(page.locator("#v-CM-0-1-1-2")).to_be_focused()
    own_server.kill()
    page.keyboard.insert_text("服务器已停")
    page.keyboard.press("Enter")
    expect(page.locator(".cf-saved[data-kind=problem]")).to_contain_text("1 项未保存")
    expect(page.locator("#v-CM-0-1-1-3")).to_be_focused()
    page.keyboard.insert_text("继续填写")
    page.keyboard.press("Enter")
    expect(page.locator(".cf-saved[data-kind=problem]")).to_contain_text("2 项未保存")
    screenshot(page, "server-gone")
    own_server.start()
    expect(page.locator(SAVED)).to_be_visible(timeout=40_000)
    stands = queries.form_state(sap).items
    assert [stands[f"CM-0-1-1-{number}"].value for number in (1, 2, 3)] == ["先保存", "服务器已停", "继续填写"]
    assert sap.changes.filter(kind="typed").count() == 3  # tried again, saved once


# What a page costs ----------------------------------------------------------------------------------------------------


@pytest.fixture
def full(cast, sap):
    """The form with most of its items answered and shown."""
    for number in range(1, 6):
        actions.answer(case=sap, item=f"CM-0-1-1-{number}", typed="某人", by=cast.filler)
    return sap


def test_opening_a_form_asks_the_database_little(client, cast, full, django_assert_max_num_queries):
    client.force_login(cast.filler)
    client.get(f"/cases/{full.code}/")
    with django_assert_max_num_queries(10):
        assert client.get(f"/cases/{full.code}/").status_code == 200


def test_saving_an_answer_asks_the_database_little(client, cast, full, django_assert_max_num_queries):
    client.force_login(cast.filler)
    client.get(f"/cases/{full.code}/")
    with django_assert_max_num_queries(13):
        answer = client.post(
            f"/cases/{full.code}/form/answer/",
            {"item": "CM-0-1-1-1", "value": "另一人", "revision": "1", "seen": "5"},
            headers={"HX-Request": "true"},
        )
    assert answer.status_code == 200
    assert answer.content.count(b'class="cf-item"') == 1


def test_a_long_form_is_fast_at_the_server(client, cast, full):
    client.force_login(cast.filler)

    def seconds(act):
        act()
        spent = []
        for _try in range(7):
            start = time.process_time()
            act()
            spent.append(time.process_time() - start)
        return sorted(spent)[len(spent) // 2]

    page = seconds(lambda: client.get(f"/cases/{full.code}/"))
    value = iter(range(100))

    def save():
        said = {"item": "CM-0-1-1-1", "value": f"第{next(value)}人", "seen": "1000"}
        assert client.post(f"/cases/{full.code}/form/answer/", said, headers={"HX-Request": "true"}).status_code == 200

    assert page < 0.25  # measured 0.06 on a quiet machine
    assert seconds(save) < 0.12  # measured 0.02
