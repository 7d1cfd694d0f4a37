"""What a court says of a debt reaches the ledger: its sums, checked, and the facts that fix what is owed."""

from dataclasses import dataclass
from datetime import date
from typing import Any

import psycopg

from afterloan.dates import number_of
from afterloan.facts import Adjudged, FactRefused
from afterloan.loan.terms import FactKind, JudgedPart
from afterloan.money import show_amount
from afterloan.rules.products import ProductTerms
from afterloan.servicing.booking import take
from afterloan.store.legal import LegalCase, contract_told
from afterloan.strategy.course import LegalStep, Title, costs_to_claim, step_rules
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
    own rate unless it is told.
    """

    amount_fen: int = 0
    perform_by: date | None = None
    principal_fen: int | None = None
    interest_fen: int | None = None
    penalty_fen: int | None = None
    costs_fen: int | None = None
    rate_percent: str | None = None

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
    sums = {"amount_fen": total, "principal_fen": principal, "interest_fen": interest}
    return sums | {"penalty_fen": penalty, "costs_fen": costs, "rate": rate}


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
    for part, amount in parts.items():
        name = f"judgment:{title.step.proposal.reference}:{int(part)}"
        take(connection, Adjudged(case.loan, name, number_of(told.on), number_of(on), part, amount, number_of(by)))
