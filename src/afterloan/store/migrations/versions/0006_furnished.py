"""What was furnished to bureaus: files, and a row for each account and month as it was told."""

from alembic import op

revision = "0006"
down_revision = "0005"

TABLES = """
-- one file to one bureau: a month as known on a day. `mark`: what was told before this transaction number was seen
create table furnishing (
    furnishing bigint generated always as identity primary key,
    bureau text not null,
    month_end date not null,
    known_on date not null,
    mark xid8 not null,
    unique (bureau, month_end, known_on)
);

-- the shards of a furnishing that are through
create table furnishing_shard (
    furnishing bigint not null references furnishing,
    shard smallint not null,
    primary key (furnishing, shard)
);

-- one account in one month as told to a bureau; `turn` 0 is the first report, later ones amend it
create table furnished (
    furnished bigint generated always as identity primary key,
    furnishing bigint not null references furnishing,
    bureau text not null,
    shard smallint not null,
    borrower bigint not null,
    loan bigint not null references contract,
    month_end date not null,
    turn smallint not null,
    record text not null,
    adverse boolean not null,
    status text not null,
    rating text not null,
    history text not null,
    annotation text not null,
    special text not null,
    days_past_due integer not null,
    opened_on date not null,
    ended_on date,
    first_delinquent_on date,
    last_paid_on date,
    principal_fen bigint not null,
    balance_fen bigint not null,
    owed_fen bigint not null,
    overdue_fen bigint not null,
    overdue_30_fen bigint not null,
    band_31_60_fen bigint not null,
    band_61_90_fen bigint not null,
    band_91_180_fen bigint not null,
    band_over_180_fen bigint not null,
    due_fen bigint not null,
    paid_fen bigint not null,
    next_due_fen bigint not null,
    lost_fen bigint not null,
    overdue_periods integer not null,
    remaining_periods integer not null,
    unique (bureau, loan, month_end, turn)
);
create index furnished_shard on furnished (bureau, shard, month_end);
create index furnished_file on furnished (furnishing, shard);
create index furnished_borrower on furnished (borrower);
"""

FOR_EVER = ("furnishing", "furnishing_shard", "furnished")


def upgrade() -> None:
    """Tables, and triggers that keep what is written."""
    op.execute(TABLES)
    for table in FOR_EVER:
        op.execute(
            f"create trigger {table}_for_ever before update or delete or truncate on {table} "
            "for each statement execute function refuse_change()"
        )
