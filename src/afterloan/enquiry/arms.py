"""What the arms of a ladder came to beside its hold-out: who cured within a month, with the interval."""

from collections import Counter
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from typing import Any

import psycopg

from afterloan.enquiry.ladders import ladders_in_use
from afterloan.rebuilding.lessons import Effect, effect
from afterloan.store.contacts import defaults_of
from afterloan.store.ladders import ladder_since
from afterloan.store.settings import Setting, setting
from afterloan.strategy.governor import ANY
from afterloan.strategy.ladder import Ladder
from afterloan.strategy.places import place_of
from afterloan.strategy.segments import CHAMPION, HOLD_OUT, arm_of, share_of

CURED_WITHIN = 30
"""Days after a borrower came late in which arrears that were wholly met count as cured."""
LOOKS_BACK = 180
"""Days of borrowers that came late: the newest that had their month."""
TOO_FEW = 30
"""Below so many borrowers in an arm nothing is said of a difference: the interval would be wider than what it tells."""

LATE, MET = [2, 3], [5, 6]
"""Kinds of transition: came into grace or overdue; cured or paid off. Arrears that a plan moved (11) were not met."""

CAME_LATE = (
    "with late as (select distinct on (b.borrower) b.borrower, b.reference, b.clear as attributes, t.loan, t.closed_on "
    "from transition t join contract c using (loan) join borrower b on b.borrower = c.borrower "
    "where t.kind = any(%(late)s) and t.closed_on between %(first)s and %(last)s and not exists (select from "
    "transition g where g.loan = t.loan and g.kind = any(%(late)s) and g.closed_on < %(first)s "
    "and g.closed_on - g.days_past_due = t.closed_on - t.days_past_due) "  # grace began before: late already
    "order by b.borrower, t.closed_on, t.loan) "
    "select l.reference, l.attributes, exists (select from transition w where w.loan = l.loan "
    "and w.kind = any(%(met)s) and w.closed_on > l.closed_on and w.closed_on <= l.closed_on + %(days)s), "
    "(select count(*) from outbox o where o.borrower = l.borrower and o.kind like 'message.%%' "
    "and o.decided_on between l.closed_on and l.closed_on + %(days)s "
    "and exists (select from sending s where s.action = o.action and s.step = 'sent')) from late l"
)


@dataclass(frozen=True, slots=True)
class ArmResult:
    """An arm: its share as drawn, the borrowers who came late in it, how many cured, messages sent to them.

    `effect`: cured here less cured in the hold-out; None for the hold-out itself and where either has too few.
    `as_drawn`: whether so many borrowers fell into it as its share lets expect (within three standard errors).
    """

    arm: str
    permille: int
    borrowers: int
    cured: int
    messages: int
    as_drawn: bool
    effect: Effect | None

    def told(self) -> dict[str, Any]:
        """JSON values."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class ArmsCompared:
    """The arms of the ladder of a place, of borrowers who came late from `first` to `last`; `since`: hold-out on."""

    jurisdiction: str
    ladder: str
    first: date
    last: date
    since: date | None
    arms: tuple[ArmResult, ...]

    def told(self) -> dict[str, Any]:
        """JSON values."""
        days = {name: str(getattr(self, name)) for name in ("first", "last")}
        since = self.since.isoformat() if self.since else None
        return {**asdict(self), **days, "since": since, "arms": [one.told() for one in self.arms]}


def arms_compared(connection: psycopg.Connection[Any], jurisdiction: str, on: date) -> ArmsCompared:
    """Compare the arms of the ladder in use at a place, of borrowers whose month after coming late is over on `on`.

    A place without a ladder of its own goes by that for ANY, with all places that have none.
    Only those who came late since this version of the ladder is used and the hold-out is switched as it is now:
    before, they were treated otherwise.
    900 of 1,000 cured in the champion, 80 of 100 in the hold-out: +10.0 points, interval +1.9 to +18.1.
    """
    ladders = {one.jurisdiction: one.ladder for one in ladders_in_use(connection, on)}
    place = jurisdiction if jurisdiction in ladders else ANY
    ladder = ladders[place]
    held = setting(connection, Setting.HOLD_OUT)
    switched = held.get(ladder.id, {})
    ladder = ladder.with_hold_out(share_of(held, ladder.id))
    since = date.fromisoformat(switched["on"]) if "on" in switched else None
    last = on - timedelta(days=CURED_WITHIN)
    used = ladder_since(connection, place, on)
    first = max(filter(None, (last - timedelta(days=LOOKS_BACK - 1), since, used)))
    rows = _came_late(connection, place, set(ladders), first, last)
    return ArmsCompared(jurisdiction, ladder.id, first, last, since, arms_told(ladder, rows))


def _came_late(
    connection: psycopg.Connection[Any], jurisdiction: str, places: set[str], first: date, last: date
) -> list[tuple[str, bool, int]]:
    """(borrower, cured within the month, messages) at a place; ANY: at places that have no ladder of their own."""
    asked = {"late": LATE, "met": MET, "first": first, "last": last, "days": CURED_WITHIN}
    found, own = [], defaults_of(connection)
    for reference, attributes, cured, messages in connection.execute(CAME_LATE, asked):
        place = place_of(attributes or {}, own).jurisdiction
        if (place if place in places else ANY) == jurisdiction:
            found.append((reference, cured, messages))
    return found


def arms_told(ladder: Ladder, rows: list[tuple[str, bool, int]]) -> tuple[ArmResult, ...]:
    """The hold-out, the champion and each challenger, of rows (borrower, cured, messages)."""
    arms = ladder.arms
    borrowers, cured, messages = Counter[str](), Counter[str](), Counter[str]()
    for reference, well, sent in rows:
        arm = arm_of(arms, reference)
        borrowers[arm] += 1
        cured[arm] += well
        messages[arm] += sent
    rest = 1_000 - arms.hold_out_permille - sum(share for _, share in arms.challengers)
    told = []
    for name, share in ((HOLD_OUT, arms.hold_out_permille), (CHAMPION, rest), *arms.challengers):
        enough = name != HOLD_OUT and min(borrowers[name], borrowers[HOLD_OUT]) >= TOO_FEW
        seen = effect(cured[name], borrowers[name], cured[HOLD_OUT], borrowers[HOLD_OUT]) if enough else None
        drawn = as_drawn(borrowers[name], len(rows), share)
        told.append(ArmResult(name, share, borrowers[name], cured[name], messages[name], drawn, seen))
    return tuple(told)


def as_drawn(seen: int, of: int, permille: int) -> bool:
    """Whether `seen` of `of` fit a share in per mille, within three standard errors.

    50 ‰ of 1,000: 50, standard error √(1,000·0.05·0.95) = 6.89; 70 fit, 71 do not.
    """
    return (seen * 1_000 - of * permille) ** 2 <= 9 * of * permille * (1_000 - permille)
