"""When things happened by a HAR that another program wrote, and what it tells of a WebSocket."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from ccproxy.exchange import Message, Timings
from ccproxy.flows.files import FlowFileError
from ccproxy.flows.har.facts import part

TEXT, BINARY = 1, 2
"""Opcodes of WebSocket frames, RFC 6455 §5.2."""
MOST_MILLISECONDS = 1e10
"""No request takes four months: such a time is not known."""
MOST_SECONDS = 1e11

type Entry = Mapping[str, Any]


def timings_of(entry: Entry, started: str) -> Timings:
    """From the parts of the time; where they are not known, from the whole."""
    told = part(entry, "timings")
    times = [_seconds(told.get(name)) for name in ("blocked", "dns", "connect", "send", "wait", "receive")]
    start = _moment(started)
    sent, answered = start + sum(times[:4]), start + sum(times[:5])
    end = max(start + sum(times), start + _seconds(entry.get("time")))
    return Timings(start, sent, sent, answered, answered, end)


def _seconds(milliseconds: Any) -> float:
    known = isinstance(milliseconds, int | float) and 0 < milliseconds < MOST_MILLISECONDS
    return float(milliseconds) / 1000 if known else 0.0


def _moment(text: str) -> float:
    try:
        moment = datetime.fromisoformat(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError) as error:
        raise FlowFileError(f"startedDateTime is no ISO 8601 date: {text!r}") from error


def messages_of(entry: Entry, start: float) -> list[Message]:
    """What Chromium and mitmproxy tell of a WebSocket."""
    told = list_of(entry.get("_webSocketMessages") or [], "_webSocketMessages")
    return [message for each in told if isinstance(each, Mapping) for message in _message(each, start)]


def _message(told: Entry, start: float) -> Iterator[Message]:
    opcode, data, time = told.get("opcode"), told.get("data"), told.get("time")
    if opcode not in (TEXT, BINARY) or not isinstance(data, str):
        return
    try:
        content = data.encode("utf-8", "replace") if opcode == TEXT else base64.b64decode(data, validate=True)
    except ValueError as error:
        raise FlowFileError(f"_webSocketMessages has data that is no base64: {error}") from error
    if not isinstance(time, int | float) or not 0 < time < MOST_SECONDS:
        time = start
    yield Message(told.get("type") == "send", content, float(time), opcode == TEXT)


def list_of(value: Any, where: str) -> Sequence[Any]:
    """An array. Raises FlowFileError that names it."""
    if not isinstance(value, list):
        raise FlowFileError(f"{where} is no array")
    return value
