"""Files that people take away: the settlement letter, the bundle of a claim, whatever is saved rather than shown."""

import io
from typing import Annotated, Literal

from fastapi import Query
from starlette.responses import JSONResponse, Response

from afterloan.dates import iso, number_of
from afterloan.desk.web.asking import Asking, told_day
from afterloan.desk.web.refusing import refuse
from afterloan.enquiry.books import entries_of
from afterloan.enquiry.cash import Cash, cash_between
from afterloan.enquiry.lender import currency_of
from afterloan.enquiry.portfolio import KeptPortfolio
from afterloan.enquiry.settled import settled_loan
from afterloan.papers.bundle import Claimant, bundle_of, zipped
from afterloan.papers.settled import certificate
from afterloan.papers.statement import statement_paper
from afterloan.report.portfolio import Report
from afterloan.report.statement import LoanStatement
from afterloan.sending.channels import setting
from afterloan.sending.templates import letterhead
from afterloan.servicing.verbs import borrower_of_loan
from afterloan.store.details import details_of
from afterloan.store.legal import case_of

ANY = "application/octet-stream"
ReportTable = Literal["", "summary", "ageing", "roll", "vintage", "expected"]
ReportForm = Annotated[Literal["json", "csv", "parquet", "html"], Query(alias="format")]
"""How a report is asked for: one table of it, or all; in which form."""


def saved(content: bytes, name: str, kind: str = ANY) -> Response:
    """A file that a browser saves under a name and never opens within our pages."""
    return Response(content, media_type=kind, headers={"content-disposition": f'attachment; filename="{name}"'})


def settlement_letter(asking: Asking, loan: str) -> Response:
    """The settlement letter of a loan, in the language of the page. Raises FactRefused where anything is owed."""
    said, tongue = lender_said(asking.language)
    made = certificate(settled_loan(asking.connection, loan, asking.today), said, tongue, asking.today)
    return saved(made, f"settled-{number_of(asking.today)}.pdf", "application/pdf")


def lender_said(language: str) -> tuple[dict[str, str], str]:
    """The lender as letters in a language of the pages name it, and what letters call that language."""
    tongue = "zh-CN" if language == "zh" else "en"
    return letterhead(setting().lender, tongue), tongue


def statement_letter(asking: Asking, made: LoanStatement) -> Response:
    """A statement as PDF, in the language of the page."""
    said, tongue = lender_said(asking.language)
    owner = borrower_of_loan(asking.connection, made.loan)
    name = details_of(asking.connection, owner, asking.on).name
    paper = statement_paper(
        made, name, currency_of(asking.connection, loan=made.loan), said, tongue, asking.today
    )  # fmt: skip
    return saved(paper, f"statement-{made.first}-{made.last}.pdf", "application/pdf")


def claimant(language: str) -> Claimant:
    """The lender as court papers in a language name it, from the channels' setting."""
    said, _ = lender_said(language)
    return Claimant(said["name"], (said["address"], said["contact"]))


def legal_bundle(asking: Asking, loan: str) -> Response:
    """The papers and evidence of a claim in one ZIP, in the language of the page. Raises FactRefused for no loan."""
    case = case_of(asking.connection, loan, asking.on)
    posted = entries_of(asking.connection, case.loan_number)
    files = bundle_of(asking.connection, asking.reader, case, posted, claimant(asking.language), asking.language)
    return saved(zipped(files), f"claim-{number_of(asking.on)}.zip", "application/zip")


def asked_cash(asking: Asking, first: str, last: str, by: str) -> Cash:
    """The cash of a span of days; of the year up to the day that is looked at where none is named."""
    end = told_day(last, "last") if last else asking.through
    begin = told_day(first, "first") if first else end.replace(month=1, day=1)
    return cash_between(asking.connection, begin, min(end, asking.through), "day" if by == "day" else "month")


def table_of_form(table: str, form: str) -> None:
    """Raises RefusedHere (422): a form of one table without its name, the page of all with one."""
    if (form in ("csv", "parquet") and not table) or (form == "html" and table):
        raise refuse(422, "invalid", f"{form} is of one table" if not table else "the page has every table",
                     "name a table for csv or parquet, none for html", "table")  # fmt: skip


def report_as(made: KeptPortfolio, table: str, form: str) -> Response:
    """A report, or one table of it, in a form, its number beside it; what is no JSON is a file to save."""
    answer = _report_as(made.report, table, form)
    answer.headers["report-number"] = str(made.kept.number)
    return answer


def _report_as(made: Report, table: str, form: str) -> Response:
    if form == "html":
        from afterloan.report.page import page

        return saved(page(made).encode(), f"portfolio-{iso(made.on)}.html", "text/html; charset=utf-8")
    if not table:
        return Response(made.to_json(), media_type="application/json")
    frame = made.tables[table]
    if form == "json":
        told = {"on": iso(made.on), "known_on": iso(made.known_on) if made.known_on else None, "data": frame.to_dicts()}
        return JSONResponse(told)
    out = io.BytesIO()
    frame.write_csv(out) if form == "csv" else frame.write_parquet(out)
    return saved(out.getvalue(), f"{table}-{iso(made.on)}.{form}", "text/csv" if form == "csv" else ANY)
