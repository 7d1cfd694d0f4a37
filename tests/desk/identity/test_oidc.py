"""People sign in by the lender's directory: the whole way with a real provider, and each token that is not right."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.testclient import TestClient

from afterloan.desk.identity.accounts import open_account
from afterloan.desk.identity.oidc import Directory, OidcSettings, read_oidc
from afterloan.desk.web.house import House
from afterloan.expected import BadInput
from afterloan.store.accounts import disable_account
from afterloan.store.server import Store
from afterloan.store.settings import Setting, set_parts
from tests.desk.identity.provider import CLIENT, SECRET, Provider, provided
from tests.desk.identity.test_accounts import PASSWORD
from tests.desk.web.served import MachineClock, Served, app_before, small_book

COOKIE = "__Host-afterloan-desk"


class Directed(Served):
    """A book whose people sign in by a directory."""

    def __init__(self, store: Store, clock: MachineClock, settings: OidcSettings) -> None:
        self.store, self.clock = store, clock
        self.app = app_before(House(store, now=clock, directory=Directory(settings)))
        self.house = self.app.house

    provider: Provider

    def there_and_back(self, browser: TestClient) -> httpx.Response:
        """The browser goes to the provider and comes back."""
        left = browser.post("/sign-in/directory", data={"token": ""})
        assert left.status_code == 303, left.text
        came = httpx.get(left.headers["location"], trust_env=False)
        return browser.get(came.headers["location"])


@pytest.fixture
def provider() -> Iterator[Provider]:
    """A provider whose clock is that of the tests."""
    with provided(MachineClock()) as made:
        yield made


@pytest.fixture
def directed(store: Store, provider: Provider, monkeypatch: pytest.MonkeyPatch) -> Directed:
    monkeypatch.setenv("CLIENT_SECRET", SECRET)
    small_book(store)
    roles = {"collections": ["agent"], "heads": ["lead"]}
    settings = OidcSettings(
        issuer=provider.issuer, client=CLIENT, secret="CLIENT_SECRET", person="name", roles=roles, break_glass="root"
    )
    made = Directed(store, provider.now, settings)
    made.provider = provider
    return made


def test_whom_the_directory_knows_is_let_in_with_the_roles_of_their_groups(directed: Directed) -> None:
    browser = directed.browser("desk")
    assert "/sign-in/directory" in browser.get("/sign-in").text
    answer = directed.there_and_back(browser)
    assert answer.status_code == 200 and 'content="0;url=/"' in answer.text
    assert "SameSite=strict" in answer.headers["set-cookie"]
    me = browser.get("/v1/me").json()
    assert (me["name"], me["roles"]) == ("wang", ["agent"])
    directed.provider.groups = ["collections", "heads", "golf"]
    other = directed.browser("desk")
    directed.there_and_back(other)
    assert other.get("/v1/me").json()["roles"] == ["agent", "lead"]


def test_roles_are_those_of_the_book_where_no_group_gives_any(directed: Directed) -> None:
    directed.provider.groups = ["golf"]
    with directed.store.connect() as connection:
        set_parts(connection, Setting.ROLES, {"wang": ["finance"]})
    browser = directed.browser("desk")
    directed.there_and_back(browser)
    assert browser.get("/v1/me").json()["roles"] == ["finance"]


def test_new_keys_of_the_directory_are_had_at_once(directed: Directed) -> None:
    assert directed.there_and_back(directed.browser("desk")).status_code == 200
    directed.provider.turn_keys()
    assert directed.there_and_back(directed.browser("desk")).status_code == 200


HOUR = 3600
NOW = 1795694400  # 2026-11-26 12:00 UTC, the machine's clock of the tests
WRONG: tuple[tuple[str, dict[str, Any]], ...] = (
    ("RS256", {"iss": "http://127.0.0.1:1"}),
    ("RS256", {"aud": "somebody-else"}),
    ("RS256", {"aud": [CLIENT, "somebody-else"]}),
    ("RS256", {"aud": [CLIENT, "somebody-else"], "azp": "somebody-else"}),
    ("RS256", {"nonce": "of another browser"}),
    ("RS256", {"nonce": None}),
    ("RS256", {"exp": NOW - HOUR}),
    ("RS256", {"exp": None}),
    ("RS256", {"iat": NOW + HOUR}),
    ("RS256", {"nbf": NOW + HOUR}),
    ("RS256", {"name": ""}),
    ("RS256", {"name": ["wang"]}),
    ("RS256", {"name": "root"}),
    ("none", {}),
    ("HS256", {}),
    ("stranger", {}),
)


def test_a_token_that_is_not_right_lets_nobody_in(directed: Directed) -> None:
    assert int(directed.clock().timestamp()) == NOW
    for how, changes in WRONG:
        browser = directed.browser("desk")
        directed.provider.how, directed.provider.changes = how, changes
        assert directed.there_and_back(browser).status_code == 401, (how, changes)
        assert COOKIE not in browser.cookies and browser.get("/v1/me").status_code == 401, (how, changes)
    directed.provider.how, directed.provider.changes = "RS256", {}
    assert directed.there_and_back(directed.browser("desk")).status_code == 200, "and one that is right does"


def test_an_answer_that_this_browser_did_not_ask_for_lets_nobody_in(directed: Directed) -> None:
    one, other = directed.browser("desk"), directed.browser("desk")
    came = [
        httpx.get(b.post("/sign-in/directory", data={"token": ""}).headers["location"], trust_env=False)
        for b in (one, other)
    ]
    back = [answer.headers["location"] for answer in came]
    assert other.get(back[0]).status_code == 401, "the answer of another browser: nobody is signed in as somebody else"
    assert directed.browser("desk").get(back[1]).status_code == 401, "nor in a browser that asked nothing"
    assert one.get("/sign-in/directory", params={"code": "x", "state": "状态"}).status_code == 401, "not of this world"
    assert one.post("/sign-in/directory", data={"token": ""}).status_code == 303
    back[0] = httpx.get(one.post("/sign-in/directory", data={"token": ""}).headers["location"],
                        trust_env=False).headers["location"]  # fmt: skip
    assert one.get(back[0]).status_code == 200
    assert one.get(back[0]).status_code == 401, "and each answer once"


def test_an_answer_that_comes_too_late_lets_nobody_in(directed: Directed, monkeypatch: pytest.MonkeyPatch) -> None:
    browser = directed.browser("desk")
    left = browser.post("/sign-in/directory", data={"token": ""})
    back = httpx.get(left.headers["location"], trust_env=False).headers["location"]
    monkeypatch.setattr("afterloan.desk.web.signing.BEGUN_SECONDS", -1)
    assert browser.get(back).status_code == 401


def test_a_directory_that_does_not_answer_is_told_and_nobody_waits(directed: Directed) -> None:
    assert directed.house.directory is not None
    directed.house.directory.settings = OidcSettings(issuer="http://127.0.0.1:9", client=CLIENT)
    answer = directed.browser("desk").post("/sign-in/directory", data={"token": ""})
    assert answer.status_code == 503 and 'role="alert"' in answer.text


def test_who_is_disabled_here_is_not_let_in_by_the_directory(directed: Directed) -> None:
    browser = directed.browser("desk")
    directed.there_and_back(browser)
    with directed.store.connect() as connection:
        assert disable_account(connection, "wang", directed.clock())
    assert directed.there_and_back(directed.browser("desk")).status_code == 401


def test_passwords_are_over_but_for_the_one_that_is_kept_behind_glass(
    directed: Directed, caplog: pytest.LogCaptureFixture
) -> None:
    with directed.store.connect(autocommit=True) as connection:
        codes = {name: open_account(connection, name, PASSWORD, directed.clock())[1] for name in ("li", "root")}
    form = {"person": "li", "password": PASSWORD, "code": codes["li"][0]}
    assert directed.browser("desk").post("/sign-in", data=form).status_code == 401
    browser = directed.browser("desk")
    form = {"person": "root", "password": PASSWORD, "code": codes["root"][0]}
    assert browser.post("/sign-in", data=form).status_code == 303
    assert any(r.levelname == "ERROR" and "break glass" in r.getMessage() for r in caplog.records)
    assert not [r.getMessage() for r in caplog.records if r.name == "afterloan.desk" and "root" in r.getMessage()]


def test_without_a_directory_there_is_no_such_way(store: Store) -> None:
    small_book(store)
    browser = Served(store, demo=False).browser("desk")
    assert "/sign-in/directory" not in browser.get("/sign-in").text
    assert browser.post("/sign-in/directory", data={"token": ""}).status_code == 404
    assert browser.get("/sign-in/directory").status_code == 404


@pytest.mark.parametrize(
    ("text", "why"),
    [("issuer: http://sso.example\nclient: a", "not had over https"), ("client: a", "issuer"),
     ("issuer: https://sso.example\nclient: a\nsecrets: b", "secrets"), ("{", "while parsing")],
)  # fmt: skip
def test_settings_that_are_wrong_say_where(tmp_path: Path, text: str, why: str) -> None:
    file = tmp_path / "oidc.yaml"
    file.write_text(text)
    with pytest.raises(BadInput, match=why):
        read_oidc(file)
