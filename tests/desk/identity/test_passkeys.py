"""Passkeys: made and used in a real browser whose device is simulated by the browser itself; forged ones refused."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pyotp
import pytest

from afterloan.desk.identity.accounts import open_account
from afterloan.store.accounts import disable_account
from afterloan.store.passkeys import passkeys_of
from afterloan.store.server import Store
from afterloan.store.settings import Setting, set_parts
from afterloan.store.tickets import make_ticket
from tests.desk.identity.test_accounts import PASSWORD
from tests.desk.web.served import Served, listening, small_book
from tests.desk.workbench.browsed import CHROMIUM, FLAGS, needs_chromium

DEVICE = {
    "protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True,
    "isUserVerified": True, "automaticPresenceSimulation": True,
}  # fmt: skip


@contextmanager
def device() -> Iterator[tuple[Any, Any, str]]:
    """A page of a browser whose machine has a device for passkeys; the line to that device, and its name."""
    needs_chromium()
    from playwright.sync_api import sync_playwright

    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=str(CHROMIUM), args=FLAGS)
        page = browser.new_context(locale="en-GB").new_page()
        page.set_default_timeout(60_000)
        line = page.context.new_cdp_session(page)
        line.send("WebAuthn.enable")
        name = line.send("WebAuthn.addVirtualAuthenticator", {"options": DEVICE})["authenticatorId"]
        yield page, line, name
        browser.close()


@pytest.fixture
def real(store: Store) -> Served:
    """A book that is no demonstration, on the machine's own clock; a lead has an account."""
    small_book(store)
    served = Served(store, demo=False)
    served.clock.at = datetime.now(UTC)
    with store.connect(autocommit=True) as connection:
        set_parts(connection, Setting.ROLES, {"wang": ["lead"]})
    return served


def made_one(page: Any, base: str) -> None:
    page.goto(f"{base}/passkeys")
    page.fill("input[name=name]", "my laptop")
    page.click("[data-passkey] button")
    page.get_by_text("my laptop").wait_for()


def test_a_person_makes_a_passkey_signs_in_by_it_and_gives_it_up(real: Served) -> None:
    with real.store.connect(autocommit=True) as connection:
        totp = pyotp.parse_uri(open_account(connection, "wang", PASSWORD, real.clock())[0])
    assert isinstance(totp, pyotp.TOTP)
    with listening(real) as port, device() as (page, line, name):
        base = f"http://desk.localhost:{port}"
        page.goto(f"{base}/sign-in")
        for field, value in (("person", "wang"), ("password", PASSWORD), ("code", totp.at(real.clock()))):
            page.fill(f"input[name={field}]", value)
        page.click("form button")
        page.wait_for_url(f"{base}/")
        real.clock.at += timedelta(seconds=30)
        page.goto(f"{base}/passkeys")
        assert page.locator("[data-passkey]").count() == 0, "the proof at sign-in is not enough"
        page.fill("input[name=code]", totp.at(real.clock()))
        page.click("form[action='/passkeys/code'] button")
        page.locator("[data-makes] button").wait_for()
        made_one(page, base)
        kept = line.send("WebAuthn.getCredentials", {"authenticatorId": name})["credentials"]
        assert [(one["rpId"], one["isResidentCredential"]) for one in kept] == [("desk.localhost", True)]
        page.context.clear_cookies()
        sent: list[tuple[str, str]] = []
        page.on("request", lambda r: sent.append((r.url, r.post_data)) if r.url.endswith("/sign-in/passkey") else None)
        page.goto(f"{base}/sign-in")
        page.click("[data-passkey] button")
        page.wait_for_url(f"{base}/")
        assert page.evaluate("fetch('/v1/me').then((r) => r.json())")["name"] == "wang"
        [(url, body)] = sent
        again = httpx.post(url.replace("desk.localhost", "127.0.0.1"), content=body, trust_env=False,
                           headers={"host": f"desk.localhost:{port}", "content-type": "application/json"})  # fmt: skip
        assert again.status_code == 401, "what was signed once lets nobody in a second time, nor in another browser"
        with real.store.connect(autocommit=True) as connection:
            [key] = passkeys_of(connection, "person", "wang")
            assert key.used_at is not None and key.sign_count >= 1
            disable_account(connection, "wang", real.clock())
        page.context.clear_cookies()
        page.goto(f"{base}/sign-in")
        page.click("[data-passkey] button")
        page.get_by_text("That did not work").wait_for()


def test_a_borrower_makes_a_passkey_with_a_fresh_code_and_needs_no_code_any_more(real: Served) -> None:
    with real.store.connect(autocommit=True) as connection:
        ticket = make_ticket(connection, "B1", "app", real.clock())
    with listening(real) as port, device() as (page, _, _):
        base = f"http://my.localhost:{port}"
        page.goto(f"{base}/ticket/{ticket}")
        page.goto(f"{base}/passkeys")
        assert page.locator("[data-passkey]").count() == 0 and page.locator("a[href^='/step-up']").count() == 1
        told = page.evaluate("fetch('/passkeys/asked', {method: 'POST'}).then((r) => r.status)")
        assert told == 403, "what a page does not offer is refused too"
        real.clock.at += timedelta(seconds=1)
        with real.store.connect(autocommit=True) as connection:
            connection.execute("update sitting set stepped_up_at = %s", (real.clock(),))  # a code was typed
        made_one(page, base)
        page.context.clear_cookies()
        page.goto(f"{base}/sign-in")
        page.click("[data-passkey] button")
        page.wait_for_url(f"{base}/")
        with real.store.connect(autocommit=True) as connection:
            connection.execute("update sitting set stepped_up_at = null")
        real.clock.at += timedelta(seconds=1)
        page.goto(f"{base}/step-up?to=/passkeys")
        page.click("[data-passkey] button")
        page.wait_for_url(f"{base}/passkeys")
        page.locator("[data-makes] button").wait_for()


ANSWERS = (
    b"",
    b"{",
    b"[]",
    b"{}",
    b'{"id": "AA", "response": {}}',
    b'{"id": 5, "response": {"clientDataJSON": "e30"}}',
    b'{"id": "AA", "response": {"clientDataJSON": "eyJjaGFsbGVuZ2UiOiJBQSJ9"}}',
    b'{"x": "' + b"y" * 20_000 + b'"}',
)


@pytest.mark.parametrize("host", ["desk", "my"])
@pytest.mark.parametrize("content", ANSWERS)
def test_what_no_device_signed_lets_nobody_in(served: Served, host: str, content: bytes) -> None:
    browser = served.browser(host)
    assert browser.post("/sign-in/passkey/asked").status_code == 200
    answer = browser.post("/sign-in/passkey", content=content, headers={"accept": "application/json"})
    assert answer.status_code in (401, 422) and f"__Host-afterloan-{host}" not in browser.cookies


def test_a_seat_of_a_demonstration_and_a_program_make_none(served: Served) -> None:
    assert served.sat("desk", "lead").post("/passkeys/asked").status_code == 403
    assert served.sat("my", "B1").post("/passkeys/asked").status_code == 403
