"""Cases: open while something is overdue, shared out, placed with an agency and brought back row by row."""

from datetime import date

import adbc_driver_postgresql.dbapi as adbc
import pytest

from afterloan.close import close_through
from afterloan.close.decide import decide
from afterloan.dates import day
from afterloan.enquiry.contacting import standing_told
from afterloan.enquiry.holds import holds_of
from afterloan.enquiry.lists import listed
from afterloan.enquiry.tasks import kinds_sent, tasks
from afterloan.facts.act import Answer, Who
from afterloan.facts.hold import HoldPlaced
from afterloan.facts.person import BorrowerDied
from afterloan.facts.promise import PromiseMade
from afterloan.servicing.desk import desk_of
from afterloan.servicing.door import do
from afterloan.servicing.withdrawal import withdraw_cured, withdraw_held
from afterloan.store.cases import open_cases, place_with, share_out, take_returns
from afterloan.store.contacts import withdrawn
from afterloan.store.events import events_of, tell
from afterloan.store.legal import case_of
from afterloan.store.promises import promises_of
from afterloan.store.server import Store
from afterloan.strategy.agency_file import IN, AgencyFileRefused, read_returns
from tests.close.test_decide import use
from tests.strategy.books import borrower, loan, outbox, repaid

LADDER = """id: short
jurisdiction: CN
status: sample
confidence: I
source: test
effective_from: 2000-01-01
steps:
  - {id: work, day: 4, do: worklist, queue: early}
  - {id: agency, day: 5, do: agency.place, with: {days: 30}}
"""
ON = date(2025, 5, 14)


def late_book(store: Store) -> None:
    """Three borrowers whose first instalment of 10 May is unpaid; B2 owes the most."""
    use(store, LADDER)
    with store.connect() as connection:
        for name, principal in (("B1", 600_000), ("B2", 1_200_000), ("B3", 300_000)):
            borrower(connection, name)
            loan(connection, f"L{name}", name, "2025-04-10", principal)
    close_through(store, day("2025-05-14"), only=True)
    decide(store, day("2025-05-14"))


def test_cases_open_at_overdue_close_at_cure_and_are_shared_out(store: Store) -> None:
    late_book(store)
    with store.connect() as connection, adbc.connect(store.url) as reader:
        cases = open_cases(connection, reader, ON)
        assert [(c.borrower, c.opened_on, c.days_past_due) for c in cases] == [
            ("B2", "2025-05-14", 4), ("B1", "2025-05-14", 4), ("B3", "2025-05-14", 4)]  # fmt: skip
        # 25 % of the arrears less 6.00, by the pack worklists
        assert cases[0].priority_fen == cases[0].arrears_fen * 250 // 1000 - 600
        assert share_out(connection, cases, ["li", "wang"], ON, "chief") == 3
        assert share_out(connection, open_cases(connection, reader, ON), ["li", "wang"], ON, "chief") == 0
        held = {c.borrower: c.assigned_to for c in open_cases(connection, reader, ON)}
        assert held == {"B2": "li", "B1": "wang", "B3": "li"}
        repaid(connection, "LB2", "2025-05-14", 120_000)
        connection.commit()
        assert [c.borrower for c in open_cases(connection, reader, ON)] == ["B1", "B3"]
        assert open_cases(connection, reader, ON, "late") == []
        assert withdraw_cured(connection, "B1", ON) == 0
        assert withdraw_cured(connection, "B2", ON) == 1
        assert withdrawn(connection, "short/work/B2/2025-05-14")


def test_a_hold_withdraws_what_it_stops(store: Store) -> None:
    late_book(store)
    with store.connect() as connection:
        told = {"borrower": "B1", "on": ON, "known_on": ON, "reference": "h", "reason": "x", "review_on": ON}
        tell(connection, HoldPlaced(**told, hold="fraud_claim"))
        assert withdraw_held(connection, "B1", ON) == 1
        assert withdraw_held(connection, "B1", ON) == 0
        assert withdrawn(connection, "short/work/B1/2025-05-14")


def rows(*lines: str) -> str:
    return "\n".join([",".join(IN), *lines]) + "\n"


def test_out_to_an_agency_and_back_row_by_row(store: Store) -> None:
    late_book(store)
    decide(store, day("2025-05-15"))
    on = date(2025, 5, 15)
    with store.connect() as connection:
        out = place_with(connection, "acme", on, "chief").splitlines()
        assert out[0] == "placement,borrower,name,loans,arrears_fen,days_past_due,until"
        assert len(out) == 4 and out[1].startswith("place:short/agency/B") and out[1].endswith(",5,2025-06-14")
        assert len(place_with(connection, "acme", on, "chief").splitlines()) == 1  # nothing twice
        p1, p2 = "place:short/agency/B1/2025-05-15", "place:short/agency/B2/2025-05-15"
        good, bad = read_returns(
            rows(
                f"1,{p1},B1,attempt,2025-05-16,2025-05-16T10:00:00+08:00,call,reached,,,spoke",
                f"2,{p1},B1,attempt,2025-05-16,2025-05-16T23:30:00+08:00,call,unanswered,,,late",
                f"3,{p1},B1,promise,2025-05-16,,,,30000,2025-05-20,",
                f"4,{p1},B2,promise,2025-05-16,,,,30000,2025-05-20,",
                f"5,{p2},B2,attempt,2025-07-16,2025-07-16T10:00:00+08:00,call,reached,,,",
                "6,place:nothing,B2,return,2025-05-16,,,,,,",
                f"7,{p2},B2,return,2025-05-17,,,,,,moved away",
                f"8,{p1},B1,visit,2025-05-16,,,,,,",
                f"9,{p1},B1,attempt,2025-05-16,2025-05-16T10:00:00,call,reached,,,",
                f"10,{p1},B1,promise,2025-05-16,,,,20.5,2025-05-20,",
                f"11,{p1},B1,att",
            )
        )
        assert [str(r) for r in bad] == [
            "line 9: kind: 'visit' is none of attempt, promise, return",
            "line 10: at: 2025-05-16T10:00:00 has no offset; write +08:00 after it",
            "line 11: amount_fen: '20.5' is no amount in whole minor units",
            "line 12: row: has not 11 fields; the file may be cut",
        ]
        done = take_returns(connection, "acme", good, on)
        assert (done.taken, done.known, done.against_rules) == (4, 0, 1)
        assert [(r.line, r.column) for r in done.refused] == [(5, "borrower"), (6, "on"), (7, "placement")]
        again = take_returns(connection, "acme", good, on)
        assert (again.taken, again.known) == (0, 4)
        assert len(events_of(connection, "B1", ["contact.attempted"])) == 2
        night = connection.execute("select rule, outcome from finding where inputs->>'why' like '23:30%'").fetchall()
        assert night == [("cn.gbt45251.quiet-hours", "refused")]
        other = take_returns(connection, "other", good[:1], on)
        assert "is with acme, not with other" in str(other.refused[0])
    with desk_of(store) as desk:
        asked = {"of": p1, "reason": "complaint"}
        assert isinstance(
            do(desk, Who("person", "chief", ("lead",), "test"), "agency.recall", asked, "recall-1", date(2025, 5, 18)),
            Answer,
        )
    with store.connect() as connection:
        repaid(connection, "LB1", "2025-05-19", 15_000)
        assert [(j.outcome, j.paid_fen) for j in promises_of(connection, "B1", date(2025, 5, 22))] == [
            ("pending", 15_000)
        ]
        assert [j.outcome for j in promises_of(connection, "B1", date(2025, 5, 23))] == ["partly kept"]


def test_a_file_that_is_none_of_ours_is_refused() -> None:
    with pytest.raises(AgencyFileRefused, match="the header has no reference, placement"):
        read_returns("a,b\n1,2\n")


def test_what_a_ladder_proposes_for_an_agency_is_a_task_until_it_is_placed_or_kept(store: Store) -> None:
    late_book(store)
    decide(store, day("2025-05-15"))
    on = date(2025, 5, 15)
    with store.connect() as connection:
        shown = [t for t in tasks(connection, kinds_sent(), on) if t.queue == "agency-proposal"]
        assert [t.borrower for t in shown] == ["B1", "B2", "B3"] and "5 days past due" in shown[0].what
    with desk_of(store) as desk:
        kept = {"of": shown[0].key, "how": "pays on the 20th"}
        assert isinstance(do(desk, Who("person", "wang", ("lead",), "keyboard"), "task.done", kept, "T", on), Answer)
    with store.connect() as connection:
        assert len(place_with(connection, "acme", on, "chief").splitlines()) == 3  # a header, B2 and B3
        assert not [t for t in tasks(connection, kinds_sent(), on) if t.queue == "agency-proposal"]


def test_nothing_is_placed_twice_across_days(store: Store) -> None:
    late_book(store)
    decide(store, day("2025-05-15"))
    with store.connect() as connection:
        place_with(connection, "acme", date(2025, 5, 15), "chief")
    assert [step for kind, step, *_ in outbox(store) if kind == "agency.place"] == ["agency"] * 3


def test_who_promised_is_not_placed_with_an_agency_until_the_promise_is_broken(store: Store) -> None:
    """B1 promises on the 16th for the 18th, by a file: nothing withdraws what the night of the 15th proposed. Two days
    are tolerated, so the placement waits until the 20th."""
    late_book(store)
    decide(store, day("2025-05-15"))
    on = date(2025, 5, 16)
    with store.connect() as connection:
        told = {"borrower": "B1", "on": on, "known_on": on, "reference": "P1", "by": "taken over", "channel": "call"}
        tell(connection, PromiseMade(**told, amount_fen=50_000, due_on=date(2025, 5, 18)))  # type: ignore[arg-type]
    for on, placed in ((date(2025, 5, 16), ["B2", "B3"]), (date(2025, 5, 20), []), (date(2025, 5, 21), ["B1"])):
        with store.connect() as connection:
            file = place_with(connection, "acme", on, "chief")
            assert sorted(line.split(",")[1] for line in file.splitlines()[1:]) == placed, on


def test_a_pending_promise_is_a_hold_in_every_list_and_before_the_law(store: Store) -> None:
    late_book(store)
    with store.connect() as connection:
        told = {"borrower": "B1", "on": ON, "known_on": ON, "reference": "P1", "by": "li", "channel": "call"}
        tell(connection, PromiseMade(**told, amount_fen=50_000, due_on=date(2025, 5, 18)))  # type: ignore[arg-type]
        tell(connection, BorrowerDied(borrower="B2", on=ON, known_on=ON, reference="D1", source="her son"))
    with store.connect() as connection, adbc.connect(store.url) as reader:
        [pending] = holds_of(connection, "B1", ON)
        assert (pending.hold, pending.since, pending.until) == ("promise_pending", ON, date(2025, 5, 20))
        assert holds_of(connection, "B1", date(2025, 5, 21)) == [], "broken"
        assert standing_told(connection, "B1", ON).holds == ("promise_pending",)
        assert case_of(connection, "LB1", ON).claim.held == "promise_pending"
        assert {c.borrower: c.holds for c in open_cases(connection, reader, ON)}["B1"] == "promise_pending"
        held = {row["borrower"]: row["hold"] for row in listed(connection, "holds", ON)}
        assert held == {"B1": "promise pending", "B2": "deceased"}, "who died is held by being told dead"
        repaid(connection, "LB1", "2025-05-14", 50_000)
        assert holds_of(connection, "B1", ON) == [], "kept"
