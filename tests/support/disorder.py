"""Messages that are nearly right: good ones with parts exchanged, doubled, left out and put elsewhere.

Hypothesis strategies. `ODD` is what takes the place of a part: every type, and values at the edges of what JSON holds.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import orjson
from hypothesis import strategies as st

from ccproxy.exchange import CLIENT_FORMATS, WireFormat

FORMATS = CLIENT_FORMATS
type Path = tuple[Any, ...]


def nested(depth: int, kind: type = list) -> Any:
    """A value so deep that no serialiser takes it for granted."""
    value: Any = "core"
    for _ in range(depth):
        value = [value] if kind is list else {"a": value}
    return value


DEEP = 400
"""orjson reads 1024 levels and writes 254."""

ODD: tuple[Any, ...] = (
    None, True, False, 0, 1, -1, 7, 1.5, -0.0, 1e308, 2**31, 2**53 + 1, 2**63 - 1, -(2**63), 2**64 - 1,
    "", " ", "x", "text", "0", "null", "{", "}", '{"a":', '{"a":1}', "[DONE]", "\x00", "\n\ndata: [DONE]\n\n", "\u2028",
    "😀\u0301", "\ud7ff\ue000", "ccproxy.", "ccproxy.gemini.QUI=", "Y2Nwcm94eS4=", "data:,", "data:;base64,=", "a" * 70,
    [], [[]], [None], [{}], ["x"], [0], {}, {"a": 1}, {"type": "text"}, {"type": None}, {"error": {}}, {"": ""},
    {"type": "message", "role": "user", "content": []}, nested(DEEP), nested(DEEP, dict),
)  # fmt: skip

WORDS = (
    "type", "text", "thinking", "tool_use", "index", "id", "name", "error", "message", "input", "content", "delta",
    "usage", "output", "parts", "choices", "candidates", "arguments", "signature", "finish_reason", "finishReason",
    "item", "item_id", "output_index", "summary", "status", "response", "function", "functionCall", "logprobs",
    "message_stop", "content_block_start", "content_block_delta", "response.completed", "response.failed", "reasoning",
    "STOP", "web_search_call", "server_tool_use", "custom_tool_call", "web_search_tool_result", "refusal", "custom",
)  # fmt: skip

odd = st.sampled_from(ODD)
words = st.sampled_from(WORDS)
scalars = st.one_of(
    st.none(), st.booleans(), st.integers(-(2**63), 2**64 - 1), st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=12), words,
)  # fmt: skip
documents = st.recursive(
    st.one_of(scalars, odd),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.dictionaries(st.one_of(words, st.text(max_size=4)), inner, max_size=5)
    ),
    max_leaves=12,
)
"""Any JSON."""


def places(document: Any) -> list[Path]:
    """The places of all values in a document, its own first, but not below depth 12."""
    found: list[Path] = [()]
    for path in found:
        value = at(document, path)
        if len(path) < 12 and isinstance(value, dict):
            found += [(*path, key) for key in value]
        elif len(path) < 12 and isinstance(value, list):
            found += [(*path, key) for key in range(len(value))]
    return found


def at(document: Any, path: Path) -> Any:
    """The value at a place."""
    for key in path:
        document = document[key]
    return document


def bend(document: Any, choose: Callable[[int], int]) -> Any:
    """A document with one of its values exchanged, left out, doubled or moved. `choose(n)` gives a number below n."""
    document = copy.deepcopy(document)
    paths = places(document)
    path = paths[choose(len(paths))]
    if not path:
        return document
    holder, key = at(document, path[:-1]), path[-1]
    match choose(6):
        case 0 | 1:
            holder[key] = copy.deepcopy(ODD[choose(len(ODD))])
        case 2:
            del holder[key]
        case 3:
            holder[key] = copy.deepcopy(at(document, paths[choose(len(paths))]))
        case 4 if isinstance(holder, list):
            holder.insert(key, copy.deepcopy(holder[key]))
        case 4:
            holder[WORDS[choose(len(WORDS))]] = copy.deepcopy(holder[key])
        case _:
            holder[key] = WORDS[choose(len(WORDS))]
    return document


@st.composite
def bent(draw: st.DrawFn, document: Any, most: int = 3) -> Any:
    """A document with up to `most` of its values spoilt."""
    for _ in range(draw(st.integers(1, most))):
        document = bend(document, lambda below: draw(st.integers(0, below - 1)))
    return document


def cut(draw: st.DrawFn, data: bytes) -> list[bytes]:
    """Data in chunks: whole, byte by byte, or cut at some places."""
    how = draw(st.integers(0, 3))
    if how == 0:
        return [data]
    if how == 1 and len(data) < 4000:
        return [data[place : place + 1] for place in range(len(data))]
    ends = sorted(draw(st.lists(st.integers(0, len(data)), max_size=8)))
    return [data[a:b] for a, b in zip([0, *ends], [*ends, len(data)], strict=True)]


type Frames = list[tuple[str, Any]]
"""Names and data of events; the data is a document, or bytes that are none."""

junk = st.one_of(
    st.sampled_from([b"[DONE]", b"", b"{", b"null", b"[]", b"{}", b'"', b"\xff", b"0", b'{"a":1}}', b"nan", b"true"]),
    st.binary(max_size=12).filter(lambda data: b"\n" not in data and b"\r" not in data),
)


@st.composite
def disordered(draw: st.DrawFn, streams: dict[WireFormat, list[Frames]], format: WireFormat) -> Frames:
    """One of a format's streams, with its events and what is in them in disorder."""
    frames = list(draw(st.sampled_from(streams[format])))
    for _ in range(draw(st.integers(0, 4))):
        place = draw(st.integers(0, max(len(frames) - 1, 0)))
        other = draw(st.integers(0, max(len(frames) - 1, 0)))
        if not frames:
            break
        match draw(st.integers(0, 8)):
            case 0:
                del frames[place:]
            case 1:
                del frames[place]
            case 2:
                frames.insert(place, frames[other])
            case 3:
                frames[place], frames[other] = frames[other], frames[place]
            case 4:
                stranger = draw(st.sampled_from(streams[draw(st.sampled_from(FORMATS))]))
                begin = draw(st.integers(0, len(stranger) - 1))
                frames[place:place] = stranger[begin : begin + draw(st.integers(1, 6))]
            case 5:
                frames[place] = (frames[place][0], draw(junk))
            case 6:
                frames[place] = (draw(st.sampled_from(["", "error", "ping", "message_stop", "x"])), frames[place][1])
            case _:
                name, data = frames[place]
                frames[place] = (name, data if isinstance(data, bytes) else draw(bent(data)))
    return frames


LINE_ENDS = (b"\n", b"\n", b"\n", b"\r\n", b"\r")


def wire(frames: Frames, end: bytes = b"\n") -> bytes:
    """Events as bytes, whose lines end as told. A name with its own line end makes a second field, as on the wire."""
    out: list[bytes] = []
    for name, data in frames:
        text = data if isinstance(data, bytes) else orjson.dumps(data) if writable(data) else deep_json(data)
        lines = ([b"event: " + name.encode()] if name else []) + [b"data: " + text, b"", b""]
        out.append(end.join(lines))
    return b"".join(out)


def writable(document: Any) -> bool:
    """False for what is too deep for orjson."""
    try:
        orjson.dumps(document)
    except TypeError:
        return False
    return True


def deep_json(document: Any) -> bytes:
    """JSON of any depth, by the standard library."""
    import json

    return json.dumps(document, ensure_ascii=False).encode("utf-8", "replace")


def to_json(document: Any) -> bytes:
    """A document as bytes, however deep."""
    return orjson.dumps(document) if writable(document) else deep_json(document)
