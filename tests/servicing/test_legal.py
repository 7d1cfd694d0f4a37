"""Legal steps in the store: the gate of approval holds at every door; costs reach the loan; losses need two people."""

from datetime import UTC, date, datetime
from typing import Any

import adbc_driver_postgresql.dbapi as adbc
import psycopg
import pytest

from afterloan.facts import FactRefused
from afterloan.facts.act import Answer, Refused, Who
from afterloan.facts.legal import EvidenceKept, LegalStepProposed, LegalStepStarted
from afterloan.facts.outbox import Action, LegalPaperBody
from afterloan.servicing import legal
from afterloan.servicing.desk import desk_of
from afterloan.servicing.door import do
from afterloan.store.events import tell
from afterloan.store.legal import appoint, case_of, people
from afterloan.store.outbox import put
from afterloan.store.server import Store
from tests.strategy.books import borrower, loan

ON = date(2025, 6, 20)  # the first instalment of 10 February is 130 days past due


def late(connection: psycopg.Connection[Any]) -> None:
    """A loan of 12,000.00 on which nothing was ever paid, with its evidence; three people with roles."""
    borrower(connection, "B", jurisdiction="CN", province="zhejiang")
    loan(connection, "L", "B", "2025-01-10")
    for what in ("contract", "disbursement", "identity"):
        told: dict[str, Any] = {"borrower": "B", "loan": "L", "on": date(2025, 1, 10), "known_on": date(2025, 1, 10)}
        tell(connection, EvidenceKept(**told, reference=what, what=what, name=what, sha256="ab" * 32))  # type: ignore[arg-type]
    appoint(connection, "wang", ["collections_lead", "finance"])
    appoint(connection, "zhao", ["legal_counsel"])
    appoint(connection, "sun", ["head_of_risk", "finance"])


def outbox(connection: psycopg.Connection[Any]) -> list[str]:
    return [r[0] for r in connection.execute("select kind from outbox order by action").fetchall()]


def test_from_a_proposal_to_the_order_with_its_cost(store: Store) -> None:
    with store.connect() as connection:
        late(connection)
    with store.connect() as connection, adbc.connect(store.url, autocommit=True) as reader:
        letter = legal.propose(connection, reader, "L", "demand_letter", ON, "ladder", "unpaid")
        assert legal.propose(connection, reader, "L", "demand_letter", ON, "ladder", "unpaid") == letter
        with pytest.raises(FactRefused, match="no approval by a collections_lead"):
            legal.start(connection, reader, letter, ON, "clerk")
        with pytest.raises(FactRefused, match="is not appointed as collections_lead"):
            legal.approve(connection, reader, letter, ON, "zhao", "collections_lead")
        assert outbox(connection) == []
        legal.approve(connection, reader, letter, ON, "wang", "collections_lead")
        legal.start(connection, reader, letter, ON, "clerk")
        legal.start(connection, reader, letter, ON, "clerk")  # again: the same step
        assert outbox(connection) == ["message.letter"]
        legal.end(connection, reader, letter, ON, "delivered")
        with pytest.raises(FactRefused, match="is none of demand_letter"):
            legal.end(connection, reader, letter, ON, "granted")
        order = legal.propose(connection, reader, "L", "payment_order", ON, "clerk", "unpaid")
        legal.approve(connection, reader, order, ON, "zhao", "legal_counsel")
        event = legal.start(connection, reader, order, ON, "clerk", "Court")
        assert outbox(connection) == ["message.letter", "legal.file"]
        charged = connection.execute("select amount_fen from fact where kind = 30").fetchall()
        # a third of (50.00 + 2.5 % of what is above 10,000.00)
        assert charged == [((5_000 * 1_000_000 + (event.claim_fen - 1_000_000) * 25_000 + 1_500_000) // 3_000_000,)]
        period = case_of(connection, reader, "L", ON).claim.period
        assert period is not None and period.ends_on == date(2029, 1, 10)  # the last instalment's due date + 3 years


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


def test_a_write_off_needs_two_people_and_is_then_in_the_book(store: Store) -> None:
    with store.connect() as connection:
        late(connection)
    day = date(2025, 8, 20)
    with store.connect() as connection, adbc.connect(store.url, autocommit=True) as reader:
        with pytest.raises(FactRefused, match="130 days past due, the pack asks for 180"):
            legal.propose_loss(connection, reader, "L", "write_off", ON, "rule")
        proposal = legal.propose_loss(connection, reader, "L", "write_off", day, "rule")
        assert not legal.approve_loss(connection, proposal, day, "sun", "head_of_risk")
        with pytest.raises(FactRefused, match="has approved in another role"):
            legal.approve_loss(connection, proposal, day, "sun", "finance")
        assert legal.approve_loss(connection, proposal, day, "wang", "finance")
        facts = connection.execute("select kind from fact where kind in (34, 60, 61)").fetchall()
        assert facts == [(60,)]
    with store.connect() as connection, adbc.connect(store.url, autocommit=True) as reader:
        position = case_of(connection, reader, "L", day).reckoned.position
        assert position["written_off_fen"].sum() > 1_200_000 and position["payoff_fen"] == 0


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
        twice = act("sun", "finance", "loss.approve", **of, role="finance")
        assert isinstance(twice, Refused) and twice.kind == "needs_second_person"
        last = act("wang", "finance", "loss.approve", **of, role="finance")
        assert isinstance(last, Answer) and last.body["booked"]
        booked = desk.connection.execute("select kind, act from fact where kind = 60").fetchall()
    assert booked == [(60, last.act)]


def test_by_the_door_evidence_and_appointments_are_kept_with_who(store: Store) -> None:
    with store.connect() as connection:
        late(connection)
    lead = Who("person", "li", ("lead",), "keyboard")
    with desk_of(store) as desk:
        paper = {"loan": "L", "what": "notice", "name": "notice.pdf", "sha256": "cd" * 32}
        first, again = (do(desk, lead, "evidence.keep", paper, "evidence:L:cd", ON) for _ in range(2))
        assert isinstance(first, Answer) and isinstance(again, Answer) and again.known
        named = do(desk, lead, "people.appoint", {"person": "wang", "roles": []}, "no more wang", ON)
        assert isinstance(named, Answer)
        assert people(desk.connection) == {"wang": [], "zhao": ["legal_counsel"], "sun": ["head_of_risk", "finance"]}
        rows = desk.connection.execute(
            "select count(*) from event where kind = 'legal.evidence' and act <> 0"
        ).fetchall()
    assert rows == [(1,)]
