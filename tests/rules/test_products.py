"""Products that cannot mean what they say are refused where they are read: what, where, and the remedy."""

from typing import Any

import pytest
import yaml

from afterloan.rules.products import ProductRefused, ProductTerms, builtin, read_products

PLAIN = builtin()["equal-principal"].model_dump(mode="json")
DUE = [f"{timing} {part}" for timing in ("past_due", "due") for part in ("penalty", "fee", "interest", "principal")]
AHEAD = [f"in_advance {part}" for part in ("penalty", "fee", "interest", "principal")]
BARE = ["interest", "principal", "fee", "penalty"]
STAYS = {"accrual": "scheduled", "payoff_interest": "scheduled"}  # interest that was signed is owed whole


def read(changed: dict[str, Any]) -> ProductTerms:
    return read_products(yaml.safe_dump(PLAIN | changed), "mine.yaml")[0]


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"order": [*DUE[1:], *AHEAD]}, "order: 'past_due penalty' is left out, so that money would never meet it"),
        ({"order": [*DUE[:5], *DUE[6:]]}, "order: 'due fee' is left out"),
        ({"order": BARE[:3]}, "order: 'penalty' is left out, .* add a line for it"),
        ({"order": [*BARE, "fee"]}, "order: 'fee' stands twice; keep its first line"),
        ({"order": BARE, "direction": "vertical"}, "direction: vertical .* take direction horizontal"),
        ({"order": BARE, "in_advance": "spread"}, "in_advance: .* leave in_advance out"),
        ({"order": [*AHEAD, *DUE]}, "order: 'in_advance penalty' stands before debt .* put the in_advance lines last"),
        ({"order": [*AHEAD, *DUE], "direction": "vertical"}, "put the in_advance lines last"),
        ({"order": [*DUE[:4], *AHEAD, *DUE[4:]]}, "put the in_advance lines last"),
        ({"order": [*DUE[:2], *DUE[4:6], *DUE[2:4], *DUE[6:]]}, "group them by timing, or take direction vertical"),
        ({"direction": "vertical", "in_advance": "next_then_last"}, "take next_instalment or last_instalment"),
        ({"accrual": "scheduled", "past_due_bears_interest": True}, "take accrual actual, or leave it out"),
        ({"payoff_interest": "scheduled"}, "take accrual scheduled, or payoff_interest earned"),
        ({"method": "imported", "accrual": "scheduled", "early": "reduce_number"}, "take adjust_last"),
        ({"method": "flat", "accrual": "scheduled", "early": "reduce_number"}, "take adjust_last or reduce_instalment"),
        # signed interest owed whole: 10,000.00 at 24 % over three, 5,000.00 paid twice would end what 10,394.03 ends
        ({**STAYS, "early": "reduce_instalment"}, "take adjust_last, or payoff_interest earned"),
        ({**STAYS, "early": "reduce_number"}, "take adjust_last, or payoff_interest earned"),
        ({"shift": "following"}, "name a calendar, or take shift none"),
        ({"shift_interest": False, "past_due_bears_interest": True}, "take one of them"),
        ({"buckets": [1, 31, 31]}, "sort them and drop equal ones"),
        ({"buckets": [0, 31]}, "must rise from 1 on"),
        ({"down_payment_percent": "100.01"}, "write at most 100"),
    ],
)
def test_refused_with_file_product_and_remedy(changed: dict[str, Any], why: str) -> None:
    with pytest.raises(ProductRefused, match=why) as refused:
        read(changed)
    assert str(refused.value).startswith("mine.yaml: product equal-principal: ")


@pytest.mark.parametrize(
    "changed",
    [
        {"order": DUE},  # money ahead waits
        {"order": [*DUE, "in_advance principal"]},
        {"order": BARE},
        {"order": [*DUE[4:], *DUE[:4], *AHEAD]},
        {"order": [*DUE[:2], *DUE[4:6], *DUE[2:4], *DUE[6:], *AHEAD], "direction": "vertical"},
        {"direction": "vertical", "in_advance": "last_instalment"},
        {"in_advance": "spread"},
        {"accrual": "scheduled", "payoff_interest": "scheduled"},
        {"method": "flat", "accrual": "scheduled", "payoff_interest": "scheduled", "early": "reduce_instalment"},
        {"accrual": "scheduled", "early": "reduce_instalment"},
        {"past_due_bears_interest": True},
        {"shift_interest": False, "shift": "preceding", "calendar": "cn"},
        {"down_payment_percent": "100"},
    ],
)
def test_taken(changed: dict[str, Any]) -> None:
    assert read(changed).record()["orders"] == len(changed.get("order", PLAIN["order"]))
