"""`afterloan serve`: one process with three hosts over one book, at one address."""

import json
from collections.abc import Mapping

from fastapi import FastAPI
from starlette.types import ASGIApp, Receive, Scope, Send

from afterloan.desk.web.app import add_routes, app_for
from afterloan.desk.web.asking import Ask
from afterloan.desk.web.guard import Guard
from afterloan.desk.web.house import HOSTS, Host, House
from afterloan.desk.web.measures import Measures
from afterloan.desk.web.pages import page
from afterloan.desk.web.passkeys import passkeys
from afterloan.desk.web.signing import signing
from afterloan.desk.web.staying import staying

OF_THE_API = ("/v1", "/callbacks", "/openapi.json", "/problems", "/llms.txt", "/readyz", "/metrics")
"""Paths that the bare address of the machine passes to the API."""


class ByHost:
    """Passes a request to the app of the host it names; one of no name of ours is refused (421)."""

    def __init__(self, house: House, apps: Mapping[str, ASGIApp]) -> None:
        """`apps`: by host; "" for the bare address."""
        self.house, self.apps = house, apps

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on by the Host header; the process's start and stop are answered here."""
        if scope["type"] == "lifespan":
            await _lives(receive, send)
            return
        if scope["type"] != "http":
            return
        header = next((value for name, value in scope["headers"] if name == b"host"), b"").decode("latin-1")
        named = self.house.host_named(header)
        if named == "" and scope["path"].startswith(OF_THE_API):
            named = "api"
        if named == "?":
            await _refuse_host(send)
            return
        await self.apps[named](scope, receive, send)


async def _lives(receive: Receive, send: Send) -> None:
    while True:
        message = await receive()
        await send({"type": message["type"] + ".complete"})
        if message["type"] == "lifespan.shutdown":
            return


async def _refuse_host(send: Send) -> None:
    body = json.dumps({"status": 421, "reason": "host", "title": "No host of that name is served here"}).encode()
    headers = [(b"content-type", b"application/problem+json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 421, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def app_of(house: House) -> ByHost:
    """The whole of what is served: API, desk, portal by their hosts, and a page that leads to them."""
    from afterloan.desk.api.app import api_app, api_routers
    from afterloan.desk.portal.app import portal_router
    from afterloan.desk.workbench.app import workbench_router

    desk = app_for(house, "desk", "afterloan desk", openapi_url=None)
    add_routes(desk, signing("desk"))
    add_routes(desk, passkeys("desk"))
    add_routes(desk, staying())
    add_routes(desk, workbench_router(house))
    my = app_for(house, "my", "afterloan portal", openapi_url=None)
    add_routes(my, signing("my"))
    add_routes(my, passkeys("my"))
    add_routes(my, portal_router(house))
    routers = api_routers(house)  # made once: the records of all acts are most of what a start costs
    for app in (desk, my):
        for router in routers:
            add_routes(app, router)
    api, measures = api_app(house, routers), Measures(house)
    measures.add_to(api)
    apps = {"api": api, "desk": desk, "my": my, "": _landing(house)}
    return ByHost(house, {name: measures.wrap(Guard(app), name or "bare") for name, app in apps.items()})


def _landing(house: House) -> FastAPI:
    app = app_for(house, "desk", "afterloan", openapi_url=None)

    @app.get("/", include_in_schema=False)
    def landing(asking: Ask) -> object:
        """The page that leads to the three hosts."""
        port = asking.request.url.port
        end = f":{port}" if port else ""
        scheme = asking.request.url.scheme
        addresses = {name: f"{scheme}://{name}.{house.domain}{end}/" for name in HOSTS}
        return page(asking, "web/landing.html", addresses=addresses)

    return app


def addresses(house: House, port: int) -> dict[Host, str]:
    """Where each host is had on this machine."""
    return {name: f"http://{name}.{house.domain}:{port}/" for name in HOSTS}
