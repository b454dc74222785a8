"""Log lines and error reports: our own words and codes, never a patient's name, number or value."""

import io
import logging

import pytest

from zhiheng.vault.logs import QuietFormatter, QuietReporter

NAME, NUMBER, PHONE = "张三丰", "110101199003074258", "13800138000"


@pytest.fixture
def written():
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(QuietFormatter())
    logger = logging.Logger("zhiheng.test")
    logger.addHandler(handler)
    return logger, stream


def assert_silent(text):
    for secret in (NAME, NUMBER, PHONE, "Zhang Sanfeng"):
        assert secret not in text


@pytest.mark.parametrize(
    ("message", "arguments"),
    [
        ("patient %s", (NAME,)),
        ("patient %s", ("Zhang Sanfeng",)),
        (f"patient {NAME} {NUMBER} {PHONE}", ()),
        ("number %s, as integer %d", (NUMBER, int(PHONE))),
        ("row %r", ({"name": NAME, "phone": PHONE},)),
        ("row %(name)s", ({"name": NAME},)),
        ("failed: %s", (ValueError(f"invalid literal: {NAME}"),)),
        ("%d rows of %s", (3, [NAME])),
    ],
)
def test_a_line_carries_no_values(written, message, arguments):
    logger, stream = written
    logger.info(message, *arguments)
    assert_silent(stream.getvalue())


def test_a_line_carries_codes_counts_and_places(written):
    logger, stream = written
    logger.info("case %s of batch %d: %d rows, %.1f s, %s", "STEMI-25-000123", 12, 34567, 0.25, "/srv/in/2026-11.csv")
    assert "case STEMI-25-000123 of batch 12: 34567 rows, 0.2 s, /srv/in/2026-11.csv" in stream.getvalue()


def fail(name):
    try:
        int(name)
    except ValueError as problem:
        raise RuntimeError(f"cannot store {name}") from problem


def test_an_error_is_told_by_kind_and_place_without_its_message(written):
    logger, stream = written
    try:
        fail(NAME)
    except RuntimeError:
        logger.exception("Internal Server Error: %s", "/cases/STEMI-25-000123/")
    text = stream.getvalue()
    assert_silent(text)
    assert "RuntimeError" in text
    assert "ValueError" in text
    assert "test_quiet_logs.py" in text
    assert "/cases/STEMI-25-000123/" in text


def test_a_report_of_an_error_has_no_locals_no_post_and_no_message(rf):
    import sys

    try:
        fail(NAME)
    except RuntimeError:
        reporter = QuietReporter(rf.post("/x/", {"name": NAME, "phone": PHONE}), *sys.exc_info())
    for text in (reporter.get_traceback_text(), reporter.get_traceback_html(), str(reporter.get_traceback_data())):
        assert_silent(text)
        assert "RuntimeError" in text


def test_the_settings_use_them(settings):
    assert settings.LOGGING["handlers"]["console"]["formatter"] == "quiet"
    assert settings.DEFAULT_EXCEPTION_REPORTER == "zhiheng.vault.logs.QuietReporter"
