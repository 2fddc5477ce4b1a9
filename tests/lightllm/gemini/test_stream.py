"""Streams of Gemini's format, as they are read."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ccproxy.exchange import WireFormat
from ccproxy.lightllm import answer as an
from ccproxy.lightllm import events as ev
from ccproxy.lightllm.failures import Malformed
from ccproxy.lightllm.gemini.stream import StreamReader
from ccproxy.lightllm.signatures import sealed
from tests.lightllm.gemini.wire import OWN, answer, call, chunk, only, read, text

STOP = ev.StopReason


def test_text() -> None:
    assert read(chunk(text("Hel")), chunk(text("lo"), stop="STOP")) == [
        ev.MessageStart("r1", "gemini-x"),
        ev.UsageUpdate(ev.Usage(input=10, output=5)),
        ev.TextStart(0),
        ev.TextDelta(0, "Hel"),
        ev.TextDelta(0, "lo"),
        ev.BlockStop(0),
        ev.UsageUpdate(ev.Usage(input=10, output=5)),
        ev.Finish(STOP.DONE, native="STOP"),
        ev.End(),
    ]


def test_a_delta_comes_at_once() -> None:
    assert only(read(chunk(text("now")), end=False), ev.TextDelta) == [ev.TextDelta(0, "now")]


def test_thoughts_are_thinking() -> None:
    """C5: thoughts do not leak into the answer, and the signature of a later part is kept."""
    whole = answer(
        chunk(text("I ", thought=True)),
        chunk(text("think", thought=True)),
        chunk(text("Answer", thoughtSignature="c2ln"), stop="STOP"),
    )
    thought, said = whole.blocks
    assert isinstance(thought, an.Thinking)
    assert (thought.text, thought.signature) == ("I think", ev.Opaque(OWN, "c2ln"))
    assert isinstance(said, an.Text)
    assert said.text == "Answer"


def test_a_signature_on_a_call_comes_right_before_it() -> None:
    """C5."""
    events = read(chunk(text("Let me look.")), chunk(call("look", {"a": 1}, thoughtSignature="c2ln"), stop="STOP"))
    kinds = [type(event) for event in events]
    at = kinds.index(ev.ThinkingStart)
    assert kinds[at - 1 : at + 4] == [ev.BlockStop, ev.ThinkingStart, ev.Signature, ev.BlockStop, ev.ToolCallStart]


def test_a_signature_on_an_empty_part_leaves_the_text_open_for_its_sources() -> None:
    """As Gemini 3 ends its streams: first the signature, and the grounding in a chunk of its own."""
    grounding = {
        "groundingChunks": [{"web": {"uri": "https://a.example", "title": "A"}}],
        "groundingSupports": [{"segment": {"endIndex": 5}, "groundingChunkIndices": [0]}],
    }
    said, signed, *_ = answer(
        chunk(text("Paris")), chunk(text("", thoughtSignature="c2ln")), chunk(stop="STOP", groundingMetadata=grounding)
    ).blocks
    assert isinstance(said, an.Text)
    assert [(item.url, item.start, item.end) for item in said.citations] == [("https://a.example", 0, 5)]
    assert isinstance(signed, an.Thinking)
    assert signed.signature == ev.Opaque(OWN, "c2ln")


def test_two_signatures_are_two_blocks() -> None:
    events = read(chunk(call("a", thoughtSignature="QQ=="), call("b", thoughtSignature="Qg=="), stop="STOP"))
    assert [event.opaque.data for event in only(events, ev.Signature)] == ["QQ==", "Qg=="]
    assert len(only(events, ev.ThinkingStart)) == 2


def test_a_foreign_signature_is_known_again() -> None:
    foreign = ev.Opaque(WireFormat.ANTHROPIC, "EqQBCg==")
    events = read(chunk(call("a", thoughtSignature=sealed(foreign, OWN)), stop="STOP"))
    assert [event.opaque for event in only(events, ev.Signature)] == [foreign]


def test_calls() -> None:
    """C2, C9: parallel calls are whole, one after the other, and the stop is that of a call."""
    whole = answer(chunk(call("a", {"x": [1, {"y": None}]}), call("b")), chunk(text(""), stop="STOP"))
    first, second = whole.blocks
    assert isinstance(first, an.ToolCall)
    assert isinstance(second, an.ToolCall)
    assert (first.id, first.name, json.loads(first.arguments)) == ("id_a", "a", {"x": [1, {"y": None}]})
    assert (second.id, json.loads(second.arguments)) == ("id_b", {})
    assert whole.finish == ev.Finish(STOP.TOOL_CALL, native="STOP")


def test_calls_without_ids() -> None:
    made = only(
        read(chunk({"functionCall": {"name": "a"}}, {"functionCall": {"name": "a"}}, stop="STOP")), ev.ToolCallStart
    )
    assert len({event.id for event in made}) == 2
    assert all(event.id for event in made)


def test_arguments_as_text_are_taken() -> None:
    (found,) = only(read(chunk({"functionCall": {"name": "a", "args": '{"x": 1}'}}, stop="STOP")), ev.ArgumentsDelta)
    assert json.loads(found.json) == {"x": 1}


def test_arguments_in_pieces() -> None:
    """Vertex AI's `streamFunctionCallArguments`."""
    pieces: list[Any] = [
        {"name": "f", "id": "i", "willContinue": True},
        {"partialArgs": [{"jsonPath": "$.city", "stringValue": "New ", "willContinue": True}], "willContinue": True},
        {"partialArgs": [{"jsonPath": "$.city", "stringValue": "York"}], "willContinue": True},
        {"partialArgs": [{"jsonPath": "$.city", "stringValue": "k"}], "willContinue": True},
        {"partialArgs": [{"jsonPath": "$.list[0]['a.b']", "numberValue": 3}], "willContinue": True},
        {"partialArgs": [{"jsonPath": "$.list[1]", "boolValue": False}], "willContinue": True},
        {},
    ]
    whole = answer(*(chunk({"functionCall": piece}) for piece in pieces), chunk(stop="STOP"))
    (made,) = whole.blocks
    assert isinstance(made, an.ToolCall)
    assert (made.id, made.name) == ("i", "f")
    assert json.loads(made.arguments) == {"city": "New Yorkk", "list": [{"a.b": 3}, False]}


def test_files() -> None:
    image = {"inlineData": {"mimeType": "image/png", "data": "aGk="}}
    video = {"file_data": {"mime_type": "video/mp4", "file_uri": "gs://a/b"}}
    events = read(chunk(text("See:"), image, video, stop="STOP"))
    assert only(events, ev.Media) == [ev.Media("image/png", "aGk="), ev.Media("video/mp4", url="gs://a/b")]


def test_a_draft_of_an_image_is_not_the_answer() -> None:
    draft = {"inlineData": {"mimeType": "image/png", "data": "aGk="}, "thought": True}
    events = read(chunk(draft, stop="STOP"))
    assert not only(events, ev.Media)
    assert only(events, ev.Unknown) == [ev.Unknown(draft, OWN)]


def test_code_that_google_runs() -> None:
    code = {"executableCode": {"language": "PYTHON", "code": "print(1)", "id": "c1"}}
    ran = {"codeExecutionResult": {"outcome": "OUTCOME_FAILED", "output": "1\n"}}
    events = read(chunk(code), chunk(ran), chunk(text("1"), stop="STOP"))
    (made,), (result,) = only(events, ev.ServerToolCall), only(events, ev.ServerToolResult)
    assert (made.id, made.name, made.input) == ("c1", "code_execution", {"code": "print(1)", "language": "python"})
    assert (result.call_id, result.name, result.output, result.failed) == ("c1", "code_execution", "1\n", True)


def test_other_tools_of_google() -> None:
    asked = {"toolCall": {"id": "t", "toolType": "GOOGLE_SEARCH_WEB", "args": {"queries": ["a", "b"]}}}
    brought = {"toolResponse": {"id": "t", "toolType": "GOOGLE_SEARCH_WEB", "response": {"search_suggestions": "<p>"}}}
    events = read(chunk(asked, brought, stop="STOP"))
    (made,), (result,) = only(events, ev.ServerToolCall), only(events, ev.ServerToolResult)
    assert (made.name, made.input["query"], made.raw) == ("web_search", "a", asked)
    assert (result.call_id, result.name, result.raw) == ("t", "web_search", brought)
    assert only(events, ev.Finish)[0].reason is STOP.DONE


def test_logprobs() -> None:
    result = {
        "chosenCandidates": [{"token": "é", "logProbability": -0.5}],
        "topCandidates": [{"candidates": [{"token": "é", "logProbability": -0.5}, {"token": "e"}]}],
    }
    (delta,) = only(read(chunk(text("é"), stop="STOP", logprobsResult=result)), ev.LogprobsDelta)
    (token,) = delta.tokens
    assert (token["token"], token["logprob"], token["bytes"]) == ("é", -0.5, [0xC3, 0xA9])
    assert [other["token"] for other in token["top_logprobs"]] == ["é", "e"]


@pytest.mark.parametrize("wrapped", [False, True])
def test_code_assist_and_siblings(wrapped: bool) -> None:
    """C6: an envelope with siblings, and fields that nobody knows, cost no content."""
    one = chunk(text("Hi"), stop="STOP", safetyRatings=[{"category": "X"}], novel={"a": 1}) | {"novel": [1]}
    given = {"response": one, "traceId": "t", "remainingCredits": []} if wrapped else one
    assert [event.text for event in only(read({"traceId": "t"}, given), ev.TextDelta)] == ["Hi"]


def test_snake_case() -> None:
    """C6: as some servers print proto messages; what the user's schema names is left alone."""
    events = read(
        {
            "candidates": [
                {
                    "content": {
                        "parts": [
                            {"text": "t", "thought": True, "thought_signature": "c2ln"},
                            {"function_call": {"name": "f", "args": {"snake_case": 1, "file_data": {"file_uri": 2}}}},
                        ]
                    },
                    "finish_reason": "STOP",
                }
            ],
            "usage_metadata": {"prompt_token_count": 4, "candidates_token_count": "2", "thoughts_token_count": 3},
            "model_version": "m",
            "response_id": "i",
        }
    )
    assert events[0] == ev.MessageStart("i", "m")
    assert only(events, ev.Signature)[0].opaque == ev.Opaque(OWN, "c2ln")
    assert json.loads(only(events, ev.ArgumentsDelta)[0].json) == {"snake_case": 1, "file_data": {"file_uri": 2}}
    assert only(events, ev.UsageUpdate)[-1].usage == ev.Usage(input=4, output=5, reasoning=3)


def test_missing_ids_models_and_usage() -> None:
    """C7, of Gemini's format."""
    events = read({"candidates": [{"content": {"parts": [{"text": "a"}]}, "finishReason": "STOP"}]})
    assert events[0] == ev.MessageStart()
    assert not only(events, ev.UsageUpdate)
    assert isinstance(events[-1], ev.End)


@pytest.mark.parametrize("part", [{"text": 3}, {"functionCall": "f"}, {"inlineData": None}, {"executableCode": [1]}])
def test_a_known_member_of_the_wrong_type_is_no_part(part: dict[str, Any]) -> None:
    kinds = {type(event) for event in read(chunk(part, stop="STOP"))}
    assert kinds == {ev.MessageStart, ev.UsageUpdate, ev.Finish, ev.End}


def test_unknown_parts_and_wrong_types_cost_nothing() -> None:
    odd: list[Any] = [None, 3, {}, {"novelty": {"a": 1}}, {"text": None}, {"thoughtSignature": "c2ln"}, {"text": "end"}]
    events = read(
        chunk(*odd, stop="STOP"), {"candidates": None}, {"candidates": [None]}, {"candidates": [{"content": 3}]}
    )
    assert [event.text for event in only(events, ev.TextDelta)] == ["end"]
    assert ev.Unknown({"novelty": {"a": 1}}, OWN) in events
    assert isinstance(events[-1], ev.End)


def test_only_the_first_candidate_is_read() -> None:
    one = chunk(text("first"), stop="STOP")
    other = {"content": {"parts": [{"text": "other"}]}, "index": 1, "finishReason": "SAFETY"}
    events = read({**one, "candidates": [other, *one["candidates"]]}, {"candidates": [other]})
    assert [event.text for event in only(events, ev.TextDelta)] == ["first"]
    assert only(events, ev.Finish)[0].reason is STOP.DONE


def test_the_last_usage_counts() -> None:
    first = chunk(text("a")) | {"usageMetadata": {"promptTokenCount": 46, "thoughtsTokenCount": 7}}
    last = chunk(text("b"), stop="STOP") | {
        "usageMetadata": {
            "promptTokenCount": 100, "cachedContentTokenCount": 40, "toolUsePromptTokenCount": 9,
            "candidatesTokenCount": 20, "thoughtsTokenCount": 5, "serviceTier": "standard",
            "promptTokensDetails": [{"modality": "TEXT", "tokenCount": 70}, {"modality": "AUDIO", "tokenCount": 30}],
            "candidatesTokensDetails": [{"modality": "AUDIO", "tokenCount": 4}],
        }
    }  # fmt: skip
    first_usage, last_usage = (event.usage for event in only(read(first, last), ev.UsageUpdate))
    assert first_usage == ev.Usage(input=46, output=7, reasoning=7)
    assert last_usage == ev.Usage(input=69, output=25, cache_read=40, reasoning=5, audio_input=30, audio_output=4)


def test_usage_after_the_stop_counts() -> None:
    late = {"usageMetadata": {"promptTokenCount": 3, "candidatesTokenCount": 99}}
    assert only(read(chunk(text("a"), stop="STOP"), late), ev.UsageUpdate)[-1].usage == ev.Usage(input=3, output=99)


def test_a_stop_on_every_chunk_stops_nothing() -> None:
    """Gemini 1.0 sent `finishReason: STOP` with each."""
    events = read(chunk(text("a"), stop="STOP"), chunk(text("b"), stop="STOP"))
    assert [event.text for event in only(events, ev.TextDelta)] == ["a", "b"]
    assert len(only(events, ev.Finish)) == 1


@pytest.mark.parametrize(
    ("native", "reason"),
    [
        ("MAX_TOKENS", STOP.LENGTH), ("SAFETY", STOP.FILTER), ("SPII", STOP.FILTER), ("IMAGE_SAFETY", STOP.FILTER),
        ("LANGUAGE", STOP.FILTER), ("OTHER", STOP.OTHER), ("MALFORMED_FUNCTION_CALL", STOP.OTHER),
        ("A_NOVEL_REASON", STOP.OTHER), ("stop", STOP.DONE),
    ],
)  # fmt: skip
def test_reasons(native: str, reason: ev.StopReason) -> None:
    """C3, of Gemini's format: the length is no plain stop."""
    assert only(read(chunk(text("a"), stop=native)), ev.Finish) == [ev.Finish(reason, native=native)]


def test_a_blocked_prompt() -> None:
    events = read({"promptFeedback": {"blockReason": "PROHIBITED_CONTENT"}, "usageMetadata": {"promptTokenCount": 4}})
    assert events[-2:] == [ev.Finish(STOP.FILTER, native="PROHIBITED_CONTENT"), ev.End()]


def test_an_empty_answer() -> None:
    kinds = [type(event) for event in read(chunk(text(""), stop="STOP"))]
    assert kinds == [ev.MessageStart, ev.UsageUpdate, ev.UsageUpdate, ev.Finish, ev.End]


@pytest.mark.parametrize("chunks", [[], [chunk(text("half"))], [{"usageMetadata": {"promptTokenCount": 3}}]])
def test_a_stream_that_ends_early_is_an_error(chunks: list[Any]) -> None:
    """C4."""
    events = read(*chunks)
    assert isinstance(events[-1], ev.Error)
    assert events[-1].error.status == 502
    assert not only(events, ev.Finish, ev.End)


def test_an_error_in_mid_stream() -> None:
    """C4: with what the provider said and counted."""
    reader_events = read(
        chunk(text("half")), {"error": {"code": 503, "message": "The model is overloaded", "status": "UNAVAILABLE"}}
    )
    assert reader_events[-1] == ev.Error(ev.WireError(503, "The model is overloaded", "UNAVAILABLE", origin=OWN))
    assert isinstance(reader_events[-2], ev.UsageUpdate)


@pytest.mark.parametrize("given", [{"response": {"error": {"message": "no"}}}, [{"error": {"message": "no"}}]])
def test_an_error_first_in_an_envelope_or_a_list(given: Any) -> None:
    assert read(given) == [ev.Error(ev.WireError(500, "no", origin=OWN))]


def test_done_ends_it_too() -> None:
    reader = StreamReader()
    reader.read(b"", json.dumps(chunk(text("a"), stop="STOP")).encode())
    assert isinstance(reader.read(b"", b"[DONE]")[-1], ev.End)
    assert reader.end() == []


@pytest.mark.parametrize("data", [b'{"this is": not json', b"3", b'"text"', b"[1]", b"null"])
def test_what_is_no_chunk_is_malformed(data: bytes) -> None:
    with pytest.raises(Malformed):
        StreamReader().read(b"", data)
