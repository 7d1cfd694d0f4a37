"""A dispute from opening to answer: whether it can be opened, its clock, its flag, what the answer must be."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from datetime import date, timedelta

import polars as pl

from afterloan.bureau.packs import rule
from afterloan.bureau.reportable import TOLD
from afterloan.facts import FactRefused
from afterloan.facts.bureau import BorrowerDisagreed, DisputeDecided, DisputeNotified, DisputeOpened, EvidenceReceived
from afterloan.facts.events import Event
from afterloan.rules.packs import Rule

LAW = {"metro2": "us.fcra.dispute", "pboc": "cn.dispute", "neutral": "cn.dispute"}


@dataclass(frozen=True, slots=True)
class Dispute:
    """A dispute as it stands: `answer_by` moves once where evidence lengthens the clock.

    `statement`: what is wrong, as told; `reason`: of the answer; `disagreement`: the borrower's own words after it.
    """

    reference: str
    borrower: str
    loan: str
    bureau: str
    months: tuple[date, ...]
    claims: tuple[str, ...]
    opened_on: date
    answer_by: date
    lengthened: bool = False
    evidence: tuple[str, ...] = ()
    decided_on: date | None = None
    outcome: str = ""
    disagreed_on: date | None = None
    told: frozenset[str] = frozenset()
    statement: str = ""
    reason: str = ""
    disagreement: str = ""

    def late_days(self, on: date) -> int:
        """Days past the clock on a day, or on the day of the answer: 2026-07-01, 30 days, 2026-08-10: 10."""
        return max(((self.decided_on or on) - self.answer_by).days, 0)


def answer_by(opened_on: date, law: Rule, lengthened: bool = False) -> date:
    """The last day to answer: CN 20 days after opening; US 30, lengthened 45; IN 30."""
    days = law.parameters["extended_days"] if lengthened and "extended_days" in law.parameters else None
    return opened_on + timedelta(days=int(days or law.parameters["answer_days"]))


def institution_by(opened_on: date, law: Rule) -> date:
    """The last day for the lender's own part, where the law names one (IN: 21 of the 30 days)."""
    return opened_on + timedelta(days=int(law.parameters.get("institution_days", law.parameters["answer_days"])))


def compensation_fen(opened_on: date, closed_on: date, law: Rule) -> int:
    """What lateness costs: INR 100 a day beyond the clock. Filed 2026-07-01, closed 2026-08-10: 10 days, 1,000.00."""
    late = max((closed_on - answer_by(opened_on, law)).days, 0)
    return late * int(law.parameters.get("compensation_fen_per_day", 0))


def disputes_of(events: Iterable[Event], law: Rule | None = None) -> dict[str, Dispute]:
    """The disputes that events tell of, by reference; events in order of day. `law`: instead of the bureau's own."""
    found: dict[str, Dispute] = {}
    for event in events:
        if isinstance(event, DisputeOpened):
            found[event.reference] = _opened(event, law or rule(LAW[event.bureau]))
        elif (of := getattr(event, "of", None)) in found and of is not None:
            found[of] = _moved(found[of], event, law or rule(LAW[found[of].bureau]))
    return found


def _opened(event: DisputeOpened, law: Rule) -> Dispute:
    return Dispute(
        event.reference, event.borrower, event.loan, event.bureau, event.months, event.claims, event.on,
        answer_by(event.on, law, event.after_free_report), event.after_free_report, statement=event.statement,
    )  # fmt: skip


def _moved(dispute: Dispute, event: Event, law: Rule) -> Dispute:
    if isinstance(event, EvidenceReceived):
        longer = dispute.lengthened or event.lengthens
        by = answer_by(dispute.opened_on, law, longer)
        return replace(dispute, evidence=(*dispute.evidence, event.sha256), lengthened=longer, answer_by=by)
    if isinstance(event, DisputeDecided) and dispute.decided_on is None:
        return replace(dispute, decided_on=event.on, outcome=event.outcome, reason=event.reason)
    if isinstance(event, BorrowerDisagreed):
        return replace(dispute, disagreed_on=event.on, disagreement=event.statement)
    if isinstance(event, DisputeNotified):
        return replace(dispute, told=dispute.told | {event.party})
    return dispute


def flag(dispute: Dispute, on: date) -> str:
    """The code of the record on a day: XB while open, then XH, or XC when the borrower disagrees; CN 1, then
    nothing, or 3 (the consumer's statement)."""
    law = rule(LAW[dispute.bureau]).parameters
    if on < dispute.opened_on:
        return ""
    if dispute.disagreed_on and on >= dispute.disagreed_on:
        return str(law["consumer_disagrees"])
    if dispute.decided_on and on >= dispute.decided_on:
        return str(law["resolved"])
    return str(law["while_open"])


def may_open(event: DisputeOpened, owner: str | None, told_months: Collection[date]) -> None:
    """Refuse what is no dispute: another person's account, a month never furnished. Raises FactRefused."""
    if owner is None or owner != event.borrower:
        raise FactRefused(
            "loan", event.loan, f"is not an account of {event.borrower}",
            "dispute an account of your own; if the report shows an account that is not yours, claim 'identity' "
            "through the bureau that shows it",
        )  # fmt: skip
    never = [m for m in event.months if m not in told_months]
    if never:
        raise FactRefused(
            "months", never[0].isoformat(), f"nothing was furnished to {event.bureau} for that month",
            f"name months that were: {_named(told_months)}",
        )  # fmt: skip


def _named(months: Collection[date]) -> str:
    return ", ".join(m.isoformat() for m in sorted(months)[-6:]) or "none was; ask the bureau who furnished it"


def wrong_months(now: pl.DataFrame, told: pl.DataFrame, months: Collection[date]) -> list[date]:
    """Of the months, those in which what was told last is not what the book reckons."""
    last = told.sort("turn").unique(("loan", "month_end"), keep="last").filter(pl.col("month_end").is_in(list(months)))
    # the flag of the dispute itself is no error of the record; the class is the lender's opinion, which nobody disputes
    columns = [name for name in TOLD if name not in ("annotation", "five_tier")]
    same = last.join(now, ["loan", "month_end", *columns], "semi", nulls_equal=True)
    return sorted(last.join(same, ["loan", "month_end"], "anti")["month_end"].to_list())


def may_decide(outcome: str, wrong: Collection[date]) -> None:
    """The answer follows the book: `corrected` where it reckons otherwise than furnished, `accurate` where not.

    Nobody can decide that accurate data be amended: there is nothing that would. Raises FactRefused.
    """
    if outcome == "corrected" and not wrong:
        raise FactRefused(
            "outcome", outcome, "what was furnished is what the book reckons: accurate data is not amended",
            "decide 'accurate'; or, if the book itself is wrong, record the fact that corrects it (a reversal, a late "
            "repayment, a waiver) and decide again",
        )  # fmt: skip
    if outcome == "accurate" and wrong:
        raise FactRefused(
            "outcome", outcome, f"the book reckons otherwise for {', '.join(m.isoformat() for m in sorted(wrong))}",
            "decide 'corrected'; furnishing then amends these months",
        )  # fmt: skip
