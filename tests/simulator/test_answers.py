"""What `respond` answers: the markers, the tools, the limits, structured output, usage."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ccproxy.simulator import Reply, Reset, Send
from tests.simulator.asking import (
    FORMATS,
    PARAMETERS,
    ask,
    calls_of,
    declared,
    events,
    post,
    question,
    streamed_text,
    text_of,
    value,
)


@pytest.fixture(params=FORMATS)
def wire(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_the_default_answer_quotes_the_prompt(wire: str) -> None:
    text = text_of(wire, value(ask(wire, "Where is the nearest lighthouse?")))
    assert "Where is the nearest lighthouse?" in text
    assert 20 <= len(text.split()) <= 40
    assert not text.isascii()


def test_a_stream_says_the_same_in_many_pieces(wire: str) -> None:
    reply = ask(wire, "hello", stream=True)
    assert len(reply.events) > 20
    assert streamed_text(wire, reply.body) == text_of(wire, value(ask(wire, "hello")))
    assert b"content-length" not in dict(reply.headers)


@pytest.mark.parametrize("stream", [False, True])
def test_the_same_request_gets_the_same_bytes(wire: str, stream: bool) -> None:
    assert ask(wire, "SIM_THINK hello", stream) == ask(wire, "SIM_THINK hello", stream)


def test_echo_gives_the_exact_text(wire: str) -> None:
    text = "SIM_ECHO  tabs\there,\nlines,  twö  spaces\u2028and 🦊 "
    assert text_of(wire, value(ask(wire, text))) == text
    assert streamed_text(wire, ask(wire, text, stream=True).body) == text


def test_words_sets_the_length(wire: str) -> None:
    assert len(text_of(wire, value(ask(wire, "SIM_WORDS 250"))).split()) == 250


def test_a_tool_is_called_with_the_given_arguments(wire: str) -> None:
    answer = value(ask(wire, 'SIM_TOOL look_up {"city": "Zürich"} and more', **declared(wire, "look_up", PARAMETERS)))
    assert calls_of(wire, answer) == [("look_up", {"city": "Zürich"})]


def test_arguments_that_nobody_gave_fit_the_schema(wire: str) -> None:
    answer = value(ask(wire, "SIM_TOOL look_up", **declared(wire, "look_up", PARAMETERS)))
    assert calls_of(wire, answer) == [("look_up", {"city": "simulated city"})]


def test_several_markers_are_parallel_calls(wire: str) -> None:
    text = 'SIM_TOOL look_up {"city": "Rome"}\nSIM_TOOL look_up {"city": "Oslo"}'
    answer = value(ask(wire, text, **declared(wire, "look_up", PARAMETERS)))
    assert [arguments["city"] for _, arguments in calls_of(wire, answer)] == ["Rome", "Oslo"]


ONE_AT_A_TIME: dict[str, dict[str, Any]] = {
    "anthropic": {"tool_choice": {"type": "auto", "disable_parallel_tool_use": True}},
    "openai_chat": {"parallel_tool_calls": False},
    "openai_responses": {"parallel_tool_calls": False},
}


@pytest.mark.parametrize("wire", ONE_AT_A_TIME)
def test_parallel_calls_can_be_forbidden(wire: str) -> None:
    options = declared(wire, "look_up", PARAMETERS) | ONE_AT_A_TIME[wire]
    assert len(calls_of(wire, value(ask(wire, "SIM_TOOL look_up SIM_TOOL look_up", **options)))) == 1


FORCED: dict[str, list[dict[str, Any]]] = {
    "anthropic": [{"tool_choice": {"type": "any"}}, {"tool_choice": {"type": "tool", "name": "look_up"}}],
    "openai_chat": [
        {"tool_choice": "required"},
        {"tool_choice": {"type": "function", "function": {"name": "look_up"}}},
    ],
    "openai_responses": [{"tool_choice": "required"}, {"tool_choice": {"type": "function", "name": "look_up"}}],
    "gemini": [
        {"toolConfig": {"functionCallingConfig": {"mode": "ANY"}}},
        {"tool_config": {"function_calling_config": {"mode": "any", "allowed_function_names": ["look_up"]}}},
    ],
}
FORBIDDEN: dict[str, dict[str, Any]] = {
    "anthropic": {"tool_choice": {"type": "none"}},
    "openai_chat": {"tool_choice": "none"},
    "openai_responses": {"tool_choice": "none"},
    "gemini": {"toolConfig": {"functionCallingConfig": {"mode": "NONE"}}},
}


@pytest.mark.parametrize(("wire", "number"), [(wire, number) for wire in FORMATS for number in (0, 1)])
def test_a_forced_tool_is_called_without_a_marker(wire: str, number: int) -> None:
    options = declared(wire, "look_up", PARAMETERS) | FORCED[wire][number]
    assert calls_of(wire, value(ask(wire, "hello", **options))) == [("look_up", {"city": "simulated city"})]


def test_no_tool_is_called_where_none_is_allowed(wire: str) -> None:
    options = declared(wire, "look_up", PARAMETERS) | FORBIDDEN[wire]
    assert calls_of(wire, value(ask(wire, "SIM_TOOL look_up", **options))) == []


def test_no_tool_is_called_where_none_is_declared(wire: str) -> None:
    assert text_of(wire, value(ask(wire, "SIM_TOOL look_up"))).startswith("Hello")


WITH_RESULT: dict[str, dict[str, Any]] = {
    "anthropic": {
        "messages": [
            {"role": "user", "content": "SIM_TOOL look_up"},
            {"role": "assistant", "content": [{"type": "tool_use", "id": "a", "name": "look_up", "input": {}}]},
            {
                "role": "user",
                "content": [
                    {
                        "type": "tool_result",
                        "tool_use_id": "a",
                        "content": [{"type": "text", "text": "sunny SIM_CUT 1"}],
                    },
                    {"type": "text", "text": "a reminder"},
                ],
            },
        ]
    },
    "openai_chat": {
        "messages": [
            {"role": "user", "content": "SIM_TOOL look_up"},
            {"role": "assistant", "tool_calls": []},
            {"role": "tool", "tool_call_id": "a", "content": "sunny SIM_CUT 1"},
        ]
    },
    "openai_responses": {
        "input": [
            {"role": "user", "content": "SIM_TOOL look_up"},
            {"type": "function_call", "call_id": "a", "name": "look_up", "arguments": "{}"},
            {"type": "function_call_output", "call_id": "a", "output": "sunny SIM_CUT 1"},
        ]
    },
    "gemini": {
        "contents": [
            {"role": "user", "parts": [{"text": "SIM_TOOL look_up"}]},
            {"role": "model", "parts": [{"functionCall": {"name": "look_up", "args": {}}}]},
            {
                "role": "user",
                "parts": [{"functionResponse": {"name": "look_up", "response": {"output": "sunny SIM_CUT 1"}}}],
            },
        ]
    },
}


def test_a_tool_result_is_quoted_and_holds_no_markers(wire: str) -> None:
    answer = value(ask(wire, "", **WITH_RESULT[wire], **declared(wire, "look_up", PARAMETERS)))
    assert text_of(wire, answer) == "TOOL RESULT: sunny SIM_CUT 1"


LIMITS: dict[str, tuple[dict[str, Any], str]] = {
    "anthropic": ({"max_tokens": 7}, "max_tokens"),
    "openai_chat": ({"max_completion_tokens": 7}, "length"),
    "openai_responses": ({"max_output_tokens": 7}, "max_output_tokens"),
    "gemini": ({"generationConfig": {"maxOutputTokens": 7}}, "MAX_TOKENS"),
}
STOPPED: dict[str, tuple[dict[str, Any], str]] = {
    "anthropic": ({"stop_sequences": ["three", "four"]}, "stop_sequence"),
    "openai_chat": ({"stop": "three"}, "stop"),
    "gemini": ({"generationConfig": {"stopSequences": ["three"]}}, "STOP"),
}


def reason(wire: str, answer: Any) -> str:
    """Why an answer ended."""
    if wire == "anthropic":
        return str(answer["stop_reason"])
    if wire == "openai_responses":
        return str((answer["incomplete_details"] or {}).get("reason") or answer["status"])
    return str(
        answer["choices"][0]["finish_reason"] if wire == "openai_chat" else answer["candidates"][0]["finishReason"]
    )


def test_a_small_limit_truncates(wire: str) -> None:
    options, expected = LIMITS[wire]
    answer = value(ask(wire, "SIM_WORDS 50", **options))
    assert reason(wire, answer) == expected
    assert len(text_of(wire, answer).split()) == 7


@pytest.mark.parametrize("wire", STOPPED)
def test_stop_sequences_are_honoured(wire: str) -> None:
    options, expected = STOPPED[wire]
    answer = value(ask(wire, "SIM_ECHO one two three four", **options))
    assert reason(wire, answer) == expected
    assert text_of(wire, answer) == "SIM_ECHO one two "
    if wire == "anthropic":
        assert answer["stop_sequence"] == "three"


SCHEMA = {
    "type": "object",
    "properties": {
        "title": {"type": "string"},
        "score": {"type": "integer", "minimum": 3},
        "kind": {"enum": ["b", "a"]},
    },
    "required": ["title", "score", "kind"],
}
STRUCTURED: list[tuple[str, dict[str, Any]]] = [
    ("anthropic", {"output_config": {"format": {"type": "json_schema", "schema": SCHEMA}}}),
    ("openai_chat", {"response_format": {"type": "json_schema", "json_schema": {"name": "x", "schema": SCHEMA}}}),
    ("openai_responses", {"text": {"format": {"type": "json_schema", "name": "x", "schema": SCHEMA}}}),
    ("gemini", {"generationConfig": {"responseMimeType": "application/json", "responseJsonSchema": SCHEMA}}),
    ("gemini", {"generation_config": {"response_mime_type": "application/json", "response_schema": SCHEMA}}),
]


@pytest.mark.parametrize(("wire", "options"), STRUCTURED)
def test_structured_output_fits_its_schema(wire: str, options: dict[str, Any]) -> None:
    text = text_of(wire, value(ask(wire, "hello", **options)))
    assert json.loads(text) == {"title": "simulated title", "score": 3, "kind": "b"}


def test_json_on_demand(wire: str) -> None:
    assert json.loads(text_of(wire, value(ask(wire, "SIM_JSON")))) == {"simulator": True, "said": "…"}


def test_refusals() -> None:
    assert value(ask("anthropic", "SIM_REFUSE"))["stop_reason"] == "refusal"
    choice = value(ask("openai_chat", "SIM_REFUSE"))["choices"][0]
    assert (choice["message"]["content"], choice["finish_reason"]) == (None, "stop")
    assert choice["message"]["refusal"]
    assert value(ask("openai_responses", "SIM_REFUSE"))["output"][0]["content"][0]["type"] == "refusal"
    kinds = [event["type"] for event in events(ask("openai_responses", "SIM_REFUSE", stream=True).body)]
    assert "response.refusal.delta" in kinds
    assert "candidates" not in value(ask("gemini", "SIM_REFUSE"))


STOP_REASONS = {"anthropic": "max_tokens", "openai_chat": "length", "openai_responses": "max_output_tokens"}


@pytest.mark.parametrize("wire", STOP_REASONS)
def test_a_stop_reason_on_demand(wire: str) -> None:
    assert reason(wire, value(ask(wire, "SIM_STOP max_tokens"))) == STOP_REASONS[wire]
    assert reason(wire, value(ask(wire, "SIM_STOP something_new"))) == "something_new"


@pytest.mark.parametrize("include", [True, False])
def test_chat_streams_report_usage_when_asked(include: bool) -> None:
    reply = ask("openai_chat", "hi", stream=True, stream_options={"include_usage": include})
    assert any(event != "[DONE]" and event.get("usage") for event in events(reply.body)) is include


def test_logprobs() -> None:
    choice = value(ask("openai_chat", "SIM_WORDS 3", logprobs=True))["choices"][0]
    assert [entry["token"] for entry in choice["logprobs"]["content"]] == ["the", " river", " runs"]


def test_the_cache_is_written_first_and_read_later() -> None:
    system = [{"type": "text", "text": "be brief " * 500, "cache_control": {"type": "ephemeral", "ttl": "1h"}}]
    first = value(ask("anthropic", "hello", system=system))["usage"]
    turns = [
        {"role": "user", "content": "hello"},
        {"role": "assistant", "content": "hi"},
        {"role": "user", "content": "again"},
    ]
    later = value(ask("anthropic", "", system=system, messages=turns))["usage"]
    assert first["cache_creation_input_tokens"] == later["cache_read_input_tokens"] > 500
    assert first["cache_creation"]["ephemeral_1h_input_tokens"] == first["cache_creation_input_tokens"]
    assert first["cache_read_input_tokens"] == later["cache_creation_input_tokens"] == 0


def test_openai_caches_long_conversations_unasked() -> None:
    turns = [
        {"role": "user", "content": "word " * 2000},
        {"role": "assistant", "content": "hi"},
        {"role": "user", "content": "more"},
    ]
    assert value(ask("openai_chat", "", messages=turns))["usage"]["prompt_tokens_details"]["cached_tokens"] == 1920


def test_counting_agrees_with_usage() -> None:
    body = question("anthropic", "how many words are these")
    counted = value(post("/v1/messages/count_tokens", body))["input_tokens"]
    assert counted == value(post("/v1/messages", body))["usage"]["input_tokens"]
    body = question("gemini", "how many words are these")
    counted = value(post("/v1beta/models/x:countTokens", {"generateContentRequest": body}))["totalTokens"]
    assert counted == value(post("/v1beta/models/x:generateContent", body))["usageMetadata"]["promptTokenCount"]


def test_code_assist_wraps_the_same_answer() -> None:
    inner = question("gemini", "hello")
    wrapped = value(post("/v1internal:generateContent", {"model": "gemini-sim", "project": "p", "request": inner}))
    assert wrapped["traceId"]
    assert wrapped["response"]["modelVersion"] == "gemini-sim"
    assert text_of("gemini", wrapped["response"]) == text_of("gemini", value(ask("gemini", "hello")))


def test_without_alt_sse_google_streams_an_array() -> None:
    reply = post("/v1beta/models/x:streamGenerateContent", question("gemini", "SIM_WORDS 4"))
    assert len(reply.events) == 6
    assert "".join(text_of("gemini", chunk) for chunk in value(reply)) == "the river runs slowly"


def test_reasoning_is_shown_and_sealed_only_if_asked() -> None:
    bare = value(ask("openai_responses", "hi", reasoning={"effort": "low"}))
    assert bare["output"][0]["summary"] == []
    assert "encrypted_content" not in bare["output"][0]
    include = ["reasoning.encrypted_content"]
    full = value(ask("openai_responses", "hi", reasoning={"effort": "low", "summary": "auto"}, include=include))
    assert full["output"][0]["summary"][0]["text"]
    assert full["output"][0]["encrypted_content"]
    assert full["usage"]["output_tokens_details"]["reasoning_tokens"] > 0


def deltas(wire: str, reply: Reply) -> int:
    """How many pieces of text a stream carries."""
    return len(streamed_text(wire, reply.body).split())


@pytest.mark.parametrize("marker", ["SIM_CUT 4", "SIM_RESET 4", "SIM_ERROR_MID 4"])
def test_faults_in_mid_stream(wire: str, marker: str) -> None:
    reply = ask(wire, f"SIM_WORDS 9 {marker}", stream=True)
    assert deltas(wire, reply) == 4
    assert isinstance(reply.events[-1], Reset) is marker.startswith("SIM_RESET")
    body = reply.body
    assert b"[DONE]" not in body
    assert b"message_stop" not in body
    assert b"response.completed" not in body
    assert b"finishReason" not in body
    assert (b'"error":{' in body) is marker.startswith("SIM_ERROR_MID")


def test_a_reset_before_everything(wire: str) -> None:
    assert ask(wire, "SIM_RESET 0", stream=True).events == [Reset()]
    assert ask(wire, "SIM_RESET 0").events == [Reset()]


@pytest.mark.parametrize("marker", ["SIM_CUT 1", "SIM_RESET 1"])
def test_a_buffered_answer_breaks_off_in_the_middle(wire: str, marker: str) -> None:
    reply = ask(wire, marker)
    assert 0 < len(reply.body) < int(dict(reply.headers)[b"content-length"])
    assert isinstance(reply.events[-1], Reset)


def test_pace_and_stall() -> None:
    def waits(text: str) -> list[float]:
        steps = ask("openai_chat", text, stream=True).events
        return [step.delay for step in steps if isinstance(step, Send)]

    assert waits("SIM_WORDS 3 SIM_PACE 20") == [0.0, 0.05, 0.05, 0.05, 0.05, 0.05]
    assert waits("SIM_WORDS 3 SIM_STALL 2") == [2.0, 0, 0, 0, 0, 0]
    assert waits("SIM_WORDS 3 SIM_STALL 2.5 2") == [0, 0, 0, 2.5, 0, 0]
    (step,) = ask("openai_chat", "SIM_STALL 3").events
    assert step.delay == 3.0
