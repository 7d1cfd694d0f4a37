"""Passkeys as the desk and the portal ask for and prove them: made for one host, checked by the library `webauthn`."""

import json
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any

import psycopg
from webauthn import (
    generate_authentication_options,
    generate_registration_options,
    options_to_json,
    verify_authentication_response,
    verify_registration_response,
)
from webauthn.helpers import base64url_to_bytes
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from afterloan.facts.act import WhoKind
from afterloan.store.passkeys import (
    Passkey,
    ask_passkey,
    passkey_of,
    passkeys_of,
    use_asked,
    used_passkey,
)

LONGEST = 10_000
"""Characters of what a device answers."""
Told = dict[str, Any]


@dataclass(frozen=True, slots=True)
class HostOfKeys:
    """Where a passkey is good: the name of the host, and the origin of its pages."""

    host: str
    origin: str


@dataclass(frozen=True, slots=True)
class Browser:
    """Where a device is asked to sign: in which browser or sitting (a digest), at which place, at which moment."""

    connection: psycopg.Connection[Any]
    place: HostOfKeys
    bound: bytes
    now: datetime


def ask_to_make(at: Browser, kind: WhoKind, who: str) -> Told:
    """What the browser hands to the device for a new passkey of somebody. A device that has one makes no second."""
    there = passkeys_of(at.connection, kind, who)
    options = generate_registration_options(
        rp_id=at.place.host, rp_name="afterloan", user_name=who, user_id=_handle(kind, who),
        exclude_credentials=[PublicKeyCredentialDescriptor(id=one.credential) for one in there],
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED, user_verification=UserVerificationRequirement.REQUIRED
        ),
    )  # fmt: skip
    ask_passkey(at.connection, options.challenge, f"make:{kind}:{who}", at.bound, at.now)
    told: Told = json.loads(options_to_json(options))
    return told


def made(at: Browser, kind: WhoKind, who: str, answer: Told) -> Told | None:
    """The passkey that a device made, as the verb `passkey.make` asks it; None: not asked here, or not signed right."""
    challenge = _challenge(answer)
    if challenge is None or not use_asked(at.connection, challenge, f"make:{kind}:{who}", at.bound, at.now):
        return None
    try:
        proved = verify_registration_response(
            credential=answer, expected_challenge=challenge, expected_rp_id=at.place.host,
            expected_origin=at.place.origin, require_user_verification=True,
        )  # fmt: skip
    except (WebAuthnException, ValueError, KeyError, TypeError):
        return None
    return {
        "credential": proved.credential_id.hex(), "public_key": proved.credential_public_key.hex(),
        "sign_count": proved.sign_count,
    }  # fmt: skip


def ask_to_prove(at: Browser, why: str, mine: tuple[WhoKind, str] | None = None) -> Told:
    """What the browser hands to the device to prove somebody; `mine`: whose passkeys, where that is known."""
    known = passkeys_of(at.connection, *mine) if mine else []
    options = generate_authentication_options(
        rp_id=at.place.host, user_verification=UserVerificationRequirement.REQUIRED,
        allow_credentials=[PublicKeyCredentialDescriptor(id=one.credential) for one in known],
    )  # fmt: skip
    ask_passkey(at.connection, options.challenge, why, at.bound, at.now)
    told: Told = json.loads(options_to_json(options))
    return told


def proved_by(at: Browser, why: str, kind: WhoKind, answer: Told) -> Passkey | None:
    """The passkey that signed what was asked, in this browser and for this; None for anything else.

    Each challenge is good once. A device whose count went backwards was copied: the library refuses it.
    """
    challenge, found = _challenge(answer), _named(at.connection, answer)
    if challenge is None or not use_asked(at.connection, challenge, why, at.bound, at.now):
        return None
    if found is None or found.who_kind != kind:
        return None
    try:
        proved = verify_authentication_response(
            credential=answer, expected_challenge=challenge, expected_rp_id=at.place.host,
            expected_origin=at.place.origin, credential_public_key=found.public_key,
            credential_current_sign_count=found.sign_count, require_user_verification=True,
        )  # fmt: skip
    except (WebAuthnException, ValueError, KeyError, TypeError):
        return None
    used_passkey(at.connection, found.passkey, proved.new_sign_count, at.now)
    return found


def _challenge(answer: Told) -> bytes | None:
    """What a device says it signed: looked up, not believed."""
    try:
        told = json.loads(base64url_to_bytes(str(answer["response"]["clientDataJSON"])))
        return base64url_to_bytes(str(told["challenge"]))
    except (ValueError, KeyError, TypeError, AttributeError):
        return None


def _named(connection: psycopg.Connection[Any], answer: Told) -> Passkey | None:
    try:
        return passkey_of(connection, base64url_to_bytes(str(answer["id"])))
    except (ValueError, KeyError, TypeError):
        return None


def _handle(kind: WhoKind, who: str) -> bytes:
    """What the device keeps for whose key it is: no name, as the standard asks."""
    return sha256(f"{kind}:{who}".encode()).digest()
