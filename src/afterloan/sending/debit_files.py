"""The file of debits written where the bank fetches it: whole or not at all, again as often as it is wanted."""

from dataclasses import dataclass
from datetime import date
from pathlib import Path

from afterloan.banks.files import SUFFIX
from afterloan.facts import FactRefused
from afterloan.facts.act import Refused, Who
from afterloan.servicing.desk import desk_of
from afterloan.servicing.door import do
from afterloan.servicing.filing import LeftOut, file_again
from afterloan.store.server import Store


@dataclass(frozen=True, slots=True)
class Filed:
    """A file for the bank: its name, how many debits of how much are in it, what was left out of it."""

    message: str
    path: Path | None
    debits: int
    total_fen: int
    left_out: tuple[LeftOut, ...] = ()


def file_out(
    store: Store,
    folder: Path,
    rail: str,
    on: date,
    currency: str = "CNY",
    again: str | None = None,
    who: Who = Who.rule("debit files"),
    reference: str = "",
) -> Filed:
    """File what waits (verb `debit.file`) and write the file into a folder, for collection on a day.

    The debits are on record as filed before the file has its name: killed in between, `again=MESSAGE` writes that very
    file once more, and no debit stands in two. `reference`: of the act. Raises FactRefused (no creditor, an unknown
    message, no such form), FileRefused.
    """
    with desk_of(store) as desk:
        message, left_out = again or "", tuple[LeftOut, ...]()
        if not again:
            name = reference or f"debit.file:{rail}:{on}:{desk.now.isoformat()}"
            answer = do(desk, who, "debit.file", {"form": rail, "currency": currency}, name, on)
            if isinstance(answer, Refused):
                raise FactRefused(answer.where, answer.value, answer.why, answer.remedy, answer.kind)
            message = str(answer.body["message"])
            left_out = tuple(LeftOut(**one) for one in answer.body["left_out"])
        if not message:
            return Filed("", None, 0, 0, left_out)
        made = file_again(desk.connection, rail, message, currency)
    return Filed(
        message, _written(folder, f"{message}.{SUFFIX[rail]}", made.data), made.debits, made.total_fen, left_out
    )


def _written(folder: Path, name: str, data: bytes) -> Path:
    """A file that has its name only when all of it is there."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    partly = path.with_suffix(".part")
    partly.write_bytes(data)
    partly.replace(path)
    return path
