"""RULES 6.2, 6.3, 6.8 and 6.10 as tests: what a reader sees, until when, and when a bureau is told."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from afterloan.bureau.calendar import india
from afterloan.bureau.disputes import answer_by, compensation_fen, institution_by
from afterloan.bureau.overlay import ONE_TIME, Cell, grid, grid_from, hidden_from, obsolete_after, show, shown_until
from afterloan.bureau.packs import rule


def cell(status: str, amount: int, month: str, repaid: str | None, kind: str = "D1") -> Cell:
    return Cell(date.fromisoformat(month + "-01"), status, amount, date.fromisoformat(repaid) if repaid else None, kind)


@pytest.mark.parametrize(
    ("name", "of", "hidden"),
    [
        ("R1", cell("1", 300_000, "2024-07", "2024-11-20"), "2026-01-01"),
        ("R2", cell("2", 1_000_000, "2023-02", "2025-11-30"), "2026-01-01"),
        ("R3", cell("1", 1_000_001, "2023-02", "2025-11-30"), None),
        ("R4", cell("3", 990_000, "2025-12", "2026-01-15"), "2026-02-28"),
        ("R5", cell("1", 50_000, "2025-10", "2026-03-31"), "2026-04-30"),
        ("R6", cell("1", 50_000, "2025-10", "2026-04-01"), None),
        ("R7", cell("1", 50_000, "2019-12", "2020-02-01"), None),
        ("R8", cell("1", 50_000, "2026-01", "2026-02-01"), None),
        ("R9", cell("2", 50_000, "2024-05", "2024-08-01", "R3"), None),
        ("R10", cell("B", 900_000, "2021-06", "2025-10-10"), "2026-01-01"),
        ("R11", cell("M", 0, "2024-05", "2024-05-20"), None),
        ("R12 first", cell("1", 990_000, "2025-05", "2025-09-01"), "2026-01-01"),
        ("R12 second", cell("2", 1_200_000, "2025-06", "2025-09-01"), None),
        ("R13", cell("1", 300_000, "2024-07", None), None),
    ],
)
def test_one_time_repair(name: str, of: Cell, hidden: str | None) -> None:
    since, why = hidden_from(of)
    assert since == (date.fromisoformat(hidden) if hidden else None), f"{name}: {why}"
    if since:
        assert show(of, since - timedelta(days=1)).cell == of
        after = show(of, since)
        assert (after.cell.status, after.cell.overdue_fen, after.hidden_by) == ("N", 0, ONE_TIME)  # R14
        assert after.finding is not None and "hidden" in after.finding.outcome
    assert show(of, date(2099, 1, 1)).cell.month == of.month


def test_r14_the_mark_fits_and_nothing_else_changes() -> None:
    of = cell("1", 300_000, "2024-07", "2024-11-20")
    before = (of.month, of.status, of.overdue_fen, of.repaid_on)
    assert [show(of, date(2026, 1, 1), mark).cell.status for mark in "N*C"] == ["N", "*", "C"]
    assert (of.month, of.status, of.overdue_fen, of.repaid_on) == before


def test_the_policy_is_expired_and_what_it_hid_stays_hidden() -> None:
    law = rule(ONE_TIME)
    assert law.status == "expired"
    assert show(cell("1", 300_000, "2024-07", "2024-11-20"), date(2030, 1, 1)).hidden_by == ONE_TIME


@given(
    st.sampled_from("*NM1234567BCGDZ#"), st.integers(0, 2_000_000), st.dates(date(2018, 1, 1), date(2027, 12, 31)),
    st.none() | st.dates(date(2018, 1, 1), date(2027, 12, 31)), st.dates(date(2018, 1, 1), date(2035, 1, 1)),
)  # fmt: skip
def test_hiding_is_for_ever_and_only_of_overdue_cells(
    status: str, amount: int, month: date, repaid: date | None, on: date
) -> None:
    of = Cell(month.replace(day=1), status, amount, repaid)
    now, later = show(of, on), show(of, on + timedelta(days=400))
    if now.hidden_by:
        assert later.hidden_by and status in "1234567B" and amount <= 1_000_000 and repaid <= date(2026, 3, 31)
    else:
        assert now.cell == of


def test_retention_ends_five_years_after_full_repayment() -> None:
    assert shown_until(date(2024, 11, 5)) == date(2029, 11, 5)
    assert shown_until(date(2024, 2, 29)) == date(2029, 2, 28)
    assert shown_until(None) is None
    assert grid_from(date(2026, 11, 15)) == date(2021, 12, 1)
    assert grid_from(date(2026, 11, 15), window_inclusive=True) == date(2021, 11, 1)


def test_the_grid_shows_sixty_months_and_expired_marks_as_normal() -> None:
    late = [cell("1", 2_000_000, m, "2024-11-05") for m in ("2024-07", "2024-08", "2024-09", "2024-10")]
    assert [s.cell.status for s in grid(late, date(2029, 6, 30))] == ["1"] * 4
    # the grid's own window drops July, August, September 2024 by October 2029
    assert [s.cell.month.month for s in grid(late, date(2029, 9, 30))] == [10]
    unpaid = [cell("7", 2_000_000, "2024-07", None)]
    assert [s.cell.status for s in grid(unpaid, date(2029, 6, 30))] == ["7"]
    old = [Cell(date(2024, 7, 1), "1", 2_000_000, date(2019, 1, 1))]  # ended long ago: expired though in the window
    assert [(s.cell.status, s.hidden_by) for s in grid(old, date(2026, 1, 31))] == [("N", "cn.retention")]


def test_us_obsolescence() -> None:
    # RULES 6.8: due 2020-03-01, charged off: 180 days on is 2020-08-28; seven years on 2027-08-28
    assert obsolete_after(date(2020, 3, 1), charged_off=True) == date(2027, 8, 28)
    assert obsolete_after(date(2020, 3, 1), charged_off=False) == date(2027, 3, 1)


def test_india_four_dates_a_month() -> None:
    told = india(date(2026, 7, 10))
    assert (told.as_on, told.due_on, told.full_due_on) == (date(2026, 7, 16), date(2026, 7, 20), date(2026, 8, 5))
    assert india(date(2026, 7, 9)).as_on == date(2026, 7, 9)
    assert india(date(2026, 7, 24)).as_on == date(2026, 7, 31)
    assert india(date(2026, 12, 31)).full_due_on == date(2027, 1, 5)
    with pytest.raises(ValueError, match="2026-07-01"):
        india(date(2026, 6, 30))


def test_clocks_of_disputes() -> None:
    filed = date(2026, 7, 1)
    assert answer_by(filed, rule("cn.dispute")) == date(2026, 7, 21)
    assert answer_by(filed, rule("us.fcra.dispute")) == date(2026, 7, 31)
    assert answer_by(filed, rule("us.fcra.dispute"), lengthened=True) == date(2026, 8, 15)
    assert institution_by(filed, rule("in.dispute")) == date(2026, 7, 22)
    # RULES 6.10: filed 2026-07-01, closed 2026-08-10: 10 days × INR 100 = 1,000.00
    assert compensation_fen(filed, date(2026, 8, 10), rule("in.dispute")) == 100_000
    assert compensation_fen(filed, date(2026, 7, 31), rule("in.dispute")) == 0
