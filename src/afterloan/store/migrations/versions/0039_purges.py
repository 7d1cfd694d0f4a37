"""Certificates of purges: what was taken away of whom, by which rule and whose authority."""

from alembic import op

revision = "0039"
down_revision = "0038"

TABLE = """
create table purge_certificate (
    number bigint generated always as identity primary key,
    certificate text not null unique check (certificate <> ''),
    on_day date not null,
    told jsonb not null,
    sha256 text not null check (sha256 ~ '^[0-9a-f]{64}$'),
    act bigint default current_act()
);
create index purge_certificate_of on purge_certificate using gin ((told->'borrowers') jsonb_path_ops);
create trigger purge_certificate_for_ever before update or delete or truncate on purge_certificate
    for each statement execute function refuse_change();
"""


def upgrade() -> None:
    """The table."""
    op.execute(TABLE)
