"""What happened to borrowers besides money, what was found, and what is to be done about it."""

from alembic import op

revision = "0002"
down_revision = "0001"

TABLES = """
-- facts of a borrower that are no money of a loan; `kind` names a class in afterloan.facts
create table event (
    event bigint generated always as identity primary key,
    shard smallint not null,
    borrower bigint not null references borrower,
    loan bigint references contract,
    kind text not null,
    on_day date not null,
    at timestamptz,
    known_on date not null,
    reference text not null unique,
    body jsonb not null default '{}',
    told xid8 not null default pg_current_xact_id(),
    check (known_on >= on_day)
);
create index event_borrower on event (borrower, kind);
create index event_kind on event (kind, on_day);
create index event_told on event (shard, told);

-- one decision: the clause that decided, what it saw, how it came out
create table finding (
    finding bigint generated always as identity primary key,
    decided_on date not null,
    borrower bigint not null references borrower,
    loan bigint references contract,
    about text not null,
    rule text not null,
    outcome text not null,
    inputs jsonb not null default '{}',
    told xid8 not null default pg_current_xact_id()
);
create index finding_borrower on finding (borrower, decided_on);
create index finding_day on finding using brin (decided_on);

-- what is to be done outside: committed with the decision, drained by the rails; `key` goes with every send
create table outbox (
    action bigint generated always as identity primary key,
    key text not null unique,
    borrower bigint not null references borrower,
    loan bigint references contract,
    kind text not null,
    not_before timestamptz not null,
    body jsonb not null default '{}',
    decided_on date not null,
    told xid8 not null default pg_current_xact_id()
);
create index outbox_borrower on outbox (borrower);
create index outbox_kind on outbox (kind, decided_on);
"""

FOR_EVER = ("event", "finding", "outbox")


def upgrade() -> None:
    """Tables, and triggers that keep what is written."""
    op.execute(TABLES)
    for table in FOR_EVER:
        op.execute(
            f"create trigger {table}_for_ever before update or delete or truncate on {table} "
            "for each statement execute function refuse_change()"
        )
