"""Statements as SWIFT MT940, read as banks write them and written for the simulated bank."""

import re
from calendar import monthrange
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from afterloan.banks.mt940_details import Details, read_details
from afterloan.banks.words import (
    BankFileRefused,
    BankRowRefused,
    BankStatement,
    StatementLine,
    decoded,
    reference_or_none,
)
from afterloan.money import AmountRefused, decimals_of, parse_amount, show_amount

NAMES = {"EREF": "end_to_end", "MREF": "mandate", "NAME": "name", "ACCT": "account", "REMI": "text", "RTRN": "code"}
WIDTH = 65
REFERENCE = 16
"""Characters of a reference in :61:, ours and the bank's."""


# -- writing --------------------------------------------------------------------------------------------------------


def write_mt940(statement: BankStatement) -> bytes:
    """A statement. Details stand in :86: as /EREF/…/MREF/…/NAME/…, wrapped at 65 characters.

    A reference of ours that is longer than the 16 characters of :61: stands in :86: alone. Raises FileRefused for a
    bank's reference that is longer, which has no other place.
    """
    s = statement
    opening = s.opening_fen or 0
    closing = s.closing_fen if s.closing_fen is not None else opening + sum(x.amount_fen for x in s.lines)
    first = s.lines[0].booked_on if s.lines else s.made_at.date()
    rows = [
        f":20:{s.message[:16]}",
        f":25:{s.account}",
        f":28C:{s.number or '1/1'}",
        f":60F:{_balance(opening, first, s.currency)}",
    ]
    for x in s.lines:
        rows.append(_statement_line(x, s.currency))
        told = "".join(f"/{tag}/{getattr(x, name)}" for tag, name in NAMES.items() if getattr(x, name))
        rows.extend(_wrapped(f":86:{told or '/REMI/-'}"))
    rows.append(f":62F:{_balance(closing, s.made_at.date(), s.currency)}")
    return ("\n".join([*rows, "-"]) + "\n").encode("utf-8")


def _statement_line(x: StatementLine, currency: str) -> str:
    if len(x.bank_reference) > REFERENCE:
        reason = f"bank reference {x.bank_reference!r} is longer than {REFERENCE} characters"
        raise BankFileRefused("mt940", f"line of {x.booked_on}", reason, "write the statement as camt.053")
    key = x.end_to_end if 0 < len(x.end_to_end) <= REFERENCE else "NONREF"
    own = f"//{x.bank_reference}" if x.bank_reference else ""
    sign = "C" if x.amount_fen > 0 else "D"
    return f":61:{x.booked_on:%y%m%d}{x.booked_on:%m%d}{sign}{_comma(x.amount_fen, currency)}NDDT{key}{own}"


def _comma(fen: int, currency: str) -> str:
    text = show_amount(abs(fen), decimals_of(currency)).replace(".", ",")
    return text if "," in text else f"{text},"


def _balance(fen: int, on: date, currency: str) -> str:
    return f"{'C' if fen >= 0 else 'D'}{on:%y%m%d}{currency}{_comma(fen, currency)}"


def _wrapped(text: str) -> Iterator[str]:
    """A text in rows of 65 characters at most; none begins or ends with a blank, which readers drop."""
    while text:
        cut = WIDTH
        while 1 < cut < len(text) and (" " in (text[cut - 1], text[cut]) or text[cut] in "-:"):
            cut -= 1
        yield text[:cut]
        text = text[cut:]


# -- reading --------------------------------------------------------------------------------------------------------

FIELD = re.compile(r":([0-9]{2}[A-Z]?):")
END = re.compile(r"-(\}.*|X*)?")
STATEMENT_LINE = re.compile(
    r"(?P<value>[0-9]{6})(?P<entry>[0-9]{4}|[ ]{4})?(?P<sign>R?[CD]|E[CD])(?P<funds>[A-Z])?[ ]?"
    r"(?P<amount>[0-9]{1,15}(?:,[0-9]{0,4})?)(?P<kind>[A-Z][A-Z0-9 ]{3})?(?P<references>.*)"
)
BALANCE = re.compile(r"([CD])([0-9]{6})([A-Z]{3})([0-9]{1,15}(?:,[0-9]{0,4})?)")
NO_OWN_REFERENCE = frozenset({"KREF", "KREF+", "EREF", "EREF+", "MREF", "MREF+", "PREF", "MARF", "N", "REF"})
"""Words in place of our reference that say where it stands (in :86:), or that there is none."""


@dataclass(slots=True)
class _Field:
    """One field: its tag, the line it begins on, and its lines without the tag."""

    tag: str
    line: int
    rows: list[str] = field(default_factory=list)


def read_mt940(data: bytes, file: str = "mt940") -> list[BankStatement]:
    """The statements in a file (each from :20: to :62F:). Raises FileRefused: cut off, balances that do not agree."""
    fields = _fields(decoded(data, file).replace("\r\n", "\n").replace("\r", "\n"))
    starts = [k for k, f in enumerate(fields) if f.tag == "20"]
    if not starts:
        raise BankFileRefused(file, "line 1", "no :20:, so no MT940", "send the statement as the bank gave it")
    parts = [fields[a:b] for a, b in zip(starts, [*starts[1:], len(fields)], strict=True)]
    return [_statement(part, file) for part in parts]


def _fields(text: str) -> list[_Field]:
    """The fields of a text in order; a line that begins none belongs to the one before, until the message ends."""
    found: list[_Field] = []
    within = False
    for number, row in enumerate(text.split("\n"), 1):
        begins = FIELD.match(row)
        if begins:
            found.append(_Field(begins[1], number, [row[begins.end() :]]))
            within = True
        elif END.fullmatch(row.strip()) and row.strip():
            within = False
        elif within and row.strip():
            found[-1].rows.append(row)
    return found


def _statement(fields: Sequence[_Field], file: str) -> BankStatement:
    one = {f.tag: f for f in reversed(fields)}
    closing_field, opening_field = one.get("62F") or one.get("62M"), one.get("60F") or one.get("60M")
    if closing_field is None:
        place = f"line {fields[-1].line + len(fields[-1].rows) - 1}"
        raise BankFileRefused(file, place, "no :62F: closing balance: the file is cut off", "send it again, whole")
    closing, on, currency = _balance_of(closing_field, file)
    opening = _balance_of(opening_field, file)[0] if opening_field else None
    lines, refused, total = _lines(fields, currency, file)
    if opening is not None and opening + total != closing:
        shown = [show_amount(fen, decimals_of(currency)) for fen in (opening, total, closing, opening + total)]
        reason = f"opens with {shown[0]}, lines come to {shown[1]}, closes with {shown[2]}, not {shown[3]}"
        raise BankFileRefused(file, f"line {closing_field.line}", reason, "send it again; nothing was taken in")
    number = (one.get("28C") or one.get("28") or _Field("28C", 0, [""])).rows[0].strip()
    return BankStatement(
        message=fields[0].rows[0].strip(),
        account="".join(row.strip() for row in one["25"].rows) if "25" in one else "",
        currency=currency,
        made_at=datetime(on.year, on.month, on.day),
        lines=tuple(lines),
        opening_fen=opening,
        closing_fen=closing,
        refused=tuple(refused),
        number=number,
    )


def _balance_of(told: _Field, file: str) -> tuple[int, date, str]:
    """Amount, day and currency of a balance. Raises FileRefused."""
    place = f"line {told.line}"
    found = BALANCE.match(told.rows[0].strip())
    if found is None:
        raise BankFileRefused(file, place, f":{told.tag}: {told.rows[0]!r} is no balance", "send it again, whole")
    sign = 1 if found[1] == "C" else -1
    try:
        amount = parse_amount(found[4], decimals_of(found[3]), mark=",", where=f":{told.tag}:")
    except AmountRefused as bad:
        raise BankFileRefused(file, place, f"{bad.where} {bad.value!r} {bad.reason}", bad.remedy) from bad
    on = _day(found[2])
    if on is None:
        raise BankFileRefused(file, place, f":{told.tag}: {found[2]!r} is no day", "send it again, whole")
    return sign * amount, on, found[3]


def _day(text: str) -> date | None:
    """A day told as YYMMDD. Banks that count 30 days a month write 30 February: the month's last day is meant."""
    year, month, dom = 2000 + int(text[:2]), int(text[2:4]), int(text[4:])
    if not (1 <= month <= 12 and 1 <= dom <= 31):
        return None
    return date(year, month, min(dom, monthrange(year, month)[1]))


def _entry_day(value: date, text: str) -> date | None:
    """The day of booking, told as MMDD: of the year that brings it nearest to the day of value."""
    near = [_day(f"{year % 100:02d}{text}") for year in (value.year - 1, value.year, value.year + 1)]
    days = [on for on in near if on is not None]
    return min(days, key=lambda on: abs((on - value).days), default=None)


def _lines(fields: Sequence[_Field], currency: str, file: str) -> tuple[list[StatementLine], list[BankRowRefused], int]:
    """Lines, refusals and the sum of all amounts. Raises FileRefused where an amount cannot be read."""
    lines: list[StatementLine] = []
    refused: list[BankRowRefused] = []
    total = position = 0
    for k, told in enumerate(fields):
        if told.tag != "61":
            continue
        position += 1
        found = STATEMENT_LINE.fullmatch(told.rows[0].rstrip())
        if found is None:
            reason = f":61: {told.rows[0][:60]!r} is no statement line"
            raise BankFileRefused(file, f"line {told.line}", reason, "send it again, whole; nothing was taken in")
        amount = _amount(found, currency, told, file)
        total += amount
        value = _day(found["value"])
        entry = (found["entry"] or "").strip()
        booked = _entry_day(value, entry) if value and entry else value
        if booked is None:
            days, shown = f"{found['value']}{entry}", show_amount(amount, decimals_of(currency))
            refused.append(
                BankRowRefused(f"line {told.line}", ":61:", f"{days} {shown}", "no day", "have the bank say it")
            )
        elif amount:
            after = fields[k + 1] if k + 1 < len(fields) and fields[k + 1].tag == "86" else None
            details = read_details(after.rows if after else [])
            lines.append(_line(found, told.rows[1:], details, booked, amount, position))
    return lines, refused, total


def _amount(found: re.Match[str], currency: str, told: _Field, file: str) -> int:
    """Signed: `RC` takes a credit back, so money goes out; `RD` gives a debit back."""
    try:
        size = parse_amount(found["amount"], decimals_of(currency), mark=",", where=":61:")
    except AmountRefused as bad:
        reason = f"{bad.where} {bad.value!r} {bad.reason}"
        raise BankFileRefused(file, f"line {told.line}", reason, f"{bad.remedy}; nothing was taken in") from bad
    return size if found["sign"] in ("C", "EC", "RD") else -size


def _line(
    found: re.Match[str], more: Sequence[str], details: Details, booked: date, amount: int, position: int
) -> StatementLine:
    """A line out of :61: and its details. References may be longer than the form allows; `//` divides them."""
    own, _, banks = found["references"].partition("//")
    own = "" if own.strip() in NO_OWN_REFERENCE else reference_or_none(own)
    beside = " ".join(row.strip() for row in more)
    text = " ".join(filter(None, ("" if details.text == "-" else details.text, beside)))
    return StatementLine(
        bank_reference=reference_or_none(banks),
        booked_on=booked,
        amount_fen=amount,
        end_to_end=reference_or_none(details.end_to_end) or own,
        mandate=reference_or_none(details.mandate),
        name=details.name,
        account=details.account,
        text=text,
        code=details.code or (details.reason if amount < 0 else ""),
        position=position,
    )
