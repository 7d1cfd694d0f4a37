"""Which reader and which writer belongs to which form of file."""

from collections.abc import Callable
from pathlib import PurePath

from afterloan.banks import nacha, pain008
from afterloan.banks.batch_csv import (
    read_batch,
    read_batch_results,
    read_statement,
    write_batch,
    write_batch_results,
    write_statement,
)
from afterloan.banks.camt import read_camt, results_of, write_camt, write_camt054_results
from afterloan.banks.mt940 import read_mt940, write_mt940
from afterloan.banks.nacha import read_nacha, read_nacha_returns, write_nacha, write_nacha_returns
from afterloan.banks.pain002 import read_pain002, write_pain002
from afterloan.banks.pain008 import read_pain008, write_pain008
from afterloan.banks.words import BankFileRefused, BankRowRefused, BankStatement, Collection, Order, Results

WRITERS: dict[str, Callable[[Collection], bytes]] = {
    "pain008": write_pain008,
    "nacha": write_nacha,
    "batch_csv": write_batch,
}
READERS: dict[str, Callable[[bytes, str], Collection]] = {
    "pain008": read_pain008,
    "nacha": read_nacha,
    "batch_csv": read_batch,
}
WRITERS_OF_RESULTS: dict[str, Callable[[Results], bytes]] = {
    "pain002": write_pain002,
    "camt054": write_camt054_results,
    "nacha_returns": write_nacha_returns,
    "batch_csv": write_batch_results,
}
WRITERS_OF_STATEMENTS: dict[str, Callable[[BankStatement], bytes]] = {
    "camt053": write_camt,
    "mt940": write_mt940,
    "csv": write_statement,
}
SUFFIX = {"pain008": "xml", "nacha": "ach", "batch_csv": "csv"}


def refuse_order(form: str, order: Order, currency: str) -> BankRowRefused | None:
    """Why a debit cannot stand in a file of a form; None: it can."""
    if form == "nacha":
        return nacha.refuse_order(order)
    return pain008.refuse_order(order, currency) if form == "pain008" else None


def read_collection(form: str, data: bytes, file: str) -> Collection:
    """A collection of a form. Raises FileRefused."""
    if form not in READERS:
        raise BankFileRefused(file, "form", f"no form {form!r} of collections", f"there are: {', '.join(READERS)}")
    return READERS[form](data, file)


def read_results(data: bytes, file: str) -> Results:
    """Results of any form, told apart by their beginning: pain.002, camt.053/054, NACHA returns, CSV batch."""
    start = data[:2000].lstrip(b"\xef\xbb\xbf \r\n")
    if start.startswith(b"<"):
        if b"pain.002." in start:
            return read_pain002(data, file)
        statements = read_camt(data, file)
        parts = [results_of(s) for s in statements]
        found = tuple(r for part in parts for r in part.results)
        refused = tuple(r for part in parts for r in part.refused)
        message = parts[0].message if parts else PurePath(file).name
        if not statements:
            raise BankFileRefused(file, "file", "no statement in it", "send it again")
        return Results(message, "", parts[0].made_at, found, refused)
    if start.startswith(b"101"):
        return read_nacha_returns(data, file)
    return read_batch_results(data, file)


def read_statements(data: bytes, file: str) -> list[BankStatement]:
    """Statements of any form, told apart by their beginning: camt.053 or 054, MT940, CSV."""
    start = data[:2000].lstrip(b"\xef\xbb\xbf \r\n")
    if start.startswith(b"<"):
        return read_camt(data, file)
    if b":20:" in start:
        return read_mt940(data, file)
    return [read_statement(data, file)]
