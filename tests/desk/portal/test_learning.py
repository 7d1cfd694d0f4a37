"""Lessons with the borrower's own numbers, and what paying a day too late would cost: worked out by hand here."""

import pytest

from tests.desk.portal.house import book, portal
from tests.desk.web.served import Served

__all__ = ["book", "portal"]


def lessons(portal: Served, who: str, loan: str) -> dict[str, dict[str, object]]:
    told = portal.sat("my", who).get(f"/my/lessons/{loan}", headers={"accept-language": "en"}).json()["lessons"]
    return {one["lesson"]: one for one in told}


def test_the_numbers_are_those_of_the_own_loan(portal: Served) -> None:
    """L3: 12,000.00 lent on 10 January at 0.05 % a day, first due today, 10 February; grace and all else on time."""
    told = lessons(portal, "B3", "L3")
    assert set(told) == {"late-week", "interest-a-day", "early-end", "bureau-mark"}
    # the instalment that runs is the second: what the first leaves, for the 28 days from 10 February to 10 March
    due = portal.sat("my", "B3").get("/my/summary").json()["mine"]["due_fen"]
    left = 1_200_000 - (due - 18_600)  # 12,000.00 × 31 × 0.05 % = 186.00 of the first is interest
    interest = (left * 28 * 5 + 5_000) // 10_000
    text = " ".join(told["interest-a-day"]["text"])  # type: ignore[arg-type]
    assert "28 days" in text and f"{interest // 100}.{interest % 100:02d}" in text and "0.05 %" in text


def test_a_question_is_answered_and_nothing_is_kept(portal: Served) -> None:
    browser = portal.sat("my", "B3")
    right = browser.get("/lessons/L3/bureau-mark?answer=1", headers={"accept-language": "en"}).text
    wrong = browser.get("/lessons/L3/bureau-mark?answer=0", headers={"accept-language": "en"}).text
    assert "Yes: five years after" in right and "Not quite." in wrong
    for answer in ("9", "x", "-1", "²"):
        assert browser.get(f"/lessons/L3/bureau-mark?answer={answer}").status_code == 200
    with portal.store.connect() as connection:
        assert connection.execute("select count(*) from event where kind like 'lesson.%%'").fetchall() == [(0,)]


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_lesson_is_shown_in_both_languages(portal: Served, language: str) -> None:
    browser = portal.sat("my", "B3")
    for lesson in lessons(portal, "B3", "L3"):
        answer = browser.get(f"/lessons/L3/{lesson}", headers={"accept-language": language})
        assert answer.status_code == 200 and "{" not in answer.text.split("<main")[1].split("</main>")[0]


def test_in_the_days_of_grace_paying_later_has_its_price(portal: Served) -> None:
    """The book two days on: due on the 10th, grace of three days until the 13th, paid on the 14th instead."""
    browser = portal.sat("my", "B3")
    told = browser.get("/my/summary?on=2026-02-12").json()
    assert told["mine"]["grace_until"] == "2026-02-13" and told["later"]["on"] == "2026-02-14"
    page = browser.get("/?on=2026-02-12", headers={"accept-language": "en"}).text
    assert "You have 2 days" in page and "Paid on Sat 14 Feb 2026 instead, it costs CNY" in page
