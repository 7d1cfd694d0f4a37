"""Reports and stories on a small book whose figures are worked out by hand."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from afterloan.dates import NEVER, day
from afterloan.loan.book import Book
from afterloan.loan.terms import CONTRACT, FACT, PROMISED, Cause, Component, FactKind, Per, State
from afterloan.report.explain import GIVEN, PARTS, PERS, STATES, TEXT, TOLD_AS, explain
from afterloan.report.page import write_page
from afterloan.report.portfolio import month_ends, portfolio_report
from afterloan.rules.products import builtin

LENT = day("2026-01-10")


def book() -> Book:
    """Two loans of 800.00, interest first at 0.05 % a day, one month: 812.40 due on 10 February (31 days: 12.40)."""
    record = builtin()["jiebei-interest-first"].record()
    contracts = np.zeros(2, CONTRACT)
    for i in range(2):
        contracts[i] = (i + 1, 0, 80_000, 5_000, LENT, 0, 3, 1, 1, 0, 0, 0, 0)
    due = day("2026-02-10")
    facts = np.array(
        [
            (10, LENT, LENT, NEVER, 80_000, 0, 0, 1, 0, 0, 0, 0),
            (50, due, due, NEVER, 81_240, 0, 0, 2, 0, 0, 0, 0),
            (10, LENT, LENT, NEVER, 80_000, 0, 0, 3, 0, 0, 0, 0),
            (50, due, due, day("2026-02-12"), 81_240, 0, 0, 4, 0, 0, 0, 0),
        ],
        FACT,
    )
    none = np.zeros(0, PROMISED)
    return Book(
        np.array([record]), contracts, none, np.zeros(3, np.int64), facts, np.array([0, 2, 4]), np.zeros((0, 1), bool)
    )


def test_month_ends() -> None:
    assert month_ends(day("2026-03-15"), 2) == [day("2026-01-31"), day("2026-02-28"), day("2026-03-15")]


def test_a_loan_that_lacks_a_trifle_ages_as_current() -> None:
    """809.40 of 812.40 paid on the due date: 3.00 short for 49 days on 31 March, with 10.00 a trifle (China)."""
    short = book()
    short.facts["amount_fen"][3], short.facts["gone_on"][3] = 80_940, NEVER
    strict, told = (portfolio_report([short], day("2026-03-31"), months=3, most_trifles_fen=n) for n in (0, 1_000))
    shares = [dict(r.tables["summary"].iter_rows())["share_30"] for r in (strict, told)]
    assert shares == [1.0, 0.0]
    ages = [{row["bucket"]: row["number"] for row in r.tables["ageing"].to_dicts()} for r in (strict, told)]
    assert (ages[0]["current"], ages[0]["M2"]) == (0, 1) and (ages[1]["current"], ages[1]["M2"]) == (1, 0)
    # what is owed stays owed: 3.00 of principal and its penalty, 3.00 × 49 days × 0.06575 % = 0.10
    assert dict(told.tables["summary"].iter_rows())["arrears"] == 310


def test_the_figures_of_a_small_book(tmp_path: Path) -> None:
    report = portfolio_report([book()], day("2026-03-31"), months=3)
    summary = dict(report.tables["summary"].iter_rows())
    assert (summary["loans"], summary["active"], summary["outstanding"]) == (2, 1, 80_000)
    assert summary["arrears"] == 81_240 + 2_577  # penalty: 800.00 × 49 days × 0.06575 % (24 % / 365) = 25.77
    assert summary["share_30"] == 1.0 and summary["share_90"] == 0.0
    roll = {row["from"]: row for row in report.tables["roll"].to_dicts()}
    assert roll["M1"]["M2"] == 1.0  # 18 days on 28 February, 49 on 31 March
    expected = {row["month"]: row for row in report.tables["expected"].to_dicts()}
    assert (expected["2026-02"]["fell_due_fen"], expected["2026-02"]["received_fen"]) == (162_480, 81_240)
    # of 1,624.80 due in February one loan paid its half: 50 %
    assert (expected["2026-02"]["collected_fen"], expected["2026-02"]["ratio"]) == (81_240, 0.5)
    assert (summary["not_disbursed"], summary["written_off"], summary["recovered"]) == (0, 0, 0)
    report.to_csv(tmp_path / "csv")
    assert sorted(p.name for p in (tmp_path / "csv").iterdir()) == [f"{n}.csv" for n in sorted(report.tables)]
    assert json.loads(report.to_json())["on"] == "2026-03-31"
    write_page(report, tmp_path / "page.html")
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert "812.40" in page or "838.17" in page
    assert 'src="http' not in page and "贷款账簿" in page


def test_what_is_paid_ahead_is_no_collection_and_a_contract_not_paid_out_no_loan() -> None:
    """812.40 fall due on 10 February for each of two loans. One pays 2,000.00 that day: 812.40 collected of 1,624.80,
    50 %, and 2,000.00 received. As of 31 December 2025 nothing was lent: two contracts are not there yet."""
    made = book()
    facts = made.facts.copy()
    facts["amount_fen"][1] = 200_000
    paid = replace(made, facts=facts)
    report = portfolio_report([paid], day("2026-03-31"), months=3, non_performing=lambda b, *_: np.array([False, True]))
    february = next(row for row in report.tables["expected"].to_dicts() if row["month"] == "2026-02")
    assert (february["collected_fen"], february["received_fen"], february["ratio"]) == (81_240, 200_000, 0.5)
    summary = dict(report.tables["summary"].iter_rows())
    assert (summary["non_performing"], summary["share_non_performing"]) == (1, 1.0)
    before = dict(portfolio_report([paid], day("2026-01-09"), months=1).tables["summary"].iter_rows())
    assert (before["loans"], before["active"], before["not_disbursed"]) == (0, 0, 0)
    signed = replace(paid, facts=facts[:0], fact_at=np.zeros(3, np.int64))
    waits = dict(portfolio_report([signed], day("2026-03-31"), months=1).tables["summary"].iter_rows())
    assert (waits["loans"], waits["active"], waits["not_disbursed"]) == (0, 0, 2)


@pytest.mark.parametrize(("language", "words"), [("en", "taken back; learnt on 2026-02-12"), ("zh", "2026-02-12 得知")])
def test_a_story_shows_the_working_and_adds_up(language: str, words: str) -> None:
    story = explain(book(), 1, "jiebei-interest-first", day("2026-02-20"), language=language)
    told = "\n".join(line.text for line in story.lines)
    assert story.adds_up and words in told
    assert "24,800.00" in told and "12.4000" in told  # 800.00 × 31 days; × 0.05 % = 12.40
    assert "5.26" in told  # penalty: 8,000.00 × 0.06575 %


def test_a_story_as_known_before_the_bounce() -> None:
    story = explain(book(), 1, "jiebei-interest-first", day("2026-02-20"), day("2026-02-11"))
    told = "\n".join(line.text for line in story.lines)
    assert "taken back" not in told and "To end the loan today: 0.00" in told


@pytest.mark.parametrize(
    ("kind", "price", "english", "chinese"),
    [
        (FactKind.CHARGED_OFF, 0, "(charged off)", "（已转损失）"),
        (FactKind.WRITTEN_OFF, 0, "(written off)", "（已核销）"),
        (FactKind.SOLD, 10_000, "(sold)", "（已转让）"),
    ],
)
def test_a_loan_that_nobody_repays_is_told_in_both_languages(
    kind: FactKind, price: int, english: str, chinese: str
) -> None:
    made = book()
    on = day("2026-06-10")
    ended = np.array([(kind, on, on, NEVER, price, 0, 0, 5, 0, 0, 0, 0)], FACT)
    made = Book(
        made.products,
        made.contracts,
        made.promised,
        made.promised_at,
        np.concatenate([made.facts, ended]),
        np.array([0, 2, 5]),
        made.calendars,
    )
    for language, words in (("en", english), ("zh", chinese)):
        story = explain(made, 1, "jiebei-interest-first", day("2026-07-01"), language=language)
        assert story.adds_up and words in "\n".join(line.text for line in story.lines)


def test_a_waiver_that_found_less_is_told_on_its_day() -> None:
    """30.00 of interest were to be given up on 10 February, 12.40 were owed: told on that day, after the 12.40."""
    told, waived = book(), day("2026-02-10")
    facts = np.array(
        [
            (10, LENT, LENT, NEVER, 80_000, 0, 0, 1, 0, 0, 0, 0),
            (40, waived, waived, NEVER, 3_000, int(Component.INTEREST), 0, 2, 0, 0, 0, 0),
            (50, waived + 5, waived + 5, NEVER, 80_000, 0, 0, 3, 0, 0, 0, 0),
        ],
        FACT,
    )
    one = replace(told, facts=facts, fact_at=np.array([0, 3, 3]))
    lines = [(line.on, line.text) for line in explain(one, 0, "p", waived + 5).lines if line.on]
    words = [text.split(":")[0].split(";")[0].split(" of ")[0] for _, text in lines]
    assert words == ["paid out 800.00", "instalment 1 falls due", "given up", "30.00", "received 800.00"], lines
    assert [on for on, _ in lines] == sorted(on for on, _ in lines)


def test_every_state_cause_and_part_has_words_in_both_languages() -> None:
    for language in ("en", "zh"):
        assert set(STATES[language]) == set(State)
        assert set(PARTS[language]) == set(Component)
        assert set(PERS[language]) == set(Per)
    told_elsewhere = {Cause.DISBURSED, Cause.FELL_DUE, Cause.REPAID, Cause.UNAPPLIED, Cause.RECOVERED}
    told_elsewhere |= {Cause.ACCELERATED, *GIVEN}
    never_moved = {Cause.ACCRUED}
    assert set(TOLD_AS) == set(Cause) - told_elsewhere - never_moved
    assert all(len(words) == 2 and all(words) for words in TEXT.values())


def test_a_language_without_words_is_refused() -> None:
    with pytest.raises(ValueError, match="write en or zh"):
        explain(book(), 0, "x", day("2026-02-20"), language="fr")
