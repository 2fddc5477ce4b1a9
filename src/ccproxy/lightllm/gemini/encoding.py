"""How answers look on the wire: JSON in lines, ids, and what keeps a connection alive."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from os import urandom
from typing import Any

import orjson

from ccproxy.exchange import WireFormat
from ccproxy.lightllm.events import MessageStart

FOREIGN_IDS = ("msg_", "chatcmpl-", "cmpl-", "resp_", "gen-", "req_")
LINE_ENDS = ((b"\xe2\x80\xa8", rb"\u2028"), (b"\xe2\x80\xa9", rb"\u2029"), (b"\xc2\x85", rb"\u0085"))
"""U+2028, U+2029 and U+0085 end a line for some: `.` in the JS SDK's pattern does not match them."""
BLANK = b"\r\n"
"""Keeps a connection alive. The SDKs for Python, JS and Go fail at the comments of server-sent events."""


def encoded(value: Any) -> bytes:
    """A value as JSON that has no line ends in it, of whatever kind."""
    data = orjson.dumps(value)
    if not data.isascii():
        for char, escape in LINE_ENDS:
            data = data.replace(char, escape)
    return data


def response_id(start: MessageStart) -> str:
    """The responseId: the provider's own, unless it looks like another vendor's."""
    if start.id and (start.origin is WireFormat.GEMINI or not start.id.startswith(FOREIGN_IDS)):
        return start.id
    return urlsafe_b64encode(urandom(17)).rstrip(b"=").decode()
