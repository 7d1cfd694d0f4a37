"""One-time codes by which borrowers are let in: asked for by a browser, good once; how often what was done of late."""

from alembic import op

revision = "0026"
down_revision = "0025"

TABLES = """
-- the six digits are nowhere: they follow from `reference` and a key of the book (afterloan.store.codes).
-- `asked_of`: keyed hash of the number or address that was typed; `borrower`: whose it is, where it is on file
create table sign_in_code (
    code bigint generated always as identity primary key,
    reference text not null unique,
    why text not null check (why in ('sign_in', 'step_up')),
    asked_of bytea not null,
    browser bytea not null,
    borrower bigint references borrower,
    channel text not null check (channel in ('sms', 'email')),
    made_at timestamptz not null,
    ends_at timestamptz not null,
    tries integer not null default 0,
    used_at timestamptz
);
create index sign_in_code_asked_of on sign_in_code (asked_of, made_at);
create index sign_in_code_browser on sign_in_code (browser, made_at);
alter table sitting add column stepped_up_by text;
create index borrower_mobile on borrower (right(regexp_replace(attributes->>'mobile', '[^0-9]', '', 'g'), 10))
    where attributes ? 'mobile';
create index borrower_email on borrower (lower(attributes->>'email')) where attributes ? 'email';

-- each use of something that may be used so often only; what is older than a day is of no interest, and a crash may
-- take it
create unlogged table rate_use (
    what text not null,
    whose bytea not null,
    at timestamptz not null
);
create index rate_use_of on rate_use (what, whose, at);
"""


def upgrade() -> None:
    """Two tables, and the numbers on file where they are looked for."""
    op.execute(TABLES)
