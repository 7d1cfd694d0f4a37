"""Acts over HTTP: each once under its key, tried without a trace, refused in one form."""

import json
import threading
from typing import Any

import pytest
from starlette.testclient import TestClient

from afterloan.desk.api.acts import ACT_PATHS, PLAYED_PATHS, WITHOUT, all_paths, in_path
from afterloan.desk.api.channels import CHANNEL_VERBS
from afterloan.desk.api.files import FILE_VERBS
from afterloan.desk.api.keys import KEY_VERBS
from afterloan.desk.web.names import id_of, reference_of
from afterloan.servicing.verbs import VERBS, verb_named
from afterloan.store.locks import lock_reference
from afterloan.store.server import Store
from tests.desk.web.served import Served
from tests.strategy.books import borrower, loan

PAID = {"amount_fen": 10_000, "received_on": "2026-02-10"}


def post(client: TestClient, path: str, body: dict[str, Any], key: str | None = "k-1", **query: Any) -> Any:
    headers = {"idempotency-key": key} if key is not None else {}
    return client.post(path, json=body, headers=headers, params=query)


def image(store: Store) -> dict[str, str]:
    """Every row of every table as one digest a table; sequences are not rows."""
    with store.connect() as connection:
        names = [
            str(r[0])
            for r in connection.execute(
                "select tablename from pg_tables where schemaname = 'public' and tablename <> 'sitting'"
            ).fetchall()
        ]
        return {
            name: str(
                connection.execute(f"select md5(coalesce(string_agg(t::text, '|' order by t::text), '')) from {name} t")
                .fetchall()[0][0]
            )
            for name in names
        }  # fmt: skip


def test_every_verb_has_a_path_and_no_path_a_verb_twice() -> None:
    paths = all_paths()
    served = [*(told.verb for told in (*paths, *PLAYED_PATHS)), *FILE_VERBS, *KEY_VERBS, *CHANNEL_VERBS]
    assert len(set(served)) == len(served)
    assert set(served) | set(WITHOUT) == {verb.name for verb in VERBS}
    assert not set(served) & set(WITHOUT)
    assert len({told.path for told in paths}) == len(paths)


@pytest.mark.parametrize("told", ACT_PATHS, ids=[told.verb for told in ACT_PATHS])
def test_the_names_in_a_path_are_fields_of_the_verb(told: Any) -> None:
    assert set(in_path(told.path)) <= set(verb_named(told.verb).asked.model_fields)


def test_ids_carry_every_reference() -> None:
    assert (id_of("L1"), id_of("s1/1")) == ("L1", "~czEvMQ")
    for name in ("L1", "s1/1", "mandate:B 1", "~tilde", "张三", "a" * 130, "."):
        assert reference_of(id_of(name)) == name


def test_a_repayment_is_taken_once_whatever_often_it_is_sent(served: Served) -> None:
    finance = served.api("finance")
    first = post(finance, "/v1/loans/L1/repayments", PAID)
    assert first.status_code == 201 and first.json()["reference"] == "k-1" and not first.json()["known"]
    assert "idempotency-replayed" not in first.headers
    again = post(finance, "/v1/loans/L1/repayments", PAID)
    assert again.status_code == 201 and again.headers["idempotency-replayed"] == "true"
    assert {**again.json(), "known": False} == first.json()
    with served.store.connect() as connection:
        rows = connection.execute("select amount_fen from fact where reference = 'k-1'").fetchall()
    assert rows == [(10_000,)]


def test_other_content_under_a_key_is_refused_and_so_is_another_caller(served: Served) -> None:
    finance = served.api("finance")
    post(finance, "/v1/loans/L1/repayments", PAID)
    for client, path, body in (
        (finance, "/v1/loans/L1/repayments", {**PAID, "amount_fen": 20_000}),
        (finance, "/v1/loans/L2/repayments", PAID),
        (finance, "/v1/borrowers/B1/mandates", {"source": "card", "account": "6222"}),
        (served.api("lead"), "/v1/loans/L1/repayments", PAID),
    ):
        answer = post(client, path, body)
        assert (answer.status_code, answer.json()["reason"]) == (422, "key-reused"), answer.text


def test_a_key_sent_again_on_a_later_day_is_still_the_same_act(served: Served) -> None:
    finance = served.api("finance")
    first = post(finance, "/v1/loans/L1/repayments", PAID)
    with served.store.connect() as connection:
        connection.execute("update setting set value = value || '{\"on\": \"2026-03-01\"}' where name = 'clock'")
    again = post(finance, "/v1/loans/L1/repayments", PAID)
    assert again.headers["idempotency-replayed"] == "true"
    assert (again.json()["act"], again.json()["on"]) == (first.json()["act"], "2026-02-10")


@pytest.mark.parametrize("key", [None, "", " ", "x" * 201, "k\x00"])
def test_an_act_without_a_key_is_not_begun(served: Served, key: str | None) -> None:
    answer = post(served.api("finance"), "/v1/loans/L1/repayments", PAID, key)
    assert (answer.status_code, answer.json()["reason"]) == (400, "key-missing")


def test_while_a_key_is_being_done_it_is_not_begun_again(served: Served) -> None:
    finance, holding, done = served.api("finance"), threading.Event(), threading.Event()

    def hold() -> None:
        with served.store.connect() as connection:
            lock_reference(connection, "k-1")
            holding.set()
            done.wait(20)

    thread = threading.Thread(target=hold)
    thread.start()
    holding.wait(20)
    answer = post(finance, "/v1/loans/L1/repayments", PAID)
    done.set()
    thread.join()
    assert (answer.status_code, answer.json()["reason"], answer.headers["retry-after"]) == (409, "in-flight", "1")
    assert post(finance, "/v1/loans/L1/repayments", PAID).status_code == 201


@pytest.mark.parametrize(
    ("seat", "path", "body"),
    [
        ("finance", "/v1/loans/L1/repayments", PAID),
        ("finance", "/v1/loans/L1/waivers", {"amount_fen": 100, "component": "interest", "reason": "goodwill"}),
        ("agent", "/v1/borrowers/B1/holds", {"hold": "dispute_open", "reason": "says he paid"}),
        ("agent", "/v1/borrowers/B1/promises", {"amount_fen": 500, "due_on": "2026-02-14"}),
        ("agent", "/v1/cases/B1/notes", {"text": "orders stopped"}),
        ("lead", "/v1/borrowers/B1/changes", {"reason": "told us", "name": "王小明"}),
    ],
)
def test_what_is_only_tried_leaves_the_book_bit_for_bit(
    served: Served, seat: str, path: str, body: dict[str, Any]
) -> None:
    client = served.api(seat)
    before = image(served.store)
    tried = post(client, path, body, dry_run="true")
    told = tried.json()
    if tried.status_code == 200:
        would = told["would"]
        assert told["dry_run"] and would["facts"] + would["events"] + ["B1"], would
    assert tried.status_code in (200, 422), tried.text
    assert image(served.store) == before
    if tried.status_code == 200:
        done = post(client, path, body)
        assert done.status_code == 201 and image(served.store) != before
        same = {name: value for name, value in told.items() if name not in ("act", "dry_run", "would")}
        assert {name: value for name, value in done.json().items() if name not in ("act", "fact", "event")} == same


def test_a_trial_tells_what_would_be_written_and_who_must_agree(served: Served) -> None:
    finance = served.api("finance")
    would = post(finance, "/v1/loans/L1/repayments", PAID, dry_run="true").json()["would"]
    assert would["facts"] == ["k-1"] and not would["needs_approval"]
    assert post(finance, "/v1/loans/L1/repayments", PAID).json()["entries"] == would["entries"]
    back = post(finance, "/v1/facts/k-1/reversal", {"reason": "wrong loan"}, "k-2", dry_run="true").json()
    assert back["would"]["needs_approval"]


def test_what_needs_a_second_person_is_proposed_and_approved_by_another(served: Served) -> None:
    finance, lead = served.api("finance"), served.api("lead")
    post(finance, "/v1/loans/L1/repayments", PAID)
    alone = post(finance, "/v1/facts/k-1/reversal", {"reason": "wrong loan"}, "k-2")
    assert (alone.status_code, alone.json()["reason"]) == (403, "needs-second-person")
    asked = post(finance, "/v1/facts/k-1/reversal", {"reason": "wrong loan"}, "k-2", propose="true")
    assert asked.status_code == 201 and "finance" in asked.json()["waits_for"]
    again = post(finance, "/v1/facts/k-1/reversal", {"reason": "wrong loan"}, "k-2", propose="true")
    assert again.headers["idempotency-replayed"] == "true"
    shown = asked.json()["sha256"]
    own = finance.post("/v1/approvals/k-2/approval", headers={"if-match": f'"{shown}"'})
    assert (own.status_code, own.json()["reason"]) == (403, "needs-second-person")
    unseen = lead.post("/v1/approvals/k-2/approval")
    assert (unseen.status_code, unseen.json()["reason"]) == (428, "not-shown")
    other = lead.post("/v1/approvals/k-2/approval", headers={"if-match": '"somewhat"'})
    assert (other.status_code, other.json()["reason"]) == (412, "shown-otherwise")
    done = lead.post("/v1/approvals/k-2/approval", headers={"if-match": f'"{shown}"'})
    assert done.status_code == 201 and done.json()["verb"] == "repayment.reverse"


def test_refusals_have_one_form(served: Served) -> None:
    finance, agent = served.api("finance"), served.api("agent")
    none = post(finance, "/v1/loans/L9/repayments", PAID)
    told = none.json()
    assert none.headers["content-type"] == "application/problem+json"
    assert (none.status_code, told["reason"], told["type"]) == (404, "unknown", "/problems/unknown")
    assert told["instance"] == "/v1/loans/L9/repayments" and told["errors"][0]["pointer"] == "/loan"
    assert "L9" in told["detail"] and told["remedy"]
    no = post(agent, "/v1/loans/L1/repayments", PAID)
    assert (no.status_code, no.json()["reason"], no.json()["verb"]) == (403, "not-permitted", "repayment.take")
    comma = post(finance, "/v1/loans/L1/repayments", {**PAID, "amount_fen": "1,20"})
    assert (comma.status_code, comma.json()["reason"]) == (422, "invalid")
    assert comma.json()["errors"][0]["pointer"] == "/amount_fen"
    more = post(finance, "/v1/loans/L1/repayments", {**PAID, "by": "somebody else"})
    assert more.status_code == 422 and more.json()["errors"][0]["pointer"] == "/by"
    day = post(finance, "/v1/loans/L1/repayments", {**PAID, "received_on": "2026-02-30"})
    assert day.status_code == 422
    text = finance.post(
        "/v1/loans/L1/repayments", content=json.dumps(PAID),
        headers={"idempotency-key": "k", "content-type": "text/plain"},
    )  # fmt: skip
    assert text.status_code in (415, 422)
    broken = finance.post(
        "/v1/loans/L1/repayments", content="{", headers={"idempotency-key": "k", "content-type": "application/json"}
    )
    assert (broken.status_code, broken.json()["reason"]) == (400, "unreadable")


def test_a_borrower_acts_on_what_is_theirs_and_learns_nothing_of_others(served: Served) -> None:
    mine = served.api("borrower:B1")
    own = post(mine, "/v1/borrowers/B1/contact-preferences/consents", {"channel": "sms"})
    assert own.status_code == 201, own.text
    wish = {"channel": "sms"}
    other = post(mine, "/v1/borrowers/B2/contact-preferences/consents", wish, "x")
    none = post(mine, "/v1/borrowers/B9/contact-preferences/consents", wish, "x")
    assert other.status_code == none.status_code == 404
    assert other.content.replace(b"B2", b"") == none.content.replace(b"B9", b"")
    for there, nowhere in (("L2", "L9"),):
        other = post(mine, f"/v1/loans/{there}/quotes", {}, "y")
        none = post(mine, f"/v1/loans/{nowhere}/quotes", {}, "y")
        assert other.status_code == none.status_code == 404
        assert other.content.replace(there.encode(), b"") == none.content.replace(nowhere.encode(), b"")


def test_a_reference_with_a_stroke_has_a_path(served: Served) -> None:
    with served.store.connect() as connection:
        borrower(connection, "s1")
        loan(connection, "s1/1", "s1", "2026-01-10")
    assert post(served.api("finance"), f"/v1/loans/{id_of('s1/1')}/repayments", PAID).status_code == 201


def test_by_cookie_a_key_is_the_token_of_a_form_of_the_same_sitting(served: Served) -> None:
    browser = served.sat("desk", "finance")
    assert post(browser, "/v1/loans/L1/repayments", PAID, "k-1").status_code == 403
    token = browser.get("/").text.split('name="token" value="')[1].split('"')[0]
    first, again = (post(browser, "/v1/loans/L1/repayments", PAID, token) for _ in range(2))
    assert first.status_code == 201 and again.headers["idempotency-replayed"] == "true"
