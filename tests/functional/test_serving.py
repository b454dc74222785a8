"""The product as an administrator runs it: init, serve, doctor; children that die, a second start, a clean end."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

import psutil
import pytest

COMMAND = [sys.executable, "-m", "zhiheng"]


@pytest.fixture(scope="module")
def installed():
    """Return the environment of an installation of its own."""
    folder = Path(tempfile.mkdtemp(prefix="zhiheng-serving-"))  # pytest's own are closed to the server's account
    folder.chmod(0o711)
    settings = {
        **{name: value for name, value in os.environ.items() if not name.startswith(("ZHIHENG_", "DATABASE_URL"))},
        "ZHIHENG_DATA": str(folder / "data"),
        "ZHIHENG_PORT": str(_free_port()),
        "ZHIHENG_WEB_WORKERS": "1",
    }
    said = run(settings, "init")
    assert said.returncode == 0, said.stdout + said.stderr
    settings["SAID"] = said.stdout
    yield settings
    shutil.rmtree(folder)


def run(settings, *arguments):
    command = [*COMMAND, *arguments]
    return subprocess.run(command, env=settings, capture_output=True, text=True, timeout=300, check=False)


def _free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture(scope="module")
def served(installed):
    """Return the process that serves the installation; the test of a clean end, the last to use it, ends it."""
    process = subprocess.Popen([*COMMAND, "serve"], env=installed, stdout=subprocess.PIPE, text=True)
    _until(lambda: _status(installed) == 200)
    yield process
    if process.poll() is None:
        process.terminate()
    process.communicate(timeout=90)


def _status(settings):
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{settings['ZHIHENG_PORT']}/accounts/login/") as answer:
            return answer.status
    except (urllib.error.URLError, ConnectionError):
        return None


def _until(is_so, seconds=90):
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.2)


def _child(process, word):
    children = psutil.Process(process.pid).children()
    alive = (each for each in children if each.status() != psutil.STATUS_ZOMBIE)
    return next((each for each in alive if word in each.cmdline()), None)


def test_init_makes_private_keys_and_says_how_to_make_the_first_accounts(installed):
    data = Path(installed["ZHIHENG_DATA"])
    for name in ("keyring.json", "secret"):
        assert (data / name).stat().st_mode & 0o077 == 0
    assert "/accounts/setup/" in installed["SAID"]
    assert "令牌" in installed["SAID"]


def test_init_again_keeps_the_keys_and_the_data(installed):
    before = (Path(installed["ZHIHENG_DATA"]) / "keyring.json").read_bytes()
    said = run(installed, "init")
    assert "升级 0 步" in said.stdout
    assert "新增 0 个" in said.stdout
    assert (Path(installed["ZHIHENG_DATA"]) / "keyring.json").read_bytes() == before


def test_a_used_database_is_never_given_new_keys(installed):
    keyring = Path(installed["ZHIHENG_DATA"]) / "keyring.json"
    aside = keyring.rename(keyring.with_suffix(".aside"))
    try:
        said = run(installed, "init")
        assert said.returncode == 1
        assert "从备份恢复" in said.stderr
        assert not keyring.exists()
    finally:
        aside.rename(keyring)


def test_the_doctor_finds_an_installation_well_but_without_accounts(installed):
    said = run(installed, "doctor", "--json")
    results = {result["name"]: result for result in map(json.loads, said.stdout.splitlines())}
    assert said.returncode == 1
    assert [name for name, result in results.items() if result["outcome"] == "failed"] == ["账户"]
    assert results["账户"]["remedy"]
    assert results["工作进程"]["outcome"] == "not_applicable"
    assert results["审计保护"]["outcome"] == "passed"


def test_the_doctor_says_what_is_wrong_and_what_to_do(installed):
    keyring = Path(installed["ZHIHENG_DATA"]) / "keyring.json"
    keyring.chmod(0o644)
    try:
        said = run(installed, "doctor", "--json")
    finally:
        keyring.chmod(0o600)
    results = {result["name"]: result for result in map(json.loads, said.stdout.splitlines())}
    assert results["密钥文件"]["outcome"] == "failed"
    assert "chmod 600" in results["密钥文件"]["remedy"]


def test_the_doctor_looks_where_deliveries_are_to_come(installed):
    results = {
        inbox: {result["name"]: result for result in map(json.loads, said.stdout.splitlines())}
        for inbox in ("", "/no/such/folder")
        if (said := run({**installed, "ZHIHENG_INBOX": inbox}, "doctor", "--json"))
    }
    assert results[""]["收件文件夹"]["outcome"] == "passed"  # init has made it
    assert results["/no/such/folder"]["收件文件夹"]["outcome"] == "failed"
    assert "ZHIHENG_INBOX" in results["/no/such/folder"]["收件文件夹"]["remedy"]
    assert results[""]["接口的文件夹"]["outcome"] == "not_applicable"


def test_a_bad_setting_stops_the_start_with_its_name(installed):
    said = run({**installed, "ZHIHENG_WEB_WORKERS": "many"}, "serve")
    assert said.returncode == 2
    assert "ZHIHENG_WEB_WORKERS" in said.stderr
    assert "1–64" in said.stderr


def test_serve_before_init_says_so(installed):
    folder = Path(installed["ZHIHENG_DATA"]).parent / "empty"
    said = run({**installed, "ZHIHENG_DATA": str(folder)}, "serve")
    assert said.returncode == 1
    assert "zhiheng init" in said.stderr


def test_a_second_start_says_who_holds_the_database(installed, served):
    said = run({**installed, "ZHIHENG_PORT": str(_free_port())}, "serve")
    assert said.returncode == 1
    assert str(served.pid) in said.stderr


def test_a_taken_port_is_named(installed, served):
    said = run(installed, "serve")
    assert said.returncode == 1
    assert installed["ZHIHENG_PORT"] in said.stderr


def test_a_worker_that_dies_is_started_again(installed, served):
    _until(lambda: _child(served, "worker"))
    killed = _child(served, "worker").pid
    os.kill(killed, signal.SIGKILL)
    _until(lambda: (again := _child(served, "worker")) and again.pid != killed)


def test_the_database_is_started_again_and_pages_come_back(installed, served):
    pid = int((Path(installed["ZHIHENG_DATA"]) / "postgres" / "postmaster.pid").read_text().split()[0])
    os.kill(pid, signal.SIGKILL)
    _until(lambda: not psutil.pid_exists(pid))
    _until(lambda: _status(installed) == 200)


def test_the_end_is_clean(installed, served):
    everything = [psutil.Process(served.pid), *psutil.Process(served.pid).children(recursive=True)]
    served.send_signal(signal.SIGTERM)
    said, _ = served.communicate(timeout=90)
    assert served.returncode == 0
    assert "已停止" in said
    assert not [process for process in everything if process.is_running()]
    assert not (Path(installed["ZHIHENG_DATA"]) / "postgres" / "postmaster.pid").exists()


def test_after_a_crash_the_next_start_recovers(installed):
    with subprocess.Popen([*COMMAND, "serve"], env=installed, stdout=subprocess.PIPE, text=True) as process:
        _until(lambda: _status(installed) == 200)
        process.kill()
    _until(lambda: _status(installed) is None)  # the web server is told to stop when we are killed
    with subprocess.Popen([*COMMAND, "serve"], env=installed, stdout=subprocess.PIPE, text=True) as again:
        _until(lambda: _status(installed) == 200)
        again.terminate()
        again.communicate(timeout=90)
    assert again.returncode == 0
