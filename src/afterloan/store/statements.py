"""Lines of bank statements in the store: taken in once, matched once at a time, the rest listed.

What of a line tells of a person (`PERSONAL`) is enciphered under a key of the line's own, in `line_key`, for whose it
is shows later; a purge takes that key away. That a line says the same as one before is told by a keyed hash (`mark`).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import psycopg

from afterloan.facts import FactRefused
from afterloan.facts.debit import DebitAttempted, MandateSigned
from afterloan.store.locks import lock_account
from afterloan.store.persons import Register, called, enciphered_words, register_of, words_at


@dataclass(frozen=True, slots=True)
class LineRow:
    """A line as the store holds it. Its first fields say where it stands, the others are its content.

    Amounts in minor units, positive came in. `number`: the store's own, 0 before it has one. `mark`: the keyed hash of
    its content, 0 before it has one: by it lines are compared, also after what they say was purged.
    """

    account: str
    statement: str
    position: int
    bank_reference: str
    booked_on: date
    amount_fen: int
    currency: str
    end_to_end: str
    mandate: str
    name: str
    counter_account: str
    text: str
    reason: str
    number: int = 0
    mark: int = 0

    @property
    def content(self) -> tuple[object, ...]:
        """All that the line says; its mark where it has one."""
        return (self.mark,) if self.mark else self.said

    @property
    def said(self) -> tuple[object, ...]:
        """All that the line says."""
        return (self.bank_reference, self.booked_on, self.amount_fen, self.currency, self.end_to_end, self.mandate,
                self.name, self.counter_account, self.text, self.reason)  # fmt: skip


SPLIT = "split"
"""How a part of a line came to its loan, where a person gave the line to several."""
PERSONAL = ("end_to_end", "name", "counter_account", "text")
"""What of a line tells of a person, or is what somebody wrote freely."""
CLEAR = (
    "account", "statement", "position", "bank_reference", "booked_on", "amount_fen", "currency", "mandate", "reason",
)  # fmt: skip
TOLD = (
    "row(k.key, convert_to('statement_line|' || l.account || '|' || l.statement || '|' || l.position || '|' || l.mark, "
    "'UTF8'), l.words)::enciphered_words"
)
"""SQL: what tells of a person in a line `l` with its key `k`; empty once that is destroyed."""
COLUMNS = ", ".join(f"l.{name}" for name in CLEAR)
LINES = "statement_line l left join line_key k using (line)"


def marked(register: Register, row: LineRow) -> LineRow:
    """A line with the keyed hash of all that it says."""
    return replace(row, mark=register.mark("l" + "\x1f".join(str(one) for one in row.said)))


def words_of_line(connection: psycopg.Connection[Any], register: Register, row: LineRow) -> tuple[bytes, bytes | None]:
    """A key for a line that is marked, and what of it tells of a person under that key. Raises StoreRefused."""
    key = register.own_key()
    told = {name: getattr(row, name) for name in PERSONAL if getattr(row, name)}
    place = f"statement_line|{row.account}|{row.statement}|{row.position}|{row.mark}"
    return key, enciphered_words(key, place, told, connection) if told else None


@dataclass(frozen=True, slots=True)
class KeptLine:
    """What keeping a line came to: its number, whether it was there, why a person must look at it (`held`).

    `contradicts`: the same statement said something else in the same place under the same reference.
    """

    number: int
    known: bool
    held: str = ""
    contradicts: bool = False


def put_line(
    connection: psycopg.Connection[Any],
    register: Register,
    row: LineRow,
    turn: int,
    doubt: str,
    file: str,
    known_on: date,
) -> KeptLine:
    """Keep a line once. Account, statement, place and content are its identity; banks use references twice.

    `turn`: of the lines of its statement that are alike (the same reference and amount on a day, or without a
    reference the same in all), which this is, from 1. A line that may be one we have, but need not be, is kept and
    held: a person decides, nothing is lost and nothing is taken twice.
    """
    lock_account(connection, row.account)
    row = marked(register, row)
    told = _alike(connection, row)
    known, held, contradicts = judge(row, told, turn)
    if known:
        return KeptLine(known, True, _held(connection, known))
    held = held or doubt
    key, words = words_of_line(connection, register, row)
    clear = [getattr(row, name) for name in CLEAR]
    number = connection.execute(PUT, (*clear, row.mark, words, held, file, known_on, key)).fetchone()
    assert number is not None
    return KeptLine(int(number[0]), False, held, contradicts)


PUT = (
    f"with made as (insert into statement_line ({', '.join(CLEAR)}, mark, words, held, file, known_on) "
    "values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s) returning line, words) "
    "insert into line_key (line, key) select line, %s from made returning line"
)


def _alike(connection: psycopg.Connection[Any], row: LineRow) -> list[LineRow]:
    """Lines of the account that have the day and amount of a line, or stand in its place."""
    rows = connection.execute(
        f"select {COLUMNS}, l.line, l.mark, {TOLD} from {LINES} where l.line in ("
        "select line from statement_line where account = %s and booked_on = %s and amount_fen = %s "
        "union select line from statement_line where account = %s and statement = %s and position = %s) "
        "order by l.line",
        (row.account, row.booked_on, row.amount_fen, row.account, row.statement, row.position),
    ).fetchall()
    return [_line(dict(zip((*CLEAR, "number", "mark"), found, strict=True)), told) for *found, told in rows]


def _line(clear: dict[str, Any], told: Mapping[str, str]) -> LineRow:
    return LineRow(**(clear | {name: told.get(name, "") for name in PERSONAL}))


def _held(connection: psycopg.Connection[Any], number: int) -> str:
    row = connection.execute("select held from statement_line where line = %s", (number,)).fetchone()
    assert row is not None
    return str(row[0])


def judge(mine: LineRow, told: Sequence[LineRow], turn: int) -> tuple[int, str, bool]:
    """Whether a line is one that was told before: (its number or 0, why it is held, whether it contradicts). Pure.

    With a reference of the bank, the turn-th line of another statement with that reference, day and amount is the same
    money when it says the same (a notification, then the statement). Without one nothing tells the same sum paid twice
    from the same line told twice: within a statement they are two, from another statement the line is held.
    """
    here = [r for r in told if (r.statement, r.position) == (mine.statement, mine.position)]
    for r in here:
        if r.content == mine.content:
            return r.number, "", False
    alike = [r for r in told if _core(r) == _core(mine) and (mine.bank_reference or r.content == mine.content)]
    pairs = [rows[turn - 1] for rows in _by_statement(alike) if len(rows) >= turn]
    for r in pairs:
        same = r.content == mine.content or (bool(mine.end_to_end) and r.end_to_end == mine.end_to_end)
        if same and (mine.bank_reference or r.statement == mine.statement):
            return r.number, "", False
    if pairs and mine.bank_reference:
        return 0, f"has reference, day and amount of line #{pairs[0].number} and says something else", False
    if pairs:
        return 0, f"says the same as line #{pairs[0].number}: that money told again, or as much paid twice?", False
    for r in here:
        if r.bank_reference == mine.bank_reference and mine.bank_reference:
            was = f"stands already for {r.amount_fen} minor units of {r.booked_on}"
            return 0, f"{was} (line #{r.number}), now {mine.amount_fen} of {mine.booked_on}", True
        if _core(r) == _core(mine):
            return (
                0,
                f"stands in the place of line #{r.number}, as much on the same day, and says something else",
                False,
            )
    return 0, "", False


def _core(row: LineRow) -> tuple[object, ...]:
    return (row.bank_reference, row.booked_on, row.amount_fen, row.currency)


def _by_statement(rows: Sequence[LineRow]) -> list[list[LineRow]]:
    found: dict[str, list[LineRow]] = {}
    for row in sorted(rows, key=lambda r: (r.position, r.number)):
        found.setdefault(row.statement, []).append(row)
    return list(found.values())


def is_matched(connection: psycopg.Connection[Any], line: int) -> bool:
    """Whether a line stands on a loan or was set aside."""
    row = connection.execute("select 1 from statement_standing where line = %s", (line,)).fetchone()
    return row is not None


def put_match(
    connection: psycopg.Connection[Any],
    line: int,
    how: str,
    loan: str | None,
    fact: str,
    by: str,
    on: date,
    note: str = "",
) -> None:
    """Say what a line came to. The caller holds the account's lock and has seen that it stands on nothing.

    Only the parts of a line that a person splits (`how` split) stand beside each other.
    """
    assert how == SPLIT or not is_matched(connection, line)
    connection.execute(
        "insert into statement_match (line, how, borrower, loan, fact, by, note, matched_on) "
        "select %s, %s, c.borrower, c.loan, %s, %s, %s, %s from (select 1) x "
        "left join contract c on c.reference = %s",
        (line, how, fact, by, note, on, loan),
    )


def put_unmatch(connection: psycopg.Connection[Any], match: int, fact: str, by: str, on: date, note: str) -> None:
    """Take a match back; the line waits again. `fact`: what took the money off its loan."""
    connection.execute(
        "insert into statement_unmatch (match, fact, by, note, undone_on) values (%s, %s, %s, %s, %s)",
        (match, fact, by, note, on),
    )


def free_fact_name(connection: psycopg.Connection[Any], row: dict[str, Any]) -> str:
    """A reference for the repayment that a line is: `bank:ACCOUNT:REFERENCE`, with `#2` … where that is in use.

    A line without a reference of the bank is named by its number.
    """
    first = name = f"bank:{row['account']}:{row['bank_reference'] or '#' + str(row['line'])}"
    turn = 1
    while connection.execute("select 1 from fact where reference = %s", (name,)).fetchone() is not None:
        turn += 1
        name = f"{first}#{turn}"
    return name


def loans_named(connection: psycopg.Connection[Any], words: Sequence[str]) -> list[int]:
    """Numbers of the loans whose reference is among words."""
    rows = connection.execute("select loan from contract where reference = any(%s) order by loan", (list(words),))
    return [row[0] for row in rows.fetchall()]


def loans_of_named(connection: psycopg.Connection[Any], words: Sequence[str], mandate: str) -> list[int]:
    """Numbers of the loans of the borrower whose reference is among words, or who signed the mandate."""
    rows = connection.execute(
        "select c.loan from contract c join borrower b using (borrower) where b.reference = any(%s) "
        "union select c.loan from event e join contract c on c.borrower = e.borrower "
        "and (e.loan is null or e.loan = c.loan) "
        "where e.kind = %s and e.reference = %s order by 1",
        (list(words), MandateSigned.KIND, mandate),
    )
    return [row[0] for row in rows.fetchall()]


def borrowers_named(
    connection: psycopg.Connection[Any], words: Sequence[str], mandates: Sequence[str], debits: Sequence[str]
) -> list[int]:
    """Numbers of all borrowers whom lines may concern: by loan or own reference, mandate, or debit of ours."""
    rows = connection.execute(
        "select borrower from contract where reference = any(%(words)s) "
        "union select borrower from borrower where reference = any(%(words)s) "
        "union select borrower from event where kind = any(%(kinds)s) and reference = any(%(told)s)",
        {"words": list(words), "kinds": [MandateSigned.KIND, DebitAttempted.KIND], "told": [*mandates, *debits]},
    )
    return [row[0] for row in rows.fetchall()]


def loans_of_name(connection: psycopg.Connection[Any], name: str, most: int = 200) -> list[int]:
    """Numbers of the loans of borrowers who bear a name; width, case and blanks are not looked at."""
    who = called(connection, name)
    if who is None:
        return []
    rows = connection.execute(
        "select c.loan from contract c join borrower b using (borrower) where b.words @> %s::bigint[] "
        "order by c.loan limit %s",
        (who, most),
    )
    return [row[0] for row in rows.fetchall()]


STATEMENT_FILES = (
    "select max(line) as place, file, account, currency, min(booked_on) as first_on, max(booked_on) as last_on, "
    "max(known_on) as taken_on, count(*) as lines, "
    "coalesce(sum(amount_fen) filter (where amount_fen > 0), 0)::bigint as in_fen, "
    "coalesce(-sum(amount_fen) filter (where amount_fen < 0), 0)::bigint as out_fen from statement_line "
    "where known_on <= %(on)s group by file, account, currency having max(line) < %(before)s "
    "order by place desc limit %(most)s"
)


def statement_files(
    connection: psycopg.Connection[Any], on: date, most: int, before: int = 1 << 62
) -> list[dict[str, Any]]:
    """Bank statements that were taken by a day, the newest first: per file and account its days, lines and sums."""
    cursor = connection.execute(STATEMENT_FILES, {"on": on, "before": before, "most": most})
    names = [column.name for column in cursor.description or ()]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def unmatched_lines(connection: psycopg.Connection[Any]) -> list[dict[str, Any]]:
    """Lines that wait for a person, oldest first; `held` says why one was not even tried."""
    with connection.cursor(row_factory=psycopg.rows.dict_row) as cursor:
        cursor.execute(
            "select l.line, l.account, l.bank_reference, l.booked_on, l.amount_fen, l.currency, l.mandate, "
            f"l.statement, l.position, l.held, {TOLD} as told from {LINES} "
            "where not exists (select from statement_standing m where m.line = l.line) order by l.booked_on, l.line"
        )
        return [_told(row) for row in cursor.fetchall()]


def _told(row: dict[str, Any]) -> dict[str, Any]:
    """A row with what tells of a person as fields; "" where nothing does, or it was purged."""
    told = row.pop("told")
    return row | {name: told.get(name, "") for name in PERSONAL}


def line_of(connection: psycopg.Connection[Any], name: str, account: str | None = None) -> dict[str, Any]:
    """One line by the bank's reference, or by its number as `#12`, with what it stands on (how, fact, loan, match).

    `parts`: every match that stands, more than one where a person split the line; `loan` is then None, and `fact`
    names them all. Raises FactRefused: none, or several lines have that reference.
    """
    number = int(name[1:]) if name.startswith("#") and name[1:].isdecimal() and len(name) < 19 else None
    with connection.cursor(row_factory=psycopg.rows.dict_row) as cursor:
        cursor.execute(
            f"select l.line, {COLUMNS}, l.held, l.file, l.known_on, {TOLD} as told, m.how, m.fact, m.match, "
            f"m.note as said, c.reference as loan from {LINES} "
            "left join statement_standing m on m.line = l.line left join contract c on c.loan = m.loan "
            "where case when %s::bigint is null then l.bank_reference = %s and (%s::text is null or l.account = %s) "
            "else l.line = %s end order by l.line, m.match",
            (number, name, account, account, number),
        )
        rows = [_told(row) for row in cursor.fetchall()]
    if not rows:
        raise FactRefused("bank_reference", name, "no line of that reference", "see `afterloan unmatched`")
    lines = sorted({row["line"] for row in rows})
    if len(lines) == 1:
        return _whole(rows)
    numbers = ", ".join(f"#{line}" for line in lines[:10])
    reason = f"{len(lines)} lines have that reference"
    raise FactRefused("bank_reference", name, reason, f"name the line by its number: {numbers}")


def _whole(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """The rows of one line, one for each match that stands, as one."""
    parts = [{"match": row["match"], "loan": row["loan"], "fact": row["fact"]} for row in rows if row["match"]]
    if len(parts) < 2:
        return {**rows[0], "parts": parts}
    return {**rows[0], "parts": parts, "loan": None, "fact": ", ".join(part["fact"] for part in parts)}


# -- rows that could not be taken -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class BankRefusal:
    """A row of a bank's file that could not be taken, and waits for a person.

    `kind`: of a `statement`, of a `result` of debits, a `correction` that a bank asks for, an `order` that cannot stand
    in a file. `source`: the bank's name of the statement or message.
    """

    kind: str
    place: str
    field: str
    value: str
    reason: str
    remedy: str
    account: str = ""
    source: str = ""
    file: str = ""
    known_on: date = date(1970, 1, 1)
    number: int = 0


REFUSED = (
    "with made as (insert into bank_refusal (kind, place, field, reason, remedy, account, source, file, known_on, "
    "mark, words) values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s) on conflict do nothing returning refusal) "
    "insert into bank_refusal_key (refusal, key) select refusal, %s from made"
)


def put_refusals(connection: psycopg.Connection[Any], refusals: Iterable[BankRefusal]) -> None:
    """Keep refused rows, each value under a key of its own; the same again is known. Raises StoreRefused: no keys."""
    register = None
    for r in refusals:
        register = register or register_of(connection)
        mark, key, words = refusal_kept(connection, register, r)
        clear = (r.kind, r.place, r.field, r.reason, r.remedy, r.account, r.source, r.file, r.known_on)
        connection.execute(REFUSED, (*clear, mark, words, key))


def refusal_kept(
    connection: psycopg.Connection[Any], register: Register, r: BankRefusal
) -> tuple[int, bytes, bytes | None]:
    """The keyed hash of all that tells a refused row from another, a key for it, and its value under that key."""
    mark = register.mark("r" + "\x1f".join((r.kind, r.account, r.source, r.place, r.field, r.value, r.reason)))
    key = register.own_key()
    told = enciphered_words(key, f"bank_refusal|{mark}", {"value": r.value}, connection) if r.value else None
    return mark, key, told


def open_refusals(connection: psycopg.Connection[Any]) -> list[BankRefusal]:
    """Refused rows that nobody has done with, oldest first."""
    rows = connection.execute(
        f"select kind, place, field, {words_at('bank_refusal', 'r', 'mark', 'words', 'k.key')}, "
        "reason, remedy, account, source, file, known_on, refusal "
        "from bank_refusal r left join bank_refusal_key k using (refusal) "
        "where not exists (select from bank_refusal_done d where d.refusal = r.refusal) "
        "order by refusal"
    )
    return [
        BankRefusal(kind, place, field, told.get("value", ""), *rest)
        for kind, place, field, told, *rest in rows.fetchall()
    ]


def finish_refusal(connection: psycopg.Connection[Any], number: int, by: str, note: str, on: date) -> bool:
    """A person has done with a refused row and says how; False: somebody had before. Raises FactRefused."""
    if not note.strip():
        raise FactRefused("note", note, "a row that was refused needs a word on what became of it", "say it")
    if connection.execute("select 1 from bank_refusal where refusal = %s", (number,)).fetchone() is None:
        raise FactRefused("refusal", number, "no refused row of that number", "see `afterloan unmatched`")
    done = connection.execute(
        "insert into bank_refusal_done (refusal, by, note, done_on) values (%s, %s, %s, %s) "
        "on conflict do nothing returning refusal",
        (number, by, note, on),
    ).fetchone()
    return done is not None
