"""Three pages of the portal as a screen reader has them: what I owe, paying, the way back, kept as text to be read.

Where a page changes on purpose the text is written anew: `AFTERLOAN_SPOKEN=write` beside the test, then read it.
"""

import os
from pathlib import Path

import pytest

from tests.desk.portal.house import book, opens, seen
from tests.desk.workbench.browsed import Browsing

__all__ = ["book", "opens", "seen"]
SPOKEN = Path(__file__).parent / "spoken"
PAGES = {"what-i-owe": "/", "pay": "/pay", "way-back": "/way-back/L1"}


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_told_as_it_was_read(seen: Browsing, name: str) -> None:
    seen.go(PAGES[name])
    told = seen.page.locator("body").aria_snapshot() + "\n"
    kept = SPOKEN / f"{name}.yaml"
    if os.environ.get("AFTERLOAN_SPOKEN") == "write":
        kept.write_text(told, encoding="utf-8")
    assert told == kept.read_text(encoding="utf-8")
