"""Logs and files of errors say where a mistake happened, and nothing of the people whose rows were in hand."""

import io
import json
import logging
from collections.abc import Iterator
from pathlib import Path

import httpx
import psycopg
import pytest

from afterloan.desk.keyboard.doing import mistake_told
from afterloan.desk.logs import begin_logs, masked, working
from afterloan.store.server import Store, home
from tests.desk.web.served import Served, listening
from tests.strategy.books import borrower

SEEDS = ("Zebedee Quill", "13912345678", "11010119850115123X", "zebedee@quill.example", "王小明", "6222021234567890")
"""Personal data of a made-up person; none of it may stand in a log."""


def spoken(text: str) -> list[str]:
    return [seed for seed in SEEDS if seed in text]


@pytest.mark.parametrize(
    ("said", "left"),
    [
        ("no such mobile: 139 1234 5678", "no such mobile: (number)"),
        ("id 11010119850115123X of 王小明 <zebedee@quill.example>", "id (number) of (words) <(address)>"),
        ("card 6222 0212 3456 7890, +8613912345678", "card (number), (number)"),
        ("电话13912345678。", "(words)(number)。"),
        (
            "2026-11-27 cannot be decided; close 2026-11-26 first",
            "2026-11-27 cannot be decided; close 2026-11-26 first",
        ),
        ("3 2026-11-27 13912345678", "3 2026-11-27 (number)"),
        ("line 12 of 2026, error 3fa9, 57 rows", "line 12 of 2026, error 3fa9, 57 rows"),
        ("violates unique\nDETAIL:  Failing row contains (1, Zebedee Quill).", "violates unique"),
    ],
)
def test_what_is_masked(said: str, left: str) -> None:
    assert masked(said) == left


def refused_row(store: Store, reference: str = "B1") -> Exception:
    """What PostgreSQL says of a row with a person in it, raised from another error that names them too."""
    with store.connect() as connection:
        borrower(connection, reference, mobile=SEEDS[1])
    try:
        try:
            raise ValueError(f"cannot use {SEEDS[1]} of {SEEDS[4]}")
        except ValueError as first:
            with store.connect() as connection:
                connection.execute(
                    "insert into setting (name, value) "
                    "values (null, jsonb_build_object('name', %s::text, 'mobile', %s::text))",
                    SEEDS[:2],
                )
            raise AssertionError("it was taken") from first
    except psycopg.Error as error:
        return error


def test_the_file_of_errors_tells_where_and_of_nobody(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AFTERLOAN_KEYS", str(home() / "keys" / "ring.json"))
    monkeypatch.setenv("AFTERLOAN_HOME", str(tmp_path))
    error = refused_row(store)
    assert spoken(str(error)), "PostgreSQL did not name the person: this would prove nothing"
    mistake_told(error)
    written = (tmp_path / "errors.log").read_text(encoding="utf-8")
    assert not spoken(written)
    assert "test_logs.py" in written and type(error).__name__ in written and "cannot use (number) of (words)" in written


@pytest.mark.parametrize("form", ["json", ""])
def test_the_log_of_the_server_tells_of_nobody(served: Served, monkeypatch: pytest.MonkeyPatch, form: str) -> None:
    monkeypatch.setenv("AFTERLOAN_LOG", form)
    log = io.StringIO()
    handler = begin_logs(log)
    ours = logging.getLogger("afterloan")

    def fails(*told: object, **more: object) -> None:
        raise RuntimeError(f"{SEEDS[4]} {SEEDS[1]} {SEEDS[3]} {SEEDS[5]}")

    try:
        client = served.api("lead")
        monkeypatch.setattr("afterloan.desk.web.asking.clock_of", fails)
        answer = client.get("/v1/business-date")
        assert answer.status_code == 500 and not spoken(answer.text)
        ours.error("asked back from %s", SEEDS[3])
    finally:
        logging.getLogger().removeHandler(handler)
    assert not spoken(log.getvalue()) and "RuntimeError" in log.getvalue()
    if form:
        lines = [json.loads(line) for line in log.getvalue().splitlines()]
        assert {"at", "level", "logger", "message"} <= set(lines[0]) and "RuntimeError" in lines[0]["error"]


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    """The log of the program as `serve` begins it; the loggers are put back as they were."""
    monkeypatch.setenv("AFTERLOAN_LOG", "")
    told = io.StringIO()
    handler = begin_logs(told)
    yield told
    logging.getLogger().removeHandler(handler)


def test_the_real_server_writes_no_row_of_a_person_anywhere(
    served: Served, log: io.StringIO, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """The server under the pages tells the same mistake again, by a logger of its own: masked, and nowhere else."""
    error, key = refused_row(served.store, "B7"), served.api("lead").headers["authorization"]
    assert spoken(str(error)), "PostgreSQL did not name the person: this would prove nothing"

    def fails(*told: object, **more: object) -> None:
        raise error

    monkeypatch.setattr("afterloan.desk.web.asking.clock_of", fails)
    with listening(served) as port:
        asked = {"host": "api.localhost", "authorization": key}
        assert httpx.get(f"http://127.0.0.1:{port}/v1/business-date", headers=asked).status_code == 500
    out, err = capfd.readouterr()
    assert not spoken(log.getvalue() + out + err)
    assert "Traceback" not in err and "ERROR uvicorn.error: " in log.getvalue()


def test_a_log_begun_again_ends_the_one_before_it(log: io.StringIO) -> None:
    """`serve` and `message drain --watch` in one process, or a stream that is closed by now: one log, the latest."""
    later = io.StringIO()
    log.close()
    handler = begin_logs(later)
    try:
        logging.getLogger("afterloan").error("told once")
    finally:
        logging.getLogger().removeHandler(handler)
    assert later.getvalue().count("told once") == 1


def test_a_line_that_cannot_be_written_tells_of_nobody(log: io.StringIO, capfd: pytest.CaptureFixture[str]) -> None:
    log.close()
    try:
        raise RuntimeError(f"cannot use {SEEDS[1]}")
    except RuntimeError:
        logging.getLogger("afterloan").exception("failed for %s", SEEDS[5])
    err = capfd.readouterr().err
    assert "a line of the log by afterloan was not written" in err and not spoken(err)


def test_loggers_of_libraries_are_masked_too(log: io.StringIO) -> None:
    """A job that failed is told by procrastinate with its arguments and its error."""
    try:
        raise RuntimeError(f"cannot use {SEEDS[1]}")
    except RuntimeError:
        logging.getLogger("procrastinate.worker").exception("Job send(to=%s) ended", SEEDS[5])
    assert "procrastinate.worker: Job send(to=(number)) ended" in log.getvalue() and not spoken(log.getvalue())


def test_the_working_names_each_error_of_a_chain() -> None:
    try:
        try:
            raise KeyError(SEEDS[1])
        except KeyError as first:
            raise ValueError("second") from first
    except ValueError as error:
        told = working(error)
    assert "KeyError" in told and "ValueError: second" in told and not spoken(told)
