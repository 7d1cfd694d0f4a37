"""Debits decided and told: planned on the day, told before they are sent, their results and money told once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Any, Literal
from zoneinfo import ZoneInfo

import adbc_driver_postgresql.dbapi as adbc
import psycopg

from afterloan.banks.words import Order, Result, reference_of
from afterloan.dates import number_of
from afterloan.facts import Fact, FactRefused, Repaid, Reversed
from afterloan.facts.act import Who
from afterloan.facts.debit import (
    DebitAttempted,
    DebitFailed,
    DebitOutcome,
    DebitPart,
    DebitReturned,
    DebitSucceeded,
    MandateRevoked,
    MandateSigned,
)
from afterloan.facts.hold import HOLD_KINDS, HoldLifted, HoldPlaced
from afterloan.facts.outbox import Action, DebitBody, DebitTask
from afterloan.rules.packs import Finding
from afterloan.servicing.repayment import take_money
from afterloan.store.contacts import defaults_of
from afterloan.store.debits import (
    MandateStanding,
    attempt_of,
    day_of,
    lock_borrower,
    outcomes_of,
    owed_today,
    pay_day_of,
    standing_of,
)
from afterloan.store.events import borrower_number, events_of, tell
from afterloan.store.outbox import put, put_findings, readable
from afterloan.strategy.debit import (
    PENDING,
    DebitAnswer,
    Owed,
    Tried,
    Wanted,
    allocate,
    endings,
    next_debit,
    next_try,
    reason_of,
    schedule_rule,
)
from afterloan.strategy.debit_retry import retry_rule
from afterloan.strategy.holds import held_on, stopped
from afterloan.strategy.places import place_of

KIND = "debit.attempt"
ASKED = "debit-asked/"
"""How the key of an action begins that a borrower asked for themself."""
ENDS = Who.rule("debit.reasons")
"""Who ends a mandate, or holds a borrower, for a reason that this rule of the pack `debit` names."""


OWN = "own"
"""The scheme of results that we say ourselves: their code is our reason."""


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
    borrower: str = ""
    """Whose debit it is."""


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
        return Settled(attempt.reference, "pending", True, borrower=attempt.borrower)
    said = outcomes_of(connection, attempt)
    _not_before(attempt, result)
    event = _event(attempt, result, max(known_on, result.on))
    before = said.get(event.KIND)
    if before is not None:
        _same(before, event)
        return Settled(attempt.reference, result.status, True, borrower=attempt.borrower)
    tell(connection, event)
    said[event.KIND] = event
    money, unapplied = _money(connection, attempt, said, event)
    _end_mandate(connection, attempt, event)
    _end_peace(connection, attempt, event)
    died = _hold_the_dead(connection, attempt, event, max(known_on, event.known_on))
    lost = isinstance(event, DebitReturned) or (isinstance(event, DebitFailed) and DebitSucceeded.KIND not in said)
    if lost and not died and isinstance(event, DebitFailed | DebitReturned) and event.reason != "not_sent":
        rest(connection, attempt, max(event.on, attempt.on))
    other = {DebitSucceeded.KIND: DebitFailed.KIND, DebitFailed.KIND: DebitSucceeded.KIND}.get(event.KIND, "")
    contradicts = other if other in said else ""
    return Settled(attempt.reference, result.status, False, money, unapplied, contradicts, attempt.borrower)


def _not_before(attempt: DebitAttempted, result: Result) -> None:
    """Refuse a result of a day before its debit: where the bank is, it may still be the day before."""
    if result.on < attempt.on - timedelta(days=1):
        raise FactRefused(
            "on",
            result.on.isoformat(),
            f"is before {attempt.on}, the day of the debit {attempt.reference}",
            "ask the bank when it was; nothing was taken in",
        )


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
                "conflict",
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
            fact: Fact = Repaid(loan, name, number_of(taken.on), number_of(taken.known_on), amount)
            unapplied += max(take_money(connection, fact), 0)
            told.append(name)
        if back is not None:
            known = max(back.known_on, taken.known_on)
            take_money(connection, Reversed(loan, f"{name}:returned", number_of(taken.on), number_of(known), name))
            told.append(f"{name}:returned")
            unapplied = 0
    return tuple(told), unapplied


def _end_peace(connection: psycopg.Connection[Any], attempt: DebitAttempted, event: DebitOutcome) -> None:
    """The bank has answered a debit that the borrower asked for: the hold that went with it is over."""
    if not attempt.action.startswith(ASKED):
        return
    hold = f"{attempt.action.removeprefix(ASKED)}/hold"
    said = events_of(connection, attempt.borrower, (HoldPlaced.KIND, HoldLifted.KIND))
    if any(isinstance(e, HoldLifted) and e.of == hold for e in said):
        return
    told: dict[str, Any] = {"borrower": attempt.borrower, "on": max(event.on, attempt.on), "known_on": event.known_on}
    tell(connection, HoldLifted(**told, reference=f"{hold}/lifted", of=hold, reason="the bank has answered"))


def _end_mandate(connection: psycopg.Connection[Any], attempt: DebitAttempted, event: DebitOutcome) -> None:
    """A reason that ends the mandate revokes it: by the rule that says so, whoever gave the reason."""
    if not isinstance(event, DebitFailed | DebitReturned) or endings(event.on).get(event.reason) != "mandate":
        return
    told: dict[str, Any] = {"of": attempt.mandate, "by": ENDS.name, "reason": event.reason}
    told |= {"on": event.on, "known_on": event.known_on}
    name = f"{attempt.mandate}:{attempt.reference}:revoked"
    tell(connection, MandateRevoked(borrower=attempt.borrower, reference=name, **told))


def _hold_the_dead(
    connection: psycopg.Connection[Any], attempt: DebitAttempted, event: DebitOutcome, told_on: date
) -> bool:
    """The bank says that the payer died: nobody writes to him until a person has looked. Whether it says so.

    The hold is that of a death that was told (`person.died`), and is looked at again at once: a bank's word about an
    account (whose holder may be another, or a payee) is no certificate. Where a death is on record, nothing is added.
    """
    if not isinstance(event, DebitFailed | DebitReturned) or endings(event.on).get(event.reason) != "borrower":
        return False
    number, _ = borrower_number(connection, attempt.borrower)
    _, jurisdiction = place_of_borrower(connection, number)
    held = held_on(events_of(connection, attempt.borrower, HOLD_KINDS), told_on, jurisdiction)
    if not any(h.hold == "deceased" for h in held):
        why = f"the bank answered debit {attempt.reference} with {event.code}: the payer died; have it confirmed"
        placed = HoldPlaced(
            borrower=attempt.borrower, on=event.on, known_on=event.known_on, hold="deceased", reason=why, by=ENDS.name,
            reference=f"{attempt.reference}:deceased", review_on=max(told_on, event.on),
        )  # fmt: skip
        tell(connection, placed)
    return True


@dataclass(frozen=True, slots=True)
class Planned:
    """An attempt told, with the order for the bank; or why there is none."""

    attempt: DebitAttempted | None
    order: Order | None
    answer: DebitAnswer


def plan_attempt(
    connection: psycopg.Connection[Any],
    reader: adbc.Connection,
    borrower: str,
    key: str,
    now: datetime,
    since: datetime | None = None,
    asked: Mapping[str, int] | None = None,
) -> Planned:
    """Decide the one debit to try now for an action `key` and tell it, in the caller's transaction.

    What is owed is reckoned for today at the borrower's place; a hold that stops debits stops it here too.
    Called again with the same key, because the bank never had it: the same attempt under the same reference, so that
    a first request that was only slow and the second are one debit; unless less is owed by now, or the mandate went.
    `asked`: by loan, the most that is taken, where the borrower asked for the debit themself.
    """
    number, _ = borrower_number(connection, borrower)
    lock_borrower(connection, number)
    standing = standing_of(connection, borrower)
    zone, jurisdiction = place_of_borrower(connection, number)
    today = day_of(now, zone)
    rule, retries = schedule_rule(jurisdiction, today), retry_rule(jurisdiction, today)
    reference = reference_of(key)
    held = held_on(events_of(connection, borrower, HOLD_KINDS), today, jurisdiction)
    hold = stopped(held).get("debit")
    owed = owed_today(connection, reader, [number], today).get(number, [])
    if asked is not None:
        owed = [replace(o, amount_fen=min(o.amount_fen, asked[o.loan])) for o in owed if o.loan in asked]
    made = next((t for t in standing.tried if t.reference == reference), None)
    if made is not None and hold is None and made.state == PENDING and _still_wanted(made, owed):
        attempt = attempt_of(connection, reference)
        if _in_effect(standing, attempt.mandate, today):
            return Planned(attempt, _order(connection, attempt, standing), DebitAnswer(None))
    if made is not None:
        answer = DebitAnswer(None, (rule.finding(today, "not sent again", attempt=reference, state=made.state),))
    elif hold is not None:
        told = hold.rule.finding(today, "stopped", hold=hold.hold, since=hold.since.isoformat())
        answer = DebitAnswer(None, (told,))
    else:
        answer = next_debit(
            now, zone, rule, standing.mandates, owed, standing.tried, since=since, retries=retries,
            pay_day=pay_day_known(connection, number),
        )  # fmt: skip
    put_findings(connection, ((number, None, KIND, finding) for finding in answer.findings))
    if answer.wanted is None:
        return Planned(None, None, answer)
    attempt = _attempted(answer.wanted, borrower, reference, key, now, today)
    tell(connection, attempt)
    return Planned(attempt, _order(connection, attempt, standing), answer)


def _in_effect(standing: MandateStanding, reference: str, on: date) -> bool:
    """Whether a mandate authorises a debit on a day."""
    mandate = next((m for m in standing.mandates if m.reference == reference), None)
    return mandate is not None and mandate.signed_on <= on and (mandate.revoked_on is None or mandate.revoked_on > on)


def _still_wanted(made: Tried, owed: Sequence[Owed]) -> bool:
    """Whether every loan of an attempt still owes what it asks for."""
    now = {o.loan: o.amount_fen for o in owed}
    return all(now.get(loan, 0) >= amount for loan, amount in made.parts)


def why_not_now(
    connection: psycopg.Connection[Any], borrower: int, attempt: DebitAttempted, owed: Sequence[Owed], on: date
) -> Finding | None:
    """Why an attempt that was told, but has not left, must not leave for collection on a day; None: it may.

    Between the two the mandate may have been revoked, the loan paid, or a hold placed. `owed`: by the borrower's loans
    on that day. The attempt's own money is not money on its way that would be asked for twice.
    """
    _, jurisdiction = place_of_borrower(connection, borrower)
    rule = schedule_rule(jurisdiction, on)
    told = {"attempt": attempt.reference}
    held = held_on(events_of(connection, attempt.borrower, HOLD_KINDS), on, jurisdiction)
    hold = stopped(held).get("debit")
    if hold is not None:
        return hold.rule.finding(on, "stopped", hold=hold.hold, since=hold.since.isoformat(), **told)
    standing = standing_of(connection, attempt.borrower)
    if not _in_effect(standing, attempt.mandate, on):
        return rule.finding(on, "mandate not in effect", mandate=attempt.mandate, **told)
    left = {o.loan: o.amount_fen for o in owed}
    for part in attempt.parts:
        if left.get(part.loan, 0) < part.amount_fen:
            asked = {"asked_fen": part.amount_fen, "owed_fen": left.get(part.loan, 0)}
            return rule.finding(on, "no longer owed", loan=part.loan, **asked, **told)
    return None


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
        parts=tuple(DebitPart(loan=loan, amount_fen=amount) for loan, amount in wanted.parts),
        action=key,
        represents=wanted.represents,
    )


def pay_day_known(connection: psycopg.Connection[Any], borrower: int) -> int | None:
    """The borrower's pay day, where it is known."""
    row = connection.execute("select clear from borrower where borrower = %s", (borrower,)).fetchone()
    return pay_day_of(row[0]) if row else None


def place_of_borrower(connection: psycopg.Connection[Any], borrower: int) -> tuple[str, str]:
    """The first time zone of a borrower's place, and its jurisdiction."""
    row = connection.execute("select clear from borrower where borrower = %s", (borrower,)).fetchone()
    assert row is not None
    place = place_of(row[0], defaults_of(connection))
    return place.zones[0], place.jurisdiction


def _order(connection: psycopg.Connection[Any], attempt: DebitAttempted, standing: MandateStanding) -> Order:
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
        savings=mandate.account_type == "savings",
    )


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
    zone, jurisdiction = place_of_borrower(connection, number)
    today = day_of(now, zone)
    if attempt.on != today:
        return None  # a late answer: the ladder of its day decides
    asked = readable(connection, DebitBody, attempt.action, number, KIND, body, today)
    if asked is None:
        return None
    if asked.by_borrower:
        return None  # they are told how it went, and choose
    since = asked.round or not_before
    root = asked.root or attempt.action
    standing = standing_of(connection, attempt.borrower)
    if result.status == "succeeded" and attempt.represents is not None:
        return None  # asked again for less, and it came: the rest is asked for another day
    if result.status == "succeeded" and 0 < asked.amount_fen <= attempt.amount_fen:
        return None  # all that was asked for came
    if result.status == "failed":
        late = {x.loan: x.days_past_due for x in asked.loans}
        owed = [Owed(p.loan, p.amount_fen, late.get(p.loan, 0)) for p in attempt.parts]
        rules = schedule_rule(jurisdiction, today), retry_rule(jurisdiction, today)
        pay_day = pay_day_known(connection, number)
        rounds = [(since, now), *((m, m) for m in sorted(_at(today, t, zone) for t in asked.words.again_at) if m > now)]
        for began, moment in rounds:
            wanted = next_debit(
                moment, zone, rules[0], standing.mandates, owed, standing.tried, since=began, retries=rules[1],
                pay_day=pay_day,
            ).wanted  # fmt: skip
            if wanted is not None:
                since, now = began, moment
                break
        else:
            return None
    turn = sum(t.at.astimezone(now.tzinfo).date() == now.date() for t in standing.tried) + 1
    following = asked.model_copy(update={"root": root, "round": since, "after": attempt.reference})
    key = f"{root}#{turn}"
    put(connection, [Action(key, number, KIND, now, decided_on, loan, following)])
    return key


DEBITS: Literal["debits"] = "debits"
"""The queue of tasks about debits that do not go on by themselves."""


def next_after(connection: psycopg.Connection[Any], attempt: DebitAttempted, on: date) -> date | None:
    """After an attempt that failed: the first day, `on` or later, on which one is tried again; None: never."""
    number, _ = borrower_number(connection, attempt.borrower)
    zone, jurisdiction = place_of_borrower(connection, number)
    rules = schedule_rule(jurisdiction, on), retry_rule(jurisdiction, on)
    late = {part.loan: days + (on - attempt.on).days for part, days in _late_then(connection, attempt)}
    standing = standing_of(connection, attempt.borrower)
    pay_day = pay_day_known(connection, number)
    return next_try(standing.mandates, standing.tried, zone, on, late, rules, pay_day).on


def rest(connection: psycopg.Connection[Any], attempt: DebitAttempted, on: date) -> str | None:
    """Where no mandate of the borrower will be tried again by itself: the person's task, once for this money.

    Called after a failure, in its transaction. Its key is the first attempt for the money; None: the pack goes on.
    """
    if next_after(connection, attempt, on) is not None:
        return None
    number, _ = borrower_number(connection, attempt.borrower)
    zone, _ = place_of_borrower(connection, number)
    standing = standing_of(connection, attempt.borrower)
    if any(t.state == PENDING and t.reference != attempt.reference for t in standing.tried):
        return None
    made = next(t for t in standing.tried if t.reference == attempt.reference)
    key = f"debits-rest/{made.first or made.reference}"
    why = (
        f"no debit is tried again ({made.reason.replace('_', ' ')}): talk to the borrower, take another mandate, or "
        f"`afterloan mandate resume {attempt.mandate}`"
    )
    loans = tuple(part.loan for part in attempt.parts)
    body = DebitTask(queue=DEBITS, loans=loans, mandate=attempt.mandate, reason=made.reason, why=why)
    put(connection, [Action(key, number, "task", datetime.combine(on, time(8), ZoneInfo(zone)), on, None, body)])
    return key


def _late_then(connection: psycopg.Connection[Any], attempt: DebitAttempted) -> list[tuple[DebitPart, int]]:
    """How late each loan of an attempt was on its day, as its action says; 0 where that says nothing."""
    row = connection.execute(
        "select body->'loans', %s - decided_on from outbox where key = %s", (attempt.on, attempt.action)
    ).fetchone()
    told, since = row or ([], 0)
    said = {x["loan"]: int(x.get("days_past_due", 0)) for x in told or []}
    return [(part, said[part.loan] + since if part.loan in said else 0) for part in attempt.parts]


def _at(today: date, text: str, zone: str) -> datetime:
    return datetime.combine(today, datetime.strptime(text, "%H:%M").time(), ZoneInfo(zone))
