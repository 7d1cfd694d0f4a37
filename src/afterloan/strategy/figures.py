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
    late: list[Mapping[str, Any]] = []
    called = 0
    for x in loans:
        due_fen = x["due_today_fen"]
        if x["accelerated"]:
            called += due_fen
        elif due_fen > 0:
            today.append(x)
        elif x["days_to_due"] < FAR and x["next_due_fen"] > 0:
            ahead.append(x)
        if x["arrears_fen"] > 0 or (x["accelerated"] and due_fen > 0):
            late.append(x)
    nearest = min([x["days_to_due"] for x in ahead], default=FAR)
    asked = today or [x for x in ahead if x["days_to_due"] == nearest]
    return Figures(
        due_on=None if not asked else on if today else on + nearest,
        due_fen=sum([x["due_today_fen"] if today else x["next_due_fen"] for x in asked]),
        due_today_fen=sum([x["due_today_fen"] for x in today]),
        arrears_fen=sum([x["arrears_fen"] for x in loans]) + called,
        penalty_fen=sum([x["late_penalty_fen"] for x in loans]),
        since_on=min([x["due_on"] for x in late if x["days_past_due"] > 0 or x["accelerated"]], default=None),
        days_past_due=max([x["days_past_due"] for x in loans], default=0),
        days_to_due=0 if today else nearest,
        payoff_fen=sum([x["payoff_fen"] for x in loans]),
        due_loans=tuple([x["reference"] for x in asked]),
        late_loans=tuple([x["reference"] for x in late]),
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
