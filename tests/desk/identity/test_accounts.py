"""Who somebody is: passwords and codes of people, keys of programs."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pyotp
import pytest
from argon2 import PasswordHasher

from afterloan.desk.identity.accounts import TriedTooOften, open_account, proved, what_is_weak
from afterloan.desk.identity.keys import is_key, new_key
from afterloan.store.accounts import account_of, disable_account, let_in
from afterloan.store.server import Store
from afterloan.store.settings import Setting, set_parts
from tests.desk.web.served import Served, small_book

PASSWORD = "grey heron at dawn"


@pytest.fixture
def real(store: Store) -> Iterator[Served]:
    """A book that is no demonstration, with one lead."""
    small_book(store)
    with store.connect() as connection:
        set_parts(connection, Setting.ROLES, {"wang": ["lead"]})
    yield Served(store, demo=False)


def opened(served: Served) -> tuple[pyotp.TOTP, list[str]]:
    with served.store.connect(autocommit=True) as connection:
        uri, codes = open_account(connection, "wang", PASSWORD, served.clock())
    made = pyotp.parse_uri(uri)
    assert isinstance(made, pyotp.TOTP)
    return made, codes


def try_(served: Served, code: str, password: str = PASSWORD, person: str = "wang") -> bool:
    with served.store.connect(autocommit=True) as connection:
        return proved(connection, person, password, code, served.clock())


@pytest.mark.parametrize(
    ("password", "why"),
    [("short", "shorter"), ("x" * 201, "longer"), ("aaaaaaaaaaaaaaaa", "fewer than 5"),
     ("password123456wang", "everybody"), (PASSWORD, "")],
)  # fmt: skip
def test_weak_passwords_are_told(password: str, why: str) -> None:
    assert (why in what_is_weak(password, "wang")) if why else what_is_weak(password, "wang") == ""


def test_password_and_code_let_in_each_code_once(real: Served) -> None:
    totp, codes = opened(real)
    now = totp.at(real.clock())
    assert not try_(real, now, "another password x") and not try_(real, "000000") and not try_(real, now, person="li")
    assert try_(real, now) and not try_(real, now), "a code is good once"
    assert try_(real, codes[0]) and not try_(real, codes[0]), "so is a recovery code"
    with real.store.connect() as connection:
        account = account_of(connection, "wang")
        assert account is not None and account.hash.startswith("$argon2id$") and PASSWORD not in account.hash


def test_guessing_waits_and_the_same_for_names_there_are_not(real: Served) -> None:
    totp, _ = opened(real)
    for person in ("wang", "nobody"):
        for _ in range(5):
            assert not try_(real, "000000", person=person)
        with pytest.raises(TriedTooOften):
            try_(real, totp.at(real.clock()), person=person)
    real.clock.at += timedelta(minutes=16)
    assert try_(real, totp.at(real.clock()))


def test_from_one_address_only_wrong_tries_count_and_twenty_of_them_an_hour(real: Served) -> None:
    totp, codes = opened(real)
    with real.store.connect(autocommit=True) as connection:
        for code in codes:  # ten good ones do not count
            assert proved(connection, "wang", PASSWORD, code, real.clock(), "203.0.113.7")
        for k in range(20):
            assert not proved(connection, f"n{k}", PASSWORD, "000000", real.clock(), "203.0.113.7")
        with pytest.raises(TriedTooOften) as found:
            proved(connection, "wang", PASSWORD, totp.at(real.clock()), real.clock(), "203.0.113.7")
        assert found.value.seconds == 3600
        assert proved(connection, "wang", PASSWORD, totp.at(real.clock()), real.clock(), "203.0.113.8")


def test_a_person_signs_in_at_the_desk_with_the_roles_of_the_book(real: Served) -> None:
    totp, _ = opened(real)
    browser = real.browser("desk")
    form = {"person": "wang", "password": PASSWORD, "code": totp.at(real.clock())}
    wrong = browser.post("/sign-in", data={**form, "password": "grey heron at dusk"})
    assert wrong.status_code == 401 and "set-cookie" not in wrong.headers
    told = browser.post("/sign-in", data=form)
    assert told.status_code == 303 and browser.get("/v1/me").json()["roles"] == ["lead"]
    first = browser.cookies.get("__Host-afterloan-desk")
    real.clock.at += timedelta(seconds=60)
    token = browser.get("/v1/me")  # still there
    assert token.status_code == 200
    again = real.browser("desk")
    again.post("/sign-in", data={**form, "code": totp.at(real.clock())})
    assert again.cookies.get("__Host-afterloan-desk") != first, "each sitting has a secret of its own"


def test_who_is_disabled_is_not_let_in(real: Served) -> None:
    totp, _ = opened(real)
    with real.store.connect() as connection:
        disable_account(connection, "wang", real.clock())
    assert not try_(real, totp.at(real.clock()))


def test_a_person_of_the_directory_costs_a_guess_as_much_as_a_name_there_is_not(
    real: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Counted, not timed: each guess is measured against one whole Argon2 hash, whoever is named."""
    measured: list[str] = []
    whole = PasswordHasher.verify

    def counted(self: PasswordHasher, kept: str, password: str) -> bool:
        measured.append(kept[:10])
        return bool(whole(self, kept, password))

    monkeypatch.setattr(PasswordHasher, "verify", counted)
    with real.store.connect(autocommit=True) as connection:
        assert let_in(connection, "of-directory", real.clock())
    assert not try_(real, "000000", person="nobody") and not try_(real, "000000", person="of-directory")
    assert measured == ["$argon2id$", "$argon2id$"]


def test_a_key_is_known_by_its_checksum() -> None:
    key = new_key(demo=False)
    assert key.startswith("al_live_") and is_key(key) and not is_key(key[:-1] + "x") and not is_key("al_live_")
    assert new_key(demo=True).startswith("al_test_")


def test_a_program_does_what_its_key_is_for_and_nothing_else(served: Served) -> None:
    admin = served.api("administrator")
    asked = {"name": "core-bank", "scopes": ["repayment.take", "book.read"]}
    made = admin.post("/v1/keys", json=asked)
    assert made.status_code == 201
    secret = made.json()["key"]
    assert secret not in admin.get("/v1/keys").text
    assert served.api("lead").post("/v1/keys", json=asked).status_code == 403
    assert admin.post("/v1/keys", json=asked).status_code == 409
    program = served.browser("api")
    program.headers["authorization"] = f"Bearer {secret}"

    def paid(key: str) -> Any:
        return program.post("/v1/loans/L1/repayments", json={"amount_fen": 100, "received_on": "2026-02-10"},
                            headers={"idempotency-key": key})  # fmt: skip

    assert paid("k").status_code == 201 and program.get("/v1/borrowers/B1").status_code == 200
    note = program.post("/v1/cases/B1/notes", json={"text": "x"}, headers={"idempotency-key": "n"})
    assert (note.status_code, note.json()["verb"]) == (403, "case.note")
    assert program.get("/v1/tasks").status_code == 403
    assert program.get("/v1/me").json()["kind"] == "partner"
    served.clock.at += timedelta(days=91)
    assert paid("k2").status_code == 401
    served.clock.at -= timedelta(days=91)
    assert admin.delete("/v1/keys/core-bank").status_code == 200
    assert paid("k3").status_code == 401
    assert admin.post("/v1/keys", json={"name": "x", "scopes": ["no.such"]}).status_code == 422


def test_a_key_reads_no_page_beyond_its_scopes(served: Served) -> None:
    """Finance, bureau and audit are read with the permission that the API asks for, by a key as by the API."""
    made = served.api("administrator").post("/v1/keys", json={"name": "narrow", "scopes": ["repayment.take"]})
    program = served.browser("desk")
    program.headers.update({"authorization": f"Bearer {made.json()['key']}", "accept": "application/json"})
    for page in ("/finance", "/finance/days/2026-02-09", "/bureau"):
        told = program.get(page)
        assert (told.status_code, told.json()["reason"]) == (403, "not-permitted"), page
        assert "beyond the scopes" in told.text, page
