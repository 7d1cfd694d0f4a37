"""Lines of bank statements, each once under the bank's own reference; what each was matched to."""

from alembic import op

revision = "0007"
down_revision = "0006"

TABLES = """
create table statement_line (
    line bigint generated always as identity primary key,
    account text not null,
    bank_reference text not null,
    booked_on date not null,
    amount_fen bigint not null check (amount_fen <> 0),  -- negative: money that left the account
    currency text not null,
    end_to_end text not null default '',
    mandate text not null default '',
    name text not null default '',
    counter_account text not null default '',
    text text not null default '',
    reason text not null default '',
    file text not null,
    known_on date not null,
    unique (account, bank_reference)
);

-- what a line came to: a fact of a loan, a result of a debit, or set aside by a person
create table statement_match (
    line bigint primary key references statement_line,
    how text not null,
    borrower bigint references borrower,
    loan bigint references contract,
    fact text not null default '',
    by text not null,
    note text not null default '',
    matched_on date not null
);
create index statement_match_loan on statement_match (loan);
create index event_attempt on event ((body->>'of')) where kind in
    ('debit.filed', 'debit.succeeded', 'debit.failed', 'debit.returned', 'mandate.revoked');
"""

FOR_EVER = ("statement_line", "statement_match")


def upgrade() -> None:
    """Tables, and triggers that keep what is written."""
    op.execute(TABLES)
    for table in FOR_EVER:
        op.execute(
            f"create trigger {table}_for_ever before update or delete or truncate on {table} "
            "for each statement execute function refuse_change()"
        )
