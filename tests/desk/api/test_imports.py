"""A book of another system over HTTP: sent, checked, confirmed by an act; a worker killed midway; hostile files."""

import io
import os
import signal
import subprocess
import sys
import time
import zipfile
from pathlib import Path
from typing import Any

import pytest

from afterloan.desk import arriving
from afterloan.desk.work import JobWorker
from afterloan.expected import BadInput
from afterloan.store.server import Store
from tests.desk.web.served import Served
from tests.intake.other_system import AS_OF, FILES, archive
from tests.intake.test_checking import rows_in_all

BOOK_OF = ("borrower", "contract", "promised", "fact", "event", "entry", "import_refusal", "product")


def sent(served: Served, key: str, content: bytes, query: str = "mode=check", seat: str = "finance") -> Any:
    return served.api(seat).post(f"/v1/imports?{query}", headers={"idempotency-key": key}, content=content)


def work(served: Served) -> None:
    while JobWorker(served.store).do_next():
        pass


def with_product(served: Served, key: str) -> dict[str, Any]:
    """The maps as they are proposed, the one thing added that the files do not say: the product."""
    told: dict[str, Any] = served.api("finance").get(f"/v1/imports/{key}").json()
    maps: dict[str, Any] = told["maps"]
    maps["借据主表.csv"]["fixed"] = {"product": "imported"}
    return maps


def checked(served: Served, key: str = "in") -> dict[str, Any]:
    begun = sent(served, key, archive(FILES), f"mode=check&as_of={AS_OF}")
    assert begun.status_code == 202, begun.text
    work(served)
    client = served.api("finance")
    assert client.get(f"/v1/imports/{key}").json()["state"] == "unreadable", "the product is nowhere said"
    again = client.post(
        f"/v1/imports/{key}/checks", headers={"idempotency-key": f"{key}-2"},
        json={"maps": with_product(served, key), "as_of": AS_OF},
    )  # fmt: skip
    assert again.status_code == 202, again.text
    work(served)
    told: dict[str, Any] = client.get(f"/v1/imports/{key}").json()
    return told


def confirmed(served: Served, key: str, digest: str, name: str = "yes") -> Any:
    path = f"/v1/imports/{key}/confirmation"
    return served.api("finance").post(path, headers={"idempotency-key": name}, json={"sha256": digest})


def counts(store: Store) -> dict[str, int]:
    rows = rows_in_all(store)
    return {name: rows[name] for name in BOOK_OF}


def test_what_was_sent_is_checked_and_nothing_of_it_is_in_the_book_until_somebody_confirms(served: Served) -> None:
    before = counts(served.store)
    told = checked(served)
    assert counts(served.store) == before
    assert (told["state"], told["check"]["refused"], told["check"]["differs"]) == ("checked", 2, 2)
    client = served.api("finance")
    refusals = client.get("/v1/imports/in/refusals").json()["data"]
    assert {(r["file"], r["row"], r["column"]) for r in refusals} == {
        ("还款流水.csv", 2, "还款日期"), ("还款流水.csv", 3, "借据号"),
    }  # fmt: skip
    differs = client.get("/v1/imports/in/disagreements?limit=1").json()
    assert differs["next"] == 1 and differs["data"][0]["loan"] == "JJ-2"
    table = client.get("/v1/imports/in/disagreements?format=csv").text.splitlines()
    assert table[0].startswith("file,row,loan,figure,on,theirs,ours,difference") and len(table) == 3
    assert confirmed(served, "in", "0" * 64).status_code == 409, "another content than was looked at"
    assert confirmed(served, "in", told["check"]["sha256"]).status_code == 201
    work(served)
    after = counts(served.store)
    grown = {name: after[name] - before[name] for name in BOOK_OF}
    assert grown == {
        "borrower": 2, "contract": 2, "promised": 4, "fact": 3, "event": 0, "entry": 0, "import_refusal": 2,
        "product": after["product"] - before["product"],
    }  # fmt: skip
    assert client.get("/v1/imports/in").json()["state"] == "done"
    again = confirmed(served, "in", told["check"]["sha256"], "twice")
    assert again.status_code == 409 and "is in already" in again.json()["detail"]
    tasks = served.api("lead").get("/v1/tasks?queue=import").json()["data"]
    waiting = [one for one in tasks if "还款流水" in str(one)]
    assert len(waiting) == 2, "refused rows wait where people see them"


def test_a_map_is_kept_under_its_system_and_the_next_file_is_read_so(served: Served) -> None:
    checked(served)
    client = served.api("finance")
    kept = client.post(
        "/v1/import-maps/old-core", headers={"idempotency-key": "map"}, json={"maps": with_product(served, "in")}
    )
    assert kept.status_code == 201, kept.text
    assert [one["system"] for one in client.get("/v1/import-maps").json()["data"]] == ["old-core"]
    begun = sent(served, "next", archive(FILES), f"mode=check&system=old-core&as_of={AS_OF}")
    assert begun.status_code == 202
    work(served)
    told = client.get("/v1/imports/next").json()
    assert told["state"] == "checked" and told["check"]["maps"]["借据主表.csv"]["fixed"] == {"product": "imported"}


STUCK = """
import sys
from datetime import UTC, datetime
import time
from afterloan.intake import book
from afterloan.desk.work import JobWorker
from afterloan.store.server import Store

load, calls = book.load, []

def slow(*told):
    calls.append(1)
    if len(calls) > int(sys.argv[2]):
        print("stuck", flush=True)
        time.sleep(600)
    return load(*told)

book.load = slow
JobWorker(Store(sys.argv[1])).do_next()
"""


def killed_after(store: Store, batches: int) -> None:
    """A worker of its own takes the next job and is killed (SIGKILL) in its batch after `batches`."""
    child = subprocess.Popen([sys.executable, "-c", STUCK, store.url, str(batches)], stdout=subprocess.PIPE)
    assert child.stdout is not None and child.stdout.readline() == b"stuck\n"
    os.kill(child.pid, signal.SIGKILL)
    child.wait()


def test_an_import_killed_midway_goes_on_and_every_row_is_there_once(served: Served) -> None:
    before = counts(served.store)
    told = checked(served)
    assert confirmed(served, "in", told["check"]["sha256"]).status_code == 201
    for batches in (1, 2, 3):  # killed three times, a file further each time
        killed_after(served.store, batches)
        midway = counts(served.store)
        assert midway["borrower"] - before["borrower"] == 2 and midway["fact"] - before["fact"] < 3
        with served.store.connect() as connection:
            connection.execute("update job set state = 'queued' where state = 'running'")
    worker = JobWorker(served.store)
    worker.start()
    try:
        until = time.monotonic() + 60
        while served.api("finance").get("/v1/imports/in").json()["state"] != "done":
            assert time.monotonic() < until
            time.sleep(0.1)
    finally:
        worker.stop()
    after = counts(served.store)
    assert [after[n] - before[n] for n in ("borrower", "contract", "promised", "fact", "import_refusal")] == [
        2, 2, 4, 3, 2,
    ]  # fmt: skip
    with served.store.connect() as connection:
        acts = connection.execute("select count(*) from act where verb = 'book.import'").fetchone()
    assert acts == (1,), "one act for the run, however often it was begun"


def test_an_import_that_was_stopped_goes_on_when_it_is_confirmed_again(served: Served) -> None:
    told = checked(served)
    first = confirmed(served, "in", told["check"]["sha256"]).json()["job"]
    assert served.api("finance").delete(f"/v1/jobs/{first}").status_code == 202
    assert served.api("finance").get("/v1/imports/in").json()["state"] == "stopped"
    again = confirmed(served, "in", told["check"]["sha256"], "on")
    assert again.status_code == 201 and again.json()["job"] != first
    work(served)
    assert served.api("finance").get("/v1/imports/in").json()["state"] == "done"


def test_who_may_not_read_of_borrowers_sees_no_value_that_could_be_a_person_s(served: Served) -> None:
    rows = 'reference,name,known_on,attributes\nN1,王小明,never,{}\nN2,x,2026-02-10,"{""mobile"": ""139""}"\n'
    assert sent(served, "p", archive({"borrowers.csv": rows}), seat="administrator").status_code == 202
    work(served)
    seen = served.api("administrator").get("/v1/imports/p/refusals")
    assert [r["value"] for r in seen.json()["data"]] == ["···", "···"]
    assert "139" not in served.api("administrator").get("/v1/imports/p/refusals?format=csv").text
    assert "139" in served.api("finance").get("/v1/imports/p/refusals").text
    assert served.api("agent").get("/v1/imports/p/refusals").status_code == 403


@pytest.mark.parametrize(
    ("content", "query", "words"),
    [
        (b"no archive", "mode=check", "archive cannot be read"),
        (b"PK\x03\x04broken", "mode=load", "archive cannot be read"),
        (archive({"readme.txt": "a"}), "mode=load", "readme.txt: is neither .csv nor .parquet"),
        (archive({"a/loans.csv": "a\n", "b/loans.csv": "a\n"}), "mode=check", "loans.csv is there twice"),
        (archive({"..": "a"}), "mode=check", "is no name of a file"),
        (b"reference\nB1\n", "mode=check&name=..", "is no name of a file"),
        (b"reference\nB1\n", "mode=check&name=book.xlsx", "is neither"),
        (b"", "mode=check", "the body is empty"),
    ],
)
def test_what_is_no_book_is_refused_at_the_door(served: Served, content: bytes, query: str, words: str) -> None:
    answer = sent(served, "k", content, query)
    assert answer.status_code == 422 and words in answer.json()["detail"], answer.text
    assert served.api("finance").get("/v1/imports").json()["data"] == []


def test_rows_are_refused_alone_and_a_name_with_folders_stays_in_its_own(served: Served) -> None:
    rows = "reference,name,known_on\nN1,新人,2026-02-10\nN2,x,never\n"
    assert sent(served, "in", archive({"../../borrowers.csv": rows}), "mode=load").status_code == 202
    work(served)
    told = served.api("finance").get("/v1/jobs/in").json()
    assert told["result"]["files"]["borrowers.csv"]["loaded"] == 1 and told["result"]["file"] == "refused.csv"
    assert b"is no day" in served.api("finance").get("/v1/jobs/in/file").content


def test_a_bomb_is_not_unpacked_and_nothing_leaves_its_folder(tmp_path: Path) -> None:
    bomb, many, out = tmp_path / "bomb.zip", tmp_path / "many.zip", tmp_path / "out"
    out.mkdir()
    bomb.write_bytes(archive({"borrowers.csv": "0" * 6_000_000}))
    assert bomb.stat().st_size < 10_000
    with pytest.raises(BadInput, match="unpacks to more than 5000000 bytes"):
        arriving.unpack(bomb, out, 5_000_000)
    many.write_bytes(archive({f"{k}.csv": "" for k in range(41)}))
    with pytest.raises(BadInput, match="41 files"):
        arriving.unpack(many, tmp_path / "out")
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as into:
        into.writestr("/etc/passwd.csv", "a\n")
        into.writestr("..\\..\\up.csv", "a\n")
    slip = tmp_path / "slip.zip"
    slip.write_bytes(made.getvalue())
    arriving.unpack(slip, tmp_path / "out")
    assert {p.name for p in out.iterdir()} == {"borrowers.csv", "passwd.csv", "up.csv"}
    assert not (tmp_path / "up.csv").exists()


def test_a_full_disk_is_not_said_to_be_a_bad_archive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    good = tmp_path / "good.zip"
    good.write_bytes(archive({"borrowers.csv": "reference\n" * 10_000}))
    monkeypatch.setattr(arriving, "free_place", lambda folder, name: Path("/dev/full"))
    with pytest.raises(OSError, match="No space left"):
        arriving.unpack(good, tmp_path)


def test_a_body_beyond_the_setting_is_refused_and_who_may_not_is_told_before(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AFTERLOAN_IMPORT_MOST_MB", "1")
    answer = sent(served, "k", b"x" * 1_000_001)
    assert (answer.status_code, answer.json()["reason"]) == (413, "too-large")
    assert "at most 1000000" in answer.json()["detail"]
    assert sent(served, "k", b"x", seat="agent").status_code == 403
