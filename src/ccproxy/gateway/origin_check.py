"""Web pages of other sites must not use the listener: a browser sends them to loopback addresses without asking.

A page's script can post a form or plain text to 127.0.0.1 and so spend the user's subscription with `?key=`. Such
requests carry an Origin field (RFC 6454 §7) that names a web site. A picture or a link has none: of these, browsers
tell where they come from in a field of its own (https://www.w3.org/TR/fetch-metadata/).
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

from ccproxy.gateway.errors import Refused

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
OTHERS = frozenset({b"cross-site", b"same-site"})
"""Where a request comes from that a page of another origin brought about. A user's own doing is `none`."""


def refuse_foreign_origin(fields: Mapping[bytes, bytes]) -> None:
    """Raises Refused for a request from a web page that this machine did not serve."""
    origin = fields.get(b"origin")
    if origin is None:
        refuse_foreign_site(fields)
        return
    if is_foreign(origin.decode("latin-1").strip()):
        raise Refused(
            403,
            "foreign_origin",
            f"a web page of {origin.decode('latin-1')} asked; only pages of this machine may use ccproxy",
        )


def refuse_foreign_site(fields: Mapping[bytes, bytes]) -> None:
    """Raises Refused for a picture, a link or a frame of a web page elsewhere, whose request has no Origin."""
    site = fields.get(b"sec-fetch-site", b"").strip().lower()
    if site in OTHERS:
        raise Refused(
            403,
            "foreign_origin",
            f"a web page of another site asked (Sec-Fetch-Site: {site.decode()}); only pages of this machine may use "
            "ccproxy",
        )


def is_foreign(origin: str) -> bool:
    """True for a web site elsewhere, and for `null`: any site can have that, by a sandboxed frame."""
    try:
        parts = urlsplit(origin)
    except ValueError:
        return True
    return origin == "null" or (parts.scheme in ("http", "https") and parts.hostname not in LOOPBACK)
