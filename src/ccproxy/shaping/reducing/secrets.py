"""What in an envelope is a credential or a signature: by its name, or by its look."""

from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import unquote_plus

from ccproxy.flows.secrets.key_formats import keys
from ccproxy.flows.secrets.places import in_text
from ccproxy.flows.secrets.redact import QUERY_NAMES, is_secret_field

BILLING = "x-anthropic-billing-header"
"""The first block of `system` in requests of Claude Code begins with it: a signature over the request."""

_CAPITAL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_SECRET_NAME = re.compile(
    r"(?!(?:.*-)?(?:cache|idempotency)-key$)(?:.*-)?(?:key|(?:access|private|secret|signing|master|api)-?key(?:-id)?"
    r"|[a-z]*(?:api|access)key|(?:access|refresh|id|auth|session|bearer)token|passwd|passphrase|passkey|pat|jwt|bearer"
    r"|authentication|csrf|xsrf|assertion|ticket|client-principal|access-client-id|code-verifier|device-code|dpop)"
)
"""Beside those of every recorded header field: what people call keys, and what access proxies (Cloudflare's
`cf-access-client-id`, Azure's `x-ms-client-principal`) put in. Keys of a cache and of idempotency are ids."""
_SIGNATURE = re.compile(
    rf"(?:.*-)?signature(?:-.*)?|{BILLING}|(?:x-)?dpop|(?:.*-)?attestation|x-amz-(?:date|credential|content-sha256)"
    r"|(?:content-|repr-|want-)?digest|content-md5"
)
"""Header fields that sign one request or one body, and those that a signature is made of: HTTP message signatures
(RFC 9421), digests of the content (RFC 9530), proofs of possession (RFC 9449), AWS Signature Version 4 beside its
`authorization`, attestations of a client. Said again with another body they would be wrong, or a replay."""
_PARAMETER = re.compile("|".join(QUERY_NAMES), re.IGNORECASE)
_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://\S*")


def spelled(name: str) -> str:
    """A name as header fields are spelled: `sessionId`, `session_id` and `Session-Id` are `session-id`."""
    return _CAPITAL.sub("-", name.strip()).replace("_", "-").lower()


def is_secret_name(name: str) -> bool:
    """Whether what is named so, a header field or a member of JSON, is a credential."""
    plain = spelled(name)
    return is_secret_field(plain) or _SECRET_NAME.fullmatch(plain) is not None


def is_signature_field(name: str) -> bool:
    """Whether header fields of this name are, or are part of, a signature of one request."""
    return _SIGNATURE.fullmatch(name.lower()) is not None


def is_signature(text: str) -> bool:
    """Whether a text is a vendor's signature of one request."""
    return text[:64].lstrip()[: len(BILLING)].lower() == BILLING


def is_secret_parameter(name: str) -> bool:
    """Whether query parameters of this name, percent-decoded, carry credentials."""
    return _PARAMETER.fullmatch(name) is not None or is_secret_name(name)


def secret_in(text: str) -> str | None:
    """What kind of credential a text holds, in words with at most four of its characters; None if it holds none."""
    data = text.encode("utf-8", "surrogatepass")
    return next((f"{kind} ({hint(secret)})" for kind, look in LOOKS if (secret := look(data)) is not None), None)


def hint(secret: str) -> str:
    """The beginning of a secret, as much as may be told: four characters, of a short one less."""
    return secret[: min(4, len(secret) // 4)] + "…"


def _key(data: bytes) -> str | None:
    return next((_told(data[slice(*span)]) for span in keys(data)), None)


def _password(data: bytes) -> str | None:
    return next((_told(data[slice(*span)]) for span in in_text(data)), None)


def _parameter(data: bytes) -> str | None:
    """Of a text that is a URL and nothing else: prose may give one as an example."""
    text = data.decode("utf-8", "replace").strip()
    if "=" not in text or not _URL.fullmatch(text):
        return None
    pairs = [each.partition("=") for each in re.split("[?&#]", text)[1:]]
    return next((value for name, _, value in pairs if value and is_secret_parameter(unquote_plus(name))), None)


def _told(secret: bytes) -> str:
    return secret.decode("utf-8", "replace")


LOOKS: tuple[tuple[str, Callable[[bytes], str | None]], ...] = (
    ("a key", _key),
    ("a password in a URL", _password),
    ("a credential in the query of a URL", _parameter),
)
