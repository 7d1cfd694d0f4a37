"""The three hosts: who is who by its cookie, what another site may not do, and the wall around every answer."""

from datetime import timedelta

import pytest
from starlette.testclient import TestClient

from afterloan.desk.web.guard import HEADERS
from afterloan.desk.web.house import House
from afterloan.desk.words import words_of
from afterloan.store.server import Store
from tests.desk.web.served import Served


def test_hosts_are_told_apart_by_the_host_header(store: Store) -> None:
    house = House(store)
    assert [house.host_named(n) for n in ("api.localhost:8000", "desk.localhost", "MY.localhost:1")] == [
        "api", "desk", "my",
    ]  # fmt: skip
    assert [house.host_named(n) for n in ("localhost:8000", "127.0.0.1:8000", "[::1]:8000", "[::1]")] == [""] * 4
    assert [house.host_named(n) for n in ("evil.example", "desk.evil.example", "x.localhost", "")] == ["?"] * 4


def test_a_name_that_is_not_ours_is_refused(served: Served) -> None:
    answer = TestClient(served.app, base_url="http://desk.evil.example").get("/")
    assert (answer.status_code, answer.json()["reason"]) == (421, "host")


def test_the_bare_address_leads_to_the_three_hosts(served: Served) -> None:
    answer = TestClient(served.app, base_url="http://127.0.0.1:8000").get("/")
    for host in ("desk", "my", "api"):
        assert f"http://{host}.localhost:8000/" in answer.text


@pytest.mark.parametrize("host", ["desk", "my"])
def test_somebody_sits_down_is_known_and_leaves(served: Served, host: str) -> None:
    browser = served.browser(host)
    assert (browser.get("/").status_code, browser.get("/").headers["location"]) == (303, "/sign-in")
    seat = "lead" if host == "desk" else "B1"
    assert seat in browser.get("/sign-in").text
    told = browser.post("/sign-in", data={"seat": seat})
    cookie = told.headers["set-cookie"]
    strict = "strict" if host == "desk" else "lax"
    assert cookie.startswith(f"__Host-afterloan-{host}=") and f"SameSite={strict}" in cookie
    assert "HttpOnly" in cookie and "Secure" in cookie and "Path=/" in cookie and "Domain" not in cookie
    page = browser.get("/")
    assert page.status_code == 200 and ("lead-wang" if host == "desk" else "B1") in page.text
    kept = browser.cookies.get(f"__Host-afterloan-{host}")
    token = page.text.split('name="token" value="')[1].split('"')[0]
    assert browser.post("/sign-out", data={"token": token}).status_code == 303
    browser.cookies.set(f"__Host-afterloan-{host}", str(kept))
    assert browser.get("/").status_code == 303, "the sitting is over, whatever the browser kept"


def test_the_cookie_of_one_host_is_nothing_to_another(served: Served) -> None:
    desk = served.sat("desk", "lead")
    secret = str(desk.cookies.get("__Host-afterloan-desk"))
    my = served.browser("my")
    my.cookies.set("__Host-afterloan-my", secret)
    assert my.get("/").status_code == 303


def test_a_sitting_ends_when_nobody_uses_it_and_in_any_case_after_ten_hours(served: Served) -> None:
    browser = served.sat("desk", "lead")
    for _ in range(20):
        served.clock.at += timedelta(minutes=29)
        assert browser.get("/").status_code == 200
    served.clock.at += timedelta(minutes=20, seconds=1)  # 20 x 29 + 20 = 600 minutes
    assert browser.get("/").status_code == 303
    idle = served.sat("desk", "lead")
    served.clock.at += timedelta(minutes=31)
    assert idle.get("/").status_code == 303


def test_every_answer_has_the_wall_around_it(served: Served) -> None:
    browser = served.sat("desk", "lead")
    for answer in (browser.get("/"), browser.get("/nothing"), browser.get("/healthz"), browser.post("/sign-out")):
        for name, value in HEADERS.items():
            assert answer.headers[name] == value, f"{answer.request.url}: {name}"
    policy = browser.get("/").headers["content-security-policy"]
    assert "unsafe" not in policy and "frame-ancestors 'none'" in policy and "base-uri 'none'" in policy
    assert browser.get("/").headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    "headers",
    [
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"origin": "https://my.localhost"},
        {"origin": "null"},
    ],
)
def test_another_site_may_not_write(served: Served, headers: dict[str, str]) -> None:
    browser = served.sat("desk", "lead")
    answer = browser.post("/sign-out", headers=headers)
    assert (answer.status_code, answer.json()["reason"]) == (403, "cross-site")
    assert browser.get("/").status_code == 200


def test_a_form_without_the_sittings_token_is_refused(served: Served) -> None:
    browser, other = served.sat("desk", "lead"), served.sat("desk", "agent")
    foreign = other.get("/").text.split('name="token" value="')[1].split('"')[0]
    for token in ("", "made~up", foreign):
        answer = browser.post("/sign-out", data={"token": token})
        assert answer.status_code == 403
    assert browser.get("/").status_code == 200


def test_a_body_beyond_its_bound_is_not_read(served: Served) -> None:
    api = served.browser("api")
    whole = api.post("/v1/sandbox/seats", content=b"x" * 1_000_001, headers={"content-type": "application/json"})
    assert (whole.status_code, whole.json()["reason"]) == (413, "too-large")
    parts = api.post("/v1/sandbox/seats", content=(b"x" * 100_000 for _ in range(11)))
    assert (parts.status_code, parts.json()["reason"]) == (413, "too-large")


def test_nobody_sits_down_where_it_is_no_demonstration(store: Store) -> None:
    served = Served(store, demo=False)
    answer = served.browser("desk").post("/sign-in", data={"seat": "lead"})
    assert answer.status_code == 403
    assert served.browser("api").post("/v1/sandbox/seats", json={"seat": "lead"}).status_code == 404


def test_a_demonstrations_sitting_is_nothing_where_it_is_no_demonstration(served: Served) -> None:
    secret = served.sat("desk", "lead").cookies.get("__Host-afterloan-desk")
    real = Served(served.store, demo=False).browser("desk")
    real.cookies.set("__Host-afterloan-desk", str(secret))
    assert real.get("/").status_code == 303


def test_the_day_is_the_books_and_never_the_machines(served: Served) -> None:
    told = served.browser("api").get("/v1/business-date")
    assert told.json() == {
        "business_date": "2026-02-10", "now": "2026-02-10T02:00:00+00:00", "test_clock": True, "closed_through": None,
    }  # fmt: skip
    assert told.headers["afterloan-business-date"] == "2026-02-10"
    assert served.sat("desk", "lead").get("/").headers["afterloan-business-date"] == "2026-02-10"


def test_who_asks_is_told_by_the_key(served: Served) -> None:
    assert served.api("counsel").get("/v1/me").json()["name"] == "counsel-zhao"
    assert served.api("borrower:B1").get("/v1/me").json() == {
        "kind": "borrower", "name": "B1", "roles": [], "door": "api",
    }  # fmt: skip
    nobody = served.browser("api").get("/v1/me")
    assert (nobody.status_code, nobody.json()["reason"]) == (401, "not-signed-in")


def test_both_languages_have_the_same_words() -> None:
    assert set(words_of("zh").words) == set(words_of("en").words)


def test_a_page_is_in_the_language_asked_for(served: Served) -> None:
    browser = served.browser("desk")
    assert 'lang="en"' in browser.get("/sign-in", headers={"accept-language": "en-GB,zh;q=0.5"}).text
    assert 'lang="zh-CN"' in browser.get("/sign-in", headers={"accept-language": "fr"}).text
    assert browser.get("/language/en?to=//evil.example").headers["location"] == "/"
    assert browser.get("/language/en?to=/sign-in").headers["location"] == "/sign-in"
    assert 'lang="en"' in browser.get("/sign-in", headers={"accept-language": "zh"}).text


@pytest.mark.parametrize("host", ["desk", "my", "api"])
def test_every_host_has_the_sign_of_the_house(served: Served, host: str) -> None:
    answer = served.browser(host).get("/favicon.ico")
    assert answer.status_code == 200 and answer.headers["content-type"].startswith("image/svg+xml")
