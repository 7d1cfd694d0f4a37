"""The simulated bank as a server: debits by key, files in and out, days by call, signed callbacks."""

import asyncio
from datetime import UTC, date, datetime
from typing import Any

import httpx
from fastapi import FastAPI, Header, HTTPException, Request, Response
from starlette.requests import ClientDisconnect

from afterloan.banks.files import WRITERS_OF_RESULTS, WRITERS_OF_STATEMENTS, read_collection
from afterloan.banks.words import BankFileRefused, Result, Results
from afterloan.rehearsal.bank.simulator import Bank, KeyReused
from afterloan.sending.bank_gateway import order_of, result_body, sign_callback

COLLECTOR = "LENDER-1"
"""The account on which the simulated bank books what it collects."""


def bank_app(bank: Bank, callback_url: str = "", secret: str = "") -> FastAPI:
    """The server of one simulated bank. `callback_url` with `secret`: answers told later go there, signed."""
    app = FastAPI(title="afterloan bank simulator", docs_url="/docs")
    app.state.bank = bank
    app.state.undelivered = []

    async def told(results: list[Result]) -> int:
        """Send callbacks; those that did not arrive are kept and sent with the next day's."""
        queue = [*app.state.undelivered, *results]
        app.state.undelivered = []
        if not callback_url:
            return 0
        sent = 0
        async with httpx.AsyncClient(timeout=5) as client:
            for result in queue:
                number = f"{result.end_to_end}-{result.status}"
                body, headers = sign_callback(result, secret, number, datetime.now(UTC))
                try:
                    answer = await client.post(callback_url, content=body, headers=headers)
                    arrived = answer.status_code < 500
                except httpx.HTTPError:
                    arrived = False
                sent += arrived
                if not arrived:
                    app.state.undelivered.append(result)
        return sent

    @app.post("/v1/debits", status_code=201)
    async def debit(request: Request, response: Response, idempotency_key: str = Header("")) -> dict[str, Any]:
        """One debit. The same key and content again: the same answer (200); another content: 422."""
        try:
            order = order_of(await request.json())
        except ClientDisconnect as error:
            raise HTTPException(400, "the line broke before the order was whole") from error
        except (KeyError, TypeError, ValueError) as error:
            raise HTTPException(400, f"no order: {error}") from error
        if idempotency_key != order.end_to_end:
            raise HTTPException(400, "the header Idempotency-Key must be the order's end_to_end")
        if bank.habits.latency_ms:
            await asyncio.sleep(bank.draw("latency", order.end_to_end, bank.habits.latency_ms) / 1000)
        known = order.end_to_end in bank.debits
        try:
            result = bank.debit(order)
        except KeyReused as error:
            raise HTTPException(422, str(error)) from error
        if not known and bank.happens("lost", order.end_to_end, bank.habits.lost):
            raise HTTPException(504, "the answer was lost on the way; ask for the key")
        response.status_code = 200 if known else 202 if result.status == "pending" else 201
        return result_body(result)

    @app.get("/v1/debits/{key}")
    async def ask(key: str) -> dict[str, Any]:
        """What became of a key; 404: never had."""
        bank.asked_after.append(key)
        result = bank.ask(key)
        if result is None:
            raise HTTPException(404, f"no debit under {key}")
        return result_body(result)

    @app.get("/v1/debits")
    async def all_debits() -> dict[str, Any]:
        """Every debit as the bank has it: for auditors of tests and demos."""
        return {
            key: {"amount_fen": b.order.amount_fen, "account": b.order.account, **result_body(b.result)}
            for key, b in bank.debits.items()
        }

    @app.post("/v1/day")
    async def day(to: date) -> dict[str, Any]:
        """Move to a day; what becomes known on the way is called back and listed."""
        if to < bank.today:
            raise HTTPException(400, f"it is {bank.today} already")
        results = bank.advance(to)
        sent = await told(results)
        return {"today": bank.today.isoformat(), "results": [result_body(r) for r in results], "callbacks": sent}

    @app.get("/v1/accounts/{account}")
    async def account(account: str) -> dict[str, Any]:
        """Balance of an account."""
        return {"account": account, "balance_fen": bank.balance(account), "closed": account in bank.closed}

    @app.put("/v1/accounts/{account}")
    async def set_account(account: str, balance_fen: int, closed: bool = False) -> dict[str, Any]:
        """Set an account up."""
        bank.balances[account] = balance_fen
        bank.closed.discard(account)
        if closed:
            bank.closed.add(account)
        return {"account": account, "balance_fen": balance_fen, "closed": closed}

    @app.post("/v1/mandates/{mandate}/revoke")
    async def revoke(mandate: str) -> dict[str, str]:
        """The payer revokes a mandate at the bank."""
        bank.revoked.add(mandate)
        return {"revoked": mandate}

    @app.post("/v1/files/{form}", status_code=202)
    async def file_in(form: str, request: Request) -> dict[str, Any]:
        """Take a file of debits (pain008, nacha, batch_csv); answers come by `GET /v1/files/…`."""
        try:
            collection = read_collection(form, await request.body(), "upload")
        except BankFileRefused as refusal:
            raise HTTPException(422, str(refusal)) from refusal
        for order in collection.orders:
            try:
                bank.debit(order)
            except KeyReused as error:
                raise HTTPException(409, str(error)) from error
        return {"message": collection.message, "orders": len(collection.orders), "total_fen": collection.total_fen}

    @app.get("/v1/files/{form}")
    async def file_out(form: str, since: date) -> Response:
        """Results (pain002, camt054, nacha_returns, batch_csv) or statement (camt053, mt940, csv) since a day."""
        return Response(answers(bank, form, since), media_type="application/octet-stream")

    return app


def answers(bank: Bank, form: str, since: date) -> bytes:
    """A file of what the bank has to say since a day. Raises FileRefused for a form there is not."""
    if form in WRITERS_OF_STATEMENTS:
        return WRITERS_OF_STATEMENTS[form](bank.statement(COLLECTOR, since))
    if form not in WRITERS_OF_RESULTS:
        forms = ", ".join([*WRITERS_OF_RESULTS, *WRITERS_OF_STATEMENTS])
        raise BankFileRefused(form, "form", "no file of that form", f"there are: {forms}")
    made_at = datetime.combine(bank.today, datetime.min.time())
    results = tuple(r for r in bank.results_of() if r.on >= since)
    return WRITERS_OF_RESULTS[form](Results(f"RES-{bank.today:%Y%m%d}-{len(results)}", "ALL", made_at, results))
