"""Finance: the days that were closed with their proof, what could not be reckoned, and the trial balance."""

from datetime import date

from fastapi import APIRouter
from starlette.responses import Response

from afterloan.desk.web.asking import SignedIn, told_day
from afterloan.desk.web.refusing import refuse
from afterloan.desk.workbench.showing import show, with_query
from afterloan.enquiry.books import sums_by_accounts
from afterloan.enquiry.days import day_closed, days_closed
from afterloan.facts import FactRefused
from afterloan.journal.accounts import LINE
from afterloan.journal.balances import trial_balance

MOST = 31


def finance_router() -> APIRouter:
    """`/finance`, and a day of it."""
    router = APIRouter(prefix="/finance")
    router.get("")(finance)
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
    )  # fmt: skip


def day_(asking: SignedIn, day: str) -> Response:
    """A closed day: its proof, and each loan that could not be reckoned with the reason."""
    asking.permitted("report.read")
    try:
        told = day_closed(asking.connection, told_day(day, "day"), asking.through)
    except FactRefused as error:
        raise refuse(404, "unknown", str(error), "choose a day of the list", "day") from error
    asking.listed(len(told["exceptions"]))
    return show(asking, "finance_day.html", "finance", day=told)
