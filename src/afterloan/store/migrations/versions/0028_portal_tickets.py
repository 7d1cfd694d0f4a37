"""Tickets by which the lender's app lets a borrower in to the portal: good once, within a minute."""

from alembic import op

revision = "0028"
down_revision = "0027"

TABLE = """
create table portal_ticket (
    digest bytea primary key,
    borrower bigint not null references borrower,
    made_by text not null,
    made_at timestamptz not null,
    ends_at timestamptz not null,
    used_at timestamptz
);
"""


def upgrade() -> None:
    """The table."""
    op.execute(TABLE)
