"""What a month would tell before anybody furnishes it: the same as is furnished then, with why; and nothing kept."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from afterloan.bureau.responses import COLUMNS
from afterloan.close.furnish import FurnishRefused
from afterloan.close.preview import Preview, as_csv, preview_month
from afterloan.dates import day
from afterloan.facts import Repaid
from afterloan.facts.bureau import AdverseNoticeDelivered
from afterloan.servicing.rejections import take_response
from afterloan.store.events import tell
from afterloan.store.record import record
from afterloan.store.server import Store
from tests.bureau.books import book, furnish, ready
from tests.strategy.books import borrower, loan

NOV, DEC = date(2024, 11, 30), date(2024, 12, 31)


def seen(store: Store, known_on: date, month: date = DEC, bureau: str = "neutral") -> Preview:
    return list(preview_month(store, month, bureau, known_on))[-1][1]


def kept(store: Store) -> list[tuple[object, ...]]:
    """Everything that furnishing writes, counted."""
    with store.connect() as connection:
        tables = ("furnishing", "furnished", "furnishing_shard", "outbox", "event", "finding", "act")
        return [connection.execute(f"select count(*) from {table}").fetchone() or () for table in tables]


@pytest.fixture
def two(store: Store) -> Iterator[Store]:
    """L1 (due on 10 December, not paid) and L2 (due on 12 January): November is told, December is closed."""
    with store.connect() as connection:
        borrower(connection, "B1")
        loan(connection, "L1", "B1", "2024-11-10")
        loan(connection, "L2", "B1", "2024-12-12")
    ready(store, NOV, "neutral")
    ready(store, DEC, "neutral")
    yield store


def test_december_held_let_go_rejected_and_amended(two: Store, tmp_path: Path) -> None:
    furnish(two, NOV, "neutral", tmp_path)
    before = kept(two)
    first = seen(two, DEC)
    assert kept(two) == before, "a preview keeps nothing"
    # L1 is 21 days late on 31 December: 1, where November had nothing due: *. Nobody told the borrower yet
    held, new = first.rows
    assert (held.kind, held.loan, held.before, held.now, held.days_past_due) == ("held", "L1", "*", "1", 21)
    assert ("status", "*", "1") in held.changed and held.since == ()
    assert (new.kind, new.loan, new.before, new.now) == ("new", "L2", "", "*")
    assert first.last == {"month_end": "2024-11-30", "accounts": 1, "adverse": 0, "balance_fen": 1_200_000,
                          "overdue_fen": 0}  # fmt: skip
    assert first.totals["accounts"] == 1 and first.totals["adverse"] == 0

    told = {"borrower": "B1", "loan": "L1", "bureau": "neutral", "key": "notice.adverse:neutral:L1"}
    with two.connect() as connection:
        on = date(2025, 1, 2)
        tell(connection, AdverseNoticeDelivered(on=on, known_on=on, reference="n1", **told))  # type: ignore[arg-type]
    moved = seen(two, date(2025, 1, 5)).rows[0]
    assert (moved.kind, moved.before, moved.now) == ("moved", "*", "1")
    assert [one["kind"] for one in moved.since] == ["bureau.notice_delivered"]
    made = furnish(two, DEC, "neutral", tmp_path, date(2025, 1, 5))
    assert made.told == 2
    assert seen(two, date(2025, 1, 5)).rows == [], "all of it was told"

    answer = [COLUMNS, ("neutral", "2024-12-31", "L1", "status", "E7", "=no such account"), ("rows", "1")]
    with two.connect() as connection:
        raw = "\n".join(",".join(row) for row in answer).encode()
        assert take_response(connection, raw, "neutral", DEC, date(2025, 1, 6)).recorded == 1
    (again,) = seen(two, date(2025, 1, 7)).rows
    assert (again.kind, again.now) == ("again", "1")
    assert [one["words"] for one in again.since] == ["status E7 =no such account"]
    assert furnish(two, DEC, "neutral", tmp_path, date(2025, 1, 7)).told == 1

    with two.connect() as connection:  # paid in time after all, heard of on 8 January
        record(connection, Repaid("L1", "late-news", day("2024-12-09"), day("2025-01-08"), 200_000))
    known = seen(two, date(2025, 1, 9))
    (amended,) = known.rows
    assert (amended.kind, amended.before, amended.now) == ("amended", "1", "N")
    assert [(one["kind"], one["on"], one["known_on"]) for one in amended.since] == [
        ("repaid", "2024-12-09", "2025-01-08")
    ]
    assert {name for name, _, _ in amended.changed} >= {"status", "overdue_fen", "days_past_due", "last_paid_on"}
    line = as_csv(known).split("\n")[1]
    assert line.startswith("amended,L1,B1,2024-12-31,1,N,0,")


def test_the_preview_of_a_book_is_what_is_furnished(store: Store, tmp_path: Path) -> None:
    book(store, tmp_path / "book", 200)
    ready(store, DEC, "pboc")
    counts = seen(store, DEC, DEC, "pboc").counts()
    made = furnish(store, DEC, "pboc", tmp_path / "out")
    out = sum(counts[kind] for kind in ("gone", "amended", "again", "closed", "moved", "new", "same"))
    assert (out, counts["held"]) == (made.told, made.held)
    assert made.held > 0


def test_a_month_that_is_not_closed_has_no_preview(store: Store) -> None:
    with pytest.raises(FurnishRefused, match="close it first"):
        seen(store, date(2030, 1, 31), date(2030, 1, 31))
