"""The browser of the tests: a real Chromium, what it complains about, and whether everybody can use a page.

    def test_filler_finishes(browse, ...):
        page = browse(cast.filler)                 # or browse(), not logged in; as many as there are people
        page.goto("/cases/STEMI-25-000001/")
        assert_accessible(page)                    # axe finds nothing, in light and in dark
        screenshot(page, "case")                   # only where ZHIHENG_SCREENSHOTS names a folder

A page may answer later than the next line of a test: `expect(...)` asks until it is so, a plain `assert` on what the
page shows asks once and fails on a busy machine. What the pages showed when a test failed is printed with its failure.

At the end of a test every page must have been silent: no error in its console, nothing refused by the Content Security
Policy, and no request to another host. `allow(page, "404")` excepts what a test brings about on purpose.
"""

import base64
import os
import shutil
import threading
from pathlib import Path

import pytest
from django.core.signals import request_finished, request_started

ROOT = Path(__file__).parents[1]
AXE = ROOT / "node_modules/axe-core/axe.min.js"
EVERYTHING = {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
OF_COLOUR = {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}
DESKTOP, PHONE = (1366, 768), (390, 844)
PATIENCE = 20_000  # milliseconds that a page may take on a machine that runs other tests too
PAGES = pytest.StashKey()
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@pytest.fixture(scope="module")
def chromium():
    """The system's Chromium. Playwright's own builds would have to be downloaded from elsewhere.

    For one module only: the event loop that Playwright keeps running in this thread would be in the way of others.
    """
    from playwright.sync_api import expect, sync_playwright

    program = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if program is None:
        missing = "Chromium is not installed: run `make browser`."
        pytest.fail(missing) if os.environ.get("CI") else pytest.skip(missing)
    with pytest.MonkeyPatch.context() as patch, sync_playwright() as playwright:
        # The tests still ask the database, in the thread with the loop.
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
        expect.set_options(timeout=PATIENCE)
        browser = playwright.chromium.launch(executable_path=program, args=FLAGS)
        yield browser
        browser.close()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    report = yield
    pages = item.stash.get(PAGES, ())
    if call.when == "call" and report.failed and pages:
        report.sections.append(("Pages", "\n\n".join(map(what_it_shows, pages))))
    return report


def what_it_shows(page):
    from playwright.sync_api import Error

    try:
        return f"{page.url}\n{page.locator('body').inner_text(timeout=2_000)[:3_000]}"
    except Error as problem:  # the page may be closed, or on its way
        return f"{page.url}\n{problem}"


@pytest.fixture
def idle():
    """Wait until no request is being answered: what one still holds of the database is in the way of emptying it."""
    running, changed = set(), threading.Condition()

    def note(sender, signal, **_more):
        with changed:
            here = threading.get_ident()
            (running.add if signal is request_started else running.discard)(here)
            changed.notify_all()

    for signal in (request_started, request_finished):
        signal.connect(note)
    yield lambda: wait_for_end(running, changed)
    for signal in (request_started, request_finished):
        signal.disconnect(note)


def wait_for_end(running, changed):
    with changed:
        assert changed.wait_for(lambda: not running, timeout=PATIENCE / 1_000), "a request was never answered"


@pytest.fixture
def browse(chromium, live_server, request, idle):
    """Open a page, as a person or as nobody; each call is a browser of its own."""
    opened = request.node.stash.setdefault(PAGES, [])

    def open_page(user=None, size=DESKTOP, **options):
        context = chromium.new_context(
            base_url=live_server.url,
            viewport=dict(zip(("width", "height"), size, strict=True)),
            locale="zh-CN",
            **options,
        )
        if user is not None:
            context.add_cookies([session_cookie(user, live_server.url)])
        page = context.new_page()
        page.set_default_timeout(PATIENCE)
        opened.append(listen(page, live_server.url))
        return page

    yield open_page
    for page in opened:
        page.context.close()
    idle()
    said = [line for page in opened for line in page.said if not any(part in line for part in page.allowed)]
    assert not said, "\n".join(said)


def session_cookie(user, url):
    from django.conf import settings
    from django.test import Client

    client = Client()
    client.force_login(user)
    return {
        "name": settings.SESSION_COOKIE_NAME,
        "value": client.cookies[settings.SESSION_COOKIE_NAME].value,
        "url": url,
    }


def listen(page, home):
    page.said, page.allowed = [], []
    page.on("pageerror", lambda error: page.said.append(f"{page.url}: {error}"))
    page.on("console", lambda message: note_message(page, message))
    page.on("request", lambda request: note_request(page, request.url, home))
    return page


def note_message(page, message):
    if message.type in ("error", "warning"):
        page.said.append(f"{page.url}: {message.text}")


def note_request(page, url, home):
    if not url.startswith((home, "data:", "blob:", "about:")):
        page.said.append(f"{page.url}: a request to another host: {url}")


def allow(page, *parts):
    """Except complaints with one of these words from the check at the end of the test."""
    page.allowed.extend(parts)


def assert_accessible(page, *, themes=("light", "dark")):
    """Fail with what axe finds on the page as it stands, in each theme."""
    page.evaluate(AXE.read_text(encoding="utf-8"))
    before = page.evaluate("document.documentElement.dataset.bsTheme")
    rules = [EVERYTHING] + [OF_COLOUR] * (len(themes) - 1)  # but for colours a theme changes nothing
    found = [
        f"{theme}: {each}" for theme, run in zip(themes, rules, strict=True) for each in violations(page, theme, run)
    ]
    switch_theme(page, before)
    assert not found, f"{page.url}\n" + "\n".join(found)


def violations(page, theme, run):
    switch_theme(page, theme)
    result = page.evaluate("run => axe.run(document, {runOnly: run})", run)
    for violation in result["violations"]:
        for node in violation["nodes"]:
            reasons = "; ".join(check["message"] for check in node["any"] + node["all"] + node["none"])
            yield f"{violation['id']}: {node['html'][:160]} {reasons}"


def switch_theme(page, theme):
    page.evaluate("theme => { document.documentElement.dataset.bsTheme = theme }", theme)
    # Colours may fade from one theme to the other: nothing must be measured on the way.
    page.evaluate("Promise.all(document.getAnimations().map(animation => animation.finished.catch(() => null)))")


def wait_for_form(page):
    """Wait until the form of a case answers to the keyboard, and let it wait for a slow server before it goes on."""
    from playwright.sync_api import expect

    expect(page.locator("#case-form.is-live")).to_be_attached()
    page.evaluate("patience => { caseForm.patience = patience }", PATIENCE)


def screenshot(page, name):
    """Keep a picture of what is seen, where ZHIHENG_SCREENSHOTS names a folder."""
    folder = os.environ.get("ZHIHENG_SCREENSHOTS")
    if not folder:
        return
    Path(folder).mkdir(parents=True, exist_ok=True)
    # Playwright's own screenshot writes a style into the page, which the policy refuses, and then complains.
    taken = page.context.new_cdp_session(page).send("Page.captureScreenshot", {"format": "png"})
    (Path(folder) / f"{name}.png").write_bytes(base64.b64decode(taken["data"]))
