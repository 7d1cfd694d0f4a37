"""Tasks of people: done with who and how, given to somebody, opened again."""

from datetime import date
from typing import Any

import psycopg
from pydantic import Field

from afterloan.facts import FactRefused
from afterloan.facts.person import TaskAssigned, TaskDone, TaskReopened
from afterloan.servicing.asked import Asked
from afterloan.servicing.desk import Desk
from afterloan.store.events import tell

OF_EVENTS = ("review:", "term:", "moratorium:", "estate:", "call-back:")
"""How the keys of tasks begin that an event of the borrower makes; the rest of the key names it."""


def _borrower_of(connection: psycopg.Connection[Any], key: str) -> str:
    """The borrower of a task. Raises FactRefused (unknown); money that waits is given to a loan instead."""
    if key.startswith("line:"):
        remedy = f"give it to a loan: `afterloan unmatched --assign '#{key[5:]}' --loan LOAN`"
        raise FactRefused("of", key, "is money that waits", remedy)
    if key.startswith("ring:"):
        return key.split(":", 1)[1].rpartition(":")[0]
    if key.startswith("import:"):
        remedy = f"`afterloan do import.finish_row`, number {key[7:]}; or correct the row and import its file again"
        raise FactRefused("of", key, "is a row that could not be taken", remedy)
    if key.startswith("model:"):
        remedy = f"look at it: `afterloan risk monitor {key.split(':')[1]}`; retire the model, or watch it again"
        raise FactRefused("of", key, "ends when the next look no longer finds it", remedy)
    if key.startswith(("place:", "address:")):
        borrower, _, lacks = key.partition(":")[2].partition(":")
        how = f"`afterloan correct {borrower} --reason … --attribute {lacks or 'timezone'}=…`"
        raise FactRefused("of", key, "ends when it is right", f"tell it: {how}")
    if key.startswith(("proposal:", "ended:")):
        kind, _, of = key.partition(":")
        remedy = f"`afterloan approve {of}` or `afterloan refuse {of} --reason …`"
        raise FactRefused("of", key, "ends by itself", remedy if kind == "proposal" else "it is shown for some days")
    row = connection.execute(
        "select b.reference from borrower b where b.borrower in (select borrower from outbox where key = %s "
        "union select borrower from event where reference = %s)",
        (key, key.partition(":")[2] if key.startswith(OF_EVENTS) else key),
    ).fetchone()
    if row is None:
        raise FactRefused("of", key, "no task of that key", "`afterloan task list` shows them", "unknown")
    return str(row[0])


class _OfTask(Asked):
    """A task by its key `of`."""

    of: str

    def borrowers(self, connection: psycopg.Connection[Any]) -> list[str]:
        """Whose task it is."""
        return [_borrower_of(connection, self.of)]


class FinishTask(_OfTask):
    """The task `of` is done; `how` says what was done."""

    how: str = Field(min_length=1, max_length=4_000)


def finish_task(desk: Desk, asked: FinishTask, on: date) -> dict[str, Any]:
    """Tell a task done; done twice is refused, for somebody did it before."""
    (borrower,) = desk.touched.values()
    if is_done(desk.connection, asked.of):
        raise FactRefused("of", asked.of, "was done before", "reopen it first, if it is not", "conflict")
    told: dict[str, Any] = {"borrower": borrower, "on": on, "known_on": on, "reference": desk.reference}
    tell(desk.connection, TaskDone(**told, of=asked.of, by=desk.who.name, how=asked.how))
    return {"task": asked.of, "borrower": borrower, "done_by": desk.who.name}


class ReopenTask(_OfTask):
    """The task `of` is not done after all; `reason` says why."""

    reason: str = Field(min_length=1, max_length=4_000)


def reopen_task(desk: Desk, asked: ReopenTask, on: date) -> dict[str, Any]:
    """Open a task again; one that is open is refused."""
    (borrower,) = desk.touched.values()
    if not is_done(desk.connection, asked.of):
        raise FactRefused("of", asked.of, "is open", "nothing is to be reopened", "conflict")
    told: dict[str, Any] = {"borrower": borrower, "on": on, "known_on": on, "reference": desk.reference}
    tell(desk.connection, TaskReopened(**told, of=asked.of, by=desk.who.name, reason=asked.reason))
    return {"task": asked.of, "borrower": borrower}


class AssignTask(_OfTask):
    """The task `of` is in the hands of `to` from now on; empty: of nobody."""

    to: str = Field(default="", max_length=200)


def assign_task(desk: Desk, asked: AssignTask, on: date) -> dict[str, Any]:
    """Give a task to a person."""
    (borrower,) = desk.touched.values()
    told: dict[str, Any] = {"borrower": borrower, "on": on, "known_on": on, "reference": desk.reference}
    tell(desk.connection, TaskAssigned(**told, of=asked.of, to=asked.to, by=desk.who.name))
    return {"task": asked.of, "borrower": borrower, "to": asked.to}


def is_done(connection: psycopg.Connection[Any], key: str) -> bool:
    """Whether the last word on a task is that it is done."""
    row = connection.execute(
        "select kind = 'task.done' from event where kind in ('task.done', 'task.reopened') and body->>'of' = %s "
        "order by event desc limit 1",
        (key,),
    ).fetchone()
    return bool(row and row[0])


class FinishImportRow(Asked):
    """The row that an import refused (`number`: of the task `import:N`) is done with; `how` says what became of it."""

    number: int
    how: str = Field(min_length=1, max_length=4_000)


def finish_import_row(desk: Desk, asked: FinishImportRow, on: date) -> dict[str, Any]:
    """A person is done with a row that could not be taken; the act itself says so."""
    found = desk.connection.execute(
        "select file, row from import_refusal where refusal = %s", (asked.number,)
    ).fetchone()
    if found is None:
        raise FactRefused("number", asked.number, "no refused row of that number", "`afterloan task list`", "unknown")
    return {"file": found[0], "row": found[1]}
