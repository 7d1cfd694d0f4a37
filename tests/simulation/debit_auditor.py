"""The auditor of debits: what may be asked of a bank, and what its answers are worth; nothing of `afterloan` in it.

* A debit needs a mandate that was signed by its day and has not ended, for that loan and account, and keeps below its
  ceiling. A bank that says that the account is closed or that there is no mandate has ended it.
* It asks for no more than is owed that evening: past due and due today, less what was asked for and is not answered.
* Nothing is asked of who has died, is insolvent, in hardship, in a breathing space, disputes, or says that the loan
  is not theirs.
* A key is used once. Money that the bank took is a repayment of the day on which the bank says that it was done,
  however late and however often it says so; given back, it never was. Until its answer is heard the money is on its
  way, though the bank may have it: nobody asks for it again.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date

from tests.simulation.contact_auditor import Stop

STOPS = frozenset({"deceased", "insolvency", "hardship_review", "breathing_space", "dispute_open", "fraud_claim"})
ENDING = frozenset({"AC04", "MD01"})


@dataclass
class Mandate:
    """Signed on a day for one loan; `most` in one debit (None: no limit)."""

    borrower: str
    loan: str
    account: str
    since: date
    most: int | None = None
    ended: date | None = None


@dataclass(frozen=True)
class Asked:
    """One debit as the bank was asked for it."""

    key: str
    mandate: str
    account: str
    fen: int
    on: date


@dataclass
class DebitAuditor:
    """Keeps mandates and what is not answered yet; `wrong` says why a debit should not have been asked for."""

    mandates: dict[str, Mandate] = field(default_factory=dict)
    waiting: dict[str, Asked] = field(default_factory=dict)
    keys: set[str] = field(default_factory=set)

    def wrong(self, asked: Asked, owed: int, stops: Iterable[Stop]) -> str:
        """Why this debit should not have left; "": nothing is wrong. `owed`: of its loan, past due and due today."""
        mandate = self.mandates.get(asked.mandate)
        if mandate is None or mandate.account != asked.account:
            return "asked without a mandate"
        if asked.on < mandate.since or (mandate.ended is not None and mandate.ended <= asked.on):
            return "asked under a mandate that is not in effect"
        if mandate.most is not None and asked.fen > mandate.most:
            return f"asks for {asked.fen}, more than the mandate's {mandate.most}"
        held = sorted(s.what for s in stops if s.borrower == mandate.borrower and s.what in STOPS and s.on(asked.on))
        if held:
            return f"asked though {held[0]}"
        on_its_way = sum(a.fen for a in self.waiting.values() if self.mandates[a.mandate].loan == mandate.loan)
        if asked.fen > owed - on_its_way:
            return f"asks for {asked.fen}, owed {owed}, on its way {on_its_way}"
        if asked.key in self.keys:
            return "asked twice"
        self.keys.add(asked.key)
        self.waiting[asked.key] = asked
        return ""

    def answered(self, key: str, code: str, on: date) -> bool:
        """The bank said what became of a debit; its reason may end the mandate: whether it does."""
        asked = self.waiting.pop(key, None)
        if asked is None or code not in ENDING:
            return False
        mandate = self.mandates[asked.mandate]
        ended, mandate.ended = mandate.ended, min(mandate.ended or on, on)
        return ended is None
