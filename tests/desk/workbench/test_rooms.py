"""The rooms of finance, audit and the bureau without a browser: what they show, what they do, whom they let in."""

import re
from datetime import date

import polars as pl
import pytest

from afterloan.desk.words import words_of
from afterloan.desk.work import JobWorker
from afterloan.facts import Repaid
from afterloan.facts.act import Who
from afterloan.loan.terms import Refusal
from afterloan.loan.unreckoned import REASONS, REMEDIES
from afterloan.store.acts import begin_act, keep_act
from afterloan.store.record import record
from afterloan.store.server import Store
from tests.desk.web.served import Served
from tests.desk.workbench.late_book import Desk
from tests.strategy.books import day_of


def whole(page: str) -> None:
    """No word is missing: a page shows the key of a word that is not there."""
    assert set(re.findall(r"\bdesk\.[a-z_]+(?:\.[a-z_]+)+", page)) <= {"desk.localhost"}


@pytest.mark.parametrize("language", ["en", "zh"])
def test_finance_sees_the_days_with_their_proof_and_accounts_that_sum_to_nothing(late: Served, language: str) -> None:
    """Three loans of 12,000, 6,000 and 3,000: 21,000.00 of principal stand against the cash that went out."""
    desk, t = Desk(late, "finance"), words_of(language)
    page = desk.page("/finance", language)
    whole(page)
    assert "2025-05-13" in page and t("desk.finance.proved") in page and "21,000.00" in page
    assert t("desk.finance.difference", amount="0.00") in page
    day = desk.page("/finance/days/2025-05-13", language)
    whole(day)
    assert t("desk.finance.sum", signed="3", closed="3", excepted="0") in day
    assert desk.browser.get("/finance/days/2025-05-20").status_code == 404
    assert desk.browser.get("/finance?before=yesterday").status_code == 422
    for lens in ("on=2025-05-12", "known_on=2025-05-12"):  # the one day was closed on the 13th, and posted all
        before = desk.page(f"/finance?{lens}", language)
        assert "/finance/days/2025-05-13" not in before and "21,000.00" not in before, lens
        assert t("desk.finance.no_days") in before and t("desk.finance.no_entries") in before, lens
        assert desk.browser.get(f"/finance/days/2025-05-13?{lens}").status_code == 404
        accounts = late.api("finance").get(f"/v1/trial-balance?{lens}").json()["data"]
        assert not any(one["debit_fen"] or one["credit_fen"] for one in accounts), lens
        assert late.api("finance").get(f"/v1/days?{lens}").json()["data"] == [], lens


def test_each_loan_that_was_not_reckoned_says_what_a_person_does_now(late: Served, store: Store) -> None:
    """A reason as the close keeps it, and one of another time, whose words stand as they were kept."""
    with store.connect() as connection:
        for loan, reason in (("L1", REASONS[Refusal.NO_SCHEDULE]), ("L2", "no terms")):
            connection.execute(
                "insert into exception (closed_on, shard, loan, reason) "
                "select '2025-05-13', shard, loan, %s from contract where reference = %s", (reason, loan),
            )  # fmt: skip
    desk = Desk(late, "finance")
    for language, says in (("en", "Import instalments with a row for each"), ("zh", "导入期供表")):
        page = desk.page("/finance/days/2025-05-13", language)
        whole(page)
        assert says in page and "no terms" in page
    (first, other) = late.api("finance").get("/v1/days/2025-05-13").json()["exceptions"]
    assert first["code"] == "no_schedule" and "import `instalments`" in first["remedy"]
    assert (other["code"], other["remedy"]) == ("", "")
    for refusal in Refusal:
        if refusal is not Refusal.NONE:
            for language in ("en", "zh"):
                name = refusal.name.lower()
                for words in (f"desk.finance.unreckoned.{name}", f"desk.finance.do.{name}"):
                    assert words_of(language)(words) != words, f"{language}: {words}"
            assert REASONS[refusal] and REMEDIES[refusal]


def test_a_table_of_the_report_is_had_in_each_form_with_the_same_figures(late: Served) -> None:
    """Three loans in the book: 21,000.00 outstanding, in every form."""
    client = late.api("finance")
    at = "/v1/reports/portfolio?on=2025-05-13"
    whole_report = client.get(at).json()
    rows = client.get(f"{at}&table=ageing").json()["data"]
    assert rows == whole_report["ageing"] and sum(row["outstanding_fen"] for row in rows) == 2_100_000
    file = client.get(f"{at}&table=ageing&format=csv")
    assert 'filename="ageing-2025-05-13.csv"' in file.headers["content-disposition"]
    assert pl.read_csv(file.content).to_dicts() == rows
    assert pl.read_parquet(client.get(f"{at}&table=ageing&format=parquet").content).to_dicts() == rows
    page = client.get(f"{at}&format=html")
    assert page.status_code == 200 and "<html" in page.text and "attachment" in page.headers["content-disposition"]
    for bad in ("format=csv", "table=ageing&format=html", "table=people"):
        assert client.get(f"{at}&{bad}").status_code == 422, bad
    assert "table=ageing" in Desk(late, "finance").page("/finance")


def test_finance_sees_where_money_went_to_the_cent_of_the_cash_account(late: Served) -> None:
    """21,000.00 were paid out and nothing came in: the cash account stands at -21,000.00."""
    desk = Desk(late, "finance")
    for language in ("en", "zh"):
        page = desk.page("/finance/cash?by=day", language)
        whole(page)
        assert words_of(language)("desk.cash.adds_up", amount="−21,000.00") in page and "2025-05-13" in page
    file = desk.browser.get("/finance/cash.csv?first=2025-05-01&last=2025-05-31&by=month")
    assert file.text.splitlines()[1:] == [
        "2025-05-01,0,0,0,0,0,0,0,0,2100000,0,-2100000", "total,0,0,0,0,0,0,0,0,2100000,0,-2100000"
    ]  # fmt: skip
    client = late.api("finance")
    told = client.get("/v1/cash?first=2025-05-01&last=2025-05-31").json()
    assert (told["difference_fen"], told["cash_after_fen"], told["total"]["paid_out_fen"]) == (0, -2_100_000, 2_100_000)
    assert client.get("/v1/cash?first=2025-05-01&last=2025-05-31&format=csv").text == file.text
    assert desk.browser.get("/finance/cash?first=2025-05-02&last=2025-05-01").status_code == 422
    assert "No money moved" in desk.page("/finance/cash?first=2025-04-01&last=2025-04-30")


def test_the_auditor_sees_who_did_and_who_looked_and_is_seen_too(late: Served, store: Store) -> None:
    agent, auditor = Desk(late, "agent"), Desk(late, "auditor")
    agent.page("/cases/B1")
    noted = agent.token("/cases/B1", "/cases/B1/notes") | {"text": "asked for a payslip"}
    assert agent.post("/cases/B1/notes", **noted).status_code == 200
    acts = auditor.page("/audit?borrower=B1")
    assert "<td>case.note</td>" in acts and "agent-li" in acts
    assert "<td>case.note</td>" not in auditor.page("/audit?borrower=B2")
    looked = auditor.page("/audit?tab=readings&borrower=B1")
    assert "GET /cases/{borrower}" in looked and "agent-li" in looked
    assert "auditor-xu" in auditor.page("/audit?tab=readings"), "who audits is on record too"
    assert agent.browser.get("/audit").status_code == 403
    assert "403" in auditor.page("/audit?tab=refusals&who=agent-li")
    assert "whole, " in auditor.page("/audit?chain=yes")
    assert auditor.browser.get("/audit?tab=else").status_code == 404
    for path in ("/audit", "/audit?tab=readings", "/audit?tab=refusals", "/audit?chain=yes"):
        for language in ("en", "zh"):
            whole(auditor.page(path, language))


def test_acts_are_of_one_person_and_go_on_page_by_page(late: Served, store: Store) -> None:
    """52 notes of two people by turns: 26 of one, and 52 of both on a page of 50 and one of the other two."""
    names = ("agent-li", "agent-wu")
    with store.connect() as connection:
        for k in range(52):
            number, who = begin_act(connection), Who("person", names[k % 2], ("agent",), "desk")
            keep_act(connection, number, f"N{k}", "case.note", who, date(2025, 5, 14), {}, {})
    auditor = Desk(late, "auditor")
    one = auditor.page("/audit?verb=case.note&who=agent-wu")
    assert one.count("<td>case.note</td>") == 26 and "agent-li" not in one
    first = auditor.page("/audit?verb=case.note")
    older = re.search(r'href="(/audit[^"]+after=\d+)"', first)
    assert first.count("<td>case.note</td>") == 50 and older is not None
    rest = auditor.page(older.group(1).replace("&amp;", "&"))
    assert rest.count("<td>case.note</td>") == 2 and "N0<" in rest and "N1<" in rest
    assert not re.search(r'class="button" href="/audit[^"]+after=', rest), "that was the last page"
    page = late.api("auditor").get("/v1/audit/acts?verb=case.note&who=agent-wu&limit=20").json()
    then = late.api("auditor").get(f"/v1/audit/acts?verb=case.note&who=agent-wu&limit=20&after={page['next']}").json()
    assert [row["reference"] for row in then["data"]] == ["N11", "N9", "N7", "N5", "N3", "N1"] and then["next"] is None


def test_then_against_now_says_which_figures_late_news_changed(late: Served, store: Store) -> None:
    """L1 is due on 10 May. The 2,000.00 of the 12th are learnt on the 14th: asked of the 13th, it was late by three
    days as known then, and is not late as known now."""
    with store.connect() as connection:
        record(connection, Repaid("L1", "R-late", day_of("2025-05-12"), day_of("2025-05-14"), 200_000))
    auditor = Desk(late, "auditor")
    at = "/audit/known?borrower=B1&on=2025-05-13&then=2025-05-13"
    page = auditor.page(at)
    assert "figures differ" in page and "R-late" in page and "2,000.00" in page
    days = page.split("days past due</td>")[1].split("</tr>")[0]
    assert re.findall(r">(\d+)<", days) == ["3", "0"]
    assert "Nothing was learnt in between" in auditor.page("/audit/known?borrower=B2&on=2025-05-13&then=2025-05-13")
    whole(auditor.page(at, "zh"))
    assert auditor.browser.get("/audit/known?borrower=nobody&then=2025-05-13").status_code == 404
    assert auditor.browser.get("/audit/known?borrower=B1&then=2025-05-33").status_code == 422


def test_a_month_is_furnished_a_dispute_answered_and_both_told(late: Served, store: Store) -> None:
    """April is told to a neutral bureau: three loans. B1 disputes April, which has its clock."""
    desk = Desk(late, "bureau")
    asked = desk.token("/bureau", "/bureau/furnishings") | {"bureau": "neutral", "month_end": "2025-04-30"}
    begun = desk.post("/bureau/furnishings", part=False, **asked)
    assert begun.status_code == 303, begun.text
    at = begun.headers["location"]
    assert "The month is furnished" in desk.page(at)
    assert JobWorker(store).do_next()
    page = desk.page(at)
    assert '/file">' not in page and "when a second person agreed" in page and "2025-04" in page
    hidden = desk.token(at, "/bureau/releases") | {"job": at.partition("=")[2]}
    asked_for = desk.post("/bureau/releases", part=False, **hidden)
    assert "Its release was sent for approval." in desk.page(asked_for.headers["location"]), asked_for.text
    lead = Desk(late, "lead")
    page = lead.page("/approvals")
    assert "Let a file leave" in page and "neutral" in page
    proposal = page.split('name="proposal" value="')[1].split('"')[0]
    decide = lead.token("/approvals", "/approvals/decide") | {"proposal": proposal, "decision": "approve"}
    assert lead.post("/approvals/decide", part=False, **decide).status_code == 303
    page = desk.page(at)
    assert '/file">The file' in page
    file = re.search(r'"(/v1/jobs/[^"]+/file)"', page)
    assert file is not None and desk.browser.get(file.group(1)).status_code == 200

    with store.connect() as connection:  # as if it were a trial of the same person
        connection.execute("update job set kind = 'trial'")
    assert desk.browser.get(at).status_code == 404

    opened = late.api("bureau").post(
        "/v1/disputes", headers={"idempotency-key": "D-1"},
        json={"borrower": "B1", "loan": "L1", "bureau": "neutral", "months": ["2025-04-30"], "statement": "I paid"},
    )  # fmt: skip
    assert opened.status_code in (200, 201), opened.text
    name = opened.json()["dispute"]
    page = desk.page("/bureau")
    assert "1 disputes to look at" in page and f'value="{name}"' in page and "d left" in page
    hidden = desk.token("/bureau", "/bureau/disputes") | {"of": name}
    assert desk.post("/bureau/disputes", part=False, **hidden, do="accurate", reason="").status_code == 422
    decided = desk.post("/bureau/disputes", part=False, **hidden, do="accurate", reason="as the book says")
    assert decided.headers["location"] == "/bureau?done=accurate", decided.text
    for party in ("borrower", "bureau"):
        hidden = desk.token("/bureau", "/bureau/disputes") | {"of": name}
        told = desk.post("/bureau/disputes", part=False, **hidden, do=f"told:{party}")
        assert told.headers["location"] == "/bureau?done=notified", told.text
    page = desk.page("/bureau")
    assert "No dispute is open, and everybody is told" in page
    for language in ("en", "zh"):
        whole(desk.page("/bureau", language))
    wrong = asked | desk.token("/bureau", "/bureau/furnishings")
    assert desk.post("/bureau/furnishings", part=False, **(wrong | {"month_end": "April"})).status_code == 422
    assert desk.post("/bureau/furnishings", part=False, **(wrong | {"bureau": "mine"})).status_code == 422
    assert 'action="/bureau/furnishings"' not in Desk(late, "agent").page("/bureau")
