"""A book in which every page of the workbench has something to show, made through the desk as people make it."""

import json
import re
from base64 import b64encode
from datetime import date, datetime
from hashlib import sha256
from typing import Any

from afterloan.banks.words import BankStatement, StatementLine
from afterloan.desk.work import JobWorker
from afterloan.facts.act import Answer, Who
from afterloan.facts.placement import AgencyPlaced
from afterloan.risk.choice_model import choice_parts
from afterloan.risk.model import parts
from afterloan.servicing.desk import desk_of
from afterloan.servicing.door import do
from afterloan.store.events import tell
from afterloan.store.jobs import jobs_told
from afterloan.store.legal import appoint
from afterloan.store.server import Store
from tests.close.test_chosen import model_that_calls_only
from tests.desk.web.served import Served
from tests.desk.workbench.late_book import Desk, debits_of_all_states
from tests.risk.test_promotion import trained
from tests.sending.bankhouse import import_statement
from tests.servicing.test_legal import late as claim_for_law
from tests.strategy.books import borrower, loan

ON, BEFORE = date(2025, 5, 14), date(2025, 5, 13)
LINES = (
    StatementLine("bank-1", BEFORE, 64_220, text="还款 for May ML1"),
    StatementLine("bank-2", BEFORE, 74_220, text="two of mine", name="Name of M1"),
    StatementLine("bank-3", BEFORE, -500, text="fee of the account"),
    StatementLine("bank-4", BEFORE, 20_000, text="for M2"),
)
MONTH = {"bureau": "neutral", "month_end": "2025-04-30"}
HARDSHIP = {"cause": "income_drop", "told": "orders stopped", "income": "9000", "spending": "3000", "other_debts": "0",
            "household": "1"}  # fmt: skip


def full_book(store: Store) -> dict[str, str]:
    """Fill a copy of the late book; the names of what was made: `preview`, `trial`, `model`, `choices`."""
    debits_of_all_states(store)
    _money(store)
    _law(store)
    made = {name: _proposed(store, name, told) for name, told in (
        ("model", parts(trained())), ("choices", choice_parts(model_that_calls_only())))}  # fmt: skip
    served = Served(store)
    _help(served)
    made |= {"preview": _bureau(served), "trial": _tried(served)}
    _administration(served)
    worker = JobWorker(store)
    while worker.do_next():
        pass
    with store.connect() as connection:
        jobs = jobs_told(connection)
    assert {job.kind: job.state for job in jobs} == dict.fromkeys(("furnish", "preview", "trial"), "done"), [
        (job.kind, job.state, job.refused) for job in jobs
    ]
    _rejected(served)
    return made


def _money(store: Store) -> None:
    with store.connect() as connection:
        for name in ("M1", "M2"):
            borrower(connection, name)
        for name, whose in (("ML1", "M1"), ("ML2", "M1"), ("ML3", "M2")):
            loan(connection, name, whose, "2025-04-20")
    told = BankStatement("ST-7", "OURS", "CNY", datetime(2025, 5, 13), LINES, 0, sum(x.amount_fen for x in LINES))
    import_statement(store, told, "st.csv", BEFORE)


def _law(store: Store) -> None:
    """A claim on L of 94 days whose letter is proposed; B3 is placed with an agency."""
    with store.connect() as connection:
        claim_for_law(connection)
        appoint(connection, "lead-wang", ["collections_lead"], date(2025, 1, 10))
        tell(connection, AgencyPlaced(borrower="B3", on=BEFORE, known_on=BEFORE, reference="place:B3", agency="acme",
             until=date(2025, 6, 12), arrears_fen=27_000, loans=("L3",)))  # fmt: skip
    _did(store, "counsel-zhao", "counsel", "legal.propose",
         {"loan": "L", "step": "demand_letter", "reason": "nothing was paid for three months"})  # fmt: skip


def _did(store: Store, who: str, role: str, verb: str, asked: dict[str, Any]) -> Answer:
    with desk_of(store) as desk:
        answer = do(desk, Who("person", who, (role,), "keyboard"), verb, asked, f"full:{verb}:{len(str(asked))}", ON)
    assert isinstance(answer, Answer), answer
    return answer


def _proposed(store: Store, name: str, told: dict[str, Any]) -> str:
    content = json.dumps(told, ensure_ascii=False, sort_keys=True).encode()
    asked = {"content": b64encode(content).decode(), "sha256": sha256(content).hexdigest()}
    return str(_did(store, "li", "analyst", "model.propose", asked).body["model"])


def sent(
    desk: Desk, page: str, to: str = "", form: str = "", files: dict[str, Any] | None = None, **fields: str
) -> str:
    """Send the form of a page whose action is `form`, or `to`, or the page itself; where it led."""
    told = {**desk.token(page, form or to or page), **fields}
    answer = desk.browser.post(to or page, data=told, files=files, headers={"accept-language": "en"})
    assert answer.status_code == 303, re.findall(r'role="alert".*?</', answer.text)
    return str(answer.headers["location"])


def _help(served: Served) -> None:
    """B1 has a quote and two plans offered, B2 asks for help with a paper, which waits for the lead."""
    agent, specialist = Desk(served, "agent"), Desk(served, "specialist")
    at = "/cases/B1/relief"
    sent(agent, at, do="quote", loan="L1", want="full")
    sent(agent, at, do="search", loan="L1", household="1", income="6000", spending="3500", other_debts="400")
    at = "/cases/B2/relief"
    slip = {"paper1": ("slip.pdf", b"%PDF-1.4\n" + b"x" * 2_000, "application/pdf")}
    sent(specialist, at, files=slip, do="apply", **HARDSHIP)
    of = specialist.page(at).split('name="of" value="')[1].split('"')[0]
    sent(specialist, at, do="decide", of=of, decision="grant", reason="one income of two is gone")
    sent(agent, "/cases/B3", "/cases/B3/promises", amount="300.00", due_on="2025-05-20", then="")


def _bureau(served: Served) -> str:
    """April is looked at and furnished to a neutral bureau, then disputed; the name of the preview."""
    officer = Desk(served, "bureau")
    preview = sent(officer, "/bureau", "/bureau/previews", "/bureau/furnishings", **MONTH)
    sent(officer, "/bureau", "/bureau/furnishings", **MONTH)
    return preview.rpartition("/")[2]


def _rejected(served: Served) -> None:
    officer = Desk(served, "bureau")
    rows = ["bureau,month_end,loan,field,code,reason", "neutral,2025-04-30,L1,status,E7,no such account", "rows,1"]
    told = {**officer.token("/bureau/rejections", "/bureau/rejections"), **MONTH}
    file = {"file": ("answer.csv", "\n".join(rows).encode(), "text/csv")}
    answer = officer.browser.post("/bureau/rejections", data=told, files=file, headers={"accept-language": "en"})
    assert answer.status_code in (200, 303), answer.text[:3_000]
    opened = served.api("bureau").post(
        "/v1/disputes", headers={"idempotency-key": "D-1"},
        json={"borrower": "B1", "loan": "L1", "bureau": "neutral", "months": ["2025-04-30"], "statement": "I paid"},
    )  # fmt: skip
    assert opened.status_code in (200, 201), opened.text


def _tried(served: Served) -> str:
    analyst = Desk(served, "analyst")
    at = sent(analyst, "/strategy/trials", first="2025-05-01", last="2025-05-14", grace="7")
    return at.rpartition("/")[2]


def _administration(served: Served) -> None:
    admin = Desk(served, "administrator")
    key = {"do": "key", "name": "ledger", "scopes": "report.read", "days": "30"}
    assert admin.post("/admin", part=False, **key, **admin.token("/admin", "/admin")).status_code == 200, "shown once"
