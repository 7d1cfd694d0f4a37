"""Verbs of cases and contacts: shared out, placed with an agency, an agency's answers taken, a contact asked for."""

from datetime import date, datetime
from typing import Any

from pydantic import AwareDatetime, Field

from afterloan.servicing.asked import Asked, AskedFile
from afterloan.servicing.desk import Desk
from afterloan.store.cases import open_cases, place_with, share_out, take_returns
from afterloan.store.contacts import Attempt, admit
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
    return {"taken": done.taken, "known": done.known, "against_rules": done.against_rules, "refused": refused}


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
