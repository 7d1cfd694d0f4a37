"""Facts of a borrower as a person: details corrected, notes written, tasks of people done."""

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AwareDatetime, Field

from afterloan.facts.events import Event, Name, hidden

Text = Annotated[str, Field(min_length=1, max_length=4_000)]


class DetailsCorrected(Event):
    """A borrower's name or attributes are other than we had them: what they were and what they are.

    `on`: the day from which they hold; `after` None: the field is taken away. Of two changes of a field the one that
    holds from the later day counts, of one day the one told later (`store/details.py`).
    """

    KIND: ClassVar[str] = "person.details_corrected"
    PERSONAL: ClassVar[Mapping[str, Any]] = hidden(before={}, after={}, reason="-")
    before: dict[str, Any]
    after: dict[str, Any]
    by: Name
    reason: Text


class CaseNoted(Event):
    """A person wrote a note on a borrower's case. Notes are never changed; a later one may say otherwise."""

    KIND: ClassVar[str] = "case.noted"
    PERSONAL: ClassVar[Mapping[str, Any]] = hidden(text="-")
    text: Text
    by: Name


class CallBackAgreed(Event):
    """The borrower asked to be called back at a moment: `at`, on the day `call_on` at their place."""

    KIND: ClassVar[str] = "case.call_back"
    PERSONAL: ClassVar[Mapping[str, Any]] = hidden(note="")
    at: AwareDatetime
    call_on: date
    note: str = ""
    by: Name


class TaskDone(Event):
    """A task of people (`of`: its key) was done: by whom and how."""

    KIND: ClassVar[str] = "task.done"
    PERSONAL: ClassVar[Mapping[str, Any]] = hidden(how="-")
    of: Name
    by: Name
    how: Text


class TaskReopened(Event):
    """A task that was done is open again, and why."""

    KIND: ClassVar[str] = "task.reopened"
    PERSONAL: ClassVar[Mapping[str, Any]] = hidden(reason="-")
    of: Name
    by: Name
    reason: Text


class TaskAssigned(Event):
    """A task (`of`) is in a person's hands from now on; an empty `to` hands it back."""

    KIND: ClassVar[str] = "task.assigned"
    of: Name
    to: str
    by: Name


class BorrowerDied(Event):
    """The borrower died `on` this day: nobody writes to him, the estate is a person's task. `source`: how we know."""

    KIND: ClassVar[str] = "person.died"
    PERSONAL: ClassVar[Mapping[str, Any]] = hidden(source="-")
    source: Text
    by: str = ""


class InsolvencyOpened(Event):
    """Insolvency proceedings about the borrower opened: the claim is filed there."""

    KIND: ClassVar[str] = "insolvency.opened"
    PERSONAL: ClassVar[Mapping[str, Any]] = hidden(court="", case_number="")
    court: Annotated[str, Field(max_length=200)] = ""
    case_number: Annotated[str, Field(max_length=200)] = ""
    by: str = ""


class InsolvencyClosed(Event):
    """The proceedings (`of`: the reference of their opening) are over: `on` is the first day without them."""

    KIND: ClassVar[str] = "insolvency.closed"
    of: Name
    by: str = ""


class LawyerEngaged(Event):
    """A lawyer represents the borrower: contacts go through the lawyer. `contact`: where the lawyer is reached."""

    KIND: ClassVar[str] = "lawyer.engaged"
    PERSONAL: ClassVar[Mapping[str, Any]] = hidden(lawyer="-", contact="")
    lawyer: Name
    contact: Annotated[str, Field(max_length=500)] = ""
    by: str = ""


class LawyerLeft(Event):
    """The lawyer (`of`: the reference of the engagement) represents the borrower no longer."""

    KIND: ClassVar[str] = "lawyer.left"
    of: Name
    by: str = ""


class PersonPurged(Event):
    """What told of the borrower was purged, its time being over: `certificate` names the record that says what."""

    KIND: ClassVar[str] = "person.purged"
    certificate: Name
    by: Name


class ComplaintRaised(Event):
    """A borrower complains: `about` what, in their words; to be answered in writing by a day (pack `complaints`)."""

    KIND: ClassVar[str] = "complaint.raised"
    PERSONAL: ClassVar[Mapping[str, Any]] = hidden(text="-")
    about: Literal["contact", "amount", "decision", "bureau", "privacy", "staff", "other"]
    text: Text
    answer_by: date
    by: Name


class ComplaintAnswered(Event):
    """The complaint `of` was answered: the borrower was right, partly right, or not; `text` is what they are told."""

    KIND: ClassVar[str] = "complaint.answered"
    PERSONAL: ClassVar[Mapping[str, Any]] = hidden(text="-")
    of: Name
    outcome: Literal["upheld", "partly", "not_upheld"]
    text: Text
    by: Name
