"""Spans by OpenTelemetry for whoever runs a book: a request, the act in it, what was reckoned, each statement.

Off, at the cost of one look at a variable, unless OTEL_EXPORTER_OTLP_ENDPOINT (or OTEL_EXPORTER_OTLP_TRACES_ENDPOINT)
names a collector; what else OpenTelemetry reads from the environment holds as it does elsewhere (OTEL_TRACES_SAMPLER,
OTEL_RESOURCE_ATTRIBUTES). A span tells kinds and counts only: a route's pattern, a verb, an outcome, a statement
without its values. No reference of a borrower or a loan and nothing that somebody wrote is in it.
"""

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from afterloan.expected import ExpectedFailure

if TYPE_CHECKING:
    from opentelemetry.context import Context
    from opentelemetry.trace import Tracer

ENDPOINTS = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
Told = str | int | bool


class NoTraces(ExpectedFailure, RuntimeError):
    """A collector is named and the parts that speak to it are not installed."""


class Span:
    """What a block may still tell of itself before it ends; of no effect while tracing is off."""

    def tell(self, **told: Told) -> None:
        """Add what is known only now: `outcome="refused"`."""


_OFF = Span()
_tracer: "Tracer | None" = None


class _On(Span):
    def __init__(self, span: "object") -> None:
        self.span = span

    def tell(self, **told: Told) -> None:
        for name, value in told.items():
            self.span.set_attribute(f"afterloan.{name}", value)  # type: ignore[attr-defined]


def begin_tracing(process: str) -> None:
    """Send what this process does from here on to the collector that the environment names; nothing where none is.

    `process`: `serve`, `drain`, `close`. Raises NoTraces.
    """
    global _tracer
    if _tracer is not None or not any(os.environ.get(name) for name in ENDPOINTS):
        return
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError as missing:
        named = next(name for name in ENDPOINTS if os.environ.get(name))
        raise NoTraces(f"{named} is set and {missing.name} is not there: install afterloan[traces]") from missing
    about = {"service.name": "afterloan", "afterloan.process": process} | _named_otherwise()
    provider = TracerProvider(resource=Resource.create(about))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    _tracer = provider.get_tracer("afterloan")


def _named_otherwise() -> dict[str, str]:
    name = os.environ.get("OTEL_SERVICE_NAME")
    return {"service.name": name} if name else {}


def tracing() -> bool:
    """Whether spans are sent."""
    return _tracer is not None


@contextmanager
def span(name: str, within: "Context | None" = None, **told: Told) -> Iterator[Span]:
    """What happens in the block is one span, a child of the one around it; a block that breaks off is an error.

    `within`: a context from outside, as a caller's `traceparent` tells it. A mistake's kind is told, never its words.
    """
    if _tracer is None:
        yield _OFF
        return
    from opentelemetry.trace import Status, StatusCode

    attributes = {f"afterloan.{key}": value for key, value in told.items()}
    with _tracer.start_as_current_span(
        name, within, attributes=attributes, record_exception=False, set_status_on_exception=False
    ) as current:
        try:
            yield _On(current)
        except BaseException as mistake:
            current.set_status(Status(StatusCode.ERROR, type(mistake).__name__))
            raise


def context_of(headers: Iterable[tuple[bytes, bytes]]) -> "Context | None":
    """The span of a caller that goes on here, by the `traceparent` of its request; None while tracing is off."""
    if _tracer is None:
        return None
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

    return TraceContextTextMapPropagator().extract(
        {name.decode("latin-1"): value.decode("latin-1") for name, value in headers}
    )
