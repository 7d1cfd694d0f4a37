"""Loans over HTTP: a list by conditions, one whole, its payments, findings and entries."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query

from afterloan.desk.api.asked import After, Limit, cursor, named, nothing_there, place_of, question
from afterloan.desk.api.routing import router_at
from afterloan.desk.web.asking import SignedIn
from afterloan.desk.web.refusing import refuse
from afterloan.enquiry.loans import (
    LAST,
    LoansWanted,
    columns_told,
    entries_told,
    findings_of,
    loan_told,
    loans_counted,
    loans_page,
    schedule_told,
)

Text = Annotated[str, Query(max_length=500)]
Count = Annotated[Literal["", "estimate", "exact"], Query(description="Say in `count` how many there are.")]
Include = Annotated[str, Query(max_length=100, description="Of schedule, findings, entries: by commas.")]
Sort = Annotated[Literal["loan", "-loan"], Query(description="In the order of signing; `-loan`: the newest first.")]


def loan_routes() -> APIRouter:
    """Loans."""
    router = router_at("/v1")

    @question(router, "/loans", "book.read", "loans")
    def loans(
        asking: SignedIn, borrower: Text = "", product: Text = "", where: Text = "", sort: Sort = "loan",
        count: Count = "", limit: Limit = 50, after: After = "",
    ) -> Any:  # fmt: skip
        """Loans as they stand on a day. `where`: a ladder's condition over the columns of GET /v1/loans/columns."""
        place = place_of(asking, after) if after else None
        known = asking.known
        page = loans_page(
            asking.connection, LoansWanted(asking.on, known, borrower, product, where, place, limit, sort == "-loan")
        )
        following = cursor(asking, page.ended_at) if page.ended_at is not None else None
        told: dict[str, Any] = {"data": [named(row, row["loan"], "loans") for row in page.rows], "next": following}
        if count:
            if where:
                raise refuse(422, "invalid", "a list under a condition is not counted", "leave count or where", "count")
            told["count"] = loans_counted(asking.connection, borrower, product, count == "exact")
        return told

    @question(router, "/loans/columns", "report.read", "loans")
    def columns(asking: SignedIn) -> Any:
        """The columns of the list of loans, of which its conditions may speak."""
        return {"data": dict(columns_told())}

    @question(router, "/loans/{loan}", "book.read", "loans")
    def loan_(asking: SignedIn, loan: str, include: Include = "") -> Any:
        """A loan: its contract and how it stands; `payoff_fen` is what ends it on the day."""
        known = asking.known
        told = named(loan_told(asking.connection, loan, asking.on, known), loan, "loans")
        for name in filter(None, (part.strip() for part in include.split(","))):
            told[name] = _included(asking, loan, name)
        return told

    @question(router, "/loans/{loan}/schedule", "book.read", "loans")
    def schedule(asking: SignedIn, loan: str) -> Any:
        """The payments of a loan: what falls due when, what met it, what is left."""
        return schedule_told(asking.connection, loan, asking.on, asking.known)

    @question(router, "/loans/{loan}/findings", "report.read", "loans")
    def findings(asking: SignedIn, loan: str, limit: Limit = 50, after: After = "") -> Any:
        """What rules found of a loan, the newest first."""
        before = int(place_of(asking, after)) if after else LAST
        return _pages(asking, findings_of(asking.connection, loan, asking.on, before, limit), "finding", limit)

    @question(router, "/loans/{loan}/entries", "report.read", "loans")
    def entries(asking: SignedIn, loan: str, limit: Limit = 50, after: After = "") -> Any:
        """The entries of the journal that are of one loan, in the order of posting."""
        begin = int(place_of(asking, after)) if after else 0
        return _pages(asking, entries_told(asking.connection, asking.on, loan, begin, limit), "entry", limit)

    @question(router, "/journal/entries", "report.read", "finance")
    def journal(asking: SignedIn, limit: Limit = 50, after: After = "") -> Any:
        """Every entry of the journal, in the order of posting."""
        begin = int(place_of(asking, after)) if after else 0
        return _pages(asking, entries_told(asking.connection, asking.on, "", begin, limit), "entry", limit)

    return router


def _pages(asking: Any, rows: list[dict[str, Any]], key: str, limit: int) -> dict[str, Any]:
    """Rows with the cursor that goes on after the last of them."""
    return {"data": rows, "next": cursor(asking, rows[-1][key]) if len(rows) == limit else None}


def _included(asking: Any, loan: str, name: str) -> Any:
    """What comes with a loan when it is asked for. Raises RefusedHere: nothing of that name, or not for who asks."""
    known = asking.known
    if name == "schedule":
        return schedule_told(asking.connection, loan, asking.on, known)
    if asking.person.kind == "borrower":
        raise nothing_there()
    if name == "findings":
        return findings_of(asking.connection, loan, asking.on)
    if name == "entries":
        return entries_told(asking.connection, asking.on, loan)
    raise refuse(422, "invalid", f"nothing called {name!r} comes with a loan", "schedule, findings, entries", "include")
