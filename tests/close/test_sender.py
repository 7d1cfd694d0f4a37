"""Who furnishes is kept once for a bureau, and used by every door for each month that is furnished or looked at."""

from datetime import date
from pathlib import Path

import pytest

from afterloan.close.furnish import FurnishRefused, furnish
from afterloan.close.preview import preview_month
from afterloan.facts.act import Answer, Refused, Who
from afterloan.servicing.desk import desk_of
from afterloan.servicing.door import do
from afterloan.store.server import Store
from tests.bureau.books import book, ready

END, ON = date(2024, 12, 31), date(2025, 1, 4)
NUMBER = "AFT0012345"


def kept(store: Store, reference: str, **sender: str) -> Answer | Refused:
    asked = {"bureau": "metro2", "sender": sender}
    with desk_of(store) as desk:
        answer = do(desk, Who("person", "lead-wang", ("lead",), "keyboard"), "settings.sender", asked, reference, ON)
    assert isinstance(answer, Answer | Refused)
    return answer


def test_a_sender_that_is_kept_furnishes_every_month_until_it_is_taken_back(store: Store, tmp_path: Path) -> None:
    book(store, tmp_path / "book", 30)
    ready(store, END, "metro2")
    with pytest.raises(FurnishRefused, match="afterloan bureau sender"):
        furnish(store, END, "metro2", tmp_path)
    assert isinstance(kept(store, "s1", identification_number=NUMBER), Answer)
    *_, (_, seen) = preview_month(store, END, "metro2")
    assert seen.counts()["new"] > 0
    made = furnish(store, END, "metro2", tmp_path)
    assert NUMBER.encode() in made.file.read_bytes()
    other = furnish(store, END, "metro2", tmp_path, ON, {"identification_number": "OTHER12345"})
    assert NUMBER.encode() not in other.file.read_bytes(), "what is told this time goes before what is kept"
    assert isinstance(kept(store, "s2"), Answer)
    with pytest.raises(FurnishRefused, match="identification_number"):
        furnish(store, END, "metro2", tmp_path, ON)


def test_a_number_that_is_a_filler_is_not_kept(store: Store) -> None:
    answer = kept(store, "s1", identification_number="99999")
    assert isinstance(answer, Refused) and "not all 0 or 9" in str(answer)
