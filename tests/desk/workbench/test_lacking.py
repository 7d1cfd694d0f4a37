"""What a step of law lacks is said in the words of the page: every reason that the strategy can give."""

import re
from pathlib import Path

import pytest

from afterloan.desk.words import words_of
from afterloan.desk.workbench.lacking import SAYINGS, lack_told
from afterloan.desk.workbench.said import DeskWords
from afterloan.strategy import legal

SAID = (
    ("a hold stops legal steps: dispute_open", "有停办事项", "a hold stops it"),
    ("no legal step has begun that could be discontinued", "尚无可撤回的法律步骤", "no legal step has begun"),
    ("1 day past due, at least 60 are needed", "逾期 1 天，至少需 60 天", "1 day past due, at least 60"),
    ("40000 minor units owed, at least 100000 minor units are needed", "欠款 400.00，至少需 1,000.00", "least 1,000"),
    ("no evidence of contract is kept", "缺少证据", "no evidence is kept: "),
    ("no demand_letter has been delivered or refused", "未达到", "has not been"),
    ("the debtor has until 2026-02-01 to answer the payment_order", "债务人可在 2026-02-01 前", "until 2026-02-01"),
    ("suit is under way already", "正在进行", "is under way"),
    ("suit is under way; only one of them can be before a court", "同一时间", "only one of them"),
    ("decided already (suit: granted on 2026-01-02); it can only be enforced", "只能申请执行", "only be enforced"),
    ("the claim is not pursued any further (discontinuance)", "不再追索", "not pursued any further"),
    ("none of these has ended so: demand_letter delivered, suit dismissed", "以下均未达到", "has ended so"),
    ("40000 minor units of it are not due yet: call the rest of the loan due by notice first", "400.00 尚未到期",
     "400.00 of it is not due yet"),
    ("the notice that called it due has not been delivered: await its receipt, or keep evidence of `notice`",
     "通知尚未送达", "has not been delivered"),
    ("the period of limitation ended on 2026-01-01", "诉讼时效已于 2026-01-01 届满", "ended on 2026-01-01"),
    ("7000000 minor units is above the 6500000 minor units of a small claim", "70,000.00 超过小额诉讼上限 65,000.00",
     "above the 65,000.00"),
    ("nothing can be enforced: no order, judgment or confirmed agreement is in force", "尚无生效", "can be enforced"),
    ("the debtor has until 2026-01-01 to perform it", "履行期至 2026-01-01", "until 2026-01-01"),
    ("the court lets the debtor pay in parts, and none of them is overdue", "分期", "in parts"),
    ("enforcement could be applied for until 2026-01-01", "申请执行期限至 2026-01-01", "until 2026-01-01"),
)  # fmt: skip


@pytest.mark.parametrize(("why", "zh", "en"), SAID)
def test_each_reason_is_said_in_both_languages(why: str, zh: str, en: str) -> None:
    for language, words in (("zh", zh), ("en", en)):
        told = lack_told(DeskWords(words_of(language)), why)
        assert words in told and "minor units" not in told and "desk." not in told, told
    chinese = lack_told(DeskWords(words_of("zh")), why)
    assert not re.search(r"[a-z]{3}", chinese), f"a word is left in English: {chinese}"


def test_every_reason_that_the_strategy_writes_is_known_here() -> None:
    """The sentences of `_unmet` and what it asks, each with its values put in, fit one of the patterns."""
    text = Path(legal.__file__).read_text(encoding="utf-8")
    body = (
        text[text.index("def _unmet") : text.index("def over_for_good")]
        + text[text.index("def _excluded") : text.index("def _part_failed")]
    )
    written = re.findall(r'yield (f?"[^"]+")', body)
    assert len(written) > 12
    for sentence in written:
        plain = re.sub(r"\{[^}]*fen[^}]*\}|\{most\}|\{told\['least_[^}]*\}", "40000", sentence.strip('f"'))
        plain = plain.replace("{counted(claim.days_past_due, 'day')}", "7 days")
        plain = re.sub(r"\{[^}]*\}", "suit", plain) + (" delivered" if sentence.rstrip('"').endswith("so: ") else "")
        plain = plain.replace("(suit: suit on suit)", "(suit: granted on 2026-01-01)").replace(
            "so: delivered", "so: suit won"
        )
        assert any(re.fullmatch(pattern, plain) for pattern, _ in SAYINGS.values()), plain


def test_what_is_not_known_is_left_as_it_is_written() -> None:
    assert lack_told(DeskWords(words_of("zh")), "the packs know no step 'x' in XX") == ""
