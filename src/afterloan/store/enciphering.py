"""What stood in clear before is enciphered when an older book is opened: for migrations, as the owner of the tables."""

import json
from collections.abc import Sequence
from typing import Any

import psycopg

from afterloan.facts.events import part_body
from afterloan.store.acts import key_of_act, part_whole
from afterloan.store.brought import finding_kept, own_key
from afterloan.store.events import words_of_event
from afterloan.store.persons import open_here, register_of
from afterloan.store.refusals import ImportRefusal, value_kept
from afterloan.store.resealing import TABLE, sealed_anew
from afterloan.store.statements import BankRefusal, LineRow, marked, refusal_kept, words_of_line

BATCH = 10_000
EVENTS = (
    "select e.event, e.kind, e.reference, e.body, (b.name).key from event e join borrower b using (borrower) "
    "where e.kind = any(%s) and e.words is null and e.event > %s order by e.event limit %s"
)


def encipher_events(connection: psycopg.Connection[Any], kinds: Sequence[str], version: str) -> None:
    """Take what tells of a person out of the bodies of events of some kinds, and seal them anew. Raises StoreRefused.

    Of a borrower who was purged it goes. All in the caller's transaction.
    """
    connection.execute(TABLE)
    connection.execute(
        "create temp table event_kept (event bigint primary key, body jsonb not null, words bytea) on commit drop"
    )
    open_here(connection)
    last, changed = 0, list[int]()
    while rows := connection.execute(EVENTS, (list(kinds), last, BATCH)).fetchall():
        with connection.cursor() as cursor, cursor.copy("copy event_kept (event, body, words) from stdin") as copy:
            for event, kind, reference, body, key in rows:
                clear, personal = part_body(kind, body)
                if personal:
                    copy.write_row((event, json.dumps(clear), words_of_event(connection, key, reference, personal)))
                    changed.append(event)
        last = rows[-1][0]
    with sealed_anew(connection, "event", changed, version):
        connection.execute(
            "update event e set body = k.body, words = k.words from event_kept k where k.event = e.event"
        )
    connection.execute("drop table event_kept")


WHOSE = """
create temp table act_of on commit drop as select act, min(borrower) as borrower from (
    select act, borrower from event where act > 0
    union select f.act, c.borrower from fact f join contract c using (loan) where f.act > 0) t
group by act having count(distinct borrower) = 1;
create unique index on act_of (act);
create temp table act_kept (
    act bigint primary key, asked jsonb not null, answer jsonb not null, borrower bigint, asked_words bytea,
    answer_words bytea, own bytea
) on commit drop;
"""
ACTS = (
    "select a.act, a.verb, a.reference, a.asked, a.answer, b.reference from act a left join contract c "
    "on c.reference = coalesce(a.asked->>'loan', a.asked->'asked'->>'loan') left join act_of o on o.act = a.act "
    "left join borrower b on b.borrower = coalesce(o.borrower, c.borrower) "
    "where a.act > %s and a.asked_words is null and a.answer_words is null order by a.act limit %s"
)
"""Acts with the one borrower whom their rows are about, or whose loan they name."""
KEPT = "copy act_kept (act, asked, answer, borrower, asked_words, answer_words, own) from stdin"
CHANGED = """
update act a set asked = k.asked, answer = k.answer, borrower = k.borrower, asked_words = k.asked_words,
    answer_words = k.answer_words from act_kept k where k.act = a.act;
insert into act_key (act, key) select act, own from act_kept where own is not null;
"""


def encipher_acts(connection: psycopg.Connection[Any], version: str) -> None:
    """Take what tells of a person out of what acts asked and answered, and seal them anew. Raises StoreRefused.

    All in the caller's transaction.
    """
    connection.execute(TABLE)
    connection.execute(WHOSE)
    open_here(connection)
    last, changed = 0, list[int]()
    while rows := connection.execute(ACTS, (last, BATCH)).fetchall():
        kept = []
        for act, verb, reference, asked, answer, whose in rows:
            parted = part_whole(connection, verb, reference, asked, answer, [whose] if whose else [])
            said = {**parted.answer, **_counted(verb, answer)}
            if (parted.asked, said) != (asked, answer):
                words = (parted.asked_words, parted.answer_words, parted.own)
                kept.append((act, json.dumps(parted.asked), json.dumps(said), parted.borrower, *words))
        with connection.cursor() as cursor, cursor.copy(KEPT) as copy:
            for row in kept:
                copy.write_row(row)
        changed += [row[0] for row in kept]
        last = rows[-1][0]
    with sealed_anew(connection, "act", changed, version):
        connection.execute(CHANGED)
    connection.execute("drop table act_kept, act_of")


def _counted(verb: str, answer: dict[str, Any]) -> dict[str, int]:
    """How many rows of an agency's file were refused: told beside the rows, which are enciphered."""
    refused = answer.get("refused")
    return {"rows_refused": len(refused)} if verb == "agency.answers" and isinstance(refused, list) else {}


LINES_THERE = (
    "select line, account, statement, position, bank_reference, booked_on, amount_fen, currency, end_to_end, mandate, "
    "name, counter_account, text, reason from statement_line where line > %s order by line limit %s"
)
LINES_BEFORE = """
alter table statement_line add column words bytea, add column mark bigint;
create table line_key (line bigint primary key references statement_line, key bytea not null);
create temp table line_kept (line bigint primary key, mark bigint not null, words bytea, key bytea not null)
    on commit drop;
alter table statement_line disable trigger statement_line_for_ever;
"""
LINES_AFTER = """
update statement_line l set mark = k.mark, words = k.words from line_kept k where k.line = l.line;
insert into line_key (line, key) select line, key from line_kept;
alter table statement_line drop column content, drop column end_to_end, drop column name,
    drop column counter_account, drop column text, alter column mark set not null;
create unique index statement_line_identity on statement_line (account, statement, position, mark);
-- the table is written anew: the rows that were changed, and the columns dropped, leave nothing on the disk
alter table statement_line alter column known_on type date using known_on + 0;
alter table statement_line enable trigger statement_line_for_ever;
create trigger line_key_for_ever before update or truncate on line_key
    for each statement execute function refuse_change();
"""


def encipher_lines(connection: psycopg.Connection[Any]) -> None:
    """Encipher what of lines of bank statements tells of a person. No seal covers them. Raises StoreRefused."""
    connection.execute(LINES_BEFORE)
    last, register = 0, None
    while rows := connection.execute(LINES_THERE, (last, BATCH)).fetchall():
        register = register or register_of(connection)
        with connection.cursor() as cursor, cursor.copy("copy line_kept (line, mark, words, key) from stdin") as copy:
            for number, *told in rows:
                row = marked(register, LineRow(*told))
                key, words = words_of_line(connection, register, row)
                copy.write_row((number, row.mark, words, key))
        last = rows[-1][0]
    connection.execute(LINES_AFTER)


REFUSALS_BEFORE = """
alter table import_refusal add column words bytea;
alter table bank_refusal add column words bytea, add column mark bigint;
create table bank_refusal_key (refusal bigint primary key references bank_refusal, key bytea not null);
create temp table refusal_kept (refusal bigint primary key, words bytea) on commit drop;
create temp table bank_kept (refusal bigint primary key, mark bigint, words bytea, key bytea) on commit drop;
alter table import_refusal disable trigger import_refusal_for_ever;
alter table bank_refusal disable trigger bank_refusal_for_ever;
"""
REFUSALS_AFTER = """
update import_refusal r set words = k.words from refusal_kept k where k.refusal = r.refusal;
update bank_refusal r set mark = k.mark, words = k.words from bank_kept k where k.refusal = r.refusal;
insert into bank_refusal_key (refusal, key) select refusal, key from bank_kept;
drop index bank_refusal_once;
alter table import_refusal drop column value;
alter table bank_refusal drop column value, alter column mark set not null;
create unique index bank_refusal_once on bank_refusal (mark);
-- the tables are written anew: the rows that were changed, and the columns dropped, leave nothing on the disk
alter table import_refusal alter column row type integer using row + 0;
alter table bank_refusal alter column known_on type date using known_on + 0;
alter table import_refusal enable trigger import_refusal_for_ever;
alter table bank_refusal enable trigger bank_refusal_for_ever;
create trigger bank_refusal_key_for_ever before update or truncate on bank_refusal_key
    for each statement execute function refuse_change();
"""
FOUND_BEFORE = """
alter table brought_finding add column words bytea;
create table brought_key (number bigint primary key references brought_check, key bytea not null);
create temp table found_kept (
    number bigint, kind text, place integer, body jsonb, words bytea, primary key (number, kind, place)
) on commit drop;
alter table brought_finding disable trigger brought_finding_for_ever;
"""
FOUND_THERE = (
    "select number, kind, place, body from brought_finding where body->>'value' <> '' and (number, kind, place) > "
    "(%s, %s, %s) order by number, kind, place limit %s"
)
FOUND_AFTER = """
update brought_finding f set body = k.body, words = k.words from found_kept k
    where (k.number, k.kind, k.place) = (f.number, f.kind, f.place);
-- the table is written anew: the rows that were changed leave nothing on the disk
alter table brought_finding alter column place type integer using place + 0;
alter table brought_finding enable trigger brought_finding_for_ever;
create trigger brought_key_for_ever before update or truncate on brought_key
    for each statement execute function refuse_change();
"""


def encipher_findings(connection: psycopg.Connection[Any]) -> None:
    """Encipher the values of rows that checks of files found. No seal covers them. Raises StoreRefused: no keys."""
    connection.execute(FOUND_BEFORE)
    keys: dict[int, bytes] = {}
    last: tuple[int, str, int] = (0, "", 0)
    while rows := connection.execute(FOUND_THERE, (*last, BATCH)).fetchall():
        for number in {row[0] for row in rows} - keys.keys():
            keys[number] = own_key(connection, number)
        with connection.cursor() as cursor, cursor.copy("copy found_kept from stdin") as copy:
            for *place, body in rows:
                last = (place[0], place[1], place[2])
                clear, words = finding_kept(connection, keys[last[0]], last, body)
                copy.write_row((*last, json.dumps(clear), words))
    connection.execute(FOUND_AFTER)


IMPORTED = (
    "select refusal, act, file, row, field, value, reason, remedy from import_refusal where value <> '' order by act"
)
OF_BANKS = (
    "select refusal, kind, place, field, value, reason, remedy, account, source, file, known_on from bank_refusal"
)


def encipher_refusals(connection: psycopg.Connection[Any]) -> None:
    """Encipher the values of rows of imports and of banks' files that were refused. Raises StoreRefused: no keys."""
    connection.execute(REFUSALS_BEFORE)
    keys: dict[int, bytes] = {}
    imported = connection.execute(IMPORTED).fetchall()
    of_banks = connection.execute(OF_BANKS).fetchall()
    register = register_of(connection) if of_banks else None
    with connection.cursor() as cursor:
        for act in {row[1] for row in imported}:
            keys[act] = key_of_act(connection, act)
        with cursor.copy("copy refusal_kept (refusal, words) from stdin") as copy:
            for number, act, *told in imported:
                copy.write_row((number, value_kept(connection, keys[act], act, ImportRefusal(*told))))
        with cursor.copy("copy bank_kept (refusal, mark, words, key) from stdin") as copy:
            for number, *told in of_banks:
                assert register is not None
                mark, key, words = refusal_kept(connection, register, BankRefusal(*told))
                copy.write_row((number, mark, words, key))
    connection.execute(REFUSALS_AFTER)
