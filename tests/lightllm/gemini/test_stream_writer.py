"""Streams of Gemini's format, as they are written; `write` holds each against the grammar."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ccproxy.exchange import WireFormat
from ccproxy.lightllm import events as ev
from ccproxy.lightllm.asked import Asked
from ccproxy.lightllm.gemini.stream import StreamWriter
from ccproxy.lightllm.signatures import sealed
from tests.lightllm.gemini.wire import DONE, OWN, calling, only, parts, read, saying, thinking, write
from tests.support.grammar.gemini import check_stream

START = ev.MessageStart("r1", "gemini-x")
FOREIGN = ev.Opaque(WireFormat.ANTHROPIC, "EqQB+/8=")
OWN_SIGNATURE = ev.Opaque(OWN, "c2ln")


def test_text() -> None:
    chunks = write([START, *saying(0, "Hel", "lo"), *DONE])
    assert [one["candidates"][0]["content"]["parts"] for one in chunks] == [
        [{"text": "Hel"}],
        [{"text": "lo"}],
        [{"text": ""}],
    ]
    assert {(one["modelVersion"], one["responseId"]) for one in chunks} == {("gemini-x", "r1")}
    assert [one["candidates"][0].get("finishReason") for one in chunks] == [None, None, "STOP"]


def test_each_delta_is_written_at_once() -> None:
    writer = StreamWriter(Asked(model="m"))
    for event in (START, ev.TextStart(0)):
        assert writer.write(event) == b""
    written = writer.write(ev.TextDelta(0, 'a "b"\n'))
    assert written.startswith(b'data: {"candidates":[{"content":{"parts":[{"text":"a \\"b\\"\\n"}]')
    assert written.endswith(b"}\r\n\r\n")


@pytest.mark.parametrize("sse", [True, False])
@pytest.mark.parametrize("events", [[START, *saying(0, "a", "b"), *DONE], [START, *DONE], DONE])
def test_either_framing_says_the_same(events: list[ev.Event], sse: bool) -> None:
    chunks = write(events, Asked(model="asked", sse=sse))
    assert chunks[-1]["candidates"][0]["finishReason"] == "STOP"
    assert "".join(part["text"] for part in parts(chunks)) == ("ab" if len(events) > 3 else "")


def test_what_no_start_has_said_is_made_up() -> None:
    (last,) = write(DONE)
    assert last["modelVersion"] == "asked"
    assert last["responseId"]


@pytest.mark.parametrize("id", ["msg_01", "chatcmpl-1", "resp_1", ""])
def test_ids_of_other_vendors_are_not_shown(id: str) -> None:
    (last,) = write([ev.MessageStart(id, "m"), *DONE])
    assert last["responseId"]
    assert last["responseId"] != id


def test_thinking() -> None:
    """C5: thoughts are marked, and the signature stands on the part that comes next."""
    events = [START, *thinking(0, "hm", OWN_SIGNATURE), *saying(1, "a", "b"), *DONE]
    assert parts(write(events)) == [
        {"text": "hm", "thought": True},
        {"text": "a", "thoughtSignature": "c2ln"},
        {"text": "b"},
    ]


def test_paragraphs_of_thinking_are_kept_apart() -> None:
    said = [ev.ThinkingDelta(0, "a"), ev.ThinkingDelta(0, "b"), ev.ThinkingDelta(0, "c", part=1)]
    chunks = write([START, ev.ThinkingStart(0), *said, ev.BlockStop(0), *thinking(1, "d"), *DONE])
    assert [part["text"] for part in parts(chunks)] == ["a", "b", "\n\nc", "d"]


def test_several_signatures() -> None:
    """Each has its part: an empty one, if no other comes between."""
    first, second = ev.Opaque(OWN, "QQ=="), ev.Opaque(OWN, "Qg==")
    events = [
        START,
        *thinking(0, "a", first),
        *thinking(1, "b", second),
        *calling(2, "f"),
        *thinking(3, "", first),
        *DONE,
    ]
    chunks = write(events)
    assert [part.get("thoughtSignature") for part in parts(chunks)] == [None, "QQ==", None, "Qg==", "QQ=="]
    assert parts(chunks)[-1] == {"text": "", "thoughtSignature": "QQ=="}
    assert [event.opaque for event in only(read(*chunks), ev.Signature)] == [first, second, first]


def test_foreign_signatures_are_sealed_and_come_back() -> None:
    """SDKs decode a signature as base64."""
    chunks = write([START, *thinking(0, "hm", FOREIGN), *calling(1, "f"), *DONE])
    assert parts(chunks)[1]["thoughtSignature"] == sealed(FOREIGN, OWN)
    assert only(read(*chunks), ev.Signature)[0].opaque == FOREIGN


def test_redacted_thinking_comes_back_as_such() -> None:
    redacted = ev.Opaque(WireFormat.ANTHROPIC, "cmVk", redacted=True)
    chunks = write([START, ev.Redacted(redacted), *saying(0, "a"), *DONE])
    thought, answer = parts(chunks)
    assert (thought["thought"], thought["text"], answer) == (True, "", {"text": "a"})
    assert only(read(*chunks), ev.Signature)[0].opaque == redacted


def test_a_call_is_written_whole() -> None:
    """C2, C9."""
    chunks = write([START, *calling(0, "f", '{"a": ', "[1, 2]}"), ev.Finish(ev.StopReason.TOOL_CALL), ev.End()])
    assert parts(chunks) == [{"functionCall": {"id": "id_0", "name": "f", "args": {"a": [1, 2]}}}]
    assert chunks[-1]["candidates"][0]["finishReason"] == "STOP"


def test_calls_that_interleave() -> None:
    """C9."""
    events: list[ev.Event] = [
        START,
        ev.ToolCallStart(0, "i0", "a"),
        ev.ToolCallStart(1, "i1", "b"),
        ev.ArgumentsDelta(0, '{"x":'),
        ev.ArgumentsDelta(1, '{"y":2}'),
        ev.ArgumentsDelta(0, "1}"),
        ev.BlockStop(1),
        ev.BlockStop(0),
        *DONE,
    ]
    calls = [part["functionCall"] for part in parts(write(events))]
    assert [(made["id"], made["args"]) for made in calls] == [("i1", {"y": 2}), ("i0", {"x": 1})]


def test_the_signature_of_a_call_that_interleaves_stays_with_it() -> None:
    around = ev.ToolCallStart(1, "i1", "a"), *calling(2, "b"), ev.BlockStop(1)
    events: list[ev.Event] = [START, *thinking(0, "", OWN_SIGNATURE), *around, *DONE]
    signed = {part["functionCall"]["name"]: part.get("thoughtSignature") for part in parts(write(events))}
    assert signed == {"a": "c2ln", "b": None}


@pytest.mark.parametrize(
    ("pieces", "args", "drops"),
    [
        ((), {}, {}),
        (("{}",), {}, {}),
        (('{"a":',), {"arguments": '{"a":'}, {"invalid_arguments": 1}),
        (("[1]",), {"arguments": [1]}, {"invalid_arguments": 1}),
    ],
)
def test_odd_arguments(pieces: tuple[str, ...], args: Any, drops: dict[str, int]) -> None:
    """C23."""
    asked = Asked("m")
    (part,) = parts(write([START, *calling(0, "f", *pieces), *DONE], asked))
    assert part["functionCall"]["args"] == args
    assert asked.drops.counts == drops


def test_a_custom_call() -> None:
    events = [START, ev.ToolCallStart(0, "i", "sh", custom=True), ev.ArgumentsDelta(0, "ls -l"), ev.BlockStop(0), *DONE]
    assert parts(write(events))[0]["functionCall"]["args"] == {"input": "ls -l"}


def test_a_refusal_is_text_and_a_stop() -> None:
    said = [ev.RefusalStart(0), ev.RefusalDelta(0, "No."), ev.BlockStop(0)]
    chunks = write([START, *said, ev.Finish(ev.StopReason.REFUSAL), ev.End()])
    assert parts(chunks) == [{"text": "No."}]
    assert chunks[-1]["candidates"][0]["finishReason"] == "SAFETY"


@pytest.mark.parametrize(
    ("media", "part"),
    [
        (ev.Media("image/png", "aGk="), {"inlineData": {"mimeType": "image/png", "data": "aGk="}}),
        (
            ev.Media("", url="data:image/webp;base64,aGk="),
            {"inlineData": {"mimeType": "image/webp", "data": "aGk="}},
        ),
        (
            ev.Media("image/png", url="https://a.example/b.png"),
            {"fileData": {"mimeType": "image/png", "fileUri": "https://a.example/b.png"}},
        ),
    ],
)
def test_media(media: ev.Media, part: dict[str, Any]) -> None:
    assert parts(write([START, media, *DONE])) == [part]


def test_code_of_other_providers() -> None:
    events = [
        START,
        ev.ServerToolCall(
            "c", "code_execution", {"code": "print(1)", "language": "python"}, origin=WireFormat.ANTHROPIC
        ),
        ev.ServerToolResult("c", "code_execution", "1\n", failed=True),
        ev.ServerToolCall("d", "code_execution", {"command": "ls", "language": "bash"}),
        *DONE,
    ]
    assert parts(write(events)) == [
        {"executableCode": {"language": "PYTHON", "code": "print(1)", "id": "c"}},
        {"codeExecutionResult": {"outcome": "OUTCOME_FAILED", "output": "1\n", "id": "c"}},
        {"executableCode": {"language": "LANGUAGE_UNSPECIFIED", "code": "ls", "id": "d"}},
    ]


def test_a_search_of_other_providers_is_grounding() -> None:
    """C24, of Gemini's format: no call that the client would have to answer."""
    found = ev.Citation(url="https://a.example", title="A")
    events = [
        START,
        ev.ServerToolCall("s", "web_search", {"query": "what"}, origin=WireFormat.ANTHROPIC),
        ev.ServerToolResult("s", "web_search", sources=[found]),
        *saying(0, "That."),
        *DONE,
    ]
    chunks = write(events)
    assert parts(chunks) == [{"text": "That."}]
    assert chunks[-1]["candidates"][0]["groundingMetadata"] == {
        "webSearchQueries": ["what"],
        "groundingChunks": [{"web": {"uri": "https://a.example", "title": "A"}}],
    }


def test_what_has_no_form_is_counted() -> None:
    asked = Asked("m")
    events = [
        START,
        ev.ServerToolCall("x", "web_fetch", {"url": "https://a.example"}),
        ev.ServerToolResult("x", "web_fetch", "page"),
        ev.Unknown({"type": "novel"}, WireFormat.ANTHROPIC),
        ev.Media("image/png"),
        *DONE,
    ]
    assert parts(write(events, asked)) == []
    assert asked.drops.counts == {"server_tool_blocks": 2, "unknown_block": 1, "media": 1}


def test_own_parts_come_back_as_they_were() -> None:
    """Of Code Assist, which speaks the same format in an envelope."""
    given = [
        {"toolCall": {"id": "t", "toolType": "GOOGLE_SEARCH_WEB"}},
        {"toolResponse": {"id": "t", "toolType": "GOOGLE_SEARCH_WEB"}},
        {"executableCode": {"language": "PYTHON", "code": "1", "id": "c"}},
        {"codeExecutionResult": {"outcome": "OUTCOME_OK", "id": "c"}},
    ]
    whole = {"candidates": [{"content": {"parts": given}, "finishReason": "STOP"}]}
    assert parts(write(read({"response": whole, "traceId": "t"}))) == given


def test_sources_are_placed_in_bytes() -> None:
    """Offsets count characters of their block; Gemini's count bytes of all the text."""
    cited = ev.Citation(url="https://a.example", title="A", start=2, end=4)
    filed = ev.Citation("file", title="notes", cited_text="as it was", document_id="f1")
    events = [
        START, *saying(0, "Zürich: "), ev.TextStart(1), ev.TextDelta(1, "é "), ev.TextDelta(1, "ü!"),
        ev.CitationDelta(1, cited), ev.CitationDelta(1, filed), ev.CitationDelta(1, cited), ev.BlockStop(1), *DONE,
    ]  # fmt: skip
    grounding = write(events)[-1]["candidates"][0]["groundingMetadata"]
    assert grounding["groundingChunks"] == [
        {"web": {"uri": "https://a.example", "title": "A"}},
        {"retrievedContext": {"title": "notes", "text": "as it was", "documentName": "f1"}},
    ]
    (support,) = grounding["groundingSupports"]
    place = support["segment"]
    assert "Zürich: é ü!".encode()[place["startIndex"] : place["endIndex"]].decode() == "ü!"
    assert support["groundingChunkIndices"] == [0]


def test_logprobs() -> None:
    tokens = [{"token": "a", "logprob": -0.1, "bytes": [97], "top_logprobs": [{"token": "b", "logprob": -2.0}]}]
    chunks = write([START, ev.TextStart(0), ev.TextDelta(0, "a"), ev.LogprobsDelta(0, tokens), ev.BlockStop(0), *DONE])
    assert chunks[1]["candidates"][0]["logprobsResult"] == {
        "chosenCandidates": [{"token": "a", "logProbability": -0.1}],
        "topCandidates": [{"candidates": [{"token": "b", "logProbability": -2.0}]}],
    }


@pytest.mark.parametrize(
    ("usage", "written"),
    [
        (ev.Usage(), {"promptTokenCount": 0, "candidatesTokenCount": 0, "totalTokenCount": 0}),
        (
            ev.Usage(input=10, output=9, cache_read=20, cache_write=3, reasoning=4),
            {
                "promptTokenCount": 33, "candidatesTokenCount": 5, "thoughtsTokenCount": 4, "totalTokenCount": 42,
                "cachedContentTokenCount": 20,
            },
        ),
        (
            ev.Usage(input=1, output=2, reasoning=5),
            {"promptTokenCount": 1, "candidatesTokenCount": 0, "thoughtsTokenCount": 2, "totalTokenCount": 3},
        ),
        (
            ev.Usage(input=9, output=2, audio_input=4),
            {
                "promptTokenCount": 9, "candidatesTokenCount": 2, "totalTokenCount": 11,
                "promptTokensDetails": [
                    {"modality": "TEXT", "tokenCount": 5}, {"modality": "AUDIO", "tokenCount": 4},
                ],
            },
        ),
    ],
)  # fmt: skip
def test_usage(usage: ev.Usage, written: dict[str, Any]) -> None:
    """C2: tokens are told; also those that come after the stop."""
    assert write([START, DONE[0], ev.UsageUpdate(usage), ev.End()])[-1]["usageMetadata"] == written


@pytest.mark.parametrize(
    ("finish", "written"),
    [
        (ev.Finish(ev.StopReason.LENGTH, native="length"), "MAX_TOKENS"),
        (ev.Finish(ev.StopReason.STOP_SEQUENCE, "\n", "stop_sequence"), "STOP"),
        (ev.Finish(ev.StopReason.PAUSE, native="pause_turn"), "OTHER"),
        (ev.Finish(ev.StopReason.OTHER, native="MALFORMED_FUNCTION_CALL"), "MALFORMED_FUNCTION_CALL"),
        (ev.Finish(ev.StopReason.FILTER, native="RECITATION"), "RECITATION"),
        (ev.Finish(ev.StopReason.FILTER, native="OTHER"), "SAFETY"),
        (ev.Finish(ev.StopReason.FILTER, native="content_filter"), "SAFETY"),
        (ev.Finish(ev.StopReason.TOOL_CALL, native="STOP"), "STOP"),
    ],
)
def test_reasons(finish: ev.Finish, written: str) -> None:
    """C3."""
    assert write([START, finish, ev.End()])[-1]["candidates"][0]["finishReason"] == written


@pytest.mark.parametrize("sse", [True, False])
@pytest.mark.parametrize(
    "before",
    [
        [],
        [ev.Ping()],
        [START],
        [START, ev.TextStart(0), ev.TextDelta(0, "half")],
        [START, *thinking(0, "hm", FOREIGN), ev.ToolCallStart(1, "i", "f"), ev.ArgumentsDelta(1, '{"a')],
    ],
)
def test_an_error_is_the_last_word(before: list[ev.Event], sse: bool) -> None:
    """C4, C8: in the client's dialect, and nothing after it."""
    error = ev.WireError(529, "Overloaded", "overloaded_error", origin=WireFormat.ANTHROPIC)
    chunks = write([*before, ev.Error(error), ev.Ping(), *DONE], Asked("m", sse=sse))
    assert chunks[-1] == {"error": {"code": 529, "message": "Overloaded", "status": "UNAVAILABLE"}}
    assert not any("finishReason" in candidate for one in chunks for candidate in one.get("candidates", ()))


def test_line_ends_of_unicode_are_escaped() -> None:
    """The JS SDK finds no event that has U+2028 in it."""
    writer = StreamWriter(Asked("m"))
    words = "a\u2028b\u2029c\u0085d"
    written = b"".join(map(writer.write, [START, *saying(0, words), *calling(1, words, f'{{"{words}": 1}}'), *DONE]))
    assert check_stream(written.decode()) == []
    said, called, _ = (json.loads(line[6:]) for line in written.decode().split("\r\n\r\n") if line)
    assert parts([said]) == [{"text": words}]
    assert parts([called])[0]["functionCall"]["args"] == {words: 1}


def test_the_last_chunk_is_the_last() -> None:
    writer = StreamWriter(Asked("m"))
    assert b"".join(map(writer.write, [START, *DONE]))
    assert writer.write(ev.TextDelta(0, "late")) == b""
