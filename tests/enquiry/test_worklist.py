"""The evening's worklist: written with the decisions, the same as the open cases, and reckoned anew where shown."""

from datetime import date

import adbc_driver_postgresql.dbapi as adbc
import pytest

from afterloan.close import close_through
from afterloan.close.decide import decide
from afterloan.dates import day
from afterloan.enquiry.worklist import WorklistAsked, worklist_page
from afterloan.expected import ExpectedFailure
from afterloan.facts.placement import CaseAssigned
from afterloan.store.cases import open_cases
from afterloan.store.events import tell
from afterloan.store.server import Store
from tests.close.test_decide import use
from tests.strategy.books import borrower, loan, repaid

LADDER = """id: short
jurisdiction: CN
status: sample
confidence: I
source: test
effective_from: 2000-01-01
steps:
  - {id: work, day: 4, do: worklist, queue: early}
  - {id: middle, day: 6, do: worklist, queue: middle}
"""
ON = date(2025, 5, 14)


def three_late_borrowers(store: Store) -> None:
    """Instalments of 10 May are unpaid: B1 12,000.00 lent, B2 6,000.00, B3 3,000.00; grace of three days is over."""
    use(store, LADDER)
    with store.connect() as connection:
        for k, principal in enumerate((1_200_000, 600_000, 300_000), 1):
            borrower(connection, f"B{k}")
            loan(connection, f"L{k}", f"B{k}", "2025-04-10", principal)
    close_through(store, day("2025-05-13"), only=True)
    decide(store, day("2025-05-14"))


def test_the_evening_is_the_open_cases_of_the_day(store: Store) -> None:
    three_late_borrowers(store)
    with store.connect() as connection, adbc.connect(store.url) as reader:
        page = worklist_page(connection, reader, WorklistAsked(ON))
        live = open_cases(connection, reader, ON)
        rows = connection.execute("select ladder, step, loans, opened_on from worklist order by loans").fetchall()
    assert page.decided_on == ON and page.total == 3
    assert [(r.borrower, r.queue, r.arrears_fen, r.worth_fen, r.loans) for r in page.rows] == [
        (c.borrower, c.queue, c.arrears_fen, c.priority_fen, c.loans) for c in live
    ]
    assert [r.borrower for r in page.rows] == ["B1", "B2", "B3"]
    assert page.total_fen == sum(c.arrears_fen for c in live)
    assert page.queues == {"early": 3}
    # due on 10 May, three days of grace: the case opens on the 14th
    assert rows == [("short", "work", f"L{k}", ON) for k in (1, 2, 3)]


def test_what_was_paid_since_the_evening_is_not_asked_for(store: Store) -> None:
    three_late_borrowers(store)
    with store.connect() as connection:
        repaid(connection, "L1", "2025-05-14", 2_000_000)
        repaid(connection, "L2", "2025-05-14", 10_000)
    with store.connect() as connection, adbc.connect(store.url) as reader:
        page = worklist_page(connection, reader, WorklistAsked(ON))
    first, second, third = page.rows
    assert first.settled and first.arrears_fen == 0  # its money came today: shown as done, not as owed
    assert not second.settled and second.arrears_fen == second.evening_fen - 10_000
    assert not third.settled and third.arrears_fen == third.evening_fen


def test_filters_windows_and_whose(store: Store) -> None:
    three_late_borrowers(store)
    with store.connect() as connection, adbc.connect(store.url) as reader:
        told = {"borrower": "B2", "on": ON, "known_on": ON, "by": "chief"}
        tell(connection, CaseAssigned(**told, reference="a1", queue="early", to="wang"))
        mine = worklist_page(connection, reader, WorklistAsked(ON, mine="wang"))
        assert (mine.queues, mine.every_queue) == ({"early": 1}, {"early": 3}), "the filter's, and the whole evening's"
        assert [r.borrower for r in mine.rows] == ["B2"] and mine.rows[0].assigned_to == "wang"
        assert [r.borrower for r in worklist_page(connection, reader, WorklistAsked(ON, mine="-")).rows] == ["B1", "B3"]
        window = worklist_page(connection, reader, WorklistAsked(ON, first=1, most=1))
        assert [r.borrower for r in window.rows] == ["B2"] and window.total == 3
        most = window.rows[0].evening_fen
        rich = worklist_page(connection, reader, WorklistAsked(ON, where=f"arrears_fen > {most} and queue = 'early'"))
        assert (
            [r.borrower for r in rich.rows] == ["B1"] and rich.total == 1 and rich.total_fen == rich.rows[0].evening_fen
        )
        with pytest.raises(ExpectedFailure, match=r"arrears_fn.*arrears_fen"):
            worklist_page(connection, reader, WorklistAsked(ON, where="arrears_fn > 5"))
        assert worklist_page(connection, reader, WorklistAsked(date(2025, 5, 13))).decided_on is None
