"""Google Cloud's credentials, made up: a service account with a key of its own, and the endpoint that knows the key.

The endpoint checks what it is sent as Google does (https://developers.google.com/identity/protocols/oauth2/service-account):
the signature of the assertion, who it is from, whom it is for, its scope and its time.
"""

from __future__ import annotations

import base64
import itertools
import json
import time
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from tests.support.replies import json_reply
from tests.support.upstream import Recorded, Script, Step

EMAIL = "made-up@made-up-project.iam.gserviceaccount.com"
AUDIENCE = "https://oauth2.googleapis.com/token"
"""Whom an assertion is for, whatever the URL: Google's libraries write it so."""
SCOPE = "https://www.googleapis.com/auth/cloud-platform"
KEY_ID = "made-up-key"
JWT_GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
"""RFC 7523 §2.1."""


@cache
def key() -> rsa.RSAPrivateKey:
    """The service account's."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def service_account(token_uri: str, **more: Any) -> dict[str, Any]:
    """The file that Google's console gives out."""
    pem = key().private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return {
        "type": "service_account",
        "project_id": "made-up-project",
        "private_key_id": KEY_ID,
        "private_key": pem.decode(),
        "client_email": EMAIL,
        "client_id": "1",
        "token_uri": token_uri,
        "universe_domain": "googleapis.com",
        **more,
    }


def external(source: dict[str, Any], token_url: str = "https://sts.example/token") -> dict[str, Any]:
    """The file of an identity of another house."""
    return {
        "type": "external_account",
        "audience": "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p/providers/q",
        "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
        "token_url": token_url,
        "credential_source": source,
    }


def written(file: Path, document: dict[str, Any]) -> Path:
    """Puts a document into a file, in one step."""
    new = file.with_name(file.name + ".new")
    new.write_text(json.dumps(document))
    return new.replace(file)


class TokenEndpoint:
    """What answers at `token_uri`: give its `script` to an upstream.

    `lifetime` is that of its tokens in seconds; `refusals` are scripts for the next requests, one each.
    """

    def __init__(self, lifetime: float = 3600) -> None:
        self.lifetime = lifetime
        self.asked: list[dict[str, str]] = []
        """The form of each request."""
        self.claims: list[dict[str, Any]] = []
        """What each assertion said."""
        self.refusals: list[Script] = []
        self._valid: dict[str, float] = {}
        self._numbers = itertools.count(1)

    def script(self, request: Recorded) -> Iterable[Step]:
        """The script of an upstream."""
        self.asked.append(form := {name: values[0] for name, values in parse_qs(request.body.decode()).items()})
        if self.refusals:
            return self.refusals.pop(0)(request)
        if (wrong := self._wrong(request, form)) is not None:
            return json_reply({"error": "invalid_grant", "error_description": wrong}, 400)(request)
        token = f"ya29.made-up-{next(self._numbers)}-of-{id(self):x}"
        self._valid[token] = time.time() + self.lifetime
        answer = {"access_token": token, "expires_in": int(self.lifetime), "token_type": "Bearer"}
        return json_reply(answer)(request)

    def takes(self, authorization: bytes | None) -> bool:
        """Whether it is a token of ours that is neither over nor taken back."""
        token = (authorization or b"").decode().removeprefix("Bearer ")
        return self._valid.get(token, 0.0) > time.time()

    def take_back(self) -> None:
        """No token given so far is good any more."""
        self._valid.clear()

    def _wrong(self, request: Recorded, form: dict[str, str]) -> str | None:
        if request.method != "POST" or request.field("content-type") != b"application/x-www-form-urlencoded":
            return "not a form"
        if form.get("grant_type") == "refresh_token":
            return None if form.get("refresh_token") == "made-up-refresh" else "Bad Request"
        if form.get("grant_type") != JWT_GRANT:
            return "another grant"
        try:
            self.claims.append(said := verified(form["assertion"]))
        except (InvalidSignature, ValueError, KeyError):
            return "Invalid JWT Signature."
        good = said["iss"] == EMAIL and said["aud"] == AUDIENCE and said["scope"] == SCOPE
        return None if good and said["iat"] <= time.time() + 5 < said["exp"] <= said["iat"] + 3600 else "Invalid claims"


def verified(assertion: str) -> dict[str, Any]:
    """The claims of an assertion (RFC 7515 §5.2). Raises InvalidSignature, ValueError."""
    head, claims, signature = assertion.split(".")
    signed = f"{head}.{claims}".encode()
    key().public_key().verify(decoded(signature), signed, padding.PKCS1v15(), hashes.SHA256())
    header = json.loads(decoded(head))
    if (header["alg"], header["kid"]) != ("RS256", KEY_ID):
        raise ValueError(header)
    found: dict[str, Any] = json.loads(decoded(claims))
    return found


def decoded(part: str) -> bytes:
    """base64url without its padding."""
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
