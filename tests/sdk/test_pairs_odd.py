"""What is unusual but happens: answers in another way than was asked for, coded streams, Gemini's forms."""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Callable, Iterable
from typing import Any

import brotli
import pytest
import zstandard
from google import genai
from google.genai import types

from ccproxy.simulator import respond
from tests.sdk.pairs import ASKED, CROSSED, WAYS, Crossing
from tests.sdk.speakers.question import KEYS, NAMES, Said
from tests.support.daemon import Daemon
from tests.support.grammar import gemini
from tests.support.http import Header
from tests.support.provider_answers import (
    anthropic_end,
    anthropic_message,
    anthropic_start,
    body_of,
    chat_end,
    named,
    response,
)
from tests.support.provider_answers import chunk as chat_chunk
from tests.support.replies import JSON, SSE, chunked, json_reply, reply, stream
from tests.support.upstream import Recorded, Script, Step, Upstream

every_crossing = pytest.mark.parametrize("pair", CROSSED, ids="-".join)
PLAIN = (b"Content-Type", b"text/plain")
RICH = 'SIM_THINK look SIM_TOOL look_up {"city": "Zürich"} SIM_TOOL look_up {"city": "Rome", "days": 1}'
SEPARATE = "SIM_THINK and then say “hello”"


def answer(request: Recorded, *, streamed: bool) -> list[bytes]:
    """What the simulator would have answered if it had been asked for a stream, or not: in events, or in one piece."""
    document, target = json.loads(request.body), request.target
    document.pop("stream", None)
    document.pop("stream_options", None)
    if b":generateContent" in target or b":streamGenerateContent" in target:
        path = target.partition(b":")[0]
        target = path + (b":streamGenerateContent?alt=sse" if streamed else b":generateContent")
    elif streamed:
        document |= {"stream": True}
    if streamed and target.endswith(b"/chat/completions"):
        document |= {"stream_options": {"include_usage": True}}
    given = respond("POST", target, [], json.dumps(document).encode())
    assert given.status == 200
    return [data for event in given.events if (data := getattr(event, "data", b""))]


def in_one_piece(kind: Header, *, streamed: bool) -> Script:
    """The answer with a length and a content type."""

    def script(request: Recorded) -> Iterable[Step]:
        return reply(200, [kind], b"".join(answer(request, streamed=streamed)))(request)

    return script


def heard(crossing: Crossing, text: str) -> Said:
    """What comes of a question that is answered with thinking, and what else its markers say."""
    return crossing.say(crossing.question(text, think=True, tools=True))


@every_crossing
@pytest.mark.parametrize(
    ("way", "kind"),
    [("streamed", JSON), ("streamed", PLAIN), ("buffered", SSE), ("buffered", JSON), ("buffered", PLAIN)],
    ids=["json", "json-as-plain", "stream", "stream-as-json", "stream-as-plain"],
)
@pytest.mark.parametrize("text", [RICH, SEPARATE], ids=["calls", "text"])
def test_the_other_way_than_asked(wired: Crossing, wire: Upstream, kind: Header, text: str) -> None:
    """JSON for a stream and a stream for JSON, whatever the content type."""
    wire.script = in_one_piece(kind, streamed=wired.way == "buffered")
    odd = heard(wired, text)
    wire.script = in_one_piece(SSE if wired.way == "streamed" else JSON, streamed=wired.way == "streamed")
    usual = heard(wired, text)
    for said in (odd, usual):
        said.pieces, said.native = 0, None
        said.calls = [call._replace(id="") for call in said.calls]
    assert odd == usual
    assert odd.thoughts
    assert bool(odd.calls) == (text is RICH)


KEPT_FROM_CHAT = ("anthropic", "openai_responses")
"""Providers whose state a Chat client cannot keep."""
CODERS: dict[str, Callable[[], Any]] = {
    "gzip": lambda: zlib.compressobj(wbits=31),
    "br": brotli.Compressor,
    "zstd": lambda: zstandard.ZstdCompressor().compressobj(),
}
WHOLE = {"gzip": gzip.compress, "br": brotli.compress, "zstd": zstandard.ZstdCompressor().compress}


def coded(coding: str, pieces: list[bytes]) -> list[bytes]:
    """Each piece coded so that it can be read at once, and the end."""
    machine = CODERS[coding]()
    if coding == "br":
        return [*(machine.process(piece) + machine.flush() for piece in pieces), machine.finish()]
    flush = zlib.Z_SYNC_FLUSH if coding == "gzip" else zstandard.COMPRESSOBJ_FLUSH_BLOCK
    return [*(machine.compress(piece) + machine.flush(flush) for piece in pieces), machine.flush()]


@every_crossing
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("coding", CODERS)
def test_a_coded_answer(wired: Crossing, wire: Upstream, coding: str) -> None:
    field = (b"Content-Encoding", coding.encode())

    def script(request: Recorded) -> Iterable[Step]:
        if wired.way == "buffered":
            return reply(200, [JSON, field], WHOLE[coding](b"".join(answer(request, streamed=False))))(request)
        return chunked([SSE, field], coded(coding, answer(request, streamed=True)))(request)

    wire.script = script
    said = heard(wired, RICH)
    assert [call.arguments for call in said.calls] == [{"city": "Zürich"}, {"city": "Rome", "days": 1}]
    wired.seen(**({"signature": 1} if wired.client == "openai" and wired.provider in KEPT_FROM_CHAT else {}))


def piece(index: int, arguments: str, id: str | None = None) -> bytes:
    """A piece of a tool call of Chat's."""
    opening = {"id": id, "type": "function"} if id else {}
    function = {"arguments": arguments} | ({"name": "look_up"} if id else {})
    return chat_chunk({"tool_calls": [{"index": index, **opening, "function": function}]})


INTERLEAVED = {
    "openai": [
        chat_chunk({"role": "assistant", "content": "Two"}),
        piece(0, "", "call_a"),
        piece(1, '{"ci', "call_b"),
        piece(0, '{"city": "Zü'),
        piece(1, 'ty": "Rome", '),
        piece(0, 'rich"}'),
        piece(1, '"days": 1}'),
        *chat_end("tool_calls"),
    ],
    "anthropic": [
        anthropic_start(),
        *(
            named({"type": f"content_block_{step}", "index": index} | more)
            for step, index, more in [
                ("start", 0, {"content_block": {"type": "text", "text": "Two"}}),
                ("stop", 0, {}),
                ("start", 1, {"content_block": {"type": "tool_use", "id": "toolu_a", "name": "look_up", "input": {}}}),
                ("start", 2, {"content_block": {"type": "tool_use", "id": "toolu_b", "name": "look_up", "input": {}}}),
                ("delta", 2, {"delta": {"type": "input_json_delta", "partial_json": '{"city": "Rome"'}}),
                ("delta", 1, {"delta": {"type": "input_json_delta", "partial_json": '{"city": "Zürich"}'}}),
                ("delta", 2, {"delta": {"type": "input_json_delta", "partial_json": ', "days": 1}'}}),
                ("stop", 1, {}),
                ("stop", 2, {}),
            ]
        ),
        *anthropic_end("tool_use"),
    ],
}
"""Streams in which the calls' arguments come by turns."""


@pytest.mark.parametrize("pair", [(c, p) for c, p in CROSSED if p in INTERLEAVED], ids="-".join)
def test_calls_whose_arguments_come_by_turns(wired: Crossing, wire: Upstream) -> None:
    wire.script = stream(INTERLEAVED[wired.provider])
    said = wired.say(wired.question("hello", tools=True))
    assert said.text == "Two"
    assert [call.arguments for call in said.calls] == [{"city": "Zürich"}, {"city": "Rome", "days": 1}]
    assert [call.id[-2:] for call in said.calls] == ["_a", "_b"]


def without_arguments(format: str) -> dict[str, Any]:
    """An answer that calls a tool which needs no arguments, in the barest form of the format."""
    match format:
        case "anthropic":
            found: dict[str, Any] = anthropic_message(
                [{"type": "tool_use", "id": "toolu_a", "name": "now", "input": {}}], "tool_use"
            )
            return found
        case "openai":
            call = {"id": "call_a", "type": "function", "function": {"name": "now", "arguments": ""}}
            message = {"role": "assistant", "content": None, "tool_calls": [call]}
            choice = {"index": 0, "message": message, "finish_reason": "tool_calls"}
            return body_of(format) | {"choices": [choice]}
        case "openai_responses":
            return response(
                [{"type": "function_call", "id": "fc_a", "call_id": "call_a", "name": "now", "arguments": ""}]
            )
        case _:
            part = {"functionCall": {"name": "now"}}
            choice = {"index": 0, "content": {"role": "model", "parts": [part]}, "finishReason": "STOP"}
            return body_of(format) | {"candidates": [choice]}


@every_crossing
@pytest.mark.parametrize("way", WAYS)
def test_a_call_without_arguments(wired: Crossing, wire: Upstream) -> None:
    """Of a stream too: the provider answers in one piece."""
    wire.script = json_reply(without_arguments(wired.provider))
    question = wired.question("what time is it?", tools=True)
    first = wired.say(question)
    (call,) = first.calls
    assert (call.name, call.arguments) == ("now", {})
    wire.script = json_reply(body_of(wired.provider, "late"))
    last = wired.say(wired.speaker.go_on(question, first, [(call, "noon")]))
    assert last.text == "late"
    ((_, name, arguments),) = wired.seen().calls
    assert (name, arguments) == ("now", {})


# -- a Gemini client that does not ask for server-sent events

GENERATE = "/v1beta/models/m-1:streamGenerateContent"


def elements(daemon: Daemon, provider: str, text: str) -> tuple[int, Any]:
    """Status and value of a stream without `alt=sse`."""
    request = {"contents": [{"role": "user", "parts": [{"text": text}]}]}
    got = daemon.ask("POST", GENERATE, [(b"x-goog-api-key", KEYS[provider].encode())], json.dumps(request).encode())
    assert got.complete
    assert (got.field("content-type") or b"").startswith(b"application/json")
    return got.status, got.json()


@pytest.mark.parametrize("provider", NAMES)
def test_a_gemini_stream_as_an_array(crossroads: Daemon, provider: str) -> None:
    status, found = elements(crossroads, provider, "SIM_ECHO one two three")
    assert status == 200
    assert len(found) > 2
    choices = [choice for element in found for choice in element["candidates"]]
    assert (
        "".join(part["text"] for choice in choices for part in choice["content"]["parts"]) == "SIM_ECHO one two three"
    )
    assert choices[-1]["finishReason"] == "STOP"
    assert found[-1]["usageMetadata"]["candidatesTokenCount"] > 0
    assert gemini.check_stream("".join(f"data: {json.dumps(element)}\n\n" for element in found)) == []


@pytest.mark.parametrize("provider", [name for name in NAMES if name != "gemini"])
@pytest.mark.parametrize("marker", ["SIM_ERROR_MID 3", "SIM_CUT 3", "SIM_RESET 3"])
def test_a_gemini_array_that_ends_in_an_error(crossroads: Daemon, provider: str, marker: str) -> None:
    status, found = elements(crossroads, provider, f"{marker} SIM_WORDS 9")
    assert status == 200
    assert "".join(part["text"] for each in found[:-1] for part in each["candidates"][0]["content"]["parts"]) == (
        "the river runs"
    )
    assert found[-1]["error"]["message"]
    assert found[-1]["error"]["code"] >= 500


# -- google-genai on the stable API, with names as Python has them


@pytest.mark.parametrize("provider", NAMES)
@pytest.mark.parametrize("way", WAYS)
def test_google_genai_on_v1_with_names_in_snake_case(crossroads: Daemon, provider: str, way: str) -> None:
    extra = {
        "system_instruction": {"parts": [{"text": "Be brief."}]},
        "generation_config": {"max_output_tokens": 20, "stop_sequences": ["neverseen"]},
        "tools": [{"function_declarations": [{"name": "look_up", "parameters_json_schema": {"type": "object"}}]}],
        "tool_config": {"function_calling_config": {"mode": "NONE"}},
    }
    options = types.HttpOptions(base_url=crossroads.url, api_version="v1", extra_body=extra, timeout=20_000)
    with genai.Client(api_key=KEYS[provider], http_options=options) as client:
        models = client.models
        if way == "buffered":
            chunks = [models.generate_content(model=ASKED[provider], contents="SIM_WORDS 60 SIM_TOOL look_up")]
        else:
            stream = models.generate_content_stream(model=ASKED[provider], contents="SIM_WORDS 60 SIM_TOOL look_up")
            chunks = list(stream)
    text = "".join(part.text or "" for chunk in chunks for part in chunk.candidates[0].content.parts)
    assert len(text.split()) == 20
    assert chunks[-1].candidates[0].finish_reason == types.FinishReason.MAX_TOKENS
