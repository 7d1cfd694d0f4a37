"""Every verb once: its name, what it asks, who may, which command and which function of `servicing`.

The help of the command line, `docs/verbs.md` and the page of permissions are made from this list. Functions are named
and imported when they are used: a door that needs one verb does not load them all.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any

import psycopg
from pydantic import BaseModel, ConfigDict, ValidationError

from afterloan.facts import FactRefused

if TYPE_CHECKING:
    from afterloan.servicing.desk import Desk


class Asked(BaseModel):
    """What is asked of a verb: plain fields, no field that is not named, nothing changed afterwards."""

    model_config = ConfigDict(extra="forbid", frozen=True)


Does = Callable[["Desk", Any, date], dict[str, Any]]
Borrowers = Callable[[psycopg.Connection[Any], Any], Sequence[str]]


@dataclass(frozen=True, slots=True)
class Verb:
    """One thing that can be done. `place` is `module:Record:function` below `afterloan.servicing`.

    `command`: the words of the command line, or why there are none (in brackets). The record's class may have a
    method `borrowers(connection)`, else its field `borrower` or the borrower of its field `loan` is locked.
    """

    name: str
    about: str
    place: str
    command: str

    def _part(self, k: int) -> Any:
        module, *names = self.place.split(":")
        return getattr(import_module(f"afterloan.servicing.{module}"), names[k])

    @property
    def asked(self) -> type[Asked]:
        """The record of what it asks."""
        cls: type[Asked] = self._part(0)
        return cls

    @property
    def does(self) -> Does:
        """The function that does it."""
        function: Does = self._part(1)
        return function

    def read(self, asked: Mapping[str, Any] | BaseModel) -> BaseModel:
        """What is asked as the verb's record. Raises FactRefused naming the field."""
        if isinstance(asked, self.asked):
            return asked
        told = asked.model_dump() if isinstance(asked, BaseModel) else dict(asked)
        try:
            return self.asked.model_validate(told)
        except ValidationError as error:
            first = error.errors()[0]
            place = ".".join(str(part) for part in first["loc"]) or self.name
            raise FactRefused(place, first.get("input"), first["msg"], "correct the field and ask again") from error

    def borrowers(self, connection: psycopg.Connection[Any], record: BaseModel) -> list[str]:
        """The borrowers (references) whom it concerns. Raises FactRefused (unknown) for a loan that is not there."""
        own = getattr(record, "borrowers", None)
        if own is not None:
            return list(own(connection))
        if getattr(record, "borrower", None):
            return [str(record.borrower)]  # type: ignore[attr-defined]
        loan = getattr(record, "loan", None)
        return [borrower_of_loan(connection, str(loan))] if loan else []


def borrower_of_loan(connection: psycopg.Connection[Any], loan: str) -> str:
    """The reference of a loan's borrower. Raises FactRefused (unknown)."""
    row = connection.execute(
        "select b.reference from contract c join borrower b using (borrower) where c.reference = %s", (loan,)
    ).fetchone()
    if row is None:
        raise FactRefused(
            "loan", loan, "no contract of that reference", "`afterloan find` looks for loans and borrowers", "unknown"
        )
    return str(row[0])


VERBS: tuple[Verb, ...] = (
    Verb("repayment.take", "Record money received for a loan.", "repayment:TakeRepayment:take_repayment", "repay"),
)


@cache
def _by_name() -> dict[str, Verb]:
    found = {verb.name: verb for verb in VERBS}
    assert len(found) == len(VERBS), "two verbs of one name"
    return found


def verb_named(name: str) -> Verb:
    """The verb of a name. Raises FactRefused (unknown)."""
    verb = _by_name().get(name)
    if verb is None:
        raise FactRefused("verb", name, "no verb of that name", "docs/verbs.md lists them", "unknown")
    return verb
