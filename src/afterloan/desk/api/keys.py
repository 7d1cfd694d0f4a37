"""Keys of programs over HTTP: made by an administrator and shown once, listed, taken back."""

from datetime import timedelta
from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from afterloan.desk.api.routing import router_at
from afterloan.desk.identity.keys import new_key
from afterloan.desk.web.asking import Asking, SignedIn
from afterloan.desk.web.house import House
from afterloan.store.accounts import keys_told
from afterloan.store.sittings import digest_of

KEY_VERBS = ("key.make", "key.end")
"""Verbs that have a place of their own here: a key's secret is made by the desk and shown in one answer."""
MOST_DAYS = 366


class KeyAsked(BaseModel):
    """A key: its name, the verbs, families (`hold.*`) or permissions it is good for, and for how many days."""

    model_config = ConfigDict(extra="forbid")
    name: str = Field(pattern=r"^[A-Za-z0-9._-]{1,100}$")
    scopes: list[str] = Field(min_length=1, max_length=100)
    days: int = Field(default=90, ge=1, le=MOST_DAYS)


def key_routes(house: House) -> APIRouter:
    """Keys: only an administrator's."""
    router = router_at("/v1/keys", tags=["administration"])

    @router.get("", openapi_extra={"x-permission": "admin.do"})
    def keys(asking: SignedIn) -> dict[str, Any]:
        """All keys; the secrets are nowhere."""
        asking.permitted("admin.do")
        rows = [
            {"name": k.name, "scopes": list(k.scopes), "made_by": k.made_by, "made_at": k.made_at.isoformat(),
             "ends_at": k.ends_at.isoformat(), "revoked_at": k.revoked_at.isoformat() if k.revoked_at else None}
            for k in keys_told(asking.connection)
        ]  # fmt: skip
        return {"data": rows, "next": None}

    @router.post("", status_code=201, openapi_extra={"x-verb": "key.make"})
    def make(asking: SignedIn, asked: KeyAsked) -> dict[str, Any]:
        """Make a key; this answer is the only one that shows it."""
        return make_key(asking, house, asked)

    @router.delete("/{name}", openapi_extra={"x-verb": "key.end"})
    def revoke(asking: SignedIn, name: str) -> dict[str, Any]:
        """A key is good no more, from now on."""
        return end_key(asking, house, name)

    return router


def make_key(asking: Asking, house: House, asked: KeyAsked) -> dict[str, Any]:
    """Make a key, for the API and the page of keys; only this answer has its secret. Raises RefusedHere."""
    secret, now = new_key(house.demo), house.now()
    told: dict[str, Any] = {
        "name": asked.name, "scopes": asked.scopes, "digest": digest_of(secret).hex(), "made_at": now,
        "ends_at": now + timedelta(days=asked.days),
    }  # fmt: skip
    asking.within("key.make")
    done = asking.do("key.make", told, f"key:{asked.name}:{told['digest'][:16]}")
    return {**done.body, "key": secret}


def end_key(asking: Asking, house: House, name: str) -> dict[str, Any]:
    """A key is good no more, from now on. Raises RefusedHere (404)."""
    asking.within("key.end")
    return dict(asking.do("key.end", {"name": name}, f"key-ended:{name}:{house.now().isoformat()}").body)
