"""Facts of the credit line: every change with who, why, by which rule, before and after."""

from datetime import date
from typing import Annotated, ClassVar

from pydantic import Field, model_validator

from afterloan.facts.events import Event, Fen, Name


class LineChanged(Event):
    """What all changes of a line say. `rule`: the rule of the pack, or `person` for a decision of `by`."""

    by: Name
    reason: Annotated[str, Field(min_length=1, max_length=2_000)]
    rule: Name
    before_fen: Fen
    after_fen: Fen


class LimitSet(LineChanged):
    """A limit was granted or set anew by a person or by assessment."""

    KIND: ClassVar[str] = "limit.set"


class LimitReduced(LineChanged):
    """The limit was lowered."""

    KIND: ClassVar[str] = "limit.reduced"

    @model_validator(mode="after")
    def _lower(self) -> "LimitReduced":
        if self.after_fen >= self.before_fen:
            raise ValueError(f"after_fen {self.after_fen} is not below before_fen {self.before_fen}")
        return self


class LimitFrozen(LineChanged):
    """The limit stands but nothing can be drawn on it until it is restored."""

    KIND: ClassVar[str] = "limit.frozen"


class LimitRestored(LineChanged):
    """A freeze ended, or a lowered limit came (partly) back: `after_fen` is the limit from now on."""

    KIND: ClassVar[str] = "limit.restored"


class LimitOffered(Event):
    """A wider line was offered: it stands when the borrower says yes by `valid_until`, and changes nothing before."""

    KIND: ClassVar[str] = "limit.offered"
    rule: Name
    before_fen: Fen
    after_fen: Fen
    valid_until: date


class LimitDeclined(Event):
    """The borrower said no to the wider line offered as `of`: nothing changes, and the offer stands no longer."""

    KIND: ClassVar[str] = "limit.declined"
    of: Name
    by: Name


class BorrowingBarred(LineChanged):
    """New borrowing is barred, whatever the limit says; `bar` names the bar, so that it can be lifted."""

    KIND: ClassVar[str] = "borrowing.barred"
    bar: Name


class BarLifted(LineChanged):
    """A bar on new borrowing ended."""

    KIND: ClassVar[str] = "borrowing.bar_lifted"
    bar: Name


LINE_KINDS = tuple(c.KIND for c in (LimitSet, LimitReduced, LimitFrozen, LimitRestored, BorrowingBarred, BarLifted))
