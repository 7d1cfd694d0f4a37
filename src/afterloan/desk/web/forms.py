"""The token of every form: it proves that the form came from a page of ours, and is the key of the act it asks for."""

import hmac
import secrets
from dataclasses import dataclass
from hashlib import sha256

SIZE = 16


def form_token(secret: str) -> str:
    """A new token for a form shown in the sitting of `secret`: a name never used before, and its signature.

    `form_token(secret) == "Q2h…~9f2c…"`: sent twice, the act is done once.
    """
    name = secrets.token_urlsafe(SIZE)
    return f"{name}~{_signed(secret, name)}"


def name_in(secret: str, token: str) -> str:
    """The name in a token that was made in this sitting; "" for any other."""
    name, _, signature = token.partition("~")
    return name if name and hmac.compare_digest(signature, _signed(secret, name)) else ""


def _signed(secret: str, name: str) -> str:
    return hmac.new(secret.encode(), f"form:{name}".encode(), sha256).hexdigest()


@dataclass(frozen=True, slots=True)
class FormTold:
    """What a form told: `values` by field, the `key` of the act (the form's own name), `files` by field."""

    values: dict[str, str]
    key: str
    files: dict[str, tuple[str, bytes]]

    def __getitem__(self, name: str) -> str:
        """A field, blanks around it taken away; "" where it is not there."""
        return self.values.get(name, "").strip()
