"""The credit record at the portal, disputed in three steps and answered against the book; complaints with their clock.

January is furnished to the People's Bank: L1 of B1 fell due on 17 January and is unpaid, so its month says 1.
"""

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from afterloan.dates import day
from afterloan.facts import Repaid
from afterloan.store.record import record
from afterloan.store.server import Store
from tests.bureau.books import SENDER, furnish
from tests.close.test_furnish import deliver
from tests.desk.portal.house import book, portal, sent, token
from tests.desk.web.served import Served
from tests.desk.workbench.browsed import browser_before, needs_chromium, served_at

__all__ = ["book", "portal"]
JANUARY = date(2026, 1, 31)
SAID = {"month:2026-01-31": "yes", "claim": "status", "told": "I paid on the 16th"}


@pytest.fixture(scope="module")
def told(book: Store, tmp_path_factory: pytest.TempPathFactory) -> Store:
    """The book, of which January was furnished, adverse months included."""
    out: Path = tmp_path_factory.mktemp("furnished")
    furnish(book, JANUARY, "pboc", out, sender=SENDER)
    deliver(book, JANUARY, "pboc")
    furnish(book, JANUARY, "pboc", out, date(2026, 2, 1), SENDER)
    return book


def en(browser: Any, path: str) -> str:
    answer = browser.get(path, headers={"accept-language": "en"})
    assert answer.status_code == 200, answer.text
    return str(answer.text)


def test_the_record_is_told_loan_by_loan_as_the_bureau_has_it(told: Store, portal: Served) -> None:
    months = portal.sat("my", "B1").get("/my/bureau").json()["record"]["months"]
    assert {(m["loan"], m["month_end"], m["status"]) for m in months} == {
        ("L1", "2026-01-31", "1"), ("K1", "2026-01-31", "1")}  # fmt: skip


@pytest.mark.parametrize("lacks", ["month:2026-01-31", "claim", "told"])
def test_what_lacks_is_asked_for_beside_what_was_told(told: Store, portal: Served, lacks: str) -> None:
    fields = {name: value for name, value in SAID.items() if name != lacks}
    page = sent(portal.sat("my", "B2"), "/bureau/dispute/L2", do="send", **fields)
    assert 'role="alert"' in page and all(value in page for value in fields.values() if value != "yes")


def test_a_dispute_is_looked_at_before_it_is_sent_and_has_its_clock(told: Store, portal: Served) -> None:
    """Opened on 10 February under the 20 days of the law: answered by 2 March."""
    browser = portal.sat("my", "B2")
    check = sent(browser, "/bureau/dispute/L2?language=en", do="check", **SAID)
    assert "I paid on the 16th" in check and browser.get("/my/bureau").json()["record"]["disputes"] == []
    where = sent(browser, "/bureau/dispute/L2", do="send", **SAID)
    assert "We answer by Mon 2 Mar 2026" in en(browser, where)
    paper = {"token": token(browser.get(where).text.split("<footer")[0]), "do": "paper"}
    assert browser.post(where, data=paper, files={"paper": ("r.pdf", b"%PDF-1.7\n" + b"0" * 2_000)}).status_code == 303
    assert len(browser.get(f"/my{where}").json()["dispute"]["evidence"]) == 1
    early = sent(browser, where, do="disagree", told="No")
    assert 'role="alert"' in early, "there is no answer yet to disagree with"


def test_nobody_sees_anothers_dispute_or_complaint(told: Store, portal: Served) -> None:
    theirs = portal.sat("my", "B4")
    dispute = sent(theirs, "/bureau/dispute/L4", do="send", **SAID)
    complaint = sent(theirs, "/complaints", about="contact", text="called at night")
    me = portal.sat("my", "B1")
    for where, nobodys in ((dispute, "/bureau/disputes/nobodys"), (complaint, "/complaints/nobodys")):
        for path, none in ((where, nobodys), (f"/my{where}", f"/my{nobodys}")):
            mine, unknown = me.get(path), me.get(none)
            assert (mine.status_code, mine.text.replace(path, "")) == (404, unknown.text.replace(none, ""))
    fields = {"token": token(me.get("/").text), "do": "disagree", "told": "No"}
    assert me.post(dispute, data=fields).status_code == 404
    assert me.post("/bureau/dispute/L4", data={**fields, **SAID, "do": "send"}).status_code == 404


def test_a_complaint_has_its_day_its_answer_and_who_is_asked_next(told: Store, portal: Served) -> None:
    """Raised on 10 February under 15 days: answered by the 25th."""
    browser = portal.sat("my", "B5")
    assert 'role="alert"' in sent(browser, "/complaints", about="staff", text="")
    where = sent(browser, "/complaints", about="bureau", text="Nobody told me before")
    page = en(browser, where)
    assert "We answer in writing by Wed 25 Feb 2026" in page and "12378" in page and "12363" in page
    assert "our reading, not certain" in page, "a telephone number that no lawyer has checked is not told as certain"
    answered = portal.api("specialist").post(
        f"/v1/complaints/{where.rsplit('/', 1)[1]}/answer", headers={"idempotency-key": "answer-1"},
        json={"outcome": "partly", "text": "We told you on the 28th, by letter."},
    )  # fmt: skip
    assert answered.status_code in (200, 201), answered.text
    page = en(browser, where)
    assert "You are right in part" in page and "We told you on the 28th, by letter." in page


def test_an_amount_that_is_wrong_is_a_complaint_with_a_clock(told: Store, portal: Served) -> None:
    where = sent(portal.sat("my", "B6"), "/wrong", text="The penalty is too high")
    assert portal.sat("my", "B6").get(f"/my{where}").json()["complaint"]["about"] == "amount"


@pytest.fixture(scope="module")
def opens(told: Store) -> Iterator[Any]:
    needs_chromium()
    with served_at(told) as base, browser_before(base) as open_page:
        yield open_page, base


def test_a_dispute_from_the_portal_is_answered_against_the_book(opens: Any, told: Store) -> None:
    """Journey 17. What the book says is not amended; with the payment found, what was told is not confirmed."""
    open_page, base = opens
    me, staff = open_page(360), open_page(1440)
    me.base = base.replace("desk.", "my.")
    me.sit("B1")
    staff.sit("bureau")
    me.go("/bureau")
    me.page.click("a[href='/bureau/dispute/L1']")
    me.page.check("input[name='month:2026-01-31']")
    me.page.check("input[name=claim][value=status]")
    me.page.fill("#told", "I paid on the 16th")
    me.page.click("button[value=check]")
    me.sees("Is this right?")
    me.page.click("button[value=send]")
    me.sees("We answer by")
    where = me.page.url
    refused = answers(staff, "corrected")
    assert "accurate data is not amended" in refused or "what the book reckons" in refused
    with told.connect() as connection:  # the bank's late word: it had come on the 16th
        record(connection, Repaid("L1", "found-at-the-bank", day("2026-01-16"), day("2026-02-10"), 2_000_000))
    assert "2026-01-31" in answers(staff, "accurate"), "refused with the months"
    staff.complaints.clear()  # the browser tells of the two 422 itself
    assert answers(staff, "corrected") == ""
    for party in ("borrower", "bureau"):
        staff.page.click(f"button[value='told:{party}']")
        staff.page.wait_for_load_state()
    me.page.goto(where)
    me.sees("You were right")
    assert me.page.locator("main dd", has_text="told").count() == 2, "both parties were told"
    me.page.fill("#told", "It took you long")
    me.page.click("button[value=disagree]")
    me.sees("A statement of your own")
    me.sees("It took you long")
    assert me.complaints == [] and staff.complaints == [] and me.overflow() <= 0


def answers(staff: Any, outcome: str) -> str:
    """The bureau's person answers the one dispute of L1; returns what it is refused with, "" where it is kept."""
    staff.go("/bureau")
    row = staff.page.locator("tr", has_text="L1")
    row.locator("[name=reason]").fill("looked into")
    row.locator(f"button[value={outcome}]").click()
    staff.page.wait_for_load_state()
    alert = staff.page.locator("[role=alert]")
    return str(alert.first.inner_text()) if alert.count() else ""
