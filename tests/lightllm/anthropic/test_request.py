"""Requests of Anthropic Messages: what is read, what comes back, and what other formats' requests become.

Names such as C16 are those of the weaknesses recorded of ai-ccproxy 2.0.0.
"""

from __future__ import annotations

import base64
import copy
from typing import Any

import anthropic.types.beta.message_create_params as sdk
import pytest
from pydantic import TypeAdapter
from pydantic_ai.messages import (
    AudioUrl,
    BinaryContent,
    CachePoint,
    DocumentUrl,
    FilePart,
    ImageUrl,
    ModelMessage,
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
)
from pydantic_ai.settings import ModelSettings
from pydantic_ai.tools import ToolDefinition

from ccproxy.exchange import WireFormat
from ccproxy.lightllm.anthropic.models import traits
from ccproxy.lightllm.anthropic.request import dump, load
from ccproxy.lightllm.call import ModelCall, OutputFormat, Reasoning, ServerTool, ToolChoice
from ccproxy.lightllm.events import Opaque
from ccproxy.lightllm.failures import InvalidCall
from ccproxy.lightllm.signatures import sealed
from ccproxy.lightllm.translate import translate_request

PNG = base64.b64encode(b"\x89PNG\r\n\x1a\n").decode()
PDF = base64.b64encode(b"%PDF-1.4").decode()
SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
TOOL = {"name": "weather", "description": "Weather of a city", "input_schema": SCHEMA}
HELLO = {"role": "user", "content": "hello"}
OLD, SONNET_46, OPUS_47, OPUS_55 = (
    "claude-sonnet-4-5-20250929",
    "claude-sonnet-4-6",
    "claude-opus-4-7",
    "claude-opus-5-5",
)
OPENAI, GEMINI = WireFormat.OPENAI, WireFormat.GEMINI


def request(*messages: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {"model": OLD, "max_tokens": 4096, "messages": list(messages or (HELLO,)), **fields}


def read(*messages: dict[str, Any], **fields: Any) -> ModelCall:
    return load(request(*messages, **fields), None, None)


def user(*blocks: dict[str, Any]) -> dict[str, Any]:
    return {"role": "user", "content": list(blocks)}


def assistant(*blocks: dict[str, Any]) -> dict[str, Any]:
    return {"role": "assistant", "content": list(blocks)}


def text(text: str, **members: Any) -> dict[str, Any]:
    return {"type": "text", "text": text, **members}


def use(id: str = "toolu_1", **members: Any) -> dict[str, Any]:
    return {"type": "tool_use", "id": id, "name": "weather", "input": {"city": "Rome"}, **members}


def result(id: str = "toolu_1", content: Any = "sunny", **members: Any) -> dict[str, Any]:
    return {"type": "tool_result", "tool_use_id": id, "content": content, **members}


def foreign(*messages: ModelMessage, model: str = OLD, origin: WireFormat = OPENAI, **fields: Any) -> ModelCall:
    default: list[ModelMessage] = [ModelRequest([UserPromptPart(["hello"])])]
    call = ModelCall(origin=origin, model=model, messages=list(messages) or default)
    for name, value in fields.items():
        setattr(call, name, value)
    return call


def tool(name: str, schema: dict[str, Any] | None = None, **members: Any) -> ToolDefinition:
    return ToolDefinition(name=name, parameters_json_schema=schema or {}, **members)


def asks(*content: Any) -> ModelRequest:
    return ModelRequest([UserPromptPart(list(content))])


def written(call: ModelCall) -> dict[str, Any]:
    """A request for another format's client, which the SDK's own types accept."""
    document = dump(call)
    TypeAdapter(sdk.MessageCreateParamsNonStreaming).validate_python({**document, "stream": False})
    return document


def content_of(document: dict[str, Any], index: int = 0) -> list[dict[str, Any]]:
    content: list[dict[str, Any]] = document["messages"][index]["content"]
    return content


# ------------------------------------------------------------------ back in its own format: nothing is lost
SERVER_BLOCKS: list[dict[str, Any]] = [
    {"type": "server_tool_use", "id": "srvtoolu_1", "name": "web_search", "input": {"query": "q"}},
    {"type": "web_search_tool_result", "tool_use_id": "srvtoolu_1", "content": [{"type": "web_search_result"}]},
    {"type": "mcp_tool_use", "id": "mcptoolu_1", "name": "ask", "server_name": "wiki", "input": {"a": 1}},
    {"type": "mcp_tool_result", "tool_use_id": "mcptoolu_1", "is_error": False, "content": []},
    {"type": "bash_code_execution_tool_result", "tool_use_id": "srvtoolu_2", "content": {"stdout": "x"}},
    {"type": "compaction", "content": "what was said"},
    {"type": "some_future_block", "anything": [1, None]},
]

CONVERSATION = [
    user(text("a", cache_control={"type": "ephemeral"}), text("b", cache_control={"type": "ephemeral", "ttl": "1h"})),
    assistant(
        {"type": "thinking", "thinking": "hm", "signature": "c2ln"},
        {"type": "redacted_thinking", "data": "cmVk"},
        text("found", citations=[{"type": "web_search_result_location", "url": "https://e.org"}]),
        use("toolu_1", cache_control={"type": "ephemeral"}, caller={"type": "direct"}),
        use("toolu_2"),
    ),
    user(
        result("toolu_1", is_error=True, cache_control={"type": "ephemeral", "ttl": "5m"}),
        result(
            "toolu_2",
            [
                text("see"),
                {"type": "image", "source": {"type": "url", "url": "https://e.org/i.png"}},
                {"type": "document", "source": {"type": "base64", "media_type": "application/pdf", "data": PDF}},
                {"type": "tool_reference", "tool_name": "weather"},
            ],
        ),
        text("now"),
    ),
    assistant(text("…"), *SERVER_BLOCKS),
    {
        "role": "system",
        "content": [text("be brief"), {"type": "tool_addition", "tool": {"name": "x"}}],
        "clear_at": "never",
    },
    user(text("go"), {"type": "container_upload", "file_id": "file_1"}, text("on")),
]

DOCUMENTS: list[dict[str, Any]] = [
    {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PNG}},
    {"type": "image", "source": {"type": "file", "file_id": "file_1"}, "cache_control": {"type": "ephemeral"}},
    {
        "type": "document",
        "source": {"type": "base64", "media_type": "application/pdf", "data": PDF},
        "title": "T",
        "context": "C",
        "citations": {"enabled": True},
        "cache_control": {"type": "ephemeral"},
    },
    {"type": "document", "source": {"type": "url", "url": "https://e.org/d.pdf"}},
    {"type": "document", "source": {"type": "file", "file_id": "file_2"}},
    {"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "plain"}, "title": "T"},
    {"type": "document", "source": {"type": "content", "content": "as text"}},
    {
        "type": "document",
        "source": {
            "type": "content",
            "content": [
                text("x"),
                {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PNG}},
            ],
        },
    },
    {"type": "search_result", "source": "https://e.org", "title": "E", "content": [text("found")]},
    {"type": "document", "source": {"type": "some_future_source", "x": 1}},
]

FIELDS: dict[str, Any] = {
    "system": [text("one", cache_control={"type": "ephemeral", "ttl": "1h"}), text("two")],
    "tools": [
        {"type": "web_search_20250305", "name": "web_search", "max_uses": 3},
        {**TOOL, "cache_control": {"type": "ephemeral"}, "strict": True, "defer_loading": True, "input_examples": [{}]},
        {"type": "bash_20250124", "name": "bash"},
        {"type": "custom", "name": "other", "input_schema": {"type": "object"}},
    ],
    "tool_choice": {"type": "tool", "name": "weather", "disable_parallel_tool_use": True},
    "temperature": 0.5,
    "top_p": 0.9,
    "top_k": 40,
    "stop_sequences": ["END", "\n\n"],
    "metadata": {"user_id": "u1", "more": 1},
    "service_tier": "standard_only",
    "thinking": {"type": "enabled", "budget_tokens": 2000, "display": "omitted", "block_binding": {"x": 1}},
    "output_config": {
        "effort": "low",
        "format": {"type": "json_schema", "schema": SCHEMA},
        "task_budget": {"total": 9},
    },
    "container": "container_1",
    "mcp_servers": [{"type": "url", "name": "wiki", "url": "https://e.org"}],
    "context_management": {"edits": []},
    "cache_control": {"type": "ephemeral"},
    "some_future_field": {"x": [1]},
}


def test_a_conversation_comes_back_as_it_was() -> None:
    """The recorded losses of re-rendering (C11): cache marks of results and calls, images of results, server tools."""
    wanted = copy.deepcopy(CONVERSATION)
    document = dump(read(*copy.deepcopy(CONVERSATION)))
    wanted[2]["content"][0]["content"] = "sunny"
    assert document["messages"] == wanted


def test_documents_of_every_source_come_back() -> None:
    assert content_of(dump(read(user(*copy.deepcopy(DOCUMENTS))))) == DOCUMENTS


def test_every_field_comes_back() -> None:
    original = request(**FIELDS)
    assert dump(load(copy.deepcopy(original), None, None)) == {
        **original,
        "messages": [user(text("hello"))],
    }


@pytest.mark.parametrize(
    "thinking",
    [
        {"type": "disabled"},
        {"type": "adaptive"},
        {"type": "adaptive", "display": "summarized"},
        {"type": "between_tools"},
        {"type": "enabled", "budget_tokens": 1024},
    ],
)
def test_every_mode_of_thinking_comes_back(thinking: dict[str, Any]) -> None:
    assert dump(read(thinking=thinking))["thinking"] == thinking
    assert dump(read(thinking=thinking, output_config={"effort": "max"}))["thinking"] == thinking


def test_an_effort_alone_turns_on_no_thinking_for_the_own_format() -> None:
    document = dump(read(output_config={"effort": "xhigh"}))
    assert document["output_config"] == {"effort": "xhigh"}
    assert "thinking" not in document


def test_a_foreign_signature_comes_back_sealed() -> None:
    signature = sealed(Opaque(GEMINI, "Z2Vt"), WireFormat.ANTHROPIC)
    block = {"type": "thinking", "thinking": "", "signature": signature}
    call = read(HELLO, assistant(block, text("x")), HELLO)
    part = call.messages[1].parts[0]
    assert isinstance(part, ThinkingPart)
    assert (part.signature, part.provider_name) == ("Z2Vt", "gemini")
    assert content_of(dump(call), 1)[0] == block


def test_what_hooks_change_is_what_is_written() -> None:
    call = read(**FIELDS)
    call.reasoning, call.tool_choice, call.output = None, ToolChoice("none"), None
    call.tools.pop()
    call.messages.append(asks("added"))
    document = dump(call)
    assert "thinking" not in document
    assert document["output_config"] == {"task_budget": {"total": 9}}
    assert document["tool_choice"] == {"type": "none"}
    assert [each["name"] for each in document["tools"]] == ["web_search", "weather", "bash"]
    assert document["messages"][-1] == user(text("added"))


# ------------------------------------------------------------------ what is read
def test_system_blocks_are_prompts_at_the_head_and_in_their_place() -> None:
    call = read(
        HELLO,
        {"role": "system", "content": "later"},
        system=[text("first", cache_control={"type": "ephemeral"}), "second"],
    )
    head, later = call.messages[0].parts, call.messages[2].parts
    assert [(p.content, p.metadata) for p in head if isinstance(p, SystemPromptPart)] == [
        ("first", {"cache_control": {"type": "ephemeral"}}),
        ("second", None),
    ]
    assert isinstance(later[0], SystemPromptPart)
    assert later[0].metadata == {"role": "system"}


def test_cache_markers_are_cache_points_where_those_can_say_it() -> None:
    odd = {"type": "ephemeral", "ttl": "2h"}
    call = read(user(text("a", cache_control={"type": "ephemeral", "ttl": "1h"}), text("b", cache_control=odd)))
    part = call.messages[0].parts[0]
    assert isinstance(part, UserPromptPart)
    assert part.content == ["a", CachePoint(ttl="1h"), TextContent("b", metadata={"cache_control": odd})]


def test_media_have_kinds_of_their_own() -> None:
    call = read(user(*DOCUMENTS[:7]))
    part = call.messages[0].parts[0]
    assert isinstance(part, UserPromptPart)
    assert isinstance(part.content, list)
    image, uploaded, pdf, url, file, plain, content = part.content
    assert isinstance(image, BinaryContent)
    assert image.media_type == "image/png"
    assert isinstance(uploaded, UploadedFile)
    assert uploaded.provider_name == "anthropic"
    assert isinstance(pdf, BinaryContent)
    assert pdf.data == b"%PDF-1.4"
    assert pdf.vendor_metadata == {
        "title": "T", "context": "C", "citations": {"enabled": True}, "cache_control": {"type": "ephemeral"},
    }  # fmt: skip
    assert isinstance(url, DocumentUrl)
    assert isinstance(file, UploadedFile)
    assert isinstance(plain, BinaryContent)
    assert (plain.data, plain.media_type) == (b"plain", "text/plain")
    assert isinstance(content, BinaryContent)
    assert content.data == b"as text"


@pytest.mark.parametrize("source", [{"type": "text", "data": "x"}, {"type": "content", "content": [text("x")]}, {}])
def test_c16_no_source_of_a_document_is_an_error(source: dict[str, Any]) -> None:
    assert read(user({"type": "document", "source": source})).messages


def test_c16_thinking_without_a_signature_is_no_error() -> None:
    block = {"type": "thinking", "thinking": "hm"}
    call = read(HELLO, assistant(block, text("x")))
    assert call.messages[1].parts[0] == ThinkingPart("hm")
    assert content_of(dump(call), 1)[0] == block


def test_c16_no_stop_sequences_are_no_error() -> None:
    assert "stop_sequences" not in read(stop_sequences=[]).settings


def test_results_know_their_tool_and_whether_they_failed() -> None:
    call = read(HELLO, assistant(use()), user(result(is_error=True), result("toolu_9", None)))
    failed, unknown = call.messages[2].parts
    assert isinstance(failed, ToolReturnPart)
    assert (failed.tool_name, failed.outcome, failed.content) == ("weather", "failed", "sunny")
    assert isinstance(unknown, ToolReturnPart)
    assert (unknown.tool_name, unknown.outcome) == ("", "success")


def test_server_tools_are_native_parts_with_their_block() -> None:
    parts = read(HELLO, assistant(*SERVER_BLOCKS)).messages[1].parts
    assert [type(part) for part in parts[:2]] == [NativeToolCallPart, NativeToolReturnPart]
    assert [part.tool_name for part in parts if isinstance(part, NativeToolCallPart | NativeToolReturnPart)] == [
        "web_search", "web_search", "ask", "mcp", "bash_code_execution", "compaction", "unknown",
    ]  # fmt: skip
    details = [getattr(part, "provider_details", None) for part in parts]
    assert details == [{"raw": block} for block in SERVER_BLOCKS]


def test_tools_of_providers_are_told_from_those_of_the_client() -> None:
    """C24, C11: a provider's tool is no function of the client."""
    call = read(tools=FIELDS["tools"])
    assert [each.name for each in call.tools] == ["weather", "other"]
    assert [(each.name, each.origin) for each in call.server_tools] == [
        ("web_search", WireFormat.ANTHROPIC),
        ("bash_20250124", WireFormat.ANTHROPIC),
    ]


@pytest.mark.parametrize(
    ("wire", "choice"),
    [
        ({"type": "auto"}, ToolChoice("auto")),
        ({"type": "any"}, ToolChoice("required")),
        ({"type": "none"}, ToolChoice("none")),
        ({"type": "tool", "name": "weather"}, ToolChoice("required", ["weather"])),
    ],
)
def test_choices_of_tools_are_read_and_written(wire: dict[str, Any], choice: ToolChoice) -> None:
    assert read(tools=[TOOL], tool_choice=wire).tool_choice == choice
    call = foreign(tools=[tool("weather", SCHEMA)], tool_choice=choice)
    assert written(call)["tool_choice"] == wire


def test_plain_fields_are_read() -> None:
    call = read(**FIELDS)
    assert call.settings == {
        "max_tokens": 4096, "temperature": 0.5, "top_p": 0.9, "top_k": 40, "stop_sequences": ["END", "\n\n"],
        "parallel_tool_calls": False,
    }  # fmt: skip
    assert (call.user, call.service_tier) == ("u1", "default")
    assert call.reasoning == Reasoning(effort="low", budget=2000, visible=False)
    assert call.output == OutputFormat(schema=SCHEMA)
    assert load(request(stream=True), "other", None).stream
    assert load(request(), "other", None).model == "other"


# ------------------------------------------------------------------ slips and nonsense
def test_obvious_slips_pass() -> None:
    call = load(
        {
            "model": OLD,
            "max_tokens": "100",
            "messages": [
                {"role": "user", "content": text("one block")},
                {"role": "assistant", "content": None},
                {"content": ["bare", {"text": "no type"}]},
            ],
            "stop_sequences": "END",
            "tool_choice": "any",
            "thinking": "yes",
        },
        None,
        None,
    )
    assert call.settings["max_tokens"] == 100
    assert call.settings["stop_sequences"] == ["END"]
    assert call.tool_choice == ToolChoice("required")
    last = call.messages[2].parts[0]
    assert isinstance(last, UserPromptPart)
    assert last.content == ["bare", "no type"]


@pytest.mark.parametrize(
    ("document", "place"),
    [
        ([], "the request"),
        ({"model": "m"}, "messages"),
        (request("hello"), "messages[0]"),  # type: ignore[arg-type]
        (request({"role": "user", "content": 3}), "messages[0].content"),
        (request(user(3)), "messages[0].content[0]"),  # type: ignore[arg-type]
        (request(user(text(["x"]))), "messages[0].content[0].text"),  # type: ignore[arg-type]
        (request(user({"type": "tool_result"})), "messages[0].content[0]"),
        (request(assistant({"type": "tool_use", "id": "x"})), "messages[0].content[0]"),
        (
            request(user({"type": "image", "source": {"type": "base64", "data": "no base64!"}})),
            "messages[0].content[0].source.data",
        ),
        (request(max_tokens="many"), "max_tokens"),
        (request(max_tokens=1.5), "max_tokens"),
        (request(temperature=[]), "temperature"),
        (request(tools="x"), "tools"),
        (request(tools=[{"description": "nameless"}]), "tools[0]"),
        (request(thinking={"type": "enabled", "budget_tokens": "much"}), "thinking.budget_tokens"),
    ],
)
def test_nonsense_is_refused_with_its_place(document: Any, place: str) -> None:
    with pytest.raises(InvalidCall) as refusal:
        load(document, None, None)
    assert str(refusal.value).startswith(f"{place}:")


# ------------------------------------------------------------------ from other formats: fields
def test_c15_nothing_foreign_is_pasted() -> None:
    call = foreign(extras={"stream_options": {}, "image_detail:msg:0": 1}, verbosity="low", prompt_cache_key="k")
    call.settings = ModelSettings(seed=1, presence_penalty=0.0, frequency_penalty=1.0, logit_bias={"1": 2})
    call.logprobs, call.choices, call.metadata = True, 2, {"a": "b"}
    assert set(written(call)) == {"model", "messages", "max_tokens"}
    assert call.drops.counts == {
        "sampling": 3, "logprobs": 1, "choices": 1, "metadata": 1, "field.verbosity": 1, "field.prompt_cache_key": 1,
        "field.stream_options": 1, "field.image_detail_msg_0": 1,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("model", "tokens"),
    [("claude-3-haiku-20240307", 4096), (OLD, 32_000), (OPUS_47, 32_000), ("claude-opus-4-1", 8192), ("other", 8192)],
)
def test_max_tokens_must_be_there(model: str, tokens: int) -> None:
    assert written(foreign(model=model))["max_tokens"] == tokens


def test_max_tokens_go_as_far_as_the_model() -> None:
    call = foreign(model="claude-3-haiku-20240307", settings=ModelSettings(max_tokens=100_000))
    assert written(call)["max_tokens"] == 4096


@pytest.mark.parametrize(
    ("model", "settings", "sent", "dropped"),
    [
        (OLD, {"temperature": 1.7}, {"temperature": 1}, 1),
        (OLD, {"temperature": 0.2, "top_p": 0.9}, {"temperature": 0.2}, 1),
        ("claude-3-haiku-20240307", {"temperature": 0.2, "top_p": 0.9}, {"temperature": 0.2, "top_p": 0.9}, 0),
        (OLD, {"top_p": 0.9, "top_k": 5}, {"top_p": 0.9, "top_k": 5}, 0),
        (OPUS_47, {"temperature": 0.2, "top_p": 0.9, "top_k": 5}, {}, 3),
        (OPUS_47, {"temperature": 1.0}, {}, 0),
        ("glm-4.7", {"temperature": 0.2, "top_p": 0.9}, {"temperature": 0.2, "top_p": 0.9}, 0),
    ],
)
def test_sampling_as_the_model_takes_it(model: str, settings: Any, sent: dict[str, Any], dropped: int) -> None:
    call = foreign(model=model, settings=settings)
    document = dump(call)
    assert {name: document[name] for name in ("temperature", "top_p", "top_k") if name in document} == sent
    assert call.drops.counts.get("sampling", 0) == dropped


def test_thinking_leaves_no_temperature() -> None:
    call = foreign(reasoning=Reasoning(effort="low"), settings=ModelSettings(temperature=0.2, top_p=0.97))
    document = dump(call)
    assert "temperature" not in document
    assert call.drops.counts == {"sampling": 2}


def test_stop_sequences_of_white_space_are_refused() -> None:
    call = foreign(settings=ModelSettings(stop_sequences=["END", "\n\n"]))
    assert written(call)["stop_sequences"] == ["END"]
    assert call.drops.counts == {"stop_sequences": 1}


def test_users_and_tiers() -> None:
    document = written(foreign(user="u1", service_tier="default", stream=True))
    assert document["metadata"] == {"user_id": "u1"}
    assert document["service_tier"] == "standard_only"
    assert document["stream"] is True
    call = foreign(user="u" * 300, service_tier="flex")
    assert "service_tier" not in written(call)
    assert call.drops.counts == {"user": 1, "service_tier": 1}


# ------------------------------------------------------------------ tools and structured output
def test_tools_need_an_object_at_the_top() -> None:
    call = foreign(
        tools=[
            tool("a", {}, description="A"),
            tool("b", {"anyOf": [SCHEMA, {"properties": {"zip": {}}, "required": ["zip"]}]}),
        ]
    )
    first, second = written(call)["tools"]
    assert first == {"name": "a", "description": "A", "input_schema": {"type": "object"}}
    assert second["input_schema"] == {"type": "object", "properties": {"city": {"type": "string"}, "zip": {}}}
    assert call.drops.counts == {"schema": 1}


def test_free_text_tools_get_one_argument() -> None:
    call = foreign(
        asks("x"),
        ModelResponse([ToolCallPart("run", "ls -l", "call_1", provider_details={"custom": True})]),
        ModelRequest([ToolReturnPart("run", "ok", "call_1")]),
        tools=[tool("run", metadata={"custom": {"type": "text"}})],
    )
    document = written(call)
    assert document["tools"][0]["input_schema"]["required"] == ["input"]
    assert content_of(document, 1)[0]["input"] == {"input": "ls -l"}
    assert call.drops.counts == {"custom_tool": 1}


def test_strict_tools_where_the_model_has_them() -> None:
    schema = {"type": "object", "properties": {"n": {"type": "integer", "minimum": 1}}, "required": ["n"]}
    call = foreign(tools=[tool("a", schema, strict=True)])
    sent = written(call)["tools"][0]
    assert sent["strict"] is True
    assert sent["input_schema"] == {
        "type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"], "additionalProperties": False,
    }  # fmt: skip
    assert call.drops.counts == {"schema": 1}
    older = foreign(model="claude-3-haiku-20240307", tools=[tool("a", schema, strict=True)])
    assert written(older)["tools"][0] == {"name": "a", "input_schema": schema}
    assert older.drops.counts == {"strict": 1}


def test_one_call_at_a_time() -> None:
    tools = [tool("weather", SCHEMA)]
    call = foreign(tools=tools, settings=ModelSettings(parallel_tool_calls=False))
    assert written(call)["tool_choice"] == {"type": "auto", "disable_parallel_tool_use": True}
    call = foreign(tools=tools, settings=ModelSettings(parallel_tool_calls=False), tool_choice=ToolChoice("none"))
    assert written(call)["tool_choice"] == {"type": "none"}
    assert "tool_choice" not in written(foreign(tools=tools, settings=ModelSettings(parallel_tool_calls=True)))
    assert "tool_choice" not in written(foreign(settings=ModelSettings(parallel_tool_calls=False)))


@pytest.mark.parametrize(
    ("model", "choice", "sent"),
    [
        (OLD, ToolChoice("required", ["weather", "other"]), {"type": "any"}),
        (OLD, ToolChoice("auto", ["weather"]), {"type": "auto"}),
        (OLD, ToolChoice("required", ["absent"]), {"type": "any"}),
        (OPUS_55, ToolChoice("required"), {"type": "auto"}),
    ],
)
def test_choices_that_cannot_be_said_become_the_nearest(model: str, choice: ToolChoice, sent: dict[str, Any]) -> None:
    call = foreign(model=model, tools=[tool("weather", SCHEMA)], tool_choice=choice)
    assert written(call)["tool_choice"] == sent
    assert call.drops.counts == {"tool_choice": 1}


def test_search_of_another_provider_is_searched_here() -> None:
    spec = {
        "type": "web_search",
        "filters": {"allowed_domains": ["e.org"]},
        "user_location": {"type": "approximate", "city": "Rome"},
    }
    search = ServerTool("web_search", spec, WireFormat.OPENAI_RESPONSES)
    call = foreign(server_tools=[search, ServerTool("file_search", {}, WireFormat.OPENAI_RESPONSES)])
    assert written(call)["tools"] == [
        {
            "type": "web_search_20250305",
            "name": "web_search",
            "allowed_domains": ["e.org"],
            "user_location": {"type": "approximate", "city": "Rome"},
        }
    ]
    assert call.drops.counts == {"server_tools": 1}


def test_schemas_for_answers() -> None:
    """The switch has its own place; properties that are named like keywords stay."""
    schema = {"type": "object", "properties": {"minimum": {"type": "number", "maximum": 5}}, "required": ["minimum"]}
    call = foreign(output=OutputFormat(schema=schema, name="answer", strict=True))
    assert written(call)["output_config"]["format"] == {
        "type": "json_schema",
        "schema": {
            "type": "object", "properties": {"minimum": {"type": "number"}}, "required": ["minimum"],
            "additionalProperties": False,
        },
    }  # fmt: skip
    assert call.drops.counts == {"schema": 1}


def test_json_of_any_shape_is_not_to_be_had() -> None:
    call = foreign(output=OutputFormat())
    assert "output_config" not in written(call)
    assert call.drops.counts == {"json_mode": 1}


# ------------------------------------------------------------------ thinking
@pytest.mark.parametrize(
    ("model", "reasoning", "thinking", "effort"),
    [
        (OLD, Reasoning(effort="high"), {"type": "enabled", "budget_tokens": 16384}, None),
        (OLD, Reasoning(budget=500), {"type": "enabled", "budget_tokens": 1024}, None),
        (OLD, Reasoning(budget=-1), {"type": "enabled", "budget_tokens": 8192}, None),
        (OLD, Reasoning(enabled=False), None, None),
        (SONNET_46, Reasoning(effort="high"), {"type": "adaptive"}, "high"),
        (SONNET_46, Reasoning(effort="xhigh"), {"type": "adaptive"}, "high"),
        (SONNET_46, Reasoning(budget=20_000), {"type": "adaptive"}, "high"),
        (SONNET_46, Reasoning(adaptive=True), {"type": "adaptive"}, None),
        (OPUS_47, Reasoning(effort="xhigh"), {"type": "adaptive"}, "xhigh"),
        (OPUS_47, Reasoning(effort="minimal"), {"type": "adaptive"}, "low"),
        (OPUS_47, Reasoning(visible=False), {"type": "adaptive", "display": "omitted"}, None),
        (OPUS_47, Reasoning(summary="auto"), {"type": "adaptive", "display": "summarized"}, None),
        ("claude-haiku-4-6", Reasoning(effort="low"), {"type": "adaptive"}, "low"),
        ("claude-opus-5", Reasoning(enabled=False), {"type": "disabled"}, None),
        ("claude-sonnet-5-5", Reasoning(enabled=False), {"type": "between_tools"}, None),
        ("deepseek-chat", Reasoning(effort="low"), {"type": "enabled", "budget_tokens": 2048}, None),
    ],
)
def test_thinking_as_the_model_does_it(model: str, reasoning: Reasoning, thinking: Any, effort: str | None) -> None:
    call = foreign(model=model, reasoning=reasoning)
    document = dump(call)
    assert document.get("thinking") == thinking
    assert document.get("output_config", {}).get("effort") == effort
    assert not call.drops


def test_where_thinking_cannot_be_left_it_is_little() -> None:
    call = foreign(model=OPUS_55, reasoning=Reasoning(enabled=False))
    document = dump(call)
    assert document["output_config"] == {"effort": "low"}
    assert "thinking" not in document
    assert call.drops.counts == {"reasoning": 1}


def test_an_effort_stands_beside_a_schema() -> None:
    call = foreign(model=OPUS_47, reasoning=Reasoning(effort="low"), output=OutputFormat(schema={"type": "object"}))
    assert set(dump(call)["output_config"]) == {"effort", "format"}


def test_a_budget_stays_below_max_tokens() -> None:
    grown = dump(foreign(model="other", reasoning=Reasoning(effort="high")))
    assert grown["max_tokens"] == 8192 + 16384
    shrunk = dump(foreign(reasoning=Reasoning(effort="high"), settings=ModelSettings(max_tokens=4096)))
    assert (shrunk["max_tokens"], shrunk["thinking"]["budget_tokens"]) == (4096, 3072)
    exact = dump(foreign(reasoning=Reasoning(budget=4000), settings=ModelSettings(max_tokens=4096)))
    assert exact["thinking"]["budget_tokens"] == 4000
    call = foreign(reasoning=Reasoning(effort="high"), settings=ModelSettings(max_tokens=1024))
    assert "thinking" not in dump(call)
    assert call.drops.counts == {"reasoning": 1}


@pytest.mark.parametrize(("model", "kept"), [(OLD, False), (SONNET_46, True), ("deepseek-chat", True)])
def test_a_forced_tool_goes_before_thinking_with_a_budget(model: str, kept: bool) -> None:
    tools = [tool("weather", SCHEMA)]
    call = foreign(model=model, tools=tools, tool_choice=ToolChoice("required"), reasoning=Reasoning(effort="low"))
    document = dump(call)
    assert document["tool_choice"] == {"type": "any"}
    assert ("thinking" in document) is kept
    assert call.drops.counts == ({} if kept else {"reasoning": 1})


OPEN_LOOP: list[ModelMessage] = [
    asks("x"),
    ModelResponse([ToolCallPart("weather", {"city": "Rome"}, "call_1")]),
    ModelRequest([ToolReturnPart("weather", "sunny", "call_1")]),
]


@pytest.mark.parametrize(("model", "kept"), [(OLD, False), (SONNET_46, True)])
def test_calls_made_without_thinking_are_gone_on_with_without(model: str, kept: bool) -> None:
    """The API wants a turn that goes on after results to have begun with thinking; a finished one may be anything."""
    call = foreign(*OPEN_LOOP, model=model, reasoning=Reasoning(effort="low"))
    assert ("thinking" in dump(call)) is kept
    finished = foreign(*OPEN_LOOP, ModelResponse([TextPart("fine")]), asks("more"), reasoning=Reasoning(effort="low"))
    assert "thinking" in dump(finished)


def test_calls_made_with_own_thinking_are_gone_on_with() -> None:
    thought = ThinkingPart("hm", signature="c2ln", provider_name="anthropic")
    turn = ModelResponse([thought, ToolCallPart("weather", {"city": "Rome"}, "call_1")])
    document = dump(foreign(OPEN_LOOP[0], turn, OPEN_LOOP[2], reasoning=Reasoning(effort="low")))
    assert document["thinking"]["type"] == "enabled"
    assert content_of(document, 1)[0] == {"type": "thinking", "thinking": "hm", "signature": "c2ln"}


def test_thoughts_of_other_vendors_stay_out() -> None:
    thoughts: list[Any] = [ThinkingPart("hm"), ThinkingPart("", signature="x", provider_name="gemini"), TextPart("y")]
    call = foreign(asks("x"), ModelResponse(thoughts), asks("z"))
    assert content_of(written(call), 1) == [text("y")]
    assert call.drops.counts == {"thinking": 1, "signature": 1}


# ------------------------------------------------------------------ turns
def test_system_prompts_at_the_head_are_system_and_later_ones_the_users() -> None:
    call = foreign(
        ModelRequest([SystemPromptPart("one"), SystemPromptPart("two", metadata={"role": "developer"})]),
        asks("x"),
        ModelRequest([SystemPromptPart("three")]),
    )
    document = written(call)
    assert document["system"] == [text("one"), text("two")]
    assert document["messages"] == [user(text("x"), text("three"))]


def test_results_stand_first_in_the_next_message() -> None:
    call = foreign(
        asks("x"),
        ModelResponse([ToolCallPart("a", "{}", "call_1"), ToolCallPart("b", {}, "call_2")]),
        ModelRequest([SystemPromptPart("note")]),
        ModelRequest([ToolReturnPart("b", "two", "call_2")]),
        ModelResponse([TextPart("wait")]),
        ModelRequest([ToolReturnPart("a", "one", "call_1", outcome="failed"), UserPromptPart(["go on"])]),
    )
    document = written(call)
    assert [message["role"] for message in document["messages"]] == ["user", "assistant", "user", "assistant", "user"]
    assert content_of(document, 2) == [
        result("call_1", [text("one")], is_error=True),
        result("call_2", [text("two")]),
        text("note"),
    ]
    assert content_of(document, 4) == [text("go on")]


def test_a_call_without_a_result_gets_one() -> None:
    call = foreign(asks("x"), ModelResponse([ToolCallPart("a", "{}", "call_1")]), asks("never mind"))
    assert content_of(written(call), 2) == [
        {"type": "tool_result", "tool_use_id": "call_1", "content": "no result", "is_error": True},
        text("never mind"),
    ]


def test_a_result_without_a_call_is_text() -> None:
    call = foreign(asks("x"), ModelRequest([ToolReturnPart("a", "lost", "call_9")]))
    assert written(call)["messages"] == [user(text("x"), text("lost"))]
    assert call.drops.counts == {"unmatched_result": 1}


def test_ids_are_made_safe_and_unique_and_still_link() -> None:
    turns: list[ModelMessage] = []
    for answer in ("one", "two"):
        turns += [
            asks("x"),
            ModelResponse([ToolCallPart("a", "{}", "functions.a:0")]),
            ModelRequest([ToolReturnPart("a", answer, "functions.a:0")]),
        ]
    document = written(foreign(*turns))
    calls = [b["id"] for m in document["messages"] for b in m["content"] if b["type"] == "tool_use"]
    results = [
        (b["tool_use_id"], b["content"])
        for m in document["messages"]
        for b in m["content"]
        if b["type"] == "tool_result"
    ]
    assert len(set(calls)) == 2
    assert results == [(calls[0], [text("one")]), (calls[1], [text("two")])]


def test_empty_text_is_left_out_and_empty_turns_too() -> None:
    call = foreign(asks("x", " ", ""), ModelResponse([TextPart("\n")]), asks("y"))
    assert written(call)["messages"] == [user(text("x"), text("y"))]


def test_the_first_turn_is_the_users() -> None:
    document = written(foreign(ModelResponse([TextPart("hi ")])))
    assert [message["role"] for message in document["messages"]] == ["user", "assistant"]
    assert content_of(document, 1) == [text("hi")]
    assert [m["role"] for m in written(foreign(ModelRequest([SystemPromptPart("s")])))["messages"]] == ["user"]


def test_newer_models_do_not_go_on_with_the_assistants_turn() -> None:
    turns = (asks("x"), ModelResponse([TextPart("so far")]))
    assert written(foreign(*turns, model=OPUS_47))["messages"][-1]["role"] == "user"
    assert written(foreign(*turns, model=OLD))["messages"][-1]["role"] == "assistant"


def test_arguments_become_objects() -> None:
    calls = [ToolCallPart("a", '{"x": 1}', "c1"), ToolCallPart("a", "{broken", "c2"), ToolCallPart("a", None, "c3")]
    results = [ToolReturnPart("a", {"t": 20}, part.tool_call_id) for part in calls]
    call = foreign(asks("x"), ModelResponse(calls), ModelRequest(results))
    document = written(call)
    assert [block["input"] for block in content_of(document, 1)] == [{"x": 1}, {"arguments": "{broken"}, {}]
    assert content_of(document, 2)[0]["content"] == [text('{"t":20}')]
    assert call.drops.counts == {"invalid_arguments": 1}


def test_a_refusal_is_text_and_foreign_blocks_are_counted() -> None:
    parts: list[Any] = [
        TextPart("no", provider_details={"refusal": True}),
        NativeToolCallPart("web_search", {}, "ws_1", provider_name="openai_responses", provider_details={"raw": {}}),
        NativeToolReturnPart("unknown", "", "", provider_name="openai_responses"),
        FilePart(BinaryContent(b"x", media_type="image/png")),
    ]
    call = foreign(asks("x", TextContent("", metadata={"raw": {"type": "odd"}})), ModelResponse(parts), asks("y"))
    assert content_of(written(call), 1) == [text("no")]
    assert call.drops.counts == {"unknown_block": 2, "server_tool_blocks": 1, "media": 1}


# ------------------------------------------------------------------ media
def test_media_in_their_own_forms() -> None:
    """C17: a picture is never a text about a Python object."""
    png = BinaryContent(b"\x89PNG", media_type="image/png", vendor_metadata={"detail": "high"})
    call = foreign(
        asks(
            png,
            ImageUrl("https://e.org/i.jpg"),
            BinaryContent(b"%PDF-1.4", media_type="", vendor_metadata={"filename": "d.pdf"}),
            BinaryContent("é".encode(), media_type="text/markdown; charset=utf-8"),
            DocumentUrl("https://e.org/d.pdf"),
            ImageUrl("data:image/gif;base64,R0lG"),
            BinaryContent(b"\xff\xd8\xff", media_type="image/jpg"),
        )
    )
    sources = [(block["type"], block["source"]) for block in content_of(written(call))]
    assert sources == [
        ("image", {"type": "base64", "media_type": "image/png", "data": "iVBORw=="}),
        ("image", {"type": "url", "url": "https://e.org/i.jpg"}),
        ("document", {"type": "base64", "media_type": "application/pdf", "data": PDF}),
        ("document", {"type": "text", "media_type": "text/plain", "data": "é"}),
        ("document", {"type": "url", "url": "https://e.org/d.pdf"}),
        ("image", {"type": "base64", "media_type": "image/gif", "data": "R0lG"}),
        ("image", {"type": "base64", "media_type": "image/jpeg", "data": "/9j/"}),
    ]
    assert content_of(dump(call))[2]["title"] == "d.pdf"
    assert call.drops.counts == {"image_detail": 2}


@pytest.mark.parametrize(
    ("item", "rule"),
    [
        (BinaryContent(b"x", media_type="audio/wav"), "media"),
        (BinaryContent(b"x", media_type="image/bmp"), "media"),
        (AudioUrl("https://e.org/a.mp3"), "media"),
        (ImageUrl("gs://bucket/i.png"), "media"),
        (UploadedFile("file-1", "openai"), "file_id"),
    ],
)
def test_media_that_are_not_taken_are_counted(item: Any, rule: str) -> None:
    call = foreign(asks("x", item))
    assert written(call)["messages"] == [user(text("x"))]
    assert call.drops.counts == {rule: 1}


def test_results_bring_their_pictures() -> None:
    picture = BinaryContent(b"GIF8", media_type="image/gif")
    call = foreign(OPEN_LOOP[0], OPEN_LOOP[1], ModelRequest([ToolReturnPart("weather", ["see", picture], "call_1")]))
    assert [block["type"] for block in content_of(written(call), 2)[0]["content"]] == ["text", "image"]


# ------------------------------------------------------------------ names of models
@pytest.mark.parametrize(
    ("name", "adaptive", "sampling", "forced", "most"),
    [
        ("claude-3-5-haiku-20241022", False, True, True, 8192),
        ("claude-3-opus-20240229", False, True, True, 4096),
        ("claude-opus-4-20250514", False, True, True, 32_000),
        ("claude-opus-4-1-20250805", False, True, True, 32_000),
        ("anthropic/claude-sonnet-4.6", True, True, True, 128_000),
        ("us.anthropic.claude-opus-4-7-v1:0", True, False, True, 128_000),
        ("claude-sonnet-4@20250514", False, True, True, 64_000),
        ("claude-fable-5-1", True, False, False, 128_000),
        ("claude-opus-6", True, False, False, 128_000),
        ("claude-mythos-preview", True, False, True, 128_000),
        ("kimi-k2", False, True, True, None),
    ],
)
def test_models_are_known_by_name(name: str, adaptive: bool, sampling: bool, forced: bool, most: int | None) -> None:
    known = traits(name)
    assert (known.adaptive, known.sampling, known.forced_choice, known.most_tokens) == (
        adaptive,
        sampling,
        forced,
        most,
    )
    assert known.claude is ("claude" in name)


def test_calls_of_one_id_are_told_apart() -> None:
    calls = [
        {"id": id, "type": "function", "function": {"name": "f", "arguments": "{}"}} for id in ("a", "a", "a_2", "a")
    ]
    user = {"role": "user", "content": "hi"}
    messages = [user, {"role": "assistant", "tool_calls": calls}, user]
    body, _ = translate_request({"model": "m", "messages": messages}, WireFormat.OPENAI, WireFormat.ANTHROPIC)
    ids = [block["id"] for block in body["messages"][1]["content"]]
    assert ids == ["a", "a_2", "a_2_2", "a_3"]
    assert [block["tool_use_id"] for block in body["messages"][2]["content"] if "tool_use_id" in block] == ids
