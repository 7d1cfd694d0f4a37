"""The day close on a real database: proved every day, the same whoever does it, killed and run again."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from afterloan.close import CloseRefused, close_through
from afterloan.dates import day, iso
from afterloan.enquiry.books import export_lines
from afterloan.facts import Repaid, Reversed
from afterloan.generate import generate
from afterloan.intake.book import bring_in
from afterloan.servicing.booking import take
from afterloan.store.record import record
from afterloan.store.server import Store
from tests.databases import dropped, made

THROUGH = day("2024-04-10")
TABLES = {
    "entry": "closed_on, shard, loan, product, cause, component, debit, credit, amount_fen",
    "transition": "closed_on, shard, loan, kind, from_bucket, to_bucket, days_past_due, amount_fen",
    "closing": "closed_on, shard, loans_in, closed, excepted, totals::text",
    "exception": "closed_on, shard, loan, reason",
    "proof": "closed_on, loans_in, closed, excepted, entries_fen, totals::text",
}


@pytest.fixture
def book(tmp_path: Path) -> Path:
    generate(300, 4, 7, tmp_path / "book")
    return tmp_path / "book"


@contextmanager
def other_store(server: Store, request: pytest.FixtureRequest) -> Iterator[Store]:
    """A second empty database on the test's server."""
    name = f"u{abs(hash(request.node.nodeid)) % 10**12}"
    yield made(server, name)
    dropped(server, name)


def left(store: Store) -> dict[str, list[tuple[object, ...]]]:
    """All that closes left behind, without what only the run knows (numbers, times)."""
    with store.connect() as connection:
        return {
            table: connection.execute(f"select {columns} from {table} order by {columns}").fetchall()
            for table, columns in TABLES.items()
        }


def balances(store: Store) -> dict[int, int]:
    with store.connect() as connection:
        rows = connection.execute("select debit, credit, sum(amount_fen)::bigint from entry group by 1, 2").fetchall()
    sums: dict[int, int] = {}
    for debit, credit, amount in rows:
        sums[debit] = sums.get(debit, 0) + amount
        sums[credit] = sums.get(credit, 0) - amount
    return {account: amount for account, amount in sums.items() if amount}


def test_closing_twice_posts_nothing_and_days_come_in_order(store: Store, book: Path) -> None:
    bring_in(store, book)
    closed = close_through(store, THROUGH)
    assert not closed.failed and closed.days == 101 - int(closed.first[-2:]) + 1
    before = left(store)
    again = close_through(store, THROUGH)
    assert again.days == 0 and left(store) == before
    with pytest.raises(CloseRefused, match="the last day closed"):
        close_through(store, THROUGH - 1)
    with pytest.raises(CloseRefused, match="is not the next day: 2024-04-11 is"):
        close_through(store, THROUGH + 2, only=True)
    assert close_through(store, THROUGH + 1, only=True).days == 1


def test_an_empty_book_is_refused(store: Store) -> None:
    with pytest.raises(CloseRefused, match="import a book first"):
        close_through(store, THROUGH)


def test_day_by_day_and_with_more_workers_the_books_are_the_same(
    store: Store, server: Store, book: Path, request: pytest.FixtureRequest
) -> None:
    bring_in(store, book)
    close_through(store, THROUGH, workers=3)
    first = left(store)
    with store.connect() as connection:
        start = day(str(connection.execute("select min(closed_on)::text from proof").fetchone()[0]))  # type: ignore[index]
    with other_store(server, request) as second:
        bring_in(second, book)
        for number in range(start, start + 40):
            if number == start:
                close_through(second, number)
            else:
                close_through(second, number, only=True)
        close_through(second, THROUGH)
        assert left(second) == first


def test_late_news_is_posted_by_the_next_close_and_ends_in_the_same_books(
    store: Store, server: Store, book: Path, request: pytest.FixtureRequest
) -> None:
    bring_in(store, book)
    with store.connect() as connection:
        loan = str(connection.execute("select reference from contract order by loan limit 1").fetchone()[0])  # type: ignore[index]
    late = Repaid(loan, "late-1", day("2024-03-01"), day("2024-03-01"), 12_345)
    bounced = Reversed("-", "late-2", day("2024-04-05"), day("2024-04-05"), "late-1")
    with other_store(server, request) as second:
        bring_in(second, book)
        with second.connect() as connection:
            record(connection, late)
        close_through(second, THROUGH)
        close_through(store, day("2024-03-20"))
        with store.connect() as connection:
            record(connection, late)  # told after its day was closed
        assert not close_through(store, THROUGH).failed
        assert balances(store) == balances(second)
    before = balances(store)
    with store.connect() as connection:
        record(connection, bounced)
    assert not close_through(store, THROUGH + 1).failed
    assert balances(store) != before


def test_a_loan_that_cannot_be_reckoned_is_listed_and_stops_nobody(store: Store, book: Path, tmp_path: Path) -> None:
    bring_in(store, book)
    more = tmp_path / "more"
    more.mkdir()
    (more / "contracts.csv").write_text(
        "reference,borrower,product,principal,rate_percent,signed_on,instalments\n"
        f"BAD,{_borrower(store)},imported,100.00,0,2024-01-05,3\n",
        encoding="utf-8",
    )
    (more / "disbursements.csv").write_text(
        "reference,contract,on,amount\nDBAD,BAD,2024-01-05,100.00\n", encoding="utf-8"
    )
    bring_in(store, more)
    closed = close_through(store, THROUGH)
    assert not closed.failed and closed.excepted == THROUGH - day("2024-01-05") + 1
    with store.connect() as connection:
        row = connection.execute("select distinct reason from exception").fetchall()
        counts = connection.execute(
            "select loans_in, closed, excepted from proof order by closed_on desc limit 1"
        ).fetchone()
        signed = connection.execute("select count(*) from contract where signed_on <= %s", (iso(THROUGH),)).fetchone()
    assert [r[0] for r in row] == ["its schedule is imported but has no rows: import its instalments"]
    assert signed is not None and counts == (signed[0], signed[0] - 1, 1)


def _borrower(store: Store) -> str:
    with store.connect() as connection:
        return str(connection.execute("select reference from borrower limit 1").fetchone()[0])  # type: ignore[index]


def test_a_wrong_journal_is_not_proved(store: Store, book: Path) -> None:
    bring_in(store, book)
    close_through(store, THROUGH)
    with store.connect() as connection:  # somebody slips in an entry for tomorrow
        connection.execute(
            "insert into entry (closed_on, shard, loan, product, cause, component, debit, credit, amount_fen) "
            "values (%s, 0, null, 1, 1, 3, 1110, 1010, 5)",
            (iso(THROUGH + 1),),
        )
    closed = close_through(store, THROUGH + 1)
    assert len(closed.failed) == 1 and "Principal outstanding (1110)" in closed.failed[0]
    assert closed.failed[0].endswith("+5 minor units apart")
    with store.connect() as connection:
        assert connection.execute("select max(closed_on)::text from proof").fetchone() == (iso(THROUGH),)


CLOSE = (
    "import sys\n"
    "from afterloan.close import close_through\n"
    "from afterloan.store.server import Store\n"
    "if __name__ == '__main__':\n"
    "    close_through(Store(sys.argv[1]), int(sys.argv[2]), workers=2)\n"
)


def test_killed_anywhere_and_run_again_it_ends_the_same(
    store: Store, server: Store, book: Path, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    bring_in(store, book)
    script = tmp_path / "close.py"
    script.write_text(CLOSE, encoding="utf-8")
    root = Path(__file__).parents[2]
    environment = os.environ | {"PYTHONPATH": str(root / "src")}
    for pause in (2.0, 2.4, 2.8, 3.2, 3.6, 4.0):
        job = subprocess.Popen(
            [sys.executable, str(script), store.url, str(THROUGH)], env=environment, start_new_session=True
        )
        time.sleep(pause)
        os.killpg(job.pid, signal.SIGKILL)
        job.wait()
    assert not close_through(store, THROUGH).failed
    with other_store(server, request) as second:
        bring_in(second, book)
        close_through(second, THROUGH)
        assert left(second) == left(store)


def test_bean_check_reads_the_export_of_closed_months(store: Store, book: Path, tmp_path: Path) -> None:
    bring_in(store, book)
    close_through(store, THROUGH)
    file = tmp_path / "book.beancount"
    file.write_text("\n".join(export_lines(store, "beancount")), encoding="utf-8")
    check = Path(sys.executable).with_name("bean-check")
    done = subprocess.run([str(check), str(file)], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[:500] + done.stderr[:500]
    assert sum(line.startswith("20") for line in file.read_text(encoding="utf-8").splitlines()) > 500


def test_a_repayment_during_the_day_is_posted_once_and_the_close_finds_it(
    store: Store, server: Store, book: Path, request: pytest.FixtureRequest
) -> None:
    bring_in(store, book)
    close_through(store, day("2024-03-20"))
    with store.connect() as connection:
        loan = str(connection.execute("select reference from contract order by signed_on limit 1").fetchone()[0])  # type: ignore[index]
        fact = Repaid(loan, "desk-1", day("2024-03-21"), day("2024-03-21"), 12_345)
        first = take(connection, fact)
        again = take(connection, fact)
    assert first.entries >= 1 and (again.entries, again.recorded.known) == (0, True)
    assert not close_through(store, THROUGH).failed
    with other_store(server, request) as second:
        bring_in(second, book)
        with second.connect() as connection:
            record(connection, fact)
        close_through(second, THROUGH)
        assert balances(second) == balances(store)
