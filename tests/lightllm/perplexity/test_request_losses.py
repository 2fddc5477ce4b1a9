"""What the application has no place for is counted, and never pasted."""

from __future__ import annotations

from typing import Any

import pytest

from ccproxy.exchange import WireFormat
from ccproxy.lightllm.failures import InvalidCall
from ccproxy.lightllm.perplexity import query
from tests.lightllm.perplexity.asking import Wire, asked, assistant, chat, drops_of, image, user

SCHEMA = {"type": "object", "properties": {}}
TOOL = {"type": "function", "function": {"name": "marker_tool", "parameters": SCHEMA}}
LOST: list[tuple[dict[str, Any], dict[str, int]]] = [
    ({"tools": [TOOL, TOOL]}, {"field.tools": 2}),
    ({"tools": [TOOL], "tool_choice": "required"}, {"field.tools": 1, "tool_choice": 1}),
    ({"tools": [TOOL], "parallel_tool_calls": False}, {"field.tools": 1, "parallel_tool_calls": 1}),
    ({"temperature": 0.5, "top_p": 0.5, "seed": 0}, {"sampling": 3}),
    ({"stop": ["marker", "b"]}, {"stop_sequences": 2}),
    ({"max_tokens": 5}, {"field.max_tokens": 1}),
    ({"response_format": {"type": "json_object"}}, {"json_mode": 1}),
    ({"response_format": {"type": "json_schema", "json_schema": {"name": "n", "schema": SCHEMA}}}, {"schema": 1}),
    ({"reasoning_effort": "high"}, {"reasoning": 1}),
    ({"n": 2}, {"choices": 1}),
    ({"n": 1}, {}),
    ({"logprobs": True}, {"logprobs": 1}),
    ({"user": "marker"}, {"user": 1}),
    ({"service_tier": "flex"}, {"service_tier": 1}),
    ({"service_tier": "auto"}, {}),
    ({"verbosity": "low"}, {"field.verbosity": 1}),
    ({"prediction": {"type": "content", "content": "marker"}}, {"field.prediction": 1}),
    ({"store": True}, {"field.store": 1}),
    ({"stream": True, "stream_options": {"include_usage": True}}, {}),
]


@pytest.mark.parametrize(("members", "lost"), LOST)
def test_settings_are_counted_and_not_pasted(members: dict[str, Any], lost: dict[str, int]) -> None:
    payload, call = asked(chat(user("hi"), **members))
    assert call.drops.counts == lost
    assert "marker" not in str(payload)
    assert payload["query_str"] == "hi"


def test_as_many_media_are_counted_as_can_be_uploaded() -> None:
    """Who uploads them takes the count back."""
    document = chat(user([image(), image("https://a.example/b.png")]), assistant("I see."), user([image()]))
    payload, call = asked(document)
    assert call.drops.counts == {"media": len(query.files(call))} == {"media": 3}
    assert "base64" not in str(payload)


def anthropic(*blocks: Wire, **members: Any) -> Wire:
    return {"max_tokens": 9, "messages": [user(list(blocks))], **members}


HI = {"type": "text", "text": "hi"}
MARKED = {**HI, "cache_control": {"type": "ephemeral", "ttl": "1h"}}
FILE = {"type": "image", "source": {"type": "file", "file_id": "f1"}}
PLAIN = {"type": "document", "title": "T", "source": {"type": "text", "media_type": "text/plain", "data": "words"}}
NEW = {"type": "hologram", "data": "marker"}


@pytest.mark.parametrize(
    ("document", "lost"),
    [
        (anthropic(MARKED), {"cache_control": 1}),
        (anthropic(HI, FILE), {"file_id": 1}),
        (anthropic(HI, PLAIN), {"media": 1, "document_metadata": 1}),
        (anthropic(HI, NEW), {"unknown_block": 1}),
        (anthropic(HI, tools=[{"type": "code_execution_20250825", "name": "code_execution"}]), {"server_tools": 1}),
        (anthropic(HI, tools=[{"type": "web_search_20250305", "name": "web_search"}]), {}),
        (anthropic(HI, metadata={"user_id": "u"}), {"user": 1}),
    ],
    ids=["cache mark", "file id", "titled document", "new block", "code", "web search, which it does", "user"],
)
def test_blocks_are_counted_and_not_pasted(document: Wire, lost: dict[str, int]) -> None:
    payload, call = asked(document, WireFormat.ANTHROPIC)
    assert call.drops.counts == {**lost, "field.max_tokens": 1}
    assert "marker" not in str(payload)


def test_an_answer_with_a_search_leaves_its_text() -> None:
    search = {"type": "server_tool_use", "id": "s1", "name": "web_search", "input": {"query": "q"}}
    found = {"type": "web_search_tool_result", "tool_use_id": "s1", "content": []}
    document = {"max_tokens": 9, "messages": [user("hi"), assistant([search, found, HI]), user("Why?")]}
    payload, call = asked(document, WireFormat.ANTHROPIC)
    assert payload["query_str"] == "[User]: hi\n\n[Assistant]: hi\n\n[User]: Why?"
    assert call.drops.counts == {"server_tool_blocks": 2, "field.max_tokens": 1}


def test_what_only_another_provider_knows_is_refused() -> None:
    document = {"input": [{"type": "item_reference", "id": "i1"}, {"role": "user", "content": "hi"}]}
    with pytest.raises(InvalidCall, match="item_reference"):
        drops_of(document, WireFormat.OPENAI_RESPONSES)
