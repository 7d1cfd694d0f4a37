"""What waits for a second person: acts proposed at a door, legal steps and losses, with who may agree until when."""

from dataclasses import dataclass
from datetime import date
from typing import Any

import psycopg

from afterloan.rules.packs import Rule
from afterloan.store.contacts import place_in
from afterloan.store.events import BODY
from afterloan.store.proposals import Proposal
from afterloan.store.proposals import proposals as acts_proposed
from afterloan.strategy.course import step_rules
from afterloan.strategy.limitation import rule_of

BY_LAW = (
    f"select e.kind, e.reference, e.on_day, {BODY}, b.reference, b.name, coalesce(c.reference, ''), b.clear, "
    "array(select a.body->>'role' from event a where a.borrower = e.borrower and a.on_day <= %(on)s "
    "and a.kind in ('legal.approved', 'loss.approved') and a.body->>'of' = e.reference) "
    "from event e join borrower b using (borrower) left join contract c on c.loan = e.loan "
    "where e.kind in ('legal.proposed', 'loss.proposed') and e.on_day <= %(on)s "
    "and (%(borrower)s = '' or b.reference = %(borrower)s) and not exists (select from event a "
    "where a.borrower = e.borrower and a.kind in ('legal.started', 'legal.refused', 'legal.ended', 'loss.refused') "
    "and a.body->>'of' = e.reference) "
    # a loss waits until its last approval booked it, not for the first
    "and not exists (select from fact f where f.reference = 'fact:' || e.reference) order by e.event desc"
)


@dataclass(frozen=True, slots=True)
class ToApprove:
    """One thing that waits for people: `kind` is act, step or loss; `what` it is, `would` what it would come to.

    `waits_for`: the roles of those who may agree, of a step or a loss those that have not yet; `until` the last day
    for it, None without one.
    """

    kind: str
    reference: str
    what: str
    by: str
    on: date
    why: str
    waits_for: tuple[str, ...]
    until: date | None
    would: dict[str, Any]
    borrower: str
    name: str
    loan: str


def waiting(connection: psycopg.Connection[Any], on: date, borrower: str = "") -> list[ToApprove]:
    """All that waits for a second person on a day, the newest first; of one borrower or all."""
    rows = connection.execute(BY_LAW, {"on": on, "borrower": borrower}).fetchall()
    by_law = [_by_law(connection, on, *row) for row in rows]
    acts = [_act(p) for p in acts_proposed(connection, on, borrower) if p.state == "open"]
    return sorted(acts + by_law, key=lambda w: w.on, reverse=True)


def _act(p: Proposal) -> ToApprove:
    why = str(p.asked.get("reason") or "")
    return ToApprove("act", p.reference, p.verb, p.by, p.on, why, p.waits_for, p.until, p.would, p.borrower, "", p.loan)


def _by_law(
    connection: psycopg.Connection[Any], on: date, kind: str, reference: str, since: date, body: dict[str, Any],
    borrower: str, name: str, loan: str, attributes: dict[str, Any], agreed: list[str],
) -> ToApprove:  # fmt: skip
    place = place_in(connection, attributes).jurisdiction
    step = kind == "legal.proposed"
    what = str(body["step"] if step else body["what"])
    rule: Rule | None = (
        step_rules(place, on).get(what) if step else rule_of(place, "loss", on) or rule_of("ANY", "loss", on)
    )
    roles = tuple(r for r in (rule.parameters.get("approvals", ()) if rule else ()) if r not in agreed)
    would = {"step": what} if step else {"what": what, **({"price_fen": body["price_fen"]} if what == "sale" else {})}
    shown, why = "step" if step else "loss", str(body.get("reason", "-"))
    return ToApprove(shown, reference, what, str(body["by"]), since, why, roles, None, would, borrower, name, loan)
