"""Facts of promises: what the borrower undertook to pay, and when; whether it was kept is derived."""

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any, ClassVar

from pydantic import Field, model_validator

from afterloan.facts.events import Event, hidden


class PromiseMade(Event):
    """The borrower undertook to pay `amount_fen` by `due_on`; `loan` None: on whichever loan is late."""

    KIND: ClassVar[str] = "promise.made"
    amount_fen: Annotated[int, Field(gt=0, le=10**12)]
    due_on: date
    by: str = ""
    channel: str = ""

    @model_validator(mode="after")
    def _ahead(self) -> "PromiseMade":
        if self.due_on < self.on:
            raise ValueError(f"due_on {self.due_on} is before the promise was made, {self.on}; correct one")
        return self


class PromiseWithdrawn(Event):
    """A promise (`of`: its reference) no longer stands, by agreement: it counts neither as kept nor as broken."""

    KIND: ClassVar[str] = "promise.withdrawn"
    PERSONAL: ClassVar[Mapping[str, Any]] = hidden(reason="-")
    of: str
    reason: str
