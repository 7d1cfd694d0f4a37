"""What every verb asks is bounded before anything is reckoned with it."""

import pytest
from pydantic import ValidationError

from afterloan.servicing.asked import MOST_FEN
from afterloan.servicing.verbs import VERBS

AMOUNTS = [(verb, name) for verb in VERBS for name in verb.asked.model_fields if name.endswith("_fen")]


@pytest.mark.parametrize("value", [MOST_FEN + 1, -MOST_FEN - 1, str(MOST_FEN + 1), 10**30], ids=str)
def test_no_verb_takes_an_amount_beyond_ten_thousand_million(value: object) -> None:
    """The facts and events hold 10^12 minor units: what is beyond is refused where it enters, never by a later room."""
    assert len(AMOUNTS) > 15
    for verb, name in AMOUNTS:
        with pytest.raises(ValidationError) as refused:
            verb.asked.model_validate({name: value})
        assert any(error["loc"] == (name,) for error in refused.value.errors()), f"{verb.name} {name}"
