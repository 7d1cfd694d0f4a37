"""Statements as SWIFT MT940: read with the mt-940 library, its balances checked; written for the simulated bank."""

import re
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal

import mt940

from afterloan.banks.words import FileRefused, Line, RowRefused, Statement, decoded

NAMES = {"EREF": "end_to_end", "MREF": "mandate", "NAME": "name", "ACCT": "account", "REMI": "text", "RTRN": "code"}
TAGS = re.compile(r"/(EREF|MREF|NAME|ACCT|REMI|RTRN)/")
WIDTH = 65


def write_mt940(statement: Statement) -> bytes:
    """A statement. Details stand in :86: as /EREF/…/MREF/…/NAME/…, wrapped at 65 characters."""
    s = statement
    opening = s.opening_fen or 0
    closing = s.closing_fen if s.closing_fen is not None else opening + sum(x.amount_fen for x in s.lines)
    first = s.lines[0].booked_on if s.lines else s.made_at.date()
    rows = [
        f":20:{s.message[:16]}",
        f":25:{s.account}",
        ":28C:1/1",
        f":60F:{_balance(opening, first.strftime('%y%m%d'), s.currency)}",
    ]
    for x in s.lines:
        sign = "C" if x.amount_fen > 0 else "D"
        key = x.end_to_end[:16] or "NONREF"
        amount = _amount(abs(x.amount_fen))
        rows.append(f":61:{x.booked_on:%y%m%d}{x.booked_on:%m%d}{sign}{amount}NDDT{key}//{x.bank_reference[:16]}")
        told = "".join(f"/{tag}/{getattr(x, field)}" for tag, field in NAMES.items() if getattr(x, field))
        text = f":86:{told or '/REMI/-'}"
        rows.extend(_wrapped(text))
    rows.append(f":62F:{_balance(closing, s.made_at.strftime('%y%m%d'), s.currency)}")
    return ("\n".join([*rows, "-"]) + "\n").encode("utf-8")


def _amount(fen: int) -> str:
    return f"{fen // 100},{fen % 100:02d}"


def _balance(fen: int, on: str, currency: str) -> str:
    return f"{'C' if fen >= 0 else 'D'}{on}{currency}{_amount(abs(fen))}"


def _wrapped(text: str) -> Iterator[str]:
    """A text in rows of 65 characters at most; none begins or ends with a blank, which readers drop."""
    while text:
        cut = WIDTH
        while 1 < cut < len(text) and " " in (text[cut - 1], text[cut]):
            cut -= 1
        yield text[:cut]
        text = text[cut:]


def read_mt940(data: bytes, file: str = "mt940") -> list[Statement]:
    """The statements in a file (each from :20: to :62F:). Raises FileRefused: cut off, balances that do not agree."""
    text = decoded(data, file).replace("\r\n", "\n")
    starts = [m.start() for m in re.finditer(r"^:20:", text, re.MULTILINE)]
    if not starts:
        raise FileRefused(file, "line 1", "no :20:, so no MT940", "send the statement as the bank gave it")
    parts = [text[a:b] for a, b in zip(starts, [*starts[1:], len(text)], strict=True)]
    before = [text.count("\n", 0, a) for a in starts]
    return [_statement(part, lines, file) for part, lines in zip(parts, before, strict=True)]


def _statement(text: str, lines_before: int, file: str) -> Statement:
    last = lines_before + text.rstrip("\n").count("\n") + 1
    if not re.search(r"^:62[FM]:.*\d", text, re.MULTILINE):
        raise FileRefused(file, f"line {last}", "no :62F: closing balance: the file is cut off", "send it again, whole")
    try:
        parsed = mt940.parse(text)
    except (ValueError, TypeError, RuntimeError, AttributeError) as error:
        raise FileRefused(file, f"lines {lines_before + 1} to {last}", f"no MT940: {error}", "send it again") from error
    opening = _fen(parsed.data.get("final_opening_balance") or parsed.data.get("intermediate_opening_balance"))
    balance = parsed.data.get("final_closing_balance") or parsed.data.get("intermediate_closing_balance")
    closing = _fen(balance)
    lines: list[Line] = []
    refused: list[RowRefused] = []
    total = 0
    for k, entry in enumerate(parsed, 1):
        line = _line(entry.data, k)
        total += _fen(entry.data.get("amount")) or 0
        if isinstance(line, RowRefused):
            refused.append(line)
        else:
            lines.append(line)
    told = len(re.findall(r"^:61:", text, re.MULTILINE))
    if told != len(lines) + len(refused):
        reason = f"{told} lines :61:, {len(lines) + len(refused)} could be read"
        raise FileRefused(file, f"lines {lines_before + 1} to {last}", reason, "send it again, whole")
    if opening is not None and closing is not None and opening + total != closing:
        reason = f"opens with {opening} fen, lines come to {total}, closes with {closing}, not {opening + total}"
        raise FileRefused(file, f"line {last}", reason, "send it again; nothing was taken in")
    on = balance.date if balance is not None else lines[-1].booked_on
    return Statement(
        message=str(parsed.data.get("transaction_reference", "")),
        account=str(parsed.data.get("account_identification", "")),
        currency=str(balance.amount.currency) if balance is not None else "CNY",
        made_at=datetime(on.year, on.month, on.day),
        lines=tuple(lines),
        opening_fen=opening,
        closing_fen=closing,
        refused=tuple(refused),
    )


def _fen(value: object) -> int | None:
    """Minor units of an amount of the library (a Decimal with its sign), also inside a balance."""
    amount = getattr(value, "amount", None)
    if amount is None:
        return None
    inner = getattr(amount, "amount", amount)
    assert isinstance(inner, Decimal)
    return int(inner.scaleb(2).to_integral_exact())


def _line(told: dict[str, object], k: int) -> Line | RowRefused:
    reference = str(told.get("bank_reference") or "")
    amount = _fen(told.get("amount")) or 0
    if not reference or amount == 0:
        return RowRefused(
            f":61: number {k}", "bank reference", reference, "no reference or no amount", "have the bank name it"
        )
    details = str(told.get("transaction_details") or "").replace("\n", "")
    pieces = TAGS.split(details)
    found = {NAMES[tag]: value for tag, value in zip(pieces[1::2], pieces[2::2], strict=True)}
    if not found:
        found = {"text": str(told.get("transaction_details") or "").replace("\n", " ").strip()}
    key = str(told.get("customer_reference") or "")
    found.setdefault("end_to_end", "" if key == "NONREF" else key)
    if found.get("text") == "-":
        found["text"] = ""
    day = told.get("entry_date") or told["date"]
    booked = datetime(day.year, day.month, day.day).date()  # type: ignore[attr-defined]
    return Line(bank_reference=reference, booked_on=booked, amount_fen=amount, **found)
