"""What became of actions: the tries on record, what still waits, the job queue, rates, the borrower's inbox."""

from importlib import resources

from alembic import op

revision = "0005"
down_revision = "0004"

TABLES = """
-- one row a step of a try; `started` is committed before anything leaves, so a worker's death leaves a trace
create table sending (
    entry bigint generated always as identity primary key,
    action bigint not null references outbox,
    number smallint not null check (number >= 0),
    step text not null check (step in ('started', 'sent', 'refused', 'again', 'unknown', 'doubt', 'dropped')),
    channel text not null,
    at timestamptz not null,
    job bigint,
    receipt text not null default '',
    detail jsonb not null default '{}',
    told xid8 not null default pg_current_xact_id(),
    unique (action, number, step)
);
create unique index sending_final on sending (action) where step in ('sent', 'refused', 'dropped');
create index sending_at on sending using brin (at);

-- actions that have no end yet; `job`: the job of the queue that has it. Not a record: `sending` is
create table waiting (
    action bigint primary key,
    kind text not null,
    not_before timestamptz not null,
    job bigint
);
create index waiting_due on waiting (kind, not_before) where job is null;
create index waiting_job on waiting (job) where job is not null;
create function outbox_waits() returns trigger language plpgsql as $$
begin
    insert into waiting (action, kind, not_before) select action, kind, not_before from fresh;
    return null;
end $$;
create trigger outbox_waits after insert on outbox referencing new table as fresh
    for each statement execute function outbox_waits();
insert into waiting (action, kind, not_before) select action, kind, not_before from outbox;

-- a token bucket for each channel, in millionths of an action
create table bucket (channel text primary key, tokens_ppm bigint not null, at timestamptz not null);

-- receivers know an action by the md5 of its key (see afterloan.sending.messages.token)
create index outbox_token on outbox (md5(key));

-- what a borrower finds in the portal
create table inbox (
    message bigint generated always as identity primary key,
    borrower bigint not null references borrower,
    key text not null unique,
    at timestamptz not null,
    subject text not null,
    text text not null,
    language text not null,
    template text not null,
    version integer not null
);
create index inbox_borrower on inbox (borrower, message);
"""


def upgrade() -> None:
    """Tables, the queue library's own tables, and triggers that keep the record."""
    bare = op.get_bind().connection.driver_connection
    assert bare is not None
    # the library's text has colons and per cent signs that are no parameters
    bare.execute((resources.files("procrastinate") / "sql" / "schema.sql").read_text(encoding="utf-8"))
    bare.execute(TABLES)
    for table in ("sending", "inbox"):
        op.execute(
            f"create trigger {table}_for_ever before update or delete or truncate on {table} "
            "for each statement execute function refuse_change()"
        )
