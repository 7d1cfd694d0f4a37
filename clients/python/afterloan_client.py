# Made from docs/openapi.json by `python -m afterloan.desk.api`; a test keeps the two equal.
# ruff: noqa
# fmt: off
"""A client of the afterloan API in one file: copy it beside your program; it needs `httpx` and nothing of afterloan.

    with Afterloan.at("https://api.lender.example", key) as api:
        api.repayment_take("L1", {"amount_fen": 74_320, "received_on": "2026-02-10"}, key="bank-4711")

Every act takes `key`, the Idempotency-Key: a name of your own for the act, kept before you send. Under it the client
sends again after a lost line, and so may you after a crash: the act is done once. Without `key` one is made for the
call. What is refused is raised as `Refused`, with the `reason` by which programs tell refusals apart.
"""

from __future__ import annotations

import base64
import json
import re
import time
import uuid
from collections.abc import Iterator, Mapping
from typing import Any, Literal, NamedTuple, NotRequired, Self, TypedDict

import httpx

SAFE = re.compile(r"[A-Za-z0-9._:-][A-Za-z0-9._~:-]{0,119}")
AGAIN = (429, 503)
"""Answers after which the same is sent again."""


def id_of(reference: str) -> str:
    """How a reference stands in a path: `id_of("L1") == "L1"`, `id_of("s1/1") == "~czEvMQ"`."""
    if SAFE.fullmatch(reference):
        return reference
    return "~" + base64.urlsafe_b64encode(reference.encode()).decode().rstrip("=")


class Refused(Exception):
    """An answer that is a refusal: `status`, the stable `reason`, `detail`, `remedy`, and the whole `problem`."""

    def __init__(self, status: int, problem: Mapping[str, Any]) -> None:
        self.status, self.problem = status, dict(problem)
        self.reason = str(problem.get("reason", ""))
        self.detail = str(problem.get("detail", ""))
        self.remedy = str(problem.get("remedy", ""))
        super().__init__(f"{status} {self.reason}: {self.detail}" + (f"; {self.remedy}" if self.remedy else ""))


class StreamEvent(NamedTuple):
    """What a stream told: its `id`, to go on after; its name; its data."""

    id: str
    event: str
    data: dict[str, Any]


def _told(answer: httpx.Response) -> dict[str, Any]:
    """The answer as values: JSON as it stands, a file as `{"content": bytes, "type": …}`. Raises Refused."""
    kind = answer.headers.get("content-type", "").partition(";")[0]
    told: Any = answer.json() if kind.endswith("json") and answer.content else None
    if answer.is_error:
        raise Refused(answer.status_code, told or {"reason": "", "detail": answer.text[:500]})
    return told if isinstance(told, dict) else {"content": answer.content, "type": kind}


class AdvanceAsked(TypedDict):
    """Play so many days, or up to a day."""

    days: NotRequired[int | None]
    to: NotRequired[str | None]


class AgencyPlaceAsked(TypedDict):
    """The cases that ladders proposed are placed with `agency`."""



class AgencyRecallAsked(TypedDict):
    """The placement (`of`: its reference) ends; `reason` says why."""

    reason: str


class BankAsked(TypedDict):
    """Only debits older than so many minutes: younger ones may still be under way."""

    minutes: NotRequired[int]


class BookConfirmImportAsked(TypedDict):
    """Bring in what was sent under `name`, as its last check found it: `sha256` is the digest of what that says."""

    sha256: str


class BookKeepMapAsked(TypedDict):
    """Files of `system` are read so: for each file its kind, the header of each column of ours, and fixed values."""

    maps: dict[str, Any]


class BorrowerTakeInAsked(TypedDict):
    """A borrower who is new: the lender's own reference, a name, and attributes as `person.correct` changes them."""

    borrower: str
    name: str
    attributes: NotRequired[dict[str, Any]]


class BreathingSpaceEndAsked(TypedDict):
    """The breathing space `of` ends: its last day is over, or it is ended early."""



class BreathingSpaceStartAsked(TypedDict):
    """`borrower` gets a breathing space by the law of `jurisdiction`."""

    jurisdiction: str


class BureauAssetsTakenAsked(TypedDict):
    """Debt of `loan` was settled with assets (special transaction 3)."""

    borrower: str
    at: NotRequired[str | None]
    happened_on: NotRequired[str | None]


class BureauFraudConfirmedAsked(TypedDict):
    """The account `loan` was opened by somebody else; `sha256` names the document that proves it."""

    sha256: str
    happened_on: NotRequired[str | None]


class BureauGuarantorPaidAsked(TypedDict):
    """A guarantor or another person paid debt of `loan` (special transaction 2)."""

    borrower: str
    at: NotRequired[str | None]
    happened_on: NotRequired[str | None]


class BureauNoticeDeliveredAsked(TypedDict):
    """The notice that adverse information on `loan` goes to `bureau` was delivered to the borrower, how, and when."""

    bureau: Literal["metro2", "pboc", "neutral"]
    channel: NotRequired[str]
    happened_on: NotRequired[str | None]


class BureauSpecialTransactionAsked(TypedDict):
    """Another special transaction of the PBoC's list on `loan`: an extension (1), a haircut (11), a deferral (16) …"""

    borrower: str
    at: NotRequired[str | None]
    code: str
    months_moved: NotRequired[int]
    amount_fen: NotRequired[int]
    text: NotRequired[str]
    happened_on: NotRequired[str | None]


class CaseAssignAsked(TypedDict):
    """A person works the borrower's case from now on; an empty `to` hands it back to the queue."""

    loan: NotRequired[str | None]
    at: NotRequired[str | None]
    queue: str
    to: str
    happened_on: NotRequired[str | None]


class CaseCallBackAsked(TypedDict):
    """`borrower` asked to be called back `at` a moment."""

    at: str
    note: NotRequired[str]


class CaseHandBackAsked(TypedDict):
    """The open case of `borrower`, in every queue in which it stands; `queue`: in that one alone."""

    queue: NotRequired[str]


class CaseNoteAsked(TypedDict):
    """A person wrote a note on a borrower's case. Notes are never changed; a later one may say otherwise."""

    loan: NotRequired[str | None]
    at: NotRequired[str | None]
    text: str
    happened_on: NotRequired[str | None]


class CaseShareOutAsked(TypedDict):
    """The unassigned open cases, of one `queue` or all, go to `people`."""

    people: list[str]
    queue: NotRequired[str | None]


class CaseTakeAsked(TypedDict):
    """The open case of `borrower`, in every queue in which it stands; `queue`: in that one alone."""

    queue: NotRequired[str]


class ChannelTried(TypedDict):
    """The address to which the test goes, one's own."""

    to: str


class ChargeEndAsked(TypedDict):
    """A charge of the product, by its place in the terms (1, 2 …), is made no more from this day on."""

    happened_on: NotRequired[str | None]


class ChargeMakeAsked(TypedDict):
    """A fee or a penalty was charged; it falls due on `due_on`."""

    amount_fen: int
    component: Literal["fee", "penalty"]
    due_on: str
    happened_on: NotRequired[str | None]


class ChargeWaiveAsked(TypedDict):
    """Give up `amount_fen` of the `component` owed on `loan`, from `happened_on` (else today); `reason` says why."""

    amount_fen: int
    component: Literal["penalty", "fee", "interest", "principal"]
    reason: str
    happened_on: NotRequired[str | None]


class CheckAsked(TypedDict):
    """How the files are read (by file: `kind`, `columns`, `fixed`, `written`); as was proposed where none is told. `as_of`: the day of the old system's figures; today unless given."""

    maps: NotRequired[dict[str, Any]]
    as_of: NotRequired[str | None]


class CloseAsked(TypedDict):
    """Close all days up to this one."""

    through: str


class ComplaintAnswerAsked(TypedDict):
    """The complaint `of` is answered: the borrower was right (`upheld`), partly, or not; `text`: what they are told."""

    outcome: Literal["upheld", "partly", "not_upheld"]
    text: str


class ComplaintRaiseAsked(TypedDict):
    """`borrower` complains `about` contact, an amount, a decision, the bureau, privacy, staff or something else."""

    about: Literal["contact", "amount", "decision", "bureau", "privacy", "staff", "other"]
    text: str


class ConductShareAsked(TypedDict):
    """The borrower shared a report: loans elsewhere paid on time, what part of the card limits is used."""

    loan: NotRequired[str | None]
    at: NotRequired[str | None]
    loans: int
    loans_on_time: int
    utilisation_permille: int
    utilisation_before_permille: NotRequired[int | None]
    report_sha256: str
    happened_on: NotRequired[str | None]


class ContactAgreeHoursAsked(TypedDict):
    """The borrower agreed to be contacted between two times although the law's quiet hours cover them."""

    loan: NotRequired[str | None]
    at: NotRequired[str | None]
    not_before: str
    not_after: str
    happened_on: NotRequired[str | None]


class ContactAskAsked(TypedDict):
    """May `borrower`, or the `person` named `who`, be contacted by `channel` at a moment?"""

    channel: str
    at: str
    purpose: NotRequired[str]
    address: NotRequired[str]
    person: NotRequired[str]
    who: NotRequired[str]


class ContactAskPersonAsked(TypedDict):
    """`who`, named by `borrower`, is asked by `caller` (a name, no lender's) to pass on that a call is wished for."""

    caller: str
    channel: NotRequired[Literal["sms", "email"]]


class ContactConsentAsked(TypedDict):
    """The borrower agreed to be reached on a channel that needs consent."""

    loan: NotRequired[str | None]
    at: NotRequired[str | None]
    channel: Literal["call", "ai_call", "visit", "sms", "email", "push", "chat", "letter", "webhook"]
    happened_on: NotRequired[str | None]


class ContactEndAsked(TypedDict):
    """How an attempt ended: `of` is the attempt's reference. `reached`: the person asked for was spoken with."""

    loan: NotRequired[str | None]
    at: str
    outcome: Literal["reached", "unanswered", "invalid", "not_connected", "delivered", "bounced"]
    note: NotRequired[str]
    happened_on: NotRequired[str | None]


class ContactNamePersonAsked(TypedDict):
    """The borrower named a person through whom to be found, and how that person stands to the debt."""

    loan: NotRequired[str | None]
    at: NotRequired[str | None]
    who: str
    person: Literal["guarantor", "debt_related", "third"]
    address: NotRequired[str]
    happened_on: NotRequired[str | None]


class ContactOptOutAsked(TypedDict):
    """The borrower no longer wants a channel, or (`all`) to be contacted at all."""

    loan: NotRequired[str | None]
    at: NotRequired[str | None]
    channel: Literal["call", "ai_call", "visit", "sms", "email", "push", "chat", "letter", "webhook"] | Literal["all"]
    happened_on: NotRequired[str | None]


class ContactRefusePersonAsked(TypedDict):
    """A contact person asked to be left alone: never again."""

    loan: NotRequired[str | None]
    at: NotRequired[str | None]
    happened_on: NotRequired[str | None]


class ContactWishAsked(TypedDict):
    """The borrower's wish: only between two times of the day, in a language; later wishes replace earlier ones. A wish that names a language alone leaves the hours as they are, and one of hours the language; a wish that names nothing takes the hours back, as 00:00 to 24:00 does."""

    loan: NotRequired[str | None]
    at: NotRequired[str | None]
    not_before: NotRequired[str | None]
    not_after: NotRequired[str | None]
    language: NotRequired[str | None]
    happened_on: NotRequired[str | None]


class ContactWrapUpAsked(TypedDict):
    """How a conversation with `borrower` ended, and what was agreed. `of`: the attempt on record; empty: it was not asked for before, and is put on record now. `call_back_at` needs the ending call_back; a promise needs will_pay or cannot_pay."""

    ending: Literal["will_pay", "cannot_pay", "will_not", "disputes", "wrong_person", "stop", "no_answer", "wrong_number", "call_back"]
    at: str
    of: NotRequired[str]
    channel: NotRequired[Literal["call", "ai_call", "visit", "sms", "email", "push", "chat", "letter", "webhook"]]
    address: NotRequired[str]
    note: NotRequired[str]
    promise: NotRequired[PromiseTaken | None]
    hold: NotRequired[HoldAsked | None]
    call_back_at: NotRequired[str | None]


class ContractSignAsked(TypedDict):
    """A contract that a borrower signed, under the lender's own reference `loan`. Nothing is paid out by it. `rate_percent`: of the product's unit of time (a day, a month, a year) as decimal text; `signed_on`: the act's day unless given; instalments fall due every `every` `unit`s, the first on `first_due_on` or one interval after signing; `due_dom`: the day of the month, that of signing unless given."""

    borrower: str
    loan: str
    product: str
    principal_fen: int
    rate_percent: str
    instalments: int
    signed_on: NotRequired[str | None]
    first_due_on: NotRequired[str | None]
    unit: NotRequired[Literal["days", "weeks", "months", "years"]]
    every: NotRequired[int]
    due_dom: NotRequired[int]


class CopyAsked(TypedDict):
    """In which currency the file was filed."""

    currency: NotRequired[str]


class CourtInstalment(TypedDict):
    """So much of a judgment may be paid until the end of a day, in minor units."""

    due_on: str
    amount_fen: int


class DebitAskAsked(TypedDict):
    """`borrower` asks that what is due be debited now under a mandate that stands: `parts`, each loan once."""

    parts: list["LoanPart"]


class DebitCreditorAsked(TypedDict):
    """Who collects: name, the account on which money is collected, its bank, the scheme's creditor identifier."""

    name: str
    account: str
    bank: NotRequired[str]
    scheme_id: NotRequired[str]


class DebitFileAsked(TypedDict):
    """The debits of a `form` that wait are put into one file, for collection on the act's day."""

    form: Literal["pain008", "nacha", "batch_csv"]
    currency: NotRequired[str]


class DebitPresumePaidAsked(TypedDict):
    """Debits of a `form` of file that were not answered for `days` count as paid."""

    form: str
    days: int


class DebitResultAsked(TypedDict):
    """What the bank says of one debit."""

    result: "Result"


class DisbursementRecordAsked(TypedDict):
    """Money was paid out: `amount_fen` minor units on `loan`, on the day on which it `happened_on` (else today)."""

    amount_fen: int
    happened_on: NotRequired[str | None]


class DisputeDecideAsked(TypedDict):
    """The dispute `of` is answered: as the book reckons, for a `reason`."""

    outcome: Literal["corrected", "accurate"]
    reason: str


class DisputeDisagreeAsked(TypedDict):
    """The borrower does not agree with the answer to the dispute `of`; `statement` says why."""

    statement: str


class DisputeEvidenceAsked(TypedDict):
    """A document to the dispute `of`: `what` it shows; `lengthens`: the law gives more days for it."""

    paper: "Evidence"
    what: str
    lengthens: NotRequired[bool]


class DisputeNotifiedAsked(TypedDict):
    """A `party` was told of the answer to the dispute `of`."""

    party: Literal["borrower", "bureau"]


class DisputeOpenAsked(TypedDict):
    """What was furnished of `loan` for some `months` (their last days) is wrong, says `party`. `bureau`: that of the borrower's place unless given."""

    borrower: str
    loan: str
    bureau: NotRequired[str]
    months: list[str]
    claims: NotRequired[list[str]]
    statement: str
    party: NotRequired[Literal["borrower", "bureau", "staff"]]


class DrainAsked(TypedDict):
    """Do what is due, on these channels or all."""

    channels: NotRequired[list[str]]


class Evidence(TypedDict):
    """A document that was handed in: its name, type, size and digest; the document itself is kept elsewhere."""

    name: str
    type: str
    bytes: int
    sha256: str


class EvidenceKeepAsked(TypedDict):
    """A document of ours that proves something about `loan`: `what` it is, its `name`, its SHA-256."""

    what: Literal["contract", "identity", "disbursement", "notice", "receipt", "agreement", "court", "other"]
    name: str
    sha256: str


class ExportAsked(TypedDict):
    """The whole book, some `tables` of it (borrowers, contracts, repayments …), or a `list` as of a day (`on`). `reason`: why it is taken out; it stands in the file and on record."""

    form: NotRequired[Literal["csv", "parquet"]]
    tables: NotRequired[list[str]]
    list: NotRequired[str]
    on: NotRequired[str | None]
    reason: NotRequired[str]


class FilePurgeAsked(TypedDict):
    """Files that jobs made or took in go, for their time is over; what they were made of is in the book."""



class FileReleaseAsked(TypedDict):
    """The file that `job` made may be had, as it is: `sha256` names its content."""

    sha256: str


class FurnishAsked(TypedDict):
    """Who furnishes, where it is otherwise than kept (`settings.sender`): identification_number, reporter_name … `known_on`: as known at the end of that day; of the month's last day unless given."""

    sender: NotRequired[dict[str, Any]]
    known_on: NotRequired[str | None]


class HardshipApplyAsked(TypedDict):
    """`borrower` tells of a difficulty: its `cause`, in their words (`told`), `means` of a month, documents."""

    cause: str
    told: str
    means: "Means"
    evidence: NotRequired[list["Evidence"]]
    loan: NotRequired[str | None]


class HardshipDecideAsked(TypedDict):
    """The application `of` is decided; `granted` and `reasons` where otherwise than the rule says."""

    granted: NotRequired[bool | None]
    reasons: NotRequired[list[str]]


class HistoryTried(TypedDict):
    """Stored history from `first` to `last`, replayed under a ladder (`text`; none: that in use), grace, contact pack. The whole of the days is replayed before the job tells anything."""

    first: str
    last: str
    text: NotRequired[str | None]
    grace_days: NotRequired[int | None]
    contact: NotRequired[Literal["CN", "US", "EU", "UK", "IN"] | None]


class HoldAsked(TypedDict):
    """What pauses from now on, and why."""

    hold: Literal["dispute_open", "hardship_review", "hardship_granted", "promise_pending", "plan_running", "breathing_space", "deceased", "insolvency", "fraud_claim", "lawyer", "litigation", "payment_on_its_way"]
    reason: str
    ends_on: NotRequired[str | None]
    review_on: NotRequired[str | None]


class HoldLiftAsked(TypedDict):
    """The hold `of` (its reference) of `borrower` ends today, or on the day it `happened_on`."""

    reason: str
    loan: NotRequired[str | None]
    at: NotRequired[str | None]
    happened_on: NotRequired[str | None]


class HoldOutSwitchAsked(TypedDict):
    """The hold-out of `ladder` (its id) is `permille` of the borrowers from now on; 0: none. `reason`: why."""

    permille: int
    reason: str


class HoldPlaceAsked(TypedDict):
    """The treatment of `borrower` stops for a `reason`: until `ends_on`, or until lifted, looked at on `review_on`."""

    hold: Literal["dispute_open", "hardship_review", "hardship_granted", "promise_pending", "plan_running", "breathing_space", "deceased", "insolvency", "fraud_claim", "lawyer", "litigation", "payment_on_its_way"]
    reason: str
    ends_on: NotRequired[str | None]
    review_on: NotRequired[str | None]
    loan: NotRequired[str | None]
    at: NotRequired[str | None]
    happened_on: NotRequired[str | None]


class ImportFinishRowAsked(TypedDict):
    """The row that an import refused (`number`: of the task `import:N`) is done with; `how` says what became of it."""

    how: str


class KeyAsked(TypedDict):
    """A key: its name, the verbs, families (`hold.*`) or permissions it is good for, and for how many days."""

    name: str
    scopes: list[str]
    days: NotRequired[int]


class LadderLeaveOutAsked(TypedDict):
    """A step of the ladder (`step`: its id) is not done in this episode of arrears; a person said so, and why."""

    loan: NotRequired[str | None]
    at: NotRequired[str | None]
    step: str
    reason: str
    happened_on: NotRequired[str | None]


class LadderUseAsked(TypedDict):
    """The ladder `text` (YAML) is used for the borrowers of `jurisdiction`; `since`: from which day's decision on. Without `since` it is used from the next decision on. Days before keep the ladder of then, decided late or not."""

    jurisdiction: str
    text: str
    since: NotRequired[str | None]


class LegalApproveAsked(TypedDict):
    """The person at the door agrees to `proposal` in a `role` that they were appointed to."""

    role: str
    note: NotRequired[str]


class LegalCallDueAsked(TypedDict):
    """The rest of `loan` is called due at once, on the day that the notice names (`due_on`; today unless given)."""

    due_on: NotRequired[str | None]


class LegalDayAsked(TypedDict):
    """The legal work of the act's day, after the day was decided."""



class LegalEndAsked(TypedDict):
    """What came of the step of `proposal`; a judgment has its `amount_fen` or its parts, and the day to `perform_by`. The parts may be left out where all was granted. `rate_percent`: interest on the principal from then on, for the product's unit of time; the contract's own unless it is told. `instalments`: the parts in which the court lets the debtor pay; with `whole_if_missed` all the rest may be enforced once one of them fails."""

    outcome: str
    amount_fen: NotRequired[int]
    principal_fen: NotRequired[int | None]
    interest_fen: NotRequired[int | None]
    penalty_fen: NotRequired[int | None]
    costs_fen: NotRequired[int | None]
    rate_percent: NotRequired[str | None]
    perform_by: NotRequired[str | None]
    instalments: NotRequired[list["CourtInstalment"]]
    whole_if_missed: NotRequired[bool]
    case_number: NotRequired[str]
    note: NotRequired[str]


class LegalInterruptAsked(TypedDict):
    """The period of limitation began anew for a reason that no other fact tells: `cause` is a word of the pack."""

    borrower: str
    at: NotRequired[str | None]
    cause: str
    note: NotRequired[str]
    happened_on: NotRequired[str | None]


class LegalProposeAsked(TypedDict):
    """`step` is proposed for `loan`; `reason` says why."""

    step: str
    reason: NotRequired[str]


class LegalRefuseAsked(TypedDict):
    """`proposal` is turned down; `reason` says why."""

    reason: str


class LegalStartAsked(TypedDict):
    """The approved step of `proposal` is taken, at a `court` under a `case_number` where there is one."""

    court: NotRequired[str]
    case_number: NotRequired[str]


class LegalWithdrawCallAsked(TypedDict):
    """The calling due of `loan` is withdrawn: from the act's day it stands as if never called due."""



class LessonCheckAsked(TypedDict):
    """The answer (its number) to the question of the lesson that was given under `of`."""

    answer: int


class LessonGiveAsked(TypedDict):
    """The lesson for what just happened on `loan`, in `language` (the borrower's own unless told)."""

    language: NotRequired[str | None]


class LimitAcceptAsked(TypedDict):
    """`borrower` says yes to the wider line offered as `of`. `consent`: how the borrower said yes, where somebody says it for them: "on the phone, 14:05"."""

    borrower: str
    of: str
    consent: NotRequired[str]


class LimitApplyAsked(TypedDict):
    """`borrower` applies for a limit of `wanted_fen`."""

    wanted_fen: int


class LimitChangeAsked(TypedDict):
    """The line of `borrower` changes; `after_fen` is the limit from now on (stays unless told); `bar` names a bar. `reason` is ours and goes to nobody. A line that gets worse is told to the borrower with its principal `reasons` (codes of the pack's list, at most four), or with those of their own score (`by_score`); where neither is told, the notice is a task."""

    change: Literal["set", "reduce", "freeze", "restore", "bar", "lift"]
    reason: str
    after_fen: NotRequired[int | None]
    bar: NotRequired[str | None]
    reasons: NotRequired[list[str]]
    by_score: NotRequired[bool]


class LimitDeclineAsked(TypedDict):
    """`borrower` says no to the wider line offered as `of`; the line stays as it is, as it would without an answer."""

    borrower: str
    of: str


class LinePart(TypedDict):
    """`amount_fen` of a line is for `loan`."""

    loan: str
    amount_fen: int


class LintAsked(TypedDict):
    """A ladder's text, and the place whose ladder it is compared with."""

    text: str
    jurisdiction: NotRequired[str]


class LoanPart(TypedDict):
    """What of a debit is for one loan, in minor units."""

    loan: str
    amount_fen: int


class LossApproveAsked(TypedDict):
    """The person at the door agrees to a loss in a `role` that they were appointed to."""

    role: str


class LossProposeAsked(TypedDict):
    """A charge-off, write-off or sale (`price_fen`) of `loan` is proposed."""

    what: Literal["charge_off", "write_off", "sale"]
    price_fen: NotRequired[int]


class LossRefuseAsked(TypedDict):
    """The loss of `proposal` is not to be booked; `reason` says why."""

    reason: str


class MandateResumeAsked(TypedDict):
    """A person looked at the mandate `of` that rested after failures: it is tried again; `reason` says why."""

    reason: str


class MandateRevokeAsked(TypedDict):
    """The mandate `of` ends on the act's day; `reason` says why."""

    reason: NotRequired[str]


class MandateSignAsked(TypedDict):
    """The borrower let us collect from one source. `reference` is the mandate's own; `on` the day it was signed. `loan` None: for all loans of the borrower; else for that one only. `ceiling_fen`: most in one debit; `ceiling_month_fen`: most in a calendar month (None: no limit agreed). Of several the lower `turn` is tried first. `account_type` matters where the scheme asks for it (NACHA). `less_allowed`: whether less than is owed may be asked for."""

    loan: NotRequired[str | None]
    at: NotRequired[str | None]
    source: Literal["wallet", "account", "card"]
    account: str
    bank: NotRequired[str]
    holder: NotRequired[str]
    rail: NotRequired[Literal["gateway", "pain008", "nacha", "batch_csv"]]
    ceiling_fen: NotRequired[int | None]
    ceiling_month_fen: NotRequired[int | None]
    turn: NotRequired[int]
    account_type: NotRequired[Literal["current", "savings"]]
    less_allowed: NotRequired[bool]
    happened_on: NotRequired[str | None]


class Means(TypedDict):
    """What the borrower states of a month: income, necessary spending, what other debts take; household size."""

    income_fen: int
    spending_fen: int
    other_debts_fen: NotRequired[int]
    household: NotRequired[int]


class MessageSendAsked(TypedDict):
    """`borrower` is sent `template` by `channel`, now. `wait`: where a rule refuses now, at the next moment it allows. The amounts and days in it are those of the moment at which it leaves; whoever has paid by then is not written to."""

    template: str
    channel: Literal["sms", "email", "push", "chat", "letter"]
    wait: NotRequired[bool]


class ModelApproveAsked(TypedDict):
    """A second person has looked at the model's card and approves it; `note` says what was looked at."""

    note: str


class ModelPromoteAsked(TypedDict):
    """The model is used from now on, if it passes every gate."""



class ModelRetireAsked(TypedDict):
    """The model is used no longer, or never will be; `reason`: why."""

    reason: str


class ModelScoreAsked(TypedDict):
    """Score the book with the models in use and, beside them, those that are approved; `purpose`: only of this one."""

    purpose: NotRequired[str | None]


class ModelWatchAsked(TypedDict):
    """Compare the months since the model learnt; what stands out is a task until a later look finds it gone."""



class MoneyPassOnAsked(TypedDict):
    """Money that waits on `loan` is passed on to the same borrower's loan `target`."""

    target: str
    amount_fen: int


class MoneyPut(TypedDict):
    """So much comes onto an account at the played bank: the next debit of it finds it there."""

    account: str
    amount_fen: int


class NetworkWatchAsked(TypedDict):
    """Look for groups that exchange money, borrowed together and stopped together."""



class OutboxWithdrawAsked(TypedDict):
    """The `action` of the outbox, named by its key, is not to be done. `reason` says why, and stands where the action is listed."""

    reason: str


class PaperHandInAsked(TypedDict):
    """`borrower` hands in a paper called `name`."""

    sha256: str
    content: str
    name: str


class PasskeyTakeAwayAsked(TypedDict):
    """All passkeys of a `person` of the lender's, or of a `borrower`, are good no more, and whoever is signed in under that name is signed out: a phone was stolen. `reason` says how we know."""

    person: NotRequired[str]
    borrower: NotRequired[str]
    reason: str


class PeopleAppointAsked(TypedDict):
    """The roles in which `person` may approve legal steps and losses; none: they may approve nothing any more."""

    roles: NotRequired[list[str]]


class PeopleDisableAsked(TypedDict):
    """`person` leaves: no sign-in any more, and signed out everywhere at once."""



class PeopleRolesAsked(TypedDict):
    """The roles in which `person` works at the doors; none: they may do nothing any more."""

    roles: NotRequired[list[str]]


class PersonCorrectAsked(TypedDict):
    """What is right of `borrower`: a `name`, attributes by name (null takes one away); `reason` says how we know. `since`: the day from which it holds, the act's day unless given; what was wrong from the first day on holds since the day on which it was told."""

    reason: str
    since: NotRequired[str | None]
    name: NotRequired[str | None]
    attributes: NotRequired[dict[str, Any]]


class PersonDiedAsked(TypedDict):
    """The borrower died `on` this day: nobody writes to him, the estate is a person's task. `source`: how we know."""

    loan: NotRequired[str | None]
    at: NotRequired[str | None]
    source: str
    happened_on: NotRequired[str | None]


class PersonInsolvencyClosedAsked(TypedDict):
    """The proceedings (`of`: the reference of their opening) are over: `on` is the first day without them."""

    loan: NotRequired[str | None]
    at: NotRequired[str | None]
    happened_on: NotRequired[str | None]


class PersonInsolvencyOpenedAsked(TypedDict):
    """Insolvency proceedings about the borrower opened: the claim is filed there."""

    loan: NotRequired[str | None]
    at: NotRequired[str | None]
    court: NotRequired[str]
    case_number: NotRequired[str]
    happened_on: NotRequired[str | None]


class PersonLawyerEngagedAsked(TypedDict):
    """A lawyer represents the borrower: contacts go through the lawyer. `contact`: where the lawyer is reached."""

    loan: NotRequired[str | None]
    at: NotRequired[str | None]
    lawyer: str
    contact: NotRequired[str]
    happened_on: NotRequired[str | None]


class PersonLawyerLeftAsked(TypedDict):
    """The lawyer (`of`: the reference of the engagement) represents the borrower no longer."""

    loan: NotRequired[str | None]
    at: NotRequired[str | None]
    happened_on: NotRequired[str | None]


class PersonPurgeAsked(TypedDict):
    """What tells of borrowers goes, for its time is over. `people`: their references; `reason`: on what occasion (a request, a yearly round)."""

    people: list[str]
    reason: str


class PlanAcceptAsked(TypedDict):
    """The borrower accepts the offer `of`. `consent`: how the borrower agreed, where somebody accepts for them: "on the phone, 14:05, heard the whole offer"."""

    consent: NotRequired[str]


class PlanCancelAsked(TypedDict):
    """The running plan `of` is taken back; `reason` says why."""

    reason: str


class PlanDeclineAsked(TypedDict):
    """The borrower declines the offer `of`."""

    reason: NotRequired[str]


class PlanOfferAsked(TypedDict):
    """The plan `plan` for `loan`, with its figures: `periods`, `amount_fen` (settlement, waiver), `until`, the rate."""

    plan: str
    periods: NotRequired[int]
    amount_fen: NotRequired[int]
    until: NotRequired[str | None]
    rate_permille: NotRequired[int]


class PlanSearchAsked(TypedDict):
    """Plans for `loan` that the borrower can afford: what the borrower states of a month."""

    means: "Means"


class PlanWatchAsked(TypedDict):
    """Look at the running plan `of`."""



class PreviewAsked(TypedDict):
    """How a template is shown: in which language, by which channel, with the lines of law of which place. `borrower` (a reference): with what they owe on the day, where the template tells of it."""

    language: NotRequired[str]
    channel: NotRequired[str]
    jurisdiction: NotRequired[str]
    borrower: NotRequired[str]


class PromiseMakeAsked(TypedDict):
    """`borrower` undertook to pay `amount_fen` by `due_on`; `loan` None: on whichever loan is late."""

    amount_fen: int
    due_on: str
    loan: NotRequired[str | None]
    at: NotRequired[str | None]
    channel: NotRequired[str]
    happened_on: NotRequired[str | None]


class PromiseTaken(TypedDict):
    """What was promised in the conversation."""

    amount_fen: int
    due_on: str
    loan: NotRequired[str | None]


class PromiseWithdrawAsked(TypedDict):
    """A promise (`of`: its reference) no longer stands, by agreement: it counts neither as kept nor as broken."""

    loan: NotRequired[str | None]
    at: NotRequired[str | None]
    reason: str
    happened_on: NotRequired[str | None]


class ProposalRefuseAsked(TypedDict):
    """The `proposal` (its reference) is not to be done; `reason` says why, to whoever made it and for the record."""

    reason: str


class ProposalWithdrawAsked(TypedDict):
    """The `proposal` (its reference) is not to be done; `reason` says why, to whoever made it and for the record."""

    reason: str


class QuoteExecuteAsked(TypedDict):
    """The quote `of` is executed: its money has come."""



class QuoteGiveAsked(TypedDict):
    """An early repayment of `loan` on `for_on` (today unless told). `want`: `full`; `amount` (repay `amount_fen`); `instalment` (pay until no instalment asks for more than `amount_fen`); `month` (end in the month of `end_by`)."""

    want: NotRequired[Literal["full", "amount", "instalment", "month"]]
    amount_fen: NotRequired[int]
    end_by: NotRequired[str | None]
    for_on: NotRequired[str | None]


class RateChangeAsked(TypedDict):
    """The contract rate changed to `rate` on RATE_SCALE per the product's unit of time. `while_kept`: a plan or a moratorium gives this rate; the contract's own, which other changes may move meanwhile, returns when the plan is broken."""

    rate: int
    while_kept: NotRequired[bool]
    happened_on: NotRequired[str | None]


class RefundPayAsked(TypedDict):
    """Money that waits on `loan` and is given back to the borrower: `amount_fen`, paid out to `account`."""

    amount_fen: int
    account: str


class RefundReturnAsked(TypedDict):
    """A refund, or `amount_fen` of it, came back from the bank on `loan`: not taken, wrong account (`reason`)."""

    amount_fen: int
    reason: NotRequired[str]
    happened_on: NotRequired[str | None]


class RepaymentMoveAsked(TypedDict):
    """The repayment `of`, or `amount_fen` of it, belongs to loan `target`, of whichever borrower."""

    target: str
    amount_fen: NotRequired[int | None]


class RepaymentReverseAsked(TypedDict):
    """The fact to take back (`of`: its reference): from the day it took effect it was never there."""

    reason: str


class RepaymentTakeAsked(TypedDict):
    """Money received for `loan`: `amount_fen` minor units, on the account since `received_on`. `more_than_owed`: why far more than is owed came; without it such an amount is asked back."""

    amount_fen: int
    received_on: str
    more_than_owed: NotRequired[str]


class Result(TypedDict):
    """What the bank says of one debit. `amount_fen`: taken (succeeded) or given back (returned); 0 when nothing. `scheme` says whose codes `code` is of: iso20022, nacha, batch."""

    end_to_end: str
    status: Literal["succeeded", "failed", "returned", "pending"]
    on: str
    amount_fen: NotRequired[int]
    code: NotRequired[str]
    scheme: NotRequired[str]
    bank_reference: NotRequired[str]
    note: NotRequired[str]


class RevealAsked(TypedDict):
    """The field that is to be shown, and why."""

    field: str
    reason: str


class RoadMapKeepAsked(TypedDict):
    """The borrower chose `way` on the road map of `loan`."""

    way: str


class SandboxSetClockAsked(TypedDict):
    """The day on which the book stands from now on, and the hour (`at`) within it; the hour stays unless told."""

    day: str
    at: NotRequired[str | None]


class SeatAsked(TypedDict):
    """The seat to sit down on: a role (`lead`), or `borrower:NAME`."""

    seat: str


class SettingsPlaceAsked(TypedDict):
    """The lender's own place: what holds where a borrower says nothing. Fields that are left out stay."""

    jurisdiction: NotRequired[str | None]
    zone: NotRequired[str | None]
    language: NotRequired[str | None]
    lender_type: NotRequired[str | None]


class SettingsSenderAsked(TypedDict):
    """Who furnishes to `bureau`, as its form asks: identification_number, reporter_name …; none: nothing is kept."""

    bureau: Literal["metro2", "pboc", "neutral"]
    sender: NotRequired[dict[str, Any]]


class StatementFinishRowAsked(TypedDict):
    """The refused row `number` of a bank's file is done with; `how` says what became of it."""

    how: str


class StatementGiveAsked(TypedDict):
    """The line is for `loan`; `note` says how we know."""

    account: NotRequired[str | None]
    loan: str
    note: NotRequired[str]


class StatementMoveAsked(TypedDict):
    """The line was given to the wrong loan: it is for `loan`; `note` says how we know."""

    account: NotRequired[str | None]
    loan: str
    note: NotRequired[str]


class StatementSendBackAsked(TypedDict):
    """The line's money goes back to whoever paid it, to `account`; `note` says why. It was for no loan of ours."""

    account: NotRequired[str | None]
    to: str
    note: str


class StatementSetAsideAsked(TypedDict):
    """The line is for no loan; `note` says what it is."""

    account: NotRequired[str | None]
    note: str


class StatementSplitAsked(TypedDict):
    """The line is for several loans: `parts` say how much is for each, all of it together; `note` says how we know."""

    account: NotRequired[str | None]
    parts: list["LinePart"]
    note: NotRequired[str]


class StatementTakeOffAsked(TypedDict):
    """The line is not for the loan it was given to; `note` says why."""

    account: NotRequired[str | None]
    note: NotRequired[str]


class TaskAssignAsked(TypedDict):
    """The task `of` is in the hands of `to` from now on; empty: of nobody."""

    to: NotRequired[str]


class TaskDoneAsked(TypedDict):
    """The task `of` is done; `how` says what was done."""

    how: str


class TaskReopenAsked(TypedDict):
    """The task `of` is not done after all; `reason` says why."""

    reason: str


class TicketAsked(TypedDict):
    """The borrower, by reference, whom the app has signed in."""

    borrower: str


class VulnerabilityClearAsked(TypedDict):
    """A flag (`of`) no longer holds."""

    loan: NotRequired[str | None]
    at: NotRequired[str | None]
    reason: str
    happened_on: NotRequired[str | None]


class VulnerabilityFlagAsked(TypedDict):
    """`borrower` is vulnerable: what kind (`flag`) and what whoever meets them should know (`note`)."""

    flag: str
    note: str


class VulnerabilityReadAsked(TypedDict):
    """The flags of `borrower` are read; `why` says what they are needed for."""

    why: str


class WebhookEndAsked(TypedDict):
    """The webhook is told of nothing any more; its name stays taken. `reason` says why."""

    reason: NotRequired[str]


class WebhookRenewSecretAsked(TypedDict):
    """The webhook signs with a new secret; for a day the one before signs beside it."""



class WebhookReplayAsked(TypedDict):
    """The webhook is told everything `after` a place in the log once more (empty: from the beginning), or goes on where it stood when it was switched off (none given)."""

    after: NotRequired[str | None]


class WebhookSubscribeAsked(TypedDict):
    """A receiver at `url` (https, no private address) is told of events from now on, or `after` a place in the log. `types`: beginnings of their types (`afterloan.repayment.`), none: all. `whole`: with what was asked and answered; thin otherwise: what happened to whom under which reference, and nothing personal."""

    webhook: str
    url: str
    types: NotRequired[list[str]]
    whole: NotRequired[bool]
    after: NotRequired[str | None]


class Afterloan:
    """The API at an address, asked with a key. Raises Refused; httpx.HTTPError where nothing answers after `tries`."""

    def __init__(self, http: httpx.Client, tries: int = 4) -> None:
        self.http, self.tries = http, tries

    @classmethod
    def at(cls, url: str, key: str, timeout: float = 30.0) -> Self:
        """A client of an address (`https://api.lender.example`) with a program's key."""
        return cls(httpx.Client(base_url=url, headers={"authorization": f"Bearer {key}"}, timeout=timeout))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.http.close()

    def pages(self, method: Any, *told: Any, **query: Any) -> Iterator[dict[str, Any]]:
        """Every row of a list, page by page: `for loan in api.pages(api.get_loans, limit=200)`."""
        after: str | None = None
        while True:
            page = method(*told, **query, after=after)
            yield from page["data"]
            if not (after := page.get("next")) or not page["data"]:
                return

    def finished(self, job: str, every: float = 0.5) -> dict[str, Any]:
        """Wait until a job is over, and tell it."""
        while True:
            told = self._ask("GET", f"/v1/jobs/{id_of(job)}", {}, {})
            if told["state"] in ("done", "failed", "cancelled"):
                return told
            time.sleep(every)

    def _ask(
        self, method: str, path: str, query: Mapping[str, Any], headers: Mapping[str, str], body: Any = None,
        content: bytes | None = None,
    ) -> dict[str, Any]:
        sent = {name: value for name, value in headers.items() if value}
        if "Idempotency-Key" in headers:
            sent.setdefault("Idempotency-Key", uuid.uuid4().hex)
        once = method == "GET" or "Idempotency-Key" in headers
        told = {name: value for name, value in query.items() if value is not None}
        more: dict[str, Any] = {"content": content} if content is not None else {"json": body} if body is not None else {}
        for left in reversed(range(self.tries if once else 1)):
            try:
                answer = self.http.request(method, path, params=told, headers=sent, **more)
            except httpx.TransportError:
                if not left:
                    raise
                time.sleep(1)
                continue
            in_flight = answer.status_code == 409 and answer.json().get("reason") == "in-flight"
            if not left or not (in_flight or answer.status_code in AGAIN):
                break
            time.sleep(min(float(answer.headers.get("retry-after", "1")), 60))
        return _told(answer)

    def _stream(
        self, method: str, path: str, query: Mapping[str, Any], headers: Mapping[str, str]
    ) -> Iterator[StreamEvent]:
        sent = {name: value for name, value in headers.items() if value}
        with self.http.stream(method, path, params=dict(query), headers=sent) as answer:
            if answer.is_error:
                answer.read()
                _told(answer)
            block: dict[str, str] = {}
            for line in answer.iter_lines():
                name, _, value = line.partition(": ")
                if line and not line.startswith(":"):
                    block[name] = value
                elif "data" in block:
                    yield StreamEvent(block.get("id", ""), block.get("event", "message"), json.loads(block["data"]))
                    block = {}

    def get_entry(self, *, on: str | None = None, known_on: str | None = None) -> dict[str, Any]:
        """Where everything is: the contract, who one is, the day, the lists."""
        return self._ask("GET", "/v1", {"on": on, "known_on": known_on}, {})

    def get_acts(self, *, verb: str | None = None, borrower: str | None = None, limit: int | None = None, on: str | None = None, known_on: str | None = None) -> dict[str, Any]:
        """What was done, the newest first: who, through which door, what was asked and answered."""
        return self._ask("GET", "/v1/acts", {"verb": verb, "borrower": borrower, "limit": limit, "on": on, "known_on": known_on}, {})

    def limit_accept(self, body: LimitAcceptAsked, *, dry_run: bool | None = None, propose: bool | None = None, seen: str | None = None, despite: bool | None = None, on: str | None = None, known_on: str | None = None, key: str = "") -> dict[str, Any]:
        """A borrower says yes to a wider line."""
        return self._ask("POST", "/v1/acts/limit.accept", {"dry_run": dry_run, "propose": propose, "seen": seen, "despite": despite, "on": on, "known_on": known_on}, {"Idempotency-Key": key}, body=body)

    def limit_decline(self, body: LimitDeclineAsked, *, dry_run: bool | None = None, propose: bool | None = None, seen: str | None = None, despite: bool | None = None, on: str | None = None, known_on: str | None = None, key: str = "") -> dict[str, Any]:
        """A borrower says no to a wider line."""
        return self._ask("POST", "/v1/acts/limit.decline", {"dry_run": dry_run, "propose": propose, "seen": seen, "despite": despite, "on": on, "known_on": known_on}, {"Idempotency-Key": key}, body=body)

    def passkey_take_away(self, body: PasskeyTakeAwayAsked, *, dry_run: bool | None = None, propose: bool | None = None, seen: str | None = None, despite: bool | None = None, on: str | None = None, known_on: str | None = None, key: str = "") -> dict[str, Any]:
        """End all passkeys of a person or a borrower, and sign them out."""
        return self._ask("POST", "/v1/acts/passkey.take_away", {"dry_run": dry_run, "propose": propose, "seen": seen, "despite": despite, "on": on, "known_on": known_on}, {"Idempotency-Key": key}, body=body)

    def get_agencies(self, *, on: str | None = None, known_on: str | None = None) -> dict[str, Any]:
        """Cases proposed for agencies and with them, what each agency came to, what of it was against a rule."""
        return self._ask("GET", "/v1/agencies", {"on": on, "known_on": known_on}, {})

    def agency_place(self, agency: str, body: AgencyPlaceAsked | None = None, *, dry_run: bool | None = None, propose: bool | None = None, seen: str | None = None, despite: bool | None = None, on: str | None = None, known_on: str | None = None, key: str = "") -> dict[str, Any]:
        """Place proposed cases with an agency: one act for the file."""
        return self._ask("POST", f"/v1/agencies/{id_of(agency)}/placements", {"dry_run": dry_run, "propose": propose, "seen": seen, "despite": despite, "on": on, "known_on": known_on}, {"Idempotency-Key": key}, body=body)

    def post_agency_returns(self, agency: str, content: bytes, *, dry_run: bool | None = None, on: str | None = None, known_on: str | None = None, key: str = "") -> dict[str, Any]:
        """Take an agency's file: attempts, promises, cases given back."""
        return self._ask("POST", f"/v1/agencies/{id_of(agency)}/returns", {"dry_run": dry_run, "on": on, "known_on": known_on}, {"Idempotency-Key": key}, content=content)

    def get_appointments(self, *, on: str | None = None, known_on: str | None = None) -> dict[str, Any]:
        """Who may approve legal steps and losses on a day, and in which roles."""
        return self._ask("GET", "/v1/appointments", {"on": on, "known_on": known_on}, {})

    def people_appoint(self, person: str, body: PeopleAppointAsked | None = None, *, dry_run: bool | None = None, propose: bool | None = None, seen: str | None = None, despite: bool | None = None, on: str | None = None, known_on: str | None = None, key: str = "") -> dict[str, Any]:
        """Say in which roles a person may approve legal steps and losses."""
        return self._ask("POST", f"/v1/appointments/{id_of(person)}", {"dry_run": dry_run, "propose": propose, "seen": seen, "despite": despite, "on": on, "known_on": known_on}, {"Idempotency-Key": key}, body=body)

    def get_approvals(self, *, borrower: str | None = None, limit: int | None = None, after: str | None = None, on: str | None = None, known_on: str | None = None) -> dict[str, Any]:
        """All that waits for a second person."""
        return self._ask("GET", "/v1/approvals", {"borrower": borrower, "limit": limit, "after": after, "on": on, "known_on": known_on}, {})

    def post_approval_approval(self, proposal: str, *, on: str | None = None, known_on: str | None = None, if_match: str = "") -> dict[str, Any]:
        """Agree to a proposal as the second person, and have it done."""
        return self._ask("POST", f"/v1/approvals/{id_of(proposal)}/approval", {"on": on, "known_on": known_on}, {"if-match": if_match})

    def proposal_refuse(self, proposal: str, body: ProposalRefuseAsked, *, dry_run: bool | None = None, propose: bool | None = None, seen: str | None = None, despite: bool | None = None, on: str | None = None, known_on: str | None = None, key: str = "") -> dict[str, Any]:
        """Turn down what somebody proposed: it can no longer be agreed to."""
        return self._ask("POST", f"/v1/approvals/{id_of(proposal)}/refusal", {"dry_run": dry_run, "propose": propose, "seen": seen, "despite": despite, "on": on, "known_on": known_on}, {"Idempotency-Key": key}, body=body)

    def proposal_withdraw(self, proposal: str, body: ProposalWithdrawAsked, *, dry_run: bool | None = None, propose: bool | None = None, seen: str | None = None, despite: bool | None = None, on: str | None = None, known_on: str | None = None, key: str = "") -> dict[str, Any]:
        """Take one's own proposal back."""
        return self._ask("POST", f"/v1/approvals/{id_of(proposal)}/withdrawal", {"dry_run": dry_run, "propose": propose, "seen": seen, "despite": despite, "on": on, "known_on": known_on}, {"Idempotency-Key": key}, body=body)

    def get_audit_acts(self, *, borrower: str | None = None, verb: str | None = None, who: str | None = None, after: int | None = None, limit: int | None = None, on: str | None = None, known_on: str | None = None) -> dict[str, Any]:
        """What was done, the newest first: by whom, through which door, what was asked and answered."""
        return self._ask("GET", "/v1/audit/acts", {"borrower": borrower, "verb": verb, "who": who, "after": after, "limit": limit, "on": on, "known_on": known_on}, {})

    def get_audit_chain(self, *, on: str | None = None, known_on: str | None = None) -> dict[str, Any]:
        """Whether readings and refusals are one chain, and the last head sealed; `afterloan verify` looks at all."""
        return self._ask("GET", "/v1/audit/chain", {"on": on, "known_on": known_on}, {})

    def get_audit_readings(self, *, borrower: str | None = None, who: str | None = None, after: int | None = None, limit: int | None = None, on: str | None = None, known_on: str | None = None) -> dict[str, Any]:
        """Who read whose record, searched or revealed, the newest first."""
        return self._ask("GET", "/v1/audit/readings", {"borrower": borrower, "who": who, "after": after, "limit": limit, "on": on, "known_on": known_on}, {})

    def get_audit_refusals(self, *, borrower: str | None = None, who: str | None = None, after: int | None = None, limit: int | None = None, on: str | None = None, known_on: str | None = None) -> dict[str, Any]:
        """What was refused to whom, the newest first."""
        return self._ask("GET", "/v1/audit/refusals", {"borrower": borrower, "who": who, "after": after, "limit": limit, "on": on, "known_on": known_on}, {})

    def post_bank_statements(self, content: bytes, *, name: str | None = None, on: str | None = None, known_on: str | None = None, key: str = "") -> dict[str, Any]:
        """Take a bank statement (camt.053, camt.054, MT940, CSV) and match its money to loans."""
        return self._ask("POST", "/v1/bank-statements", {"name": name, "on": on, "known_on": known_on}, {"Idempotency-Key": key}, content=content)

    def get_bank_statements(self, *, limit: int | None = None, after: str | None = None, on: str | None = None, known_on: str | None = None) -> dict[str, Any]:
        """Bank statements that were taken, the newest first: days, lines and sums of each file and account."""
        return self._ask("GET", "/v1/bank-statements", {"limit": limit, "after": after, "on": on, "known_on": known_on}, {})

    def borrower_take_in(self, body: BorrowerTakeInAsked, *, dry_run: bool | None = None, propose: bool | None = None, seen: str | None = None, despite: bool | None = None, on: str | None = None, known_on: str | None = None, key: str = "") -> dict[str, Any]:
        """Take a new borrower in."""
        return self._ask("POST", "/v1/borrowers", {"dry_run": dry_run, "propose": propose, "seen": seen, "despite": despite, "on": on, "known_on": known_on}, {"Idempotency-Key": key}, body=body)

    def get_borrowers(self, *, q: str, limit: int | None = None, after: str | None = None, on: str | None = None, known_on: str | None = None) -> dict[str, Any]:
        """Find borrowers by a part of a name, reference or loan, a phone's last digits, a number of identity."""
        return self._ask("GET", "/v1/borrowers", {"q": q, "limit": limit, "after": after, "on": on, "known_on": known_on}, {})

    def get_borrower(self, borrower: str, *, on: str | None = None, known_on: str | None = None) -> dict[str, Any]:
        """A borrower: details on a day, loans, holds, disputes, notes, who changed what."""
        return self._ask("GET", f"/v1/borrowers/{id_of(borrower)}", {"on": on, "known_on": known_on}, {})

    def get_borrower_acts(self, borrower: str, *, limit: int | None = None, on: str | None = None, known_on: str | None = None) -> dict[str, Any]:
        """What was done that concerned a borrower, the newest first."""
        return self._ask("GET", f"/v1/borrowers/{id_of(borrower)}/acts", {"limit": limit, "on": on, "known_on": known_on}, {})

    def breathing_space_start(self, borrower: str, body: BreathingSpaceStartAsked, *, dry_run: bool | None = None, propose: bool | None = None, seen: str | None = None, despite: bool | None = None, on: str | None = None, known_on: str | None = None, key: str = "") -> dict[str, Any]:
        """No interest, no penalty and no contact for a time."""
        return self._ask("POST", f"/v1/borrowers/{id_of(borrower)}/breathing-spaces", {"dry_run": dry_run, "propose": propose, "seen": seen, "despite": despite, "on": on, "known_on": known_on}, {"Idempotency-Key": key}, body=body)

    def get_borrower_bureau(self, borrower: str, *, on: str | None = None, known_on: str | None = None) -> dict[str, Any]:
        """What a bureau has from us about a borrower."""
        return self._ask("GET", f"/v1/borrowers/{id_of(borrower)}/bureau", {"on": on, "known_on": known_on}, {})

    def post_borrower_bureau_comparisons(self, borrower: str, content: bytes, *, on: str | None = None, known_on: str | None = None) -> dict[str, Any]:
        """Hold a borrower's own report against what was furnished: drafts of disputes; nothing is kept."""
        return self._ask("POST", f"/v1/borrowers/{id_of(borrower)}/bureau-comparisons", {"on": on, "known_on": known_on}, {}, content=content)

    def get_borrower_can_draw(self, borrower: str, *, amount_fen: int, on: str | None = None, known_on: str | None = None) -> dict[str, Any]:
        """Whether a borrower may draw an amount, with all reasons against it."""
        return self._ask("GET", f"/v1/borrowers/{id_of(borrower)}/can-draw", {"amount_fen": amount_fen, "on": on, "known_on": known_on}, {})

    def person_correct(self, borrower: str, body: PersonCorrectAsked, *, dry_run: bool | None = None, propose: bool | None = None, seen: str | None = None, despite: bool | None = None, on: str | None = None, known_on: str | None = None, key: str = "") -> dict[str, Any]:
        """Change a borrower's name or attributes from a day on."""
        return self._ask("POST", f"/v1/borrowers/{id_of(borrower)}/changes", {"dry_run": dry_run, "propose": propose, "seen": seen, "despite": despite, "on": on, "known_on": known_on}, {"Idempotency-Key": key}, body=body)

    def get_borrower_choice(self, borrower: str, *, on: str | None = None, known_on: str | None = None) -> dict[str, Any]:
        """What was chosen for a borrower among the steps of a day: each option with its chance and its worth."""
        return self._ask("GET", f"/v1/borrowers/{id_of(borrower)}/choice", {"on": on, "known_on": known_on}, {})

    def complaint_raise(self, borrower: str, body: ComplaintRaiseAsked, *, dry_run: bool | None = None, propose: bool | None = None, seen: str | None = None, despite: bool | None = None, on: str | None = None, known_on: str | None = None, key: str = "") -> dict[str, Any]:
        """A borrower complains; the clock starts."""
        return self._ask("POST", f"/v1/borrowers/{id_of(borrower)}/complaints", {"dry_run": dry_run, "propose": propose, "seen": seen, "despite": despite, "on": on, "known_on": known_on}, {"Idempotency-Key": key}, body=body)

    def conduct_share(self, borrower: str, body: ConductShareAsked, *, dry_run: bool | None = None, propose: bool | None = None, seen: str | None = None, despite: bool | None = None, on: str | None = None, known_on: str | None = None, key: str = "") -> dict[str, Any]:
        """The borrower shared a report of loans elsewhere."""
        return self._ask("POST", f"/v1/borrowers/{id_of(borrower)}/conduct-reports", {"dry_run": dry_run, "propose": propose, "seen": seen, "despite": despite, "on": on, "known_on": known_on}, {"Idempotency-Key": key}, body=body)

    def contact_ask(self, borrower: str, body: ContactAskAsked, *, dry_run: bool | None = None, propose: bool | None = None, seen: str | None = None, despite: bool | None = None, on: str | None = None, known_on: str | None = None, key: str = "") -> dict[str, Any]:
        """Ask whether a borrower may be contacted now."""
        return self._ask("POST", f"/v1/borrowers/{id_of(borrower)}/contact-attempts", {"dry_run": dry_run, "propose": propose, "seen": seen, "despite": despite, "on": on, "known_on": known_on}, {"Idempotency-Key": key}, body=body)

    def contact_end(self, borrower: str, of: str, body: ContactEndAsked, *, dry_run: bool | None = None, propose: bool | None = None, seen: str | None = None, despite: bool | None = None, on: str | None = None, known_on: str | None = None, key: str = "") -> dict[str, Any]:
        """Tell how a contact attempt ended."""
        return self._ask("POST", f"/v1/borrowers/{id_of(borrower)}/contact-attempts/{id_of(of)}/outcome", {"dry_run": dry_run, "propose": propose, "seen": seen, "despite": despite, "on": on, "known_on": known_on}, {"Idempotency-Key": key}, body=body)

    def get_borrower_contact_preferences(self, borrower: str, *, on: str | None = None, known_on: str | None = None) -> dict[str, Any]:
        """Wishes, consents, opt-outs, agreed hours, and persons through whom to be found."""
        return self._ask("GET", f"/v1/borrowers/{id_of(borrower)}/contact-preferences", {"on": on, "known_on": known_on}, {})

    def contact_agree_hours(self, borrower: str, body: ContactAgreeHoursAsked, *, dry_run: bool | None = None, propose: bool | None = None, seen: str | None = None, despite: bool | None = None, on: str | None = None, known_on: str | None = None, key: str = "") -> dict[str, Any]:
        """The borrower agreed to be contacted in quiet hours."""
        return self._ask("POST", f"/v1/borrowers/{id_of(borrower)}/contact-preferences/agreed-hours", {"dry_run": dry_run, "propose": propose, "seen": seen, "despite": despite, "on": on, "known_on": known_on}, {"Idempotency-Key": key}, body=body)

    def contact_consent(self, borrower: str, body: ContactConsentAsked, *, dry_run: bool | None = None, propose: bool | None = None, seen: str | None = None, despite: bool | None = None, on: str | None = None, known_on: str | None = None, key: str = "") -> dict[str, Any]:
        """The borrower agreed to a channel."""
        return self._ask("POST", f"/v1/borrowers/{id_of(borrower)}/contact-preferences/consents", {"dry_run": dry_run, "propose": propose, "seen": seen, "despite": despite, "on": on, "known_on": known_on}, {"Idempotency-Key": key}, body=body)

    def contact_opt_out(self, borrower: str, body: ContactOptOutAsked, *, dry_run: bool | None = None, propose: bool | None = None, seen: str | None = None, despite: bool | None = None, on: str | None = None, known_on: str | None = None, key: str = "") -> dict[str, Any]:
        """The borrower wants a channel no longer, or none; a consent to it is withdrawn."""
        return self._ask("POST", f"/v1/borrowers/{id_of(borrower)}/contact-preferences/opt-outs", {"dry_run": dry_run, "propose": propose, "seen": seen, "despite": despite, "on": on, "known_on": known_on}, {"Idempotency-Key": key}, body=body)

    def contact_wish(self, borrower: str, body: ContactWishAsked | None = None, *, dry_run: bool | None = None, propose: bool | None = None, seen: str | None = None, despite: bool | None = None, on: str | None = None, known_on: str | None = None, key: str = "") -> dict[str, Any]:
        """The borrower's wish for times and language."""
        return self._ask("POST", f"/v1/borrowers/{id_of(borrower)}/contact-preferences/wishes", {"dry_run": dry_run, "propose": propose, "seen": seen, "despite": despite, "on": on, "known_on": known_on}, {"Idempotency-Key": key}, body=body)

    def get_borrower_contactability(self, borrower: str, *, at: str | None = None, on: str | None = None, known_on: str | None = None) -> dict[str, Any]:
        """By which channel and for what a borrower may be contacted, with rule and next moment; nothing is recorded."""
        return self._ask("GET", f"/v1/borrowers/{id_of(borrower)}/contactability", {"at": at, "on": on, "known_on": known_on}, {})

    def person_died(self, borrower: str, body: PersonDiedAsked, *, dry_run: bool | None = None, propose: bool | None = None, seen: str | None = None, despite: bool | None = None, on: str | None = None, known_on: str | None = None, key: str = "") -> dict[str, Any]:
        """A borrower died: nobody writes to him, the estate is a task."""
        return self._ask("POST", f"/v1/borrowers/{id_of(borrower)}/death", {"dry_run": dry_run, "propose": propose, "seen": seen, "despite": despite, "on": on, "known_on": known_on}, {"Idempotency-Key": key}, body=body)

    def debit_ask(self, borrower: str, body: DebitAskAsked, *, dry_run: bool | None = None, propose: bool | None = None, seen: str | None = None, despite: bool | None = None, on: str | None = None, known_on: str | None = None, key: str = "") -> dict[str, Any]:
        """A borrower asks that what is due be debited now."""
        return self._ask("POST", f"/v1/borrowers/{id_of(borrower)}/debits", {"dry_run": dry_run, "propose": propose, "seen": seen, "despite": despite, "on": on, "known_on": known_on}, {"Idempotency-Key": key}, body=body)

    def get_borrower_debits(self, borrower: str, *, on: str | None = None, known_on: str | None = None) -> dict[str, Any]:
        """What was tried to be debited of a borrower, the newest first, and how each attempt stands."""
        return self._ask("GET", f"/v1/borrowers/{id_of(borrower)}/debits", {"on": on, "known_on": known_on}, {})

    def hardship_apply(self, borrower: str, body: HardshipApplyAsked, *, dry_run: bool | None = None, propose: bool | None = None, seen: str | None = None, despite: bool | None = None, on: str | None = None, known_on: str | None = None, key: str = "") -> dict[str, Any]:
        """A borrower tells of a difficulty."""
        return self._ask("POST", f"/v1/borrowers/{id_of(borrower)}/hardships", {"dry_run": dry_run, "propose": propose, "seen": seen, "despite": despite, "on": on, "known_on": known_on}, {"Idempotency-Key": key}, body=body)

    def get_borrower_hardships(self, borrower: str, *, on: str | None = None, known_on: str | None = None) -> dict[str, Any]:
        """The hardship of a borrower: what is open and by when it is decided, granted, refused."""
        return self._ask("GET", f"/v1/borrowers/{id_of(borrower)}/hardships", {"on": on, "known_on": known_on}, {})

    def get_borrower_hardship(self, borrower: str, reference: str, *, on: str | None = None, known_on: str | None = None) -> dict[str, Any]:
        """An application, its papers, and what was decided."""
        return self._ask("GET", f"/v1/borrowers/{id_of(borrower)}/hardships/{id_of(reference)}", {"on": on, "known_on": known_on}, {})

    def hold_place(self, borrower: str, body: HoldPlaceAsked, *, dry_run: bool | None = None, propose: bool | None = None, seen: str | None = None, despite: bool | None = None, on: str | None = None, known_on: str | None = None, key: str = "") -> dict[str, Any]:
        """Stop a borrower's treatment for a reason."""
        return self._ask("POST", f"/v1/borrowers/{id_of(borrower)}/holds", {"dry_run": dry_run, "propose": propose, "seen": seen, "despite": despite, "on": on, "known_on": known_on}, {"Idempotency-Key": key}, body=body)

    def get_borrower_holds(self, borrower: str, *, on: str | None = None, known_on: str | None = None) -> dict[str, Any]:
        """The holds in effect, and what each stops."""
        return self._ask("GET", f"/v1/borrowers/{id_of(borrower)}/holds", {"on": on, "known_on": known_on}, {})

    def hold_lift(self, borrower: str, of: str, body: HoldLiftAsked, *, dry_run: bool | None = None, propose: bool | None = None, seen: str | None = None, despite: bool | None = None, on: str | None = None, known_on: str | None = None, key: str = "") -> dict[str, Any]:
        """End a hold."""
        return self._ask("POST", f"/v1/borrowers/{id_of(borrower)}/holds/{id_of(of)}/lift", {"dry_run": dry_run, "propose": propose, "seen": seen, "despite": despite, "on": on, "known_on": known_on}, {"Idempotency-Key": key}, body=body)

    def person_insolvency_opened(self, borrower: str, body: PersonInsolvencyOpenedAsked | None = None, *, dry_run: bool | None = None, propose: bool | None = None, seen: str | None = None, despite: bool | None = None, on: str | None = None, known_on: str | None = None, key: str = "") -> dict[str, Any]:
        """Insolvency proceedings about a borrower opened."""
        return self._ask("POST", f"/v1/borrowers/{id_of(borrower)}/insolvencies", {"dry_run": dry_run, "propose": propose, "seen": seen, "despite": despite, "on": on, "known_on": known_on}, {"Idempotency-Key": key}, body=body)

    def person_insolvency_closed(self, borrower: str, of: str, body: PersonInsolvencyClosedAsked | None = None, *, dry_run: bool | None = None, propose: bool | None = None, seen: str | None = None, despite: bool | None = None, on: str | None = None, known_on: str | None = None, key: str = "") -> dict[str, Any]:
        """Insolvency proceedings are over."""
        return self._ask("POST", f"/v1/borrowers/{id_of(borrower)}/insolvencies/{id_of(of)}/end", {"dry_run": dry_run, "propose": propose, "seen": seen, "despite": despite, "on": on, "known_on": known_on}, {"Idempotency-Key": key}, body=body)

    def get_borrower_known(self, borrower: str, *, then: str, format: Literal["json", "csv"] | None = None, on: str | None = None, known_on: str | None = None) -> dict[str, Any]:
        """What was believed of a day at the end of another, what is believed now, and the facts that came between."""
        return self._ask("GET", f"/v1/borrowers/{id_of(borrower)}/known", {"then": then, "format": format, "on": on, "known_on": known_on}, {})

    def person_lawyer_engaged(self, borrower: str, body: PersonLawyerEngagedAsked, *, dry_run: bool | None = None, propose: bool | None = None, seen: str | None = None, despite: bool | None = None, on: str | None = None, known_on: str | None = None, key: str = "") -> dict[str, Any]:
        """A lawyer represents the borrower."""
        return self._ask("POST", f"/v1/borrowers/{id_of(borrower)}/lawyers", {"dry_run": dry_run, "propose": propose, "seen": seen, "despite": despite, "on": on, "known_on": known_on}, {"Idempotency-Key": key}, body=body)

    def person_lawyer_left(self, borrower: str, of: str, body: PersonLawyerLeftAsked | None = None, *, dry_run: bool | None = None, propose: bool | None = None, seen: str | None = None, despite: bool | None = None, on: str | None = None, known_on: str | None = None, key: str = "") -> dict[str, Any]:
        """A lawyer represents the borrower no longer."""
        return self._ask("POST", f"/v1/borrowers/{id_of(borrower)}/lawyers/{id_of(of)}/end", {"dry_run": dry_run, "propose": propose, "seen": seen, "despite": despite, "on": on, "known_on": known_on}, {"Idempotency-Key": key}, body=body)

    def get_borrower_limit(self, borrower: str, *, on: str | None = None, known_on: str | None = None) -> dict[str, Any]:
        """The credit line on a day: limit, whether it rests, bars; each change with its rule and reason."""
        return self._ask("GET", f"/v1/borrowers/{id_of(borrower)}/limit", {"on": on, "known_on": known_on}, {})

    def limit_apply(self, borrower: str, body: LimitApplyAsked, *, dry_run: bool | None = None, propose: bool | None = None, seen: str | None = None, despite: bool | None = None, on: str | None = None, known_on: str | None = None, key: str = "") -> dict[str, Any]:
        """A borrower applies for a limit."""
        return self._ask("POST", f"/v1/borrowers/{id_of(borrower)}/limit-applications", {"dry_run": dry_run, "propose": propose, "seen": seen, "despite": despite, "on": on, "known_on": known_on}, {"Idempotency-Key": key}, body=body)

    def limit_change(self, borrower: str, body: LimitChangeAsked, *, dry_run: bool | None = None, propose: bool | None = None, seen: str | None = None, despite: bool | None = None, on: str | None = None, known_on: str | None = None, key: str = "") -> dict[str, Any]:
        """Change a borrower's credit line."""
        return self._ask("POST", f"/v1/borrowers/{id_of(borrower)}/limit-changes", {"dry_run": dry_run, "propose": propose, "seen": seen, "despite": despite, "on": on, "known_on": known_on}, {"Idempotency-Key": key}, body=body)

    def mandate_sign(self, borrower: str, body: MandateSignAsked, *, dry_run: bool | None = None, propose: bool | None = None, seen: str | None = None, despite: bool | None = None, on: str | None = None, known_on: str | None = None, key: str = "") -> dict[str, Any]:
        """Record a mandate that the borrower signed."""
        return self._ask("POST", f"/v1/borrowers/{id_of(borrower)}/mandates", {"dry_run": dry_run, "propose": propose, "seen": seen, "despite": despite, "on": on, "known_on": known_on}, {"Idempotency-Key": key}, body=body)

    def get_borrower_mandates(self, borrower: str, *, on: str | None = None, known_on: str | None = None) -> dict[str, Any]:
        """A borrower's mandates; accounts by their last four."""
        return self._ask("GET", f"/v1/borrowers/{id_of(borrower)}/mandates", {"on": on, "known_on": known_on}, {})

    def message_send(self, borrower: str, body: MessageSendAsked, *, dry_run: bool | None = None, propose: bool | None = None, seen: str | None = None, despite: bool | None = None, on: str | None = None, known_on: str | None = None, key: str = "") -> dict[str, Any]:
        """Write to a borrower by a template."""
        return self._ask("POST", f"/v1/borrowers/{id_of(borrower)}/messages", {"dry_run": dry_run, "propose": propose, "seen": seen, "despite": despite, "on": on, "known_on": known_on}, {"Idempotency-Key": key}, body=body)

    def get_borrower_messages(self, borrower: str, *, limit: int | None = None, after: str | None = None, on: str | None = None, known_on: str | None = None) -> dict[str, Any]:
        """What was, and is to be, sent to a borrower, the newest first."""
        return self._ask("GET", f"/v1/borrowers/{id_of(borrower)}/messages", {"limit": limit, "after": after, "on": on, "known_on": known_on}, {})

    def paper_hand_in(self, borrower: str, body: PaperHandInAsked, *, dry_run: bool | None = None, propose: bool | None = None, seen: str | None = None, despite: bool | None = None, on: str | None = None, known_on: str | None = None, key: str = "") -> dict[str, Any]:
        """A borrower hands a paper in."""
        return self._ask("POST", f"/v1/borrowers/{id_of(borrower)}/papers", {"dry_run": dry_run, "propose": propose, "seen": seen, "despite": despite, "on": on, "known_on": known_on}, {"Idempotency-Key": key}, body=body)

    def get_borrower_plan_offer(self, borrower: str, reference: str, *, on: str | None = None, known_on: str | None = None) -> dict[str, Any]:
        """An offer of a plan: what it does, pays and costs."""
        return self._ask("GET", f"/v1/borrowers/{id_of(borrower)}/plan-offers/{id_of(reference)}", {"on": on, "known_on": known_on}, {})

    def get_borrower_plans(self, borrower: str, *, on: str | None = None, known_on: str | None = None) -> dict[str, Any]:
        """The plans that were ever offered to a borrower: offered, running, kept, broken, over."""
        return self._ask("GET", f"/v1/borrowers/{id_of(borrower)}/plans", {"on": on, "known_on": known_on}, {})

    def promise_make(self, borrower: str, body: PromiseMakeAsked, *, dry_run: bool | None = None, propose: bool | None = None, seen: str | None = None, despite: bool | None = None, on: str | None = None, known_on: str | None = None, key: str = "") -> dict[str, Any]:
        """Record what the borrower undertook to pay."""
        return self._ask("POST", f"/v1/borrowers/{id_of(borrower)}/promises", {"dry_run": dry_run, "propose": propose, "seen": seen, "despite": despite, "on": on, "known_on": known_on}, {"Idempotency-Key": key}, body=body)

    def get_borrower_promises(self, borrower: str, *, on: str | None = None, known_on: str | None = None) -> dict[str, Any]:
        """A borrower's promises, judged by the money that came."""
        return self._ask("GET", f"/v1/borrowers/{id_of(borrower)}/promises", {"on": on, "known_on": known_on}, {})

    def promise_withdraw(self, borrower: str, of: str, body: PromiseWithdrawAsked, *, dry_run: bool | None = None, propose: bool | None = None, seen: str | None = None, despite: bool | None = None, on: str | None = None, known_on: str | None = None, key: str = "") -> dict[str, Any]:
        """A promise no longer stands, by agreement."""
        return self._ask("POST", f"/v1/borrowers/{id_of(borrower)}/promises/{id_of(of)}/withdrawal", {"dry_run": dry_run, "propose": propose, "seen": seen, "despite": despite, "on": on, "known_on": known_on}, {"Idempotency-Key": key}, body=body)

    def get_borrower_retention(self, borrower: str, *, on: str | None = None, known_on: str | None = None) -> dict[str, Any]:
        """Until when what tells of a borrower is kept, by which rules, and what stands against a purge."""
        return self._ask("GET", f"/v1/borrowers/{id_of(borrower)}/retention", {"on": on, "known_on": known_on}, {})

    def post_borrower_reveals(self, borrower: str, body: RevealAsked, *, on: str | None = None, known_on: str | None = None) -> dict[str, Any]:
        """Show a masked field of a borrower to whoever needs it; who, which field and why stay on record."""
        return self._ask("POST", f"/v1/borrowers/{id_of(borrower)}/reveals", {"on": on, "known_on": known_on}, {}, body=body)

    def get_borrower_scores(self, borrower: str, *, on: str | None = None, known_on: str | None = None) -> dict[str, Any]:
        """Why a borrower stands where the models put them: band, reasons, what would change it."""
        return self._ask("GET", f"/v1/borrowers/{id_of(borrower)}/scores", {"on": on, "known_on": known_on}, {})

    def get_borrower_standing(self, borrower: str, *, on: str | None = None, known_on: str | None = None) -> dict[str, Any]:
        """Where a borrower stands: what is owed, shown and barred, by which rule, and what lifts it."""
        return self._ask("GET", f"/v1/borrowers/{id_of(borrower)}/standing", {"on": on, "known_on": known_on}, {})

    def get_borrower_story(self, borrower: str, *, brief: bool | None = None, on: str | None = None, known_on: str | None = None) -> dict[str, Any]:
        """Every day on which something happened to a borrower; long numbers within show their last digits."""
        return self._ask("GET", f"/v1/borrowers/{id_of(borrower)}/story", {"brief": brief, "on": on, "known_on": known_on}, {})

    def contact_name_person(self, borrower: str, body: ContactNamePersonAsked, *, dry_run: bool | None = None, propose: bool | None = None, seen: str | None = None, despite: bool | None = None, on: str | None = None, known_on: str | None = None, key: str = "") -> dict[str, Any]:
        """The borrower named a person through whom to be found."""
        return self._ask("POST", f"/v1/borrowers/{id_of(borrower)}/third-persons", {"dry_run": dry_run, "propose": propose, "seen": seen, "despite": despite, "on": on, "known_on": known_on}, {"Idempotency-Key": key}, body=body)

    def contact_refuse_person(self, borrower: str, who: str, body: ContactRefusePersonAsked | None = None, *, dry_run: bool | None = None, propose: bool | None = None, seen: str | None = None, despite: bool | None = None, on: str | None = None, known_on: str | None = None, key: str = "") -> dict[str, Any]:
        """A third person asked to be left alone."""
        return self._ask("POST", f"/v1/borrowers/{id_of(borrower)}/third-persons/{id_of(who)}/refusal", {"dry_run": dry_run, "propose": propose, "seen": seen, "despite": despite, "on": on, "known_on": known_on}, {"Idempotency-Key": key}, body=body)

    def contact_ask_person(self, borrower: str, who: str, body: ContactAskPersonAsked, *, dry_run: bool | None = None, propose: bool | None = None, seen: str | None = None, despite: bool | None = None, on: str | None = None, known_on: str | None = None, key: str = "") -> dict[str, Any]:
        """Ask a person whom the borrower named to pass on a request to call."""
        return self._ask("POST", f"/v1/borrowers/{id_of(borrower)}/third-persons/{id_of(who)}/requests", {"dry_run": dry_run, "propose": propose, "seen": seen, "despite": despite, "on": on, "known_on": known_on}, {"Idempotency-Key": key}, body=body)

    def vulnerability_flag(self, borrower: str, body: VulnerabilityFlagAsked, *, dry_run: bool | None = None, propose: bool | None = None, seen: str | None = None, despite: bool | None = None, on: str | None = None, known_on: str | None = None, key: str = "") -> dict[str, Any]:
        """Flag a borrower as vulnerable."""
        return self._ask("POST", f"/v1/borrowers/{id_of(borrower)}/vulnerability-flags", {"dry_run": dry_run, "propose": propose, "seen": seen, "despite": despite, "on": on, "known_on": known_on}, {"Idempotency-Key": key}, body=body)

    def vulnerability_clear(self, borrower: str, of: str, body: VulnerabilityClearAsked, *, dry_run: bool | None = None, propose: bool | None = None, seen: str | None = None, despite: bool | None = None, on: str | None = None, known_on: str | None = None, key: str = "") -> dict[str, Any]:
        """A flag no longer holds."""
        return self._ask("POST", f"/v1/borrowers/{id_of(borrower)}/vulnerability-flags/{id_of(of)}/clearing", {"dry_run": dry_run, "propose": propose, "seen": seen, "despite": despite, "on": on, "known_on": known_on}, {"Idempotency-Key": key}, body=body)

    def vulnerability_read(self, borrower: str, body: VulnerabilityReadAsked, *, dry_run: bool | None = None, propose: bool | None = None, seen: str | None = None, despite: bool | None = None, on: str | None = None, known_on: str | None = None, key: str = "") -> dict[str, Any]:
        """Read a borrower's flags; the reading is kept."""
        return self._ask("POST", f"/v1/borrowers/{id_of(borrower)}/vulnerability-readings", {"dry_run": dry_run, "propose": propose, "seen": seen, "despite": despite, "on": on, "known_on": known_on}, {"Idempotency-Key": key}, body=body)

    def contact_wrap_up(self, borrower: str, body: ContactWrapUpAsked, *, dry_run: bool | None = None, propose: bool | None = None, seen: str | None = None, despite: bool | None = None, on: str | None = None, known_on: str | None = None, key: str = "") -> dict[str, Any]:
        """End a conversation: outcome, promise, hold, call-back and note in one act."""
        return self._ask("POST", f"/v1/borrowers/{id_of(borrower)}/wrap-ups", {"dry_run": dry_run, "propose": propose, "seen": seen, "despite": despite, "on": on, "known_on": known_on}, {"Idempotency-Key": key}, body=body)

    def breathing_space_end(self, of: str, body: BreathingSpaceEndAsked | None = None, *, dry_run: bool | None = None, propose: bool | None = None, seen: str | None = None, despite: bool | None = None, on: str | None = None, known_on: str | None = None, key: str = "") -> dict[str, Any]:
        """End a breathing space."""
        return self._ask("POST", f"/v1/breathing-spaces/{id_of(of)}/end", {"dry_run": dry_run, "propose": propose, "seen": seen, "despite": despite, "on": on, "known_on": known_on}, {"Idempotency-Key": key}, body=body)

    def get_bureau_months(self, bureau: str, *, on: str | None = None, known_on: str | None = None) -> dict[str, Any]:
        """The months that were furnished to a bureau."""
        return self._ask("GET", f"/v1/bureaus/{id_of(bureau)}/months", {"on": on, "known_on": known_on}, {})

    def post_bureau_month_furnishings(self, bureau: str, month_end: str, body: FurnishAsked, *, on: str | None = None, known_on: str | None = None, key: str = "") -> dict[str, Any]:
        """Furnish a month to a bureau: only what was not told yet, or is reckoned otherwise by now."""
        return self._ask("POST", f"/v1/bureaus/{id_of(bureau)}/months/{id_of(month_end)}/furnishings", {"on": on, "known_on": known_on}, {"Idempotency-Key": key}, body=body)

    def post_bureau_month_previews(self, bureau: str, month_end: str, body: FurnishAsked, *, on: str | None = None, known_on: str | None = None, key: str = "") -> dict[str, Any]:
        """What furnishing a month would tell: what is new, changed and why, closed, held back; nothing is told. The rows to be looked at first are in the job's result, all of them in its file (CSV)."""
        return self._ask("POST", f"/v1/bureaus/{id_of(bureau)}/months/{id_of(month_end)}/previews", {"on": on, "known_on": known_on}, {"Idempotency-Key": key}, body=body)

    def post_bureau_month_rejections(self, bureau: str, month_end: str, content: bytes, *, dry_run: bool | None = None, on: str | None = None, known_on: str | None = None, key: str = "") -> dict[str, Any]:
        """Take a bureau's answer for the month that ends on a day: each row it did not take is a fact and a task."""
        return self._ask("POST", f"/v1/bureaus/{id_of(bureau)}/months/{id_of(month_end)}/rejections", {"dry_run": dry_run, "on": on, "known_on": known_on}, {"Idempotency-Key": key}, content=content)

    def get_bureau_rejections(self, bureau: str, *, on: str | None = None, known_on: str | None = None) -> dict[str, Any]:
        """The lines that a bureau did not take: the reason, what mends each, and whether it went out again."""
        return self._ask("GET", f"/v1/bureaus/{id_of(bureau)}/rejections", {"on": on, "known_on": known_on}, {})

    def get_business_date(self, *, on: str | None = None, known_on: str | None = None) -> dict[str, Any]:
        """The day of the book, and whether its clock is one for tests."""
        return self._ask("GET", "/v1/business-date", {"on": on, "known_on": known_on}, {})

    def get_case(self, borrower: str, *, on: str | None = None, known_on: str | None = None) -> dict[str, Any]:
        """A borrower's case: what is owed, what may be done now and why not, what happened; `seen` marks its state."""
        return self._ask("GET", f"/v1/cases/{id_of(borrower)}", {"on": on, "known_on": known_on}, {})

    def case_assign(self, borrower: str, body: CaseAssignAsked, *, dry_run: bool | None = None, propose: bool | None = None, seen: str | None = None, despite: bool | None = None, on: str | None = None, known_on: str | None = None, key: str = "") -> dict[str, Any]:
        """Give a borrower's case to a person."""
        return self._ask("POST", f"/v1/cases/{id_of(borrower)}/assignment", {"dry_run": dry_run, "propose": propose, "seen": seen, "despite": despite, "on": on, "known_on": known_on}, {"Idempotency-Key": key}, body=body)

    def case_call_back(self, borrower: str, body: CaseCallBackAsked, *, dry_run: bool | None = None, propose: bool | None = None, seen: str | None = None, despite: bool | None = None, on: str | None = None, known_on: str | None = None, key: str = "") -> dict[str, Any]:
        """The borrower asked to be called back."""
        return self._ask("POST", f"/v1/cases/{id_of(borrower)}/call-backs", {"dry_run": dry_run, "propose": propose, "seen": seen, "despite": despite, "on": on, "known_on": known_on}, {"Idempotency-Key": key}, body=body)

    def case_hand_back(self, borrower: str, body: CaseHandBackAsked | None = None, *, dry_run: bool | None = None, propose: bool | None = None, seen: str | None = None, despite: bool | None = None, on: str | None = None, known_on: str | None = None, key: str = "") -> dict[str, Any]:
        """Hand a case of one's own back: it is free again."""
        return self._ask("POST", f"/v1/cases/{id_of(borrower)}/handing-back", {"dry_run": dry_run, "propose": propose, "seen": seen, "despite": despite, "on": on, "known_on": known_on}, {"Idempotency-Key": key}, body=body)

    def ladder_leave_out(self, borrower: str, body: LadderLeaveOutAsked, *, dry_run: bool | None = None, propose: bool | None = None, seen: str | None = None, despite: bool | None = None, on: str | None = None, known_on: str | None = None, key: str = "") -> dict[str, Any]:
        """Leave a step of the ladder out for a borrower, in this episode of arrears."""
        return self._ask("POST", f"/v1/cases/{id_of(borrower)}/left-out-steps", {"dry_run": dry_run, "propose": propose, "seen": seen, "despite": despite, "on": on, "known_on": known_on}, {"Idempotency-Key": key}, body=body)

    def get_case_next_acts(self, borrower: str, *, on: str | None = None, known_on: str | None = None) -> dict[str, Any]:
        """What to do next with a borrower, the best first, with the reasons."""
        return self._ask("GET", f"/v1/cases/{id_of(borrower)}/next-acts", {"on": on, "known_on": known_on}, {})

    def case_note(self, borrower: str, body: CaseNoteAsked, *, dry_run: bool | None = None, propose: bool | None = None, seen: str | None = None, despite: bool | None = None, on: str | None = None, known_on: str | None = None, key: str = "") -> dict[str, Any]:
        """Write a note on a borrower's case."""
        return self._ask("POST", f"/v1/cases/{id_of(borrower)}/notes", {"dry_run": dry_run, "propose": propose, "seen": seen, "despite": despite, "on": on, "known_on": known_on}, {"Idempotency-Key": key}, body=body)

    def case_take(self, borrower: str, body: CaseTakeAsked | None = None, *, dry_run: bool | None = None, propose: bool | None = None, seen: str | None = None, despite: bool | None = None, on: str | None = None, known_on: str | None = None, key: str = "") -> dict[str, Any]:
        """Take a free case: whoever asks works it from now on."""
        return self._ask("POST", f"/v1/cases/{id_of(borrower)}/taking", {"dry_run": dry_run, "propose": propose, "seen": seen, "despite": despite, "on": on, "known_on": known_on}, {"Idempotency-Key": key}, body=body)

    def get_cash(self, *, first: str | None = None, last: str | None = None, by: Literal["day", "month"] | None = None, format: Literal["json", "csv"] | None = None, on: str | None = None, known_on: str | None = None) -> dict[str, Any]:
        """What came in and where it went: by component and bucket, unapplied, refunded; it adds up to the journal. Of the year up to the last closed day where no days are named."""
        return self._ask("GET", "/v1/cash", {"first": first, "last": last, "by": by, "format": format, "on": on, "known_on": known_on}, {})

    def get_channels(self, *, on: str | None = None, known_on: str | None = None) -> dict[str, Any]:
        """Every channel: by what it sends, what came of the last 24 hours, whether it can be tried."""
        return self._ask("GET", "/v1/channels", {"on": on, "known_on": known_on}, {})

    def post_channel_tests(self, channel: str, body: ChannelTried, *, on: str | None = None, known_on: str | None = None, key: str = "") -> dict[str, Any]:
        """Send a test message through a channel to one's own address; who did is on record. Ten an hour."""
        return self._ask("POST", f"/v1/channels/{id_of(channel)}/tests", {"on": on, "known_on": known_on}, {"Idempotency-Key": key}, body=body)

    def get_choices(self, *, on: str | None = None, known_on: str | None = None) -> dict[str, Any]:
        """What was chosen among the steps that the ladders allowed a day, over the whole book, and by what."""
        return self._ask("GET", "/v1/choices", {"on": on, "known_on": known_on}, {})

    def get_classification(self, *, jurisdiction: str | None = None, on: str | None = None, known_on: str | None = None) -> dict[str, Any]:
        """How many loans of a place are in each class, what is outstanding of them, the expected loss by IFRS 9."""
        return self._ask("GET", "/v1/classification", {"jurisdiction": jurisdiction, "on": on, "known_on": known_on}, {})

    def post_closes(self, body: CloseAsked, *, on: str | None = None, known_on: str | None = None, key: str = "") -> dict[str, Any]:
        """Close all days up to one."""
        return self._ask("POST", "/v1/closes", {"on": on, "known_on": known_on}, {"Idempotency-Key": key}, body=body)

    def get_complaints(self, *, borrower: str | None = None, answered: bool | None = None, on: str | None = None, known_on: str | None = None) -> dict[str, Any]:
        """Complaints with their clocks, the one to be answered first on top; `answered`: those that were too."""
        return self._ask("GET", "/v1/complaints", {"borrower": borrower, "answered": answered, "on": on, "known_on": known_on}, {})

    def complaint_answer(self, of: str, body: ComplaintAnswerAsked, *, dry_run: bool | None = None, propose: bool | None = None, seen: str | None = None, despite: bool | None = None, on: str | None = None, known_on: str | None = None, key: str = "") -> dict[str, Any]:
        """Answer a complaint in writing."""
        return self._ask("POST", f"/v1/complaints/{id_of(of)}/answer", {"dry_run": dry_run, "propose": propose, "seen": seen, "despite": despite, "on": on, "known_on": known_on}, {"Idempotency-Key": key}, body=body)

    def get_contact_rules(self, *, jurisdiction: str | None = None, on: str | None = None, known_on: str | None = None) -> dict[str, Any]:
        """The contact rules that bind on a day, and those announced; status, source and how certain each is."""
        return self._ask("GET", "/v1/contact-rules", {"jurisdiction": jurisdiction, "on": on, "known_on": known_on}, {})

    def get_days(self, *, limit: int | None = None, after: str | None = None, on: str | None = None, known_on: str | None = None) -> dict[str, Any]:
        """Days that were closed, the newest first: contracts signed = closed + excepted."""
        return self._ask("GET", "/v1/days", {"limit": limit, "after": after, "on": on, "known_on": known_on}, {})

    def get_day(self, day: str, *, on: str | None = None, known_on: str | None = None) -> dict[str, Any]:
        """One closed day: its proof, and the loans that could not be reckoned with the reason."""
        return self._ask("GET", f"/v1/days/{id_of(day)}", {"on": on, "known_on": known_on}, {})

    def post_day_decision(self, day: str, *, on: str | None = None, known_on: str | None = None, key: str = "") -> dict[str, Any]:
        """Decide a day."""
        return self._ask("POST", f"/v1/days/{id_of(day)}/decision", {"on": on, "known_on": known_on}, {"Idempotency-Key": key})

    def post_day_run(self, day: str, *, on: str | None = None, known_on: str | None = None, key: str = "") -> dict[str, Any]:
        """Begin a day: close the day before, watch plans, restore lines, decide, propose."""
        return self._ask("POST", f"/v1/days/{id_of(day)}/run", {"on": on, "known_on": known_on}, {"Idempotency-Key": key})

    def debit_file(self, body: DebitFileAsked, *, dry_run: bool | None = None, propose: bool | None = None, seen: str | None = None, despite: bool | None = None, on: str | None = None, known_on: str | None = None, key: str = "") -> dict[str, Any]:
        """Put the debits that wait into a bank file."""
        return self._ask("POST", "/v1/debit-files", {"dry_run": dry_run, "propose": propose, "seen": seen, "despite": despite, "on": on, "known_on": known_on}, {"Idempotency-Key": key}, body=body)

    def get_debit_files(self, *, on: str | None = None, known_on: str | None = None) -> dict[str, Any]:
        """The files in which debits of the last weeks left: how many of how much, and what was heard of them."""
        return self._ask("GET", "/v1/debit-files", {"on": on, "known_on": known_on}, {})

    def post_debit_file_copies(self, file: str, body: CopyAsked, *, on: str | None = None, known_on: str | None = None) -> dict[str, Any]:
        """A file of debits as it was filed, to the byte; who had it is on record. Nothing is sent again."""
        return self._ask("POST", f"/v1/debit-files/{id_of(file)}/copies", {"on": on, "known_on": known_on}, {}, body=body)

    def debit_presume_paid(self, body: DebitPresumePaidAsked, *, dry_run: bool | None = None, propose: bool | None = None, seen: str | None = None, despite: bool | None = None, on: str | None = None, known_on: str | None = None, key: str = "") -> dict[str, Any]:
        """Count debits that were filed and never answered as paid."""
        return self._ask("POST", "/v1/debit-presumptions", {"dry_run": dry_run, "propose": propose, "seen": seen, "despite": despite, "on": on, "known_on": known_on}, {"Idempotency-Key": key}, body=body)

    def post_debit_questions(self, body: BankAsked, *, on: str | None = None, known_on: str | None = None, key: str = "") -> dict[str, Any]:
        """Ask the gateway what became of debits of which nothing was heard; nothing is sent again."""
        return self._ask("POST", "/v1/debit-questions", {"on": on, "known_on": known_on}, {"Idempotency-Key": key}, body=body)

    def post_debit_results(self, content: bytes, *, name: str | None = None, on: str | None = None, known_on: str | None = None, key: str = "") -> dict[str, Any]:
        """Take a bank's results of debits (pain.002, camt.054, NACHA returns, CSV)."""
        return self._ask("POST", "/v1/debit-results", {"name": name, "on": on, "known_on": known_on}, {"Idempotency-Key": key}, content=content)

    def debit_result(self, body: DebitResultAsked, *, dry_run: bool | None = None, propose: bool | None = None, seen: str | None = None, despite: bool | None = None, on: str | None = None, known_on: str | None = None, key: str = "") -> dict[str, Any]:
        """Tell what the bank said of one debit."""
        return self._ask("POST", "/v1/debits/results", {"dry_run": dry_run, "propose": propose, "seen": seen, "despite": despite, "on": on, "known_on": known_on}, {"Idempotency-Key": key}, body=body)

    def dispute_open(self, body: DisputeOpenAsked, *, dry_run: bool | None = None, propose: bool | None = None, seen: str | None = None, despite: bool | None = None, on: str | None = None, known_on: str | None = None, key: str = "") -> dict[str, Any]:
        """A borrower says that what was furnished is wrong."""
        return self._ask("POST", "/v1/disputes", {"dry_run": dry_run, "propose": propose, "seen": seen, "despite": despite, "on": on, "known_on": known_on}, {"Idempotency-Key": key}, body=body)

    def get_disputes(self, *, answered: bool | None = None, on: str | None = None, known_on: str | None = None) -> dict[str, Any]:
        """The disputes that stand on a day with their clocks, the nearest first."""
        return self._ask("GET", "/v1/disputes", {"answered": answered, "on": on, "known_on": known_on}, {})

    def dispute_decide(self, of: str, body: DisputeDecideAsked, *, dry_run: bool | None = None, propose: bool | None = None, seen: str | None = None, despite: bool | None = None, on: str | None = None, known_on: str | None = None, key: str = "") -> dict[str, Any]:
        """Answer a dispute as the book reckons."""
        return self._ask("POST", f"/v1/disputes/{id_of(of)}/decision", {"dry_run": dry_run, "propose": propose, "seen": seen, "despite": despite, "on": on, "known_on": known_on}, {"Idempotency-Key": key}, body=body)

    def dispute_disagree(self, of: str, body: DisputeDisagreeAsked, *, dry_run: bool | None = None, propose: bool | None = None, seen: str | None = None, despite: bool | None = None, on: str | None = None, known_on: str | None = None, key: str = "") -> dict[str, Any]:
        """The borrower does not agree with an answer."""
        return self._ask("POST", f"/v1/disputes/{id_of(of)}/disagreement", {"dry_run": dry_run, "propose": propose, "seen": seen, "despite": despite, "on": on, "known_on": known_on}, {"Idempotency-Key": key}, body=body)

    def dispute_notified(self, of: str, body: DisputeNotifiedAsked, *, dry_run: bool | None = None, propose: bool | None = None, seen: str | None = None, despite: bool | None = None, on: str | None = None, known_on: str | None = None, key: str = "") -> dict[str, Any]:
        """A party was told of the answer."""
        return self._ask("POST", f"/v1/disputes/{id_of(of)}/notifications", {"dry_run": dry_run, "propose": propose, "seen": seen, "despite": despite, "on": on, "known_on": known_on}, {"Idempotency-Key": key}, body=body)

    def dispute_evidence(self, of: str, body: DisputeEvidenceAsked, *, dry_run: bool | None = None, propose: bool | None = None, seen: str | None = None, despite: bool | None = None, on: str | None = None, known_on: str | None = None, key: str = "") -> dict[str, Any]:
        """A document to a dispute."""
        return self._ask("POST", f"/v1/disputes/{id_of(of)}/papers", {"dry_run": dry_run, "propose": propose, "seen": seen, "despite": despite, "on": on, "known_on": known_on}, {"Idempotency-Key": key}, body=body)

    def get_dispute(self, reference: str, *, on: str | None = None, known_on: str | None = None) -> dict[str, Any]:
        """A dispute as it stands."""
        return self._ask("GET", f"/v1/disputes/{id_of(reference)}", {"on": on, "known_on": known_on}, {})

    def post_drains(self, body: DrainAsked, *, on: str | None = None, known_on: str | None = None, key: str = "") -> dict[str, Any]:
        """Send what is due to leave."""
        return self._ask("POST", "/v1/drains", {"on": on, "known_on": known_on}, {"Idempotency-Key": key}, body=body)

    def get_events(self, *, after: str | None = None, limit: int | None = None, thin: bool | None = None, on: str | None = None, known_on: str | None = None) -> dict[str, Any]:
        """The log of what was done, without gaps: `next` goes on where this page ends, also when it was empty."""
        return self._ask("GET", "/v1/events", {"after": after, "limit": limit, "thin": thin, "on": on, "known_on": known_on}, {})

    def get_exports(self, *, on: str | None = None, known_on: str | None = None) -> dict[str, Any]:
        """One's own exports, the newest first: what, how many rows, whether a second person has agreed."""
        return self._ask("GET", "/v1/exports", {"on": on, "known_on": known_on}, {})

    def post_exports(self, body: ExportAsked, *, on: str | None = None, known_on: str | None = None, key: str = "") -> dict[str, Any]:
        """Take the book, tables of it or a list out, as an archive; the whole book can be brought in again. Ten an hour. What names anybody is had when a second person agreed to the very file."""
        return self._ask("POST", "/v1/exports", {"on": on, "known_on": known_on}, {"Idempotency-Key": key}, body=body)

    def get_export_file(self, export: str, *, link: str | None = None, on: str | None = None, known_on: str | None = None) -> dict[str, Any]:
        """The file of an export, by its link; that it was had stands on record with its digest and its rows."""
        return self._ask("GET", f"/v1/exports/{id_of(export)}/file", {"link": link, "on": on, "known_on": known_on}, {})

    def post_export_links(self, export: str, *, on: str | None = None, known_on: str | None = None) -> dict[str, Any]:
        """An address of the file, good for an hour and for who asks alone."""
        return self._ask("POST", f"/v1/exports/{id_of(export)}/links", {"on": on, "known_on": known_on}, {})

    def repayment_reverse(self, of: str, body: RepaymentReverseAsked, *, dry_run: bool | None = None, propose: bool | None = None, seen: str | None = None, despite: bool | None = None, on: str | None = None, known_on: str | None = None, key: str = "") -> dict[str, Any]:
        """Take a repayment, or another fact, back: it was never there."""
        return self._ask("POST", f"/v1/facts/{id_of(of)}/reversal", {"dry_run": dry_run, "propose": propose, "seen": seen, "despite": despite, "on": on, "known_on": known_on}, {"Idempotency-Key": key}, body=body)

    def file_purge(self, body: FilePurgeAsked | None = None, *, dry_run: bool | None = None, propose: bool | None = None, seen: str | None = None, despite: bool | None = None, on: str | None = None, known_on: str | None = None, key: str = "") -> dict[str, Any]:
        """Purge files of jobs whose time is over, with a certificate."""
        return self._ask("POST", "/v1/file-purges", {"dry_run": dry_run, "propose": propose, "seen": seen, "despite": despite, "on": on, "known_on": known_on}, {"Idempotency-Key": key}, body=body)

    def get_hardships(self, *, decided: bool | None = None, on: str | None = None, known_on: str | None = None) -> dict[str, Any]:
        """Applications of all borrowers, the one to be decided first on top; `decided`: those that were too."""
        return self._ask("GET", "/v1/hardships", {"decided": decided, "on": on, "known_on": known_on}, {})

    def hardship_decide(self, of: str, body: HardshipDecideAsked | None = None, *, dry_run: bool | None = None, propose: bool | None = None, seen: str | None = None, despite: bool | None = None, on: str | None = None, known_on: str | None = None, key: str = "") -> dict[str, Any]:
        """Grant or refuse an application for hardship."""
        return self._ask("POST", f"/v1/hardships/{id_of(of)}/decision", {"dry_run": dry_run, "propose": propose, "seen": seen, "despite": despite, "on": on, "known_on": known_on}, {"Idempotency-Key": key}, body=body)

    def get_import_maps(self, *, on: str | None = None, known_on: str | None = None) -> dict[str, Any]:
        """How files of other systems are read, as was kept last of each."""
        return self._ask("GET", "/v1/import-maps", {"on": on, "known_on": known_on}, {})

    def book_keep_map(self, system: str, body: BookKeepMapAsked, *, dry_run: bool | None = None, propose: bool | None = None, seen: str | None = None, despite: bool | None = None, on: str | None = None, known_on: str | None = None, key: str = "") -> dict[str, Any]:
        """Keep how files of another system are read."""
        return self._ask("POST", f"/v1/import-maps/{id_of(system)}", {"dry_run": dry_run, "propose": propose, "seen": seen, "despite": despite, "on": on, "known_on": known_on}, {"Idempotency-Key": key}, body=body)

    def get_imports(self, *, on: str | None = None, known_on: str | None = None) -> dict[str, Any]:
        """The newest 50 imports, each with its last check."""
        return self._ask("GET", "/v1/imports", {"on": on, "known_on": known_on}, {})

    def post_imports(self, content: bytes, *, mode: Literal["check", "load"] | None = None, name: str | None = None, system: str | None = None, as_of: str | None = None, on: str | None = None, known_on: str | None = None, key: str = "") -> dict[str, Any]:
        """Send a book: a .zip of CSV or Parquet files, or one file with its name. `check` says what it would come to and keeps nothing of it in the book until it is confirmed; `load` brings it in at once, refused rows alone left out."""
        return self._ask("POST", "/v1/imports", {"mode": mode, "name": name, "system": system, "as_of": as_of, "on": on, "known_on": known_on}, {"Idempotency-Key": key}, content=content)

    def import_finish_row(self, number: str, body: ImportFinishRowAsked, *, dry_run: bool | None = None, propose: bool | None = None, seen: str | None = None, despite: bool | None = None, on: str | None = None, known_on: str | None = None, key: str = "") -> dict[str, Any]:
        """A row that an import refused is done with."""
        return self._ask("POST", f"/v1/imports/refusals/{id_of(number)}/done", {"dry_run": dry_run, "propose": propose, "seen": seen, "despite": despite, "on": on, "known_on": known_on}, {"Idempotency-Key": key}, body=body)

    def get_import(self, name: str, *, on: str | None = None, known_on: str | None = None) -> dict[str, Any]:
        """One import: its files, how they are read, its last check, who confirmed it, its jobs."""
        return self._ask("GET", f"/v1/imports/{id_of(name)}", {"on": on, "known_on": known_on}, {})

    def post_import_checks(self, name: str, body: CheckAsked, *, on: str | None = None, known_on: str | None = None, key: str = "") -> dict[str, Any]:
        """Check what was sent once more, read by another map. The same while it runs: the same job."""
        return self._ask("POST", f"/v1/imports/{id_of(name)}/checks", {"on": on, "known_on": known_on}, {"Idempotency-Key": key}, body=body)

    def book_confirm_import(self, name: str, body: BookConfirmImportAsked, *, dry_run: bool | None = None, propose: bool | None = None, seen: str | None = None, despite: bool | None = None, on: str | None = None, known_on: str | None = None, key: str = "") -> dict[str, Any]:
        """Bring in files that were sent, as their last check found them."""
        return self._ask("POST", f"/v1/imports/{id_of(name)}/confirmation", {"dry_run": dry_run, "propose": propose, "seen": seen, "despite": despite, "on": on, "known_on": known_on}, {"Idempotency-Key": key}, body=body)

    def get_import_disagreements(self, name: str, *, after: int | None = None, limit: int | None = None, format: Literal["json", "csv"] | None = None, on: str | None = None, known_on: str | None = None) -> dict[str, Any]:
        """Figures of which the old system says otherwise: both, and theirs less ours (days, or fen)."""
        return self._ask("GET", f"/v1/imports/{id_of(name)}/disagreements", {"after": after, "limit": limit, "format": format, "on": on, "known_on": known_on}, {})

    def get_import_refusals(self, name: str, *, after: int | None = None, limit: int | None = None, format: Literal["json", "csv"] | None = None, on: str | None = None, known_on: str | None = None) -> dict[str, Any]:
        """Rows that would be refused: file, row, column, value, what is wrong, what to do."""
        return self._ask("GET", f"/v1/imports/{id_of(name)}/refusals", {"after": after, "limit": limit, "format": format, "on": on, "known_on": known_on}, {})

    def get_jobs(self, *, on: str | None = None, known_on: str | None = None) -> dict[str, Any]:
        """The newest 50 jobs."""
        return self._ask("GET", "/v1/jobs", {"on": on, "known_on": known_on}, {})

    def get_job(self, job: str, *, on: str | None = None, known_on: str | None = None) -> dict[str, Any]:
        """One job: how far it is, and what it came to."""
        return self._ask("GET", f"/v1/jobs/{id_of(job)}", {"on": on, "known_on": known_on}, {})

    def delete_job(self, job: str, *, on: str | None = None, known_on: str | None = None) -> dict[str, Any]:
        """Ask a job to stop at its next safe point."""
        return self._ask("DELETE", f"/v1/jobs/{id_of(job)}", {"on": on, "known_on": known_on}, {})

    def get_job_events(self, job: str, *, last_event_id: str = "") -> Iterator[StreamEvent]:
        """What a job tells as it goes (server-sent events); `Last-Event-ID` goes on where a broken line stopped."""
        return self._stream("GET", f"/v1/jobs/{id_of(job)}/events", {}, {"last-event-id": last_event_id})

    def get_job_file(self, job: str, *, on: str | None = None, known_on: str | None = None) -> dict[str, Any]:
        """The file that a job made."""
        return self._ask("GET", f"/v1/jobs/{id_of(job)}/file", {"on": on, "known_on": known_on}, {})

    def file_release(self, job: str, body: FileReleaseAsked, *, dry_run: bool | None = None, propose: bool | None = None, seen: str | None = None, despite: bool | None = None, on: str | None = None, known_on: str | None = None, key: str = "") -> dict[str, Any]:
        """Let a bureau's month, or a book taken out, leave."""
        return self._ask("POST", f"/v1/jobs/{id_of(job)}/release", {"dry_run": dry_run, "propose": propose, "seen": seen, "despite": despite, "on": on, "known_on": known_on}, {"Idempotency-Key": key}, body=body)

    def get_journal_entries(self, *, limit: int | None = None, after: str | None = None, on: str | None = None, known_on: str | None = None) -> dict[str, Any]:
        """Every entry of the journal, in the order of posting."""
        return self._ask("GET", "/v1/journal/entries", {"limit": limit, "after": after, "on": on, "known_on": known_on}, {})

    def get_journal_export(self, *, format: Literal["beancount", "hledger"] | None = None, on: str | None = None, known_on: str | None = None) -> dict[str, Any]:
        """The whole journal as plain text, a transaction at a time; each sums to zero."""
        return self._ask("GET", "/v1/journal/export", {"format": format, "on": on, "known_on": known_on}, {})

    def get_kept_reports(self, *, limit: int | None = None, on: str | None = None, known_on: str | None = None) -> dict[str, Any]:
        """The portfolio reports that were made, the newest first: of which day, as known when, with their digest."""
        return self._ask("GET", "/v1/kept-reports", {"limit": limit, "on": on, "known_on": known_on}, {})

    def get_kept_report(self, report: str, *, table: Literal["", "summary", "ageing", "roll", "vintage", "expected"] | None = None, format: Literal["json", "csv", "parquet", "html"] | None = None, on: str | None = None, known_on: str | None = None) -> dict[str, Any]:
        """A report as it was made, whatever came since; in the forms of `/v1/reports/portfolio`."""
        return self._ask("GET", f"/v1/kept-reports/{id_of(report)}", {"table": table, "format": format, "on": on, "known_on": known_on}, {})

    def get_keys(self, *, on: str | None = None, known_on: str | None = None) -> dict[str, Any]:
        """All keys; the secrets are nowhere."""
        return self._ask("GET", "/v1/keys", {"on": on, "known_on": known_on}, {})

    def post_keys(self, body: KeyAsked, *, on: str | None = None, known_on: str | None = None) -> dict[str, Any]:
        """Make a key; this answer is the only one that shows it."""
        return self._ask("POST", "/v1/keys", {"on": on, "known_on": known_on}, {}, body=body)

    def delete_key(self, name: str, *, on: str | None = None, known_on: str | None = None) -> dict[str, Any]:
        """A key is good no more, from now on."""
        return self._ask("DELETE", f"/v1/keys/{id_of(name)}", {"on": on, "known_on": known_on}, {})

    def get_ladders(self, *, on: str | None = None, known_on: str | None = None) -> dict[str, Any]:
        """The ladders that come with afterloan."""
        return self._ask("GET", "/v1/ladders", {"on": on, "known_on": known_on}, {})

    def get_ladders_arms(self, *, jurisdiction: str | None = None, on: str | None = None, known_on: str | None = None) -> dict[str, Any]:
        """Champion, challengers and hold-out of a place: who cured within a month, with the interval."""
        return self._ask("GET", "/v1/ladders/arms", {"jurisdiction": jurisdiction, "on": on, "known_on": known_on}, {})

    def get_ladders_columns(self, *, on: str | None = None, known_on: str | None = None) -> dict[str, Any]:
        """The columns that a ladder's conditions may speak of."""
        return self._ask("GET", "/v1/ladders/columns", {"on": on, "known_on": known_on}, {})

    def ladder_use(self, body: LadderUseAsked, *, dry_run: bool | None = None, propose: bool | None = None, seen: str | None = None, despite: bool | None = None, on: str | None = None, known_on: str | None = None, key: str = "") -> dict[str, Any]:
        """Use a ladder for the borrowers of a place."""
        return self._ask("POST", "/v1/ladders/uses", {"dry_run": dry_run, "propose": propose, "seen": seen, "despite": despite, "on": on, "known_on": known_on}, {"Idempotency-Key": key}, body=body)

    def get_ladders_uses(self, *, on: str | None = None, known_on: str | None = None) -> dict[str, Any]:
        """The ladder of every place: its text, and whether the lender chose it or it came along."""
        return self._ask("GET", "/v1/ladders/uses", {"on": on, "known_on": known_on}, {})

    def hold_out_switch(self, ladder: str, body: HoldOutSwitchAsked, *, dry_run: bool | None = None, propose: bool | None = None, seen: str | None = None, despite: bool | None = None, on: str | None = None, known_on: str | None = None, key: str = "") -> dict[str, Any]:
        """Switch the hold-out of a ladder on or off."""
        return self._ask("POST", f"/v1/ladders/{id_of(ladder)}/hold-out", {"dry_run": dry_run, "propose": propose, "seen": seen, "despite": despite, "on": on, "known_on": known_on}, {"Idempotency-Key": key}, body=body)

    def legal_day(self, body: LegalDayAsked | None = None, *, dry_run: bool | None = None, propose: bool | None = None, seen: str | None = None, despite: bool | None = None, on: str | None = None, known_on: str | None = None, key: str = "") -> dict[str, Any]:
        """Make the ladder's wishes proposals, and what is due by law tasks."""
        return self._ask("POST", "/v1/legal-days", {"dry_run": dry_run, "propose": propose, "seen": seen, "despite": despite, "on": on, "known_on": known_on}, {"Idempotency-Key": key}, body=body)

    def legal_approve(self, proposal: str, body: LegalApproveAsked, *, dry_run: bool | None = None, propose: bool | None = None, seen: str | None = None, despite: bool | None = None, on: str | None = None, known_on: str | None = None, key: str = "") -> dict[str, Any]:
        """Approve a legal step in a role."""
        return self._ask("POST", f"/v1/legal-proposals/{id_of(proposal)}/approvals", {"dry_run": dry_run, "propose": propose, "seen": seen, "despite": despite, "on": on, "known_on": known_on}, {"Idempotency-Key": key}, body=body)

    def legal_end(self, proposal: str, body: LegalEndAsked, *, dry_run: bool | None = None, propose: bool | None = None, seen: str | None = None, despite: bool | None = None, on: str | None = None, known_on: str | None = None, key: str = "") -> dict[str, Any]:
        """Tell what came of a step."""
        return self._ask("POST", f"/v1/legal-proposals/{id_of(proposal)}/outcomes", {"dry_run": dry_run, "propose": propose, "seen": seen, "despite": despite, "on": on, "known_on": known_on}, {"Idempotency-Key": key}, body=body)

    def legal_refuse(self, proposal: str, body: LegalRefuseAsked, *, dry_run: bool | None = None, propose: bool | None = None, seen: str | None = None, despite: bool | None = None, on: str | None = None, known_on: str | None = None, key: str = "") -> dict[str, Any]:
        """Turn a proposed step down."""
        return self._ask("POST", f"/v1/legal-proposals/{id_of(proposal)}/refusal", {"dry_run": dry_run, "propose": propose, "seen": seen, "despite": despite, "on": on, "known_on": known_on}, {"Idempotency-Key": key}, body=body)

    def legal_start(self, proposal: str, body: LegalStartAsked | None = None, *, dry_run: bool | None = None, propose: bool | None = None, seen: str | None = None, despite: bool | None = None, on: str | None = None, known_on: str | None = None, key: str = "") -> dict[str, Any]:
        """Take an approved step."""
        return self._ask("POST", f"/v1/legal-proposals/{id_of(proposal)}/start", {"dry_run": dry_run, "propose": propose, "seen": seen, "despite": despite, "on": on, "known_on": known_on}, {"Idempotency-Key": key}, body=body)

    def get_legal_claims(self, *, limit: int | None = None, after: str | None = None, on: str | None = None, known_on: str | None = None) -> dict[str, Any]:
        """Every claim under way: running, with a title in force, or proposed; the longest first."""
        return self._ask("GET", "/v1/legal/claims", {"limit": limit, "after": after, "on": on, "known_on": known_on}, {})

    def get_legal_deadlines(self, *, limit: int | None = None, after: str | None = None, on: str | None = None, known_on: str | None = None) -> dict[str, Any]:
        """Deadlines and periods of law that people must keep, the one that runs out first on top."""
        return self._ask("GET", "/v1/legal/deadlines", {"limit": limit, "after": after, "on": on, "known_on": known_on}, {})

    def get_legal_proposals(self, *, limit: int | None = None, after: str | None = None, on: str | None = None, known_on: str | None = None) -> dict[str, Any]:
        """Steps and losses that wait for approval, and in which roles."""
        return self._ask("GET", "/v1/legal/proposals", {"limit": limit, "after": after, "on": on, "known_on": known_on}, {})

    def get_lesson_effect(self, name: str, *, after_days: int | None = None, on: str | None = None, known_on: str | None = None) -> dict[str, Any]:
        """What a lesson changed: those who were given it beside those who were not, with the interval."""
        return self._ask("GET", f"/v1/lessons/{id_of(name)}/effect", {"after_days": after_days, "on": on, "known_on": known_on}, {})

    def lesson_check(self, of: str, body: LessonCheckAsked, *, dry_run: bool | None = None, propose: bool | None = None, seen: str | None = None, despite: bool | None = None, on: str | None = None, known_on: str | None = None, key: str = "") -> dict[str, Any]:
        """Keep the answer to a lesson."""
        return self._ask("POST", f"/v1/lessons/{id_of(of)}/answer", {"dry_run": dry_run, "propose": propose, "seen": seen, "despite": despite, "on": on, "known_on": known_on}, {"Idempotency-Key": key}, body=body)

    def get_list(self, of: str, *, borrower: str | None = None, limit: int | None = None, on: str | None = None, known_on: str | None = None) -> dict[str, Any]:
        """One of the lists that people go through: exceptions, findings, outbox, proposals, disputes, holds, notes."""
        return self._ask("GET", f"/v1/lists/{id_of(of)}", {"borrower": borrower, "limit": limit, "on": on, "known_on": known_on}, {})

    def contract_sign(self, body: ContractSignAsked, *, dry_run: bool | None = None, propose: bool | None = None, seen: str | None = None, despite: bool | None = None, on: str | None = None, known_on: str | None = None, key: str = "") -> dict[str, Any]:
        """Record a contract that a borrower signed."""
        return self._ask("POST", "/v1/loans", {"dry_run": dry_run, "propose": propose, "seen": seen, "despite": despite, "on": on, "known_on": known_on}, {"Idempotency-Key": key}, body=body)

    def get_loans(self, *, borrower: str | None = None, product: str | None = None, where: str | None = None, sort: Literal["loan", "-loan"] | None = None, count: Literal["", "estimate", "exact"] | None = None, limit: int | None = None, after: str | None = None, on: str | None = None, known_on: str | None = None) -> dict[str, Any]:
        """Loans as they stand on a day. `where`: a ladder's condition over the columns of GET /v1/loans/columns."""
        return self._ask("GET", "/v1/loans", {"borrower": borrower, "product": product, "where": where, "sort": sort, "count": count, "limit": limit, "after": after, "on": on, "known_on": known_on}, {})

    def get_loans_columns(self, *, on: str | None = None, known_on: str | None = None) -> dict[str, Any]:
        """The columns of the list of loans, of which its conditions may speak."""
        return self._ask("GET", "/v1/loans/columns", {"on": on, "known_on": known_on}, {})

    def get_loan(self, loan: str, *, include: str | None = None, on: str | None = None, known_on: str | None = None) -> dict[str, Any]:
        """A loan: its contract and how it stands; `payoff_fen` is what ends it on the day."""
        return self._ask("GET", f"/v1/loans/{id_of(loan)}", {"include": include, "on": on, "known_on": known_on}, {})

    def legal_call_due(self, loan: str, body: LegalCallDueAsked | None = None, *, dry_run: bool | None = None, propose: bool | None = None, seen: str | None = None, despite: bool | None = None, on: str | None = None, known_on: str | None = None, key: str = "") -> dict[str, Any]:
        """Call the rest of a loan due at once."""
        return self._ask("POST", f"/v1/loans/{id_of(loan)}/acceleration", {"dry_run": dry_run, "propose": propose, "seen": seen, "despite": despite, "on": on, "known_on": known_on}, {"Idempotency-Key": key}, body=body)

    def legal_withdraw_call(self, loan: str, body: LegalWithdrawCallAsked | None = None, *, dry_run: bool | None = None, propose: bool | None = None, seen: str | None = None, despite: bool | None = None, on: str | None = None, known_on: str | None = None, key: str = "") -> dict[str, Any]:
        """A loan called due is so no longer."""
        return self._ask("POST", f"/v1/loans/{id_of(loan)}/acceleration/withdrawal", {"dry_run": dry_run, "propose": propose, "seen": seen, "despite": despite, "on": on, "known_on": known_on}, {"Idempotency-Key": key}, body=body)

    def bureau_assets_taken(self, loan: str, body: BureauAssetsTakenAsked, *, dry_run: bool | None = None, propose: bool | None = None, seen: str | None = None, despite: bool | None = None, on: str | None = None, known_on: str | None = None, key: str = "") -> dict[str, Any]:
        """Debt of a loan was settled with assets."""
        return self._ask("POST", f"/v1/loans/{id_of(loan)}/assets-taken", {"dry_run": dry_run, "propose": propose, "seen": seen, "despite": despite, "on": on, "known_on": known_on}, {"Idempotency-Key": key}, body=body)

    def get_loan_bureau(self, loan: str, *, bureau: str | None = None, on: str | None = None, known_on: str | None = None) -> dict[str, Any]:
        """What stands of a loan with a bureau, month by month."""
        return self._ask("GET", f"/v1/loans/{id_of(loan)}/bureau", {"bureau": bureau, "on": on, "known_on": known_on}, {})

    def bureau_notice_delivered(self, loan: str, body: BureauNoticeDeliveredAsked, *, dry_run: bool | None = None, propose: bool | None = None, seen: str | None = None, despite: bool | None = None, on: str | None = None, known_on: str | None = None, key: str = "") -> dict[str, Any]:
        """The notice before the first report was delivered."""
        return self._ask("POST", f"/v1/loans/{id_of(loan)}/bureau-notices", {"dry_run": dry_run, "propose": propose, "seen": seen, "despite": despite, "on": on, "known_on": known_on}, {"Idempotency-Key": key}, body=body)

    def get_loan_bureau_readings(self, loan: str, *, bureau: str | None = None, on: str | None = None, known_on: str | None = None) -> dict[str, Any]:
        """An account's months with a bureau in both readings: as they were told, and as we would tell them now."""
        return self._ask("GET", f"/v1/loans/{id_of(loan)}/bureau-readings", {"bureau": bureau, "on": on, "known_on": known_on}, {})

    def charge_make(self, loan: str, body: ChargeMakeAsked, *, dry_run: bool | None = None, propose: bool | None = None, seen: str | None = None, despite: bool | None = None, on: str | None = None, known_on: str | None = None, key: str = "") -> dict[str, Any]:
        """Charge a fee or a penalty."""
        return self._ask("POST", f"/v1/loans/{id_of(loan)}/charges", {"dry_run": dry_run, "propose": propose, "seen": seen, "despite": despite, "on": on, "known_on": known_on}, {"Idempotency-Key": key}, body=body)

    def charge_end(self, loan: str, number: str, body: ChargeEndAsked | None = None, *, dry_run: bool | None = None, propose: bool | None = None, seen: str | None = None, despite: bool | None = None, on: str | None = None, known_on: str | None = None, key: str = "") -> dict[str, Any]:
        """A charge of the product is asked for no longer."""
        return self._ask("POST", f"/v1/loans/{id_of(loan)}/charges/{id_of(number)}/end", {"dry_run": dry_run, "propose": propose, "seen": seen, "despite": despite, "on": on, "known_on": known_on}, {"Idempotency-Key": key}, body=body)

    def get_loan_classification(self, loan: str, *, on: str | None = None, known_on: str | None = None) -> dict[str, Any]:
        """The class of a loan, with findings."""
        return self._ask("GET", f"/v1/loans/{id_of(loan)}/classification", {"on": on, "known_on": known_on}, {})

    def disbursement_record(self, loan: str, body: DisbursementRecordAsked, *, dry_run: bool | None = None, propose: bool | None = None, seen: str | None = None, despite: bool | None = None, on: str | None = None, known_on: str | None = None, key: str = "") -> dict[str, Any]:
        """Record money paid out."""
        return self._ask("POST", f"/v1/loans/{id_of(loan)}/disbursements", {"dry_run": dry_run, "propose": propose, "seen": seen, "despite": despite, "on": on, "known_on": known_on}, {"Idempotency-Key": key}, body=body)

    def get_loan_entries(self, loan: str, *, limit: int | None = None, after: str | None = None, on: str | None = None, known_on: str | None = None) -> dict[str, Any]:
        """The entries of the journal that are of one loan, in the order of posting."""
        return self._ask("GET", f"/v1/loans/{id_of(loan)}/entries", {"limit": limit, "after": after, "on": on, "known_on": known_on}, {})

    def get_loan_explanation(self, loan: str, *, on: str | None = None, known_on: str | None = None) -> dict[str, Any]:
        """The loan's story line by line, with the working: why is this owed?"""
        return self._ask("GET", f"/v1/loans/{id_of(loan)}/explanation", {"on": on, "known_on": known_on}, {})

    def get_loan_findings(self, loan: str, *, limit: int | None = None, after: str | None = None, on: str | None = None, known_on: str | None = None) -> dict[str, Any]:
        """What rules found of a loan, the newest first."""
        return self._ask("GET", f"/v1/loans/{id_of(loan)}/findings", {"limit": limit, "after": after, "on": on, "known_on": known_on}, {})

    def bureau_fraud_confirmed(self, loan: str, body: BureauFraudConfirmedAsked, *, dry_run: bool | None = None, propose: bool | None = None, seen: str | None = None, despite: bool | None = None, on: str | None = None, known_on: str | None = None, key: str = "") -> dict[str, Any]:
        """What one person found a second confirms: the account was opened by somebody else."""
        return self._ask("POST", f"/v1/loans/{id_of(loan)}/fraud-confirmation", {"dry_run": dry_run, "propose": propose, "seen": seen, "despite": despite, "on": on, "known_on": known_on}, {"Idempotency-Key": key}, body=body)

    def bureau_guarantor_paid(self, loan: str, body: BureauGuarantorPaidAsked, *, dry_run: bool | None = None, propose: bool | None = None, seen: str | None = None, despite: bool | None = None, on: str | None = None, known_on: str | None = None, key: str = "") -> dict[str, Any]:
        """A guarantor paid debt of a loan."""
        return self._ask("POST", f"/v1/loans/{id_of(loan)}/guarantor-payments", {"dry_run": dry_run, "propose": propose, "seen": seen, "despite": despite, "on": on, "known_on": known_on}, {"Idempotency-Key": key}, body=body)

    def get_loan_legal(self, loan: str, *, on: str | None = None, known_on: str | None = None) -> dict[str, Any]:
        """The legal case of a loan: steps, what each still lacks, limitation."""
        return self._ask("GET", f"/v1/loans/{id_of(loan)}/legal", {"on": on, "known_on": known_on}, {})

    def get_loan_legal_bundle(self, loan: str, *, on: str | None = None, known_on: str | None = None) -> dict[str, Any]:
        """The papers and evidence of a claim in one ZIP, with the digest of each."""
        return self._ask("GET", f"/v1/loans/{id_of(loan)}/legal-bundle", {"on": on, "known_on": known_on}, {})

    def evidence_keep(self, loan: str, body: EvidenceKeepAsked, *, dry_run: bool | None = None, propose: bool | None = None, seen: str | None = None, despite: bool | None = None, on: str | None = None, known_on: str | None = None, key: str = "") -> dict[str, Any]:
        """Name a document as evidence by its digest."""
        return self._ask("POST", f"/v1/loans/{id_of(loan)}/legal-evidence", {"dry_run": dry_run, "propose": propose, "seen": seen, "despite": despite, "on": on, "known_on": known_on}, {"Idempotency-Key": key}, body=body)

    def legal_propose(self, loan: str, body: LegalProposeAsked, *, dry_run: bool | None = None, propose: bool | None = None, seen: str | None = None, despite: bool | None = None, on: str | None = None, known_on: str | None = None, key: str = "") -> dict[str, Any]:
        """Propose a legal step."""
        return self._ask("POST", f"/v1/loans/{id_of(loan)}/legal-proposals", {"dry_run": dry_run, "propose": propose, "seen": seen, "despite": despite, "on": on, "known_on": known_on}, {"Idempotency-Key": key}, body=body)

    def lesson_give(self, loan: str, body: LessonGiveAsked | None = None, *, dry_run: bool | None = None, propose: bool | None = None, seen: str | None = None, despite: bool | None = None, on: str | None = None, known_on: str | None = None, key: str = "") -> dict[str, Any]:
        """Give the lesson for what just happened."""
        return self._ask("POST", f"/v1/loans/{id_of(loan)}/lessons", {"dry_run": dry_run, "propose": propose, "seen": seen, "despite": despite, "on": on, "known_on": known_on}, {"Idempotency-Key": key}, body=body)

    def legal_interrupt(self, loan: str, body: LegalInterruptAsked, *, dry_run: bool | None = None, propose: bool | None = None, seen: str | None = None, despite: bool | None = None, on: str | None = None, known_on: str | None = None, key: str = "") -> dict[str, Any]:
        """The period of limitation began anew."""
        return self._ask("POST", f"/v1/loans/{id_of(loan)}/limitation-interruptions", {"dry_run": dry_run, "propose": propose, "seen": seen, "despite": despite, "on": on, "known_on": known_on}, {"Idempotency-Key": key}, body=body)

    def loss_propose(self, loan: str, body: LossProposeAsked, *, dry_run: bool | None = None, propose: bool | None = None, seen: str | None = None, despite: bool | None = None, on: str | None = None, known_on: str | None = None, key: str = "") -> dict[str, Any]:
        """Propose a charge-off, write-off or sale."""
        return self._ask("POST", f"/v1/loans/{id_of(loan)}/loss-proposals", {"dry_run": dry_run, "propose": propose, "seen": seen, "despite": despite, "on": on, "known_on": known_on}, {"Idempotency-Key": key}, body=body)

    def plan_offer(self, loan: str, body: PlanOfferAsked, *, dry_run: bool | None = None, propose: bool | None = None, seen: str | None = None, despite: bool | None = None, on: str | None = None, known_on: str | None = None, key: str = "") -> dict[str, Any]:
        """Offer a plan that a person chose."""
        return self._ask("POST", f"/v1/loans/{id_of(loan)}/plan-offers", {"dry_run": dry_run, "propose": propose, "seen": seen, "despite": despite, "on": on, "known_on": known_on}, {"Idempotency-Key": key}, body=body)

    def plan_search(self, loan: str, body: PlanSearchAsked, *, dry_run: bool | None = None, propose: bool | None = None, seen: str | None = None, despite: bool | None = None, on: str | None = None, known_on: str | None = None, key: str = "") -> dict[str, Any]:
        """Search plans that a borrower can afford, and offer them."""
        return self._ask("POST", f"/v1/loans/{id_of(loan)}/plan-searches", {"dry_run": dry_run, "propose": propose, "seen": seen, "despite": despite, "on": on, "known_on": known_on}, {"Idempotency-Key": key}, body=body)

    def quote_give(self, loan: str, body: QuoteGiveAsked | None = None, *, dry_run: bool | None = None, propose: bool | None = None, seen: str | None = None, despite: bool | None = None, on: str | None = None, known_on: str | None = None, key: str = "") -> dict[str, Any]:
        """Quote an early repayment for any day."""
        return self._ask("POST", f"/v1/loans/{id_of(loan)}/quotes", {"dry_run": dry_run, "propose": propose, "seen": seen, "despite": despite, "on": on, "known_on": known_on}, {"Idempotency-Key": key}, body=body)

    def rate_change(self, loan: str, body: RateChangeAsked, *, dry_run: bool | None = None, propose: bool | None = None, seen: str | None = None, despite: bool | None = None, on: str | None = None, known_on: str | None = None, key: str = "") -> dict[str, Any]:
        """Change a loan's rate from a day on."""
        return self._ask("POST", f"/v1/loans/{id_of(loan)}/rate-changes", {"dry_run": dry_run, "propose": propose, "seen": seen, "despite": despite, "on": on, "known_on": known_on}, {"Idempotency-Key": key}, body=body)

    def refund_return(self, loan: str, body: RefundReturnAsked, *, dry_run: bool | None = None, propose: bool | None = None, seen: str | None = None, despite: bool | None = None, on: str | None = None, known_on: str | None = None, key: str = "") -> dict[str, Any]:
        """A refund came back: its money waits again."""
        return self._ask("POST", f"/v1/loans/{id_of(loan)}/refund-returns", {"dry_run": dry_run, "propose": propose, "seen": seen, "despite": despite, "on": on, "known_on": known_on}, {"Idempotency-Key": key}, body=body)

    def refund_pay(self, loan: str, body: RefundPayAsked, *, dry_run: bool | None = None, propose: bool | None = None, seen: str | None = None, despite: bool | None = None, on: str | None = None, known_on: str | None = None, key: str = "") -> dict[str, Any]:
        """Give money that waits back to the borrower."""
        return self._ask("POST", f"/v1/loans/{id_of(loan)}/refunds", {"dry_run": dry_run, "propose": propose, "seen": seen, "despite": despite, "on": on, "known_on": known_on}, {"Idempotency-Key": key}, body=body)

    def repayment_take(self, loan: str, body: RepaymentTakeAsked, *, dry_run: bool | None = None, propose: bool | None = None, seen: str | None = None, despite: bool | None = None, on: str | None = None, known_on: str | None = None, key: str = "") -> dict[str, Any]:
        """Record money received for a loan."""
        return self._ask("POST", f"/v1/loans/{id_of(loan)}/repayments", {"dry_run": dry_run, "propose": propose, "seen": seen, "despite": despite, "on": on, "known_on": known_on}, {"Idempotency-Key": key}, body=body)

    def get_loan_road_map(self, loan: str, *, on: str | None = None, known_on: str | None = None) -> dict[str, Any]:
        """Ways back for a loan side by side: what each costs, and its dated milestones."""
        return self._ask("GET", f"/v1/loans/{id_of(loan)}/road-map", {"on": on, "known_on": known_on}, {})

    def road_map_keep(self, loan: str, body: RoadMapKeepAsked, *, dry_run: bool | None = None, propose: bool | None = None, seen: str | None = None, despite: bool | None = None, on: str | None = None, known_on: str | None = None, key: str = "") -> dict[str, Any]:
        """Keep the way back that a borrower chose."""
        return self._ask("POST", f"/v1/loans/{id_of(loan)}/road-map/choice", {"dry_run": dry_run, "propose": propose, "seen": seen, "despite": despite, "on": on, "known_on": known_on}, {"Idempotency-Key": key}, body=body)

    def get_loan_schedule(self, loan: str, *, on: str | None = None, known_on: str | None = None) -> dict[str, Any]:
        """The payments of a loan: what falls due when, what met it, what is left."""
        return self._ask("GET", f"/v1/loans/{id_of(loan)}/schedule", {"on": on, "known_on": known_on}, {})

    def bureau_special_transaction(self, loan: str, body: BureauSpecialTransactionAsked, *, dry_run: bool | None = None, propose: bool | None = None, seen: str | None = None, despite: bool | None = None, on: str | None = None, known_on: str | None = None, key: str = "") -> dict[str, Any]:
        """Another special transaction of a bureau's list happened on a loan."""
        return self._ask("POST", f"/v1/loans/{id_of(loan)}/special-transactions", {"dry_run": dry_run, "propose": propose, "seen": seen, "despite": despite, "on": on, "known_on": known_on}, {"Idempotency-Key": key}, body=body)

    def get_loan_statement(self, loan: str, *, format: Literal["json", "csv", "pdf"] | None = None, from_: str | None = None, to: str | None = None, on: str | None = None, known_on: str | None = None) -> dict[str, Any]:
        """The statement: each movement, the principal it leaves, on which closed day it was booked."""
        return self._ask("GET", f"/v1/loans/{id_of(loan)}/statement", {"format": format, "from": from_, "to": to, "on": on, "known_on": known_on}, {})

    def money_pass_on(self, loan: str, body: MoneyPassOnAsked, *, dry_run: bool | None = None, propose: bool | None = None, seen: str | None = None, despite: bool | None = None, on: str | None = None, known_on: str | None = None, key: str = "") -> dict[str, Any]:
        """Pass money that waits on to another loan of the borrower."""
        return self._ask("POST", f"/v1/loans/{id_of(loan)}/transfers", {"dry_run": dry_run, "propose": propose, "seen": seen, "despite": despite, "on": on, "known_on": known_on}, {"Idempotency-Key": key}, body=body)

    def charge_waive(self, loan: str, body: ChargeWaiveAsked, *, dry_run: bool | None = None, propose: bool | None = None, seen: str | None = None, despite: bool | None = None, on: str | None = None, known_on: str | None = None, key: str = "") -> dict[str, Any]:
        """Give up a part of what is owed."""
        return self._ask("POST", f"/v1/loans/{id_of(loan)}/waivers", {"dry_run": dry_run, "propose": propose, "seen": seen, "despite": despite, "on": on, "known_on": known_on}, {"Idempotency-Key": key}, body=body)

    def loss_approve(self, proposal: str, body: LossApproveAsked, *, dry_run: bool | None = None, propose: bool | None = None, seen: str | None = None, despite: bool | None = None, on: str | None = None, known_on: str | None = None, key: str = "") -> dict[str, Any]:
        """Approve a loss in a role; the last approval books it."""
        return self._ask("POST", f"/v1/loss-proposals/{id_of(proposal)}/approvals", {"dry_run": dry_run, "propose": propose, "seen": seen, "despite": despite, "on": on, "known_on": known_on}, {"Idempotency-Key": key}, body=body)

    def loss_refuse(self, proposal: str, body: LossRefuseAsked, *, dry_run: bool | None = None, propose: bool | None = None, seen: str | None = None, despite: bool | None = None, on: str | None = None, known_on: str | None = None, key: str = "") -> dict[str, Any]:
        """Turn a proposed loss down."""
        return self._ask("POST", f"/v1/loss-proposals/{id_of(proposal)}/refusal", {"dry_run": dry_run, "propose": propose, "seen": seen, "despite": despite, "on": on, "known_on": known_on}, {"Idempotency-Key": key}, body=body)

    def get_mandates(self, *, limit: int | None = None, after: str | None = None, on: str | None = None, known_on: str | None = None) -> dict[str, Any]:
        """Every mandate; accounts by their last four."""
        return self._ask("GET", "/v1/mandates", {"limit": limit, "after": after, "on": on, "known_on": known_on}, {})

    def mandate_resume(self, of: str, body: MandateResumeAsked, *, dry_run: bool | None = None, propose: bool | None = None, seen: str | None = None, despite: bool | None = None, on: str | None = None, known_on: str | None = None, key: str = "") -> dict[str, Any]:
        """Debits under a mandate that rested after failures are tried again."""
        return self._ask("POST", f"/v1/mandates/{id_of(of)}/resumption", {"dry_run": dry_run, "propose": propose, "seen": seen, "despite": despite, "on": on, "known_on": known_on}, {"Idempotency-Key": key}, body=body)

    def mandate_revoke(self, of: str, body: MandateRevokeAsked | None = None, *, dry_run: bool | None = None, propose: bool | None = None, seen: str | None = None, despite: bool | None = None, on: str | None = None, known_on: str | None = None, key: str = "") -> dict[str, Any]:
        """A mandate ends."""
        return self._ask("POST", f"/v1/mandates/{id_of(of)}/revocation", {"dry_run": dry_run, "propose": propose, "seen": seen, "despite": despite, "on": on, "known_on": known_on}, {"Idempotency-Key": key}, body=body)

    def get_me(self, *, on: str | None = None, known_on: str | None = None) -> dict[str, Any]:
        """Who the key or the sitting is."""
        return self._ask("GET", "/v1/me", {"on": on, "known_on": known_on}, {})

    def get_me_sittings(self, *, on: str | None = None, known_on: str | None = None) -> dict[str, Any]:
        """Where who asks is signed in just now."""
        return self._ask("GET", "/v1/me/sittings", {"on": on, "known_on": known_on}, {})

    def delete_me_sitting(self, sitting: str, *, on: str | None = None, known_on: str | None = None) -> dict[str, Any]:
        """Sign out in another browser."""
        return self._ask("DELETE", f"/v1/me/sittings/{id_of(sitting)}", {"on": on, "known_on": known_on}, {})

    def post_models(self, content: bytes, *, dry_run: bool | None = None, on: str | None = None, known_on: str | None = None, key: str = "") -> dict[str, Any]:
        """Propose a model of who goes wrong, by its whole folder in one file."""
        return self._ask("POST", "/v1/models", {"dry_run": dry_run, "on": on, "known_on": known_on}, {"Idempotency-Key": key}, content=content)

    def get_models(self, *, on: str | None = None, known_on: str | None = None) -> dict[str, Any]:
        """Every model on record as it stood on a day."""
        return self._ask("GET", "/v1/models", {"on": on, "known_on": known_on}, {})

    def get_model(self, model: str, *, on: str | None = None, known_on: str | None = None) -> dict[str, Any]:
        """One model: its steps, its card, how its scores lie, what the last look at it found."""
        return self._ask("GET", f"/v1/models/{id_of(model)}", {"on": on, "known_on": known_on}, {})

    def model_approve(self, model: str, body: ModelApproveAsked, *, dry_run: bool | None = None, propose: bool | None = None, seen: str | None = None, despite: bool | None = None, on: str | None = None, known_on: str | None = None, key: str = "") -> dict[str, Any]:
        """Approve a model that another person proposed."""
        return self._ask("POST", f"/v1/models/{id_of(model)}/approvals", {"dry_run": dry_run, "propose": propose, "seen": seen, "despite": despite, "on": on, "known_on": known_on}, {"Idempotency-Key": key}, body=body)

    def model_watch(self, model: str, body: ModelWatchAsked | None = None, *, dry_run: bool | None = None, propose: bool | None = None, seen: str | None = None, despite: bool | None = None, on: str | None = None, known_on: str | None = None, key: str = "") -> dict[str, Any]:
        """Compare the months since a model learnt."""
        return self._ask("POST", f"/v1/models/{id_of(model)}/comparisons", {"dry_run": dry_run, "propose": propose, "seen": seen, "despite": despite, "on": on, "known_on": known_on}, {"Idempotency-Key": key}, body=body)

    def model_promote(self, model: str, body: ModelPromoteAsked | None = None, *, dry_run: bool | None = None, propose: bool | None = None, seen: str | None = None, despite: bool | None = None, on: str | None = None, known_on: str | None = None, key: str = "") -> dict[str, Any]:
        """Use an approved model, if it passes every gate."""
        return self._ask("POST", f"/v1/models/{id_of(model)}/promotion", {"dry_run": dry_run, "propose": propose, "seen": seen, "despite": despite, "on": on, "known_on": known_on}, {"Idempotency-Key": key}, body=body)

    def post_model_reports(self, model: str, *, on: str | None = None, known_on: str | None = None, key: str = "") -> dict[str, Any]:
        """Measure a model on the days since it learnt, as one page (HTML) that is had from the job."""
        return self._ask("POST", f"/v1/models/{id_of(model)}/reports", {"on": on, "known_on": known_on}, {"Idempotency-Key": key})

    def model_retire(self, model: str, body: ModelRetireAsked, *, dry_run: bool | None = None, propose: bool | None = None, seen: str | None = None, despite: bool | None = None, on: str | None = None, known_on: str | None = None, key: str = "") -> dict[str, Any]:
        """Use a model no longer."""
        return self._ask("POST", f"/v1/models/{id_of(model)}/retirement", {"dry_run": dry_run, "propose": propose, "seen": seen, "despite": despite, "on": on, "known_on": known_on}, {"Idempotency-Key": key}, body=body)

    def network_watch(self, body: NetworkWatchAsked | None = None, *, dry_run: bool | None = None, propose: bool | None = None, seen: str | None = None, despite: bool | None = None, on: str | None = None, known_on: str | None = None, key: str = "") -> dict[str, Any]:
        """Look for groups that borrow and stop together; each is a task of a person."""
        return self._ask("POST", "/v1/network-looks", {"dry_run": dry_run, "propose": propose, "seen": seen, "despite": despite, "on": on, "known_on": known_on}, {"Idempotency-Key": key}, body=body)

    def get_outbox(self, *, state: str | None = None, borrower: str | None = None, limit: int | None = None, after: str | None = None, on: str | None = None, known_on: str | None = None) -> dict[str, Any]:
        """What is to be done outside, the newest first, and what became of it; `state`: waiting, sent, withdrawn …"""
        return self._ask("GET", "/v1/outbox", {"state": state, "borrower": borrower, "limit": limit, "after": after, "on": on, "known_on": known_on}, {})

    def outbox_withdraw(self, action: str, body: OutboxWithdrawAsked, *, dry_run: bool | None = None, propose: bool | None = None, seen: str | None = None, despite: bool | None = None, on: str | None = None, known_on: str | None = None, key: str = "") -> dict[str, Any]:
        """Withdraw what is planned and has not left yet."""
        return self._ask("POST", f"/v1/outbox/{id_of(action)}/withdrawal", {"dry_run": dry_run, "propose": propose, "seen": seen, "despite": despite, "on": on, "known_on": known_on}, {"Idempotency-Key": key}, body=body)

    def get_people(self, *, on: str | None = None, known_on: str | None = None) -> dict[str, Any]:
        """Who has an account, with roles and whether it is disabled."""
        return self._ask("GET", "/v1/people", {"on": on, "known_on": known_on}, {})

    def people_disable(self, person: str, body: PeopleDisableAsked | None = None, *, dry_run: bool | None = None, propose: bool | None = None, seen: str | None = None, despite: bool | None = None, on: str | None = None, known_on: str | None = None, key: str = "") -> dict[str, Any]:
        """A person leaves: no sign-in, and out everywhere."""
        return self._ask("POST", f"/v1/people/{id_of(person)}/disablement", {"dry_run": dry_run, "propose": propose, "seen": seen, "despite": despite, "on": on, "known_on": known_on}, {"Idempotency-Key": key}, body=body)

    def people_roles(self, person: str, body: PeopleRolesAsked | None = None, *, dry_run: bool | None = None, propose: bool | None = None, seen: str | None = None, despite: bool | None = None, on: str | None = None, known_on: str | None = None, key: str = "") -> dict[str, Any]:
        """Give a person roles at the doors."""
        return self._ask("POST", f"/v1/people/{id_of(person)}/roles", {"dry_run": dry_run, "propose": propose, "seen": seen, "despite": despite, "on": on, "known_on": known_on}, {"Idempotency-Key": key}, body=body)

    def agency_recall(self, of: str, body: AgencyRecallAsked, *, dry_run: bool | None = None, propose: bool | None = None, seen: str | None = None, despite: bool | None = None, on: str | None = None, known_on: str | None = None, key: str = "") -> dict[str, Any]:
        """Take a case back from its agency."""
        return self._ask("POST", f"/v1/placements/{id_of(of)}/recall", {"dry_run": dry_run, "propose": propose, "seen": seen, "despite": despite, "on": on, "known_on": known_on}, {"Idempotency-Key": key}, body=body)

    def plan_accept(self, of: str, body: PlanAcceptAsked | None = None, *, dry_run: bool | None = None, propose: bool | None = None, seen: str | None = None, despite: bool | None = None, on: str | None = None, known_on: str | None = None, key: str = "") -> dict[str, Any]:
        """The borrower accepts a plan."""
        return self._ask("POST", f"/v1/plan-offers/{id_of(of)}/acceptance", {"dry_run": dry_run, "propose": propose, "seen": seen, "despite": despite, "on": on, "known_on": known_on}, {"Idempotency-Key": key}, body=body)

    def plan_decline(self, of: str, body: PlanDeclineAsked | None = None, *, dry_run: bool | None = None, propose: bool | None = None, seen: str | None = None, despite: bool | None = None, on: str | None = None, known_on: str | None = None, key: str = "") -> dict[str, Any]:
        """The borrower declines a plan."""
        return self._ask("POST", f"/v1/plan-offers/{id_of(of)}/refusal", {"dry_run": dry_run, "propose": propose, "seen": seen, "despite": despite, "on": on, "known_on": known_on}, {"Idempotency-Key": key}, body=body)

    def post_plans_watches(self, *, on: str | None = None, known_on: str | None = None, key: str = "") -> dict[str, Any]:
        """Look at every running plan of the book: kept, broken or completed."""
        return self._ask("POST", "/v1/plans/watches", {"on": on, "known_on": known_on}, {"Idempotency-Key": key})

    def plan_cancel(self, of: str, body: PlanCancelAsked, *, dry_run: bool | None = None, propose: bool | None = None, seen: str | None = None, despite: bool | None = None, on: str | None = None, known_on: str | None = None, key: str = "") -> dict[str, Any]:
        """Take a running plan back."""
        return self._ask("POST", f"/v1/plans/{id_of(of)}/cancellation", {"dry_run": dry_run, "propose": propose, "seen": seen, "despite": despite, "on": on, "known_on": known_on}, {"Idempotency-Key": key}, body=body)

    def plan_watch(self, of: str, body: PlanWatchAsked | None = None, *, dry_run: bool | None = None, propose: bool | None = None, seen: str | None = None, despite: bool | None = None, on: str | None = None, known_on: str | None = None, key: str = "") -> dict[str, Any]:
        """Look whether a running plan is kept."""
        return self._ask("POST", f"/v1/plans/{id_of(of)}/watch", {"dry_run": dry_run, "propose": propose, "seen": seen, "despite": despite, "on": on, "known_on": known_on}, {"Idempotency-Key": key}, body=body)

    def post_policies_lint(self, body: LintAsked, *, on: str | None = None, known_on: str | None = None) -> dict[str, Any]:
        """Whether a ladder may be used; line, column and reason where not; in what it differs from that in use."""
        return self._ask("POST", "/v1/policies/lint", {"on": on, "known_on": known_on}, {}, body=body)

    def post_portal_tickets(self, body: TicketAsked, *, on: str | None = None, known_on: str | None = None) -> dict[str, Any]:
        """Let a borrower of the lender's app in to the portal: an address to open, good once, for 60 seconds."""
        return self._ask("POST", "/v1/portal-tickets", {"on": on, "known_on": known_on}, {}, body=body)

    def get_products(self, *, on: str | None = None, known_on: str | None = None) -> dict[str, Any]:
        """The products that come with afterloan."""
        return self._ask("GET", "/v1/products", {"on": on, "known_on": known_on}, {})

    def person_purge(self, body: PersonPurgeAsked, *, dry_run: bool | None = None, propose: bool | None = None, seen: str | None = None, despite: bool | None = None, on: str | None = None, known_on: str | None = None, key: str = "") -> dict[str, Any]:
        """Purge what tells of former borrowers whose time is over, with a certificate."""
        return self._ask("POST", "/v1/purges", {"dry_run": dry_run, "propose": propose, "seen": seen, "despite": despite, "on": on, "known_on": known_on}, {"Idempotency-Key": key}, body=body)

    def get_purges(self, *, borrower: str | None = None, limit: int | None = None, on: str | None = None, known_on: str | None = None) -> dict[str, Any]:
        """Certificates of purges, the newest first: what went, by which rules, who proposed and who agreed."""
        return self._ask("GET", "/v1/purges", {"borrower": borrower, "limit": limit, "on": on, "known_on": known_on}, {})

    def get_purge(self, reference: str, *, format: Literal["json", "pdf"] | None = None, on: str | None = None, known_on: str | None = None) -> dict[str, Any]:
        """The certificate of one purge, also as PDF in the language of who asks."""
        return self._ask("GET", f"/v1/purges/{id_of(reference)}", {"format": format, "on": on, "known_on": known_on}, {})

    def quote_execute(self, of: str, body: QuoteExecuteAsked | None = None, *, dry_run: bool | None = None, propose: bool | None = None, seen: str | None = None, despite: bool | None = None, on: str | None = None, known_on: str | None = None, key: str = "") -> dict[str, Any]:
        """Execute a quote exactly as given: its money has come."""
        return self._ask("POST", f"/v1/quotes/{id_of(of)}/execution", {"dry_run": dry_run, "propose": propose, "seen": seen, "despite": despite, "on": on, "known_on": known_on}, {"Idempotency-Key": key}, body=body)

    def get_quote(self, reference: str, *, on: str | None = None, known_on: str | None = None) -> dict[str, Any]:
        """A quote of an early repayment, and whether it stands."""
        return self._ask("GET", f"/v1/quotes/{id_of(reference)}", {"on": on, "known_on": known_on}, {})

    def post_receipts(self, content: bytes, *, name: str | None = None, dry_run: bool | None = None, on: str | None = None, known_on: str | None = None, key: str = "") -> dict[str, Any]:
        """Take what receivers tell of messages (.json, .jsonl, .csv, or a returned mail .eml)."""
        return self._ask("POST", "/v1/receipts", {"name": name, "dry_run": dry_run, "on": on, "known_on": known_on}, {"Idempotency-Key": key}, content=content)

    def get_refunds_due(self, *, on: str | None = None, known_on: str | None = None) -> dict[str, Any]:
        """Paid loans that hold money of the borrower, those that wait longest on top."""
        return self._ask("GET", "/v1/refunds-due", {"on": on, "known_on": known_on}, {})

    def get_refused_rows(self, *, on: str | None = None, known_on: str | None = None) -> dict[str, Any]:
        """Rows of bank files that could not be taken."""
        return self._ask("GET", "/v1/refused-rows", {"on": on, "known_on": known_on}, {})

    def statement_finish_row(self, number: str, body: StatementFinishRowAsked, *, dry_run: bool | None = None, propose: bool | None = None, seen: str | None = None, despite: bool | None = None, on: str | None = None, known_on: str | None = None, key: str = "") -> dict[str, Any]:
        """A row that could not be taken is done with."""
        return self._ask("POST", f"/v1/refused-rows/{id_of(number)}/done", {"dry_run": dry_run, "propose": propose, "seen": seen, "despite": despite, "on": on, "known_on": known_on}, {"Idempotency-Key": key}, body=body)

    def repayment_move(self, of: str, body: RepaymentMoveAsked, *, dry_run: bool | None = None, propose: bool | None = None, seen: str | None = None, despite: bool | None = None, on: str | None = None, known_on: str | None = None, key: str = "") -> dict[str, Any]:
        """Take a repayment to the loan it was meant for."""
        return self._ask("POST", f"/v1/repayments/{id_of(of)}/move", {"dry_run": dry_run, "propose": propose, "seen": seen, "despite": despite, "on": on, "known_on": known_on}, {"Idempotency-Key": key}, body=body)

    def get_reports(self, *, on: str | None = None, known_on: str | None = None) -> dict[str, Any]:
        """The reports there are."""
        return self._ask("GET", "/v1/reports", {"on": on, "known_on": known_on}, {})

    def get_reports_portfolio(self, *, table: Literal["", "summary", "ageing", "roll", "vintage", "expected"] | None = None, format: Literal["json", "csv", "parquet", "html"] | None = None, on: str | None = None, known_on: str | None = None) -> dict[str, Any]:
        """The portfolio on a day: summary, ageing, roll rates, vintages, expected against received. All of it as JSON or one page (HTML); one `table` as JSON, CSV or Parquet, money in minor units. Made when first asked for and kept: `Report-Number` says as which. It is made anew when something came that belongs into it."""
        return self._ask("GET", "/v1/reports/portfolio", {"table": table, "format": format, "on": on, "known_on": known_on}, {})

    def get_rules(self, *, folder: str | None = None, on: str | None = None, known_on: str | None = None) -> dict[str, Any]:
        """The rules of a pack."""
        return self._ask("GET", "/v1/rules", {"folder": folder, "on": on, "known_on": known_on}, {})

    def get_rule(self, of: str, *, on: str | None = None, known_on: str | None = None) -> dict[str, Any]:
        """A rule: clause, source and how certain it is (M and I are not certain)."""
        return self._ask("GET", f"/v1/rules/{id_of(of)}", {"on": on, "known_on": known_on}, {})

    def post_sandbox_advances(self, body: AdvanceAsked, *, on: str | None = None, known_on: str | None = None, key: str = "") -> dict[str, Any]:
        """Play days: what leaves, the close, the next morning's decisions, the bank's answers, month ends."""
        return self._ask("POST", "/v1/sandbox/advances", {"on": on, "known_on": known_on}, {"Idempotency-Key": key}, body=body)

    def post_sandbox_bank(self, body: MoneyPut, *, on: str | None = None, known_on: str | None = None, key: str = "") -> dict[str, Any]:
        """Put money onto a borrower's account at the played bank."""
        return self._ask("POST", "/v1/sandbox/bank", {"on": on, "known_on": known_on}, {"Idempotency-Key": key}, body=body)

    def get_sandbox_clock(self, *, on: str | None = None, known_on: str | None = None) -> dict[str, Any]:
        """Where the test clock stands."""
        return self._ask("GET", "/v1/sandbox/clock", {"on": on, "known_on": known_on}, {})

    def sandbox_set_clock(self, body: SandboxSetClockAsked, *, dry_run: bool | None = None, propose: bool | None = None, seen: str | None = None, despite: bool | None = None, on: str | None = None, known_on: str | None = None, key: str = "") -> dict[str, Any]:
        """Set the test clock of a book that is only played."""
        return self._ask("POST", "/v1/sandbox/clock/setting", {"dry_run": dry_run, "propose": propose, "seen": seen, "despite": despite, "on": on, "known_on": known_on}, {"Idempotency-Key": key}, body=body)

    def post_sandbox_seats(self, body: SeatAsked, *, on: str | None = None, known_on: str | None = None) -> dict[str, Any]:
        """Sit down without a password; the key goes into `Authorization: Bearer …`."""
        return self._ask("POST", "/v1/sandbox/seats", {"on": on, "known_on": known_on}, {}, body=body)

    def model_score(self, body: ModelScoreAsked | None = None, *, dry_run: bool | None = None, propose: bool | None = None, seen: str | None = None, despite: bool | None = None, on: str | None = None, known_on: str | None = None, key: str = "") -> dict[str, Any]:
        """Score the book with its models."""
        return self._ask("POST", "/v1/scores", {"dry_run": dry_run, "propose": propose, "seen": seen, "despite": despite, "on": on, "known_on": known_on}, {"Idempotency-Key": key}, body=body)

    def debit_creditor(self, body: DebitCreditorAsked, *, dry_run: bool | None = None, propose: bool | None = None, seen: str | None = None, despite: bool | None = None, on: str | None = None, known_on: str | None = None, key: str = "") -> dict[str, Any]:
        """Say who collects: it stands in every file."""
        return self._ask("POST", "/v1/settings/creditor", {"dry_run": dry_run, "propose": propose, "seen": seen, "despite": despite, "on": on, "known_on": known_on}, {"Idempotency-Key": key}, body=body)

    def settings_place(self, body: SettingsPlaceAsked | None = None, *, dry_run: bool | None = None, propose: bool | None = None, seen: str | None = None, despite: bool | None = None, on: str | None = None, known_on: str | None = None, key: str = "") -> dict[str, Any]:
        """Set the lender's own place."""
        return self._ask("POST", "/v1/settings/place", {"dry_run": dry_run, "propose": propose, "seen": seen, "despite": despite, "on": on, "known_on": known_on}, {"Idempotency-Key": key}, body=body)

    def settings_sender(self, body: SettingsSenderAsked, *, dry_run: bool | None = None, propose: bool | None = None, seen: str | None = None, despite: bool | None = None, on: str | None = None, known_on: str | None = None, key: str = "") -> dict[str, Any]:
        """Keep who furnishes to a bureau, as its form asks."""
        return self._ask("POST", "/v1/settings/sender", {"dry_run": dry_run, "propose": propose, "seen": seen, "despite": despite, "on": on, "known_on": known_on}, {"Idempotency-Key": key}, body=body)

    def get_setting(self, of: str, *, on: str | None = None, known_on: str | None = None) -> dict[str, Any]:
        """A setting: place, creditor, sender, hold-out, roles."""
        return self._ask("GET", f"/v1/settings/{id_of(of)}", {"on": on, "known_on": known_on}, {})

    def statement_move(self, line: str, body: StatementMoveAsked, *, dry_run: bool | None = None, propose: bool | None = None, seen: str | None = None, despite: bool | None = None, on: str | None = None, known_on: str | None = None, key: str = "") -> dict[str, Any]:
        """Take a line to the loan it was meant for."""
        return self._ask("POST", f"/v1/statement-lines/{id_of(line)}/move", {"dry_run": dry_run, "propose": propose, "seen": seen, "despite": despite, "on": on, "known_on": known_on}, {"Idempotency-Key": key}, body=body)

    def statement_take_off(self, line: str, body: StatementTakeOffAsked | None = None, *, dry_run: bool | None = None, propose: bool | None = None, seen: str | None = None, despite: bool | None = None, on: str | None = None, known_on: str | None = None, key: str = "") -> dict[str, Any]:
        """Take a line off its loan: it waits again."""
        return self._ask("POST", f"/v1/statement-lines/{id_of(line)}/release", {"dry_run": dry_run, "propose": propose, "seen": seen, "despite": despite, "on": on, "known_on": known_on}, {"Idempotency-Key": key}, body=body)

    def get_status(self, *, on: str | None = None, known_on: str | None = None) -> dict[str, Any]:
        """What is in the book and which day was closed last."""
        return self._ask("GET", "/v1/status", {"on": on, "known_on": known_on}, {})

    def get_tasks(self, *, queue: str | None = None, done: bool | None = None, limit: int | None = None, after: str | None = None, on: str | None = None, known_on: str | None = None) -> dict[str, Any]:
        """What people must look at, the clock that runs out first on top."""
        return self._ask("GET", "/v1/tasks", {"queue": queue, "done": done, "limit": limit, "after": after, "on": on, "known_on": known_on}, {})

    def task_assign(self, of: str, body: TaskAssignAsked | None = None, *, dry_run: bool | None = None, propose: bool | None = None, seen: str | None = None, despite: bool | None = None, on: str | None = None, known_on: str | None = None, key: str = "") -> dict[str, Any]:
        """Give a task to a person."""
        return self._ask("POST", f"/v1/tasks/{id_of(of)}/assignment", {"dry_run": dry_run, "propose": propose, "seen": seen, "despite": despite, "on": on, "known_on": known_on}, {"Idempotency-Key": key}, body=body)

    def task_done(self, of: str, body: TaskDoneAsked, *, dry_run: bool | None = None, propose: bool | None = None, seen: str | None = None, despite: bool | None = None, on: str | None = None, known_on: str | None = None, key: str = "") -> dict[str, Any]:
        """Finish a task, with how."""
        return self._ask("POST", f"/v1/tasks/{id_of(of)}/done", {"dry_run": dry_run, "propose": propose, "seen": seen, "despite": despite, "on": on, "known_on": known_on}, {"Idempotency-Key": key}, body=body)

    def task_reopen(self, of: str, body: TaskReopenAsked, *, dry_run: bool | None = None, propose: bool | None = None, seen: str | None = None, despite: bool | None = None, on: str | None = None, known_on: str | None = None, key: str = "") -> dict[str, Any]:
        """Open a task again."""
        return self._ask("POST", f"/v1/tasks/{id_of(of)}/reopening", {"dry_run": dry_run, "propose": propose, "seen": seen, "despite": despite, "on": on, "known_on": known_on}, {"Idempotency-Key": key}, body=body)

    def get_task(self, reference: str, *, on: str | None = None, known_on: str | None = None) -> dict[str, Any]:
        """One task: what it is, until when, what to do, and what became of it so far."""
        return self._ask("GET", f"/v1/tasks/{id_of(reference)}", {"on": on, "known_on": known_on}, {})

    def get_templates(self, *, on: str | None = None, known_on: str | None = None) -> dict[str, Any]:
        """Every template with its version, purpose, needed values and title."""
        return self._ask("GET", "/v1/templates", {"on": on, "known_on": known_on}, {})

    def post_templates_checks(self, *, on: str | None = None, known_on: str | None = None) -> dict[str, Any]:
        """What is wrong with any template, in any language, on any channel, at any place."""
        return self._ask("POST", "/v1/templates/checks", {"on": on, "known_on": known_on}, {})

    def post_template_previews(self, template: str, body: PreviewAsked, *, on: str | None = None, known_on: str | None = None) -> dict[str, Any]:
        """A template as a borrower would read it, `made_up`: the values that no book has; nothing is sent or kept."""
        return self._ask("POST", f"/v1/templates/{id_of(template)}/previews", {"on": on, "known_on": known_on}, {}, body=body)

    def get_today(self, *, on: str | None = None, known_on: str | None = None) -> dict[str, Any]:
        """The day under control: close, decisions, queues, flow, clocks, refusals."""
        return self._ask("GET", "/v1/today", {"on": on, "known_on": known_on}, {})

    def get_trial_balance(self, *, on: str | None = None, known_on: str | None = None) -> dict[str, Any]:
        """Debits and credits of every account; they sum to zero."""
        return self._ask("GET", "/v1/trial-balance", {"on": on, "known_on": known_on}, {})

    def post_trials(self, body: HistoryTried, *, on: str | None = None, known_on: str | None = None, key: str = "") -> dict[str, Any]:
        """Try a ladder, grace or contact pack on stored history; its figures are the result of the job."""
        return self._ask("POST", "/v1/trials", {"on": on, "known_on": known_on}, {"Idempotency-Key": key}, body=body)

    def get_unmatched(self, *, on: str | None = None, known_on: str | None = None) -> dict[str, Any]:
        """Lines of bank statements that found no loan."""
        return self._ask("GET", "/v1/unmatched", {"on": on, "known_on": known_on}, {})

    def statement_set_aside(self, line: str, body: StatementSetAsideAsked, *, dry_run: bool | None = None, propose: bool | None = None, seen: str | None = None, despite: bool | None = None, on: str | None = None, known_on: str | None = None, key: str = "") -> dict[str, Any]:
        """A line is for no loan."""
        return self._ask("POST", f"/v1/unmatched/{id_of(line)}/aside", {"dry_run": dry_run, "propose": propose, "seen": seen, "despite": despite, "on": on, "known_on": known_on}, {"Idempotency-Key": key}, body=body)

    def statement_give(self, line: str, body: StatementGiveAsked, *, dry_run: bool | None = None, propose: bool | None = None, seen: str | None = None, despite: bool | None = None, on: str | None = None, known_on: str | None = None, key: str = "") -> dict[str, Any]:
        """Give a line that waits to a loan."""
        return self._ask("POST", f"/v1/unmatched/{id_of(line)}/assignment", {"dry_run": dry_run, "propose": propose, "seen": seen, "despite": despite, "on": on, "known_on": known_on}, {"Idempotency-Key": key}, body=body)

    def get_unmatched_candidates(self, line: str, *, on: str | None = None, known_on: str | None = None) -> dict[str, Any]:
        """The loans that a line of a statement may be for, each with the signs that say so."""
        return self._ask("GET", f"/v1/unmatched/{id_of(line)}/candidates", {"on": on, "known_on": known_on}, {})

    def statement_split(self, line: str, body: StatementSplitAsked, *, dry_run: bool | None = None, propose: bool | None = None, seen: str | None = None, despite: bool | None = None, on: str | None = None, known_on: str | None = None, key: str = "") -> dict[str, Any]:
        """Give a line that waits to several loans, a part to each."""
        return self._ask("POST", f"/v1/unmatched/{id_of(line)}/parts", {"dry_run": dry_run, "propose": propose, "seen": seen, "despite": despite, "on": on, "known_on": known_on}, {"Idempotency-Key": key}, body=body)

    def statement_send_back(self, line: str, body: StatementSendBackAsked, *, dry_run: bool | None = None, propose: bool | None = None, seen: str | None = None, despite: bool | None = None, on: str | None = None, known_on: str | None = None, key: str = "") -> dict[str, Any]:
        """Send money that is for no loan back to its payer."""
        return self._ask("POST", f"/v1/unmatched/{id_of(line)}/return", {"dry_run": dry_run, "propose": propose, "seen": seen, "despite": despite, "on": on, "known_on": known_on}, {"Idempotency-Key": key}, body=body)

    def get_verbs(self, *, on: str | None = None, known_on: str | None = None) -> dict[str, Any]:
        """Every verb, and whether who asks may do it."""
        return self._ask("GET", "/v1/verbs", {"on": on, "known_on": known_on}, {})

    def webhook_subscribe(self, body: WebhookSubscribeAsked, *, dry_run: bool | None = None, propose: bool | None = None, seen: str | None = None, despite: bool | None = None, on: str | None = None, known_on: str | None = None, key: str = "") -> dict[str, Any]:
        """Tell a receiver outside of events from now on."""
        return self._ask("POST", "/v1/webhooks", {"dry_run": dry_run, "propose": propose, "seen": seen, "despite": despite, "on": on, "known_on": known_on}, {"Idempotency-Key": key}, body=body)

    def get_webhooks(self, *, on: str | None = None, known_on: str | None = None) -> dict[str, Any]:
        """Every webhook: on, failing, off or ended, and after which place in the log it goes on."""
        return self._ask("GET", "/v1/webhooks", {"on": on, "known_on": known_on}, {})

    def get_webhook(self, webhook: str, *, on: str | None = None, known_on: str | None = None) -> dict[str, Any]:
        """One webhook."""
        return self._ask("GET", f"/v1/webhooks/{id_of(webhook)}", {"on": on, "known_on": known_on}, {})

    def get_webhook_deliveries(self, webhook: str, *, limit: int | None = None, after: str | None = None, on: str | None = None, known_on: str | None = None) -> dict[str, Any]:
        """What a webhook was told, the newest first, and whether it took it."""
        return self._ask("GET", f"/v1/webhooks/{id_of(webhook)}/deliveries", {"limit": limit, "after": after, "on": on, "known_on": known_on}, {})

    def webhook_end(self, webhook: str, body: WebhookEndAsked | None = None, *, dry_run: bool | None = None, propose: bool | None = None, seen: str | None = None, despite: bool | None = None, on: str | None = None, known_on: str | None = None, key: str = "") -> dict[str, Any]:
        """Tell a receiver of nothing any more."""
        return self._ask("POST", f"/v1/webhooks/{id_of(webhook)}/end", {"dry_run": dry_run, "propose": propose, "seen": seen, "despite": despite, "on": on, "known_on": known_on}, {"Idempotency-Key": key}, body=body)

    def webhook_replay(self, webhook: str, body: WebhookReplayAsked | None = None, *, dry_run: bool | None = None, propose: bool | None = None, seen: str | None = None, despite: bool | None = None, on: str | None = None, known_on: str | None = None, key: str = "") -> dict[str, Any]:
        """Tell a receiver what happened since a place in the log."""
        return self._ask("POST", f"/v1/webhooks/{id_of(webhook)}/replays", {"dry_run": dry_run, "propose": propose, "seen": seen, "despite": despite, "on": on, "known_on": known_on}, {"Idempotency-Key": key}, body=body)

    def get_webhook_secret(self, webhook: str, *, on: str | None = None, known_on: str | None = None) -> dict[str, Any]:
        """The secret with which a webhook's events are signed (Standard Webhooks), and until when an older one too."""
        return self._ask("GET", f"/v1/webhooks/{id_of(webhook)}/secret", {"on": on, "known_on": known_on}, {})

    def webhook_renew_secret(self, webhook: str, body: WebhookRenewSecretAsked | None = None, *, dry_run: bool | None = None, propose: bool | None = None, seen: str | None = None, despite: bool | None = None, on: str | None = None, known_on: str | None = None, key: str = "") -> dict[str, Any]:
        """Sign what a receiver is told with a new secret."""
        return self._ask("POST", f"/v1/webhooks/{id_of(webhook)}/secrets", {"dry_run": dry_run, "propose": propose, "seen": seen, "despite": despite, "on": on, "known_on": known_on}, {"Idempotency-Key": key}, body=body)

    def post_webhook_tests(self, webhook: str, *, on: str | None = None, known_on: str | None = None) -> dict[str, Any]:
        """Tell a webhook an event that nothing happened for, and say whether it took it."""
        return self._ask("POST", f"/v1/webhooks/{id_of(webhook)}/tests", {"on": on, "known_on": known_on}, {})

    def get_worklist(self, *, queue: str | None = None, mine: str | None = None, where: str | None = None, first: int | None = None, limit: int | None = None, on: str | None = None, known_on: str | None = None) -> dict[str, Any]:
        """The evening's list, the most worth first; shown rows are reckoned anew. `where`: a ladder's condition."""
        return self._ask("GET", "/v1/worklist", {"queue": queue, "mine": mine, "where": where, "first": first, "limit": limit, "on": on, "known_on": known_on}, {})

    def case_share_out(self, body: CaseShareOutAsked, *, dry_run: bool | None = None, propose: bool | None = None, seen: str | None = None, despite: bool | None = None, on: str | None = None, known_on: str | None = None, key: str = "") -> dict[str, Any]:
        """Share the unassigned cases out to people."""
        return self._ask("POST", "/v1/worklist/assignments", {"dry_run": dry_run, "propose": propose, "seen": seen, "despite": despite, "on": on, "known_on": known_on}, {"Idempotency-Key": key}, body=body)

    def get_worklist_next(self, *, queue: str | None = None, on: str | None = None, known_on: str | None = None) -> dict[str, Any]:
        """The case to work on next: of one's own the one most worth, else one that is in nobody's hands; or none."""
        return self._ask("GET", "/v1/worklist/next", {"queue": queue, "on": on, "known_on": known_on}, {})
