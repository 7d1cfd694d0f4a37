"""Complaints over HTTP, lists over all borrowers, and a statement that is taken along."""

from tests.desk.web.served import Served

SAID = {"about": "amount", "text": "The penalty of January is wrong."}


def test_a_complaint_is_raised_once_seen_by_staff_and_answered_by_who_may(served: Served) -> None:
    mine, agent, he = served.api("borrower:B1"), served.api("agent"), served.api("specialist")
    raised = mine.post("/v1/borrowers/B1/complaints", json=SAID, headers={"idempotency-key": "c1"})
    assert raised.status_code == 201 and raised.json()["answer_by"] == "2026-02-25"  # 10 February + 15 days
    again = mine.post("/v1/borrowers/B1/complaints", json=SAID, headers={"idempotency-key": "c1"})
    assert again.headers["idempotency-replayed"] == "true"
    other = mine.post("/v1/borrowers/B2/complaints", json=SAID, headers={"idempotency-key": "c2"})
    nobody = mine.post("/v1/borrowers/B9/complaints", json=SAID, headers={"idempotency-key": "c3"})
    assert (other.status_code, nobody.status_code) == (404, 404)
    [one] = agent.get("/v1/complaints").json()["data"]
    assert (one["reference"], one["borrower"], one["text"], one["answered_on"]) == ("c1", "B1", SAID["text"], None)
    assert mine.get("/v1/complaints").status_code == 403, "the list is of all borrowers"
    [task] = [t for t in he.get("/v1/tasks").json()["data"] if t["queue"] == "complaint"]
    assert task["due_on"] == "2026-02-25"
    told = {"outcome": "partly", "text": "We gave 3.20 back."}
    path, key = "/v1/complaints/c1/answer", {"idempotency-key": "a1"}
    assert agent.post(path, json=told, headers=key).status_code == 403
    assert he.post(path, json=told, headers=key).json()["late_days"] == 0
    assert agent.get("/v1/complaints").json()["data"] == []
    assert agent.get("/v1/complaints?answered=true").json()["data"][0]["outcome"] == "partly"


def test_a_statement_is_read_by_who_is_signed_in_and_taken_along_by_who_proved_it_anew(served: Served) -> None:
    mine = served.sat("my", "B1")
    assert mine.get("/v1/loans/L1/statement").status_code == 200
    taken = mine.get("/v1/loans/L1/statement?format=csv")
    assert (taken.status_code, taken.json()["reason"]) == (403, "fresh-code")
    with served.store.connect() as connection:
        connection.execute("update sitting set stepped_up_at = %s where host = 'my'", (served.clock(),))
    assert mine.get("/v1/loans/L1/statement?format=csv").headers["content-type"].startswith("text/csv")


def test_statements_taken_are_told_with_their_sums_and_no_account(served: Served) -> None:
    finance = served.api("finance")
    with served.store.connect() as connection:
        for k, (file, amount) in enumerate((("a.csv", 5_000), ("a.csv", -300), ("b.csv", 70))):
            connection.execute(
                "insert into statement_line (account, bank_reference, booked_on, amount_fen, currency, file, known_on, "
                "mark) values ('6222000011112345', %s, '2026-02-09', %s, 'CNY', %s, '2026-02-10', %s)",
                (f"r{k}", amount, file, k),
            )  # fmt: skip
    told = finance.get("/v1/bank-statements?limit=1").json()
    assert [row["file"] for row in told["data"]] == ["b.csv"] and "6222" not in str(told["data"])
    rest = finance.get("/v1/bank-statements", params={"limit": 1, "after": told["next"]}).json()["data"]
    assert [(r["file"], r["lines"], r["in_fen"], r["out_fen"]) for r in rest] == [("a.csv", 2, 5_000, 300)]
    assert finance.get("/v1/bank-statements?on=2026-02-09").json()["data"] == []
