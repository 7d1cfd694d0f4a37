"""Details of a borrower: changed by dated facts, read as they were on a day and as they were known on another."""

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from afterloan.facts.act import Answer, Refused, Who
from afterloan.intake.book import bring_in
from afterloan.servicing.desk import desk_of
from afterloan.servicing.door import do
from afterloan.store.details import details_of
from afterloan.store.server import Store
from tests.strategy.books import borrower

LEAD = Who("person", "Wang", ("lead",), "keyboard")


def change(store: Store, reference: str, on: str, **asked: Any) -> Answer | Refused:
    with desk_of(store) as desk:
        told = {"borrower": "B1", "reason": "told by phone", **asked}
        return do(desk, LEAD, "person.correct", told, reference, date.fromisoformat(on))


def city(store: Store, on: str, known_on: str) -> Any:
    with store.connect() as connection:
        return details_of(connection, "B1", date.fromisoformat(on), date.fromisoformat(known_on)).attributes.get("city")


def now(store: Store) -> tuple[str, dict[str, Any]]:
    with store.connect() as connection:
        name, attributes = connection.execute("select name, attributes from borrower where reference = 'B1'").fetchone()  # type: ignore[misc]
        told = details_of(connection, "B1")
    assert (told.name, told.attributes) == (name, attributes)  # the row shows what the facts come to
    return name, attributes


def test_late_news_of_an_earlier_day_leaves_the_later_change_standing(store: Store) -> None:
    """In Xi'an first; moved to Chengdu on 5 March, told that day; on the 10th is told that from 1 March it was Wuhan.

              1 Mar      5 Mar         10 Mar (known)
    is:       Wuhan      Chengdu
    """
    with store.connect() as connection:
        borrower(connection, "B1", city="西安")
    assert isinstance(change(store, "c1", "2026-03-05", attributes={"city": "成都"}), Answer)
    done = change(store, "c2", "2026-03-10", attributes={"city": "武汉"}, since="2026-03-01")
    assert isinstance(done, Answer) and done.body == {"borrower": "B1", "changed": ["city"], "since": "2026-03-01"}
    assert now(store)[1]["city"] == "成都"
    for on, known_on, said in (
        ("2026-02-28", "2026-03-31", "西安"),
        ("2026-03-01", "2026-03-09", "西安"),  # as known before the news
        ("2026-03-01", "2026-03-10", "武汉"),
        ("2026-03-04", "2026-03-10", "武汉"),
        ("2026-03-05", "2026-03-05", "成都"),
        ("2026-03-31", "2026-03-31", "成都"),
        ("2026-03-31", "2026-03-04", "西安"),
    ):
        assert city(store, on, known_on) == said, (on, known_on)
    refused = change(store, "c3", "2026-03-10", attributes={"city": "武汉"}, since="2026-03-02")
    assert isinstance(refused, Refused) and "is so already" in refused.why


def test_a_field_is_added_taken_away_and_the_name_changed_with_who_and_why(store: Store) -> None:
    with store.connect() as connection:
        borrower(connection, "B1", mobile="13800138000", id_type="10")
    told = {"id_number": "11010519491231002X", "mobile": None}
    assert isinstance(change(store, "c1", "2026-03-05", attributes=told, name="李四"), Answer)
    assert now(store) == ("李四", {"id_type": "10", "id_number": "11010519491231002X"})
    with store.connect() as connection:
        (event,) = details_of(connection, "B1").changes
        assert (event.by, event.reason, event.before["name"]) == ("Wang", "told by phone", "Name of B1")
        before = details_of(connection, "B1", date(2026, 3, 4))
        assert (before.name, before.attributes["mobile"]) == ("Name of B1", "13800138000")


@pytest.mark.parametrize(
    ("asked", "where"),
    [
        ({"attributes": {"id_number": "110105194912310021"}}, "id_number"),  # looked at with the card's kind on file
        ({"attributes": {"mobile": "12"}}, "mobile"),
        ({"attributes": {"jurisdiction": "cn"}}, "jurisdiction"),
        ({"attributes": {"city": "X"}, "since": "2026-03-06"}, "since"),  # a day ahead
        ({"attributes": {"name": "X"}}, "attributes"),
        ({}, "attributes"),
    ],
)
def test_what_is_refused_leaves_nothing(store: Store, asked: dict[str, Any], where: str) -> None:
    with store.connect() as connection:
        borrower(connection, "B1", id_type="10")
    refused = change(store, "c1", "2026-03-05", **asked)
    assert isinstance(refused, Refused) and refused.where == where
    assert now(store) == ("Name of B1", {"id_type": "10"})


def file(folder: Path, rows: list[tuple[str, str, dict[str, Any]]]) -> Path:
    folder.mkdir(exist_ok=True)
    lines = [
        ",".join((name, on, '"' + json.dumps(told, ensure_ascii=False).replace('"', '""') + '"'))
        for name, on, told in rows
    ]
    text = "reference,known_on,attributes\n" + "\n".join(lines) + "\n"
    (folder / "borrowers.csv").write_text(text, encoding="utf-8")
    return folder


def test_an_import_of_other_content_is_a_dated_change_or_a_refusal_whose_remedy_runs(
    store: Store, tmp_path: Path
) -> None:
    first = file(tmp_path / "a", [("B1", "2026-01-01", {"city": "西安", "mobile": "13800138000"})])
    assert bring_in(store, first)[0].loaded == 1
    later = file(tmp_path / "b", [("B1", "2026-02-01", {"city": "成都"})])
    (report,) = bring_in(store, later)
    assert (report.loaded, report.changed, report.known, report.refused) == (0, 1, 0, 0)
    assert now(store)[1] == {"city": "成都", "mobile": "13800138000"}  # what the row does not name stays
    assert city(store, "2026-01-31", "2026-01-31") == "西安"
    for folder in (later, first):  # the same again, and the old file again, are old news
        (report,) = bring_in(store, folder)
        assert (report.changed, report.known, report.refused) == (0, 1, 0)
    assert now(store)[1]["city"] == "成都"
    other = file(
        tmp_path / "c", [("B1", "2026-02-01", {"city": "武汉"})]
    )  # the same day, another city: which is right?
    (report,) = bring_in(store, other)
    assert (report.changed, report.refused) == (0, 1)
    (line,) = (other / "refused.csv").read_text(encoding="utf-8").splitlines()[1:]
    assert "city of B1 are otherwise since 2026-02-01" in line
    assert "`afterloan correct B1 --reason … --attribute city=武汉`" in line
    assert isinstance(change(store, "c1", "2026-03-05", attributes={"city": "武汉"}), Answer)
    assert now(store)[1]["city"] == "武汉"


def test_an_import_looks_at_attributes_row_by_row(store: Store, tmp_path: Path) -> None:
    rows: list[tuple[str, str, dict[str, Any]]] = [
        ("B1", "2026-01-01", {"mobile": "13800138000"}),
        ("B2", "2026-01-01", {"mobile": "12"}),
        ("B3", "2026-01-01", {"id_type": "10", "id_number": "110105194912310021"}),
        ("B4", "2026-01-01", {"time_zone": "America/New_York"}),
    ]
    folder = file(tmp_path / "a", rows)
    with (folder / "borrowers.csv").open("a", encoding="utf-8") as out:
        out.write('B5,2026-01-01,"{city: X}"\n')  # once a traceback that left the whole file out
    (report,) = bring_in(store, folder)
    assert (report.read, report.loaded, report.refused) == (5, 1, 4)
    told = (folder / "refused.csv").read_text(encoding="utf-8")
    for words in ("is no phone number", "its last sign does not fit", "it is called timezone here", "no JSON object"):
        assert words in told
