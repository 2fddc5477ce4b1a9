"""Model calls of other formats, written as Gemini requests."""

from __future__ import annotations

from typing import Any

import pytest
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
from pydantic_ai.tools import ToolDefinition

from ccproxy.exchange import WireFormat
from ccproxy.lightllm.call import ModelCall, OutputFormat, Reasoning, ServerTool, ToolChoice
from ccproxy.lightllm.formats import request_module
from ccproxy.lightllm.gemini.request import dump

PNG = BinaryContent(b"pixel", media_type="image/png")
F = ToolDefinition(name="f", description="F.", parameters_json_schema={"type": "object", "$defs": {"a": {}}})


def made(*messages: ModelMessage, origin: WireFormat = WireFormat.OPENAI, name: str = "m", **fields: Any) -> ModelCall:
    return ModelCall(origin, name, list(messages), **fields)


def asks(*content: Any) -> ModelRequest:
    return ModelRequest([UserPromptPart(list(content))])


def contents(*messages: ModelMessage, name: str = "m") -> list[dict[str, Any]]:
    return dump(made(*messages, name=name))["contents"]


def config(**fields: Any) -> dict[str, Any]:
    return dump(made(asks("Hi"), **fields)).get("generationConfig", {})


def user(*parts: Any) -> dict[str, Any]:
    return {"role": "user", "parts": list(parts)}


def model(*parts: Any) -> dict[str, Any]:
    return {"role": "model", "parts": list(parts)}


def test_head_systems_become_the_instruction_and_later_ones_stay_in_place():
    call = made(
        ModelRequest([SystemPromptPart("One."), SystemPromptPart("Two.", metadata={"cache_control": {}})]),
        asks("Hi"),
        ModelRequest([SystemPromptPart("Now French.")]),
    )
    body = dump(call)
    assert body["systemInstruction"] == {"parts": [{"text": "One."}, {"text": "Two."}]}
    assert body["contents"] == [user({"text": "Hi"}, {"text": "Now French."})]
    assert call.drops.counts == {"cache_control": 1}


def test_one_content_for_what_stands_on_one_side():
    assert contents(
        asks("a"), asks("b", ""), ModelResponse([TextPart("c")]), ModelResponse([TextPart(""), TextPart("d")])
    ) == [user({"text": "a"}, {"text": "b"}), model({"text": "c"}, {"text": "d"})]


def test_a_conversation_begins_with_a_user():
    assert contents() == [user({"text": " "})]
    assert contents(ModelResponse([TextPart("Hello")])) == [user({"text": " "}), model({"text": "Hello"})]


def test_results_follow_their_calls_apart_from_other_parts():
    """Gemini reads a content with a function response as the model's: nothing of the user's may stand in it."""
    written = contents(
        asks("Go"),
        ModelResponse([ToolCallPart("f", '{"a":1}', "c1"), ToolCallPart("g", None, "c2")]),
        ModelRequest([ToolReturnPart("", "one", "c1"), UserPromptPart(["and?"])]),
        ModelRequest([ToolReturnPart("", {"x": 1}, "c2")]),
    )
    assert written == [
        user({"text": "Go"}),
        model(
            {"functionCall": {"name": "f", "args": {"a": 1}, "id": "c1"}},
            {"functionCall": {"name": "g", "args": {}, "id": "c2"}},
        ),
        user(
            {"functionResponse": {"name": "f", "response": {"result": "one"}, "id": "c1"}},
            {"functionResponse": {"name": "g", "response": {"x": 1}, "id": "c2"}},
        ),
        user({"text": "and?"}),
    ]


def test_names_of_results_come_from_their_calls():
    """R12: a result without a known name gave Gemini an empty one."""
    written = contents(
        asks("Go"), ModelResponse([ToolCallPart("f", {}, "c1")]), ModelRequest([ToolReturnPart("", "1", "c1")])
    )
    assert written[2]["parts"][0]["functionResponse"]["name"] == "f"


def test_a_result_without_its_call_is_text():
    call = made(asks("Go"), ModelRequest([ToolReturnPart("f", ["said", PNG], "lost")]))
    inline = {"inlineData": {"mimeType": "image/png", "data": "cGl4ZWw="}}
    assert dump(call)["contents"] == [user({"text": "Go"}, {"text": "said"}, inline)]
    assert call.drops.counts == {"unmatched_result": 1}


@pytest.mark.parametrize(
    ("content", "outcome", "response"),
    [
        ("text", "success", {"result": "text"}),
        ('{"a":1}', "success", {"result": '{"a":1}'}),
        ("broken", "failed", {"error": "broken"}),
        ({"error": "x", "code": 3}, "failed", {"error": "x", "code": 3}),
        ({"code": 3}, "failed", {"error": {"code": 3}}),
        (["a", TextContent("b", metadata={"cache_control": {}}), CachePoint()], "success", {"result": "a\nb"}),
        ([1, 2], "success", {"result": [1, 2]}),
        ([], "success", {"result": []}),
    ],
)
def test_results(content: Any, outcome: Any, response: Any):
    """The existing implementation wrapped results as `return_value` and lost what had failed."""
    written = contents(
        asks("Go"),
        ModelResponse([ToolCallPart("f", {}, "c1")]),
        ModelRequest([ToolReturnPart("f", content, "c1", outcome=outcome)]),
    )
    assert written[2]["parts"][0]["functionResponse"]["response"] == response


@pytest.mark.parametrize("name", ["gemini-2.5-pro", "gemini-3-flash-preview"])
def test_media_of_results(name: str):
    """Result images were lost. Gemini 3 takes them inside the response, but not every kind; others beside it."""
    sound = BinaryContent(b"sound", media_type="audio/wav")
    written = contents(
        asks("Go"),
        ModelResponse([ToolCallPart("f", {}, "c1")]),
        ModelRequest([ToolReturnPart("f", ["seen", PNG, sound], "c1"), UserPromptPart(["next"])]),
        name=name,
    )
    image = {"inlineData": {"mimeType": "image/png", "data": "cGl4ZWw="}}
    heard = {"inlineData": {"mimeType": "audio/wav", "data": "c291bmQ="}}
    inside = written[2]["parts"][0]["functionResponse"].get("parts", [])
    assert len(written[2]["parts"]) == 1
    if name == "gemini-2.5-pro":
        assert (inside, written[3]) == ([], user(image, heard, {"text": "next"}))
    else:
        assert (inside, written[3]) == ([image], user(heard, {"text": "next"}))


def test_arguments_that_are_no_object_are_wrapped():
    """R10, and arguments that stayed a JSON string for Responses clients."""
    call = made(
        asks("Go"),
        ModelResponse(
            [
                ToolCallPart("f", "[1]", "a"),
                ToolCallPart("f", "{broken", "b"),
                ToolCallPart("f", "free text", "c", provider_name="openai", provider_details={"custom": True}),
            ]
        ),
    )
    calls = [part["functionCall"]["args"] for part in dump(call)["contents"][1]["parts"]]
    assert calls == [{"arguments": [1]}, {"arguments": "{broken"}, {"input": "free text"}]
    assert call.drops.counts == {"invalid_arguments": 2}


def test_a_gemini_signature_goes_onto_the_part_after_it():
    """C5: Gemini wants the signature of a call back."""
    signature = ThinkingPart("", signature="U0lH", provider_name="gemini")
    written = contents(
        asks("Go"),
        ModelResponse([ThinkingPart("Hm."), signature, ToolCallPart("f", {}, "c1"), TextPart("x"), signature]),
    )
    assert written[1]["parts"] == [
        {"text": "Hm.", "thought": True},
        {"functionCall": {"name": "f", "args": {}, "id": "c1"}, "thoughtSignature": "U0lH"},
        {"text": "x"},
        {"text": "", "thoughtSignature": "U0lH"},
    ]


def test_another_vendors_thinking_is_left_out():
    """Thoughts became ordinary text of the model."""
    call = made(
        asks("Go"),
        ModelResponse(
            [
                ThinkingPart("secret", signature="s", provider_name="anthropic"),
                ThinkingPart("", id="redacted_thinking", signature="r", provider_name="anthropic"),
                ThinkingPart("", signature="e", provider_name="openai_responses"),
                TextPart("Hi"),
            ]
        ),
    )
    assert dump(call)["contents"][1] == model({"text": "Hi"})
    assert call.drops.counts == {"thinking": 2, "signature": 1}


def test_calls_of_the_open_turn_get_the_dummy_signature():
    """Gemini 3 refuses the first call of each step of the current turn without a signature."""

    def step(*ids: str) -> list[ModelMessage]:
        calls = ModelResponse([ToolCallPart("f", {}, id) for id in ids])
        return [calls, ModelRequest([ToolReturnPart("f", "1", id) for id in ids])]

    signed = ModelResponse([ThinkingPart("", signature="U0lH", provider_name="gemini"), ToolCallPart("f", {}, "s")])
    answered = ModelRequest([ToolReturnPart("f", "1", "s")])
    messages = [asks("a"), *step("old"), asks("b"), *step("x", "y"), signed, answered]

    def signatures(name: str) -> list[Any]:
        parts = [part for content in contents(*messages, name=name) for part in content["parts"]]
        return [part.get("thoughtSignature") for part in parts if "functionCall" in part]

    dummy = "skip_thought_signature_validator"
    assert signatures("gemini-3-pro-preview") == [None, dummy, None, "U0lH"]
    assert signatures("models/gemini-2.5-pro") == [None, None, None, "U0lH"]


def test_a_signature_is_not_moved_onto_a_part_it_was_not_made_for():
    call = made(
        asks("Go"),
        ModelResponse(
            [
                ThinkingPart("", signature="U0lH", provider_name="gemini"),
                NativeToolCallPart("web_search", {}, "n", provider_name="anthropic", provider_details={"raw": {}}),
                TextPart("Found."),
            ]
        ),
    )
    assert dump(call)["contents"][1] == model({"text": "Found."})
    assert call.drops.counts == {"server_tool_blocks": 1, "signature": 1}


@pytest.mark.parametrize(
    ("item", "part"),
    [
        (PNG, {"inlineData": {"mimeType": "image/png", "data": "cGl4ZWw="}}),
        (BinaryContent(b"x", media_type="image/jpg"), {"inlineData": {"mimeType": "image/jpeg", "data": "eA=="}}),
        (
            BinaryContent(b"{}", media_type="application/json"),
            {"inlineData": {"mimeType": "text/plain", "data": "e30="}},
        ),
        (
            ImageUrl("https://e.com/a.webp?size=1"),
            {"fileData": {"mimeType": "image/webp", "fileUri": "https://e.com/a.webp?size=1"}},
        ),
        (ImageUrl("https://e.com/a"), {"fileData": {"mimeType": "image/jpeg", "fileUri": "https://e.com/a"}}),
        (DocumentUrl("https://e.com/a"), {"fileData": {"mimeType": "application/pdf", "fileUri": "https://e.com/a"}}),
        (AudioUrl("https://e.com/a"), {"fileData": {"mimeType": "audio/mpeg", "fileUri": "https://e.com/a"}}),
        (VideoUrl("https://youtu.be/a"), {"fileData": {"mimeType": "video/mp4", "fileUri": "https://youtu.be/a"}}),
    ],
)
def test_media_by_value_and_by_address(item: Any, part: dict[str, Any]):
    """C16, C17: documents vanished or were refused, data URIs became the text of a Python object."""
    assert contents(asks(item)) == [user(part)]


@pytest.mark.parametrize(
    ("item", "drops"),
    [
        (BinaryContent(b"x", media_type="image/gif"), {"media": 1}),
        (BinaryContent(b"x", media_type="application/zip"), {"media": 1}),
        (ImageUrl("file:///a.png"), {"media": 1}),
        (UploadedFile("file-1", "openai"), {"file_id": 1}),
        (TextContent("", metadata={"raw": {"type": "new"}}), {"unknown_block": 1}),
        (CachePoint(), {"cache_control": 1}),
    ],
)
def test_what_gemini_does_not_take_is_counted(item: Any, drops: dict[str, int]):
    call = made(asks("Hi", item))
    assert dump(call)["contents"] == [user({"text": "Hi"})]
    assert call.drops.counts == drops


def test_what_is_said_of_media_is_counted():
    details = {"detail": "high", "filename": "a.png", "cache_control": {}}
    call = made(asks(BinaryContent(b"x", media_type="image/png", vendor_metadata=details)))
    dump(call)
    assert call.drops.counts == {"cache_control": 1, "image_detail": 1, "document_metadata": 1}


def test_images_of_a_model():
    assert contents(asks("Draw"), ModelResponse([FilePart(PNG)]))[1] == model(
        {"inlineData": {"mimeType": "image/png", "data": "cGl4ZWw="}}
    )


def test_tools_have_their_exact_schema():
    call = made(asks("Hi"), tools=[F, ToolDefinition(name="s", strict=True, metadata={"cache_control": {}})])
    assert dump(call)["tools"][0]["functionDeclarations"] == [
        {"name": "f", "description": "F.", "parametersJsonSchema": {"type": "object", "$defs": {"a": {}}}},
        {"name": "s", "parametersJsonSchema": {"type": "object", "properties": {}}},
    ]
    assert call.drops.counts == {"cache_control": 1, "strict": 1}


def test_a_custom_tool_becomes_one_with_a_text():
    call = made(asks("Hi"), tools=[ToolDefinition(name="c", metadata={"custom": {"type": "text"}})])
    (declared,) = dump(call)["tools"][0]["functionDeclarations"]
    assert declared["parametersJsonSchema"]["properties"] == {"input": {"type": "string"}}
    assert call.drops.counts == {"custom_tool": 1}


def test_search_stays_only_without_functions():
    search = [ServerTool("web_search", {"type": "web_search"}, WireFormat.OPENAI_RESPONSES)]
    assert dump(made(asks("Hi"), server_tools=search))["tools"] == [{"googleSearch": {}}]
    call = made(asks("Hi"), server_tools=search, tools=[F])
    assert len(dump(call)["tools"]) == 1
    assert call.drops.counts == {"server_tools": 1}


@pytest.mark.parametrize(
    ("choice", "written"),
    [
        (ToolChoice("auto"), {"mode": "AUTO"}),
        (ToolChoice("none"), {"mode": "NONE"}),
        (ToolChoice("required"), {"mode": "ANY"}),
        (ToolChoice("required", ["f"]), {"mode": "ANY", "allowedFunctionNames": ["f"]}),
        (ToolChoice("auto", ["f"]), {"mode": "VALIDATED", "allowedFunctionNames": ["f"]}),
    ],
)
def test_tool_choice(choice: ToolChoice, written: dict[str, Any]):
    """C15: the choice was pasted in the client's dialect."""
    call = made(asks("Hi"), tools=[F], tool_choice=choice, settings={"parallel_tool_calls": False})
    assert dump(call)["toolConfig"] == {"functionCallingConfig": written}
    assert call.drops.counts == {"parallel_tool_calls": 1}


def test_a_choice_without_functions_is_left_out():
    call = made(asks("Hi"), tool_choice=ToolChoice("required"))
    assert "toolConfig" not in dump(call)
    assert call.drops.counts == {"tool_choice": 1}


@pytest.mark.parametrize(
    ("name", "reasoning", "written"),
    [
        ("m", None, None),
        ("m", Reasoning(effort="high"), {"thinkingBudget": 16384, "includeThoughts": True}),
        ("m", Reasoning(adaptive=True), {"thinkingBudget": -1, "includeThoughts": True}),
        ("m", Reasoning(budget=3000, visible=False), {"thinkingBudget": 3000, "includeThoughts": False}),
        ("m", Reasoning(enabled=False), {"thinkingBudget": 0}),
        ("gemini-2.5-flash", Reasoning(budget=60000), {"thinkingBudget": 24576, "includeThoughts": True}),
        ("gemini-2.5-flash", Reasoning(enabled=False), {"thinkingBudget": 0}),
        ("gemini-2.5-pro", Reasoning(enabled=False), {"thinkingBudget": 128}),
        ("gemini-2.0-flash", Reasoning(effort="high"), None),
        ("gemini-3-flash-preview", Reasoning(effort="minimal"), {"thinkingLevel": "MINIMAL", "includeThoughts": True}),
        ("gemini-3-flash-preview", Reasoning(effort="xhigh"), {"thinkingLevel": "HIGH", "includeThoughts": True}),
        ("gemini-3-flash-preview", Reasoning(budget=9000), {"thinkingLevel": "MEDIUM", "includeThoughts": True}),
        ("gemini-3-flash-preview", Reasoning(enabled=False), {"thinkingLevel": "MINIMAL"}),
        ("gemini-3-flash-preview", Reasoning(), {"includeThoughts": True}),
        ("gemini-3-pro-preview", Reasoning(effort="minimal"), {"thinkingLevel": "LOW", "includeThoughts": True}),
        ("models/gemini-3-pro-preview", Reasoning(enabled=False), {"thinkingLevel": "LOW"}),
    ],
)
def test_reasoning(name: str, reasoning: Reasoning | None, written: Any):
    """C15: reasoning controls were pasted. Gemini 3 takes levels, some models cannot help thinking."""
    assert config(name=name, reasoning=reasoning).get("thinkingConfig") == written


def test_structured_output():
    assert config(output=OutputFormat({"type": "object", "properties": {"max_tokens": {}}})) == {
        "responseMimeType": "application/json",
        "responseJsonSchema": {"type": "object", "properties": {"max_tokens": {}}},
    }
    assert config(output=OutputFormat()) == {"responseMimeType": "application/json"}


def test_settings_within_geminis_bounds():
    settings: Any = {
        "max_tokens": 9,
        "temperature": 1.5,
        "top_p": 0.9,
        "top_k": 5,
        "seed": 2**40 + 1,
        "presence_penalty": 2,
        "frequency_penalty": 0,
        "stop_sequences": ["a", "b", "c", "d", "e", "f", "g"],
        "logit_bias": {"1": 1},
    }
    call = made(asks("Hi"), settings=settings, choices=3, logprobs=True, top_logprobs=2)
    assert dump(call)["generationConfig"] == {
        "maxOutputTokens": 9,
        "temperature": 1.5,
        "topP": 0.9,
        "topK": 5,
        "seed": 1,
        "presencePenalty": 1.99,
        "stopSequences": ["a", "b", "c", "d", "e"],
    }
    assert call.drops.counts == {"stop_sequences": 2, "sampling.logit_bias": 1, "logprobs": 1, "choices": 1}


def test_no_stop_sequences_are_none():
    """C16: an empty list was a crash."""
    assert config(settings={"stop_sequences": []}) == {}


def test_foreign_fields_are_counted_and_never_pasted():
    """C15: internal markers and fields such as `stream_options` reached Google, which refuses them."""
    call = made(
        asks("Hi"),
        stream=True,
        include_usage=True,
        extras={"store": True, "prediction": {}},
        user="u",
        metadata={"a": "b"},
        verbosity="low",
        prompt_cache_key="k",
        service_tier="scale",
    )
    assert dump(call) == {"contents": [user({"text": "Hi"})]}
    assert call.drops.counts == {
        "service_tier": 1,
        "field.store": 1,
        "field.prediction": 1,
        "user": 1,
        "metadata": 1,
        "field.verbosity": 1,
        "field.prompt_cache_key": 1,
    }


@pytest.mark.parametrize(
    ("tier", "written"), [("flex", "flex"), ("priority", "priority"), ("default", None), ("auto", None)]
)
def test_service_tier(tier: str, written: str | None):
    call = made(asks("Hi"), service_tier=tier)
    assert dump(call).get("serviceTier") == written
    assert not call.drops


def test_a_signature_comes_back_through_another_formats_client():
    """What `signatures.sealed` gave an Anthropic client as thinking returns to the part it was on."""
    document = {
        "model": "gemini-3-pro-preview",
        "max_tokens": 9,
        "messages": [
            {"role": "user", "content": "Go"},
            {
                "role": "assistant",
                "content": [
                    {"type": "thinking", "thinking": "", "signature": "ccproxy.gemini.U0lH"},
                    {"type": "tool_use", "id": "c1", "name": "f", "input": {}},
                ],
            },
            {
                "role": "user",
                "content": [{"type": "tool_result", "tool_use_id": "c1", "content": "1", "is_error": True}],
            },
        ],
    }
    written = dump(request_module(WireFormat.ANTHROPIC).load(document, None, None))["contents"]
    assert written[1]["parts"][0]["thoughtSignature"] == "U0lH"
    assert written[2]["parts"][0]["functionResponse"]["response"] == {"error": "1"}
