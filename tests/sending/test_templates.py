"""Every template in each language, channel and place; the lines that must stand, the words that never may."""

from datetime import date

import pytest
import yaml

from afterloan.rules.packs import PackRefused
from afterloan.sending.channels import LENDER
from afterloan.sending.templates import (
    LANGUAGES,
    PLACES,
    TemplateRefused,
    date_text,
    money_text,
    proofread,
    read_templates,
    render,
    sample_values,
    stands,
    template_of,
    templates,
)
from afterloan.strategy.ladder import builtin_ladders

ON = date(2026, 3, 13)
LADDERS = {step.template for ladder in builtin_ladders().values() for step in ladder.steps if step.template}
WANTED = {
    "reminder-before-due", "reminder-due-today", "reminder-grace", "overdue-friendly", "overdue-bureau-warning",
    "overdue-firm", "overdue-letter", "overdue-last-options", "demand-letter", "debit-failed", "promise-confirmed",
    "promise-broken", "limit-decreased", "bureau-adverse-notice", "bureau-notice", "restriction-notice",
    "plan-offered", "plan-accepted", "plan-broken", "plan-completed", "dispute-opened", "dispute-decided",
    "settlement-confirmed", "complaint-answered", "limit-restored", "limit-offered", "welcome-back", "hardship-offer",
    "third-person",
}  # fmt: skip
"""The messages that the trade needs, and those that other rooms plan."""


def test_every_message_that_is_planned_has_a_template() -> None:
    assert set(templates()) >= WANTED
    assert set(templates()) >= LADDERS


def test_proofreading_finds_nothing_in_ours() -> None:
    assert proofread(LENDER) == []


@pytest.mark.parametrize("name", sorted(WANTED))
def test_each_renders_for_each_case(name: str) -> None:
    template = template_of(name, ON)
    for language in LANGUAGES:
        for channel in ("sms", "email", "push", "chat", "letter", "webhook"):
            for place in PLACES:
                values = sample_values(template)
                text = render(template, language, values, LENDER, channel=channel, jurisdiction=place, on=ON)
                whole = text.subject + text.whole()
                assert text.body.strip() and text.subject.strip()
                assert "None" not in whole and "{{" not in whole and "{%" not in whole
                chinese = any("一" <= c <= "鿿" for c in text.body)
                if language == "zh-CN":
                    assert chinese
                if channel in ("email", "letter") and text.tells_debt:
                    name_of_lender = LENDER["name"][language]
                    assert name_of_lender in whole, "says who sends it"


def test_a_text_to_the_letter() -> None:
    """Worked by hand from the template: 512.34 yuan in arrears, twelve cents of penalty interest."""
    values = {"arrears_fen": 51234, "days_past_due": 8, "penalty_fen": 12, "payoff_fen": 1234567, "loans": ["L1", "L2"]}
    text = render(template_of("overdue-firm", ON), "zh", values, LENDER, channel="sms", jurisdiction="CN", on=ON)
    assert text.whole() == (
        "【示例消费金融有限公司】您的借款已逾期8天，逾期金额512.34元。请尽快还款，或与我们商定还款安排。"
    )
    text = render(template_of("overdue-firm", ON), "en-US", values, LENDER, channel="email", jurisdiction="US", on=ON)
    assert text.body.split("\n")[2] == (
        "Your loan (L1, L2) is 8 days overdue. CNY 512.34 is outstanding, of which CNY 0.12 is penalty interest; "
        "to close it altogether takes CNY 12,345.67. Penalty interest runs by the day, so paying sooner costs less."
    )
    assert text.lines == (
        "Sent by Example Consumer Finance. Questions, difficulties or complaints: 400-000-0000.",
        "To stop messages to this address: https://example.com/stop",
    )
    none = render(template_of("overdue-firm", ON), "en", values | {"penalty_fen": 0}, LENDER, on=ON)
    assert "penalty interest" not in none.body.split("\n")[2].split(";")[0]


def test_the_lines_of_a_place() -> None:
    template = template_of("overdue-friendly", ON)
    told = {"arrears_fen": 100, "loans": ["L1"]}
    us = render(template, "en", told, LENDER, channel="sms", jurisdiction="US", on=ON)
    assert us.body.startswith("Example Consumer Finance: ") and us.lines == ("Reply STOP to opt out.",)
    collector = render(template, "en", told, LENDER, channel="email", jurisdiction="US", on=ON,
                       lender_type="debt_collector")  # fmt: skip
    assert "This communication is from a debt collector." in collector.lines
    before = render(template, "en", told, LENDER, channel="sms", jurisdiction="US", on=date(2021, 11, 29))
    assert before.lines == ()  # Reg F binds from 2021-11-30


def test_a_third_person_is_told_of_no_debt() -> None:
    template = template_of("third-person", ON)
    assert not template.tells_debt
    for language in LANGUAGES:
        text = render(template, language, {"name": "张伟", "caller": "王芳"}, LENDER, jurisdiction="US", on=ON)
        assert "张伟" in text.body and "王芳" in text.body
        for word in ("欠", "款", "逾期", "债", "Finance", "debt", "loan", "owe", "overdue"):
            assert word not in text.subject + text.body


def test_values_that_mean_nothing_or_are_missing_are_named() -> None:
    template = template_of("promise-confirmed", ON)
    good = {"amount_fen": 100, "promise_on": "2026-03-20"}
    assert "2026年3月20日" in render(template, "zh", good, LENDER, on=ON).body
    for values, why in (
        ({"amount_fen": 100}, "template promise-confirmed: value promise_on: missing; give it"),
        ({**good, "promise_on": None}, "template promise-confirmed: value promise_on: missing; give it"),
        ({**good, "color": 1}, "template promise-confirmed: value color: means nothing; see values.yaml"),
        ({**good, "amount_fen": "100"}, "value amount_fen: '100' is no money"),
        ({**good, "promise_on": "20 March"}, "value promise_on: '20 March' is no date"),
    ):
        with pytest.raises(TemplateRefused) as refused:
            render(template, "zh", values, LENDER, on=ON)
        assert str(refused.value).startswith(why)
    with pytest.raises(TemplateRefused, match="template 'x': no such template; there are: bureau-adverse-notice"):
        template_of("x", ON)


GOOD = {
    "id": "mine",
    "version": 1,
    "effective_from": "2020-01-01",
    "title": {"zh": "x", "en": "x"},
    "purpose": "service",
    "words": {"zh-CN": {"subject": "账户通知", "text": "您好"}, "en": {"subject": "News", "text": "Hello"}},
}


@pytest.mark.parametrize(
    ("where", "text", "why"),
    [
        ("text", "再不还款，后果自负", "template mine: zh-CN.text: '后果自负' may never stand in a message"),
        ("subject", "逾期通知", "template mine: zh-CN.subject: '逾期' tells of a debt"),
        ("text", "{{ colour }}", "template mine: zh-CN.text: colour means nothing; see values.yaml"),
        ("text", "{% if amount %}", "template mine: zh-CN.text: Unexpected end of template"),
    ],
)
def test_a_template_with_a_fault_is_not_read(where: str, text: str, why: str) -> None:
    told = {**GOOD, "words": {**GOOD["words"], "zh-CN": {**GOOD["words"]["zh-CN"], where: text}}}  # type: ignore[dict-item, index]
    with pytest.raises(PackRefused) as refused:
        read_templates(yaml.safe_dump([told]), "mine.yaml")
    assert str(refused.value).startswith(f"mine.yaml: {why}")


def test_a_template_in_one_language_only_is_not_read() -> None:
    words = {"en": {"subject": "News", "text": "Hello"}}
    with pytest.raises(PackRefused, match="words: zh-CN is missing"):
        read_templates(yaml.safe_dump([{**GOOD, "words": words}]), "mine.yaml")


def test_the_version_in_use_on_a_day() -> None:
    two = {**GOOD, "version": 2, "effective_from": "2026-04-01"}
    found = read_templates(yaml.safe_dump([GOOD, two]), "mine.yaml")
    assert [t.version for t in found] == [1, 2]
    template = templates()["welcome-back"][0]
    with pytest.raises(TemplateRefused, match="no version in use on 2019-12-31"):
        template_of(template.id, date(2019, 12, 31))


def test_amounts_days_and_words() -> None:
    assert money_text(123456, "zh-CN", "CNY") == "1,234.56元"
    assert money_text(-5, "en", "USD") == "$-0.05"
    assert money_text(100_000_000, "en", "EUR") == "EUR 1,000,000.00"
    assert date_text(date(2026, 3, 1), "en") == "1 March 2026"
    assert stands("late", "You are Late.") and not stands("late", "see the template") and stands("逾期", "已逾期")
