"""Webhooks over HTTP: who is told of events, how far each is, what became of deliveries; a test, the secret."""

from typing import Any

from fastapi import APIRouter

from afterloan.desk.api.asked import After, Limit, cursor, place_of, question
from afterloan.desk.api.routing import router_at
from afterloan.desk.web.asking import Asking, SignedIn
from afterloan.desk.web.house import House
from afterloan.desk.web.names import reference_of
from afterloan.desk.web.refusing import refuse
from afterloan.sending.hooks import post_test
from afterloan.store.webhooks import KeptWebhook, deliveries_of, secrets_of, webhook_named, webhooks_told


def webhook_routes(house: House) -> APIRouter:
    """Webhooks: only an administrator's."""
    router = router_at("/v1")

    @question(router, "/webhooks", "admin.do", "events")
    def webhooks(asking: SignedIn) -> Any:
        """Every webhook: on, failing, off or ended, and after which place in the log it goes on."""
        return [one.told() for one in webhooks_told(asking.connection)]

    @question(router, "/webhooks/{webhook}", "admin.do", "events")
    def webhook_(asking: SignedIn, webhook: str) -> Any:
        """One webhook."""
        return _named(asking, webhook).told()

    @question(router, "/webhooks/{webhook}/deliveries", "admin.do", "events")
    def deliveries(asking: SignedIn, webhook: str, limit: Limit = 50, after: After = "") -> Any:
        """What a webhook was told, the newest first, and whether it took it."""
        name = _named(asking, webhook).webhook
        before = int(place_of(asking, after)) if after else 1 << 62
        rows = deliveries_of(asking.connection, name, before, limit)
        return {"data": rows, "next": cursor(asking, rows[-1]["delivery"]) if len(rows) == limit else None}

    @question(router, "/webhooks/{webhook}/secret", "admin.do", "events")
    def secret(asking: SignedIn, webhook: str) -> Any:
        """The secret with which a webhook's events are signed (Standard Webhooks), and until when an older one too."""
        found = _named(asking, webhook)
        signing = secrets_of(asking.connection, found, house.now())
        return {"webhook": found.webhook, "secret": signing[0], "secret_number": found.secret_number,
                "older": signing[1:]}  # fmt: skip

    @router.post("/webhooks/{webhook}/tests", tags=["events"], openapi_extra={"x-permission": "admin.do"})
    def test(asking: SignedIn, webhook: str) -> dict[str, Any]:
        """Tell a webhook an event that nothing happened for, and say whether it took it."""
        return try_webhook(asking, house, webhook)

    return router


def try_webhook(asking: Asking, house: House, webhook: str) -> dict[str, Any]:
    """Tell a webhook an event that nothing happened for; `taken`, and why not. Raises RefusedHere (404)."""
    asking.permitted("admin.do")
    found = _named(asking, webhook)
    now = house.now()
    why = post_test(found, secrets_of(asking.connection, found, now), now)
    return {"webhook": found.webhook, "taken": not why, "detail": why or "taken"}


def _named(asking: Asking, webhook: str) -> KeptWebhook:
    """A webhook by its name. Raises RefusedHere (404)."""
    found = webhook_named(asking.connection, reference_of(webhook))
    if found is None:
        raise refuse(404, "unknown", "no webhook of that name", "GET /v1/webhooks lists them", "webhook")
    return found
