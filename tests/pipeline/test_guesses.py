"""Which API a body belongs to, by what is in it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccproxy.exchange import CLIENT_FORMATS, WireFormat
from ccproxy.pipeline.guesses import guess_answer_format, guess_format
from tests.support.conversations import Conversation, chat, conversations, gemini, responses
from tests.support.provider_answers import body_of, stream_of

RECORDED = Path(__file__).parents[1] / "flows" / "data"
FORMATS = list(CLIENT_FORMATS)


@pytest.mark.parametrize("file", sorted(RECORDED.glob("*.json")), ids=lambda file: file.stem)
def test_recorded_exchanges(file: Path) -> None:
    case = json.loads(file.read_text())
    wire = WireFormat(case["format"].removesuffix("_chat"))
    assert guess_format(orjson.dumps(case["request"])) is wire
    answer = case["response"]
    if case["status"] == 200:
        assert guess_answer_format(answer.encode() if case["stream"] else orjson.dumps(answer)) is wire


@pytest.mark.parametrize("wire", FORMATS)
def test_answers_and_streams(wire: WireFormat) -> None:
    assert guess_answer_format(orjson.dumps(body_of(wire))) is wire
    assert guess_answer_format(b"".join(stream_of(wire))) is wire
    assert guess_answer_format(b": hello\n\n" + b"".join(stream_of(wire)).replace(b'": ', b'":')) is wire


@given(talk=conversations())
def test_any_conversation(talk: Conversation) -> None:
    assert guess_format(orjson.dumps(gemini(talk))) is WireFormat.GEMINI
    assert guess_format(orjson.dumps({"request": gemini(talk), "project": "p"})) is WireFormat.GEMINI
    assert guess_format(orjson.dumps(responses(talk))) is WireFormat.OPENAI_RESPONSES
    assert guess_format(orjson.dumps(chat(talk))) is WireFormat.OPENAI


SAYS: list[tuple[dict[str, Any], WireFormat]] = [
    ({"messages": [{"role": "user", "content": [{"type": "tool_result"}]}]}, WireFormat.ANTHROPIC),
    ({"messages": [], "tools": [{"name": "a", "input_schema": {}}]}, WireFormat.ANTHROPIC),
    ({"messages": [], "model": "claude-x", "max_tokens": 5}, WireFormat.ANTHROPIC),
    ({"messages": [], "model": "claude-x"}, WireFormat.OPENAI),
    ({"messages": [{"role": "system", "content": "s"}], "max_tokens": 5, "model": "claude-x"}, WireFormat.OPENAI),
    ({"messages": [{"role": "assistant", "tool_calls": []}]}, WireFormat.OPENAI),
    ({"messages": []}, WireFormat.OPENAI),
]


@pytest.mark.parametrize(("document", "wire"), SAYS, ids=lambda value: None if isinstance(value, dict) else value)
def test_what_tells_anthropics_messages_from_chats(document: dict[str, Any], wire: WireFormat) -> None:
    assert guess_format(orjson.dumps(document)) is wire


ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["messages", "tools", "content", "request", "contents", "role", "type", "model", "choices"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(data=st.binary(max_size=40) | ANY_JSON.map(orjson.dumps))
def test_no_body_is_too_odd(data: bytes) -> None:
    assert guess_format(data) in {None, *FORMATS}
    assert guess_answer_format(data) in {None, *FORMATS}


@pytest.mark.parametrize("data", [b"", b"{}", b"null", b"[]", b"hello", b'{"a": 1}', b"\xff"])
def test_what_is_nothing_of_the_kind(data: bytes) -> None:
    assert guess_format(data) is None
    assert guess_answer_format(data) is None
