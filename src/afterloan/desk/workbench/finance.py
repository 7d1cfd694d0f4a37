"""Finance: closed days with their proof, what could not be reckoned, the trial balance, and where money went."""

from datetime import date

from fastapi import APIRouter
from starlette.responses import Response

from afterloan.desk.web.asking import SignedIn, told_day
from afterloan.desk.web.letters import asked_cash, saved
from afterloan.desk.web.refusing import refuse
from afterloan.desk.workbench.showing import show, with_query
from afterloan.enquiry.books import sums_by_accounts
from afterloan.enquiry.cash import as_csv
from afterloan.enquiry.days import day_closed, days_closed
from afterloan.enquiry.portfolio import PORTFOLIO
from afterloan.facts import FactRefused
from afterloan.journal.accounts import LINE
from afterloan.journal.balances import trial_balance
from afterloan.report.portfolio import TABLES
from afterloan.store.reports import reports_told

MOST = 31
MOST_REPORTS = 6
PARTS = ("principal", "interest", "fee", "penalty")


def finance_router() -> APIRouter:
    """`/finance`, a day of it, and its cash."""
    router = APIRouter(prefix="/finance")
    router.get("")(finance)
    router.get("/cash")(cash)
    router.get("/cash.csv")(cash_file)
    router.get("/days/{day}")(day_)
    return router


def finance(asking: SignedIn, before: str = "") -> Response:
    """A month of closed days, the newest first, and what the accounts add up to."""
    asking.permitted("report.read")
    days = days_closed(asking.connection, told_day(before, "before") if before else date.max, MOST, asking.through)
    lines = [
        {"code": int(line.account), "name": LINE[line.account], "net": line.debit_fen - line.credit_fen}
        for line in trial_balance(sums_by_accounts(asking.connection, asking.through))
    ]
    lens = {"on": asking.on, "known_on": asking.known_on} if asking.through < asking.today else {}
    older = with_query("/finance", before=days[-1]["closed_on"], **lens) if len(days) == MOST else ""
    return show(
        asking, "finance.html", "finance", days=days, lines=[one for one in lines if one["net"]],
        difference=sum(one["net"] for one in lines), older=older,
        report_tables=TABLES, reports=reports_told(asking.connection, MOST_REPORTS, PORTFOLIO),
        may_export=asking.may("book.export"),
    )  # fmt: skip


def cash(asking: SignedIn, first: str = "", last: str = "", by: str = "month") -> Response:
    """What came in and where it went, by day or month, held against the journal's cash account."""
    asking.permitted("report.read")
    found = asked_cash(asking, first, last, by)
    return show(
        asking, "cash.html", "finance", cash=found, by="day" if by == "day" else "month", parts=PARTS,
        first=found.total.at, last=told_day(last, "last") if last else asking.through,
        most=max([1, *(abs(row.received) for row in found.rows)]),
    )  # fmt: skip


def cash_file(asking: SignedIn, first: str = "", last: str = "", by: str = "month") -> Response:
    """The same as CSV, in minor units."""
    asking.permitted("report.read")
    return saved(as_csv(asked_cash(asking, first, last, by)).encode(), "cash.csv", "text/csv")


def day_(asking: SignedIn, day: str) -> Response:
    """A closed day: its proof, and each loan that could not be reckoned with the reason."""
    asking.permitted("report.read")
    try:
        told = day_closed(asking.connection, told_day(day, "day"), asking.through)
    except FactRefused as error:
        raise refuse(404, "unknown", str(error), "choose a day of the list", "day") from error
    asking.listed(len(told["exceptions"]))
    return show(asking, "finance_day.html", "finance", day=told)
