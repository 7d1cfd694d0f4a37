"""Relief and the way back over HTTP: what was offered, quoted, applied for; the credit line; a borrower's debits."""

from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Query

from afterloan.dates import number_of
from afterloan.desk.api.asked import named, question
from afterloan.desk.api.routing import router_at
from afterloan.desk.web.asking import SignedIn
from afterloan.enquiry.quoted import quoted
from afterloan.enquiry.relieved import hardship_of, hardships_told, offer_of
from afterloan.facts.limit import LINE_KINDS
from afterloan.facts.relief import QuoteGiven
from afterloan.servicing.lessons import measure_lesson
from afterloan.servicing.relief import plans_told
from afterloan.store.debits import standing_of
from afterloan.store.events import events_of
from afterloan.store.limits import line_now
from afterloan.store.relief import event_named


def relief_routes() -> APIRouter:
    """Relief."""
    router = router_at("/v1")

    @question(router, "/borrowers/{borrower}/plans", "book.read", "relief")
    def plans(asking: SignedIn, borrower: str) -> Any:
        """The plans that were ever offered to a borrower: offered, running, kept, broken, over."""
        return plans_told(asking.connection, borrower, asking.on)

    @question(router, "/borrowers/{borrower}/plan-offers/{reference}", "contact.read", "relief")
    def offer(asking: SignedIn, borrower: str, reference: str) -> Any:
        """An offer of a plan: what it does, pays and costs."""
        return named(asdict(offer_of(asking.connection, borrower, reference)), reference, "plan-offers")

    @question(router, "/borrowers/{borrower}/hardships", "book.read", "relief")
    def hardships(asking: SignedIn, borrower: str) -> Any:
        """The hardship of a borrower: what is open and by when it is decided, granted, refused."""
        return hardships_told(asking.connection, borrower, asking.on)

    @question(router, "/borrowers/{borrower}/hardships/{reference}", "contact.read", "relief")
    def hardship(asking: SignedIn, borrower: str, reference: str) -> Any:
        """An application, its papers, and what was decided."""
        return named(asdict(hardship_of(asking.connection, borrower, reference)), reference, "hardships")

    @question(router, "/quotes/{reference}", "contact.read", "relief")
    def quote(asking: SignedIn, reference: str) -> Any:
        """A quote of an early repayment, and whether it stands."""
        given = event_named(asking.connection, reference, QuoteGiven)
        return named(asdict(quoted(asking.connection, given.borrower, reference, asking.on)), reference, "quotes")

    @question(router, "/borrowers/{borrower}/limit", "book.read", "way back")
    def limit(asking: SignedIn, borrower: str) -> Any:
        """The credit line on a day: limit, whether it rests, bars; each change with its rule and reason."""
        line = line_now(asking.connection, borrower, asking.on)
        changes = events_of(asking.connection, borrower, LINE_KINDS, asking.on)
        return {**asdict(line), "changes": [{"change": e.KIND, **e.model_dump(mode="json")} for e in changes]}

    @question(router, "/borrowers/{borrower}/debits", "book.read", "debits")
    def debits(asking: SignedIn, borrower: str) -> Any:
        """What was tried to be debited of a borrower, the newest first, and how each attempt stands."""
        tried = standing_of(asking.connection, borrower).tried
        return [{**asdict(one), "parts": [{"loan": loan, "amount_fen": fen} for loan, fen in one.parts]}
                for one in reversed(tried)]  # fmt: skip

    @question(router, "/lessons/{name}/effect", "report.read", "way back")
    def effect(asking: SignedIn, name: str, after_days: Annotated[int, Query(ge=1, le=365)] = 60) -> Any:
        """What a lesson changed: those who were given it beside those who were not, with the interval."""
        return asdict(measure_lesson(asking.house.store, name, number_of(asking.on), after_days))

    return router
