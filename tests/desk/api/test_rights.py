"""Who may what at every route of the contract: keys by scopes, borrowers by what is theirs, agents by their cases."""

from typing import Any

import pytest
from fastapi.routing import APIRoute
from starlette.testclient import TestClient

from afterloan.desk.api.__main__ import contract
from afterloan.desk.identity.keys import new_key
from afterloan.desk.web.asking import OPEN_TO_KEYS
from afterloan.desk.web.house import LASTS
from afterloan.desk.workbench.app import PARTS
from afterloan.servicing.may import permission_of
from afterloan.store.accounts import keep_key
from afterloan.store.sittings import begin_sitting
from tests.desk.api.samples import NAMES, body_of, filled
from tests.desk.web.served import ON, Served

TOLD = contract()
ROUTES = [(method.upper(), path, one) for path, methods in TOLD["paths"].items() for method, one in methods.items()]
HERE = {"borrower": "B1", "loan": "L1", "bureau": "pboc", "month_end": "2026-01-31", "day": "2026-02-09"}
SCOPES = {one.get("x-scope") or one.get("x-permission") or one.get("x-verb") for _, _, one in ROUTES} - {None}


def scope_of(one: dict[str, Any]) -> str:
    return str(one.get("x-scope") or one.get("x-permission") or one.get("x-verb") or "")


def program(served: Served, name: str, scopes: list[str], host: str = "api") -> TestClient:
    """A client with a key of exactly these scopes."""
    secret, now = new_key(demo=True), served.clock()
    with served.store.connect() as connection:
        keep_key(connection, secret, name, scopes, "admin", now, now + LASTS["api"].most)
    client = served.browser(host)
    client.headers.update({"authorization": f"Bearer {secret}", "accept": "application/json"})
    return client


def ask(client: TestClient, method: str, path: str, one: dict[str, Any], sound: bool = True, **names: str) -> Any:
    """Ask a route in a sound way, or without a body, under a key that was never used."""
    served_names = {**HERE, **names}
    headers = {"idempotency-key": f"{method}-{path}-{len(client.cookies)}-{names.get('borrower', '')}"[:200]}
    body = body_of(TOLD, one, {**NAMES, **names}) if method == "POST" and sound else None
    return client.request(method, filled(path, **served_names), json=body, headers=headers)


@pytest.fixture
def unhurried(served: Served, monkeypatch: pytest.MonkeyPatch) -> Served:
    """Hundreds of requests within a second of the test's clock are no haste here."""
    monkeypatch.setattr(type(served.house.speed), "take", lambda self, name, now: 1)
    return served


def test_a_key_without_scopes_is_refused_at_every_route(unhurried: Served) -> None:
    client = program(unhurried, "none", [])
    for method, path, one in ROUTES:
        answer = ask(client, method, path, one)
        if path in OPEN_TO_KEYS:
            assert answer.status_code in (200, 201, 404), f"{method} {path}: {answer.text}"
            continue
        assert (answer.status_code, answer.json()["reason"]) == (403, "not-permitted"), f"{method} {path}"
        assert "beyond the scopes" in answer.text, f"{method} {path}: {answer.text}"


def test_a_key_with_every_other_scope_is_refused_and_the_one_scope_opens(unhurried: Served) -> None:
    """Whatever single scope a key has besides, a route opens by its own alone: a key of all the others is refused."""
    wanted: dict[str, list[tuple[str, str, dict[str, Any]]]] = {}
    for method, path, one in ROUTES:
        if path not in OPEN_TO_KEYS and not path.startswith("/v1/me/sittings"):  # closed to keys altogether
            wanted.setdefault(scope_of(one), []).append((method, path, one))
    assert "" not in wanted, f"name the verb or permission of {wanted.get('')}"
    for scope, routes in wanted.items():
        assert permission_of(scope, ON) is not None, scope
        others = program(unhurried, f"all-but-{scope}", sorted(SCOPES - {scope}))
        alone = program(unhurried, f"only-{scope}", [scope])
        for method, path, one in routes:
            assert "beyond the scopes" in ask(others, method, path, one, False).text, f"{method} {path} without {scope}"
            assert "beyond the scopes" not in ask(alone, method, path, one, False).text, f"{method} {path} with {scope}"


def test_no_page_of_people_opens_to_a_key(unhurried: Served) -> None:
    client = program(unhurried, "all", sorted(SCOPES), "desk")
    routes = [route for part in PARTS for route in part().routes if isinstance(route, APIRoute)]
    pages = {route.path for route in routes if "GET" in route.methods}
    assert len(pages) > 25
    for path in sorted(pages):
        answer = client.get(filled(path, **HERE), params={"about": "due", "arrears": 1, "days": 1, "broken": 0})
        assert (answer.status_code, "beyond the scopes" in answer.text) == (403, True), path


def test_acts_on_what_is_anothers_are_answered_in_the_same_bytes_as_on_nothing(served: Served) -> None:
    """B1 asks of B2's and of B9's, whom nobody knows: nothing tells which of them is there."""
    mine = served.api("borrower:B1")
    reached = 0
    for method, path, one in ROUTES:
        if method != "POST" or not {"{borrower}", "{loan}"} & set(path.split("/")):
            continue
        there, nowhere = (ask(mine, method, path, one, borrower=b, loan=c) for b, c in (("B2", "L2"), ("B9", "L9")))
        same = there.content.replace(b"B2", b"").replace(b"L2", b"")
        assert there.status_code == nowhere.status_code >= 400, f"{path}: {there.text} {nowhere.text}"
        assert same == nowhere.content.replace(b"B9", b"").replace(b"L9", b""), path
        reached += there.status_code == 404
    assert reached > 5, "some of it is the borrower's to do on their own"


def test_an_agent_sees_a_masked_field_of_their_own_case_alone(served: Served) -> None:
    """The routes that ask whose case it is: those with the permission to reveal."""
    bound = [(method, path, one) for method, path, one in ROUTES if scope_of(one) == "person.reveal"]
    assert [(method, path) for method, path, _ in bound] == [("POST", "/v1/borrowers/{borrower}/reveals")]
    now = served.clock()
    with served.store.connect(autocommit=True) as connection:
        lasts = LASTS["api"]
        secret = begin_sitting(connection, "api", "person", "agent-wu", "demo", now, lasts.idle, lasts.most, ("agent",))
    agent = served.browser("api")
    agent.headers["authorization"] = f"Bearer {secret}"
    asked = {"field": "name", "reason": "he is on the phone"}
    assert agent.post("/v1/borrowers/B1/reveals", json=asked).status_code == 403
    given = {"queue": "early", "to": "agent-wu"}
    lead = served.api("lead")
    assert lead.post("/v1/cases/B1/assignment", json=given, headers={"idempotency-key": "g"}).status_code == 201
    assert agent.post("/v1/borrowers/B1/reveals", json=asked).json()["value"] == "Name of B1"
    back = agent.post("/v1/cases/B1/handing-back", json={}, headers={"idempotency-key": "b"})
    assert back.status_code == 201, back.text
    assert agent.post("/v1/borrowers/B1/reveals", json=asked).status_code == 403
