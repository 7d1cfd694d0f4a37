"""Works on the whole book: jobs with files, each begun by whoever may, taken out and brought in again the same."""

import io
import zipfile
from typing import Any

import pytest

from afterloan.close import close_through
from afterloan.desk.work import JobWorker
from tests.desk.web.served import Served
from tests.strategy.books import day_of


def done(served: Served, seat: str, path: str, key: str, **sent: Any) -> dict[str, Any]:
    client = served.api(seat)
    begun = client.post(path, headers={"idempotency-key": key}, **sent)
    assert begun.status_code == 202, begun.text
    assert JobWorker(served.store).do_next()
    told: dict[str, Any] = client.get(begun.headers["location"]).json()
    return told


def released(served: Served, seat: str, told: dict[str, Any]) -> None:
    """The file of a job is proposed by whoever made it and agreed to by a lead."""
    asked = {"json": {"sha256": told["result"]["sha256"]}, "headers": {"idempotency-key": f"release-{told['id']}"}}
    proposed = served.api(seat).post(f"/v1/jobs/{told['id']}/release?propose=true", **asked)
    assert proposed.status_code == 201, proposed.text
    lead = served.api("lead")
    (waits,) = [one for one in lead.get("/v1/approvals").json()["data"] if one["what"] == "file.release"]
    assert waits["would"]["file"] == told["result"]["file"] and waits["would"]["made_by"]
    match = {"if-match": f'"{waits["sha256"]}"'}
    assert lead.post(f"/v1/approvals/{waits['reference']}/approval", headers=match).status_code == 201


def archive(**files: str) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as into:
        for name, text in files.items():
            into.writestr(name, text)
    return made.getvalue()


def test_a_book_taken_out_is_the_same_brought_in(served: Served) -> None:
    out = done(served, "finance", "/v1/exports", "out", json={})
    assert out["state"] == "done", out
    client = served.api("finance")
    released(served, "finance", out)
    link = client.post("/v1/exports/out/links")
    assert link.status_code == 201, link.text
    file = client.get(link.json()["href"])
    assert file.status_code == 200 and 'filename="book.zip"' in file.headers["content-disposition"]
    names = zipfile.ZipFile(io.BytesIO(file.content)).namelist()
    assert {"borrowers.csv", "contracts.csv", "disbursements.csv"} <= set(names)
    again = done(served, "finance", "/v1/imports", "in", content=file.content)
    assert again["state"] == "done", again
    counts = again["result"]["files"]["contracts.csv"]
    assert (counts["read"], counts["loaded"], counts["known"], counts["refused"]) == (2, 0, 2, 0)


def test_rows_that_cannot_be_taken_are_refused_alone_and_had_as_a_file(served: Served) -> None:
    rows = "reference,name,known_on\nN1,新人,2026-02-10\nN2,x,never\n"
    told = done(served, "finance", "/v1/imports", "in", content=archive(**{"../../borrowers.csv": rows}))
    assert told["state"] == "done", told
    assert told["result"]["files"]["borrowers.csv"]["loaded"] == 1 and told["result"]["file"] == "refused.csv"
    assert b"N2" not in served.api("finance").get("/v1/borrowers?q=N2").content
    assert b"is no day" in served.api("finance").get("/v1/jobs/in/file").content


def test_a_month_is_furnished_and_its_file_had_by_those_who_furnish(served: Served) -> None:
    close_through(served.store, day_of("2026-02-09"))
    told = done(served, "bureau", "/v1/bureaus/pboc/months/2026-01-31/furnishings", "jan", json={})
    assert told["state"] == "done" and told["result"]["reportable"] == 2, told
    assert served.api("bureau").get("/v1/jobs/jan/file").status_code == 403, "nobody else has looked yet"
    released(served, "bureau", told)
    assert served.api("bureau").get("/v1/jobs/jan/file").status_code == 200
    months = served.api("lead").get("/v1/bureaus/pboc/months").json()["data"]
    assert [(m["month_end"], m["rows"]) for m in months] == [("2026-01-31", told["result"]["told"])]
    assert served.api("agent").get("/v1/jobs/jan/file").status_code == 404


@pytest.mark.parametrize(
    ("seat", "path", "sent"),
    [
        ("agent", "/v1/exports", {"json": {}}),
        ("agent", "/v1/imports", {"content": b"x"}),
        ("agent", "/v1/trials", {"json": {"first": "2026-02-01", "last": "2026-02-02"}}),
        ("finance", "/v1/bureaus/pboc/months/2026-01-31/furnishings", {"json": {}}),
        ("agent", "/v1/plans/watches", {}),
    ],
)
def test_who_may_not_begin_a_work_is_told_so(served: Served, seat: str, path: str, sent: dict[str, Any]) -> None:
    answer = served.api(seat).post(path, headers={"idempotency-key": "k"}, **sent)
    assert (answer.status_code, answer.json()["reason"]) == (403, "not-permitted")


def test_plans_are_watched_and_a_trial_has_its_days(served: Served) -> None:
    assert done(served, "finance", "/v1/plans/watches", "w")["result"] == {"plans": {}}
    long = served.api("lead").post(
        "/v1/trials", json={"first": "2024-01-01", "last": "2026-01-01"}, headers={"idempotency-key": "t"}
    )
    assert (long.status_code, long.json()["reason"]) == (422, "invalid")


def test_only_the_very_file_that_was_made_is_released_and_never_by_one_person(served: Served) -> None:
    out = done(served, "finance", "/v1/exports", "out", json={})
    client = served.api("finance")

    def asked(job: str, digest: str, key: str, propose: bool = True) -> tuple[int, str]:
        path = f"/v1/jobs/{job}/release" + ("?propose=true" if propose else "")
        answer = client.post(path, json={"sha256": digest}, headers={"idempotency-key": key})
        return answer.status_code, str(answer.json().get("reason", ""))

    digest = out["result"]["sha256"]
    assert asked("out", digest, "R-1", propose=False) == (403, "needs-second-person")
    assert asked("out", "0" * 64, "R-2")[0] == 409, "another content"
    assert asked("nothing", digest, "R-3")[0] == 404
    rows = archive(**{"borrowers.csv": "reference,name,known_on\nN2,x,never\n"})
    known = done(served, "finance", "/v1/imports", "in", content=rows)
    assert asked("in", known["result"]["sha256"], "R-4")[0] == 409, "refused rows go back to whoever sent them"
