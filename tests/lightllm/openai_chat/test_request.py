"""Requests of Chat Completions: read into a call, written from a call of the same and of any other format."""

from __future__ import annotations

import copy
from typing import Any, get_type_hints

import orjson
import pytest
from openai.types.chat.completion_create_params import (
    CompletionCreateParamsNonStreaming,
    CompletionCreateParamsStreaming,
)
from pydantic import TypeAdapter
from pydantic_ai.messages import (
    AudioUrl,
    BinaryContent,
    CachePoint,
    DocumentUrl,
    FilePart,
    ImageUrl,
    ModelRequest,
    ModelResponse,
    NativeToolCallPart,
    NativeToolReturnPart,
    SystemPromptPart,
    TextContent,
    TextPart,
    ThinkingPart,
    ToolCallPart,
    ToolReturnPart,
    UploadedFile,
    UserPromptPart,
    VideoUrl,
)
from pydantic_ai.settings import ModelSettings
from pydantic_ai.tools import ToolDefinition

from ccproxy.exchange import WireFormat
from ccproxy.lightllm.call import ModelCall, OutputFormat, Reasoning, ServerTool, ToolChoice
from ccproxy.lightllm.failures import InvalidCall
from ccproxy.lightllm.openai_chat.request import dump, load

PNG = b"\x89PNG\r\n\x1a\n"
PNG_URI = "data:image/png;base64,iVBORw0KGgo="
PDF_URI = "data:application/pdf;base64,JVBERi0="
SDK = TypeAdapter(CompletionCreateParamsNonStreaming)
STREAMED = TypeAdapter(CompletionCreateParamsStreaming)

WEATHER = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
TOOL = {"type": "function", "function": {"name": "weather", "description": "Weather.", "parameters": WEATHER}}


def read(*messages: dict[str, Any], **more: Any) -> ModelCall:
    document = {"model": "m", "messages": list(messages), **more}
    before = copy.deepcopy(document)
    call = load(document, None, None)
    assert document == before
    return call


def again(*messages: dict[str, Any], **more: Any) -> dict[str, Any]:
    """The same request after a hook of the same format."""
    body = dump(read(*messages, **more))
    orjson.dumps(body)
    return body


def user(content: Any, **more: Any) -> dict[str, Any]:
    return {"role": "user", "content": content, **more}


def assistant(**members: Any) -> dict[str, Any]:
    return {"role": "assistant", "content": None, **members}


def called(
    id: str = "call_1", name: str = "weather", arguments: Any = '{"city":"Oslo"}', **more: Any
) -> dict[str, Any]:
    return {"id": id, "type": "function", "function": {"name": name, "arguments": arguments}, **more}


def foreign(*messages: Any, origin: WireFormat = WireFormat.ANTHROPIC, model: str = "m", **more: Any) -> ModelCall:
    return ModelCall(origin, model, list(messages), **more)


def asks(*content: Any) -> ModelRequest:
    return ModelRequest([UserPromptPart(list(content))])


def answers(*parts: Any) -> ModelResponse:
    return ModelResponse(list(parts))


def results(*parts: Any) -> ModelRequest:
    return ModelRequest(list(parts))


def written(call: ModelCall) -> dict[str, Any]:
    """The body, checked against the official SDK's types."""
    body = dump(call)
    checked = (STREAMED if body.get("stream") else SDK).validate_python(copy.deepcopy(body))
    for message in checked["messages"]:
        list(message.get("tool_calls", ()))
    assert body.keys() <= get_type_hints(CompletionCreateParamsStreaming).keys()
    return body


class TestContent:
    """Content parts and what they are in a call."""

    @pytest.mark.parametrize(
        ("part", "item"),
        [
            ({"type": "text", "text": "hi"}, "hi"),
            ({"type": "input_text", "text": "hi"}, "hi"),
            ("hi", "hi"),
            ({"type": "image_url", "image_url": {"url": "https://x/y.png"}}, ImageUrl("https://x/y.png")),
            ({"type": "image_url", "image_url": "https://x/y.png"}, ImageUrl("https://x/y.png")),
            (
                {"type": "image_url", "image_url": {"url": "https://x/y", "detail": "low"}},
                ImageUrl("https://x/y", vendor_metadata={"detail": "low"}),
            ),
            ({"type": "image_url", "image_url": {"url": PNG_URI}}, BinaryContent(PNG, media_type="image/png")),
            (
                {"type": "input_audio", "input_audio": {"data": "UklGRg==", "format": "wav"}},
                BinaryContent(b"RIFF", media_type="audio/wav"),
            ),
            (
                {"type": "input_audio", "input_audio": {"data": "SUQz", "format": "mp3"}},
                BinaryContent(b"ID3", media_type="audio/mpeg"),
            ),
            ({"type": "input_audio", "input_audio": {"data": "https://x/a.mp3"}}, AudioUrl("https://x/a.mp3")),
            (
                {"type": "file", "file": {"file_data": PDF_URI, "filename": "a.pdf"}},
                BinaryContent(b"%PDF-", media_type="application/pdf", vendor_metadata={"filename": "a.pdf"}),
            ),
            (
                {"type": "file", "file": {"file_data": "aGk=", "filename": "a.txt"}},
                BinaryContent(b"hi", media_type="text/plain", vendor_metadata={"filename": "a.txt"}),
            ),
            ({"type": "file", "file": {"file_id": "file-1"}}, UploadedFile("file-1", "openai")),
            ({"type": "file", "file": {"file_url": "https://x/a.pdf"}}, DocumentUrl("https://x/a.pdf")),
            (
                {"type": "document_url", "document_url": "https://x/a.pdf"},
                DocumentUrl("https://x/a.pdf", vendor_metadata={"form": "document_url"}),
            ),
            ({"type": "video_url", "video_url": {"url": "https://x/v.mp4"}}, VideoUrl("https://x/v.mp4")),
        ],
    )
    def test_parts(self, part: Any, item: Any) -> None:
        (message,) = read(user([part])).messages
        assert message.parts[0].content == [item]

    def test_cache_markers_and_unknown_parts(self) -> None:
        ephemeral = {"type": "ephemeral"}
        odd = {"type": "text", "text": "c", "cache_control": {"type": "ephemeral", "ttl": "9h"}}
        unknown = {"type": "hologram", "hologram": {"data": "x"}}
        (message,) = read(
            user(
                [{"type": "text", "text": "a", "cache_control": ephemeral}, {"type": "text", "text": "b"}, odd, unknown]
            )
        ).messages
        a, point, b, c, last = message.parts[0].content
        assert (a, b) == ("a", "b")
        assert isinstance(point, CachePoint)
        assert (c.content, c.metadata["cache_control"]) == ("c", odd["cache_control"])
        assert isinstance(last, TextContent)
        assert (last.content, last.metadata) == ("", {"raw": unknown})

    @pytest.mark.parametrize(
        ("content", "place"),
        [
            (7, "messages[0].content"),
            ([7], "messages[0].content[0]"),
            ([{"type": "text", "text": 7}], "messages[0].content[0].text"),
            ([{"type": "image_url", "image_url": 7}], "messages[0].content[0].image_url"),
            ([{"type": "image_url", "image_url": {}}], "messages[0].content[0].image_url.url"),
            ([{"type": "image_url", "image_url": {"url": "data:image/png;base64,§"}}], "image_url.url"),
            ([{"type": "input_audio", "input_audio": {"data": "§"}}], "messages[0].content[0].input_audio.data"),
            ([{"type": "file"}], "messages[0].content[0].file"),
            ([{"type": "file", "file": {"filename": "a.pdf"}}], "messages[0].content[0].file"),
        ],
    )
    def test_nonsense_is_refused_with_its_place(self, content: Any, place: str) -> None:
        with pytest.raises(InvalidCall, match=r"expected|base64") as caught:
            read(user(content))
        assert place in str(caught.value)


class TestMessages:
    """Roles and their parts."""

    def test_system_and_developer_anywhere(self) -> None:
        call = read(
            {"role": "system", "content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]},
            user("q"),
            {"role": "developer", "content": "c"},
        )
        (request,) = call.messages
        assert [(type(part), part.content) for part in request.parts] == [
            (SystemPromptPart, "a"),
            (SystemPromptPart, "b"),
            (UserPromptPart, ["q"]),
            (SystemPromptPart, "c"),
        ]
        assert request.parts[3].metadata == {"role": "developer"}

    def test_assistant_in_all_its_forms(self) -> None:
        call = read(
            assistant(
                content=[
                    {"type": "thinking", "thinking": [{"type": "text", "text": "t"}]},
                    {"type": "text", "text": "x"},
                ],
                refusal="no",
                tool_calls=[
                    called(),
                    {"id": "c2", "type": "custom", "custom": {"name": "patch", "input": "***"}},
                    {"id": "c3", "type": "telepathy", "telepathy": {}},
                ],
                images=[{"type": "image_url", "image_url": {"url": PNG_URI}}],
            )
        )
        thinking, text, refusal, image, function, custom, unknown = call.messages[0].parts
        assert isinstance(thinking, ThinkingPart)
        assert thinking.content == "t"
        assert isinstance(text, TextPart)
        assert text.content == "x"
        assert isinstance(refusal, TextPart)
        assert refusal.provider_details == {"refusal": True}
        assert isinstance(image, FilePart)
        assert image.content.data == PNG
        assert (function.tool_name, function.args, function.tool_call_id) == ("weather", '{"city":"Oslo"}', "call_1")
        assert (custom.args, custom.provider_details) == ("***", {"custom": True})
        assert isinstance(unknown, NativeToolCallPart)
        assert unknown.tool_name == "unknown"

    @pytest.mark.parametrize(
        "members",
        [
            {"reasoning_content": "why"},
            {"reasoning": "why"},
            {"reasoning_content": "why", "reasoning": "why"},
            {"reasoning": "why", "reasoning_details": [{"type": "reasoning.text", "text": "why"}]},
            {"reasoning_details": [{"type": "reasoning.text", "text": "why"}]},
        ],
    )
    def test_reasoning_is_read_once_and_goes_back_as_it_was(self, members: dict[str, Any]) -> None:
        message = {"role": "assistant", "content": "x", **members}
        parts = read(user("q"), message).messages[1].parts
        assert [part.content for part in parts] == ["why", "x"]
        assert again(user("q"), message)["messages"][1] == message

    def test_empty_reasoning_goes_back(self) -> None:
        """DeepSeek refuses calls in the history without it."""
        message = assistant(reasoning_content="", tool_calls=[called()])
        assert again(user("q"), message)["messages"][1] == message

    def test_thought_signature_of_gemini(self) -> None:
        extra = {"google": {"thought_signature": "c2ln"}}
        message = assistant(tool_calls=[called(extra_content=extra)])
        thinking, call = read(message).messages[0].parts
        assert (thinking.content, thinking.signature, thinking.provider_name) == ("", "c2ln", "gemini")
        assert isinstance(call, ToolCallPart)
        assert again(message)["messages"][0] == message

    def test_results_get_the_names_of_their_calls(self) -> None:
        call = read(
            assistant(tool_calls=[called("a"), called("b", "time")]),
            {"role": "tool", "tool_call_id": "b", "content": [{"type": "text", "text": "noon"}]},
            {"role": "tool", "tool_call_id": "a", "content": "rain"},
        )
        found = [(part.tool_name, part.tool_call_id, part.content) for part in call.messages[1].parts]
        assert found == [("time", "b", ["noon"]), ("weather", "a", "rain")]

    def test_missing_ids_are_made_up_and_paired_in_order(self) -> None:
        calls = [{"function": {"name": name, "arguments": {}}} for name in ("a", "b")]
        call = read(
            user("q"), assistant(tool_calls=calls), {"role": "tool", "content": "1"}, {"role": "tool", "content": "2"}
        )
        made = [part.tool_call_id for part in call.messages[1].parts]
        assert len(set(made)) == 2
        assert [part.tool_call_id for part in call.messages[2].parts] == made

    def test_functions_of_old(self) -> None:
        messages = (
            user("q"),
            {"role": "assistant", "content": None, "function_call": {"name": "weather", "arguments": "{}"}},
            {"role": "function", "name": "weather", "content": "rain"},
        )
        more: dict[str, Any] = {"functions": [TOOL["function"]], "function_call": {"name": "weather"}}
        call = read(*messages, **more)
        (made,), (result,) = call.messages[1].parts, call.messages[2].parts
        assert (made.tool_name, result.tool_name, result.tool_call_id) == ("weather", "weather", made.tool_call_id)
        assert call.tool_choice == ToolChoice("required", ["weather"])
        assert [tool.name for tool in call.tools] == ["weather"]
        body = again(*messages, **more)
        assert body == {"model": "m", "messages": list(messages), **more}

    @pytest.mark.parametrize(
        ("document", "message"),
        [
            ([], "not a JSON object"),
            ({"model": "m"}, "messages: a list"),
            ({"messages": ["x"]}, "messages\\[0\\]: an object"),
            ({"messages": [{"content": "x"}]}, "messages\\[0\\].role"),
            (
                {"messages": [{"role": "assistant", "tool_calls": [{"function": {}}]}]},
                "tool_calls\\[0\\].function.name",
            ),
            ({"messages": [{"role": "assistant", "tool_calls": {}}]}, "tool_calls: a list"),
            ({"messages": [], "tools": [{"type": "function", "function": {}}]}, "tools\\[0\\].function.name"),
            ({"messages": [], "tools": "x"}, "tools: a list"),
        ],
    )
    def test_nonsense_is_refused(self, document: Any, message: str) -> None:
        with pytest.raises(InvalidCall, match=message):
            load(document, None, None)

    def test_path_wins(self) -> None:
        call = load({"model": "m", "messages": [], "stream": False}, "other", True)
        assert (call.model, call.stream) == ("other", True)


class TestSettings:
    """The fields beside messages."""

    def test_reads(self) -> None:
        call = read(
            user("q"),
            temperature=0.5, top_p=0.9, top_k=5, seed=1, presence_penalty=0.1, frequency_penalty=0.2, max_tokens=7,
            logit_bias={"5": -1}, parallel_tool_calls=False, stop="END", n=2, logprobs=True, top_logprobs=3, user="u",
            metadata={"a": "b"}, service_tier="flex", verbosity="low", prompt_cache_key="k", stream=True,
            stream_options={"include_usage": True, "include_obfuscation": False}, store=True,
        )  # fmt: skip
        assert call.settings == {
            "temperature": 0.5, "top_p": 0.9, "top_k": 5, "seed": 1, "presence_penalty": 0.1, "frequency_penalty": 0.2,
            "max_tokens": 7, "logit_bias": {"5": -1}, "parallel_tool_calls": False, "stop_sequences": ["END"],
        }  # fmt: skip
        assert (call.choices, call.logprobs, call.top_logprobs, call.user) == (2, True, 3, "u")
        assert (call.metadata, call.service_tier, call.verbosity, call.prompt_cache_key) == (
            {"a": "b"},
            "flex",
            "low",
            "k",
        )
        assert (call.stream, call.include_usage, call.extras) == (True, True, {"store": True})

    def test_max_completion_tokens_wins(self) -> None:
        assert read(user("q"), max_tokens=1, max_completion_tokens=2).settings["max_tokens"] == 2

    @pytest.mark.parametrize("name", ["max_tokens", "max_completion_tokens"])
    def test_the_limit_keeps_its_name_in_the_same_format(self, name: str) -> None:
        assert again(user("q"), **{name: 9}) == {"model": "m", "messages": [user("q")], name: 9}

    def test_no_stop_sequences_c16(self) -> None:
        """C16: an empty list raised IndexError."""
        assert "stop" not in again(user("q"), stop=[])
        assert "stop" not in again(user("q"), stop=None)

    @pytest.mark.parametrize(
        ("fields", "reasoning"),
        [
            ({"reasoning_effort": "high"}, Reasoning(effort="high")),
            ({"reasoning_effort": "none"}, Reasoning(enabled=False)),
            ({"reasoning": {"effort": "low", "exclude": True}}, Reasoning(effort="low", visible=False)),
            ({"reasoning": {"max_tokens": 2000}}, Reasoning(budget=2000)),
            ({"reasoning": {"enabled": False}}, Reasoning(enabled=False)),
            ({}, None),
        ],
    )
    def test_reasoning(self, fields: dict[str, Any], reasoning: Reasoning | None) -> None:
        assert read(user("q"), **fields).reasoning == reasoning
        assert read(user("q"), **dict(list(again(user("q"), **fields).items())[2:])).reasoning == reasoning

    @pytest.mark.parametrize(
        ("value", "choice"),
        [
            ("auto", ToolChoice("auto")),
            ("none", ToolChoice("none")),
            ("required", ToolChoice("required")),
            ("any", ToolChoice("required")),
            ({"type": "function", "function": {"name": "weather"}}, ToolChoice("required", ["weather"])),
            ({"type": "custom", "custom": {"name": "patch"}}, ToolChoice("required", ["patch"])),
            (
                {"type": "allowed_tools", "allowed_tools": {"mode": "auto", "tools": [{"function": {"name": "a"}}]}},
                ToolChoice("auto", ["a"]),
            ),
        ],
    )
    def test_tool_choice(self, value: Any, choice: ToolChoice) -> None:
        assert read(user("q"), tools=[TOOL], tool_choice=value).tool_choice == choice

    @pytest.mark.parametrize(
        ("format", "output"),
        [
            ({"type": "text"}, None),
            ({"type": "json_object"}, OutputFormat()),
            (
                {"type": "json_schema", "json_schema": {"name": "n", "schema": WEATHER, "strict": True}},
                OutputFormat(WEATHER, "n", None, True),
            ),
        ],
    )
    def test_response_format(self, format: dict[str, Any], output: OutputFormat | None) -> None:
        call = read(user("q"), response_format=format)
        assert call.output == output
        assert dump(call).get("response_format") == (None if output is None else format)

    def test_tools(self) -> None:
        grammar = {"syntax": "lark", "definition": "start: x"}
        call = read(
            user("q"),
            tools=[
                {**TOOL, "function": {**TOOL["function"], "strict": True}, "cache_control": {"type": "ephemeral"}},
                {"function": {"name": "bare"}},
                {"type": "custom", "custom": {"name": "patch", "format": {"type": "grammar", "grammar": grammar}}},
                {"type": "openrouter:web_search", "parameters": {}},
            ],
            web_search_options={"search_context_size": "low"},
        )
        weather, bare, patch = call.tools
        assert (weather.parameters_json_schema, weather.strict) == (WEATHER, True)
        assert weather.metadata == {"cache_control": {"type": "ephemeral"}}
        assert bare.parameters_json_schema == {"type": "object", "properties": {}}
        assert patch.metadata == {"custom": {"type": "grammar", **grammar}}
        assert [tool.name for tool in call.server_tools] == ["web_search", "web_search"]

    def test_wrong_types_are_kept_for_the_same_format_only(self) -> None:
        call = read(
            user("q"), temperature="hot", user=5, stop=3, service_tier="on_demand", response_format={"type": "lark"}
        )
        assert call.settings == {}
        body = dump(call)
        assert (body["temperature"], body["user"], body["stop"]) == ("hot", 5, 3)
        call.origin = WireFormat.GEMINI
        assert dump(call).keys() == {"model", "messages"}
        assert sum(call.drops.counts.values()) == 5


class TestSameFormat:
    """A hook's request is the client's, but for what the hook changed."""

    @pytest.mark.parametrize(
        "message",
        [
            user("q", name="bob"),
            user([{"type": "text", "text": "a", "cache_control": {"type": "ephemeral", "ttl": "1h"}}]),
            user([{"type": "text", "text": "a", "cache_control": {"type": "ephemeral", "ttl": "5m"}}]),
            user([{"type": "text", "text": "a", "prompt_cache_breakpoint": {"mode": "explicit"}}]),
            user(
                [{"type": "image_url", "image_url": {"url": PNG_URI, "detail": "high"}, "cache_control": {"type": "x"}}]
            ),
            user([{"type": "file", "file": {"file_data": PDF_URI, "filename": "a.pdf"}}]),
            user([{"type": "file", "file": {"file_id": "file-1"}}]),
            user([{"type": "file", "file": {"file_url": "https://x/a.pdf"}}]),
            user([{"type": "document_url", "document_url": "https://x/a.pdf"}]),
            user([{"type": "document_url", "document_url": PDF_URI}]),
            user([{"type": "video_url", "video_url": {"url": "https://x/v.mp4"}}]),
            user([{"type": "input_audio", "input_audio": {"data": "UklGRg==", "format": "wav"}}]),
            user([{"type": "input_audio", "input_audio": {"data": "UklGRg==", "format": "flac"}}]),
            user([{"type": "hologram", "hologram": 1}]),
            {"role": "critic", "content": "odd"},
            {"role": "developer", "content": "d", "name": "n"},
            {
                "role": "system",
                "content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b", "cache_control": {}}],
            },
            assistant(content="x", prefix=True, name="bot"),
            assistant(content=[{"type": "refusal", "refusal": "no"}]),
            assistant(content=[{"type": "thinking", "thinking": [{"type": "text", "text": "t"}]}]),
            assistant(content="x", images=[{"type": "image_url", "image_url": {"url": PNG_URI}}]),
            assistant(audio={"id": "audio_1"}, content="x"),
            assistant(tool_calls=[called("functions.weather:0", index=0)]),
            assistant(tool_calls=[called("x" * 60)]),
            assistant(tool_calls=[{"id": "c", "type": "custom", "custom": {"name": "p", "input": "i"}}]),
            assistant(tool_calls=[{"id": "c", "type": "telepathy", "telepathy": {}}]),
        ],
    )
    def test_messages(self, message: dict[str, Any]) -> None:
        assert again(user("first"), message)["messages"] == [user("first"), message]

    def test_refusal_field_becomes_a_part(self) -> None:
        body = again(user("q"), assistant(refusal="no"))
        assert body["messages"][1] == assistant(content=[{"type": "refusal", "refusal": "no"}])

    def test_results_with_images_and_marks(self) -> None:
        result = {
            "role": "tool",
            "tool_call_id": "call_1",
            "content": [{"type": "text", "text": "a"}, {"type": "image_url", "image_url": {"url": PNG_URI}}],
            "cache_control": {"type": "ephemeral"},
            "name": "weather",
        }
        assert again(assistant(tool_calls=[called()]), result)["messages"][1] == result

    def test_fields(self) -> None:
        fields = {
            "tools": [
                TOOL,
                {"type": "custom", "custom": {"name": "p"}},
                {"type": "openrouter:web_search", "parameters": {}},
            ],
            "tool_choice": {"type": "function", "function": {"name": "weather"}},
            "web_search_options": {},
            "n": 2,
            "metadata": {"a": "b"},
            "store": True,
            "safety_identifier": "s",
            "user": "u",
            "top_k": 4,
            "min_p": 0.1,
            "provider": {"order": ["x"]},
            "stop": ["a", "b", "c", "d", "e"],
            "service_tier": "on_demand",
        }
        assert again(user("q"), **fields) == {"model": "m", "messages": [user("q")], **fields}

    def test_streams_report_usage(self) -> None:
        body = again(user("q"), stream=True, stream_options={"include_obfuscation": False})
        assert body["stream_options"] == {"include_obfuscation": False, "include_usage": True}


class TestForeignMessages:
    """Conversations of other formats."""

    def test_system_stays_in_place(self) -> None:
        head = ModelRequest([SystemPromptPart("a"), SystemPromptPart("b", metadata={"cache_control": {}})])
        middle = ModelRequest([SystemPromptPart("c", metadata={"role": "developer"})])
        call = foreign(head, asks("q"), middle)
        assert written(call)["messages"] == [
            {"role": "system", "content": "a"},
            {"role": "system", "content": "b"},
            user("q"),
            {"role": "system", "content": "c"},
        ]
        assert call.drops.counts == {"cache_control": 1}

    def test_media(self) -> None:
        call = foreign(
            asks(
                "look",
                CachePoint(),
                BinaryContent(PNG, media_type="image/png"),
                ImageUrl("https://x/y", vendor_metadata={"detail": "weird"}),
                BinaryContent(b"RIFF", media_type="audio/x-wav"),
                BinaryContent(b"%PDF-", media_type="application/pdf", vendor_metadata={"title": "T"}),
            )
        )
        assert written(call)["messages"][0]["content"] == [
            {"type": "text", "text": "look"},
            {"type": "image_url", "image_url": {"url": PNG_URI}},
            {"type": "image_url", "image_url": {"url": "https://x/y"}},
            {"type": "input_audio", "input_audio": {"data": "UklGRg==", "format": "wav"}},
            {"type": "file", "file": {"file_data": PDF_URI, "filename": "T"}},
        ]
        assert call.drops.counts == {"cache_control": 1, "image_detail": 1}

    @pytest.mark.parametrize(
        ("item", "rule"),
        [
            (BinaryContent(b"x", media_type="audio/flac"), "media"),
            (BinaryContent(b"x", media_type="video/mp4"), "media"),
            (BinaryContent(b"\xff", media_type="application/msword"), "media"),
            (DocumentUrl("https://x/a.pdf"), "media"),
            (VideoUrl("https://x/a.mp4"), "media"),
            (AudioUrl("https://x/a.mp3"), "media"),
            (UploadedFile("file_1", "anthropic"), "file_id"),
            (UploadedFile("file-1", "openai", media_type="image/*"), "file_id"),
            (TextContent("", metadata={"raw": {"type": "hologram"}}), "unknown_block"),
        ],
    )
    def test_what_openai_does_not_take_is_counted(self, item: Any, rule: str) -> None:
        call = foreign(asks("q", item), asks(item))
        assert written(call)["messages"] == [user("q")]
        assert call.drops.counts == {rule: 2}

    def test_text_documents_are_text_c16(self) -> None:
        """C16: a document of source type text ended the request; the API takes files of PDF only."""
        call = foreign(asks("q", BinaryContent(b"# hi", media_type="text/markdown")))
        assert written(call)["messages"][0]["content"][1] == {"type": "text", "text": "# hi"}

    def test_files_of_openai_are_openais(self) -> None:
        call = foreign(asks(UploadedFile("file-1", "openai")), origin=WireFormat.OPENAI_RESPONSES)
        assert written(call)["messages"][0]["content"] == [{"type": "file", "file": {"file_id": "file-1"}}]

    def test_responses_in_a_row_are_one_turn(self) -> None:
        """Responses has an item for every call; OpenAI wants all results right after one message with all calls."""
        call = foreign(
            asks("q"),
            answers(TextPart("a"), ToolCallPart("x", '{"k":1}', "1")),
            answers(ToolCallPart("y", {"k": 2}, "2")),
            asks("meanwhile"),
            results(ToolReturnPart("y", "Y", "2"), ToolReturnPart("x", "X", "1")),
        )
        assert written(call)["messages"][1:] == [
            {
                "role": "assistant",
                "content": "a",
                "tool_calls": [called("1", "x", '{"k":1}'), called("2", "y", '{"k":2}')],
            },
            {"role": "tool", "tool_call_id": "2", "content": "Y"},
            {"role": "tool", "tool_call_id": "1", "content": "X"},
            user("meanwhile"),
        ]

    def test_calls_without_results_and_results_without_calls(self) -> None:
        """OpenAI refuses both."""
        call = foreign(asks("q"), answers(ToolCallPart("x", "{}", "1")), results(ToolReturnPart("y", "Y", "9")))
        messages = written(call)["messages"]
        assert messages[2] == {"role": "tool", "tool_call_id": "1", "content": "(no result)"}
        assert messages[3] == user("Y")
        assert call.drops.counts == {"unmatched_result": 1}

    def test_images_of_results_follow_all_of_them(self) -> None:
        image = BinaryContent(PNG, media_type="image/png")
        shown = {"type": "image_url", "image_url": {"url": PNG_URI}}
        calls = answers(ToolCallPart("x", "{}", "1"), ToolCallPart("y", "{}", "2"))
        one = foreign(calls, results(ToolReturnPart("x", ["X", image], "1"), ToolReturnPart("y", "Y", "2")))
        assert written(one)["messages"][1:] == [
            {"role": "tool", "tool_call_id": "1", "content": "X"},
            {"role": "tool", "tool_call_id": "2", "content": "Y"},
            user([shown]),
        ]
        both = foreign(calls, results(ToolReturnPart("x", [image], "1"), ToolReturnPart("y", [image], "2")), asks("?"))
        messages = written(both)["messages"]
        assert [message["content"] for message in messages[1:3]] == ["", ""]
        assert [part["type"] for part in messages[3]["content"]] == ["text", "image_url"] * 2
        assert "x (1)" in messages[3]["content"][0]["text"]
        assert messages[4] == user("?")

    @pytest.mark.parametrize(
        ("content", "text"),
        [
            ({"result": "sunny"}, "sunny"),
            ({"error": "no"}, "no"),
            ({"temperature": 5}, '{"temperature":5}'),
            ({"result": [1]}, '{"result":[1]}'),
            ([1, 2], "[1,2]"),
            (None, ""),
        ],
    )
    def test_results_that_are_objects(self, content: Any, text: str) -> None:
        call = foreign(answers(ToolCallPart("x", "{}", "1")), results(ToolReturnPart("x", content, "1")))
        assert written(call)["messages"][1]["content"] == text

    def test_ids_are_as_openai_takes_them(self) -> None:
        id = "toolu_" + "x" * 60
        call = foreign(answers(ToolCallPart("x", None, id)), results(ToolReturnPart("x", "X", id)))
        made, result = written(call)["messages"]
        assert made["tool_calls"][0]["function"]["arguments"] == "{}"
        assert len(made["tool_calls"][0]["id"]) <= 40
        assert result["tool_call_id"] == made["tool_calls"][0]["id"]

    def test_turns_with_nothing_to_say_are_left_out(self) -> None:
        native = {"provider_name": "anthropic", "provider_details": {"raw": {"type": "server_tool_use"}}}
        call = foreign(
            asks("a"),
            answers(
                NativeToolCallPart("web_search", {}, "1", **native),
                NativeToolReturnPart("web_search", "", "1", **native),
                NativeToolCallPart("unknown", None, "", **native),
                TextPart(""),
            ),
            asks("b"),
        )
        assert written(call)["messages"] == [user("a"), user("b")]
        assert call.drops.counts == {"server_tool_blocks": 2, "unknown_block": 1}

    def test_images_of_the_model_come_from_the_user(self) -> None:
        call = foreign(asks("draw"), answers(TextPart("here"), FilePart(BinaryContent(PNG, media_type="image/png"))))
        assert written(call)["messages"][2] == user([{"type": "image_url", "image_url": {"url": PNG_URI}}])

    def test_refusals(self) -> None:
        call = foreign(answers(TextPart("no", provider_details={"refusal": True})), origin=WireFormat.OPENAI_RESPONSES)
        assert written(call)["messages"][0]["content"] == [{"type": "refusal", "refusal": "no"}]

    def test_signed_thinking_is_its_vendors(self) -> None:
        call = foreign(
            answers(
                ThinkingPart("hm", signature="s", provider_name="anthropic"),
                ThinkingPart("", signature="s", provider_name="gemini"),
                ThinkingPart("", id="redacted_thinking", signature="s", provider_name="anthropic"),
                TextPart("x"),
            )
        )
        assert written(call)["messages"] == [{"role": "assistant", "content": "x"}]
        assert call.drops.counts == {"thinking": 1, "signature": 2}

    def test_unsigned_thinking_goes_back_to_compatible_servers(self) -> None:
        """It can only have come from one; DeepSeek refuses calls without it. OpenAI has no such field."""
        turn = answers(ThinkingPart("hm"), TextPart("x"))
        assert dump(foreign(turn, model="kimi-k2"))["messages"][0]["reasoning_content"] == "hm"
        call = foreign(turn, model="gpt-5.1")
        assert written(call)["messages"] == [{"role": "assistant", "content": "x"}]
        assert call.drops.counts == {"thinking": 1}
        silent = dump(foreign(answers(ToolCallPart("x", "{}", "1")), model="deepseek-v4"))
        assert silent["messages"][0]["reasoning_content"] == ""

    def test_own_signatures_go_back(self) -> None:
        turn = answers(ThinkingPart("hm", signature="s", provider_name="openai"), TextPart("x"))
        details = dump(foreign(turn))["messages"][0]["reasoning_details"]
        assert details == [{"type": "reasoning.text", "text": "hm", "signature": "s"}]

    def test_a_conversation_is_never_empty(self) -> None:
        assert written(foreign(ModelRequest([])))["messages"] == [user("")]


def tool(**more: Any) -> ToolDefinition:
    return ToolDefinition(name="weather", description="Weather.", parameters_json_schema=WEATHER, **more)


class TestForeignSettings:
    """Settings of other formats, as OpenAI takes them."""

    def test_foreign_fields_never_get_through_c15(self) -> None:
        """C15: fields of other dialects and internal markers reached the provider, which refuses unknown ones."""
        call = foreign(asks("q"), extras={"context_management": {}, "container": "c"}, wording={"x": 1})
        assert written(call) == {"model": "m", "messages": [user("q")]}
        assert call.drops.counts == {"field.context_management": 1, "field.container": 1}

    def test_settings(self) -> None:
        call = foreign(
            asks("q"),
            settings=ModelSettings(
                max_tokens=5, temperature=0.2, top_p=0.3, top_k=4, stop_sequences=list("abcdef"),
                parallel_tool_calls=False,
            ),
            choices=3, metadata={"a": "b"}, user="u" * 90, service_tier="standard", top_logprobs=2, stream=True,
        )  # fmt: skip
        body = written(call)
        assert (body["max_completion_tokens"], body["temperature"], body["top_p"]) == (5, 0.2, 0.3)
        assert (body["stop"], body["logprobs"], body["top_logprobs"]) == (list("abcd"), True, 2)
        assert len(body["user"]) == 64
        assert (body["stream"], body["stream_options"]) == (True, {"include_usage": True})
        assert not body.keys() & {"top_k", "n", "metadata", "parallel_tool_calls", "service_tier", "max_tokens"}
        assert call.drops.counts == {
            "sampling": 1, "choices": 1, "metadata": 1, "parallel_tool_calls": 1, "service_tier": 1,
            "stop_sequences": 2,
        }  # fmt: skip

    @pytest.mark.parametrize(
        ("choice", "wire"),
        [
            (ToolChoice("auto"), "auto"),
            (ToolChoice("none"), "none"),
            (ToolChoice("required"), "required"),
            (ToolChoice("required", ["weather"]), {"type": "function", "function": {"name": "weather"}}),
            (
                ToolChoice("auto", ["weather"]),
                {
                    "type": "allowed_tools",
                    "allowed_tools": {"mode": "auto", "tools": [{"type": "function", "function": {"name": "weather"}}]},
                },
            ),
            (ToolChoice("required", ["web_search"]), None),
        ],
    )
    def test_tool_choice(self, choice: ToolChoice, wire: Any) -> None:
        call = foreign(asks("q"), tools=[tool()], tool_choice=choice)
        assert written(call).get("tool_choice") == wire
        assert bool(call.drops) == (wire is None)

    def test_choice_without_tools_is_refused_by_the_api(self) -> None:
        search = ServerTool("web_search", {"googleSearch": {}}, WireFormat.GEMINI)
        call = foreign(asks("q"), server_tools=[search], tool_choice=ToolChoice("required"))
        assert not written(call).keys() & {"tools", "tool_choice"}
        assert call.drops.counts == {"server_tools": 1, "tool_choice": 1}

    def test_tools(self) -> None:
        closed = {**WEATHER, "additionalProperties": False}
        call = foreign(
            asks("q"),
            tools=[
                tool(strict=True, metadata={"cache_control": {"type": "ephemeral"}}),
                ToolDefinition(name="b", parameters_json_schema=closed, strict=True),
                ToolDefinition(name="c", parameters_json_schema={}),
                ToolDefinition(name="d", parameters_json_schema={"type": "object"}, strict=False),
            ],
        )
        functions = [entry["function"] for entry in written(call)["tools"]]
        assert functions == [
            {"name": "weather", "description": "Weather.", "parameters": WEATHER},
            {"name": "b", "parameters": closed, "strict": True},
            {"name": "c", "parameters": {"type": "object", "properties": {}}},
            {"name": "d", "parameters": {"type": "object", "properties": {}}, "strict": False},
        ]
        assert call.drops.counts == {"strict": 1, "cache_control": 1}

    def test_custom_tools_by_model(self) -> None:
        """Codex' apply_patch: custom for OpenAI's own models, a function with one text for all others."""
        patch = read(user("q"), tools=[{"type": "custom", "custom": {"name": "patch", "description": "P."}}]).tools
        turn = answers(ToolCallPart("patch", "***", "1", provider_details={"custom": True}))
        end = results(ToolReturnPart("patch", "ok", "1"))
        more: dict[str, Any] = {
            "origin": WireFormat.OPENAI_RESPONSES, "tools": patch, "tool_choice": ToolChoice("required", ["patch"]),
        }  # fmt: skip
        native = written(foreign(turn, end, model="gpt-5", **more))
        assert native["tools"] == [{"type": "custom", "custom": {"name": "patch", "description": "P."}}]
        assert native["tool_choice"] == {"type": "custom", "custom": {"name": "patch"}}
        assert native["messages"][0]["tool_calls"][0]["custom"] == {"name": "patch", "input": "***"}
        call = foreign(turn, end, model="qwen3", **more)
        other = written(call)
        assert other["tools"][0]["function"]["parameters"]["required"] == ["input"]
        assert other["tool_choice"]["function"] == {"name": "patch"}
        assert other["messages"][0]["tool_calls"] == [called("1", "patch", '{"input":"***"}')]
        assert call.drops.counts == {"custom_tool": 1}

    def test_output(self) -> None:
        schema = foreign(asks("q"), output=OutputFormat(WEATHER, "my answer", "what", None))
        format = written(schema)["response_format"]["json_schema"]
        assert (format["schema"], format["description"], "strict" in format) == (WEATHER, "what", False)
        assert format["name"].startswith("my_answer")
        assert written(foreign(asks("q"), output=OutputFormat()))["response_format"] == {"type": "json_object"}

    def test_json_mode_needs_the_word(self) -> None:
        named = foreign(asks("q"), output=OutputFormat(), model="gpt-4.1", origin=WireFormat.GEMINI)
        assert written(named)["messages"][0] == {"role": "system", "content": "Answer in JSON."}
        said = foreign(asks("q as json"), output=OutputFormat(), model="gpt-4.1", origin=WireFormat.GEMINI)
        assert written(said)["messages"] == [user("q as json")]

    @pytest.mark.parametrize(
        ("reasoning", "model", "effort"),
        [
            (Reasoning(effort="high"), "m", "high"),
            (Reasoning(effort="max"), "m", "high"),
            (Reasoning(effort="minimal"), "m", "low"),
            (Reasoning(budget=20_000), "m", "high"),
            (Reasoning(budget=-1), "m", "medium"),
            (Reasoning(adaptive=True), "m", "medium"),
            (Reasoning(enabled=False), "m", None),
            (Reasoning(enabled=False), "gpt-5.1", "none"),
            (Reasoning(enabled=False), "gpt-5-mini", "minimal"),
            (Reasoning(enabled=False), "o3", None),
            (Reasoning(effort="max"), "gpt-5.2", "xhigh"),
            (Reasoning(effort="max"), "gpt-5.6-sol", "max"),
            (Reasoning(effort="max"), "gpt-6", "max"),
            (Reasoning(effort="minimal"), "gpt-5", "minimal"),
            (Reasoning(effort="minimal"), "o4-mini", "low"),
            (Reasoning(effort="high"), "gpt-4o", None),
            (Reasoning(effort="high"), "gpt-5-chat-latest", None),
            (Reasoning(effort="xhigh"), "openai/gpt-5.2", "xhigh"),
            (Reasoning(effort="xhigh"), "anthropic/claude-5", "high"),
        ],
    )
    def test_reasoning(self, reasoning: Reasoning, model: str, effort: str | None) -> None:
        assert written(foreign(asks("q"), reasoning=reasoning, model=model)).get("reasoning_effort") == effort

    def test_latest_models_think_in_chat_only_without_tools(self) -> None:
        """The API: "Function tools with reasoning_effort are not supported … set reasoning_effort to 'none'"."""
        call = foreign(asks("q"), tools=[tool()], reasoning=Reasoning(effort="high"), model="gpt-5.6-sol")
        assert written(call)["reasoning_effort"] == "none"
        assert call.drops.counts == {"reasoning": 1}
        unasked = foreign(asks("q"), tools=[tool()], model="gpt-5.6-sol")
        assert written(unasked)["reasoning_effort"] == "none"
        assert not unasked.drops
        routed = foreign(asks("q"), tools=[tool()], reasoning=Reasoning(effort="high"), model="openai/gpt-5.6-sol")
        assert written(routed)["reasoning_effort"] == "high"

    @pytest.mark.parametrize(
        ("model", "reasoning", "kept"),
        [
            ("gpt-4.1", None, {"temperature", "top_p", "stop"}),
            ("o3", None, set()),
            ("gpt-5", None, set()),
            ("gpt-5.1", None, {"temperature", "top_p"}),
            ("gpt-5.1", Reasoning(effort="low"), set()),
            ("llama", Reasoning(effort="low"), {"temperature", "top_p", "stop"}),
        ],
    )
    def test_models_that_think_refuse_sampling(self, model: str, reasoning: Reasoning | None, kept: set[str]) -> None:
        settings = ModelSettings(temperature=0.3, top_p=1, stop_sequences=["x"])
        call = foreign(asks("q"), model=model, reasoning=reasoning, settings=settings)
        assert written(call).keys() & {"temperature", "top_p", "stop"} == kept
        assert ("sampling" in call.drops.counts) == ("temperature" not in kept)
