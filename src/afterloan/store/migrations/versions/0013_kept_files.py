"""A file that a proposal is about is kept beside it, so that a second person agrees to that very file."""

from alembic import op

revision = "0013"
down_revision = "0012"

TABLE = """
create table kept_file (
    sha256 text primary key check (sha256 ~ '^[0-9a-f]{64}$'),
    content bytea not null check (encode(sha256(content), 'hex') = sha256)
);
create trigger kept_file_for_ever before update or delete or truncate on kept_file
    for each statement execute function refuse_change();
"""


def upgrade() -> None:
    """The table."""
    op.execute(TABLE)
