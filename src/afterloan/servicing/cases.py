"""Verbs of cases and contacts: shared out, taken, handed back, placed with an agency, a contact asked for."""

from datetime import date, datetime
from typing import Any

from pydantic import AwareDatetime, Field

from afterloan.facts import FactRefused
from afterloan.facts.placement import CaseAssigned
from afterloan.servicing.asked import Asked, AskedFile
from afterloan.servicing.desk import Desk
from afterloan.store.cases import hands_of, open_cases, owed_of_cases, place_with, share_out, take_returns
from afterloan.store.contacts import Attempt, admit
from afterloan.store.events import tell
from afterloan.store.worklist import queued
from afterloan.strategy.agency_file import read_returns
from afterloan.texts import utf8


class ShareOut(Asked):
    """The unassigned open cases, of one `queue` or all, go to `people`."""

    people: tuple[str, ...]
    queue: str | None = None


def share_cases(desk: Desk, asked: ShareOut, on: date) -> dict[str, Any]:
    """One act for all: the most worth first, each to who has fewest; `given` says how many."""
    cases = open_cases(desk.connection, desk.reader, on, asked.queue)
    return {"given": share_out(desk.connection, cases, asked.people, on, desk.who.name)}


class TakeCase(Asked):
    """The open case of `borrower`, in every queue in which it stands; `queue`: in that one alone."""

    borrower: str
    queue: str = Field("", max_length=200)


def take_case(desk: Desk, asked: TakeCase, on: date) -> dict[str, Any]:
    """Whoever asks works the case from now on, wherever nobody else does; `queues`: where it is theirs now.

    Taken again it stays as it is. With B1 free in early and in agent-wu's hands in middle, agent-li takes early.
    Raises FactRefused: no open case (unknown), in another's hands or with an agency (conflict).
    """
    hands = _hands(desk, asked, on)
    theirs = {queue: person for queue, person in hands.items() if person not in ("", desk.who.name)}
    if hands and theirs.keys() == hands.keys():
        whose = ", ".join(f"{person} ({queue})" for queue, person in theirs.items())
        remedy = "take the next case, or ask a lead to give it to you"
        raise FactRefused("borrower", asked.borrower, f"is in the hands of {whose}", remedy, "conflict")
    for queue in [queue for queue, person in hands.items() if not person]:
        _given(desk, asked.borrower, queue, desk.who.name, on)
    return {"borrower": asked.borrower, "queues": sorted(hands.keys() - theirs.keys()), "with_others": theirs}


def hand_back(desk: Desk, asked: TakeCase, on: date) -> dict[str, Any]:
    """Whoever asks works the case no longer: it is free again. Raises FactRefused (conflict): it is not theirs."""
    mine = [queue for queue, person in _hands(desk, asked, on, back=True).items() if person == desk.who.name]
    if not mine:
        raise FactRefused("borrower", asked.borrower, f"is not in the hands of {desk.who.name}", "look at whose it is",
                          "conflict")  # fmt: skip
    for queue in mine:
        _given(desk, asked.borrower, queue, "", on)
    return {"borrower": asked.borrower, "queues": sorted(mine)}


def _hands(desk: Desk, asked: TakeCase, on: date, back: bool = False) -> dict[str, str]:
    """In whose hands the case is, by queue, "" for nobody's; `back`: open or not. Raises FactRefused."""
    number = desk.lock(asked.borrower)[0]
    assigned, agency, _ = hands_of(desk.connection, [number], on).get(number, ({}, "", []))
    stands = [one.queue for one in queued(desk.connection, [number], on)]
    if back:
        return {queue: person for queue, person in assigned.items() if asked.queue in ("", queue)}
    stands = [queue for queue in stands if asked.queue in ("", queue)]
    if not stands or number not in owed_of_cases(desk.connection, desk.reader, [number], on):
        where = f" in the queue {asked.queue}" if asked.queue else ""
        raise FactRefused("borrower", asked.borrower, f"has no open case{where}", "take one of the worklist", "unknown")
    if agency:
        raise FactRefused("borrower", asked.borrower, f"is with the agency {agency}", "recall it first", "conflict")
    return {queue: assigned.get(queue, "") for queue in stands}


def _given(desk: Desk, borrower: str, queue: str, to: str, on: date) -> None:
    told: dict[str, Any] = {"borrower": borrower, "on": on, "known_on": on, "reference": f"{desk.reference}:{queue}"}
    tell(desk.connection, CaseAssigned(**told, queue=queue, to=to, by=desk.who.name))


class PlaceCases(Asked):
    """The cases that ladders proposed are placed with `agency`."""

    agency: str = Field(min_length=1, max_length=200)


def place_cases(desk: Desk, asked: PlaceCases, on: date) -> dict[str, Any]:
    """One act for the file: `text` is what the agency gets. Who is held against agencies now is left out."""
    text = place_with(desk.connection, asked.agency, on, desk.who.name)
    return {"agency": asked.agency, "cases": text.count(chr(10)) - 1, "text": text}


class TakeReturns(AskedFile):
    """The file in which `agency` answers."""

    agency: str


def take_agency_file(desk: Desk, asked: TakeReturns, on: date) -> dict[str, Any]:
    """One act for the file: attempts, promises, returns, row by row; refused rows leave the others."""
    good, bad = read_returns(utf8(asked.content, "the agency's file"))
    done = take_returns(desk.connection, asked.agency, good, on)
    refused = [str(row) for row in sorted([*bad, *done.refused], key=lambda r: r.line)]
    told = {"taken": done.taken, "known": done.known, "against_rules": done.against_rules}
    return {**told, "rows_refused": len(refused), "refused": refused}


class AskContact(Asked):
    """May `borrower`, or the `person` named `who`, be contacted by `channel` at a moment?"""

    borrower: str
    channel: str
    at: AwareDatetime
    purpose: str = "collection"
    address: str = ""
    person: str = "borrower"
    who: str = ""


def ask_contact(desk: Desk, asked: AskContact, on: date) -> dict[str, Any]:
    """The governor's verdict: allowed, it is on record as attempted; refused, why, by which rule, and when next."""
    moment: datetime = asked.at
    attempt = Attempt(
        asked.borrower, asked.channel, asked.purpose, moment, desk.reference, asked.address, asked.person, asked.who,
        tells_debt=asked.person != "third", by=desk.who.name,
    )  # fmt: skip
    verdict = admit(desk.connection, attempt)
    told = {"borrower": asked.borrower, "allowed": verdict.allowed, "why": verdict.why, "rule": verdict.rule}
    return told | {"next_at": verdict.next_at.isoformat() if verdict.next_at else None}
