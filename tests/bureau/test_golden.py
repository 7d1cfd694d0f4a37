"""Every golden story of the bureau room."""

from pathlib import Path

import pytest

from tests.bureau.golden import differences

STORIES = sorted((Path(__file__).parents[1] / "golden" / "bureau").glob("*.yaml"))


@pytest.mark.parametrize("path", STORIES, ids=[p.stem for p in STORIES])
def test_story(path: Path) -> None:
    assert differences(path) == []


def test_there_are_stories() -> None:
    assert len(STORIES) >= 10
