"""What a served book tells a collector of traces: a real one over HTTP, in a process of its own."""

import base64
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
from google.protobuf.json_format import MessageToDict
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from afterloan.store.server import Store
from tests.desk.web.served import small_book

CALLED = """
import sys
from afterloan.tracing import begin_tracing
begin_tracing("test")
from afterloan.store.server import Store
from tests.desk.web.served import Served
served = Served(Store(sys.argv[1]))
finance, lead = served.api("finance"), served.api("lead")
told = {"traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "idempotency-key": "secret-1"}
asked = {"amount_fen": 12345, "received_on": "2026-02-10"}
answer = finance.post("/v1/loans/L1/repayments", json=asked, headers=told)
print(answer.status_code)
print(lead.get("/v1/borrowers?q=Name+of+B1").status_code)
"""
"""A program that goes on with its own trace takes money, and looks for somebody by name."""
PARENT = "0af7651916cd43dd8448eb211c80319c"


@pytest.fixture
def collector() -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """A collector's address, and the spans it was sent."""
    spans: list[dict[str, Any]] = []

    class Collector(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked = ExportTraceServiceRequest()
            asked.ParseFromString(self.rfile.read(int(self.headers["content-length"])))
            for resource in MessageToDict(asked)["resourceSpans"]:
                for scope in resource["scopeSpans"]:
                    spans.extend(scope["spans"])
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Collector)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", spans
    server.shutdown()
    server.server_close()


def run(words: list[str], at: str, **more: str) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, "OTEL_EXPORTER_OTLP_ENDPOINT": at, **more}
    return subprocess.run([sys.executable, *words], capture_output=True, text=True, env=env, timeout=120)


def told(span: dict[str, Any]) -> dict[str, str]:
    """What a span tells of itself, as text."""
    return {
        one["key"].removeprefix("afterloan."): str(next(iter(one["value"].values())))
        for one in span.get("attributes", [])
    }


def above(span: dict[str, Any], spans: list[dict[str, Any]]) -> list[str]:
    """The names of the spans around a span, from the nearest on."""
    by = {one["spanId"]: one for one in spans}
    names = []
    while (span := by.get(span.get("parentSpanId", ""), {})) != {}:
        names.append(span["name"])
    return names


def test_a_request_its_act_what_was_reckoned_and_each_statement_are_one_trace(
    store: Store, collector: tuple[str, list[dict[str, Any]]]
) -> None:
    at, spans = collector
    small_book(store)
    done = run(["-c", CALLED, store.url], at)
    assert done.stdout.split() == ["201", "200"], done.stdout + done.stderr[-2000:]
    mine = [span for span in spans if base64.b64decode(span["traceId"]).hex() == PARENT]
    request = next(span for span in mine if span["name"] == "request")
    assert told(request) == {
        "host": "api", "method": "POST", "route": "/v1/loans/{loan}/repayments", "status": "201"
    }  # fmt: skip
    act = next(span for span in mine if span["name"] == "act")
    assert told(act)["verb"] == "repayment.take" and told(act)["outcome"] == "done"
    reckoning = next(span for span in mine if span["name"] == "reckoning")
    assert above(reckoning, mine)[0] == "act" and above(reckoning, mine)[-1] == "request"
    statements = [span for span in mine if span["name"] == "statement" and "act" in above(span, mine)]
    assert any(told(span)["text"].startswith("insert into fact") for span in statements)


def test_a_trace_tells_kinds_and_never_whose(store: Store, collector: tuple[str, list[dict[str, Any]]]) -> None:
    at, spans = collector
    small_book(store)
    run(["-c", CALLED, store.url], at)
    assert len(spans) > 20
    drawn = ("traceId", "spanId", "parentSpanId", "startTimeUnixNano", "endTimeUnixNano", "timeUnixNano")  # any digits
    spans = json.loads(json.dumps(spans), object_hook=lambda part: {k: v for k, v in part.items() if k not in drawn})
    for secret in ("L1", "B1", "Name of", "12345", "secret-1"):
        assert secret not in json.dumps(spans), secret


def test_a_close_is_told_by_its_parts(store: Store, collector: tuple[str, list[dict[str, Any]]]) -> None:
    at, spans = collector
    small_book(store)
    main = "from afterloan.desk.keyboard.main import main; main()"
    done = run(["-c", main, "close", "--through", "2026-01-12"], at, AFTERLOAN_DATABASE_URL=store.url)
    assert done.returncode == 0, done.stderr
    of = {span["name"]: told(span) for span in spans}
    assert of["reckoning"]["loans"] == "2" and of["proof"]["days"] == "3"


def test_a_collector_without_the_parts_that_speak_to_it_is_said(collector: tuple[str, list[dict[str, Any]]]) -> None:
    hidden = "import sys; sys.modules['opentelemetry.sdk'] = None\n"
    done = run(["-c", hidden + "from afterloan.desk.keyboard.main import main; main()", "--help"], collector[0])
    assert done.returncode == 1
    assert done.stderr == (
        "afterloan: OTEL_EXPORTER_OTLP_ENDPOINT is set and opentelemetry.sdk.trace is not there: "
        "install afterloan[traces]\n"
    )
