"""Files of debits had once more, and debits without an answer asked after, over HTTP; a statement taken along."""

from afterloan.desk.work import JobWorker
from afterloan.store.server import Store
from tests.desk.web.served import Served
from tests.desk.workbench.late_book import debits_of_all_states


def test_a_file_is_had_again_to_the_byte_by_whoever_may_file_and_it_is_on_record(served: Served, store: Store) -> None:
    debits_of_all_states(store)
    finance, path = served.api("finance"), "/v1/debit-files/F-1/copies"
    first, again = finance.post(path, json={}), finance.post(path, json={"currency": "CNY"})
    assert first.status_code == 200 and first.content.count(b"<EndToEndId>") == 5
    assert first.content == again.content and 'filename="F-1.xml"' in first.headers["content-disposition"]
    with store.connect() as connection:
        seen = connection.execute("select what, who, rows from seen where what like '%copies'").fetchall()
    assert seen == [("POST /v1/debit-files/{file}/copies", "finance-qian", 5)] * 2
    assert served.api("agent").post(path, json={}).status_code == 403
    nothing = finance.post("/v1/debit-files/F-9/copies", json={})
    assert (nothing.status_code, nothing.json()["reason"]) == (404, "unknown")


def test_files_of_debits_are_listed_with_what_was_heard_of_them(served: Served, store: Store) -> None:
    debits_of_all_states(store)
    [file] = served.api("finance").get("/v1/debit-files?on=2025-05-14").json()["data"]
    assert (file["file"], file["debits"], file["total_fen"], file["open"]) == ("F-1", 5, 50_000, 1)


def test_the_bank_is_asked_what_became_of_a_debit_and_nothing_is_sent_again(served: Served, store: Store) -> None:
    """D1 was asked of the gateway and never reached the bank: it failed as not sent, and is asked after once."""
    debits_of_all_states(store)
    finance, headers = served.api("finance"), {"idempotency-key": "ask-1"}
    begun = finance.post("/v1/debit-questions", json={"minutes": 15}, headers=headers)
    assert begun.status_code == 202, begun.text
    worker = JobWorker(store)
    with worker._stack:
        assert worker.do_next() and worker.world.bank.debits == {}
    job = finance.get(begun.headers["location"]).json()
    assert (job["state"], job["result"]["counts"]) == ("done", {"failed": 1}), job
    with store.connect() as connection:
        told = connection.execute(
            "select body->>'reason' from event where kind = 'debit.failed' and body->>'of' = %s",
            (finance.get("/v1/borrowers/M9/debits").json()["data"][-2]["reference"],),
        ).fetchall()
    assert told == [("not_sent",)]
    assert served.api("agent").post("/v1/debit-questions", json={}, headers=headers).status_code == 403


def test_a_statement_is_taken_along_as_pdf_for_its_days(served: Served) -> None:
    lead, path = served.api("lead"), "/v1/loans/L1/statement"
    made = lead.get(f"{path}?format=pdf&from=2026-01-01&to=2026-02-10")
    assert made.status_code == 200 and made.headers["content-type"] == "application/pdf"
    assert made.content.startswith(b"%PDF-") and "attachment" in made.headers["content-disposition"]
    told = lead.get(f"{path}?from=2026-02-01").json()
    assert (told["from"], told["to"], told["opening_fen"]) == ("2026-02-01", "2026-02-10", 1_200_000)
    assert lead.get(f"{path}?from=2026-02-30").status_code == 422
    assert lead.get(f"{path}?from=2026-02-09&to=2026-02-01").status_code == 422
    assert served.api("borrower:B1").get("/v1/loans/L2/statement?format=pdf").status_code == 404
