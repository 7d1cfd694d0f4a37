"""Data keys, wrapped by a key outside the database; files and drafts are enciphered under them, those there too."""

import json
from typing import Any

from alembic import op

from afterloan.store.data_keys import new_data_key

revision = "0038"
down_revision = "0037"

KEYS = """
create table data_key (
    data_key bigint generated always as identity primary key,
    -- null: the key of one file that is about nobody in particular
    borrower bigint references borrower,
    -- the name of the key outside the database that wraps it
    ring_key text not null,
    wrapped bytea,
    destroyed_on date,
    check ((wrapped is null) = (destroyed_on is not null))
);
create unique index data_key_of on data_key (borrower) where borrower is not null and wrapped is not null;
create index data_key_under on data_key (ring_key, data_key) where wrapped is not null;
create trigger data_key_for_ever before delete or truncate on data_key
    for each statement execute function refuse_change();
create function keep_destroyed() returns trigger language plpgsql as $$
begin
    if old.wrapped is null or old.data_key <> new.data_key or old.borrower is distinct from new.borrower then
        raise exception 'data key % is destroyed, or would be another''s', old.data_key
            using errcode = 'restrict_violation';
    end if;
    return new;
end $$;
create trigger data_key_destroyed before update on data_key for each row execute function keep_destroyed();
"""

# tables anew, and the old ones dropped: changed rows would leave what they were on the disk until it is swept
FILES = """
alter table kept_file rename to kept_file_open;
alter table kept_file_open rename constraint kept_file_pkey to kept_file_open_pkey;
create table kept_file (
    sha256 text not null check (sha256 ~ '^[0-9a-f]{64}$'),
    data_key bigint not null references data_key,
    content bytea not null,
    primary key (sha256, data_key)
);
create index kept_file_key on kept_file (data_key);
"""
WHOSE = """
select distinct f.sha256, b.borrower from kept_file_open f
left join act a on a.verb = 'paper.hand_in' and a.asked->>'sha256' = f.sha256
left join borrower b on b.reference = a.asked->>'borrower' order by 1, 2
"""
FILES_FOR_EVER = """
drop table kept_file_open;
create trigger kept_file_for_ever before update or delete or truncate on kept_file
    for each statement execute function refuse_change();
"""
DRAFTS = """
alter table draft rename to draft_open;
alter table draft_open rename constraint draft_pkey to draft_open_pkey;
alter index draft_saved rename to draft_open_saved;
create table draft (
    borrower bigint not null references borrower,
    form text not null check (form <> ''),
    data_key bigint not null references data_key,
    told bytea not null,
    saved_at timestamptz not null,
    primary key (borrower, form)
);
create index draft_saved on draft (saved_at);
"""


def upgrade() -> None:
    """All in one transaction: killed or refused for want of keys, the book is as it was, and is tried again."""
    connection: Any = op.get_bind().connection.driver_connection
    connection.execute(KEYS)
    connection.execute(FILES)
    for digest, borrower in connection.execute(WHOSE).fetchall():
        row = connection.execute("select content from kept_file_open where sha256 = %s", (digest,)).fetchone()
        key = new_data_key(connection, borrower)
        kept = key.encipher(bytes(row[0]), f"kept_file|content|{digest}")
        connection.execute("insert into kept_file values (%s, %s, %s)", (digest, key.number, kept))
    connection.execute(FILES_FOR_EVER)
    connection.execute(DRAFTS)
    for borrower, form, told, at in connection.execute("select * from draft_open").fetchall():
        key = new_data_key(connection, borrower)
        kept = key.encipher(json.dumps(told, ensure_ascii=False).encode(), f"draft|told|{borrower}|{form}")
        connection.execute("insert into draft values (%s, %s, %s, %s, %s)", (borrower, form, key.number, kept, at))
    connection.execute("drop table draft_open")
