"""The commands `serve`, which shows the desk, the portal and the API of a book, and `account`, which lets people in."""

import os
import sys
from ipaddress import ip_network
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from afterloan.desk.keyboard.doing import Stop, say

if TYPE_CHECKING:
    import uvicorn
    from starlette.types import ASGIApp

    from afterloan.store.server import Store

LOOPBACK = ("127.0.0.1", "::1", "localhost")


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(serve)
    app.command()(account)


def serve(
    demo: Annotated[
        bool, typer.Option("--demo", help="A book that is only played: no passwords, a clock that you move.")
    ] = False,
    port: Annotated[int, typer.Option(min=1, max=65_535)] = 8000,
    bind: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    domain: Annotated[str, typer.Option(help="What stands behind api., desk. and my.")] = "localhost",
    proxy: Annotated[
        list[str] | None,
        typer.Option(
            help="An address or network of the proxies in front (again for each): what they tell is believed."
        ),
    ] = None,
    oidc: Annotated[
        Path | None, typer.Option(help="A file that says by which directory people sign in (docs/operating.md).")
    ] = None,
) -> None:
    """Serve the desk, the borrowers' portal and the HTTP API of the book; Ctrl-C stops."""
    from afterloan.desk.identity.oidc import Directory, read_oidc
    from afterloan.desk.logs import begin_logs
    from afterloan.desk.pushing import HookTeller
    from afterloan.desk.serve import addresses, app_of
    from afterloan.desk.web.house import House
    from afterloan.desk.work import JobWorker
    from afterloan.store.server import open_store

    if demo and bind not in LOOPBACK:
        raise Stop(f"--demo asks nobody for a password: it is served on {LOOPBACK[0]} only, not on {bind}", "forbidden")
    proxies = _proxies(proxy or [])
    directory = Directory(read_oidc(oidc)) if oidc else None
    begin_logs()
    store = open_store()
    _made_ready(store) if demo else _first_administrator(store)
    worker, teller = JobWorker(store), HookTeller(store)
    house = House(store, demo, domain, rings=worker.ring, directory=directory)
    server = server_for(app_of(house), bind, port, proxies)
    for name, words in (("desk", "the lender's people"), ("my", "borrowers"), ("api", "programs")):
        print(f"{words:22}{addresses(house, port)[name]}", flush=True)  # type: ignore[index]
    say("Ctrl-C stops")
    worker.start()
    teller.start()
    try:
        server.run()
    except KeyboardInterrupt:
        pass
    finally:
        teller.stop()
        worker.stop()
        store.close()


def server_for(app: "ASGIApp", bind: str, port: int, proxies: list[str]) -> "uvicorn.Server":
    """The server of an app; what `proxies` tell in X-Forwarded-For and X-Forwarded-Proto is believed, nobody else."""
    import uvicorn

    return uvicorn.Server(
        uvicorn.Config(
            app, host=bind, port=port, log_level="warning", log_config=None, access_log=False,
            server_header=False, timeout_graceful_shutdown=5, proxy_headers=bool(proxies), forwarded_allow_ips=proxies,
        )
    )  # fmt: skip


def _proxies(named: list[str]) -> list[str]:
    """The proxies whose word about the client is believed. Raises Stop for no address, or everybody."""
    for one in named:
        try:
            network = ip_network(one)
        except ValueError as error:
            raise Stop(f"--proxy {one}: {error}; write an address or a network: 10.0.0.5, 10.1.0.0/16") from error
        if network.prefixlen == 0:
            raise Stop(f"--proxy {one} is everybody: anyone could say to be anyone; name the proxies", "forbidden")
    return named


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


def account(
    person: Annotated[str, typer.Argument(help="The name under which acts are kept.")],
    administrator: Annotated[
        bool, typer.Option("--administrator", help="The first of all: may let others in. Refused once anybody can.")
    ] = False,
) -> None:
    """Let PERSON sign in at the desk: asks for a password, shows the secret of the one-time codes and recovery codes.

    Given again, it replaces all three. What the person may do, `afterloan roles` says.
    """
    from afterloan.store.server import open_store

    store = open_store()
    if administrator:
        if not _nobody_signs_in(store):
            raise Stop("somebody can sign in already: an administrator gives roles (`afterloan roles`, or at the desk)")
        _open_first(store, person)
    else:
        _open_account(store, person)


def _open_account(store: "Store", person: str) -> None:
    """Make an account at the terminal. Raises Stop for a password that is weak."""
    from datetime import UTC, datetime

    from afterloan.desk.identity.accounts import open_account, what_is_weak

    password = typer.prompt("password, 15 characters or more", hide_input=True, confirmation_prompt=True)
    if weak := what_is_weak(password, person):
        raise Stop(f"password: {weak}; choose a longer, unusual one")
    with store.connect(autocommit=True) as connection:
        uri, codes = open_account(connection, person, password, datetime.now(UTC))
    print(f"for the app that makes the codes: {uri}")
    print("recovery codes, each good once; they are not shown again:")
    print("  " + "  ".join(codes))


def _first_administrator(store: "Store") -> None:
    """Ask once, at the terminal, for the person who lets all others in. Raises Stop where nobody sits at one."""
    if not _nobody_signs_in(store):
        return
    if not sys.stdin.isatty():
        raise Stop(
            "nobody can sign in yet, and there is no terminal to ask for the first administrator: run "
            "`afterloan account NAME --administrator` at one, then start this again "
            "(in containers: compose run --rm day account NAME --administrator)"
        )
    say("Nobody can sign in yet. Who is the first administrator?")
    _open_first(store, typer.prompt("name"))


def _nobody_signs_in(store: "Store") -> bool:
    from afterloan.store.accounts import any_account

    with store.connect() as connection:
        return not any_account(connection)


def _open_first(store: "Store", person: str) -> None:
    """The account of the first administrator, and the role."""
    from afterloan.facts.act import Who
    from afterloan.servicing.desk import desk_of
    from afterloan.servicing.door import do

    _open_account(store, person)
    with desk_of(store) as desk:
        asked, rule = {"person": person, "roles": ["administrator"]}, Who.rule("first administrator")
        do(desk, rule, "people.roles", asked, f"first-administrator:{person}", desk.now.date())
