"""Facts of a borrower as a person: details corrected, notes written, tasks of people done."""

from typing import Annotated, Any, ClassVar

from pydantic import Field

from afterloan.facts.events import Event, Name

Text = Annotated[str, Field(min_length=1, max_length=4_000)]


class DetailsCorrected(Event):
    """A borrower's name or attributes are other than we had them: what they were and what they are.

    `on`: the day from which they hold; `after` None: the field is taken away. Of two changes of a field the one that
    holds from the later day counts, of one day the one told later (`store/details.py`).
    """

    KIND: ClassVar[str] = "person.details_corrected"
    before: dict[str, Any]
    after: dict[str, Any]
    by: Name
    reason: Text


class CaseNoted(Event):
    """A person wrote a note on a borrower's case. Notes are never changed; a later one may say otherwise."""

    KIND: ClassVar[str] = "case.noted"
    text: Text
    by: Name


class TaskDone(Event):
    """A task of people (`of`: its key) was done: by whom and how."""

    KIND: ClassVar[str] = "task.done"
    of: Name
    by: Name
    how: Text


class TaskReopened(Event):
    """A task that was done is open again, and why."""

    KIND: ClassVar[str] = "task.reopened"
    of: Name
    by: Name
    reason: Text


class TaskAssigned(Event):
    """A task (`of`) is in a person's hands from now on; an empty `to` hands it back."""

    KIND: ClassVar[str] = "task.assigned"
    of: Name
    to: str
    by: Name
