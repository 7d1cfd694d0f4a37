"""Golden stories: loans told by date in plain numbers, worked out outside the code."""

from pathlib import Path

import pytest

from tests.loan.golden import differences

STORIES = sorted((Path(__file__).parents[1] / "golden" / "loan").glob("*.yaml"))


@pytest.mark.parametrize("path", STORIES, ids=[p.stem for p in STORIES])
def test_story(path: Path) -> None:
    assert differences(path) == []


def test_there_are_stories() -> None:
    assert len(STORIES) >= 12
