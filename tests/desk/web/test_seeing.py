"""Who read whose record and what was refused is kept before the answer begins, chained, sealed and found if changed."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg

from afterloan.close.day import close_through
from afterloan.dates import day
from afterloan.enquiry.seals import verify
from afterloan.store.connect import reader_to
from afterloan.store.seen import kept, links
from tests.desk.web.served import Served


def seen(served: Served, table: str = "seen") -> list[dict[str, Any]]:
    with served.store.connect() as connection:
        return kept(connection, table)


def short(rows: list[dict[str, Any]]) -> list[tuple[str, str, str]]:
    return [(row["who"], row["borrower"], row["what"]) for row in rows]


def test_readings_and_refusals_are_on_record_by_route_not_by_address(served: Served) -> None:
    lead, finance, own = served.api("lead"), served.api("finance"), served.sat("my", "B1")
    assert lead.get("/v1/borrowers/B1").status_code == 200
    assert lead.get("/v1/loans/L2/explanation").status_code == 200
    assert own.get("/").status_code == 200 and own.get("/loans/L1").status_code == 200
    assert lead.get("/v1/borrowers?q=Someone").status_code == 200
    assert finance.get("/v1/cases/B1").status_code == 403
    assert own.get("/v1/borrowers/B2").status_code == 404
    assert served.browser("api").get("/v1/borrowers/B1").status_code == 401
    rows = seen(served)
    assert short(rows) == [
        ("lead-wang", "", "GET /v1/borrowers"), ("lead-wang", "B2", "GET /v1/loans/{loan}/explanation"),
        ("lead-wang", "B1", "GET /v1/borrowers/{borrower}"),
    ]  # fmt: skip
    denied = seen(served, "denied")
    assert [(r["who"], r["borrower"], r["status"], r["reason"]) for r in denied] == [
        ("B1", "B2", 404, "unknown"), ("finance-qian", "B1", 403, "not-permitted"),
    ]  # fmt: skip
    with served.store.connect() as connection:
        terms = connection.execute("select count(*), bool_and(length(terms) = 32) from seen where terms is not null")
        assert terms.fetchone() == (1, True)


def test_a_page_of_the_desk_is_a_reading_and_a_search_keeps_no_words(served: Served) -> None:
    desk = served.sat("desk", "lead")
    page = desk.get("/cases/B1").text
    token = page.split('name="token" value="')[1].split('"')[0]
    assert desk.post("/search", data={"token": token, "q": "B1"}).status_code == 200
    rows = seen(served)
    assert short(rows) == [("lead-wang", "", "search"), ("lead-wang", "B1", "GET /cases/{borrower}")]
    assert rows[0]["rows"] == 1


def test_a_list_of_people_is_a_reading_with_its_rows(served: Served) -> None:
    lead, desk = served.api("lead"), served.sat("desk", "lead")
    raised = lead.post("/v1/borrowers/B1/complaints", json={"text": "He was rude.", "about": "staff"},
                       headers={"idempotency-key": "c1"})  # fmt: skip
    assert raised.status_code == 201, raised.text
    close_through(served.store, day("2026-02-10"))
    assert len(lead.get("/v1/complaints").json()["data"]) == 1
    assert desk.get("/bureau").status_code == 200
    assert desk.get("/finance/days/2026-02-10").status_code == 200
    kept_rows = [(row["what"], row["rows"]) for row in seen(served)]
    assert kept_rows == [("GET /finance/days/{day}", 0), ("GET /bureau", 0), ("GET /v1/complaints", 1)]


def test_a_field_is_revealed_with_a_reason_on_record(served: Served) -> None:
    told = {"reason": "told by phone", "attributes": {"mobile": "13800001234"}}
    changed = served.api("lead").post("/v1/borrowers/B1/changes", json=told, headers={"idempotency-key": "c"})
    assert changed.status_code == 201, changed.text
    lead, asked = served.api("lead"), {"field": "mobile", "reason": "to call back"}
    assert "13800001234" not in lead.get("/v1/borrowers/B1").text
    told = lead.post("/v1/borrowers/B1/reveals", json=asked)
    assert (told.status_code, told.json()["value"]) == (201, "13800001234")
    assert told.headers["cache-control"] == "no-store"
    row = seen(served)[0]
    assert (row["what"], row["field"], row["reason"], row["borrower"]) == ("reveal", "mobile", "to call back", "B1")
    assert lead.post("/v1/borrowers/B1/reveals", json={**asked, "field": "email"}).status_code == 422
    assert lead.post("/v1/borrowers/B9/reveals", json=asked).status_code == 404
    assert lead.post("/v1/borrowers/B1/reveals", json={"field": "mobile", "reason": ""}).status_code == 422
    agent = served.api("agent")
    refused = agent.post("/v1/borrowers/B1/reveals", json=asked)
    assert (refused.status_code, refused.json()["reason"]) == (403, "not-permitted"), "the case is in nobody's hands"
    assert served.api("analyst").post("/v1/borrowers/B1/reveals", json=asked).status_code == 403
    page = served.sat("my", "B1").get("/looked", headers={"accept-language": "en"}).text
    assert "Team lead" in page and "in full" in page and "wang" not in page


def test_the_auditor_reads_who_read_and_is_on_record(served: Served) -> None:
    served.api("lead").get("/v1/borrowers/B1")
    served.api("finance").get("/v1/cases/B1")
    auditor = served.api("auditor")
    assert [r["who"] for r in auditor.get("/v1/audit/readings?borrower=B1").json()["data"]] == ["lead-wang"]
    own = auditor.get("/v1/audit/readings?who=auditor-xu").json()["data"]
    assert [(r["what"], r["borrower"]) for r in own] == [("GET /v1/audit/readings", "B1")]
    first = auditor.get("/v1/audit/readings?limit=1").json()
    second = auditor.get(f"/v1/audit/readings?limit=1&after={first['next']}").json()
    assert second["data"][0]["number"] < first["data"][0]["number"]
    assert [r["reason"] for r in auditor.get("/v1/audit/refusals").json()["data"]] == ["not-permitted"]
    assert auditor.get("/v1/audit/acts").status_code == 200
    assert served.api("lead").get("/v1/audit/readings").status_code == 403
    told = auditor.get("/v1/audit/chain").json()
    assert told["whole"] and told["broken"] == [] and told["seen"] >= 5 and told["denied"] == 2


def test_many_at_once_make_one_chain_and_what_is_changed_is_named(served: Served) -> None:
    lead = served.api("lead")
    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(lambda _: lead.get("/v1/borrowers/B1").status_code, range(24))) == {200}
    close_through(served.store, day("2026-02-10"))
    lead.get("/v1/borrowers/B2")
    with served.store.connect(autocommit=True) as connection:
        assert [good for _, _, good in links(connection, "seen")] == [True] * 25
        with reader_to(served.store.url) as reader:
            assert verify(connection, reader).broken == []
        with psycopg.connect(served.store.as_owner().url) as owner:
            owner.execute("set session_replication_role = replica")
            owner.execute("update seen set who = 'nobody' where seen in (7, 25)")
        with reader_to(served.store.url) as reader:
            broken = verify(connection, reader).broken
    assert {(b.table, b.row, b.what) for b in broken} == {("seen", 7, "changed"), ("seen", 25, "changed")}
