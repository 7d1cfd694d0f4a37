"""The page of administration without a browser: roles, appointments, people who leave, keys; closed to all others."""

import re
from pathlib import Path

import pytest

from afterloan.store.server import Store
from afterloan.store.settings import Setting, set_parts
from tests.desk.web.served import Served
from tests.desk.workbench.late_book import Desk
from tests.desk.workbench.test_rooms import whole


def say(desk: Desk, **fields: str) -> str:
    """Post the form of the page that asks `do` (of `name` or `person`, where told); what the page says then."""
    forms = [one.split("</form>")[0] for one in desk.page("/admin").split('action="/admin"')[1:]]
    mine = [one for one in forms if f'name="do" value="{fields["do"]}"' in one]
    token = re.search(r'name="token" value="([^"]+)"', mine[0])
    assert token is not None
    answer = desk.post("/admin", part=False, token=token.group(1), **fields)
    return desk.page(answer.headers["location"]) if answer.status_code == 303 else answer.text


def test_an_administrator_gives_roles_and_appoints(late: Served) -> None:
    desk = Desk(late, "administrator")
    assert "The roles are given." in say(desk, do="roles", person="new-chen", roles="agent, specialist")
    page = desk.page("/admin")
    assert "new-chen" in page and "Agent, Complaints and hardship" in page
    assert "It was sent for approval." in say(desk, do="appoint", person="new-chen", roles="collections_lead")
    assert "<td>new-chen</td><td>Agent, Complaints and hardship</td><td></td>" in desk.page("/admin"), "not yet"
    refused = say(desk, do="roles", person="new-chen", roles="emperor")
    assert "no such role" in refused and "emperor" in refused
    for language in ("en", "zh"):
        whole(desk.page("/admin", language))


def test_a_key_is_shown_once_and_taken_back(late: Served) -> None:
    desk = Desk(late, "administrator")
    made = say(desk, do="key", name="dialler", scopes="report.read", days="30")
    found = re.search(r"shown once, now: ([^<\s]+)<", made)
    assert found is not None, made
    client = late.browser("api")
    client.headers["authorization"] = f"Bearer {found.group(1)}"
    answer = client.get("/v1/status")
    assert answer.status_code == 200, answer.text
    assert found.group(1) not in desk.page("/admin"), "never again"
    assert "a key of that name is there" in say(desk, do="key", name="dialler", scopes="report.read", days="30")
    assert "The key is good no more." in say(desk, do="revoke", name="dialler")
    assert client.get("/v1/status").status_code == 401


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"name": "x y", "scopes": "report.read", "days": "30"}, "no key can be made so"),
        ({"name": "x", "scopes": "", "days": "30"}, "no key can be made so"),
        ({"name": "x", "scopes": "report.read", "days": "soon"}, "no key can be made so"),
        ({"name": "x", "scopes": "everything", "days": "30"}, "no verb or permission"),
    ],
)
def test_a_key_that_cannot_be_is_refused_and_what_was_typed_stays(
    late: Served, fields: dict[str, str], why: str
) -> None:
    page = say(Desk(late, "administrator"), do="key", **fields)
    assert why in page and f'name="scopes" required placeholder="report.read hold.*" value="{fields["scopes"]}"' in page


def test_nobody_else_comes_in(late: Served, store: Store) -> None:
    with store.connect() as connection:
        set_parts(connection, Setting.ROLES, {"old-wu": ["agent"]})
    for seat in ("agent", "lead", "auditor", "counsel"):
        desk = Desk(late, seat)
        assert desk.browser.get("/admin").status_code == 403, seat
        assert "/admin" not in desk.page("/tasks")
    assert "old-wu" in Desk(late, "administrator").page("/admin")


def test_a_channel_is_tried_and_webhooks_are_worked(
    late: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "channels.yaml"
    file.write_text(f"sms: {{use: spool, folder: {tmp_path}}}\n")
    monkeypatch.setenv("AFTERLOAN_CHANNELS", str(file))
    desk = Desk(late, "administrator")
    tried = say(desk, do="channel", channel="sms", to="13800138000")
    assert "sms took the test:" in tried
    (text,) = (tmp_path / "sms").iterdir()
    assert "This is a test by admin-feng" in text.read_text(encoding="utf-8")
    assert "cannot be tried" in say(desk, do="channel", channel="debit", to="1")
    assert "It is told of events from now on." in say(
        desk, do="subscribe", webhook="partner", url="https://partner.example/hook", types="afterloan.hold."
    )
    page = desk.page("/admin")
    assert "partner.example/hook" in page and "afterloan.hold." in page and "told of events" in page
    refused = say(desk, do="subscribe", webhook="inner", url="https://127.0.0.1/hook", types="")
    assert 'role="alert"' in refused and "inner" in refused, "no private address; what was typed stays"
    assert "It signs with a new secret." in say(desk, do="renew", webhook="partner")
    assert "It is told again." in say(desk, do="replay", webhook="partner", after="0")
    assert "It is told of nothing any more." in say(desk, do="end", webhook="partner")
    for language in ("en", "zh"):
        whole(desk.page("/admin", language))
