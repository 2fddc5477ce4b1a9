"""The checker of the grammar finds what it is there to find."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.lightllm.gemini.wire import call, chunk, text
from tests.support.grammar.gemini import check_body, check_stream


def sse(*chunks: Any) -> str:
    """Chunks as events."""
    return "".join(f"data: {json.dumps(one)}\r\n\r\n" for one in chunks)


GOOD = chunk(text("a"), call("f")), chunk(text(""), stop="STOP")
ERROR = {"error": {"code": 503, "message": "m", "status": "UNAVAILABLE"}}


def test_good_streams() -> None:
    assert check_stream(sse(*GOOD)) == []
    assert check_stream(json.dumps(GOOD)) == []
    assert check_stream(sse(GOOD[0], ERROR)) == []
    assert check_stream(sse(ERROR)) == []
    assert check_body(chunk(text("a"), stop="STOP")) == []


@pytest.mark.parametrize(
    "stream",
    [
        "",
        "[]",
        ": keep-alive\n\n" + sse(*GOOD),
        "event: message\n" + sse(*GOOD),
        sse(*GOOD).rstrip(),
        sse(*GOOD) + "data: [DONE]\r\n\r\n",
        sse(GOOD[0]),
        sse(GOOD[1], GOOD[1]),
        sse(GOOD[1], GOOD[0]),
        sse(ERROR, GOOD[1]),
        sse(GOOD[1], ERROR),
        sse(GOOD[0], GOOD[0], GOOD[1]),  # the same call id again
        sse(GOOD[0], {**GOOD[1], "responseId": "other"}),
        sse(chunk(text("\u2028"), stop="STOP")).replace("\\u2028", "\u2028"),
        sse({"error": {"code": "503", "message": "m", "status": "UNAVAILABLE"}}),
        sse({"error": {"code": 503, "message": "m", "status": "overloaded"}}),
    ],
)
def test_bad_streams(stream: str) -> None:
    assert check_stream(stream)


@pytest.mark.parametrize(
    "body",
    [
        None,
        ERROR,
        chunk(text("a")),
        chunk(text("a"), stop="end_turn"),
        chunk(stop="STOP"),
        chunk({}, stop="STOP"),
        chunk({"text": "a", "functionCall": {"id": "i", "name": "f", "args": {}}}, stop="STOP"),
        chunk({"functionCall": {"id": "i", "name": "f", "args": "{}"}}, stop="STOP"),
        chunk({"functionCall": {"name": "f", "args": {}}}, stop="STOP"),
        chunk(text("a", thoughtSignature="ccproxy.anthropic.x"), stop="STOP"),
        chunk({"codeExecutionResult": {"outcome": "OUTCOME_OK", "output": "", "id": "x"}}, stop="STOP"),
        chunk(text("a"), stop="STOP", groundingMetadata={"groundingSupports": [{"groundingChunkIndices": [0]}]}),
        chunk(text("a"), stop="STOP") | {"usageMetadata": {"promptTokenCount": 1, "totalTokenCount": 2}},
        chunk(text("a"), stop="STOP") | {"stop_reason": "end_turn"},
    ],
)
def test_bad_bodies(body: Any) -> None:
    assert check_body(body)
