"""A line of a statement is known by account, statement, place and content; matches can be taken back; refusals wait."""

from alembic import op

revision = "0010"
down_revision = "0009"

LINES = """
alter table statement_line drop constraint statement_line_account_bank_reference_key;
alter table statement_line
    add column statement text not null default '',   -- the bank's name of the statement; lines of before: ''
    add column position int not null default 0,      -- from 1
    add column held text not null default '',        -- why a person must look at it first
    add column content text not null generated always as (md5(
        bank_reference || E'\\x1f' || (booked_on - date '1970-01-01')::text || E'\\x1f' || amount_fen::text || E'\\x1f'
        || currency || E'\\x1f' || end_to_end || E'\\x1f' || mandate || E'\\x1f' || name || E'\\x1f' || counter_account
        || E'\\x1f' || text || E'\\x1f' || reason)) stored;
create unique index statement_line_identity on statement_line (account, statement, position, content);
create index statement_line_like on statement_line (account, booked_on, amount_fen);
create index statement_line_reference on statement_line (bank_reference);
"""
MATCHES = """
alter table statement_match drop constraint statement_match_pkey;
alter table statement_match add column match bigint generated always as identity primary key;
create index statement_match_line on statement_match (line);
-- a match that was taken back; `fact` is what took the money off the loan again
create table statement_unmatch (
    match bigint primary key references statement_match,
    fact text not null default '',
    by text not null,
    note text not null default '',
    undone_on date not null
);
create view statement_standing as
    select m.* from statement_match m where not exists (select from statement_unmatch u where u.match = m.match);
"""
REFUSALS = """
-- a row of a bank's file that could not be taken: it waits until a person has done with it
create table bank_refusal (
    refusal bigint generated always as identity primary key,
    kind text not null check (kind in ('statement', 'result', 'correction', 'order')),
    account text not null default '',
    source text not null default '',                 -- the bank's name of the statement or message
    file text not null default '',
    place text not null,
    field text not null default '',
    value text not null default '',
    reason text not null,
    remedy text not null,
    known_on date not null
);
create unique index bank_refusal_once on bank_refusal (kind, md5(account || E'\\x1f' || source || E'\\x1f'
    || place || E'\\x1f' || field || E'\\x1f' || value || E'\\x1f' || reason));
create table bank_refusal_done (
    refusal bigint primary key references bank_refusal,
    by text not null,
    note text not null,
    done_on date not null
);
"""
FOR_EVER = ("statement_unmatch", "bank_refusal", "bank_refusal_done")


def upgrade() -> None:
    """Columns, tables, and triggers that keep what is written."""
    for part in (LINES, MATCHES, REFUSALS):
        op.execute(part)
    for table in FOR_EVER:
        op.execute(
            f"create trigger {table}_for_ever before update or delete or truncate on {table} "
            "for each statement execute function refuse_change()"
        )
