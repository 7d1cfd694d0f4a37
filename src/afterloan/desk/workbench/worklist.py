"""The worklist: who next, and why him; cases shared out, taken, handed back; the next case."""

from dataclasses import replace
from urllib.parse import quote

from fastapi import APIRouter
from starlette.responses import JSONResponse, RedirectResponse, Response

from afterloan.desk.web.asking import Asking, Form, SignedIn
from afterloan.desk.web.names import id_of
from afterloan.desk.web.refusing import RefusedHere
from afterloan.desk.workbench.showing import show, with_query
from afterloan.desk.workbench.why import show_why
from afterloan.enquiry.contactability import may_call
from afterloan.enquiry.why import why_worth
from afterloan.enquiry.worklist import WorklistAsked, WorklistPage, WorklistRow, next_for, worklist_page
from afterloan.expected import ExpectedFailure
from afterloan.facts.act import Refused

MOST = 50
HANDS = {"take": "case.take", "hand_back": "case.hand_back"}
"""What the button of a row does, by its name."""


def worklist_router() -> APIRouter:
    """`/worklist` and what belongs to it."""
    router = APIRouter()
    router.get("/worklist")(worklist)
    router.get("/worklist.json")(worklist_json)
    router.get("/worklist/next")(next_case)
    router.post("/worklist/assignments")(share_out)
    router.post("/worklist/hands")(hands)
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
    told = asking.t("desk.share.done", n=done) if done.isdecimal() else ""
    told = asking.t(f"desk.done.{done}") if done in HANDS else told
    return _shown(asking, asked_of(asking, queue, mine, where, first), done=told)


def _shown(
    asking: Asking, asked: WorklistAsked, status: int = 200, refused: Refused | None = None, done: str = ""
) -> Response:
    queue, mine, where, wrong = asked.queue, asked.mine, asked.where, ""
    try:
        page = _page(asking, asked)
    except ExpectedFailure as error:
        page, wrong = replace(_page(asking, replace(asked, where="")), rows=(), total=0, total_fen=0), str(error)
    calls = may_call(asking.connection, {row.borrower for row in page.rows}, asking.clock.now)

    def page_of(start: int) -> str:
        return with_query("/worklist", queue=queue, mine=mine, where=where, first=start)

    return show(
        asking, "worklist.html", "worklist", 422 if wrong else status, list=page, asked_of=asked, wrong=wrong,
        may_call=calls, queues=page.every_queue, query=_query(asked), first=asked.first, most=MOST, page_of=page_of,
        case_query=lambda k: with_query("", queue=queue, mine=mine, where=where, at=asked.first + k + 1),
        case_why=case_why, worth_why=_worth_why, done=done, refused=refused, here_query=page_of(asked.first),
        may_take=asking.could("case.take"),
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
    """Go to the first case after a place of the list that is theirs who ask or nobody's, not settled, at no agency."""
    asked = asked_of(asking, queue, mine, where, after)
    found = next_for(asking.connection, asking.reader, asked, asking.person.name)
    if found is None:
        return RedirectResponse(with_query("/worklist", queue=queue, mine=mine, where=where), 303)
    place, row = found
    query = with_query("", queue=queue, mine=mine, where=where, at=place + 1)
    return RedirectResponse(f"/cases/{id_of(row.borrower)}{query}", 303)


def hands(asking: SignedIn, form: Form, queue: str = "", mine: str = "", where: str = "", first: int = 0) -> Response:
    """Take a row's case, or hand it back, and come back to the row; somebody else's is said, the next is offered."""
    verb = HANDS.get(form["do"], "case.take")
    told = {"borrower": form["borrower"], "queue": form["queue"]}
    try:
        asking.do(verb, told, f"form:{form.key}")
    except RefusedHere as error:
        return _shown(asking, asked_of(asking, queue, mine, where, first), error.status, error.refused)
    to = with_query("/worklist", queue=queue, mine=mine, where=where, first=first, done=form["do"])
    return RedirectResponse(f"{to}#row-{id_of(form['borrower'])}-{id_of(form['queue'])}", 303)


def share_out(asking: SignedIn, form: Form) -> Response:
    """Share the unassigned cases out."""
    people = [name.strip() for name in form["people"].replace("，", ",").split(",") if name.strip()]
    told = {"people": people, "queue": form["queue"] or None}
    given = asking.do("case.share_out", told, f"form:{form.key}").body["given"]
    return RedirectResponse(f"/worklist?done={given}", 303)
