"""The book: products, borrowers, contracts, facts; the journal; what each close left behind."""

from alembic import op

revision = "0001"
down_revision = None

TABLES = """
create table setting (name text primary key, value jsonb not null);

create table product (
    number integer generated always as identity primary key,
    code text not null unique,
    terms jsonb not null,
    known_on date not null
);

create table borrower (
    borrower bigint generated always as identity primary key,
    reference text not null unique,
    name text not null default '',
    known_on date not null,
    attributes jsonb not null default '{}',
    -- contact rules and limits are per borrower, so a borrower's loans stay together: 64 shards, fixed
    shard smallint not null generated always as (get_byte(decode(md5(reference), 'hex'), 0) % 64) stored
);

create table contract (
    loan bigint generated always as identity primary key,
    reference text not null unique,
    borrower bigint not null references borrower,
    shard smallint not null check (shard between 0 and 63),
    product integer not null references product,
    principal_fen bigint not null check (principal_fen > 0),
    rate bigint not null check (rate >= 0),
    signed_on date not null,
    first_due_on date,
    unit smallint not null,
    every integer not null check (every > 0),
    instalments integer not null check (instalments > 0),
    due_dom smallint not null default 0,
    grace_principal integer not null default 0,
    grace_interest integer not null default 0,
    interest_free integer not null default 0,
    known_on date not null,
    told xid8 not null default pg_current_xact_id()
);
create index contract_shard on contract (shard, loan);
create index contract_borrower on contract (borrower);

create table promised (
    loan bigint not null references contract,
    number integer not null check (number > 0),
    due_on date not null,
    principal_fen bigint not null check (principal_fen >= 0),
    interest_fen bigint not null check (interest_fen >= 0),
    fee_fen bigint not null check (fee_fen >= 0),
    told xid8 not null default pg_current_xact_id(),
    primary key (loan, number)
);

-- kinds as afterloan.loan.terms.FactKind; 90: reversed, naming the fact it takes back
create table fact (
    fact bigint generated always as identity primary key,
    loan bigint not null,
    shard smallint not null,
    kind smallint not null,
    on_day date not null,
    known_on date not null,
    amount_fen bigint not null,
    component smallint not null default 0,
    due_on date,
    of_fact bigint,
    reference text not null unique,
    told xid8 not null default pg_current_xact_id(),
    check (known_on >= on_day or kind = 90),
    check ((kind = 90) = (of_fact is not null))
);
create index fact_loan on fact (loan);
create index fact_told on fact (shard, told) include (loan);
create unique index fact_reversed on fact (of_fact) where of_fact is not null;

-- derived: the bytes a close reads instead of rows; may be dropped at any time (afterloan.store.history)
create table history (loan bigint primary key, shard smallint not null, packed bytea not null);
alter table history alter column packed set storage external;
create index history_shard on history (shard, loan);
create table folded (shard smallint primary key, told xid8 not null);

-- one row is one balanced posting: amount from credit to debit
create table entry (
    entry bigint generated always as identity,
    closed_on date not null,
    shard smallint not null,
    loan bigint,
    product integer not null,
    cause smallint not null,
    component smallint not null,
    debit smallint not null,
    credit smallint not null check (credit <> debit),
    amount_fen bigint not null check (amount_fen > 0)
);
create index entry_loan on entry (loan) where loan is not null;
create index entry_shard on entry (shard, closed_on) where loan is null;
create index entry_day on entry using brin (closed_on);

create table transition (
    closed_on date not null,
    shard smallint not null,
    loan bigint not null,
    kind smallint not null,
    from_bucket smallint not null,
    to_bucket smallint not null,
    days_past_due integer not null,
    amount_fen bigint not null
);
create index transition_loan on transition (loan);
create index transition_day on transition using brin (closed_on);

create table closing (
    closed_on date not null,
    shard smallint not null,
    loans_in integer not null,
    closed integer not null,
    excepted integer not null,
    totals jsonb not null,
    told xid8 not null,
    primary key (closed_on, shard),
    check (loans_in = closed + excepted)
);
create table exception (
    closed_on date not null,
    shard smallint not null,
    loan bigint not null,
    reason text not null,
    primary key (closed_on, loan)
);
create table proof (
    closed_on date primary key,
    loans_in bigint not null,
    closed bigint not null,
    excepted bigint not null,
    entries_fen bigint not null,
    totals jsonb not null,
    proved_at timestamptz not null default now()
);
"""

FOR_EVER = (
    "product",
    "borrower",
    "contract",
    "promised",
    "fact",
    "entry",
    "transition",
    "closing",
    "exception",
    "proof",
)

REFUSE = """
create function refuse_change() returns trigger language plpgsql as $$
begin
    raise exception '% rows of % are for ever: nothing may be changed or deleted', tg_op, tg_table_name
        using hint = 'Record a new fact instead: a reversal, a waiver, a charge. The next close posts the difference.',
              errcode = 'restrict_violation';
end $$;
"""


def upgrade() -> None:
    """Tables, and triggers that keep what is written."""
    op.execute(TABLES)
    op.execute(REFUSE)
    for table in FOR_EVER:
        op.execute(
            f"create trigger {table}_for_ever before update or delete or truncate on {table} "
            "for each statement execute function refuse_change()"
        )
