"""The one door: every act comes through `do`, whether typed, sent over HTTP, read from a file or done by the night.

    known       the same again is answered as the first time; other content under a known reference is refused
    may         roles and second person, from the pack in force on the day
    lock        the one lock by borrower
    does        the verb's own function: facts, events, findings, outbox rows
    follow      what a cure, a hold, a death, a payoff ends, the same for every door
    keep        the act: who, role, door, asked, answer

All in one transaction: a refusal, or a mistake of ours, leaves nothing behind.
"""

from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date
from typing import Any

from pydantic import BaseModel

from afterloan.facts import FactRefused
from afterloan.facts.act import Answer, Refused, Who
from afterloan.servicing import after
from afterloan.servicing.asked import AskedFile
from afterloan.servicing.desk import Desk
from afterloan.servicing.may import approvers, last_day_to_agree, may, may_approve, may_propose
from afterloan.servicing.proposals import why_over
from afterloan.servicing.verbs import Verb, borrower_of_loan, verb_named
from afterloan.store.acts import act_known, begin_act, keep_act, same_asked
from afterloan.store.files import file_kept, keep_file
from afterloan.store.locks import lock_reference
from afterloan.store.proposals import PROPOSAL, proposal_of
from afterloan.texts import json_digest
from afterloan.tracing import span

SECOND = "a second person"
"""Who agrees while a proposal is only tried."""


class _Undo(Exception):
    """Takes the transaction back: the act was refused, or only tried."""

    def __init__(self, answer: Answer | Refused) -> None:
        super().__init__()
        self.answer = answer


def do(
    desk: Desk,
    who: Who,
    verb: str | Verb,
    asked: Mapping[str, Any] | BaseModel,
    reference: str,
    on: date,
    dry_run: bool = False,
) -> Answer | Refused:
    """Do one act in one transaction and answer, or refuse and leave nothing behind.

    `asked`: the verb's record or its plain values. `reference` names the act for ever: asked again with the same
    content it is answered as the first time (`known`), with other content refused (`conflict`). `dry_run`: all of it
    happens, the answer is given, and everything is taken back.

    >>> do(desk, who, "repayment.take", {"loan": "L1", "amount_fen": 120_000}, "bank-4711", date(2026, 3, 10))
    Answer(act=17, verb='repayment.take', body={'loan': 'L1', 'entries': 3, ...}, known=False)
    """
    chosen = verb_named(verb) if isinstance(verb, str) else verb
    with span("act", verb=chosen.name, door=who.door, dry_run=dry_run) as act:
        done = _in_transaction(desk, lambda: _do(desk, who, chosen, chosen.read(asked), reference, on), dry_run)
        act.tell(outcome=done.kind if isinstance(done, Refused) else "known" if done.known else "done")
        return done


def propose(
    desk: Desk, who: Who, verb: str | Verb, asked: Mapping[str, Any] | BaseModel, reference: str, on: date
) -> Answer | Refused:
    """Ask for what a second person has to agree to; nothing has any effect before `approve`.

    It is tried first, so that nobody is asked to agree to what cannot be done. The answer says which roles it waits
    for until which day and what it would come to, and carries the digest of what was asked, which the second person
    agrees to. A proposal that was refused, withdrawn or lapsed is over: it is made anew under another reference.
    """
    chosen = verb_named(verb) if isinstance(verb, str) else verb
    refused = may_propose(who, chosen, on)
    if refused is not None:
        return refused
    would: Mapping[str, Any] = {}
    if act_known(desk.connection, reference) is None:
        second = replace(who, name=SECOND)
        tried = _in_transaction(
            desk, lambda: _do(desk, second, chosen, chosen.read(asked), reference, on, who.name), True
        )
        if isinstance(tried, Refused):
            return tried
        would = tried.body
    return _in_transaction(desk, lambda: _kept_proposal(desk, who, chosen, chosen.read(asked), reference, on, would))


def as_agreed(
    desk: Desk, who: Who, verb: str | Verb, asked: Mapping[str, Any] | BaseModel, reference: str, on: date,
    only_try: bool = False,
) -> Answer | Refused:  # fmt: skip
    """What comes of an act that `who` proposes once a second person has agreed; `only_try`: all of it is taken back.

    Without `only_try` the caller is in a transaction of its own, and takes it back.
    """
    chosen = verb_named(verb) if isinstance(verb, str) else verb
    refused = may_propose(who, chosen, on)
    if refused is not None:
        return refused
    second = replace(who, name=SECOND)
    return _in_transaction(
        desk, lambda: _do(desk, second, chosen, chosen.read(asked), reference, on, who.name), only_try
    )


def _kept_proposal(
    desk: Desk, who: Who, verb: Verb, record: BaseModel, reference: str, on: date, would: Mapping[str, Any]
) -> Answer | Refused:
    connection = desk.connection
    told = {"verb": verb.name, "asked": record.model_dump(mode="json"), "on": on.isoformat()}
    lock_reference(connection, reference)
    before = act_known(connection, reference)
    if before is not None:
        if before.verb == PROPOSAL and same_asked(PROPOSAL, before.asked, told):
            found = proposal_of(connection, reference, on)
            over = why_over(found) if found else None
            return over or Answer(before.act, PROPOSAL, before.answer, known=True)
        return Refused("conflict", "reference", reference, f"stands already for {before.verb}", "use another reference")
    until = last_day_to_agree(verb, on).isoformat()
    body = {
        "waits_for": list(approvers(verb, on)),
        "until": until,
        "sha256": json_digest(told),
        "would": {k: v for k, v in would.items() if k not in ("fact", "event")},
    }
    body["borrowers"] = verb.borrowers(connection, record)
    if isinstance(record, AskedFile):
        about = verb.borrowers(connection, record)
        keep_file(connection, record.sha256, record.content, about[0] if len(about) == 1 else "")
    act = begin_act(connection)
    keep_act(connection, act, reference, PROPOSAL, who, on, told, body, body["borrowers"])
    return Answer(act, PROPOSAL, body)


def approve(desk: Desk, who: Who, proposal: str, on: date) -> Answer | Refused:
    """A second person agrees to a proposal, and it is done in the same transaction, under `proposal:done`.

    Refused: no such proposal, one's own, a role that may not approve, one that was turned down, taken back or lapsed,
    or what has become impossible meanwhile.
    """
    asked = act_known(desk.connection, proposal)
    if asked is None or asked.verb != PROPOSAL:
        return Refused("unknown", "proposal", proposal, "no proposal of that reference", "`afterloan list proposals`")
    if asked.who == who.name:
        return Refused("needs_second_person", "who", who.name, "proposed it", "another person has to agree")
    verb = verb_named(str(asked.asked["verb"]))
    refused = may_approve(who, verb, on)
    if refused is not None:
        return refused
    then = date.fromisoformat(str(asked.asked["on"]))
    return _in_transaction(
        desk,
        lambda: _agreed(desk, who, verb, _proposed(desk, verb, asked.asked["asked"]), proposal, then, asked.who, on),
    )


def _agreed(
    desk: Desk, who: Who, verb: Verb, record: BaseModel, proposal: str, then: date, proposed_by: str, on: date
) -> Answer | Refused:
    """Do what was proposed on the day `then`, unless it is over: looked at under the proposal's own lock.

    Whoever turns it down at the same moment (`servicing/proposals.py`) waits for that lock, or is waited for.
    """
    lock_reference(desk.connection, proposal)
    found = proposal_of(desk.connection, proposal, on)
    over = why_over(found) if found else None
    return over or _do(desk, who, verb, record, f"{proposal}:done", then, proposed_by)


def _proposed(desk: Desk, verb: Verb, asked: dict[str, Any]) -> BaseModel:
    """What was proposed, the file that it is about included."""
    if not issubclass(verb.asked, AskedFile):
        return verb.read(asked)
    content = file_kept(desk.connection, str(asked["sha256"]))
    assert content is not None, "a proposal keeps its file"
    return verb.read({**asked, "content": b64encode(content)})


def _in_transaction(desk: Desk, act: Callable[[], Answer | Refused], only_try: bool = False) -> Answer | Refused:
    """Run an act in one transaction; a refusal, or a trial, takes everything back."""
    try:
        with desk.connection.transaction():
            answer = act()
            if isinstance(answer, Refused):
                raise _Undo(answer)
            if only_try:
                raise _Undo(Answer(0, answer.verb, answer.body, answer.known))
            return answer
    except _Undo as undo:
        return undo.answer
    except FactRefused as error:
        return Refused.of(error)


def _do(
    desk: Desk, who: Who, verb: Verb, record: BaseModel, reference: str, on: date, proposed_by: str = ""
) -> Answer | Refused:
    """The steps of an act; `proposed_by`: who asked `who` to agree, so that the first one's role is no longer asked."""
    connection = desk.connection
    asked = record.model_dump(mode="json")
    lock_reference(connection, reference)
    before = act_known(connection, reference)
    if before is not None:
        return _again(before.verb, before.asked, before.on, verb, asked, reference, on) or Answer(
            before.act, verb.name, before.answer, known=True
        )
    refused = _not_theirs(connection, who, verb, record) or (None if proposed_by else may(who, verb, record, on))
    if refused is not None:
        return refused
    desk.who, desk.proposed_by, desk.reference, desk.touched, desk.taken = who, proposed_by, reference, {}, {}
    desk.act = begin_act(connection)
    desk.lock(*verb.borrowers(connection, record))
    told = verb.does(desk, record, on)
    told |= after.follow(desk, on)
    keep_act(connection, desk.act, reference, verb.name, who, on, asked, told, list(desk.touched.values()))
    return Answer(desk.act, verb.name, told)


def _not_theirs(connection: Any, who: Who, verb: Verb, record: BaseModel) -> Refused | None:
    """What is somebody else's is to a borrower as if it were not there: the same words for both.

    A loan that is named beside the borrower is looked at too.
    """
    if who.kind != "borrower":
        return None
    loan = getattr(record, "loan", None)
    try:
        whose = {*verb.borrowers(connection, record), *([borrower_of_loan(connection, str(loan))] if loan else [])}
    except FactRefused:
        whose = {""}
    theirs = whose <= {who.name}
    if theirs:
        return None
    return Refused("unknown", "reference", "", "there is nothing of yours under that name", "ask for your own loans")


def _again(
    was: str, had: Mapping[str, Any], then: date, verb: Verb, asked: Mapping[str, Any], reference: str, on: date
) -> Refused | None:
    """Whether a known reference stands for something else than what is asked now."""
    if was == verb.name and same_asked(was, had, asked) and then == on:
        return None
    differs = "another act" if was != verb.name else f"the day {then}" if then != on else _difference(had, asked)
    return Refused(
        "conflict", "reference", reference, f"stands already for {was} with {differs}", "use a reference of its own"
    )


def _difference(had: Mapping[str, Any], asked: Mapping[str, Any]) -> str:
    """The first field in which two askings differ: `amount_fen 100 (now 200)`."""
    for name in sorted({*had, *asked}):
        if had.get(name) != asked.get(name):
            return f"{name} {had.get(name)!r} (now {asked.get(name)!r})"
    return "other content"
