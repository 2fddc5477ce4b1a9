"""URLs that somebody else wrote, read more strictly than browsers do: what could be meant in two ways is refused."""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import quote, unquote, urljoin, urlsplit

from ccproxy.exchange import DEFAULT_PORTS, Origin

URL_LIMIT = 8192
"""Characters."""
SHOWN_LIMIT, NAME_LIMIT = 200, 128
SCHEMES = ("https", "http")
UNWRITTEN = re.compile(r"[\x00-\x20\x7f\\]")
"""Browsers drop some of these and read others as a slash: no two programs agree on where such a URL leads."""
NAME = re.compile(
    r"(?=.{1,254}$)(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)*[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.?"
)
BRACKETS = re.compile(r"\[[^\[\]]*:[^\[\]]*\](?::[0-9]*)?")
"""An address of IPv6 and a port. One of a kind that has yet to be invented has no colon (RFC 3986 §3.2.2)."""
NUMBER = re.compile(r"(?:.*\.)?(?:0x[0-9a-f]*|[0-9]+)\.?")
"""A host that ends so is an address for some, in whatever notation (https://url.spec.whatwg.org/#ends-in-a-number-checker)."""
KEPT = "!$%&'()*+,-./:;=?@[]_~"
"""What stays as it is in a request-target beside letters and digits."""


class Refused(Exception):
    """A URL leads nowhere that is asked, or to nothing; the message says why, not which."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a URL leads."""

    url: str
    origin: Origin
    target: bytes
    """As it stands in a request."""
    name: str
    """The last part of the path, as a person would read it; empty if the path ends with a slash."""

    def onward(self, location: str) -> Place:
        """Where it redirects to (RFC 9110 §10.2.2). Raises Refused."""
        try:
            url = urljoin(self.url, location)
        except ValueError:
            raise Refused("it redirects to something that is no URL") from None
        place = read(url)
        if (self.origin.scheme, place.origin.scheme) == ("https", "http"):
            raise Refused("it redirects from https to http")
        return place


def read(url: str) -> Place:
    """Where a URL leads. Raises Refused."""
    if len(url) > URL_LIMIT:
        raise Refused(f"it is longer than {URL_LIMIT} characters")
    if UNWRITTEN.search(url):
        raise Refused("it holds a blank, a backslash or a control character")
    try:
        parts = urlsplit(url)
        port, host = parts.port, parts.hostname or ""
    except ValueError:
        raise Refused("it is no URL") from None
    if parts.scheme not in SCHEMES:
        raise Refused(f"only {' and '.join(SCHEMES)} can be asked" if parts.scheme else "it is no URL")
    if "@" in parts.netloc:
        raise Refused("it holds a user name or a password")
    if "[" in parts.netloc and not BRACKETS.fullmatch(parts.netloc):
        raise Refused("it is no URL")
    if port == 0:
        raise Refused("there is no port 0")
    origin = Origin(parts.scheme, host_of(host), DEFAULT_PORTS[parts.scheme] if port is None else port)
    query = f"?{parts.query}" if parts.query else ""
    try:
        target = quote((parts.path or "/") + query, safe=KEPT).encode("ascii")
    except UnicodeEncodeError:
        raise Refused("it holds half a character") from None
    return Place(url, origin, target, name_of(parts.path))


def host_of(host: str) -> str:
    """The host as it is looked up: in ASCII and lower case; of an address, its canonical text. Raises Refused."""
    if ":" in host or NUMBER.fullmatch(host.lower()):
        try:
            address = ip_address(host)
        except ValueError:
            address = None
        if address is None or "%" in host:
            raise Refused("its host is an address, in a notation that programs read in different ways")
        return str(address)
    try:
        name = host.lower() if host.isascii() else host.encode("idna").decode("ascii").lower()
    except UnicodeError:
        name = ""
    if not NAME.fullmatch(name):
        raise Refused("its host is neither a name nor an address" if host else "it names no host")
    return name if name == host.lower() else host_of(name)


def name_of(path: str) -> str:
    """What a file that a path leads to is called."""
    name = unquote(path.rpartition("/")[2], errors="replace")
    return "".join(letter for letter in name if letter.isprintable() and letter not in "/\\")[-NAME_LIMIT:]


def shown(url: str) -> str:
    """A URL as errors tell it: without what may be a secret, its query and its user."""
    plain = re.split(r"[?#]", url, maxsplit=1)[0]
    plain = re.sub(r"^([a-zA-Z][a-zA-Z0-9+.-]*:)?([/\\]*)[^/\\]*@", r"\1\2", plain)
    plain = "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in plain)
    return plain if len(plain) <= SHOWN_LIMIT else f"{plain[:SHOWN_LIMIT]}…"
