"""What is told to a borrower of what has just happened to him: one event, one message, under a key of its own."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

import psycopg

from afterloan.dates import NEVER, number_of
from afterloan.facts.hold import HOLD_KINDS
from afterloan.facts.outbox import Action, MessageBody, MessageValue
from afterloan.loan.reckon import reckon_book
from afterloan.servicing.debits import next_after, place_of_borrower
from afterloan.servicing.desk import Desk
from afterloan.servicing.withdrawal import Gone, withdraw
from afterloan.store.debits import account_of, attempt_of
from afterloan.store.events import events_of
from afterloan.store.loans import loans_now
from afterloan.store.outbox import put
from afterloan.strategy.holds import held_on, stopped

Connection = psycopg.Connection[Any]
Values = dict[str, MessageValue]
MORNING = time(10)


@dataclass(frozen=True, slots=True)
class News:
    """One thing that happened: its event's kind, reference, day and body, the loan, whose it is (number, reference)."""

    kind: str
    reference: str
    on: date
    body: Mapping[str, Any]
    loan: str
    borrower: int
    name: str


@dataclass(frozen=True, slots=True)
class Telling:
    """A message: its template and values, by which channel, and why the borrower is written to."""

    template: str
    values: Values
    channel: str = "push"
    purpose: str = "service"


Maker = Callable[[Connection, News], Telling | None]


def _promise(connection: Connection, news: News) -> Telling:
    values: Values = {"amount_fen": news.body["amount_fen"], "promise_on": news.body["due_on"]}
    return Telling("promise-confirmed", values, "sms")


def _offered(connection: Connection, news: News) -> Telling | None:
    if not news.body["simulation"].get("fits", True):
        return None  # more than the borrower can spare: nobody asks for it by message, a person speaks with him
    beside = _offers_beside(connection, news)
    if beside is None:
        return None  # told with the first offer of the same search
    pays = news.body["simulation"]["pays"]
    values: Values = {"plan": news.body["plan"], "reply_by": news.body["valid_until"], "instalments": len(pays)}
    if pays:
        values |= {"instalment_fen": max(amount for _, amount in pays), "first_on": pays[0][0]}
    return Telling("plan-offered", values | {"offers": beside + 1})


def _offers_beside(connection: Connection, news: News) -> int | None:
    """How many other offers of the same act for the same loan there are; None: this is not the first of them."""
    told = connection.execute(
        "select e.reference from event e join event mine on mine.act = e.act and mine.loan = e.loan "
        "where mine.reference = %s and e.kind = 'plan.offered' and e.borrower = %s order by e.event",
        (news.reference, news.borrower),
    ).fetchall()
    return len(told) - 1 if told and told[0][0] == news.reference else None


def _plan_of(connection: Connection, news: News) -> dict[str, Any]:
    """The body of the offer whose plan this is."""
    row = connection.execute("select body from event where reference = %s", (news.body["of"],)).fetchone()
    assert row is not None
    return dict(row[0])


def _accepted(connection: Connection, news: News) -> Telling:
    offer = _plan_of(connection, news)
    pays = [(on, amount) for on, amount in offer["simulation"]["pays"] if on >= news.on.isoformat()]
    values: Values = {"plan": offer["plan"], "first_on": news.on.isoformat()}
    if pays:
        values |= {"first_on": pays[0][0], "instalment_fen": pays[0][1]}
    return Telling("plan-accepted", values)


def _of_plan(template: str) -> Maker:
    def told(connection: Connection, news: News) -> Telling:
        return Telling(template, {"plan": _plan_of(connection, news)["plan"]})

    return told


def _completed(connection: Connection, news: News) -> Telling | None:
    """Not where the loan ended with its plan: the confirmation of settlement tells that, and one message is enough."""
    book = loans_now(connection, "c.reference = %(of)s", {"of": news.loan})
    if reckon_book(book, number_of(news.on))[0]["paid_off_on"] != NEVER:
        return None
    return Telling("plan-completed", {"plan": _plan_of(connection, news)["plan"]})


def _debit_failed(connection: Connection, news: News) -> Telling | None:
    """Not while another try of the same day follows, and not of what never reached the bank."""
    if news.body["reason"] == "not_sent":
        return None
    attempt = attempt_of(connection, news.body["of"])
    again = next_after(connection, attempt, news.on)
    if again == news.on:
        return None
    account = account_of(connection, attempt.mandate)
    values: Values = {"amount_fen": attempt.amount_fen, "reason": news.body["reason"]}
    values |= {"account_tail": account[-4:]} if account else {}
    values |= {"debit_on": again.isoformat()} if again is not None else {}
    return Telling("debit-failed", values)


def _restored(connection: Connection, news: News) -> Telling | None:
    after = news.body["after_fen"]
    return Telling("limit-restored", {"after_fen": after}) if after else None


TOLD: dict[str, Maker] = {
    "promise.made": _promise,
    "plan.offered": _offered,
    "plan.accepted": _accepted,
    "plan.broken": _of_plan("plan-broken"),
    "plan.completed": _completed,
    "debit.failed": _debit_failed,
    "debit.returned": _debit_failed,
    "limit.restored": _restored,
}
"""Events of which a borrower is told as soon as they are."""

OVERTAKES = {
    "debit.succeeded": ("debit.failed", "another debit brought the money"),
    "plan.accepted": ("plan.offered", "a plan was agreed on"),
    "plan.declined": ("plan.offered", "the offer was declined"),
}
"""Events after which another kind, not told yet, is news no more; and why."""

OF_ACT = (
    "select e.kind, e.reference, e.on_day, e.body, coalesce(c.reference, ''), e.borrower, b.reference from event e "
    "join borrower b using (borrower) left join contract c on c.loan = e.loan "
    "where e.borrower = any(%s) and e.kind = any(%s) and e.act = %s order by e.event"
)


def key_of(news: News) -> str:
    """The one key under which an event is told; told before, nothing is written."""
    return f"news/{news.kind}/{news.reference}"


def tell_of_act(connection: Connection, borrowers: Iterable[int], act: int, on: date, now: datetime) -> int:
    """Tell the borrowers of an act what it did, in its transaction; how many messages are new."""
    rows = connection.execute(OF_ACT, (list(borrowers), [*TOLD, *OVERTAKES], act)).fetchall()
    found = [News(*row) for row in rows]
    for news in found:
        if news.kind in OVERTAKES:
            kind, why = OVERTAKES[news.kind]
            untell(connection, news.borrower, kind, on, why, news.loan if kind == "plan.offered" else "")
    return tell_all(connection, [news for news in found if news.kind in TOLD], on, now)


def tell_all(connection: Connection, found: Iterable[News], on: date, now: datetime | None = None) -> int:
    """Put a message for each event of which the borrower is told and was not yet."""
    count = 0
    for news in found:
        telling = TOLD[news.kind](connection, news)
        if telling is not None:
            count += tell(connection, news, telling, on, now)
    return count


def tell(connection: Connection, news: News, telling: Telling, on: date, now: datetime | None = None) -> int:
    """Put one message, now or in the morning of the day; nobody to whom no contact may go is written to.

    Hours, consents and counts are the governor's when it leaves.
    """
    zone, jurisdiction = place_of_borrower(connection, news.borrower)
    holds = events_of(connection, news.name, HOLD_KINDS, on)
    if "contact" in stopped(held_on(holds, on, jurisdiction)):
        return 0
    here = ZoneInfo(zone)
    at = now if now is not None and now.astimezone(here).date() == on else datetime.combine(on, MORNING, here)
    body = MessageBody.model_validate(
        {"template": telling.template, "purpose": telling.purpose, "to": None, "values": telling.values, "zone": zone}
    )
    row = connection.execute("select loan from contract where reference = %s", (news.loan,)).fetchone()
    loan = row[0] if row else None
    return put(connection, [Action(key_of(news), news.borrower, f"message.{telling.channel}", at, on, loan, body)])


def answer_on(
    desk: Desk, borrower: int, key: str, template: str, values: Values, channels: Iterable[str], on: date
) -> None:
    """Put a service message that answers what a borrower asked or did, now, on each channel: `key:sms`, `key:push`."""
    body = MessageBody(template=template, purpose="service", response=True, values=values)
    put(
        desk.connection,
        [Action(f"{key}:{one}", borrower, f"message.{one}", desk.now, on, None, body) for one in channels],
    )


def untell(connection: Connection, borrower: int, kind: str, on: date, why: str, loan: str = "") -> int:
    """Withdraw what was to be told of events of a kind, of one loan where it is named, and has not left."""
    rows = connection.execute(
        "select o.key from outbox o join waiting w using (action) left join contract c on c.loan = o.loan "
        "where o.borrower = %s and o.key like %s and (%s = '' or coalesce(c.reference, '') in ('', %s))",
        (borrower, f"news/{kind}/%", loan, loan),
    ).fetchall()
    return withdraw(connection, [Gone(key, borrower, why) for (key,) in rows], on)
