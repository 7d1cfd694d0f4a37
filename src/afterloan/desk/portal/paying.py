"""Pay: choose what, see where the money goes, debit an account that may be debited or transfer; end a loan."""

from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter
from starlette.responses import Response

from afterloan.desk.portal.screens import done_or, fen_told, not_yours, screen, show, to
from afterloan.desk.web.asking import Asking, Form, SignedIn
from afterloan.desk.web.refusing import RefusedHere, refuse
from afterloan.enquiry.lender import account_of_lender
from afterloan.enquiry.mine import Mine, all_due, mine, spread, where_it_goes
from afterloan.enquiry.quoted import quoted
from afterloan.facts.act import Refused
from afterloan.rehearsal.transfers import transferred


def paying(router: APIRouter) -> None:
    """Adds the pages."""

    @screen(router, "/pay", "pay")
    def pay(asking: SignedIn) -> Mapping[str, Any]:
        """What may be paid."""
        return {"mine": _mine(asking)}

    @router.get("/pay/check")
    def check(asking: SignedIn, what: str = "all", amount: str = "") -> Response:
        """Where the money goes, before anything is paid."""
        it = _mine(asking)
        if what.startswith("end:"):
            return to(f"/loans/{what.removeprefix('end:')}/end")
        try:
            parts = _parts(it, what, amount)
        except RefusedHere as refusal:
            return show(asking, "pay", 422, mine=it, refused=refusal.refused, what=what, amount_told=amount)
        return show(asking, "pay_check", **_checked(asking, it, parts))

    @router.post("/pay")
    def debit(asking: SignedIn, form: Form) -> Response:
        """Ask for the debit; sent twice it is one payment."""
        parts = {name.removeprefix("part:"): int(fen) for name, fen in form.values.items()
                 if name.startswith("part:") and fen.isdecimal() and len(fen) < 12}  # fmt: skip
        asked = {"borrower": asking.person.name,
                 "parts": [{"loan": loan, "amount_fen": fen} for loan, fen in parts.items()]}  # fmt: skip
        answer = done_or(asking, "debit.ask", asked, form.key)
        if isinstance(answer, RefusedHere):
            it = _mine(asking)
            return show(asking, "pay_check", 422, **{**_checked(asking, it, parts), "refused": answer.refused})
        return to(f"/payments/{answer.body['attempt'] or form.key}")

    @router.post("/pay/transfer")
    def transfer(asking: SignedIn, form: Form) -> Response:
        """Only in a demonstration: the transfer that the borrower makes at their own bank arrives."""
        if not asking.house.demo:
            raise not_yours()
        own = {loan.loan for loan in _mine(asking).loans}
        fen = fen_told(form["amount"]) or 0
        if form["loan"] not in own:
            raise not_yours()
        told = transferred(asking.desk, form["loan"], fen, form["quote"], form.key, asking.today)
        if isinstance(told, Refused):
            raise RefusedHere(told)
        return to("/payments")

    _ending(router)


def _ending(router: APIRouter) -> None:
    @screen(router, "/loans/{loan}/end", "end")
    def end(asking: SignedIn, loan: str) -> Mapping[str, Any]:
        """What ending a loan means, before it is quoted."""
        it = _mine(asking)
        found = next((one for one in it.loans if one.loan == loan), None)
        if found is None:
            raise not_yours()
        return {"loan": found}

    @router.post("/loans/{loan}/end")
    def quote(asking: SignedIn, loan: str, form: Form) -> Response:
        """A quote that stands until its last day, sealed over the loan as it is."""
        answer = done_or(asking, "quote.give", {"loan": loan}, form.key)
        if isinstance(answer, RefusedHere):
            found = next(one for one in _mine(asking).loans if one.loan == loan)
            return show(asking, "end", 422, loan=found, refused=answer.refused)
        return to(f"/quotes/{answer.body['reference']}")

    @screen(router, "/quotes/{reference}", "quote")
    def given(asking: SignedIn, reference: str) -> Mapping[str, Any]:
        """A quote as it was given, and how to pay it."""
        it = quoted(asking.connection, asking.person.name, reference, asking.today)
        return {"quote": it, "account": account_of_lender(asking.connection), "demo": asking.house.demo}


def _mine(asking: Asking) -> Mine:
    return mine(asking.connection, asking.person.name, asking.today)


def _parts(it: Mine, what: str, amount: str) -> dict[str, int]:
    """What is paid of each loan. Raises RefusedHere for what is no choice or no amount."""
    due = all_due(it)
    if what == "all" and due:
        return due
    if what.startswith("loan:"):
        loan = what.removeprefix("loan:")
        if loan not in due:
            raise not_yours()
        return {loan: due[loan]}
    fen = fen_told(amount)
    if fen is None or fen < 1:
        raise refuse(422, "invalid", "amount.none", "", "amount")
    if fen > it.due_fen:
        raise refuse(422, "invalid", "amount.more", "", "amount")
    return spread(it, fen)


def _checked(asking: Asking, it: Mine, parts: Mapping[str, int]) -> dict[str, Any]:
    own = {loan.loan for loan in it.loans}
    going = where_it_goes(asking.connection, it.borrower, {k: v for k, v in parts.items() if k in own}, asking.today)
    return {"mine": it, "going": going, "parts": parts, "total_fen": sum(parts.values()),
            "account": account_of_lender(asking.connection), "demo": asking.house.demo}  # fmt: skip
