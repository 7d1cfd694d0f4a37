"""How a reference stands in a path: as it is where a path can carry it, else `~` and base64url of it."""

import base64
import binascii
import re

from afterloan.desk.web.refusing import refuse

SAFE = re.compile(r"[A-Za-z0-9._:-][A-Za-z0-9._~:-]{0,119}")


def id_of(reference: str) -> str:
    """The id of a reference: `id_of("L1") == "L1"`, `id_of("s1/1") == "~czEvMQ"`."""
    if SAFE.fullmatch(reference):
        return reference
    return "~" + base64.urlsafe_b64encode(reference.encode()).decode().rstrip("=")


def reference_of(name: str) -> str:
    """The inverse of `id_of`. Raises RefusedHere (404) for what is no id: nothing can be found under it."""
    if not name.isprintable():
        raise refuse(404, "unknown", "there is nothing of that name", "", "id")
    if not name.startswith("~"):
        return name
    if not name.isascii():
        raise refuse(404, "unknown", "there is nothing of that name", "", "id")
    padded = name[1:] + "=" * (-len(name[1:]) % 4)
    try:
        return base64.b64decode(padded, altchars=b"-_", validate=True).decode()
    except (binascii.Error, UnicodeDecodeError) as error:
        raise refuse(404, "unknown", "there is nothing of that name", "", "id") from error
