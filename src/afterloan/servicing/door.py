"""The one door: every act comes through `do`, whether typed, sent over HTTP, read from a file or done by the night.

    known       the same again is answered as the first time; other content under a known reference is refused
    may         roles and second person, from the pack in force on the day
    lock        the one lock by borrower
    does        the verb's own function: facts, events, findings, outbox rows
    follow      what a cure, a hold, a death, a payoff ends, the same for every door
    keep        the act: who, role, door, asked, answer

All in one transaction: a refusal, or a mistake of ours, leaves nothing behind.
"""

from collections.abc import Mapping
from datetime import date
from typing import Any

from pydantic import BaseModel

from afterloan.facts import FactRefused
from afterloan.facts.act import Answer, Refused, Who
from afterloan.servicing import after
from afterloan.servicing.desk import Desk
from afterloan.servicing.may import may
from afterloan.servicing.verbs import Verb, verb_named
from afterloan.store.acts import act_known, begin_act, keep_act
from afterloan.store.locks import lock_reference


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
    try:
        record = chosen.read(asked)
        with desk.connection.transaction():
            answer = _do(desk, who, chosen, record, reference, on)
            if dry_run and isinstance(answer, Answer):
                raise _Undo(Answer(0, answer.verb, answer.body, answer.known))
            if isinstance(answer, Refused):
                raise _Undo(answer)
            return answer
    except _Undo as undo:
        return undo.answer
    except FactRefused as error:
        return Refused.of(error)


def _do(desk: Desk, who: Who, verb: Verb, record: BaseModel, reference: str, on: date) -> Answer | Refused:
    connection = desk.connection
    asked = record.model_dump(mode="json")
    lock_reference(connection, reference)
    before = act_known(connection, reference)
    if before is not None:
        return _again(before.verb, before.asked, before.on, verb, asked, reference, on) or Answer(
            before.act, verb.name, before.answer, known=True
        )
    refused = may(who, verb, record, on)
    if refused is not None:
        return refused
    desk.who, desk.reference, desk.touched = who, reference, {}
    desk.act = begin_act(connection)
    desk.lock(*verb.borrowers(connection, record))
    told = verb.does(desk, record, on)
    told |= after.follow(desk, on)
    keep_act(connection, desk.act, reference, verb.name, who, on, asked, told)
    return Answer(desk.act, verb.name, told)


def _again(
    was: str, had: Mapping[str, Any], then: date, verb: Verb, asked: Mapping[str, Any], reference: str, on: date
) -> Refused | None:
    """Whether a known reference stands for something else than what is asked now."""
    if was == verb.name and had == asked and then == on:
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
