"""Policies and settings over HTTP: contact rules, templates, ladders in use, models; the next case to work on."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field

from afterloan.dates import number_of
from afterloan.desk.api.asked import After, Limit, cursor, place_of, question, theirs
from afterloan.desk.api.routing import router_at
from afterloan.desk.web.asking import SignedIn
from afterloan.desk.web.names import id_of
from afterloan.desk.web.refusing import refuse
from afterloan.enquiry.arms import arms_compared
from afterloan.enquiry.case import case_told
from afterloan.enquiry.contacting import standing_told
from afterloan.enquiry.ladders import ladders_in_use, lint
from afterloan.enquiry.lists import NEWEST, outbox_page
from afterloan.enquiry.model_card import model_glance
from afterloan.enquiry.models import listed_models, why
from afterloan.enquiry.owing import figures_on, message_values
from afterloan.enquiry.worklist import NOBODY, WorklistAsked, next_for
from afterloan.rules.packs import rules_of
from afterloan.store.contacts import defaults_of
from afterloan.store.legal import people
from afterloan.store.settings import Setting, setting
from afterloan.strategy.governor import contact_rules
from afterloan.strategy.places import check_place

Text = Annotated[str, Query(max_length=200)]
SETTINGS = {"creditor": Setting.CREDITOR, "hold-out": Setting.HOLD_OUT, "roles": Setting.ROLES,
            "sender": Setting.SENDER}  # fmt: skip


class Read(BaseModel):
    """The base of what is only worked out: nothing is kept, so no key is needed."""

    model_config = ConfigDict(extra="forbid")


class PreviewAsked(Read):
    """How a template is shown: in which language, by which channel, with the lines of law of which place.

    `borrower` (a reference): with what they owe on the day, where the template tells of it.
    """

    language: str = Field(default="zh-CN", max_length=20)
    channel: str = Field(default="email", max_length=20)
    jurisdiction: str = Field(default="CN", max_length=10)
    borrower: str = Field(default="", max_length=200)


class LintAsked(Read):
    """A ladder's text, and the place whose ladder it is compared with."""

    text: str = Field(max_length=200_000)
    jurisdiction: str = Field(default="CN", max_length=10)


def work_routes() -> APIRouter:
    """What an agent asks before and after a conversation."""
    router = router_at("/v1")

    @question(router, "/worklist/next", "contact.read", "cases")
    def next_case(asking: SignedIn, queue: Text = "") -> Any:
        """The case to work on next: of one's own the one most worth, else one that is in nobody's hands; or none."""
        for hands in (asking.person.name, NOBODY):
            asked = WorklistAsked(asking.on, queue, hands, known_on=asking.known_on)
            found = next_for(asking.connection, asking.reader, asked, asking.person.name)
            if found:
                return {"case": {**found[1].told(), "href": f"/v1/cases/{id_of(found[1].borrower)}"}}
        return {"case": None}

    @question(router, "/cases/{borrower}/next-acts", "contact.read", "cases")
    def next_acts(asking: SignedIn, borrower: str) -> Any:
        """What to do next with a borrower, the best first, with the reasons."""
        may = asking.may_verbs()
        known = asking.known
        told = case_told(asking.connection, borrower, asking.on, known, asking.clock.now, may, asking.language)
        return told.next.told()

    @question(router, "/borrowers/{borrower}/contact-preferences", "book.read", "contact")
    def preferences(asking: SignedIn, borrower: str) -> Any:
        """Wishes, consents, opt-outs, agreed hours, and persons through whom to be found."""
        return standing_told(asking.connection, borrower, asking.on).told()

    @question(router, "/borrowers/{borrower}/messages", "book.read", "messages")
    def messages(asking: SignedIn, borrower: str, limit: Limit = 50, after: After = "") -> Any:
        """What was, and is to be, sent to a borrower, the newest first."""
        before = int(place_of(asking, after)) if after else NEWEST
        rows, more = outbox_page(asking.connection, asking.on, limit, borrower, "", "message", before)
        return {"data": rows, "next": cursor(asking, more) if more is not None else None}

    @question(router, "/contact-rules", "report.read", "policy")
    def rules(asking: SignedIn, jurisdiction: Text = "CN") -> Any:
        """The contact rules that bind on a day, and those announced; status, source and how certain each is."""
        check_place("jurisdiction", jurisdiction)
        binding = [rule.model_dump(mode="json") for rule in contact_rules(jurisdiction, asking.on)]
        coming = [
            rule.model_dump(mode="json") for rule in rules_of("contact")
            if rule.jurisdiction == jurisdiction and rule.status in ("draft", "announced")
        ]  # fmt: skip
        return {"data": binding, "next": None, "not_binding_yet": coming}

    return router


def policy_routes() -> APIRouter:
    """Templates, ladders, models, settings."""
    router = router_at("/v1")

    @question(router, "/templates", "report.read", "messages")
    def templates_(asking: SignedIn) -> Any:
        """Every template with its version, purpose, needed values and title."""
        from afterloan.sending.templates import templates

        return [one.model_dump(mode="json") for versions in templates().values() for one in versions]

    @router.post("/templates/{template}/previews", tags=["messages"], openapi_extra={"x-permission": "report.read"})
    def preview(asking: SignedIn, template: str, asked: PreviewAsked) -> dict[str, Any]:
        """A template as a borrower would read it, `made_up`: the values that no book has; nothing is sent or kept."""
        from afterloan.sending.channels import setting as channels
        from afterloan.sending.templates import render, sample_values, template_of

        asking.permitted("report.read")
        found = template_of(template, asking.on)
        told: dict[str, Any] = {"channel": asked.channel, "jurisdiction": asked.jurisdiction, "on": asking.on}
        known = _owed_values(asking, asked.borrower, found.purpose) if asked.borrower else {}
        values = sample_values(found)
        text = render(found, asked.language, {**values, **known}, channels().lender, **told)
        return {"template": text.template, "version": text.version, "language": text.language,
                "subject": text.subject, "text": text.whole(), "rules": list(text.rules),
                "made_up": [name for name in found.needs if name not in known]}  # fmt: skip

    @router.post("/templates/checks", tags=["messages"], openapi_extra={"x-permission": "report.read"})
    def checks(asking: SignedIn) -> dict[str, Any]:
        """What is wrong with any template, in any language, on any channel, at any place."""
        from afterloan.sending.channels import setting as channels
        from afterloan.sending.templates import proofread

        asking.permitted("report.read")
        problems = proofread(channels().lender)
        return {"sound": not problems, "data": problems, "next": None}

    @question(router, "/ladders/uses", "report.read", "policy")
    def uses(asking: SignedIn) -> Any:
        """The ladder of every place: its text, and whether the lender chose it or it came along."""
        return [{"jurisdiction": x.jurisdiction, "ladder": x.name, "chosen": x.own, "text": x.text}
                for x in ladders_in_use(asking.connection, asking.on)]  # fmt: skip

    @question(router, "/ladders/arms", "report.read", "policy")
    def arms(asking: SignedIn, jurisdiction: Text = "CN") -> Any:
        """Champion, challengers and hold-out of a place: who cured within a month, with the interval."""
        check_place("jurisdiction", jurisdiction)
        return arms_compared(asking.connection, jurisdiction, asking.on).told()

    @router.post("/policies/lint", tags=["policy"], openapi_extra={"x-permission": "report.read"})
    def lint_(asking: SignedIn, asked: LintAsked) -> dict[str, Any]:
        """Whether a ladder may be used; line, column and reason where not; in what it differs from that in use."""
        asking.permitted("report.read")
        every = ladders_in_use(asking.connection, asking.on)
        used = next((x.text for x in every if x.jurisdiction == asked.jurisdiction), "")
        return lint(asked.text, used).told()

    @question(router, "/models", "report.read", "policy")
    def models(asking: SignedIn) -> Any:
        """Every model on record as it stood on a day."""
        return listed_models(asking.connection, asking.on)

    @question(router, "/models/{model}", "report.read", "policy")
    def model_(asking: SignedIn, model: str) -> Any:
        """One model: its steps, its card, how its scores lie, what the last look at it found."""
        return model_glance(asking.connection, model, asking.on).told()

    @question(router, "/borrowers/{borrower}/scores", "report.read", "policy")
    def scores(asking: SignedIn, borrower: str) -> Any:
        """Why a borrower stands where the models put them: band, reasons, what would change it."""
        return [asdict(one) for one in why(asking.house.store, borrower, number_of(asking.on))]

    @question(router, "/settings/{of}", "report.read", "administration")
    def settings(asking: SignedIn, of: str) -> Any:
        """A setting: place, creditor, sender, hold-out, roles."""
        if of == "place":
            return {"setting": of, "value": defaults_of(asking.connection)}
        if of not in SETTINGS:
            known = ", ".join(("place", *SETTINGS))
            raise refuse(404, "unknown", "no setting of that name", known, "setting")
        return {"setting": of, "value": setting(asking.connection, SETTINGS[of])}

    @question(router, "/appointments", "report.read", "administration")
    def appointments(asking: SignedIn) -> Any:
        """Who may approve legal steps and losses on a day, and in which roles."""
        return [{"person": name, "roles": list(roles)} for name, roles in people(asking.connection, asking.on).items()]

    return router


def _owed_values(asking: SignedIn, borrower: str, purpose: str) -> Mapping[str, Any]:
    """What a borrower owes, as a template for a purpose tells it. Raises RefusedHere, FactRefused."""
    asking.permitted("book.read")
    theirs(asking, borrower)
    return message_values(figures_on(asking.connection, borrower, asking.on), purpose)
