"""Faults: a process may die anywhere; done again, the book is the one nobody killed. `make faults` tries hundreds."""

from collections import Counter
from collections.abc import Iterator

import pytest

from afterloan.store.server import Store
from tests.faults.run import Fault, Faults
from tests.faults.stages import ORDER, without_begun_again


@pytest.fixture(scope="module")
def faults(server: Store, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Faults]:
    made = Faults(server, tmp_path_factory.mktemp("faults"), 5, loans=6, days=45)
    yield made
    made.clear()


@pytest.mark.parametrize("stage", ORDER)
def test_killed_at_any_word_and_done_again_the_book_is_the_same(faults: Faults, stage: str) -> None:
    faults.kill(stage)


@pytest.mark.parametrize("stage", ["close", "drain", "work"])
def test_with_its_connections_cut_and_done_again_the_book_is_the_same(faults: Faults, stage: str) -> None:
    faults.cut(stage)


@pytest.mark.parametrize("stage", ["import", "close"])
def test_two_at_once_come_to_what_one_does(faults: Faults, stage: str) -> None:
    faults.at_once(stage)


def test_a_clock_that_steps_back_sends_nothing_twice(faults: Faults) -> None:
    faults.clock_back()


def test_an_attempt_that_never_arrived_and_was_begun_again_is_one_and_two_that_left_are_two() -> None:
    once = Counter({("contact.attempted", "K", ""): 1, ("contact.ended", "ended:K", "delivered"): 1})
    again = {("contact.attempted", "K", ""): 1, ("contact.attempted", "K~2", ""): 1}
    second = {("contact.ended", "ended:K~2", "delivered"): 1}
    lost = {("contact.ended", "ended:K", "not_connected"): 1}
    twice = {("contact.ended", "ended:K", "delivered"): 1}
    assert without_begun_again(Counter({**again, **lost, **second})) == without_begun_again(once) == once
    assert without_begun_again(Counter({**again, **twice, **second})) != once, "both arrived"
    assert without_begun_again(Counter({**again, **second})) != once, "of the first nobody says what became"


def test_what_is_lost_or_doubled_is_found(faults: Faults) -> None:
    """A comparison that finds nothing wrong in a wrong book would prove nothing."""
    right = faults.right["close"]
    faults.right["close"] = {**right, "facts": right["facts"] + right["facts"]}
    try:
        with pytest.raises(Fault, match="facts lost"):
            faults.kill("close")
    finally:
        faults.right["close"] = right
