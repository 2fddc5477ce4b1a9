"""Gemini requests, read into model calls."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from pydantic_ai.messages import (
    BinaryContent,
    DocumentUrl,
    FilePart,
    ImageUrl,
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

from ccproxy.exchange import WireFormat
from ccproxy.lightllm.call import ModelCall, OutputFormat, Reasoning, ToolChoice
from ccproxy.lightllm.failures import InvalidCall
from ccproxy.lightllm.gemini.request import load

PIXEL = b"\xfb\xff\xfe pixel"
URL_SAFE = base64.urlsafe_b64encode(PIXEL).decode().rstrip("=")


def read(*contents: Any, **members: Any) -> ModelCall:
    return load({"contents": list(contents), **members}, "gemini-2.5-flash", False)


def parts_of(call: ModelCall) -> list[Any]:
    return [part for message in call.messages for part in message.parts]


def model(*parts: Any) -> dict[str, Any]:
    return {"role": "model", "parts": list(parts)}


def user(*parts: Any) -> dict[str, Any]:
    return {"role": "user", "parts": list(parts)}


def response(**members: Any) -> dict[str, Any]:
    return user({"functionResponse": members})


def test_model_and_stream_come_from_the_path():
    call = load({"contents": [], "model": "models/other"}, "models/gemini-2.5-pro", True)
    assert (call.model, call.stream, call.origin) == ("gemini-2.5-pro", True, WireFormat.GEMINI)
    assert load({"contents": [], "model": "models/gemini-2.5-pro"}, None, None).model == "gemini-2.5-pro"


def test_code_assist_wraps_the_same_body():
    inner = {"contents": [user({"text": "Hi"})], "session_id": "s"}
    call = load({"model": "gemini-2.5-pro", "project": "p", "request": inner}, None, None)
    assert call.model == "gemini-2.5-pro"
    assert parts_of(call)[0].content == ["Hi"]
    assert (call.extras, call.drops.counts) == ({}, {"field.session_id": 1})
    assert call.wording["envelope"] == {"model": "gemini-2.5-pro", "project": "p"}


@pytest.mark.parametrize(
    "contents",
    [
        [{"role": "user", "parts": [{"text": "Hi"}]}],
        {"role": "user", "parts": [{"text": "Hi"}]},
        [{"parts": [{"text": "Hi"}]}],
        [{"parts": {"text": "Hi"}}],
        [{"role": "user", "parts": ["Hi"]}],
        "Hi",
        [{"role": ["odd"], "parts": [{"text": "Hi", "functionCall": None}]}],
    ],
)
def test_contents_may_be_a_list_or_stand_alone_and_lack_a_role(contents: Any):
    """C14: what a Gemini client says arrives, in whichever of the forms that Google takes."""
    call = load({"contents": contents}, "m", False)
    assert [part.content for part in parts_of(call)] == [["Hi"]]


@pytest.mark.parametrize(
    "instruction", ["Be brief.", {"parts": [{"text": "Be brief."}]}, {"parts": {"text": "Be brief."}}, ["Be brief."]]
)
def test_system_instruction(instruction: Any):
    call = read(user({"text": "Hi"}), systemInstruction=instruction)
    assert isinstance(parts_of(call)[0], SystemPromptPart)
    assert parts_of(call)[0].content == "Be brief."


def test_snake_case_names_are_read_as_camel_case_ones():
    call = load(
        {
            "contents": [user({"inline_data": {"mime_type": "image/png", "data": URL_SAFE}})],
            "system_instruction": {"parts": [{"text": "S"}]},
            "generation_config": {"max_output_tokens": "64", "stop_sequences": ["x"], "top_p": 0.5},
            "tool_config": {"function_calling_config": {"mode": "any", "allowed_function_names": ["f"]}},
            "tools": [{"function_declarations": [{"name": "f", "parameters_json_schema": {"type": "object"}}]}],
            "safety_settings": [{"category": "c"}],
        },
        "m",
        False,
    )
    assert [type(part) for part in parts_of(call)] == [SystemPromptPart, UserPromptPart]
    assert parts_of(call)[1].content[0].data == PIXEL
    assert call.settings == {"max_tokens": 64, "top_p": 0.5, "stop_sequences": ["x"]}
    assert call.tool_choice == ToolChoice("required", ["f"])
    assert call.tools[0].parameters_json_schema == {"type": "object"}
    assert call.extras == {"safety_settings": [{"category": "c"}]}


def test_media_by_value_and_by_address():
    call = read(
        user(
            {"inlineData": {"mimeType": "application/pdf", "data": URL_SAFE, "displayName": "a.pdf"}},
            {"fileData": {"fileUri": "https://example.com/a.png", "mimeType": "image/png"}},
            {"fileData": {"fileUri": "https://youtu.be/abc"}, "videoMetadata": {"startOffset": "1s"}},
            {"fileData": {"fileUri": "https://example.com/a.pdf"}},
            {"fileData": {"fileUri": "gs://bucket/a", "mimeType": "video/mp4"}},
        )
    )
    pdf, image, video, document, uploaded = parts_of(call)[0].content
    assert (type(pdf), pdf.data, pdf.vendor_metadata) == (BinaryContent, PIXEL, {"filename": "a.pdf"})
    assert (type(image), image.media_type) == (ImageUrl, "image/png")
    assert (type(video), video.vendor_metadata["fields"]) == (VideoUrl, {"videoMetadata": {"startOffset": "1s"}})
    assert type(document) is DocumentUrl
    assert (type(uploaded), uploaded.file_id, uploaded.media_type) == (UploadedFile, "gs://bucket/a", "video/mp4")


def test_thoughts_and_signatures():
    call = read(
        model(
            {"text": "Hm.", "thought": True},
            {"functionCall": {"name": "f", "args": {"a": 1}, "id": "c1"}, "thoughtSignature": "U0lH"},
            {"text": "Done.", "thoughtSignature": "ccproxy.anthropic.sig"},
            {"text": "", "thoughtSignature": "TEFTVA=="},
        )
    )
    thought, signature, tool_call, foreign, text, last = parts_of(call)
    assert (thought.content, thought.signature) == ("Hm.", None)
    assert (signature.content, signature.signature, signature.provider_name) == ("", "U0lH", "gemini")
    assert (tool_call.tool_name, tool_call.args, tool_call.tool_call_id) == ("f", {"a": 1}, "c1")
    assert (foreign.signature, foreign.provider_name) == ("sig", "anthropic")
    assert isinstance(text, TextPart)
    assert isinstance(last, ThinkingPart)
    assert last.signature == "TEFTVA=="


def test_results_find_their_calls_by_id_then_by_name_and_order():
    call = read(
        model({"functionCall": {"name": "f"}}, {"functionCall": {"name": "g"}}, {"functionCall": {"name": "f"}}),
        response(name="f", response={"result": "first"}),
        response(name="f", response={"result": "second"}),
        response(name="g", response={"result": "other"}),
        model({"functionCall": {"name": "f", "id": "x"}}, {"functionCall": {"name": "f", "id": "y"}}),
        user({"functionResponse": {"id": "y"}}, {"functionResponse": {"id": "x", "name": "wrong"}}),
    )
    calls = [part.tool_call_id for part in parts_of(call) if isinstance(part, ToolCallPart)]
    results = [part for part in parts_of(call) if isinstance(part, ToolReturnPart)]
    assert len(set(calls)) == 5
    assert [part.tool_call_id for part in results] == [calls[0], calls[2], calls[1], "y", "x"]
    assert [part.tool_name for part in results] == ["f", "f", "g", "f", "f"]


def test_made_up_ids_are_the_same_in_the_next_turn():
    turn = [model({"functionCall": {"name": "f"}}), response(name="f", response={"result": "1"})]
    first, second = read(*turn), read(*turn, model({"functionCall": {"name": "f"}}))
    ids = [part.tool_call_id for part in parts_of(second)]
    assert ids[:2] == [part.tool_call_id for part in parts_of(first)]
    assert ids[2] not in ids[:2]


@pytest.mark.parametrize(
    ("wire", "content", "outcome"),
    [
        ({"result": "text"}, "text", "success"),
        ({"output": "text"}, "text", "success"),
        ({"return_value": "text"}, "text", "success"),
        ({"error": "no such file"}, "no such file", "failed"),
        ({"temperature": 21, "unit": "C"}, {"temperature": 21, "unit": "C"}, "success"),
        ({"error": None, "rows": []}, {"error": None, "rows": []}, "success"),
        ({"result": [1]}, {"result": [1]}, "success"),
        (None, {}, "success"),
        ({}, {}, "success"),
    ],
)
def test_results_are_text_objects_or_errors(wire: Any, content: Any, outcome: str):
    part = parts_of(read(model({"functionCall": {"name": "f"}}), response(name="f", response=wire)))[1]
    assert (part.content, part.outcome) == (content, outcome)


def test_media_in_results():
    media = {"inlineData": {"mimeType": "image/png", "data": URL_SAFE}}
    call = read(model({"functionCall": {"name": "f"}}), response(name="f", response={"w": 1}, parts=[media]))
    text, image = parts_of(call)[1].content
    assert (text.content, text.metadata) == ('{"w":1}', {"json": True})
    assert image.data == PIXEL


def test_googles_own_tools_are_kept_as_they_are():
    parts = [
        {"executableCode": {"language": "PYTHON", "code": "print(1)"}, "thoughtSignature": "U0lH"},
        {"codeExecutionResult": {"outcome": "OUTCOME_OK", "output": "1\n"}},
        {"toolCall": {"toolType": "GOOGLE_SEARCH_WEB", "args": {"queries": ["q"]}, "id": "s1"}},
        {"toolResponse": {"toolType": "GOOGLE_SEARCH_WEB", "id": "s1"}},
        {"somethingNew": {"a": 1}},
        {"inlineData": {"mimeType": "image/png", "data": URL_SAFE}},
    ]
    code, printed, search, found, new, file = parts_of(read(model(*parts)))
    assert [code.tool_name, search.tool_name, new.tool_name] == ["code_execution", "web_search", "unknown"]
    assert (code.args["code"], printed.content, search.args) == ("print(1)", "1\n", {"queries": ["q"]})
    assert printed.tool_call_id == code.tool_call_id
    assert found.tool_call_id == search.tool_call_id == "s1"
    assert [part.provider_details["raw"] for part in (code, printed, search, found, new)] == parts[:5]
    assert isinstance(code, NativeToolCallPart)
    assert isinstance(printed, NativeToolReturnPart)
    assert isinstance(file, FilePart)


def test_unknown_parts_of_a_prompt_are_kept():
    part = parts_of(read(user({"text": "a"}, {"somethingNew": 1}, {"text": "b", "partMetadata": {"k": 1}})))[0]
    assert part.content == [
        "a",
        TextContent("", metadata={"raw": {"somethingNew": 1}}),
        TextContent("b", metadata={"fields": {"partMetadata": {"k": 1}}}),
    ]


def test_a_call_among_a_users_parts_is_the_models():
    call = read(user({"text": "a"}, {"functionCall": {"name": "f"}}, {"functionResponse": {"name": "f"}}))
    assert [isinstance(message, ModelResponse) for message in call.messages] == [False, True, False]


def test_openapi_schemas_become_json_schema():
    """`parameters` has types in capitals, `nullable` and an order of properties of its own."""
    parameters = {
        "type": "OBJECT",
        "properties": {
            "b": {"type": "STRING", "format": "enum", "enum": ["x"], "nullable": True},
            "a": {"type": "ARRAY", "items": {"type": "INTEGER"}, "minItems": "1"},
            "any_of": {"any_of": [{"type": "NUMBER"}, {"type": "STRING"}], "nullable": True, "example": 1},
        },
        "propertyOrdering": ["a", "b"],
        "required": ["a"],
    }
    schema = read(tools=[{"functionDeclarations": [{"name": "f", "parameters": parameters}]}]).tools[0]
    assert schema.parameters_json_schema == {
        "type": "object",
        "properties": {
            "a": {"type": "array", "items": {"type": "integer"}, "minItems": 1},
            "b": {"type": ["string", "null"], "enum": ["x", None]},
            "any_of": {"anyOf": [{"type": "number"}, {"type": "string"}, {"type": "null"}], "examples": [1]},
        },
        "required": ["a"],
    }
    assert list(schema.parameters_json_schema["properties"]) == ["a", "b", "any_of"]


def test_tools():
    call = read(
        tools=[
            {"functionDeclarations": [{"name": "f", "description": "F.", "behavior": "BLOCKING"}], "googleSearch": {}},
            {"codeExecution": {}},
            {"urlContext": {}},
            {"fileSearch": {"fileSearchStoreNames": ["s"]}},
        ]
    )
    assert (call.tools[0].name, call.tools[0].description) == ("f", "F.")
    assert call.tools[0].metadata == {"fields": {"behavior": "BLOCKING"}}
    assert [tool.name for tool in call.server_tools] == ["web_search", "code_execution", "web_fetch", "fileSearch"]
    assert call.server_tools[3].raw == {"fileSearch": {"fileSearchStoreNames": ["s"]}}


@pytest.mark.parametrize(
    ("config", "choice"),
    [
        ({"mode": "AUTO"}, ToolChoice("auto")),
        ({"mode": "VALIDATED"}, ToolChoice("auto")),
        ({"mode": "NONE"}, ToolChoice("none")),
        ({"mode": "ANY"}, ToolChoice("required")),
        ({"mode": "ANY", "allowedFunctionNames": ["f", "g"]}, ToolChoice("required", ["f", "g"])),
        ({"mode": "MODE_UNSPECIFIED"}, None),
        ({}, None),
    ],
)
def test_tool_choice(config: dict[str, Any], choice: ToolChoice | None):
    assert read(toolConfig={"functionCallingConfig": config}).tool_choice == choice


@pytest.mark.parametrize(
    ("config", "reasoning"),
    [
        ({"thinkingBudget": 0}, Reasoning(enabled=False, budget=0)),
        ({"thinkingBudget": -1, "includeThoughts": True}, Reasoning(budget=-1, visible=True)),
        ({"thinkingBudget": 2048}, Reasoning(budget=2048)),
        ({"thinkingLevel": "LOW"}, Reasoning(effort="low")),
        ({"thinking_level": "high", "include_thoughts": False}, Reasoning(effort="high", visible=False)),
        ({"thinkingLevel": "THINKING_LEVEL_UNSPECIFIED"}, Reasoning()),
        ({}, None),
    ],
)
def test_reasoning(config: dict[str, Any], reasoning: Reasoning | None):
    assert read(generationConfig={"thinkingConfig": config}).reasoning == reasoning


@pytest.mark.parametrize(
    ("config", "output"),
    [
        ({"responseMimeType": "application/json"}, OutputFormat()),
        ({"responseMimeType": "application/json", "responseSchema": {"type": "STRING"}}, {"type": "string"}),
        ({"responseMimeType": "application/json", "responseJsonSchema": {"type": "string"}}, {"type": "string"}),
        (
            {"responseFormat": {"text": {"mimeType": "application/json", "schema": {"type": "string"}}}},
            {"type": "string"},
        ),
        ({"responseMimeType": "text/plain"}, None),
        ({"responseMimeType": "text/x.enum", "responseSchema": {"type": "STRING", "enum": ["a"]}}, None),
    ],
)
def test_structured_output(config: dict[str, Any], output: Any):
    expected = OutputFormat(output) if isinstance(output, dict) else output
    assert read(generationConfig=config).output == expected


def test_generation_config():
    call = read(
        generationConfig={
            "maxOutputTokens": 9,
            "temperature": 0.5,
            "topK": 40,
            "seed": 3,
            "presencePenalty": 0.1,
            "frequencyPenalty": 0.2,
            "candidateCount": 2,
            "responseLogprobs": True,
            "logprobs": 4,
            "responseModalities": ["TEXT", "IMAGE"],
            "mediaResolution": "MEDIA_RESOLUTION_LOW",
        },
        serviceTier="standard",
        labels={"a": "b"},
        cachedContent="cachedContents/1",
    )
    assert call.settings == {
        "max_tokens": 9,
        "temperature": 0.5,
        "top_k": 40,
        "seed": 3,
        "presence_penalty": 0.1,
        "frequency_penalty": 0.2,
    }
    assert (call.choices, call.logprobs, call.top_logprobs, call.service_tier) == (2, True, 4, "default")
    assert call.extras == {
        "generationConfig.responseModalities": ["TEXT", "IMAGE"],
        "generationConfig.mediaResolution": "MEDIA_RESOLUTION_LOW",
        "labels": {"a": "b"},
        "cachedContent": "cachedContents/1",
    }


def test_a_setting_of_the_wrong_type_is_kept_for_google_to_refuse():
    call = read(generationConfig={"temperature": "warm"})
    assert call.settings == {}
    assert call.extras == {"generationConfig.temperature": "warm"}


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ([], "JSON object"),
        ({}, "contents: "),
        ({"contents": [3]}, r"contents\[0\]"),
        ({"contents": [user({"text": "a"}), {"parts": 3}]}, r"contents\[1\].parts"),
        ({"contents": [user(3)]}, r"contents\[0\]: a part"),
        ({"contents": [model({"functionCall": {"args": {}}})]}, r"contents\[0\].parts\[0\].functionCall.name"),
        ({"contents": [user({"inlineData": {"data": "§"}})]}, r"contents\[0\].parts\[0\].inlineData.data: .*base64"),
        ({"contents": [user({"fileData": {"mimeType": "image/png"}})]}, "fileUri"),
        ({"contents": [], "tools": [3]}, r"tools\[0\]"),
        ({"contents": [], "tools": [{"functionDeclarations": [{}]}]}, "a name is missing"),
        ({"contents": [], "systemInstruction": 3}, "systemInstruction"),
    ],
)
def test_what_makes_no_sense_is_refused_with_its_place(document: Any, message: str):
    with pytest.raises(InvalidCall, match=message):
        load(document, "m", False)
