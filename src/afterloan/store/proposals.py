"""Proposals in the store: what waits for a second person, what each would do, and how it ended."""

from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Literal

import psycopg

from afterloan.facts.act import shown
from afterloan.store.acts import answer_at, asked_at

PROPOSAL, REFUSE, WITHDRAW = "proposal.make", "proposal.refuse", "proposal.withdraw"
"""Verbs of acts that ask a second person, that turn such an asking down, and that take one's own back."""

State = Literal["open", "done", "refused", "withdrawn", "lapsed"]


@dataclass(frozen=True, slots=True)
class Proposal:
    """What a person (`by`) proposed on a day: a `verb` with what it asks, and what it came to when it was tried.

    `waits_for`: roles of the second person; `until`: the last day on which it can be agreed to (None: no end, of
    proposals that are older than the term). `state` on the day asked; `ended_by` and `ended_on` of those that a person
    ended, with the `reason` of a refusal or a withdrawal.
    """

    reference: str
    verb: str
    by: str
    on: date
    until: date | None
    waits_for: tuple[str, ...]
    asked: dict[str, Any]
    would: dict[str, Any]
    borrower: str
    loan: str
    state: State
    ended_by: str = ""
    ended_on: date | None = None
    reason: str = ""


BORROWER = "coalesce(p.answer->'borrowers'->>0, p.asked->'asked'->>'borrower', b.reference, '')"
SQL = (
    "select p.reference, p.asked->>'verb', p.who, p.on_day, (p.answer->>'until')::date, p.answer->'waits_for', "
    f"{asked_at('p')}, {answer_at('p')}, " + BORROWER + ", coalesce(p.asked->'asked'->>'loan', ''), "
    "case when d.act is not null then 'done' when e.verb = %(refuse)s then 'refused' "
    "when e.verb = %(withdraw)s then 'withdrawn' when (p.answer->>'until')::date < %(on)s then 'lapsed' "
    "else 'open' end, coalesce(d.who, e.who, ''), coalesce(d.on_day, e.on_day), " + asked_at("e") + " "
    "from act p left join act d on d.reference = p.reference || ':done' "
    "left join act e on e.verb in (%(refuse)s, %(withdraw)s) and e.asked->>'proposal' = p.reference "
    "left join contract c on c.reference = p.asked->'asked'->>'loan' left join borrower b on b.borrower = c.borrower "
    "where p.verb = %(make)s "
)
ONE = SQL + "and p.reference = %(reference)s"
MANY = SQL + f"and p.on_day <= %(on)s and (%(borrower)s = '' or {BORROWER} = %(borrower)s) order by p.act desc"
WORDS = {"make": PROPOSAL, "refuse": REFUSE, "withdraw": WITHDRAW}


def _read(row: tuple[Any, ...]) -> Proposal:
    reference, verb, by, on, until, waits_for, whole, answer, *rest, ended = row
    asked, would = shown(verb, whole["asked"]), answer.get("would", {})
    found = Proposal(reference, verb, by, on, until, tuple(waits_for), asked, would, *rest)
    return replace(found, reason=ended.get("reason", ""))


def proposal_of(connection: psycopg.Connection[Any], reference: str, on: date) -> Proposal | None:
    """The proposal of a reference as it stands on a day, or None."""
    row = connection.execute(ONE, {**WORDS, "reference": reference, "on": on}).fetchone()
    return _read(row) if row else None


def proposals(connection: psycopg.Connection[Any], on: date, borrower: str = "") -> list[Proposal]:
    """Proposals made up to a day, the newest first, of one borrower or all; as they stand now, lapsed by that day."""
    return [_read(row) for row in connection.execute(MANY, {**WORDS, "on": on, "borrower": borrower}).fetchall()]
