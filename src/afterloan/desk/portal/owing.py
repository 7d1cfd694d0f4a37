"""What I owe, and why: the first page, each loan, the working of each amount, what is on its way."""

from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter

from afterloan.dates import number_of
from afterloan.desk.portal.screens import screen
from afterloan.desk.web.asking import SignedIn
from afterloan.enquiry.explained import explained
from afterloan.enquiry.line_offers import line_offer
from afterloan.enquiry.mine import messages_to, mine, money_of
from afterloan.enquiry.taught import paying_later


def owing(router: APIRouter) -> None:
    """Adds the pages."""

    @screen(router, "/", "owe")
    def owe(asking: SignedIn) -> Mapping[str, Any]:
        """What is due, by when, and what there is to do."""
        it = mine(asking.connection, asking.person.name, asking.on, asking.known_on)
        offer = line_offer(asking.connection, it.borrower, asking.on)
        return {"mine": it, "later": paying_later(asking.connection, it), "offer": offer}

    @screen(router, "/why", "why")
    def why(asking: SignedIn) -> Mapping[str, Any]:
        """Why the amount due is what it is: part by part, then each loan's story with its working."""
        it = mine(asking.connection, asking.person.name, asking.on, asking.known_on)
        due = [loan.loan for loan in it.loans if loan.due_fen] or [loan.loan for loan in it.loans]
        known = number_of(asking.known_on) if asking.known_on else None
        stories = [explained(asking.connection, it.borrower, loan, number_of(asking.on), known, asking.language)
                   for loan in due]  # fmt: skip
        return {"mine": it, "stories": stories}

    @screen(router, "/loans/{loan}", "loan")
    def loan(asking: SignedIn, loan: str) -> Mapping[str, Any]:
        """One loan: what it owes, what comes next, its story."""
        known = number_of(asking.known_on) if asking.known_on else None
        story = explained(asking.connection, asking.person.name, loan, number_of(asking.on), known, asking.language)
        it = mine(asking.connection, asking.person.name, asking.on, asking.known_on)
        return {"loan": next(one for one in it.loans if one.loan == loan), "story": story}

    @screen(router, "/payments", "payments")
    def payments(asking: SignedIn) -> Mapping[str, Any]:
        """Money on its way, arrived, and gone back."""
        return {"mine": mine(asking.connection, asking.person.name, asking.on)}

    @screen(router, "/payments/{reference}", "payment")
    def payment(asking: SignedIn, reference: str) -> Mapping[str, Any]:
        """What became of one debit."""
        money = money_of(asking.connection, asking.person.name, reference)
        return {"money": money, "mine": mine(asking.connection, asking.person.name, asking.on)}

    @screen(router, "/messages", "messages")
    def messages(asking: SignedIn) -> Mapping[str, Any]:
        """All that was sent, by any channel."""
        return {"messages": messages_to(asking.connection, asking.person.name, asking.clock.now)}
