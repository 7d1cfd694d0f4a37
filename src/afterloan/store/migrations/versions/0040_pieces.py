"""Files of an import that is checked first are enciphered, piece by piece, each file under a key of its own."""

from typing import Any

from alembic import op

from afterloan.store.data_keys import new_data_key

revision = "0040"
down_revision = "0039"

# the table anew, and the old one dropped: changed rows would leave what they were on the disk until it is swept
ANEW = """
alter table kept_piece rename to kept_piece_open;
alter table kept_piece_open rename constraint kept_piece_pkey to kept_piece_open_pkey;
create table kept_piece (
    sha256 text not null check (sha256 ~ '^[0-9a-f]{64}$'),
    data_key bigint not null references data_key,
    piece integer not null,
    content bytea not null,
    primary key (sha256, data_key, piece)
);
create index kept_piece_key on kept_piece (data_key);
"""
FOR_EVER = """
drop table kept_piece_open;
create trigger kept_piece_for_ever before update or delete or truncate on kept_piece
    for each statement execute function refuse_change();
"""


def upgrade() -> None:
    """All in one transaction: killed or refused for want of keys, the book is as it was, and is tried again."""
    connection: Any = op.get_bind().connection.driver_connection
    connection.execute(ANEW)
    for (digest,) in connection.execute("select distinct sha256 from kept_piece_open order by 1").fetchall():
        key, k = new_data_key(connection), 0
        while row := connection.execute(
            "select content from kept_piece_open where sha256 = %s and piece = %s", (digest, k)
        ).fetchone():
            kept = key.encipher(bytes(row[0]), f"kept_piece|content|{digest}|{k}")
            connection.execute("insert into kept_piece values (%s, %s, %s, %s)", (digest, key.number, k, kept))
            k += 1
    connection.execute(FOR_EVER)
