"""Money from outside becomes facts, reckoning and entries: results of debits, lines of statements, refunds."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import psycopg

from afterloan.banks.words import BankRowRefused, BankStatement, Correction, Result, Results, StatementLine, Status
from afterloan.dates import number_of
from afterloan.facts import FactRefused, Repaid, Reversed
from afterloan.facts.act import Who
from afterloan.loan.reckon import reckon_book
from afterloan.loan.suppose import ends_debt
from afterloan.money import show_amount
from afterloan.servicing.asked_back import refuse_not_paid_out, refuse_too_much
from afterloan.servicing.booking import take
from afterloan.servicing.debits import Settled, take_result
from afterloan.servicing.matching import LineClaim, Match, match_line, tokens
from afterloan.servicing.verbs import borrower_of_loan
from afterloan.store.debits import attempt_of
from afterloan.store.events import borrower_number
from afterloan.store.ids import ids_of
from afterloan.store.loans import loans_now
from afterloan.store.locks import lock_account, lock_borrowers
from afterloan.store.persons import register_of
from afterloan.store.statements import (
    SPLIT,
    BankRefusal,
    KeptLine,
    LineRow,
    borrowers_named,
    free_fact_name,
    is_matched,
    line_of,
    loans_named,
    loans_of_name,
    loans_of_named,
    put_line,
    put_match,
    put_refusals,
    put_unmatch,
)


@dataclass(slots=True)
class TakenIn:
    """What taking a file of results in came to; figures by status, rows refused with place and remedy."""

    read: int = 0
    known: int = 0
    counts: dict[str, int] = field(default_factory=dict)
    taken_fen: int = 0
    surplus: list[Settled] = field(default_factory=list)
    contradictions: list[Settled] = field(default_factory=list)
    refused: list[BankRowRefused] = field(default_factory=list)
    corrections: list[Correction] = field(default_factory=list)
    borrowers: set[str] = field(default_factory=set)
    """References of those whose debits were answered for the first time."""


def take_results(connection: psycopg.Connection[Any], results: Results, known_on: date) -> TakenIn:
    """Take a file of results in, row by row in the caller's transaction: a row refused holds no other up.

    What is refused, and what the bank asks us to correct, waits in the queue of `open_refusals` for a person.
    """
    done = TakenIn(refused=list(results.refused), corrections=list(results.corrections))
    for k, result in enumerate(results.results, 1):
        done.read += 1
        try:
            with connection.transaction():
                settled = take_result(connection, result, known_on)
        except FactRefused as bad:
            place = f"result {k} ({result.end_to_end})"
            done.refused.append(BankRowRefused(place, bad.column, str(bad.value), bad.reason, bad.remedy))
            continue
        count_settled(done, settled, result)
    _keep_refusals(connection, done, results.message, known_on)
    return done


def _keep_refusals(connection: psycopg.Connection[Any], done: TakenIn, message: str, known_on: date) -> None:
    told = [("result", *_fields(row)) for row in done.refused]
    told += [
        ("correction", one.place, one.code, one.end_to_end, f"the bank corrects it to {one.corrected!r}", CORRECT)
        for one in done.corrections
    ]
    put_refusals(connection, [BankRefusal(*row, source=message, known_on=known_on) for row in told])


def _fields(bad: BankRowRefused) -> tuple[str, str, str, str, str]:
    return (bad.place, bad.column, bad.value, bad.reason, bad.remedy)


CORRECT = "sign the mandate anew with it before the next debit; NACHA gives six banking days"


def count_settled(done: TakenIn, settled: Settled, result: Result) -> None:
    """Count one result in: by status, what was taken, what found no debt, what contradicts."""
    if settled.known:
        done.known += 1
        return
    done.borrowers.add(settled.borrower)
    done.counts[result.status] = done.counts.get(result.status, 0) + 1
    if result.status == "succeeded":
        done.taken_fen += result.amount_fen
    if settled.unapplied_fen:
        done.surplus.append(settled)
    if settled.contradicts:
        done.contradictions.append(settled)


# -- statements ---------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Imported:
    """What importing a statement came to."""

    account: str
    lines: int = 0
    known: int = 0
    matched: dict[str, int] = field(default_factory=dict)
    matched_fen: int = 0
    unmatched: list[tuple[str, Match]] = field(default_factory=list)
    refused: list[BankRowRefused] = field(default_factory=list)
    borrowers: set[str] = field(default_factory=set)
    """References of those whose loans the money reached."""


@dataclass(frozen=True, slots=True)
class TurnedLine:
    """A line with its place in the statement, and its `turn`: which it is of the lines there that are alike, from 1."""

    line: StatementLine
    position: int
    turn: int


MATCHING = Who.rule("statement.matching")
"""Who gives a line of a statement to its loan by what the line says (`servicing/matching.py`)."""
PART = 1_000
"""Lines of a bank's file that are taken in one transaction, for each may lock a borrower; longer files are several."""


def lines_in_turn(statement: BankStatement) -> list[TurnedLine]:
    """The lines of a statement with their places and turns: of two that are the same in all, the second has turn 2."""
    turns: dict[tuple[object, ...], int] = {}
    found = []
    for k, line in enumerate(statement.lines, 1):
        row = _row(statement.account, "", statement.currency, line, k)
        alike = (row.bank_reference, row.booked_on, row.amount_fen) if row.bank_reference else row.content
        turns[alike] = turns.get(alike, 0) + 1
        found.append(TurnedLine(line, line.position or k, turns[alike]))
    return found


def source_of(statement: BankStatement) -> str:
    """The bank's name of a statement, with its own count where the name alone is none."""
    return f"{statement.message} {statement.number}".strip()


def import_lines(
    connection: psycopg.Connection[Any],
    account: str,
    source: str,
    currency: str,
    lines: Sequence[TurnedLine],
    refused: Sequence[BankRowRefused],
    file: str,
    known_on: date,
) -> Imported:
    """Take lines of a statement in, in the caller's transaction: each once, matched where it says itself to which loan.

    The next line sees what the one before paid. Lines refused, held or unmatched hold no other up and wait for a
    person; so do the rows that the reader refused, for there is money behind them.
    """
    done = Imported(account, refused=list(refused))
    put_refusals(
        connection, [BankRefusal("statement", *_fields(bad), account, source, file, known_on) for bad in refused]
    )
    register = register_of(connection)
    for turned in lines:
        done.lines += 1
        row = _row(account, source, currency, turned.line, turned.position)
        kept = put_line(connection, register, row, turned.turn, turned.line.doubt, file, known_on)
        _take_line(connection, kept, turned.line, max(known_on, turned.line.booked_on), done)
    return done


def lock_named(connection: psycopg.Connection[Any], account: str, lines: Sequence[TurnedLine]) -> None:
    """Lock the account, then at once all borrowers to whom lines may give money, in the one order of such locks.

    Taken line by line they would be locked in the order of the bank, and an act that moves money between two of them
    could wait for us while we wait for it.
    """
    lock_account(connection, account)
    told = [turned.line for turned in lines]
    words = sorted({word for line in told for word in tokens(line)})
    debits = [line.end_to_end for line in told if line.end_to_end]
    named = borrowers_named(connection, words, [line.mandate for line in told if line.mandate], debits)
    lock_borrowers(connection, named)


def _row(account: str, source: str, currency: str, line: StatementLine, position: int) -> LineRow:
    return LineRow(
        account,
        source,
        position,
        line.bank_reference,
        line.booked_on,
        line.amount_fen,
        currency,
        line.end_to_end,
        line.mandate,
        line.name,
        line.account,
        line.text,
        line.code,
    )


def _take_line(
    connection: psycopg.Connection[Any], kept: KeptLine, line: StatementLine, known_on: date, done: Imported
) -> None:
    """Match a line that was kept, unless it is matched or a person must look at it first."""
    name = line.bank_reference or f"#{kept.number}"
    if kept.known and is_matched(connection, kept.number):
        done.known += 1
        return
    if kept.contradicts:
        remedy = f"ask the bank which is right; it waits as #{kept.number}"
        done.refused.append(BankRowRefused(name, "bank_reference", line.bank_reference, kept.held, remedy))
    if kept.held:
        done.unmatched.append((name, Match(kept.held)))
        return
    try:
        with connection.transaction():
            how = _apply(connection, kept.number, line, known_on)
    except FactRefused as bad:
        how = Match(f"{bad.column} {bad.value!r}: {bad.reason}")
    if how.loan is None:
        done.unmatched.append((name, how))
        return
    done.borrowers.add(borrower_of_loan(connection, how.loan))
    done.matched[how.how] = done.matched.get(how.how, 0) + 1
    done.matched_fen += line.amount_fen


def _apply(connection: psycopg.Connection[Any], number: int, line: StatementLine, known_on: date) -> Match:
    """Give a line to its debit or its loan; or say why it waits."""
    if _is_debit(connection, line.end_to_end):
        status: Status = "succeeded" if line.amount_fen > 0 else "returned"
        result = Result(
            line.end_to_end, status, line.booked_on, abs(line.amount_fen), line.code, "iso20022", line.bank_reference
        )
        take_result(connection, result, known_on)
        loan = attempt_of(connection, line.end_to_end).parts[0].loan
        put_match(connection, number, "debit", loan, f"{line.end_to_end}:{status}", MATCHING.name, known_on)
        return Match("debit", loan)
    match = propose(connection, line, known_on)
    if match.loan is not None:
        _repay(connection, line_of(connection, f"#{number}"), match.loan, match.how, MATCHING.name, known_on)
    return match


def _is_debit(connection: psycopg.Connection[Any], reference: str) -> bool:
    try:
        attempt_of(connection, reference)
    except FactRefused:
        return False
    return True


def _repay(
    connection: psycopg.Connection[Any],
    told: dict[str, Any],
    loan: str,
    how: str,
    by: str,
    known_on: date,
    note: str = "",
) -> str:
    """Give a line (a row of the store) to a loan as a repayment of its own name, which is returned."""
    lock_borrowers(connection, [borrower_number(connection, borrower_of_loan(connection, loan))[0]])
    name = free_fact_name(connection, told)
    on, known = number_of(told["booked_on"]), number_of(max(known_on, told["booked_on"]))
    taken = take(connection, Repaid(loan, name, on, known, told["amount_fen"]))
    refuse_not_paid_out(taken.reckoned, loan)
    if not note:  # a person who gives a line and says why has looked at it
        refuse_too_much(taken.reckoned, told["amount_fen"])
    put_match(connection, told["line"], how, loan, name, by, known_on, note)
    return name


def propose(connection: psycopg.Connection[Any], line: StatementLine, on: date) -> Match:
    """To which loan a line that names no debit belongs, or among which a person may choose."""
    words = tokens(line)
    named = loans_named(connection, words)
    of_borrower = loans_of_named(connection, words, line.mandate) if not named else []
    of_name = loans_of_name(connection, line.name) if not named and not of_borrower else []
    claims = _claims(connection, [*named, *of_borrower, *of_name], on, bool(named))
    parts = [[claims[n] for n in numbers if n in claims] for numbers in (named, of_borrower, of_name)]
    return match_line(line, parts[0], parts[1], parts[2])


def _claims(
    connection: psycopg.Connection[Any], loans: Sequence[int], on: date, ended_too: bool
) -> dict[int, LineClaim]:
    """Live loans (`ended_too`: also those that are paid) with what they ask for on a day."""
    if not loans:
        return {}
    book = loans_now(connection, "c.loan = any(%(of)s)", {"of": ids_of(loans).tolist()})
    rows = connection.execute(
        "select c.loan, c.reference, b.reference, b.name from contract c join borrower b using (borrower) "
        "where c.loan = any(%s)",
        (list(loans),),
    ).fetchall()
    names = {loan: told for loan, *told in rows}
    as_of = number_of(on)
    found: dict[int, LineClaim] = {}
    for p in reckon_book(book, as_of, as_of):
        if p["error"] or not (ended_too or ends_debt(p) > 0):
            continue
        due = int(p["arrears_fen"].sum() + p["due_today_fen"].sum()) or int(p["next_due_fen"]) or int(p["claim_fen"])
        loan, borrower, name = names[int(p["loan"])]
        found[int(p["loan"])] = LineClaim(loan, borrower, name, due, ends_debt(p))
    return found


@dataclass(frozen=True, slots=True)
class LineGiven:
    """A line that a person gave to a loan, or (`loan` None) set aside. `known`: it was so before."""

    line: int
    name: str
    loan: str | None
    amount_fen: int
    fact: str
    known: bool
    note: str = ""

    def __str__(self) -> str:
        """For people."""
        if self.known:
            return f"{self.name} was given to {self.loan or 'nobody'} before; nothing was added"
        if self.loan is None:
            return f"{self.name} is set aside: {self.note}"
        return f"{self.name} is given to {self.loan}: {self.amount_fen} minor units"


@dataclass(frozen=True, slots=True)
class LineTakenOff:
    """A line that waits again. `fact`: the repayment that was taken back, by `reversal`; both empty if it was none."""

    line: int
    name: str
    loan: str | None
    fact: str
    reversal: str


@dataclass(frozen=True, slots=True)
class LineMoved:
    """A line that was taken off one loan and given to another."""

    off: LineTakenOff
    given: LineGiven


def give_line(
    connection: psycopg.Connection[Any],
    name: str,
    loan: str | None,
    by: str,
    on: date,
    account: str | None = None,
    note: str = "",
) -> LineGiven:
    """A person gives an unmatched line to a loan, or (`loan` None) sets it aside with a note. Raises FactRefused.

    `name`: the bank's reference, or the line's number as `#12`. The same again is known.
    """
    told = _locked(connection, name, account)
    line, amount = int(told["line"]), int(told["amount_fen"])
    if told["how"] is not None:
        if told["how"] != "debit" and told["loan"] == loan:
            return LineGiven(line, name, loan, amount, told["fact"], True, told["said"])
        where = told["loan"] or "nobody"
        raise FactRefused(
            "bank_reference",
            name,
            f"is matched already ({told['how']}, {told['fact'] or where})",
            "take it off there first",
            "conflict",
        )
    if loan is None:
        if not note:
            raise FactRefused("note", note, "a line set aside needs a reason", "say with --note what it is")
        put_match(connection, line, "set aside", None, "", by, on, note)
        return LineGiven(line, name, None, amount, "", False, note)
    if amount < 0:
        raise FactRefused(
            "bank_reference", name, "is money that went out", "reverse the repayment it takes back, then set aside"
        )
    return LineGiven(line, name, loan, amount, _repay(connection, told, loan, "person", by, on, note), False, note)


MOST_PARTS = 20
"""Loans over which one line is split at most."""


def split_line(
    connection: psycopg.Connection[Any],
    name: str,
    parts: Sequence[tuple[str, int]],
    by: str,
    on: date,
    account: str | None = None,
    note: str = "",
) -> list[LineGiven]:
    """A person gives a line that waits to several loans, `(loan, amount_fen)` each, the whole of it and no more.

    742.20 as 642.20 for L1 and 100.00 for L2: two repayments of the day on which the line was booked. The same again
    is known. Raises FactRefused; the caller's transaction then ends without any of it.
    """
    told = _locked(connection, name, account)
    if told["how"] is not None:
        return _split_before(connection, told, name, parts)
    _check_parts(int(told["amount_fen"]), name, parts)
    return [
        LineGiven(int(told["line"]), name, loan, amount,
                  _repay(connection, {**told, "amount_fen": amount}, loan, SPLIT, by, on, note), False, note)
        for loan, amount in parts
    ]  # fmt: skip


def _check_parts(amount_fen: int, name: str, parts: Sequence[tuple[str, int]]) -> None:
    loans = [loan for loan, _ in parts]
    twice = next((loan for loan in loans if loans.count(loan) > 1), None)
    if twice is not None:
        raise FactRefused("parts", twice, "is named twice", "name each loan once, with all that is for it")
    if not 2 <= len(parts) <= MOST_PARTS:
        raise FactRefused(
            "parts", len(parts), f"a line is split over two loans or more, at most {MOST_PARTS}", "or give it whole"
        )
    wrong = next((amount for _, amount in parts if amount <= 0), None)
    if wrong is not None:
        raise FactRefused("parts", show_amount(wrong), "is no part of a line", "each part is more than nothing")
    total = sum(amount for _, amount in parts)
    if total != amount_fen:
        why = f"the parts come to {show_amount(total)}, the line to {show_amount(amount_fen)}"
        raise FactRefused("parts", name, why, "say of the whole line whose it is; what is too much waits on a loan")


def _split_before(
    connection: psycopg.Connection[Any], told: dict[str, Any], name: str, parts: Sequence[tuple[str, int]]
) -> list[LineGiven]:
    """The parts of a line that was split so before. Raises FactRefused where it stands otherwise."""
    facts = {part["loan"]: part["fact"] for part in told["parts"]}
    amounts = connection.execute(
        "select c.reference, f.amount_fen from fact f join contract c using (loan) where f.reference = any(%s)",
        (list(facts.values()),),
    ).fetchall()
    if told["how"] != SPLIT or sorted(amounts) != sorted(parts):
        where = told["fact"] or told["loan"] or "nobody"
        raise FactRefused(
            "bank_reference", name, f"is matched already ({told['how']}, {where})", "take it off there first",
            "conflict",
        )  # fmt: skip
    return [LineGiven(int(told["line"]), name, loan, amount, facts[loan], True, told["said"]) for loan, amount in parts]


def take_line_off(
    connection: psycopg.Connection[Any], name: str, by: str, on: date, account: str | None = None, note: str = ""
) -> LineTakenOff:
    """A person takes a line off its loan, or all of its loans: the repayment never was, and the line waits again.

    The loan is reckoned as if the money had never come, from the day on which this is known; the books keep both.
    Raises FactRefused.
    """
    told = _locked(connection, name, account)
    if told["how"] is None:
        raise FactRefused("bank_reference", name, "stands on no loan", "give it to one: see `afterloan unmatched`")
    if told["how"] == "debit":
        reason = f"is what the bank says of our own debit ({told['fact']}), which names its loans itself"
        raise FactRefused("bank_reference", name, reason, "ask the bank whether that debit was taken")
    was_on = number_of(told["booked_on"])
    reversals = [_part_off(connection, part, was_on, by, on, note) for part in told["parts"]]
    return LineTakenOff(int(told["line"]), name, told["loan"], told["fact"], ", ".join(filter(None, reversals)))


def _part_off(
    connection: psycopg.Connection[Any], part: dict[str, Any], was_on: int, by: str, on: date, note: str
) -> str:
    """Take one match of a line back, its repayment with it; the reference of what took it back, "" where none."""
    fact, reversal = part["fact"], ""
    if fact and not _taken_back(connection, fact):
        reversal = f"{fact}:off"
        take(connection, Reversed(part["loan"], reversal, was_on, max(number_of(on), was_on), fact))
    put_unmatch(connection, part["match"], reversal, by, on, note)
    return reversal


def move_line(
    connection: psycopg.Connection[Any],
    name: str,
    loan: str,
    by: str,
    on: date,
    account: str | None = None,
    note: str = "",
) -> LineMoved:
    """A person takes a line off the wrong loan and gives it to the right one, in one transaction.

    Raises FactRefused; the caller's transaction then ends without it.
    """
    stands = line_of(connection, name, account)
    if len(stands["parts"]) > 1:
        raise FactRefused("bank_reference", name, "stands on several loans", "take it off them, and give it anew")
    if stands["loan"] == loan:
        raise FactRefused("loan", loan, f"has {name} already", "name the loan that the money is for")
    off = take_line_off(connection, name, by, on, account, note)
    return LineMoved(off, give_line(connection, f"#{off.line}", loan, by, on, note=note))


def _locked(connection: psycopg.Connection[Any], name: str, account: str | None) -> dict[str, Any]:
    """A line as it stands while nobody else changes that."""
    lock_account(connection, line_of(connection, name, account)["account"])
    return line_of(connection, name, account)


def _taken_back(connection: psycopg.Connection[Any], fact: str) -> bool:
    """Whether a repayment was taken back before. Raises FactRefused where it was moved and stands on another loan."""
    row = connection.execute(
        "select r.reference from fact f join fact r on r.of_fact = f.fact where f.reference = %s", (fact,)
    ).fetchone()
    if row is None:
        return False
    moved = f"{str(row[0]).removesuffix(':off')}:on"
    stands = connection.execute(
        "select c.reference from fact f join contract c using (loan) where f.reference = %s "
        "and not exists (select from fact r where r.of_fact = f.fact)",
        (moved,),
    ).fetchone()
    if stands is not None:
        raise FactRefused("fact", fact, f"was moved to {stands[0]} as {moved}", "move that repayment, not its line")
    return True
