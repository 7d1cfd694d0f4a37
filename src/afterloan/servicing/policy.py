"""Verbs of policy: a borrower's credit line changed, a ladder put into use."""

from datetime import date
from typing import Any, Literal

from pydantic import Field

from afterloan.facts import FactRefused
from afterloan.facts import limit as facts
from afterloan.servicing.adverse import WorseLine, lacks_notice, reason_words, score_words, tell_worse_line, worse
from afterloan.servicing.asked import Asked
from afterloan.servicing.desk import Desk
from afterloan.servicing.may import ALL_ROLES
from afterloan.servicing.news import News
from afterloan.store.events import events_of, tell
from afterloan.store.ladders import keep_ladder, next_decision
from afterloan.store.limits import change_line, is_late, line_now
from afterloan.store.rebuilding import person_in
from afterloan.store.relief import event_named
from afterloan.store.settings import Setting, set_parts, setting
from afterloan.strategy.ladder import sound_ladder
from afterloan.strategy.segments import share_of

CHANGES: dict[str, type[facts.LineChanged]] = {
    "set": facts.LimitSet,
    "reduce": facts.LimitReduced,
    "freeze": facts.LimitFrozen,
    "restore": facts.LimitRestored,
    "bar": facts.BorrowingBarred,
    "lift": facts.BarLifted,
}


class ChangeLimit(Asked):
    """The line of `borrower` changes; `after_fen` is the limit from now on (stays unless told); `bar` names a bar.

    `reason` is ours and goes to nobody. A line that gets worse is told to the borrower with its principal `reasons`
    (codes of the pack's list, at most four), or with those of their own score (`by_score`); where neither is told, the
    notice is a task.
    """

    borrower: str
    change: Literal["set", "reduce", "freeze", "restore", "bar", "lift"]
    reason: str = Field(min_length=1, max_length=2_000)
    after_fen: int | None = Field(default=None, ge=0)
    bar: str | None = None
    reasons: tuple[str, ...] = Field(default=(), max_length=4)
    by_score: bool = False


def change_limit(desk: Desk, asked: ChangeLimit, on: date) -> dict[str, Any]:
    """Keep the change with what stood before and after; of a worse line the borrower is told why, or people are.

    `reasons`: what the borrower is told, word by word; `notice_missing`: the task's key, where no notice could be put.
    """
    before = line_now(desk.connection, asked.borrower, on).limit_fen
    change_line(
        desk.connection, CHANGES[asked.change], asked.borrower, on, desk.reference, desk.who.name, asked.reason,
        asked.after_fen, bar=asked.bar,
    )  # fmt: skip
    after = line_now(desk.connection, asked.borrower, on).limit_fen
    told = {"borrower": asked.borrower, "limit_fen": after}
    line = worse(CHANGES[asked.change], before, after)
    if line is None:
        if asked.reasons or asked.by_score:
            raise FactRefused("reasons", ", ".join(asked.reasons), "the line gets no worse", "leave them out")
        return told
    return told | _notice(desk, asked, line, on)


def _notice(desk: Desk, asked: ChangeLimit, line: WorseLine, on: date) -> dict[str, Any]:
    """The notice of a worse line, or the task that it is missing."""
    person = person_in(desk.connection, asked.borrower)
    reasons = reason_words(asked.reasons, person.language, on)
    reasons += score_words(desk, asked.borrower, person.language, on) if asked.by_score else []
    news = News(line.kind, desk.reference, on, {}, "", person.number, asked.borrower)
    if not reasons:
        why_not = "no reason is named that the borrower can be told"
    elif tell_worse_line(desk.connection, news, line, person.jurisdiction, reasons, on):
        return {"reasons": reasons}
    else:
        why_not = "the borrower may not be written to"
    return {"reasons": reasons, "notice_missing": lacks_notice(desk, news, line, person.jurisdiction, why_not, on)}


class AcceptLimit(Asked):
    """`borrower` says yes to the wider line offered as `of`.

    `consent`: how the borrower said yes, where somebody says it for them: "on the phone, 14:05".
    """

    borrower: str
    of: str
    consent: str = Field(default="", max_length=2_000)


def accept_limit(desk: Desk, asked: AcceptLimit, on: date) -> dict[str, Any]:
    """The offered line stands from now on, if the offer does: not over, and the line as it was, open and not barred."""
    if desk.who.kind == "person" and ALL_ROLES not in desk.who.roles and not asked.consent.strip():
        raise FactRefused("consent", "", "nobody agrees for the borrower", "say how and when the borrower agreed")
    offer = _own_offer(desk, asked.borrower, asked.of)
    if on > offer.valid_until:
        raise FactRefused("of", asked.of, f"was good until {offer.valid_until}", "wait for another offer", "conflict")
    line = line_now(desk.connection, asked.borrower, on)
    if line.frozen or line.bars or line.limit_fen != offer.before_fen:
        why = "is frozen" if line.frozen else "is barred" if line.bars else "is another by now"
        raise FactRefused("of", asked.of, f"the line {why}", "wait for another offer", "conflict")
    if is_late(desk.connection, asked.borrower, on):
        why = "something is overdue beyond its grace; no line is widened meanwhile"
        raise FactRefused("of", asked.of, why, "pay what is overdue first; the offer stands until its day", "conflict")
    why = f"the borrower said yes to {asked.of}" + (f": {asked.consent}" if asked.consent else "")
    name, rule = desk.who.name, offer.rule
    change_line(desk.connection, facts.LimitSet, asked.borrower, on, desk.reference, name, why, offer.after_fen, rule)
    return {"borrower": asked.borrower, "limit_fen": offer.after_fen}


def _own_offer(desk: Desk, borrower: str, of: str) -> facts.LimitOffered:
    """The offer of that reference, made to this borrower and not declined. Raises FactRefused."""
    offer: facts.LimitOffered = event_named(desk.connection, of, facts.LimitOffered)
    if offer.borrower != borrower:
        raise FactRefused("of", of, "was offered to another borrower", "name the borrower's own offer", "unknown")
    said = events_of(desk.connection, borrower, (facts.LimitDeclined.KIND,))
    if no := next((e for e in said if isinstance(e, facts.LimitDeclined) and e.of == of), None):
        raise FactRefused("of", of, f"was declined on {no.on}", "wait for another offer", "conflict")
    return offer


class DeclineLimit(Asked):
    """`borrower` says no to the wider line offered as `of`; the line stays as it is, as it would without an answer."""

    borrower: str
    of: str


def decline_limit(desk: Desk, asked: DeclineLimit, on: date) -> dict[str, Any]:
    """Keep the no: the offer cannot be accepted any more. One that is over needs no answer."""
    offer = _own_offer(desk, asked.borrower, asked.of)
    if on > offer.valid_until:
        why = f"was good until {offer.valid_until}"
        raise FactRefused("of", asked.of, why, "nothing is to be answered", "conflict")
    tell(desk.connection, facts.LimitDeclined(
        borrower=asked.borrower, on=on, known_on=on, reference=desk.reference, of=asked.of, by=desk.who.name,
    ))  # fmt: skip
    return {"borrower": asked.borrower, "of": asked.of}


class UseLadder(Asked):
    """The ladder `text` (YAML) is used for the borrowers of `jurisdiction`; `since`: from which day's decision on.

    Without `since` it is used from the next decision on. Days before keep the ladder of then, decided late or not.
    """

    jurisdiction: str = Field(min_length=1, max_length=20)
    text: str = Field(min_length=1, max_length=200_000)
    since: date | None = None


def use_ladder(desk: Desk, asked: UseLadder, on: date) -> dict[str, Any]:
    """Use it from a day's decision on; one that is not sound is refused with the line, a day that is decided too."""
    next_day = next_decision(desk.connection)
    if asked.since is not None and next_day is not None and asked.since < next_day:
        why = f"{asked.since} is decided already, by the ladder of then"
        raise FactRefused("since", "the ladder", why, f"name {next_day} or a later day")
    since = asked.since or next_day
    try:
        ladder = sound_ladder(asked.text, "ladder")
    except ValueError as error:
        raise FactRefused("text", "the ladder", str(error), "correct it; `afterloan ladder check FILE`") from error
    keep_ladder(desk.connection, asked.jurisdiction, since, asked.text)
    return {"ladder": ladder.id, "jurisdiction": asked.jurisdiction, "since": since and since.isoformat()}


class SwitchHoldOut(Asked):
    """The hold-out of `ladder` (its id) is `permille` of the borrowers from now on; 0: none. `reason`: why."""

    ladder: str = Field(min_length=1, max_length=61)
    permille: int = Field(ge=0, le=500)
    reason: str = Field(min_length=1, max_length=2_000)


def switch_hold_out(desk: Desk, asked: SwitchHoldOut, on: date) -> dict[str, Any]:
    """Switch a hold-out on or off, with who and when; without it nobody is left without treatment for a test."""
    before = share_of(setting(desk.connection, Setting.HOLD_OUT), asked.ladder)
    told = {"permille": asked.permille, "by": desk.who.name, "on": on.isoformat(), "reason": asked.reason}
    set_parts(desk.connection, Setting.HOLD_OUT, {asked.ladder: told})
    return {"ladder": asked.ladder, "before_permille": before, "permille": asked.permille}
