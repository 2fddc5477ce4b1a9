"""What a HAR tells of a message beside its fields: cookies, query, the parts of a form (HAR 1.2 §request, §response).

http://www.softwareishard.com/blog/har-12-spec/
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from email.message import Message
from email.parser import BytesParser
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import parse_qsl, quote

from ccproxy.exchange import Headers, Origin

type Pair = dict[str, Any]

URL_SAFE = "!#$%&'()*+,/:;=?@[]~-._"
FORM = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data"


def fields(headers: Headers) -> list[Pair]:
    """Header fields as text (latin-1), in their order."""
    return [pair(name.decode("latin-1"), value.decode("latin-1")) for name, value in headers]


def pair(name: str, value: str) -> Pair:
    """What HAR has for fields, cookies, query parameters."""
    return {"name": name, "value": value}


def url(origin: Origin, target: bytes) -> str:
    """Where a request went, as a URL without spaces or bytes beyond ASCII, whatever its target was."""
    text = target.decode("latin-1")
    if "://" in text.partition("?")[0]:  # absolute-form, RFC 9112 §3.2.2
        return quote(text, URL_SAFE, encoding="latin-1")
    return quote(f"{origin}{'' if text.startswith('/') else '/'}{text}", URL_SAFE, encoding="latin-1")


def query(target: bytes) -> list[Pair]:
    """The parameters of the query, percent-encoding undone."""
    return _pairs(target.partition(b"?")[2])


def _pairs(encoded: bytes) -> list[Pair]:
    found = parse_qsl(encoded.decode("latin-1"), keep_blank_values=True, errors="replace")
    return [pair(name, value) for name, value in found]


def cookies(headers: Headers) -> list[Pair]:
    """The cookies of a request (RFC 6265 §4.2)."""
    lines = [value.decode("latin-1") for name, value in headers if name.lower() == b"cookie"]
    parts = [part.partition("=") for line in lines for part in line.split(";")]
    return [pair(name.strip(), value.strip()) for name, equals, value in parts if equals]


def set_cookies(headers: Headers) -> list[Pair]:
    """The cookies of a response with their attributes (RFC 6265 §4.1)."""
    lines = [value.decode("latin-1") for name, value in headers if name.lower() == b"set-cookie"]
    return [cookie for line in lines for cookie in _cookie(line)]


def _cookie(line: str) -> Iterator[Pair]:
    first, *rest = line.split(";")
    name, equals, value = first.partition("=")
    if not equals:
        return
    told = {key.strip().lower(): text.strip() for key, _, text in (part.partition("=") for part in rest)}
    cookie = pair(name.strip(), value.strip()) | {key: told[key] for key in ("path", "domain") if key in told}
    cookie |= {"httpOnly": "httponly" in told, "secure": "secure" in told}
    if "samesite" in told:
        cookie["sameSite"] = told["samesite"]
    if expires := _date(told.get("expires", "")):
        cookie["expires"] = expires
    yield cookie


def _date(text: str) -> str | None:
    try:
        return parsedate_to_datetime(text).astimezone().isoformat()
    except (ValueError, TypeError, OverflowError, OSError, IndexError):
        return None


def params(content_type: str, body: bytes) -> list[Pair]:
    """The parts of a form; nothing for what is none. Of files only name and type are told."""
    kind = content_type.partition(";")[0].strip().lower()
    if kind == FORM:
        return _pairs(body)
    return list(_parts(content_type, body)) if kind == MULTIPART else []


def _parts(content_type: str, body: bytes) -> Iterator[Pair]:
    """RFC 7578: the parts of a multipart/form-data body, as far as they can be read."""
    head = b"Content-Type: " + content_type.encode("latin-1", "replace").translate(None, b"\r\n") + b"\r\n\r\n"
    parts = BytesParser().parsebytes(head + body).get_payload()
    for part in parts if isinstance(parts, list) else ():
        with suppress(ValueError, LookupError, TypeError, AttributeError):  # the parser's own ends on strange fields
            if isinstance(part, Message) and (found := _part(part)):
                yield found


def _part(part: Message) -> Pair | None:
    name, file = part.get_param("name", header="content-disposition"), part.get_filename()
    if not isinstance(name, str):
        return None
    if file:
        return {"name": name, "fileName": file, "contentType": part.get_content_type()}
    content = part.get_payload(decode=True)
    return pair(name, content.decode("utf-8", "replace") if isinstance(content, bytes) else "")
