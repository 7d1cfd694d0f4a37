"""Sign-in by the lender's own directory: OpenID Connect, authorization code with PKCE, tokens checked by `joserfc`."""

import hmac
import os
import secrets
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

import httpx
import yaml
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from afterloan.expected import BadInput, ExpectedFailure

ALGORITHMS = ("RS256", "PS256", "ES256", "EdDSA")
"""Signatures that are believed: none by a shared secret, and never `none`."""
LEEWAY = 60
"""Seconds by which two clocks may differ."""
KEYS_KEPT = timedelta(minutes=10)
MOST_BYTES = 1_000_000
WAIT = 10.0
"""Seconds for an answer of the directory."""


class DirectoryRefused(ExpectedFailure):
    """The directory's answer is not believed, or it gave none: says why, for the log; the page says less."""


class OidcSettings(BaseModel):
    """How people sign in by the lender's directory (`afterloan serve --oidc FILE`).

    `secret`: the name of the environment variable with the client's secret. `person`: the claim that is the name under
    which acts are kept. `roles`: by group of the claim `groups`; none: those that the book gives. `break_glass`: the
    one person who may sign in by password or passkey all the same; each such sign-in is logged as an error.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    issuer: str
    client: str = Field(min_length=1)
    secret: str = ""
    person: str = "sub"
    groups: str = "groups"
    scope: str = "openid profile"
    roles: dict[str, list[str]] = Field(default_factory=dict)
    break_glass: str = ""

    @field_validator("issuer")
    @classmethod
    def _over_tls(cls, issuer: str) -> str:
        return over_tls(issuer)


def over_tls(address: str) -> str:
    """An address that is had over TLS, or on this machine. Raises BadInput for any other."""
    told = urlsplit(address)
    if told.scheme != "https" and not (told.scheme == "http" and told.hostname in ("127.0.0.1", "localhost", "::1")):
        raise BadInput(f"{address!r} is not had over https")
    return address


def read_oidc(path: Path) -> OidcSettings:
    """The settings in a YAML file. Raises BadInput saying what is wrong where."""
    try:
        return OidcSettings.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise BadInput(f"{path}: {error.strerror}") from error
    except (yaml.YAMLError, ValidationError) as error:
        raise BadInput(f"{path}: {error}") from error


@dataclass(frozen=True, slots=True)
class Begun:
    """A sign-in under way, kept by the browser alone: what the answer must carry, what the code is redeemed with."""

    state: str
    nonce: str
    verifier: str

    @staticmethod
    def anew() -> "Begun":
        """All three of chance: 256 bits each."""
        return Begun(*(secrets.token_urlsafe(32) for _ in range(3)))


@dataclass(frozen=True, slots=True)
class Known:
    """Who the directory says somebody is: the name under which acts are kept, and roles by its groups."""

    person: str
    roles: tuple[str, ...]


@dataclass(slots=True)
class Directory:
    """The lender's directory: its addresses and keys, asked for once and again when they change."""

    settings: OidcSettings
    _told: dict[str, Any] = field(default_factory=dict)
    _keys: KeySet | None = None
    _keys_at: datetime | None = None

    def address(self, begun: Begun, back: str) -> str:
        """Where the browser is sent to sign in; `back`: where it comes back to."""
        digest = sha256(begun.verifier.encode()).digest()
        asked = {
            "response_type": "code", "client_id": self.settings.client, "redirect_uri": back,
            "scope": self.settings.scope, "state": begun.state, "nonce": begun.nonce,
            "code_challenge": urlsafe_b64encode(digest).rstrip(b"=").decode(), "code_challenge_method": "S256",
        }  # fmt: skip
        at = self._at("authorization_endpoint")
        return f"{at}{'&' if '?' in at else '?'}{urlencode(asked)}"

    def known_by(self, begun: Begun, back: str, answer: Mapping[str, str], now: datetime) -> Known:
        """Who comes back with an answer. Raises DirectoryRefused."""
        if not hmac.compare_digest(answer.get("state", "").encode(errors="replace"), begun.state.encode()):
            raise DirectoryRefused("the answer is not to what this browser asked")
        if "iss" in answer and answer["iss"] != self.settings.issuer:
            raise DirectoryRefused("the answer is another directory's")
        if "error" in answer or not answer.get("code"):
            raise DirectoryRefused(f"the directory refused: {answer.get('error', 'no code')[:100]}")
        claims = self.claims(self._redeemed(begun, back, answer["code"]), begun.nonce, now)
        person = claims.get(self.settings.person)
        if not isinstance(person, str) or not 0 < len(person) <= 200 or not person.isprintable():
            raise DirectoryRefused(f"no name under {self.settings.person!r}")
        groups = claims.get(self.settings.groups, [])
        named = groups if isinstance(groups, list) else []
        roles = [role for group, its in self.settings.roles.items() if group in named for role in its]
        return Known(person, tuple(dict.fromkeys(roles)))

    def claims(self, token: str, nonce: str, now: datetime) -> dict[str, Any]:
        """What a signed token says, once signature, issuer, audience, moment and nonce are right.

        Raises DirectoryRefused.
        """
        try:
            told = self._decoded(token, now)
            jwt.JWTClaimsRegistry(
                int(now.timestamp()), LEEWAY, iss={"essential": True, "value": self.settings.issuer},
                aud={"essential": True, "value": self.settings.client}, exp={"essential": True},
                iat={"essential": True}, sub={"essential": True}, nonce={"essential": True, "value": nonce},
            ).validate(told)  # fmt: skip
        except (JoseError, ValueError, KeyError, TypeError) as error:
            raise DirectoryRefused(f"the token is not believed: {error}") from error
        audience = told["aud"] if isinstance(told["aud"], list) else [told["aud"]]
        if told.get("azp", self.settings.client) != self.settings.client or (len(audience) > 1 and "azp" not in told):
            raise DirectoryRefused("the token was made for somebody else")
        return told

    def _decoded(self, token: str, now: datetime) -> dict[str, Any]:
        """A token's claims by the keys we know; by newer ones where it is signed by none of them."""
        fresh = self._keys_at is not None and now - self._keys_at < KEYS_KEPT
        keys = self._keys if fresh and self._keys is not None else self._keys_now(now)
        try:
            return dict(jwt.decode(token, keys, algorithms=ALGORITHMS).claims)
        except (JoseError, ValueError):
            if not fresh:
                raise
            return dict(jwt.decode(token, self._keys_now(now), algorithms=ALGORITHMS).claims)

    def _keys_now(self, now: datetime) -> KeySet:
        told = _asked("GET", self._at("jwks_uri"))
        self._keys, self._keys_at = KeySet.import_key_set(told), now  # type: ignore[arg-type]
        return self._keys

    def _redeemed(self, begun: Begun, back: str, code: str) -> str:
        """The token for a code, which is good once."""
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": back, "code_verifier": begun.verifier,
                "client_id": self.settings.client}  # fmt: skip
        secret = os.environ.get(self.settings.secret, "") if self.settings.secret else ""
        told = _asked("POST", self._at("token_endpoint"), form, (self.settings.client, secret) if secret else None)
        token = told.get("id_token")
        if not isinstance(token, str):
            raise DirectoryRefused("the directory told no id_token")
        return token

    def _at(self, name: str) -> str:
        if not self._told:
            told = _asked("GET", self.settings.issuer.rstrip("/") + "/.well-known/openid-configuration")
            if told.get("issuer") != self.settings.issuer:
                raise DirectoryRefused(f"the directory calls itself {told.get('issuer')!r}")
            self._told = told
        try:
            return over_tls(str(self._told[name]))
        except (KeyError, ValueError) as error:
            raise DirectoryRefused(f"the directory's {name}: {error}") from error


def _asked(
    method: str, address: str, form: Mapping[str, str] | None = None, basic: tuple[str, str] | None = None
) -> dict[str, Any]:
    """What the directory answers, as JSON. Raises DirectoryRefused: no answer, a refusal, too much of it, no object."""
    try:
        with (
            httpx.Client(timeout=WAIT, follow_redirects=False) as client,
            client.stream(method, address, data=dict(form) if form else None, auth=basic) as answer,
        ):
            content = b""
            for part in answer.iter_bytes():
                content += part
                if len(content) > MOST_BYTES:
                    raise DirectoryRefused("the directory answers without end")
        if answer.status_code != 200:
            raise DirectoryRefused(f"the directory answers {answer.status_code}")
        told = httpx.Response(200, content=content).json()
    except (httpx.HTTPError, ValueError) as error:
        raise DirectoryRefused(f"the directory does not answer: {error}") from error
    if not isinstance(told, dict):
        raise DirectoryRefused("the directory's answer is no object")
    return told
