"""Tells borrowers what the night found out: arrears cured, loans paid off, limits restored, promises not kept."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import polars as pl
import psycopg

from afterloan.close.known import money_of
from afterloan.close.transitions import Transition
from afterloan.dates import NEVER, date_of, iso, number_of
from afterloan.facts.act import Who
from afterloan.facts.promise import PromiseMade, PromiseWithdrawn
from afterloan.loan.book import Records
from afterloan.loan.reckon import reckon_book
from afterloan.servicing.debits import place_of_borrower
from afterloan.servicing.news import News, Telling, Values, tell, tell_all
from afterloan.store.acts import act_of_rule
from afterloan.store.events import events_of
from afterloan.store.loans import loans_now
from afterloan.store.server import Store
from afterloan.strategy.holds import hold_rules
from afterloan.strategy.promises import BROKEN, PARTLY, judge_promises

CURED, PAID_OFF = int(Transition.CURED), int(Transition.PAID_OFF)
OF_BORROWERS = "c.borrower = any(%(of)s)"
ENDED = (
    "select t.kind, c.reference, c.borrower, b.reference, t.loan from transition t join contract c using (loan) "
    "join borrower b on b.borrower = c.borrower where t.closed_on = %s and t.kind = any(%s) order by t.loan, t.kind"
)
RESTORED = (
    "select e.kind, e.reference, e.on_day, e.body, '', e.borrower, b.reference from event e "
    "join borrower b using (borrower) where e.kind = 'limit.restored' and e.known_on = %s order by e.event"
)
PROMISED = (
    "select distinct e.borrower, b.reference from event e join borrower b using (borrower) "
    "where e.kind = 'promise.made' and (e.body->>'due_on')::date between %s and %s order by 1"
)
LOOK_BACK = timedelta(days=15)
"""How long after its day a promise is looked at: longer than any tolerance and than a night that was left out."""


def tell_news(store: Store, day: int) -> int:
    """Tell what the close of the evening before, and this morning's rules, came to; how many messages are new.

    Run again it tells nothing twice: each message has the key of what happened.
    """
    on = date_of(day)
    with store.connect() as connection:
        with act_of_rule(connection, Who.rule("night"), "news.tell", f"news:{on}", on, {}) as answered:
            count = tell_all(connection, [News(*row) for row in connection.execute(RESTORED, (on,)).fetchall()], on)
            count += sum(tell(connection, news, telling, on) for news, telling in _ended(connection, day))
            count += sum(tell(connection, news, telling, on) for news, telling in _not_kept(connection, on))
            answered |= {"told": count}
        connection.commit()
    return count


def _ended(connection: psycopg.Connection[Any], day: int) -> Iterator[tuple[News, Telling]]:
    """Loans paid off, and borrowers whose arrears are all paid, by the close of the evening before."""
    rows = connection.execute(ENDED, (iso(day - 1), [CURED, PAID_OFF])).fetchall()
    numbers = sorted({borrower for _, _, borrower, _, _ in rows})
    if not numbers:
        return
    book = loans_now(connection, OF_BORROWERS, {"of": numbers})
    positions = reckon_book(book, day - 1, day - 1)
    owners = dict(connection.execute("select loan, borrower from contract where borrower = any(%s)", (numbers,)))
    of: dict[int, list[Records]] = {}
    for position in positions:
        of.setdefault(owners[int(position["loan"])], []).append(position)
    welcomed: set[int] = set()
    for kind, loan, borrower, name, number in rows:
        mine = next(p for p in of[borrower] if int(p["loan"]) == number)
        news = News("loan.paid_off", f"{loan}/{iso(day - 1)}", date_of(day - 1), {}, loan, borrower, name)
        if kind == PAID_OFF and mine["paid_off_on"] != NEVER:
            yield news, _settled(loan, mine)
        elif kind == CURED and borrower not in welcomed and mine["paid_off_on"] == NEVER and _owe_nothing(of[borrower]):
            welcomed.add(borrower)
            back = News("arrears.cured", f"{name}/{iso(day - 1)}", news.on, {}, "", borrower, name)
            yield back, Telling("welcome-back", _ahead(of[borrower]))


def _settled(loan: str, position: Records) -> Telling:
    """The loan, all that came for it, what was waived, and the day on which it ended."""
    paid = int(position["repaid_fen"] - position["refunded_fen"] - position["unapplied_fen"])
    values: Values = {"loans": [loan], "paid_fen": paid, "decided_on": iso(int(position["paid_off_on"]))}
    waived = int(position["waived_fen"].sum())
    return Telling("settlement-confirmed", values | ({"waived_fen": waived} if waived else {}))


def _owe_nothing(positions: list[Records]) -> bool:
    return not any(p["arrears_fen"].sum() + p["due_today_fen"].sum() for p in positions if not p["error"])


def _ahead(positions: list[Records]) -> Values:
    """The next due day over all loans, and what it asks for."""
    days = [int(p["next_due_on"]) for p in positions if not p["error"] and p["next_due_on"] != NEVER]
    if not days:
        return {}
    first = min(days)
    amount = sum(int(p["next_due_fen"]) for p in positions if p["next_due_on"] == first)
    return {"next_due_on": iso(first), "amount_fen": amount}


def _not_kept(connection: psycopg.Connection[Any], on: date) -> Iterator[tuple[News, Telling]]:
    """Promises whose day and tolerance passed without all of the money."""
    rows = connection.execute(PROMISED, (on - LOOK_BACK, on)).fetchall()
    if not rows:
        return
    numbers = [number for number, _ in rows]
    book = loans_now(connection, OF_BORROWERS, {"of": numbers})
    told = connection.execute(
        "select loan, borrower, reference from contract where borrower = any(%s) order by loan", (numbers,)
    ).fetchall()
    contracts = pl.DataFrame(told, schema=["loan", "borrower", "reference"], orient="row")
    events = {n: events_of(connection, name, [PromiseMade.KIND, PromiseWithdrawn.KIND], on, on) for n, name in rows}
    money = money_of(events, book, contracts, number_of(on) + 1)
    for number, name in rows:
        _, jurisdiction = place_of_borrower(connection, number)
        p = hold_rules(jurisdiction, on)["promise_pending"].parameters
        came = money.get(number, [])
        for one in judge_promises(events[number], came, on, p["tolerance_days"], p["kept_permille"]):
            if one.outcome not in (BROKEN, PARTLY) or one.until < on - LOOK_BACK:
                continue
            promise = one.promise
            news = News("promise.broken", promise.reference, one.until, {}, promise.loan or "", number, name)
            values: Values = {"promised_fen": promise.amount_fen, "promise_on": promise.due_on.isoformat()}
            values |= {"paid_fen": one.paid_fen} if one.paid_fen else {}
            yield news, Telling("promise-broken", values, "sms", "collection")
