"""The legal desk: what runs out, what waits, which claims are under way; one claim with its sum, steps and papers."""

from hashlib import sha256
from pathlib import PurePath
from typing import Any

from fastapi import APIRouter
from starlette.responses import RedirectResponse, Response

from afterloan.desk.web.asking import Asking, Form, SignedIn, told_day
from afterloan.desk.web.forms import FormTold
from afterloan.desk.web.letters import legal_bundle
from afterloan.desk.web.names import id_of, reference_of
from afterloan.desk.web.refusing import RefusedHere
from afterloan.desk.workbench.lacking import lack_told
from afterloan.desk.workbench.proposing import do_or_ask, way_of
from afterloan.desk.workbench.said import DeskWords
from afterloan.desk.workbench.showing import of_form, show, typed_of, unasked
from afterloan.enquiry.legal import claims_at_law, legal_case_told, legal_clocks, legal_waits
from afterloan.expected import ExpectedFailure
from afterloan.facts.act import Refused
from afterloan.money import parse_amount
from afterloan.servicing.verbs import borrower_of_loan
from afterloan.store.legal import people

EVIDENCE = ("contract", "identity", "disbursement", "notice", "receipt", "agreement", "court", "other")
LOSSES = ("charge_off", "write_off", "sale")
PARTS = ("principal", "interest", "penalty", "costs")
VERBS = ("legal.interrupt", "legal.propose", "legal.start", "legal.end", "evidence.keep", "legal.call_due",
         "legal.withdraw_call", "loss.propose")  # fmt: skip
MOST = 100


def legal_router() -> APIRouter:
    """`/legal`, a claim, what is done about it, its bundle."""
    router = APIRouter(prefix="/legal")
    router.get("")(legal)
    router.get("/{loan}")(claim)
    router.post("/{loan}")(act)
    router.get("/{loan}/bundle.zip")(bundle)
    return router


def legal(asking: SignedIn) -> Response:
    """What runs out first, what waits for people, and every claim under way."""
    asking.permitted("report.read")
    clocks, waits = legal_clocks(asking.connection, asking.on), legal_waits(asking.connection, asking.on)
    claims = claims_at_law(asking.connection, asking.on)
    asking.listed(len(clocks) + len(waits) + len(claims))
    return show(
        asking, "legal.html", "legal", clocks=clocks[:MOST], claims=claims[:MOST], waits=waits[:MOST],
        more=max(len(clocks), len(claims), len(waits)) > MOST, total=len(claims),
        mine=people(asking.connection, asking.on, asking.person.name).get(asking.person.name, []),
    )  # fmt: skip


def claim(asking: SignedIn, loan: str, done: str = "") -> Response:
    """One claim: the one sum owed, its steps, what may come of each, what each further step still lacks."""
    asking.permitted("report.read")
    return _shown(asking, reference_of(loan), done=asking.t(f"desk.legal.done.{done}") if done in DONE else "")


def _shown(
    asking: Asking, loan: str, status: int = 200, done: str = "", refused: Refused | None = None,
    form: FormTold | None = None,
) -> Response:  # fmt: skip
    told = legal_case_told(asking.connection, loan, asking.on)
    t = DeskWords(asking.t)
    return show(
        asking, "legal_claim.html", "legal", status, told=told, done=done, refused=refused, typed=typed_of(form),
        may={verb: way_of(asking, verb) for verb in VERBS}, evidence=EVIDENCE, losses=LOSSES, parts=PARTS,
        ready=[name for name, lacks in told["next"].items() if not lacks],
        lacking={n: [(lack_told(t, why), why) for why in lacks] for n, lacks in told["next"].items() if lacks},
        causes=told["interrupting"],
    )  # fmt: skip


def bundle(asking: SignedIn, loan: str) -> Response:
    """The papers and evidence of a claim in one ZIP, with the digest of each."""
    asking.permitted("report.read")
    return legal_bundle(asking, reference_of(loan))


def act(asking: SignedIn, loan: str, form: Form) -> Response:
    """Do what one of the page's forms asks."""
    whose, does = reference_of(loan), DOES.get(form["do"])
    if does is None:
        raise unasked()
    try:
        done = does(asking, whose, form)
    except (RefusedHere, ExpectedFailure) as error:
        return _shown(asking, whose, **of_form(error), form=form)
    return RedirectResponse(f"/legal/{id_of(whose)}?done={done}", 303)


def _asked(asking: Asking, verb: str, asked: dict[str, Any], form: FormTold) -> str:
    return do_or_ask(asking, verb, asked, f"form:{form.key}", form["do"])


def _propose(asking: Asking, loan: str, form: FormTold) -> str:
    told = {"loan": loan, "step": form["step"], **({"reason": form["reason"]} if form["reason"] else {})}
    return _asked(asking, "legal.propose", told, form)


def _start(asking: Asking, loan: str, form: FormTold) -> str:
    told = {"proposal": form["proposal"], "court": form["court"], "case_number": form["case_number"]}
    return _asked(asking, "legal.start", told, form)


def _end(asking: Asking, loan: str, form: FormTold) -> str:
    told: dict[str, Any] = {"proposal": form["proposal"], "outcome": form["outcome"], "note": form["note"]}
    told["case_number"] = form["case_number"]
    for name in (*PARTS, "amount"):
        if form[name]:
            told[f"{name}_fen"] = parse_amount(form[name], where=name)
    if form["rate"]:
        told["rate_percent"] = form["rate"]
    if form["perform_by"]:
        told["perform_by"] = told_day(form["perform_by"], "perform_by").isoformat()
    if form["instalments"]:
        told["instalments"] = [_instalment(line) for line in form["instalments"].splitlines() if line.strip()]
    return _asked(asking, "legal.end", told, form)


def _instalment(line: str) -> dict[str, Any]:
    """One part in which the court lets the debtor pay: `_instalment("2026-10-10 300.00")`."""
    day, _, amount = line.strip().partition(" ")
    due = told_day(day, "instalments").isoformat()
    return {"due_on": due, "amount_fen": parse_amount(amount.strip(), where="instalments")}


def _keep(asking: Asking, loan: str, form: FormTold) -> str:
    name, content = form.files.get("file", ("", b""))
    if not content:
        raise ExpectedFailure(asking.t("desk.legal.no_file"))
    plain = PurePath(name.replace("\\", "/")).name or "file"
    told = {"loan": loan, "what": form["what"], "name": plain, "sha256": sha256(content).hexdigest()}
    return _asked(asking, "evidence.keep", told, form)


def _interrupt(asking: Asking, loan: str, form: FormTold) -> str:
    told = {"borrower": borrower_of_loan(asking.connection, loan), "loan": loan, "cause": form["cause"]}
    told["note"] = form["note"]
    told["happened_on"] = told_day(form["happened_on"], "happened_on").isoformat()
    return _asked(asking, "legal.interrupt", told, form)


def _call_due(asking: Asking, loan: str, form: FormTold) -> str:
    due = {"due_on": told_day(form["due_on"], "due_on").isoformat()} if form["due_on"] else {}
    return _asked(asking, "legal.call_due", {"loan": loan, **due}, form)


def _withdraw_call(asking: Asking, loan: str, form: FormTold) -> str:
    return _asked(asking, "legal.withdraw_call", {"loan": loan}, form)


def _loss(asking: Asking, loan: str, form: FormTold) -> str:
    told: dict[str, Any] = {"loan": loan, "what": form["what"]}
    if form["price"]:
        told["price_fen"] = parse_amount(form["price"], where="price")
    return _asked(asking, "loss.propose", told, form)


DOES = {
    "propose": _propose, "start": _start, "end": _end, "keep": _keep, "call_due": _call_due,
    "withdraw_call": _withdraw_call, "loss": _loss, "interrupt": _interrupt,
}  # fmt: skip
DONE = (*DOES, "sent")
