"""Names and attributes of borrowers stand enciphered; the desk finds them by keyed hashes."""

import json
from typing import Any

from alembic import op

from afterloan.store.persons import Register, register_of

revision = "0044"
down_revision = "0043"

TYPES = """
alter table data_key add column purpose text check (purpose is null or (purpose = 'register' and borrower is null));
create unique index data_key_for on data_key (purpose) where purpose is not null;
create type enciphered_text as (key bytea, value bytea);
create type enciphered_fields as (key bytea, value bytea);
create temp table person_kept (
    borrower bigint primary key, name enciphered_text, attributes enciphered_fields, clear jsonb, told text[],
    words bigint[]
) on commit drop;
"""
BATCH = 10_000
ROWS = "select borrower, name, attributes from borrower where borrower > %s order by borrower limit %s"
KEPT = "copy person_kept (borrower, name, attributes, clear, told, words) from stdin"
COLUMNS = """
drop trigger borrower_corrected on borrower;
alter table borrower rename column name to name_open;
alter table borrower rename column attributes to attributes_open;
alter table borrower
    add column name enciphered_text not null default '(,)',
    add column attributes enciphered_fields not null default '(,)',
    -- of the attributes what tells of no person, for the night's questions in SQL
    add column clear jsonb not null default '{}',
    -- which fields are told, without their values
    add column told text[] not null default '{}',
    -- keyed hashes of what the desk finds somebody by
    add column words bigint[] not null default '{}';
update borrower b set name = k.name, attributes = k.attributes, clear = k.clear, told = k.told, words = k.words
from person_kept k where k.borrower = b.borrower;
alter table borrower drop column name_open, drop column attributes_open;
-- the table is written anew: the rows that were changed, and the columns dropped, leave nothing on the disk
alter table borrower alter column known_on type date using known_on + 0;
create index borrower_words on borrower using gin (words);
create or replace function refuse_other_change() returns trigger language plpgsql as $$
begin
    if current_act() is null then
        raise exception 'UPDATE rows of % are changed by an act only', tg_table_name
            using hint = 'Correct it: afterloan correct.', errcode = 'restrict_violation';
    end if;
    -- the shard is generated, and not made yet in a row that is about to be written
    if to_jsonb(old) - '{name,attributes,clear,told,words,shard}'::text[] is distinct from
       to_jsonb(new) - '{name,attributes,clear,told,words,shard}'::text[] then
        raise exception 'UPDATE rows of %: only name and attributes can be corrected', tg_table_name
            using errcode = 'restrict_violation';
    end if;
    return new;
end $$;
create trigger borrower_corrected before update on borrower
    for each row execute function refuse_other_change();
"""


def upgrade() -> None:
    """All in one transaction: killed or refused for want of keys, the book is as it was, and is tried again."""
    connection: Any = op.get_bind().connection.driver_connection
    connection.execute(TYPES)
    register: Register | None = None
    last = 0
    while rows := connection.execute(ROWS, (last, BATCH)).fetchall():
        register = register or register_of(connection)
        with connection.cursor() as cursor, cursor.copy(KEPT) as copy:
            for borrower, name, attributes in rows:
                told = attributes if isinstance(attributes, dict) else json.loads(attributes)
                kept = register.kept(name, told)
                copy.write_row((borrower, kept.name, kept.attributes, kept.clear, kept.told, kept.words))
        last = rows[-1][0]
    connection.execute(COLUMNS)
