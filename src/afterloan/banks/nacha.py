"""Collections and returns in the NACHA form: records of 94 characters from field tables, parse = write.

The layout is from memory of the NACHA Operating Rules, appendix on record formats (M): the rules are not public. To
be checked against the rule book, or with the bank's validator, before a file is sent.
"""

import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from afterloan.banks.letters import in_ascii
from afterloan.banks.numbers import US_ACCOUNT, is_routing
from afterloan.banks.words import (
    MAX_BYTES,
    BankFileRefused,
    BankRowRefused,
    Collection,
    Correction,
    Creditor,
    Order,
    Result,
    Results,
)

WIDTH = 94
BLOCK = 10
DEBITS_ONLY = "225"
CHECKING, SAVINGS = 27, 37
"""Codes of a debit to a current and to a savings account."""
MODIFIERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
MOST_FEN = 10**10 - 1

Field = tuple[str, int, str]
"""(name, width, form): `n` number zero-filled, `a` text blank-filled, `=xyz` constant."""

LAYOUT: dict[str, tuple[Field, ...]] = {
    "1": (
        ("type", 1, "=1"),
        ("priority", 2, "=01"),
        ("destination", 10, "a"),
        ("origin", 10, "a"),
        ("made_on", 6, "a"),
        ("made_at", 4, "a"),
        ("modifier", 1, "a"),
        ("size", 3, "=094"),
        ("blocking", 2, "=10"),
        ("format", 1, "=1"),
        ("destination_name", 23, "a"),
        ("origin_name", 23, "a"),
        ("reference", 8, "a"),
    ),
    "5": (
        ("type", 1, "=5"),
        ("service", 3, "n"),
        ("company", 16, "a"),
        ("discretionary", 20, "a"),
        ("company_id", 10, "a"),
        ("sec", 3, "a"),
        ("description", 10, "a"),
        ("descriptive_date", 6, "a"),
        ("effective_on", 6, "a"),
        ("settlement", 3, "a"),
        ("originator_status", 1, "a"),
        ("odfi", 8, "n"),
        ("batch", 7, "n"),
    ),
    "6": (
        ("type", 1, "=6"),
        ("code", 2, "n"),
        ("rdfi", 8, "a"),
        ("check", 1, "a"),
        ("account", 17, "a"),
        ("amount_fen", 10, "n"),
        ("individual", 15, "a"),
        ("name", 22, "a"),
        ("discretionary", 2, "a"),
        ("addenda", 1, "n"),
        ("trace", 15, "n"),
    ),
    "705": (
        ("type", 1, "=7"),
        ("addenda_type", 2, "=05"),
        ("note", 80, "a"),
        ("sequence", 4, "n"),
        ("entry", 7, "n"),
    ),
    "798": (
        ("type", 1, "=7"),
        ("addenda_type", 2, "=98"),
        ("reason", 3, "a"),
        ("original_trace", 15, "n"),
        ("reserved", 6, "a"),
        ("original_rdfi", 8, "a"),
        ("corrected", 29, "a"),
        ("reserved_too", 15, "a"),
        ("trace", 15, "n"),
    ),
    "799": (
        ("type", 1, "=7"),
        ("addenda_type", 2, "=99"),
        ("reason", 3, "a"),
        ("original_trace", 15, "n"),
        ("died_on", 6, "a"),
        ("original_rdfi", 8, "a"),
        ("note", 44, "a"),
        ("trace", 15, "n"),
    ),
    "8": (
        ("type", 1, "=8"),
        ("service", 3, "n"),
        ("count", 6, "n"),
        ("hash", 10, "n"),
        ("debit_fen", 12, "n"),
        ("credit_fen", 12, "n"),
        ("company_id", 10, "a"),
        ("authentication", 19, "a"),
        ("reserved", 6, "a"),
        ("odfi", 8, "n"),
        ("batch", 7, "n"),
    ),
    "9": (
        ("type", 1, "=9"),
        ("batches", 6, "n"),
        ("blocks", 6, "n"),
        ("count", 8, "n"),
        ("hash", 10, "n"),
        ("debit_fen", 12, "n"),
        ("credit_fen", 12, "n"),
        ("reserved", 39, "a"),
    ),
}


@dataclass(frozen=True, slots=True)
class Entry:
    """One debit, or (with `reason`) the return of one, or (with `corrected`) what its bank asks us to change.

    `bank`: routing number of 9 digits with its check digit. `reason`: R code of a return, C code of a correction.
    """

    code: int
    bank: str
    account: str
    amount_fen: int
    individual: str
    name: str
    trace: int
    reason: str = ""
    original_trace: int = 0
    note: str = ""
    corrected: str = ""

    @property
    def is_debit(self) -> bool:
        """Whether its amount counts among the debits: codes 26 to 29 and 36 to 39, and 55 and 56 of loan accounts."""
        return self.code % 10 >= 6 or self.code == 55


@dataclass(frozen=True, slots=True)
class NachaBatch:
    """The entries of one company. `effective_on`: None where it is no day; `settled`: day of the year, or 0."""

    company: str
    company_id: str
    effective_on: date | None
    odfi: str
    entries: tuple[Entry, ...]
    settled: int = 0
    service: str = DEBITS_ONLY
    sec: str = "PPD"


@dataclass(frozen=True, slots=True)
class NachaFile:
    """A file with its batches; returns come in several, or in none on a day without any."""

    destination: str
    origin: str
    made_at: datetime
    modifier: str
    destination_name: str
    origin_name: str
    reference: str
    batches: tuple[NachaBatch, ...]


def entry_hash(entries: Sequence[Entry]) -> int:
    """The sum of the first eight digits of every entry's routing number, its last ten digits."""
    return sum(int(entry.bank[:8]) for entry in entries) % 10**10


# -- records --------------------------------------------------------------------------------------------------------


def compose(kind: str, **values: object) -> str:
    """One record out of the values of its fields. Raises ValueError naming a field that does not fit."""
    told = ""
    for name, width, form in LAYOUT[kind]:
        value = form[1:] if form.startswith("=") else str(values.get(name, "" if form == "a" else 0))
        if form == "n":
            value = value.rjust(width, "0")
        value = value.ljust(width)
        if len(value) > width:
            raise ValueError(f"{name} {value!r} is longer than {width} characters")
        if not value.isascii() or not value.isprintable():
            raise ValueError(f"{name} {value!r} has characters that a NACHA file cannot carry")
        told += value
    assert len(told) == WIDTH
    return told


def take_apart(record: str) -> dict[str, str]:
    """The fields of a record, stripped; blanks cut off at its end are put back.

    Raises ValueError: unknown type, a constant that is not there, no number.
    """
    kind = record[:3] if record[:1] == "7" else record[:1]
    if kind not in LAYOUT:
        raise ValueError(f"record type {kind!r}: there are {', '.join(LAYOUT)}")
    record = record.ljust(WIDTH)
    found: dict[str, str] = {"kind": kind}
    at = 0
    for name, width, form in LAYOUT[kind]:
        value = record[at : at + width]
        at += width
        if form.startswith("=") and value != form[1:]:
            raise ValueError(f"{name} is {value!r}, must be {form[1:]!r}")
        if form == "n" and not (value.isascii() and value.isdigit()):
            raise ValueError(f"{name} {value!r} is no number")
        found[name] = value.strip() if form == "a" else value
    return found


# -- writing --------------------------------------------------------------------------------------------------------


def write_nacha_file(file: NachaFile) -> bytes:
    """All records with their counts, hashes and totals, filled with nines to a whole block of ten."""
    f = file
    rows = [
        compose(
            "1",
            destination=f.destination.rjust(10),
            origin=f.origin.rjust(10),
            made_on=f"{f.made_at:%y%m%d}",
            made_at=f"{f.made_at:%H%M}",
            modifier=f.modifier,
            destination_name=f.destination_name,
            origin_name=f.origin_name,
            reference=f.reference,
        )
    ]
    for number, batch in enumerate(f.batches, 1):
        rows.extend(_batch_rows(batch, number))
    blocks = -(-(len(rows) + 1) // BLOCK)
    everything = [entry for batch in f.batches for entry in batch.entries]
    rows.append(compose("9", batches=len(f.batches), blocks=blocks, **_sums(everything)))
    rows.extend(["9" * WIDTH] * (blocks * BLOCK - len(rows)))
    return ("\n".join(rows) + "\n").encode("ascii")


def _sums(entries: Sequence[Entry]) -> dict[str, int]:
    """What a control record says: entries and addenda, the hash, debits and credits."""
    return {
        "count": sum(2 if entry.reason else 1 for entry in entries),
        "hash": entry_hash(entries),
        "debit_fen": sum(e.amount_fen for e in entries if e.is_debit),
        "credit_fen": sum(e.amount_fen for e in entries if not e.is_debit),
    }


def _batch_rows(batch: NachaBatch, number: int) -> list[str]:
    b = batch
    told = {"service": b.service, "company_id": b.company_id, "odfi": b.odfi, "batch": number}
    head = compose(
        "5",
        company=b.company,
        sec=b.sec,
        description="LOAN PMT",
        effective_on=f"{b.effective_on:%y%m%d}" if b.effective_on else "",
        settlement=f"{b.settled:03d}" if b.settled else "",
        originator_status="1",
        **told,
    )
    rows = [row for entry in b.entries for row in _entry_rows(entry)]
    return [head, *rows, compose("8", **told, **_sums(b.entries))]


def _entry_rows(entry: Entry) -> list[str]:
    rows = [
        compose(
            "6",
            code=entry.code,
            rdfi=entry.bank[:8],
            check=entry.bank[8:],
            account=entry.account,
            amount_fen=entry.amount_fen,
            individual=entry.individual,
            name=entry.name,
            addenda=1 if entry.reason else 0,
            trace=entry.trace,
        )
    ]
    if entry.reason:
        told = {"reason": entry.reason, "original_trace": entry.original_trace, "original_rdfi": entry.bank[:8]}
        kind, more = ("798", {"corrected": entry.corrected}) if entry.corrected else ("799", {"note": entry.note})
        rows.append(compose(kind, trace=entry.trace, **told, **more))
    return rows


# -- reading --------------------------------------------------------------------------------------------------------


def read_nacha_file(data: bytes, name: str = "nacha") -> NachaFile:
    """A file as banks write it: any number of batches, with or without nines at the end, blanks cut off or not.

    Raises FileRefused with the line: cut off, a record that cannot be, a wrong count, hash or total (both figures).
    """
    rows = [(k, row) for k, row in enumerate(_rows(data, name), 1) if row.strip()]
    if not rows:
        raise BankFileRefused(name, "line 1", "holds no record", "send it again, whole")
    while len(rows) > 1 and set(rows[-1][1]) == {"9"}:
        rows.pop()
    records = [(k, _apart(row, k, name)) for k, row in rows]
    types = "".join(record["type"] for _, record in records)
    if not re.fullmatch(r"1(5[67]*8)*9", types):
        line = rows[-1][0] if not types.endswith("9") else 1
        reason = f"records run {types[:8]}…{types[-4:]}"
        raise BankFileRefused(name, f"line {line}", reason, "send it whole: 1, batches of 5 6… 8, 9 (cut off?)")
    head, (last, end) = records[0][1], records[-1]
    batches = _batches(records[1:-1], name)
    _agree(name, last, "file", "batches", int(end["batches"]), len(batches))
    _agree_all(name, last, "file", end, [e for batch in batches for e in batch.entries], types)
    return NachaFile(
        destination=head["destination"],
        origin=head["origin"],
        made_at=_made_at(head, name),
        modifier=head["modifier"],
        destination_name=head["destination_name"],
        origin_name=head["origin_name"],
        reference=head["reference"],
        batches=tuple(batches),
    )


def _rows(data: bytes, name: str) -> list[str]:
    """Records as text, a character for each byte as the form has it, unless a row is only right as UTF-8.

    Some banks send no line ends at all: then every 94 bytes are a record.
    """
    if len(data) > MAX_BYTES:
        raise BankFileRefused(name, "file", f"{len(data):,} bytes", f"send at most {MAX_BYTES:,}")
    data = data.removeprefix(b"\xef\xbb\xbf")
    if not data.strip():
        raise BankFileRefused(name, "line 1", "the file is empty", "send it again")
    parts = data.splitlines()
    if len(parts) == 1 and len(data) > WIDTH:
        parts = [data[k : k + WIDTH] for k in range(0, len(data), WIDTH)]
    rows = [_text_of(part) for part in parts]
    for k, row in enumerate(rows, 1):
        if len(row) > WIDTH:
            raise BankFileRefused(
                name, f"line {k}", f"{len(row)} characters, must be {WIDTH}", "have it sent again, whole"
            )
    return rows


def _text_of(row: bytes) -> str:
    text = row.decode("latin-1")
    if len(row) > WIDTH:
        with suppress(UnicodeDecodeError):
            text = row.decode("utf-8")
    return "".join(c if c.isprintable() else " " for c in text)


def _apart(row: str, line: int, name: str) -> dict[str, str]:
    try:
        return take_apart(row)
    except ValueError as error:
        raise BankFileRefused(name, f"line {line}", f"{error} (cut off?)", "correct the record") from error


def _agree(name: str, line: int, of: str, what: str, told: int, found: int) -> None:
    if told != found:
        raise BankFileRefused(
            name, f"line {line}", f"{of} control says {what} {told}, found {found}", "send it again, whole"
        )


def _agree_all(name: str, line: int, own: str, told: dict[str, str], entries: Sequence[Entry], types: str) -> None:
    """Compare a control record with what it closes. `types`: the types of the records, one letter each."""
    found = _sums(entries) | {"count": types.count("6") + types.count("7")}
    words = {"count": "entries", "hash": "hash", "debit_fen": "debits", "credit_fen": "credits"}
    for key, word in words.items():
        _agree(name, line, own, word, int(told[key]), found[key])


def _made_at(head: dict[str, str], name: str) -> datetime:
    """When a file was made; banks leave the hour blank."""
    text = head["made_on"] + (head["made_at"] or "0000")
    try:
        return datetime.strptime(text, "%y%m%d%H%M")
    except ValueError as error:
        raise BankFileRefused(name, "line 1", f"{text!r} is no moment", "correct it") from error


def _day(text: str) -> date | None:
    """The day told as YYMMDD; None where it is blank, zeros or no day."""
    if not re.fullmatch(r"[0-9]{6}", text) or text == "000000":
        return None
    try:
        return datetime.strptime(text, "%y%m%d").date()
    except ValueError:
        return None


def _batches(records: Sequence[tuple[int, dict[str, str]]], name: str) -> list[NachaBatch]:
    """The batches, each compared with its own control record."""
    found: list[NachaBatch] = []
    start = 0
    for k, (line, record) in enumerate(records):
        if record["type"] != "8":
            continue
        head, inner = records[start][1], records[start + 1 : k]
        entries = _entries(inner, name)
        types = "".join(r["type"] for _, r in inner)
        _agree_all(name, line, "batch", record, entries, types)
        settled = int(head["settlement"]) if re.fullmatch(r"[0-9]{3}", head["settlement"]) else 0
        found.append(
            NachaBatch(
                head["company"], head["company_id"], _day(head["effective_on"]), head["odfi"], tuple(entries), settled,
                head["service"], head["sec"],
            )
        )  # fmt: skip
        start = k + 1
    return found


def _entries(records: Sequence[tuple[int, dict[str, str]]], name: str) -> list[Entry]:
    """Entries with what their addenda say: why they came back (99), what to correct (98), a note (05)."""
    entries: list[Entry] = []
    for line, record in records:
        if record["type"] == "6":
            bank = record["rdfi"] + record["check"]
            if not re.fullmatch(r"[0-9]{9}", bank):
                raise BankFileRefused(name, f"line {line}", f"routing number {bank!r} is no number", "correct it")
            told = (record["account"], int(record["amount_fen"]), record["individual"], record["name"])
            entries.append(Entry(int(record["code"]), bank, *told, int(record["trace"])))
        elif not entries:
            raise BankFileRefused(name, f"line {line}", "an addenda before any entry", "send it again")
        elif record["kind"] == "705":
            entries[-1] = replace(entries[-1], note=entries[-1].note or record["note"])
        else:
            entries[-1] = replace(
                entries[-1],
                reason=record["reason"],
                original_trace=int(record["original_trace"]),
                corrected=record.get("corrected", ""),
                note=record.get("note", "") or entries[-1].note,
            )
    return entries


# -- collections ----------------------------------------------------------------------------------------------------


def refuse_order(order: Order) -> BankRowRefused | None:
    """Why a debit cannot stand in a NACHA file; None: it can. It is left out then and holds no other up."""
    place = f"debit {order.end_to_end}"
    if not is_routing(order.bank):
        return BankRowRefused(place, "bank", order.bank, "is no routing number", "correct the mandate")
    if not US_ACCOUNT.fullmatch(order.account):
        reason = "is no account of at most 17 letters, digits and hyphens"
        return BankRowRefused(place, "account", order.account, reason, "correct the mandate")
    if order.amount_fen > MOST_FEN:
        return BankRowRefused(place, "amount_fen", str(order.amount_fen), "has more than ten digits", "ask for less")
    if not in_ascii(order.name, 22):
        return BankRowRefused(
            place, "name", order.name, "has no letter that can be written", "correct the mandate's holder"
        )
    return None


def write_nacha(collection: Collection) -> bytes:
    """A collection as a file of PPD debits, names in plain letters: `José Núñez` is `Jose Nunez`.

    The collection's `number` on its day gives the file's modifier (A, B, … 9), its `first_debit` the first trace
    number, so that no two files of a day and no two debits look the same. Raises FileRefused.
    """
    c = collection
    for order in c.orders:
        bad = refuse_order(order)
        if bad is not None:
            raise BankFileRefused("nacha", bad.place, f"{bad.column} {bad.value!r} {bad.reason}", bad.remedy)
    if not is_routing(c.creditor.bank):
        raise BankFileRefused(
            "nacha", "creditor", f"bank {c.creditor.bank!r} is no routing number", "correct the creditor"
        )
    if not 1 <= c.number <= len(MODIFIERS):
        reason = f"it would be file {c.number} of its day; there are {len(MODIFIERS)} modifiers"
        raise BankFileRefused("nacha", "file", reason, "send the rest tomorrow")
    odfi = c.creditor.bank[:8]
    entries = tuple(_entry_of(order, odfi, c.first_debit + k) for k, order in enumerate(c.orders))
    company, company_id = in_ascii(c.creditor.name, 23), (c.creditor.scheme_id or c.creditor.account)[:10]
    batch = NachaBatch(company[:16], company_id, c.collect_on, odfi, entries)
    file = NachaFile(
        c.creditor.bank, company_id, c.made_at, MODIFIERS[c.number - 1], "", company, c.message[-8:], (batch,)
    )
    try:
        return write_nacha_file(file)
    except ValueError as error:
        raise BankFileRefused("nacha", "file", str(error), "correct the mandate or the creditor") from error


def _entry_of(order: Order, odfi: str, number: int) -> Entry:
    code = SAVINGS if order.savings else CHECKING
    trace = int(odfi) * 10**7 + number % 10**7
    return Entry(code, order.bank, order.account, order.amount_fen, order.end_to_end, in_ascii(order.name, 22), trace)


def read_nacha(data: bytes, name: str = "nacha") -> Collection:
    """The collection in a file; NACHA carries neither mandate nor signature, which stay empty. Raises FileRefused."""
    f = read_nacha_file(data, name)
    if len(f.batches) != 1 or f.batches[0].effective_on is None:
        raise BankFileRefused(name, "file", f"{len(f.batches)} batches or no day", "send one batch with its day")
    (batch,) = f.batches
    assert batch.effective_on is not None
    on = batch.effective_on
    for e in batch.entries:
        if not is_routing(e.bank):
            reason = f"routing number {e.bank!r}: its check digit is wrong"
            raise BankFileRefused(name, f"debit {e.individual}", reason, "correct it")
    orders = tuple(
        Order(e.individual, e.amount_fen, "", on, e.name, e.account, e.bank, savings=e.code == SAVINGS)
        for e in batch.entries
    )
    creditor = Creditor(batch.company, batch.company_id, f.destination, f.origin)
    return Collection(f.reference, f.made_at, creditor, on, "USD", orders)


# -- returns --------------------------------------------------------------------------------------------------------

NEAR = timedelta(days=5)
"""A day that a bank writes into a batch of returns is taken for theirs when it is this near to the file's own day."""
BETWEEN_BANKS = re.compile(r"R(6[1-9]|7[0-7])")
"""Codes of disputes between banks about a return: nothing that a debit of ours came to."""


def came_back_on(made_on: date, batch: NachaBatch) -> date:
    """The day on which the returns of a batch count: settlement, else the effective day, else the file's own day.

    Settlement is a day of the year, of the year that brings it nearest: 002 in a file of 2026-12-31 is 2027-01-02. The
    effective day is often left blank, zero, or copied from the debit or a template (`000101`): one that is not near the
    file's day says nothing.
    """
    if 1 <= batch.settled <= 366:
        near = [date(year, 1, 1) + timedelta(days=batch.settled - 1) for year in (made_on.year - 1, made_on.year,
                                                                                  made_on.year + 1)]  # fmt: skip
        settled = min(near, key=lambda on: abs(on - made_on))
        if abs(settled - made_on) <= NEAR:
            return settled
    if batch.effective_on is not None and abs(batch.effective_on - made_on) <= NEAR:
        return batch.effective_on
    return made_on


def read_nacha_returns(data: bytes, name: str = "returns") -> Results:
    """The returns in a file, by the debit's individual number with their R code, and the corrections asked for.

    Entries that are neither are refused one by one. Raises FileRefused.
    """
    f = read_nacha_file(data, name)
    results: list[Result] = []
    refused: list[BankRowRefused] = []
    corrections: list[Correction] = []
    for b, batch in enumerate(f.batches, 1):
        on = came_back_on(f.made_at.date(), batch)
        for k, e in enumerate(batch.entries, 1):
            found = _said(e, on, f"batch {b}, entry {k}")
            if isinstance(found, Result):
                results.append(found)
            elif isinstance(found, Correction):
                corrections.append(found)
            else:
                refused.append(found)
    return Results(f.reference, "", f.made_at, tuple(results), tuple(refused), tuple(corrections))


def _said(e: Entry, on: date, place: str) -> Result | Correction | BankRowRefused:
    """What one entry says of a debit of ours."""
    if re.fullmatch(r"C[0-9]{2}", e.reason):
        return Correction(e.individual, e.reason, e.corrected, place)
    if not e.reason:
        return BankRowRefused(place, "addenda", e.individual, "no return addenda", "have the bank say why")
    if BETWEEN_BANKS.fullmatch(e.reason):
        reason = "is a dispute between banks, no return of a debit"
        return BankRowRefused(
            place, "reason", f"{e.individual} {e.reason}", reason, "ask the bank what it means for us"
        )
    if not e.is_debit:
        return BankRowRefused(place, "code", f"{e.individual} {e.code}", "a credit came back, no debit of ours",
                          "ask the bank which payment it was")  # fmt: skip
    if not e.individual:
        told = f"trace {e.original_trace}, account {e.account}"
        return BankRowRefused(place, "individual", told, "names no debit", "find the debit by its trace number")
    return Result(e.individual, "returned", on, e.amount_fen, e.reason, "nacha", str(e.trace), e.note)


ISO_TO_NACHA = {"AM04": "R01", "AC04": "R02", "AC01": "R03", "MD01": "R07", "MD06": "R10"}


def write_nacha_returns(results: Results) -> bytes:
    """What failed or went back, as the simulated bank tells it: NACHA says nothing of what succeeded."""
    bank = "091000019"
    told = [r for r in results.results if r.status in ("failed", "returned")]
    batches = []
    for on in sorted({r.on for r in told}):
        entries = tuple(_returned(r, bank, k) for k, r in enumerate(told, 1) if r.on == on)
        batches.append(NachaBatch("SIMULATED", "0", on, bank[:8], entries, on.timetuple().tm_yday))
    return write_nacha_file(NachaFile(bank, bank, results.made_at, "A", "", "SIMULATED BANK", "", tuple(batches)))


def _returned(r: Result, bank: str, k: int) -> Entry:
    trace = int(bank[:8]) * 10**7 + k
    code = ISO_TO_NACHA.get(r.code, r.code if r.code.startswith("R") else "R17")
    return Entry(26, bank, "0", r.amount_fen, r.end_to_end, "", trace, code, trace, r.note[:44])
