"""Who read whose record and what was refused: kept for ever, each row chained to the one before in its shard."""

from alembic import op

revision = "0027"
down_revision = "0026"

BOTH = """
    shard smallint not null,
    borrower bigint references borrower,
    who_kind text not null,
    who text not null,
    roles text[] not null,
    door text not null,
    what text not null,
    reason text not null,
    on_day date not null,
    at timestamptz not null,
    before bytea not null,
    digest bytea not null,
    told xid8 not null default pg_current_xact_id()
"""
TABLES = {
    "seen": "field text not null, terms bytea, rows integer,",
    "denied": "status integer not null,",
}
OWN = {"seen": ("{r}field", "encode({r}terms, 'hex')", "{r}rows"), "denied": ("{r}status",)}
LINE = ("{r}shard", "{r}borrower", "{r}who_kind", "{r}who", "{r}roles", "{r}door", "{r}what", "{r}reason",
        "{r}on_day - date '1970-01-01'", "(extract(epoch from {r}at) * 1000000)::bigint")  # fmt: skip
"""What of a row is chained, in this order (afterloan.store.seen reads it so)."""
LOCK = 727477


def upgrade() -> None:
    """The tables; a trigger numbers and chains each row under the lock of its shard, another refuses changes."""
    for k, (table, own) in enumerate(TABLES.items()):
        op.execute(f"create table {table} ({table} bigint primary key, {own} {BOTH})")
        op.execute(f"create sequence {table}_number owned by {table}.{table}")
        op.execute(f"create index {table}_shard on {table} (shard, {table})")
        op.execute(f"create index {table}_borrower on {table} (borrower, {table})")
        op.execute(f"create index {table}_told on {table} (told)")
        op.execute(_chains(table, k))
        op.execute(
            f"create trigger {table}_chained before insert on {table} for each row execute function chain_{table}()"
        )
        op.execute(
            f"create trigger {table}_for_ever before update or delete or truncate on {table} "
            "for each statement execute function refuse_change()"
        )


def _chains(table: str, k: int) -> str:
    """The number is drawn under the lock, so that numbers of a shard rise as its chain does."""
    parts = [part.format(r="new.") for part in (*LINE, *OWN[table])]
    line = " || e'\\x1f' || ".join(f"coalesce(({part})::text, e'\\x1e')" for part in parts)
    return f"""
create function chain_{table}() returns trigger language plpgsql as $$
begin
    perform pg_advisory_xact_lock({LOCK}, new.shard + {1000 * k});
    new.{table} := nextval('{table}_number');
    new.before := coalesce(
        (select digest from {table} where shard = new.shard order by {table} desc limit 1),
        decode(repeat('00', 32), 'hex')
    );
    new.digest := sha256(new.before || convert_to({line}, 'UTF8'));
    return new;
end $$
"""
