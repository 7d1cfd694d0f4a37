"""Facts of plans: how many instalments, how far apart, from which due date on."""

from alembic import op

revision = "0003"
down_revision = "0002"

COLUMNS = """
alter table fact
    add column count smallint not null default 0,
    add column every smallint not null default 0,
    add column unit smallint not null default 0,
    add column from_on date;
truncate history, folded;
"""


def upgrade() -> None:
    """Columns that plans need; packed histories are written anew in their new form."""
    op.execute(COLUMNS)
