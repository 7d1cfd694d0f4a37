"""What a former system knew of borrowers, row by row: good rows are told, bad ones wait where people see them."""

from datetime import date
from pathlib import Path

import polars as pl
import pytest

from afterloan.close import close_through
from afterloan.close.furnish import furnish
from afterloan.dates import day
from afterloan.enquiry.holds import holds_of
from afterloan.enquiry.tasks import tasks
from afterloan.facts.act import Answer, Refused, Who
from afterloan.intake.book import bring_in
from afterloan.servicing.desk import desk_of
from afterloan.servicing.door import do
from afterloan.store.events import events_of
from afterloan.store.legal import case_of
from afterloan.store.limits import line_now
from afterloan.store.promises import promises_of
from afterloan.store.server import Store
from afterloan.strategy.course import step_rules, title_of
from afterloan.strategy.legal import may_propose
from tests.intake.test_book import refused, write

COUNSEL = Who("person", "Chen", ("counsel",), "keyboard")
LEAD = Who("person", "Wang", ("lead",), "keyboard")
BOOK = {
    "borrowers": "reference,name\nB1,Ann\nB2,Bo\n",
    "contracts": (
        "reference,borrower,product,principal,rate_percent,signed_on,instalments\n"
        "L1,B1,jiebei-equal,10000.00,0.05,2026-01-10,12\nL2,B2,jiebei-equal,800.00,0.05,2026-01-31,3\n"
    ),
    "disbursements": "reference,contract,on,amount\nD1,L1,2026-01-10,10000.00\nD2,L2,2026-01-31,800\n",
    "mandates": (
        "reference,borrower,on,source,account,ceiling\nM1,B1,2026-01-10,card,622200,2000.00\n"
        "M2,B9,2026-01-10,card,1,\n"
    ),
    "limits": "reference,borrower,on,limit,now,frozen\nG1,B1,2026-01-05,20000.00,15000.00,yes\nG2,B2,2026-01-05,x,,\n",
    "holds": (
        "reference,borrower,on,hold,reason,ends_on,review_on\n"
        "H1,B2,2026-02-20,dispute_open,says he paid,,2026-03-20\nH2,B2,2026-02-20,quarrel,loud,,2026-03-20\n"
    ),
    "promises": "reference,borrower,on,amount,due_on,loan\nP1,B1,2026-02-15,300.00,2026-02-20,L1\n",
    "placements": "reference,borrower,on,agency,until,arrears,loans\nA1,B1,2026-02-20,North,2026-05-20,912.00,L1\n",
    "contacts": (
        "reference,borrower,at,channel,purpose,outcome\n"
        "C1,B1,2026-02-18T14:30:00+08:00,call,collection,reached\nC2,B1,yesterday,call,collection,\n"
    ),
    "furnished": (
        "reference,borrower,loan,bureau,month_end,status,adverse,notice_on\n"
        "F1,B1,L1,pboc,2026-02-28,1,yes,2026-02-14\n"
    ),
    "legal": "reference,borrower,loan,on,step,court,claim\nS1,B2,L2,2026-02-25,suit,Hangzhou,812.00\n",
}  # fmt: skip


def test_each_row_is_told_or_waits_for_a_person(store: Store, tmp_path: Path) -> None:
    folder = write(tmp_path / "book", **BOOK)
    reports = {r.file.removesuffix(".csv"): (r.read, r.loaded, r.refused) for r in bring_in(store, folder)}
    assert reports["mandates"] == reports["limits"] == reports["holds"] == reports["contacts"] == (2, 1, 1)
    assert [reports[n] for n in ("promises", "placements", "furnished", "legal")] == [(1, 1, 0)] * 4
    told = {(r["file"], r["row"], r["column"]) for r in refused(folder)}
    assert told == {
        ("mandates.csv", "2", "borrower"), ("limits.csv", "2", "limit"), ("holds.csv", "2", "hold"),
        ("contacts.csv", "2", "at"),
    }  # fmt: skip
    on = date(2026, 3, 1)
    with store.connect() as connection:
        line = line_now(connection, "B1", on)
        assert (line.granted_fen, line.limit_fen, line.frozen) == (2_000_000, 1_500_000, True)
        assert [h.hold for h in holds_of(connection, "B2", on)] == ["dispute_open", "litigation"]
        assert [j.outcome for j in promises_of(connection, "B1", on)] == ["broken"]
        kinds = [e.KIND for e in events_of(connection, "B1", None, on)]
        assert {"mandate.signed", "agency.placed", "contact.attempted", "contact.ended"} <= set(kinds)
        assert {"bureau.furnished_before", "bureau.notice_delivered"} <= set(kinds)


def test_a_suit_taken_over_goes_on_where_it_stands_and_is_not_brought_twice(store: Store, tmp_path: Path) -> None:
    """B2 was sued on 25 February, before the book came here: no second claim; what comes of it is told under S1."""
    bring_in(store, write(tmp_path / "book", **BOOK))
    with store.connect() as connection:
        case = case_of(connection, "L2", date(2026, 3, 1))
        steps = [(s.name, s.state, s.started.claim_fen, s.started.court) for s in case.steps if s.started]
        assert steps == [("suit", "started", 81_200, "Hangzhou")]
        assert (
            "suit is under way; only one of them can be before a court"
            in may_propose(case.claim, case.steps, "payment_order").why
        )
    with desk_of(store) as desk:
        asked = {"proposal": "S1", "outcome": "withdrawn"}
        assert isinstance(do(desk, COUNSEL, "legal.end", asked, "e1", date(2026, 3, 20)), Answer)
        again = do(desk, COUNSEL, "legal.end", asked | {"outcome": "granted"}, "e2", date(2026, 3, 21))
        assert isinstance(again, Refused)  # it has ended
    with store.connect() as connection:
        assert case_of(connection, "L2", date(2026, 3, 21)).steps[0].state == "withdrawn"
        assert [h.hold for h in holds_of(connection, "B2", date(2026, 3, 21))] == ["dispute_open"]  # litigation is over


def test_a_judgment_taken_over_is_a_title_and_one_without_its_sum_is_refused(store: Store, tmp_path: Path) -> None:
    """In force since 2 March with 900.00: it can be enforced. Without the sum nothing could be, so the row waits."""
    rows = "S1,B2,L2,2026-02-01,suit,900.00,2026-03-02,final\nS2,B1,L1,2026-02-01,suit,,2026-03-02,final\n"
    legal = f"reference,borrower,loan,on,step,claim,ended_on,outcome\n{rows}S3,B1,L1,2026-02-01,suit,,,won\n"
    legal += "S4,B1,L1,2026-02-01,suit,900.00,,granted\n"  # its sums would be of the day on which the suit was brought
    book = {name: BOOK[name] for name in ("borrowers", "contracts", "disbursements")}
    folder = write(tmp_path / "book", **book, legal=legal)
    bring_in(store, folder)
    assert [(r["row"], r["column"]) for r in refused(folder)] == [("2", "claim"), ("3", "outcome"), ("4", "ended_on")]
    with store.connect() as connection:
        case = case_of(connection, "L2", date(2026, 3, 10))
        title = title_of(case.steps, step_rules("CN", date(2026, 3, 10)))
    assert title is not None and (title.debt_fen, title.in_force_on) == (90_000, date(2026, 3, 2))


def test_what_a_former_system_furnished_is_not_told_again(store: Store, tmp_path: Path) -> None:
    """Due on 10 February and not paid: `1` at the end of February, as the former system told on a notice of the 14th.

    February again: nothing is told of L1. March, 49 days late (`2`): told without asking for the notice anew.
    """
    book = BOOK | {"furnished": BOOK["furnished"].replace("pboc", "neutral")}
    bring_in(store, write(tmp_path / "book", **book))
    close_through(store, day("2026-03-31"))
    ends = (date(2026, 2, 28), date(2026, 3, 31))
    feb, march = (furnish(store, end, "neutral", tmp_path, date(2026, 4, 1)) for end in ends)
    with store.connect() as connection:
        told = connection.execute(
            "select r.month_end::text, r.status, r.turn from furnished r join contract c using (loan) "
            "where c.reference = 'L1' order by 1"
        ).fetchall()
    assert told == [("2026-03-31", "2", 0)], (feb, march)


LATE_NEWS = (
    ("1", [("2026-02-28", "M", 1), ("2026-03-31", "1", 0)], []),
    ("3", [("2026-03-31", "1", 0)], ["2026-02-28 was told as 3 by the former system"]),
)
"""What the former system told of February, what is furnished, and the tasks."""


@pytest.mark.parametrize(("status", "expected", "look_at"), LATE_NEWS, ids=["corrected", "a person's"])
def test_late_news_on_a_month_that_only_a_former_system_told_corrects_it_or_is_a_task(
    store: Store, tmp_path: Path, status: str, expected: list[tuple[str, str, int]], look_at: list[str]
) -> None:
    """The instalment of 10 February came on the 15th, five days late, and we learn of it on 20 March.

    Told as `1`, which this book reckons too without the news: February is corrected to `M`, late within the month
    (tests/golden/bureau/0004). Told as `3`, three months late, of which this book knows nothing: a person looks.
    """
    repaid = "reference,contract,on,known_on,amount\nR1,L1,2026-02-15,2026-03-20,1000.00\n"
    told = BOOK["furnished"].replace("pboc", "neutral").replace(",1,yes", f",{status},yes")
    bring_in(store, write(tmp_path / "book", **BOOK | {"furnished": told}, repayments=repaid))
    close_through(store, day("2026-03-31"))
    for known_on in (date(2026, 4, 1), date(2026, 4, 2)):  # the second time nothing is told again
        furnish(store, date(2026, 3, 31), "neutral", tmp_path, known_on)
    with store.connect() as connection:
        rows = connection.execute(
            "select r.month_end::text, r.status, r.turn from furnished r join contract c using (loan) "
            "where c.reference = 'L1' order by 1, 3"
        ).fetchall()
        found = [t.what for t in tasks(connection, (), date(2026, 4, 2)) if t.queue == "bureau-former"]
    assert rows == expected
    assert len(found) == len(look_at)
    assert all(what.startswith(start) for what, start in zip(found, look_at, strict=True))


def test_a_refused_row_is_a_task_until_it_is_right_or_somebody_is_done_with_it(store: Store, tmp_path: Path) -> None:
    folder = write(tmp_path / "book", **BOOK)
    bring_in(store, folder)

    def waiting() -> list[tuple[str, str]]:
        with store.connect() as connection:
            return [(t.key, t.what) for t in tasks(connection, (), date.max) if t.queue == "import"]

    told = [what for _, what in waiting()]
    assert len(told) == 4 and any(
        what.startswith("mandates.csv row 2: borrower B9 no borrower of that reference; ") for what in told
    )
    (folder / "mandates.csv").write_text(BOOK["mandates"].replace("B9", "B2"), encoding="utf-8")
    bring_in(store, folder)
    assert not any("mandates.csv" in what for _, what in waiting()) and len(waiting()) == 3
    key = waiting()[0][0]
    with desk_of(store) as desk:
        answer = do(desk, LEAD, "task.done", {"of": key, "how": "x"}, "t1", date(2026, 3, 1))
        assert isinstance(answer, Refused) and "import.finish_row" in answer.remedy
        asked = {"number": int(key.partition(":")[2]), "how": "the customer has no limit"}
        assert isinstance(do(desk, LEAD, "import.finish_row", asked, "t2", date(2026, 3, 1)), Answer)
    assert len(waiting()) == 2


def test_the_same_files_again_change_nothing(store: Store, tmp_path: Path) -> None:
    folder = write(tmp_path / "book", **BOOK)
    bring_in(store, folder)
    with store.connect() as connection:
        row = connection.execute("select count(*) from event").fetchone()
    again = {r.file: (r.loaded, r.known) for r in bring_in(store, folder)}
    assert again["limits.csv"] == (0, 1) and again["contacts.csv"] == (0, 1)
    with store.connect() as connection:
        assert connection.execute("select count(*) from event").fetchone() == row


def test_a_mandate_of_a_former_system_is_checked_for_its_rail_as_at_the_desk(store: Store, tmp_path: Path) -> None:
    # 91000019 lacks a digit of a routing number; GB29... has the check digits 28 (29 is right)
    book = {name: BOOK[name] for name in ("borrowers", "contracts")}
    book["mandates"] = (
        "reference,borrower,on,source,account,bank,rail\nM1,B1,2026-01-10,account,12345678,91000019,nacha\n"
        "M2,B2,2026-01-10,account,GB28NWBK60161331926819,NWBKGB2L,pain008\n"
        "M3,B2,2026-01-10,account,gb29nwbk60161331926819,NWBKGB2L,pain008\n"
    )
    folder = write(tmp_path / "book", **book)
    report = next(r for r in bring_in(store, folder) if r.file == "mandates.csv")
    assert (report.read, report.loaded, report.refused) == (3, 1, 2)
    assert [(r["row"], r["column"], r["reason"]) for r in refused(folder)] == [
        ("1", "bank", "is no routing number"), ("2", "account", "is an IBAN with wrong check digits"),
    ]  # fmt: skip
    with store.connect() as connection:
        (mandate,) = events_of(connection, "B2", ["mandate.signed"])
    assert mandate.body()["account"] == "GB29NWBK60161331926819"


def test_a_sign_that_is_no_text_stops_its_row_alone(store: Store, tmp_path: Path) -> None:
    book = {name: BOOK[name] for name in ("borrowers", "contracts")}
    folder = write(tmp_path / "book", **book)
    rows = {"reference": ["H1", "H2"], "borrower": ["B1", "B2"], "on": ["2026-02-20"] * 2}
    rows |= {"hold": ["dispute_open"] * 2, "reason": ["says\0he paid", "says he paid"], "ends_on": ["2026-03-20"] * 2}
    pl.DataFrame(rows).write_parquet(folder / "holds.parquet")
    report = next(r for r in bring_in(store, folder) if r.file == "holds.parquet")
    assert (report.read, report.loaded, report.refused) == (2, 1, 1)
    assert [(r["row"], r["column"], r["value"]) for r in refused(folder)] == [("1", "reason", "says\\0he paid")]


def test_signs_that_no_store_can_keep_are_refused_row_by_row(store: Store, tmp_path: Path) -> None:
    book = {
        "borrowers": 'reference,attributes\nB1,"{""city"": ""a\\u0000b""}"\nB2,\nB3,{city: x}\nB4,"{""a"": 1} x"\n',
        "limits": (
            "reference,borrower,on,limit_fen\nG1,B2,2026-01-05,²\nG2,B2,2026-01-05,99999999999999999999999\n"
            "G3,B2,0000-01-05,100\nG4,B2,2026-01-05,٣\n"
        ),
        "contacts": "reference,borrower,at,channel,purpose\nC1,B2,2026-02-18T14:30:00,call,collection\n",
    }
    folder = write(tmp_path / "book", **book)
    reports = {r.file.removesuffix(".csv"): (r.read, r.loaded, r.refused) for r in bring_in(store, folder)}
    assert reports == {"borrowers": (4, 1, 3), "limits": (4, 0, 4), "contacts": (1, 0, 1)}
