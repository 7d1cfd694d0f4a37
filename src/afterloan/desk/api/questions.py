"""Every question's place in the API: one enquiry each, read only."""

from dataclasses import asdict
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from starlette.responses import Response

from afterloan.dates import moment_told, number_of
from afterloan.desk.api.asked import After, Limit, cursor, named, page_of, place_of, question
from afterloan.desk.api.routing import router_at
from afterloan.desk.web.asking import SignedIn, told_day
from afterloan.desk.web.letters import (
    ReportForm,
    ReportTable,
    legal_bundle,
    report_as,
    statement_letter,
    table_of_form,
)
from afterloan.desk.web.refusing import refuse
from afterloan.enquiry.acts import acts_done
from afterloan.enquiry.borrowers import borrower_page
from afterloan.enquiry.case import case_told
from afterloan.enquiry.choices import choice_named, choices_told
from afterloan.enquiry.contactability import contactability
from afterloan.enquiry.counts import counts
from afterloan.enquiry.debits import mandates_on
from afterloan.enquiry.disputes import disputes_on
from afterloan.enquiry.find import find
from afterloan.enquiry.happenings import happened_after
from afterloan.enquiry.holds import holds_of
from afterloan.enquiry.legal import claims_at_law, legal_case_told, legal_clocks, legal_waits
from afterloan.enquiry.lists import LISTS, listed
from afterloan.enquiry.masking import last_four, mask_name, mask_numbers, mask_phone
from afterloan.enquiry.proposals import waiting
from afterloan.enquiry.rules import rule_told
from afterloan.enquiry.story import story_of
from afterloan.enquiry.tasks import kinds_sent, task_of, tasks
from afterloan.enquiry.today import today_told
from afterloan.enquiry.way_back import draw_in, stand_in
from afterloan.enquiry.worklist import WorklistAsked, worklist_page
from afterloan.store.acts import act_known
from afterloan.store.complaints import complaints_on
from afterloan.store.limits import can_draw
from afterloan.store.promises import promises_of
from afterloan.store.rebuilding import person_in
from afterloan.store.relief import hardships_on
from afterloan.store.statements import open_refusals, statement_files, unmatched_lines

Text = Annotated[str, Query(max_length=2_000)]
FromDay = Annotated[
    str, Query(alias="from", max_length=10, description="Its first day; from the beginning unless told.")
]
ToDay = Annotated[str, Query(max_length=10, description="Its last day; `on` unless told.")]
PRIVATE = {"mobile": mask_phone, "phone": mask_phone, "id_number": last_four, "account": last_four}
HIDDEN = ("email", "address")
"""Attributes that are not shown here; a reveal shows one, on record."""


def masked(attributes: dict[str, Any]) -> dict[str, Any]:
    """A borrower's attributes as they are shown: a phone as `138****1234`, a number by its last four."""
    shown = {name: PRIVATE[name](str(value)) if name in PRIVATE else value for name, value in attributes.items()}
    return {name: "···" if name in HIDDEN else value for name, value in shown.items()}


def borrower_questions() -> APIRouter:
    """Borrowers and cases."""
    router = router_at("/v1")

    @question(router, "/borrowers", "contact.read", "borrowers")
    def borrowers(asking: SignedIn, q: Text, limit: Limit = 50, after: After = "") -> Any:
        """Find borrowers by a part of a name, reference or loan, a phone's last digits, a number of identity."""
        rows = [
            named({**row, "name": mask_name(row["name"]), "phone": mask_phone(row["phone"]) if row["phone"] else ""},
                  row["borrower"], "borrowers")
            for row in find(asking.connection, q)
        ]  # fmt: skip
        return page_of(asking, rows, "reference", after, limit)

    @question(router, "/borrowers/{borrower}", "book.read", "borrowers")
    def borrower_(asking: SignedIn, borrower: str) -> Any:
        """A borrower: details on a day, loans, holds, disputes, notes, who changed what."""
        told = borrower_page(
            asking.connection, borrower, asking.on, asking.known_on or max(asking.on, asking.today)
        ).told()
        own = asking.person.kind == "borrower"
        if not own:
            told |= {"attributes": masked(told["attributes"])}
        told["changes"] = (
            [{**c, "before": None, "after": None} for c in told["changes"]] if not own else told["changes"]
        )
        return named(told, borrower, "borrowers")

    @question(router, "/borrowers/{borrower}/standing", "book.read", "way back")
    def standing(asking: SignedIn, borrower: str) -> Any:
        """Where a borrower stands: what is owed, shown and barred, by which rule, and what lifts it."""
        stood = stand_in(asking.connection, person_in(asking.connection, borrower), number_of(asking.on))
        return stood.plain(asking.language)

    @question(router, "/borrowers/{borrower}/story", "book.read", "borrowers")
    def story(asking: SignedIn, borrower: str, brief: bool = False) -> Any:
        """Every day on which something happened to a borrower; long numbers within show their last digits."""
        lines = story_of(asking.house.store, borrower, asking.language, asking.on)
        inner = ("decision", "finding", "contact", "working")
        shown = (line for line in lines if not (brief and line.source in inner))
        return [{**asdict(line), "on": str(line.on), "text": mask_numbers(line.text)} for line in shown]

    @question(router, "/borrowers/{borrower}/contactability", "contact.read", "contact")
    def contactable(asking: SignedIn, borrower: str, at: Text = "") -> Any:
        """By which channel and for what a borrower may be contacted, with rule and next moment; nothing is recorded."""
        return contactability(asking.connection, borrower, moment_told(at) if at else asking.clock.now).told()

    @question(router, "/borrowers/{borrower}/choice", "contact.read", "cases")
    def choice(asking: SignedIn, borrower: str) -> Any:
        """What was chosen for a borrower among the steps of a day: each option with its chance and its worth."""
        return choice_named(asking.connection, borrower, asking.on).told()

    @question(router, "/borrowers/{borrower}/holds", "book.read", "cases")
    def holds(asking: SignedIn, borrower: str) -> Any:
        """The holds in effect, and what each stops."""
        return [
            {"reference": h.reference, "hold": h.hold, "since": h.since, "until": h.until, "review_on": h.review_on,
             "stops": h.rule.parameters["stops"], "rule": h.rule.id}
            for h in holds_of(asking.connection, borrower, asking.on)
        ]  # fmt: skip

    @question(router, "/borrowers/{borrower}/promises", "book.read", "cases")
    def promises(asking: SignedIn, borrower: str) -> Any:
        """A borrower's promises, judged by the money that came."""
        return [
            {"reference": j.promise.reference, "made": j.promise.on, "amount_fen": j.promise.amount_fen,
             "due_on": j.promise.due_on, "counts_until": j.until, "paid_fen": j.paid_fen, "outcome": j.outcome}
            for j in promises_of(asking.connection, borrower, asking.on)
        ]  # fmt: skip

    @question(router, "/borrowers/{borrower}/mandates", "book.read", "debits")
    def mandates(asking: SignedIn, borrower: str) -> Any:
        """A borrower's mandates; accounts by their last four."""
        return [line.told() for line in reversed(mandates_on(asking.connection, asking.on, borrower))]

    @question(router, "/borrowers/{borrower}/can-draw", "book.read", "way back")
    def can_draw_(asking: SignedIn, borrower: str, amount_fen: Annotated[int, Query(gt=0, le=10**12)]) -> Any:
        """Whether a borrower may draw an amount, with all reasons against it."""
        answer = can_draw(asking.connection, borrower, amount_fen, asking.on)
        return asdict(answer)

    @question(router, "/borrowers/{borrower}/acts", "audit.read", "audit")
    def acts_of(asking: SignedIn, borrower: str, limit: Limit = 50) -> Any:
        """What was done that concerned a borrower, the newest first."""
        return acts_done(asking.connection, borrower, "", limit)

    @question(router, "/cases/{borrower}", "contact.read", "cases")
    def case(asking: SignedIn, borrower: str) -> Any:
        """A borrower's case: what is owed, what may be done now and why not, what happened; `seen` marks its state."""
        may = asking.may_verbs()
        told = case_told(asking.connection, borrower, asking.on, asking.known, asking.clock.now, may,
                         asking.language)  # fmt: skip
        return named(told.told(), borrower, "cases")

    return router


def loan_questions() -> APIRouter:
    """Loans."""
    router = router_at("/v1/loans")

    @question(router, "/{loan}/explanation", "book.read", "loans")
    def explanation(asking: SignedIn, loan: str) -> Any:
        """The loan's story line by line, with the working: why is this owed?"""
        from afterloan.report.explain import explain

        book, product = _one(asking, loan)
        known = number_of(asking.known_on) if asking.known_on else None
        told = explain(book, 0, product, number_of(asking.on), known, asking.language)
        return Response(told.to_json(), media_type="application/json")

    @question(router, "/{loan}/statement", "book.read", "loans")
    def statement(
        asking: SignedIn, loan: str, form: Annotated[Literal["json", "csv", "pdf"], Query(alias="format")] = "json",
        first: FromDay = "", to: ToDay = "",
    ) -> Any:  # fmt: skip
        """The statement: each movement, the principal it leaves, on which closed day it was booked."""
        from afterloan.enquiry.books import entries_of, loan_and_last_day
        from afterloan.report.statement import loan_statement

        if form != "json":  # a document that is taken along: a borrower at the portal proves themself anew
            asking.proved_for("documents.read")
        book, _ = _one(asking, loan)
        found = loan_and_last_day(asking.connection, loan)
        assert found is not None
        entries, closed_on = entries_of(asking.connection, found[0])
        begin = number_of(told_day(first, "from")) if first else None
        last = number_of(told_day(to, "to") if to else asking.on)
        made = loan_statement(book, 0, loan, entries, closed_on, begin, last)
        if form == "pdf":
            return statement_letter(asking, made)
        return (
            Response(made.to_csv(), media_type="text/csv")
            if form == "csv"
            else Response(made.to_json(), media_type="application/json")
        )

    @question(router, "/{loan}/road-map", "book.read", "way back")
    def road_map(asking: SignedIn, loan: str) -> Any:
        """Ways back for a loan side by side: what each costs, and its dated milestones."""
        from afterloan.servicing.relief import plan_for_map
        from afterloan.servicing.verbs import borrower_of_loan

        person = person_in(asking.connection, borrower_of_loan(asking.connection, loan))
        day = number_of(asking.on)
        drawn = draw_in(asking.connection, person, loan, day, plan_for_map(asking.connection, person, loan, day))
        ways = [way.plain(asking.language) for way in drawn.ways]
        return {"loan": loan, "ways": ways, "before": [{"state": m.state, **m.milestone} for m in drawn.before]}

    @question(router, "/{loan}/legal", "report.read", "legal")
    def legal(asking: SignedIn, loan: str) -> Any:
        """The legal case of a loan: steps, what each still lacks, limitation."""
        return legal_case_told(asking.connection, loan, asking.on)

    @question(router, "/{loan}/legal-bundle", "report.read", "legal")
    def legal_bundle_(asking: SignedIn, loan: str) -> Any:
        """The papers and evidence of a claim in one ZIP, with the digest of each."""
        return legal_bundle(asking, loan)

    @question(router, "/{loan}/classification", "report.read", "loans")
    def classification(asking: SignedIn, loan: str) -> Any:
        """The class of a loan, with findings."""
        from afterloan.enquiry.classes import classify_loan

        found = classify_loan(asking.house.store, loan, number_of(asking.on))
        findings = [{"clause": f.clause, "outcome": f.outcome, "inputs": dict(f.inputs)} for f in found.findings]
        return {"loan": loan, "class": found.name, "findings": findings}

    return router


def _one(asking: Any, loan: str) -> tuple[Any, str]:
    from afterloan.desk.api.asked import nothing_there
    from afterloan.enquiry.books import loan_and_product
    from afterloan.store.read import read_loans

    found = loan_and_product(asking.connection, loan)
    if found is None:
        raise nothing_there()
    return read_loans(asking.connection, asking.reader, f"c.loan = {found[0]}"), found[1]


def work_questions() -> APIRouter:
    """What people work through."""
    router = router_at("/v1")

    @question(router, "/today", "report.read", "cases")
    def today(asking: SignedIn) -> Any:
        """The day under control: close, decisions, queues, flow, clocks, refusals."""
        known = asking.known
        return today_told(asking.connection, asking.reader, asking.on, known, kinds_sent()).told()

    @question(router, "/worklist", "contact.read", "cases")
    def worklist(
        asking: SignedIn, queue: Text = "", mine: Text = "", where: Text = "",
        first: Annotated[int, Query(ge=0, le=10_000_000)] = 0, limit: Limit = 50,
    ) -> Any:  # fmt: skip
        """The evening's list, the most worth first; shown rows are reckoned anew. `where`: a ladder's condition."""
        part = WorklistAsked(asking.on, queue, mine, where, first, limit, asking.known_on)
        told = worklist_page(asking.connection, asking.reader, part).told()
        more = first + limit < told["total"]
        return {**told, "data": told.pop("rows"), "next": str(first + limit) if more else None}

    @question(router, "/tasks", "contact.read", "cases")
    def tasks_(asking: SignedIn, queue: Text = "", done: bool = False, limit: Limit = 50, after: After = "") -> Any:
        """What people must look at, the clock that runs out first on top."""
        rows = [t.told() for t in tasks(asking.connection, kinds_sent(), asking.on, done) if queue in ("", t.queue)]
        return page_of(asking, rows, "key", after, limit)

    @question(router, "/tasks/{reference}", "contact.read", "cases")
    def task(asking: SignedIn, reference: str) -> Any:
        """One task: what it is, until when, what to do, and what became of it so far."""
        found, history = task_of(asking.connection, reference, kinds_sent(), asking.on)
        return {**found.told(), "history": history}

    @question(router, "/legal/claims", "report.read", "legal")
    def legal_claims(asking: SignedIn, limit: Limit = 50, after: After = "") -> Any:
        """Every claim under way: running, with a title in force, or proposed; the longest first."""
        rows = [asdict(claim) for claim in claims_at_law(asking.connection, asking.on)]
        return page_of(asking, rows, "loan", after, limit)

    @question(router, "/legal/proposals", "report.read", "legal")
    def legal_proposals(asking: SignedIn, limit: Limit = 50, after: After = "") -> Any:
        """Steps and losses that wait for approval, and in which roles."""
        rows = [_approval(asking, asdict(w)) for w in legal_waits(asking.connection, asking.on)]
        return page_of(asking, rows, "reference", after, limit)

    @question(router, "/legal/deadlines", "report.read", "legal")
    def legal_deadlines(asking: SignedIn, limit: Limit = 50, after: After = "") -> Any:
        """Deadlines and periods of law that people must keep, the one that runs out first on top."""
        rows = [task.told() for task in legal_clocks(asking.connection, asking.on)]
        return page_of(asking, rows, "key", after, limit)

    @question(router, "/approvals", "report.read", "approvals")
    def approvals(asking: SignedIn, borrower: Text = "", limit: Limit = 50, after: After = "") -> Any:
        """All that waits for a second person."""
        rows = [_approval(asking, asdict(w)) for w in waiting(asking.connection, asking.on, borrower)]
        return page_of(asking, rows, "reference", after, limit)

    @question(router, "/disputes", "report.read", "bureau")
    def disputes(asking: SignedIn, answered: bool = False) -> Any:
        """The disputes that stand on a day with their clocks, the nearest first."""
        lines = disputes_on(asking.connection, asking.on, answered)
        asking.listed(len(lines))
        return [line.told() for line in lines]

    @question(router, "/complaints", "contact.read", "cases")
    def complaints(asking: SignedIn, borrower: Text = "", answered: bool = False) -> Any:
        """Complaints with their clocks, the one to be answered first on top; `answered`: those that were too."""
        found = complaints_on(asking.connection, asking.on, borrower, answered)
        if not borrower:  # one borrower's are kept as a reading of theirs
            asking.listed(len(found))
        return [asdict(one) for one in found]

    @question(router, "/hardships", "contact.read", "relief")
    def hardships(asking: SignedIn, decided: bool = False) -> Any:
        """Applications of all borrowers, the one to be decided first on top; `decided`: those that were too."""
        found = hardships_on(asking.connection, asking.on, decided)
        asking.listed(len(found))
        return found

    @question(router, "/bank-statements", "report.read", "money")
    def bank_statements(asking: SignedIn, limit: Limit = 50, after: After = "") -> Any:
        """Bank statements that were taken, the newest first: days, lines and sums of each file and account."""
        before = int(place_of(asking, after)) if after else 1 << 62
        rows = statement_files(asking.connection, asking.on, limit, before)
        more = cursor(asking, rows[-1]["place"]) if len(rows) == limit else None
        shown = [
            {**{k: v for k, v in row.items() if k != "place"}, "account": last_four(row["account"])} for row in rows
        ]
        return {"data": shown, "next": more}

    @question(router, "/unmatched", "report.read", "money")
    def unmatched(asking: SignedIn) -> Any:
        """Lines of bank statements that found no loan."""
        return [
            {**row, "account": last_four(str(row.get("account", "")))} for row in unmatched_lines(asking.connection)
        ]

    @question(router, "/refused-rows", "report.read", "money")
    def refused_rows(asking: SignedIn) -> Any:
        """Rows of bank files that could not be taken."""
        return [asdict(row) for row in open_refusals(asking.connection)]

    @question(router, "/lists/{of}", "report.read", "lists")
    def list_(asking: SignedIn, of: str, borrower: Text = "", limit: Limit = 100) -> Any:
        """One of the lists that people go through: exceptions, findings, outbox, proposals, disputes, holds, notes."""
        return {"list": of, "about": LISTS[of][0] if of in LISTS else "",
                "data": listed(asking.connection, of, asking.on, borrower, limit), "next": None}  # fmt: skip

    @question(router, "/acts", "audit.read", "audit")
    def acts(asking: SignedIn, verb: Text = "", borrower: Text = "", limit: Limit = 50) -> Any:
        """What was done, the newest first: who, through which door, what was asked and answered."""
        return acts_done(asking.connection, borrower, verb, limit)

    @question(router, "/events", "events.read", "events")
    def events(asking: SignedIn, after: After = "", limit: Limit = 100, thin: bool = False) -> Any:
        """The log of what was done, without gaps: `next` goes on where this page ends, also when it was empty."""
        found = happened_after(asking.connection, after, limit)
        return {"data": [one.told(thin) for one in found], "next": found[-1].place if found else after or None}

    return router


def _approval(asking: Any, told: dict[str, Any]) -> dict[str, Any]:
    made = act_known(asking.connection, told["reference"])
    return {**told, "sha256": made.answer.get("sha256") if made and made.verb == "proposal.make" else None}


def policy_questions() -> APIRouter:
    """Rules, ladders, products, figures of the book."""
    router = router_at("/v1")

    @question(router, "/status", "report.read", "entry")
    def status(asking: SignedIn) -> Any:
        """What is in the book and which day was closed last."""
        return counts(asking.connection)

    @question(router, "/rules/{of}", "report.read", "policy")
    def rule(asking: SignedIn, of: str) -> Any:
        """A rule: clause, source and how certain it is (M and I are not certain)."""
        found = rule_told(of)
        if found is None:
            raise refuse(404, "unknown", "no rule of that name", "`GET /v1/rules?folder=` lists them", "rule")
        return found.told()

    @question(router, "/rules", "report.read", "policy")
    def rules(asking: SignedIn, folder: Text = "contact") -> Any:
        """The rules of a pack."""
        from afterloan.rules.packs import rules_of

        try:
            return [one.model_dump(mode="json") for one in rules_of(folder)]
        except (FileNotFoundError, NotADirectoryError) as error:
            raise refuse(404, "unknown", "no pack of that name", "contact, relief, permissions …", "folder") from error

    @question(router, "/ladders", "report.read", "policy")
    def ladders(asking: SignedIn) -> Any:
        """The ladders that come with afterloan."""
        from afterloan.strategy.ladder import builtin_ladders

        return [{"ladder": name, "jurisdiction": x.jurisdiction, "steps": len(x.steps), "title": x.title}
                for name, x in builtin_ladders().items()]  # fmt: skip

    @question(router, "/ladders/columns", "report.read", "policy")
    def columns(asking: SignedIn) -> Any:
        """The columns that a ladder's conditions may speak of."""
        from afterloan.strategy.columns import COLUMNS

        return {"data": {name: {"type": str(kind), "about": text} for name, (kind, text) in COLUMNS.items()}}

    @question(router, "/choices", "report.read", "policy")
    def choices(asking: SignedIn) -> Any:
        """What was chosen among the steps that the ladders allowed a day, over the whole book, and by what."""
        return choices_told(asking.connection, asking.on).told()

    @question(router, "/products", "report.read", "policy")
    def products(asking: SignedIn) -> Any:
        """The products that come with afterloan."""
        from afterloan.rules.products import builtin

        return [{"product": x.code, "method": x.method.name.lower(), "name": x.name} for x in builtin().values()]

    @question(router, "/trial-balance", "report.read", "finance")
    def trial_balance(asking: SignedIn) -> Any:
        """Debits and credits of every account; they sum to zero."""
        from afterloan.enquiry.books import sums_by_accounts
        from afterloan.journal.balances import trial_balance as balance

        return [{"account": int(x.account), "debit_fen": x.debit_fen, "credit_fen": x.credit_fen}
                for x in balance(sums_by_accounts(asking.connection, asking.through))]  # fmt: skip

    @question(router, "/reports/portfolio", "report.read", "finance")
    def report(
        asking: SignedIn, table: ReportTable = "", form: ReportForm = "json"
    ) -> Any:  # fmt: skip
        """The portfolio on a day: summary, ageing, roll rates, vintages, expected against received.

        All of it as JSON or one page (HTML); one `table` as JSON, CSV or Parquet, money in minor units. Made when first
        asked for and kept: `Report-Number` says as which. It is made anew when something came that belongs into it.
        """
        from afterloan.enquiry.portfolio import portfolio_kept

        table_of_form(table, form)
        return report_as(portfolio_kept(asking.house.store, asking.on, asking.known_on), table, form)

    @question(router, "/verbs", "report.read", "entry")
    def verbs(asking: SignedIn) -> Any:
        """Every verb, and whether who asks may do it."""
        return [{"verb": name, "may": may} for name, may in asking.may_verbs().items()]

    return router


def question_routers() -> list[APIRouter]:
    """Every question."""
    return [borrower_questions(), loan_questions(), work_questions(), policy_questions()]
