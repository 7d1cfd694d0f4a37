"""Where payment companies call back: a signed result becomes facts and entries, or is refused with its reason."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

from fastapi import APIRouter, HTTPException, Request

from afterloan.facts import FactRefused
from afterloan.sending.bank_gateway import BankCallbackRefused, read_callback
from afterloan.sending.settling import CALLBACK, settle
from afterloan.store.server import Store

MAX_BODY = 64 * 1024


def debit_callbacks(store: Store, secret: str, today: Callable[[], date] = date.today) -> APIRouter:
    """POST /callbacks/debit. 200: taken or known; 401: signature or timestamp; 413: too large; 422: not to be taken.

    The sender sends again on anything but 200, which does no harm.
    """
    router = APIRouter()

    @router.post("/callbacks/debit")
    async def debit(request: Request) -> dict[str, Any]:
        """One signed result."""
        body = await request.body()
        if len(body) > MAX_BODY:
            raise HTTPException(413, f"{len(body)} bytes; a result has at most {MAX_BODY}")
        try:
            result = read_callback(body, dict(request.headers), secret)
        except BankCallbackRefused as refusal:
            raise HTTPException(401, str(refusal)) from refusal
        try:
            with store.connect() as connection:
                told = settle(connection, CALLBACK, result, today(), datetime.now(UTC))
        except FactRefused as refusal:
            raise HTTPException(422, str(refusal)) from refusal
        return {
            "attempt": told["attempt"],
            "status": told["status"],
            "known": told["known_before"],
            "money": told["money"],
            "unapplied_fen": told["unapplied_fen"],
        }

    return router
