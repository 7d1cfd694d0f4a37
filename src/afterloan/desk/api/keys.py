"""Keys of programs over HTTP: made by an administrator and shown once, listed, taken back."""

from datetime import timedelta
from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from afterloan.desk.identity.keys import new_key
from afterloan.desk.web.asking import Asking, SignedIn
from afterloan.desk.web.house import House
from afterloan.desk.web.refusing import refuse
from afterloan.servicing.may import permission_of
from afterloan.servicing.verbs import VERBS
from afterloan.store.accounts import keep_key, keys_told, revoke_key

MOST_DAYS = 366


class KeyAsked(BaseModel):
    """A key: its name, the verbs, families (`hold.*`) or permissions it is good for, and for how many days."""

    model_config = ConfigDict(extra="forbid")
    name: str = Field(pattern=r"^[A-Za-z0-9._-]{1,100}$")
    scopes: list[str] = Field(min_length=1, max_length=100)
    days: int = Field(default=90, ge=1, le=MOST_DAYS)


def key_routes(house: House) -> APIRouter:
    """Keys: only an administrator's."""
    router = APIRouter(prefix="/v1/keys", tags=["administration"])

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

    @router.post("", status_code=201, openapi_extra={"x-permission": "admin.do"})
    def make(asking: SignedIn, asked: KeyAsked) -> dict[str, Any]:
        """Make a key; this answer is the only one that shows it."""
        return make_key(asking, house, asked)

    @router.delete("/{name}", openapi_extra={"x-permission": "admin.do"})
    def revoke(asking: SignedIn, name: str) -> dict[str, Any]:
        """A key is good no more, from now on."""
        return end_key(asking, house, name)

    return router


def make_key(asking: Asking, house: House, asked: KeyAsked) -> dict[str, Any]:
    """Make a key, for the API and the page of keys; only this answer has its secret. Raises RefusedHere."""
    asking.permitted("admin.do")
    families = {f"{verb.name.split('.')[0]}.*" for verb in VERBS}
    for scope in asked.scopes:
        if scope not in families and permission_of(scope, asking.today) is None:
            raise refuse(422, "invalid", f"no verb or permission {scope!r}", "GET /v1/verbs lists them", "scopes")
    secret, now = new_key(house.demo), house.now()
    ends = now + timedelta(days=asked.days)
    if not keep_key(asking.connection, secret, asked.name, asked.scopes, asking.person.name, now, ends):
        raise refuse(409, "conflict", "a key of that name is there", "name it otherwise", "name")
    return {"name": asked.name, "key": secret, "scopes": asked.scopes, "ends_at": ends.isoformat()}


def end_key(asking: Asking, house: House, name: str) -> dict[str, Any]:
    """A key is good no more, from now on. Raises RefusedHere (404)."""
    asking.permitted("admin.do")
    if not revoke_key(asking.connection, name, house.now()):
        raise refuse(404, "unknown", "no key of that name is good", "GET /v1/keys lists them", "name")
    return {"name": name, "revoked": True}
