"""Collections and returns in the NACHA form: records of 94 characters from field tables, parse = write.

The layout is from memory of the NACHA Operating Rules, appendix on record formats (M): the rules are not public. To
be checked against the rule book, or with the bank's validator, before a file is sent.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from afterloan.banks.words import Collection, Creditor, FileRefused, Order, Result, Results, RowRefused, decoded

WIDTH = 94
BLOCK = 10
DEBITS_ONLY = "225"

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
    "7": (
        ("type", 1, "=7"),
        ("addenda_type", 2, "n"),
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
    """One debit, or (with `reason`) the return of one. `bank`: routing number of 9 digits with its check digit."""

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


@dataclass(frozen=True, slots=True)
class NachaFile:
    """A file with one batch of debits."""

    destination: str
    origin: str
    made_at: datetime
    modifier: str
    destination_name: str
    origin_name: str
    reference: str
    company: str
    company_id: str
    effective_on: date
    odfi: str
    entries: tuple[Entry, ...]


def check_digit(routing8: str) -> str:
    """The ninth digit of a routing number: weights 3, 7, 1. `check_digit("09100001") == "9"`.

    0·3 + 9·7 + 1·1 + 0·3 + 0·7 + 0·1 + 0·3 + 1·7 = 71; 80 − 71 = 9.
    """
    total = sum(int(d) * w for d, w in zip(routing8, (3, 7, 1, 3, 7, 1, 3, 7), strict=True))
    return str(-total % 10)


def entry_hash(entries: Sequence[Entry]) -> int:
    """The sum of the first eight digits of every entry's routing number, its last ten digits."""
    return sum(int(entry.bank[:8]) for entry in entries) % 10**10


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
    """The fields of a record, stripped. Raises ValueError: unknown type, a constant that is not there, no number."""
    if record[:1] not in LAYOUT:
        raise ValueError(f"record type {record[:1]!r}: there are {', '.join(LAYOUT)}")
    found: dict[str, str] = {}
    at = 0
    for name, width, form in LAYOUT[record[0]]:
        value = record[at : at + width]
        at += width
        if form.startswith("=") and value != form[1:]:
            raise ValueError(f"{name} is {value!r}, must be {form[1:]!r}")
        if form == "n" and not (value.isascii() and value.isdigit()):
            raise ValueError(f"{name} {value!r} is no number")
        found[name] = value.strip() if form == "a" else value
    return found


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
        ),
        compose(
            "5",
            service=DEBITS_ONLY,
            company=f.company,
            company_id=f.company_id,
            sec="PPD",
            description="LOAN PMT",
            effective_on=f"{f.effective_on:%y%m%d}",
            originator_status="1",
            odfi=f.odfi,
            batch=1,
        ),
    ]
    for entry in f.entries:
        rows.extend(_entry_rows(entry))
    count = len(rows) - 2
    sums = {
        "count": count,
        "hash": entry_hash(f.entries),
        "debit_fen": sum(e.amount_fen for e in f.entries),
        "credit_fen": 0,
    }
    rows.append(compose("8", service=DEBITS_ONLY, company_id=f.company_id, odfi=f.odfi, batch=1, **sums))
    blocks = -(-(len(rows) + 1) // BLOCK)
    rows.append(compose("9", batches=1, blocks=blocks, **sums))
    rows.extend(["9" * WIDTH] * (blocks * BLOCK - len(rows)))
    return ("\n".join(rows) + "\n").encode("ascii")


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
        rows.append(
            compose(
                "7",
                addenda_type=99,
                reason=entry.reason,
                original_trace=entry.original_trace,
                original_rdfi=entry.bank[:8],
                note=entry.note,
                trace=entry.trace,
            )
        )
    return rows


def read_nacha_file(data: bytes, name: str = "nacha") -> NachaFile:
    """A file of one batch. Raises FileRefused with the line: cut off, a record of another length, a wrong count, hash
    or total (both figures told).
    """
    rows = _rows(data, name)
    records = [(k, _apart(row, k, name)) for k, row in enumerate(rows, 1) if row != "9" * WIDTH]
    types = "".join(record["type"] for _, record in records)
    if types[:2] != "15" or types[-2:] != "89" or set(types[2:-2]) - {"6", "7"}:
        line = len(rows) if not types.endswith("89") else 1
        raise FileRefused(
            name, f"line {line}", f"records run {types[:8]}…{types[-4:]}", "send one whole batch: 1 5 6… 8 9 (cut off?)"
        )
    entries = _entries(records[2:-2], name)
    (at, control), (last, end) = records[-2], records[-1]
    for line, told, own in ((at, control, "batch"), (last, end, "file")):
        _agree(name, line, own, "entries", int(told["count"]), len(types) - 4)
        _agree(name, line, own, "hash", int(told["hash"]), entry_hash(entries))
        _agree(name, line, own, "debits", int(told["debit_fen"]), sum(e.amount_fen for e in entries))
    _agree(name, last, "file", "blocks", int(end["blocks"]) * BLOCK, len(rows))
    head, batch = records[0][1], records[1][1]
    return NachaFile(
        destination=head["destination"],
        origin=head["origin"],
        made_at=_moment(head["made_on"] + head["made_at"], "%y%m%d%H%M", name, 1),
        modifier=head["modifier"],
        destination_name=head["destination_name"],
        origin_name=head["origin_name"],
        reference=head["reference"],
        company=batch["company"],
        company_id=batch["company_id"],
        effective_on=_moment(batch["effective_on"], "%y%m%d", name, 2).date(),
        odfi=batch["odfi"],
        entries=tuple(entries),
    )


def _rows(data: bytes, name: str) -> list[str]:
    rows = decoded(data, name).replace("\r\n", "\n").rstrip("\n").split("\n")
    for k, row in enumerate(rows, 1):
        if len(row) != WIDTH:
            reason = f"{len(row)} characters, must be {WIDTH}" + (" (cut off?)" if k == len(rows) else "")
            raise FileRefused(name, f"line {k}", reason, "have it sent again, whole")
    return rows


def _apart(row: str, line: int, name: str) -> dict[str, str]:
    try:
        return take_apart(row)
    except ValueError as error:
        raise FileRefused(name, f"line {line}", str(error), "correct the record") from error


def _agree(name: str, line: int, of: str, what: str, told: int, found: int) -> None:
    if told != found:
        raise FileRefused(
            name, f"line {line}", f"{of} control says {what} {told}, found {found}", "send it again, whole"
        )


def _moment(text: str, form: str, name: str, line: int) -> datetime:
    try:
        return datetime.strptime(text, form)
    except ValueError as error:
        raise FileRefused(name, f"line {line}", f"{text!r} is no date", "correct it") from error


def _entries(records: Sequence[tuple[int, dict[str, str]]], name: str) -> list[Entry]:
    entries: list[Entry] = []
    for line, record in records:
        if record["type"] == "6":
            bank = record["rdfi"] + record["check"]
            if not (bank.isdigit() and len(bank) == 9 and check_digit(bank[:8]) == bank[8]):
                raise FileRefused(
                    name, f"line {line}", f"routing number {bank!r}: its check digit is wrong", "correct it"
                )
            entries.append(
                Entry(
                    int(record["code"]),
                    bank,
                    record["account"],
                    int(record["amount_fen"]),
                    record["individual"],
                    record["name"],
                    int(record["trace"]),
                )
            )
        elif not entries:
            raise FileRefused(name, f"line {line}", "an addenda before any entry", "send it again")
        else:
            e = entries.pop()
            told = (e.code, e.bank, e.account, e.amount_fen, e.individual, e.name, e.trace)
            entries.append(Entry(*told, record["reason"], int(record["original_trace"]), record["note"]))
    return entries


def write_nacha(collection: Collection) -> bytes:
    """A collection as a file of PPD debits. Raises FileRefused for a routing number or name that does not fit."""
    c = collection
    entries: list[Entry] = []
    for k, order in enumerate(c.orders, 1):
        if not (len(order.bank) == 9 and order.bank.isdigit() and check_digit(order.bank[:8]) == order.bank[8]):
            place = f"debit {order.end_to_end}"
            raise FileRefused("nacha", place, f"bank {order.bank!r} is no routing number", "correct the mandate")
        trace = int(c.creditor.bank[:8]) * 10**7 + k
        entries.append(Entry(27, order.bank, order.account, order.amount_fen, order.end_to_end, order.name[:22], trace))
    try:
        return write_nacha_file(
            NachaFile(
                destination=c.creditor.bank,
                origin=c.creditor.scheme_id or c.creditor.account[:10],
                made_at=c.made_at,
                modifier="A",
                destination_name="",
                origin_name=c.creditor.name[:23],
                reference=c.message[:8],
                company=c.creditor.name[:16],
                company_id=(c.creditor.scheme_id or c.creditor.account)[:10],
                effective_on=c.collect_on,
                odfi=c.creditor.bank[:8],
                entries=tuple(entries),
            )
        )
    except ValueError as error:
        raise FileRefused("nacha", "file", str(error), "correct the mandate or the creditor") from error


def read_nacha(data: bytes, name: str = "nacha") -> Collection:
    """The collection in a file; NACHA carries neither mandate nor signature, which stay empty. Raises FileRefused."""
    f = read_nacha_file(data, name)
    orders = tuple(Order(e.individual, e.amount_fen, "", f.effective_on, e.name, e.account, e.bank) for e in f.entries)
    creditor = Creditor(f.company, f.company_id, f.destination, f.origin)
    return Collection(f.reference, f.made_at, creditor, f.effective_on, "USD", orders)


def read_nacha_returns(data: bytes, name: str = "returns") -> Results:
    """The returns in a file: a debit that came back, by its individual number, with its R code."""
    f = read_nacha_file(data, name)
    results: list[Result] = []
    refused: list[RowRefused] = []
    for k, e in enumerate(f.entries, 1):
        if not e.reason:
            refused.append(
                RowRefused(f"entry {k}", "addenda", e.individual, "no return addenda", "have the bank say why")
            )
            continue
        results.append(
            Result(e.individual, "returned", f.effective_on, e.amount_fen, e.reason, "nacha", str(e.trace), e.note)
        )
    return Results(f.reference, "", f.made_at, tuple(results), tuple(refused))


ISO_TO_NACHA = {"AM04": "R01", "AC04": "R02", "AC01": "R03", "MD01": "R07", "MD06": "R10"}


def write_nacha_returns(results: Results) -> bytes:
    """What failed or went back, as the simulated bank tells it: NACHA says nothing of what succeeded."""
    bank = "091000019"
    entries = tuple(
        Entry(
            26,
            bank,
            "0",
            r.amount_fen,
            r.end_to_end,
            "",
            int(bank[:8]) * 10**7 + k,
            ISO_TO_NACHA.get(r.code, r.code if r.code.startswith("R") else "R17"),
            int(bank[:8]) * 10**7 + k,
            r.note[:44],
        )
        for k, r in enumerate((r for r in results.results if r.status in ("failed", "returned")), 1)
    )
    return write_nacha_file(
        NachaFile(
            bank, bank, results.made_at, "A", "", "SIMULATED BANK", "", "SIMULATED", "0", results.made_at.date(),
            bank[:8], entries,
        )
    )  # fmt: skip
