"""Verbs that tell one thing: an event of a borrower, or a fact of a loan with its reckoning and entries.

What is asked is the event's or the fact's own fields; the day it became known, the reference and the person come from
the door, so that nobody tells them of himself.
"""

from collections.abc import Callable
from dataclasses import MISSING, fields
from datetime import date
from enum import IntEnum
from functools import cache
from importlib import import_module
from typing import Any, Literal, get_args

from pydantic import create_model

from afterloan import facts
from afterloan.dates import number_of
from afterloan.facts import Fact
from afterloan.facts.events import Event, read_event
from afterloan.loan.suppose import ends_debt
from afterloan.servicing.asked import Asked
from afterloan.servicing.booking import FactTaken, take
from afterloan.servicing.desk import Desk
from afterloan.store.events import tell

FROM_THE_DOOR = ("on", "known_on", "reference")
Part = tuple[type[Asked], Callable[[Desk, Any, date], dict[str, Any]]]


@cache
def event_verb(module: str, name: str) -> Part:
    """The record and the function of a verb that tells an event: `event_verb("promise", "PromiseMade")`."""
    cls: type[Event] = getattr(import_module(f"afterloan.facts.{module}"), name)
    person = "by" in cls.model_fields and not get_args(cls.model_fields["by"].annotation)
    left_out = (*FROM_THE_DOOR, *(("by",) if person else ()))
    told: dict[str, Any] = {
        field: (info.annotation, info) for field, info in cls.model_fields.items() if field not in left_out
    }
    told["happened_on"] = (date | None, None)
    asked = _record(cls, told)

    def does(desk: Desk, asked: Any, on: date) -> dict[str, Any]:
        """Tell the event; the body says its number, and whether it was known before."""
        values = asked.model_dump(exclude={"happened_on"})
        values |= {"on": asked.happened_on or on, "known_on": on, "reference": desk.reference}
        values |= {"by": desk.who.name} if person else {}
        done = tell(desk.connection, read_event(cls, values))
        return {"borrower": asked.borrower, "event": done.event, "kind": cls.KIND}

    return asked, does


@cache
def fact_verb(name: str) -> Part:
    """The record and the function of a verb that tells a fact: `fact_verb("Waived")`."""
    cls: type[Fact] = getattr(facts, name)
    told = {f.name: _field(cls, f.name) for f in fields(cls) if f.name not in FROM_THE_DOOR}
    told["happened_on"] = (date | None, None)
    asked = _record(cls, told)

    def does(desk: Desk, asked: Any, on: date) -> dict[str, Any]:
        """Record the fact, reckon the loan and post the difference; what is owed afterwards is told."""
        return took(desk, fact_of(cls, asked, desk.reference, on))

    return asked, does


def fact_of(cls: type[Fact], asked: Any, reference: str, on: date) -> Fact:
    """The fact of what was asked: effective when it happened (else today), known today."""
    values = {name: _plain(cls, name, value) for name, value in asked.model_dump(exclude={"happened_on"}).items()}
    happened = asked.happened_on or on
    return cls(**values, reference=reference, on=number_of(happened), known_on=number_of(on))


def took(desk: Desk, fact: Fact) -> dict[str, Any]:
    """Take a fact in and tell what the loan came to: money in minor units."""
    return told_after(desk, fact.loan, take(desk.connection, fact))


def told_after(desk: Desk, loan: str, taken: FactTaken) -> dict[str, Any]:
    """What a loan came to by a fact that was taken: money in minor units."""
    desk.took(taken)
    position = taken.reckoned.position
    return {
        "loan": loan,
        "fact": taken.recorded.fact,
        "entries": taken.entries,
        "arrears_fen": int(position["arrears_fen"].sum()),
        "days_past_due": int(position["days_past_due"]),
        "payoff_fen": ends_debt(position),
    }


def _record(cls: type, told: dict[str, Any]) -> type[Asked]:
    """The record of a verb: the fields of what it tells, and its words."""
    made: type[Asked] = create_model(
        f"Tell{cls.__name__}", __base__=Asked, __doc__=(cls.__doc__ or cls.__name__).strip(), **told
    )
    return made


def _enum(cls: type[Fact], name: str) -> type[IntEnum] | None:
    """The kind of word that a field of a fact holds: `Waived.component` holds a Component."""
    kind = cls.__annotations__.get(name)
    options = get_args(kind) or (kind,)
    return next((k for k in options if isinstance(k, type) and issubclass(k, IntEnum)), None)


def _field(cls: type[Fact], name: str) -> tuple[Any, Any]:
    """The type and default of a fact's field as it is asked: days as dates, words as words."""
    own = next(f for f in fields(cls) if f.name == name)
    default: Any = ... if own.default is MISSING else own.default
    words = _enum(cls, name)
    if words is not None:
        one_of: Any = Literal[tuple(w.name.lower() for w in words)]
        return (one_of | None, None) if default is None else (one_of, _shown(default))
    if name.endswith("_on"):
        return (date, ...) if default is ... else (date | None, None)
    return own.type if isinstance(own.type, type) else Any, default


def _shown(default: Any) -> Any:
    return default.name.lower() if isinstance(default, IntEnum) else default


def _plain(cls: type[Fact], name: str, value: Any) -> Any:
    words = _enum(cls, name)
    if words is not None and isinstance(value, str):
        return words[value.upper()]
    if name.endswith("_on"):
        return number_of(value) if value else 0
    return value
