"""Finance, bureau and audit over HTTP: days and their proof, the journal as text, months told, then against now."""

from dataclasses import asdict
from datetime import date
from typing import Annotated, Any, Literal

import polars as pl
from fastapi import APIRouter, Query
from fastapi import Path as PathParam
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response, StreamingResponse

from afterloan.banks.files import SUFFIX
from afterloan.dates import date_told, number_of
from afterloan.desk.api.asked import After, Limit, cursor, named, page_of, place_of, question, theirs
from afterloan.desk.api.files import FILE, Content
from afterloan.desk.api.routing import router_at
from afterloan.desk.web.asking import SignedIn, told_day
from afterloan.desk.web.letters import ReportForm, ReportTable, asked_cash, report_as, saved, table_of_form
from afterloan.desk.web.names import reference_of
from afterloan.desk.web.refusing import refuse
from afterloan.enquiry.agencies import agencies_on
from afterloan.enquiry.books import export_lines
from afterloan.enquiry.cash import as_csv
from afterloan.enquiry.classes import classify_book
from afterloan.enquiry.days import day_closed, days_closed
from afterloan.enquiry.debits import debits_on, mandates_on, rail_of_file
from afterloan.enquiry.furnished import bureau_of, compared, told_months
from afterloan.enquiry.lists import NEWEST, outbox_page
from afterloan.enquiry.portfolio import PORTFOLIO, portfolio_numbered
from afterloan.enquiry.readings import both_readings
from afterloan.enquiry.record import own_record
from afterloan.enquiry.refunds import refunds_due
from afterloan.enquiry.rejections import rejected_lines
from afterloan.enquiry.then_and_now import as_csv as known_as_csv
from afterloan.enquiry.then_and_now import then_and_now
from afterloan.enquiry.unmatched import waiting_line
from afterloan.servicing.disputes import dispute_of
from afterloan.servicing.filing import file_again
from afterloan.store.furnished import files
from afterloan.store.reports import reports_told

Text = Annotated[str, Query(max_length=200)]
REPORTS = {"portfolio": "the portfolio on a day: summary, ageing, roll rates, vintages, expected against received"}
DISPUTE = ("borrower", "loan", "bureau", "months", "claims", "opened_on", "answer_by", "decided_on", "outcome")


class CopyAsked(BaseModel):
    """In which currency the file was filed."""

    model_config = ConfigDict(extra="forbid")
    currency: str = Field(default="CNY", pattern="^[A-Z]{3}$")


def finance_routes() -> APIRouter:
    """What finance reads."""
    router = router_at("/v1")

    @question(router, "/days", "report.read", "finance")
    def days(asking: SignedIn, limit: Limit = 50, after: After = "") -> Any:
        """Days that were closed, the newest first: contracts signed = closed + excepted."""
        before = date_told(place_of(asking, after)) if after else date.max
        rows = days_closed(asking.connection, before, limit, asking.through)
        return {"data": rows, "next": cursor(asking, str(rows[-1]["closed_on"])) if len(rows) == limit else None}

    @question(router, "/days/{day}", "report.read", "finance")
    def day_(asking: SignedIn, day: str) -> Any:
        """One closed day: its proof, and the loans that could not be reckoned with the reason."""
        return day_closed(asking.connection, told_day(day, "day"), asking.through)

    @question(router, "/cash", "report.read", "finance")
    def cash(
        asking: SignedIn, first: Text = "", last: Text = "", by: Literal["day", "month"] = "month",
        form: Annotated[Literal["json", "csv"], Query(alias="format")] = "json",
    ) -> Any:  # fmt: skip
        """What came in and where it went: by component and bucket, unapplied, refunded; it adds up to the journal.

        Of the year up to the last closed day where no days are named.
        """
        found = asked_cash(asking, first, last, by)
        return saved(as_csv(found).encode(), "cash.csv", "text/csv") if form == "csv" else found.told()

    @question(router, "/agencies", "report.read", "cases")
    def agencies(asking: SignedIn) -> Any:
        """Cases proposed for agencies and with them, what each agency came to, what of it was against a rule."""
        return agencies_on(asking.connection, min(asking.on, asking.known_on or asking.on)).told()

    @question(router, "/journal/export", "report.read", "finance")
    def export(
        asking: SignedIn, form: Annotated[Literal["beancount", "hledger"], Query(alias="format")] = "beancount"
    ) -> Any:
        """The whole journal as plain text, a transaction at a time; each sums to zero."""
        lines = export_lines(asking.house.store, form)
        return StreamingResponse((line + "\n" for line in lines), media_type="text/plain; charset=utf-8")

    @question(router, "/reports", "report.read", "finance")
    def reports(asking: SignedIn) -> Any:
        """The reports there are."""
        return [{"id": name, "about": about, "href": f"/v1/reports/{name}"} for name, about in REPORTS.items()]

    @question(router, "/kept-reports", "report.read", "finance")
    def kept_reports(asking: SignedIn, limit: Limit = 50) -> Any:
        """The portfolio reports that were made, the newest first: of which day, as known when, with their digest."""
        return reports_told(asking.connection, limit, PORTFOLIO)

    @question(router, "/kept-reports/{report}", "report.read", "finance")
    def kept_report(
        asking: SignedIn, report: Annotated[int, PathParam(ge=1, le=2**63 - 1)],
        table: ReportTable = "", form: ReportForm = "json",
    ) -> Any:  # fmt: skip
        """A report as it was made, whatever came since; in the forms of `/v1/reports/portfolio`."""
        found = portfolio_numbered(asking.connection, report)
        if found is None:
            raise refuse(404, "unknown", "no report of that number", "GET /v1/kept-reports lists them", "report")
        table_of_form(table, form)
        return report_as(found, table, form)

    @question(router, "/refunds-due", "report.read", "money")
    def refunds(asking: SignedIn) -> Any:
        """Paid loans that hold money of the borrower, those that wait longest on top."""
        return [asdict(row) for row in refunds_due(asking.house.store, asking.on)]

    @question(router, "/unmatched/{line}/candidates", "report.read", "money")
    def candidates(asking: SignedIn, line: str) -> Any:
        """The loans that a line of a statement may be for, each with the signs that say so."""
        found = waiting_line(asking.connection, reference_of(line), asking.on)
        if found is None:
            raise refuse(404, "unknown", "no line of that name waits", "GET /v1/unmatched lists them", "line")
        return [asdict(one) for one in found.candidates]

    @question(router, "/mandates", "report.read", "debits")
    def mandates(asking: SignedIn, limit: Limit = 50, after: After = "") -> Any:
        """Every mandate; accounts by their last four."""
        rows = [line.told() for line in reversed(mandates_on(asking.connection, asking.on))]
        return page_of(asking, rows, "mandate", after, limit)

    @question(router, "/debit-files", "report.read", "debits")
    def debit_files(asking: SignedIn) -> Any:
        """The files in which debits of the last weeks left: how many of how much, and what was heard of them."""
        return [asdict(one) for one in debits_on(asking.connection, asking.through, most=0).files]

    @router.post("/debit-files/{file}/copies", tags=["debits"], openapi_extra={"x-permission": "debit.file"})
    def copy(asking: SignedIn, file: str, asked: CopyAsked) -> Response:
        """A file of debits as it was filed, to the byte; who had it is on record. Nothing is sent again."""
        asking.permitted("debit.file")
        name = reference_of(file)
        rail = rail_of_file(asking.connection, name)
        made = file_again(asking.connection, rail, name, asked.currency)
        asking.listed(made.debits)
        return saved(made.data, f"{name}.{SUFFIX[rail]}")

    @question(router, "/outbox", "report.read", "messages")
    def outbox(asking: SignedIn, state: Text = "", borrower: Text = "", limit: Limit = 50, after: After = "") -> Any:
        """What is to be done outside, the newest first, and what became of it; `state`: waiting, sent, withdrawn …"""
        before = int(place_of(asking, after)) if after else NEWEST
        rows, more = outbox_page(asking.connection, asking.on, limit, borrower, state, "", before)
        return {"data": rows, "next": cursor(asking, more) if more is not None else None}

    @question(router, "/classification", "report.read", "finance")
    def classification(asking: SignedIn, jurisdiction: Text = "CN") -> Any:
        """How many loans of a place are in each class, what is outstanding of them, the expected loss by IFRS 9."""
        return classify_book(asking.house.store, number_of(asking.on), jurisdiction)

    return router


def bureau_routes() -> APIRouter:
    """What bureaus were told, and what is disputed."""
    router = router_at("/v1")

    @question(router, "/bureaus/{bureau}/months", "report.read", "bureau")
    def months(asking: SignedIn, bureau: str) -> Any:
        """The months that were furnished to a bureau."""
        names = ("furnishing", "bureau", "month_end", "known_on", "rows")
        rows = [dict(zip(names, row, strict=True)) for row in files(asking.connection)]
        return [row for row in rows if row["bureau"] == bureau]

    @question(router, "/bureaus/{bureau}/rejections", "report.read", "bureau")
    def rejections(asking: SignedIn, bureau: str) -> Any:
        """The lines that a bureau did not take: the reason, what mends each, and whether it went out again."""
        known = min(asking.known, asking.today)
        return [line.as_told() for line in rejected_lines(asking.connection, known, bureau)]

    @question(router, "/loans/{loan}/bureau-readings", "book.read", "bureau")
    def readings(asking: SignedIn, loan: str, bureau: Text = "") -> Any:
        """An account's months with a bureau in both readings: as they were told, and as we would tell them now."""
        known = min(asking.known, asking.today)
        return both_readings(asking.connection, asking.reader, loan, bureau, known)

    @question(router, "/loans/{loan}/bureau", "book.read", "bureau")
    def of_loan(asking: SignedIn, loan: str, bureau: Text = "") -> Any:
        """What stands of a loan with a bureau, month by month."""
        found: pl.DataFrame = told_months(asking.connection, bureau or bureau_of(asking.connection), loan)
        return found.to_dicts()

    @question(router, "/borrowers/{borrower}/bureau", "book.read", "bureau")
    def of_borrower(asking: SignedIn, borrower: str) -> Any:
        """What a bureau has from us about a borrower."""
        return asdict(own_record(asking.connection, borrower, asking.on))

    @router.post("/borrowers/{borrower}/bureau-comparisons", tags=["bureau"],
                 openapi_extra={**FILE, "x-permission": "book.read"})  # fmt: skip
    def comparison(asking: SignedIn, borrower: str, content: Content) -> dict[str, Any]:
        """Hold a borrower's own report against what was furnished: drafts of disputes; nothing is kept."""
        asking.permitted("book.read")
        name = reference_of(borrower)
        theirs(asking, name)
        drafts = compared(asking.connection, name, content, asking.on)
        data = [
            {"loan": d.loan, "bureau": d.bureau, "months": [m.isoformat() for m in d.months], "claims": list(d.claims),
             "statement": d.statement}
            for d in drafts
        ]  # fmt: skip
        return {"data": data, "next": None}

    @question(router, "/disputes/{reference}", "report.read", "bureau")
    def dispute(asking: SignedIn, reference: str) -> Any:
        """A dispute as it stands."""
        found = dispute_of(asking.connection, reference)
        return named({name: getattr(found, name) for name in DISPUTE}, reference, "disputes")

    @question(router, "/borrowers/{borrower}/known", "audit.read", "audit")
    def known(
        asking: SignedIn, borrower: str, then: Text,
        form: Annotated[Literal["json", "csv"], Query(alias="format")] = "json",
    ) -> Any:  # fmt: skip
        """What was believed of a day at the end of another, what is believed now, and the facts that came between."""
        told = then_and_now(asking.connection, borrower, asking.on, told_day(then, "then"), asking.known)
        return saved(known_as_csv(told).encode(), f"known-{then}.csv", "text/csv") if form == "csv" else told

    return router
