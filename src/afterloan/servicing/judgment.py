"""What a court says of a debt reaches the ledger: its sums, checked, and the facts that fix what is owed."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import psycopg

from afterloan.counting import counted
from afterloan.dates import number_of
from afterloan.facts import Adjudged, FactRefused
from afterloan.facts.legal import CourtInstalment, LegalStepEnded
from afterloan.loan.reckon import reckon_loan
from afterloan.loan.terms import FactKind, JudgedPart
from afterloan.money import show_amount
from afterloan.rules.products import ProductTerms
from afterloan.servicing.booking import book_of, take
from afterloan.store.legal import LegalCase, contract_told
from afterloan.strategy.course import LegalStep, Title, costs_to_claim, step_rules, title_of
from afterloan.strategy.legal import owed_by_law
from afterloan.strategy.limitation import rule_of

PPM_ON_RATE_SCALE = 10
"""A millionth on RATE_SCALE (10^7)."""
WHOLE = ("granted", "unanswered")
"""Outcomes that give what was asked for: the parts may be left to the ledger."""


@dataclass(frozen=True, slots=True)
class Said:
    """What a court said, in minor units: the whole, its parts where they are told, the day to perform by.

    `rate_percent`: interest on the principal from the judgment on, for the product's unit of time; the contract's
    own rate unless it is told. `instalments`: the parts in which the court lets the debtor pay, `whole_if_missed`
    whether all may be enforced once one of them fails.
    """

    amount_fen: int = 0
    perform_by: date | None = None
    principal_fen: int | None = None
    interest_fen: int | None = None
    penalty_fen: int | None = None
    costs_fen: int | None = None
    rate_percent: str | None = None
    instalments: tuple[CourtInstalment, ...] = ()
    whole_if_missed: bool = True

    def parts(self) -> tuple[int | None, ...]:
        """Principal, interest, penalty, costs."""
        return (self.principal_fen, self.interest_fen, self.penalty_fen, self.costs_fen)


def sums_of(
    connection: psycopg.Connection[Any], case: LegalCase, step: LegalStep, outcome: str, said: Said
) -> dict[str, Any]:
    """The fields of a judgment for its event. Raises FactRefused: parts missing, or not what the whole comes to.

    Granted as claimed and no parts told: what the contract had on the day of the judgment, and the costs: fees of this
    step, of an order that was objected to, and fees charged. 12,000.00 + 700.00 + 363.40 + 109.39 = 13,172.79.
    """
    told = said.parts()
    if told == (None,) * 4 and outcome in WHOLE:
        told = _as_claimed(case, step)
    elif (None in told and outcome not in WHOLE) or told.count(None) not in (0, 4):
        remedy = "name --principal, --interest, --penalty and --costs as the court says them, 0 where it grants none"
        raise FactRefused("parts", outcome, "says what is owed", remedy)
    principal, interest, penalty, costs = (int(part or 0) for part in told)
    total = principal + interest + penalty + costs
    if said.amount_fen not in (0, total):
        why = f"its parts come to {show_amount(total)} (principal {show_amount(principal)}, interest "
        why += f"{show_amount(interest)}, penalty {show_amount(penalty)}, costs {show_amount(costs)})"
        remedy = "name --principal, --interest, --penalty and --costs as the court says them"
        raise FactRefused("amount", show_amount(said.amount_fen), why, remedy)
    lent = owed_by_law(case.reckoned.position)
    if not lent.off_books_fen and principal > lent.principal_fen:
        remedy = "a court grants no more principal than is owed; correct the parts"
        raise FactRefused("principal", show_amount(principal), f"{show_amount(lent.principal_fen)} is owed", remedy)
    rate = _rate(connection, case, said.rate_percent)
    sums: dict[str, Any] = {"amount_fen": total, "principal_fen": principal, "interest_fen": interest}
    sums |= {"penalty_fen": penalty, "costs_fen": costs, "rate": rate}
    return sums | (_in_parts(said, total, case.claim.on) if said.instalments else {})


def sums_of_row(
    connection: psycopg.Connection[Any], case: LegalCase, step: LegalStep, row: LegalStepEnded, outcome: str, said: Said
) -> dict[str, Any]:
    """The sums of a judgment that came in as a row, told with what puts it in force: measured on the row's day.

    Nothing is taken from the claim or the contract. Raises FactRefused: parts or rate missing, or nothing granted.
    """
    day = row.on if step.taken and step.taken.ended_on else case.claim.on
    reckoned = reckon_loan(book_of(connection, case.loan), 0, number_of(day), number_of(case.claim.on))
    then = replace(case, claim=replace(case.claim, on=day), reckoned=reckoned)
    sums = sums_of(connection, then, step, outcome, said)
    if said.rate_percent is None:
        raise FactRefused("rate", None, "the row says no rate", "name --rate as the court says it")
    if not sums["amount_fen"]:
        raise FactRefused("parts", 0, f"a judgment {row.outcome} has a sum", "name the parts as the court says them")
    return sums


def _in_parts(said: Said, total: int, on: date) -> dict[str, Any]:
    """The fields of a judgment that may be paid in parts; to be performed by the day of the first of them.

    Raises FactRefused where they are not in order of their days, or do not come to the judgment: 300.00 on 10 October,
    300.00 on 10 November and 520.00 on 10 December are 1,120.00.
    """
    days = [part.due_on for part in said.instalments]
    came = sum(part.amount_fen for part in said.instalments)
    if came != total:
        why = f"come to {show_amount(came)}, the judgment to {show_amount(total)}"
        raise FactRefused(
            "instalments", f"{counted(len(days), 'part')}", why, "name every part with its day and amount"
        )
    if days != sorted(set(days)) or days[0] < on:
        shown = ", ".join(day.isoformat() for day in days)
        raise FactRefused("instalments", shown, f"are not one after the other from {on} on", "correct their days")
    if said.perform_by not in (None, days[0]):
        remedy = "leave --perform-by out: the first part says it"
        raise FactRefused("perform_by", said.perform_by, f"the first part is due on {days[0]}", remedy)
    parts = [part.model_dump(mode="json") for part in said.instalments]
    return {"perform_by": days[0], "instalments": parts, "whole_if_missed": said.whole_if_missed}


def _as_claimed(case: LegalCase, step: LegalStep) -> tuple[int, int, int, int]:
    owed = owed_by_law(case.reckoned.position)
    fee = step.started.fee_fen if step.started else 0
    costs = owed.costs_fen + fee + costs_to_claim(case.steps, step_rules(case.claim.jurisdiction, case.claim.on))
    if owed.off_books_fen:  # its parts are no longer told apart: it counts as principal
        return owed.off_books_fen, 0, 0, costs
    return owed.principal_fen, owed.interest_fen, owed.penalty_fen, costs


CHANGED = (
    "select f.amount_fen from fact f where f.loan = %s and f.kind = %s and f.component = 0 and f.on_day <= %s "
    "and not exists (select from fact r where r.of_fact = f.fact) order by f.on_day desc, f.fact desc limit 1"
)


def _rate(connection: psycopg.Connection[Any], case: LegalCase, percent: str | None) -> int:
    """The rate told, or the contract's own as it stands, on RATE_SCALE."""
    _, terms, contract = contract_told(connection, case.loan_number)
    if percent is not None:
        return ProductTerms.model_validate(terms).rate(percent)
    kind = int(FactKind.RATE_CHANGED)
    changed = connection.execute(CHANGED, (case.loan_number, kind, case.claim.on)).fetchone()
    return int(changed[0] if changed else contract["rate"])


def fix_debt(connection: psycopg.Connection[Any], case: LegalCase, title: Title, on: date) -> None:
    """The facts of a judgment that came into force: dated as the court's sums are, known today.

    Money that came in between meets the debt in the court's order. Raises FactRefused without a day of performance.
    """
    told, until = title.told, title.step.outcomes
    by = title.perform_by if told.perform_by or any(o.perform_by for o in until) else None
    if by is None or by < told.on:
        remedy = "name the day until which the debtor is to pay: --perform-by YYYY-MM-DD"
        raise FactRefused("perform_by", by and by.isoformat(), "a judgment in force has a day of performance", remedy)
    rule = rule_of(case.claim.jurisdiction, "judgment.interest", on)
    extra = int(rule.parameters["extra_ppm_day"]) * PPM_ON_RATE_SCALE if rule else 0
    parts = {
        JudgedPart.PENALTY: told.penalty_fen, JudgedPart.FEE: told.costs_fen, JudgedPart.INTEREST: told.interest_fen,
        JudgedPart.PRINCIPAL: told.principal_fen, JudgedPart.RATE: told.rate, JudgedPart.EXTRA_RATE: extra,
    }  # fmt: skip
    name, known = f"judgment:{title.step.proposal.reference}", number_of(on)
    for part, amount in parts.items():
        reference = f"{name}:{int(part)}"
        take(connection, Adjudged(case.loan, reference, number_of(told.on), known, part, amount, number_of(by)))
        if part == JudgedPart.PRINCIPAL:
            _fix_parts(connection, case.loan, reference, told, known)


def _fix_parts(connection: psycopg.Connection[Any], loan: str, name: str, told: LegalStepEnded, known: int) -> None:
    """One fact for each part, its name between the sums and the rates: facts of a day act in order of their names."""
    parts: Sequence[CourtInstalment] = told.instalments
    for k, one in enumerate(parts):
        due_on, amount = number_of(one.due_on), one.amount_fen
        on, reference = number_of(told.on), f"{name}:{k:03}"
        take(connection, Adjudged(loan, reference, on, known, JudgedPart.INSTALMENT, amount, due_on))


def call_the_rest(connection: psycopg.Connection[Any], case: LegalCase, on: date) -> None:
    """Enforcement is applied for because a part failed: what is left of a judgment in parts falls due as a whole.

    Nothing happens where there are no parts, or the court lets only those be enforced that were missed.
    """
    title = title_of(case.steps, step_rules(case.claim.jurisdiction, on))
    if title is None or not title.told.instalments or not title.told.whole_if_missed:
        return
    name, day = f"judgment:{title.step.proposal.reference}:whole", number_of(on)
    take(connection, Adjudged(case.loan, name, day, day, JudgedPart.WHOLE_DUE, 0, day))
