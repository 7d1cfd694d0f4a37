"""Loans over HTTP: lists by conditions and pages, a loan whole, payments, entries; what a list does not do is said."""

from typing import Any

import pytest

from afterloan.close import close_through
from afterloan.enquiry import loans as asked
from afterloan.store.server import Store
from tests.desk.web.served import Served
from tests.strategy.books import borrower, day_of, loan, repaid


@pytest.fixture
def seven(served: Served) -> Served:
    """Seven loans: L1 and L2 first due on the day; A1 to A5 since December, of which A2 and A4 are paid."""
    with served.store.connect() as connection:
        for k in range(1, 6):
            borrower(connection, f"A{k}", mobile="13800001234")
            loan(connection, f"A{k}", f"A{k}", "2025-12-10")
            if k in (2, 4):
                repaid(connection, f"A{k}", "2026-01-10", 200_000)
                repaid(connection, f"A{k}", "2026-02-09", 200_000)
    return served


def names(told: Any) -> list[str]:
    return [row["loan"] for row in told["data"]]


def test_a_list_is_read_page_by_page_in_the_order_of_signing(seven: Served) -> None:
    lead = seven.api("lead")
    found, after, pages = [], "", 0
    while True:
        told = lead.get("/v1/loans", params={"limit": 3, **({"after": after} if after else {})}).json()
        found += names(told)
        pages += 1
        after = told["next"]
        if not after:
            break
    assert (found, pages) == (["L1", "L2", "A1", "A2", "A3", "A4", "A5"], 3)
    newest = lead.get("/v1/loans", params={"limit": 2, "sort": "-loan"}).json()
    assert names(newest) == ["A5", "A4"]
    assert names(lead.get("/v1/loans", params={"limit": 9, "sort": "-loan", "after": newest["next"]}).json()) == [
        "A3", "A2", "A1", "L2", "L1",
    ]  # fmt: skip


def test_a_page_under_a_condition_goes_on_where_it_stopped_and_reckons_only_so_many(
    seven: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    lead = seven.api("lead")
    where = "days_past_due >= 31 and arrears_fen > 100000"
    whole = lead.get("/v1/loans", params={"where": where}).json()
    # due on 10 January and unpaid on 10 February: 31 days
    assert names(whole) == ["A1", "A3", "A5"] and whole["next"] is None
    first = lead.get("/v1/loans", params={"where": where, "limit": 1}).json()
    rest = lead.get("/v1/loans", params={"where": where, "after": first["next"]}).json()
    assert (names(first), names(rest)) == (["A1"], ["A3", "A5"])
    monkeypatch.setattr(asked, "AT_ONCE", 2)
    monkeypatch.setattr(asked, "MOST_LOOKED_AT", 4)
    part = lead.get("/v1/loans", params={"where": where}).json()
    assert names(part) == ["A1"] and part["next"]
    assert names(lead.get("/v1/loans", params={"where": where, "after": part["next"]}).json()) == ["A3", "A5"]


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ({"where": "days_past_du > 3"}, "did you mean 'days_past_due'"),
        ({"where": "days_past_due + 1"}, "not true or false"),
        ({"where": "1 = 1; drop table fact"}, ""),
        ({"where": "x" * 501}, "characters"),
        ({"sort": "arrears_fen"}, ""),
        ({"count": "all"}, ""),
        ({"count": "exact", "where": "bucket > 1"}, "not counted"),
    ],
)
def test_what_a_list_does_not_do_is_said(seven: Served, query: dict[str, str], words: str) -> None:
    answer = seven.api("lead").get("/v1/loans", params=query)
    assert (answer.status_code, answer.json()["reason"]) == (422, "invalid"), answer.text
    assert words in answer.text


def test_loans_are_counted_on_wish(seven: Served) -> None:
    lead = seven.api("lead")
    assert "count" not in lead.get("/v1/loans").json()
    assert lead.get("/v1/loans?count=exact").json()["count"] == 7
    assert lead.get("/v1/loans?count=exact&borrower=A1").json()["count"] == 1
    assert lead.get("/v1/loans?count=estimate").json()["count"] >= 0


def test_a_list_is_as_it_was_known(seven: Served) -> None:
    lead = seven.api("lead")
    before = lead.get("/v1/loans", params={"borrower": "A2", "on": "2026-02-10", "known_on": "2026-01-09"}).json()
    assert (before["known_on"], before["data"][0]["days_past_due"]) == ("2026-01-09", 31), "no money was known of"
    assert lead.get("/v1/loans?borrower=A2").json()["data"][0]["days_past_due"] == 0


def test_a_loan_whole_says_what_is_owed_of_what(seven: Served) -> None:
    told = seven.api("lead").get("/v1/loans/A1?include=schedule,entries,findings").json()
    # due on 10 January: 1,200,000 × 0.05 % × 31 = 18,600 interest; and nothing fell due since (the next on the day)
    assert (told["state"], told["days_past_due"], told["oldest_unpaid_on"]) == ("overdue", 31, "2026-01-10")
    assert told["arrears_by_part"]["interest"] == 18_600 and told["rate_percent"] == "0.05"
    assert told["arrears_fen"] == sum(told["arrears_by_part"].values())
    assert told["schedule"][0]["due_by_part"]["interest"] == 18_600 and told["entries"] == []
    none = seven.api("lead").get("/v1/loans/A1?include=everything")
    assert (none.status_code, none.json()["reason"]) == (422, "invalid")


def test_entries_are_those_of_the_loan_and_balance(seven: Served) -> None:
    close_through(seven.store, day_of("2026-02-09"))
    lead = seven.api("lead")
    rows = lead.get("/v1/loans/A2/entries?limit=200").json()["data"]
    # paid twice 2,000.00, each as cash in
    assert sum(r["amount_fen"] for r in rows if r["debit_name"] == "cash_clearing") == 400_000, rows
    assert {r["loan"] for r in rows} == {"A2"}
    every = lead.get("/v1/journal/entries?limit=2").json()
    assert len(every["data"]) == 2 and every["next"]
    more = lead.get("/v1/journal/entries", params={"limit": 2, "after": every["next"]}).json()
    assert more["data"][0]["entry"] > every["data"][1]["entry"]


def test_a_borrower_sees_the_list_of_their_own_loans_only(served: Served, store: Store) -> None:
    mine = served.api("borrower:B1")
    assert names(mine.get("/v1/loans?borrower=B1").json()) == ["L1"]
    assert mine.get("/v1/loans").status_code == mine.get("/v1/loans?borrower=B2").status_code == 404
    assert mine.get("/v1/loans/L1?include=entries").status_code == 404
