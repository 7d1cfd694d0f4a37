"""Borrowers are found by a whole attribute, a number of identity, the end of a phone number, each by an index."""

from alembic import op

revision = "0031"
down_revision = "0030"

INDEXES = """
create index borrower_attributes on borrower using gin (attributes);
create index borrower_id_number on borrower (upper(attributes->>'id_number'));
create index borrower_mobile_tail on borrower
    (reverse(regexp_replace(attributes->>'mobile', '[^0-9]', '', 'g')) text_pattern_ops);
create index borrower_phone_tail on borrower
    (reverse(regexp_replace(attributes->>'phone', '[^0-9]', '', 'g')) text_pattern_ops);
"""


def upgrade() -> None:
    """The indexes."""
    op.execute(INDEXES)
