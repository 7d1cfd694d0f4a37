"""Queues stand side by side: what one room asks of people never takes a borrower out of another's queue."""

from collections import Counter
from datetime import date
from pathlib import Path

import adbc_driver_postgresql.dbapi as adbc

from afterloan.close import close_through
from afterloan.close.decide import decide
from afterloan.close.furnish import furnish
from afterloan.dates import day
from afterloan.desk.keyboard.doing import kinds_sent
from afterloan.enquiry.tasks import tasks
from afterloan.facts.placement import CaseAssigned
from afterloan.store.cases import open_cases, share_out
from afterloan.store.events import tell
from afterloan.store.server import Store
from tests.bureau.books import SENDER, book
from tests.close.test_decide import use
from tests.strategy.books import borrower, loan

LADDER = """id: short
jurisdiction: CN
status: sample
confidence: I
source: test
effective_from: 2000-01-01
steps:
  - {id: work, day: 4, do: worklist, queue: early}
  - {id: gentle, day: 4, do: worklist, queue: vulnerable}
  - {id: middle, day: 6, do: worklist, queue: middle}
"""
ON = date(2025, 5, 14)


def queues(store: Store, on: date) -> Counter[str]:
    with store.connect() as connection, adbc.connect(store.url) as reader:
        return Counter(case.queue for case in open_cases(connection, reader, on))


def one_late_borrower(store: Store) -> int:
    """The first instalment of 10 May is unpaid."""
    use(store, LADDER)
    with store.connect() as connection:
        number = borrower(connection, "B1")
        loan(connection, "L1", "B1", "2025-04-10")
    close_through(store, day("2025-05-14"), only=True)
    decide(store, day("2025-05-14"))
    return number


def test_two_queues_of_one_day_are_two_cases_in_hands_of_their_own(store: Store) -> None:
    one_late_borrower(store)
    with store.connect() as connection, adbc.connect(store.url) as reader:
        cases = open_cases(connection, reader, ON)
        assert [(c.borrower, c.queue) for c in cases] == [("B1", "early"), ("B1", "vulnerable")]
        assert [c.queue for c in open_cases(connection, reader, ON, "vulnerable")] == ["vulnerable"]
        told = {"borrower": "B1", "on": ON, "known_on": ON, "by": "chief"}
        tell(connection, CaseAssigned(**told, reference="a1", queue="vulnerable", to="wang"))
        hands = {c.queue: c.assigned_to for c in open_cases(connection, reader, ON)}
        assert hands == {"early": "", "vulnerable": "wang"}
        assert share_out(connection, open_cases(connection, reader, ON), ["li"], ON, "chief") == 1
        assert {c.assigned_to for c in open_cases(connection, reader, ON)} == {"li", "wang"}
    close_through(store, day("2025-05-16"))
    decide(store, day("2025-05-16"))
    assert queues(store, date(2025, 5, 16)) == {"middle": 1}  # a later day's step moves the case on


def test_what_older_versions_put_there_for_the_bureau_does_not_hide_the_case(store: Store) -> None:
    number = one_late_borrower(store)
    with store.connect() as connection:
        connection.execute(
            "insert into outbox (key, borrower, kind, not_before, body, decided_on) values "
            "('old', %s, 'worklist', '2025-05-14 09:00+00', '{\"queue\": \"bureau-notice\", \"loans\": [\"L1\"]}', %s)",
            (number, ON),
        )
        assert [t.queue for t in tasks(connection, kinds_sent(), ON)] == ["unreadable"]
    assert queues(store, ON) == {"early": 1, "vulnerable": 1}


def test_a_month_furnished_leaves_every_queue_as_it_was(store: Store, tmp_path: Path) -> None:
    book(store, tmp_path / "book", 500, 8)
    close_through(store, day("2024-08-31"), workers=1)
    for on in range(day("2024-08-20"), day("2024-08-31") + 1):
        decide(store, on)
    end = date(2024, 8, 31)
    before = queues(store, end)
    assert len(before) >= 2 and sum(before.values()) >= 3, before
    for bureau in ("metro2", "neutral"):
        furnish(store, end, bureau, tmp_path / "out", sender=SENDER)  # type: ignore[arg-type]
    with store.connect() as connection:
        asked = Counter(t.queue for t in tasks(connection, kinds_sent(), end))
    assert asked["bureau-notice"] > 0
    assert queues(store, end) == before
