"""Help on a case: quotes, plans searched, offered and agreed, hardship applied for with the borrower and decided."""

from base64 import b64encode
from hashlib import sha256
from typing import Any

from fastapi import APIRouter
from starlette.responses import RedirectResponse, Response

from afterloan.desk.web.asking import Asking, Form, SignedIn
from afterloan.desk.web.forms import FormTold
from afterloan.desk.web.letters import saved, settlement_letter
from afterloan.desk.web.names import id_of, reference_of
from afterloan.desk.web.refusing import RefusedHere, refuse
from afterloan.desk.workbench.case import told_of
from afterloan.desk.workbench.proposing import way_of
from afterloan.desk.workbench.showing import of_form, show, typed_of, unasked
from afterloan.enquiry.helped import ApplicationTold, HelpTold, help_told
from afterloan.enquiry.quoted import Quoted, quoted
from afterloan.enquiry.relieved import means_working
from afterloan.expected import ExpectedFailure
from afterloan.facts.act import Refused
from afterloan.facts.relief import PLAN_EVENTS
from afterloan.money import parse_amount
from afterloan.servicing.relief import plan_state
from afterloan.store.events import events_of
from afterloan.store.files import file_kept, file_purged_on

CAUSES = ("illness", "job_loss", "income_drop", "bereavement", "disaster", "family", "business", "other")
MEANS = ("income", "spending", "other_debts")
PAPERS = ("paper1", "paper2", "paper3")
WANTS = ("full", "amount", "instalment")
DONE = ("quote", "search", "nothing", "accepted", "changed", "declined", "applied", "decided", "sent")
KINDS = {"application/pdf": "pdf", "image/jpeg": "jpg", "image/png": "png"}


def relief_router() -> APIRouter:
    """`/cases/{borrower}/relief`, what is done there, and the papers of a case."""
    router = APIRouter(prefix="/cases/{borrower}")
    router.get("/relief")(relief)
    router.post("/relief")(help_done)
    router.get("/papers/{digest}")(paper)
    router.get("/documents/{loan}/settled.pdf")(settled)
    return router


def relief(asking: SignedIn, borrower: str, done: str = "", quote: str = "") -> Response:
    """Help for a borrower: what may be offered, what was, and how it stands."""
    said = asking.t(f"desk.relief.done.{done}") if done in DONE else ""
    return _shown(asking, reference_of(borrower), done=said, quote=quote)


def _shown(
    asking: Asking, borrower: str, status: int = 200, done: str = "", quote: str = "", refused: Refused | None = None,
    form: FormTold | None = None,
) -> Response:  # fmt: skip
    case = told_of(asking, borrower)
    told = help_told(asking.connection, borrower, asking.on, asking.clock.now)
    events = events_of(asking.connection, borrower, PLAN_EVENTS, asking.on)
    may = {verb: way_of(asking, verb) for verb in ("quote.give", "plan.search", "plan.accept", "hardship.apply",
                                                   "hardship.decide")}  # fmt: skip
    return show(
        asking, "relief.html", "worklist", status, case=case, told=told, done=done, refused=refused, may=may,
        offers=[(one, plan_state(events, one.reference, asking.on)) for one in told.offers],
        quoted=_quoted(asking, borrower, quote), typed=typed_of(form), means=_means_known(told), wants=WANTS,
        causes=CAUSES, papers=PAPERS, rules=[_ruled(asking, borrower, one, may) for one in told.applications],
        open_loans=[loan for loan in case.loans if loan.payoff_fen],
    )  # fmt: skip


def _quoted(asking: Asking, borrower: str, reference: str) -> Quoted | None:
    return quoted(asking.connection, borrower, reference, asking.today) if reference else None


def _means_known(told: HelpTold) -> dict[str, int]:
    """A month's means as they were told last: in an application, or in a search. Nothing is asked twice."""
    known = [(one.on, one.means) for one in told.applications[:1]]
    known += [(told.search.on, told.search.means)] if told.search else []
    if not known:
        return {}
    last = max(known, key=lambda one: one[0])[1]
    return {"income": last.income_fen, "spending": last.spending_fen, "other_debts": last.other_debts_fen,
            "household": last.household}  # fmt: skip


def _ruled(asking: Asking, borrower: str, one: ApplicationTold, may: dict[str, Any]) -> dict[str, Any]:
    """An application with its working and, while it is open, what the rule says: the decision tried and taken back."""
    working = means_working(asking.connection, borrower, one.means, one.on)
    told: dict[str, Any] = {"one": one, "working": working, "rule": None, "cannot": None}
    if one.state != "review" or may["hardship.decide"] == "" or asking.on != asking.today:
        return told
    try:
        key = f"try:{one.reference}:{asking.on}"
        answer = asking.do("hardship.decide", {"of": one.reference}, key, dry_run=True)
    except RefusedHere as error:
        return told | {"cannot": error.refused}
    return told | {"rule": answer.body}


def help_done(asking: SignedIn, borrower: str, form: Form) -> Response:
    """Do what one of the page's forms asks."""
    whose, does = reference_of(borrower), DOES.get(form["do"])
    if does is None:
        raise unasked()
    try:
        query = does(asking, whose, form)
    except (RefusedHere, ExpectedFailure) as error:
        return _shown(asking, whose, **of_form(error), form=form)
    return RedirectResponse(f"/cases/{id_of(whose)}/relief?{query}", 303)


def _quote(asking: Asking, borrower: str, form: FormTold) -> str:
    want = form["want"] if form["want"] in WANTS else "full"
    asked: dict[str, Any] = {"loan": form["loan"], "want": want}
    asked |= {"amount_fen": parse_amount(form["amount"])} if want != "full" else {}
    key = f"form:{form.key}"
    asking.do("quote.give", asked, key)
    return f"done=quote&quote={key}"


def _means(form: FormTold) -> dict[str, int]:
    told = {f"{name}_fen": parse_amount(form[name] or "0", where=name) for name in MEANS}
    household = form["household"]
    return told | {"household": int(household) if household.isdecimal() and len(household) < 3 else 0}


def _search(asking: Asking, borrower: str, form: FormTold) -> str:
    answer = asking.do("plan.search", {"loan": form["loan"], "means": _means(form)}, f"form:{form.key}")
    return "done=search" if answer.body["fits"] else "done=nothing"


def _accept(asking: Asking, borrower: str, form: FormTold) -> str:
    answer = asking.do("plan.accept", {"of": form["of"], "consent": form["consent"]}, f"form:{form.key}")
    return "done=changed" if answer.body["fresh_offer"] else "done=accepted"


def _decline(asking: Asking, borrower: str, form: FormTold) -> str:
    asking.do("plan.decline", {"of": form["of"], "reason": form["consent"]}, f"form:{form.key}")
    return "done=declined"


def _apply(asking: Asking, borrower: str, form: FormTold) -> str:
    key, papers = f"form:{form.key}", []
    means = _means(form)
    for k, (name, content) in enumerate(one for one in form.files.values() if one[1]):
        asked = {"borrower": borrower, "name": name[-200:] or "paper", "sha256": sha256(content).hexdigest(),
                 "content": b64encode(content)}  # fmt: skip
        papers.append(asking.do("paper.hand_in", asked, f"{key}-{k}").body["paper"])
    told = {"borrower": borrower, "cause": form["cause"], "told": form["told"], "means": means, "evidence": papers}
    if way_of(asking, "hardship.apply") == "sent":
        asking.propose("hardship.apply", told, key)
        return "done=sent"
    asking.do("hardship.apply", told, key)
    return "done=applied"


def _decide(asking: Asking, borrower: str, form: FormTold) -> str:
    """By the rule at once; otherwise, or by who may only propose, a second person agrees."""
    key, asked = f"form:{form.key}", {"of": form["of"]}
    if form["decision"] == "rule" and way_of(asking, "hardship.decide") == "done":
        asking.do("hardship.decide", asked, key)
        return "done=decided"
    otherwise: dict[str, Any] = {}
    if form["decision"] != "rule":
        otherwise = {"granted": form["decision"] == "grant", "reasons": [form["reason"]] if form["reason"] else []}
    asking.propose("hardship.decide", asked | otherwise, key)
    return "done=sent"


DOES = {"quote": _quote, "search": _search, "accept": _accept, "decline": _decline, "apply": _apply, "decide": _decide}
"""What each form asks."""


def paper(asking: SignedIn, borrower: str, digest: str) -> Response:
    """A paper that was handed in with an application of this borrower, to be kept, never shown within our pages."""
    told = help_told(asking.connection, reference_of(borrower), asking.on, asking.clock.now)
    found = next((p for one in told.applications for p in one.papers if p.sha256 == digest), None)
    content = file_kept(asking.connection, digest) if found else None
    purged_on = file_purged_on(asking.connection, digest) if found and content is None else None
    if purged_on is not None and way_of(asking, "hardship.decide"):
        remedy = "whoever runs the book has the certificate that says by which rule"
        raise refuse(410, "purged", f"the paper was purged on {purged_on}", remedy, "paper")
    if found is None or content is None or way_of(asking, "hardship.decide") == "":
        raise refuse(404, "unknown", "there is no such paper for you", "", "paper")
    name = f"paper-{digest[:8]}.{KINDS.get(found.type, 'bin')}"
    return saved(content, name)


def settled(asking: SignedIn, borrower: str, loan: str) -> Response:
    """The settlement letter of a loan that is paid off, in the language of the page."""
    case = told_of(asking, reference_of(borrower))
    if reference_of(loan) not in {one.loan for one in case.loans if one.state == "paid_off"}:
        raise refuse(404, "unknown", "no loan of that name is paid off here", "", "loan")
    return settlement_letter(asking, reference_of(loan))
