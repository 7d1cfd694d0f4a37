"""Lessons: what something comes to on the borrower's own loan, each with one question; nothing of it is kept."""

from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter

from afterloan.dates import number_of
from afterloan.desk.portal.screens import not_yours, screen
from afterloan.desk.web.asking import Asking, SignedIn
from afterloan.enquiry.mine import mine
from afterloan.enquiry.taught import Taught, taught


def learning(router: APIRouter) -> None:
    """Adds the pages."""

    @screen(router, "/lessons", "lessons")
    def first(asking: SignedIn) -> Mapping[str, Any]:
        """The lessons of the loan that is late longest, else of the first that is open."""
        it = mine(asking.connection, asking.person.name, asking.today)
        opened = sorted((one for one in it.loans if one.payoff_fen), key=lambda one: (-one.days, one.loan))
        return _lessons(asking, opened[0].loan if opened else "")

    @screen(router, "/lessons/{loan}", "lessons")
    def of_loan(asking: SignedIn, loan: str) -> Mapping[str, Any]:
        """The lessons of a loan."""
        return _lessons(asking, loan)

    @screen(router, "/lessons/{loan}/{reference}", "lesson")
    def one(asking: SignedIn, loan: str, reference: str, answer: str = "") -> Mapping[str, Any]:
        """One lesson; `answer`: the number of the answer chosen, and whether it is right."""
        found = next((one for one in _of(asking, loan) if one.lesson == reference), None)
        if found is None:
            raise not_yours()
        chosen = int(answer) if answer.isdecimal() and int(answer) < len(found.answers) else None
        return {"loan": loan, "lesson": found, "chosen": chosen}


def _of(asking: Asking, loan: str) -> tuple[Taught, ...]:
    return taught(asking.connection, asking.person.name, loan, number_of(asking.today), asking.language)


def _lessons(asking: Asking, loan: str) -> dict[str, Any]:
    it = mine(asking.connection, asking.person.name, asking.today)
    return {"loan": loan, "loans": [one.loan for one in it.loans if one.payoff_fen],
            "lessons": _of(asking, loan) if loan else ()}  # fmt: skip
