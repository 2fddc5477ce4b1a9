"""The URL of an envelope: absolute, printable, with neither credentials nor ids in it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import quote, unquote, unquote_plus, urlsplit

from ccproxy.shaping.reducing.ids import UUID, Ids
from ccproxy.shaping.reducing.opaque import betrayed_in_field
from ccproxy.shaping.reducing.secrets import is_secret_parameter, secret_in

NOWHERE = "provider.invalid"
"""The host of a URL that has none that can be kept (RFC 6761 §6.4)."""
_PARTS = re.compile(r"(?:([^:/?#]+):)?(?://([^/?#]*))?([^?#]*)(?:\?([^#]*))?", re.DOTALL)
"""RFC 3986, appendix B. urlsplit raises at some, and leaves out tabs and line feeds."""
PRINTABLE = "!$&'()*+,/:;=?@[]%~\"<>\\^`{|}"
"""What stays of ASCII: all that is printable, but the fragment's mark."""


def address(url: str, ids: Ids) -> str:
    """The URL without userinfo, fragment, and parameters that are credentials or ids; http or https."""
    parts = _PARTS.match(quote(url, safe=PRINTABLE + "#", errors="replace"))
    scheme, authority, path, query = parts.groups(default="") if parts else ("", "", "", "")
    scheme = scheme.lower() if scheme.lower() in {"http", "https"} else "https"
    pairs = "&".join(_parameters(query, ids))
    return f"{scheme}://{_host(scheme, authority)}{_rooted(_path(path))}{'?' if pairs else ''}{pairs}"


def _host(scheme: str, authority: str) -> str:
    found = authority.rpartition("@")[2]
    try:
        parts = urlsplit(f"{scheme}://{found}/")
        usable = parts.hostname and (parts.port is None or parts.port > 0) and not _tells(found)
    except ValueError:  # of a port or an IPv6 address that is none
        return NOWHERE
    return found if usable and re.fullmatch(r"[\w.:\[\]%-]+", found, re.ASCII) else NOWHERE


def _rooted(path: str) -> str:
    return path if path.startswith("/") or not path else f"/{path}"


def _path(path: str) -> str:
    """With `-` in place of each segment that tells something; keys with slashes in them leave nothing."""
    segments = "/".join("-" if _tells(each) or UUID.search(unquote(each)) else each for each in path.split("/"))
    return "" if _tells(segments) else segments


def _tells(part: str) -> bool:
    return any(secret_in(text) for text in {part, unquote(part), unquote_plus(part)})


def _parameters(query: str, ids: Ids) -> Iterator[str]:
    for pair in query.split("&"):
        name, _, value = pair.partition("=")
        if pair and not _tells(pair) and not _is_named(unquote_plus(name), unquote_plus(value), ids):
            yield pair


def _is_named(name: str, value: str, ids: Ids) -> bool:
    if is_secret_parameter(name) or secret_in(value) or betrayed_in_field(name, value):
        return True
    return ids.placed(value, name) != value or UUID.search(name) is not None
