"""Movements of borrowers' own accounts, and the consent to each source, with uses and days."""

from alembic import op

revision = "0025"
down_revision = "0024"

TABLES = """
create table flow_consent (
    borrower bigint not null references borrower,
    source text not null,
    uses text[] not null,
    on_day date not null,
    ended_on date,
    act bigint default current_act(),
    primary key (borrower, source, on_day)
);
create table flow (
    flow bigint generated always as identity,
    source text not null,
    reference text not null,
    borrower bigint not null references borrower,
    on_day date not null,
    known_on date not null check (known_on >= on_day),
    amount_fen bigint not null check (amount_fen <> 0),
    balance_fen bigint,
    category text not null,
    counterparty text not null default '',
    act bigint default current_act(),
    primary key (source, reference)
);
create index flow_borrower on flow (borrower, on_day);
"""


def upgrade() -> None:
    """The tables, and the trigger that keeps what is written; a consent may only end."""
    op.execute(TABLES)
    op.execute(
        "create trigger flow_for_ever before update or truncate on flow "
        "for each statement execute function refuse_change()"
    )
