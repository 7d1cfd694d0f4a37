"""What every form of bank file says, in one set of values: collections, results, statements, refusals."""

import hashlib
from base64 import b32encode
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Literal

from afterloan.expected import ExpectedFailure

Status = Literal["succeeded", "failed", "returned", "pending"]
MAX_BYTES = 200 * 1024 * 1024
"""A file larger than this is refused at the door."""


class BankFileRefused(ExpectedFailure, ValueError):
    """A file that cannot be taken whole: `file`, `place` (line, element), what is wrong, what to do."""

    def __init__(self, file: str, place: str, reason: str, remedy: str) -> None:
        """`remedy`: what the sender does about it."""
        super().__init__(f"{file}: {place}: {reason}; {remedy}")
        self.file, self.place, self.reason, self.remedy = file, place, reason, remedy


@dataclass(frozen=True, slots=True)
class BankRowRefused:
    """One row of a file that cannot be taken; the others are."""

    place: str
    column: str
    value: str
    reason: str
    remedy: str

    def __str__(self) -> str:
        """For people."""
        return f"{self.place}: {self.column} {self.value!r}: {self.reason}; {self.remedy}"


@dataclass(frozen=True, slots=True)
class Order:
    """One debit asked of the bank. `end_to_end`: the attempt's reference. Money in minor units.

    `savings`: the account is a savings account, where the scheme tells those apart from current ones (NACHA).
    """

    end_to_end: str
    amount_fen: int
    mandate: str
    signed_on: date
    name: str
    account: str
    bank: str = ""
    text: str = ""
    savings: bool = False


@dataclass(frozen=True, slots=True)
class Creditor:
    """Who collects: name, account, bank identifier, the scheme's creditor identifier."""

    name: str
    account: str
    bank: str = ""
    scheme_id: str = ""


@dataclass(frozen=True, slots=True)
class Collection:
    """A file of debits: `message` names it, `collect_on` is the day on which money is asked for.

    `number`: how many files of this form the day has with it; `first_debit`: how many debits were ever sent before its
    first one, plus one. Schemes that tell files and debits apart by such numbers (NACHA) take theirs from here.
    """

    message: str
    made_at: datetime
    creditor: Creditor
    collect_on: date
    currency: str
    orders: tuple[Order, ...]
    number: int = field(default=1, compare=False)
    first_debit: int = field(default=1, compare=False)

    @property
    def total_fen(self) -> int:
        """The control sum."""
        return sum(order.amount_fen for order in self.orders)


@dataclass(frozen=True, slots=True)
class Result:
    """What the bank says of one debit. `amount_fen`: taken (succeeded) or given back (returned); 0 when nothing.

    `scheme` says whose codes `code` is of: iso20022, nacha, batch.
    """

    end_to_end: str
    status: Status
    on: date
    amount_fen: int = 0
    code: str = ""
    scheme: str = "iso20022"
    bank_reference: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Correction:
    """What the payer's bank asks us to change before the next debit: `code` says what, `corrected` the new value."""

    end_to_end: str
    code: str
    corrected: str
    place: str = ""


@dataclass(frozen=True, slots=True)
class Results:
    """A file of results: of which message (may be empty), results, rows refused, corrections asked for."""

    message: str
    of_message: str
    made_at: datetime
    results: tuple[Result, ...]
    refused: tuple[BankRowRefused, ...] = ()
    corrections: tuple[Correction, ...] = ()


@dataclass(frozen=True, slots=True)
class StatementLine:
    """One line of a statement. `amount_fen` > 0 came in, < 0 went out.

    `bank_reference`: the bank's own name for it, empty where it gives none; banks give the same name to several lines.
    `doubt`: why a person must look at it before it is given to a loan. `position`: its place in the statement, from 1:
    where a line stands is not what it says, so lines that differ in nothing else are equal.
    """

    bank_reference: str
    booked_on: date
    amount_fen: int
    end_to_end: str = ""
    mandate: str = ""
    name: str = ""
    account: str = ""
    text: str = ""
    code: str = ""
    doubt: str = ""
    position: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class BankStatement:
    """An account's lines. Balances (minor units) are None where the form does not carry them.

    `number`: the bank's own count of its statements, where `message` alone is no name (MT940: `STARTUMS`).
    """

    message: str
    account: str
    currency: str
    made_at: datetime
    lines: tuple[StatementLine, ...]
    opening_fen: int | None = None
    closing_fen: int | None = None
    refused: tuple[BankRowRefused, ...] = ()
    number: str = field(default="", compare=False)


NO_REFERENCE = frozenset({"", "NONREF", "NOTPROVIDED", "NOTAVAILABLE", "NONE", "NOREF", "N/A"})
"""What banks write where there is no reference."""


def reference_or_none(text: str) -> str:
    """A reference as told, empty for the words that mean there is none: `NONREF`, `NOTPROVIDED`."""
    return "" if text.strip().upper().replace(" ", "") in NO_REFERENCE else text.strip()


def reference_of(*parts: object) -> str:
    """The reference of an attempt: `D` and 70 bits of the hash of what it is about, in base 32.

    Two attempts out of a million share one with a chance below 1 in 10⁹; the store would refuse the second.
    """
    digest = hashlib.sha256("\x1f".join(str(part) for part in parts).encode()).digest()
    return "D" + b32encode(digest)[:14].decode()


def decoded(data: bytes, file: str) -> str:
    """The text of a file, UTF-8 (with or without mark) or, failing that, GB18030. Raises FileRefused."""
    if len(data) > MAX_BYTES:
        raise BankFileRefused(file, "file", f"{len(data):,} bytes", f"send at most {MAX_BYTES:,}")
    if not data.strip():
        raise BankFileRefused(file, "line 1", "the file is empty", "send it again")
    if b"\x00" in data:
        line = data[: data.index(b"\x00")].count(b"\n") + 1
        raise BankFileRefused(file, f"line {line}", "has a zero byte, so it is no text", "send it again")
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise BankFileRefused(file, "file", "neither UTF-8 nor GB18030", "send it in UTF-8")
