"""Good streams, bodies and errors of every format, for tests that spoil them: written by ccproxy itself, and by hand.

Their ids and times are the same in every run, so that a failing example fails again."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import orjson

from ccproxy.exchange import CLIENT_FORMATS, WireFormat
from ccproxy.lightllm import translate as tr
from ccproxy.lightllm.answer import collect
from ccproxy.lightllm.asked import Asked
from ccproxy.lightllm.events import Error, WireError
from ccproxy.lightllm.formats import stream_module
from ccproxy.lightllm.sse import COMMENT, Framer
from tests.support import provider_answers
from tests.support.disorder import Frames
from tests.support.judges import comparable
from tests.support.neutral import samples
from tests.support.promises import USAGE


def frames_of(body: bytes) -> Frames:
    """The events of a stream, their data as documents."""
    framer = Framer()
    found = [*framer.feed(body), *framer.end()]
    return [
        (name.decode(), data if data == b"[DONE]" else json.loads(data)) for name, data in found if name != COMMENT[0]
    ]


@cache
def good_streams() -> dict[WireFormat, list[Frames]]:
    """Streams of each format."""
    out: dict[WireFormat, list[Frames]] = {}
    for format in CLIENT_FORMATS:
        written = []
        for events in [*samples(), [*samples()[0][:3], Error(WireError(529, "busy", "overloaded_error"))]]:
            writer = stream_module(format).StreamWriter(Asked("m-1", USAGE))
            written.append(comparable(b"".join(writer.write(event) for event in events)))
        by_hand = b"".join(provider_answers.stream_of(format.value))
        failed = provider_answers.error_event_of(format.value, "busy")
        out[format] = [frames_of(body) for body in [*written, by_hand, failed]]
    return out


@cache
def good_bodies() -> dict[WireFormat, list[Any]]:
    """Whole answers of each format."""
    return {
        format: [
            *(
                orjson.loads(comparable(tr.write_answer(collect(events), format, Asked("m-1", USAGE))))
                for events in samples()
            ),
            provider_answers.body_of(format.value),
        ]
        for format in CLIENT_FORMATS
    }


@cache
def good_errors() -> dict[WireFormat, list[Any]]:
    """Error bodies of each format."""
    error = WireError(429, "slow down", "rate_limit_error", "code", "messages", None, 3.0)
    return {
        format: [orjson.loads(tr.write_error(error, format)), provider_answers.error_of(format.value, 503, "busy")]
        for format in CLIENT_FORMATS
    }
