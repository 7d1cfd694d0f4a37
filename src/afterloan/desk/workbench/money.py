"""Matching: money that waits, whose it may be, and what giving it would do."""

from fastapi import APIRouter
from starlette.responses import RedirectResponse, Response

from afterloan.desk.web.asking import Asking, Form, SignedIn
from afterloan.desk.web.forms import FormTold
from afterloan.desk.web.refusing import RefusedHere
from afterloan.desk.workbench.showing import show
from afterloan.enquiry.unmatched import waiting_lines
from afterloan.facts.act import Refused
from afterloan.servicing.may import could
from afterloan.servicing.verbs import verb_named


def money_router() -> APIRouter:
    """`/money`, and a line given or set aside."""
    router = APIRouter()
    router.get("/money")(money)
    router.post("/money/lines")(decide)
    return router


def money(asking: SignedIn, done: str = "") -> Response:
    """What waits, oldest first."""
    return _shown(asking, done=asking.t(f"desk.money.done.{done}") if done in ("give", "aside") else "")


def _shown(asking: Asking, status: int = 200, done: str = "", refused: Refused | None = None) -> Response:
    lines = waiting_lines(asking.connection, asking.on)
    may = could(asking.person, verb_named("statement.give"), asking.today)
    return show(
        asking, "money.html", "money", status, lines=lines, total_fen=sum(line.amount_fen for line in lines),
        may_give=may, done=done, refused=refused,
    )  # fmt: skip


def decide(asking: SignedIn, form: Form) -> Response:
    """Give a line to a loan, or set it aside with what it is."""
    try:
        what = _decided(asking, form)
    except RefusedHere as error:
        return _shown(asking, error.status, refused=error.refused)
    return RedirectResponse(f"/money?done={what}", 303)


def _decided(asking: Asking, form: FormTold) -> str:
    key = f"form:{form.key}"
    if form["give"]:
        loan = form["loan"] if form["give"] == "other" else form["give"]
        asking.do("statement.give", {"line": form["line"], "loan": loan, "note": form["note"]}, key)
        return "give"
    asking.do("statement.set_aside", {"line": form["line"], "note": form["note"]}, key)
    return "aside"
