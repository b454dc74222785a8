"""The web product under load: thirty people fill forms at the production server; a work list of 100,000 cases."""

import contextlib
import http.client
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from benchmarks.measuring import Result, Scale

CLIENTS = 30
SAVE_EVERY = 2.0  # seconds
OPEN_EVERY = 60.0
PASSWORD = "Benchmark-Only-2026"
ADDRESS = "127.0.0.1"
PERCENTILES = (50, 95, 99)
LISTS = (
    ("all, by due date", ""),
    ("one state", "state=to_fill"),
    ("one disease, one month", "disease={disease}&month={month}"),
    ("page 20", "page=20"),
)


def run(scale: Scale) -> Iterator[Result]:
    """Set up an installation of its own, serve it as in production, and measure from outside."""
    folder = Path(tempfile.mkdtemp(prefix="zhiheng-bench-"))
    folder.chmod(0o711)  # the account that runs PostgreSQL for root must get through
    try:
        ready = _set_up(folder, encounters=scale.of(600, 1200), listed=scale.of(2_000, 100_000))
        with _served(ready) as port:
            yield from _load(ready, port, lasting=scale.of(10, 120, 600))
            yield from _lists(ready, port, scale.of(2_000, 100_000))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@dataclass(frozen=True)
class Ready:
    """What was set up: the settings of the installation, and who fills which form with what."""

    environment: dict[str, str]
    forms: list["Form"]
    officer: str
    largest: dict[str, str]  # the disease and month with most cases


@dataclass(frozen=True)
class Form:
    username: str
    code: str
    size: int
    answers: list[tuple[str, str]]  # item and what is typed, in turn


def _set_up(folder: Path, *, encounters: int, listed: int) -> Ready:
    said = {
        "ZHIHENG_DATA": str(folder / "site"),
        "ZHIHENG_KEY_FILE": str(folder / "keyring.json"),
        "ZHIHENG_INBOX": str(folder / "hospital"),
    }
    command = [sys.executable, "-m", "benchmarks.serving", str(folder), str(encounters), str(listed)]
    done = subprocess.run(command, env={**_clean(), **said}, check=True, stdout=subprocess.PIPE, text=True)
    lines = done.stdout.splitlines()
    forms = []
    for line in lines[2:]:
        username, code, size, *pairs = line.split("\t")
        forms.append(Form(username, code, int(size), [tuple(pair.split("=", 1)) for pair in pairs]))  # type: ignore[misc]
    return Ready(said, forms, lines[0], json.loads(lines[1]))


def _clean() -> dict[str, str]:
    return {
        name: value for name, value in os.environ.items() if not name.startswith("ZHIHENG_") and name != "DATABASE_URL"
    }


# In the process that sets up -----------------------------------------------------------------------------------------


def prepare(folder: Path, encounters: int, listed: int) -> None:
    """Install, take in a demo hospital, make the accounts, and print who fills what."""
    from zhiheng.site import env, installing, running

    environment = env.read()
    installing.make_folder(environment)
    with running.database(environment, own=True) as urls:
        installing.make_keys(environment, is_used=False)
        running.set_up_django()
        installing.prepare_database(urls)
        installing.collect_static_files()
        installing.import_packs()
        from tests.working import work_off

        from zhiheng.site.demo import people, records

        people.settle(folder / "accounts.json")
        records.export(folder / "hospital", encounters=encounters, seed=7)
        records.deliver(folder / "hospital")
        work_off()
        forms = _accounts_and_forms()
        _list_more(listed)
        print("quality-bench")
        print(json.dumps(_largest()))
        for form in forms:
            print(
                "\t".join(
                    [form.username, form.code, str(form.size), *(f"{code}={typed}" for code, typed in form.answers)]
                )
            )


def _accounts_and_forms() -> list[Form]:
    from zhiheng.accounts import actions
    from zhiheng.accounts.models import Role, User
    from zhiheng.casefinding.models import Case, State

    def account(username: str, code: str, role: str) -> str:
        staff = actions.add_staff(code=code, name="测试", by=None)
        user, _ = actions.make_account(staff=staff, username=username, by=None, password=PASSWORD)
        User.objects.filter(pk=user.pk).update(must_change=False)
        actions.grant(user=user, role=role, by=None)
        return username

    account("quality-bench", "BENCH00", Role.QUALITY_OFFICER)
    cases = sorted(
        Case.objects.filter(state__in=(State.TO_FILL, State.FILLING)),
        key=lambda case: (abs(_size(case) - 300), case.pk),
    )[:CLIENTS]
    return [
        Form(account(f"filler-{n:02d}", f"BENCH{n + 1:02d}", Role.FILLER), case.code, _size(case), _answers(case))
        for n, case in enumerate(cases)
    ]


def _size(case: Any) -> int:
    from zhiheng.forms import queries

    return len(queries.sheet_for(case).items)


def _answers(case: Any) -> list[tuple[str, str]]:
    """Return what somebody might type into this form: options, numbers, texts, in the order of the form."""
    from zhiheng.forms import queries

    typed = []
    for each in queries.form_state(case).items.values():
        item = each.item
        if not each.shown or item.is_derived:
            continue
        if item.type == "choice" and 1 < len(item.options) <= 12:
            typed += [(item.code, item.options[0].value), (item.code, item.options[1].value)]
        elif item.type == "number":
            typed.append((item.code, "12"))
    return typed[:60]


def _list_more(count: int) -> None:
    """Fill the work list up to `count` cases: copies of those found, with codes and due dates of their own."""
    from datetime import timedelta

    from zhiheng.casefinding.models import Case
    from zhiheng.forms.models import Answers

    models = list(Case.objects.exclude(decision=Case.Decision.OUT).select_related("answers"))
    left = count - Case.objects.count()
    for start in range(0, max(left, 0), 5000):
        copies = []
        for number in range(start, min(start + 5000, left)):
            model = models[number % len(models)]
            copy = Case(
                **{f.attname: getattr(model, f.attname) for f in Case._meta.concrete_fields if not f.primary_key}
            )
            copy.code = f"{model.abbr}-90-{number:06d}"
            copy.encounter_key = copy.person_key = f"{number:032x}"
            copy.due_date = model.due_date and model.due_date + timedelta(days=number % 365)
            copies.append(copy)
        made = Case.objects.bulk_create(copies)
        Answers.objects.bulk_create(
            [Answers(case=case, document={}, total=100, left=50 + case.pk % 50) for case in made]
        )


def _largest() -> dict[str, str]:
    """Return the disease and the month of discharge with most cases."""
    from zhiheng.casefinding.models import Case

    cases = Case.objects.exclude(decision=Case.Decision.OUT).exclude(discharge_time=None)
    counted = Counter((abbr, f"{ended:%Y-%m}") for abbr, ended in cases.values_list("abbr", "discharge_time"))
    disease, month = max(counted, key=counted.__getitem__)
    return {"disease": disease, "month": month}


# From outside --------------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def _served(ready: Ready) -> Iterator[int]:
    from zhiheng.site import serving

    port = serving.next_free_port(ADDRESS, 8700)
    command = [sys.executable, "-m", "zhiheng", "serve", "--port", str(port)]
    process = subprocess.Popen(
        command, env={**_clean(), **ready.environment}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        _wait_for(port, process)
        yield port
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)


def _wait_for(port: int, process: subprocess.Popen[Any]) -> None:
    until = time.monotonic() + 60
    while time.monotonic() < until:
        if process.poll() is not None:
            raise RuntimeError(f"zhiheng serve ended with {process.returncode}.")
        with contextlib.suppress(OSError):
            http.client.HTTPConnection(ADDRESS, port, timeout=5).request("GET", "/")
            return
        time.sleep(0.2)
    raise RuntimeError("zhiheng serve did not answer within a minute.")


@dataclass
class Browser:
    """One person's browser: one connection, cookies, and the time that each request took."""

    port: int
    cookies: dict[str, str] = field(default_factory=dict)
    saves: list[float] = field(default_factory=list)
    opens: list[float] = field(default_factory=list)
    failed: int = 0

    def __post_init__(self) -> None:
        self.connection = http.client.HTTPConnection(ADDRESS, self.port, timeout=60)

    def __enter__(self) -> "Browser":
        return self

    def __exit__(self, *_: object) -> None:
        self.connection.close()

    def ask(self, path: str, data: dict[str, str] | None = None) -> tuple[int, str, float]:
        """Return the status, the page and the seconds until all of it was there."""
        headers = {"Cookie": "; ".join(f"{k}={v}" for k, v in self.cookies.items()), "Accept-Language": "zh-hans"}
        body = None
        if data is not None:
            headers |= {"X-CSRFToken": self.cookies.get("csrftoken", ""), "HX-Request": "true",
                        "Content-Type": "application/x-www-form-urlencoded"}  # fmt: skip
            body = urlencode(data)
        started = time.perf_counter()
        try:
            answer = self._answer(path, body, headers)
        except (BrokenPipeError, ConnectionResetError, http.client.RemoteDisconnected):
            self.connection.close()  # the server closes an idle connection; a browser, too, opens another
            answer = self._answer(path, body, headers)
        page = answer.read()
        took = time.perf_counter() - started
        for name, value in answer.getheaders():
            if name.lower() == "set-cookie":
                key, _, rest = value.partition("=")
                self.cookies[key] = rest.split(";", 1)[0]
        return answer.status, page.decode(), took

    def _answer(self, path: str, body: str | None, headers: dict[str, str]) -> http.client.HTTPResponse:
        self.connection.request("GET" if body is None else "POST", path, body, headers)
        return self.connection.getresponse()

    def log_in(self, username: str) -> None:
        _, page, _ = self.ask("/accounts/login/")
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
        assert token, "the login page has no form"
        self.ask("/accounts/login/", {"username": username, "password": PASSWORD, "csrfmiddlewaretoken": token[1]})
        status, _, _ = self.ask("/")
        assert status == 200, f"{username} could not log in: {status}"


def _load(ready: Ready, port: int, *, lasting: float) -> Iterator[Result]:
    with contextlib.ExitStack() as stack:
        browsers = [stack.enter_context(Browser(port)) for _ in ready.forms]
        _fill_forms(ready, browsers, lasting)
    saves = sorted(took for browser in browsers for took in browser.saves)
    opens = sorted(took for browser in browsers for took in browser.opens)
    sizes = [form.size for form in ready.forms]
    note = (
        f"{len(browsers)} clients, forms of {min(sizes)}–{max(sizes)} items; {sum(b.failed for b in browsers)} failed"
    )
    yield from _percentiles(f"save one answer ({len(saves)} saves)", saves, 50, note)
    yield from _percentiles(f"open a form ({len(opens)} pages)", opens, 150, note)


def _fill_forms(ready: Ready, browsers: Sequence[Browser], lasting: float) -> None:
    for browser, form in zip(browsers, ready.forms, strict=True):
        browser.log_in(form.username)
        browser.ask(f"/cases/{form.code}/")
    until = time.monotonic() + lasting
    threads = [
        threading.Thread(target=_work, args=(browser, form, until, place / len(browsers)))
        for place, (browser, form) in enumerate(zip(browsers, ready.forms, strict=True))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _work(browser: Browser, form: Form, until: float, phase: float) -> None:
    """Save every two seconds, open the form every minute; nobody waits for anybody."""
    path = f"/cases/{form.code}/"
    number, save_at, open_at = 0, time.monotonic() + phase * SAVE_EVERY, time.monotonic() + phase * min(OPEN_EVERY, 10)
    while (now := time.monotonic()) < until:
        if now >= open_at:
            status, _, took = browser.ask(path)
            browser.opens.append(took)
            browser.failed += status != 200
            open_at += OPEN_EVERY
        elif now >= save_at:
            item, typed = form.answers[number % len(form.answers)]
            status, _, took = browser.ask(f"{path}form/answer/", {"item": item, "value": typed, "token": f"{now}"})
            browser.saves.append(took)
            browser.failed += status not in (200, 204, 422)
            number, save_at = number + 1, save_at + SAVE_EVERY
        time.sleep(max(0.0, min(save_at, open_at, until) - time.monotonic()))


def _percentiles(work: str, seconds: Sequence[float], target: float, note: str) -> Iterator[Result]:
    for percentile in PERCENTILES:
        at = seconds[min(len(seconds) - 1, int(len(seconds) * percentile / 100))] * 1000
        yield Result("serving", f"{work}, p{percentile}", at, "ms", target if percentile == 95 else None, note)


def _lists(ready: Ready, port: int, listed: int) -> Iterator[Result]:
    with Browser(port) as browser:
        browser.log_in(ready.officer)
        for what, query in LISTS:
            times = []
            for _ in range(8):
                status, _, took = browser.ask(f"/?{query.format(**ready.largest)}")
                assert status == 200, (query, status)
                times.append(took)
            yield Result(
                "serving", f"work list of {listed:,} cases: {what}", sorted(times)[len(times) // 2] * 1000, "ms"
            )


if __name__ == "__main__":
    prepare(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
