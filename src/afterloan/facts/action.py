"""Facts of planned actions that are no longer wanted."""

from typing import Annotated, ClassVar

from pydantic import Field

from afterloan.facts.events import Event


class ActionWithdrawn(Event):
    """An action of the outbox is not to be done any more. `reference` is always `withdrawn:` + its key."""

    KIND: ClassVar[str] = "action.withdrawn"
    key: Annotated[str, Field(min_length=1, max_length=190)]
    reason: str
