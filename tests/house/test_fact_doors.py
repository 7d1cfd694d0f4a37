"""Every class of fact has a verb that tells it, or stands here with the reason why nobody tells it by itself."""

import inspect
import re
from pathlib import Path

from afterloan import facts
from afterloan.facts import Fact
from afterloan.facts.events import KINDS, Event, _import_kinds
from afterloan.servicing.verbs import VERBS

SERVICING = Path(__file__).parents[2] / "src" / "afterloan" / "servicing"
PLAN = "a step of a plan: `plan.accept` tells it when the borrower accepts"
LINE = "a change of a credit line: `limit.change` tells it, or a rule of the night"
WAYS = "what became of a message: the drain tells it, or a file of receipts"
DEBIT = "what became of a debit: `debit.result` and `debit.results` tell it"
IMPORTED = "what a former system knew: it comes with the book that is imported"
SIGNED = "signed with the contract: it comes with the book that is imported"
WITHOUT_VERB = {
    "Deferred": PLAN,
    "InterestOnly": PLAN,
    "Extended": PLAN,
    "Reinstalled": PLAN,
    "PenaltyForgiven": PLAN,
    "SettlementAgreed": PLAN,
    "InstalmentAgreed": SIGNED,
    "CapitalisedUntil": SIGNED,
    "CyclesAgreed": SIGNED,
    "ActionWithdrawn": "what an act ends: `servicing/after.py` and the night tell it",
    "CorrectionFurnished": "what a furnishing amended: the month tells it",
    "Adjudged": "the sum of a judgment: `legal.end` tells it with the outcome of the step",
    "FurnishedBefore": IMPORTED,
    "LegalTakenOver": IMPORTED,
    "LimitOffered": "a wider line offered by the rule of the night; `limit.accept` answers it",
    "LimitSet": LINE,
    "LimitReduced": LINE,
    "LimitFrozen": LINE,
    "BorrowingBarred": LINE,
    "BarLifted": LINE,
    "MessageSent": WAYS,
    "MessageFailed": WAYS,
    "MessageDelivered": WAYS,
    "MessageBounced": WAYS,
    "MessageOpened": WAYS,
    "DebitFailed": DEBIT,
    "DebitReturned": DEBIT,
}
"""Facts without a verb of their own, and why."""


def classes() -> dict[str, type]:
    _import_kinds()
    money = [c for _, c in inspect.getmembers(facts, inspect.isclass) if issubclass(c, Fact) and c is not Fact]
    events: list[type[Event]] = list(KINDS.values())
    return {c.__name__: c for c in (*money, *events)}


def test_every_fact_can_be_told_at_a_door_or_says_why_not() -> None:
    told_as_they_are = {v.place.split(":")[-1] for v in VERBS if v.place.startswith(("event:", "fact:"))}
    text = "\n".join(path.read_text(encoding="utf-8") for path in SERVICING.glob("*.py"))
    rooms = [SERVICING.parent / room for room in ("store", "strategy")]
    stores = "\n".join(path.read_text(encoding="utf-8") for room in rooms for path in room.glob("*.py"))
    missing = []
    for name in classes():
        made = re.search(rf"\b{name}\(|read_event\({name}\b|\"{name}\"", text + stores)
        if name not in told_as_they_are and not made and name not in WITHOUT_VERB:
            missing.append(name)
    assert missing == [], "give it a verb in servicing/verbs.py, or write the reason here"


def test_the_list_of_reasons_names_no_fact_that_is_gone_or_has_a_verb() -> None:
    told_as_they_are = {v.place.split(":")[-1] for v in VERBS if v.place.startswith(("event:", "fact:"))}
    assert set(WITHOUT_VERB) <= set(classes())
    assert not set(WITHOUT_VERB) & told_as_they_are
