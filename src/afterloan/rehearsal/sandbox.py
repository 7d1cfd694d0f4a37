"""A book that is only played: its test clock begins, and the borrowers whom everybody follows are chosen."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta
from typing import Any

import psycopg

from afterloan.close.today import run_day
from afterloan.dates import number_of
from afterloan.facts.act import Refused, Who
from afterloan.loan.reckon import reckon_book
from afterloan.loan.terms import State
from afterloan.rehearsal.lives import played_scripts
from afterloan.servicing.desk import desk_of
from afterloan.servicing.door import do
from afterloan.store.loans import loans_now
from afterloan.store.posted import last_closed
from afterloan.store.server import Store
from afterloan.store.settings import Setting, set_parts, setting

PLAYS = Who.rule("demonstration")
"""Who begins a demonstration."""
LOOKED_AT = 4_000
"""Loans among which the pinned borrowers are looked for."""
KINDS: tuple[tuple[str, Mapping[str, str], int, int], ...] = (
    ("forgot", {"en": "Someone who forgot", "zh": "忘记还款的人"}, 1, 3),
    ("late", {"en": "Someone three weeks late", "zh": "逾期三周的人"}, 15, 30),
    ("will-not", {"en": "Someone long overdue", "zh": "长期逾期的人"}, 90, 400),
    ("on-time", {"en": "Someone who pays on time", "zh": "按时还款的人"}, 0, 0),
)
"""Kinds of borrowers to be pinned, with their titles, by days past due."""


def begin(store: Store, appointed: Mapping[str, Sequence[str]], said: Callable[[str], None]) -> date:
    """Begin the test clock on the day after the last one closed, decide that day, pin borrowers; returns the day.

    Borrowers who are pinned stay, and nothing is decided twice. Raises ValueError for a book without a day
    that was closed.
    """
    with store.connect() as connection:
        told = setting(connection, Setting.CLOCK)
        closed = last_closed(connection)
    if "pinned" in told:
        return date.fromisoformat(str(told["on"]))
    if closed is None:
        raise ValueError("a demonstration needs a book with a closed day")
    day = max(closed + timedelta(days=1), date.fromisoformat(str(told.get("on", date.min))))
    for line in run_day(store, number_of(day)):
        said(line)
    with store.connect(autocommit=True) as connection:
        chosen = _pinned_in(connection, day)
    set_clock(store, day)
    with store.connect() as connection:
        set_parts(connection, Setting.CLOCK, {"pinned": chosen})
    for person, roles in appointed.items():
        _do(store, "people.appoint", {"person": person, "roles": list(roles)}, f"appointed:{person}", day)
    return day


def set_clock(store: Store, day: date) -> None:
    """Let the test clock of a book that is played stand at a day from now on."""
    _do(store, "sandbox.set_clock", {"day": day}, f"clock:{day}", day)


def move_clock(store: Store, day: date) -> None:
    """Move the test clock of a played book on to a day that begins; a real book, and one that is further, stay."""
    with store.connect() as connection:
        told = setting(connection, Setting.CLOCK)
    if told and date.fromisoformat(str(told["on"])) < day:
        set_clock(store, day)


def _do(store: Store, verb: str, asked: Mapping[str, Any], reference: str, on: date) -> None:
    with desk_of(store) as desk:
        answer = do(desk, PLAYS, verb, asked, reference, on)
    assert not isinstance(answer, Refused), answer


def _pinned_in(connection: psycopg.Connection[Any], on: date) -> list[dict[str, Any]]:
    """The borrowers with a story of their own, then one of each other kind: `borrower`, `kind`, `title` by language."""
    found = _with_stories(connection)
    kinds = {one["kind"] for one in found}
    rows = connection.execute(
        "select c.loan, b.reference from contract c join borrower b using (borrower) "
        "where c.loan <= %s order by c.loan", (LOOKED_AT,),
    ).fetchall()  # fmt: skip
    day = number_of(on)
    positions = reckon_book(loans_now(connection, "c.loan <= %(most)s", {"most": LOOKED_AT}), day, day)
    running = (int(State.CURRENT), int(State.IN_GRACE), int(State.OVERDUE))
    for kind, title, least, most in (told for told in KINDS if told[0] not in kinds):
        taken = {one["borrower"] for one in found}
        for (_, borrower), position in zip(rows, positions, strict=True):
            fits = int(position["state"]) in running and least <= int(position["days_past_due"]) <= most
            if fits and borrower not in taken:
                found.append({"borrower": borrower, "kind": kind, "title": dict(title)})
                break
    return found


def _with_stories(connection: psycopg.Connection[Any]) -> list[dict[str, Any]]:
    """The followed borrowers that stand in the book, each with what it will do."""
    names = [str(script["borrower"]) for script in played_scripts()]
    there = {r[0] for r in connection.execute("select reference from borrower where reference = any(%s)", (names,))}
    return [
        {"borrower": script["borrower"], "loan": f"{script['borrower']}-1", "kind": script["id"],
         "title": script["title"], "account": script["account"],
         "story": {part: script.get(part, []) for part in ("bank", "pays")}}
        for script in played_scripts() if script["borrower"] in there
    ]  # fmt: skip
