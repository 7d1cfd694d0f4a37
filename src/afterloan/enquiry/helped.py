"""What the desk sees of help for a borrower: offers of plans with their effect, searches, applications, decisions."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import psycopg

from afterloan.enquiry.relieved import OfferTold, application_state, means_working, offers_in
from afterloan.facts.relief import PLAN_EVENTS, Evidence, HardshipApplied, HardshipDecided, Means
from afterloan.store.acts import answer_at, asked_at
from afterloan.store.drafts import draft_of
from afterloan.store.events import events_of

MOST_OFFERS = 6
SEARCHED = (
    f"select a.reference, a.on_day, {asked_at('a')}, {answer_at('a')} from act a "
    "where a.verb = 'plan.search' and a.on_day <= %(on)s "
    "and a.asked->>'loan' in (select c.reference from contract c join borrower b using (borrower) "
    "where b.reference = %(of)s) order by a.act desc limit 1"
)


@dataclass(frozen=True, slots=True)
class LastSearch:
    """The last search of plans: the means told, `working` (minor units of a month) and what did not fit, by reason."""

    reference: str
    loan: str
    on: date
    means: Means
    working: Mapping[str, int]
    fits: bool
    refused: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class ApplicationTold:
    """An application for hardship; `state` is review, granted or refused."""

    reference: str
    cause: str
    told: str
    on: date
    decide_by: date
    review_on: date
    means: Means
    papers: tuple[Evidence, ...]
    state: str
    by: str
    reasons: tuple[str, ...]
    again_from: date | None


@dataclass(frozen=True, slots=True)
class HelpTold:
    """Help for a borrower as the desk sees it. `begun`: what the borrower answered in the plan finder and kept."""

    search: LastSearch | None
    offers: tuple[OfferTold, ...]
    applications: tuple[ApplicationTold, ...]
    begun: Mapping[str, str]


def help_told(connection: psycopg.Connection[Any], borrower: str, on: date, now: datetime) -> HelpTold:
    """Searches, offers and applications of a borrower up to a day, the newest first."""
    events = events_of(connection, borrower, (*PLAN_EVENTS, HardshipApplied.KIND, HardshipDecided.KIND), on)
    offers = offers_in(events)
    decided = {e.of: e for e in events if isinstance(e, HardshipDecided)}
    applied = [_application(e, decided.get(e.reference)) for e in events if isinstance(e, HardshipApplied)]
    kept = draft_of(connection, borrower, "plan", now)
    return HelpTold(
        _searched(connection, borrower, on), tuple(offers[::-1][:MOST_OFFERS]), tuple(applied[::-1]),
        kept[0] if kept else {},
    )  # fmt: skip


def _application(e: HardshipApplied, said: HardshipDecided | None) -> ApplicationTold:
    return ApplicationTold(
        e.reference, e.cause, e.told, e.on, e.decide_by, e.review_on, e.means, e.evidence,
        application_state(said),
        said.by if said else "", said.reasons if said else (), said.again_from if said else None,
    )  # fmt: skip


def _searched(connection: psycopg.Connection[Any], borrower: str, on: date) -> LastSearch | None:
    row = connection.execute(SEARCHED, {"on": on, "of": borrower}).fetchone()
    if row is None:
        return None
    reference, then, asked, answer = row
    means = Means(**asked["means"])
    return LastSearch(
        reference, str(asked["loan"]), then, means, means_working(connection, borrower, means, then),
        bool(answer["fits"]), answer["refused"],
    )  # fmt: skip
