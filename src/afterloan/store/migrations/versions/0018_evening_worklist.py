"""The worklist of an evening: the cases that were open when a day was decided, as they were then."""

from alembic import op

revision = "0018"
down_revision = "0017"

TABLES = """
-- a million loans have 57,000 open cases: too many to reckon while an agent waits, so the night writes them down;
-- what is shown of them is reckoned anew
create table worklist (
    decided_on date not null,
    shard smallint not null,
    borrower bigint not null references borrower,
    queue text not null,
    opened_on date not null,
    days_past_due integer not null,
    arrears_fen bigint not null,
    worth_fen bigint not null,
    promises_broken integer not null,
    ladder text not null,
    step text not null,
    loans text not null,
    primary key (decided_on, queue, borrower)
);
create index worklist_borrower on worklist (borrower, decided_on);
"""


def upgrade() -> None:
    """A table, and the trigger that keeps what is written."""
    op.execute(TABLES)
    op.execute(
        "create trigger worklist_for_ever before update or delete or truncate on worklist "
        "for each statement execute function refuse_change()"
    )
