"""The chart of accounts: where every minor unit of the loan book stands."""

from dataclasses import dataclass
from enum import IntEnum, StrEnum


class Account(IntEnum):
    """The accounts by code. 1xxx assets, 2xxx liabilities, 4xxx income, 5xxx expenses, 9xxx memorandum.

    Memorandum accounts stand off the balance sheet: what is claimed of borrowers and is no asset of the books any more.
    """

    CASH_CLEARING = 1010
    TRANSFERS = 1020
    PRINCIPAL = 1110
    INTEREST_ACCRUED = 1120
    INTEREST_DUE = 1130
    PENALTY_RECEIVABLE = 1140
    FEE_RECEIVABLE = 1150
    ALLOWANCE = 1910
    UNAPPLIED = 2110
    SUSPENSE = 2120
    REFUNDS_DUE = 2130
    INTEREST_INCOME = 4110
    PENALTY_INCOME = 4120
    FEE_INCOME = 4130
    RECOVERIES = 4210
    PRINCIPAL_WAIVED = 5110
    INTEREST_WAIVED = 5120
    PENALTY_WAIVED = 5130
    FEE_WAIVED = 5140
    PRINCIPAL_WRITTEN_OFF = 5210
    INTEREST_WRITTEN_OFF = 5220
    PENALTY_WRITTEN_OFF = 5230
    FEE_WRITTEN_OFF = 5240
    LOSS_ON_SALE = 5310
    PROVISION = 5410
    INTEREST_CLAIMED = 9110
    CLAIMS_WRITTEN_OFF = 9120
    MEMORANDUM = 9900


class Kind(StrEnum):
    """What an account is; the value is the name that plain-text ledgers start with."""

    ASSET = "Assets"
    LIABILITY = "Liabilities"
    INCOME = "Income"
    EXPENSE = "Expenses"
    MEMORANDUM = "Equity"


class Side(IntEnum):
    """The side on which an account grows; the sign that a debit has in its natural balance."""

    DEBIT = 1
    CREDIT = -1


NORMAL_SIDE = {
    Kind.ASSET: Side.DEBIT,
    Kind.EXPENSE: Side.DEBIT,
    Kind.MEMORANDUM: Side.DEBIT,
    Kind.LIABILITY: Side.CREDIT,
    Kind.INCOME: Side.CREDIT,
}


@dataclass(frozen=True, slots=True)
class ChartLine:
    """One account: code, names, kind; `ledger` is its name in exports, `control` says it mirrors positions."""

    account: Account
    en: str
    zh: str
    kind: Kind
    ledger: str
    control: bool = False

    @property
    def side(self) -> Side:
        """The normal side: `LINE[Account.UNAPPLIED].side is Side.CREDIT`."""
        return NORMAL_SIDE[self.kind]


CHART = (
    ChartLine(Account.CASH_CLEARING, "Cash clearing", "待清算资金", Kind.ASSET, "Assets:Cash-Clearing"),
    ChartLine(Account.TRANSFERS, "Transfers between loans", "贷款间转款", Kind.ASSET, "Assets:Transfers", True),
    ChartLine(Account.PRINCIPAL, "Principal outstanding", "贷款本金", Kind.ASSET, "Assets:Loans:Principal", True),
    ChartLine(
        Account.INTEREST_ACCRUED,
        "Interest accrued, not due",
        "应计利息(未到期)",
        Kind.ASSET,
        "Assets:Loans:Interest-Accrued",
        True,
    ),
    ChartLine(Account.INTEREST_DUE, "Interest due", "应收利息", Kind.ASSET, "Assets:Loans:Interest-Due", True),
    ChartLine(Account.PENALTY_RECEIVABLE, "Penalties receivable", "应收罚息", Kind.ASSET, "Assets:Loans:Penalty", True),
    ChartLine(Account.FEE_RECEIVABLE, "Fees receivable", "应收费用", Kind.ASSET, "Assets:Loans:Fee", True),
    ChartLine(
        Account.ALLOWANCE, "Allowance for loan losses", "贷款损失准备", Kind.ASSET, "Assets:Loans:Allowance", True
    ),
    ChartLine(Account.UNAPPLIED, "Unapplied", "待分配款", Kind.LIABILITY, "Liabilities:Unapplied", True),
    ChartLine(Account.SUSPENSE, "Unmatched money", "待查款项", Kind.LIABILITY, "Liabilities:Suspense", True),
    ChartLine(
        Account.REFUNDS_DUE, "Refunds due to borrowers", "应退借款人款", Kind.LIABILITY, "Liabilities:Refunds-Due", True
    ),
    ChartLine(Account.INTEREST_INCOME, "Interest income", "利息收入", Kind.INCOME, "Income:Interest"),
    ChartLine(Account.PENALTY_INCOME, "Penalty income", "罚息收入", Kind.INCOME, "Income:Penalty"),
    ChartLine(Account.FEE_INCOME, "Fee income", "费用收入", Kind.INCOME, "Income:Fee"),
    ChartLine(Account.PRINCIPAL_WAIVED, "Principal waived", "本金减免", Kind.EXPENSE, "Expenses:Waived:Principal"),
    ChartLine(Account.INTEREST_WAIVED, "Interest waived", "利息减免", Kind.EXPENSE, "Expenses:Waived:Interest"),
    ChartLine(Account.PENALTY_WAIVED, "Penalties waived", "罚息减免", Kind.EXPENSE, "Expenses:Waived:Penalty"),
    ChartLine(Account.RECOVERIES, "Recoveries after write-off", "核销后收回", Kind.INCOME, "Income:Recoveries"),
    ChartLine(Account.FEE_WAIVED, "Fees waived", "费用减免", Kind.EXPENSE, "Expenses:Waived:Fee"),
    ChartLine(
        Account.PRINCIPAL_WRITTEN_OFF,
        "Principal written off",
        "本金核销",
        Kind.EXPENSE,
        "Expenses:Written-Off:Principal",
    ),
    ChartLine(
        Account.INTEREST_WRITTEN_OFF, "Interest written off", "利息核销", Kind.EXPENSE, "Expenses:Written-Off:Interest"
    ),
    ChartLine(
        Account.PENALTY_WRITTEN_OFF, "Penalties written off", "罚息核销", Kind.EXPENSE, "Expenses:Written-Off:Penalty"
    ),
    ChartLine(Account.FEE_WRITTEN_OFF, "Fees written off", "费用核销", Kind.EXPENSE, "Expenses:Written-Off:Fee"),
    ChartLine(Account.LOSS_ON_SALE, "Loss on sale of loans", "贷款转让损失", Kind.EXPENSE, "Expenses:Loss-On-Sale"),
    ChartLine(Account.PROVISION, "Provision for loan losses", "计提贷款损失准备", Kind.EXPENSE, "Expenses:Provision"),
    ChartLine(
        Account.INTEREST_CLAIMED,
        "Interest off balance",
        "表外应收利息",
        Kind.MEMORANDUM,
        "Equity:Memorandum:Interest",
        True,
    ),
    ChartLine(
        Account.CLAIMS_WRITTEN_OFF,
        "Claims written off",
        "已核销债权",
        Kind.MEMORANDUM,
        "Equity:Memorandum:Written-Off",
        True,
    ),
    ChartLine(Account.MEMORANDUM, "Memorandum contra", "备忘对方科目", Kind.MEMORANDUM, "Equity:Memorandum:Contra"),
)

LINE = {line.account: line for line in CHART}
CONTROL = tuple(line.account for line in CHART if line.control)
"""Accounts whose balance must equal a sum over positions, to the cent, every day."""
