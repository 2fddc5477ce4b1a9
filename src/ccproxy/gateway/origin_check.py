"""Web pages of other sites must not use the listener: a browser sends them to loopback addresses without asking.

A page's script can post a form or plain text to 127.0.0.1 and so spend the user's subscription with `?key=`. Such
requests carry an Origin field (RFC 6454 §7) that names a web site. A picture or a link has none: of these, browsers
tell where they come from in a field of its own (https://www.w3.org/TR/fetch-metadata/).
"""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import ip_address
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


def refuse_foreign_host(fields: Mapping[bytes, bytes], asked: str, advice: str) -> None:
    """Raises Refused for a request without a key that names the listener by anything but an address or `localhost`.

    Whoever owns another name can let it lead to this machine once a browser has loaded a page from it (DNS rebinding).
    That page is of the same origin then, and may read what it is answered here. Nobody can do so with an address.
    """
    host = fields.get(b"host")
    if host is None or is_own(name := host.decode("latin-1").strip()):
        return
    raise Refused(
        403,
        "foreign_host",
        f"{asked} without a key was sent to {name!r}, and any web site can have a name that leads here: {advice}",
    )


def is_own(host: str) -> bool:
    """True for a Host field that holds an address, or the name that always means this machine (RFC 6761 §6.3)."""
    try:
        name = urlsplit(f"//{host}").hostname or ""
        return name == "localhost" or bool(ip_address(name))
    except ValueError:
        return False
