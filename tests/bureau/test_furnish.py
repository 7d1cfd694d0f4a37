"""A month furnished from a generated book, the file read back, and run again."""

from datetime import date
from pathlib import Path

from afterloan.bureau.metro2.check import check_accuracy
from afterloan.bureau.metro2.month import read_month
from afterloan.close.furnish import furnish
from afterloan.dates import day
from afterloan.facts import Repaid
from afterloan.facts.bureau import AdverseNoticeDelivered
from afterloan.store.events import tell
from afterloan.store.record import record
from afterloan.store.server import Store
from tests.bureau.books import SENDER, book

END = date(2024, 12, 31)


def test_a_month_furnished_is_the_month_read_back(store: Store, tmp_path: Path) -> None:
    book(store, tmp_path / "book", 600)
    first = furnish(store, END, "metro2", tmp_path / "out", sender=SENDER)
    _, frame = read_month(first.file.read_bytes())
    assert len(frame) == first.in_file == first.told
    assert first.held > 0
    raw = first.file.read_bytes()
    again = furnish(store, END, "metro2", tmp_path / "out", sender=SENDER)
    assert (again.told, again.amended) == (0, 0)
    assert again.file.read_bytes() == raw


def deliver(store: Store, on: date, bureau: str = "metro2") -> int:
    """Every notice asked for was delivered."""
    with store.connect() as connection:
        asked = connection.execute(
            "select o.key, b.reference, c.reference from outbox o join borrower b using (borrower) "
            "join contract c on c.loan = o.loan where o.kind = 'notice.adverse' and o.key like %s",
            (f"%:{bureau}:%",),
        ).fetchall()
        for key, borrower, loan in asked:
            event = AdverseNoticeDelivered(
                borrower=borrower, loan=loan, on=on, known_on=on, reference=f"delivered:{key}", bureau=bureau, key=key
            )
            tell(connection, event)
    return len(asked)


def rows(store: Store, sql: str, *values: object) -> list[tuple[object, ...]]:
    with store.connect() as connection:
        return connection.execute(sql, values).fetchall()


def test_the_notice_before_the_first_adverse_report_is_a_gate(store: Store, tmp_path: Path) -> None:
    book(store, tmp_path / "book", 400)
    first = furnish(store, END, "metro2", tmp_path / "out", sender=SENDER)
    held = rows(store, "select count(*) from finding where about = 'bureau.held'")[0][0]
    assert first.held == held == rows(store, "select count(*) from outbox where kind = 'notice.adverse'")[0][0] > 0
    assert rows(store, "select count(*) from outbox where kind = 'worklist'")[0][0] == held
    assert rows(store, "select count(*) from furnished where adverse")[0][0] == 0
    assert deliver(store, date(2025, 1, 3)) == held
    later = furnish(store, END, "metro2", tmp_path / "out", date(2025, 1, 5), SENDER)
    assert rows(store, "select count(*) from furnished where adverse")[0][0] >= held
    _, frame = read_month(later.file.read_bytes())
    assert set(frame["account_status"]) & {"71", "78", "80", "82", "83", "84"}
    assert all(not check_accuracy(row) for row in frame.iter_rows(named=True))


def test_late_news_amends_the_month_it_changes_and_nothing_else(store: Store, tmp_path: Path) -> None:
    book(store, tmp_path / "book", 300)
    nov, sent = date(2024, 11, 30), {"sender": SENDER}
    furnish(store, nov, "pboc", tmp_path / "out", nov, **sent)
    deliver(store, nov, "pboc")
    furnish(store, nov, "pboc", tmp_path / "out", date(2024, 12, 1), **sent)
    loan = rows(
        store,
        "select c.reference, f.loan from furnished f join contract c using (loan) "
        "where f.adverse and f.overdue_fen > 0 "
        "order by f.loan limit 1",
    )[0]
    with store.connect() as connection:
        fact = Repaid(str(loan[0]), "late-news", day("2024-11-20"), day("2024-12-20"), 100_000_000)
        record(connection, fact)
    again = furnish(store, date(2024, 12, 31), "pboc", tmp_path / "out", **sent)
    told = rows(
        store,
        "select month_end, turn, record, status from furnished where loan = %s and bureau = 'pboc' order by furnished",
        loan[1],
    )
    assert told[-1][1:3] == (1, "212") or told[-1][2] == "213"
    assert again.amended >= 1
    amended = rows(store, "select distinct loan from furnished where turn > 0 and record = '212'")
    assert (loan[1],) in amended
    assert rows(store, "select count(*) from event where kind = 'bureau.correction_furnished'")[0][0] == again.amended
