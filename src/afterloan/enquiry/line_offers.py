"""The wider line that was offered to a borrower last, and what became of it."""

from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

import psycopg

from afterloan.facts import FactRefused
from afterloan.facts.limit import LimitDeclined, LimitOffered, LimitSet
from afterloan.report.explain import percent
from afterloan.store.events import events_of
from afterloan.store.limits import line_now

State = Literal["offered", "accepted", "declined", "over", "changed"]
PRICE = (
    "select c.rate, coalesce(p.terms->>'rate_per', p.terms->>'per', 'year') from contract c "
    "join product p on p.number = c.product join borrower b using (borrower) "
    "where b.reference = %s and c.signed_on <= %s order by c.signed_on desc, c.loan desc limit 1"
)
PER_YEAR = {"day": 365, "month": 12, "year": 1}


@dataclass(frozen=True, slots=True)
class LineOffer:
    """An offer. `state`: over (its last day went by) or changed (the line is another by now): it stands no longer.

    `percent`: what the borrower's latest contract costs, in percent per `per`, and `percent_year` of that a year,
    simple (0.05 % a day: 18.25 % a year of 365 days); empty where there is no contract.
    """

    reference: str
    on: date
    before_fen: int
    after_fen: int
    valid_until: date
    state: State
    percent: str
    per: str
    percent_year: str


def line_offer(connection: psycopg.Connection[Any], borrower: str, on: date, of: str = "") -> LineOffer | None:
    """The last offer up to a day (or the one named `of`); None: there is none."""
    events = events_of(connection, borrower, (LimitOffered.KIND, LimitDeclined.KIND, LimitSet.KIND), on)
    offers = [e for e in events if isinstance(e, LimitOffered) and of in ("", e.reference)]
    if not offers:
        return None
    offer = offers[-1]
    state: State = "offered"
    if any(isinstance(e, LimitDeclined) and e.of == offer.reference for e in events):
        state = "declined"
    elif any(_is_yes(e, offer) for e in events):
        state = "accepted"
    elif on > offer.valid_until:
        state = "over"
    else:
        line = line_now(connection, borrower, on)
        if line.frozen or line.bars or line.limit_fen != offer.before_fen:
            state = "changed"
    return LineOffer(
        offer.reference, offer.on, offer.before_fen, offer.after_fen, offer.valid_until, state,
        *_price(connection, borrower, on),
    )  # fmt: skip


def _is_yes(event: object, offer: LimitOffered) -> bool:
    """Whether it is the yes to the offer: the line set to what was offered, by the offer's rule, in its days."""
    return (
        isinstance(event, LimitSet) and event.rule == offer.rule and event.after_fen == offer.after_fen
        and offer.on <= event.on <= offer.valid_until
    )  # fmt: skip


def _price(connection: psycopg.Connection[Any], borrower: str, on: date) -> tuple[str, str, str]:
    row = connection.execute(PRICE, (borrower, on)).fetchone()
    if row is None:
        return "", "", ""
    rate, per = row
    return percent(rate), str(per), percent(rate * PER_YEAR.get(str(per), 1))


def line_offer_named(connection: psycopg.Connection[Any], borrower: str, of: str, on: date) -> LineOffer:
    """One offer of a borrower. Raises FactRefused (unknown): not there, or somebody else's."""
    found = line_offer(connection, borrower, on, of)
    if found is None:
        raise FactRefused("of", of, "no wider line was offered under that name", "look at your own line", "unknown")
    return found
