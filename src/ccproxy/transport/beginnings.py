"""What the beginning of a body shows, as far as it has come. Each of these gives None where more is needed for that."""

from __future__ import annotations

import re

LINE = re.compile(rb"([^\r\n]*+)(?:\r\n|\n|\r)")
BOM = b"\xef\xbb\xbf"
FIRST_EVENT = 64 * 1024
"""Bytes that are taken for the sake of the first event. An error is shorter."""
OPENING = 4 * 1024
"""Bytes, coded or not, of which the first that are no white space show whether a document is an error."""
SHOWN = 64
OPENINGS = (b'{"error":', b'[{"error":')


def first_data(text: bytes, is_all: bool = False) -> bytes | None:
    """The data of the first event that has any (https://html.spec.whatwg.org/multipage/server-sent-events.html)."""
    text += b"\n\n" * is_all
    data: list[bytes] = []
    at = len(BOM) if text.startswith(BOM) else 0
    while (line := LINE.match(text, at)) is not None:
        at = line.end()
        if line[1].startswith(b"data:"):
            data.append(line[1][5:].removeprefix(b" "))
        elif data and not line[1]:
            return b"\n".join(data)
    return None


def opens_error(text: bytes, is_all: bool = False) -> bool | None:
    """True for JSON that begins as one of Google's errors does, or as an array of it; False for anything else."""
    shown = text[:OPENING].lstrip()[:SHOWN]
    told = b"".join(shown.split())
    if told.startswith(OPENINGS):
        return True
    is_open = any(each.startswith(told) for each in OPENINGS)
    return None if is_open and len(shown) < SHOWN and not is_all else False
