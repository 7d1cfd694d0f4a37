"""Administration: people with roles and appointments, keys, channels, webhooks, packs that no lawyer has signed off."""

from collections import Counter
from typing import Any

from fastapi import APIRouter
from pydantic import ValidationError
from starlette.responses import RedirectResponse, Response

from afterloan.desk.api.channels import channels_told, try_channel
from afterloan.desk.api.keys import KeyAsked, end_key, make_key
from afterloan.desk.api.webhooks import try_webhook
from afterloan.desk.web.asking import Asking, Form, SignedIn
from afterloan.desk.web.forms import FormTold
from afterloan.desk.web.refusing import RefusedHere, refuse
from afterloan.desk.workbench.proposing import do_or_ask, way_of
from afterloan.desk.workbench.showing import of_form, show, typed_of, unasked
from afterloan.expected import ExpectedFailure
from afterloan.rules.packs import rules_of
from afterloan.servicing.people import roles_known
from afterloan.store.accounts import accounts_told, keys_told
from afterloan.store.legal import people
from afterloan.store.settings import Setting, setting
from afterloan.store.webhooks import KeptWebhook, deliveries_of, webhooks_told
from afterloan.strategy.legal import roles_known as roles_of_law

PACKS = ("contact", "holds", "legal", "bureau", "classification", "debit", "relief", "limits", "rebuilding",
         "complaints", "messages", "permissions")  # fmt: skip
DONE = ("roles", "appoint", "leave", "revoke", "sent", "subscribe", "replay", "renew", "end")
HOOKS = {"subscribe": "webhook.subscribe", "replay": "webhook.replay", "renew": "webhook.renew_secret",
         "end": "webhook.end"}  # fmt: skip
"""What is done to a webhook, and the verb that does it."""


def admin_router() -> APIRouter:
    """`/admin`, and what is done there."""
    router = APIRouter(prefix="/admin")
    router.get("")(admin)
    router.post("")(act)
    return router


def admin(asking: SignedIn, done: str = "") -> Response:
    """Who may do what here."""
    return _shown(asking, done=asking.t(f"desk.admin.done.{done}") if done in DONE else "")


def _shown(
    asking: Asking, status: int = 200, done: str = "", refused: Any = None, form: FormTold | None = None,
    made: dict[str, Any] | None = None, tried: dict[str, Any] | None = None,
) -> Response:  # fmt: skip
    asking.permitted("admin.do")
    given = setting(asking.connection, Setting.ROLES)
    appointed = people(asking.connection, asking.on)
    accounts = dict(accounts_told(asking.connection))
    names = sorted({*given, *accounts, *(name for name, roles in appointed.items() if roles)})
    rows = [
        {"name": name, "account": name in accounts, "left": accounts.get(name, False),
         "roles": list(given.get(name, ())), "appointed": appointed.get(name, [])}
        for name in names
    ]  # fmt: skip
    return show(
        asking, "admin.html", "admin", status, people=rows, keys=keys_told(asking.connection),
        roles=sorted(roles_known()), offices=sorted(roles_of_law()), done=done, refused=refused,
        typed=typed_of(form), made=made, packs=_packs(), tried=tried,
        channels=channels_told(asking), webhooks=[_webhook(asking, one) for one in webhooks_told(asking.connection)],
        may={verb: way_of(asking, verb) for verb in ("people.roles", "people.appoint")},
    )  # fmt: skip


def _webhook(asking: Asking, one: KeptWebhook) -> dict[str, Any]:
    """A webhook and the last that it was told."""
    last = deliveries_of(asking.connection, one.webhook, most=1)
    return {**one.told(), "last": last[0] if last else None}


def _packs() -> list[dict[str, Any]]:
    """How many rules of each pack are law with a source, and how many nobody may rely on yet."""
    found = []
    for pack in PACKS:
        counts = Counter(rule.confidence for rule in rules_of(pack))
        found.append({"pack": pack, "rules": sum(counts.values()), "unsure": counts["M"] + counts["I"]})
    return found


def act(asking: SignedIn, form: Form) -> Response:
    """Give roles, appoint, let somebody leave, make a key or take it back."""
    does, key = form["do"], f"form:{form.key}"
    try:
        if does == "key":
            return _shown(asking, made=make_key(asking, asking.house, _key_asked(form)))
        if does in ("roles", "appoint"):
            told = {"person": form["person"], "roles": form["roles"].replace(",", " ").split()}
            done = do_or_ask(asking, f"people.{does}", told, key, does)
        elif does == "leave":
            asking.do("people.disable", {"person": form["person"]}, key)
            done = does
        elif does == "channel":
            return _shown(asking, tried=try_channel(asking, form["channel"], form["to"], key), form=form)
        elif does == "try-hook":
            return _shown(asking, tried=try_webhook(asking, asking.house, form["webhook"]), form=form)
        elif does in HOOKS:
            asking.do(HOOKS[does], _hook_asked(form), key)
            done = does
        elif does == "revoke":
            end_key(asking, asking.house, form["name"])
            done = does
        else:
            raise unasked()
    except (RefusedHere, ExpectedFailure) as error:
        return _shown(asking, **of_form(error), form=form)
    return RedirectResponse(f"/admin?done={done}", 303)


def _hook_asked(form: FormTold) -> dict[str, Any]:
    """What a form asks of a webhook."""
    told: dict[str, Any] = {"webhook": form["webhook"]}
    if form["do"] == "subscribe":
        return told | {"url": form["url"], "types": form["types"].replace(",", " ").split()}
    return told | (
        {"after": "" if form["after"] == "0" else form["after"]} if form["do"] == "replay" and form["after"] else {}
    )


def _key_asked(form: FormTold) -> KeyAsked:
    """The key that a form asks for. Raises RefusedHere (422) for a name or a number of days that cannot be."""
    try:
        scopes = form["scopes"].replace(",", " ").split()
        return KeyAsked(name=form["name"], scopes=scopes, days=int(form["days"] or "90"))
    except (ValidationError, ValueError) as error:
        raise refuse(
            422, "invalid", "no key can be made so", "a name of letters, figures, . _ -; scopes; 1 to 366 days", "name"
        ) from error
