"""The pages of the workbench without a browser: what they show, what they do, what they refuse and what they keep to
themselves."""

import csv
import re
from datetime import date, datetime
from html import unescape
from importlib import resources
from typing import Any

import pytest

from afterloan.banks.words import BankStatement, StatementLine
from afterloan.desk.words import words_of
from afterloan.desk.work import JobWorker
from afterloan.enquiry.debits import STATES, debits_on
from afterloan.enquiry.ladders import ladder_versions
from afterloan.enquiry.refunds import refunds_due
from afterloan.enquiry.tried import as_csv
from afterloan.enquiry.unmatched import waiting_lines
from afterloan.store.server import Store
from afterloan.store.worklist import evening
from tests.desk.web.served import Served
from tests.desk.workbench.late_book import ROOMS, Desk, debits_of_all_states
from tests.sending.bankhouse import import_statement
from tests.strategy.books import borrower, loan, repaid

PAGES = (
    *ROOMS,
    "/why/day?about=proof",
    "/cases/B1?on=2025-05-13&known_on=2025-05-13",
)


def test_the_worklist_reads_the_evening_once(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """A hundred thousand loans leave an evening of thousands: a page that reads it twice takes twice as long."""
    read: list[date] = []

    def counted(reader: Any, on: date) -> Any:
        read.append(on)
        return evening(reader, on)

    monkeypatch.setattr("afterloan.enquiry.worklist.evening", counted)
    assert 'href="/worklist?queue=early"' in desk.page("/worklist?mine=nobody-of-that-name"), (
        "every queue is offered all the same"
    )
    assert read == [date(2025, 5, 14)]


def kinds(store: Store) -> list[str]:
    with store.connect() as connection:
        return [row[0] for row in connection.execute("select kind from event order by event").fetchall()]


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_page_has_all_its_words_in_both_languages(desk: Desk, language: str) -> None:
    for path in PAGES:
        text = desk.page(path, language)
        missing = set(re.findall(r"\bdesk\.[a-z_]+(?:\.[a-z_]+)+", text)) - {"desk.localhost"}
        assert not missing, f"{path}: {missing}"
        assert "Name of" not in text, f"{path}: a whole name is shown"
        if language == "zh":
            assert 'lang="zh-CN"' in text


def test_both_catalogues_say_the_same_things() -> None:
    english, chinese = words_of("en").words, words_of("zh").words
    assert set(english) == set(chinese)
    for key, words in english.items():
        assert words.strip() and chinese[key].strip(), key
        assert {words, chinese[key]}.isdisjoint({"True", "False", "None"}), f"{key} is no words to YAML: quote it"
        holes = set(re.findall(r"\{(\w+)\}", words))
        assert holes == set(re.findall(r"\{(\w+)\}", chinese[key])), key


def test_templates_have_no_script_no_style_and_no_words_of_their_own() -> None:
    for file in (resources.files("afterloan.desk.workbench") / "templates").iterdir():
        text = file.read_text(encoding="utf-8")
        assert not re.search(r"\shx-on|\son\w+=|\bjs:|\sstyle=|<script(?![^>]*\ssrc=)|\|\s*safe\b", text), file.name


def test_every_figure_has_a_why_that_answers(desk: Desk) -> None:
    seen = set()
    for path in ("/", "/worklist", "/cases/B1"):
        for link in re.findall(r'class="(?:[a-z ]*\bfig\b[^"]*|w)" href="([^"]+)"', desk.page(path)):
            seen.add(link.replace("&amp;", "&"))
    assert len([link for link in seen if "/why" in link]) > 15
    for link in seen:
        assert desk.browser.get(link, headers={"hx-request": "true"}).status_code == 200, link


def test_the_case_says_what_is_owed_and_what_may_be_done(desk: Desk) -> None:
    text = desk.page("/cases/B1")
    assert "M1 · 4 d" in text and "probably forgot" in text and "N*** o* B*" in text
    assert desk.browser.get("/cases/B9").status_code == 404
    assert desk.browser.get("/cases/~_").status_code == 404


def test_a_conversation_is_wrapped_up_once_however_often_it_is_sent(desk: Desk, store: Store) -> None:
    asked = {**desk.token("/cases/B1", "/cases/B1/wrap-ups"), "ending": "will_pay", "amount": "600.00",
             "due_on": "2025-05-20", "channel": "call", "note": "wages on Friday", "then": ""}  # fmt: skip
    first = desk.post("/cases/B1/wrap-ups", **asked)
    assert first.status_code == 200 and "The conversation is on record" in first.text
    assert "promised 600.00 by 2025-05-20" in first.text and "<html" not in first.text
    again = desk.post("/cases/B1/wrap-ups", **asked)  # a double click, the back button, a line that dropped
    assert again.status_code == 200
    assert kinds(store).count("promise.made") == 1 and kinds(store).count("contact.ended") == 1
    onward = {**desk.token("/cases/B2", "/cases/B2/wrap-ups"), "ending": "no_answer", "then": "next"}
    answer = desk.post("/cases/B2/wrap-ups?after=2", **onward)
    assert answer.headers["hx-redirect"].startswith("/worklist/next?")
    to = desk.browser.get(answer.headers["hx-redirect"])
    assert to.headers["location"] == "/cases/B3?at=3"


def test_what_was_told_meanwhile_is_shown_before_anything_is_saved(desk: Desk, store: Store) -> None:
    asked = {**desk.token("/cases/B1", "/cases/B1/promises"), "amount": "600", "due_on": "2025-05-20"}
    with store.connect() as connection:
        repaid(connection, "L1", "2025-05-14", 10_000)
    stale = desk.post("/cases/B1/promises", **asked)
    assert stale.status_code == 409 and "money came or went" in stale.text
    assert 'name="despite" value="yes"' in stale.text and 'value="600"' in stale.text  # what was typed is kept
    assert "promise.made" not in kinds(store)
    assert desk.post("/cases/B1/promises", **asked, despite="yes").status_code == 200
    assert kinds(store).count("promise.made") == 1


@pytest.mark.parametrize(
    ("path", "fields", "said"),
    [
        ("promises", {"amount": "1,000", "due_on": "2025-05-20"}, "amount"),
        ("promises", {"amount": "0.01", "due_on": "2025-05-20"}, "is too little"),
        ("promises", {"amount": "600.00", "due_on": "2025-02-30"}, "2025-02-30"),
        ("wrap-ups", {"ending": "will_pay", "amount": "x", "due_on": "2025-05-20"}, "is no amount"),
        ("wrap-ups", {"ending": "call_back", "call_back_at": "2025-05-13T10:00"}, "is over"),
        ("wrap-ups", {"ending": "call_back", "call_back_at": "tomorrow"}, "tomorrow"),
        ("wrap-ups", {"ending": "laughs"}, "ending"),
        ("holds", {"hold": "dispute_open", "reason": "", "review_on": "2025-05-28"}, "reason"),
        ("notes", {"text": ""}, "text"),
    ],
)  # fmt: skip
def test_what_cannot_be_taken_is_said_beside_what_was_typed_and_nothing_is_kept(
    desk: Desk, store: Store, path: str, fields: dict[str, str], said: str
) -> None:
    answer = desk.post(f"/cases/B1/{path}", **desk.token("/cases/B1", f"/cases/B1/{path}"), **fields)
    assert answer.status_code == 422 and said in answer.text
    assert kinds(store) == []


def test_the_list_is_filtered_and_a_filter_that_cannot_be_says_why(desk: Desk) -> None:
    assert desk.page("/worklist?where=arrears_fen+%3E+100000").count("data-open ") == 1
    wrong = desk.browser.get("/worklist?where=arrears_fn+%3E+5", headers={"accept-language": "en"})
    assert wrong.status_code == 422 and "arrears_fen" in wrong.text
    assert desk.browser.get("/worklist/next").headers["location"] == "/cases/B1?at=1"


def test_the_lens_is_for_reading_only(desk: Desk) -> None:
    then = desk.page("/cases/B1?known_on=2025-05-13")
    assert "for reading only" in then and 'data-panel="wrap"' not in then
    assert desk.browser.get("/?on=2025-02-30").status_code == 422


def test_a_seat_sees_what_it_may_do(late: Served) -> None:
    assert 'data-panel="promise"' not in Desk(late, "auditor").page("/cases/B1")
    asked = Desk(late, "auditor")
    told = asked.token("/cases/B1", "/sign-out") | {"amount": "600", "due_on": "2025-05-20"}
    assert asked.post("/cases/B1/promises", **told).status_code == 403
    lead = Desk(late, "lead")
    given = lead.post("/worklist/assignments", part=False, **lead.token("/", "/worklist/assignments"), people="li, wu")
    assert given.headers["location"] == "/worklist?done=3"
    assert "li 2" in lead.page("/") and "wu 1" in lead.page("/")


def test_pages_keep_their_weight(desk: Desk) -> None:
    """First page of the desk: 120 KB compressed, own script 15 KB, a part 30 KB."""
    import gzip

    text = desk.page("/cases/B1")
    files = re.findall(r'(?:src|href)="(/static/[^"]+)"', text)
    sizes = {f: len(gzip.compress(desk.browser.get(f).content)) for f in files}
    assert sum(sizes.values()) + len(gzip.compress(text.encode())) < 120_000
    own = next(f for f in files if f.endswith("desk.js"))
    assert len(desk.browser.get(own).content) < 15_000
    part = desk.browser.get("/cases/B1/why?about=due", headers={"hx-request": "true"})
    assert len(gzip.compress(part.content)) < 30_000


def test_money_that_waits_is_given_to_a_loan_with_what_it_would_do(late: Served, store: Store) -> None:
    lines = (
        StatementLine("bank-1", date(2025, 5, 13), 74_220, text="repay L1 thanks", name="Name of B1"),
        StatementLine("bank-2", date(2025, 5, 13), 500, text="who knows"),
    )
    with store.connect() as connection:
        borrower(connection, "B4")
        loan(connection, "L4", "B4", "2025-04-10")
    statement = BankStatement("ST-1", "OURS", "CNY", datetime(2025, 5, 13), lines, 0, 74_720)
    import_statement(store, statement, "st.csv", date(2025, 5, 13))
    with store.connect() as connection:
        waiting = {line.text: line for line in waiting_lines(connection, date(2025, 5, 14))}
    assert set(waiting) == {"who knows"}, "what names its loan has found it"
    desk = Desk(late, "finance")
    text = desk.page("/money")
    assert "5.00" in text and "No loan is named by it" in text
    number = waiting["who knows"].line
    told = desk.token("/money", "/money/lines") | {"line": number, "give": "other", "loan": "L9"}
    unknown = desk.post("/money/lines", part=False, **told)
    assert unknown.status_code == 404 and "no contract of that reference" in unknown.text
    told |= desk.token("/money", "/money/lines") | {"loan": "L4"}
    given = desk.post("/money/lines", part=False, **told)
    assert given.headers["location"] == "/money?done=give"
    assert "No money waits without a loan" in desk.page("/money")
    assert 'name="give"' not in Desk(late, "agent").page("/money")


def test_days_are_asked_for_by_the_bar_and_followed_by_the_page(late: Served) -> None:
    lead = Desk(late, "lead")
    asked = lead.post("/sandbox/advances", part=False, **lead.token("/", "/sandbox/advances"), days="7", to="/tasks")
    assert asked.headers["location"].startswith("/tasks?job=")
    assert 'data-stream="/v1/jobs/' in lead.page(asked.headers["location"])
    wrong = lead.post("/sandbox/advances", part=False, **lead.token("/", "/sandbox/advances"), days="x", to="//evil")
    assert wrong.status_code == 422


def test_a_ladder_with_a_typo_is_shown_its_line_and_a_sound_one_waits_for_the_lead(late: Served) -> None:
    analyst = Desk(late, "analyst")
    text = unescape(analyst.page("/strategy").split("<textarea")[1].split(">", 1)[1])
    text = text.split("</textarea>")[0]
    assert "id: short" in text, "the lender's own ladder, not the one that came along"
    along = analyst.page("/strategy?place=US")
    assert "(&#39;first&#39;" not in along and re.search(r'<td class="nowrap"[^>]*>\d+–\d+</td>', along)
    hidden = analyst.token("/strategy", "/strategy/drafts") | {"place": "CN"}
    wrong = analyst.post("/strategy/drafts", part=False, **hidden, text=text.replace("day: 4", "dya: 4"))
    number = text[: text.index("day: 4")].count("\n") + 1
    assert wrong.status_code == 422 and f"Line {number}, column" in wrong.text and "dya" in wrong.text
    mended = text.replace("day: 4", "day: 5")
    fine = analyst.post("/strategy/drafts", part=False, **hidden, text=mended)
    assert fine.status_code == 200 and "2 steps" in fine.text and "+  - {id: work, day: 5" in unescape(fine.text)
    hidden = analyst.token("/strategy", "/strategy/drafts") | {"place": "CN", "propose": "yes"}
    sent = analyst.post("/strategy/drafts", part=False, **hidden, text=mended)
    assert sent.headers["location"] == "/approvals?done=propose"
    assert "You proposed it" in analyst.page("/approvals")
    lead = Desk(late, "lead")
    told = lead.token("/approvals", "/approvals/decide")
    proposal = lead.page("/approvals").split('name="proposal" value="')[1].split('"')[0]
    done = lead.post("/approvals/decide", part=False, **told, proposal=proposal, decision="approve")
    assert done.headers["location"] == "/approvals?done=approve"
    page = unescape(lead.page("/strategy"))
    assert "id: work, day: 4" in page and "to come" in page, "14 May is decided: the new one decides the 15th"


def test_somebody_is_found_by_what_is_at_hand_and_no_address_tells_by_what(desk: Desk) -> None:
    asked = desk.token("/", "/search")
    found = desk.post("/search", part=False, **asked, q="Name of B2")
    assert found.status_code == 200 and found.text.count("data-open ") == 1 and "/cases/B2" in found.text
    assert "Nobody found" in desk.post("/search", part=False, **asked, q="nobody of that name").text
    assert 'method="post" action="/search"' in desk.page("/")


def test_debits_are_told_by_how_they_stand_with_their_files(late: Served, store: Store) -> None:
    """Seven debits of 100.00, one in each state; of the five in file F-1 one has no answer, two are paid, two came to
    nothing: 500.00 = 100.00 + 200.00 + 200.00."""
    debits_of_all_states(store)
    with store.connect() as connection:
        told = debits_on(connection, date(2025, 5, 14))
        then = debits_on(connection, date(2025, 5, 12))
    assert told.states == {state: (1, 10_000) for state in STATES} and told.total == 7
    (file,) = told.files
    assert (file.file, file.debits, file.total_fen, file.open, file.taken, file.back) == ("F-1", 5, 50_000, 1, 2, 2)
    assert then.states == {"waiting": (1, 10_000), "asked": (1, 10_000), "filed": (5, 50_000)}, "as known on the 12th"
    desk = Desk(late, "finance")
    text = desk.page("/money/debits?state=failed")
    assert "not enough money" in text and "came back 1" in text and "1–1 of 1" in text
    assert "10:05" in text, "02:05 UTC is 10:05 at the lender's place"
    answer = desk.browser.get("/money/debits/files/pain008/F-1")
    assert answer.status_code == 200 and answer.content.count(b"<EndToEndId>") == 5
    assert Desk(late, "agent").browser.get("/money/debits/files/pain008/F-1").status_code == 404
    made = desk.post(
        "/money/debits", part=False, do="file", rail="pain008", **desk.token("/money/debits", "/money/debits")
    )
    assert made.headers["location"] == "/money/debits?done=filed"
    again = desk.post(
        "/money/debits", part=False, do="file", rail="pain008", **desk.token("/money/debits", "/money/debits")
    )
    assert again.headers["location"] == "/money/debits?done=nothing"
    wrong = desk.post("/money/debits", part=False, do="presume", rail="batch_csv", days="5",
                      **desk.token("/money/debits", "/money/debits"))  # fmt: skip
    assert wrong.status_code == 422 and "answers every debit" in wrong.text
    for days in ("0", "x", "-1"):
        told_ = desk.token("/money/debits", "/money/debits")
        assert desk.post("/money/debits", part=False, do="presume", rail="nacha", days=days, **told_).status_code == 422


def test_mandates_end_on_the_borrowers_word_and_refunds_wait_for_a_second_person(late: Served, store: Store) -> None:
    debits_of_all_states(store)
    desk = Desk(late, "finance")
    text = desk.page("/money/mandates")
    assert "··1234" in text and "6222001234" not in text
    told = desk.token("/money/mandates", "/money/mandates") | {"mandate": "MANDATE-1", "reason": "said so"}
    assert desk.post("/money/mandates", part=False, do="revoke", **told).headers["location"].endswith("done=revoked")
    assert "ended 2025-05-14" in desk.page("/money/mandates")
    with store.connect() as connection:  # 12,000.00 and some interest are owed on ML9: 13,000.00 is too much
        repaid(connection, "ML9", "2025-05-14", 1_300_000)
    page = desk.page("/money/refunds")
    (due,) = refunds_due(store, date(2025, 5, 14))
    assert due.loan == "ML9" and f"{due.amount_fen / 100:,.2f}" in page
    told = desk.token("/money/refunds", "/money/refunds") | {"loan": "ML9", "account": "6222 1"}
    wrong = desk.post("/money/refunds", part=False, do="pay", amount="1,000", **told)
    assert wrong.status_code == 422 and "1,000" in wrong.text
    told |= desk.token("/money/refunds", "/money/refunds")
    sent = desk.post("/money/refunds", part=False, do="pay", amount=f"{due.amount_fen / 100:.2f}", **told)
    assert sent.headers["location"] == "/money/refunds?done=sent"
    assert refunds_due(store, date(2025, 5, 14)) == [due], "nothing is done before a second person agrees"
    lead = Desk(late, "lead")
    proposal = lead.page("/approvals").split('name="proposal" value="')[1].split('"')[0]
    unseen = lead.token("/approvals", "/approvals/decide") | {
        "proposal": proposal,
        "decision": "approve",
        "shown": "0" * 64,
    }
    not_shown = lead.post("/approvals/decide", part=False, **unseen)
    assert not_shown.status_code == 412 and "not what was shown to you" in not_shown.text
    assert refunds_due(store, date(2025, 5, 14)) == [due]
    agreed = lead.token("/approvals", "/approvals/decide") | {"proposal": proposal, "decision": "approve"}
    assert lead.post("/approvals/decide", part=False, **agreed).status_code == 303
    assert refunds_due(store, date(2025, 5, 14)) == []
    back = desk.token("/money/refunds", "/money/refunds") | {
        "loan": "ML9",
        "amount": "50.00",
        "reason": "no such account",
    }
    assert desk.post("/money/refunds", part=False, do="returned", **back).headers["location"].endswith("done=returned")
    assert [r.amount_fen for r in refunds_due(store, date(2025, 5, 14))] == [5_000]


def test_help_is_searched_changed_meanwhile_and_agreed_on_recorded_consent(late: Served, store: Store) -> None:
    """Journey 10 at the desk: 6,000 − 3,500 − 400 − 600 leaves 1,500.00; 10.00 paid meanwhile bring a fresh offer."""
    agent = Desk(late, "agent")
    at = "/cases/B1/relief"
    means = {"income": "6000", "spending": "3500", "other_debts": "400", "household": "1"}
    wrong = agent.post(at, part=False, do="search", loan="L1", **(means | {"income": "a lot"}), **agent.token(at, at))
    assert wrong.status_code == 422 and "a lot" in wrong.text
    found = agent.post(at, part=False, do="search", loan="L1", **means, **agent.token(at, at))
    assert found.headers["location"] == f"{at}?done=search"
    text = agent.page(at)
    assert "1,500.00" in text and "600.00 kept for you" in text
    of = text.split('name="of" value="')[1].split('"')[0]
    silent = agent.post(at, part=False, do="accept", of=of, **agent.token(at, at))
    assert silent.status_code == 422 and "nobody agrees for the borrower" in silent.text
    with store.connect() as connection:
        repaid(connection, "L1", "2025-05-14", 1_000)
    said = {"of": of, "consent": "on the phone, 10:05, heard all of it"}
    changed = agent.post(at, part=False, do="accept", **said, **agent.token(at, at))
    assert changed.headers["location"] == f"{at}?done=changed" and "plan.accepted" not in kinds(store)
    fresh = agent.page(at).split('name="of" value="')[1].split('"')[0]
    assert fresh != of
    done = agent.post(at, part=False, do="accept", **(said | {"of": fresh}), **agent.token(at, at))
    assert done.headers["location"] == f"{at}?done=accepted" and "plan.accepted" in kinds(store)
    assert "running" in agent.page(at)
    quote = agent.post(at, part=False, do="quote", loan="L1", want="full", **agent.token(at, at))
    assert "quote=form" in quote.headers["location"] and "for L1 on 2025-05-14" in agent.page(quote.headers["location"])


def test_hardship_decided_otherwise_than_the_rule_waits_for_the_lead(late: Served, store: Store) -> None:
    """Journey 13. 9,000 − 3,000 − 0 less the reserve is more than the contract asks for: the rule refuses."""
    specialist, at = Desk(late, "specialist"), "/cases/B2/relief"
    told = {"cause": "income_drop", "told": "orders stopped", "income": "9000", "spending": "3000", "other_debts": "0",
            "household": "1"}  # fmt: skip
    paper = {"paper1": ("slip.pdf", b"%PDF-1.4\n" + b"x" * 2_000, "application/pdf")}
    page = specialist.browser.post(at, data=told | {"do": "apply"} | specialist.token(at, at), files=paper,
                                   headers={"accept-language": "en"})  # fmt: skip
    assert page.status_code == 303, page.text[:3_000]
    text = specialist.page(at)
    assert "orders stopped" in text and "The rule says refuse" in text and "slip.pdf" in text
    kept = specialist.browser.get(
        text.split('href="/cases/B2/papers/')[1].join(["/cases/B2/papers/", ""]).split('"')[0]
    )
    assert kept.content.startswith(b"%PDF-1.4") and kept.headers["content-disposition"].startswith("attachment")
    of = text.split('name="of" value="')[1].split('"')[0]
    sent = specialist.post(at, part=False, do="decide", of=of, decision="grant", reason="one income of two is gone",
                           **specialist.token(at, at))  # fmt: skip
    assert sent.headers["location"] == f"{at}?done=sent" and "hardship.decided" not in kinds(store)
    assert "You proposed it" in specialist.page("/approvals")
    lead = Desk(late, "lead")
    shown = lead.page("/approvals")
    assert "Agreed to now, it would write" in shown and "one income of two is gone" in shown
    proposal = shown.split('name="proposal" value="')[1].split('"')[0]
    agreed = lead.token("/approvals", "/approvals/decide") | {"proposal": proposal, "decision": "approve"}
    assert lead.post("/approvals/decide", part=False, **agreed).status_code == 303
    assert "hardship.decided" in kinds(store) and "one income of two is gone" in specialist.page(at)


def tried(store: Store, analyst: Desk, **asked: str) -> str:
    """A trial asked for on its page and done by the worker; where its page is."""
    told = analyst.token("/strategy/trials", "/strategy/trials")
    begun = analyst.post("/strategy/trials", part=False, first="2025-05-01", last="2025-05-14", **told, **asked)
    assert begun.status_code == 303, begun.text
    at = str(begun.headers["location"])
    assert "The days are replayed" in analyst.page(at) and 'data-stream="/v1/jobs/' in analyst.page(at)
    assert JobWorker(store).do_next()
    return at


def test_a_ladder_is_tried_kept_and_says_who_would_be_treated_otherwise(late: Served, store: Store) -> None:
    """All three are four days late on the 14th, the last day tried, and come to the worklist on day 4: one each. With
    day 9 instead nobody comes to it: three people, 1 as it stands and 0 as tried."""
    analyst = Desk(late, "analyst")
    text = unescape(analyst.page("/strategy").split("<textarea")[1].split(">", 1)[1].split("</textarea>")[0])
    at = tried(store, analyst, text=text.replace("day: 4", "day: 9"))
    page = analyst.page(at)
    assert "3 people would be treated otherwise" in page
    answer = analyst.browser.get(f"{at}/people.csv")
    rows = list(csv.DictReader(answer.text.splitlines()))
    work = [row for row in rows if row["do"] == "worklist"]
    assert [(row["borrower"], row["stands"], row["tried"]) for row in work] == [(f"B{k}", "1", "0") for k in (1, 2, 3)]
    beside = tried(store, analyst, grace="7")
    compared = analyst.page(f"{at}?beside={beside.rsplit('/', 1)[1]}")
    assert "the other trial" in compared and "7 days of grace" in compared
    for language in ("zh", "en"):
        for path in (at, "/strategy/trials", f"{at}?beside={beside.rsplit('/', 1)[1]}"):
            missing = re.findall(r"\bdesk\.[a-z_]+(?:\.[a-z_]+)+", analyst.page(path, language))
            assert set(missing) <= {"desk.localhost"}, (path, missing)
    listed = analyst.page("/strategy/trials")
    assert listed.count('<a data-open href="/strategy/trials/') == 2 and "✓ done" in listed
    for wrong in ({"first": "2025-05-14", "last": "2025-05-01"}, {"first": "x"}, {"grace": "367"}, {"text": "id: x"}):
        told = {"first": "2025-05-01", "last": "2025-05-14", "grace": "7"} | wrong
        told |= analyst.token("/strategy/trials", "/strategy/trials")
        assert analyst.post("/strategy/trials", part=False, **told).status_code == 422, wrong
    assert Desk(late, "agent").browser.get("/strategy/trials").status_code == 403


def test_a_spreadsheet_reckons_nothing_that_a_trial_names() -> None:
    told = as_csv([{"borrower": "=1+1", "do": "call", "stands": 1, "tried": 0}])
    assert told.splitlines() == ["borrower,do,stands,tried", "'=1+1,call,1,0"]


def test_the_ladders_put_to_use_are_listed_with_who_proposed_and_who_agreed(late: Served, store: Store) -> None:
    analyst, lead = Desk(late, "analyst"), Desk(late, "lead")
    text = unescape(analyst.page("/strategy").split("<textarea")[1].split(">", 1)[1].split("</textarea>")[0])
    hidden = analyst.token("/strategy", "/strategy/drafts") | {"place": "CN", "propose": "yes"}
    analyst.post("/strategy/drafts", part=False, **hidden, text=text.replace("day: 4", "day: 5"))
    proposal = lead.page("/approvals").split('name="proposal" value="')[1].split('"')[0]
    agreed = lead.token("/approvals", "/approvals/decide") | {"proposal": proposal, "decision": "approve"}
    assert lead.post("/approvals/decide", part=False, **agreed).status_code == 303
    with store.connect() as connection:
        first = ladder_versions(connection, "CN", date(2025, 5, 14))[0]
    assert (first.since, first.ladder) == (date(2025, 5, 15), "short") and "day: 5" in first.text
    assert first.by != first.proposed_by and f"{first.proposed_by} → </span>" not in lead.page("/strategy")
    assert f"{first.proposed_by} → {first.by}" in lead.page("/strategy")
