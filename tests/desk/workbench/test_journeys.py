"""Longer ways through the desk in real Chromium, on one served copy of the book: each uses borrowers of its own."""

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

import pytest

from afterloan.banks.words import BankStatement, StatementLine
from afterloan.desk.identity.accounts import open_account
from afterloan.desk.web.staying import LOOK_EVERY
from afterloan.desk.work import JobWorker
from afterloan.facts import Repaid
from afterloan.facts.legal import EvidenceKept
from afterloan.store.events import tell
from afterloan.store.ladders import keep_ladder, ladder_texts
from afterloan.store.legal import appoint
from afterloan.store.record import record
from afterloan.store.server import Store
from afterloan.store.statements import unmatched_lines
from tests.desk.api.test_imports import counts, killed_after
from tests.desk.workbench.browsed import Open, browser_before, needs_chromium, served_at
from tests.desk.workbench.late_book import copied
from tests.desk.workbench.test_legal_room import bundled
from tests.enquiry.test_worklist import LADDER
from tests.intake.other_system import FILES
from tests.sending.bankhouse import import_statement
from tests.strategy.books import borrower, day_of, loan

DAY = date(2025, 5, 13)
LINES = (
    StatementLine("bank-1", DAY, 64_220, text="for May"),
    StatementLine("bank-2", DAY, 74_220, text="two of mine", name="Name of M1"),
    StatementLine("bank-3", DAY, -500, text="fee of the account"),
    StatementLine("bank-4", DAY, 20_000, text="for M2"),
    StatementLine("bank-5", DAY, 30_000, text="a gift"),
    StatementLine("bank-6", DAY, 1_000, text="?"),
    StatementLine("bank-7", DAY, 2_000, text="??"),
)


@pytest.fixture(scope="module")
def book(server: Store, late_book: str) -> Iterator[Store]:
    """One copy of the book for all journeys, with borrowers whose money is matched."""
    with copied(server, late_book) as store:
        with store.connect() as connection:
            for name in ("M1", "M2"):
                borrower(connection, name)
            for name, whose in (("ML1", "M1"), ("ML2", "M1"), ("ML3", "M2"), ("ML4", "M2")):
                loan(connection, name, whose, "2025-04-20")
        told = BankStatement("ST-7", "OURS", "CNY", datetime(2025, 5, 13), LINES, 0, sum(x.amount_fen for x in LINES))
        import_statement(store, told, "st.csv", DAY)
        yield store


@pytest.fixture(scope="module")
def opens(book: Store) -> Iterator[Open]:
    needs_chromium()
    with served_at(book) as base, browser_before(base) as open_page:
        yield open_page


def waiting(store: Store) -> set[str]:
    with store.connect() as connection:
        return {row["bank_reference"] for row in unmatched_lines(connection)}


def repaid_on(store: Store, loan_: str) -> list[int]:
    with store.connect() as connection:
        rows = connection.execute(
            "select f.amount_fen from fact f join contract c using (loan) where c.reference = %s "
            "and f.reference like 'bank:%%' and not exists (select from fact r where r.of_fact = f.fact) order by 1",
            (loan_,),
        ).fetchall()
    return [row[0] for row in rows]


def test_a_statement_leaves_seven_lines_of_which_finance_gives_splits_sets_aside_and_undoes(
    opens: Open, book: Store
) -> None:
    """Journey 14. 742.20 is split as 642.20 + 100.00; what is undone waits for a second person of finance."""
    assert len(waiting(book)) == 7
    at = opens().sit("finance")
    at.go("/money")
    at.sees("last statement ST-7 of 2025-05-13: 7 lines, 7 wait")
    line = at.page.locator(".line", has_text="two of mine")
    line.focus()
    at.keys("x")
    line.locator("input[name=amount-0]").wait_for(state="visible")
    assert [line.locator(f"input[name=loan-{k}]").input_value() for k in (0, 1)] == ["ML1", "ML2"]
    line.locator("input[name=amount-0]").fill("642.20")
    line.locator("input[name=amount-1]").fill("99.00")
    line.get_by_role("button", name="Split", exact=True).click()
    at.sees("the parts come to 741.20, the line to 742.20")
    line = at.page.locator(".line", has_text="two of mine")
    assert line.locator("input[name=amount-0]").input_value() == "642.20", "what was typed stays"
    at.complaints.clear()  # the browser tells of the 422 itself
    line.locator("input[name=amount-1]").fill("100.00")
    line.get_by_role("button", name="Split", exact=True).click()
    at.sees("It was split")
    assert (repaid_on(book, "ML1"), repaid_on(book, "ML2")) == ([64_220], [10_000])

    line = at.page.locator(".line", has_text="for M2")
    line.focus()
    at.keys("1")  # the first candidate, by its key
    at.sees("It was given")
    assert repaid_on(book, "ML3") == [20_000]

    line = at.page.locator(".line", has_text="for May")
    line.locator("summary", has_text="Find another loan").click()
    line.locator("input[name=q]").fill("Name of M2")
    line.locator("input[name=q]").press("Enter")
    at.page.locator(".line", has_text="for May").get_by_text("ML4").wait_for()
    assert "Name" not in at.page.url
    at.page.locator('.line button[value="ML4"]').click()
    at.sees("It was given")
    assert repaid_on(book, "ML4") == [64_220]

    line = at.page.locator(".line", has_text="fee of the account")
    line.locator("summary", has_text="Set aside").click()
    line.locator("input[name=note]").fill("the bank's own fee")
    line.get_by_role("button", name="Set aside").click()
    at.sees("It was set aside")
    assert waiting(book) == {"bank-5", "bank-6", "bank-7"}

    row = at.page.locator("tr", has_text="the bank's own fee")
    row.locator("summary").click()
    row.locator("input[name=note]").fill("it was a transfer")
    row.get_by_role("button", name="Send for approval").click()
    at.sees("It was sent for approval. Nothing is done yet.")
    assert waiting(book) == {"bank-5", "bank-6", "bank-7"}
    second = opens().sit("lead")
    second.go("/approvals")
    second.page.get_by_role("button", name="Agree").first.click()
    second.sees("You agreed; it is done")
    assert waiting(book) == {"bank-3", "bank-5", "bank-6", "bank-7"}
    assert at.complaints == [] and second.complaints == []


def hands(store: Store) -> dict[str, str]:
    with store.connect() as connection:
        rows = connection.execute(
            "select b.reference, e.body->>'to' from event e join borrower b using (borrower) "
            "where e.kind = 'case.assigned' order by e.event"
        ).fetchall()
    return dict(rows)


def test_two_agents_take_one_case_one_has_it_and_the_other_is_offered_the_next(opens: Open, book: Store) -> None:
    """Journey 8, by keys: both look at the same list; `t` takes the row, `r` hands it back."""
    li, wu = opens().sit("agent"), opens().as_agent(book, "agent-wu")
    for at in (li, wu):
        at.go("/worklist")
        at.keys("j")
    li.keys("t")
    li.sees("The case is yours.")
    li.page.locator("tr[data-here]", has_text="agent-li").wait_for()
    wu.complaints.clear()
    wu.keys("t")
    wu.sees("is in the hands of agent-li (early)")
    wu.complaints.clear()  # the browser tells of the 409 itself
    wu.keys("Space")
    wu.page.wait_for_url("**/cases/B2*")
    wu.keys("t")
    wu.sees("The case is yours.")
    assert hands(book) == {"B1": "agent-li", "B2": "agent-wu"}
    li.go("/cases/B2")
    li.sees("agent-wu")
    assert li.page.locator('button[data-key="t"]').count() == 0, "nothing is offered that is refused"
    wu.keys("r")
    wu.sees("The case is free again.")
    assert hands(book)["B2"] == "" and li.complaints == [] and wu.complaints == []


def test_who_is_disabled_loses_the_open_page_at_once(opens: Open, book: Store) -> None:
    """Journey 22: nobody presses a key; the page asks each 0.4 s whether the sitting was ended, so within a second."""
    with book.connect(autocommit=True) as connection:
        open_account(connection, "agent-ma", "a long word of nobody's", datetime.now(UTC))
    ma, admin = opens().as_agent(book, "agent-ma"), opens().sit("administrator")
    ma.go("/cases/B3")
    ma.sees("Owed today")
    with ma.page.expect_navigation(url="**/sign-in"):
        told = admin.page.evaluate(
            "fetch('/v1/people/agent-ma/disablement', {method: 'POST', headers: {'idempotency-key': "
            "document.querySelector('input[name=token]').value}}).then(r => r.json())"
        )
    assert (told["disabled"], told["ended"]) == (True, 1) and LOOK_EVERY < 0.5
    ma.go("/cases/B3")
    ma.page.wait_for_url("**/sign-in")
    assert ma.complaints == [] and admin.complaints == []


def test_a_ladder_with_a_typo_is_mended_tried_on_a_quarter_and_used_from_a_day_on(opens: Open, book: Store) -> None:
    """Journeys 19 and 20. The day decided, 14 May, goes by the old ladder whenever it is asked; 20 May by the new one.

    Days 8 instead of 4: nobody comes to the worklist within the quarter. Grace of 7 days for 3: tried beside it.
    """
    at = opens().sit("analyst")
    at.go("/strategy")
    draft = at.page.locator("textarea#draft")
    used = draft.input_value()
    changed = used.replace("day: 4,", "day: 8,")
    draft.fill(changed.replace("do: worklist", "do: worklust", 1))
    at.keys("Control+Enter")
    at.sees("Line 8, column")
    at.page.locator("pre.near", has_text="▲").wait_for()
    chosen = "document.querySelector('#draft').value.slice(...['Start', 'End'].map(x => draft['selection' + x]))"
    assert "worklust" in at.page.evaluate(f"(draft => {chosen})(document.querySelector('#draft'))")
    at.complaints.clear()  # the browser tells of the 422 itself
    draft.fill(changed)
    at.page.locator("#first").fill("2025-02-14")
    at.page.locator("#last").fill("2025-05-14")
    at.page.get_by_role("button", name="Try it").click()
    at.sees("3 people would be treated otherwise")
    first = at.page.url
    at.go("/strategy/trials")
    for field, value in (("#first", "2025-02-14"), ("#last", "2025-05-14"), ("#grace", "7")):
        at.page.locator(field).fill(value)
    at.page.get_by_role("button", name="Try it").click()
    at.sees("people would be treated otherwise")
    at.page.locator("#beside").select_option(first.rsplit("/", 1)[1])
    at.page.get_by_role("button", name="Compare").click()
    at.sees("the other trial")
    with at.page.expect_download() as file:
        at.page.get_by_role("link", name="CSV").click()
    assert file.value.suggested_filename.endswith(".csv")

    at.go("/strategy")
    at.page.locator("textarea#draft").fill(changed)
    at.page.locator("#since").fill("2025-05-20")
    at.page.get_by_role("button", name="Propose").click()
    at.sees("sent for approval")
    with book.connect() as connection:
        assert ladder_texts(connection, date(2025, 5, 20))["CN"] == used, "nobody has agreed yet"
    second = opens().sit("lead")
    second.go("/approvals")
    second.page.get_by_role("button", name="Agree").first.click()
    second.sees("You agreed; it is done")
    with book.connect() as connection:
        of = {day: ladder_texts(connection, date(2025, 5, day))["CN"] for day in (14, 19, 20)}
    assert of == {14: used, 19: used, 20: changed}
    second.go("/strategy")
    second.sees("to come")
    assert at.complaints == [] and second.complaints == []


def test_a_month_is_previewed_released_by_a_second_person_and_a_rejection_goes_out_with_the_next_file(
    opens: Open, book: Store
) -> None:
    """Journey 16: of April L1 is not taken; told again as known on 14 May, the next file carries it."""
    at = opens().sit("bureau")
    at.go("/bureau")
    at.page.select_option("#bureau", "neutral")
    at.page.fill("#month_end", "2025-04-30")
    at.page.click('button[formaction="/bureau/previews"]')
    at.sees("Nothing was told, no notice asked for.")
    with book.connect() as connection:
        assert connection.execute("select count(*) from furnished").fetchone() == (0,)
    at.page.get_by_role("button", name="Furnish 2025-04").click()
    at.page.get_by_role("button", name="Ask for its release").click()
    at.sees("Its release was sent for approval.")
    second = opens().sit("lead")
    second.go("/approvals")
    form = second.page.locator("form", has=second.page.locator('button[value="approve"]')).first
    form.locator('button[value="approve"]').click()
    second.page.wait_for_url("**/approvals?**")
    at.page.reload()
    at.page.get_by_role("link", name="The file", exact=True).wait_for(state="visible")
    at.go("/bureau/rejections")
    rows = ["bureau,month_end,loan,field,code,reason", "neutral,2025-04-30,L1,status,E7,no such account", "rows,1"]
    answer = {"name": "answer.csv", "mimeType": "text/csv", "buffer": "\n".join(rows).encode()}
    at.page.select_option("#bureau", "neutral")
    at.page.fill("#month_end", "2025-04-30")
    at.page.set_input_files("#file", answer)
    at.page.get_by_role("button", name="Take a bureau's answer").click()
    at.sees("Kept from the file: 1; known before: 0.")
    at.sees("with the next file")
    at.go("/bureau")
    at.page.select_option("#bureau", "neutral")
    at.page.fill("#month_end", "2025-04-30")
    at.page.fill("#known_on", "2025-05-14")
    at.page.click('button[formaction="/bureau/previews"]')
    at.page.get_by_role("link", name="told again 1").click()
    at.sees("status E7 no such account")
    at.page.get_by_role("button", name="Furnish 2025-04").click()
    at.sees("The file leaves when a second person agreed to it.")
    at.go("/bureau/rejections")
    at.sees("with the file as known on 2025-05-14")
    assert at.complaints == [] and second.complaints == []


def of_2025(text: str) -> str:
    """A file of the old system a year earlier, and with a header for the amount that no list of names knows."""
    return text.replace("2026-", "2025-").replace("还款金额", "实收数")


def test_a_book_of_another_system_is_checked_confirmed_killed_midway_and_is_there_once(
    opens: Open, server: Store, late_book: str
) -> None:
    """Journey 23, on a copy of its own whose jobs are done by workers of this test: one of them is killed.

    The figures are worked out in `tests/intake/other_system.py`: JJ-2 is 10 days late with 550.00, not 11 with 560.00.
    """
    with copied(server, late_book) as store, served_at(store, works=False) as base:
        at = opens()
        at.base = base
        at.sit("finance")
        before = counts(store)
        at.go("/imports")
        files = [{"name": n, "mimeType": "text/csv", "buffer": of_2025(t).encode()} for n, t in FILES.items()]
        at.page.set_input_files("#files", files)
        at.page.fill("#system", "old-core")
        at.page.get_by_role("button", name="Send", exact=True).click()
        at.sees("missing: product")
        at.sees("missing: amount")
        repaid = at.page.locator("details", has_text="还款流水.csv")
        repaid.locator('select[name$=":amount"]').select_option("实收数")
        at.page.locator("details", has_text="借据主表.csv").locator('input[name$=":product"]').fill("imported")
        at.page.fill("#as_of", "2025-03-20")
        at.page.get_by_role("button", name="Check", exact=True).click()
        at.sees("The reading was kept for its system.")
        assert JobWorker(store).do_next()
        at.sees("The old system says otherwise")
        row = at.page.locator("tr[data-row]", has_text="amount due").inner_text()
        assert [part for part in ("JJ-2", "560.00", "550.00", "10.00") if part in row] == [
            "JJ-2", "560.00", "550.00", "10.00",
        ]  # fmt: skip
        at.sees("2025-02-31")
        at.sees("It was checked. Nothing of it is in the book yet.")
        for language in ("zh", "en"):
            at.go(f"/language/{language}?to={at.page.url.removeprefix(base)}")
            assert not re.findall(r"desk\.[a-z_]+(?:\.[a-z_]+)+", at.page.inner_text("main")), "words of every place"
        assert counts(store) == before and at.overflow() <= 0
        with at.page.expect_download() as table:
            at.page.locator('a[href$="/differs.csv"]').click()
        assert "JJ-2" in table.value.path().read_text(encoding="utf-8")
        at.page.get_by_role("button", name="Bring it in").click()
        at.page.get_by_role("button", name="Stop").wait_for()
        killed_after(store, 2)
        midway = counts(store)
        assert (midway["contract"] - before["contract"], midway["fact"] - before["fact"]) == (2, 0)
        worker = JobWorker(store)
        worker.start()
        try:
            at.sees("It is in the book, confirmed by")
        finally:
            worker.stop()
        after = counts(store)
        grown = {name: after[name] - before[name] for name in ("borrower", "contract", "promised", "fact")}
        assert grown == {"borrower": 2, "contract": 2, "promised": 4, "fact": 3}
        at.go("/imports")
        at.sees("in the book")
        assert at.complaints == []


TO_LAW = "  - {id: law, day: 62, do: legal.propose, with: {first: demand_letter}}\n"


def told(store: Store, kind: str) -> int:
    with store.connect() as connection:
        row = connection.execute("select count(*) from event where kind = %s", (kind,)).fetchone()
    return int(row[0]) if row else 0


def test_a_demand_letter_is_approved_by_the_appointed_lead_and_its_bundle_holds(opens: Open, book: Store) -> None:
    """Journey 18. Due on 1 January, 133 days late on 14 May; the counsel who proposes it is appointed too."""
    begun = date(2024, 12, 1)
    with book.connect() as connection:
        borrower(connection, "D1", jurisdiction="CN", province="zhejiang")
        loan(connection, "DL1", "D1", begun.isoformat())
        for what in ("contract", "disbursement", "identity"):
            paper: dict[str, Any] = {"reference": f"D-{what}", "what": what, "name": what, "sha256": "ab" * 32}
            tell(connection, EvidenceKept(borrower="D1", loan="DL1", on=begun, known_on=begun, **paper))
        for person in ("lead-wang", "counsel-zhao"):
            appoint(connection, person, ["collections_lead"], begun)
    counsel, lead = opens().sit("counsel"), opens().sit("lead")
    counsel.go("/legal/DL1")
    counsel.page.select_option("#step", "demand_letter")
    counsel.page.fill("#why", "nothing was paid since the first instalment")
    counsel.page.locator("form:has(#step) button").click()
    counsel.sees("It is proposed")
    counsel.go("/approvals")
    counsel.sees("DL1")
    mine = counsel.page.locator("form", has=counsel.page.locator('input[value^="legal:DL1:demand_letter"]'))
    assert mine.locator('button[value="approve"]').count() == 0, "who proposed it agrees to nothing"
    lead.go("/approvals")
    waits = lead.page.locator("form", has=lead.page.locator('input[value^="legal:DL1:demand_letter"]'))
    waits.locator('button[value="approve"]').click()
    lead.page.wait_for_load_state()
    assert told(book, "legal.started") == 0, "agreed to is not begun"
    counsel.go("/legal/DL1")
    counsel.page.locator('form:has(input[name="do"][value="start"]) button').click()
    counsel.sees("The step is taken")
    with counsel.page.expect_download() as had:
        counsel.page.locator('a[href$="/bundle.zip"]').click()
    assert "demand-letter.pdf" in bundled(had.value.path().read_bytes())
    assert counsel.complaints == [] and lead.complaints == []


def test_the_auditor_sees_a_day_as_known_then_and_now_who_looked_and_that_the_chain_is_whole(
    opens: Open, book: Store
) -> None:
    """Journey 21. Due on 10 May, paid on the 12th, learnt on the 14th: of the 13th three days late then, none now."""
    with book.connect() as connection:
        borrower(connection, "A1")
        loan(connection, "AL1", "A1", "2025-04-10")
        record(connection, Repaid("AL1", "A-late", day_of("2025-05-12"), day_of("2025-05-14"), 200_000))
    agent, auditor = opens().sit("agent"), opens().sit("auditor")
    agent.go("/cases/A1")
    agent.sees("Owed today")
    auditor.go("/audit")
    auditor.page.fill("#of", "A1")
    auditor.page.fill("#on", "2025-05-13")
    auditor.page.fill("#then", "2025-05-13")
    auditor.page.click('button[data-key="t"]')
    auditor.sees("figures differ")
    row = auditor.page.locator("tr", has_text="days past due").first
    assert row.locator("td").all_inner_texts()[1:3] == ["3", "0 ≠"]
    auditor.sees("A-late")
    auditor.go("/audit?tab=readings")
    auditor.page.fill("#borrower", "A1")
    auditor.page.click('form[action="/audit"] button')
    auditor.sees("agent-li")
    auditor.page.locator('a[href*="chain=yes"]').first.click()
    auditor.sees("whole, ")
    assert auditor.complaints == [] and agent.complaints == []


def test_who_does_not_pay_comes_to_the_approvals_and_nothing_of_the_law_begins_by_itself(
    opens: Open, book: Store
) -> None:
    """Journey 3, last of all: the clock moves. Due on 14 March, 62 days late on 15 May."""
    with book.connect() as connection:
        borrower(connection, "W1")
        loan(connection, "WL1", "W1", "2025-02-14")
        contract: dict[str, Any] = {"what": "contract", "name": "contract.pdf", "sha256": "0" * 64}
        tell(connection, EvidenceKept(borrower="W1", loan="WL1", on=DAY, known_on=DAY, reference="E1", **contract))
        keep_ladder(connection, "CN", date(2025, 5, 15), LADDER.replace("id: short", "id: to-law") + TO_LAW)
    before = {kind: told(book, kind) for kind in ("legal.proposed", "legal.approved", "legal.started")}
    at = opens().sit("lead")
    at.page.set_default_timeout(120_000)
    for days, day, proposed in ((1, "Thu 15 May 2025", 1), (7, "Thu 22 May 2025", 1)):
        at.page.click(f'button[name=days][value="{days}"]')
        at.page.locator("[data-stream]").wait_for()
        at.sees(day)
        assert told(book, "legal.proposed") == before["legal.proposed"] + proposed, day
        assert told(book, "legal.started") == before["legal.started"], day
    at.go("/approvals")
    at.sees("WL1")
    at.sees("demand letter")
    assert told(book, "legal.approved") == before["legal.approved"] and at.complaints == []
