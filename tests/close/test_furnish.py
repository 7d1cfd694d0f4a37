"""A month furnished from a generated book, the file read back, and run again."""

import fcntl
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import adbc_driver_postgresql.dbapi as adbc
import polars as pl
import pytest

from afterloan.bureau.metro2.accuracy import check_accuracy
from afterloan.bureau.metro2.month import read_month
from afterloan.bureau.pboc import read_records
from afterloan.bureau.reportable import reportable
from afterloan.close.bureau_file import Piece, write_file
from afterloan.close.furnish import FurnishRefused, announced, notice_key
from afterloan.close.furnish import furnish as furnish_now
from afterloan.dates import day
from afterloan.desk.keyboard.doing import kinds_sent
from afterloan.enquiry.tasks import tasks
from afterloan.facts import ChargedOff, Repaid, Reversed
from afterloan.facts.bureau import AdverseNoticeDelivered
from afterloan.facts.contact import ContactEnded
from afterloan.facts.message import MessageDelivered
from afterloan.facts.outbox import Action, NoticeBody
from afterloan.generate import generate
from afterloan.intake.book import bring_in
from afterloan.store.events import tell
from afterloan.store.furnished import Furnishing, begin
from afterloan.store.outbox import put
from afterloan.store.read import books
from afterloan.store.record import record
from afterloan.store.server import Store
from tests.bureau.books import SENDER, book, furnish, ready
from tests.strategy.books import borrower, loan

END = date(2024, 12, 31)


def test_a_month_furnished_is_the_month_read_back(store: Store, tmp_path: Path) -> None:
    book(store, tmp_path / "book", 200)
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


def notices_open(store: Store) -> list[str]:
    with store.connect() as connection:
        return [t.key for t in tasks(connection, kinds_sent(), date(2025, 1, 4)) if t.queue == "bureau-notice"]


def test_the_ladders_word_before_reporting_is_such_a_notice(store: Store) -> None:
    """It names L1 and was delivered on 5 January: L1 may be reported from then on, L2 may not; nobody asks twice."""
    with store.connect() as connection:
        number = borrower(connection, "B1")
        loan(connection, "L1", "B1", "2024-11-10")
        loan(connection, "L2", "B1", "2024-11-12")
        told = NoticeBody(template="bureau-notice", purpose="legal_notice", values={"loans": ["L1"]})
        at, on = datetime(2025, 1, 5, 3, tzinfo=UTC), date(2025, 1, 5)
        put(connection, [Action("cn/notice/B1", number, "bureau.notice", at, on, None, told)])
        loans = [r[0] for r in connection.execute("select loan from contract order by reference").fetchall()]
        about = Furnishing(1, "pboc", date(2024, 12, 31), date(2025, 1, 6), "0", True)
        assert announced(connection, loans, about) == set()
        event = MessageDelivered(
            borrower="B1", on=on, at=at, known_on=on, reference="delivered:cn/notice/B1", key="cn/notice/B1",
            channel="push",
        )  # fmt: skip
        tell(connection, event)
        assert announced(connection, loans, about) == {loans[0]}
        assert announced(connection, loans, replace(about, known_on=date(2025, 1, 4))) == set()


def test_a_notice_that_reached_the_borrower_by_phone_is_one_and_one_that_failed_is_none(store: Store) -> None:
    """L1: nobody answered on the 4th, reached on the 5th. To the borrower of L2 nobody spoke."""
    on = date(2025, 1, 5)
    about = Furnishing(1, "pboc", END, on, "0", True)
    with store.connect() as connection:
        for n in (1, 2):
            borrower(connection, f"B{n}")
            loan(connection, f"L{n}", f"B{n}", "2024-11-10")
        loans = [r[0] for r in connection.execute("select loan from contract order by reference").fetchall()]
        for k, (outcome, day_of) in enumerate((("unanswered", 4), ("reached", 5))):
            at, when = datetime(2025, 1, day_of, 3, tzinfo=UTC), date(2025, 1, day_of)
            event = ContactEnded(
                borrower="B1", on=when, at=at, known_on=when, reference=f"ended-{k}", of=notice_key("pboc", "L1"),
                outcome=outcome,
            )  # fmt: skip
            tell(connection, event)
            assert announced(connection, loans, about) == ({loans[0]} if k else set())
        assert announced(connection, loans, replace(about, known_on=date(2025, 1, 4))) == set()
        assert announced(connection, loans, replace(about, bureau="neutral")) == set()


def test_the_notice_before_the_first_adverse_report_is_a_gate(store: Store, tmp_path: Path) -> None:
    book(store, tmp_path / "book", 250)
    first = furnish(store, END, "metro2", tmp_path / "out", sender=SENDER)
    held = rows(store, "select count(*) from finding where about = 'bureau.held'")[0][0]
    assert first.held == held == rows(store, "select count(*) from outbox where kind = 'notice.adverse'")[0][0] > 0
    assert rows(store, "select count(*) from outbox where kind = 'task'")[0][0] == held == len(notices_open(store))
    assert rows(store, "select count(*) from furnished where adverse")[0][0] == 0
    assert deliver(store, date(2025, 1, 3)) == held
    assert notices_open(store) == []  # delivered, by whatever way: nobody has to look at it any more
    later = furnish(store, END, "metro2", tmp_path / "out", date(2025, 1, 5), SENDER)
    assert rows(store, "select count(*) from furnished where adverse")[0][0] >= held
    _, frame = read_month(later.file.read_bytes())
    assert set(frame["account_status"]) & {"71", "78", "80", "82", "83", "84"}
    assert all(not check_accuracy(row) for row in frame.iter_rows(named=True))


def test_late_news_amends_the_month_it_changes_and_nothing_else(store: Store, tmp_path: Path) -> None:
    book(store, tmp_path / "book", 200)
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


FURNISHED = (
    "select loan, month_end, turn, record, status, history, owed_fen, overdue_fen "
    "from furnished order by loan, month_end, turn"
)


def test_killed_anywhere_and_run_again_the_end_is_the_same(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Workers die in the middle of a shard, after its rows are written and before they are committed."""
    book(store, tmp_path / "book", 200)
    import afterloan.close.furnish as work

    real, calls = work._tell_corrections, [0]

    def dies(*given: object) -> None:
        calls[0] += 1
        if calls[0] in (2, 4, 6):
            raise KeyboardInterrupt
        real(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(work, "_tell_corrections", dies)
    for _ in range(3):
        with pytest.raises(KeyboardInterrupt):
            furnish(store, END, "metro2", tmp_path / "killed", sender=SENDER)
        assert not list((tmp_path / "killed").glob("*.dat"))  # no half file
    done = furnish(store, END, "metro2", tmp_path / "killed", sender=SENDER)
    killed = rows(store, FURNISHED)
    notices = rows(store, "select key from outbox order by key")
    assert len({key for (key,) in notices}) == len(notices) > 0
    held = {loan for (loan,) in rows(store, "select loan from outbox where kind = 'notice.adverse'")}
    with store.connect() as connection, adbc.connect(store.url) as reader:
        whole = pl.concat([reportable(b, day("2024-12-31"), "metro2") for b in books(connection, reader)])
    whole = whole.filter(~pl.col("loan").is_in(list(held))).sort("loan")
    want = whole.select("loan", "month_end", "status", "history", "owed_fen", "overdue_fen").rows()
    assert [(*row[:2], *row[4:]) for row in killed] == want
    assert {row[2] for row in killed} == {0} and len(killed) == done.in_file


def test_two_at_once_tell_nothing_twice(store: Store, tmp_path: Path) -> None:
    book(store, tmp_path / "book", 200)
    ready(store, END, "pboc")
    with ThreadPoolExecutor(2) as pool:
        made = list(pool.map(lambda k: furnish(store, END, "pboc", tmp_path / f"out{k}", sender=SENDER), range(2)))
    count = rows(store, "select count(*), count(distinct (loan, month_end)) from furnished")[0]
    assert sum(m.told for m in made) == count[0] == count[1]


def test_what_the_format_cannot_carry_is_a_task_and_not_told(store: Store, tmp_path: Path) -> None:
    generate(60, 6, 1, tmp_path / "book")
    path = tmp_path / "book" / "borrowers.parquet"  # of whom nothing is told but that they are there
    pl.read_parquet(path).with_columns(attributes=pl.lit("{}")).write_parquet(path)
    bring_in(store, tmp_path / "book")
    made = furnish(store, date(2024, 6, 30), "metro2", tmp_path / "out", sender=SENDER)
    assert made.told == made.in_file == 0
    assert len({loan for loan, _, _ in made.refused}) + made.held == made.reportable > 0
    asked = (
        "select distinct jsonb_array_elements_text(body->'loans') from outbox where body->>'queue' = 'bureau-refused'"
    )
    assert {loan for (loan,) in rows(store, asked)} == {loan for loan, _, _ in made.refused}
    assert furnish(store, date(2024, 6, 30), "neutral", tmp_path / "out").told > 0


def test_a_line_that_contradicts_itself_waits_as_a_task_and_holds_nobody_up(store: Store, tmp_path: Path) -> None:
    """Half a dollar charged off: 97 asks for an amount charged to loss, and in whole dollars there is none."""
    person = {"surname": "TEST", "first_name": "PERSON", "ssn": "100000001", "address": "1 MAIN STREET",
              "city": "SPRINGFIELD", "state": "IL", "zip": "62701"}  # fmt: skip
    lost = day("2024-12-10")
    with store.connect() as connection:
        for who, amount in (("A", 50), ("B", 120_000)):
            borrower(connection, who, **person)
            loan(connection, f"L{who}", who, "2024-03-20", amount)
            record(connection, ChargedOff(f"L{who}", f"C-{who}", lost, lost))
    furnish(store, END, "metro2", tmp_path / "out", sender=SENDER)
    deliver(store, date(2025, 1, 3))
    made = furnish(store, END, "metro2", tmp_path / "out", date(2025, 1, 5), SENDER)
    assert made.refused == [("LA", "original_charge_off_amount", "0 does not go with status 97")]
    _, lines = read_month(made.file.read_bytes())
    (line,) = lines.iter_rows(named=True)
    # B owes 1,200 of principal and the interest fallen due by then: all of it past due, nothing scheduled any more
    assert line["account_status"] == "97" and line["original_charge_off_amount"] >= 1200
    assert line["amount_past_due"] == line["current_balance"] and line["scheduled_monthly_payment_amount"] == 0
    task = (
        "select body->>'queue', body->'loans'->>0, body->>'field' from outbox where key like 'task:bureau.refused:%%'"
    )
    assert rows(store, task) == [("bureau-refused", "LA", "original_charge_off_amount")]


@pytest.mark.parametrize(
    ("month", "bureau", "known_on", "sender", "why"),
    [
        (date(2024, 12, 30), "pboc", None, SENDER, "not the last day of a month"),
        (END, "other", None, SENDER, "not known here; there are: metro2, pboc, neutral"),
        (END, "pboc", date(2024, 12, 30), SENDER, "the month is not over"),
        (END, "metro2", None, {}, "identification_number"),
        (END, "metro2", None, {"identification_number": "99999"}, "not all 0 or 9"),
    ],
)
def test_months_that_cannot_be_furnished(server: Store, tmp_path: Path, month, bureau, known_on, sender, why) -> None:
    with pytest.raises(FurnishRefused, match=why):
        furnish_now(server, month, bureau, tmp_path, known_on, sender)


def test_news_told_early_and_known_late_amends_when_it_is_known(store: Store, tmp_path: Path) -> None:
    """A replayed book: everything is in the store, known day by day. Workers are not part of the answer."""
    book(store, tmp_path / "book", 150)
    nov = date(2024, 11, 30)
    furnish(store, nov, "neutral", tmp_path / "out", nov)
    number = rows(store, "select loan from furnished where status = 'N' limit 1")[0][0]
    with store.connect() as connection:  # told today, known only on 10 December: the last repayment never came
        of = connection.execute(
            "select reference from fact where loan = %s and kind = 50 and on_day <= '2024-11-30' "
            "order by on_day desc limit 1",
            (number,),
        ).fetchone()
        assert of is not None
        record(connection, Reversed("-", "bounce-1", day("2024-12-10"), day("2024-12-10"), str(of[0])))
    same = furnish(store, nov, "neutral", tmp_path / "out", date(2024, 12, 5))
    assert (number,) not in rows(store, "select loan from furnished where turn > 0")
    assert same.amended >= 0
    furnish(store, END, "neutral", tmp_path / "out", workers=2)
    amended = rows(store, "select month_end, record from furnished where loan = %s and turn > 0", number)
    held = rows(store, "select count(*) from outbox where kind = 'notice.adverse' and loan = %s", number)[0][0]
    assert amended == [(nov, "correction")] or held == 1  # worse news waits for its notice


def test_an_account_never_paid_out_is_taken_back_whole(store: Store, tmp_path: Path) -> None:
    book(store, tmp_path / "book", 80)
    nov = date(2024, 11, 30)
    for bureau in ("pboc", "metro2"):
        furnish(store, nov, bureau, tmp_path / "out", nov, SENDER)
    number = rows(store, "select min(loan) from furnished where status not in ('C', '13')")[0][0]
    facts = rows(store, "select reference from fact where loan = %s and kind in (10, 50) order by kind desc", number)

    def take_back(names: list[tuple[object, ...]]) -> None:
        with store.connect() as connection:
            for (name,) in names:
                record(connection, Reversed("-", f"not-{name}", day("2024-12-03"), day("2024-12-03"), str(name)))

    take_back(facts[-1:])  # the disbursement alone: what was repaid waits for a pay-out, and there is no account
    for bureau, act in (("pboc", "214"), ("metro2", "DA")):
        furnish(store, END, bureau, tmp_path / "out", END, SENDER)
        last = rows(
            store,
            "select record from furnished where loan = %s and bureau = %s order by furnished desc limit 1",
            number,
            bureau,
        )
        assert last == [(act,)]
    _, frame = read_month((tmp_path / "out" / f"metro2-{END}-{END}.dat").read_bytes())
    assert frame.filter(pl.col("account_status") == "DA").height == 1


def test_two_at_once_into_one_folder_leave_one_whole_file(store: Store, tmp_path: Path) -> None:
    book(store, tmp_path / "book", 100)
    ready(store, END, "pboc")
    with ThreadPoolExecutor(2) as pool:
        made = list(pool.map(lambda _: furnish(store, END, "pboc", tmp_path / "out", sender=SENDER), range(2)))
    assert len(read_records(made[0].file.read_bytes(), END)) == made[0].in_file == made[1].in_file > 50
    assert list((tmp_path / "out").iterdir()) == [made[0].file]


def test_a_file_is_of_all_rows_that_are_kept_though_another_told_some_of_them_meanwhile(
    store: Store, tmp_path: Path
) -> None:
    """The pieces that one has are empty, as if each shard had been furnished by another after its piece was made."""
    book(store, tmp_path / "book", 100)
    for bureau in ("metro2", "pboc", "neutral"):
        made = furnish(store, END, bureau, tmp_path / "out", sender=SENDER)
        with store.connect() as connection:
            furnishing = begin(connection, bureau, END, END)
        late = tmp_path / f"late.{bureau}"
        lines = write_file(store, [Piece(b"", 0, 0)] * store.shards(), late, furnishing, SENDER)
        assert lines == made.in_file > 0, bureau
        assert late.read_bytes() == made.file.read_bytes(), bureau


def test_what_a_killed_furnishing_left_half_goes_away_and_what_is_being_written_stays(
    store: Store, tmp_path: Path
) -> None:
    book(store, tmp_path / "book", 20)
    (tmp_path / "out").mkdir()
    names = [f"neutral-{END}-{END}.{who}.part" for who in ("killed", "writing")]
    left, held = (tmp_path / "out" / name for name in names)
    left.write_bytes(b"half")
    with held.open("wb") as writing:
        fcntl.flock(writing, fcntl.LOCK_EX)
        made = furnish(store, END, "neutral", tmp_path / "out", sender=SENDER)
    assert set((tmp_path / "out").iterdir()) == {made.file, held}
