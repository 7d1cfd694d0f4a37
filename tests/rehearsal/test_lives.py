"""The lives, played through the system itself, against their golden stories: days, sentences and cents."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import psycopg
import pytest
import yaml

from afterloan.dates import number_of
from afterloan.desk.keyboard.story import in_lines
from afterloan.enquiry.legal import legal_case_told
from afterloan.enquiry.story import story_of
from afterloan.loan.reckon import reckon_loan
from afterloan.rehearsal.lives import lives_store, play, script_of, scripts
from afterloan.report.explain import explain
from afterloan.servicing.booking import book_of
from afterloan.store.server import Store, open_store

GOLDEN = sorted((Path(__file__).parents[1] / "golden" / "lives").glob("*.yaml"))


@pytest.fixture(scope="module")
def played(server: Store) -> Iterator[Store]:
    """All lives played once, beside a book as whoever runs afterloan has it open: in the role of the program."""
    store = lives_store(open_store(server.url))
    play(store, scripts())
    yield store


def lines_of(store: Store, life: str, language: str = "en") -> list[tuple[str, str]]:
    script = script_of(life)
    told = story_of(store, script["borrower"], language, date.fromisoformat(script["through"]))
    return [(f"{line.on} {line.clock}".strip(), line.text) for line in told]


@pytest.mark.parametrize("path", GOLDEN, ids=lambda p: p.stem)
def test_a_golden_life(played: Store, path: Path) -> None:
    golden: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    told = lines_of(played, golden["life"])
    for day, text in golden["told"]:
        found = [t for d, t in told if d == day or d.split()[0] == day]
        assert any(text in t for t in found), f"{day}: {text!r} is not among {found}"
    for text in golden.get("never", ()):
        assert not [(d, t) for d, t in told if text in t], text
    for text, count in golden.get("times", {}).items():
        assert len([t for _, t in told if text in t]) == count, text


PRESSING = ("reminder-", "overdue-", "debit of ", "contact by call", "debit-failed")


@pytest.mark.parametrize("path", [p for p in GOLDEN if p.name[:4] in ("0004", "0005")], ids=lambda p: p.stem)
def test_who_said_that_he_cannot_is_left_in_peace(played: Store, path: Path) -> None:
    golden: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    first, last = golden["peace"]["from"], golden["peace"]["to"]
    told = [(d, t) for d, t in lines_of(played, golden["life"]) if first < d[:10] <= last and " sent: " in t]
    assert told and not [(d, t) for d, t in told if any(word in t for word in PRESSING)]
    asked = [d for d, t in lines_of(played, golden["life"]) if t.startswith("debit of ") and first < d[:10] <= last]
    assert asked == []


def test_every_place_shows_the_one_sum(played: Store) -> None:
    """The sums of the golden story: `legal show`, the payoff, explain and the enforcement paper say the same."""
    golden = yaml.safe_load(next(p for p in GOLDEN if "0003" in p.stem).read_text(encoding="utf-8"))
    for on, owed in golden["owed"].items():
        day = date.fromisoformat(on)
        with played.connect() as connection:
            told = legal_case_told(connection, "life-not-1", day)
            book = book_of(connection, "life-not-1")
        assert {k: v for k, v in told["owed"].items() if v} == owed
        position = reckon_loan(book, 0, number_of(day)).position
        assert int(position["payoff_fen"]) == owed["total_fen"]
        said = [line.text for line in explain(book, 0, "jiebei-equal", number_of(day)).lines]
        assert f"To end the loan today: {owed['total_fen'] // 100:,}.{owed['total_fen'] % 100:02d}." in said
        # days past due are those of the first instalment still: part of a judgment debt paid cures nothing
        assert told["days_past_due"] == (day - date(2025, 2, 10)).days
        # nothing may be proposed again but to end it: enforcement is under way
        assert [name for name, why in told["next"].items() if not why] == ["defaulter_listing", "discontinuance"]


def test_a_life_in_chinese(played: Store) -> None:
    lines = story_of(played, "life-forgot", "zh", date(2025, 2, 28))
    told = "\n".join(in_lines(lines))
    assert "代扣失败：insufficient_funds" in told and "恢复正常：拖欠 1,101.15 全部还清" in told


def test_the_story_is_in_order_of_days(played: Store) -> None:
    days = [d for d, _ in lines_of(played, "will-not")]
    assert days == sorted(days, key=lambda d: d.split()[0])


def test_money_stands_after_the_debit_that_brought_it(played: Store) -> None:
    told = [t for d, t in lines_of(played, "forgot") if d.startswith("2025-03-10")]
    asked, came = told.index("debit of 1,101.15 asked of the bank"), told.index("debit succeeded: 1,101.15")
    (received,) = [k for k, t in enumerate(told) if t.startswith("received 1,101.15")]
    (due,) = [k for k, t in enumerate(told) if t.startswith("instalment 2 falls due")]
    assert due < asked < came < received


def test_nothing_of_the_law_started_without_a_person(played: Store) -> None:
    with psycopg.connect(played.url) as connection:
        started = connection.execute(
            "select s.body->>'step', (select count(*) from event a where a.kind = 'legal.approved' "
            "and a.body->>'of' = s.body->>'of') from event s where s.kind = 'legal.started' order by s.event"
        ).fetchall()
    assert started == [("demand_letter", 1), ("payment_order", 1), ("small_claim", 2), ("enforcement", 1)]


@pytest.mark.parametrize("table", ["fact", "event", "outbox", "finding"])
def test_every_row_that_was_told_names_its_act(played: Store, table: str) -> None:
    from psycopg import sql

    with psycopg.connect(played.url) as connection:
        without = connection.execute(
            sql.SQL("select t.act, t::text from {} t left join act a using (act) where a.act is null limit 5").format(
                sql.Identifier(table)
            )
        ).fetchall()
    assert without == []
