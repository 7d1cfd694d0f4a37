"""An act over HTTP: its key, done once, tried without being done, or proposed to a second person."""

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Annotated, Any

from fastapi import Depends, Header, Query
from starlette.responses import JSONResponse, Response

from afterloan.desk.web.asking import Ask, Asking
from afterloan.desk.web.forms import name_in
from afterloan.desk.web.guard import ANSWER
from afterloan.desk.web.refusing import RefusedHere, refuse
from afterloan.desk.web.seeing import TRIED
from afterloan.enquiry.case import seen_now, told_since
from afterloan.enquiry.written import last_entry, written_by
from afterloan.facts.act import Answer, Refused
from afterloan.servicing.door import as_agreed, do, propose
from afterloan.servicing.verbs import verb_named
from afterloan.store.acts import act_known
from afterloan.store.locks import try_reference

HEADER = "Idempotency-Key"
KEY = re.compile(r"[\x21-\x7e](?:[\x20-\x7e]{0,198}[\x21-\x7e])?")
"""A key: up to 200 plain characters without blanks around them; it is the act's reference."""


def key_told(
    asking: Ask,
    key: Annotated[
        str,
        Header(
            alias=HEADER,
            description="A name of your own for this act, 1 to 200 characters: sent again, it is done once.",
        ),
    ] = "",
) -> str:
    """The act's key. Raises RefusedHere (400) for none; on a page it is the token of a form (403 else)."""
    by_cookie = asking.sitting is not None and "authorization" not in asking.request.headers
    if by_cookie:
        key = name_in(asking.secret, key)
        if not key:
            raise refuse(403, "stale-form", "the key is not of your sitting", "take a fresh form token", HEADER)
    if not KEY.fullmatch(key):
        raise refuse(
            400, "key-missing", "every POST that writes needs an Idempotency-Key of 1 to 200 plain characters",
            "send a name of your own; send the same when you send the same again", HEADER,
        )  # fmt: skip
    return key


Key = Annotated[str, Depends(key_told)]
Try = Annotated[bool, Query(description="Say what would come of it, and keep nothing.")]
Propose = Annotated[bool, Query(description="Ask a second person instead of doing it.")]


NUMBERS = ("fact", "event")
"""Numbers of rows, which nothing that is only tried has."""


class _Tried(Exception):
    """Takes back what was only tried."""


def act(
    asking: Asking, verb: str, asked: Mapping[str, Any], key: str, dry_run: bool = False, ask_second: bool = False
) -> Response:
    """Do a verb under a key, and answer. Raises RefusedHere.

    The same key again: the first answer, with `Idempotency-Replayed: true`; other content, or another caller: 422;
    while it is being done: 409. `dry_run`: the answer, and `would` with all that would be written.
    """
    asking.within(verb)
    asking.proved_for(verb)
    on = _day_of(asking, verb, key)
    _unchanged(asking, verb, asked, key)
    if dry_run:
        asking.request.scope[TRIED] = True
        told, would = _tried(asking, verb, asked, key, on)
        shown = {name: value for name, value in _told(asking, told, key, on).items() if name not in NUMBERS}
        return JSONResponse({**shown, "act": 0, "dry_run": True, "would": would}, 200)
    with asking.connection.transaction():
        if not try_reference(asking.connection, key):
            refusal = refuse(409, "in-flight", "this key is being done just now", "ask again in a second", HEADER)
            asking.request.scope[ANSWER]["retry-after"] = "1"
            raise refusal
        answer = (propose if ask_second else do)(asking.desk, asking.person, verb, asked, key, on)
        if isinstance(answer, Answer) and not ask_second:
            asking.confirm(verb, key)
    if isinstance(answer, Refused):
        raise refused_by(answer, verb)
    if answer.known:
        asking.request.scope[ANSWER]["idempotency-replayed"] = "true"
    return JSONResponse(_told(asking, answer, key, on), 201)


Seen = Annotated[
    str, Query(max_length=60, description="`seen` of the case that was looked at: told since, the act is not done.")
]
Despite = Annotated[bool, Query(description="Do it although something was told since.")]


def _unchanged(asking: Asking, verb: str, asked: Mapping[str, Any], key: str) -> None:
    """Raises RefusedHere (409) with what was told of the borrower since the caller looked (`seen`), unless `despite`.

    A key that is known is answered whatever happened since.
    """
    query = asking.request.query_params
    seen = query.get("seen", "")
    if not seen or query.get("despite", "") in ("true", "1") or act_known(asking.connection, key):
        return
    chosen = verb_named(verb)
    for borrower in chosen.borrowers(asking.connection, chosen.read(asked)):
        news = told_since(asking.connection, borrower, seen)
        if news:
            refused = Refused("conflict", "seen", seen, f"told since: {', '.join(news)}", "look again, or say despite")
            raise RefusedHere(refused, 409, "changed-since-seen", news=news, seen=seen_now(asking.connection, borrower))


def _day_of(asking: Asking, verb: str, key: str) -> date:
    """The act's day: what was told, or the business date; of a key that is known, the day of its act.

    Raises RefusedHere (422) where the key is somebody else's, or of another act.
    """
    before = act_known(asking.connection, key)
    if before is None:
        return asking.on
    mine = (before.who_kind, before.who) == (asking.person.kind, asking.person.name)
    if not mine or before.verb not in (verb, "proposal.make"):
        raise refuse(422, "key-reused", "this key stands for another act", "use a key of its own for each act", HEADER)
    return before.on if "on" not in asking.request.query_params else asking.on


def _tried(asking: Asking, verb: str, asked: Mapping[str, Any], key: str, on: date) -> tuple[Answer, dict[str, Any]]:
    """What the act would answer and write; all of it taken back. A second person's agreement is assumed, and told."""
    answer: Answer | Refused | None = None
    would: dict[str, Any] = {}
    try:
        with asking.connection.transaction():
            after = last_entry(asking.connection)
            answer = do(asking.desk, asking.person, verb, asked, key, on)
            if isinstance(answer, Refused) and answer.kind == "needs_second_person":
                answer = as_agreed(asking.desk, asking.person, verb, asked, key, on)
                would["needs_approval"] = True
            if isinstance(answer, Answer):
                would |= written_by(asking.connection, answer.act, after, asking.desk.touched).told()
            raise _Tried
    except _Tried:
        pass
    assert answer is not None
    if isinstance(answer, Refused):
        raise refused_by(answer, verb)
    return answer, {"needs_approval": False} | would


def _told(asking: Asking, answer: Answer, key: str, on: date) -> dict[str, Any]:
    return {**answer.told(), "reference": key, "on": on.isoformat(), "known_on": asking.today.isoformat()}


def refused_by(answer: Refused, verb: str) -> RefusedHere:
    """The refusal of a verb: a reference with other content is a key used twice, whoever may not is told the verb."""
    if answer.kind == "conflict" and answer.where == "reference":
        return RefusedHere(replace(answer, where=HEADER), 422, "key-reused")
    return RefusedHere(answer, verb=verb)


def agree(asking: Asking, proposal: str, shown: str) -> Response:
    """Approve a proposal whose digest is the one that was `shown`. Raises RefusedHere (428, 412, or why not)."""
    asking.within("proposal.approve")
    if not shown:
        raise refuse(428, "not-shown", "say by If-Match what you agree to", "read the proposal and send its sha256",
                     "If-Match")  # fmt: skip
    made = act_known(asking.connection, proposal)
    if made is None or made.verb != "proposal.make":
        raise refuse(404, "unknown", "no proposal of that reference", "GET /v1/approvals lists them", "proposal")
    if made.answer["sha256"] != shown:
        raise refuse(412, "shown-otherwise", "the proposal is not what was shown to you", "read it again", "If-Match")
    done = asking.approve(proposal)
    if done.known:
        asking.request.scope[ANSWER]["idempotency-replayed"] = "true"
    return JSONResponse({**done.told(), "reference": f"{proposal}:done", "on": made.on.isoformat()}, 201)


def field_names(verb: str) -> set[str]:
    """The fields that a verb asks."""
    return set(verb_named(verb).asked.model_fields)
