"""How channels do: what of the last day was sent, refused, is tried again or in doubt, and when one sent last."""

from datetime import datetime, timedelta
from typing import Any

import psycopg

OF_LATE = timedelta(days=1)
COUNTS = (
    "select channel, count(*) filter (where step = 'sent'), count(*) filter (where step = 'refused'), "
    "count(*) filter (where step = 'again'), count(*) filter (where step in ('unknown', 'doubt')), "
    "max(at) filter (where step = 'sent') from sending where at > %s and at <= %s group by channel"
)
NAMES = ("sent", "refused", "again", "in_doubt", "last_sent_at")


def channels_of_late(connection: psycopg.Connection[Any], now: datetime) -> dict[str, dict[str, Any]]:
    """By channel what came of tries within the last 24 hours before a moment; one that tried nothing has no entry."""
    rows = connection.execute(COUNTS, (now - OF_LATE, now)).fetchall()
    return {str(channel): dict(zip(NAMES, told, strict=True)) for channel, *told in rows}
