"""Every act's place in the API: a path over each verb; the body is what the verb asks, less what the path says."""

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Body, Header, Path
from pydantic import BaseModel, BeforeValidator, ConfigDict, create_model
from pydantic.fields import FieldInfo
from pydantic_core import PydanticCustomError
from starlette.responses import Response

from afterloan.desk.api.channels import CHANNEL_VERBS
from afterloan.desk.api.doing import Despite, Key, Propose, Seen, Try, act, agree
from afterloan.desk.api.files import FILE_VERBS
from afterloan.desk.api.keys import KEY_VERBS
from afterloan.desk.api.routing import router_at
from afterloan.desk.web.asking import Ask, Asking
from afterloan.desk.web.names import reference_of
from afterloan.servicing.verbs import VERBS, verb_named


@dataclass(frozen=True, slots=True)
class ActPath:
    """A POST: `path` below /v1, names in braces are fields of the verb's record. `tag`: its chapter in the contract.

    `fixed`: fields that the path itself says.
    """

    path: str
    verb: str
    tag: str
    fixed: tuple[tuple[str, Any], ...] = ()


B, L = "/borrowers/{borrower}", "/loans/{loan}"
ACT_PATHS: tuple[ActPath, ...] = (
    # -- people ---------------------------------------------------------------------------------------------------
    ActPath("/borrowers", "borrower.take_in", "borrowers"),
    ActPath(f"{B}/changes", "person.correct", "borrowers"),
    ActPath(f"{B}/death", "person.died", "borrowers"),
    ActPath(f"{B}/insolvencies", "person.insolvency_opened", "borrowers"),
    ActPath(f"{B}/insolvencies/{{of}}/end", "person.insolvency_closed", "borrowers"),
    ActPath(f"{B}/lawyers", "person.lawyer_engaged", "borrowers"),
    ActPath(f"{B}/lawyers/{{of}}/end", "person.lawyer_left", "borrowers"),
    ActPath(f"{B}/vulnerability-flags", "vulnerability.flag", "borrowers"),
    ActPath(f"{B}/vulnerability-readings", "vulnerability.read", "borrowers"),
    ActPath(f"{B}/vulnerability-flags/{{of}}/clearing", "vulnerability.clear", "borrowers"),
    # -- contact --------------------------------------------------------------------------------------------------
    ActPath(f"{B}/contact-attempts", "contact.ask", "contact"),
    ActPath(f"{B}/contact-attempts/{{of}}/outcome", "contact.end", "contact"),
    ActPath(f"{B}/wrap-ups", "contact.wrap_up", "contact"),
    ActPath(f"{B}/messages", "message.send", "messages"),
    ActPath(f"{B}/contact-preferences/consents", "contact.consent", "contact"),
    ActPath(f"{B}/contact-preferences/opt-outs", "contact.opt_out", "contact"),
    ActPath(f"{B}/contact-preferences/wishes", "contact.wish", "contact"),
    ActPath(f"{B}/contact-preferences/agreed-hours", "contact.agree_hours", "contact"),
    ActPath(f"{B}/third-persons", "contact.name_person", "contact"),
    ActPath(f"{B}/third-persons/{{who}}/requests", "contact.ask_person", "contact"),
    ActPath(f"{B}/third-persons/{{who}}/refusal", "contact.refuse_person", "contact"),
    # -- cases ----------------------------------------------------------------------------------------------------
    ActPath("/cases/{borrower}/notes", "case.note", "cases"),
    ActPath("/cases/{borrower}/call-backs", "case.call_back", "cases"),
    ActPath("/cases/{borrower}/assignment", "case.assign", "cases"),
    ActPath("/cases/{borrower}/taking", "case.take", "cases"),
    ActPath("/cases/{borrower}/handing-back", "case.hand_back", "cases"),
    ActPath("/cases/{borrower}/left-out-steps", "ladder.leave_out", "cases"),
    ActPath("/worklist/assignments", "case.share_out", "cases"),
    ActPath(f"{B}/promises", "promise.make", "cases"),
    ActPath(f"{B}/promises/{{of}}/withdrawal", "promise.withdraw", "cases"),
    ActPath(f"{B}/holds", "hold.place", "cases"),
    ActPath(f"{B}/holds/{{of}}/lift", "hold.lift", "cases"),
    ActPath(f"{B}/complaints", "complaint.raise", "cases"),
    ActPath("/complaints/{of}/answer", "complaint.answer", "cases"),
    ActPath("/tasks/{of}/done", "task.done", "cases"),
    ActPath("/tasks/{of}/reopening", "task.reopen", "cases"),
    ActPath("/tasks/{of}/assignment", "task.assign", "cases"),
    ActPath("/agencies/{agency}/placements", "agency.place", "cases"),
    ActPath("/placements/{of}/recall", "agency.recall", "cases"),
    # -- money ----------------------------------------------------------------------------------------------------
    ActPath("/loans", "contract.sign", "loans"),
    ActPath(f"{L}/repayments", "repayment.take", "money"),
    ActPath(f"{L}/disbursements", "disbursement.record", "money"),
    ActPath(f"{L}/rate-changes", "rate.change", "money"),
    ActPath(f"{L}/charges", "charge.make", "money"),
    ActPath(f"{L}/charges/{{number}}/end", "charge.end", "money"),
    ActPath(f"{L}/waivers", "charge.waive", "money"),
    ActPath(f"{L}/refunds", "refund.pay", "money"),
    ActPath(f"{L}/refund-returns", "refund.return", "money"),
    ActPath(f"{L}/transfers", "money.pass_on", "money"),
    ActPath("/facts/{of}/reversal", "repayment.reverse", "money"),
    ActPath("/repayments/{of}/move", "repayment.move", "money"),
    ActPath("/unmatched/{line}/assignment", "statement.give", "money"),
    ActPath("/unmatched/{line}/parts", "statement.split", "money"),
    ActPath("/unmatched/{line}/aside", "statement.set_aside", "money"),
    ActPath("/statement-lines/{line}/release", "statement.take_off", "money"),
    ActPath("/statement-lines/{line}/move", "statement.move", "money"),
    ActPath("/refused-rows/{number}/done", "statement.finish_row", "money"),
    ActPath("/imports/refusals/{number}/done", "import.finish_row", "money"),
    ActPath("/imports/{name}/confirmation", "book.confirm_import", "bulk"),
    ActPath("/import-maps/{system}", "book.keep_map", "bulk"),
    ActPath("/unmatched/{line}/return", "statement.send_back", "money"),
    ActPath(f"{B}/mandates", "mandate.sign", "debits"),
    ActPath(f"{B}/debits", "debit.ask", "debits"),
    ActPath("/mandates/{of}/revocation", "mandate.revoke", "debits"),
    ActPath("/mandates/{of}/resumption", "mandate.resume", "debits"),
    ActPath("/debit-files", "debit.file", "debits"),
    ActPath("/debits/results", "debit.result", "debits"),
    ActPath("/debit-presumptions", "debit.presume_paid", "debits"),
    ActPath("/settings/creditor", "debit.creditor", "administration"),
    # -- relief ---------------------------------------------------------------------------------------------------
    ActPath(f"{L}/quotes", "quote.give", "relief"),
    ActPath("/quotes/{of}/execution", "quote.execute", "relief"),
    ActPath(f"{L}/plan-searches", "plan.search", "relief"),
    ActPath(f"{L}/plan-offers", "plan.offer", "relief"),
    ActPath("/plan-offers/{of}/acceptance", "plan.accept", "relief"),
    ActPath("/plan-offers/{of}/refusal", "plan.decline", "relief"),
    ActPath("/plans/{of}/cancellation", "plan.cancel", "relief"),
    ActPath("/plans/{of}/watch", "plan.watch", "relief"),
    ActPath(f"{B}/hardships", "hardship.apply", "relief"),
    ActPath(f"{B}/papers", "paper.hand_in", "relief"),
    ActPath("/hardships/{of}/decision", "hardship.decide", "relief"),
    ActPath(f"{B}/breathing-spaces", "breathing_space.start", "relief"),
    ActPath("/breathing-spaces/{of}/end", "breathing_space.end", "relief"),
    # -- limit and the way back -----------------------------------------------------------------------------------
    ActPath(f"{B}/limit-changes", "limit.change", "way back"),
    ActPath(f"{B}/limit-applications", "limit.apply", "way back"),
    ActPath(f"{B}/conduct-reports", "conduct.share", "way back"),
    ActPath(f"{L}/road-map/choice", "road_map.keep", "way back"),
    ActPath(f"{L}/lessons", "lesson.give", "way back"),
    ActPath("/lessons/{of}/answer", "lesson.check", "way back"),
    # -- bureau ---------------------------------------------------------------------------------------------------
    ActPath("/disputes", "dispute.open", "bureau"),
    ActPath("/disputes/{of}/papers", "dispute.evidence", "bureau"),
    ActPath("/disputes/{of}/decision", "dispute.decide", "bureau"),
    ActPath("/disputes/{of}/disagreement", "dispute.disagree", "bureau"),
    ActPath("/disputes/{of}/notifications", "dispute.notified", "bureau"),
    ActPath(f"{L}/bureau-notices", "bureau.notice_delivered", "bureau"),
    ActPath(f"{L}/fraud-confirmation", "bureau.fraud_confirmed", "bureau"),
    ActPath(f"{L}/assets-taken", "bureau.assets_taken", "bureau"),
    ActPath(f"{L}/guarantor-payments", "bureau.guarantor_paid", "bureau"),
    ActPath(f"{L}/special-transactions", "bureau.special_transaction", "bureau"),
    # -- law ------------------------------------------------------------------------------------------------------
    ActPath(f"{L}/legal-proposals", "legal.propose", "legal"),
    ActPath("/legal-proposals/{proposal}/approvals", "legal.approve", "legal"),
    ActPath("/legal-proposals/{proposal}/refusal", "legal.refuse", "legal"),
    ActPath("/legal-proposals/{proposal}/start", "legal.start", "legal"),
    ActPath("/legal-proposals/{proposal}/outcomes", "legal.end", "legal"),
    ActPath(f"{L}/legal-evidence", "evidence.keep", "legal"),
    ActPath(f"{L}/limitation-interruptions", "legal.interrupt", "legal"),
    ActPath(f"{L}/acceleration", "legal.call_due", "legal"),
    ActPath(f"{L}/acceleration/withdrawal", "legal.withdraw_call", "legal"),
    ActPath("/legal-days", "legal.day", "legal"),
    ActPath(f"{L}/loss-proposals", "loss.propose", "legal"),
    ActPath("/loss-proposals/{proposal}/approvals", "loss.approve", "legal"),
    ActPath("/loss-proposals/{proposal}/refusal", "loss.refuse", "legal"),
    # -- policy and administration --------------------------------------------------------------------------------
    ActPath("/models/{model}/approvals", "model.approve", "policy"),
    ActPath("/models/{model}/promotion", "model.promote", "policy"),
    ActPath("/models/{model}/retirement", "model.retire", "policy"),
    ActPath("/models/{model}/comparisons", "model.watch", "policy"),
    ActPath("/network-looks", "network.watch", "policy"),
    ActPath("/scores", "model.score", "policy"),
    ActPath("/ladders/uses", "ladder.use", "policy"),
    ActPath("/ladders/{ladder}/hold-out", "hold_out.switch", "policy"),
    ActPath("/webhooks", "webhook.subscribe", "events"),
    ActPath("/webhooks/{webhook}/end", "webhook.end", "events"),
    ActPath("/webhooks/{webhook}/replays", "webhook.replay", "events"),
    ActPath("/webhooks/{webhook}/secrets", "webhook.renew_secret", "events"),
    ActPath("/outbox/{action}/withdrawal", "outbox.withdraw", "messages"),
    ActPath("/settings/place", "settings.place", "administration"),
    ActPath("/settings/sender", "settings.sender", "administration"),
    ActPath("/jobs/{job}/release", "file.release", "bulk"),
    ActPath("/purges", "person.purge", "administration"),
    ActPath("/file-purges", "file.purge", "administration"),
    ActPath("/people/{person}/disablement", "people.disable", "administration"),
    ActPath("/people/{person}/roles", "people.roles", "administration"),
    ActPath("/appointments/{person}", "people.appoint", "administration"),
    ActPath("/approvals/{proposal}/refusal", "proposal.refuse", "approvals"),
    ActPath("/approvals/{proposal}/withdrawal", "proposal.withdraw", "approvals"),
)


PLAYED_PATHS = (ActPath("/sandbox/clock/setting", "sandbox.set_clock", "sandbox"),)
"""Acts that only a book that is played has."""
WITHOUT = {
    "sign_in.send_code": "a code is asked for on the portal's own page, by the browser in which it is typed",
    "sign_in.confirm": "it follows what is agreed to at the portal",
    "passkey.make": "a device signs on the page, in the browser that asked",
    "passkey.end": "it is given up on the page that lists them",
}
"""Verbs that are not done over HTTP, and why."""


def all_paths() -> tuple[ActPath, ...]:
    """The table, and `/acts/VERB` for each verb that has no place in it and takes no file (`desk/api/files.py`)."""
    placed = {*(told.verb for told in (*ACT_PATHS, *PLAYED_PATHS)), *FILE_VERBS, *KEY_VERBS, *CHANNEL_VERBS, *WITHOUT}
    return (
        *ACT_PATHS,
        *(ActPath(f"/acts/{verb.name}", verb.name, "acts") for verb in VERBS if verb.name not in placed),
    )


class NoMore(BaseModel):
    """The base of bodies: no field that is not named."""

    model_config = ConfigDict(extra="forbid")


def in_path(path: str) -> list[str]:
    """The names in braces of a path."""
    return [part[1:-1] for part in path.split("/") if part.startswith("{")]


def body_of(told: ActPath) -> type[BaseModel]:
    """The body of an act: what its verb asks, less what the path says."""
    record = verb_named(told.verb).asked
    said = {*in_path(told.path), *dict(told.fixed)}
    fields: dict[str, Any] = {
        name: (_annotated(info), info.default if not info.is_required() else ...)
        for name, info in record.model_fields.items()
        if name not in said
    }
    words = told.verb.replace(".", " ").replace("_", " ").title().replace(" ", "")
    made: type[BaseModel] = create_model(f"{words}Asked", __base__=NoMore, **fields)
    made.__doc__ = inspect.getdoc(record)
    return made


def _annotated(info: FieldInfo) -> Any:
    """A field's type; a whole number is asked for as one: `true` is no 1."""
    if info.annotation in (int, int | None):
        return Annotated[info.annotation, info, BeforeValidator(_no_truth)]
    return Annotated[info.annotation, info]


def _no_truth(value: object) -> object:
    if isinstance(value, bool):
        raise PydanticCustomError("int_type", "a whole number is asked for, not true or false")
    return value


def handler_of(told: ActPath) -> Callable[..., Response]:
    """The handler of an act's path: it reads, does the one verb, and shows."""
    record, names = verb_named(told.verb).asked, in_path(told.path)

    def handler(
        asking: Asking, key: str, dry_run: bool, propose: bool, seen: str, despite: bool, body: BaseModel, **path: str
    ) -> Response:
        asked = {**body.model_dump(exclude_unset=True), **dict(told.fixed)}
        asked |= {name: reference_of(value) for name, value in path.items()}
        return act(asking, told.verb, asked, key, dry_run, propose)

    def parameter(name: str, kind: Any, default: Any = inspect.Parameter.empty) -> inspect.Parameter:
        return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=kind)

    body = body_of(told)
    empty = all(not info.is_required() for info in body.model_fields.values())
    handler.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
        [
            parameter("asking", Ask),
            parameter("key", Key),
            *(parameter(name, Annotated[str, Path(description=_path_words(record, name))]) for name in names),
            parameter("body", Annotated[body, Body()], body() if empty else inspect.Parameter.empty),
            parameter("dry_run", Try, False),
            parameter("propose", Propose, False),
            parameter("seen", Seen, ""),
            parameter("despite", Despite, False),
        ]
    )
    return handler


def _path_words(record: type[BaseModel], name: str) -> str:
    return f"The {name} of the record `{record.__name__}`, as an id."


def act_routes(paths: Sequence[ActPath] = ()) -> APIRouter:
    """A POST for every verb, or for those of some paths."""
    router = router_at("/v1")
    for told in paths or all_paths():
        verb = verb_named(told.verb)
        router.add_api_route(
            told.path, handler_of(told), methods=["POST"], status_code=201, tags=[told.tag], summary=verb.about,
            operation_id=told.verb.replace(".", "_"), response_model=None, openapi_extra={"x-verb": told.verb},
            response_description="Done: the number of the act, and what it came to.",
        )  # fmt: skip
    return router


def approval_routes() -> APIRouter:
    """The second person's answer: bound to what was shown by `If-Match`."""
    router = router_at("/v1/approvals", tags=["approvals"])

    @router.post(
        "/{proposal}/approval",
        status_code=201,
        openapi_extra={"x-verb": "proposal.make", "x-scope": "proposal.approve"},
    )
    def approval(
        asking: Ask,
        proposal: str,
        if_match: Annotated[str, Header(description="The `sha256` of the proposal that was shown, in quotes.")] = "",
    ) -> Response:
        """Agree to a proposal as the second person, and have it done."""
        return agree(asking, reference_of(proposal), if_match.strip().removeprefix("W/").strip('"'))

    return router
