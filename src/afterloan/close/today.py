"""A lender's day from the evening before: close, plans, lines, decisions, proposals. Sending is the drain's."""

from collections.abc import Iterator
from datetime import date

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
from afterloan.servicing.lessons import restore_in
from afterloan.servicing.losses import propose_losses_from_ladder
from afterloan.servicing.plans import watch_plans
from afterloan.store.acts import act_of_rule
from afterloan.store.connect import reader_to
from afterloan.store.posted import last_closed
from afterloan.store.rebuilding import person_in
from afterloan.store.server import Store

NIGHT = Who.rule("night")

FROZEN = (
    "select reference from (select distinct on (e.borrower) b.reference, e.kind from event e join borrower b using "
    "(borrower) where e.kind = any(%s) and e.known_on <= %s order by e.borrower, e.known_on desc, e.event desc) last "
    "where kind = %s order by 1"
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


def restore_lines(store: Store, day: int) -> int:
    """Let the automatic rule look at every frozen line; returns how many it restored."""
    with store.connect() as connection:
        kinds = [LimitFrozen.KIND, LimitRestored.KIND]
        rows = connection.execute(FROZEN, (kinds, iso(day), LimitFrozen.KIND)).fetchall()
        connection.commit()
        restored = 0
        for (who,) in rows:  # one connection for all, a transaction and an act for each
            name, told = f"by-rule:{who}:{iso(day)}", {"borrower": who}
            with act_of_rule(connection, NIGHT, "limit.restore_by_rule", f"act:{name}", date_of(day), told) as answered:
                answer = restore_in(connection, person_in(connection, who), day, name)
                answered |= {"granted": answer.granted}
            connection.commit()
            restored += answer.granted
    return restored


def _legal(store: Store, on: date) -> str:
    with (
        store.connect() as connection,
        reader_to(store.url) as reader,
        act_of_rule(connection, NIGHT, "legal.watch", f"legal-watch:{on}", on, {}),
    ):
        made = propose_from_ladder(connection, on) + propose_losses_from_ladder(connection, on)
        tasks = watch(connection, reader, on)
    return f"law: {counted(len(made), 'proposal waits', 'proposals wait')} for people, {counted(tasks, 'new task')}"
