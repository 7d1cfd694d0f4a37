"""Matching: money that waits, whose it may be, and what giving it would do; what was decided, and undone."""

from typing import Any

from fastapi import APIRouter
from starlette.responses import RedirectResponse, Response

from afterloan.desk.web.asking import Asking, Form, SignedIn
from afterloan.desk.web.forms import FormTold
from afterloan.desk.web.refusing import RefusedHere
from afterloan.desk.workbench.proposing import do_or_ask, way_of
from afterloan.desk.workbench.showing import of_form, show, typed_of
from afterloan.enquiry.unmatched import decided_lines, last_statement, loans_for, waiting_lines
from afterloan.expected import ExpectedFailure
from afterloan.facts.act import Refused
from afterloan.money import parse_amount

PARTS = 4
"""Rows of the form in which a line is split."""
DONE = ("give", "split", "aside", "undo", "back", "sent")


def money_router() -> APIRouter:
    """`/money`; a line given, split, set aside, sent back or taken off; a loan looked for."""
    router = APIRouter()
    router.get("/money")(money)
    router.post("/money/lines")(decide)
    router.post("/money/find")(look)
    return router


def money(asking: SignedIn, done: str = "") -> Response:
    """What waits, oldest first."""
    return _shown(asking, done=asking.t(f"desk.money.done.{done}") if done in DONE else "")


def _shown(
    asking: Asking, status: int = 200, done: str = "", refused: Refused | None = None, form: FormTold | None = None,
    found: list[Any] | None = None,
) -> Response:  # fmt: skip
    lines = waiting_lines(asking.connection, asking.on)
    may = asking.could("statement.give")
    return show(
        asking, "money.html", "money", status, tab="matching", lines=lines, may_give=may, done=done, refused=refused,
        total_fen=sum(line.amount_fen for line in lines), last=last_statement(asking.connection, asking.on),
        decided=decided_lines(asking.connection, asking.on), undo=way_of(asking, "statement.take_off"),
        back=way_of(asking, "statement.send_back"), typed=typed_of(form), found=found, parts=range(PARTS),
    )  # fmt: skip


def look(asking: SignedIn, form: Form) -> Response:
    """Look for another loan of a line: posted, so that no name stands in an address."""
    words = form["q"][:200]
    found = loans_for(asking.connection, form["line"], words, asking.on) if words else []
    return _shown(asking, form=form, found=found)


def decide(asking: SignedIn, form: Form) -> Response:
    """Give a line to a loan or to several, set it aside with what it is, send it back, or undo what was decided."""
    try:
        what = _decided(asking, form)
    except (RefusedHere, ExpectedFailure) as error:
        return _shown(asking, **of_form(error), form=form)
    return RedirectResponse(f"/money?done={what}", 303)


def _decided(asking: Asking, form: FormTold) -> str:
    key, line = f"form:{form.key}", {"line": form["line"], "note": form["note"]}
    if form["give"]:
        loan = form["loan"] if form["give"] == "other" else form["give"]
        asking.do("statement.give", {**line, "loan": loan}, key)
        return "give"
    if form["split"]:
        asking.do("statement.split", {**line, "parts": _parts(form)}, key)
        return "split"
    if form["undo"]:
        return do_or_ask(asking, "statement.take_off", line, key, "undo")
    if form["back"]:
        return do_or_ask(asking, "statement.send_back", {**line, "to": form["to"]}, key, "back")
    asking.do("statement.set_aside", line, key)
    return "aside"


def _parts(form: FormTold) -> list[dict[str, Any]]:
    """The rows of the form that name a loan or an amount. Raises ExpectedFailure for an amount that is none."""
    rows = [(form[f"loan-{k}"], form[f"amount-{k}"]) for k in range(PARTS)]
    return [{"loan": loan, "amount_fen": parse_amount(amount)} for loan, amount in rows if amount]
