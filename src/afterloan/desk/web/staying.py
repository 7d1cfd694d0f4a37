"""An open page learns at once that its sitting was ended: a stream of the sitting, looked at by the page in sight."""

from collections.abc import AsyncIterator
from contextlib import contextmanager

import anyio
from anyio.to_thread import run_sync
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import StreamingResponse

from afterloan.desk.web.asking import asking_of, house_of
from afterloan.desk.web.house import House
from afterloan.desk.web.refusing import refuse
from afterloan.store.sittings import was_ended

LOOK_EVERY = 0.4
"""Seconds between two looks at a sitting: a person who is disabled is out within one second."""
LOOKS = 600
"""Looks of one stream; the page then asks for another."""


def staying() -> APIRouter:
    """`/sitting/end`: says `over` when somebody ended the sitting, from whichever process."""
    router = APIRouter(include_in_schema=False)

    @router.get("/sitting/end", response_class=StreamingResponse)
    async def end(request: Request) -> StreamingResponse:
        """Server-sent events of who is signed in here. Raises RefusedHere (401) for nobody."""
        sitting = await run_sync(_sitting, request)
        return StreamingResponse(_until_over(house_of(request), sitting), media_type="text/event-stream")

    return router


def _sitting(request: Request) -> int:
    """The number of the sitting; the connection is given back before the stream begins."""
    with contextmanager(asking_of)(request) as asking:
        if asking.sitting is None:
            raise refuse(401, "not-signed-in", "nobody is signed in here", "sign in", "who")
        return asking.sitting.sitting


def _over(house: House, sitting: int) -> bool:
    with house.store.connect(autocommit=True) as connection:
        return was_ended(connection, sitting)


async def _until_over(house: House, sitting: int) -> AsyncIterator[str]:
    yield "retry: 1000\n\n"
    for look in range(LOOKS):
        if await run_sync(_over, house, sitting):
            yield "event: over\ndata: {}\n\n"
            return
        if look % 25 == 24:
            yield ": still here\n\n"
        await anyio.sleep(LOOK_EVERY)
