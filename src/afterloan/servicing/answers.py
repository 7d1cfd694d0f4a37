"""Verbs of what banks say of our debits: one answer, a file of them, and silence where a scheme tells only returns."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import psycopg
from pydantic import Field

from afterloan.banks.words import BankRowRefused, Correction, Result, Results
from afterloan.facts import FactRefused
from afterloan.servicing.asked import Asked
from afterloan.servicing.debits import OWN, follow_on
from afterloan.servicing.debits import take_result as settle
from afterloan.servicing.desk import Desk
from afterloan.servicing.money import PART, TakenIn
from afterloan.servicing.money import take_results as settle_all
from afterloan.store.debits import attempt_of, filed_unanswered
from afterloan.store.events import borrower_number
from afterloan.store.locks import lock_bank_files, lock_borrowers


class TakeResult(Asked):
    """What the bank says of one debit."""

    result: Result

    def borrowers(self, connection: psycopg.Connection[Any]) -> list[str]:
        """Whose debit it is."""
        return [attempt_of(connection, self.result.end_to_end).borrower]


def take_result(desk: Desk, asked: TakeResult, on: date) -> dict[str, Any]:
    """Tell the result and its money; where another debit of the day makes sense, it is put into the outbox.

    `known_before`: the same was told before and nothing was written; `unapplied_fen`: money that found no debt.
    """
    settled = settle(desk.connection, asked.result, on)
    if not settled.known and asked.result.scheme != OWN:
        follow_on(desk.connection, asked.result, desk.now)
    return {
        "attempt": settled.attempt,
        "status": settled.status,
        "known_before": settled.known,
        "money": list(settled.money),
        "unapplied_fen": settled.unapplied_fen,
        "contradicts": settled.contradicts,
    }


class TakeResults(Asked):
    """Results out of a bank's file (`message`: its name), what in it could not be read, what the bank corrects."""

    message: str
    results: tuple[Result, ...]
    refused: tuple[BankRowRefused, ...] = ()
    corrections: tuple[Correction, ...] = ()


def results_in_parts(results: Results) -> Iterator[TakeResults]:
    """A file as askings of at most `PART` results each; what was refused and corrected is in the first."""
    for begin in range(0, max(len(results.results), 1), PART):
        told = TakeResults(message=results.message, results=results.results[begin : begin + PART])
        more = {"refused": results.refused, "corrections": results.corrections}
        yield told.model_copy(update=more) if begin == 0 else told


def take_results(desk: Desk, asked: TakeResults, on: date) -> dict[str, Any]:
    """Take results in row by row: a row that is refused holds no other up and waits for a person."""
    return _take_all(desk, asked.message, asked.results, asked.refused, asked.corrections, on)


def _take_all(
    desk: Desk,
    message: str,
    results: tuple[Result, ...],
    refused: tuple[BankRowRefused, ...],
    corrections: tuple[Correction, ...],
    on: date,
) -> dict[str, Any]:
    lock_bank_files(desk.connection)
    _lock_all(desk.connection, results)
    made_at = datetime.combine(on, datetime.min.time())
    done = settle_all(desk.connection, Results(message, "", made_at, results, refused, corrections), on)
    desk.lock(*sorted(done.borrowers))
    return told_in(done)


def _lock_all(connection: psycopg.Connection[Any], results: tuple[Result, ...]) -> None:
    """Lock the borrowers of all results at once, in the one order, whatever the order of the file."""
    numbers = set()
    for result in results:
        try:
            numbers.add(borrower_number(connection, attempt_of(connection, result.end_to_end).borrower)[0])
        except FactRefused:
            continue  # refused below, in its own row
    lock_borrowers(connection, numbers)


def told_in(done: TakenIn) -> dict[str, Any]:
    """What taking results in came to, as the door shows it: figures by status, and each row that needs a person."""
    return {
        "read": done.read,
        "known_before": done.known,
        "counts": dict(sorted(done.counts.items())),
        "taken_fen": done.taken_fen,
        "surplus": [{"attempt": s.attempt, "unapplied_fen": s.unapplied_fen} for s in done.surplus],
        "corrections": [{"of": c.end_to_end, "code": c.code, "corrected": c.corrected} for c in done.corrections],
        "contradictions": [{"attempt": s.attempt, "now": s.status, "was": s.contradicts} for s in done.contradictions],
        "refused": [str(row) for row in done.refused],
    }


TELLS_RETURNS_ONLY = ("nacha", "pain008")
"""Forms whose schemes tell what comes back; the others answer every debit, so their silence says nothing."""


class PresumePaid(Asked):
    """Debits of a `form` of file that were not answered for `days` count as paid."""

    form: str
    days: int = Field(ge=1, le=60)


def presume_paid(desk: Desk, asked: PresumePaid, on: date) -> dict[str, Any]:
    """Debits that stood in a file for collection `days` or more before and were never answered count as paid.

    Silence means something only for what was sent: an attempt that stands in no file is not touched. The money counts
    from the day of collection. A return that comes later takes it back again. Raises FactRefused for a form whose
    scheme answers every debit.
    """
    if asked.form not in TELLS_RETURNS_ONLY:
        remedy = f"take its answers in; silence counts only for {', '.join(TELLS_RETURNS_ONLY)}"
        raise FactRefused("form", asked.form, "answers every debit, so silence says nothing", remedy)
    waiting = filed_unanswered(desk.connection, asked.form, on - timedelta(days=asked.days))
    said = Result("", "succeeded", on, scheme=asked.form, note="presumed")
    results = tuple(
        replace(said, end_to_end=a.reference, on=collected, amount_fen=a.amount_fen) for a, collected in waiting
    )
    return _take_all(desk, "presumed", results, (), (), on)
