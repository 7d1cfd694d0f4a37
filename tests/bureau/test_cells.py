"""Vectors of days past due, and invariants of a reckoned month."""

from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from afterloan.bureau.cells import CELL, month_back, month_before, month_end, part, reckon_cells
from afterloan.bureau.history import profile_of
from afterloan.bureau.metro2.accuracy import check_accuracy
from afterloan.bureau.metro2.check import check_form
from afterloan.bureau.metro2.record import Record
from afterloan.bureau.metro2.rows import segments
from afterloan.bureau.packs import rule
from afterloan.bureau.reportable import reportable
from afterloan.bureau.status import adverse, metro2_status, pboc_status
from afterloan.dates import NEVER, day
from afterloan.loan.book import Book
from tests.loan.golden import book_of

CN = {30: "1", 31: "2", 60: "2", 61: "3", 90: "3", 91: "4", 180: "6", 181: "7"}  # RULES 6.1
US = {29: "11", 30: "71", 59: "71", 60: "78", 89: "78", 90: "80", 119: "80", 120: "82", 149: "82", 150: "83",
      179: "83", 180: "84"}  # RULES 6.8  # fmt: skip


def cells(days: list[int]) -> np.ndarray:
    out = np.zeros(len(days), CELL)
    out["days_past_due"], out["reportable"], out["overdue"] = days, 1, np.array(days) > 0
    out["ended_on"] = out["lost_on"] = NEVER
    return out


def test_days_past_due_to_codes() -> None:
    assert [c.decode() for c in pboc_status(cells(list(CN)))] == list(CN.values())
    assert [c.decode() for c in metro2_status(cells(list(US)))[0]] == list(US.values())
    assert adverse(np.array([b"11", b"71", b"13", b"97"]), "metro2").tolist() == [False, True, False, True]
    assert adverse(np.array([b"*", b"N", b"M", b"1", b"B", b"C"]), "pboc").tolist() == [False] * 3 + [True] * 2 + [
        False
    ]


def test_guarantor_and_assets() -> None:
    one = cells([40])
    yes = np.array([True])
    assert pboc_status(one, guarantor=yes)[0] == b"D"
    assert pboc_status(one, assets=yes)[0] == b"Z"


def test_cut_at_the_due_date_late_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    late = cells([0])
    late["late"], late["had_due"] = 1, 1
    assert pboc_status(late)[0] == b"M"
    monkeypatch.setitem(rule("cn.pboc.status").parameters, "status_cutoff", "agreed_repayment_day")
    assert pboc_status(late)[0] == b"1"


def test_month_ends() -> None:
    assert month_end(day("2024-02-10")) == day("2024-02-29") == month_before(day("2024-03-31"))
    assert month_back(day("2026-03-31"), 1) == day("2026-02-28")
    assert month_back(day("2026-02-28"), 1) == day("2026-01-31")


payments = st.lists(st.tuples(st.integers(0, 400), st.integers(1, 300)), max_size=8)


def told(paid: list[tuple[int, int]]) -> Book:
    start = date(2024, 1, 31)
    steps = [{"on": start, "disbursed": "600.00"}]
    steps += [{"on": start + timedelta(days=d), "repaid": f"{a}.00"} for d, a in paid]
    contract = {"principal": "600.00", "rate_percent": "12", "signed_on": start, "instalments": 6}
    return book_of({"product": "equal-principal", "contract": contract, "story": steps})


@settings(max_examples=30, deadline=None)
@given(payments, st.integers(0, 14))
@example([(141, 207), (150, 100), (20, 261), (90, 195)], 4)  # money after the last debt was paid
def test_every_month_of_any_life_is_an_accurate_record(paid: list[tuple[int, int]], month: int) -> None:
    """What is reckoned passes the rules of form and accuracy, and bands of overdue principal fit into it."""
    book, at = told(paid), month_back(day("2025-04-30"), 14 - month)
    rows = reportable(book, at, "metro2")
    import polars as pl

    who = pl.DataFrame([{
        "loan": 0, "reference": "L1", "borrower": 1, "person": "B1", "name": "", "method": "equal_principal", "unit": 3,
        "every": 1, "instalments": 6, "attributes": '{"surname":"A","first_name":"B","ssn":"123456789","address":"1 X",'
        '"city":"Y","state":"IL","zip":"62701"}',
    }])  # fmt: skip
    base, refused = segments(
        rows.with_columns(turn=0, record=pl.lit("account")), who, {"identification_number": "AFT01"}
    )
    assert not len(refused)
    for row in base.iter_rows(named=True):
        full = {k: v if v is not None else "" if base.schema[k] == pl.String else None for k, v in row.items()}
        assert check_accuracy(full) == []
        assert check_form(Record(full)) == []
    (cell,) = reckon_cells(book, at)
    bands = sum(int(cell[f"band_{b}_fen"]) for b in ("31_60", "61_90", "91_180", "over_180"))
    assert 0 <= bands <= cell["balance_fen"]
    assert 0 <= cell["overdue_30_fen"] <= cell["overdue_fen"] <= cell["owed_fen"]


@settings(max_examples=15, deadline=None)
@given(payments)
def test_the_profile_is_the_row_of_statuses_told_before(paid: list[tuple[int, int]]) -> None:
    """Byte k of a profile is what the status k+1 months before was."""
    book, at = told(paid), day("2025-03-31")
    codes = {b[1]: b[2] for b in rule("us.metro2.status").parameters["buckets"]}
    now = reckon_cells(book, at, bureau="metro2")
    if not now["reportable"][0]:
        return
    profile = profile_of(book, now)[0].decode()
    for k in range(14):
        before = reckon_cells(book, month_back(at, k + 1), bureau="metro2")
        if before["opened_on"][0] <= month_back(at, k + 1):
            assert profile[k] == codes[metro2_status(before)[0][0].decode()]
    assert profile[14:] == "B" * 10


def test_a_part_of_a_book_is_reckoned_as_in_the_whole() -> None:
    books = [told([(31, 100)]), told([]), told([(40, 600)])]
    whole = Book(
        books[0].products, np.concatenate([b.contracts for b in books]), books[0].promised, np.zeros(4, np.int64),
        np.concatenate([b.facts for b in books]), np.cumsum([0, *(len(b.facts) for b in books)]), books[0].calendars,
    )  # fmt: skip
    at = day("2024-05-31")
    rows = np.array([2, 0])
    assert (reckon_cells(part(whole, rows), at) == reckon_cells(whole, at)[rows]).all()
