"""The app's ticket, one's own sittings, people who leave, and programs that ask too fast."""

import re
from datetime import timedelta

import pyotp
from httpx import Response
from starlette.testclient import TestClient

from afterloan.desk.identity.accounts import open_account
from afterloan.desk.web.speed import EACH_SECOND
from afterloan.store.settings import Setting, set_parts
from tests.desk.web.served import Served

PASSWORD = "grey heron at dawn"


def program(served: Served, *scopes: str) -> TestClient:
    made = served.api("administrator").post("/v1/keys", json={"name": f"key-{'-'.join(scopes)}", "scopes": scopes})
    client = served.browser("api")
    client.headers["authorization"] = f"Bearer {made.json()['key']}"
    return client


def test_a_ticket_of_the_app_lets_in_once_within_a_minute(served: Served) -> None:
    app = program(served, "portal.ticket")
    first, late = (app.post("/v1/portal-tickets", json={"borrower": "B2"}).json()["path"] for _ in range(2))
    phone = served.browser("my")
    assert phone.get(first).status_code == 303
    assert phone.get("/my/summary").json()["mine"]["borrower"] == "B2"
    assert served.browser("my").get(first).status_code == 422, "it was used"
    served.clock.at += timedelta(seconds=60)
    assert served.browser("my").get(late).status_code == 422, "it is over"
    assert served.browser("my").get("/ticket/x").status_code == 422
    assert app.post("/v1/portal-tickets", json={"borrower": "B9"}).status_code == 404
    assert program(served, "book.read").post("/v1/portal-tickets", json={"borrower": "B2"}).status_code == 403
    assert served.api("lead").post("/v1/portal-tickets", json={"borrower": "B2"}).status_code == 403


def test_a_person_signs_out_elsewhere_and_whoever_is_disabled_is_out_at_once(served: Served) -> None:
    real = Served(served.store, demo=False)
    with real.store.connect(autocommit=True) as connection:
        set_parts(connection, Setting.ROLES, {"wang": ["lead"], "feng": ["administrator"]})
        made = {name: pyotp.parse_uri(open_account(connection, name, PASSWORD, real.clock())[0])
                for name in ("wang", "feng")}  # fmt: skip

    def signed_in(person: str) -> TestClient:
        real.clock.at += timedelta(seconds=60)
        code = made[person].at(real.clock())  # type: ignore[attr-defined]
        browser = real.browser("desk")
        assert browser.post("/sign-in", data={"person": person, "password": PASSWORD, "code": code}).status_code == 303
        return browser

    first, second, admin = signed_in("wang"), signed_in("wang"), signed_in("feng")
    rows = second.get("/v1/me/sittings").json()["data"]
    assert [row["here"] for row in rows] == [True, False]
    assert admin.delete(f"/v1/me/sittings/{rows[1]['sitting']}").status_code == 404, "it is somebody else's"
    assert second.delete(f"/v1/me/sittings/{rows[1]['sitting']}").status_code == 200
    assert first.get("/v1/me").status_code == 401 and second.get("/v1/me").status_code == 200

    def disable(browser: TestClient, person: str) -> Response:
        token = re.search(r'name="token" value="([^"]+)"', browser.get("/passkeys").text)
        assert token is not None
        return browser.post(f"/v1/people/{person}/disablement", headers={"idempotency-key": token[1]})

    assert disable(second, "wang").status_code == 403
    assert disable(admin, "feng").status_code == 409, "the last administrator cannot leave"
    assert disable(admin, "wang").json()["ended"] == 1
    assert second.get("/v1/me").status_code == 401 and second.get("/").status_code == 303
    people = {row["person"]: row["disabled"] for row in admin.get("/v1/people").json()["data"]}
    assert people == {"feng": False, "wang": True}
    assert disable(admin, "nobody").status_code == 404
    with real.store.connect() as connection:
        acts = connection.execute("select verb, who, asked->>'person' from act where verb like 'people.%%'").fetchall()
    assert acts == [("people.disable", "feng", "wang")], "who let whom go is on record"


def test_a_program_that_asks_too_fast_waits_a_second(served: Served) -> None:
    one, other = program(served, "book.read"), program(served, "report.read")
    answers = [one.get("/v1/me") for _ in range(EACH_SECOND + 1)]
    assert [a.status_code for a in answers] == [200] * EACH_SECOND + [429]
    assert answers[0].headers["ratelimit"] == '"key";r=49;t=1'
    assert (answers[-1].json()["reason"], answers[-1].headers["retry-after"]) == ("too-many", "1")
    assert other.get("/v1/me").status_code == 200, "each key has its own"
    served.clock.at += timedelta(seconds=0.5)
    assert [one.get("/v1/me").status_code for _ in range(26)] == [200] * 25 + [429], "half a second: half of them"
