"""One command for a lender's day."""

from typing import Annotated

import typer

from afterloan.desk.keyboard.doing import Stop


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(day)


def day(
    on: Annotated[str, typer.Argument(help="The day that begins, YYYY-MM-DD.")],
    workers: Annotated[
        int | None, typer.Option(min=1, max=64, help="Worker processes; all cores unless given.")
    ] = None,
) -> None:
    """Begin a day: close the days before, watch plans, restore lines, decide, propose. Then: `afterloan drain`."""
    from afterloan.close.workers import begin

    cores = begin(workers)
    from afterloan.close.today import run_day
    from afterloan.dates import date_told
    from afterloan.dates import day as number
    from afterloan.rehearsal.sandbox import move_clock
    from afterloan.store.server import open_store

    store, today = open_store(), number(on)
    try:
        for line in run_day(store, today, cores):
            print(line, flush=True)
        move_clock(store, date_told(on))
    except KeyboardInterrupt:
        raise Stop(f"{on}: interrupted; what is told above is done, the same command goes on from there") from None
