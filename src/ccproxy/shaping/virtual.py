"""A shape as the text of a file `shape.json`, which patches change: one line a value, in an order of its own.

Its members are `body`, `header_order` (names as they are spelled, with duplicates: a map loses both order and
duplicates), `headers` (name to value, or to the list of values of a name that is there more than once), `method` and
`url`. Names and values of headers are latin-1 (RFC 9110 §5.5).
"""

from __future__ import annotations

import json
import re
from collections import Counter, deque
from collections.abc import Mapping, Sequence
from typing import Any, TypeGuard
from urllib.parse import urlsplit

import orjson

from ccproxy.exchange import Headers
from ccproxy.shaping.shape import Body, Provenance, Shape, ShapeError

FILE = "shape.json"
TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+", re.ASCII)
"""RFC 9110 §5.6.2: what a method and the name of a field can be."""
VALUE = re.compile(r"[\t\x20-\x7e\x80-\xff]*")
PRINTABLE = re.compile(r"[\x21\x22\x24-\x7e]+")
"""ASCII without the fragment's mark, which no request has."""
MEMBERS = ("body", "header_order", "headers", "method", "url")


def to_text(shape: Shape) -> str:
    """The file of a shape: sorted keys, indented by two, ASCII, with a newline at its end. Raises ShapeError."""
    members: dict[str, Any] = {
        "body": shape.body,
        "header_order": [name.decode("latin-1") for name, _ in shape.headers],
        "headers": _by_name(shape.headers),
        "method": shape.method,
        "url": shape.url,
    }
    try:
        return json.dumps(members, sort_keys=True, indent=2, allow_nan=False) + "\n"
    except (ValueError, TypeError, RecursionError) as error:
        raise ShapeError(f"{FILE} of {shape.profile!r} cannot be written: {error}") from error


def from_text(text: str, profile: str, provenance: Provenance) -> Shape:
    """The shape that a file describes. Raises ShapeError that names the member that is wrong."""
    try:
        members = json.loads(text)
    except ValueError as error:
        raise _wrong(profile, f"is not JSON: {error}") from error
    except RecursionError:
        raise _wrong(profile, "is nested too deep") from None
    return _shape(members, profile, provenance)


def checked(shape: Shape) -> Shape:
    """The same shape, if it can be sent and be written as a file. Raises ShapeError."""
    from_text(to_text(shape), shape.profile, shape.provenance)
    return shape


def _by_name(headers: Headers) -> dict[str, str | list[str]]:
    values: dict[str, list[str]] = {}
    for name, value in headers:
        values.setdefault(name.decode("latin-1"), []).append(value.decode("latin-1"))
    return {name: found if len(found) > 1 else found[0] for name, found in values.items()}


def _shape(members: object, profile: str, provenance: Provenance) -> Shape:
    if not isinstance(members, dict):
        raise _wrong(profile, "is no object")
    if unknown := sorted(members.keys() - set(MEMBERS)):
        raise _wrong(profile, f"has {unknown[0]!r}, which is none of {', '.join(MEMBERS)}")
    method, url = _method(profile, members.get("method")), _url(profile, members.get("url"))
    headers = _headers(profile, members.get("headers"), members.get("header_order"))
    return Shape(profile, method, url, headers, _body(profile, members.get("body")), provenance)


def _method(profile: str, found: object) -> str:
    if not isinstance(found, str) or not TOKEN.fullmatch(found):
        raise _wrong(profile, "has no method such as POST in 'method'")
    return found


def _url(profile: str, found: object) -> str:
    """Absolute and printable: what a captured request-target and its origin can be."""
    if not isinstance(found, str) or not PRINTABLE.fullmatch(found) or not _is_absolute(found):
        raise _wrong(profile, "has no absolute http or https URL in 'url'")
    return found


def _is_absolute(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return (
            parts.scheme in {"http", "https"} and bool(parts.hostname) and "@" not in parts.netloc and parts.port != 0
        )
    except ValueError:  # a port or an IPv6 address that is none
        return False


def _body(profile: str, found: object) -> Body:
    if not isinstance(found, dict):
        raise _wrong(profile, "has no object in 'body'")
    try:
        json.dumps(found, allow_nan=False)  # what orjson writes as null
        orjson.dumps(found)
    except (TypeError, ValueError, RecursionError) as error:
        raise _wrong(profile, f"has a 'body' that cannot be sent: {error}") from error
    return found


def _headers(profile: str, found: object, order: object) -> Headers:
    if not isinstance(found, dict):
        raise _wrong(profile, "has no object in 'headers'")
    if not isinstance(order, list) or not all(isinstance(name, str) for name in order):
        raise _wrong(profile, "has no list of names in 'header_order'")
    values = {name: deque(_values(profile, name, value)) for name, value in found.items()}
    _agreed(profile, {name: len(each) for name, each in values.items()}, order)
    return [(name.encode("latin-1"), values[name].popleft()) for name in order]


def _values(profile: str, name: str, found: object) -> Sequence[bytes]:
    if not TOKEN.fullmatch(name):
        raise _wrong(profile, f"has {name!r} in 'headers', which is no name of a header")
    values = [each for each in (found if isinstance(found, list) else [found]) if _is_value(each)]
    if not values or (isinstance(found, list) and len(values) < len(found)):
        raise _wrong(profile, f"has a value of {name!r} in 'headers' that is no string of one line, nor a list of them")
    return [value.encode("latin-1") for value in values]


def _is_value(value: object) -> TypeGuard[str]:
    return isinstance(value, str) and VALUE.fullmatch(value) is not None


def _agreed(profile: str, found: Mapping[str, int], order: Sequence[str]) -> None:
    counted = Counter(order)
    for name in sorted(found.keys() | counted.keys()):
        if found.get(name, 0) != counted[name]:
            there, said = found.get(name, 0), counted[name]
            raise _wrong(profile, f"has {name!r} {there} times in 'headers' and {said} times in 'header_order'")


def _wrong(profile: str, what: str) -> ShapeError:
    return ShapeError(f"{FILE} of {profile!r} {what}")
