"""make demo: a hospital in the browser that keeps what was done in it, with accounts that only it knows."""

import http.cookiejar
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

import pytest

COMMAND = [sys.executable, "-m", "zhiheng", "demo", "--encounters", "40"]


@pytest.fixture(scope="module")
def folder():
    made = Path(tempfile.mkdtemp(prefix="zhiheng-demo-"))  # pytest's own are closed to the server's account
    made.chmod(0o711)
    yield made
    shutil.rmtree(made)


@pytest.fixture(scope="module")
def first(folder):
    with Demo(folder, "--port", "8790") as demo:
        demo.wait()
        accounts = json.loads((folder / "out" / "site" / "accounts.json").read_text())
        pages = {account["username"]: _log_in(demo.address, account) for account in accounts}
        with Demo(folder, "--port", "8790") as second:
            refused = second.process.wait(60), second.log.read_text()
    return demo, accounts, pages, refused


class Demo:
    """The demo as a process, told to stop with Ctrl-C."""

    def __init__(self, folder, *options):
        self.log = Path(tempfile.mkstemp(dir=folder)[1])
        settings = {name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"}
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                [*COMMAND, "--out", str(folder / "out"), *options], stdout=log, stderr=subprocess.STDOUT, env=settings
            )

    def __enter__(self):
        return self

    def __exit__(self, *problem):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        self.code = self.process.wait(120)

    def wait(self, seconds=300):
        deadline = time.monotonic() + seconds
        while "这些账户" not in self.log.read_text():
            assert self.process.poll() is None, self.log.read_text()
            assert time.monotonic() < deadline, self.log.read_text()
            time.sleep(0.5)

    @property
    def address(self):
        return re.search(r"http://127\.0\.0\.1:\d+", self.log.read_text())[0]

    @property
    def cases(self):
        return int(re.search(r"(\d+) 个病例，全部虚构", self.log.read_text())[1])


def _log_in(address, account):
    """Return the page on which somebody comes out after logging in."""
    browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar()))
    form = browser.open(f"{address}/accounts/login/").read().decode()
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', form)[1]
    typed = {"csrfmiddlewaretoken": token, "username": account["username"], "password": account["password"]}
    posted = urllib.request.Request(
        f"{address}/accounts/login/", urllib.parse.urlencode(typed).encode(), {"Referer": address}
    )
    try:
        with browser.open(posted) as page:
            return page.status, page.url
    except urllib.error.HTTPError as refused:
        return refused.code, refused.url


def test_every_role_logs_in_with_the_printed_password(first):
    demo, accounts, pages, _ = first
    assert len(accounts) == 9
    for account in accounts:
        assert account["password"] in demo.log.read_text()
        status, url = pages[account["username"]]
        assert status == 200
        assert "/login" not in url


def test_cases_were_found_and_filled(first):
    assert first[0].cases > 10


def test_a_second_demo_in_the_same_folder_is_refused(first):
    code, said = first[3]
    assert code == 1
    assert str(first[0].process.pid) in said


def test_ctrl_c_stops_it_cleanly(first, folder):
    demo = first[0]
    assert demo.code == 0
    assert "已停止" in demo.log.read_text()
    assert not (folder / "out" / "site" / "postgres" / "postmaster.pid").exists()


def test_the_second_start_keeps_everything(first, folder):
    demo, accounts, *_ = first
    with Demo(folder, "--port", "8790") as again:
        again.wait()
    assert again.cases == demo.cases
    assert all(account["password"] in again.log.read_text() for account in accounts)
