"""The verbs of a purge: what tells of former borrowers, and old files of jobs, goes when its time is over."""

import json
from datetime import UTC, date, datetime
from hashlib import sha256
from typing import Any

import psycopg
from pydantic import Field

from afterloan.enquiry.purging import to_purge
from afterloan.facts import FactRefused
from afterloan.facts.person import PersonPurged
from afterloan.servicing.asked import Asked
from afterloan.servicing.desk import Desk
from afterloan.store.events import borrower_number, tell
from afterloan.store.purging import (
    PurgeCertificate,
    keep_certificate,
    last_sealed,
    purge_borrower,
    purge_files,
    purge_lines,
)
from afterloan.strategy.retention import ANY, kept_through

MOST = 500


class PurgePersons(Asked):
    """What tells of borrowers goes, for its time is over.

    `people`: their references; `reason`: on what occasion (a request, a yearly round).
    """

    people: tuple[str, ...] = Field(min_length=1, max_length=MOST)
    reason: str = Field(min_length=1, max_length=2_000)

    def borrowers(self, connection: psycopg.Connection[Any]) -> list[str]:
        """Whose records are locked."""
        return list(dict.fromkeys(self.people))


def purge_persons(desk: Desk, asked: PurgePersons, on: date) -> dict[str, Any]:
    """Destroy the data keys of borrowers, delete and empty what may be; a certificate says what, by which rules.

    Raises FactRefused (too_early, naming the first): something is owed, held, disputed or open, or its time is not
    over; of nobody anything is purged then. Money, positions and seals stay as they are.
    """
    looked = [to_purge(desk.connection, borrower, on) for borrower in dict.fromkeys(asked.people)]
    for one in looked:
        if one.against:
            raise FactRefused(
                "people", one.borrower, "; ".join(one.against), "leave them out, or wait until that is over",
                "too_early",
            )  # fmt: skip
    people = []
    for one in looked:
        number, _ = borrower_number(desk.connection, one.borrower)
        people.append({**one.told(), "purged": purge_borrower(desk.connection, number, on)})
    told = _certified(desk, on, {"kind": "persons", "reason": asked.reason, "borrowers": people})
    for k, one in enumerate(looked):
        tell(desk.connection, PersonPurged(
            borrower=one.borrower, on=on, known_on=on, reference=f"{desk.reference}/{k}",
            certificate=told["certificate"], by=desk.who.name,
        ))  # fmt: skip
    return told | {"borrowers": [one.borrower for one in looked]}


class PurgeFiles(Asked):
    """Files that jobs made or took in go, for their time is over; what they were made of is in the book."""


def purge_old_files(desk: Desk, asked: PurgeFiles, on: date) -> dict[str, Any]:
    """Destroy the keys of files of jobs, and of bank lines set aside, that are older than the pack says; a certificate
    says how many.

    Raises FactRefused: there is none.
    """
    of_today = kept_through("job_file", on, ANY, "", on)
    last = on - (of_today.day - on)
    before = datetime(last.year, last.month, last.day, tzinfo=UTC)
    count = purge_files(desk.connection, before, on)
    of_lines = kept_through("bank_line", on, ANY, "", on)
    lines = purge_lines(desk.connection, on - (of_lines.day - on))
    if not count and not lines:
        raise FactRefused("files", str(last), "no file of a job is older than that", "nothing is to be done", "invalid")
    rules = of_today.told()["rules"] + of_lines.told()["rules"] * bool(lines)
    told = {"kind": "files", "asked_before": last.isoformat(), "rules": rules, "files": count}
    told |= {"statement_lines": lines} if lines else {}
    return _certified(desk, on, told) | {"files": count}


def _certified(desk: Desk, on: date, told: dict[str, Any]) -> dict[str, Any]:
    """Keep the certificate: what was told, by whose authority, after which head of the seals; its digest names it."""
    closed, head = last_sealed(desk.connection)
    whole = {
        "certificate": desk.reference, "on": on.isoformat(), "act": desk.act, "proposed_by": desk.proposed_by,
        "agreed_by": desk.who.name, "sealed_through": closed, "head": head, **told,
    }  # fmt: skip
    mark = sha256(json.dumps(whole, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode()).hexdigest()
    keep_certificate(desk.connection, PurgeCertificate(desk.reference, on, whole, mark))
    return {"certificate": desk.reference, "sha256": mark}
