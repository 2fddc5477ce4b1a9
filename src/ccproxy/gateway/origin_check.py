"""Web pages of other sites must not use the listener: a browser sends them to loopback addresses without asking.

A page's script can post a form or plain text to 127.0.0.1 and so spend the user's subscription with `?key=`. Such
requests carry an Origin field (RFC 6454 §7) that names a web site.
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

from ccproxy.gateway.errors import Refused

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


def refuse_foreign_origin(fields: Mapping[bytes, bytes]) -> None:
    """Raises Refused for a request from a web page that this machine did not serve."""
    origin = fields.get(b"origin")
    if origin is None:
        return
    if is_foreign(origin.decode("latin-1").strip()):
        raise Refused(
            403,
            "foreign_origin",
            f"a web page of {origin.decode('latin-1')} asked; only pages of this machine may use ccproxy",
        )


def is_foreign(origin: str) -> bool:
    """True for a web site elsewhere, and for `null`: any site can have that, by a sandboxed frame."""
    try:
        parts = urlsplit(origin)
    except ValueError:
        return True
    return origin == "null" or (parts.scheme in ("http", "https") and parts.hostname not in LOOPBACK)
