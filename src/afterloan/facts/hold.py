"""Facts of holds: why a borrower's treatment is stopped or changed, from when to when."""

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any, ClassVar, Literal, get_args

from pydantic import Field, model_validator

from afterloan.facts.events import Event, Name, hidden

HoldKind = Literal[
    "dispute_open",
    "hardship_review",
    "hardship_granted",
    "promise_pending",
    "plan_running",
    "breathing_space",
    "deceased",
    "insolvency",
    "fraud_claim",
    "lawyer",
    "litigation",
    "payment_on_its_way",
]
HOLDS: tuple[str, ...] = get_args(HoldKind)


HOLD_KINDS = (
    "hold.placed", "hold.lifted", "person.died", "insolvency.opened", "insolvency.closed", "lawyer.engaged",
    "lawyer.left", "legal.started", "legal.ended", "legal.taken_over",
)  # fmt: skip
"""Kinds of facts that place or end a hold: those of holds themselves, and those that cause one."""


class HoldPlaced(Event):
    """A hold starts `on`; it ends after `ends_on`, or it is looked at again on `review_on` and lasts until lifted.

    What it stops is said by the pack `holds`, not here.
    """

    KIND: ClassVar[str] = "hold.placed"
    PERSONAL: ClassVar[Mapping[str, Any]] = hidden(reason="-")
    hold: HoldKind
    reason: Annotated[str, Field(min_length=1, max_length=2_000)]
    ends_on: date | None = None
    review_on: date | None = None
    by: str = ""

    @model_validator(mode="after")
    def _has_an_end(self) -> "HoldPlaced":
        if self.ends_on is None and self.review_on is None:
            raise ValueError("neither ends_on nor review_on is given; a hold has an end or a day to look at it again")
        for name in ("ends_on", "review_on"):
            value = getattr(self, name)
            if value is not None and value < self.on:
                raise ValueError(f"{name} {value} is before the hold's first day, {self.on}; correct one")
        return self


class HoldLifted(Event):
    """A hold (`of`: its reference) ends: `on` is the first day without it."""

    KIND: ClassVar[str] = "hold.lifted"
    PERSONAL: ClassVar[Mapping[str, Any]] = hidden(reason="-")
    of: Name
    reason: Annotated[str, Field(min_length=1, max_length=2_000)]
    by: str = ""
