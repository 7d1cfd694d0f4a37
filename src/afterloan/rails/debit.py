"""Debits as the drain sends them: planned on the day, told before they are sent, their results told once."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import adbc_driver_postgresql.dbapi as adbc
import psycopg
from psycopg.conninfo import make_conninfo

from afterloan.dates import day
from afterloan.facts import Fact, FactRefused, Repaid, Reversed
from afterloan.facts.debit import (
    DebitAttempted,
    DebitFailed,
    DebitOutcome,
    DebitReturned,
    DebitSucceeded,
    MandateRevoked,
    MandateSigned,
    Part,
)
from afterloan.facts.hold import HoldLifted, HoldPlaced
from afterloan.rails.bank.gateway import Declined, Gateway, HttpGateway, NotSent, Unclear, result_body, result_of
from afterloan.rails.bank.words import Order, Result, reference_of
from afterloan.rails.channels import only, secret
from afterloan.rails.drain import Item, Outcome, Place, Promise, Refused, Retry, Sent, Unknown, register
from afterloan.store.connect import reader_to
from afterloan.store.contacts import defaults_of, place_of
from afterloan.store.debits import (
    Standing,
    attempt_of,
    day_of,
    lock_borrower,
    outcomes_of,
    owed_today,
    standing_of,
)
from afterloan.store.events import borrower_number, events_of, tell
from afterloan.store.outbox import Action, put, put_findings
from afterloan.store.record import record
from afterloan.strategy.debit import (
    PENDING,
    Answer,
    Owed,
    Tried,
    Wanted,
    allocate,
    endings,
    next_debit,
    reason_of,
    schedule_rule,
)
from afterloan.strategy.holds import held_on, stopped

KIND = "debit.attempt"
OWN = "own"
"""The scheme of results that we say ourselves: their code is our reason."""
Take = Callable[[psycopg.Connection[Any], Fact], int]
"""Takes a fact of money in and says how much of the loan's money is now unapplied (-1: not reckoned)."""


def record_only(connection: psycopg.Connection[Any], fact: Fact) -> int:
    """Record the fact; the entries follow at the close of the day."""
    record(connection, fact)
    return -1


_take: Take = record_only


def money_through(take: Take) -> None:
    """Let money of debits go through `take` (close.money: fact, reckoning and entries in one transaction)."""
    global _take
    _take = take


@dataclass(frozen=True, slots=True)
class Settled:
    """What taking a result in came to."""

    attempt: str
    status: str
    known: bool
    money: tuple[str, ...] = ()
    """References of the facts of money told by it."""
    unapplied_fen: int = 0
    """Money on the loan that found no debt: the loan was paid meanwhile. It is owed back, or to the next instalment."""
    contradicts: str = ""
    """What was told before and does not agree; both stand, money decides."""


def take_result(connection: psycopg.Connection[Any], result: Result, known_on: date) -> Settled:
    """Tell what the bank said of an attempt, and its money, in the caller's transaction.

    The same again is known and writes nothing; results may come in any order. A result for an attempt that was never
    made, or with another amount than the one told before, raises FactRefused.
    """
    attempt = attempt_of(connection, result.end_to_end)
    if result.status == "succeeded" and result.amount_fen == 0:
        result = replace(result, amount_fen=attempt.amount_fen)  # pain.002 says that it was done, not how much
    number, _ = borrower_number(connection, attempt.borrower)
    lock_borrower(connection, number)
    if result.status == "pending":
        return Settled(attempt.reference, "pending", True)
    said = outcomes_of(connection, attempt)
    event = _event(attempt, result, max(known_on, result.on))
    before = said.get(event.KIND)
    if before is not None:
        _same(before, event)
        return Settled(attempt.reference, result.status, True)
    tell(connection, event)
    said[event.KIND] = event
    money, unapplied = _money(connection, attempt, said, event)
    _end_mandate(connection, attempt, event)
    other = {DebitSucceeded.KIND: DebitFailed.KIND, DebitFailed.KIND: DebitSucceeded.KIND}.get(event.KIND, "")
    return Settled(attempt.reference, result.status, False, money, unapplied, other if other in said else "")


def _event(attempt: DebitAttempted, result: Result, known_on: date) -> DebitOutcome:
    told: dict[str, Any] = {
        "borrower": attempt.borrower,
        "on": result.on,
        "known_on": known_on,
        "of": attempt.reference,
        "bank_reference": result.bank_reference,
        "reference": f"{attempt.reference}:{result.status}",
    }
    if result.status == "succeeded":
        if not 0 < result.amount_fen <= attempt.amount_fen:
            raise FactRefused(
                "amount_fen",
                result.amount_fen,
                f"the debit {attempt.reference} asked for {attempt.amount_fen}",
                "ask the bank what it took; nothing was taken in",
            )
        return DebitSucceeded(**told, amount_fen=result.amount_fen)
    reason = result.code if result.scheme == OWN else reason_of(result.scheme, result.code, result.on)
    cls = DebitReturned if result.status == "returned" else DebitFailed
    return cls(**told, reason=reason, code=result.code)


def _same(before: DebitOutcome, event: DebitOutcome) -> None:
    """Refuse another amount under the same attempt; days and bank references may differ between two files."""
    if isinstance(before, DebitSucceeded) and isinstance(event, DebitSucceeded):
        if before.amount_fen != event.amount_fen:
            raise FactRefused(
                "amount_fen",
                event.amount_fen,
                f"{event.of} was told before with {before.amount_fen}",
                "ask the bank which is right; reverse and tell again under a person's name",
            )


def _money(
    connection: psycopg.Connection[Any], attempt: DebitAttempted, said: dict[str, DebitOutcome], event: DebitOutcome
) -> tuple[tuple[str, ...], int]:
    """The loan facts that this outcome adds: a repayment for each part, and its reversal once it went back."""
    taken, back = said.get(DebitSucceeded.KIND), said.get(DebitReturned.KIND)
    if not isinstance(taken, DebitSucceeded) or isinstance(event, DebitFailed):
        return (), 0
    parts = allocate([(p.loan, p.amount_fen) for p in attempt.parts], taken.amount_fen)
    told: list[str] = []
    unapplied = 0
    for loan, amount in parts:
        name = f"debit:{attempt.reference}:{loan}"
        if event is taken:
            fact: Fact = Repaid(loan, name, _number(taken.on), _number(taken.known_on), amount)
            unapplied += max(_take(connection, fact), 0)
            told.append(name)
        if back is not None:
            known = max(back.known_on, taken.known_on)
            _take(connection, Reversed(loan, f"{name}:returned", _number(taken.on), _number(known), name))
            told.append(f"{name}:returned")
            unapplied = 0
    return tuple(told), unapplied


def _number(on: date) -> int:
    return day(on.isoformat())


def _end_mandate(connection: psycopg.Connection[Any], attempt: DebitAttempted, event: DebitOutcome) -> None:
    """A reason that ends the mandate revokes it in the bank's name."""
    if not isinstance(event, DebitFailed | DebitReturned) or endings(event.on).get(event.reason) != "mandate":
        return
    told: dict[str, Any] = {"of": attempt.mandate, "by": "bank", "reason": event.reason}
    told |= {"on": event.on, "known_on": event.known_on}
    name = f"{attempt.mandate}:{attempt.reference}:revoked"
    tell(connection, MandateRevoked(borrower=attempt.borrower, reference=name, **told))


# -- planning on the day ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Planned:
    """An attempt told, with the order for the bank; or why there is none."""

    attempt: DebitAttempted | None
    order: Order | None
    answer: Answer


def plan_attempt(
    connection: psycopg.Connection[Any],
    reader: adbc.Connection,
    borrower: str,
    key: str,
    now: datetime,
    since: datetime | None = None,
) -> Planned:
    """Decide the one debit to try now for an action `key` and tell it, in the caller's transaction.

    What is owed is reckoned for today at the borrower's place; a hold that stops debits stops it here too.
    Called again with the same key, because the bank never had it: the same attempt under the same reference, so that
    a first request that was only slow and the second are one debit; unless less is owed by now.
    """
    number, _ = borrower_number(connection, borrower)
    lock_borrower(connection, number)
    standing = standing_of(connection, borrower)
    zone, jurisdiction = _place(connection, number)
    today = day_of(now, zone)
    rule = schedule_rule(jurisdiction, today)
    reference = reference_of(key)
    held = held_on(events_of(connection, borrower, (HoldPlaced.KIND, HoldLifted.KIND)), today, jurisdiction)
    hold = stopped(held).get("debit")
    owed = owed_today(connection, reader, [number], today).get(number, [])
    made = next((t for t in standing.tried if t.reference == reference), None)
    if made is not None and hold is None and made.state == PENDING and _still_wanted(made, owed):
        attempt = attempt_of(connection, reference)
        return Planned(attempt, _order(connection, attempt, standing), Answer(None))
    if made is not None:
        answer = Answer(None, (rule.finding(today, "not sent again", attempt=reference, state=made.state),))
    elif hold is not None:
        told = hold.rule.finding(today, "stopped", hold=hold.hold, since=hold.since.isoformat())
        answer = Answer(None, (told,))
    else:
        answer = next_debit(now, zone, rule, standing.mandates, owed, standing.tried, since=since)
    put_findings(connection, ((number, None, KIND, finding) for finding in answer.findings))
    if answer.wanted is None:
        return Planned(None, None, answer)
    attempt = _attempted(answer.wanted, borrower, reference, key, now, today)
    tell(connection, attempt)
    return Planned(attempt, _order(connection, attempt, standing), answer)


def _still_wanted(made: Tried, owed: Sequence[Owed]) -> bool:
    """Whether every loan of an attempt still owes what it asks for."""
    now = {o.loan: o.amount_fen for o in owed}
    return all(now.get(loan, 0) >= amount for loan, amount in made.parts)


def _attempted(wanted: Wanted, borrower: str, reference: str, key: str, now: datetime, today: date) -> DebitAttempted:
    return DebitAttempted(
        borrower=borrower,
        on=today,
        known_on=today,
        at=now,
        reference=reference,
        mandate=wanted.mandate,
        rail=wanted.rail,  # type: ignore[arg-type]  # the mandate's own, checked when it was signed
        amount_fen=wanted.amount_fen,
        parts=tuple(Part(loan=loan, amount_fen=amount) for loan, amount in wanted.parts),
        action=key,
        represents=wanted.represents,
    )


def _place(connection: psycopg.Connection[Any], borrower: int) -> tuple[str, str]:
    row = connection.execute("select attributes from borrower where borrower = %s", (borrower,)).fetchone()
    assert row is not None
    place = place_of(row[0], defaults_of(connection))
    return place.zones[0], place.jurisdiction


def _order(connection: psycopg.Connection[Any], attempt: DebitAttempted, standing: Standing) -> Order:
    row = connection.execute("select name from borrower where reference = %s", (attempt.borrower,)).fetchone()
    assert row is not None
    return order_under(attempt, standing.signed[attempt.mandate], row[0])


def order_under(attempt: DebitAttempted, mandate: MandateSigned, name: str) -> Order:
    """The order for the bank of an attempt under its mandate."""
    return Order(
        end_to_end=attempt.reference,
        amount_fen=attempt.amount_fen,
        mandate=mandate.reference,
        signed_on=mandate.on,
        name=mandate.holder or name or attempt.borrower,
        account=mandate.account,
        bank=mandate.bank,
        text=" ".join(part.loan for part in attempt.parts)[:140],
    )


# -- following on -------------------------------------------------------------------------------------------------


def follow_on(connection: psycopg.Connection[Any], result: Result, now: datetime) -> str | None:
    """After a result: the key of the next action put, if another debit of this day makes sense.

    Within a round every source is tried once; the rounds of a day begin at the action's own time and at each
    `again_at` of its body. Call it in the transaction of `take_result`, when that result was new.
    """
    attempt = attempt_of(connection, result.end_to_end)
    row = connection.execute(
        "select borrower, loan, body, not_before, decided_on from outbox where key = %s",
        (attempt.action,),
    ).fetchone()
    if row is None or result.status not in ("succeeded", "failed"):
        return None
    number, loan, body, not_before, decided_on = row
    zone, jurisdiction = _place(connection, number)
    today = day_of(now, zone)
    if attempt.on != today:
        return None  # a late answer: the ladder of its day decides
    since = datetime.fromisoformat(body["round"]) if "round" in body else not_before
    root = body.get("root", attempt.action)
    standing = standing_of(connection, attempt.borrower)
    if result.status == "failed":
        owed = [Owed(p.loan, p.amount_fen) for p in attempt.parts]
        rule = schedule_rule(jurisdiction, today)
        if next_debit(now, zone, rule, standing.mandates, owed, standing.tried, since=since).wanted is None:
            times = body.get("with", {}).get("again_at", [])
            later = sorted(m for m in (_at(today, t, zone) for t in times) if m > now)
            if not later:
                return None
            since = now = later[0]
    turn = sum(t.at.astimezone(now.tzinfo).date() == now.date() for t in standing.tried) + 1
    following = {**body, "root": root, "round": since.isoformat(), "after": attempt.reference}
    key = f"{root}#{turn}"
    put(connection, [Action(key, number, KIND, now, decided_on, loan, following)])
    return key


def _at(today: date, text: str, zone: str) -> datetime:
    return datetime.combine(today, datetime.strptime(text, "%H:%M").time(), ZoneInfo(zone))


# -- the drain's handler ------------------------------------------------------------------------------------------


class Debits:
    """Sends debits through a gateway, one at a time and at most once; those of file rails wait for their file."""

    channel = "debit"
    promise = Promise.ONCE
    batch = 50
    rate: int | None = None
    tries = 5

    def __init__(self, place: Place, gateway: Gateway | None = None) -> None:
        """A handler; `place.config` holds the gateway's `url` and names in `token` the variable with its token."""
        only(place, "url", "token")
        self.gateway: Gateway | None = gateway
        if gateway is None and place.config.get("url"):
            token = secret(place, "token") if place.config.get("token") else ""
            self.gateway = HttpGateway(str(place.config["url"]), token)
        self._orders: dict[str, tuple[str, Order]] = {}
        self._reader: adbc.Connection | None = None

    def admit(
        self, connection: psycopg.Connection[Any], items: Sequence[Item], now: datetime
    ) -> Sequence[Refused | Retry | None]:
        """Plan each debit on what is owed now and tell it as attempted."""
        reader = self._read_through(connection)
        return [self._admit(connection, reader, item, now) for item in items]

    def _admit(
        self, connection: psycopg.Connection[Any], reader: adbc.Connection, item: Item, now: datetime
    ) -> Refused | Retry | None:
        since = datetime.fromisoformat(item.body["round"]) if "round" in item.body else item.not_before
        planned: Planned | None = None
        with connection.transaction():
            planned = plan_attempt(connection, reader, item.borrower, item.key, now, since)
            if planned.attempt is not None and planned.attempt.rail == "gateway" and self.gateway is None:
                raise psycopg.Rollback  # told as attempted only when it will be
        if planned.attempt is None or planned.order is None:
            if planned.answer.again_at is not None:
                return Retry("outside the hours of debits", planned.answer.again_at)
            return Refused("; ".join(f.outcome for f in planned.answer.findings) or "nothing to collect")
        if planned.attempt.rail == "gateway" and self.gateway is None:
            return Retry("no gateway is configured: write debit: {url: …} in channels.yaml")
        self._orders[planned.attempt.reference] = (planned.attempt.rail, planned.order)
        return None

    def _read_through(self, connection: psycopg.Connection[Any]) -> adbc.Connection:
        if self._reader is None:
            told = dict(connection.info.get_parameters())
            if connection.info.password:
                told["password"] = connection.info.password
            self._reader = reader_to(make_conninfo(**told))
        return self._reader

    def send(self, items: Sequence[Item], now: datetime) -> Sequence[Outcome]:
        """Ask the bank, one after another; a broken line leaves that one in doubt and no other."""
        return [self._send(item) for item in items]

    def _send(self, item: Item) -> Outcome:
        reference = reference_of(item.key)
        rail, order = self._orders.pop(reference)
        if rail != "gateway":
            return Sent(reference, {"rail": rail})
        assert self.gateway is not None
        try:
            return _sent(self.gateway.debit(order))
        except NotSent as error:
            return Retry(str(error))
        except Declined as error:
            return Refused(str(error), {"declined": True})
        except Unclear as error:
            return Unknown(str(error))

    def ask(self, item: Item) -> Outcome:
        """What became of a debit in doubt, by its key; the gateway never had it: Retry."""
        if self.gateway is None:
            return Unknown("no gateway is configured to ask")
        try:
            result = self.gateway.ask(reference_of(item.key))
        except Unclear as error:
            return Unknown(str(error))
        return Retry("the bank never had it") if result is None else _sent(result)

    def recorded(
        self, connection: psycopg.Connection[Any], items: Sequence[tuple[Item, Outcome]], now: datetime
    ) -> None:
        """Tell the results, and that what was not sent was not."""
        for item, outcome in items:
            result = self._result(connection, item, outcome, now)
            if result is None:
                continue
            zone, _ = _place(connection, item.borrower_number)
            settled = take_result(connection, result, day_of(now, zone))
            if not settled.known and result.scheme != OWN:
                follow_on(connection, result, now)

    def _result(
        self, connection: psycopg.Connection[Any], item: Item, outcome: Outcome, now: datetime
    ) -> Result | None:
        if isinstance(outcome, Sent):
            return result_of(outcome.detail["result"]) if "result" in outcome.detail else None
        if not isinstance(outcome, Refused):
            return None  # in doubt, or to be sent again under the same reference
        reference = reference_of(item.key)
        try:
            attempt = attempt_of(connection, reference)
        except FactRefused:
            return None  # never admitted
        if attempt.rail != "gateway" or outcomes_of(connection, attempt):
            return None
        code = "technical" if outcome.detail.get("declined") else "not_sent"
        return Result(reference, "failed", attempt.on, 0, code, OWN, note=outcome.why[:140])


def _sent(result: Result) -> Sent:
    return Sent(result.bank_reference, {"result": result_body(result)})


register("debit", (KIND,), lambda place: Debits(place))
