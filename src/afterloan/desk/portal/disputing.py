"""The credit record: what the bureau has from us, and a dispute in three steps with its clock, answer and last word."""

from base64 import b64encode
from collections.abc import Mapping
from datetime import date
from hashlib import sha256
from typing import Any

from fastapi import APIRouter
from starlette.responses import Response

from afterloan.dates import DayRefused, date_told
from afterloan.desk.portal.screens import done_or, not_yours, screen, show, to, wrong
from afterloan.desk.web.asking import Asking, Form, SignedIn
from afterloan.desk.web.forms import FormTold
from afterloan.desk.web.refusing import RefusedHere
from afterloan.enquiry.complained import goes_next
from afterloan.enquiry.record import own_dispute, own_record
from afterloan.facts.act import Refused

CLAIMS = ("status", "amount", "date", "account", "identity", "fraud")
LONGEST = 4_000
MONTH = "month:"
"""Before the name of a box that is ticked for a month: `month:2025-12-31`."""


def disputing(router: APIRouter) -> None:
    """Adds the pages."""

    @screen(router, "/bureau", "bureau")
    def record(asking: SignedIn) -> Mapping[str, Any]:
        """What the bureau has from us, what is disputed, and where a dispute begins."""
        return _record(asking)

    @screen(router, "/bureau/dispute/{loan}", "dispute_new")
    def begin(asking: SignedIn, loan: str) -> Mapping[str, Any]:
        """Steps one and two: which months, and what is wrong with them."""
        return _begun(asking, loan, {})

    @router.post("/bureau/dispute/{loan}")
    def go_on(asking: SignedIn, loan: str, form: Form) -> Response:
        """Step three, everything to be looked at once more; sent from there, the clock of the law starts."""
        begun, months = _begun(asking, loan, form.values), _months(form)
        refused = _missing(form, months)
        if refused is None and form["do"] == "check":
            return show(asking, "dispute_check", **begun)
        if refused is None and form["do"] == "send":
            asked = {"borrower": asking.person.name, "loan": loan, "months": months, "claims": [form["claim"]],
                     "statement": form["told"][:LONGEST]}  # fmt: skip
            answer = done_or(asking, "dispute.open", asked, form.key)
            if not isinstance(answer, RefusedHere):
                return to(f"/bureau/disputes/{answer.body['dispute']}")
            refused = answer.refused
        return show(asking, "dispute_new", 200 if refused is None else 422, **begun, refused=refused)

    _answered(router)


def _answered(router: APIRouter) -> None:
    @screen(router, "/bureau/disputes/{reference}", "dispute")
    def one(asking: SignedIn, reference: str) -> Mapping[str, Any]:
        """How a dispute stands: its clock, the answer and its reason, who was told, what can be said to it."""
        return _one(asking, reference)

    @router.post("/bureau/disputes/{reference}")
    def say(asking: SignedIn, reference: str, form: Form) -> Response:
        """A paper while it is open; a statement of one's own once it is answered."""
        _one(asking, reference)
        paper = next((file for file in form.files.values() if file[1]), None)
        if form["do"] == "paper":
            said = _paper(asking, form, reference, paper) if paper else wrong("file.none", "paper")
        elif form["told"]:
            asked = {"of": reference, "statement": form["told"][:LONGEST]}
            answer = done_or(asking, "dispute.disagree", asked, form.key)
            said = answer.refused if isinstance(answer, RefusedHere) else None
        else:
            said = wrong("words.none", "told")
        if said is None:
            return to(f"/bureau/disputes/{reference}")
        return show(asking, "dispute", 422, **_one(asking, reference), refused=said)


def _paper(asking: Asking, form: FormTold, reference: str, file: tuple[str, bytes]) -> Refused | None:
    """The paper is kept, and goes with the dispute by its digest."""
    name, content = file[0][-200:] or "paper", file[1]
    asked = {"borrower": asking.person.name, "name": name, "sha256": sha256(content).hexdigest(),
             "content": b64encode(content)}  # fmt: skip
    kept = done_or(asking, "paper.hand_in", asked, f"{form.key}-paper")
    if isinstance(kept, RefusedHere):
        return kept.refused
    told = done_or(asking, "dispute.evidence", {"of": reference, "paper": kept.body["paper"], "what": name}, form.key)
    return told.refused if isinstance(told, RefusedHere) else None


def _record(asking: Asking) -> dict[str, Any]:
    record = own_record(asking.connection, asking.person.name, asking.today)
    return {"record": record, "loans": list(dict.fromkeys(m.loan for m in record.months))}


def _begun(asking: Asking, loan: str, told: Mapping[str, str]) -> dict[str, Any]:
    """What can be disputed of a loan. Raises RefusedHere (404) for a loan of which nothing was told, or another's."""
    months = [m for m in own_record(asking.connection, asking.person.name, asking.today).months if m.loan == loan]
    if not months:
        raise not_yours()
    chosen = {name.removeprefix(MONTH) for name in told if name.startswith(MONTH)}
    return {"loan": loan, "months": months, "chosen": chosen, "claims": CLAIMS, "told": told}


def _one(asking: Asking, reference: str) -> dict[str, Any]:
    line = own_dispute(asking.connection, asking.person.name, reference, asking.today)
    next_ = goes_next(asking.connection, asking.person.name, asking.today, asking.language, "bureau")
    return {"dispute": line.dispute, "days_left": line.days_left, "not_told": line.not_told, "next": next_}


def _months(form: FormTold) -> list[date]:
    """The months ticked. What is no day is no month."""
    found = []
    for name in form.values:
        if name.startswith(MONTH):
            try:
                found.append(date_told(name.removeprefix(MONTH)))
            except DayRefused:
                continue
    return found


def _missing(form: FormTold, months: list[date]) -> Refused | None:
    if not months:
        return wrong("months.none", "months")
    if form["claim"] not in CLAIMS:
        return wrong("claim.none", "claim")
    return None if form["told"] else wrong("words.none", "told")
