"""Two reckonings that share nothing say the same of every day of made-up loans."""

from datetime import date
from typing import Any

import pytest

from tests.second import compare
from tests.second.compare import as_yaml, differences, differs, shrunk
from tests.second.reckoner import Ledger
from tests.second.stories import Story, story_of

STORIES = 100
AT_ONCE = 50


@pytest.mark.parametrize("first", range(0, STORIES, AT_ONCE))
def test_the_second_reckoner_agrees_on_every_day(first: int) -> None:
    told = [story_of(seed) for seed in range(first, first + AT_ONCE)]
    for k, difference in differences(told)[:1]:
        least = shrunk(told[k])
        raise AssertionError(f"seed {first + k}: {difference}\n{as_yaml(least, differs(least) or difference)}")


def test_a_difference_is_found_shrunk_and_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """The net holds: a reckoner that forgets grace is caught, and the story told is one unpaid instalment."""
    honest = Ledger

    def graceless(terms: dict[str, Any], *told: Any) -> Ledger:
        return honest(terms | {"grace": {"penalty_days": 0, "fee_days": 0, "bureau_days": 0}}, *told)

    story: Story = {
        "product": "jiebei-equal",
        "set": {"rounding": "half_even"},
        "contract": {
            "principal": "1000.00",
            "rate_percent": "0.05",
            "signed_on": date(2026, 1, 10),
            "instalments": 3,
        },
        "story": [
            {"on": date(2026, 1, 10), "disbursed": "1000.00"},
            {"on": date(2026, 1, 12), "repaid": "1.00"},
        ],
    }
    assert differs(story) is None
    monkeypatch.setattr(compare, "Ledger", graceless)
    least = shrunk(story)
    found = differs(least)
    assert found and found.name in ("grace_days_past_due", "outstanding", "state")
    assert len(least["story"]) == 1 and least["contract"]["instalments"] == 1
    assert as_yaml(least, found).startswith("source: second reckoner\nproduct: ")
