"""Every worked number of `docs/reckoning.md` is reckoned."""

import re
from pathlib import Path

import pytest

from tests.loan.golden import differences

PAGE = Path(__file__).parents[2] / "docs" / "reckoning.md"
STORIES = re.findall(r"```yaml\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)


@pytest.mark.parametrize("number", range(len(STORIES)))
def test_what_the_page_tells_is_what_is_reckoned(number: int, tmp_path: Path) -> None:
    story = tmp_path / "story.yaml"
    story.write_text(STORIES[number], encoding="utf-8")
    assert differences(story) == []


def test_every_section_has_a_worked_number() -> None:
    sections = PAGE.read_text(encoding="utf-8").split("\n## ")[1:-1]
    assert [s.split("\n")[0] for s in sections if "```yaml" not in s] == []
    assert len(STORIES) >= 10
