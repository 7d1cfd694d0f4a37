"""A progress bar for the terminal: how far, how fast, how long still, where Ctrl-C stopped it."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from afterloan.desk.keyboard.doing import Stop

GOES_ON = "what is done is kept; the same command goes on from there"


@contextmanager
def bar(label: str, after: str = GOES_ON) -> Iterator[Callable[[str, int, int], None]]:
    """Give `show(name, done, total)`, which draws one line for each name on standard error.

    Ctrl-C becomes a refusal that says how far it came and, in `after`, what to do next.
    """
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TaskProgressColumn,
        TextColumn,
        TimeRemainingColumn,
    )

    # a connection that Ctrl-C cuts off is told of by its pool as well, before our own line: one is enough
    logging.getLogger("psycopg.pool").addHandler(logging.NullHandler())
    console = Console(stderr=True)
    columns = (
        TextColumn("{task.description:24}"),
        BarColumn(),
        TaskProgressColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, disable=not console.is_terminal, transient=True) as progress:
        tasks: dict[str, Any] = {}

        def show(name: str, done: int, total: int) -> None:
            if name not in tasks:
                tasks[name] = progress.add_task(f"{label} {name}".strip(), total=total or None, rate="")
            task = progress.tasks[tasks[name]]
            speed = f"{task.speed:,.0f}/s" if task.speed else ""
            progress.update(tasks[name], completed=done, total=total or None, rate=speed)

        try:
            yield show
        except KeyboardInterrupt:
            progress.stop()
            shown = ", ".join(f"{t.completed:,.0f} of {t.total or 0:,.0f} {t.description}" for t in progress.tasks)
            raise Stop(f"{label}: interrupted after {shown or 'nothing'}; {after}") from None
