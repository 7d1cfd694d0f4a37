"""What waits to be done outside: for each kind of row of the outbox its record, and who does it.

A row is written from one of these records and read back into one (`read_body`); nothing else stands in the column
`body`. A row that does not fit its record (an older version's, one written by hand) is a person's task: it is neither
guessed at nor does it hold up another.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from afterloan.expected import ExpectedFailure

MessageValue = int | str | bool | list[str] | None
Clock = Annotated[str, Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")]


class BodyRefused(ExpectedFailure, ValueError):
    """A row of the outbox that is not what its kind asks for: says which field, and why."""


class OutboxBody(BaseModel):
    """What is told of an action; only what was said is written."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    def told(self) -> dict[str, Any]:
        """JSON values, as they stand in the store."""
        return self.model_dump(mode="json", by_alias=True, exclude_unset=True)

    def text(self) -> str:
        """The same as JSON text."""
        return self.model_dump_json(by_alias=True, exclude_unset=True)


class _Words(BaseModel):
    """Further words of a ladder's step (`with`)."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class DebitWords(_Words):
    """`again_at`: the borrower's clock at which further rounds of the day begin."""

    again_at: tuple[Clock, ...] = ()


class AgencyWords(_Words):
    """`days`: how long the agency has the case."""

    days: Annotated[int, Field(ge=1, le=3_700)] = 90


class LegalWords(_Words):
    """`first`: the legal step that is proposed."""

    first: str = "demand_letter"


class LimitWords(_Words):
    """What a step does to a line: reduced to so many thousandths of what was granted, or barred for a reason."""

    to_permille: Annotated[int, Field(ge=0, le=1_000)] = 500
    bar: str = "overdue"


class NoWords(_Words):
    """A step that takes no further words."""


class LoanOwed(_Words):
    """A loan that an action is about, as it stood the evening before."""

    loan: str
    amount_fen: int = 0
    payoff_fen: int = 0
    days_past_due: int = 0


class _OfLadder(OutboxBody):
    """Where an action comes from, if from a ladder; done late: by how many days, and for which day of the step."""

    ladder: str = ""
    step: str = ""
    arm: str = ""
    late_days: int | None = None
    of_day: int | None = None


class MessageBody(_OfLadder):
    """A message: template, purpose, and the values of which its text is made. `to` None: the borrower's attribute.

    `until`: not sent after that moment. `person` and `who`: to whom, if not the borrower. `response`: it answers them.
    `reminds`: it reminds of an instalment, whatever its purpose (None: as the purpose says).
    """

    template: Annotated[str, Field(min_length=1)]
    version: int | None = None
    language: str | None = None
    to: str | None = None
    purpose: Literal["reminder", "collection", "service", "legal_notice", "locate", "access"] | None = None
    values: dict[str, MessageValue] = {}
    zone: str | None = None
    until: datetime | None = None
    reminds: bool | None = None
    words: dict[str, MessageValue] = Field(default_factory=dict, alias="with")  # a default would be copied each time
    rule: str = ""
    proposal: str = ""
    person: str = "borrower"
    who: str = ""
    response: bool = False


class _AboutLoans(_OfLadder):
    """Which loans, how much in all (minor units), how late."""

    loans: tuple[LoanOwed, ...] = ()
    amount_fen: int = 0
    days_past_due: int = 0
    due_on: date | None = None


class NoticeBody(MessageBody, _AboutLoans):
    """The notice before a bureau hears of arrears: a message that names its loans."""


class DebitBody(_AboutLoans):
    """A debit to be attempted. A follower says of which action it comes (`root`), since when its round runs, and
    after which attempt. `by_borrower`: they asked for it themself: of each of `loans` no more than it names."""

    words: DebitWords = Field(default=DebitWords(), alias="with")
    root: str = ""
    round: datetime | None = None
    after: str = ""
    by_borrower: bool = False


class WorklistBody(_AboutLoans):
    """A case for a collector's queue."""

    queue: Annotated[str, Field(min_length=1)]
    priority_fen: int = 0
    arrears_fen: int = 0
    words: NoWords = Field(default=NoWords(), alias="with")


class AgencyBody(_AboutLoans):
    """A case proposed for an agency."""

    words: AgencyWords = Field(default=AgencyWords(), alias="with")


class LegalBody(_AboutLoans):
    """A legal step that the ladder wishes for each loan."""

    words: LegalWords = Field(default=LegalWords(), alias="with")


class LossBody(_AboutLoans):
    """A charge-off that the ladder wishes for each loan."""

    words: NoWords = Field(default=NoWords(), alias="with")


class LegalPaperBody(OutboxBody):
    """A paper of an approved legal step that a person files."""

    proposal: str
    step: str
    loan: str
    claim_fen: int


class DisputeAnswerBody(OutboxBody):
    """The answer to a dispute, which a person takes to the bureau."""

    bureau: str
    dispute: str
    outcome: Literal["corrected", "accurate"]
    reason: str
    months: tuple[date, ...] = ()
    loans: tuple[str, ...] = ()


# -- tasks: a record for each queue ---------------------------------------------------------------------------------


class TaskBody(OutboxBody):
    """What a person must look at; `loans` by reference."""

    queue: str
    loans: tuple[str, ...] = ()


class NoticeTask(TaskBody):
    """Deliver the notice before the first report of arrears (`notice`: its key)."""

    queue: Literal["bureau-notice"] = "bureau-notice"
    notice: str


class FormField(OutboxBody):
    """One thing that a form asks for: the borrower's attribute, what it is, and the command that adds it."""

    field: str
    what: str
    command: str


class RefusedTask(TaskBody):
    """What a bureau's form cannot carry of a borrower's loans in a month: why, and what is to be given.

    `missing`: of each group one attribute must be there; once all are, the task has ended by itself.
    """

    queue: Literal["bureau-refused"] = "bureau-refused"
    bureau: str = ""
    month_end: date | None = None
    field: str
    reason: str
    missing: tuple[tuple[str, ...], ...] = ()
    form: tuple[FormField, ...] = ()


class RejectedTask(TaskBody):
    """A line that a bureau did not take."""

    queue: Literal["bureau-rejected"] = "bureau-rejected"
    bureau: str
    month_end: date
    field: str
    code: str
    reason: str


class DisputeTask(TaskBody):
    """A dispute to be answered by a day."""

    queue: Literal["bureau-dispute"] = "bureau-dispute"
    dispute: str
    answer_by: date


class ComplaintTask(TaskBody):
    """A complaint to be answered in writing by a day."""

    queue: Literal["complaint"] = "complaint"
    complaint: str
    about: str
    answer_by: date


class LegalTask(TaskBody):
    """What the law asks for on a day: a period that ends, a deadline, an approval that waits."""

    queue: Literal["legal"] = "legal"
    task: str
    loan: str
    since: date | None = None
    proposal: str = ""
    ends_on: date | None = None
    days_left: int | None = None
    why: str = ""


class DoubtTask(TaskBody):
    """A send of which nobody can say what became: `key` of the action."""

    queue: Literal["sending-in-doubt"] = "sending-in-doubt"
    key: str
    channel: str
    why: str


class DebitTask(TaskBody):
    """No debit of the borrower is tried again by itself: the last `mandate` tried, and the `reason` it ended with."""

    queue: Literal["debits"] = "debits"
    mandate: str
    reason: str
    why: str


class HardshipTask(TaskBody):
    """No plan fits what a borrower in hardship (application `of`) can pay."""

    queue: Literal["hardship"] = "hardship"
    of: str
    why: str


class FormerTask(TaskBody):
    """Late news on a month that only a former system told a bureau, where this book cannot say what is right."""

    queue: Literal["bureau-former"] = "bureau-former"
    bureau: str
    month_end: date
    why: str


class UnsentTask(TaskBody):
    """A notice that the law asks for did not leave: its action's `key`, its `template`, and `why`."""

    queue: Literal["unsent-notice"] = "unsent-notice"
    key: str
    template: str
    why: str


class UnreadableTask(TaskBody):
    """An action (`key`, `kind`) that does not say what its kind asks for: it was not done."""

    queue: Literal["unreadable"] = "unreadable"
    key: str
    kind: str
    why: str


TASKS: dict[str, type[TaskBody]] = {
    str(body.model_fields["queue"].default): body
    for body in (
        NoticeTask,
        RefusedTask,
        RejectedTask,
        DisputeTask,
        ComplaintTask,
        LegalTask,
        DoubtTask,
        DebitTask,
        HardshipTask,
        FormerTask,
        UnsentTask,
        UnreadableTask,
    )
}
"""The record of each queue of tasks."""


@dataclass(frozen=True, slots=True)
class OutboxKind:
    """A kind of action: its record, and who does it: a channel by name, or people.

    People work through `worklists`, place with `agencies`, decide on `proposals`; all else is a task (`tasks`).
    """

    body: type[OutboxBody]
    done_by: str


ADDRESS = {"sms": "mobile", "email": "email", "push": "", "chat": "chat", "letter": "address", "webhook": "webhook"}
"""Channels of messages, each with the borrower's attribute that holds its address; the inbox (`push`) needs none."""
OUTBOX: dict[str, OutboxKind] = {
    **{f"message.{channel}": OutboxKind(MessageBody, channel) for channel in ADDRESS},
    "notice.adverse": OutboxKind(MessageBody, "notice"),
    "bureau.notice": OutboxKind(NoticeBody, "notice"),
    "debit.attempt": OutboxKind(DebitBody, "debit"),
    "worklist": OutboxKind(WorklistBody, "worklists"),
    "agency.place": OutboxKind(AgencyBody, "agencies"),
    "legal.propose": OutboxKind(LegalBody, "proposals"),
    "charge_off.propose": OutboxKind(LossBody, "proposals"),
    "legal.file": OutboxKind(LegalPaperBody, "tasks"),
    "bureau.dispute_answer": OutboxKind(DisputeAnswerBody, "tasks"),
    "task": OutboxKind(TaskBody, "tasks"),
}
"""Every kind of row of the outbox, once."""
PEOPLE = ("worklists", "agencies", "proposals", "tasks")


@dataclass(frozen=True, slots=True)
class PlannedBody:
    """A body that a ladder planned, as the JSON text of its `record`: a night has them by the thousand.

    What is the same for many was made into the record once, and so checked; the rest are numbers and references that
    come out of columns. `text` reads back into the very body that the record alone would be.
    """

    record: type[OutboxBody]
    ladder: str
    step: str
    arm: str
    json: str

    def text(self) -> str:
        """The body as JSON text."""
        return self.json


@dataclass(frozen=True, slots=True)
class Action:
    """One thing to do, not before a moment: `kind` as in OUTBOX, and its body.

    `key` is stable: the same decision taken twice has the same key and is written once. It goes with every
    send, so that a receiver that honours keys never acts twice. `borrower` and `loan` are store numbers.
    """

    key: str
    borrower: int
    kind: str
    not_before: datetime
    decided_on: date
    loan: int | None
    body: OutboxBody | PlannedBody

    def __post_init__(self) -> None:
        """A body of another kind is a mistake of ours."""
        record = self.body.record if isinstance(self.body, PlannedBody) else type(self.body)
        assert issubclass(record, OUTBOX[self.kind].body), f"{self.key}: {record.__name__} as {self.kind}"


def read_body(kind: str, told: Mapping[str, Any]) -> OutboxBody:
    """A row's body as the record of its kind.

    `read_body("debit.attempt", {"with": {"again_at": ["15:00"]}}).words.again_at` is `("15:00",)`. Raises BodyRefused.
    """
    if kind not in OUTBOX:
        raise BodyRefused(f"kind {kind!r}: there is no such kind of action")
    record = OUTBOX[kind].body
    if record is TaskBody:
        queue = told.get("queue")
        if queue not in TASKS:
            raise BodyRefused(f"queue {queue!r}: there is no such queue of tasks")
        record = TASKS[queue]
    try:
        return record.model_validate(told)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"]) or "body"
        raise BodyRefused(f"{place}: {first['msg']} (stands: {first['input']!r})"[:500]) from error
