"""What clients are told of the thread that an answer belongs to, as the official SDKs read it."""

from __future__ import annotations

import json
from typing import Any

import httpx
import httpx2
import pytest
from anthropic import Anthropic
from google import genai
from google.genai import types
from openai import OpenAI

from ccproxy.exchange import CLIENT_FORMATS, WireFormat
from ccproxy.lightllm import events as ev
from ccproxy.lightllm.answer import collect
from ccproxy.lightllm.asked import Asked
from ccproxy.lightllm.formats import buffered_module, stream_module
from ccproxy.lightllm.translate import write_answer
from tests.support.grammar import anthropic, gemini, openai_chat, openai_responses

SLUG = "why-is-the-sky-blue-ab.12"
TOLD = {"pplx_thread_url_slug": SLUG, "session_id": SLUG}
SAID: tuple[ev.Event, ...] = (
    ev.MessageStart("b1", "perplexity/best", 7, origin=WireFormat.PERPLEXITY),
    ev.TextStart(0),
    ev.TextDelta(0, "Because."),
    ev.BlockStop(0),
)
GRAMMARS = {
    WireFormat.ANTHROPIC: anthropic.check_stream,
    WireFormat.OPENAI: openai_chat.check_stream,
    WireFormat.OPENAI_RESPONSES: openai_responses.check_stream,
    WireFormat.GEMINI: gemini.check_stream,
}


def answer(metadata: dict[str, str] | None = TOLD, reason: ev.StopReason = ev.StopReason.DONE) -> list[ev.Event]:
    return [*SAID, ev.Finish(reason, metadata=metadata), ev.End()]


def streamed(client: WireFormat, events: list[ev.Event], **asked: Any) -> bytes:
    writer = stream_module(client).StreamWriter(Asked("m", **asked))
    return b"".join(map(writer.write, events))


def replying(client: WireFormat, *, stream: bool, **asked: Any) -> dict[str, Any]:
    """A reply to any request with the answer, in a client's format."""
    whole = write_answer(collect(answer()), client, Asked("m", **asked))
    headers = {"content-type": "text/event-stream" if stream else "application/json"}
    return {"content": streamed(client, answer(), **asked) if stream else whole, "headers": headers}


def web(client: WireFormat, *, stream: bool, **asked: Any) -> httpx.Client:
    """The web for the SDKs of OpenAI and Google."""
    reply = replying(client, stream=stream, **asked)
    return httpx.Client(transport=httpx.MockTransport(lambda _: httpx.Response(200, **reply)))


def claude(*, stream: bool) -> Anthropic:
    """Anthropic's SDK, which uses another client."""
    reply = replying(WireFormat.ANTHROPIC, stream=stream)
    transport = httpx2.MockTransport(lambda _: httpx2.Response(200, **reply))
    return Anthropic(api_key="k", max_retries=0, http_client=httpx2.Client(transport=transport))


@pytest.mark.parametrize("usage", [True, False], ids=["with usage", "without"])
def test_chat_completions(usage: bool) -> None:
    options: dict[str, Any] = {"stream_options": {"include_usage": usage}}
    hi: Any = [{"role": "user", "content": "hi"}]
    with OpenAI(api_key="k", http_client=web(WireFormat.OPENAI, stream=True, document=options)) as client:
        chunks = list(client.chat.completions.create(model="m", messages=hi, stream=True))
    told = [chunk.model_extra for chunk in chunks if chunk.model_extra and chunk.model_extra.get("metadata")]
    assert told == [{"metadata": TOLD, "pplx_thread_url_slug": SLUG}]
    assert [bool(chunk.choices and chunk.choices[0].finish_reason) for chunk in chunks if chunk.model_extra] == [True]
    with (
        OpenAI(api_key="k", http_client=web(WireFormat.OPENAI, stream=True, document=options)) as client,
        client.chat.completions.stream(model="m", messages=hi) as stream,
    ):
        assert stream.get_final_completion().choices[0].message.content == "Because."


def test_a_whole_chat_completion() -> None:
    with OpenAI(api_key="k", http_client=web(WireFormat.OPENAI, stream=False)) as client:
        completion = client.chat.completions.create(model="m", messages=[{"role": "user", "content": "hi"}])
    assert completion.choices[0].message.content == "Because."
    assert completion.metadata == TOLD
    assert (completion.model_extra or {})["pplx_thread_url_slug"] == SLUG


OWN: dict[str, Any] = {"metadata": {"team": "t", "session_id": "asked"}}


@pytest.mark.parametrize(("document", "told"), [({}, TOLD), (OWN, {"team": "t"} | TOLD), ({"metadata": None}, TOLD)])
def test_a_response(document: dict[str, Any], told: dict[str, str]) -> None:
    with OpenAI(api_key="k", http_client=web(WireFormat.OPENAI_RESPONSES, stream=False, document=document)) as client:
        response = client.responses.create(model="m", input="hi")
    with (
        OpenAI(api_key="k", http_client=web(WireFormat.OPENAI_RESPONSES, stream=True, document=document)) as client,
        client.responses.stream(model="m", input="hi") as stream,
    ):
        final = stream.get_final_response()
    assert (response.output_text, response.metadata) == ("Because.", told)
    assert (final.output_text, final.metadata) == ("Because.", told)


def test_an_anthropic_message() -> None:
    hi: Any = [{"role": "user", "content": "hi"}]
    with claude(stream=False) as client:
        message = client.messages.create(model="m", max_tokens=9, messages=hi)
    assert (message.model_extra or {})["metadata"] == TOLD
    with claude(stream=True) as client:
        deltas = [
            event
            for event in client.messages.create(model="m", max_tokens=9, messages=hi, stream=True)
            if event.type == "message_delta"
        ]
    assert [(delta.model_extra or {})["metadata"] for delta in deltas] == [TOLD]
    with (
        claude(stream=True) as client,
        client.messages.stream(model="m", max_tokens=9, messages=hi) as stream,
    ):
        assert stream.get_final_text() == "Because."
        assert stream.get_final_message().stop_reason == "end_turn"


def test_geminis_sdk_takes_it_and_passes_it_over() -> None:
    for stream in (False, True):
        options = types.HttpOptions(httpx_client=web(WireFormat.GEMINI, stream=stream))
        with genai.Client(api_key="k", vertexai=False, http_options=options) as client:
            ask = client.models.generate_content_stream if stream else client.models.generate_content
            answered: Any = ask(model="m", contents="hi")
            chunks = list(answered) if stream else [answered]
        assert "".join(chunk.text or "" for chunk in chunks) == "Because."


def test_geminis_last_chunk_has_it() -> None:
    plain = streamed(WireFormat.GEMINI, answer())
    last = json.loads(plain.decode().split("data: ")[-1])
    assert last["metadata"] == TOLD
    assert plain.count(SLUG.encode()) == 2
    (wrapped,) = json.loads(streamed(WireFormat.GEMINI, answer(), sse=False, wrapped=True))[-1:]
    assert wrapped["response"]["metadata"] == TOLD


@pytest.mark.parametrize("client", CLIENT_FORMATS)
@pytest.mark.parametrize("metadata", [None, {}], ids=["none", "empty"])
def test_without_any_the_answer_is_as_ever(client: WireFormat, metadata: dict[str, str] | None) -> None:
    assert b"pplx" not in streamed(client, answer(metadata))
    body = buffered_module(client).write_body(collect(answer(metadata)), Asked("m"))
    assert body.get("metadata", {}) == {}


@pytest.mark.parametrize("client", CLIENT_FORMATS)
@pytest.mark.parametrize("reason", list(ev.StopReason))
def test_streams_keep_to_their_grammar_and_to_one_line_an_event(client: WireFormat, reason: ev.StopReason) -> None:
    odd = {**TOLD, "session_id": 'a"b\\c\nd\u2028e'}
    stream = streamed(client, answer(odd, reason))
    assert GRAMMARS[client](stream.decode()) == []
    body = buffered_module(client).write_body(collect(answer(odd, reason)), Asked("m"))
    assert body["metadata"] == odd


@pytest.mark.parametrize("client", CLIENT_FORMATS)
def test_an_error_tells_of_no_thread(client: WireFormat) -> None:
    failed = [*SAID, ev.Finish(ev.StopReason.DONE, metadata=TOLD), ev.Error(ev.WireError(502, "cut off"))]
    assert SLUG.encode() not in streamed(client, failed)
