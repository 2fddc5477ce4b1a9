"""What a HAR of ours says beside the standard: `_ccproxy`, by which its flows can be had back as they were.

The provider's entry holds the flow's record (`ccproxy.flows.record`), and of each body where it is: in a message of one
of the two entries, or, where that tells another thing than the bytes that passed, here in base64.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator, Mapping
from typing import Any

from ccproxy.exchange import Exchange
from ccproxy.flows.files import FlowFileError
from ccproxy.flows.har.messages import is_coded
from ccproxy.flows.record.record import SAME, Record, RecordError, from_record, to_record
from ccproxy.flows.summary import summarize

MEMBER = "_ccproxy"
VERSION = 1
PROVIDER, CLIENT = "provider", "client"
TOLD = (
    "model", "dest_model", "answered_model", "provider", "action", "usage", "attempts", "session", "conversation",
    "jail", "thread",
)  # fmt: skip
"""Facts that people look for, as a summary has them."""

type Entries = Mapping[str, Mapping[str, Any]]
"""The two entries of a flow, by side."""


def add_facts(ex: Exchange, provider: dict[str, Any], client: dict[str, Any]) -> None:
    """Gives both entries their `_ccproxy`."""
    record, summary = to_record(ex), summarize(ex)
    exact = dict(_exact(ex, record.facts))
    bodies = [exact.get(at) or {"base64": _text(body)} for at, body in enumerate(record.bodies)]
    head = {"version": VERSION, "flow": ex.id}
    facts = {"record": record.facts, "bodies": bodies}
    provider[MEMBER] = head | {"side": PROVIDER} | {name: summary.get(name) for name in TOLD} | facts
    client[MEMBER] = head | {"side": CLIENT}


def _exact(ex: Exchange, facts: Mapping[str, Any]) -> Iterator[tuple[int, str]]:
    """Bodies whose bytes an entry tells, by their index: where."""
    for name, message, place in (
        ("response", ex.response, f"{CLIENT}.response"),
        ("provider_response", ex.provider_response, f"{PROVIDER}.response"),
        ("forwarded", ex.forwarded, f"{PROVIDER}.request"),
        ("request", ex.request, f"{CLIENT}.request"),
    ):
        told = facts[name]
        if message is not None and told != SAME and told["body"] is not None and not is_coded(message.headers):
            yield told["body"], place


def exchange_of(sides: Entries) -> Exchange:
    """The flow of its entries. Raises FlowFileError."""
    facts = sides[PROVIDER][MEMBER]
    if facts.get("version") != VERSION:
        raise FlowFileError(f"{MEMBER}.version is {facts.get('version')!r}: this ccproxy reads version {VERSION}")
    record, bodies = facts.get("record"), facts.get("bodies")
    if not isinstance(record, dict) or not isinstance(bodies, list):
        raise FlowFileError(f"{MEMBER} lacks its record or its bodies")
    try:
        return from_record(Record(record, tuple(_body(place, sides) for place in bodies)))
    except RecordError as error:
        raise FlowFileError(f"{MEMBER}.record: {error}") from error


def _body(place: Any, sides: Entries) -> bytes:
    if isinstance(place, dict):
        return bytes_of(place.get("base64"), f"{MEMBER}.bodies")
    side, _, kind = str(place).partition(".")
    if side not in sides or kind not in MESSAGES:
        raise FlowFileError(f"{MEMBER}.bodies: {place!r} is no body of this flow's entries")
    return MESSAGES[kind](sides[side])


def request_body(entry: Mapping[str, Any]) -> bytes:
    """The body that an entry tells of its request; empty if none. Raises FlowFileError."""
    data = part(part(entry, "request"), "postData", "request.")
    return _told(data, data.get("_encoding") or data.get("encoding"), "request.postData.text")


def response_body(entry: Mapping[str, Any]) -> bytes:
    """The body that an entry tells of its response, its content coding undone. Raises FlowFileError."""
    content = part(part(entry, "response"), "content", "response.")
    return _told(content, content.get("encoding"), "response.content.text")


MESSAGES = {"request": request_body, "response": response_body}


def part(whole: Mapping[str, Any], name: str, before: str = "") -> Mapping[str, Any]:
    """A member that is an object; an empty one if it is not there. Raises FlowFileError."""
    value = whole.get(name)
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise FlowFileError(f"{before}{name} is no object")
    return value


def _told(data: Mapping[str, Any], encoding: Any, where: str) -> bytes:
    text = data.get("text")
    if text is None:
        return b""
    if encoding == "base64":
        return bytes_of(text, where)
    if not isinstance(text, str):
        raise FlowFileError(f"{where} is no text")
    return text.encode("utf-8", "replace")


def bytes_of(text: Any, where: str) -> bytes:
    """What base64 says. Raises FlowFileError that names the member, `where`."""
    try:
        return base64.b64decode(text, validate=True)
    except (TypeError, ValueError, binascii.Error) as error:
        raise FlowFileError(f"{where} is no base64: {error}") from error


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")
