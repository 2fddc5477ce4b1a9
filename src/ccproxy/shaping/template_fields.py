"""The header fields and the parameters of a shape: which of them a request can take, and what becomes of each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal
from urllib.parse import unquote_to_bytes

from ccproxy.config.shaping import ShapeProfile
from ccproxy.exchange import Headers
from ccproxy.shaping.shape import CREDENTIAL, PROMPT_ID, REQUEST_ID, SESSION_ID, Shape

IDS = frozenset({SESSION_ID, REQUEST_ID, PROMPT_ID})
NEVER = frozenset(
    {
        b"connection", b"keep-alive", b"proxy-connection", b"proxy-authenticate", b"te", b"trailer",
        b"transfer-encoding", b"upgrade", b"http2-settings", b"expect", b"content-encoding",
    }
)  # fmt: skip
"""Fields of which a request takes nothing from a shape: they are of one connection (RFC 9110 §7.6.1), or of one body's
bytes."""
PRIVATE_PARAMETERS = frozenset({b"alt", b"key", b"access_token", b"oauth_token"})
"""Parameters that no shape adds: the form of the answer is the caller's choice, credentials are the provider's."""

CHOICES = (b"redact-thinking-",)
"""How items of lists begin that no shape adds: they have something left out of the answer, which its reader decides."""

type Kind = Literal["fixed", "own", "list", "coding", "id", "credential"]


@dataclass(frozen=True, slots=True)
class Field:
    """A header field of a shape: as it is spelled, in lower case, its value, and what that has to do with a request."""

    name: bytes
    lower: bytes
    value: bytes
    kind: Kind


def kinds_of(profile: ShapeProfile) -> dict[bytes, Kind]:
    """What a profile says of header fields, by their lower-case names."""
    kinds: dict[bytes, Kind] = {name.lower().encode("latin-1"): "own" for name in profile.preserve_headers}
    kinds |= {name.lower().encode("latin-1"): "list" for name in profile.merge_headers}
    return kinds | {b"accept-encoding": "coding"}


def fields_of(headers: Headers, profile: ShapeProfile) -> list[Field]:
    """The header fields that a request takes from a shape."""
    kinds = kinds_of(profile)
    lowered = [(name, name.lower(), value) for name, value in headers]
    return [
        Field(name, lower, without_choices(value), kinds.get(lower) or kind_of(value))
        for name, lower, value in lowered
        if lower not in NEVER and not lower.startswith((b"x-ccproxy-", b":"))
    ]


def without_choices(value: bytes) -> bytes:
    """A field's value without the items that are the caller's choice."""
    if not any(choice in value for choice in CHOICES):
        return value
    return b",".join(item for item in map(bytes.strip, value.split(b",")) if not item.startswith(CHOICES))


def kind_of(value: bytes) -> Kind:
    """What a field of which the profile says nothing is, by its value."""
    text = value.decode("latin-1")
    return "credential" if text == CREDENTIAL else "id" if text in IDS else "fixed"


def query_of(shape: Shape) -> list[tuple[bytes, bytes]]:
    """The parameters of a shape that a request can take."""
    pairs = [(parameter_name(pair), pair) for pair in shape.query.split(b"&") if pair]
    return [(name, pair) for name, pair in pairs if name not in PRIVATE_PARAMETERS and b"ccproxy:" not in pair]


def parameter_name(pair: bytes) -> bytes:
    """The name of a parameter, decoded."""
    return unquote_to_bytes(pair.partition(b"=")[0])
