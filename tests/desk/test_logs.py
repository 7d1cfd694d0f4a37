"""Logs and files of errors say where a mistake happened, and nothing of the people whose rows were in hand."""

import io
import json
import logging
from pathlib import Path

import psycopg
import pytest

from afterloan.desk.keyboard.doing import mistake_told
from afterloan.desk.logs import begin_logs, masked, working
from afterloan.store.server import Store
from tests.desk.web.served import Served
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


def refused_row(store: Store) -> Exception:
    """What PostgreSQL says of a row with a person in it, raised from another error that names them too."""
    with store.connect() as connection:
        borrower(connection, "B1", mobile=SEEDS[1])
    try:
        try:
            raise ValueError(f"cannot use {SEEDS[1]} of {SEEDS[4]}")
        except ValueError as first:
            with store.connect() as connection:
                connection.execute(
                    "insert into borrower (reference, known_on, name, attributes) "
                    "values (null, '2026-01-01', %s, jsonb_build_object('mobile', %s::text))",
                    SEEDS[:2],
                )
            raise AssertionError("it was taken") from first
    except psycopg.Error as error:
        return error


def test_the_file_of_errors_tells_where_and_of_nobody(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
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
        ours.removeHandler(handler)
        ours.propagate = True
    assert not spoken(log.getvalue()) and "RuntimeError" in log.getvalue()
    if form:
        lines = [json.loads(line) for line in log.getvalue().splitlines()]
        assert {"at", "level", "logger", "message"} <= set(lines[0]) and "RuntimeError" in lines[0]["error"]


def test_the_working_names_each_error_of_a_chain() -> None:
    try:
        try:
            raise KeyError(SEEDS[1])
        except KeyError as first:
            raise ValueError("second") from first
    except ValueError as error:
        told = working(error)
    assert "KeyError" in told and "ValueError: second" in told and not spoken(told)
