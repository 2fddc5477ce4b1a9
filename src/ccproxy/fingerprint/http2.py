"""The first bytes of a client's HTTP/2 connection: its settings, its window, the order of its pseudo-headers."""

from __future__ import annotations

from typing import Any

from ccproxy.fingerprint.client_hello import MalformedHelloError, Reader

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
HEADERS, PRIORITY, SETTINGS, WINDOW_UPDATE = 1, 2, 4, 8
PADDED, PRIORITY_FLAG = 0x8, 0x20
LARGEST_HEAD = 64 * 1024


def beginning(data: bytes) -> dict[str, Any] | None:
    """What whole frames there are tell (RFC 9113 §3.4, §6). None if it is not HTTP/2.

    `settings` (pairs of number and value) and `window_update` come before the first request; `pseudo_header_order`
    (`masp`: the first letters) and `priority` are those of the first request, null if it is not there yet.
    """
    if not data.startswith(PREFACE):
        return None
    told: dict[str, Any] = {"settings": [], "window_update": None, "pseudo_header_order": None, "priority": None}
    frames = Reader(data[len(PREFACE) :])
    try:
        while frames:
            length, kind, flags, stream = frames.number(3), frames.number(1), frames.number(1), frames.number(4)
            _read(told, kind, flags, stream, frames.take(length))
            if kind == HEADERS:
                break
    except MalformedHelloError:
        pass
    return told


def _read(told: dict[str, Any], kind: int, flags: int, stream: int, payload: bytes) -> None:
    content = Reader(payload)
    if kind == SETTINGS and not told["settings"]:
        while content:
            told["settings"].append([content.number(2), content.number(4)])
    elif kind == WINDOW_UPDATE and stream == 0 and told["window_update"] is None:
        told["window_update"] = content.number(4) & 0x7FFFFFFF
    elif kind == HEADERS:
        padding = content.number(1) if flags & PADDED else 0
        start = 1 if flags & PADDED else 0
        if flags & PRIORITY_FLAG:
            told["priority"] = _priority(content)
            start += 5
        told["pseudo_header_order"] = _pseudo_headers(payload[start : len(payload) - padding])


def _priority(content: Reader) -> dict[str, Any]:
    """RFC 9113 §6.3; the weight as people give it, from 1."""
    dependency = content.number(4)
    return {
        "exclusive": bool(dependency >> 31),
        "depends_on": dependency & 0x7FFFFFFF,
        "weight": content.number(1) + 1,
    }


def _pseudo_headers(block: bytes) -> str | None:
    """The first letters of the pseudo-header fields; None if the block cannot be read."""
    from hpack import Decoder, HPACKError

    try:
        fields = Decoder(max_header_list_size=LARGEST_HEAD).decode(block, raw=True)
    except HPACKError:
        return None
    order = "".join(chr(name[1]) for name, *_ in fields if name[:1] == b":" and len(name) > 1)
    return order if sorted(order) == sorted("masp") else None
