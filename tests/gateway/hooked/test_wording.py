"""What a provider says twice, in events and in its own wording beside them: what a hook hides is hidden in both."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ccproxy.lightllm import events as ev
from ccproxy.pipeline.hook import Hook, hook
from tests.gateway.hooked.masks import nothing
from tests.gateway.hooked.passage import JSON, SSE, Passed, Pieces, through
from tests.support.provider_answers import (
    anthropic_block,
    anthropic_end,
    anthropic_message,
    anthropic_start,
    gemini_usage,
    named,
    part,
    response,
    response_message,
)

WORD = "plover"
PICTURE = "cGxvdmVy"
LOGS = {"type": "logs", "logs": f"the word is {WORD}"}
RAN = {"id": "ci_1", "type": "code_interpreter_call", "status": "completed", "code": "print(1)", "container_id": "c"}
CODE = RAN | {"outputs": [LOGS, {"type": "image", "url": f"data:image/png;base64,{PICTURE}"}]}
REMOTE = {"id": "mcp_1", "type": "mcp_call", "server_label": "s", "name": "ask", "arguments": "{}", "output": WORD}
SEARCHED = {"type": "server_tool_use", "id": "srvtoolu_1", "name": "web_search", "input": {"query": "q"}}
HIT = {"type": "web_search_result", "url": "https://a.example", "title": WORD, "encrypted_content": "e"}
FOUND = {"type": "web_search_tool_result", "tool_use_id": "srvtoolu_1", "content": [HIT]}
SOURCE = {"type": "web_search_result_location", "url": "https://a.example", "title": "t", "cited_text": WORD}


def masking(family: str, *kinds: type) -> Hook:
    """A hook that hides the word in events of some types."""

    def hide(value: Any) -> Any:
        return value.replace(WORD, "******") if isinstance(value, str) else value

    def cover(ctx: Any, params: Any) -> None:
        """Hides a word."""
        event = ctx.event
        if isinstance(event, kinds):
            for holder in (event, getattr(event, "citation", None), *getattr(event, "sources", ())):
                for name in ("text", "output", "title", "cited_text"):
                    if hasattr(holder, name):
                        setattr(holder, name, hide(getattr(holder, name)))

    return hook(stage="response", writes=[family])(cover)


@hook(stage="response", writes=["media"])
def no_pictures(ctx: Any, params: Any) -> list[ev.Event] | None:
    """Drops pictures."""
    return [] if isinstance(ctx.event, ev.Media) else None


@hook(stage="response", writes=["server_tools"])
def no_results(ctx: Any, params: Any) -> list[ev.Event] | None:
    """Drops what tools brought."""
    return [] if isinstance(ctx.event, ev.ServerToolResult) else None


def items(output: list[dict[str, Any]], streamed: bool) -> Pieces:
    """A response with these items."""
    whole = response([*output, response_message("done")])
    if not streamed:
        return Pieces(JSON, [json.dumps(whole).encode()])
    told = [
        {"type": f"response.output_item.{step}", "output_index": place, "item": item}
        for place, item in enumerate(whole["output"])
        for step in ("added", "done")
    ]
    begin = {"type": "response.created", "response": response([], "in_progress")}
    wires = [begin, *told, {"type": "response.completed", "response": whole}]
    return Pieces(SSE, [named(each | {"sequence_number": number}) for number, each in enumerate(wires)])


def blocks(content: list[dict[str, Any]], streamed: bool) -> Pieces:
    """A message with these blocks."""
    if not streamed:
        return Pieces(JSON, [json.dumps(anthropic_message(content, "end_turn")).encode()])
    told = [event for index, block in enumerate(content) for event in anthropic_block(index, block)]
    return Pieces(SSE, [anthropic_start(), *told, *anthropic_end()])


both = pytest.mark.parametrize("streamed", [False, True], ids=["buffered", "streamed"])


def output_of(passed: Passed, streamed: bool) -> list[dict[str, Any]]:
    """The items that the client gets."""
    body = passed.response().json() if not streamed else json.loads(passed.body.rpartition(b"data: ")[2])["response"]
    found: list[dict[str, Any]] = body["output"]
    return found


@both
def test_what_nobody_hides_keeps_its_wording(streamed: bool) -> None:
    passed = through([nothing], "openai_responses", items([CODE, REMOTE], streamed))
    assert output_of(passed, streamed)[:2] == [CODE, REMOTE]
    passed = through([nothing], "anthropic", blocks([SEARCHED, FOUND], streamed))
    assert json.dumps(FOUND["content"]).encode() in passed.body.replace(b'":', b'": ').replace(b'",', b'", ')


@both
def test_a_result_that_is_part_of_its_calls_wording(streamed: bool) -> None:
    passed = through([masking("server_tools", ev.ServerToolResult)], "openai_responses", items([CODE], streamed))
    assert WORD.encode() not in passed.body
    call = next(item for item in output_of(passed, streamed) if item["type"] == "code_interpreter_call")
    assert (call["code"], call["outputs"]) == ("print(1)", [{"type": "logs", "logs": "the word is ******"}])
    assert passed.outcomes() == ["ran"]


@both
def test_a_result_that_is_dropped(streamed: bool) -> None:
    passed = through([no_results], "openai_responses", items([CODE], streamed))
    assert WORD.encode() not in passed.body
    assert output_of(passed, streamed)[0]["code"] == "print(1)"


@both
def test_a_picture_that_is_part_of_its_calls_wording(streamed: bool) -> None:
    assert PICTURE.encode() in through([nothing], "openai_responses", items([CODE], streamed)).body
    passed = through([no_pictures], "openai_responses", items([CODE], streamed))
    assert PICTURE.encode() not in passed.body
    assert WORD.encode() in passed.body


@both
def test_a_call_that_has_no_form_but_its_wording_is_left_out_and_counted(streamed: bool) -> None:
    passed = through([masking("server_tools", ev.ServerToolResult)], "openai_responses", items([REMOTE], streamed))
    assert WORD.encode() not in passed.body
    assert passed.exchange.dropped["server_tool_blocks"] >= 1
    assert [item["type"] for item in output_of(passed, streamed)] == ["message"]


@both
def test_a_result_with_a_wording_of_its_own(streamed: bool) -> None:
    passed = through([masking("server_tools", ev.ServerToolResult)], "anthropic", blocks([SEARCHED, FOUND], streamed))
    assert WORD.encode() not in passed.body
    assert b"https://a.example" in passed.body
    assert b"srvtoolu_1" in passed.body


@both
def test_sources_of_a_text(streamed: bool) -> None:
    text = {"type": "text", "text": "yes", "citations": [SOURCE]}
    if streamed:
        deltas = [{"type": "text_delta", "text": "yes"}, {"type": "citations_delta", "citation": SOURCE}]
        told = anthropic_block(0, {"type": "text", "text": "", "citations": []}, deltas)
        incoming = Pieces(SSE, [anthropic_start(), *told, *anthropic_end()])
    else:
        incoming = blocks([text], False)
    passed = through([masking("text", ev.CitationDelta)], "anthropic", incoming)
    assert WORD.encode() not in passed.body
    assert b'"cited_text":"******"' in passed.body


@both
def test_geminis_sources_repeat_the_text_that_they_back(streamed: bool) -> None:
    segment = {"startIndex": 0, "endIndex": 14, "text": f"it is {WORD} xx"}
    chunks = [{"web": {"uri": "https://a.example", "title": "A"}}]
    supports = [{"segment": segment, "groundingChunkIndices": [0]}]
    grounding = {"groundingChunks": chunks, "groundingSupports": supports, "webSearchQueries": ["q"]}
    said = json.loads(part([{"text": f"it is {WORD} xx"}], "STOP", usageMetadata=gemini_usage())[6:])
    said["candidates"][0] |= {"groundingMetadata": grounding, "urlContextMetadata": {"urlMetadata": []}}
    body = json.dumps(said).encode()

    def incoming() -> Pieces:
        return Pieces(SSE, [b"data: " + body + b"\n\n"]) if streamed else Pieces(JSON, [body])

    kept = through([nothing], "gemini", incoming())
    assert b'"webSearchQueries":["q"]' in kept.body
    assert kept.body.count(WORD.encode()) == 2
    passed = through([masking("text", ev.TextDelta)], "gemini", incoming())
    assert WORD.encode() not in passed.body
    assert b"https://a.example" in passed.body
    assert b"it is ******" in passed.body
