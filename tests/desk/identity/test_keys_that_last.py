"""A passkey outlasts what it was made by: so it takes a proof of its own, is an act, is told, and can be taken away."""

import json
import secrets
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import cbor2
import pyotp
import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from starlette.testclient import TestClient

from afterloan.desk.identity.accounts import open_account, refuse_flood
from afterloan.store.codes import digits_of
from afterloan.store.passkeys import passkeys_of
from afterloan.store.server import Store, home
from afterloan.store.settings import Setting, set_parts
from tests.desk.identity.test_accounts import PASSWORD
from tests.desk.portal.house import token
from tests.desk.web.served import Served, small_book
from tests.strategy.books import borrower, loan

MOBILE = "13900139001"


@pytest.fixture
def real(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Served]:
    """No demonstration: B5 with a phone and e-mail; a lead and an administrator."""
    monkeypatch.setenv("AFTERLOAN_KEYS", str(home() / "keys" / "ring.json"))
    monkeypatch.setenv("AFTERLOAN_HOME", str(tmp_path))
    small_book(store)
    with store.connect() as connection:
        borrower(connection, "B5", mobile=MOBILE, email="wei@example.com", zone="Asia/Shanghai")
        loan(connection, "L5", "B5", "2025-12-17")
        set_parts(connection, Setting.ROLES, {"wang": ["agent"], "root": ["administrator"]})
    yield Served(store, demo=False)


def b64(content: bytes) -> str:
    return urlsafe_b64encode(content).rstrip(b"=").decode()


def signed(asked: dict[str, Any], host: str) -> dict[str, Any]:
    """What a device answers that was asked to make a key (WebAuthn level 2, attestation "none")."""
    point = generate_private_key(SECP256R1()).public_key().public_numbers()
    key = {1: 2, 3: -7, -1: 1, -2: point.x.to_bytes(32, "big"), -3: point.y.to_bytes(32, "big")}
    name = secrets.token_bytes(16)
    # the host's digest; flags: present, verified, key told; used 0 times; no maker; the key's name and the key
    told = sha256(host.encode()).digest() + bytes([0x45]) + bytes(4) + bytes(16) + (16).to_bytes(2, "big") + name
    client = {"type": "webauthn.create", "challenge": asked["challenge"], "origin": f"https://{host}"}
    made = {"fmt": "none", "attStmt": {}, "authData": told + cbor2.dumps(key)}
    response = {"clientDataJSON": b64(json.dumps(client).encode()), "attestationObject": b64(cbor2.dumps(made))}
    return {"id": b64(name), "rawId": b64(name), "type": "public-key", "response": response}


def make(browser: TestClient, host: str) -> int:
    """Ask for a passkey and make it; the status of what was refused, or 201."""
    asked = browser.post("/passkeys/asked", headers={"accept": "application/json"})
    if asked.status_code != 200:
        assert asked.json()["reason"] == "fresh-code", asked.text
        return int(asked.status_code)
    return int(browser.post("/passkeys?name=phone", json=signed(asked.json(), host)).status_code)


def code(served: Served) -> str:
    with served.store.connect() as connection:
        row = connection.execute("select reference from sign_in_code order by code desc limit 1").fetchone()
        assert row is not None
        return digits_of(connection, row[0])


def by_code(served: Served) -> TestClient:
    """B5 signed in by a code to the phone."""
    browser = served.browser("my")
    browser.post("/sign-in", data={"to": MOBILE})
    assert browser.post("/sign-in/code", data={"code": code(served)}).status_code == 303
    return browser


def totp_of(served: Served, person: str) -> pyotp.TOTP:
    with served.store.connect(autocommit=True) as connection:
        made = pyotp.parse_uri(open_account(connection, person, PASSWORD, served.clock())[0])
    assert isinstance(made, pyotp.TOTP)
    return made


def by_password(served: Served, person: str, totp: pyotp.TOTP) -> TestClient:
    browser = served.browser("desk")
    form = {"person": person, "password": PASSWORD, "code": totp.at(served.clock())}
    assert browser.post("/sign-in", data=form).status_code == 303
    return browser


def with_passkey(served: Served, person: str, totp: pyotp.TOTP) -> TestClient:
    browser = by_password(served, person, totp)
    served.clock.at += timedelta(seconds=30)
    told = {"token": token(browser.get("/passkeys").text), "code": totp.at(served.clock())}
    assert browser.post("/passkeys/code", data=told).status_code == 303
    assert make(browser, "desk.localhost") == 201
    return browser


def acts(served: Served) -> list[tuple[str, str, str]]:
    with served.store.connect() as connection:
        found = connection.execute("select verb, who_kind, who from act where verb like 'passkey.%' order by act")
        return [(str(verb), str(kind), str(who)) for verb, kind, who in found.fetchall()]


def told(served: Served, change: str) -> list[str]:
    with served.store.connect() as connection:
        rows = connection.execute(
            "select kind from outbox where key like 'passkey-changed:%%' and body->'values'->>'change' = %s "
            "order by kind", (change,)
        ).fetchall()  # fmt: skip
    return [str(kind) for (kind,) in rows]


def test_the_code_that_let_in_makes_no_passkey_and_what_a_second_one_makes_is_told(real: Served) -> None:
    browser = by_code(real)
    assert make(browser, "my.localhost") == 403, "one caught message is no key that lasts"
    real.clock.at += timedelta(minutes=2)
    page = browser.get("/step-up?to=/passkeys").text
    browser.post("/step-up", data={"token": token(page), "channel": "sms", "to": "/passkeys"})
    typed = {"token": token(browser.get("/step-up/code").text), "code": code(real), "to": "/passkeys"}
    assert browser.post("/step-up/code", data=typed).status_code == 303
    assert make(browser, "my.localhost") == 201
    assert told(real, "passkey.make") == ["message.email", "message.push"], "everywhere but by the code's own channel"
    with real.store.connect() as connection:
        [key] = passkeys_of(connection, "borrower", "B5")
    own = {"token": token(browser.get("/passkeys").text)}
    assert browser.post(f"/passkeys/{key.passkey + 1}/end", data=own).status_code == 404, "none of theirs"
    assert browser.post(f"/passkeys/{key.passkey}/end", data=own).status_code == 303
    assert told(real, "passkey.end") == ["message.email", "message.push"]
    assert acts(real) == [("passkey.make", "borrower", "B5"), ("passkey.end", "borrower", "B5")]


def test_a_person_types_a_code_of_just_now_before_a_passkey_is_made(real: Served) -> None:
    totp = totp_of(real, "wang")
    browser = by_password(real, "wang", totp)
    assert make(browser, "desk.localhost") == 403
    own = {"token": token(browser.get("/passkeys").text)}
    used = browser.post("/passkeys/code", data={**own, "code": totp.at(real.clock())})
    assert used.status_code == 422 and make(browser, "desk.localhost") == 403, "the code of the sign-in was used"
    real.clock.at += timedelta(seconds=30)
    assert browser.post("/passkeys/code", data={**own, "code": totp.at(real.clock())}).status_code == 303
    assert make(browser, "desk.localhost") == 201 and acts(real) == [("passkey.make", "person", "wang")]


def test_an_account_made_anew_ends_passkeys_and_sittings(real: Served) -> None:
    browser = with_passkey(real, "wang", totp_of(real, "wang"))
    assert browser.get("/v1/me").status_code == 200
    totp_of(real, "wang")
    with real.store.connect() as connection:
        assert passkeys_of(connection, "person", "wang") == []
    assert browser.get("/v1/me").status_code == 401


def test_an_administrator_takes_the_passkeys_of_a_stolen_device_away(real: Served) -> None:
    thief = with_passkey(real, "wang", totp_of(real, "wang"))
    body = {"person": "wang", "reason": "laptop stolen"}
    own = {"idempotency-key": token(thief.get("/passkeys").text)}
    assert thief.post("/v1/acts/passkey.take_away", json=body, headers=own).status_code == 403, "an agent takes none"
    root = by_password(real, "root", totp_of(real, "root"))
    key = {"idempotency-key": token(root.get("/passkeys").text)}
    both = root.post("/v1/acts/passkey.take_away", json={**body, "borrower": "B5"}, headers=key)
    assert both.status_code == 422
    done = root.post("/v1/acts/passkey.take_away", json=body, headers=key)
    assert done.status_code == 201 and (done.json()["passkeys"], done.json()["sittings"]) == (1, 1), done.text
    assert thief.get("/v1/me").status_code == 401 and acts(real)[-1] == ("passkey.take_away", "person", "root")


def test_whoever_asks_for_ever_more_to_sign_waits(real: Served) -> None:
    with real.store.connect(autocommit=True) as connection:
        for _ in range(300):
            refuse_flood(connection, "127.0.0.1", real.clock())
    told = real.browser("desk").post("/sign-in/passkey/asked")
    assert (told.status_code, told.headers["retry-after"]) == (429, "3600")
    with real.store.connect() as connection:
        assert connection.execute("select count(*) from passkey_asked").fetchone() == (0,)
    real.clock.at += timedelta(hours=1, seconds=1)
    assert real.browser("desk").post("/sign-in/passkey/asked").status_code == 200
