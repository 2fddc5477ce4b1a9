"""Tokens and models, read from exchanges that were recorded with real providers."""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Callable

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccproxy.exchange import Exchange, HttpRequest, HttpResponse
from ccproxy.flows.usage.usage import Usage, model_in, model_of, usage_dict, usage_of, wants_stream

type Recording = Callable[[str], Exchange]

USAGE = {
    "anthropic_buffered": Usage(7, 60, 0, 1069),
    "anthropic_stream": Usage(1007, 59),
    "anthropic_error": None,
    "chat_buffered": Usage(44, 5, 224),
    "chat_stream": Usage(53, 15),
    "responses_buffered": Usage(72, 16, 128),
    "responses_stream": Usage(255, 16),
    "gemini_buffered": Usage(265, 28, 594),
    "gemini_thinking": Usage(15, 283),
    "gemini_stream": Usage(13, 8),
}

MODEL = {
    "anthropic_buffered": "claude-sonnet-4-5",
    "anthropic_error": "claude-sonet-4-5",
    "chat_stream": "gpt-4o-mini",
    "responses_stream": "gpt-4o",
    "gemini_buffered": "gemini-2.5-flash",
    "gemini_stream": "gemini-2.0-flash-exp",
}


def answer(body: bytes, coding: bytes = b"") -> Exchange:
    ex = Exchange(HttpRequest("POST", b"/v1/messages", []))
    ex.provider_response = HttpResponse(200, [(b"Content-Encoding", coding)] if coding else [], chunks=[body])
    return ex


@pytest.mark.parametrize(("name", "usage"), USAGE.items())
def test_usage_as_the_provider_reported_it(recording: Recording, name: str, usage: Usage | None) -> None:
    assert usage_of(recording(name)) == usage


@pytest.mark.parametrize(("name", "model"), MODEL.items())
def test_model_as_the_client_asked_for_it(recording: Recording, name: str, model: str) -> None:
    assert model_of(recording(name)) == model


@pytest.mark.parametrize("name", ["anthropic_buffered", "anthropic_stream", "responses_stream"])
def test_content_codings_are_undone(recording: Recording, name: str) -> None:
    ex = recording(name)
    assert ex.provider_response is not None
    body = ex.provider_response.body
    for coding, encoded in ((b"gzip", gzip.compress(body)), (b"deflate", zlib.compress(body))):
        assert usage_of(answer(encoded, coding)) == USAGE[name]


def test_a_gemini_json_array_is_a_stream_too(recording: Recording) -> None:
    ex = recording("gemini_stream")
    assert ex.provider_response is not None
    events = [line[5:] for line in ex.provider_response.body.splitlines() if line.startswith(b"data:")]
    array = b"[" + b",\r\n".join(events) + b"]"
    assert usage_of(answer(array)) == USAGE["gemini_stream"]


def test_a_code_assist_envelope_is_looked_into() -> None:
    inner = {"response": {"usageMetadata": {"promptTokenCount": 3, "candidatesTokenCount": 4}}, "traceId": "x"}
    assert usage_of(answer(orjson.dumps(inner))) == Usage(3, 4)
    assert usage_of(answer(b"data: " + orjson.dumps(inner) + b"\n\n")) == Usage(3, 4)


def test_a_stream_that_broke_off_says_what_it_said(recording: Recording) -> None:
    ex = recording("anthropic_stream")
    assert ex.provider_response is not None
    start = ex.provider_response.body.split(b"\n\n")[0]
    assert usage_of(answer(start + b"\n\nevent: message_de")) == Usage(1007, 1)


def test_later_numbers_replace_earlier_ones_and_nulls_do_not() -> None:
    start = b'event: message_start\r\ndata: {"message":{"usage":{"input_tokens":0,"output_tokens":1}}}\r\n\r\n'
    delta = b'data: {"usage":{"input_tokens":12,"output_tokens":9,"cache_read_input_tokens":null}}\r\n\r\n'
    assert usage_of(answer(start + delta)) == Usage(12, 9)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"null",
        b"{",
        b'{"usage":[]}',
        b'{"usage":{}}',
        b'data: {"usage\n\n',
        b"[[[]]]",
        b'{"usage":{"x":1}}',
    ],
)
def test_a_body_without_usage_has_none(body: bytes) -> None:
    assert usage_of(answer(body)) is None


def test_odd_numbers_count_as_nothing() -> None:
    body = b'{"usage":{"prompt_tokens":-5,"completion_tokens":true,"prompt_tokens_details":[]}}'
    assert usage_of(answer(body)) == Usage(0, 0)
    body = b'{"usage":{"prompt_tokens":5,"completion_tokens":1e400,"prompt_tokens_details":{"cached_tokens":9}}}'
    assert usage_of(answer(body)) is None
    body = b'{"usage":{"prompt_tokens":5,"completion_tokens":"1","prompt_tokens_details":{"cached_tokens":9}}}'
    assert usage_of(answer(body)) == Usage(0, 0, 9)


def test_no_answer_no_usage() -> None:
    assert usage_of(Exchange(HttpRequest("GET", b"/", []))) is None
    assert usage_dict(Exchange(HttpRequest("GET", b"/", []))) is None
    assert usage_dict(answer(b'{"usage":{"prompt_tokens":1}}')) == {
        "input_tokens": 1,
        "output_tokens": 0,
        "cache_read_input_tokens": 0,
        "cache_creation_input_tokens": 0,
    }


def test_models_in_bodies_and_paths() -> None:
    def post(body: bytes, target: bytes = b"/v1/messages", coding: bytes = b"identity") -> HttpRequest:
        return HttpRequest("POST", target, [(b"content-encoding", coding)], body)

    assert model_in(post(b' { "model" : "a\\"b" , "messages": [')) == 'a"b'
    assert model_in(post(b'{"messages":[{"model":"no"}],"model":"yes"}')) == "yes"
    assert model_in(post(gzip.compress(b'{"x":1,"model":"zipped"}'), coding=b"gzip")) == "zipped"
    assert model_in(post(b'{"model":7}')) is None
    assert model_in(post(b"\xff")) is None
    assert model_in(post(b"", b"/v1beta/models/a%20b:countTokens?key=x")) == "a b"
    assert model_in(post(b"", b"/v1/models")) is None
    assert model_in(None) is None


def test_streams_are_asked_for_in_bodies_and_paths() -> None:
    assert wants_stream(HttpRequest("POST", b"/v1/messages", [], b'{"stream":true}'))
    assert not wants_stream(HttpRequest("POST", b"/v1/messages", [], b'{"stream":1}'))
    assert not wants_stream(HttpRequest("GET", b"/v1/messages", []))
    assert wants_stream(HttpRequest("POST", b"/v1beta/models/m:streamGenerateContent?alt=sse", []))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["usage", "usageMetadata", "message", "response", "prompt_tokens", "input_tokens", "model", "x"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)
CODINGS = st.sampled_from([b"", b"gzip", b"deflate", b"br", b"zstd", b"gzip, br", b"\xff"])


@given(body=st.binary(max_size=200), coding=CODINGS)
def test_arbitrary_bytes_never_raise(body: bytes, coding: bytes) -> None:
    usage_of(answer(body, coding))
    request = HttpRequest("POST", body, [(b"content-encoding", coding)], body)
    model_in(request)
    wants_stream(request)


@given(value=JSON, stream=st.booleans())
def test_arbitrary_json_never_raises(value: object, stream: bool) -> None:
    body = json.dumps(value).encode()
    usage = usage_of(answer(b"data: " + body + b"\n\n" if stream else body))
    assert usage is None or min(usage.input_tokens, usage.output_tokens, usage.cache_read_input_tokens) >= 0
    model_in(HttpRequest("POST", b"/", [], body))
