"""Accounts of borrowers with other lenders, as reports of a bureau tell them that were fetched with consent."""

from alembic import op

revision = "0033"
down_revision = "0032"

TABLE = """
create table bureau_account (
    source text not null,
    borrower bigint not null references borrower,
    known_on date not null,
    account text not null default '',
    opened_on date,
    is_active boolean,
    is_card boolean,
    granted_fen bigint,
    balance_fen bigint,
    overdue_fen bigint,
    worst_overdue_fen bigint,
    prolonged integer,
    ends_on date,
    months text not null default '',
    act bigint default current_act(),
    primary key (borrower, source, known_on, account),
    check (account = '' or opened_on <= known_on)
);
"""


def upgrade() -> None:
    """The table, and the trigger that keeps what is written. An empty `account`: the report names none."""
    op.execute(TABLE)
    op.execute(
        "create trigger bureau_account_for_ever before update or truncate on bureau_account "
        "for each statement execute function refuse_change()"
    )
