"""Debits and mandates, the files in which debits leave and are answered, refunds that are due."""

from typing import Any

from fastapi import APIRouter
from starlette.responses import RedirectResponse, Response

from afterloan.banks.files import SUFFIX, read_results
from afterloan.desk.web.asking import Asking, Form, SignedIn
from afterloan.desk.web.forms import FormTold
from afterloan.desk.web.letters import saved
from afterloan.desk.web.refusing import RefusedHere, refuse
from afterloan.desk.workbench.proposing import do_or_ask, way_of
from afterloan.desk.workbench.showing import of_form, show, with_query
from afterloan.enquiry.debits import STATES, WEEKS, debits_on, mandates_counted, mandates_on
from afterloan.enquiry.refunds import refunds_due
from afterloan.expected import ExpectedFailure
from afterloan.facts.act import Refused
from afterloan.money import parse_amount
from afterloan.servicing.answers import TELLS_RETURNS_ONLY, results_in_parts
from afterloan.servicing.filing import file_again
from afterloan.store.contacts import defaults_of

MOST = 50
DONE = ("filed", "nothing", "results", "presumed", "revoked", "resumed", "refund", "sent", "returned")
CURRENCY = "CNY"


def debits_router() -> APIRouter:
    """`/money/debits`, `/money/mandates`, `/money/refunds`, and what is done there."""
    router = APIRouter(prefix="/money")
    router.get("/debits")(debits)
    router.post("/debits")(decide_debits)
    router.get("/debits/files/{rail}/{message}")(debit_file)
    router.get("/mandates")(mandates)
    router.post("/mandates")(decide_mandate)
    router.get("/refunds")(refunds)
    router.post("/refunds")(decide_refund)
    return router


def _done(asking: Asking, done: str) -> str:
    return asking.t(f"desk.debits.done.{done}") if done in DONE else ""


# -- debits -------------------------------------------------------------------------------------------------------


def debits(asking: SignedIn, state: str = "", first: int = 0, done: str = "") -> Response:
    """Debits of the last weeks by how they stand, and their files."""
    return _shown_debits(asking, state, first, done=_done(asking, done))


def _shown_debits(
    asking: Asking, state: str = "", first: int = 0, status: int = 200, done: str = "", refused: Refused | None = None
) -> Response:
    state, first = state if state in STATES else "", min(max(first, 0), 10_000_000)
    known = min(asking.known_on or asking.on, asking.on)
    return show(
        asking, "debits.html", "money", status, tab="debits",
        told=debits_on(asking.connection, known, state, first, MOST),
        state=state, first=first, most=MOST, weeks=WEEKS, rails=[*SUFFIX], silent=TELLS_RETURNS_ONLY, done=done,
        refused=refused, may_file=way_of(asking, "debit.file") == "done",
        zone=str(defaults_of(asking.connection)["zone"]),
        page_of=lambda start: with_query("/money/debits", state=state, first=start),
    )  # fmt: skip


def decide_debits(asking: SignedIn, form: Form) -> Response:
    """Put debits into a file, take a file of results in, or count silence as paid."""
    try:
        what = _debits_decided(asking, form)
    except (RefusedHere, ExpectedFailure) as error:
        return _shown_debits(asking, **of_form(error))
    return RedirectResponse(f"/money/debits?done={what}", 303)


def _debits_decided(asking: Asking, form: FormTold) -> str:
    key = f"form:{form.key}"
    if form["do"] == "file":
        made = asking.do("debit.file", {"form": form["rail"], "currency": CURRENCY}, key)
        return "filed" if made.body["debits"] else "nothing"
    if form["do"] == "presume":
        days = int(form["days"]) if form["days"].isdigit() and len(form["days"]) < 4 else 0
        asking.do("debit.presume_paid", {"form": form["rail"], "days": days}, key)
        return "presumed"
    name, content = form.files.get("file", ("", b""))
    if not content:
        raise refuse(422, "invalid", asking.t("desk.debits.no_file"), "", "file")
    for k, part in enumerate(results_in_parts(read_results(content, name)), 1):
        asking.do("debit.results", part.model_dump(), f"{key}:{k}")
    return "results"


def debit_file(asking: SignedIn, rail: str, message: str) -> Response:
    """A file of debits as it was filed, to the byte."""
    if rail not in SUFFIX or way_of(asking, "debit.file") != "done":
        raise refuse(404, "unknown", "there is no such file for you", "", "file")
    made = file_again(asking.connection, rail, message, CURRENCY)
    return saved(made.data, f"{message}.{SUFFIX[rail]}")


# -- mandates -----------------------------------------------------------------------------------------------------


def mandates(asking: SignedIn, first: int = 0, done: str = "") -> Response:
    """Mandates, the newest first."""
    return _shown_mandates(asking, first, done=_done(asking, done))


def _shown_mandates(
    asking: Asking, first: int = 0, status: int = 200, done: str = "", refused: Refused | None = None
) -> Response:
    first = min(max(first, 0), 10_000_000)
    on = min(asking.known_on or asking.on, asking.on)
    lines, total = mandates_on(asking.connection, on, None, first, MOST), mandates_counted(asking.connection, on)
    return show(
        asking, "mandates.html", "money", status, tab="mandates", lines=lines, total=total, first=first, most=MOST,
        done=done, refused=refused, may_revoke=way_of(asking, "mandate.revoke"),
        page_of=lambda start: with_query("/money/mandates", first=start),
    )  # fmt: skip


def decide_mandate(asking: SignedIn, form: Form) -> Response:
    """End a mandate on the borrower's word, or let one that rests be tried again."""
    verb = "mandate.resume" if form["do"] == "resume" else "mandate.revoke"
    try:
        asking.do(verb, {"of": form["mandate"], "reason": form["reason"]}, f"form:{form.key}")
    except (RefusedHere, ExpectedFailure) as error:
        return _shown_mandates(asking, **of_form(error))
    return RedirectResponse(f"/money/mandates?done={'resumed' if form['do'] == 'resume' else 'revoked'}", 303)


# -- refunds ------------------------------------------------------------------------------------------------------


def refunds(asking: SignedIn, done: str = "") -> Response:
    """Money that is owed back to borrowers, that which waits longest on top."""
    return _shown_refunds(asking, done=_done(asking, done))


def _shown_refunds(asking: Asking, status: int = 200, done: str = "", refused: Refused | None = None) -> Response:
    rows = refunds_due(asking.house.store, asking.on)
    return show(
        asking, "refunds.html", "money", status, tab="refunds", rows=rows, total_fen=sum(r.amount_fen for r in rows),
        done=done, refused=refused, may_pay=way_of(asking, "refund.pay"), may_return=way_of(asking, "refund.return"),
    )  # fmt: skip


def decide_refund(asking: SignedIn, form: Form) -> Response:
    """Give money back (a second person agrees), or tell that a refund came back."""
    try:
        what = _refund_decided(asking, form)
    except (RefusedHere, ExpectedFailure) as error:
        return _shown_refunds(asking, **of_form(error))
    return RedirectResponse(f"/money/refunds?done={what}", 303)


def _refund_decided(asking: Asking, form: FormTold) -> str:
    key = f"form:{form.key}"
    asked: dict[str, Any] = {"loan": form["loan"], "amount_fen": parse_amount(form["amount"])}
    if form["do"] == "returned":
        return do_or_ask(asking, "refund.return", {**asked, "reason": form["reason"]}, key, "returned")
    return do_or_ask(asking, "refund.pay", {**asked, "account": form["account"]}, key, "refund")
