"""Facts of ladders: a step that a person left out for a borrower."""

from typing import Annotated, ClassVar

from pydantic import Field

from afterloan.facts.events import Event


class StepLeftOut(Event):
    """A step of the ladder (`step`: its id) is not done in this episode of arrears; a person said so, and why."""

    KIND: ClassVar[str] = "ladder.step_left_out"
    step: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,60}$")]
    reason: Annotated[str, Field(min_length=1, max_length=2_000)]
    by: str = ""
