"""What a step of law still lacks, in the words of the page: the reasons of `strategy/legal.py`, one pattern each."""

import re
from collections.abc import Callable

from afterloan.desk.workbench.said import DeskWords
from afterloan.money import show_amount

Found = re.Match[str]


def _money(fen: str) -> str:
    return show_amount(int(fen.replace(",", "")), group=",")


def _outcomes(t: DeskWords, text: str) -> str:
    return t("desk.lacks.or").join(t.step_state(name.strip()) for name in text.split(" or "))


def _course(t: DeskWords, text: str) -> str:
    """`demand_letter delivered or refused, suit dismissed` in the page's words."""
    parts = [part.strip().split(" ", 1) for part in text.split(", ")]
    return ", ".join(f"{t.step(step)}{t('desk.colon')}{_outcomes(t, outcomes)}" for step, outcomes in parts)


SAYINGS: dict[str, tuple[str, Callable[[DeskWords, Found], dict[str, str]]]] = {
    "held": (r"a hold stops legal steps: (.+)", lambda t, m: {"hold": t.hold(m[1].replace(" ", "_"))}),
    "nothing_begun": (r"no legal step has begun that could be discontinued", lambda t, m: {}),
    "days": (r"([\d,]+) days? past due, at least (\d+) are needed", lambda t, m: {"n": m[1], "least": m[2]}),
    "amount": (r"(\d+) minor units owed, at least (\d+) minor units are needed",
               lambda t, m: {"owed": _money(m[1]), "least": _money(m[2])}),
    "evidence": (r"no evidence of (\w+) is kept", lambda t, m: {"what": t("desk.legal.proves." + m[1])}),
    "not_after": (r"no (\w+) has been (.+)", lambda t, m: {"step": t.step(m[1]), "outcome": _outcomes(t, m[2])}),
    "answer_by": (r"the debtor has until (\S+) to answer the (\w+)",
                  lambda t, m: {"until": m[1], "step": t.step(m[2])}),
    "under_way": (r"(\w+) is under way already", lambda t, m: {"step": t.step(m[1])}),
    "one_court": (r"(\w+) is under way; only one of them can be before a court", lambda t, m: {"step": t.step(m[1])}),
    "decided": (r"decided already \((\w+): (\w+) on (\S+)\); it can only be enforced",
                lambda t, m: {"step": t.step(m[1]), "outcome": t.step_state(m[2]), "on": m[3]}),
    "over": (r"the claim is not pursued any further \((.+)\)", lambda t, m: {"why": _ended(t, m[1])}),
    "none_of": (r"none of these has ended so: (.+)", lambda t, m: {"course": _course(t, m[1])}),
    "not_due": (r"(\d+) minor units of it are not due yet: call the rest of the loan due by notice first",
                lambda t, m: {"amount": _money(m[1])}),
    "unnoticed": (r"the notice that called it due has not been delivered: .+", lambda t, m: {}),
    "lapsed": (r"the period of limitation ended on (\S+)", lambda t, m: {"on": m[1]}),
    "too_much": (r"(\d+) minor units is above the (\d+) minor units of a small claim",
                 lambda t, m: {"amount": _money(m[1]), "most": _money(m[2])}),
    "no_title": (r"nothing can be enforced: no order, judgment or confirmed agreement is in force", lambda t, m: {}),
    "perform_by": (r"the debtor has until (\S+) to perform it", lambda t, m: {"until": m[1]}),
    "in_parts": (r"the court lets the debtor pay in parts, and none of them is overdue", lambda t, m: {}),
    "too_late": (r"enforcement could be applied for until (.+)", lambda t, m: {"until": m[1]}),
}  # fmt: skip
"""By the key of its words: how a reason is written, and what of it is put into the words."""


def _ended(t: DeskWords, text: str) -> str:
    """What closed a claim: `discontinuance: discontinued` in the page's words, anything else as it is written."""
    step, _, outcome = text.partition(": ")
    return f"{t.step(step)}: {t.step_state(outcome)}" if outcome else t.step(text)


def lack_told(t: DeskWords, why: str) -> str:
    """A reason in the page's words; "" where it is none of those known: it is shown as it is written.

    `lack_told(zh, "7 days past due, at least 30 are needed") == "逾期 7 天，至少需 30 天"`.
    """
    for key, (pattern, values) in SAYINGS.items():
        found = re.fullmatch(pattern, why)
        if found:
            return t(f"desk.lacks.{key}", **values(t, found))
    return ""
