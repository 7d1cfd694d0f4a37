"""Legal steps in the store: the gate of approval holds at every door; costs reach the loan; losses need two people."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import adbc_driver_postgresql.dbapi as adbc
import numpy as np
import psycopg
import pytest

from afterloan.close import close_through
from afterloan.dates import number_of
from afterloan.enquiry.legal import legal_case_told, words_of_case
from afterloan.enquiry.tasks import tasks
from afterloan.facts import Accelerated, FactRefused, Repaid, WrittenOff
from afterloan.facts.act import Answer, Refused, Who
from afterloan.facts.legal import (
    CourtInstalment,
    EvidenceKept,
    LegalStepProposed,
    LegalStepRefused,
    LegalStepStarted,
    LegalTakenOver,
    LossRefused,
)
from afterloan.facts.message import MessageDelivered
from afterloan.facts.outbox import OUTBOX, Action, LegalPaperBody
from afterloan.journal.difference import ENTRY
from afterloan.loan.reckon import reckon_loan
from afterloan.loan.suppose import ends_debt
from afterloan.report.explain import explain
from afterloan.report.statement import loan_statement
from afterloan.servicing import legal
from afterloan.servicing.acceleration import accelerate
from afterloan.servicing.booking import book_of, take
from afterloan.servicing.desk import desk_of
from afterloan.servicing.door import approve, do, propose
from afterloan.servicing.judgment import Said
from afterloan.servicing.legal_watch import tasks_of, watch
from afterloan.servicing.losses import approve_loss, propose_loss
from afterloan.store.events import BODY, tell
from afterloan.store.legal import appoint, case_of, people
from afterloan.store.outbox import put
from afterloan.store.server import Store
from afterloan.strategy.course import step_rules, title_of
from afterloan.strategy.quote import Want, quote
from tests.strategy.books import borrower, loan

ON = date(2025, 6, 20)  # the first instalment of 10 February is 130 days past due


def late(connection: psycopg.Connection[Any], **more: Any) -> None:
    """A loan of 12,000.00 on which nothing was ever paid, with its evidence; three people with roles."""
    borrower(connection, "B", jurisdiction="CN", province="zhejiang", **more)
    loan(connection, "L", "B", "2025-01-10")
    for what in ("contract", "disbursement", "identity"):
        told: dict[str, Any] = {"borrower": "B", "loan": "L", "on": date(2025, 1, 10), "known_on": date(2025, 1, 10)}
        tell(connection, EvidenceKept(**told, reference=what, what=what, name=what, sha256="ab" * 32))  # type: ignore[arg-type]
    begun = date(2025, 1, 10)
    appoint(connection, "wang", ["collections_lead", "finance"], begun)
    appoint(connection, "zhao", ["legal_counsel"], begun)
    appoint(connection, "sun", ["head_of_risk", "finance"], begun)


def keep(connection: psycopg.Connection[Any], what: str) -> None:
    """One more paper kept."""
    told: dict[str, Any] = {"borrower": "B", "loan": "L", "on": date(2025, 6, 21), "known_on": date(2025, 6, 21)}
    tell(connection, EvidenceKept(**told, reference=what, what=what, name=what, sha256="ef" * 32))  # type: ignore[arg-type]


def outbox(connection: psycopg.Connection[Any]) -> list[str]:
    return [r[0] for r in connection.execute("select kind from outbox order by action").fetchall()]


CALLED = date(2025, 7, 6)  # the letter of 20 June leaves time to answer until 5 July


def acted(connection: psycopg.Connection[Any], step: str, on: date, **said: Any) -> str:
    """A step proposed, approved by all its roles and started; its reference."""
    proposal = legal.propose(connection, "L", step, on, "clerk", "unpaid")
    for person, role in (("wang", "collections_lead"), ("zhao", "legal_counsel"), ("sun", "head_of_risk")):
        legal.approve(connection, proposal, on, person, role)
    legal.start(connection, proposal, on, "clerk", "Court")
    return proposal


def called_due(connection: psycopg.Connection[Any]) -> None:
    """The letter delivered on 20 June, the rest called due on 6 July."""
    letter = acted(connection, "demand_letter", ON)
    legal.end(connection, letter, ON, "delivered")
    day = number_of(CALLED)
    accelerate(connection, Accelerated("L", "called", day, day))
    arrived(connection)


def arrived(connection: psycopg.Connection[Any]) -> None:
    """The notice of 6 July reached the borrower that day."""
    told: dict[str, Any] = {"borrower": "B", "loan": "L", "on": CALLED, "known_on": CALLED}
    key = "called-due:called"
    tell(connection, MessageDelivered(**told, reference=f"delivered:{key}", key=key, channel="letter",
                                     at=datetime(2025, 7, 6, 12, tzinfo=UTC)))  # fmt: skip


def test_from_a_proposal_to_the_order(store: Store) -> None:
    """Nothing starts without its people; the order waits for the letter's time and the calling due; its fee is ours."""
    with store.connect() as connection:
        late(connection)
    with store.connect() as connection:
        letter = legal.propose(connection, "L", "demand_letter", ON, "ladder", "unpaid")
        assert legal.propose(connection, "L", "demand_letter", ON, "ladder", "unpaid") == letter
        with pytest.raises(FactRefused, match="no approval by a collections_lead"):
            legal.start(connection, letter, ON, "clerk")
        with pytest.raises(FactRefused, match="is not appointed as collections_lead"):
            legal.approve(connection, letter, ON, "zhao", "collections_lead")
        with pytest.raises(FactRefused, match="'janitor': no such role; there are: collections_lead, finance"):
            legal.approve(connection, letter, ON, "wang", "janitor")
        assert outbox(connection) == []
        legal.approve(connection, letter, ON, "wang", "collections_lead")
        legal.start(connection, letter, ON, "clerk")
        legal.start(connection, letter, ON, "clerk")  # again: the same step
        assert outbox(connection) == ["message.letter"]
        legal.end(connection, letter, ON, "delivered")
        legal.end(connection, letter, ON, "delivered")  # again: the same
        with pytest.raises(FactRefused, match="is none of demand_letter"):
            legal.end(connection, letter, ON, "granted")
        with pytest.raises(FactRefused, match=r"has until 2025-07-05 to answer the demand_letter; .* not due yet"):
            legal.propose(connection, "L", "payment_order", date(2025, 7, 5), "clerk", "unpaid")
        day = number_of(CALLED)
        accelerate(connection, Accelerated("L", "called", day, day))
        arrived(connection)
        order = acted(connection, "payment_order", CALLED)
        assert outbox(connection) == ["message.letter", "message.letter", "legal.file"]
        case = case_of(connection, "L", CALLED)
        started = case.steps[-1].started
        assert started is not None and started.claim_fen == case.claim.payoff_fen
        # a third of (50.00 + 2.5 % of what is above 10,000.00)
        assert started.fee_fen == (
            (5_000 * 1_000_000 + (started.claim_fen - 1_000_000) * 25_000 + 1_500_000) // 3_000_000
        )
        assert connection.execute("select count(*) from fact where kind = 30").fetchall() == [(0,)]  # nothing charged
        period = case.claim.period
        assert period is not None and period.ends_on == date(2028, 7, 6)  # the order, three years
        legal.end(connection, order, date(2025, 7, 14), "issued")
        legal.end(connection, order, date(2025, 7, 25), "objected")
        small = acted(connection, "small_claim", date(2025, 8, 1))
        claim = next(s for s in case_of(connection, "L", date(2025, 8, 1)).steps if s.proposal.reference == small)
        assert claim.started is not None and claim.started.costs_fen == started.fee_fen


def balance_of_book(connection: psycopg.Connection[Any]) -> int:
    """What the journal has as owed by all borrowers, here one: receivables, and claims in non-accrual (9110)."""
    row = connection.execute(
        "select coalesce(sum(case when debit between 1100 and 1199 or debit = 9110 then amount_fen else 0 end) "
        "- sum(case when credit between 1100 and 1199 or credit = 9110 then amount_fen else 0 end), 0)::bigint "
        "from entry"
    ).fetchone()
    assert row is not None
    return int(row[0])


def judged(connection: psycopg.Connection[Any], **parts: Any) -> str:
    called_due(connection)
    small = acted(connection, "small_claim", CALLED)
    said = Said(perform_by=date(2025, 9, 30), **parts)
    legal.end(connection, small, date(2025, 9, 20), "granted", said)
    return small


def test_a_judgment_fixes_the_debt_and_all_show_one_sum(store: Store) -> None:
    """Papers, steps, `legal show`, explain, payoff and the journal: one sum, on every day after the judgment."""
    with store.connect() as connection:
        late(connection)
        keep(connection, "court")
        judged(connection, principal_fen=1_200_000, interest_fen=80_000, penalty_fen=40_000, costs_fen=10_937)
    # 12,000.00 + 800.00 + 400.00 + 109.37 = 13,309.37
    wanted = {
        # 0.05 % a day of 12,000.00 from the day after the judgment, as the contract says: 6.00 a day
        date(2025, 9, 20): 1_330_937,
        date(2025, 9, 30): 1_336_937,
        # ten days late: 20 × 6.00, and 12,000.00 × 0.0175 % × 10 = 21.00
        date(2025, 10, 10): 1_345_037,
    }
    for on, total in wanted.items():
        day = number_of(on)
        with store.connect() as connection:
            assert close_through(store, day).failed == []
            told = legal_case_told(connection, "L", on)
            book = book_of(connection, "L")
            position = reckon_loan(book, 0, day).position
            said = [line.text for line in explain(book, 0, "p", day).lines]
            posted = balance_of_book(connection)
        assert told["owed"]["total_fen"] == total == int(position["payoff_fen"]) == posted
        assert f"To end the loan today: {total // 100:,}.{total % 100:02d}." in said
        assert told["title"]["debt_fen"] == 1_330_937 and told["title"]["perform_by"] == "2025-09-30"


PARTS = tuple(
    CourtInstalment(due_on=date(2025, month, 30), amount_fen=fen)
    for month, fen in ((9, 400_000), (10, 400_000), (11, 530_937))
)


def test_a_judgment_in_parts_is_enforced_only_when_a_part_fails(store: Store) -> None:
    """13,309.37 in parts of 4,000.00, 4,000.00 and 5,309.37 (30 September, October, November); the first is paid."""
    with store.connect() as connection:
        late(connection)
        keep(connection, "court")
        sums = {"principal_fen": 1_200_000, "interest_fen": 80_000, "penalty_fen": 40_000, "costs_fen": 10_937}
        called_due(connection)
        small = acted(connection, "small_claim", CALLED)
        for wrong, why in (
            (PARTS[:2], r"come to 8000\.00, the judgment to 13309\.37"),
            (PARTS[::-1], "are not one after the other from 2025-09-20 on"),
        ):
            with pytest.raises(FactRefused, match=why):
                legal.end(connection, small, date(2025, 9, 20), "granted", Said(instalments=wrong, **sums))
        legal.end(connection, small, date(2025, 9, 20), "granted", Said(instalments=PARTS, **sums))
        paid = number_of(date(2025, 9, 30))
        take(connection, Repaid("L", "first", paid, paid, 400_000))
        told = legal_case_told(connection, "L", date(2025, 10, 30))
        assert told["next"]["enforcement"] == [
            "0 days past due, at least 1 are needed",
            "the court lets the debtor pay in parts, and none of them is overdue",
        ]
        assert "4000.00 by 2025-10-30" in " ".join(words_of_case(told))
        failed = date(2025, 10, 31)
        assert legal_case_told(connection, "L", failed)["next"]["enforcement"] == []
        # parts: costs 109.37, interest 800.00, penalty 400.00 and 2,690.63 of principal, then 4,000.00, then 5,309.37
        position = case_of(connection, "L", failed).reckoned.position
        assert [int(c) for c in position["arrears_fen"]] == [0, 0, 0, 400_000] and int(position["days_past_due"]) == 1
        acted(connection, "enforcement", failed)
        after = case_of(connection, "L", date(2025, 11, 1)).reckoned.position
        # all the principal that is left: 12,000.00 - 2,690.63; the clock of the contract goes on
        assert int(after["arrears_fen"][3]) == 930_937
        assert int(after["days_past_due"]) == (date(2025, 11, 1) - date(2025, 2, 10)).days


def test_after_the_judgment_money_meets_costs_first(store: Store) -> None:
    with store.connect() as connection:
        late(connection)
        judged(connection, principal_fen=1_200_000, interest_fen=80_000, penalty_fen=40_000, costs_fen=10_937)
        day = number_of(date(2025, 9, 22))
        take(connection, Repaid("L", "in", day, day, 100_000))
        position = case_of(connection, "L", date(2025, 9, 22)).reckoned.position
    # costs 109.37, interest 800.00 and two days of 6.00, penalty the rest: 1,000.00 - 921.37 = 78.63
    assert [int(position["paid_fen"][c]) for c in (1, 2, 0, 3)] == [10_937, 81_200, 7_863, 0]
    assert int(position["days_past_due"]) == (date(2025, 9, 22) - date(2025, 2, 10)).days


def test_a_judgment_without_its_sums_or_day_is_refused(store: Store) -> None:
    with store.connect() as connection:
        late(connection)
        called_due(connection)
        small = acted(connection, "small_claim", CALLED)
        on = date(2025, 9, 20)
        with pytest.raises(FactRefused, match="has a day of performance; name the day"):
            legal.end(connection, small, on, "granted")
        with pytest.raises(FactRefused, match="name --principal, --interest, --penalty and --costs"):
            legal.end(connection, small, on, "partly_granted", Said(perform_by=on))
        with pytest.raises(FactRefused, match=r"its parts come to 13703\.02"):
            legal.end(connection, small, on, "granted", Said(amount_fen=1, perform_by=on))
        with pytest.raises(FactRefused, match=r"'12000.01': 12000.00 is owed"):
            parts = {"principal_fen": 1_200_001, "interest_fen": 0, "penalty_fen": 0, "costs_fen": 0}
            legal.end(connection, small, on, "granted", Said(perform_by=on, **parts))
        assert connection.execute("select count(*) from fact where kind = 38").fetchall() == [(0,)]


def test_a_suit_fixes_the_debt_as_of_the_judgment_once_it_is_in_force(store: Store) -> None:
    with store.connect() as connection:
        late(connection)
        called_due(connection)
        suit = acted(connection, "suit", CALLED)
        first = date(2025, 9, 20)
        parts = {"principal_fen": 1_200_000, "interest_fen": 80_000, "penalty_fen": 40_000, "costs_fen": 0}
        legal.end(connection, suit, first, "partly_granted", Said(perform_by=date(2025, 10, 20), **parts))
        assert connection.execute("select count(*) from fact where kind = 38").fetchall() == [(0,)]
        with pytest.raises(FactRefused, match=r"cannot be before 2025-10-05 has passed \(appeal\)"):
            legal.end(connection, suit, date(2025, 10, 5), "final")
        final = date(2025, 10, 6)
        legal.end(connection, suit, final, "final")
        rows = connection.execute("select distinct on_day, known_on, due_on from fact where kind = 38").fetchall()
        assert rows == [(first, final, date(2025, 10, 20))]
        # 13,200.00 and 16 days of 6.00
        assert case_of(connection, "L", final).claim.payoff_fen == 1_329_600


@pytest.mark.parametrize(("follow", "days"), [(("final",), 16), (("appealed", "upheld"), 46)])
def test_a_judgment_taken_over_fixes_the_debt_by_the_sums_the_court_said(
    store: Store, follow: tuple[str, ...], days: int
) -> None:
    """Granted elsewhere on 20 September, its row says the claim alone: what the court granted is told with its end.

    12,000.00, 800.00 of interest and 400.00 of penalty at 0.04 % a day are 13,200.00 and 4.80 a day; 1,000.00 paid on
    26 September meet interest and penalty first (Civil Code 561), so the principal goes on bearing 4.80 a day.
    13,200.00 - 1,000.00 + 16 x 4.80 = 12,276.80 on 6 October; + 46 x 4.80 = 12,420.80 on 5 November.
    """
    with store.connect() as connection:
        late(connection)
        first, over = date(2025, 9, 20), date(2025, 9, 20) + timedelta(days)
        row: dict[str, Any] = {"borrower": "B", "loan": "L", "on": CALLED, "known_on": first, "reference": "S1"}
        row |= {"step": "suit", "claim_fen": 1_320_000, "ended_on": first, "outcome": "granted"}
        tell(connection, LegalTakenOver(**row))
        paid = number_of(date(2025, 9, 26))
        take(connection, Repaid("L", "paid", paid, paid, 100_000))
        for outcome in follow[:-1]:
            legal.end(connection, "S1", date(2025, 10, 1), outcome)
        court: dict[str, Any] = {"principal_fen": 1_200_000, "interest_fen": 80_000, "penalty_fen": 40_000}
        by = over + timedelta(10)
        for said, why in (
            (Said(perform_by=by), "name --principal, --interest, --penalty and --costs"),
            (Said(perform_by=by, costs_fen=0, **court), "name --rate"),
            (Said(costs_fen=0, rate_percent="0.04", **court), "name the day until which"),
            (Said(0, by, 0, 0, 0, 0, "0.04"), "a judgment granted has a sum"),
        ):
            with pytest.raises(FactRefused, match=why):
                legal.end(connection, "S1", over, follow[-1], said)
        assert connection.execute("select count(*) from fact where kind = 38").fetchall() == [(0,)]
        legal.end(connection, "S1", over, follow[-1], Said(perform_by=by, costs_fen=0, rate_percent="0.04", **court))
        rows = connection.execute("select distinct on_day, known_on, due_on from fact where kind = 38").fetchall()
        assert rows == [(first, over, by)]
        assert case_of(connection, "L", over).claim.payoff_fen == 1_220_000 + days * 480
        [told] = [s.outcomes[-1] for s in case_of(connection, "L", over).steps]
        assert (told.amount_fen, told.rate) == (1_320_000, 4_000)


def test_a_judgment_that_is_final_already_is_a_task_until_its_sums_are_told(store: Store) -> None:
    """In force elsewhere since 20 September: a task, and nothing in the ledger, until the sums come on 6 October.

    12,000.00 + 800.00 + 400.00 = 13,200.00, and 16 days of 4.80 (0.04 % of 12,000.00) until then: 13,276.80.
    """
    with store.connect() as connection, adbc.connect(store.url, autocommit=True) as reader:
        late(connection)
        first, told_on = date(2025, 9, 20), date(2025, 10, 6)
        row: dict[str, Any] = {"borrower": "B", "loan": "L", "on": CALLED, "known_on": first, "reference": "S1"}
        row |= {"step": "suit", "claim_fen": 1_320_000, "ended_on": first, "outcome": "final"}
        tell(connection, LegalTakenOver(**row))
        connection.commit()
        watch(connection, reader, date(2025, 10, 1))
        assert "watch:L:judgment.sums:S1" in open_keys(connection)
        (task,) = [t for t in tasks(connection, [*OUTBOX], date(2025, 10, 1)) if "judgment.sums" in t.key]
        assert task.what.startswith("judgment: sums: in force since 2025-09-20 by the former system's row")
        assert task.todo.startswith("`afterloan legal end S1 final --principal")
        court = Said(0, date(2025, 10, 20), 1_200_000, 80_000, 40_000, 0, "0.04")
        with pytest.raises(FactRefused, match="name --principal"):
            legal.end(connection, "S1", told_on, "final", Said(perform_by=date(2025, 10, 20)))
        legal.end(connection, "S1", told_on, "final", court)
        case = case_of(connection, "L", told_on)
        assert case.claim.payoff_fen == 1_320_000 + 16 * 480
        title = title_of(case.steps, step_rules("CN", told_on))
        assert title is not None and (title.in_force_on, title.debt_fen) == (first, 1_320_000)
        assert "watch:L:judgment.sums:S1" not in open_keys(connection)
        with pytest.raises(FactRefused, match="cannot follow final"):  # once: then the ledger has it
            legal.end(connection, "S1", date(2025, 10, 7), "final", court)


def test_a_judgment_in_force_elsewhere_still_needs_no_sums_and_one_dismissed_grants_none(store: Store) -> None:
    """Dismissed elsewhere and final here: nobody asks for sums, nothing is fixed."""
    with store.connect() as connection:
        late(connection)
        first = date(2025, 9, 20)
        row: dict[str, Any] = {"borrower": "B", "loan": "L", "on": CALLED, "known_on": first, "reference": "S1"}
        row |= {"step": "suit", "claim_fen": 1_320_000, "ended_on": first, "outcome": "dismissed"}
        tell(connection, LegalTakenOver(**row))
        legal.end(connection, "S1", date(2025, 10, 6), "final")
        assert connection.execute("select count(*) from fact where kind = 38").fetchall() == [(0,)]


def test_deadlines_end_with_their_case(store: Store) -> None:
    """The court's time and the paper to be filed are tasks while they stand; what came of the step withdraws them."""
    with store.connect() as connection, adbc.connect(store.url, autocommit=True) as reader:
        late(connection)
        called_due(connection)
        order = acted(connection, "payment_order", CALLED)
        watch(connection, reader, date(2025, 7, 21))  # 5 and 15 days after the 6th are over
        watch(connection, reader, date(2025, 7, 22))
        task = "watch:L:payment_order."
        filed = f"file:{order}"
        assert open_keys(connection) == [
            filed, f"{task}court_answers:2025-07-11", f"{task}order_issued:2025-07-21"
        ]  # fmt: skip
        legal.end(connection, order, date(2025, 7, 22), "issued")
        assert open_keys(connection) == []
        watch(connection, reader, date(2025, 8, 6))
        assert open_keys(connection) == [f"{task}debtor_pays_or_objects:2025-08-06"]
        legal.end(connection, order, date(2025, 8, 6), "objected")
        assert open_keys(connection) == []


def open_keys(connection: psycopg.Connection[Any]) -> list[str]:
    return [
        r[0]
        for r in connection.execute(
            "select o.key from outbox o where o.kind in ('task', 'legal.file') and not exists (select from event e "
            "where e.reference = 'withdrawn:' || o.key) order by o.key"
        ).fetchall()
    ]


def test_the_period_of_every_loan_is_watched(store: Store) -> None:
    """A loan with no legal step: warned once when 180 days are left, whatever day that is; a payment starts it anew."""
    with store.connect() as connection:
        late(connection)  # the last of twelve instalments is due on 10 January 2026: the period ends on 10 January 2029
    on = date(2028, 9, 1)  # 131 days before
    with store.connect() as connection, adbc.connect(store.url, autocommit=True) as reader:
        assert watch(connection, reader, date(2028, 1, 1)) == 0
        assert watch(connection, reader, on) == 1
        assert watch(connection, reader, on + timedelta(1)) == 0
        assert open_keys(connection) == ["watch:L:limitation:2029-01-10:180"]
        day = number_of(date(2028, 9, 10))
        take(connection, Repaid("L", "in", day, day, 10_000))
    with store.connect() as connection, adbc.connect(store.url, autocommit=True) as reader:
        assert watch(connection, reader, date(2028, 9, 11)) == 0
        assert open_keys(connection) == []
        assert watch(connection, reader, date(2031, 9, 1)) == 1
        assert open_keys(connection) == ["watch:L:limitation:2031-09-10:30"]


def test_the_tables_refuse_what_nobody_approved(store: Store) -> None:
    with store.connect() as connection:
        late(connection)
        told: dict[str, Any] = {"borrower": "B", "loan": "L", "on": ON, "known_on": ON, "step": "suit", "by": "clerk"}
        tell(connection, LegalStepProposed(**told, reference="p", reason="unpaid"))
        owner = connection.execute("select borrower from borrower").fetchone()
    assert owner is not None
    with store.connect() as connection, pytest.raises(psycopg.errors.CheckViolation, match="not approved by a person"):
        tell(connection, LegalStepStarted(**told, reference="s", of="p", approvals=("none",), claim_fen=1))
    moment = datetime(2025, 6, 20, tzinfo=UTC)
    paper = LegalPaperBody(proposal="p", step="payment_order", loan="L", claim_fen=1)
    with store.connect() as connection, pytest.raises(psycopg.errors.CheckViolation, match="belongs to no legal step"):
        put(connection, [Action("k", owner[0], "legal.file", moment, ON, None, paper)])


def test_a_write_off_needs_its_days_its_evidence_and_two_people_and_happens_once(store: Store) -> None:
    with store.connect() as connection:
        late(connection)
    day = date(2025, 8, 20)
    with store.connect() as connection:
        with pytest.raises(FactRefused, match="130 days past due, the pack asks for 180; nothing kept proves"):
            propose_loss(connection, "L", "write_off", ON, "rule")
        with pytest.raises(FactRefused, match="nothing kept proves that it was pursued: one of court, notice"):
            propose_loss(connection, "L", "write_off", day, "rule")
        keep(connection, "notice")
        proposal = propose_loss(connection, "L", "write_off", day, "rule")
        assert propose_loss(connection, "L", "write_off", date(2025, 8, 21), "clerk") == proposal  # it waits already
        with pytest.raises(FactRefused, match="does not decide it; it takes: head_of_risk, finance"):
            approve_loss(connection, proposal, day, "zhao", "legal_counsel")
        assert not approve_loss(connection, proposal, day, "sun", "head_of_risk")
        with pytest.raises(FactRefused, match="has approved in another role"):
            approve_loss(connection, proposal, day, "sun", "finance")
        assert approve_loss(connection, proposal, day, "wang", "finance")
        assert approve_loss(connection, proposal, date(2025, 8, 22), "wang", "finance")  # again: booked
        facts = connection.execute("select kind, on_day from fact where kind in (34, 60, 61)").fetchall()
        assert facts == [(60, day)]
        with pytest.raises(FactRefused, match="it left the books on 2025-08-20 already"):
            propose_loss(connection, "L", "write_off", date(2025, 9, 20), "rule")
    with store.connect() as connection:
        case = case_of(connection, "L", day)
        assert case.reckoned.position["written_off_fen"].sum() > 1_200_000 and case.reckoned.position["payoff_fen"] == 0
        owed = case.claim.payoff_fen
        assert owed == case.reckoned.position["written_off_fen"].sum()
        paid = number_of(date(2025, 8, 30))
        take(connection, Repaid("L", "in", paid, paid, 50_000))
        after = case_of(connection, "L", date(2025, 8, 30))
        assert after.claim.payoff_fen == owed - 50_000
        # 190 days on the last evening in the books, 19 August, and eleven more: no ladder starts anew
        assert (case.claim.days_past_due, after.claim.days_past_due) == (190, 200)


def test_a_claim_off_the_books_is_shown_alike_everywhere(store: Store) -> None:
    """Written off on 20 August, 500.00 recovered: explain, statement, quote, `legal show` and the payoff agree."""
    with store.connect() as connection:
        late(connection)
        day = number_of(date(2025, 8, 20))
        take(connection, WrittenOff("L", "off", day, day))
        paid = number_of(date(2025, 8, 30))
        taken = take(connection, Repaid("L", "in", paid, paid, 50_000))
        off = int(taken.reckoned.position["written_off_fen"].sum())
        told = legal_case_told(connection, "L", date(2025, 8, 30))
        book = book_of(connection, "L")
    owed = off - 50_000
    assert off > 1_200_000 and told["owed"]["total_fen"] == told["owed"]["off_books_fen"] == owed
    assert ends_debt(taken.reckoned.position) == owed
    shown = f"{owed // 100:,}.{owed % 100:02d}"
    said = [line.text for line in explain(book, 0, "p", paid).lines]
    assert f"To end the loan today: {shown}." in said
    assert f"Written off on 2025-08-20, still owed: {shown} (off the books; recovered so far 500.00)." in said
    statement = loan_statement(book, 0, "L", np.zeros(0, ENTRY), [], None, paid)
    assert (statement.owed_fen, statement.claim_fen) == (owed, owed)
    quoted = quote(book, Want("full"), paid, paid)
    assert (quoted.pay_fen, quoted.saves_fen, quoted.after) == (owed, 0, ())
    with pytest.raises(FactRefused, match="nothing is left to repay early"):
        quote(book, Want("amount", 10_000), paid, paid)


def test_by_the_door_a_person_approves_in_their_own_name_and_role(store: Store) -> None:
    """Who proposed, approved and started is who stood at the door; a role is had by appointment, not by saying so."""
    with store.connect() as connection:
        late(connection)
    clerk, wang, zhao = (
        Who("person", "clerk", ("counsel",), "keyboard"),
        Who("person", "wang", ("collections_lead",), "keyboard"),
        Who("person", "zhao", ("legal_counsel",), "keyboard"),
    )
    with desk_of(store) as desk:

        def act(who: Who, verb: str, **asked: Any) -> Answer | Refused:
            return do(desk, who, verb, asked, f"{verb}:{who.name}:{asked}", ON)

        made = act(clerk, "legal.propose", loan="L", step="demand_letter")
        assert isinstance(made, Answer)
        of = {"proposal": made.body["proposal"]}
        early = act(clerk, "legal.start", **of)
        assert isinstance(early, Refused) and "no approval by a collections_lead" in early.why
        liar = act(zhao, "legal.approve", **of, role="collections_lead")
        assert isinstance(liar, Refused) and (liar.kind, liar.value) == ("forbidden", "zhao")
        stranger = act(Who("person", "wang", ("finance",), "keyboard"), "legal.approve", **of, role="collections_lead")
        assert isinstance(stranger, Refused) and stranger.kind == "forbidden"
        assert isinstance(act(wang, "legal.approve", **of, role="collections_lead"), Answer)
        assert isinstance(act(clerk, "legal.start", **of), Answer)
        assert isinstance(act(clerk, "legal.end", **of, outcome="delivered"), Answer)
        unknown = act(clerk, "legal.end", proposal="nothing", outcome="delivered")
        assert isinstance(unknown, Refused) and unknown.kind == "unknown"
        told = desk.connection.execute(
            "select e.kind, e.body->>'by', a.who from event e join act a using (act) where e.kind like 'legal.%' "
            "and e.kind <> 'legal.ended' order by e.event"
        ).fetchall()
    assert told == [("legal.proposed", "clerk", "clerk"), ("legal.approved", "wang", "wang"),
                    ("legal.started", "clerk", "clerk")]  # fmt: skip


def test_by_the_door_the_last_approval_books_the_loss(store: Store) -> None:
    with store.connect() as connection:
        late(connection)
        keep(connection, "notice")
    day = date(2025, 8, 20)
    with desk_of(store) as desk:

        def act(name: str, had: str, verb: str, **asked: Any) -> Answer | Refused:
            return do(desk, Who("person", name, (had,), "keyboard"), verb, asked, f"{verb}:{name}:{had}", day)

        made = act("li", "counsel", "loss.propose", loan="L", what="write_off")
        assert isinstance(made, Refused) and made.kind == "needs_second_person"
        made = act("li", "finance", "loss.propose", loan="L", what="write_off")
        assert isinstance(made, Answer)
        of = {"proposal": made.body["proposal"]}
        first = act("sun", "head_of_risk", "loss.approve", **of, role="head_of_risk")
        assert isinstance(first, Answer) and not first.body["booked"]
        assert [task.key for task in tasks(desk.connection, [], day)] == [made.body["proposal"]]  # the second waits
        twice = act("sun", "finance", "loss.approve", **of, role="finance")
        assert isinstance(twice, Refused) and twice.kind == "needs_second_person"
        last = act("wang", "finance", "loss.approve", **of, role="finance")
        assert isinstance(last, Answer) and last.body["booked"]
        assert tasks(desk.connection, [], day) == []
        booked = desk.connection.execute("select kind, act from fact where kind = 60").fetchall()
    assert booked == [(60, last.act)]


def test_by_the_door_evidence_and_appointments_are_kept_with_who(store: Store) -> None:
    with store.connect() as connection:
        late(connection)
    lead, other = (Who("person", name, ("lead",), "keyboard") for name in ("li", "chen"))
    with desk_of(store) as desk:
        paper = {"loan": "L", "what": "notice", "name": "notice.pdf", "sha256": "cd" * 32}
        first, again = (do(desk, lead, "evidence.keep", paper, "evidence:L:cd", ON) for _ in range(2))
        assert isinstance(first, Answer) and isinstance(again, Answer) and again.known
        alone = do(desk, lead, "people.appoint", {"person": "wang", "roles": []}, "alone", ON)
        assert isinstance(alone, Refused) and alone.kind == "needs_second_person"
        named = propose(desk, lead, "people.appoint", {"person": "wang", "roles": []}, "no more wang", ON)
        assert isinstance(named, Answer) and people(desk.connection, ON)["wang"] == ["collections_lead", "finance"]
        assert isinstance(approve(desk, lead, "no more wang", ON), Refused), "who proposed it does not agree to it"
        assert isinstance(approve(desk, other, "no more wang", ON), Answer)
        then = {"sun": ["finance", "head_of_risk"], "wang": [], "zhao": ["legal_counsel"]}
        assert people(desk.connection, ON) == then  # from the day of the act
        assert people(desk.connection, ON - timedelta(1))["wang"] == ["collections_lead", "finance"]
        odd = propose(desk, lead, "people.appoint", {"person": "wang", "roles": ["janitor"]}, "janitor", ON)
        assert isinstance(odd, Refused) and (odd.kind, odd.value) == ("unknown", "janitor")
        twice = {**paper, "what": "receipt"}  # one file may prove two things
        assert isinstance(do(desk, lead, "evidence.keep", twice, "evidence:L:receipt:cd", ON), Answer)
        rows = desk.connection.execute(
            "select count(*) from event where kind = 'legal.evidence' and act <> 0"
        ).fetchall()
    assert rows == [(2,)]


def refusals_told(connection: psycopg.Connection[Any]) -> list[tuple[str, str, str]]:
    """What was turned down: which, by whom, why."""
    kinds = [LegalStepRefused.KIND, LossRefused.KIND]
    rows = connection.execute(
        f"select {BODY} from event e join borrower b using (borrower) where e.kind = any(%s) order by e.event", (kinds,)
    ).fetchall()
    return [(told["of"].split(":")[2], told["by"], told["reason"]) for (told,) in rows]


def open_approvals(connection: psycopg.Connection[Any], on: date) -> list[str]:
    return [t.what.split(",")[0] for t in tasks(connection, [], on) if t.queue == "approval"]


def test_a_title_ends_what_was_proposed_before_it_and_a_payoff_all_the_rest(store: Store) -> None:
    """Mediation and preservation wait for people when the order comes into force: nobody is asked any more."""
    with store.connect() as connection:
        late(connection)
        called_due(connection)
        order = acted(connection, "payment_order", CALLED)
        legal.propose(connection, "L", "mediation", CALLED, "clerk", "unpaid")
        legal.propose(connection, "L", "preservation", CALLED, "clerk", "unpaid")
        legal.end(connection, order, date(2025, 7, 14), "issued")
        assert sorted(open_approvals(connection, date(2025, 7, 14))) == [
            "approve or refuse mediation", "approve or refuse preservation",
        ]  # fmt: skip
        # fifteen days from 14 July to answer: from the 30th it can be enforced
        force = date(2025, 7, 30)
        legal.end(connection, order, force, "unanswered", Said(perform_by=force))
        why = f"decided already (payment_order: unanswered on {force}); it can only be enforced"
        assert refusals_told(connection) == [("mediation", "legal.course", why), ("preservation", "legal.course", why)]
        assert open_approvals(connection, force) == []
        keep(connection, "court")
        later = date(2025, 8, 10)
        legal.propose(connection, "L", "enforcement", later, "clerk", "unpaid")
        propose_loss(connection, "L", "sale", later, "clerk", 100)
        owed = case_of(connection, "L", later).claim.payoff_fen
        take(connection, Repaid("L", "all", number_of(later), number_of(later), owed))
        with desk_of(store) as desk:
            watch(connection, desk.reader, later)
        why = "nothing is owed any more"
        assert refusals_told(connection)[2:] == [("enforcement", "legal.course", why), ("sale", "legal.course", why)]
        assert open_approvals(connection, later) == []


def test_preservation_stands_beside_a_claim_and_its_fee_is_a_cost_of_it(store: Store) -> None:
    with store.connect() as connection:
        late(connection)
        called_due(connection)
        held = acted(connection, "preservation", CALLED)
        case = case_of(connection, "L", CALLED)
        started = case.steps[-1].started
        # 30.00, and a hundredth of what is above 1,000.00, rounded half up
        assert (
            started is not None
            and started.fee_fen == (3_000 * 1_000_000 + (started.claim_fen - 100_000) * 10_000 + 500_000) // 1_000_000
        )
        legal.end(connection, held, date(2025, 7, 8), "granted")
        claim = acted(connection, "small_claim", date(2025, 7, 9))
        told = next(s for s in case_of(connection, "L", date(2025, 7, 9)).steps if s.proposal.reference == claim)
        assert told.started is not None and told.started.costs_fen == started.fee_fen
        # the claim is to be filed within thirty days: our own deadline, so it is a task ten days before, on 28 July
        keys = [t for t in tasks_of(case_of(connection, "L", date(2025, 7, 28)), date(2025, 7, 28))]
        assert "watch:L:preservation.claim_filed:2025-08-07" in [key for key, _ in keys]
