"""Chunks with members missing or of the wrong type: what is read of them is in order, and can be written."""

from __future__ import annotations

import json
from random import Random
from typing import Any

import pytest

from ccproxy.lightllm import events as ev
from ccproxy.lightllm.openai_chat.stream import StreamReader
from tests.lightllm.openai_chat.test_stream import check_order
from tests.lightllm.openai_chat.test_writer import write

ODD: list[Any] = [None, "", 0, 1, "x", [], {}, [1], {"a": 1}, True, 1.5, ["x"], [{}], "error", {"message": "m"}]
FIELDS: dict[str, Any] = {
    "content": "text",
    "reasoning": "why",
    "reasoning_details": [{"text": "why", "signature": "sig", "data": "blob"}],
    "refusal": "no",
    "annotations": [{"url_citation": {"url": "https://a.example/", "start_index": 1}}],
    "images": [{"image_url": {"url": "data:image/png;base64,AAAA"}}],
    "function_call": {"name": "f", "arguments": "1"},
    "audio": {"transcript": "x", "data": "AA"},
}


def one_chunk(random: Random) -> dict[str, Any]:
    delta = {name: value for name, value in FIELDS.items() if random.random() < 0.3}
    if random.random() < 0.4:
        function = {"name": random.choice(["f", None]), "arguments": "{"}
        delta["tool_calls"] = [
            {"index": random.randint(0, 2), "id": random.choice(["a", "b", None]), "function": function}
        ]
    choice = {
        "index": 0,
        "delta": delta,
        "logprobs": random.choice([None, {"content": [{"token": "t", "logprob": 0}]}]),
        "finish_reason": random.choice([None, None, None, "stop", "tool_calls"]),
    }
    return {
        "id": "x",
        "choices": [choice],
        "usage": random.choice([None, {"prompt_tokens": 3, "completion_tokens": 1}]),
    }


def damaged(value: Any, random: Random) -> Any:
    if random.random() < 0.08:
        return random.choice(ODD)
    if isinstance(value, dict):
        return {key: damaged(member, random) for key, member in value.items() if random.random() > 0.03}
    return [damaged(member, random) for member in value] if isinstance(value, list) else value


@pytest.mark.parametrize("seed", range(300))
def test_damaged_chunks(seed: int) -> None:
    """C7, C8: nothing raises, and nothing breaks the client's stream."""
    random, reader, events = Random(seed), StreamReader(), []
    for _ in range(random.randint(1, 6)):
        chunk = one_chunk(random)
        members = {name: damaged(value, random) for name, value in chunk.items()} if random.random() < 0.5 else chunk
        events += list(reader.read(b"", json.dumps(members).encode()))
    events += [*reader.read(b"", b"[DONE]"), *reader.end()]
    check_order(events)
    for event in events:
        if isinstance(event, ev.MessageStart):
            event.origin = None  # an id of the format's own is kept, whatever it looks like
    write(*events)
