"""`afterloan serve`: the desk, the portal and the API of a book, in one process, offline."""

import os
from typing import TYPE_CHECKING, Annotated

import typer

from afterloan.desk.keyboard.doing import Stop, say

if TYPE_CHECKING:
    from afterloan.store.server import Store

LOOPBACK = ("127.0.0.1", "::1", "localhost")


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(serve)


def serve(
    demo: Annotated[
        bool, typer.Option("--demo", help="A book that is only played: no passwords, a clock that you move.")
    ] = False,
    port: Annotated[int, typer.Option(min=1, max=65_535)] = 8000,
    bind: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    domain: Annotated[str, typer.Option(help="What stands behind api., desk. and my.")] = "localhost",
) -> None:
    """Serve the desk, the borrowers' portal and the HTTP API of the book; Ctrl-C stops."""
    import uvicorn

    from afterloan.desk.serve import addresses, app_of
    from afterloan.desk.web.house import House
    from afterloan.desk.work import JobWorker
    from afterloan.store.server import open_store

    if demo and bind not in LOOPBACK:
        raise Stop(f"--demo asks nobody for a password: it is served on {LOOPBACK[0]} only, not on {bind}", "forbidden")
    store = open_store()
    _made_ready(store) if demo else _first_administrator(store)
    worker = JobWorker(store)
    house = House(store, demo, domain, rings=worker.ring)
    server = uvicorn.Server(
        uvicorn.Config(
            app_of(house), host=bind, port=port, log_level="warning", access_log=False, server_header=False,
            timeout_graceful_shutdown=5, proxy_headers=False,
        )
    )  # fmt: skip
    for name, words in (("desk", "the lender's people"), ("my", "borrowers"), ("api", "programs")):
        print(f"{words:22}{addresses(house, port)[name]}", flush=True)  # type: ignore[index]
    say("Ctrl-C stops")
    worker.start()
    try:
        server.run()
    except KeyboardInterrupt:
        pass
    finally:
        worker.stop()
        store.close()


def _made_ready(store: "Store") -> None:
    """A book with a day to look at: the one that `afterloan demo` makes, where there is none yet."""
    from afterloan.desk.keyboard.main import demo_book
    from afterloan.desk.web.seats import APPOINTED
    from afterloan.enquiry.counts import counts
    from afterloan.rehearsal.sandbox import begin

    with store.connect() as connection:
        there = counts(connection)
    if there["closed_through"] is None:
        demo_book(store, int(os.environ.get("AFTERLOAN_DEMO_LOANS", "1000")), 24)
    begin(store, APPOINTED, say)


def _first_administrator(store: "Store") -> None:
    """Ask once, at the terminal, for the person who lets all others in."""
