"""`docs/reckoning.md` says of each product what its pack says."""

from tests.house.reckoning_tables import PAGE, PLACE, TABLES, written


def test_the_tables_are_those_of_the_packs() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert written(text) == text, "run: python -m tests.house.reckoning_tables"
    assert {found[2] for found in PLACE.finditer(text)} == set(TABLES)
    assert "| on day 4 after the due date, counted from the due date |" in text
