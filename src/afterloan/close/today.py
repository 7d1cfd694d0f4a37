"""A lender's day from the evening before: close, plans, lines, decisions, proposals. Sending is the drain's."""

from collections.abc import Iterator
from datetime import date
from typing import Any

import psycopg

from afterloan.close.day import CloseRefused, close_through
from afterloan.close.decide import decide
from afterloan.close.lines import move_lines
from afterloan.close.telling import tell_news
from afterloan.counting import counted
from afterloan.dates import date_of, iso, number_of
from afterloan.enquiry.portfolio import portfolio_kept
from afterloan.facts.act import Who
from afterloan.facts.limit import LimitFrozen, LimitRestored
from afterloan.servicing.legal import propose_from_ladder
from afterloan.servicing.legal_watch import watch
from afterloan.servicing.lessons import may_be_restored, restore_in
from afterloan.servicing.losses import propose_losses_from_ladder
from afterloan.servicing.plans import watch_plans
from afterloan.store.acts import RuleLook, act_of_rule, keep_looks
from afterloan.store.connect import reader_to
from afterloan.store.posted import last_closed
from afterloan.store.rebuilding import person_in
from afterloan.store.server import Store

NIGHT = Who.rule("night")

FROZEN = (
    "select last.borrower, b.reference from (select distinct on (e.borrower) e.borrower, e.kind from event e "
    "where e.kind = any(%s) and e.known_on <= %s order by e.borrower, e.known_on desc, e.event desc) last "
    "join borrower b using (borrower) where last.kind = %s order by 2"
)


def run_day(store: Store, day: int, workers: int = 1) -> Iterator[str]:
    """Do all that a day asks for, one line of words for each step; run again it adds nothing.

    The days before are closed and proved; on the first of a month the portfolio of the one before is reported and kept;
    every running plan is looked at; lines that the automatic rule frees are
    restored; the day is decided; what the ladder wishes of the law becomes proposals, and what is due tasks;
    borrowers are told what the night found out.
    Raises CloseRefused where the proof fails, and what the steps raise.
    """
    yield _close(store, day - 1, workers)
    if date_of(day).day == 1:
        yield _report(store, date_of(day - 1))
    states = list(watch_plans(store, date_of(day)).values())
    told = ", ".join(f"{states.count(name)} {name}" for name in sorted(set(states)))
    yield f"plans: {told or 'none running'}"
    yield f"credit lines: {restore_lines(store, day)} restored by rule"
    moved = move_lines(store, day)
    if moved is not None:
        yield "credit lines looked at anew by rule: " + ", ".join(f"{n:,} {what}" for what, n in moved.items())
    yield str(decide(store, day, workers))
    yield _legal(store, date_of(day))
    yield f"borrowers told of what happened: {counted(tell_news(store, day), 'message')}"


def _close(store: Store, through: int, workers: int) -> str:
    with store.connect() as connection:
        last = last_closed(connection)
    if last is not None and number_of(last) > through:  # a day left out is decided late, from what its evening knew
        return f"closed and proved through {last} already"
    closed = close_through(store, through, workers=workers)
    if closed.failed:
        raise CloseRefused(str(closed))
    return str(closed)


def _report(store: Store, month_end: date) -> str:
    """Make the portfolio report of a month as known at its end, and keep it; made before, it is not made again."""
    made = portfolio_kept(store, month_end, month_end).kept
    return f"portfolio of {month_end} kept as report {made.number} ({made.sha256[:12]})"


TOGETHER = 500
"""Frozen lines that are looked at together: what the rule asks of them is read for all of them at once."""


def restore_lines(store: Store, day: int) -> int:
    """Let the automatic rule look at every frozen line; returns how many it restored.

    Each look is an act. Nearly all change nothing: they are judged and kept many at a time. Whoever may have the line
    back is looked at once more, alone and as it stands in a transaction of its own.
    """
    restored = 0
    with store.connect() as connection:
        kinds = [LimitFrozen.KIND, LimitRestored.KIND]
        rows = connection.execute(FROZEN, (kinds, iso(day), LimitFrozen.KIND)).fetchall()
        for begin in range(0, len(rows), TOGETHER):
            some = rows[begin : begin + TOGETHER]
            may = may_be_restored(connection, [number for number, _ in some], day)
            connection.commit()
            refused: list[RuleLook] = []
            for number, who in some:
                name = f"by-rule:{who}:{iso(day)}"
                if number not in may:
                    refused.append(RuleLook(f"act:{name}", {"borrower": who}, {"granted": False}))
                    continue
                _keep(connection, refused, day)
                restored += _restored(connection, who, day, name)
            _keep(connection, refused, day)
    return restored


def _keep(connection: psycopg.Connection[Any], refused: list[RuleLook], day: int) -> None:
    if refused:
        keep_looks(connection, NIGHT, "limit.restore_by_rule", date_of(day), refused)
        connection.commit()
        refused.clear()


def _restored(connection: psycopg.Connection[Any], who: str, day: int, name: str) -> bool:
    """Let the rule look at one line, in a transaction and an act of its own."""
    told = {"borrower": who}
    with act_of_rule(connection, NIGHT, "limit.restore_by_rule", f"act:{name}", date_of(day), told) as answered:
        answer = restore_in(connection, person_in(connection, who), day, name)
        answered |= {"granted": answer.granted}
    connection.commit()
    return answer.granted


def _legal(store: Store, on: date) -> str:
    with (
        store.connect() as connection,
        reader_to(store.url) as reader,
        act_of_rule(connection, NIGHT, "legal.watch", f"legal-watch:{on}", on, {}),
    ):
        made = propose_from_ladder(connection, on) + propose_losses_from_ladder(connection, on)
        tasks = watch(connection, reader, on)
    return f"law: {counted(len(made), 'proposal waits', 'proposals wait')} for people, {counted(tasks, 'new task')}"
