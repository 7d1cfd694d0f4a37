"""The worklist: who next, and why him; cases shared out; the next case."""

from dataclasses import replace
from urllib.parse import quote

from fastapi import APIRouter
from starlette.responses import JSONResponse, RedirectResponse, Response

from afterloan.desk.web.asking import Asking, Form, SignedIn
from afterloan.desk.web.names import id_of
from afterloan.desk.workbench.showing import show, with_query
from afterloan.desk.workbench.why import show_why
from afterloan.enquiry.contactability import may_call
from afterloan.enquiry.why import why_worth
from afterloan.enquiry.worklist import WorklistAsked, WorklistPage, WorklistRow, worklist_page
from afterloan.expected import ExpectedFailure

MOST = 50


def worklist_router() -> APIRouter:
    """`/worklist` and what belongs to it."""
    router = APIRouter()
    router.get("/worklist")(worklist)
    router.get("/worklist.json")(worklist_json)
    router.get("/worklist/next")(next_case)
    router.post("/worklist/assignments")(share_out)
    router.get("/why/worth")(worth)
    return router


def asked_of(asking: Asking, queue: str, mine: str, where: str, first: int) -> WorklistAsked:
    """What a page asks of the list."""
    return WorklistAsked(asking.on, queue, mine, where, max(first, 0), MOST, asking.known_on)


def _page(asking: Asking, asked: WorklistAsked) -> WorklistPage:
    return worklist_page(asking.connection, asking.reader, asked)


def _query(asked: WorklistAsked) -> str:
    return with_query("", queue=asked.queue, mine=asked.mine, where=asked.where)


def worklist(
    asking: SignedIn, queue: str = "", mine: str = "", where: str = "", first: int = 0, done: str = ""
) -> Response:
    """A window of the list."""
    asked, wrong = asked_of(asking, queue, mine, where, first), ""
    try:
        page = _page(asking, asked)
    except ExpectedFailure as error:
        page, wrong = replace(_page(asking, replace(asked, where="")), rows=(), total=0, total_fen=0), str(error)
    calls = may_call(asking.connection, {row.borrower for row in page.rows}, asking.clock.now)
    queues = _page(asking, WorklistAsked(asking.on, most=1, known_on=asking.known_on)).queues

    def page_of(start: int) -> str:
        return with_query("/worklist", queue=queue, mine=mine, where=where, first=start)

    return show(
        asking, "worklist.html", "worklist", 422 if wrong else 200, list=page, asked_of=asked, wrong=wrong,
        may_call=calls, queues=queues, query=_query(asked), first=asked.first, most=MOST, page_of=page_of,
        case_query=lambda k: with_query("", queue=queue, mine=mine, where=where, at=asked.first + k + 1),
        case_why=case_why, worth_why=_worth_why,
        done=asking.t("desk.share.done", n=done) if done.isdecimal() else "",
    )  # fmt: skip


def worklist_json(asking: SignedIn, queue: str = "", mine: str = "", where: str = "", first: int = 0) -> Response:
    """The same for programs."""
    return JSONResponse(_page(asking, asked_of(asking, queue, mine, where, first)).told())


def case_why(borrower: str, about: str) -> str:
    """Where the why of something of a case is had."""
    return f"/cases/{id_of(borrower)}/why?about={quote(about)}"


def _worth_why(row: WorklistRow) -> str:
    return f"/why/worth?arrears={row.arrears_fen}&days={row.days_past_due}&broken={row.promises_broken}"


def worth(asking: SignedIn, arrears: int, days: int, broken: int) -> Response:
    """Why working a case is expected to bring what it does."""
    return show_why(asking, why_worth(arrears, days, broken, asking.on, asking.language), "worklist")


def next_case(asking: SignedIn, queue: str = "", mine: str = "", where: str = "", after: int = 0) -> Response:
    """Go to the first case of the list that is neither settled nor held from people, after a place in it."""
    first = max(after, 0)
    page = _page(asking, asked_of(asking, queue, mine, where, first))
    for k, row in enumerate(page.rows):
        if not (row.settled or row.agency):
            query = with_query("", queue=queue, mine=mine, where=where, at=first + k + 1)
            return RedirectResponse(f"/cases/{id_of(row.borrower)}{query}", 303)
    return RedirectResponse(with_query("/worklist", queue=queue, mine=mine, where=where), 303)


def share_out(asking: SignedIn, form: Form) -> Response:
    """Share the unassigned cases out."""
    people = [name.strip() for name in form["people"].replace("，", ",").split(",") if name.strip()]
    told = {"people": people, "queue": form["queue"] or None}
    given = asking.do("case.share_out", told, f"form:{form.key}").body["given"]
    return RedirectResponse(f"/worklist?done={given}", 303)
