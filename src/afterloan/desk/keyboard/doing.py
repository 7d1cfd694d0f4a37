"""How the command line does an act: who sits there, one verb, the answer printed or the refusal with its remedy."""

import json
import os
import sys
from collections.abc import Callable, Mapping
from datetime import date
from typing import TYPE_CHECKING, Any

from afterloan.desk.keyboard.plain import heading, plain, speak_of, told
from afterloan.expected import ExpectedFailure

if TYPE_CHECKING:
    import psycopg

    from afterloan.facts.act import Answer, Refused, Who

WHO = "AFTERLOAN_WHO"


class Stop(ExpectedFailure):
    """A refusal for the person at the keyboard; `kind` as in `Refused`."""

    def __init__(self, text: str, kind: str = "invalid") -> None:
        """`text`: what, where, and what to do."""
        super().__init__(text)
        self.kind = kind


def say(text: str) -> None:
    """To the person: standard error, so that answers on standard output stay clean."""
    print(text, file=sys.stderr)


def who_here(connection: "psycopg.Connection[Any]", by: str = "") -> "Who":
    """Who sits at the keyboard: `--by`, AFTERLOAN_WHO, or the name under which the machine knows them.

    Roles are those the book gives that name. Where nobody was given a role yet, whoever has the machine has all.
    """
    from datetime import UTC, datetime
    from getpass import getuser

    from afterloan.enquiry.clock import clock_of
    from afterloan.facts.act import Who
    from afterloan.servicing.may import ALL_ROLES
    from afterloan.store.legal import people
    from afterloan.store.settings import Setting, setting

    name = by or os.environ.get(WHO, "") or getuser()
    roles = setting(connection, Setting.ROLES)
    appointed = tuple(people(connection, clock_of(connection, datetime.now(UTC)).on, name).get(name, ()))
    return Who("person", name, (*(roles.get(name, ()) if roles else (ALL_ROLES,)), *appointed), "keyboard")


def reference_made(verb: str) -> str:
    """A reference for an act that was given none: the verb and twelve characters of chance."""
    import secrets

    return f"{verb}:{secrets.token_hex(6)}"


def act(
    verb: str,
    asked: Mapping[str, Any],
    on: date,
    reference: str = "",
    by: str = "",
    dry_run: bool = False,
    propose_only: bool = False,
) -> "Answer":
    """Do one verb (or only propose it) and return its answer. Raises Stop with the refusal's one line."""
    from afterloan.facts.act import Refused
    from afterloan.servicing.desk import desk_of
    from afterloan.servicing.door import do, propose
    from afterloan.store.server import open_store

    with desk_of(open_store()) as desk:
        who = who_here(desk.connection, by)
        name = reference or reference_made(verb)
        if propose_only:
            answer = propose(desk, who, verb, asked, name, on)
        else:
            answer = do(desk, who, verb, asked, name, on, dry_run)
        speak_of(desk.connection, next(iter(desk.touched.values()), ""))
    if isinstance(answer, Refused):
        raise Stop(str(answer), answer.kind)
    return answer


def agree(proposal: str, on: date, by: str) -> "Answer":
    """Approve a proposal as a second person. Raises Stop."""
    from afterloan.facts.act import Refused
    from afterloan.servicing.desk import desk_of
    from afterloan.servicing.door import approve
    from afterloan.store.server import open_store

    with desk_of(open_store()) as desk:
        answer = approve(desk, who_here(desk.connection, by), proposal, on)
    if isinstance(answer, Refused):
        raise Stop(str(answer), answer.kind)
    return answer


def file_asked(content: bytes) -> dict[str, str]:
    """A file as a verb of a bulk door asks it."""
    from afterloan.servicing.asked import file_told

    return file_told(content)


def show(answer: "Answer", as_json: bool, words: Callable[[Mapping[str, Any]], str]) -> None:
    """Print an answer: as JSON, or in `words` made of its body; what the act ended is told after it."""
    if as_json:
        print(json.dumps(answer.told(), ensure_ascii=False))
        return
    gone = answer.body.get("withdrawn", 0)
    known = "already known: " if answer.known else ""
    print(plain(f"{known}{words(answer.body)}") + (f"; {gone} planned actions withdrawn" if gone else ""))


EXITS = {"forbidden": 3, "needs_second_person": 4, "conflict": 5}
"""Exit codes of refusals that a script wants to tell apart; all others end with 1."""


def exit_code(refusal: "Refused | Stop") -> int:
    """The exit code of a refusal."""
    return EXITS.get(refusal.kind, 1)


def mistake_told(mistake: Exception) -> str:
    """One line for a mistake of ours; its working goes to `errors.log` in the home folder under the same number."""
    import secrets
    from datetime import UTC, datetime

    from afterloan.desk.logs import working
    from afterloan.store.server import home

    number, log = secrets.token_hex(4), home() / "errors.log"
    try:
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("a", encoding="utf-8") as file:
            file.write(f"{datetime.now(UTC).isoformat()} error {number}\n{working(mistake)}\n")
        where = f"its working is in {log}"
    except OSError as error:
        where = f"its working could not be written ({error}); set AFTERLOAN_TRACE=1 to see it"
    return f"afterloan: error {number}, a mistake of ours ({type(mistake).__name__}); the act was not kept; {where}"


def kinds_sent() -> list[str]:
    """Kinds of action that have a channel, or that people work through worklists and proposals."""
    from afterloan.enquiry.tasks import kinds_sent as kinds

    return kinds()


def told_plainly(verb: str, body: Mapping[str, Any], dry: bool) -> str:
    """An answer's body in one line: `repayment.reverse: loan L1, arrears 743.20, 3 entries`."""
    parts = []
    for name, value in body.items():
        if name in ("withdrawn", "fact", "event") or value in (None, "", [], {}):
            continue
        parts.append(f"{heading(name)} {told(name, value)}")
    return f"{verb}{' would come to' if dry else ''}: {'; '.join(parts)}"
