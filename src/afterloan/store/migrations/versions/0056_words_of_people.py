"""What people say of a borrower stands under their own key: of disputes, steps of law, losses, plans, contacts."""

from typing import Any

from alembic import op

from afterloan.store.enciphering import encipher_events

revision = "0056"
down_revision = "0055"

KINDS = (
    "bureau.rejected",
    "bureau.dispute_opened",
    "bureau.evidence_received",
    "bureau.dispute_decided",
    "bureau.borrower_disagreed",
    "bureau.special_transaction",
    "contact.attempted",
    "contact.third_person_refused",
    "contact.third_person_named",
    "legal.proposed",
    "legal.approved",
    "legal.refused",
    "legal.started",
    "legal.ended",
    "legal.taken_over",
    "legal.evidence",
    "legal.interrupted",
    "loss.proposed",
    "loss.refused",
    "promise.withdrawn",
    "task.done",
    "task.reopened",
    "plan.accepted",
    "plan.declined",
    "plan.broken",
    "plan.completed",
    "plan.cancelled",
    "agency.recalled",
)


def upgrade() -> None:
    """All in one transaction. Days that sealed such rows in clear are sealed anew, their heads until then kept."""
    connection: Any = op.get_bind().connection.driver_connection
    encipher_events(connection, KINDS, revision)
