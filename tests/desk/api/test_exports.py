"""Exports over HTTP: whole, by table, a list; marked; held for a second person; had for an hour; ten in an hour."""

import io
import zipfile
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import yaml

from afterloan.enquiry import export
from afterloan.enquiry.export import TAKEN_OUT
from afterloan.expected import BadInput
from afterloan.facts.act import Who
from afterloan.servicing.desk import desk_of
from afterloan.servicing.door import do
from afterloan.store.server import Store
from tests.desk.api.test_works import done, released
from tests.desk.web.served import ON, Served
from tests.strategy.books import borrower, loan


def had(served: Served, out: dict[str, Any]) -> bytes:
    """The archive of an export of finance, by a fresh link."""
    client = served.api("finance")
    link = client.post(f"/v1/exports/{out['id']}/links")
    assert link.status_code == 201, link.text
    file = client.get(link.json()["href"])
    assert file.status_code == 200, file.text
    return file.content


def files(archive: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(archive)) as inside:
        return {name: inside.read(name) for name in inside.namelist()}


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_some_tables_are_taken_out_and_marked_with_who_why_and_what_of_the_book(served: Served, form: str) -> None:
    asked = {"tables": ["contracts", "disbursements"], "form": form, "reason": "year-end audit"}
    out = done(served, "finance", "/v1/exports", "out", json=asked)
    assert out["result"]["personal"] is True and out["result"]["rows"] == 4, "two contracts, two disbursements"
    released(served, "finance", out)
    inside = files(had(served, out))
    assert set(inside) == {f"contracts.{form}", f"disbursements.{form}", TAKEN_OUT}
    read = pl.read_csv if form == "csv" else pl.read_parquet
    assert sorted(read(inside[f"contracts.{form}"])["reference"]) == ["L1", "L2"]
    mark = yaml.safe_load(inside[TAKEN_OUT])
    assert mark["reason"] == "year-end audit" and mark["by"] == out["by"]
    with served.store.connect() as connection:
        last = connection.execute("select max(fact) from fact").fetchone()
    assert last is not None and mark["book"]["fact"] == last[0]
    assert {one["file"]: one["sha256"] for one in mark["files"]} == {
        name: sha256(content).hexdigest() for name, content in inside.items() if name != TAKEN_OUT
    }


def test_a_list_is_taken_out_as_of_a_day_and_no_cell_of_it_is_a_formula(served: Served) -> None:
    with desk_of(served.store) as desk:
        told = {"borrower": "B1", "text": "=HYPERLINK(1)"}
        do(desk, Who("person", "li", ("agent",), "desk"), "case.note", told, "note-1", ON)
    out = done(served, "finance", "/v1/exports", "out", json={"list": "notes", "on": ON.isoformat()})
    assert out["state"] == "done", out
    released(served, "finance", out)
    notes = pl.read_csv(files(had(served, out))["notes.csv"])
    assert notes.to_dicts() == [{"on": "2026-02-10", "borrower": "B1", "by": "li", "note": "'=HYPERLINK(1)"}]
    early = done(served, "finance", "/v1/exports", "early", json={"list": "notes", "on": "2026-02-09"})
    assert early["result"]["rows"] == 0, "it was written on the tenth"


def test_nobody_has_a_file_before_a_second_person_agreed_and_nobody_else_has_it_after(served: Served) -> None:
    out = done(served, "finance", "/v1/exports", "out", json={})
    client, other = served.api("finance"), served.api("administrator")
    held = client.post("/v1/exports/out/links")
    assert (held.status_code, held.json()["reason"]) == (403, "needs-second-person")
    released(served, "finance", out)
    href = client.post("/v1/exports/out/links").json()["href"]
    assert other.get(href).status_code == 404, "what somebody else took out"
    assert other.post("/v1/exports/out/links").status_code == 404
    for bad in ("/v1/exports/out/file", "/v1/exports/out/file?link=x", f"{href}x", "/v1/jobs/out/file"):
        answer = client.get(bad)
        assert (answer.status_code, answer.json()["reason"]) == (403, "link-needed"), bad
    assert [one["file"] for one in client.get("/v1/exports").json()["data"]] == ["free"]
    assert other.get("/v1/exports").json()["data"] == []


def test_a_link_is_good_for_an_hour_and_each_having_stands_on_record_with_the_digest(served: Served) -> None:
    out = done(served, "finance", "/v1/exports", "out", json={"tables": ["borrowers"]})
    released(served, "finance", out)
    client = served.api("finance")
    href = client.post("/v1/exports/out/links").json()["href"]
    served.clock.at += timedelta(minutes=59)
    assert client.get(href).status_code == 200
    served.clock.at += timedelta(minutes=1)
    over = client.get(href)
    assert (over.status_code, over.json()["reason"]) == (403, "link-needed")
    read = served.api("auditor").get("/v1/audit/readings").json()["data"]
    (row,) = [one for one in read if one["what"] == "GET /v1/exports/{export}/file"]
    assert row["rows"] == 2 and row["reason"] == f"borrowers; sha256 {out['result']['sha256']}"


def test_what_names_nobody_waits_for_nobody(served: Served) -> None:
    out = done(served, "finance", "/v1/exports", "out", json={"tables": ["products"]})
    assert out["result"]["personal"] is False
    assert set(files(had(served, out))) == {TAKEN_OUT}, "this book has no product of its own"
    asked = {"json": {"sha256": out["result"]["sha256"]}, "headers": {"idempotency-key": "r"}}
    assert served.api("finance").post("/v1/jobs/out/release?propose=true", **asked).status_code == 409


def test_the_eleventh_within_an_hour_waits_and_the_same_key_counts_once(served: Served) -> None:
    client = served.api("finance")

    def take(key: str) -> Any:
        return client.post("/v1/exports", json={"tables": ["products"]}, headers={"idempotency-key": key})

    assert {take(f"k{n}").status_code for n in range(10)} == {202}
    assert take("k3").status_code == 202, "asked before"
    late = take("k10")
    assert (late.status_code, late.json()["reason"], late.headers["retry-after"]) == (429, "too-many", "3601")
    assert served.api("administrator").get("/v1/jobs/k10").status_code == 404, "nothing was begun"
    served.clock.at += timedelta(hours=1, seconds=1)
    assert take("k10").status_code == 202


@pytest.mark.parametrize(
    ("asked", "where"),
    [
        ({"tables": ["secrets"]}, "/tables"),
        ({"list": "nothing"}, "/list"),
        ({"list": "notes", "tables": ["borrowers"]}, "/list"),
        ({"list": "notes", "on": "2026-02-11"}, "/on"),
    ],
)
def test_what_cannot_be_taken_out_is_refused_before_anything_is_begun(
    served: Served, asked: dict[str, Any], where: str
) -> None:
    answer = served.api("finance").post("/v1/exports", json=asked, headers={"idempotency-key": "k"})
    assert answer.status_code == 422 and answer.json()["errors"][0]["pointer"] == where, answer.text


def test_a_key_of_a_job_stands_for_its_content(served: Served) -> None:
    client = served.api("finance")
    headers = {"idempotency-key": "k"}
    assert client.post("/v1/exports", json={"tables": ["products"]}, headers=headers).status_code == 202
    other = client.post("/v1/exports", json={"tables": ["borrowers"]}, headers=headers)
    assert (other.status_code, other.json()["reason"]) == (422, "key-reused")


def test_all_tables_are_of_one_moment(served: Served, tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A borrower taken in after the first table was read stands in no other: contracts never name a stranger."""
    write = export._write

    def meanwhile(batches: Any, path: Path, form: str) -> int:
        rows = write(batches, path, form)
        if path.stem == "borrowers":
            with served.store.connect() as connection:
                borrower(connection, "B9")
                loan(connection, "L9", "B9", "2026-01-10")
        return rows

    monkeypatch.setattr(export, "_write", meanwhile)
    export.bring_out(served.store, tmp_path)
    assert pl.read_csv(tmp_path / "contracts.csv")["reference"].to_list() == ["L1", "L2"]
    monkeypatch.undo()
    again = tmp_path / "again"
    export.bring_out(served.store, again)
    assert pl.read_csv(again / "contracts.csv")["reference"].to_list() == ["L1", "L2", "L9"]


def test_a_stranger_to_the_book_is_no_table(store: Store, tmp_path: Any) -> None:
    with store.connect() as connection:
        borrower(connection, "B1")
    with pytest.raises(BadInput, match="no such table of a book; there are products, borrowers"):
        export.bring_out(store, tmp_path, tables=["people"])
    with pytest.raises(BadInput, match="no such list; there are exceptions"):
        export.list_out(store, tmp_path, "people", ON)
    assert [(w.file, w.rows) for w in export.bring_out(store, tmp_path, tables=["borrowers"])] == [("borrowers.csv", 1)]
