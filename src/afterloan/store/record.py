"""Record one fact, once: the same message again is answered with the first result."""

from dataclasses import astuple, dataclass
from typing import Any

import psycopg

from afterloan.dates import day, iso
from afterloan.facts import (
    Adjudged,
    ChargedOff,
    ChargeEnded,
    Fact,
    FactRefused,
    InterestOnly,
    PlanBroken,
    RateChanged,
    Reinstalled,
    Reversed,
)


@dataclass(frozen=True, slots=True)
class Recorded:
    """What recording came to: the number of the fact, and whether it was known before."""

    fact: int
    loan: int
    known: bool


@dataclass(frozen=True, slots=True)
class _Row:
    loan: int
    shard: int
    kind: int
    on: str
    known_on: str
    amount: int
    component: int
    due_on: str | None
    of: int | None
    count: int = 0
    every: int = 0
    unit: int = 0
    from_on: str | None = None


def _loan(connection: psycopg.Connection[Any], reference: str) -> tuple[int, int]:
    found = connection.execute("select loan, shard from contract where reference = %s", (reference,)).fetchone()
    if found is None:
        raise FactRefused("loan", reference, "no contract of that reference", "import the contract first", "unknown")
    return int(found[0]), int(found[1])


def _row(connection: psycopg.Connection[Any], fact: Fact) -> _Row:
    if isinstance(fact, Reversed):
        found = connection.execute(
            "select fact, loan, shard, kind, on_day from fact where reference = %s", (fact.of,)
        ).fetchone()
        if found is None:
            raise FactRefused(
                "of", fact.of, "no fact of that reference", "reverse what was recorded, by its reference", "unknown"
            )
        if found[3] == Reversed.kind:
            raise FactRefused("of", fact.of, "is itself a reversal", "record the original again under a new reference")
        taken = connection.execute("select reference from fact where of_fact = %s", (found[0],)).fetchone()
        if taken is not None and taken[0] != fact.reference:
            raise FactRefused(
                "of", fact.of, f"was taken back before, by {taken[0]}", "nothing is left to reverse", "conflict"
            )
        return _Row(found[1], found[2], Reversed.kind, found[4].isoformat(), iso(fact.known_on), 0, 0, None, found[0])
    loan, shard = _loan(connection, fact.loan)
    if isinstance(fact, ChargeEnded):
        _refuse_no_charge(connection, fact, loan)
    amount = fact.rate if isinstance(fact, RateChanged) else getattr(fact, "amount_fen", 0)
    due_on = getattr(fact, "due_on", 0)
    from_on = getattr(fact, "from_on", 0)
    return _Row(
        loan,
        shard,
        int(fact.kind),  # type: ignore[attr-defined]
        iso(fact.on),
        iso(fact.known_on),
        amount,
        _component(fact),
        iso(due_on) if due_on else None,
        None,
        getattr(fact, "count", 0),
        getattr(fact, "every", 0),
        int(getattr(fact, "unit", 0) or 0),
        iso(from_on) if from_on else None,
    )


def _refuse_no_charge(connection: psycopg.Connection[Any], fact: ChargeEnded, loan: int) -> None:
    """Refuse the end of a charge that the loan's product does not make."""
    row = connection.execute(
        "select p.code, jsonb_array_length(coalesce(p.terms->'charges', '[]')) "
        "from contract c join product p on p.number = c.product where c.loan = %s",
        (loan,),
    ).fetchone()
    assert row is not None
    code, charges = row
    if fact.number > charges:
        remedy = f"say one of 1 to {charges}" if charges else "leave it out"
        raise FactRefused("number", fact.number, f"product {code} makes {charges} charges", remedy)


def _component(fact: Fact) -> int:
    """What the `component` of a fact's row holds: the part of the debt, or the way that a plan goes."""
    if isinstance(fact, Reinstalled):
        return int(fact.interest)
    if isinstance(fact, ChargeEnded):
        return fact.number - 1
    if isinstance(fact, Adjudged):
        return int(fact.part)
    if isinstance(fact, ChargedOff):
        return int(fact.then)
    if isinstance(fact, InterestOnly):
        return int(fact.add_rows)
    if isinstance(fact, RateChanged):
        return int(fact.while_kept)
    if isinstance(fact, PlanBroken):
        return int(fact.moratorium)
    return int(getattr(fact, "component", 0))


def record(connection: psycopg.Connection[Any], fact: Fact) -> Recorded:
    """Record a fact inside the caller's transaction.

    Raises FactRefused: unknown loan or fact, a fact reversed twice, or a reference already used for
    something else. The same fact again is `known` and writes nothing.
    """
    row = _row(connection, fact)
    values = astuple(row)
    made = connection.execute(
        "insert into fact (loan, shard, kind, on_day, known_on, amount_fen, component, due_on, of_fact, count, every, "
        "unit, from_on, reference) "
        "values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s) "
        "on conflict (reference) do nothing returning fact",
        (*values, fact.reference),
    ).fetchone()
    if made is not None:
        return Recorded(int(made[0]), row.loan, False)
    first = connection.execute(
        "select fact, loan, shard, kind, on_day::text, known_on::text, amount_fen, component, due_on::text, of_fact, "
        "count, every, unit, from_on::text from fact where reference = %s",
        (fact.reference,),
    ).fetchone()
    assert first is not None
    if tuple(first[1:]) != values:
        raise FactRefused(
            "reference",
            fact.reference,
            f"stands already for something else (loan {first[1]}, {first[4]}, {first[6]} minor units)",
            "give each message a reference of its own",
            "conflict",
        )
    return Recorded(int(first[0]), row.loan, True)


def parse_day(text: str) -> int:
    """A day from YYYY-MM-DD. Raises FactRefused."""
    try:
        return day(text)
    except ValueError as error:
        raise FactRefused("day", text, "is not a day", "write it as YYYY-MM-DD") from error
