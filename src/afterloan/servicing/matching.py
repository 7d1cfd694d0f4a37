"""To which loan a line of a statement belongs: only what the line itself says decides, likeness only proposes."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from afterloan.banks.words import StatementLine

TOKEN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{1,59}")

CREDITOR_REFERENCE = re.compile(r"RF[0-9]{2}[A-Za-z0-9]{1,21}")


@dataclass(frozen=True, slots=True)
class LineClaim:
    """A live loan that a line may be for. Money in minor units; `due_fen`: arrears and today, else the next one."""

    loan: str
    borrower: str
    name: str
    due_fen: int
    payoff_fen: int

    def asks_for(self, amount_fen: int) -> bool:
        """Whether the loan asks for exactly this: what is due, or what ends it."""
        return amount_fen in (self.due_fen, self.payoff_fen) and amount_fen > 0


@dataclass(frozen=True, slots=True)
class Match:
    """What a line came to. `loan` None: a person decides, among `candidates` if there are any; `how` says why."""

    how: str
    loan: str | None = None
    candidates: tuple[str, ...] = ()


def tokens(line: StatementLine) -> list[str]:
    """Words of a line that may be references, in order: `tokens` of "repay loan-7, thanks" has `loan-7`.

    A creditor reference (ISO 11649) also counts without its RF and check digits: `RF18L3` is `L3` too.
    """
    found = [word.strip(".-_") for word in TOKEN.findall(f"{line.end_to_end} {line.text}")]
    within = [word[4:] for word in found if CREDITOR_REFERENCE.fullmatch(word)]
    return list(dict.fromkeys([*found, *within]))


def match_line(
    line: StatementLine, by_loan: Sequence[LineClaim], by_borrower: Sequence[LineClaim], by_name: Iterable[LineClaim]
) -> Match:
    """Decide a line that names no debit of ours. Pure.

    `by_loan`: claims whose loan reference the line names; `by_borrower`: loans of the borrower whose reference or
    mandate it names; `by_name`: loans of borrowers who bear the payer's name. A name alone never decides.
    """
    if line.amount_fen < 0:
        return Match("money that went out and names no debit of ours")
    if len(by_loan) == 1:
        return Match("loan reference", by_loan[0].loan)
    if len(by_loan) > 1:
        return Match("names several loans", None, tuple(c.loan for c in by_loan))
    if by_borrower:
        exact = [c for c in by_borrower if c.asks_for(line.amount_fen)]
        if len(exact) == 1:
            return Match("borrower and amount", exact[0].loan)
        if len(by_borrower) == 1:
            return Match("borrower's only loan", by_borrower[0].loan)
        return Match("borrower has several loans", None, tuple(c.loan for c in exact or by_borrower))
    likely = tuple(c.loan for c in by_name if c.asks_for(line.amount_fen))
    if likely:
        return Match("name and amount agree", None, likely[:20])
    return Match("nothing in it names a loan")
