"""Every POST that writes, sent twice under one key: one answer, one act, whatever it is."""

from typing import Any

from afterloan.desk.api.__main__ import contract
from afterloan.desk.web.seats import SEATS
from afterloan.servicing.may import permission_of
from tests.desk.api.samples import body_of, filled
from tests.desk.web.served import ON, Served

TOLD = contract()
KEYED = [
    (path, methods["post"])
    for path, methods in TOLD["paths"].items()
    if any(one["name"] == "Idempotency-Key" for one in methods.get("post", {}).get("parameters", ()))
]
HERE = {"borrower": "B1", "loan": "L1", "bureau": "pboc", "month_end": "2026-01-31", "day": "2026-02-10",
        "agency": "A1", "person": "agent-li", "ladder": "cn-standard", "model": "none"}  # fmt: skip
ITS_OWN = {"at", "asked_at", "state", "progress"}
"""Members of a job that go on while it is done."""


def seat_for(one: dict[str, Any]) -> tuple[str, bool]:
    """A role that may do the verb, or begin the work; and whether it may only propose it."""
    rule = permission_of(str(one.get("x-verb") or one.get("x-permission")), ON)
    assert rule is not None
    for words in ("do", "propose"):
        for role in rule.parameters.get(words, ()):
            if role in SEATS:
                return role, words == "propose"
    return "lead", False


def kept(served: Served) -> tuple[int, ...]:
    """How many acts, events, facts, entries, outbox rows and jobs there are."""
    tables = ("act", "event", "fact", "entry", "outbox", "job", "finding")
    with served.store.connect() as connection:
        told = ", ".join(f"(select count(*) from {table})" for table in tables)
        row = connection.execute(f"select {told}").fetchone()
    assert row is not None
    return tuple(row)


def test_every_post_twice_under_one_key_is_one_act_with_one_answer(served: Served) -> None:
    clients = {role: served.api(role) for role in SEATS}
    done = []
    for k, (path, one) in enumerate(KEYED):
        role, propose = seat_for(one)
        body = body_of(TOLD, one)
        file = "application/octet-stream" in one.get("requestBody", {}).get("content", {})
        sent: dict[str, Any] = {"content": b"nothing of ours"} if file else {"json": body}
        ask = {"headers": {"idempotency-key": f"twice-{k}"}, "params": {"propose": "true"} if propose else {}}

        first = clients[role].post(filled(path, **HERE), **sent, **ask)
        before = kept(served)
        second = clients[role].post(filled(path, **HERE), **sent, **ask)
        assert first.status_code == second.status_code < 500, f"{path}: {first.text} then {second.text}"
        assert kept(served) == before, f"{path} was done twice"
        if first.status_code < 300:
            done.append(path)
            one_, two = ({n: v for n, v in a.json().items() if n not in ITS_OWN} for a in (first, second))
            replayed = second.headers.get("idempotency-replayed") == "true" or "job" in one_ or "href" in one_
            assert replayed, path
            assert one_ | {"known": True} == two | {"known": True}, path
    assert len(KEYED) > 100 and len(done) > 25, f"{len(done)} of {len(KEYED)} were done: {done}"
