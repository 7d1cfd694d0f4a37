"""Each decided day notes the highest loan number it saw; rows that an import refused wait for a person."""

from alembic import op

revision = "0017"
down_revision = "0016"

TABLES = """
-- a loan with a higher number came later and begins the ladder; days from before this column saw what the next one saw
alter table decided add column last_loan bigint;

-- a row of an imported file that could not be taken: a task until the file is taken again, or a person is done with it
create table import_refusal (
    refusal bigint generated always as identity primary key,
    act bigint not null references act,
    file text not null,
    row integer not null,
    field text not null,
    value text not null,
    reason text not null,
    remedy text not null
);
create index import_refusal_act on import_refusal (act);
"""


def upgrade() -> None:
    """A column, a table, and the trigger that keeps what is written."""
    op.execute(TABLES)
    op.execute(
        "create trigger import_refusal_for_ever before update or delete or truncate on import_refusal "
        "for each statement execute function refuse_change()"
    )
