"""What a loan that ended came to, as a confirmation of it says."""

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class SettledLoan:
    """A loan that ended: whose it was, what was lent, what came in all, what was waived (minor units), and when."""

    loan: str
    borrower: str
    name: str
    signed_on: date
    settled_on: date
    lent_fen: int
    paid_fen: int
    waived_fen: int = 0
    currency: str = "CNY"
