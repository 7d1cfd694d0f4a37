"""What a borrower is told of a worse line: by the place's rules, with specific reasons, or the task that it lacks."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import psycopg

from afterloan.dates import number_of
from afterloan.enquiry.models import why
from afterloan.facts import FactRefused
from afterloan.facts.limit import BorrowingBarred, LimitFrozen, LimitReduced, LimitSet, LineChanged
from afterloan.facts.outbox import Action, UnsentTask
from afterloan.rules.packs import in_force, rules_of
from afterloan.servicing.desk import Desk
from afterloan.servicing.news import News, Telling, Values, key_of, tell
from afterloan.store.outbox import put
from afterloan.strategy.governor import ANY
from afterloan.strategy.plan import notice_rules, notice_template


@dataclass(frozen=True, slots=True)
class WorseLine:
    """A line that is worse than before: `kind` of change, limit before and after (minor units)."""

    kind: str
    before_fen: int
    after_fen: int


def worse(change: type[LineChanged], before_fen: int, after_fen: int) -> WorseLine | None:
    """The change as one to the borrower's disadvantage, or None: a limit set below what it was is one that is lowered.

    From 20,000.00 set to 15,000.00: `limit.reduced`; to 25,000.00: None.
    """
    kind = LimitReduced if change is LimitSet and after_fen < before_fen else change
    if kind not in (LimitReduced, LimitFrozen, BorrowingBarred):
        return None
    return WorseLine(kind.KIND, before_fen, after_fen)


def reason_words(codes: Sequence[str], language: str, on: date) -> list[str]:
    """The principal reasons of a list that the pack names, in a language. Raises FactRefused (unknown)."""
    [rule] = [r for r in in_force(rules_of("limits"), ANY, on) if "principal_reasons" in r.parameters]
    listed: dict[str, dict[str, str]] = rule.parameters["principal_reasons"]
    for code in codes:
        if code not in listed:
            remedy = f"there are: {', '.join(listed)}"
            raise FactRefused("reasons", code, "is no reason of the list", remedy, "unknown", rule.id)
    return [listed[code]["zh" if language.startswith("zh") else "en"] for code in codes]


def score_words(desk: Desk, borrower: str, language: str, on: date) -> list[str]:
    """The reasons of the borrower's own score for a line, as of a day. Raises FactRefused where no model gives any."""
    found = [one for one in why(desk.store, borrower, number_of(on)) if one.model.purpose == "limit"]
    said = [reason.words(language) for one in found[:1] for reason in one.reasons]
    if not said:
        raise FactRefused("by_score", borrower, "no score of a line gives a reason", "name the principal reasons")
    return said


def tell_worse_line(
    connection: psycopg.Connection[object], news: News, line: WorseLine, place: str, reasons: Sequence[str], on: date
) -> int:
    """Put the notice that the place's rules want of a worse line; 0 where nobody may be written to. `news` names it."""
    count = 0
    for rule in notice_rules(place, on)[:1]:
        told = rule.parameters
        values: Values = {
            "before_fen": line.before_fen, "after_fen": line.after_fen, "change": line.kind,
            "reasons": list(reasons), "within_days": told["within_days"],
        }  # fmt: skip
        template = notice_template(rule, line.kind)
        count += tell(connection, news, Telling(template, values, told["channel"], "legal_notice"), on)
    return count


def lacks_notice(desk: Desk, news: News, line: WorseLine, place: str, why_not: str, on: date) -> list[str]:
    """The task that a notice is missing, by the rule that wants it; the key of each."""
    keys = []
    for rule in notice_rules(place, on)[:1]:
        within = rule.parameters["within_days"]
        told = UnsentTask(
            queue="unsent-notice", loans=(), key=key_of(news), template=notice_template(rule, line.kind),
            why=f"{why_not}; within {within} days of {on} ({rule.id})",
        )  # fmt: skip
        keys.append(f"unsent:{key_of(news)}")
        put(desk.connection, [Action(keys[-1], news.borrower, "task", desk.now, on, None, told)])
    return keys
