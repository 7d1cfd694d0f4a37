"""Borrowers let in by a one-time code: alike for numbers nobody has, good once, in one browser, tried few times."""

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from afterloan.desk.identity.codes import address_told
from afterloan.facts.act import Answer, Who
from afterloan.sending.spool import spooled
from afterloan.servicing.desk import desk_of
from afterloan.servicing.door import do
from afterloan.store.codes import digits_of, plain_number
from afterloan.store.server import Store, home
from tests.desk.portal.house import token
from tests.desk.web.served import ON, Served, small_book
from tests.strategy.books import borrower, loan

MOBILE = "13900139001"


@pytest.fixture
def real(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Served]:
    """A book whose day is played and whose people are not: B5 with a phone and e-mail, B6 and B7 who share a phone."""
    monkeypatch.setenv("AFTERLOAN_KEYS", str(home() / "keys" / "ring.json"))
    monkeypatch.setenv("AFTERLOAN_HOME", str(tmp_path))
    small_book(store)
    with store.connect() as connection:
        borrower(connection, "B5", mobile="+86 139 0013 9001", email="Wei@Example.com", zone="Asia/Shanghai")
        loan(connection, "L5", "B5", "2025-12-17")
        borrower(connection, "B6", mobile="13700137000")
        borrower(connection, "B7", mobile="+8613700137000")
    yield Served(store, demo=False)


def asks(browser: TestClient, to: str) -> tuple[int, str]:
    """Ask for a code; the status and where it leads."""
    answer = browser.post("/sign-in", data={"to": to})
    return answer.status_code, str(answer.headers.get("location", ""))


def references(served: Served) -> list[str]:
    with served.store.connect() as connection:
        return [r for (r,) in connection.execute("select reference from sign_in_code order by code").fetchall()]


def last_code(served: Served) -> str:
    with served.store.connect() as connection:
        return digits_of(connection, references(served)[-1])


def types(browser: TestClient, code: str) -> int:
    return int(browser.post("/sign-in/code", data={"code": code}).status_code)


def test_what_people_type_is_a_number_or_an_address() -> None:
    for text in ("139 0013 9001", "+86 139-0013-9001", "0086 13900139001", "１３９００１３９００１"):
        told = address_told(text)
        assert told is not None and (told.channel, told.address) == ("sms", MOBILE)
    mail = address_told(" Wei@Example.COM ")
    assert mail is not None and (mail.channel, mail.address) == ("email", "wei@example.com")
    for text in ("", "li", "123", "1" * 16, "a@b", "@b.c", "a b@c.d", "139x0013", "a@b.c\n"):
        assert address_told(text) is None or text.endswith("\n")
    assert plain_number("+1 212 555 0100") == "12125550100"


def test_a_code_to_the_number_on_file_lets_in_once(real: Served) -> None:
    browser = real.browser("my")
    assert asks(browser, "139 0013 9001") == (303, "/sign-in/code")
    sent = spooled("sms", f"sign-in-code:{references(real)[0]}")
    assert sent is not None and sent.to == "+86 139 0013 9001"
    code = last_code(real)
    assert re.search(rf"\n@my\.localhost #{code}\n*$", sent.text), "phones fill it on our host only"
    before = browser.cookies.get("__Host-afterloan-my")
    assert types(browser, code) == 303 and browser.cookies.get("__Host-afterloan-my") != before
    assert browser.get("/my/summary").json()["mine"]["borrower"] == "B5"
    again = real.browser("my")
    again.cookies.set("__Host-afterloan-code", str(browser.cookies.get("__Host-afterloan-code") or "x"))
    assert types(again, code) == 422, "it was good once"


def test_by_e_mail_too_at_night_and_whatever_was_wished(real: Served) -> None:
    with real.store.connect() as connection:
        connection.execute("update setting set value = value || '{\"at\": \"03:00\"}' where name = 'clock'")
    browser = real.browser("my")
    asks(browser, "wei@example.com")
    sent = spooled("email", f"sign-in-code:{references(real)[0]}")
    code = last_code(real)
    assert sent is not None and code in sent.text and types(browser, code) == 303
    with real.store.connect() as connection:
        kept = connection.execute(
            "select (select string_agg(body::text, '') from outbox) || (select string_agg(asked::text || answer::text, "
            "'') from act) || (select string_agg(body::text, '') from event)"
        ).fetchone()
    assert kept is not None and f'"{code}"' not in kept[0], "the digits are nowhere in the book"


def test_numbers_nobody_has_and_numbers_of_two_are_answered_alike(real: Served) -> None:
    pages = []
    for to in (MOBILE, "13600136000", "13700137000", "nobody@example.com"):
        browser = real.browser("my")
        answer = browser.post("/sign-in", data={"to": to})
        shape = re.sub(r"code=[^;]+", "code=…", answer.headers["set-cookie"])
        pages.append((answer.status_code, answer.headers["location"], answer.content, shape,
                      re.sub(r'value="[^"]*~[0-9a-f]+"', "", browser.get("/sign-in/code").text)))  # fmt: skip
        if to != MOBILE:
            code = last_code(real)
            assert types(browser, code) == 422, "nobody is let in by it"
            assert spooled("sms", f"sign-in-code:{references(real)[-1]}") is None
    assert all(page == pages[0] for page in pages)


def test_another_browser_another_minute_and_five_tries_are_too_many(real: Served) -> None:
    browser, other = real.browser("my"), real.browser("my")
    asks(browser, MOBILE)
    code = last_code(real)
    assert types(other, code) == 422, "it is for the browser that asked"
    wrong = f"{(int(code) + 1) % 10**6:06d}"
    assert [types(browser, wrong) for _ in range(5)] == [422] * 5
    assert types(browser, code) == 422, "after five tries it is over"
    real.clock.at += timedelta(minutes=1)
    asks(browser, MOBILE)
    fresh = last_code(real)
    assert [types(browser, wrong) for _ in range(4)] == [422] * 4
    told = browser.post("/sign-in/code", data={"code": fresh})
    assert told.status_code == 429 and int(told.headers["retry-after"]) == 14 * 60, "the eleventh try waits"
    real.clock.at += timedelta(minutes=10)
    assert types(browser, fresh) in (422, 429), "ten minutes are over"


def test_one_code_a_minute_and_five_a_day(real: Served) -> None:
    for k in range(5):
        browser = real.browser("my")
        assert asks(browser, MOBILE)[0] == 303, k
        soon = browser.post("/sign-in", data={"to": MOBILE})
        assert (soon.status_code, soon.headers["retry-after"]) == (429, "60" if k < 4 else str(86_400 - 240))
        real.clock.at += timedelta(minutes=1)
    assert asks(real.browser("my"), MOBILE)[0] == 429, "the sixth of the day"
    assert asks(real.browser("my"), "13600136000")[0] == 303, "another number"
    real.clock.at += timedelta(days=1)
    assert asks(real.browser("my"), MOBILE)[0] == 303


def test_the_dead_are_not_written_to(real: Served) -> None:
    with desk_of(real.store) as desk:
        lead = Who("person", "wang", ("lead",), "desk")
        told = do(desk, lead, "person.died", {"borrower": "B5", "source": "family"}, "died", ON)
        assert isinstance(told, Answer), told
    asks(real.browser("my"), MOBILE)
    assert spooled("sms", f"sign-in-code:{references(real)[0]}") is None


def test_more_than_reading_needs_a_fresh_code(real: Served) -> None:
    browser = real.browser("my")
    asks(browser, MOBILE)
    types(browser, last_code(real))
    real.clock.at += timedelta(minutes=6)
    assert browser.get("/").status_code == 200
    assert agrees(browser).headers["location"] == "/step-up?to=/plans/x"
    refused = browser.post("/v1/plan-offers/x/acceptance", json={}, headers={"idempotency-key": form_key(browser)})
    assert (refused.status_code, refused.json()["reason"]) == (403, "fresh-code")
    page = browser.get("/step-up?to=/documents", headers={"accept-language": "en"})
    assert "139****9001" in page.text and "W****@Example.com" in page.text and MOBILE not in page.text
    sent = browser.post("/step-up", data={"token": token(page.text), "channel": "email", "to": "/documents"})
    assert sent.headers["location"] == "/step-up/code?to=/documents"
    before = browser.cookies.get("__Host-afterloan-my")
    typed = browser.get(sent.headers["location"]).text
    code = last_code(real)
    wrong = {"token": token(typed), "code": f"{(int(code) + 1) % 10**6:06d}", "to": "//evil.example"}
    assert browser.post("/step-up/code", data=wrong).status_code == 422
    done = browser.post("/step-up/code", data={**wrong, "code": code})
    assert (done.status_code, done.headers["location"]) == (303, "/"), "never to another site"
    kept = browser.cookies.get("__Host-afterloan-my")
    assert kept != before and agrees(browser).status_code == 404, "it is asked, and there is no such offer"
    old = real.browser("my")
    old.cookies.set("__Host-afterloan-my", str(before))
    assert old.get("/").status_code == 303, "the secret before is good no more"
    real.clock.at += timedelta(minutes=5, seconds=1)
    assert agrees(browser).status_code == 303, "five minutes later a code is asked for again"


def agrees(browser: TestClient) -> Any:
    told = {"token": form_key(browser), "of": "x", "do": "accept", "agree": "yes"}
    return browser.post("/plan/answer", data=told)


def form_key(browser: TestClient) -> str:
    return token(browser.get("/contact").text)


def test_a_demonstrations_phone_shows_the_code(real: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    assert real.browser("my").get("/phone").status_code == 404
    demo = Served(real.store)
    browser = demo.browser("my")
    asks(browser, MOBILE)
    page = browser.get("/phone").text
    assert last_code(demo) in page and last_code(demo) not in demo.browser("my").get("/phone").text
    assert types(browser, last_code(demo)) == 303
