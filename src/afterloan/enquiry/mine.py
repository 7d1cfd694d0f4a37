"""What borrowers ask about themselves: what is owed and by when, what is on its way, who leaves them in peace."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np
import psycopg

from afterloan.dates import NEVER, date_of, number_of
from afterloan.enquiry.furnished import borrower_told
from afterloan.enquiry.masking import last_four
from afterloan.enquiry.positions import date_or_none, state_of
from afterloan.facts import FactRefused
from afterloan.facts.events import Event
from afterloan.facts.hold import HOLD_KINDS
from afterloan.facts.limit import LINE_KINDS, LimitFrozen
from afterloan.facts.relief import PLAN_EVENTS, HardshipApplied, HardshipDecided, PlanAccepted
from afterloan.loan.book import Book
from afterloan.loan.reckon import reckon_book, reckon_loan
from afterloan.loan.suppose import alone, repaid, suppose
from afterloan.loan.terms import Component, FactKind, State
from afterloan.store.contacts import place_in
from afterloan.store.debits import MandateStanding, standing_of
from afterloan.store.details import details_of
from afterloan.store.events import BODY, events_of
from afterloan.store.inbox import in_inbox
from afterloan.store.limits import line_now
from afterloan.store.loans import ALL_OF_BORROWER, loans_now
from afterloan.store.message_codes import shown_code
from afterloan.store.promises import promises_of
from afterloan.strategy.debit import FAILED, PENDING, RETURNED, SUCCEEDED, Tried
from afterloan.strategy.holds import held_on
from afterloan.strategy.promises import PENDING as PENDING_PROMISE

PARTS = {"principal": Component.PRINCIPAL, "interest": Component.INTEREST, "fees": Component.FEE,
         "penalty": Component.PENALTY}  # fmt: skip
OVER = (State.PAID_OFF, State.SOLD)
STATES = {PENDING: "on_its_way", SUCCEEDED: "arrived", FAILED: "not_taken", RETURNED: "went_back"}
"""What became of a debit, in words for who pays."""
RECENT = 30
"""Payments that are shown."""


@dataclass(frozen=True, slots=True)
class MyLoan:
    """A loan as it stands. `due_fen`: due by the day and unpaid, `parts` of it; `since`: the oldest unpaid due day.

    `grace_until`: the last day on which payment still counts as on time, for penalty and bureau alike; None: past.
    """

    loan: str
    state: str
    due_fen: int
    parts: Mapping[str, int]
    since: date | None
    days: int
    grace_until: date | None
    payoff_fen: int
    next_on: date | None
    next_fen: int
    left: int


@dataclass(frozen=True, slots=True)
class MyMoney:
    """Money under way or arrived. `state`: on_its_way, waits, arrived, not_taken, went_back, taken_back."""

    reference: str
    on: date
    state: str
    amount_fen: int
    by: str
    account: str = ""
    reason: str = ""
    loans: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class MyMandate:
    """An account that may be debited: its last four digits, bank and kind."""

    reference: str
    source: str
    account: str
    bank: str


@dataclass(frozen=True, slots=True)
class MyPeace:
    """Why and until when (None: until somebody lifts it) a borrower is not chased. `of`: the hold's reference."""

    hold: str
    since: date
    until: date | None
    of: str


@dataclass(frozen=True, slots=True)
class MyLine:
    """The credit line: what it is, and since when and by which rule it rests (None: it does not)."""

    limit_fen: int
    frozen_on: date | None
    rule: str


@dataclass(frozen=True, slots=True)
class Mine:
    """All that the first page of a borrower says. `plan`: the offer that runs; `asked`: the hardship under review."""

    borrower: str
    name: str
    on: date
    due_fen: int
    parts: Mapping[str, int]
    since: date | None
    days: int
    grace_until: date | None
    next_on: date | None
    next_fen: int
    on_its_way_fen: int
    loans: tuple[MyLoan, ...]
    line: MyLine | None
    peace: tuple[MyPeace, ...]
    mandates: tuple[MyMandate, ...]
    money: tuple[MyMoney, ...]
    plan: str
    asked: str


def mine(connection: psycopg.Connection[Any], borrower: str, on: date, known_on: date | None = None) -> Mine:
    """Everything of a borrower on a day. Raises FactRefused (unknown).

    Due on 8 December with 3 days of grace, looked at on the 9th: grace until the 11th, 2 days left.
    """
    borrower_told(connection, borrower)
    details = details_of(connection, borrower, on, known_on or on)
    loans, paid = _loans(connection, borrower, on, known_on or on)
    kinds = (*HOLD_KINDS, *LINE_KINDS, *PLAN_EVENTS, HardshipApplied.KIND, HardshipDecided.KIND)
    events = events_of(connection, borrower, kinds, on)
    peace = _peace(events, on, place_in(connection, details.attributes).jurisdiction)
    peace += _promised(connection, borrower, on)
    standing = standing_of(connection, borrower)
    debits = _debits(connection, borrower, standing)
    due = [loan for loan in loans if loan.due_fen]
    ahead = min((loan for loan in loans if loan.next_on), key=lambda loan: loan.next_on or date.max, default=None)
    graces = [loan.grace_until for loan in due if loan.since and loan.since < on]
    money = tuple(sorted([*debits, *paid], key=lambda m: (m.on, m.reference), reverse=True)[:RECENT])
    return Mine(
        borrower, details.name, on, sum(loan.due_fen for loan in due),
        {part: sum(loan.parts[part] for loan in due) for part in PARTS},
        min((loan.since for loan in due if loan.since), default=None), max((loan.days for loan in due), default=0),
        min((g for g in graces if g), default=None) if all(graces) else None,
        ahead.next_on if ahead else None,
        sum(loan.next_fen for loan in loans if ahead and loan.next_on == ahead.next_on),
        sum(m.amount_fen for m in debits if m.state in ("on_its_way", "waits")), loans,
        _line(connection, borrower, on, events), peace, _mandates(standing, on), money,
        _running(events, peace), _under_review(events),
    )  # fmt: skip


BY_DEBIT = (
    "select f.fact from fact f join contract c using (loan) join borrower b on b.borrower = c.borrower "
    "where b.reference = %s and f.reference like 'debit:%%'"
)


def _loans(
    connection: psycopg.Connection[Any], borrower: str, on: date, known_on: date
) -> tuple[tuple[MyLoan, ...], list[MyMoney]]:
    names = _names(connection, borrower)
    if not names:
        return (), []
    book = loans_now(connection, ALL_OF_BORROWER, {"of": borrower})
    positions = reckon_book(book, number_of(on), number_of(known_on))
    loans = [_loan(name, book, k, positions[k]) for k, name in enumerate(names)]
    ours = {int(row[0]) for row in connection.execute(BY_DEBIT, (borrower,)).fetchall()}
    paid = [money for k, name in enumerate(names) for money in _paid(name, book, k, on, ours)]
    return tuple(loans), paid


def _names(connection: psycopg.Connection[Any], borrower: str) -> list[str]:
    rows = connection.execute(
        f"select c.reference from contract c where {ALL_OF_BORROWER} order by c.loan", {"of": borrower}
    ).fetchall()
    return [str(row[0]) for row in rows]


def own_loan(connection: psycopg.Connection[Any], borrower: str, loan: str) -> Book:
    """The book of one loan of a borrower. Raises FactRefused (unknown), in the same words for what is not there."""
    return own_loans(connection, borrower, (loan,))[0]


def own_loans(connection: psycopg.Connection[Any], borrower: str, loans: Iterable[str]) -> list[Book]:
    """The same of several loans, which are read once: a book each, in their order."""
    names, wanted = _names(connection, borrower), list(loans)
    if not set(wanted) <= set(names):
        raise FactRefused("loan", "", "there is nothing of yours under that name", "look at your own loans", "unknown")
    book = loans_now(connection, ALL_OF_BORROWER, {"of": borrower}) if wanted else None
    return [alone(book, names.index(loan)) for loan in wanted] if book is not None else []


def _loan(name: str, book: Book, k: int, p: np.void) -> MyLoan:
    due = p["arrears_fen"] + p["due_today_fen"]
    terms = book.products[book.contracts["product"][k]]
    grace = min(int(terms["grace_bureau_days"]), int(terms["grace_penalty_days"]))
    since = date_or_none(p["oldest_unpaid_on"]) if due.sum() else None
    until = since + timedelta(days=grace) if since else None
    in_grace = until is not None and int(p["days_past_due"]) <= grace
    return MyLoan(
        name, state_of(p), int(due.sum()), {part: int(due[int(c)]) for part, c in PARTS.items()}, since,
        int(p["days_past_due"]), until if in_grace else None, int(p["payoff_fen"]),
        date_or_none(p["next_due_on"]), int(p["next_due_fen"]), int(p["instalments_left"]),
    )  # fmt: skip


def _paid(name: str, book: Book, k: int, on: date, by_debit: set[int]) -> list[MyMoney]:
    """Money received for a loan by other ways than a debit that stands in the record of debits."""
    facts = book.facts[book.fact_at[k] : book.fact_at[k + 1]]
    came = facts[(facts["kind"] == int(FactKind.REPAID)) & (facts["on"] <= number_of(on))]
    return [
        MyMoney(f"fact-{int(f['fact'])}", date_of(int(f["on"])), "taken_back" if f["gone_on"] < NEVER else "arrived",
                int(f["amount_fen"]), "received", loans=(name,))
        for f in came
        if int(f["fact"]) not in by_debit
    ]  # fmt: skip


ASKED = (
    "select o.key, o.decided_on, o.body, o.not_before from outbox o join borrower b using (borrower) "
    "where b.reference = %s and o.key like 'debit-asked/%%' "
    "and not exists (select from event e where e.kind = 'debit.attempted' and e.body->>'action' = o.key) "
    "and not exists (select from sending s where s.action = o.action and s.step in ('refused', 'dropped')) "
    "and not exists (select from event e where e.reference = 'withdrawn:' || o.key)"
)


def _debits(connection: psycopg.Connection[Any], borrower: str, standing: MandateStanding) -> list[MyMoney]:
    """Debits tried, and those that wait for the hour from which a bank may be asked."""
    found = [_debit(tried, standing.signed[tried.mandate].account) for tried in standing.tried]
    for key, on, body, _ in connection.execute(ASKED, (borrower,)).fetchall():
        loans = tuple(x["loan"] for x in body.get("loans", ()))
        found.append(MyMoney(key.removeprefix("debit-asked/"), on, "waits", int(body["amount_fen"]), "debit", "", "",
                             loans))  # fmt: skip
    return found


def _debit(tried: Tried, account: str) -> MyMoney:
    taken = tried.taken_fen if tried.state == SUCCEEDED else tried.amount_fen
    loans = tuple(loan for loan, _ in tried.parts)
    return MyMoney(tried.reference, tried.at.date(), STATES[tried.state], taken, "debit", last_four(account),
                   tried.reason, loans)  # fmt: skip


def money_of(connection: psycopg.Connection[Any], borrower: str, reference: str) -> MyMoney:
    """One debit of a borrower. Raises FactRefused (unknown), in the same words whether it is there or not."""
    for one in _debits(connection, borrower, standing_of(connection, borrower)):
        if one.reference == reference:
            return one
    raise FactRefused("payment", "", "there is nothing of yours under that name", "look at your payments", "unknown")


def _mandates(standing: MandateStanding, on: date) -> tuple[MyMandate, ...]:
    stands = [m for m in standing.mandates if m.revoked_on is None or m.revoked_on > on]
    return tuple(
        MyMandate(m.reference, m.source, last_four(standing.signed[m.reference].account),
                  standing.signed[m.reference].bank)
        for m in stands
    )  # fmt: skip


def _peace(events: Sequence[Event], on: date, jurisdiction: str) -> tuple[MyPeace, ...]:
    held = [h for h in held_on(events, on, jurisdiction) if "collection" in h.rule.parameters["stops"]
            or "contact" in h.rule.parameters["stops"]]  # fmt: skip
    return tuple(MyPeace(h.hold, h.since, h.until or h.review_on, h.reference) for h in held)


def _promised(connection: psycopg.Connection[Any], borrower: str, on: date) -> tuple[MyPeace, ...]:
    """Promises that are not due yet: until then nobody chases."""
    pending = [p for p in promises_of(connection, borrower, on) if p.outcome == PENDING_PROMISE]
    return tuple(MyPeace("promise_pending", p.promise.on, p.until, p.promise.reference) for p in pending)


def _line(connection: psycopg.Connection[Any], borrower: str, on: date, events: Sequence[Event]) -> MyLine | None:
    line = line_now(connection, borrower, on)
    if not line.known:
        return None
    last = next((e for e in reversed(events) if isinstance(e, LimitFrozen)), None) if line.frozen else None
    return MyLine(line.limit_fen, last.on if last else None, last.rule if last else "")


def _running(events: Sequence[Event], peace: Sequence[MyPeace]) -> str:
    runs = {p.of.removesuffix("/hold") for p in peace if p.hold == "plan_running"}
    return next((e.of for e in reversed(events) if isinstance(e, PlanAccepted) and e.of in runs), "")


def _under_review(events: Sequence[Event]) -> str:
    decided = {e.of for e in events if isinstance(e, HardshipDecided)}
    return next(
        (e.reference for e in reversed(events) if isinstance(e, HardshipApplied) and e.reference not in decided), ""
    )


@dataclass(frozen=True, slots=True)
class Going:
    """Where a payment goes on one loan: by part, what is kept for later, what is due of the loan afterwards."""

    loan: str
    amount_fen: int
    parts: Mapping[str, int]
    kept_fen: int
    due_after_fen: int


def where_it_goes(
    connection: psycopg.Connection[Any], borrower: str, amounts: Mapping[str, int], on: date
) -> tuple[Going, ...]:
    """What a payment made on a day would meet, loan by loan, by the loan's own reckoning. Raises FactRefused (unknown).

    Due 405.50 principal, 71.00 interest, 23.50 penalty, paid 500.00: just these, nothing is kept, nothing due after.
    """
    books = own_loans(connection, borrower, amounts)
    return tuple(_going(loan, book, amounts[loan], number_of(on)) for loan, book in zip(amounts, books, strict=True))


def _going(loan: str, book: Book, fen: int, on: int) -> Going:
    before = reckon_loan(book, 0, on).position
    after = reckon_loan(suppose(book, [repaid(on, fen)]), 0, on).position
    met = after["paid_fen"] - before["paid_fen"]
    due = after["arrears_fen"] + after["due_today_fen"]
    kept = max(fen - int(met.sum()), 0)
    return Going(loan, fen, {part: int(met[int(c)]) for part, c in PARTS.items()}, kept, int(due.sum()))


def all_due(mine: Mine) -> dict[str, int]:
    """What is due of each loan."""
    return {loan.loan: loan.due_fen for loan in mine.loans if loan.due_fen}


def spread(mine: Mine, fen: int) -> dict[str, int]:
    """An amount over the loans, the longest overdue first: 500.00 on 642.20 and 642.30 due is 500.00 on the first."""
    parts: dict[str, int] = {}
    for loan in sorted(mine.loans, key=lambda x: (x.since or date.max, x.loan)):
        part = min(loan.due_fen, fen - sum(parts.values()))
        if part > 0:
            parts[loan.loan] = part
    return parts


SENT = (
    f"select e.body->>'key', e.at, e.body->>'channel', e.body->>'template', {BODY}, "
    "coalesce(e.body->>'code', ''), exists (select from event d where d.reference = 'delivered:' || (e.body->>'key')) "
    "from event e join borrower b using (borrower) where b.reference = %(of)s and e.kind = 'message.sent' "
    "and e.at <= %(now)s order by e.at desc limit 100"
)


@dataclass(frozen=True, slots=True)
class MyMessage:
    """A message to the borrower: by which channel and what about; `text` of those in the portal's own inbox."""

    key: str
    at: datetime
    channel: str
    template: str
    to: str
    delivered: bool
    subject: str = ""
    text: str = ""
    code: str = ""


def messages_to(connection: psycopg.Connection[Any], borrower: str, now: datetime) -> tuple[MyMessage, ...]:
    """All that was sent to a borrower by any channel up to a moment, the newest first."""
    told = {"of": borrower, "now": now}
    own = in_inbox(connection, borrower, now)
    return tuple(
        MyMessage(
            key,
            at,
            channel,
            template,
            last_four(body.get("address", "")),
            bool(done),
            *own.get(key, ("", "")),
            code=shown_code(code),
        )
        for key, at, channel, template, body, code, done in connection.execute(SENT, told).fetchall()
    )
