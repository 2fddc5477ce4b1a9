"""Vendors' opaque state in the hands of clients of other formats."""

from __future__ import annotations

import base64
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccproxy.exchange import CLIENT_FORMATS, WireFormat
from ccproxy.lightllm.asked import Asked
from ccproxy.lightllm.events import Opaque
from ccproxy.lightllm.signatures import sealed, unsealed
from ccproxy.lightllm.translate import read_answer, translate_request, write_answer

FORMATS = list(CLIENT_FORMATS)
STATE = st.binary(min_size=1, max_size=40).map(lambda data: base64.b64encode(data).decode())


@given(st.sampled_from(FORMATS), st.sampled_from(FORMATS), STATE, st.booleans())
def test_what_is_sealed_can_be_unsealed(origin: WireFormat, native: WireFormat, data: str, redacted: bool) -> None:
    opaque = Opaque(origin, data, redacted and origin is not native)
    assert unsealed(sealed(opaque, native), native) == opaque


@given(STATE, st.sampled_from(FORMATS))
def test_a_vendors_own_state_stays_as_it_is(data: str, native: WireFormat) -> None:
    assert sealed(Opaque(native, data), native) == data
    assert unsealed(data, native) == Opaque(native, data)


def test_sealed_state_for_gemini_is_base64() -> None:
    base64.b64decode(sealed(Opaque(WireFormat.ANTHROPIC, "abc"), WireFormat.GEMINI), validate=True)


THINKING = [
    {"type": "thinking", "thinking": "First this.", "signature": "c2ln"},
    {"type": "redacted_thinking", "data": "cmVk"},
]
CALL = {"type": "tool_use", "id": "toolu_1", "name": "f", "input": {"a": 1}}


def next_turn(client: WireFormat, answer: dict[str, Any]) -> dict[str, Any]:
    """What a client of a format sends after a tool call: the answer as it got it, and the tool's result."""
    if client is WireFormat.OPENAI_RESPONSES:
        result = {"type": "function_call_output", "call_id": answer["output"][-1]["call_id"], "output": "ok"}
        return {"model": "m", "input": [{"role": "user", "content": "hi"}, *answer["output"], result]}
    content = answer["candidates"][0]["content"]
    call = content["parts"][-1]["functionCall"]
    response = {"functionResponse": {"id": call["id"], "name": "f", "response": {"result": "ok"}}}
    turns = [{"role": "user", "parts": [{"text": "hi"}]}, content, {"role": "user", "parts": [response]}]
    return {"contents": turns}


@pytest.mark.parametrize("client", [WireFormat.OPENAI_RESPONSES, WireFormat.GEMINI])
def test_thinking_of_anthropic_comes_back_through_a_client_of_another_format(client: WireFormat) -> None:
    message = {
        "id": "msg_1", "type": "message", "role": "assistant", "model": "m", "content": [*THINKING, CALL],
        "stop_reason": "tool_use", "stop_sequence": None, "usage": {"input_tokens": 1, "output_tokens": 2},
    }  # fmt: skip
    answer = orjson.loads(write_answer(read_answer(message, WireFormat.ANTHROPIC), client, Asked("m")))
    request, drops = translate_request(next_turn(client, answer), client, WireFormat.ANTHROPIC, "m", False)
    assert request["messages"][1]["content"] == [*THINKING, CALL]
    assert not drops.counts
