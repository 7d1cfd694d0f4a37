"""The way back, how we reach you, papers, help: what comes after the money."""

from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter
from starlette.responses import Response

from afterloan.dates import date_of, number_of
from afterloan.desk.portal.screens import done_or, not_yours, screen, show, to
from afterloan.desk.portal.signing_in import first_a_code
from afterloan.desk.web.asking import Ask, Asking, Form, SignedIn
from afterloan.desk.web.forms import FormTold
from afterloan.desk.web.letters import saved, settlement_letter, statement_letter
from afterloan.desk.web.refusing import RefusedHere
from afterloan.enquiry.books import entries_of, loan_and_last_day
from afterloan.enquiry.contactability import contactability
from afterloan.enquiry.contacting import standing_told
from afterloan.enquiry.mine import mine, own_loan
from afterloan.enquiry.rules import rule_told
from afterloan.enquiry.way_back import draw_in
from afterloan.facts import FactRefused
from afterloan.rebuilding.road_map import Marked
from afterloan.rebuilding.words import say
from afterloan.report.statement import LoanStatement, loan_statement
from afterloan.servicing.relief import plan_for_map
from afterloan.store.rebuilding import person_in

CHANNELS = ("call", "sms", "email", "letter")


def rebuilding(router: APIRouter) -> None:
    """Adds the pages."""
    _way_back(router)
    _contact(router)
    _papers(router)
    _help(router)


def _way_back(router: APIRouter) -> None:
    @screen(router, "/way-back", "way_back")
    def first(asking: SignedIn) -> Mapping[str, Any]:
        """The ways of the loan that is late longest."""
        it = mine(asking.connection, asking.person.name, asking.today)
        late = sorted(it.loans, key=lambda loan: (-loan.days, loan.loan))
        return _ways(asking, late[0].loan if late and late[0].days else "")

    @screen(router, "/way-back/{loan}", "way_back")
    def ways(asking: SignedIn, loan: str) -> Mapping[str, Any]:
        """The ways of a loan, side by side."""
        own_loan(asking.connection, asking.person.name, loan)
        return _ways(asking, loan)

    @router.post("/way-back/{loan}")
    def choose(asking: SignedIn, loan: str, form: Form) -> Response:
        """Keep a way, so that its days are marked kept or missed."""
        answer = done_or(asking, "road_map.keep", {"loan": loan, "way": form["way"]}, form.key)
        if isinstance(answer, RefusedHere):
            return show(asking, "way_back", 422, **_ways(asking, loan), refused=answer.refused)
        return to(f"/way-back/{loan}")


def _ways(asking: Asking, loan: str) -> dict[str, Any]:
    it = mine(asking.connection, asking.person.name, asking.today)
    told: dict[str, Any] = {"loan": loan, "loans": [one.loan for one in it.loans], "ways": [], "before": [],
                            "chosen": "", "chosen_on": None}  # fmt: skip
    if not loan:
        return told
    person, on = person_in(asking.connection, asking.person.name), number_of(asking.today)
    plan = plan_for_map(asking.connection, person, loan, on)
    drawn = draw_in(asking.connection, person, loan, on, plan)
    before = [_as_drawn(m, asking.language) for m in drawn.before]
    ways = [way.plain(asking.language) for way in drawn.ways]
    for way in ways:
        way["milestones"] = [{**m, "told_by": rule_told(m["rule"])} for m in way["milestones"]]
    for way, map_of in zip(ways, drawn.ways, strict=True):
        way["current_on"] = next((date_of(m.on) for m in map_of.milestones if m.kind == "current"), None)
    return told | {"ways": ways, "before": before, "chosen": drawn.chosen, "chosen_on": drawn.chosen_on}


def _as_drawn(marked: Marked, language: str) -> dict[str, Any]:
    """A milestone of the way that was chosen, as it was drawn and as it stands."""
    drawn = marked.milestone
    return {"state": marked.state, **drawn, "words": say(drawn["kind"], language, **drawn["values"])}


def _contact(router: APIRouter) -> None:
    @screen(router, "/contact", "contact")
    def reach(asking: SignedIn) -> Mapping[str, Any]:
        """How we may reach the borrower now, and what they wish."""
        return _reach(asking)

    @router.post("/contact")
    def wish(asking: SignedIn, form: Form) -> Response:
        """Hours, a language, a channel to stop or to use again, a person who may be asked."""
        verb, asked = _wished(form)
        if first := first_a_code(asking, verb, "/contact"):
            return first
        answer = done_or(asking, verb, {"borrower": asking.person.name, **asked}, form.key)
        if isinstance(answer, RefusedHere):
            return show(asking, "contact", 422, **_reach(asking), refused=answer.refused)
        return to("/contact?done=1")


def _wished(form: FormTold) -> tuple[str, dict[str, str]]:
    """The verb of what a form of preferences asks for, and its fields."""
    if form["stop"]:
        return "contact.opt_out", {"channel": form["stop"]}
    if form["again"]:
        return "contact.consent", {"channel": form["again"]}
    if form["who"]:
        return "contact.name_person", {name: form[name][:300] for name in ("who", "person", "address")}
    first, last = form["from"], form["to"]
    if not first and not last:
        first, last = "00:00", "24:00"  # both emptied: at any hour the law allows
    wished = {"not_before": first, "not_after": last, "language": form["language"]}
    return "contact.wish", {name: value for name, value in wished.items() if value}


def _reach(asking: Asking) -> dict[str, Any]:
    told = contactability(asking.connection, asking.person.name, asking.clock.now)
    now = [{"channel": name, "allowed": told.of(name).allowed} for name in CHANNELS]
    standing = standing_told(asking.connection, asking.person.name, asking.today)
    return {"now": now, "channels": CHANNELS, "stopped": list(standing.not_wanted), "wished": standing.wished,
            "language_wished": "zh-CN" if standing.language.startswith("zh") else "en",
            "persons": [{"who": p[0], "person": p[1], "refused": p[3]} for p in standing.persons],
            "done": bool(asking.request.query_params.get("done"))}  # fmt: skip


def _papers(router: APIRouter) -> None:
    @screen(router, "/documents", "documents")
    def documents(asking: SignedIn) -> Mapping[str, Any]:
        """Papers of each loan."""
        return {"mine": mine(asking.connection, asking.person.name, asking.today)}

    @router.get("/documents/{loan}/settled.pdf")
    def settled(asking: SignedIn, loan: str) -> Response:
        """The settlement letter, in the language of the page."""
        it = mine(asking.connection, asking.person.name, asking.today)
        if loan not in {one.loan for one in it.loans if one.state == "paid_off"}:
            raise not_yours()
        if first := first_a_code(asking, "documents.read", "/documents"):
            return first
        return settlement_letter(asking, loan)

    @router.get("/documents/{loan}/statement.pdf")
    def statement(asking: SignedIn, loan: str) -> Response:
        """The statement of a loan up to today, in the language of the page."""
        made = _statement(asking, loan)
        return first_a_code(asking, "documents.read", "/documents") or statement_letter(asking, made)

    @router.get("/documents/{loan}/statement.csv")
    def table(asking: SignedIn, loan: str) -> Response:
        """The same as a table."""
        made = _statement(asking, loan)
        first = first_a_code(asking, "documents.read", "/documents")
        return first or saved(made.to_csv().encode(), f"statement-{made.first}-{made.last}.csv", "text/csv")


def _statement(asking: Asking, loan: str) -> LoanStatement:
    """A loan's statement from its first day to today. Raises FactRefused (unknown) for one that is not theirs."""
    try:
        book = own_loan(asking.connection, asking.person.name, loan)
    except FactRefused as error:
        raise not_yours() from error
    found = loan_and_last_day(asking.connection, loan)
    assert found is not None, "a loan of one's own is there"
    entries, closed_on = entries_of(asking.connection, found[0])
    return loan_statement(book, 0, loan, entries, closed_on, None, number_of(asking.today))


def _help(router: APIRouter) -> None:
    @router.get("/help")
    def help_(asking: Ask) -> Response:
        """What can be done here, and what we never ask."""
        return show(asking, "help")
