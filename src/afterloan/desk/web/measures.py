"""What a machine that watches over a served book reads: is it ready, how much it does, what waits."""

import hmac
import os
import time
from collections.abc import Iterable
from typing import Any

import psycopg
from fastapi import FastAPI
from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from afterloan.desk.web.house import House
from afterloan.desk.web.refusing import refuse
from afterloan.enquiry.health import Check, health
from afterloan.store.machine import machine_of
from afterloan.store.server import newest_tables
from afterloan.tracing import context_of, span

TOKEN = "AFTERLOAN_METRICS_TOKEN"
"""The word that whoever reads `/metrics` from another machine sends as a bearer; unset: only this machine may."""
TEXT = "text/plain; version=1.0.0; charset=utf-8"
SECONDS = (0.005, 0.015, 0.04, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 30.0)
NEAR = ("127.0.0.1", "::1")


class OfTheBook(Collector):
    """Asked of the book itself each time somebody reads: one gauge for each check of `health`."""

    def __init__(self, house: House) -> None:
        """`house`: whose book it is."""
        self.house = house

    def collect(self) -> Iterable[Metric]:
        """What each check counted, and 0, 1 or 2 for well, a look, wrong."""
        count = GaugeMetricFamily("afterloan_found", "What each check of the book counted", labels=["check"])
        state = GaugeMetricFamily("afterloan_state", "0 well, 1 worth a look, 2 wrong", labels=["check"])
        for check in checks_of(self.house):
            name = check.name.replace(" ", "_")
            count.add_metric([name], check.count)
            state.add_metric([name], ("well", "look", "wrong").index(check.state))
        return count, state

    def describe(self) -> Iterable[Metric]:
        """Nothing is asked when a process starts."""
        return ()


class Measures:
    """Counts and times what is answered. One of a process: `wrap` a host's app, `add_to` the app that tells."""

    def __init__(self, house: House) -> None:
        """`house`: whose book it is."""
        self.house = house
        self.registry = CollectorRegistry()
        labels = ("host", "method", "status")
        self.answers = Counter("afterloan_answers", "Requests answered", labels, registry=self.registry)
        self.seconds = Histogram(
            "afterloan_answer_seconds", "From a request to the end of its answer", ("host",), registry=self.registry,
            buckets=SECONDS,
        )  # fmt: skip
        self.registry.register(OfTheBook(house))

    def wrap(self, app: ASGIApp, host: str) -> ASGIApp:
        """The app of a host, each answer counted by its method and status; no path and no name is kept."""
        seconds = self.seconds.labels(host)

        async def counted(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] != "http":
                await app(scope, receive, send)
                return
            begun, status = time.perf_counter(), 500

            async def told(message: Message) -> None:
                nonlocal status
                if message["type"] == "http.response.start":
                    status = message["status"]
                await send(message)

            with span("request", context_of(scope["headers"]), host=host, method=scope["method"]) as request:
                try:
                    await app(scope, receive, told)
                finally:
                    self.answers.labels(host, scope["method"], str(status)).inc()
                    seconds.observe(time.perf_counter() - begun)
                    request.tell(route=getattr(scope.get("route"), "path", ""), status=status)

        return counted

    def add_to(self, app: FastAPI) -> None:
        """`/readyz` and `/metrics`."""
        app.get("/readyz", include_in_schema=False)(self.ready)
        app.get("/metrics", include_in_schema=False)(self.metrics)

    def ready(self) -> Response:
        """200 where the book answers with the tables of this version and its jobs are done; 503 with why where not."""
        try:
            wrong = [check.says for check in checks_of(self.house) if check.name == "jobs" and check.state == "wrong"]
            tables = machine_of(self.house.store).tables
            if tables != newest_tables():
                wrong.append(f"the tables are of version {tables}, not {newest_tables()}")
        except psycopg.Error:
            wrong = ["the database does not answer"]
        return JSONResponse({"ready": not wrong, "wrong": wrong}, 503 if wrong else 200)

    def metrics(self, request: Request) -> Response:
        """All measures as Prometheus reads them. From another machine only with the word of AFTERLOAN_METRICS_TOKEN."""
        told: Any = request.headers.get("authorization", "").removeprefix("Bearer ")
        word = os.environ.get(TOKEN, "")
        known = bool(word) and hmac.compare_digest(told.encode(), word.encode())
        near = not word and request.client is not None and request.client.host in NEAR
        if not (known or near):
            raise refuse(401, "not-signed-in", "measures are told to this machine, or with the word", f"set {TOKEN}")
        return Response(generate_latest(self.registry), media_type=TEXT)


def checks_of(house: House) -> list[Check]:
    """The checks of a served book now. Raises psycopg.Error where it does not answer."""
    with house.store.connect(autocommit=True) as connection:
        return health(connection, house.now())
