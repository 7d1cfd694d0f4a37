"""Engine and second reckoner side by side: every day of many stories, and the smallest story of a difference."""

import copy
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
import yaml

from afterloan.dates import NEVER
from afterloan.loan.book import Book
from afterloan.loan.reckon import reckon_book
from afterloan.loan.terms import State
from tests.loan.golden import book_of, terms_of
from tests.second import reckoner
from tests.second.reckoner import Ledger
from tests.second.stories import Story

TO_ORDINAL = date(1970, 1, 1).toordinal()
AFTER = 45  # days looked at after the last fact
DATES = ("oldest_unpaid_on", "oldest_due_on", "paid_off_on", "accelerated_on")
MOVED = ("refunded", "transferred_in", "transferred_out")
MONEY = {"disbursed", "repaid", "unapplied", "payoff", "accrued_interest", "recovered", *MOVED}
PARTED = {"outstanding", "arrears", "due_today", "paid", "waived", "capitalised", "written_off", "sold"}


@dataclass(frozen=True, slots=True)
class Difference:
    """One figure on which the two disagree."""

    on: date
    known_on: date
    name: str
    engine: Any
    second: Any

    def __str__(self) -> str:
        return f"{self.on} (known {self.known_on}) {self.name}: engine {self.engine}, second {self.second}"


def days_of(story: Story) -> range:
    """From signing to some time after the last fact and the last instalment, as ordinals."""
    told = story["contract"]
    unit = {"days": 1, "weeks": 7, "months": 31, "years": 366}[told.get("unit", "months")] * told.get("every", 1)
    later = sum(fact.get(word, 0) for fact in story["story"] for word in ("deferred", "extended", "interest_only"))
    ends = [told["signed_on"] + timedelta(unit * (told["instalments"] + later))]
    ends += [row[0] for row in story.get("promised", [])]
    ends += [fact[word] for fact in story["story"] for word in ("on", "known_on", "gone_on") if word in fact]
    ends += [f["due_on"] + timedelta(unit * f["reinstalled"]) for f in story["story"] if "reinstalled" in f]
    return range(told["signed_on"].toordinal(), max(ends).toordinal() + AFTER)


def standing(story: Story, known_on: int) -> tuple[int, ...]:
    """Which facts stand as known on a day; one that is known on its day may stand before it, where it does nothing."""
    stands = []
    for k, fact in enumerate(story["story"]):
        known = fact.get("known_on", fact["on"]) == fact["on"] or fact["known_on"].toordinal() <= known_on
        if known and ("gone_on" not in fact or fact["gone_on"].toordinal() > known_on):
            stands.append(k)
    return tuple(stands)


def second_positions(story: Story, until: int = reckoner.NEVER) -> Iterator[tuple[int, int, dict[str, Any]]]:
    """(day, known on, position) as the second reckoner sees it: every day as known then, and as known at the end."""
    terms = terms_of(story).model_dump(mode="json")
    days = days_of(story)
    last = days[-1]
    days = range(days[0], min(last, until) + 1)
    epochs: dict[tuple[int, ...], list[tuple[int, int]]] = {}
    for day in days:
        epochs.setdefault(standing(story, day), []).append((day, day))
        if standing(story, day) != standing(story, last):
            epochs.setdefault(standing(story, last), []).append((day, last))
    for facts, asked in epochs.items():
        ledger = Ledger(terms, story, [story["story"][k] for k in facts])
        for day, known_on in sorted(set(asked)):
            ledger.live(day)
            yield day, known_on, ledger.position()


def joined(books: Sequence[Book]) -> Book:
    """Books of one loan each as one book, each with a product and a calendar of its own."""
    contracts = np.concatenate([book.contracts for book in books])
    contracts["product"] = np.arange(len(books))
    products = np.concatenate([book.products for book in books])
    calendars = [book.calendars for book in books if len(book.calendars)]
    with_days = np.array([len(book.calendars) > 0 for book in books])
    products["calendar"] = np.where(with_days, np.cumsum(with_days) - 1, -1)

    def starts(parts: list[Any]) -> Any:
        return np.concatenate([[0], np.cumsum([len(part) for part in parts])]).astype(np.int64)

    promised, facts = [book.promised for book in books], [book.facts for book in books]
    return Book(
        products, contracts, np.concatenate(promised), starts(promised), np.concatenate(facts), starts(facts),
        np.concatenate(calendars) if calendars else np.zeros((0, 1), bool),
    )  # fmt: skip


def engine_says(position: Any, name: str) -> Any:
    """A figure of a reckoned position in the second reckoner's words."""
    if name == "state":
        return State(int(position["state"])).name.lower()
    if name in DATES:
        on = int(position[name])
        return reckoner.NEVER if on == NEVER else on + TO_ORDINAL
    if name in PARTED:
        return position[f"{name}_fen"].tolist()
    return int(position[f"{name}_fen" if name in MONEY else name])


def differences(stories: Sequence[Story], until: int = reckoner.NEVER) -> list[tuple[int, Difference]]:
    """The first difference of each story that has one, with its place in `stories`."""
    told = joined([book_of(story) for story in stories])
    asked = [{(day, known_on): p for day, known_on, p in second_positions(story, until)} for story in stories]
    first: dict[int, Difference] = {}
    when = sorted({key for positions in asked for key in positions}, key=lambda k: (k[1] != k[0], k))
    for day, known_on in when:
        reckoned = reckon_book(told, day - TO_ORDINAL, known_on - TO_ORDINAL)
        for k, positions in enumerate(asked):
            if k in first or (day, known_on) not in positions:
                continue
            if reckoned[k]["error"]:
                first[k] = Difference(
                    date.fromordinal(day), date.fromordinal(known_on), "error", int(reckoned[k]["error"]), 0
                )
                continue
            for name, second in positions[day, known_on].items():
                engine = engine_says(reckoned[k], name)
                if engine != second:
                    days = date.fromordinal(day), date.fromordinal(known_on)
                    if name.endswith("_on"):
                        engine, second = date.fromordinal(engine), date.fromordinal(second)
                    first[k] = Difference(*days, name, engine, second)
                    break
    return sorted(first.items())


def differs(story: Story, until: int = reckoner.NEVER) -> Difference | None:
    """The first difference of one story."""
    found = differences([story], until)
    return found[0][1] if found else None


def simpler(story: Story) -> Iterator[Story]:
    """Stories that say a little less."""
    for k in range(len(story["story"]) - 1, 0, -1):
        yield story | {"story": story["story"][:k] + story["story"][k + 1 :]}
    for word in list(story["set"]):
        yield story | {"set": {w: v for w, v in story["set"].items() if w != word}}
        inner = story["set"][word]
        if isinstance(inner, dict):
            for w in inner:
                yield story | {"set": story["set"] | {word: {a: b for a, b in inner.items() if a != w}}}
    if "holidays" in story and "shift" not in story["set"]:
        yield {word: value for word, value in story.items() if word != "holidays"}
    for word in ("unit", "every", "first_due_on", "due_dom", "grace_principal", "grace_interest", "interest_free"):
        if word in story["contract"]:
            yield story | {"contract": {w: v for w, v in story["contract"].items() if w != word}}
    for rate in ("0", "1"):
        if story["contract"]["rate_percent"] not in ("0", rate):
            yield story | {"contract": story["contract"] | {"rate_percent": rate}}
    for count in (1, 2, 3):
        if count < story["contract"]["instalments"] and "promised" not in story:
            yield story | {"contract": story["contract"] | {"instalments": count}}
    for k, fact in enumerate(story["story"]):
        for less in simpler_facts(fact):
            yield story | {"story": [*story["story"][:k], less, *story["story"][k + 1 :]]}
    if story["product"] != "equal-principal" and "promised" not in story:
        yield story | {"product": "equal-principal"}


def simpler_facts(fact: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """A fact that is known at once, or of a round amount."""
    for word in ("known_on", "gone_on"):
        if word in fact:
            yield {w: v for w, v in fact.items() if w != word}
    for word in ("repaid", "charged", "waived"):
        if word in fact and not fact[word].endswith("00.00"):
            whole = int(float(fact[word]))
            for amount in ("100.00", f"{whole // 100 * 100}.00", f"{whole}.00"):
                if amount != fact[word] and amount not in ("0.00",):
                    yield fact | {word: amount}


def shrunk(story: Story) -> Story:
    """The smallest story found that still differs."""
    again = True
    first = differs(story)
    assert first, "there is nothing to shrink"
    until = max(first.on, first.known_on).toordinal() + 31
    while again:
        again = False
        for less in simpler(story):
            try:
                found = differs(less, until)
                if found and (found.name == "error") == (first.name == "error"):
                    story, again = copy.deepcopy(less), True
                    break
            except (ValueError, ZeroDivisionError, IndexError, KeyError):
                continue
    return story


class Plain(yaml.SafeDumper):
    """YAML in which a day told twice is written twice."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def inline(value: Any) -> str:
    """A mapping on one line."""
    return yaml.dump(value, Dumper=Plain, default_flow_style=True, width=10_000, sort_keys=False).strip()


def as_yaml(story: Story, difference: Difference) -> str:
    """A story as a golden file, ready for `tests/golden/loan` once its figures are worked out by hand."""
    lines = ["source: second reckoner", f"product: {story['product']}"]
    lines += [f"{word}: {inline(story[word])}" for word in ("set", "contract", "promised", "holidays") if word in story]
    lines += ["story:", *(f"  - {inline(fact)}" for fact in story["story"])]
    return "\n".join([*lines, f"# {difference}"])
