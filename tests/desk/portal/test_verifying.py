"""Is a message ours? Journey 25: a stolen one is checked by its code, a forged code says no, the eleventh try waits."""

import re
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from afterloan.sending.channels import read_setting
from afterloan.sending.drain_work import drain
from afterloan.store.message_codes import code_of, plain_code, shown_code
from afterloan.store.settings import Setting, set_parts
from tests.desk.portal.house import NOW, book, portal, sent
from tests.desk.web.served import ON, Served
from tests.desk.workbench.browsed import browser_before, needs_chromium, served_at
from tests.sending.messages_kit import action, plan

__all__ = ["book", "portal"]
AT = "my.lender.example/verify"


@pytest.fixture(scope="module")
def code(portal: Served, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The code in the text message that B1 was sent."""
    folder: Path = tmp_path_factory.mktemp("sms")
    with portal.store.connect() as connection:
        row = connection.execute("select borrower from borrower where reference = 'B1'").fetchone()
        assert row is not None
    made = action("stolen", row[0], "sms", language="en", values={"arrears_fen": 50_000, "loans": ["L1"]})
    plan(portal.store, [replace(made, not_before=NOW, decided_on=ON)])
    told = read_setting({"sms": {"folder": str(folder)}, "lender": {"verify_at": AT}})
    drain(portal.store, told=told, moment=NOW)
    text = "".join(file.read_text(encoding="utf-8") for file in folder.rglob("*") if file.is_file())
    found = re.search(r"([0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4})", text)
    assert found is not None and AT in text, text
    return found.group(1)


def test_a_code_is_the_same_for_the_same_message_and_nobody_elses() -> None:
    assert code_of("s", "a") == code_of("s", "a") != code_of("t", "a") and code_of("s", "a") != code_of("s", "b")
    assert re.fullmatch("[0-9A-HJKMNP-TV-Z]{8}", code_of("s", "a"))


@pytest.mark.parametrize(("typed", "code"), [("7k3f-92qx", "7K3F92QX"), (" 7K3F 92QX ", "7K3F92QX"),
                                             ("７Ｋ３Ｆ９２ＱＸ", "7K3F92QX"), ("OIL0-1111", "01101111"),
                                             ("7K3F-92Q", ""), ("7K3F-92QU", ""), ("", ""),
                                             ("' or 1=1", "")])  # fmt: skip
def test_codes_are_read_as_people_type_them(typed: str, code: str) -> None:
    assert plain_code(typed) == code and shown_code("7K3F92QX") == "7K3F-92QX"


def test_the_messages_of_a_borrower_have_their_codes(portal: Served, code: str) -> None:
    assert [m["code"] for m in portal.sat("my", "B1").get("/my/messages").json()["messages"]] == [code]


def test_a_wait_ends(portal: Served, code: str) -> None:
    browser = portal.browser("my")
    for _ in range(10):
        assert "没有发过" in sent(browser, "/verify", code="0000-0000")
    assert browser.post("/verify", data={"code": code, "token": ""}).headers["retry-after"]
    portal.clock.at += timedelta(minutes=16)
    again = browser.post("/verify", data={"code": code, "token": ""})
    assert again.status_code == 200 and "可能已经变化" not in again.text


def test_a_message_of_yesterday_is_ours_and_says_that_it_may_hold_no_more(portal: Served, code: str) -> None:
    def today(on: date) -> None:
        with portal.store.connect() as connection:
            set_parts(connection, Setting.CLOCK, {"on": on.isoformat()})

    today(ON + timedelta(days=1))
    said = portal.browser("my").post("/verify", data={"code": code, "token": ""}).text
    today(ON)
    assert "是我们发的" in said and "可能已经变化" in said


def test_a_stolen_message_is_checked_a_forged_code_says_no_and_the_eleventh_try_waits(
    portal: Served, code: str
) -> None:
    """Nobody is signed in. What is told is when, by what and the end of the number: not whose, not what it says."""
    needs_chromium()
    forged = ("8" if code[0] != "8" else "9") + code[1:]
    with served_at(portal.store) as base, browser_before(base.replace("desk.", "my.")) as opens:
        at = opens(360)
        at.go("/language/en?to=/verify")
        for tried in range(1, 12):
            at.page.fill("#code", code.lower() if tried == 1 else forged)
            at.page.click("main form button.main")
            at.page.wait_for_load_state()
            said = at.page.inner_text("main")
            if tried == 1:
                assert "We sent it" in said and "··8001" in said
                assert "B1" not in said and "L1" not in said and "500" not in said
            elif tried < 11:
                assert "We sent no message with that code" in said
        assert "Too many tries" in said
