"""Which days have been decided for which shard; the borrowers whose credit line ever changed."""

from alembic import op

revision = "0004"
down_revision = "0003"

TABLES = """
create table decided (
    decided_on date not null,
    shard smallint not null,
    ladder text not null,
    borrowers integer not null,
    actions integer not null,
    refused integer not null,
    withdrawn integer not null,
    changes integer not null,
    primary key (decided_on, shard)
);
create index event_line on event (shard, borrower) where kind in
    ('limit.set', 'limit.reduced', 'limit.frozen', 'limit.restored', 'borrowing.barred', 'borrowing.bar_lifted');
create index outbox_day on outbox (decided_on, borrower);
"""


def upgrade() -> None:
    """Tables, and the trigger that keeps what is written."""
    op.execute(TABLES)
    op.execute(
        "create trigger decided_for_ever before update or delete or truncate on decided "
        "for each statement execute function refuse_change()"
    )
