"""Forms that borrowers began and have not sent."""

from alembic import op

revision = "0023"
down_revision = "0022"

TABLE = """
create table draft (
    borrower bigint not null references borrower,
    form text not null check (form <> ''),
    told jsonb not null,
    saved_at timestamptz not null,
    primary key (borrower, form)
);
create index draft_saved on draft (saved_at);
"""


def upgrade() -> None:
    """The table."""
    op.execute(TABLE)


def downgrade() -> None:
    """Back."""
    op.execute("drop table draft")
