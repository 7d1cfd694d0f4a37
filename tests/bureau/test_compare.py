"""A borrower's own report, in each form, against what was furnished; by the command line too."""

import json
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from afterloan.bureau import pboc
from afterloan.bureau.compare import check_person, compare, drafts, read_report
from afterloan.bureau.metro2.record import Record, RecordRefused, put_record
from tests.bureau.test_metro2 import sample
from tests.bureau.test_pboc import RECORD

APR, ON = date(2026, 3, 31), date(2026, 4, 20)
PERSON = {"id_number": "110101198501151234", "surname": "Smith", "ssn": "123-45-6789", "date_birth": "1980-01-01"}


def row(month: date, status: str, overdue: int, balance: int = 100_000, **more: Any) -> dict[str, Any]:
    return {"month_end": month, "status": status, "overdue_fen": overdue, "balance_fen": balance, "owed_fen": balance,
            "last_paid_on": None, **more}  # fmt: skip


def report(months: list[dict[str, Any]], **person: str) -> bytes:
    told = {"format": "afterloan-report/1", "bureau": "pboc", "person": person or {"borrower": "B1"},
            "accounts": [{"loan": "L1", "months": months}]}  # fmt: skip
    return json.dumps(told).encode()


def test_a_report_that_agrees_has_no_differences() -> None:
    accounts = read_report(report([{"month_end": "2026-03-31", "status": "1", "overdue_fen": 8_885}]), ON)
    check_person(accounts[0].person, "B1", {})
    assert compare(accounts, {"L1": [row(APR, "1", 8_885)]}, ON) == []
    assert compare(accounts, {}, ON) == []  # an account of another lender


def test_differences_become_a_draft_with_months_and_claims() -> None:
    shown = [
        {"month_end": "2026-02-28", "status": "2", "overdue_fen": 5},
        {"month_end": "2026-03-31", "status": "1", "overdue_fen": 9},
    ]
    accounts = read_report(report(shown), ON)
    furnished = {"L1": [row(date(2026, 2, 28), "1", 5), row(APR, "1", 8)]}
    found = compare(accounts, furnished, ON)
    assert [(d.month_end.month, d.what, d.shown, d.furnished) for d in found] == [
        (2, "status", "2", "1"),
        (3, "overdue_fen", 9, 8),
    ]
    (draft,) = drafts(found, "pboc")
    assert (draft.loan, draft.months, draft.claims) == ("L1", (date(2026, 2, 28), APR), ("amount", "status"))


def test_a_month_never_furnished_is_a_difference_and_no_draft() -> None:
    accounts = read_report(report([{"month_end": "2026-01-31", "status": "1"}]), ON)
    found = compare(accounts, {"L1": [row(APR, "1", 8)]}, ON)
    assert [(d.what, d.furnished) for d in found] == [("month", None)]
    assert drafts(found, "pboc") == []


def test_a_mark_that_the_one_time_repair_hides_should_not_be_shown() -> None:
    rows = [row(date(2024, 7, 31), "1", 3_000), row(date(2024, 8, 31), "C", 0, 0, last_paid_on=date(2024, 8, 20))]
    hidden = read_report(report([{"month_end": "2024-07-31", "status": "N", "overdue_fen": 0}]), ON)
    still = read_report(report([{"month_end": "2024-07-31", "status": "1", "overdue_fen": 3_000}]), ON)
    assert compare(hidden, {"L1": rows}, ON) == []
    assert [d.furnished for d in compare(still, {"L1": rows}, ON)] == ["N", 0]


def test_our_pboc_reading_and_a_metro2_line_are_read() -> None:
    lines = pboc.written(pl.DataFrame([RECORD], pboc.ELEMENTS))
    raw = (pboc.head("LENDER", APR) + lines + pboc.foot(1)).encode()
    (account,) = read_report(raw, ON)
    check_person(account.person, "B1", PERSON)
    assert compare([account], {"L1": [row(APR, "1", 8_885)]}, ON) == []
    line = put_record(Record(sample(payment_history_profile="1" + "0" * 4 + "B" * 19)), "line")
    (account,) = read_report(line, ON)
    check_person(account.person, "B1", PERSON)
    told = [row(date(2019, 5, 31), "11", 0), row(date(2019, 6, 30), "71", 100_00, 900_00)]
    found = compare([account], {"L1": told}, ON)
    assert (date(2019, 5, 31), "status", "71", "11") in [(d.month_end, d.what, d.shown, d.furnished) for d in found]


@pytest.mark.parametrize(
    "person", [{"borrower": "B2"}, {"id_number": "110101198501159999"}, {"ssn": "987654321"},
               {"surname": "JONES", "date_birth": "1980-01-01"}],
)  # fmt: skip
def test_a_report_of_another_person_is_refused(person: dict[str, str]) -> None:
    with pytest.raises(RecordRefused, match=r"is not that of B1.*nothing was kept") as caught:
        check_person(person, "B1", PERSON)
    assert not any(v in str(caught.value) for v in person.values())  # whose it is, is not said


def test_what_is_no_report_is_refused() -> None:
    for raw in (
        b"{",
        b'{"format":"x"}',
        b"[]",
        b"<x/>",
        b"0426",
        report([{"month_end": "2026-03-31", "overdue_fen": 1.5}]),
    ):
        with pytest.raises(RecordRefused):
            read_report(raw, ON)
    with pytest.raises(RecordRefused, match="is after"):
        read_report(report([{"month_end": "2026-05-31", "status": "1"}]), ON)
    with pytest.raises(RecordRefused, match="whose it is"):
        check_person({}, "B1", PERSON)


def test_by_the_command_line(store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import typer
    from typer.testing import CliRunner

    from afterloan.desk.keyboard.bureau import register
    from tests.bureau.books import book, ready
    from tests.close.test_furnish import rows

    app = typer.Typer()
    register(app)
    monkeypatch.setenv("AFTERLOAN_DATABASE_URL", store.url)
    book(store, tmp_path / "book", 60)

    def run(*words: str, fails: bool = False) -> str:
        done = CliRunner().invoke(app, ["bureau", *words])
        assert (done.exit_code != 0) == fails, (done.output, done.exception)
        return done.output + str(done.exception or "")

    ready(store, date(2024, 12, 31), "pboc")
    told = json.loads(run("furnish", "2024-12", "--bureau", "pboc", "--out", str(tmp_path / "out"), "--json"))
    assert told["told"] == told["in_file"] > 0
    assert "pboc" in run("files")
    borrower, loan, status, balance = rows(
        store, "select b.reference, c.reference, f.status, f.balance_fen from furnished f join contract c using (loan) "
        "join borrower b on b.borrower = c.borrower order by f.loan limit 1"
    )[0]  # fmt: skip
    assert str(loan) in run("show", str(borrower), "--on", "2025-01-15")
    months = [{"month_end": "2024-12-31", "status": "3", "balance_fen": balance}]
    path = tmp_path / "report.json"
    text = report(months, borrower=str(borrower)).decode().replace('"L1"', json.dumps(loan))
    path.write_text(text)
    assert "the report shows 3" in run("compare", str(borrower), str(path), "--on", "2025-01-15")
    out = run("import", str(borrower), str(path), "--on", "2025-01-15")
    name = out.split()[1].rstrip(":")
    assert out.startswith("opened") and "answer_by   2025-02-04" in run("dispute", "show", name)
    assert "accurate data is not amended" in run(
        "dispute",
        "decide",
        name,
        "--outcome",
        "corrected",
        "--reason",
        "x",
        "--by",
        "y",
        "--on",
        "2025-01-20",
        fails=True,
    )
    done = run("dispute", "decide", name, "--outcome", "accurate", "--reason", "x", "--by", "y", "--on", "2025-01-20")
    assert done.rstrip().endswith(": accurate"), "in time: nothing is said of days late"
    other = tmp_path / "other.json"
    other.write_text(text.replace(json.dumps(borrower), '"B-other"'))
    assert "is not that of" in run("compare", str(borrower), str(other), "--on", "2025-01-15", fails=True)
    assert status is not None
