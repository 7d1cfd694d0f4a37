"""What a repayment and the night read: a loan once, and all frozen borrowers through one connection."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from afterloan.close.today import restore_lines
from afterloan.dates import day
from afterloan.facts import Repaid
from afterloan.facts.limit import LimitFrozen
from afterloan.servicing.repayment import take_money
from afterloan.store import server
from afterloan.store.connect import connected
from afterloan.store.events import tell
from afterloan.store.server import Store
from tests.close.test_decide import dated
from tests.overheard import overheard
from tests.strategy.books import borrower, loan


def test_a_loan_is_read_once_for_a_repayment(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    with store.connect() as connection:
        borrower(connection, "B1")
        loan(connection, "L1", "B1", "2025-04-10")
    with overheard(monkeypatch) as sent, store.connect() as connection:
        on = day("2025-05-12")
        assert take_money(connection, Repaid("L1", "R1", on, on, 1_000)) == 0
    assert sum(" from fact f " in query for query, _ in sent) == 1


def test_frozen_borrowers_share_one_connection(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    told = {"by": "afterloan", "rule": "limits.freeze-when-overdue", "before_fen": 100, "after_fen": 100}
    with store.connect() as connection:
        for n in (1, 2, 3):
            borrower(connection, f"B{n}")
            loan(connection, f"L{n}", f"B{n}", "2025-04-10")
            event = dated("2025-05-15", **told, reference=f"f{n}", reason="late")
            tell(connection, LimitFrozen(**{**event, "borrower": f"B{n}"}))
    opened: list[str] = []

    @contextmanager
    def counted(url: str, autocommit: bool = False) -> Iterator[Any]:
        opened.append(url)
        with connected(url, autocommit) as connection:
            yield connection

    monkeypatch.setattr(server, "connected", counted)
    restore_lines(store, day("2025-06-20"))
    assert len(opened) == 1
