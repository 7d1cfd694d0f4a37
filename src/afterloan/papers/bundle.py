"""The bundle that goes to a court: papers, statement with working, notices, the contract, digests of evidence."""

import csv
import hashlib
import io
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

import adbc_driver_postgresql.dbapi as adbc
import numpy as np
import psycopg

from afterloan.dates import number_of
from afterloan.facts.legal import EvidenceKept
from afterloan.papers.court import PAPERS, Matter, as_json, digests, paper
from afterloan.report.explain import explain
from afterloan.report.statement import loan_statement
from afterloan.store.events import events_of
from afterloan.store.legal import LegalCase, contract_told
from afterloan.store.read import read_loans
from afterloan.strategy.course import costs_to_claim, step_rules, title_of
from afterloan.strategy.legal import owed_by_law

NOTICES = ("message.", "contact.", "bureau.notice_delivered", "legal.")
"""Kinds of events that show what the borrower was told."""
OLDEST = (1980, 1, 1, 0, 0, 0)
"""The day in the directory of a ZIP: the same files make the same bytes."""


@dataclass(frozen=True, slots=True)
class Claimant:
    """Who claims, as the papers name them: the lender's name, its lines of address, in the papers' language."""

    name: str
    lines: tuple[str, ...]


def bundle_of(
    connection: psycopg.Connection[Any], reader: adbc.Connection, case: LegalCase,
    posted: tuple[np.ndarray[Any, Any], list[int]], claimant: Claimant, language: str,
) -> dict[str, bytes]:  # fmt: skip
    """The files of a case by name, without `SHA256SUMS`; `posted`: the loan's entries and the day each was closed.

    Before a title: demand letter, payment order and statement of claim; with one: only the application to enforce it.
    """
    files = _evidence(connection, reader, case, posted, language)
    matter = _matter(case, files, claimant)
    for name in PAPERS:
        if (name == "enforcement") == (matter.title_debt_fen > 0):  # with a title nothing is claimed any more
            files[f"{name}.pdf"] = paper(name, matter, language)
    return files


def zipped(files: Mapping[str, bytes]) -> bytes:
    """The files and their `SHA256SUMS` in one ZIP; the same files, the same bytes."""
    made = io.BytesIO()
    with ZipFile(made, "w", ZIP_DEFLATED) as archive:
        for name, data in sorted({**files, "SHA256SUMS": digests(files)}.items()):
            archive.writestr(ZipInfo(name, OLDEST), data, ZIP_DEFLATED)
    return made.getvalue()


def _evidence(
    connection: psycopg.Connection[Any], reader: adbc.Connection, case: LegalCase,
    posted: tuple[np.ndarray[Any, Any], list[int]], language: str,
) -> dict[str, bytes]:  # fmt: skip
    day = number_of(case.claim.on)
    book = read_loans(connection, reader, f"c.loan = {case.loan_number}")
    entries, closed_on = posted
    told = loan_statement(book, 0, case.loan, entries, closed_on, None, day)
    product, terms, contract = contract_told(connection, case.loan_number)
    working = explain(book, 0, product, day, language=language)
    notices = [
        {"kind": e.KIND, "on": e.on, "at": e.at, "reference": e.reference, **e.body()}
        for e in events_of(connection, case.borrower, None, case.claim.on, case.claim.on)
        if e.KIND.startswith(NOTICES)
    ]
    return {
        "contract.json": as_json({"contract": contract, "product": product, "terms": terms}),
        "statement.csv": told.to_csv().encode(),
        "working.txt": "\n".join(f"{x.on:10}  {x.text}" for x in working.lines).encode(),
        "notices.json": as_json(notices),
    }


def _matter(case: LegalCase, files: Mapping[str, bytes], claimant: Claimant) -> Matter:
    """What the papers speak of: the one sum owed, the statement's rows, digests of evidence and of the files."""
    rules = step_rules(case.claim.jurisdiction, case.claim.on)
    owed, title = owed_by_law(case.reckoned.position), title_of(case.steps, rules)
    rows = [
        (r["on"], r["words"], int(r["amount_fen"]), int(r["principal_fen"]))
        for r in csv.DictReader(io.StringIO(files["statement.csv"].decode()))
    ]
    kept = [(f"{e.what}: {e.name}", e.sha256) for e in case.events if isinstance(e, EvidenceKept)]
    hashes = [(name, hashlib.sha256(data).hexdigest()) for name, data in sorted(files.items())]
    courts = [s.started.court for s in case.steps if s.started and s.started.court]
    return Matter(
        borrower=case.name,
        loan=case.loan,
        on=case.claim.on,
        signed_on=min((date.fromisoformat(r[0]) for r in rows), default=case.claim.on),
        principal_fen=int(case.reckoned.position["disbursed_fen"]),
        days_past_due=case.claim.days_past_due,
        owed={
            "principal": owed.principal_fen,
            "interest": owed.interest_fen,
            "penalty": owed.penalty_fen,
            "fee": owed.costs_fen,
            "extra": owed.extra_fen,
            "off_books": owed.off_books_fen,
        },
        rows=rows,
        evidence=[*kept, *hashes],
        court=courts[-1] if courts else "",
        lender=claimant.name,
        lender_lines=claimant.lines,
        borrower_lines=tuple(str(case.attributes[k]) for k in ("address", "mobile") if k in case.attributes),
        jurisdiction=case.claim.jurisdiction,
        costs_fen=costs_to_claim(case.steps, rules),
        title_debt_fen=title.debt_fen if title else 0,
        perform_by=title.perform_by if title else None,
    )
