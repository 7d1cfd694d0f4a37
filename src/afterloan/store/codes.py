"""One-time codes of borrowers: asked for by a browser, good for ten minutes, once, in that browser; nowhere kept.

The six digits follow from the code's reference and a key of the book: HMAC-SHA-256, its first eight bytes as a number,
the last six decimal digits of that. So neither table, outbox nor act holds them; the drain makes them anew when the
message leaves.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from hmac import compare_digest, digest
from typing import Any, Literal

import psycopg

from afterloan.store.persons import mobile, whole, with_words
from afterloan.store.settings import secret_kept

GOOD_FOR = timedelta(minutes=10)
TRIES = 5
"""Tries of one code."""
DIGITS = 6
LOOKED_AT = 50
"""Most borrowers whose address is looked at when somebody signs in."""
Why = Literal["sign_in", "step_up"]


@dataclass(frozen=True, slots=True)
class SignInCode:
    """A code asked for. `borrower`: the reference of whose number it is, "" where nobody's is known."""

    code: int
    reference: str
    why: Why
    channel: str
    borrower: str
    made_at: datetime
    ends_at: datetime
    tries: int
    used_at: datetime | None

    def open_at(self, now: datetime) -> bool:
        """Whether it can still be used."""
        return self.used_at is None and now < self.ends_at and self.tries < TRIES


READ = (
    "select c.code, c.reference, c.why, c.channel, coalesce(b.reference, ''), c.made_at, c.ends_at, c.tries, c.used_at "
    "from sign_in_code c left join borrower b using (borrower) where "
)


def digits_of(connection: psycopg.Connection[Any], reference: str) -> str:
    """The six digits of a code."""
    made = digest(secret_kept(connection, "codes").encode(), f"code:{reference}".encode(), sha256)
    return f"{int.from_bytes(made[:8]) % 10**DIGITS:0{DIGITS}d}"


def keep_code(
    connection: psycopg.Connection[Any], reference: str, why: Why, asked_of: bytes, browser: bytes, channel: str,
    borrower: str, now: datetime,
) -> None:  # fmt: skip
    """Keep that a browser asks for a code; one that it asked for before is over."""
    with connection.transaction():
        connection.execute("update sign_in_code set ends_at = %s where browser = %s and ends_at > %s",
                           (now, browser, now))  # fmt: skip
        connection.execute(
            "insert into sign_in_code (reference, why, asked_of, browser, channel, borrower, made_at, ends_at) values "
            "(%s, %s, %s, %s, %s, (select borrower from borrower where reference = %s), %s, %s)",
            (reference, why, asked_of, browser, channel, borrower or None, now, now + GOOD_FOR),
        )


def code_is_of(connection: psycopg.Connection[Any], reference: str, borrower: str) -> None:
    """Whose number it was that a code was asked for."""
    connection.execute(
        "update sign_in_code set borrower = (select borrower from borrower where reference = %s) where reference = %s",
        (borrower, reference),
    )


def code_named(connection: psycopg.Connection[Any], reference: str) -> SignInCode | None:
    """The code of a reference."""
    row = connection.execute(f"{READ} c.reference = %s", (reference,)).fetchone()
    return SignInCode(*row) if row else None


def code_of_browser(connection: psycopg.Connection[Any], browser: bytes, why: Why) -> SignInCode | None:
    """The code that a browser asked for last."""
    row = connection.execute(f"{READ} c.browser = %s and c.why = %s order by c.code desc limit 1",
                             (browser, why)).fetchone()  # fmt: skip
    return SignInCode(*row) if row else None


def codes_of_browsers(connection: psycopg.Connection[Any], browsers: list[bytes], since: datetime) -> list[SignInCode]:
    """What some browsers asked for since a moment, the newest first."""
    rows = connection.execute(
        f"{READ} c.browser = any(%s) and c.made_at > %s order by c.code desc limit 20", (browsers, since)
    ).fetchall()
    return [SignInCode(*row) for row in rows]


def prove_code(
    connection: psycopg.Connection[Any], browser: bytes, why: Why, digits: str, now: datetime
) -> SignInCode | None:
    """The code that these digits are, used up; None: wrong, over, used, of another browser, or tried five times.

    A try is counted before it is compared, so that many at once are no more than five.
    """
    found = code_of_browser(connection, browser, why)
    if found is None or not found.open_at(now):
        return None
    counted = connection.execute(
        "update sign_in_code set tries = tries + 1 where code = %s and tries < %s and used_at is null returning code",
        (found.code, TRIES),
    )
    right = compare_digest(digits_of(connection, found.reference).encode(), digits.encode())
    if counted.rowcount != 1 or not right or not found.borrower:
        return None
    used = connection.execute(
        "update sign_in_code set used_at = %s where code = %s and used_at is null", (now, found.code)
    )
    return found if used.rowcount == 1 else None


def borrower_reached_by(connection: psycopg.Connection[Any], channel: str, address: str) -> str:
    """The one borrower who has this number (digits without the country's code) or e-mail address; "" for none.

    Also "" where several have it: a number that a family shares lets nobody into another's account.
    """
    if channel == "email":
        found = with_words(connection, [whole(address)], LOOKED_AT)
        theirs = [name for _, name, _, told in found if str(told.get("email") or "").lower() == address]
    else:
        found = with_words(connection, [mobile(address)], LOOKED_AT)
        theirs = [name for _, name, _, told in found if plain_number(str(told.get("mobile") or "")) == address]
    return theirs[0] if len(theirs) == 1 else ""


def plain_number(number: str) -> str:
    """The digits of a phone number without `+`, blanks and China's code: `+86 138 0013 8000` is `13800138000`."""
    digits = "".join(c for c in number if c in "0123456789")
    digits = digits.removeprefix("00") if number.strip().startswith("00") else digits
    return digits[2:] if len(digits) == 13 and digits.startswith("86") else digits
