"""A payment company's HTTP gateway: debits under an idempotency key, questions about a key, signed answers."""

import json
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any, Protocol

import httpx
from standardwebhooks import Webhook, WebhookVerificationError

from afterloan.banks.words import Order, Result
from afterloan.expected import ExpectedFailure


class NotSent(ExpectedFailure):
    """The gateway certainly did not take the order: no connection, or it said to come again later."""


class Unclear(ExpectedFailure):
    """The order may have been taken: the line broke after it went out, or the answer makes no sense."""


class Declined(ExpectedFailure):
    """The gateway refuses the order as it is and will refuse it again."""


class BankCallbackRefused(ExpectedFailure, ValueError):
    """A callback that is not to be believed or not to be understood: why, and what to do."""


class Gateway(Protocol):
    """Where debits are sent one by one."""

    def debit(self, order: Order) -> Result:
        """Ask for money under `order.end_to_end`. Raises NotSent, Unclear, Declined."""

    def ask(self, key: str) -> Result | None:
        """What became of a key; None: the gateway never had it. Raises Unclear."""


def order_body(order: Order) -> dict[str, Any]:
    """An order as JSON values: days as YYYY-MM-DD, money in minor units."""
    return {**asdict(order), "signed_on": order.signed_on.isoformat()}


def order_of(told: dict[str, Any]) -> Order:
    """The inverse of `order_body`. Raises KeyError, TypeError, ValueError."""
    amount = told["amount_fen"]
    if not isinstance(amount, int) or isinstance(amount, bool) or not 0 < amount <= 10**12:
        raise ValueError(f"amount_fen {amount!r} is no amount in minor units")
    return Order(**{**told, "signed_on": date.fromisoformat(told["signed_on"])})


def result_body(result: Result) -> dict[str, Any]:
    """A result as JSON values."""
    return {**asdict(result), "on": result.on.isoformat()}


def result_of(told: Any) -> Result:
    """The inverse of `result_body`. Raises ValueError naming the field."""
    if not isinstance(told, dict):
        raise ValueError("not an object")
    missing = {"end_to_end", "status", "on"} - set(told)
    unknown = set(told) - set(Result.__dataclass_fields__)
    if missing or unknown:
        raise ValueError(f"{sorted(missing | unknown)[0]}: {'is missing' if missing else 'is no field of a result'}")
    if told["status"] not in ("succeeded", "failed", "returned", "pending"):
        raise ValueError(f"status {told['status']!r}: there are succeeded, failed, returned, pending")
    amount = told.get("amount_fen", 0)
    if not isinstance(amount, int) or isinstance(amount, bool) or not 0 <= amount <= 10**12:
        raise ValueError(f"amount_fen {amount!r}: write minor units as a whole number")
    if told["status"] in ("succeeded", "returned") and amount == 0:
        raise ValueError("amount_fen 0: money that was taken or went back has an amount")
    return Result(**{**told, "on": date.fromisoformat(str(told["on"]))})


@dataclass(slots=True)
class HttpGateway:
    """A gateway behind `url`: POST /v1/debits with Idempotency-Key, GET /v1/debits/{key}, in JSON."""

    url: str
    token: str = ""
    timeout: float = 10.0
    client: httpx.Client | None = None

    def _client(self) -> httpx.Client:
        if self.client is None:
            headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
            self.client = httpx.Client(base_url=self.url, headers=headers, timeout=self.timeout)
        return self.client

    def debit(self, order: Order) -> Result:
        """Ask for money. Raises NotSent, Unclear, Declined."""
        try:
            answer = self._client().post(
                "/v1/debits", json=order_body(order), headers={"Idempotency-Key": order.end_to_end}
            )
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            raise NotSent(f"{self.url} does not answer: {error}") from error
        except httpx.HTTPError as error:
            raise Unclear(f"the line to {self.url} broke: {error or type(error).__name__}") from error
        if answer.status_code in (429, 503):
            raise NotSent(f"{self.url} says {answer.status_code}")
        if 400 <= answer.status_code < 500:
            raise Declined(f"{self.url} says {answer.status_code}: {answer.text[:200]}")
        return self._read(answer)

    def ask(self, key: str) -> Result | None:
        """What became of a key; None: never had. Raises Unclear."""
        try:
            answer = self._client().get(f"/v1/debits/{key}")
        except httpx.HTTPError as error:
            raise Unclear(f"{self.url} does not answer: {error or type(error).__name__}") from error
        if answer.status_code == 404:
            return None
        return self._read(answer)

    def _read(self, answer: httpx.Response) -> Result:
        if answer.status_code not in (200, 201, 202):
            raise Unclear(f"{self.url} says {answer.status_code}: {answer.text[:200]}")
        try:
            return result_of(answer.json())
        except (ValueError, TypeError) as error:
            raise Unclear(f"{self.url} answers what is no result: {error}") from error


def read_callback(body: bytes, headers: dict[str, str], secret: str) -> Result:
    """A signed callback (Standard Webhooks) as a result. Raises CallbackRefused.

    A wrong signature, a timestamp more than five minutes off, or a body that is no result is refused.
    """
    try:
        told = Webhook(secret).verify(body, headers)
    except WebhookVerificationError as error:
        raise BankCallbackRefused(
            f"callback {headers.get('webhook-id', '?')}: {str(error).lower()}; "
            "sign with the agreed secret, send at once"
        ) from error
    except (ValueError, UnicodeDecodeError) as error:
        raise BankCallbackRefused(
            f"callback {headers.get('webhook-id', '?')}: not JSON: {error}; send a result"
        ) from error
    try:
        return result_of(told)
    except (ValueError, TypeError) as error:
        raise BankCallbackRefused(
            f"callback {headers.get('webhook-id', '?')}: {error}; correct it and send again"
        ) from error


def sign_callback(result: Result, secret: str, number: str, at: Any) -> tuple[bytes, dict[str, str]]:
    """Body and headers of a callback. `at`: an aware datetime; `number` names the message, the same when sent twice."""
    body = json.dumps(result_body(result))
    stamp = int(at.timestamp())
    return body.encode(), {
        "webhook-id": number,
        "webhook-timestamp": str(stamp),
        "webhook-signature": Webhook(secret).sign(number, at, body),
        "content-type": "application/json",
    }
