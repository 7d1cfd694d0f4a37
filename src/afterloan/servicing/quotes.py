"""Early repayment: quotes given and executed exactly as given."""

from dataclasses import dataclass
from typing import Any

import psycopg

from afterloan.dates import NEVER, date_of, number_of
from afterloan.facts import (
    Charge,
    Charged,
    Fact,
    Repaid,
)
from afterloan.facts.relief import (
    QuoteExecuted,
    QuoteGiven,
)
from afterloan.loan.reckon import reckon_loan
from afterloan.loan.suppose import ahead, alone
from afterloan.servicing.booking import take
from afterloan.servicing.opened import Open, opened
from afterloan.store.events import tell
from afterloan.store.loans import ONE_LOAN, loans_now
from afterloan.store.relief import event_named
from afterloan.strategy.eligibility import relief_rule
from afterloan.strategy.quote import Quote, Want, quote, same
from afterloan.strategy.simulation import facts_of_steps

Connection = psycopg.Connection[Any]


def give_quote(connection: Connection, loan: str, want: Want, on: int, today: int, reference: str) -> Quote:
    """Quote an early repayment for the day `on` and keep it under a reference. Raises FactRefused."""
    it = opened(connection, loan, today)
    made = quote(it.book, want, on, today, it.loan.jurisdiction)
    _keep_quote(it, made, reference)
    return made


def _keep_quote(it: Open, made: Quote, reference: str) -> None:
    known = date_of(it.on)
    tell(
        it.connection,
        QuoteGiven(
            borrower=it.loan.borrower_reference, loan=it.loan.reference, on=known, known_on=known, reference=reference,
            want=made.want.kind, for_on=date_of(made.on), amount_fen=made.amount_fen, fee_fen=made.fee_fen,  # type: ignore[arg-type]
            saves_fen=made.saves_fen, valid_until=date_of(made.valid_until), seal=made.seal, asked=made.want.asked,
        ),
    )  # fmt: skip
    it.keep([made.finding], "quote")


@dataclass(frozen=True, slots=True)
class Executed:
    """What executing a quote came to: done, or a fresh quote in its place, kept under `reference`."""

    done: bool
    quote: Quote
    reference: str
    why: str = ""


def execute_quote(connection: Connection, of: str, today: int, reference: str) -> Executed:
    """Execute a quote exactly as given: the money has come. Otherwise nothing is booked and a fresh quote is given."""
    given: QuoteGiven = event_named(connection, of, QuoteGiven)
    assert given.loan is not None
    want = Want(given.want, given.asked)
    it = opened(connection, given.loan, today)
    known = _executed_before(it, of)
    if known:
        return Executed(True, quote_again(it, given, want), known, "known already")
    late = today != number_of(given.for_on)
    fresh = quote(it.book, want, today, today, it.loan.jurisdiction)
    if late or not same(given.seal, fresh):
        why = f"it was for {given.for_on}" if late else "something was told of the loan since"
        _keep_quote(it, fresh, reference)
        return Executed(False, fresh, reference, why)
    for fact in _quote_facts(it, fresh, reference):
        take(it.connection, fact)
    _assert_as_quoted(it, fresh)
    on = date_of(today)
    done = QuoteExecuted(borrower=it.loan.borrower_reference, loan=given.loan, on=on, known_on=on,
                         reference=f"{reference}/executed", of=of, amount_fen=fresh.pay_fen)  # fmt: skip
    tell(it.connection, done)
    return Executed(True, fresh, reference)


def _executed_before(it: Open, of: str) -> str:
    return next((e.reference for e in it.events if isinstance(e, QuoteExecuted) and e.of == of), "")


def quote_again(it: Open, given: QuoteGiven, want: Want) -> Quote:
    """The quote as it was given, from its facts."""
    none = relief_rule("relief.quote").finding(given.on, "as given")
    on = number_of(given.for_on)
    return Quote(want, on, given.amount_fen, given.fee_fen, given.saves_fen, (), (), on, given.seal, (), none)


def _quote_facts(it: Open, made: Quote, reference: str) -> list[Fact]:
    loan, on = it.loan.reference, made.on
    facts: list[Fact] = []
    if made.fee_fen:
        facts.append(Charged(loan, f"{reference}/fee", on, on, made.fee_fen, Charge.FEE, on))
    if made.pay_fen:
        facts.append(Repaid(loan, reference, on, on, made.pay_fen))
    return facts + facts_of_steps(made.does, loan, reference, on, on)


def _assert_as_quoted(it: Open, made: Quote) -> None:
    """The loan after the facts is the one quoted, to the cent."""
    then = reckon_loan(alone(loans_now(it.connection, ONE_LOAN, {"of": it.loan.loan}), 0, made.on), 0, made.on)
    got: list[tuple[int, int]] = []
    if then.position["paid_off_on"] == NEVER:
        got = [(int(d), int(a)) for d, a in zip(*ahead(then, made.on), strict=True)]
    assert got == [(r.due_on, r.amount_fen) for r in made.after], "executed otherwise than quoted"
