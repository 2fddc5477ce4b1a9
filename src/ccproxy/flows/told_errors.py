"""What a provider said was wrong, in its own words: the body of a refusal, or the event that ends a stream.

Sources: docs.anthropic.com/en/api/errors and its `error` event, platform.openai.com/docs/guides/error-codes, `error`
and `response.failed` of the Responses API, cloud.google.com/apis/design/errors, FastAPI's `detail`. Nothing here
raises.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from ccproxy.codings import CodingError, decode
from ccproxy.exchange import Exchange, HttpResponse, get_header
from ccproxy.flows.events import EVENT_END, value_of, values_of_events
from ccproxy.flows.secrets.places import in_text, without
from ccproxy.flows.secrets.redact import credentials_in, is_secret_field

MOST = 300
"""Characters that are told."""
MOST_TEXT = 64 * 1024
"""Characters of a text in which credentials are looked for."""
MOST_BYTES = 1024 * 1024
"""Of a body that says what was wrong, and of a stream's last event."""
MOST_STREAM = 64 * MOST_BYTES
"""Of a compressed stream, which has to be unpacked to see its end."""
TAIL = 4096
"""Bytes of a stream in which its last events are looked for first."""
SHORTEST = 8
"""Bytes of a credential that is looked for."""
DEEPEST, MOST_MEMBERS = 6, 10
"""How far a message is looked for."""
STREAM_ERROR = "stream_error"
"""The kind of error of a stream that says at its end that it failed."""

_WORDS = ("message", "detail", "msg", "error_message", "error_description", "title", "type", "code")
_TITLE = re.compile(r"<title[^>]*>\s*([^<]+)", re.IGNORECASE)
_MARK = b'"error"'


def refusal_of(ex: Exchange) -> str | None:
    """Why the provider refused (a status of 400 and above), at most `MOST` characters, without credentials."""
    answer = ex.provider_response
    if answer is None or answer.status < 400 or ex.protocol != "http":
        return None
    body = _clear(answer, MOST_BYTES)
    told = _words(value_of(body)) or _first_line(body)
    return (shown(told, ex) if told else "") or None


def stream_error_of(ex: Exchange) -> str | None:
    """The same of a stream that ended in an error, as the provider sent it or the client got it; None if it did not."""
    if ex.protocol != "http" or ex.websocket is not None:
        return None
    answers = [ex.provider_response, *([ex.response] if ex.response is not ex.provider_response else [])]
    for answer in answers:
        if answer is not None and answer.status < 400 and _is_stream(answer, ex):
            for event in _last_events(answer):
                if (told := _stream_words(event)) and (line := shown(told, ex)):
                    return line
    return None


def _is_stream(answer: HttpResponse, ex: Exchange) -> bool:
    kind = get_header(answer.headers, b"content-type") or b""
    return kind.startswith(b"text/event-stream") or ex.request.path.endswith(":streamGenerateContent")


def _last_events(answer: HttpResponse) -> Iterator[Any]:
    """The JSON values at the end of a stream; the items of Gemini's array."""
    body = _tail(answer)
    if _MARK not in body:
        return
    if b"data:" not in body:
        at = body.rfind(b"{", 0, body.rfind(_MARK))
        yield _first_value(body[at:]) if at >= 0 else None
        return
    yield from values_of_events(body, _MARK)


def _tail(answer: HttpResponse) -> bytes:
    """The end of a stream, from an event's beginning on: `response.failed` may repeat the whole request."""
    coded = (get_header(answer.headers, b"content-encoding") or b"identity").lower() != b"identity"
    if coded:
        body = _clear(answer, MOST_STREAM)[-MOST_BYTES:]
        return body if len(body) <= TAIL or not _may_begin(body[-TAIL:]) else body[-TAIL:]
    body = _last_bytes(answer, TAIL)
    return body if _may_begin(body) else _last_bytes(answer, MOST_BYTES)


def _may_begin(tail: bytes) -> bool:
    """Whether an event begins in it, or it is no part of a stream of events."""
    return len(tail) < TAIL or EVENT_END.search(tail.rstrip()) is not None


def _last_bytes(answer: HttpResponse, most: int) -> bytes:
    parts: list[bytes] = []
    for chunk in reversed(list(answer.chunks)):
        if most <= 0:
            break
        parts.append(chunk[-most:])
        most -= len(parts[-1])
    return b"".join(reversed(parts))


def _clear(answer: HttpResponse, limit: int) -> bytes:
    coding = get_header(answer.headers, b"content-encoding")
    if not coding:
        return answer.body[:limit]
    try:
        return decode(answer.body, coding.decode("latin-1"), limit)
    except CodingError:
        return b""


def _first_value(data: bytes) -> Any:
    """The JSON value with which it begins, whatever follows (the array's end)."""
    return value_of(data.rstrip(b"\r\n\t ],"))


def _stream_words(event: Any) -> str | None:
    """What an event says was wrong; None of one that says that all is well."""
    if not isinstance(event, dict):
        return None
    response = event.get("response")
    inner = response.get("error") if isinstance(response, dict) else None
    if event.get("error") or event.get("type") == "error":
        return _words(event)
    return _words({"error": inner}) if inner else None


def _words(value: Any, depth: int = 0) -> str | None:
    """The message in an error of any of the formats."""
    if isinstance(value, str):
        return value.strip() or None
    if isinstance(value, dict):
        value = [value.get(name) for name in ("error", "errors", *_WORDS)]
    if not isinstance(value, list) or depth > DEEPEST:
        return None
    return next((told for each in value[:MOST_MEMBERS] if (told := _words(each, depth + 1))), None)


def _first_line(body: bytes) -> str | None:
    text = body[:TAIL].decode("utf-8", "replace")
    if text.lstrip()[:1] in {"{", "["}:
        return None
    if text.lstrip().startswith("<"):
        title = _TITLE.search(text)
        return title[1].strip() if title else None
    return next((line.strip() for line in text.splitlines() if line.strip()), None)


def shown(text: str, ex: Exchange, most: int = MOST) -> str:
    """Words of somebody else's on one line, cut, without what a terminal acts on and without credentials: neither
    those that are known by their look nor the exchange's own."""
    data = one_line(text[:MOST_TEXT]).encode("utf-8", "replace")
    line = without(data, in_text(data, _credentials(ex))).decode("utf-8", "replace")
    return line if len(line) <= most else line[: most - 1] + "…"


def one_line(text: str) -> str:
    """A text of printable characters only; spaces stand for the others."""
    if not text.isprintable():
        text = "".join(each if each.isprintable() else " " for each in text)
    return " ".join(text.split())


def _credentials(ex: Exchange) -> set[bytes]:
    """What the fields hold that name or place make credentials; of the client's own cookies only the last."""
    sent = [*ex.request.headers, *(ex.forwarded.headers if ex.forwarded else ())]
    found: set[bytes] = set()
    for field, value in sent:
        name, text = field.decode("latin-1"), value.decode("latin-1")
        if name.lower() in ex.credential_headers:
            found.update(each.encode("latin-1") for each in credentials_in(name, text))
        elif is_secret_field(name):
            found.add(value.rpartition(b" ")[2])
    return {value for value in found if len(value) >= SHORTEST and not value.startswith(b"sk-ant-oat-ccproxy-")}
