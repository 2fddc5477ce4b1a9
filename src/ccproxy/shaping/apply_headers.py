"""The header fields of a shaped request: the shape's in its order and spelling, with the caller's values in places."""

from __future__ import annotations

from collections.abc import Iterator

from ccproxy.exchange import Header, Headers
from ccproxy.shaping.holes import is_holed
from ccproxy.shaping.shape import CREDENTIAL, SESSION_ID
from ccproxy.shaping.shape_hooks import Work
from ccproxy.shaping.template import Template
from ccproxy.shaping.template_fields import NEVER, Field
from ccproxy.shaping.told import LeftOut

type Own = dict[bytes, list[Header]]

FRAMING = frozenset({b"host", b"content-length"})
"""Fields that are filled in as a request leaves."""
PLACEHOLDER = CREDENTIAL.encode()
UNTOLD = NEVER | FRAMING | {b"accept-encoding"}
"""Fields of the caller that would not leave anyway, or say only how the answer may be written: nobody misses them."""


def shaped_headers(template: Template, work: Work, left_out: LeftOut) -> Headers:
    """The fields that leave, but for what `seal_headers` puts in; the caller's that do not are counted."""
    own: Own = {}
    for header in work.incoming.headers:
        own.setdefault(header[0].lower(), []).append(header)
    made: Headers = []
    taken: set[bytes] = set()
    for field in template.fields:
        made += of_field(field, own, work, repeated=field.lower in taken)
        taken.add(field.lower)
    for lower, _ in template.added:
        if lower not in work.incoming.credentials and lower not in UNTOLD:
            made += own.get(lower, ())
            taken.add(lower)
    for lower in own:
        if lower not in taken and not is_untold(lower, work):
            left_out.header(lower)
    return made


def is_untold(lower: bytes, work: Work) -> bool:
    """Whether a field that stays behind is none that the caller would miss."""
    return lower in UNTOLD or lower in work.incoming.credentials or lower.startswith(b"x-ccproxy-")


def of_field(field: Field, own: Own, work: Work, *, repeated: bool) -> Headers:
    """What stands in the place of a field of the shape. Where it has one twice, the second is the shape's own."""
    if field.lower in work.incoming.credentials:
        return [] if repeated else [(field.name, PLACEHOLDER)]
    if field.value == PLACEHOLDER and field.lower in work.incoming.companions:
        return [] if repeated else [(field.name, PLACEHOLDER)]
    if field.kind == "fixed" or field.lower in FRAMING or repeated:
        return [] if repeated and field.kind in ("own", "coding", "id") else [(field.name, field.value)]
    return list(PLACES[field.kind](field, own.get(field.lower, []), work))


def own_or_shapes(field: Field, given: Headers, work: Work) -> Iterator[Header]:
    """The caller's values; the shape's if it has none."""
    yield from [(field.name, value) for _, value in given] or [(field.name, field.value)]


def united(field: Field, given: Headers, work: Work) -> Iterator[Header]:
    """The items of both lists, each once, the shape's first."""
    own = b",".join(value for _, value in given)
    items = [item for item in map(bytes.strip, field.value.split(b",")) if item]
    more = [item for item in dict.fromkeys(map(bytes.strip, own.split(b","))) if item and item not in items]
    yield field.name, b",".join([field.value, *more] if items else more)


def coding(field: Field, given: Headers, work: Work) -> Iterator[Header]:
    """Accept-Encoding: the answer goes back to the caller, so it alone says what it reads (RFC 9110 §12.5.3)."""
    yield from [(field.name, value) for _, value in given] or [(field.name, b"identity")]


def id_of_caller(field: Field, given: Headers, work: Work) -> Iterator[Header]:
    """The caller's own id, else the placeholder."""
    value = given[0][1] if given else b""
    if value and field.value == SESSION_ID.encode():
        work.session_id = value.decode("latin-1")
    yield field.name, value or field.value


def nothing(field: Field, given: Headers, work: Work) -> Iterator[Header]:
    """A credential in a field in which this provider has none."""
    yield from ()


PLACES = {"own": own_or_shapes, "list": united, "coding": coding, "id": id_of_caller, "credential": nothing}


def without_holes(work: Work) -> Headers:
    """The fields without those in which a placeholder is left, but for what is filled in as the request leaves."""
    filled = work.incoming.credentials | work.incoming.companions | FRAMING
    return [
        header
        for header in work.headers
        if b"ccproxy:" not in header[1] or header[0].lower() in filled or not is_holed(header[1].decode("latin-1"))
    ]
