"""Lists that people go through: what was not reckoned, what rules found, what is to leave, what waits for someone."""

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

import psycopg

from afterloan.enquiry.proposals import waiting
from afterloan.facts import FactRefused
from afterloan.facts.bureau import DisputeOpened
from afterloan.facts.events import KINDS, event_of
from afterloan.store.contacts import defaults_of
from afterloan.store.events import BODY
from afterloan.store.held import HELD_KINDS, held_by
from afterloan.store.proposals import proposals
from afterloan.strategy.places import place_of

Rows = list[dict[str, Any]]
OF = "(%(borrower)s = '' or b.reference = %(borrower)s)"
EXCEPTIONS = (
    "select x.closed_on::text as closed_on, c.reference as loan, b.reference as borrower, x.reason from exception x "
    f"join contract c using (loan) join borrower b on b.borrower = c.borrower where {OF} and x.closed_on <= %(on)s "
    "order by x.closed_on desc, c.reference limit %(most)s"
)
FINDINGS = (
    "select f.decided_on::text as decided_on, b.reference as borrower, coalesce(c.reference, '') as loan, f.about, "
    "f.rule, f.outcome, f.inputs from finding f join borrower b using (borrower) "
    "left join contract c on c.loan = f.loan "
    f"where {OF} and f.decided_on <= %(on)s order by f.finding desc limit %(most)s"
)
OUTBOX_ROWS = (
    "o.decided_on::text as decided_on, o.key, b.reference as borrower, coalesce(c.reference, '') as loan, "
    "o.kind, coalesce(o.body->>'template', o.body->>'queue', o.body->>'step', '') as what, "
    "o.not_before, b.clear as attributes, "
    "case when w.body is not null then 'withdrawn' when s.step is null then 'waiting' else s.step end as state, "
    "coalesce(w.body->>'reason', s.detail->>'why', '') as why from outbox o join borrower b using (borrower) "
    "left join contract c on c.loan = o.loan left join event w on w.reference = 'withdrawn:' || o.key "
    "left join lateral (select step, detail from sending where action = o.action "
    "order by entry desc limit 1) s on true "
    f"where {OF} and o.decided_on <= %(on)s"
)
OUTBOX = f"select {OUTBOX_ROWS} order by o.action desc limit %(most)s"
OUTBOX_PAGE = (
    f"select * from (select o.action, {OUTBOX_ROWS} and o.action < %(before)s "
    "and (%(kind)s = '' or o.kind = %(kind)s or starts_with(o.kind, %(kind)s || '.'))) x "
    "where %(state)s = '' or state = %(state)s order by action desc limit %(most)s"
)
NEWEST = 1 << 62
"""The place before the newest row of the outbox."""
NOTES = (
    f"select e.on_day::text as on, b.reference as borrower, e.body->>'by' as by, {BODY} as note from event e "
    f"join borrower b using (borrower) where e.kind = 'case.noted' and {OF} and e.on_day <= %(on)s "
    "order by e.event desc limit %(most)s"
)
EVENTS = (
    "select e.kind, b.reference, c.reference, e.on_day, e.at, e.known_on, e.reference, e.body, b.clear, e.borrower "
    "from event e join borrower b using (borrower) left join contract c on c.loan = e.loan "
    f"where e.kind = any(%(kinds)s) and {OF} and e.on_day <= %(on)s order by e.event"
)
DISPUTES = ["bureau.dispute_opened", "bureau.evidence_received", "bureau.dispute_decided", "bureau.borrower_disagreed",
            "bureau.dispute_notified"]  # fmt: skip


def _select(sql: str) -> Callable[[psycopg.Connection[Any], Mapping[str, Any]], Rows]:
    def rows(connection: psycopg.Connection[Any], told: Mapping[str, Any]) -> Rows:
        cursor = connection.execute(sql, told)
        names = [column.name for column in cursor.description or ()]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    return rows


def _outbox(connection: psycopg.Connection[Any], told: Mapping[str, Any]) -> Rows:
    """What is to be done outside, the newest first; `not_before` by the clock of the borrower's place."""
    return _with_zones(connection, _select(OUTBOX)(connection, told))


def outbox_page(
    connection: psycopg.Connection[Any], on: date, most: int, borrower: str = "", state: str = "", kind: str = "",
    before: int = NEWEST,
) -> tuple[Rows, int | None]:  # fmt: skip
    """A page of what is to be done outside, the newest first, and the place to go on from; None: it was the last.

    `state`: waiting, sent, withdrawn …; `kind`: `message.sms`, or the family `message`. The database reads no more
    rows than the page needs.
    """
    told = {"on": on, "borrower": borrower, "state": state, "kind": kind, "before": before, "most": most + 1}
    rows = _select(OUTBOX_PAGE)(connection, told)
    more = rows[most - 1]["action"] if len(rows) > most else None
    return [{n: v for n, v in row.items() if n != "action"} for row in _with_zones(connection, rows[:most])], more


def _with_zones(connection: psycopg.Connection[Any], rows: Rows) -> Rows:
    own = defaults_of(connection)
    for row in rows:
        zone = ZoneInfo(place_of(row.pop("attributes") or {}, own).zones[0])
        row["not_before"] = row["not_before"].astimezone(zone).isoformat(timespec="minutes")
    return rows


def _proposals(connection: psycopg.Connection[Any], told: Mapping[str, Any]) -> Rows:
    """Acts, steps of law and losses that wait for people: what each would come to, for whom it waits until when."""
    return [
        {"proposed_on": str(w.on), "proposal": w.reference, "borrower": w.borrower, "loan": w.loan, "what": w.what,
         "by": w.by, "why": w.why, "waits_for": ", ".join(w.waits_for), "until": str(w.until or ""), "would": w.would}
        for w in waiting(connection, told["on"], told["borrower"])[: told["most"]]
    ]  # fmt: skip


def _ended_proposals(connection: psycopg.Connection[Any], told: Mapping[str, Any]) -> Rows:
    """Acts that were proposed and wait no longer: done, refused, withdrawn or lapsed, by whom and why."""
    return [
        {"proposed_on": str(p.on), "proposal": p.reference, "borrower": p.borrower, "loan": p.loan, "what": p.verb,
         "by": p.by, "state": p.state, "ended_on": str(p.ended_on or ""), "ended_by": p.ended_by, "why": p.reason}
        for p in proposals(connection, told["on"], told["borrower"])
        if p.state != "open"
    ][: told["most"]]  # fmt: skip


def _notes(connection: psycopg.Connection[Any], told: Mapping[str, Any]) -> Rows:
    return [{**row, "note": row["note"].get("text", "-")} for row in _select(NOTES)(connection, told)]


def _holds(connection: psycopg.Connection[Any], told: Mapping[str, Any]) -> Rows:
    """Holds in effect, those to be looked at again first: on which day, what each stops."""
    of: dict[int, list[Any]] = {}
    place, own = dict[int, str](), defaults_of(connection)
    for *columns, attributes, number in connection.execute(EVENTS, {**told, "kinds": list(HELD_KINDS)}).fetchall():
        of.setdefault(number, []).append(event_of(*columns))
        place[number] = place_of(attributes or {}, own).jurisdiction
    of_each = held_by(connection, of, told["on"], place)
    rows = [
        {"review_on": str(held.review_on or ""), "borrower": of[number][0].borrower,
         "hold": held.hold.replace("_", " "), "since": str(held.since), "until": str(held.until or ""),
         "stops": held.rule.parameters["stops"], "reference": held.reference}
        for number, holds in of_each.items()
        for held in holds
    ]  # fmt: skip
    return sorted(rows, key=lambda row: (row["review_on"] or "9", row["borrower"]))[: told["most"]]


def _disputes(connection: psycopg.Connection[Any], told: Mapping[str, Any]) -> Rows:
    """Disputes, those not answered first, by the day on which the answer is due."""
    from afterloan.bureau.disputes import disputes_of

    assert DisputeOpened.KIND in KINDS
    rows = connection.execute(EVENTS, {**told, "kinds": DISPUTES}).fetchall()
    found = disputes_of(event_of(*columns) for *columns, _, _ in rows)
    shown = [
        {"answer_by": str(d.answer_by), "borrower": d.borrower, "loan": d.loan, "bureau": d.bureau,
         "opened_on": str(d.opened_on), "outcome": d.outcome or "open", "reference": d.reference}
        for d in found.values()
    ]  # fmt: skip
    return sorted(shown, key=lambda row: (row["outcome"] != "open", row["answer_by"]))[: told["most"]]


LISTS: dict[str, tuple[str, Callable[[psycopg.Connection[Any], Mapping[str, Any]], Rows]]] = {
    "exceptions": ("loans that a close could not reckon, with the reason", _select(EXCEPTIONS)),
    "findings": ("what rules found, the newest first", _select(FINDINGS)),
    "outbox": ("what is to be done outside, the newest first, and what became of it", _outbox),
    "proposals": ("what waits for a second person, and what each would do", _proposals),
    "ended-proposals": ("what waits for nobody any more: done, refused, withdrawn, lapsed", _ended_proposals),
    "disputes": ("disputes, those to be answered first on top", _disputes),
    "holds": ("holds in effect, those to be looked at again first on top", _holds),
    "notes": ("notes on cases, the newest first", _notes),
}
"""Every list by its name: what it is, and the question."""


def listed(connection: psycopg.Connection[Any], what: str, on: date, borrower: str = "", most: int = 100) -> Rows:
    """The rows of a list as of a day, of one borrower or all, as JSON values. Raises FactRefused for no such list."""
    if what not in LISTS:
        raise FactRefused("what", what, "no such list", f"there are: {', '.join(LISTS)}", "unknown")
    return LISTS[what][1](connection, {"on": on, "borrower": borrower, "most": most})
