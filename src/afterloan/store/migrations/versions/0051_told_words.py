"""What was told or written of a borrower stands under their own key: corrections, notes, complaints, holds."""

from typing import Any

from alembic import op

from afterloan.store.enciphering import encipher_events

revision = "0051"
down_revision = "0050"

KINDS = (
    "mandate.revoked",
    "mandate.resumed",
    "person.details_corrected",
    "case.noted",
    "case.call_back",
    "person.died",
    "insolvency.opened",
    "lawyer.engaged",
    "complaint.raised",
    "complaint.answered",
    "hardship.applied",
    "hardship.decided",
    "vulnerability.flagged",
    "vulnerability.cleared",
    "vulnerability.read",
    "hold.placed",
    "hold.lifted",
    "contact.ended",
)


def upgrade() -> None:
    """All in one transaction. Days that sealed such rows in clear are sealed anew, their heads until then kept."""
    connection: Any = op.get_bind().connection.driver_connection
    encipher_events(connection, KINDS, revision)
