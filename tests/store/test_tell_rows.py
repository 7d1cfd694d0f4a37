"""Many rows of events told in a few statements come to what telling them one by one comes to."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from afterloan.facts import FactRefused
from afterloan.facts.limit import LimitReduced, LimitSet
from afterloan.facts.person import CaseNoted
from afterloan.intake.book import bring_in
from afterloan.store.events import Told, tell, tell_rows
from afterloan.store.server import Store
from tests.intake.test_book import write

ON = date(2026, 3, 1)
BOOK = {
    "borrowers": "reference,name\nB1,Ann\nB2,Bo\n",
    "contracts": (
        "reference,borrower,product,principal,rate_percent,signed_on,instalments\n"
        "L1,B1,jiebei-equal,10000.00,0.05,2026-01-10,12\n"
    ),
}


def note(reference: str, text: str = "rang", borrower: str = "B1", loan: str | None = None) -> CaseNoted:
    return CaseNoted(borrower=borrower, loan=loan, on=ON, known_on=ON, reference=reference, text=text, by="Wang")


def line(reference: str, before: int, after: int) -> LimitSet | LimitReduced:
    told: dict[str, Any] = {"borrower": "B2", "on": ON, "known_on": ON, "reference": reference}
    kind = LimitReduced if after < before else LimitSet
    return kind(**told, by="w", reason="r", rule="person", before_fen=before, after_fen=after)


@pytest.fixture
def book(store: Store, tmp_path: Path) -> Store:
    bring_in(store, write(tmp_path / "book", **BOOK))
    return store


def test_each_row_is_new_known_or_refused(book: Store):
    with book.connect() as connection:
        first = tell(connection, note("n0")).event
        told = tell_rows(
            connection,
            [
                [note("n0")],  # known before
                [note("n0", "wrote")],  # the reference stands for something else
                [note("n1", loan="L1")],
                [note("n1", loan="L1")],  # the same again in the batch
                [note("n1", "wrote", loan="L1")],  # another under its name in the batch
                [note("n2", borrower="B9")],
                [note("n3", loan="L9")],
                [note("n4", borrower="B2", loan="L1")],  # another's loan
                [line("g1", 0, 500), line("g1:now", 500, 300)],
                [line("g2", 0, 500), note("n0", "wrote")],  # one event of the row cannot be told: none is
            ],
        )
        kept = [r for (r,) in connection.execute("select reference from event order by event")]
    assert told[0] == (Told(first, True),)
    assert [str(told[k]).partition(":")[0] for k in (1, 4, 5, 6, 7, 9)] == [
        "reference 'n0'", "reference 'n1'", "borrower 'B9'", "loan 'L9'", "loan 'L1'", "reference 'n0'",
    ]  # fmt: skip
    assert all(isinstance(told[k], FactRefused) for k in (1, 4, 5, 6, 7, 9))
    assert told[2] == (Told(first + 1, False),) and told[3] == (Told(first + 1, True),)
    assert told[8] == (Told(first + 2, False), Told(first + 3, False))
    assert kept == ["n0", "n1", "g1", "g1:now"]


def test_a_batch_answers_as_one_by_one_does(book: Store):
    rows = [note("a"), note("a", "wrote"), note("b", borrower="B9"), note("c", loan="L9"), note("d", loan="L1")]
    with book.connect() as connection:
        alone: list[str] = []
        for event in rows:
            try:
                alone.append("known" if tell(connection, event).known else "new")
            except FactRefused as refusal:
                alone.append(f"{refusal.kind} {refusal}")
        connection.rollback()
        together = [
            f"{t.kind} {t}" if isinstance(t, FactRefused) else "known" if t[0].known else "new"
            for t in tell_rows(connection, [[event] for event in rows])
        ]
    assert together == alone
