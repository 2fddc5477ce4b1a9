"""Sentinel keys: `sk-ant-oat-ccproxy-{name}` stands for the credential of the provider `name`.

A client carries one where it would carry its API key. It is looked for in `x-api-key`, `x-goog-api-key`,
`Authorization: Bearer` and `?key=`, in this order, and it never leaves the machine.
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import unquote_to_bytes

PREFIX = b"sk-ant-oat-ccproxy-"
CREDENTIAL_HEADERS = frozenset(
    {b"authorization", b"x-api-key", b"x-goog-api-key", b"api-key", b"cookie", b"proxy-authorization"}
)
"""Header fields in which clients carry credentials. They are removed whenever the destination changes."""

CREDENTIAL_PARAMETERS = frozenset({b"key", b"access_token", b"oauth_token"})
"""Query parameters in which Google's clients carry credentials (cloud.google.com/apis/docs/system-parameters)."""
SIGNS = (b"key", b"_token", b"%")
"""One of them is in each query that holds such a parameter, or one whose name is percent-encoded."""


def find_sentinel(fields: Mapping[bytes, bytes], query: bytes) -> str | None:
    """The provider's name if the request carries a sentinel key, else None.

    Args:
        fields: header values by lower-case name.
        query: the query, undecoded.
    """
    for name in (b"x-api-key", b"x-goog-api-key", b"authorization"):
        value = fields.get(name)
        if value is not None and PREFIX in value:
            key = value.strip()
            if name == b"authorization" and key[:7].lower() == b"bearer ":
                key = key[7:].lstrip()
            if key.startswith(PREFIX):
                return key[len(PREFIX) :].decode("utf-8", "replace")
    if query:
        for name, value in parameters(query):
            key = unquote_to_bytes(value)
            if unquote_to_bytes(name) == b"key" and key.startswith(PREFIX):
                return key[len(PREFIX) :].decode("utf-8", "replace")
    return None


def parameters(query: bytes) -> list[tuple[bytes, bytes]]:
    """The query's parameters as (name, value), undecoded."""
    pairs = (item.partition(b"=") for item in query.split(b"&"))
    return [(name, value) for name, _, value in pairs]


def without_credentials(query: bytes, google: bool) -> bytes:
    """The query without sentinel keys and, for a Google API, without any credential. All else keeps its bytes."""
    if not any(sign in query for sign in SIGNS):
        return query
    return b"&".join(item for item in query.split(b"&") if not _is_credential(item, google))


def _is_credential(item: bytes, google: bool) -> bool:
    name, _, value = item.partition(b"=")
    if unquote_to_bytes(name) not in CREDENTIAL_PARAMETERS:
        return False
    return google or unquote_to_bytes(value).startswith(PREFIX)
