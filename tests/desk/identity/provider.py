"""A small OpenID provider on this machine: real addresses, real signatures, PKCE and codes that are good once."""

import json
import secrets
import threading
from base64 import b64decode, urlsafe_b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey

CLIENT, SECRET = "afterloan", "a secret of the client"


def unsigned(claims: dict[str, Any]) -> str:
    """A token under `alg: none`, as nobody must believe."""
    parts = ({"alg": "none", "typ": "JWT"}, claims)
    return ".".join(urlsafe_b64encode(json.dumps(p).encode()).rstrip(b"=").decode() for p in parts) + "."


class Provider:
    """The provider: `people` by name with their groups; `changes` forges claims, `signs` the token itself."""

    def __init__(self, now: Any) -> None:
        self.now, self.key = now, RSAKey.generate_key(2048, {"kid": "one", "use": "sig", "alg": "RS256"})
        self.signed_in, self.groups = "wang", ["collections"]
        self.codes: dict[str, dict[str, str]] = {}
        self.changes: dict[str, Any] = {}
        self.how = "RS256"
        self.issuer = ""
        self.log: list[str] = []

    def configuration(self) -> dict[str, Any]:
        return {"issuer": self.issuer, "authorization_endpoint": f"{self.issuer}/authorize",
                "token_endpoint": f"{self.issuer}/token", "jwks_uri": f"{self.issuer}/keys"}  # fmt: skip

    def authorize(self, asked: dict[str, str]) -> str:
        """Where the browser goes back to: the person is signed in at the provider already."""
        assert asked["response_type"] == "code" and asked["code_challenge_method"] == "S256"
        assert "openid" in asked["scope"].split()
        code = secrets.token_urlsafe(8)
        self.codes[code] = asked
        return f"{asked['redirect_uri']}?{urlencode({'code': code, 'state': asked['state']})}"

    def token(self, form: dict[str, str], basic: str) -> dict[str, Any] | None:
        """The token of a code, once, for who has the verifier and the client's secret."""
        asked = self.codes.pop(form["code"], None)
        digest = urlsafe_b64encode(sha256(form["code_verifier"].encode()).digest()).rstrip(b"=").decode()
        right = asked and digest == asked["code_challenge"] and form["redirect_uri"] == asked["redirect_uri"]
        if not right or [unquote(x) for x in basic.split(":", 1)] != [CLIENT, SECRET]:
            return None
        assert asked is not None
        at = int(self.now().timestamp())
        claims = {"iss": self.issuer, "aud": CLIENT, "sub": f"id-{self.signed_in}", "name": self.signed_in, "iat": at,
                  "exp": at + 300, "nonce": asked["nonce"], "groups": self.groups} | self.changes  # fmt: skip
        return {"access_token": "x", "token_type": "Bearer", "id_token": self.signed(claims)}

    def signed(self, claims: dict[str, Any]) -> str:
        if self.how == "none":
            return unsigned(claims)
        if self.how == "HS256":  # signed with what everybody can have: the public key, taken for a shared secret
            return jwt.encode({"alg": "HS256", "kid": "one"}, claims, OctKey.import_key(self.key.as_pem(private=False)))
        key = RSAKey.generate_key(2048, {"kid": "one"}) if self.how == "stranger" else self.key
        return jwt.encode({"alg": "RS256", "kid": key.kid or "one"}, claims, key)

    def turn_keys(self) -> None:
        """New keys, as providers have from time to time."""
        self.key = RSAKey.generate_key(2048, {"kid": "two", "use": "sig", "alg": "RS256"})


@contextmanager
def provided(now: "Any | datetime") -> Iterator[Provider]:
    """A provider that listens on this machine."""
    provider = Provider(now)

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *told: object) -> None:
            provider.log.append(self.path)

        def _json(self, told: Any, status: int = 200) -> None:
            body = json.dumps(told).encode()
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_GET(self) -> None:
            told = urlsplit(self.path)
            if told.path == "/authorize":
                self.send_response(302)
                asked = {name: values[0] for name, values in parse_qs(told.query).items()}
                self.send_header("location", provider.authorize(asked))
                self.end_headers()
            elif told.path == "/keys":
                self._json({"keys": [provider.key.as_dict(private=False)]})
            else:
                self._json(provider.configuration())

        def do_POST(self) -> None:
            form = parse_qs(self.rfile.read(int(self.headers["content-length"])).decode())
            basic = b64decode(self.headers.get("authorization", " ").partition(" ")[2]).decode()
            told = provider.token({name: values[0] for name, values in form.items()}, basic)
            self._json(told or {"error": "invalid_grant"}, 200 if told else 400)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    provider.issuer = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield provider
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)
