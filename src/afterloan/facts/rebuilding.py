"""Facts of rebuilding: a road map drawn, a limit applied for and answered, conduct elsewhere, a lesson given."""

from datetime import date
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from afterloan.facts.events import Event, Fen, Name


class RoadMapDrawn(Event):
    """A road map was shown: the way chosen, with its milestones as they were drawn that day."""

    KIND: ClassVar[str] = "road_map.drawn"
    way: Name
    repaid_fen: Fen
    milestones: tuple[dict[str, Any], ...]


class LimitApplied(Event):
    """The borrower applied for (part of) the limit back."""

    KIND: ClassVar[str] = "limit.applied"
    wanted_fen: Fen


class LimitAnswered(Event):
    """An application (`of`) was answered: granted to `after_fen`, or refused with reasons and a day to ask again."""

    KIND: ClassVar[str] = "limit.answered"
    of: Name
    granted: bool
    after_fen: Fen
    reasons: tuple[str, ...]
    ask_again_on: date | None = None
    rule: Name


class ConductShared(Event):
    """The borrower shared a report: loans elsewhere paid on time, what part of the card limits is used."""

    KIND: ClassVar[str] = "conduct.shared"
    loans: Annotated[int, Field(ge=0, le=500)]
    loans_on_time: Annotated[int, Field(ge=0, le=500)]
    utilisation_permille: Annotated[int, Field(ge=0, le=10_000)]
    utilisation_before_permille: Annotated[int, Field(ge=0, le=10_000)] | None = None
    report_sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class LessonGiven(Event):
    """A lesson was chosen for a borrower by what happened (`because`); `arm` held_out: chosen and not shown."""

    KIND: ClassVar[str] = "lesson.given"
    lesson: Name
    because: Name
    arm: Literal["shown", "held_out"]
    numbers: dict[str, str] = Field(default_factory=dict)


class LessonChecked(Event):
    """The check of understanding of a lesson (`of`) was answered."""

    KIND: ClassVar[str] = "lesson.checked"
    of: Name
    answer: int
    right: bool
