"""Every verb once: its name, what it asks, who may, which command and which function of `servicing`.

The help of the command line, `docs/verbs.md` and the page of permissions are made from this list. Functions are named
and imported when they are used: a door that needs one verb does not load them all.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any

import psycopg
from pydantic import BaseModel, ValidationError

from afterloan.facts import FactRefused
from afterloan.servicing.asked import Asked

if TYPE_CHECKING:
    from afterloan.servicing.desk import Desk


Does = Callable[["Desk", Any, date], dict[str, Any]]
Borrowers = Callable[[psycopg.Connection[Any], Any], Sequence[str]]


@dataclass(frozen=True, slots=True)
class Verb:
    """One thing that can be done.

    `place`: `module:Record:function` below `afterloan.servicing`; `event:module:Class` or `fact:Class` for what is told
    as it is (`servicing/telling.py`).

    `command`: the words of the command line, or why there are none (in brackets). The record's class may have a
    method `borrowers(connection)`, else its field `borrower` or the borrower of its field `loan` is locked.
    """

    name: str
    about: str
    place: str
    command: str

    def _part(self, k: int) -> Any:
        module, *names = self.place.split(":")
        if module in ("event", "fact"):
            telling = import_module("afterloan.servicing.telling")
            return (telling.event_verb if module == "event" else telling.fact_verb)(*names)[k]
        return getattr(import_module(f"afterloan.servicing.{module}"), names[k])

    @property
    def asked(self) -> type[Asked]:
        """The record of what it asks."""
        cls: type[Asked] = self._part(0)
        return cls

    @property
    def does(self) -> Does:
        """The function that does it."""
        function: Does = self._part(1)
        return function

    def read(self, asked: Mapping[str, Any] | BaseModel) -> BaseModel:
        """What is asked as the verb's record. Raises FactRefused naming the field."""
        if isinstance(asked, self.asked):
            return asked
        told = asked.model_dump() if isinstance(asked, BaseModel) else dict(asked)
        try:
            return self.asked.model_validate(told)
        except ValidationError as error:
            first = error.errors()[0]
            place = ".".join(str(part) for part in first["loc"]) or self.name
            why = first["msg"].removeprefix("Value error, ")
            raise FactRefused(place, first.get("input"), why, "correct the field and ask again") from error

    def borrowers(self, connection: psycopg.Connection[Any], record: BaseModel) -> list[str]:
        """The borrowers (references) whom it concerns. Raises FactRefused (unknown) for a loan that is not there."""
        own = getattr(record, "borrowers", None)
        if own is not None:
            return list(own(connection))
        if getattr(record, "borrower", None):
            return [str(record.borrower)]  # type: ignore[attr-defined]
        loan = getattr(record, "loan", None)
        return [borrower_of_loan(connection, str(loan))] if loan else []


def borrower_of_loan(connection: psycopg.Connection[Any], loan: str) -> str:
    """The reference of a loan's borrower. Raises FactRefused (unknown)."""
    row = connection.execute(
        "select b.reference from contract c join borrower b using (borrower) where c.reference = %s", (loan,)
    ).fetchone()
    if row is None:
        raise FactRefused(
            "loan", loan, "no contract of that reference", "`afterloan find` looks for loans and borrowers", "unknown"
        )
    return str(row[0])


VERBS: tuple[Verb, ...] = (
    Verb("borrower.take_in", "Take a new borrower in.", "signing:TakeIn:take_in", "do"),
    Verb("contract.sign", "Record a contract that a borrower signed.", "signing:SignContract:sign_contract", "do"),
    Verb("repayment.take", "Record money received for a loan.", "repayment:TakeRepayment:take_repayment", "repay"),
    Verb(
        "repayment.reverse",
        "Take a repayment, or another fact, back: it was never there.",
        "moving:TakeBack:take_back",
        "reverse",
    ),
    Verb(
        "repayment.move",
        "Take a repayment to the loan it was meant for.",
        "moving:MoveRepayment:move",
        "move-repayment",
    ),
    Verb("refund.pay", "Give money that waits back to the borrower.", "moving:GiveBack:give_back", "refund"),
    Verb(
        "refund.return",
        "A refund came back: its money waits again.",
        "moving:RefundCameBack:came_back",
        "refund-returned",
    ),
    Verb(
        "money.pass_on",
        "Pass money that waits on to another loan of the borrower.",
        "moving:PassOn:pass_on",
        "pass-on",
    ),
    Verb("charge.make", "Charge a fee or a penalty.", "fact:Charged", "do"),
    Verb("charge.waive", "Give up a part of what is owed.", "waiving:Waive:waive", "waive"),
    Verb("rate.change", "Change a loan's rate from a day on.", "fact:RateChanged", "do"),
    Verb("disbursement.record", "Record money paid out.", "paying_out:PayOut:pay_out", "do"),
    Verb("hold.place", "Stop a borrower's treatment for a reason.", "holds:PlaceHold:place_hold", "hold place"),
    Verb("hold.lift", "End a hold.", "holds:LiftHold:lift_hold", "hold lift"),
    Verb(
        "person.died", "A borrower died: nobody writes to him, the estate is a task.", "event:person:BorrowerDied", "do"
    ),
    Verb(
        "person.insolvency_opened",
        "Insolvency proceedings about a borrower opened.",
        "event:person:InsolvencyOpened",
        "do",
    ),
    Verb("person.insolvency_closed", "Insolvency proceedings are over.", "event:person:InsolvencyClosed", "do"),
    Verb("person.lawyer_engaged", "A lawyer represents the borrower.", "event:person:LawyerEngaged", "do"),
    Verb("person.lawyer_left", "A lawyer represents the borrower no longer.", "event:person:LawyerLeft", "do"),
    Verb(
        "promise.make",
        "Record what the borrower undertook to pay.",
        "promises:MakePromise:make_promise",
        "promise make",
    ),
    Verb(
        "promise.withdraw",
        "A promise no longer stands, by agreement.",
        "event:promise:PromiseWithdrawn",
        "promise withdraw",
    ),
    Verb("contact.end", "Tell how a contact attempt ended.", "event:contact:ContactEnded", "contact ended"),
    Verb("contact.consent", "The borrower agreed to a channel.", "event:contact:ContactConsented", "contact consent"),
    Verb(
        "contact.opt_out",
        "The borrower wants a channel no longer, or none; a consent to it is withdrawn.",
        "event:contact:ContactOptedOut",
        "contact opt-out",
    ),
    Verb("contact.wish", "The borrower's wish for times and language.", "contacting:Wish:wish", "contact wish"),
    Verb(
        "contact.agree_hours",
        "The borrower agreed to be contacted in quiet hours.",
        "contacting:AgreeHours:agree_hours",
        "contact hours",
    ),
    Verb(
        "contact.name_person",
        "The borrower named a person through whom to be found.",
        "event:contact:ThirdPersonNamed",
        "contact name",
    ),
    Verb(
        "contact.ask_person",
        "Ask a person whom the borrower named to pass on a request to call.",
        "third_person:AskPerson:ask_person",
        "do",
    ),
    Verb(
        "contact.refuse_person",
        "A third person asked to be left alone.",
        "event:contact:ThirdPersonRefused",
        "contact refuse",
    ),
    Verb(
        "ladder.leave_out",
        "Leave a step of the ladder out for a borrower, in this episode of arrears.",
        "event:ladder:StepLeftOut",
        "do",
    ),
    Verb(
        "contact.wrap_up",
        "End a conversation: outcome, promise, hold, call-back and note in one act.",
        "wrapping_up:WrapUp:wrap_up",
        "do",
    ),
    Verb("case.call_back", "The borrower asked to be called back.", "wrapping_up:CallBack:call_back", "do"),
    Verb(
        "complaint.raise", "A borrower complains; the clock starts.", "complaints:RaiseComplaint:raise_complaint", "do"
    ),
    Verb("complaint.answer", "Answer a complaint in writing.", "complaints:AnswerComplaint:answer_complaint", "do"),
    Verb("case.note", "Write a note on a borrower's case.", "event:person:CaseNoted", "note"),
    Verb("case.assign", "Give a borrower's case to a person.", "event:placement:CaseAssigned", "do"),
    Verb("case.take", "Take a free case: whoever asks works it from now on.", "cases:TakeCase:take_case", "case take"),
    Verb("case.hand_back", "Hand a case of one's own back: it is free again.", "cases:TakeCase:hand_back", "case back"),
    Verb("agency.recall", "Take a case back from its agency.", "agencies:RecallCase:recall_case", "agency recall"),
    Verb(
        "proposal.refuse",
        "Turn down what somebody proposed: it can no longer be agreed to.",
        "proposals:EndProposal:refuse_proposal",
        "refuse",
    ),
    Verb(
        "proposal.withdraw",
        "Take one's own proposal back.",
        "proposals:EndProposal:withdraw_proposal",
        "withdraw",
    ),
    Verb("task.done", "Finish a task, with how.", "tasks:FinishTask:finish_task", "task done"),
    Verb(
        "import.finish_row",
        "A row that an import refused is done with.",
        "tasks:FinishImportRow:finish_import_row",
        "do",
    ),
    Verb("book.keep_map", "Keep how files of another system are read.", "bringing:KeepReading:keep_map", "do"),
    Verb(
        "book.confirm_import",
        "Bring in files that were sent, as their last check found them.",
        "bringing:ConfirmImport:confirm_import",
        "do",
    ),
    Verb("task.reopen", "Open a task again.", "tasks:ReopenTask:reopen_task", "task reopen"),
    Verb("task.assign", "Give a task to a person.", "tasks:AssignTask:assign_task", "task assign"),
    Verb(
        "person.correct",
        "Change a borrower's name or attributes from a day on.",
        "people:CorrectDetails:correct_details",
        "correct",
    ),
    Verb(
        "sign_in.send_code",
        "Send a borrower the code that they asked for at the portal.",
        "signing_in:SendCode:send_code",
        "do",
    ),
    Verb(
        "sign_in.confirm",
        "Tell a borrower on the other channels what was agreed by a code.",
        "signing_in:ConfirmAgreed:confirm_agreed",
        "do",
    ),
    Verb(
        "passkey.make",
        "Keep a passkey that one's own device made.",
        "passkeys:MakePasskey:make",
        "do",
    ),
    Verb("passkey.end", "Give up a passkey of one's own.", "passkeys:EndPasskey:end", "do"),
    Verb(
        "passkey.take_away",
        "End all passkeys of a person or a borrower, and sign them out.",
        "passkeys:TakeAwayPasskeys:take_away",
        "do",
    ),
    Verb(
        "file.release", "Let a bureau's month, or a book taken out, leave.", "releasing:ReleaseFile:release_file", "do"
    ),
    Verb(
        "person.purge",
        "Purge what tells of former borrowers whose time is over, with a certificate.",
        "purging:PurgePersons:purge_persons",
        "do",
    ),
    Verb(
        "file.purge",
        "Purge files of jobs whose time is over, with a certificate.",
        "purging:PurgeFiles:purge_old_files",
        "do",
    ),
    Verb(
        "settings.sender",
        "Keep who furnishes to a bureau, as its form asks.",
        "bureau:NameSender:name_sender",
        "bureau sender",
    ),
    Verb("settings.place", "Set the lender's own place.", "people:SetPlace:set_place", "place"),
    Verb(
        "channel.test",
        "Try a channel by a message to one's own address.",
        "channels:TryChannel:try_channel",
        "do",
    ),
    Verb("people.disable", "A person leaves: no sign-in, and out everywhere.", "access:Disable:disable", "do"),
    Verb("key.make", "Make a program's key, known by its digest.", "access:MakeKey:make_key", "do"),
    Verb("key.end", "Take a program's key back.", "access:EndKey:end_key", "do"),
    Verb("people.roles", "Give a person roles at the doors.", "people:GiveRoles:give_roles", "roles"),
    Verb(
        "mandate.sign",
        "Record a mandate that the borrower signed.",
        "mandates:SignMandate:sign_mandate",
        "mandate add",
    ),
    Verb("mandate.revoke", "A mandate ends.", "mandates:RevokeMandate:revoke_mandate", "mandate revoke"),
    Verb(
        "mandate.resume",
        "Debits under a mandate that rested after failures are tried again.",
        "mandates:ResumeMandate:resume_mandate",
        "mandate resume",
    ),
    Verb(
        "debit.ask",
        "A borrower asks that what is due be debited now.",
        "asked_debit:AskDebit:ask_debit",
        "do",
    ),
    Verb(
        "debit.creditor",
        "Say who collects: it stands in every file.",
        "filing:NameCreditor:name_creditor",
        "debit creditor",
    ),
    Verb("debit.file", "Put the debits that wait into a bank file.", "filing:FileDebits:file_debits", "debit file-out"),
    Verb(
        "debit.result",
        "Tell what the bank said of one debit.",
        "answers:TakeResult:take_result",
        "debit ask",
    ),
    Verb("debit.results", "Take a bank's file of results in.", "answers:TakeResults:take_results", "debit file-in"),
    Verb(
        "debit.presume_paid",
        "Count debits that were filed and never answered as paid.",
        "answers:PresumePaid:presume_paid",
        "debit presume-paid",
    ),
    Verb(
        "statement.take", "Take lines of a bank statement in.", "lines:TakeStatement:take_statement", "bank-statement"
    ),
    Verb("statement.give", "Give a line that waits to a loan.", "lines:GiveLine:give_line", "unmatched"),
    Verb(
        "statement.split",
        "Give a line that waits to several loans, a part to each.",
        "lines:SplitLine:split_line",
        "unmatched",
    ),
    Verb("statement.set_aside", "A line is for no loan.", "lines:SetLineAside:set_line_aside", "unmatched"),
    Verb(
        "statement.send_back",
        "Send money that is for no loan back to its payer.",
        "lines:SendLineBack:send_line_back",
        "unmatched",
    ),
    Verb(
        "statement.take_off",
        "Take a line off its loan: it waits again.",
        "lines:TakeLineOff:take_line_off",
        "unmatched",
    ),
    Verb("statement.move", "Take a line to the loan it was meant for.", "lines:MoveLine:move_line", "unmatched"),
    Verb(
        "statement.finish_row",
        "A row that could not be taken is done with.",
        "lines:FinishRow:finish_row",
        "unmatched",
    ),
    Verb(
        "dispute.open",
        "A borrower says that what was furnished is wrong.",
        "bureau:OpenDispute:open_dispute",
        "bureau dispute open",
    ),
    Verb(
        "dispute.evidence",
        "A document to a dispute.",
        "bureau:TakeEvidence:take_evidence",
        "bureau dispute evidence",
    ),
    Verb(
        "dispute.decide",
        "Answer a dispute as the book reckons.",
        "bureau:DecideDispute:decide_dispute",
        "bureau dispute decide",
    ),
    Verb(
        "dispute.disagree",
        "The borrower does not agree with an answer.",
        "bureau:Disagree:disagree",
        "bureau dispute disagree",
    ),
    Verb(
        "dispute.notified",
        "A party was told of the answer.",
        "bureau:Notified:notified",
        "bureau dispute notified",
    ),
    Verb(
        "bureau.rejections",
        "Take a bureau's answer file: one act for the file.",
        "bureau:TakeRejections:take_rejections",
        "bureau rejections",
    ),
    Verb(
        "bureau.notice_delivered",
        "The notice before the first report was delivered.",
        "bureau:NoticeDelivered:notice_delivered",
        "do",
    ),
    Verb(
        "bureau.fraud_confirmed",
        "What one person found a second confirms: the account was opened by somebody else.",
        "bureau:ConfirmFraud:confirm_fraud",
        "propose",
    ),
    Verb("bureau.assets_taken", "Debt of a loan was settled with assets.", "event:bureau:AssetsTaken", "do"),
    Verb(
        "bureau.special_transaction",
        "Another special transaction of a bureau's list happened on a loan.",
        "event:bureau:SpecialTransaction",
        "do",
    ),
    Verb("charge.end", "A charge of the product is asked for no longer.", "fact:ChargeEnded", "do"),
    Verb(
        "conduct.share",
        "The borrower shared a report of loans elsewhere.",
        "event:rebuilding:ConductShared",
        "do",
    ),
    Verb("bureau.guarantor_paid", "A guarantor paid debt of a loan.", "event:bureau:GuarantorPaid", "do"),
    Verb(
        "evidence.keep",
        "Name a document as evidence by its digest.",
        "legal_verbs:KeepEvidence:keep_evidence",
        "legal evidence",
    ),
    Verb("legal.propose", "Propose a legal step.", "legal_verbs:ProposeStep:propose_step", "legal propose"),
    Verb("legal.approve", "Approve a legal step in a role.", "legal_verbs:ApproveStep:approve_step", "legal approve"),
    Verb("legal.refuse", "Turn a proposed step down.", "legal_verbs:RefuseStep:refuse_step", "legal refuse"),
    Verb("legal.start", "Take an approved step.", "legal_verbs:StartStep:start_step", "legal start"),
    Verb("legal.end", "Tell what came of a step.", "legal_verbs:EndStep:end_step", "legal end"),
    Verb(
        "legal.day",
        "Make the ladder's wishes proposals, and what is due by law tasks.",
        "legal_verbs:LegalDay:legal_day",
        "legal day",
    ),
    Verb("legal.call_due", "Call the rest of a loan due at once.", "legal_verbs:CallDue:call_due", "do"),
    Verb("legal.withdraw_call", "A loan called due is so no longer.", "legal_verbs:WithdrawCall:withdraw_call", "do"),
    Verb(
        "loss.propose", "Propose a charge-off, write-off or sale.", "legal_verbs:ProposeLoss:propose_loss", "legal loss"
    ),
    Verb(
        "loss.approve",
        "Approve a loss in a role; the last approval books it.",
        "legal_verbs:ApproveLoss:approve_loss",
        "legal approve-loss",
    ),
    Verb("loss.refuse", "Turn a proposed loss down.", "legal_verbs:RefuseLoss:refuse_loss", "legal refuse-loss"),
    Verb(
        "people.appoint",
        "Say in which roles a person may approve legal steps and losses.",
        "legal_verbs:Appoint:appoint",
        "legal people",
    ),
    Verb("legal.interrupt", "The period of limitation began anew.", "event:legal:LimitationInterrupted", "do"),
    Verb("quote.give", "Quote an early repayment for any day.", "plans:GiveQuote:give_quote", "quote give"),
    Verb(
        "quote.execute",
        "Execute a quote exactly as given: its money has come.",
        "plans:ExecuteQuote:execute_quote",
        "quote execute",
    ),
    Verb(
        "plan.search",
        "Search plans that a borrower can afford, and offer them.",
        "plans:SearchPlans:search_plans",
        "plan search",
    ),
    Verb("plan.offer", "Offer a plan that a person chose.", "plans:OfferPlan:offer_plan", "plan offer"),
    Verb("plan.accept", "The borrower accepts a plan.", "plans:AcceptPlan:accept_plan", "plan accept"),
    Verb("plan.decline", "The borrower declines a plan.", "plans:DeclinePlan:decline_plan", "plan decline"),
    Verb("plan.cancel", "Take a running plan back.", "plans:CancelPlan:cancel_plan", "plan cancel"),
    Verb("plan.watch", "Look whether a running plan is kept.", "plans:WatchPlan:watch_plan", "plan watch"),
    Verb(
        "hardship.apply",
        "A borrower tells of a difficulty.",
        "hardship:ApplyForHardship:apply_for_hardship",
        "hardship apply",
    ),
    Verb("paper.hand_in", "A borrower hands a paper in.", "handed_in:HandIn:hand_in", "do"),
    Verb(
        "hardship.decide",
        "Grant or refuse an application for hardship.",
        "hardship:DecideHardship:decide_hardship",
        "hardship decide",
    ),
    Verb(
        "breathing_space.start",
        "No interest, no penalty and no contact for a time.",
        "hardship:StartBreathingSpace:start_breathing_space",
        "hardship breathing-space",
    ),
    Verb(
        "breathing_space.end",
        "End a breathing space.",
        "hardship:EndBreathingSpace:end_breathing_space",
        "hardship breathing-end",
    ),
    Verb(
        "vulnerability.flag",
        "Flag a borrower as vulnerable.",
        "hardship:FlagVulnerable:flag_vulnerable",
        "hardship flag",
    ),
    Verb(
        "vulnerability.read",
        "Read a borrower's flags; the reading is kept.",
        "hardship:ReadFlags:read_flags",
        "hardship flags",
    ),
    Verb(
        "limit.apply", "A borrower applies for a limit.", "way_back:ApplyForLimit:apply_for_limit", "limit-application"
    ),
    Verb(
        "road_map.keep",
        "Keep the way back that a borrower chose.",
        "way_back:KeepMap:keep_map",
        "road-map",
    ),
    Verb("lesson.give", "Give the lesson for what just happened.", "way_back:GiveLesson:give_lesson", "lesson give"),
    Verb("lesson.check", "Keep the answer to a lesson.", "way_back:CheckLesson:check_lesson", "lesson check"),
    Verb(
        "limit.change",
        "Change a borrower's credit line.",
        "policy:ChangeLimit:change_limit",
        "limit change",
    ),
    Verb("limit.accept", "A borrower says yes to a wider line.", "policy:AcceptLimit:accept_limit", "do"),
    Verb("limit.decline", "A borrower says no to a wider line.", "policy:DeclineLimit:decline_limit", "do"),
    Verb(
        "ladder.use",
        "Use a ladder for the borrowers of a place.",
        "policy:UseLadder:use_ladder",
        "ladder use",
    ),
    Verb(
        "hold_out.switch",
        "Switch the hold-out of a ladder on or off.",
        "policy:SwitchHoldOut:switch_hold_out",
        "do",
    ),
    Verb(
        "model.propose",
        "Propose a model of who goes wrong, with its whole folder.",
        "models:ProposeModel:propose_model",
        "risk propose",
    ),
    Verb(
        "model.approve",
        "Approve a model that another person proposed.",
        "models:ApproveModel:approve_model",
        "risk approve",
    ),
    Verb(
        "model.promote",
        "Use an approved model, if it passes every gate.",
        "models:PromoteModel:promote_model",
        "risk promote",
    ),
    Verb("model.retire", "Use a model no longer.", "models:RetireModel:retire_model", "risk retire"),
    Verb("model.watch", "Compare the months since a model learnt.", "models:WatchModel:watch_model", "risk monitor"),
    Verb(
        "network.watch",
        "Look for groups that borrow and stop together; each is a task of a person.",
        "models:WatchNetwork:watch_network",
        "risk rings",
    ),
    Verb("model.score", "Score the book with its models.", "models:ScoreBook:score_book", "risk score"),
    Verb(
        "case.share_out",
        "Share the unassigned cases out to people.",
        "cases:ShareOut:share_cases",
        "worklist",
    ),
    Verb(
        "agency.place",
        "Place proposed cases with an agency: one act for the file.",
        "cases:PlaceCases:place_cases",
        "agency out",
    ),
    Verb(
        "agency.answers",
        "Take an agency's file: one act for the file.",
        "cases:TakeReturns:take_agency_file",
        "agency in",
    ),
    Verb(
        "receipt.take",
        "Take what receivers tell of messages: one act for the file.",
        "receipts:TakeReceipts:take_receipts",
        "receipts",
    ),
    Verb(
        "contact.ask",
        "Ask whether a borrower may be contacted now.",
        "cases:AskContact:ask_contact",
        "contact ask",
    ),
    Verb(
        "outbox.withdraw",
        "Withdraw what is planned and has not left yet.",
        "taken_back:WithdrawAction:withdraw_action",
        "do",
    ),
    Verb("message.send", "Write to a borrower by a template.", "writing:SendMessage:send_message", "do"),
    Verb("webhook.subscribe", "Tell a receiver outside of events from now on.", "webhooks:Subscribe:subscribe", "do"),
    Verb("webhook.end", "Tell a receiver of nothing any more.", "webhooks:EndWebhook:end", "do"),
    Verb("webhook.replay", "Tell a receiver what happened since a place in the log.", "webhooks:Replay:replay", "do"),
    Verb("webhook.renew_secret", "Sign what a receiver is told with a new secret.", "webhooks:RenewSecret:renew", "do"),
    Verb("sandbox.set_clock", "Set the test clock of a book that is only played.", "sandbox:SetClock:set_clock", "do"),
    Verb("vulnerability.clear", "A flag no longer holds.", "event:relief:VulnerabilityCleared", "do"),
)


RULES: dict[str, str] = {
    "day.decide": "Decide a shard's day: actions, findings, changes of lines, withdrawals.",
    "treatment.choose": "Choose among the steps of a day over the whole book, where the pack says so.",
    "limit.restore_by_rule": "Let the automatic rule look at a frozen line.",
    "limit.reassess": "Lower lines with notice and offer wider ones, where the pack lets a rule do it.",
    "legal.watch": "Make the ladder's wishes proposals, and what the law asks for on a day tasks.",
    "bureau.furnish": "Furnish a shard's month to a bureau.",
    "news.tell": "Tell borrowers what came of the day: promises due, plans watched, limits restored.",
    "message.drain": "Send a job's actions through a channel.",
}
"""What rules of ours do inside, in bulk and by themselves: acts too, but nobody asks for them at a door."""


@cache
def _by_name() -> dict[str, Verb]:
    found = {verb.name: verb for verb in VERBS}
    assert len(found) == len(VERBS), "two verbs of one name"
    return found


def verb_named(name: str) -> Verb:
    """The verb of a name. Raises FactRefused (unknown)."""
    verb = _by_name().get(name)
    if verb is None:
        raise FactRefused("verb", name, "no verb of that name", "docs/verbs.md lists them", "unknown")
    return verb
