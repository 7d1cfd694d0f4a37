"""Balances: what the entries add up to, and what the positions say they must add up to."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from afterloan.journal.accounts import CHART, CONTROL, LINE, Account
from afterloan.journal.beside import Beside, claims_kept, refunds_due
from afterloan.journal.postings import POSTINGS
from afterloan.loan.book import Records
from afterloan.loan.terms import Component

Balances = dict[Account, int]
"""Balance of each account in minor units, debits positive."""


@dataclass(frozen=True, slots=True)
class TrialLine:
    """One account of a trial balance; `balance_fen` is on the account's normal side."""

    account: Account
    debit_fen: int
    credit_fen: int

    @property
    def balance_fen(self) -> int:
        """Debits less credits for assets and expenses, credits less debits for the others."""
        return (self.debit_fen - self.credit_fen) * LINE[self.account].side


def trial_balance(pairs: Iterable[tuple[int, int, int]]) -> list[TrialLine]:
    """All accounts of the chart from (debit, credit, amount) triples, in order of code.

    Triples may be single entries or sums over many: `trial_balance([(1110, 1010, 100000)])` shows
    principal 1,000.00 debit and cash clearing 1,000.00 credit. Raises KeyError for an unknown account.
    """
    debits = {line.account: 0 for line in CHART}
    credits = {line.account: 0 for line in CHART}
    for debit, credit, amount in pairs:
        debits[Account(debit)] += amount
        credits[Account(credit)] += amount
    return [TrialLine(line.account, debits[line.account], credits[line.account]) for line in CHART]


def balances(pairs: Iterable[tuple[int, int, int]]) -> Balances:
    """Balance of every account from (debit, credit, amount), debits positive; they sum to zero."""
    return {line.account: line.debit_fen - line.credit_fen for line in trial_balance(pairs)}


def balances_of_totals(totals: npt.NDArray[np.int64]) -> Balances:
    """The balances that running totals [SLOTS] come to once they are posted, debits positive."""
    return balances(
        (posting.debit, posting.credit, int(amount)) for posting, amount in zip(POSTINGS, totals, strict=True)
    )


def control_of_positions(positions: Records, judged: Beside | None = None) -> Balances:
    """What each control account must show, debits positive: sums over the positions' own balances.

    It does not look at running totals, so it is a second opinion on everything that was posted. `judged`: the interest
    of loans in non-accrual is no asset, it stands among the memorandum accounts.
    """
    owed = positions["outstanding_fen"].sum(axis=0)
    stopped = positions[judged.non_accrual] if judged is not None else positions[:0]
    off = stopped["outstanding_fen"].sum(axis=0)
    not_due, refunds = int(stopped["accrued_interest_fen"].sum()), int(refunds_due(positions).sum())
    controls = {
        Account.PRINCIPAL: int(owed[Component.PRINCIPAL]),
        Account.INTEREST_ACCRUED: int(positions["accrued_interest_fen"].sum()) - not_due,
        Account.INTEREST_DUE: int(owed[Component.INTEREST] - off[Component.INTEREST]),
        Account.PENALTY_RECEIVABLE: int(owed[Component.PENALTY] - off[Component.PENALTY]),
        Account.FEE_RECEIVABLE: int(owed[Component.FEE]),
        Account.TRANSFERS: int((positions["transferred_in_fen"] - positions["transferred_out_fen"]).sum()),
        Account.UNAPPLIED: refunds - int(positions["unapplied_fen"].sum()),
        Account.REFUNDS_DUE: -refunds,
        Account.INTEREST_CLAIMED: not_due + int(off[Component.INTEREST] + off[Component.PENALTY]),
        Account.CLAIMS_WRITTEN_OFF: int(claims_kept(positions).sum()),
    }
    if judged is not None and judged.allowance_fen is not None:
        controls[Account.ALLOWANCE] = -int(judged.allowance_fen.sum())
    return controls


@dataclass(frozen=True, slots=True)
class Disagreement:
    """A control account that does not show what the positions say; amounts with debits positive."""

    account: Account
    posted_fen: int
    positions_fen: int

    def __str__(self) -> str:
        """For the one who must find it: account, both amounts, by how much."""
        return (
            f"{LINE[self.account].en} ({int(self.account)}): the journal has {self.posted_fen}, "
            f"the positions {self.positions_fen}, {self.posted_fen - self.positions_fen:+d} minor units apart"
        )


def disagreements(posted: Mapping[Account, int], positions: Mapping[Account, int]) -> list[Disagreement]:
    """Control accounts whose posted balance differs from the sum over positions; [] when all agree."""
    return [
        Disagreement(account, posted.get(account, 0), positions.get(account, 0))
        for account in CONTROL
        if posted.get(account, 0) != positions.get(account, 0)
    ]
