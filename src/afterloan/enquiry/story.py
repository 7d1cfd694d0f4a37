"""Everything on record about a borrower besides the working of the loans, in order of days, as plain sentences."""

from collections.abc import Iterator
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import psycopg

from afterloan.dates import date_told, number_of
from afterloan.facts import FactRefused
from afterloan.facts.act import shown
from afterloan.facts.events import Event
from afterloan.facts.hold import HoldPlaced
from afterloan.facts.outbox import BodyRefused, read_body
from afterloan.facts.relief import PlanOffered
from afterloan.loan.terms import FactKind
from afterloan.report.explain import explain
from afterloan.store.contacts import defaults_of
from afterloan.store.events import events_of
from afterloan.store.loans import ONE_LOAN, loans_now
from afterloan.store.posted import last_closed
from afterloan.store.server import Store
from afterloan.strategy.places import place_of
from afterloan.strategy.story import StoryLine, action, money, other, sentence, transition

FACTS = (
    "select f.on_day, f.kind, f.amount_fen, f.reference, c.reference from fact f join contract c using (loan) "
    "where c.borrower = %s and f.kind = any(%s) and (%s::date is null or f.known_on <= %s) order by f.on_day, f.fact"
)
MONEY = (
    "select f.on_day, f.kind, f.amount_fen, c.reference, exists (select from fact r where r.of_fact = f.fact "
    "and r.known_on <= %s) from fact f join contract c using (loan) where c.borrower = %s and f.kind = any(%s) "
    "and f.known_on <= %s order by f.on_day, f.fact"
)
MONEY_WORDS = {
    int(FactKind.DISBURSED): ("paid out {amount}", "放款 {amount}"),
    int(FactKind.REPAID): ("received {amount}", "收到还款 {amount}"),
    int(FactKind.REFUNDED): ("given back {amount}", "退还 {amount}"),
    int(FactKind.REFUND_RETURNED): ("a refund came back {amount}", "退款被退回 {amount}"),
    int(FactKind.TRANSFERRED_IN): ("came from another loan {amount}", "自其他贷款转入 {amount}"),
    int(FactKind.TRANSFERRED_OUT): ("passed on to another loan {amount}", "转入其他贷款 {amount}"),
    int(FactKind.WAIVED): ("given up {amount}", "减免 {amount}"),
}
TAKEN_BACK = (", taken back since", "，其后被撤回")
PLAIN = [34, 41, 42, 43, 45, 46, 47, 48, 49, 55, 60, 61, 30]
"""Kinds of fact that the working of a loan does not tell by a line of its own."""
TRANSITIONS = (
    "select t.closed_on, t.kind, t.to_bucket, t.days_past_due, t.amount_fen, c.reference from transition t "
    "join contract c using (loan) where c.borrower = %s order by t.closed_on, t.loan, t.kind"
)
ACTIONS = (
    "select o.decided_on, o.not_before, o.kind, o.body, c.reference, s.step, s.at, s.detail from outbox o "
    "left join contract c using (loan) left join sending s on s.action = o.action and s.step in ('refused', 'dropped') "
    "where o.borrower = %s order by o.action"
)
FINDINGS = (
    "select f.decided_on, f.about, f.rule, f.outcome, c.reference, count(*) from finding f "
    "left join contract c using (loan) where f.borrower = %s group by 1, 2, 3, 4, 5 order by 1, min(f.finding)"
)
MONTHS = (
    "select g.known_on, m.bureau, m.month_end, m.status, m.overdue_fen, m.turn, c.reference from furnished m "
    "join furnishing g using (furnishing) join contract c on c.loan = m.loan where m.borrower = %s "
    "order by g.known_on, m.furnished"
)
RANK = ("loan", "working", "close", "bureau", "decision", "finding", "event", "money", "contact", "sending")
"""Sources of lines, in the order in which one moment's are told: causes before what they bring."""
OF_DEBITS = (
    "select f.fact, a.at from fact f join contract c using (loan) "
    "join event a on a.kind = 'debit.attempted' and a.reference = split_part(f.reference, ':', 2) "
    "where c.borrower = %s and f.reference like 'debit:%%'"
)
QUIET = ("contact.", "message.delivered", "action.", "case.")


def records(
    connection: psycopg.Connection[Any], borrower: str, language: str = "en", known_on: date | None = None
) -> list[StoryLine]:
    """What the store says of a borrower: facts, transitions, events, findings, actions, bureau months, by day.

    `known_on`: only what was known at the end of that day, with the money beside it. Raises FactRefused for an unknown
    borrower or a language without words.
    """
    if language not in ("en", "zh"):
        raise FactRefused("language", language, "has no words", "write en or zh")
    row = connection.execute("select borrower, clear from borrower where reference = %s", (borrower,)).fetchone()
    if row is None:
        raise FactRefused("borrower", borrower, "no borrower of that reference", "import the borrower first", "unknown")
    zone = ZoneInfo(place_of(row[1] or {}, defaults_of(connection)).zones[0])
    lines = [
        *_plain_facts(connection, row[0], known_on),
        *(_money(connection, row[0], language, known_on) if known_on else ()),
        *_closes(connection, row[0], language),
        *_told(events_of(connection, borrower, known_on=known_on), zone, language),
        *_actions(connection, row[0], zone, language),
        *_findings(connection, row[0], language),
        *_months(connection, row[0], language),
    ]
    if known_on is not None:  # what the night and the channels did is known on its own day
        lines = [line for line in lines if line.on <= known_on]
    return sorted(lines, key=lambda x: (x.on, x.clock, RANK.index(x.source)))


def loans_of(connection: psycopg.Connection[Any], borrower: str) -> list[tuple[int, str, str]]:
    """(number, reference, product code) of the loans of a borrower."""
    return connection.execute(
        "select c.loan, c.reference, p.code from contract c join borrower b using (borrower) "
        "join product p on p.number = c.product where b.reference = %s order by c.loan",
        (borrower,),
    ).fetchall()


def _money(connection: psycopg.Connection[Any], number: int, language: str, known_on: date) -> Iterator[StoryLine]:
    """Money that came and went, where the working of the loans is not told beside it."""
    k = ("en", "zh").index(language)
    rows = connection.execute(MONEY, (known_on, number, list(MONEY_WORDS), known_on)).fetchall()
    for on, kind, amount, loan, gone in rows:
        text = MONEY_WORDS[kind][k].format(amount=money(amount))
        yield StoryLine(on, "", "money", loan, text + (TAKEN_BACK[k] if gone else ""))


def _plain_facts(connection: psycopg.Connection[Any], number: int, known_on: date | None) -> Iterator[StoryLine]:
    told = (number, PLAIN, known_on, known_on)
    for on, kind, amount, reference, loan in connection.execute(FACTS, told).fetchall():
        name = FactKind(kind).name.lower().replace("_", " ")
        # after what brought it about: a hardship told, a plan accepted
        # a reference with a slash is of the book's own making: `H/penalty/L1/resumed` tells nobody anything
        named = "" if "/" in reference else f" [{reference}]"
        yield StoryLine(on, "", "money", loan, f"{name}{' ' + money(amount) if amount else ''}{named}")


def _closes(connection: psycopg.Connection[Any], number: int, language: str) -> Iterator[StoryLine]:
    for on, kind, bucket, days, amount, loan in connection.execute(TRANSITIONS, (number,)).fetchall():
        yield StoryLine(on, "24:00", "close", loan, transition(kind, bucket, days, amount, language))


def _told(events: list[Event], zone: ZoneInfo, language: str) -> Iterator[StoryLine]:
    moments = {e.reference: e.at for e in events if e.at is not None}
    named = _named(events)
    for event in sorted(events, key=lambda e: e.at is None):  # what answers a moment is told after it
        body = event.body()
        at = event.at or moments.get(str(body.get("of", "")))
        if at is not None and at.astimezone(zone).date() != event.on:
            at = None
        source = "contact" if event.KIND.startswith(QUIET) else "event"
        yield StoryLine(
            event.on,
            _clock(at, zone),
            source,
            event.loan or "",
            sentence(event.KIND, {**named.get(str(body.get("of", "")), {}), **shown(event.KIND, body)}, language),
        )


def _named(events: list[Event]) -> dict[str, dict[str, Any]]:
    """What a later event names by its reference alone, by that reference: the hold lifted, the plan accepted."""
    holds = {e.reference: {"hold": e.hold} for e in events if isinstance(e, HoldPlaced)}
    offers = {e.reference: e.body() for e in events if isinstance(e, PlanOffered)}
    return holds | {name: {"plan": body["plan"], "does": body["does"]} for name, body in offers.items()}


def _clock(at: datetime | None, zone: ZoneInfo) -> str:
    return f"{at.astimezone(zone):%H:%M}" if at is not None else ""


def _actions(connection: psycopg.Connection[Any], number: int, zone: ZoneInfo, language: str) -> Iterator[StoryLine]:
    for on, moment, kind, body, loan, step, at, detail in connection.execute(ACTIONS, (number,)).fetchall():
        what = f"{_decided(kind, body, language)} ({moment.astimezone(zone):%H:%M})"
        yield StoryLine(on, "", "decision", loan or "", what)
        if step is not None:
            why = (detail or {}).get("why", step)
            yield StoryLine(at.astimezone(zone).date(), _clock(at, zone), "sending", loan or "",
                       other("refused", language, why=why))  # fmt: skip


def _decided(kind: str, told: dict[str, Any], language: str) -> str:
    """An action in words; one that cannot be read by its kind alone."""
    try:
        return action(kind, read_body(kind, told).told(), language)
    except BodyRefused:
        return kind


def _findings(connection: psycopg.Connection[Any], number: int, language: str) -> Iterator[StoryLine]:
    for on, about, rule, outcome, loan, count in connection.execute(FINDINGS, (number,)).fetchall():
        text = other("finding", language, rule=rule, outcome=outcome, about=about)
        yield StoryLine(on, "", "finding", loan or "", text + (f" ×{count}" if count > 1 else ""))


def _months(connection: psycopg.Connection[Any], number: int, language: str) -> Iterator[StoryLine]:
    for on, bureau, month, status, overdue, turn, loan in connection.execute(MONTHS, (number,)).fetchall():
        told = {"bureau": bureau, "month": f"{month:%Y-%m}", "status": status, "overdue": money(overdue)}
        yield StoryLine(
            on, "24:00", "bureau", loan, other("bureau", language, **told) + (f" (#{turn})" if turn else "")
        )


def money_of_debits(connection: psycopg.Connection[Any], borrower: str) -> dict[tuple[int, str], str]:
    """For each fact that a debit brought, and the day of that debit: the debit's hour, so that it is told after it."""
    row = connection.execute("select borrower, clear from borrower where reference = %s", (borrower,)).fetchone()
    assert row is not None
    zone = ZoneInfo(place_of(row[1] or {}, defaults_of(connection)).zones[0])
    told = connection.execute(OF_DEBITS, (row[0],)).fetchall()
    return {(fact, f"{at.astimezone(zone):%Y-%m-%d}"): _clock(at, zone) for fact, at in told}


def story_of(store: Store, borrower: str, language: str = "en", on: date | None = None) -> list[StoryLine]:
    """Every line of a borrower's story: the store's records and the working of each loan, by day."""
    with store.connect() as connection:
        lines = records(connection, borrower, language)
        last = on or last_closed(connection) or max((x.on for x in lines), default=date(1970, 1, 1))
        brought = money_of_debits(connection, borrower)
        for number, loan, product in loans_of(connection, borrower):
            book = loans_now(connection, ONE_LOAN, {"of": number})
            told = explain(book, 0, product, number_of(last), language=language)
            day = ""
            for line in told.lines:
                day = line.on or (day if line.indent else "")
                if day:
                    clock = brought.get((line.fact, day), "")
                    source = "working" if line.indent else "money" if clock else "loan"
                    lines.append(StoryLine(date_told(day), clock, source, loan, line.text))
    return sorted((x for x in lines if x.on <= last), key=lambda x: (x.on, x.clock, RANK.index(x.source)))
