"""Read a golden story and hold the reckoning against it."""

from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import yaml

from afterloan.dates import NEVER, day, iso
from afterloan.loan.book import Book, Records
from afterloan.loan.reckon import Reckoned, reckon_loan
from afterloan.loan.terms import (
    CONTRACT,
    FACT,
    PROMISED,
    AfterChargeOff,
    ArrearsInterest,
    Component,
    FactKind,
    JudgedPart,
    State,
    Unit,
)
from afterloan.rules.products import ProductTerms, builtin

KINDS = {
    "disbursed": FactKind.DISBURSED,
    "rate_changed": FactKind.RATE_CHANGED,  # to so many percent
    "instalment_agreed": FactKind.INSTALMENT_AGREED,
    "repaid": FactKind.REPAID,
    "charged": FactKind.CHARGED,
    "waived": FactKind.WAIVED,
    "charge_ended": FactKind.CHARGE_ENDED,  # the charge of that place in the terms
    "deferred": FactKind.DEFERRED,  # by so many instalments
    "interest_only": FactKind.INTEREST_ONLY,
    "extended": FactKind.EXTENDED,
    "reinstalled": FactKind.REINSTALLED,  # over so many instalments
    "capitalised_until": FactKind.CAPITALISED_UNTIL,  # `due_on`
    "cycles_agreed": FactKind.CYCLES_AGREED,  # interest with every `count`-th row, principal with every `every`-th
    "penalty_held": FactKind.PENALTY_HELD,
    "penalty_resumed": FactKind.PENALTY_RESUMED,
    "settlement_agreed": FactKind.SETTLEMENT_AGREED,
    "penalty_forgiven": FactKind.PENALTY_FORGIVEN,
    "plan_broken": FactKind.PLAN_BROKEN,
    "charged_off": FactKind.CHARGED_OFF,
    "refunded": FactKind.REFUNDED,
    "refund_returned": FactKind.REFUND_RETURNED,
    "transferred_in": FactKind.TRANSFERRED_IN,
    "transferred_out": FactKind.TRANSFERRED_OUT,
    "accelerated": FactKind.ACCELERATED,
    "judged": FactKind.JUDGED,  # one part of the debt, or a rate, as `part` says
    "acceleration_withdrawn": FactKind.ACCELERATION_WITHDRAWN,
    "written_off": FactKind.WRITTEN_OFF,
    "sold": FactKind.SOLD,
}
MONEY = ("disbursed", "repaid", "charged", "waived", "settlement_agreed", "penalty_forgiven", "sold") + (
    "instalment_agreed",
    "refunded",
    "refund_returned",
    "transferred_in",
    "transferred_out",
)
COUNTED = ("deferred", "interest_only", "extended", "reinstalled")


class Words(yaml.SafeLoader):
    """YAML in which `on` is a word, not a truth value."""


Words.yaml_implicit_resolvers = {
    letter: [(tag, pattern) for tag, pattern in pairs if tag != "tag:yaml.org,2002:bool"]
    for letter, pairs in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def fen(text: str) -> int:
    whole, _, cents = str(text).partition(".")
    return int(whole) * 100 + int(cents.ljust(2, "0") or 0)


def number(value: date | str) -> int:
    return day(value.isoformat() if isinstance(value, date) else value)


@cache
def _builtin() -> dict[str, ProductTerms]:
    return builtin()


def terms_of(story: dict[str, Any]) -> ProductTerms:
    told = _builtin()[story["product"]].model_dump(mode="json") | story.get("set", {})
    return ProductTerms.model_validate(told)


def component_of(kind: str, step: dict[str, Any]) -> int:
    if kind == "reinstalled":
        return int(ArrearsInterest[step.get("interest", "spread").upper()])
    if kind == "interest_only":
        return int(step.get("rows", "stay") == "added")
    if kind == "rate_changed":
        return int(step.get("while_kept") == "true")
    if kind == "plan_broken":
        return int(step.get("moratorium") == "stands")
    if kind == "charge_ended":
        return int(step["charge_ended"]) - 1
    if kind == "judged":
        return int(JudgedPart[step["part"].upper()])
    if kind == "charged_off":
        return int(AfterChargeOff[step["charged_off"].upper()])
    return int(Component[step.get("component", "penalty").upper()])


def book_of(story: dict[str, Any]) -> Book:
    terms = terms_of(story)
    record = terms.record({terms.calendar: 0} if "holidays" in story else None)
    products = np.array([record], dtype=record.dtype)
    told = story["contract"]
    contract = np.zeros(1, CONTRACT)
    contract["principal_fen"] = fen(told["principal"])
    contract["rate"] = terms.rate(told["rate_percent"])
    contract["signed_on"] = number(told["signed_on"])
    contract["unit"] = Unit[told.get("unit", "months").upper()]
    contract["every"] = told.get("every", 1)
    contract["instalments"] = told["instalments"]
    contract["first_due_on"] = number(told["first_due_on"]) if "first_due_on" in told else 0
    for name in ("due_dom", "grace_principal", "grace_interest", "interest_free"):
        contract[name] = told.get(name, 0)
    facts = np.zeros(len(story["story"]), FACT)
    for k, step in enumerate(story["story"]):
        kind = next(name for name in KINDS if name in step)
        on = number(step["on"])
        facts[k]["kind"] = KINDS[kind]
        facts[k]["on"] = on
        facts[k]["known_on"] = number(step.get("known_on", step["on"]))
        facts[k]["gone_on"] = number(step["gone_on"]) if "gone_on" in step else NEVER
        facts[k]["amount_fen"] = fen(step[kind]) if kind in MONEY else 0
        if kind == "rate_changed":
            facts[k]["amount_fen"] = terms.rate(step[kind])
        if kind == "judged":
            facts[k]["amount_fen"] = terms.rate(step[kind]) if step["part"].endswith("rate") else fen(step[kind])
        facts[k]["count"] = step[kind] if kind in COUNTED else step.get("count", 0)
        facts[k]["every"] = step.get("every", 0)
        facts[k]["component"] = component_of(kind, step)
        for name in ("due_on", "from_on"):
            facts[k][name] = number(step[name]) if name in step else 0
    facts = facts[np.lexsort((facts["kind"], facts["on"]))]
    at = np.array([0, len(facts)])
    promised, calendars = promised_of(story), calendars_of(story)
    return Book(products, contract, promised, np.array([0, len(promised)]), facts, at, calendars)


def promised_of(story: dict[str, Any]) -> Records:
    """The rows of an imported schedule: `promised: [[due day, principal, interest, fee], …]`."""
    rows = story.get("promised", [])
    promised = np.zeros(len(rows), PROMISED)
    for row, (due, *amounts) in zip(promised, rows, strict=True):
        row["due_on"] = number(due)
        row["principal_fen"], row["interest_fen"], row["fee_fen"] = (fen(amount) for amount in amounts)
    return promised


def calendars_of(story: dict[str, Any]) -> npt.NDArray[np.bool_]:
    """One calendar in which every day but those of `holidays:` is a business day; none where a story names none."""
    if "holidays" not in story:
        return np.zeros((0, 1), bool)
    business = np.ones((1, day("2036-01-01")), bool)
    business[0, [number(d) for d in story["holidays"]]] = False
    return business


def shown(reckoned: Reckoned, name: str, want: Any) -> Any:
    """What the reckoning says about one line of a story."""
    position, rows = reckoned.position, reckoned.instalments
    if name.startswith("instalment_"):
        row = rows[int(name.removeprefix("instalment_")) - 1]
        return {part: f"{row['due_fen'][Component[part.upper()]] / 100:.2f}" for part in want}
    if name in ("oldest_due_on", "paid_off_on", "written_off_on", "accelerated_on", "next_due_on", "judged_on"):
        return None if position[name] == NEVER else date.fromisoformat(iso(position[name]))
    if name == "paid":
        return {part: f"{position['paid_fen'][Component[part.upper()]] / 100:.2f}" for part in want}
    if name == "due_days":
        return [date.fromisoformat(iso(d)) for d in rows["due_on"]]
    if name == "state":
        return State(int(position["state"])).name.lower()
    if name in ("days_past_due", "grace_days_past_due", "worst_days_past_due", "bucket"):
        return int(position[name])
    owed = np.maximum(rows["due_fen"] - rows["paid_fen"] - rows["waived_fen"], 0)
    amount = {
        "asked_principal": owed[:, Component.PRINCIPAL].sum(),
        "asked_interest": owed[:, Component.INTEREST].sum(),
        "asked": owed.sum(),  # what all rows together still ask for
        "waived": position["waived_fen"].sum(),
        "outstanding_principal": position["outstanding_fen"][Component.PRINCIPAL],
        "penalty": position["penalty_income_fen"],
        "penalty_owed": position["outstanding_fen"][Component.PENALTY],
        "recovered": position["recovered_fen"],
        "written_off": position["written_off_fen"].sum(),
        "capitalised": position["capitalised_fen"].sum(),
        "claim": position["claim_fen"],
        "extra_interest": position["extra_interest_fen"],
        "judged_principal": position["judged_principal_fen"],
        "payoff": position["payoff_fen"],
        "unapplied": position["unapplied_fen"],
        "outstanding": position["outstanding_fen"].sum(),
        "outstanding_fee": position["outstanding_fen"][Component.FEE],
        "interest_income": position["interest_income_fen"],
        "arrears": position["arrears_fen"].sum(),
        "fees": position["charged_fen"][Component.FEE],
        "refunded": position["refunded_fen"],
        "next_due": position["next_due_fen"],
        "due_today": position["due_today_fen"].sum(),
        "total_interest": rows["due_fen"][:, Component.INTEREST].sum(),
    }[name]
    return f"{int(amount) / 100:.2f}"


def differences(path: Path) -> list[str]:
    story = yaml.load(path.read_text(encoding="utf-8"), Words)
    book = book_of(story)
    found = []
    for claim in story["then"]:
        known_on = number(claim["known_on"]) if "known_on" in claim else NEVER
        reckoned = reckon_loan(book, 0, number(claim["on"]), known_on)
        for name, want in claim.items():
            if name not in ("on", "known_on"):
                got = shown(reckoned, name, want)
                if got != want:
                    found.append(f"{claim['on']} {name}: told {want}, reckoned {got}")
    return found
