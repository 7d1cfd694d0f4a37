"""What was done: acts by borrower, by verb, and which act told a row."""

from typing import Any

import psycopg

from afterloan.facts.act import shown
from afterloan.store.acts import answer_at, asked_at

BEFORE = "before acts were kept"
DONE = (
    "select a.act, a.on_day::text, a.at::text, a.verb, a.who, a.who_kind, a.roles, a.door, a.reference, "
    f"{asked_at('a')}, {answer_at('a')} from act a where (%(verb)s = '' or a.verb = %(verb)s) "
    "and (%(who)s = '' or a.who = %(who)s) "
    "and (%(before)s = 0 or a.act < %(before)s) and (%(borrower)s = '' or a.act in ("
    "select e.act from event e join borrower b using (borrower) where b.reference = %(borrower)s union "
    "select f.act from fact f join contract c using (loan) join borrower b on b.borrower = c.borrower "
    "where b.reference = %(borrower)s)) order by a.act desc limit %(most)s"
)


def acts_done(
    connection: psycopg.Connection[Any], borrower: str = "", verb: str = "", most: int = 50, who: str = "",
    before: int = 0,
) -> list[dict[str, Any]]:  # fmt: skip
    """Acts, the newest first, as JSON values, below the number `before`; of one borrower, verb or person if given."""
    told = {"verb": verb, "borrower": borrower, "who": who, "before": before, "most": most}
    rows = connection.execute(DONE, told).fetchall()
    names = ("act", "on", "at", "verb", "who", "who_kind", "roles", "door", "reference", "asked", "answer")
    return [_shown(dict(zip(names, row, strict=True))) for row in rows]


def _shown(act: dict[str, Any]) -> dict[str, Any]:
    """An act without what few may read, in what a proposal asks too."""
    asked = act["asked"]
    if act["verb"] == "proposal.make":
        asked = {**asked, "asked": shown(str(asked["verb"]), asked["asked"])}
    return {**act, "asked": shown(act["verb"], asked)}


def told_by(connection: psycopg.Connection[Any], reference: str) -> str:
    """Who told a fact or an event: `act 17: repayment.take by Chen (keyboard)`.

    Rows that are older than acts say `before acts were kept`.
    """
    row = connection.execute(
        "select t.act, a.verb, a.who, a.door from (select act from fact where reference = %(r)s union all "
        "select act from event where reference = %(r)s) t left join act a on a.act = t.act",
        {"r": reference},
    ).fetchone()
    if row is None:
        return "nothing was told under that reference"
    if not row[1]:
        return BEFORE if row[0] == 0 else "told by a part of the night that keeps no acts"
    return f"act {row[0]}: {row[1]} by {row[2]} ({row[3]})"
