"""What every form of bank file says, in one set of values: collections, results, statements, refusals."""

import hashlib
from base64 import b32encode
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Literal

Status = Literal["succeeded", "failed", "returned", "pending"]
MAX_BYTES = 200 * 1024 * 1024
"""A file larger than this is refused at the door."""


class FileRefused(ValueError):
    """A file that cannot be taken whole: `file`, `place` (line, element), what is wrong, what to do."""

    def __init__(self, file: str, place: str, reason: str, remedy: str) -> None:
        """`remedy`: what the sender does about it."""
        super().__init__(f"{file}: {place}: {reason}; {remedy}")
        self.file, self.place, self.reason, self.remedy = file, place, reason, remedy


@dataclass(frozen=True, slots=True)
class RowRefused:
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
    """One debit asked of the bank. `end_to_end`: the attempt's reference. Money in minor units."""

    end_to_end: str
    amount_fen: int
    mandate: str
    signed_on: date
    name: str
    account: str
    bank: str = ""
    text: str = ""


@dataclass(frozen=True, slots=True)
class Creditor:
    """Who collects: name, account, bank identifier, the scheme's creditor identifier."""

    name: str
    account: str
    bank: str = ""
    scheme_id: str = ""


@dataclass(frozen=True, slots=True)
class Collection:
    """A file of debits: `message` names it, `collect_on` is the day on which money is asked for."""

    message: str
    made_at: datetime
    creditor: Creditor
    collect_on: date
    currency: str
    orders: tuple[Order, ...]

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
class Results:
    """A file of results: of which message (may be empty), results, rows refused."""

    message: str
    of_message: str
    made_at: datetime
    results: tuple[Result, ...]
    refused: tuple[RowRefused, ...] = ()


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a statement. `amount_fen` > 0 came in, < 0 went out; `bank_reference` is unique on the account."""

    bank_reference: str
    booked_on: date
    amount_fen: int
    end_to_end: str = ""
    mandate: str = ""
    name: str = ""
    account: str = ""
    text: str = ""
    code: str = ""


@dataclass(frozen=True, slots=True)
class Statement:
    """An account's lines. Balances (minor units) are None where the form does not carry them."""

    message: str
    account: str
    currency: str
    made_at: datetime
    lines: tuple[Line, ...]
    opening_fen: int | None = None
    closing_fen: int | None = None
    refused: tuple[RowRefused, ...] = ()


def reference_of(*parts: object) -> str:
    """The reference of an attempt: `D` and 70 bits of the hash of what it is about, in base 32.

    Two attempts out of a million share one with a chance below 1 in 10⁹; the store would refuse the second.
    """
    digest = hashlib.sha256("\x1f".join(str(part) for part in parts).encode()).digest()
    return "D" + b32encode(digest)[:14].decode()


def yuan(fen: int) -> str:
    """`yuan(-123405) == "-1234.05"`."""
    sign = "-" if fen < 0 else ""
    return f"{sign}{abs(fen) // 100}.{abs(fen) % 100:02d}"


def fen_of(text: str) -> int:
    """Minor units of a decimal text: `fen_of("1234.5") == 123450`. Raises ValueError: no number, a third decimal."""
    try:
        value = Decimal(text.strip().replace(",", "."))
    except InvalidOperation as error:
        raise ValueError(f"{text!r} is no amount; write 1234.56") from error
    whole = value.scaleb(2)
    if not whole.is_finite() or whole != whole.to_integral_value():
        raise ValueError(f"{text!r} has more than two decimals")
    if abs(whole) > 10**14:
        raise ValueError(f"{text!r} is larger than any amount here")
    return int(whole)


def decoded(data: bytes, file: str) -> str:
    """The text of a file, UTF-8 (with or without mark) or, failing that, GB18030. Raises FileRefused."""
    if len(data) > MAX_BYTES:
        raise FileRefused(file, "file", f"{len(data):,} bytes", f"send at most {MAX_BYTES:,}")
    if not data.strip():
        raise FileRefused(file, "line 1", "the file is empty", "send it again")
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise FileRefused(file, "file", "neither UTF-8 nor GB18030", "send it in UTF-8")
