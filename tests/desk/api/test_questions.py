"""Questions over HTTP: every route for every role out of the matrix, nothing of others, masked, paged, marked."""

from datetime import date
from typing import Any

import pytest

from afterloan.desk.api.app import api_app
from afterloan.desk.web.house import House
from afterloan.desk.web.seats import SEATS
from afterloan.facts.act import Who
from afterloan.facts.debit import MandateSigned
from afterloan.servicing.may import may_ask
from afterloan.store.events import tell
from afterloan.store.server import Store
from tests.desk.web.served import ON, Served

FILLED = {"borrower": "B1", "loan": "L1", "of": "notes", "reference": "none", "job": "none", "day": "2026-02-09",
          "line": "none", "name": "none", "bureau": "pboc", "webhook": "none", "model": "none",
          "export": "none", "report": "1"}  # fmt: skip
QUERY = {
    "/v1/borrowers": "?q=B1",
    "/v1/loans": "?borrower={borrower}",
    "/v1/borrowers/{borrower}/known": "?then=2026-02-01",
    "/v1/borrowers/{borrower}/can-draw": "?amount_fen=100",
}
ROUTES = [
    (path, told["get"]["x-permission"])
    for path, told in api_app(House(Store("postgresql://nowhere"), True)).openapi()["paths"].items()
    if "get" in told and "x-permission" in told["get"]
]
WITHOUT = {"/v1/business-date", "/v1/me", "/v1/sandbox/clock"}
WITHOUT |= {"/v1", "/v1/me/sittings", "/v1/jobs/{job}", "/v1/jobs/{job}/events", "/v1/jobs/{job}/file"}
"""GETs that look after themselves who may see what."""


def address(path: str, **names: str) -> str:
    return (path + QUERY.get(path, "")).format(**{**FILLED, **names})


def test_every_get_has_a_permission() -> None:
    paths = api_app(House(Store("postgresql://nowhere"), True)).openapi()["paths"]
    assert {path for path, told in paths.items() if "get" in told} == {path for path, _ in ROUTES} | WITHOUT


def test_each_route_for_each_role_out_of_the_matrix(served: Served) -> None:
    for role, seat in SEATS.items():
        client, who = served.api(role), Who("person", seat.name, (role,), "api")
        for path, what in ROUTES:
            answer = client.get(address(path))
            allowed = may_ask(who, what, ON) is None
            assert answer.status_code < 500, f"{role} {path}: {answer.text}"
            assert (answer.status_code != 403) == allowed, f"{role} {path} ({what}): {answer.status_code}"
            assert answer.status_code != 401


def test_nobody_asks_without_a_key(served: Served) -> None:
    nobody = served.browser("api")
    for path, _ in ROUTES:
        assert nobody.get(address(path)).status_code == 401, path


def test_a_borrower_sees_their_own_and_of_others_the_same_bytes_as_of_nobody(served: Served) -> None:
    mine = served.api("borrower:B1")
    for path, what in ROUTES:
        own = mine.get(address(path))
        if may_ask(Who("borrower", "B1", (), "api"), what, ON) is not None:
            assert own.status_code == 403, path
            continue
        assert own.status_code == 200, f"{path}: {own.text}"
        there, nowhere = (mine.get(address(path, borrower=b, loan=c)) for b, c in (("B2", "L2"), ("B9", "L9")))
        assert there.status_code == nowhere.status_code == 404, path
        same = there.content.replace(b"B2", b"").replace(b"L2", b"")
        assert same == nowhere.content.replace(b"B9", b"").replace(b"L9", b""), path


def test_answers_say_on_which_day_and_as_known_when(served: Served) -> None:
    lead = served.api("lead")
    told = lead.get("/v1/borrowers/B1?known_on=2026-02-09").json()
    assert (told["on"], told["known_on"], told["id"], told["href"]) == (
        "2026-02-10", "2026-02-09", "B1", "/v1/borrowers/B1",
    )  # fmt: skip
    wrong = lead.get("/v1/borrowers/B1?on=2026-02-30")
    assert (wrong.status_code, wrong.json()["reason"]) == (422, "invalid")


def test_a_page_goes_on_where_the_one_before_ended_and_a_made_up_cursor_is_refused(served: Served) -> None:
    lead = served.api("lead")
    first = lead.get("/v1/borrowers?q=B&limit=1").json()
    assert [row["id"] for row in first["data"]] == ["B1"] and first["next"]
    second = lead.get("/v1/borrowers", params={"q": "B", "limit": 1, "after": first["next"]}).json()
    assert [row["id"] for row in second["data"]] == ["B2"] and second["next"] is None
    for cursor in ("x", first["next"][:-2] + "zz", "W10.abc"):
        answer = lead.get("/v1/borrowers", params={"q": "B", "after": cursor})
        assert (answer.status_code, answer.json()["reason"]) == (400, "unreadable")


def test_an_object_has_a_mark_of_its_state(served: Served) -> None:
    lead, finance = served.api("lead"), served.api("finance")
    first = lead.get("/v1/borrowers/B1")
    mark = {"if-none-match": first.headers["etag"]}
    assert lead.get("/v1/borrowers/B1", headers=mark).status_code == 304
    paid = {"amount_fen": 10_000, "received_on": "2026-02-10"}
    finance.post("/v1/loans/L1/repayments", json=paid, headers={"idempotency-key": "k"})
    assert lead.get("/v1/borrowers/B1", headers=mark).status_code == 200


def test_an_act_on_a_case_that_changed_since_it_was_seen_waits_for_another_look(served: Served) -> None:
    agent, finance = served.api("agent"), served.api("finance")
    seen = agent.get("/v1/cases/B1").json()["seen"]
    finance.post("/v1/loans/L1/repayments", json={"amount_fen": 100, "received_on": "2026-02-10"},
                 headers={"idempotency-key": "k"})  # fmt: skip

    def note(key: str, **query: Any) -> Any:
        return agent.post("/v1/borrowers/B1/contact-preferences/consents", json={"channel": "sms"},
                          params=query, headers={"idempotency-key": key})  # fmt: skip

    answer = note("n", seen=seen)
    assert (answer.status_code, answer.json()["reason"]) == (409, "changed-since-seen")
    assert answer.json()["news"] == ["money"]
    assert note("n", seen=seen, despite="true").status_code == 201
    assert note("m", seen=agent.get("/v1/cases/B1").json()["seen"]).status_code in (201, 409, 422)


def test_what_is_private_is_not_in_answers_to_staff(served: Served) -> None:
    told = {"mobile": "13800001234", "email": "x@example.com", "address": "杭州市西湖区一路1号"}
    post = served.api("lead").post
    done = post("/v1/borrowers/B1/changes", json={"reason": "told us", "attributes": told},
                headers={"idempotency-key": "c"})  # fmt: skip
    assert done.status_code == 201, done.text
    lead = served.api("lead")
    for path in ("/v1/borrowers/B1", "/v1/cases/B1", "/v1/borrowers?q=B1", "/v1/borrowers/B1/contactability"):
        text = lead.get(path).text
        for secret in told.values():
            assert secret not in text, f"{path}: {secret}"
    assert "138****1234" in lead.get("/v1/borrowers/B1").text


def test_the_log_has_no_gap_while_a_transaction_is_open(served: Served) -> None:
    programs, finance = served.api("administrator"), served.api("finance")

    def paid(key: str) -> None:
        body = {"amount_fen": 100, "received_on": "2026-02-10"}
        done = finance.post("/v1/loans/L1/repayments", json=body, headers={"idempotency-key": key})
        assert done.status_code == 201

    def read(after: str) -> tuple[list[str], str]:
        told = programs.get("/v1/events", params={"after": after}).json()
        return [one["data"]["reference"] for one in told["data"]], told["next"] or ""

    paid("k-1")
    first, place = read("")
    assert first == ["k-1"]
    with served.store.connect() as slow:
        slow.execute("select pg_current_xact_id()")  # an act under way, that will stand before what comes now
        paid("k-2")
        assert read(place) == ([], place), "what could still be overtaken is not told yet"
    assert read(place)[0] == ["k-2"]
    event = programs.get("/v1/events").json()["data"][0]
    assert event["type"] == "afterloan.repayment.take.v1" and event["subject"] == "B1" and event["on"] == str(ON)
    thin = programs.get("/v1/events?thin=true").text
    assert "amount_fen" not in thin


def test_a_day_is_never_the_machines(served: Served) -> None:
    assert date.fromisoformat(served.api("lead").get("/v1/today").json()["on"]) == ON


@pytest.mark.parametrize("name", ["~", "~!!!", "~ì3", "~//8", "%00", "B1%0a", "..", "a" * 300])
def test_ids_that_are_none_find_nothing(served: Served, name: str) -> None:
    answer = served.api("lead").get(f"/v1/borrowers/{name}/holds")
    assert answer.status_code == 404, answer.text


def test_a_story_shows_the_last_digits_of_an_account_only(served: Served) -> None:
    signed = {"source": "card", "account": "6222000000000013"}
    kept = served.api("finance").post("/v1/borrowers/B1/mandates", json=signed, headers={"Idempotency-Key": "m-1"})
    assert kept.status_code < 300, kept.text
    told = served.api("lead").get("/v1/borrowers/B1/story").text
    assert "··0013" in told and "6222000000000013" not in told


def test_mandates_go_on_page_by_page(served: Served) -> None:
    """Two mandates, one a page: the second page begins after the mandate that was last."""
    with served.store.connect() as connection:
        for name in ("M-1", "M-2"):
            tell(connection, MandateSigned(borrower="B1", on=ON, known_on=ON, reference=name, account="6222001234",
                 source="account", rail="pain008", ceiling_fen=50_000))  # fmt: skip
    finance = served.api("finance")
    first = finance.get("/v1/mandates?limit=1").json()
    second = finance.get(f"/v1/mandates?limit=1&after={first['next']}").json()
    assert [row["mandate"] for page in (first, second) for row in page["data"]] == ["M-1", "M-2"]
    assert second["next"] is None


def test_mandates_are_listed_page_by_page_with_the_last_digits_of_an_account_only(served: Served) -> None:
    for k in (1, 2):
        signed = {"source": "card", "account": f"622200000000002{k}"}
        at = {"Idempotency-Key": f"page-{k}"}
        kept = served.api("finance").post("/v1/borrowers/B1/mandates", json=signed, headers=at)
        assert kept.status_code < 300, kept.text
    lead, seen, after = served.api("lead"), [], ""
    while True:
        page = lead.get("/v1/mandates", params={"limit": 1, "after": after}).json()
        seen += [row["account"] for row in page["data"]]
        if not (after := page["next"]):
            break
    assert seen[-2:] == ["··0021", "··0022"], seen  # the oldest first, each once
    of_one = lead.get("/v1/borrowers/B1/mandates").json()
    rows = of_one if isinstance(of_one, list) else of_one["data"]
    assert {"··0021", "··0022"} <= {row["account"] for row in rows}
