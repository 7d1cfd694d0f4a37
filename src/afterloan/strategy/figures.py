"""What a message says of money: what falls due, what is in arrears since when, split once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from afterloan.dates import iso
from afterloan.strategy.columns import FAR


@dataclass(frozen=True, slots=True)
class Figures:
    """What a borrower owes on a day over all loans, in minor units; days since 1970-01-01.

    `due_fen` falls due on `due_on`: today's instalments, where there are none the nearest ahead. `arrears_fen` is all
    that was due before today and is unpaid, penalties and what a call of the whole loan made due included, since
    `since_on` (None: no more than the product tolerates); `penalty_fen` is a part of it and is never added to it.
    `owed_fen` = what is due today + arrears. `due_loans` and `late_loans` (references) say which loans.
    """

    due_on: int | None
    due_fen: int
    due_today_fen: int
    arrears_fen: int
    penalty_fen: int
    since_on: int | None
    days_past_due: int
    days_to_due: int
    payoff_fen: int
    due_loans: tuple[str, ...]
    late_loans: tuple[str, ...]

    @property
    def owed_fen(self) -> int:
        """What the engine says is owed this day: due today and arrears."""
        return self.due_today_fen + self.arrears_fen


def figures_of(loans: Sequence[Mapping[str, Any]], on: int) -> Figures:
    """The figures of a borrower on a day: `loans` are the rows of their live loans (`loan_frame` with `reference`).

    One loan of which 457.27 falls due today and 930.00 with 7.38 of penalty are older: due 457.27, arrears 937.38 of
    which penalty 7.38, owed 1,394.65.
    """
    today: list[Mapping[str, Any]] = []  # a loan called due has no instalment, today or ahead
    ahead: list[Mapping[str, Any]] = []
    late: list[str] = []
    arrears = penalty = payoff = longest = 0
    nearest, since = FAR, None
    for x in loans:  # once over the loans: a night makes some ten thousand of these for each million
        due_fen, accelerated, days = x["due_today_fen"], x["accelerated"], x["days_past_due"]
        arrears += x["arrears_fen"]
        penalty += x["late_penalty_fen"]
        payoff += x["payoff_fen"]
        longest = max(longest, days)
        if accelerated:
            arrears += due_fen
        elif due_fen > 0:
            today.append(x)
        elif x["days_to_due"] < FAR and x["next_due_fen"] > 0:
            ahead.append(x)
            nearest = min(nearest, x["days_to_due"])
        if x["arrears_fen"] > 0 or (accelerated and due_fen > 0):
            late.append(x["reference"])
            if days > 0 or accelerated:
                since = x["due_on"] if since is None else min(since, x["due_on"])
    due_today = sum([x["due_today_fen"] for x in today])
    asked = today or [x for x in ahead if x["days_to_due"] == nearest]
    return Figures(
        due_on=None if not asked else on if today else on + nearest,
        due_fen=due_today if today else sum([x["next_due_fen"] for x in asked]),
        due_today_fen=due_today,
        arrears_fen=arrears,
        penalty_fen=penalty,
        since_on=since,
        days_past_due=longest,
        days_to_due=0 if today else nearest,
        payoff_fen=payoff,
        due_loans=tuple([x["reference"] for x in asked]),
        late_loans=tuple(late),
    )


def values_of(owed: Figures, reminds: bool, tells_arrears: bool = True) -> dict[str, Any]:
    """The figures under the names that templates use: made when a message is planned, and once more when it leaves.

    `reminds`: it speaks of the instalment that falls due (`amount_fen` on `due_on`, `loans`), and of arrears beside
    it only where it `tells_arrears`: a hold on collection keeps them out. Else it speaks of the arrears.
    """
    following = owed.days_to_due if not owed.due_today_fen and owed.days_to_due < FAR else None
    told: dict[str, Any] = {
        "amount_fen": owed.due_fen if reminds else owed.owed_fen,
        "arrears_fen": owed.arrears_fen,
        "due_today_fen": owed.due_today_fen,
        "penalty_fen": owed.penalty_fen,
        "owed_fen": owed.owed_fen,
        "payoff_fen": owed.payoff_fen,
        "due_on": _day(owed.due_on) if reminds else _day(owed.since_on),
        "since_on": _day(owed.since_on),
        "days_past_due": owed.days_past_due,
        "days_to_due": owed.days_to_due,
        "next_due_in_days": following,
        "loans": list(owed.due_loans if reminds else owed.late_loans or owed.due_loans),
    }
    if reminds and not tells_arrears:
        told |= {"arrears_fen": 0, "penalty_fen": 0, "owed_fen": owed.due_today_fen, "since_on": None}
    return told


def _day(number: int | None) -> str | None:
    return iso(number) if number is not None else None
