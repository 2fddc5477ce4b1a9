"""Gemini requests that are read and written again, as hooks do: nothing is lost and nothing is added."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic_ai.messages import UserPromptPart

from ccproxy.exchange import WireFormat
from ccproxy.lightllm.call import ToolChoice
from ccproxy.lightllm.failures import InvalidCall
from ccproxy.lightllm.formats import PACKAGES, request_module
from ccproxy.lightllm.gemini.envelope import is_wrapped
from ccproxy.lightllm.gemini.request import dump, load
from tests.support.examples import examples

DATA = base64.b64encode(b"some bytes").decode()

IMAGE = {"inlineData": {"mimeType": "image/gif", "data": DATA, "displayName": "a.gif"}}

CONTENTS: dict[str, list[dict[str, Any]]] = {
    "text in several contents": [
        {"role": "user", "parts": [{"text": "a"}, {"text": ""}]},
        {"role": "user", "parts": [{"text": "b", "partMetadata": {"k": 1}}]},
        {"role": "model", "parts": [{"text": "c"}]},
        {"role": "model", "parts": [{"text": "d"}]},
    ],
    "a model first": [{"role": "model", "parts": [{"text": "Hello"}]}],
    "media": [
        {
            "role": "user",
            "parts": [
                IMAGE,
                {**IMAGE, "videoMetadata": {"fps": 1}, "mediaResolution": {"level": "MEDIA_RESOLUTION_LOW"}},
                {"fileData": {"fileUri": "https://youtu.be/a"}},
                {"fileData": {"mimeType": "image/gif", "fileUri": "https://example.com/a", "displayName": "a"}},
                {"fileData": {"fileUri": "https://generativelanguage.googleapis.com/v1beta/files/a"}},
                {"fileData": {"mimeType": "video/mp4", "fileUri": "gs://bucket/a"}},
            ],
        },
        {"role": "model", "parts": [{**IMAGE, "thoughtSignature": "U0lH"}]},
    ],
    "unknown parts": [
        {"role": "user", "parts": [{"text": "a"}, {"somethingNew": {"a": 1}}]},
        {"role": "model", "parts": [{"somethingNew": {"a": 1}, "thoughtSignature": "U0lH"}]},
    ],
    "calls and results without ids": [
        {"role": "model", "parts": [{"functionCall": {"name": "f", "args": {"a": 1}}, "thoughtSignature": "U0lH"}]},
        {"role": "user", "parts": [{"functionResponse": {"name": "f", "response": {"output": "1"}}}]},
    ],
    "calls and results with ids that other providers refuse": [
        {"role": "model", "parts": [{"functionCall": {"name": "f", "args": {}, "id": "a:b/c" * 30}}]},
        {
            "role": "user",
            "parts": [{"functionResponse": {"name": "f", "id": "a:b/c" * 30, "response": {"error": "1"}}}],
        },
    ],
    "results": [
        {"role": "model", "parts": [{"functionCall": {"name": "f", "args": {}, "id": str(id)}} for id in range(6)]},
        {
            "role": "user",
            "parts": [
                {"functionResponse": {"name": "f", "id": "0", "response": {"result": "1"}}},
                {"functionResponse": {"name": "f", "id": "1", "response": {"a": [1], "error": None}}},
                {"functionResponse": {"name": "f", "id": "2", "response": {}, "willContinue": True}},
                {"functionResponse": {"name": "f", "id": "3", "response": {"w": {"x": 1}}, "parts": [IMAGE]}},
                {"functionResponse": {"name": "f", "id": "4", "response": {"error": "bad"}, "parts": [IMAGE]}},
                {"functionResponse": {"name": "f", "id": "5", "response": {"result": ["a", "b"]}}},
                {"text": "Go on."},
            ],
        },
    ],
    "a result without its call": [
        {"role": "user", "parts": [{"functionResponse": {"name": "f", "id": "x", "response": {"result": "1"}}}]}
    ],
    "thoughts": [
        {
            "role": "model",
            "parts": [
                {"text": "Hm.", "thought": True},
                {"text": "Signed.", "thought": True, "thoughtSignature": "QQ=="},
                {"functionCall": {"name": "f", "args": {}, "id": "1"}, "thoughtSignature": "U0lH"},
                {"functionCall": {"name": "f", "args": {}, "id": "2"}},
                {"text": "", "thoughtSignature": "TEFTVA=="},
            ],
        }
    ],
    "Google's own tools": [
        {
            "role": "model",
            "parts": [
                {"executableCode": {"language": "PYTHON", "code": "1"}, "thoughtSignature": "U0lH"},
                {"codeExecutionResult": {"outcome": "OUTCOME_OK", "output": "1"}},
                {"toolCall": {"toolType": "GOOGLE_MAPS", "args": {}, "id": "s"}, "thoughtSignature": "U0lH"},
                {"toolResponse": {"toolType": "GOOGLE_MAPS", "id": "s"}, "thoughtSignature": "QQ=="},
            ],
        }
    ],
}

REST: dict[str, dict[str, Any]] = {
    "system": {"systemInstruction": {"parts": [{"text": "a"}, {"text": ""}]}},
    "tools": {
        "tools": [
            {
                "functionDeclarations": [
                    {"name": "f", "parametersJsonSchema": {"type": "string"}, "behavior": "BLOCKING"}
                ]
            },
            {"googleSearch": {"timeRangeFilter": {}}},
            {"somethingNew": {}},
        ],
        "toolConfig": {
            "functionCallingConfig": {"mode": "VALIDATED", "streamFunctionCallArguments": True},
            "includeServerSideToolInvocations": True,
            "retrievalConfig": {"languageCode": "de"},
        },
    },
    "a choice without tools": {"toolConfig": {"functionCallingConfig": {"mode": "NONE"}}},
    "names beside AUTO": {"toolConfig": {"functionCallingConfig": {"mode": "AUTO", "allowedFunctionNames": ["f"]}}},
    "settings": {
        "generationConfig": {
            "maxOutputTokens": 9,
            "temperature": 0,
            "topP": 0.5,
            "topK": 40,
            "seed": -1,
            "presencePenalty": 0,
            "frequencyPenalty": 2,
            "stopSequences": ["a", "b", "c", "d", "e", "f"],
            "candidateCount": 2,
            "responseLogprobs": True,
            "logprobs": 3,
            "thinkingConfig": {"thinkingBudget": 0, "includeThoughts": False},
            "responseModalities": ["TEXT"],
            "speechConfig": {"languageCode": "de"},
        }
    },
    "levels": {"generationConfig": {"thinkingConfig": {"thinkingLevel": "HIGH", "includeThoughts": True}}},
    "plain text": {"generationConfig": {"responseMimeType": "text/plain"}},
    "JSON": {"generationConfig": {"responseMimeType": "application/json"}},
    "JSON of a schema": {
        "generationConfig": {"responseMimeType": "application/json", "responseJsonSchema": {"type": "object"}}
    },
    "a format in its newer form": {
        "generationConfig": {"responseFormat": {"text": {"mimeType": "application/json", "schema": {"type": "object"}}}}
    },
    "an enumeration": {
        "generationConfig": {"responseMimeType": "text/x.enum", "responseSchema": {"type": "STRING", "enum": ["a"]}}
    },
    "the rest": {
        "safetySettings": [{"category": "HARM_CATEGORY_HARASSMENT", "threshold": "OFF"}],
        "cachedContent": "cachedContents/1",
        "labels": {"a": "b"},
        "serviceTier": "standard",
        "store": False,
        "somethingNew": 1,
    },
}


def again(document: dict[str, Any]) -> dict[str, Any]:
    call = load(document, "gemini-3-pro-preview", False)
    written = dump(call)
    assert not call.drops
    if not is_wrapped(document):
        assert dump(load({"project": "p", "request": document}, "gemini-3-pro-preview", False)) == written
    return written


@pytest.mark.parametrize("contents", CONTENTS.values(), ids=CONTENTS.keys())
def test_contents(contents: list[dict[str, Any]]):
    assert again({"contents": contents}) == {"contents": contents}


@pytest.mark.parametrize("members", REST.values(), ids=REST.keys())
def test_the_rest(members: dict[str, Any]):
    document = {"contents": [{"role": "user", "parts": [{"text": "Hi"}]}], **members}
    assert again(document) == document


def test_what_code_assist_has_in_an_envelope_comes_out_of_it():
    inner = {"contents": [{"role": "user", "parts": [{"text": "Hi"}]}], "cachedContent": "c"}
    outer = {"model": "gemini-3-pro-preview", "project": "p", "user_prompt_id": "u"}
    assert again({**outer, "request": inner}) == inner
    assert dump(load({**outer, "request": {**inner, "session_id": "s"}}, None, None)) == inner
    assert dump(load({**inner, "session_id": "s"}, None, None)) == {**inner, "session_id": "s"}


def test_openapi_parameters_come_back_as_the_same_schema_in_json_schema():
    parameters = {"type": "OBJECT", "properties": {"a": {"type": "STRING", "nullable": True}}}
    document = {"contents": [], "tools": [{"functionDeclarations": [{"name": "f", "parameters": parameters}]}]}
    (declared,) = again(document)["tools"][0]["functionDeclarations"]
    assert declared["parametersJsonSchema"] == {"type": "object", "properties": {"a": {"type": ["string", "null"]}}}


def test_what_a_hook_changes_is_written():
    """A choice or a schema that a hook set wins over how the client had worded its own."""
    schema = {"text": {"mimeType": "application/json", "schema": {"type": "object"}}}
    document = {
        "contents": [{"role": "user", "parts": [{"text": "Hi"}]}],
        "toolConfig": {"functionCallingConfig": {"mode": "VALIDATED"}},
        "generationConfig": {"responseFormat": schema},
    }
    call = load(document, "m", False)
    call.tool_choice = ToolChoice("none")
    assert call.output is not None
    call.output.schema = {"type": "array"}
    prompt = call.messages[0].parts[0]
    assert isinstance(prompt, UserPromptPart)
    prompt.content = "Bye"
    assert dump(call) == {
        "contents": [{"role": "user", "parts": [{"text": "Bye"}]}],
        "toolConfig": {"functionCallingConfig": {"mode": "NONE"}},
        "generationConfig": {"responseMimeType": "application/json", "responseJsonSchema": {"type": "array"}},
    }


@pytest.mark.parametrize("target", [format for format in PACKAGES if format is not WireFormat.GEMINI])
def test_no_field_of_googles_reaches_another_provider(target: WireFormat):
    """C15: what only Google knows is counted, not pasted."""
    rest = {"contents": [{"role": "user", "parts": [{"text": "Hi"}]}], **REST["the rest"]}
    call = load(rest, "perplexity/best", False)
    written = request_module(target).dump(call)
    assert not written.keys() & {"safetySettings", "cachedContent", "labels", "somethingNew", "generationConfig"}
    assert {"field.safetySettings", "field.cachedContent", "field.labels"} <= call.drops.counts.keys()


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)

KEYS = st.sampled_from(
    [
        "text",
        "thought",
        "thoughtSignature",
        "inlineData",
        "fileData",
        "functionCall",
        "functionResponse",
        "toolCall",
        "codeExecutionResult",
        "name",
        "args",
        "response",
        "parts",
        "data",
        "mimeType",
        "fileUri",
        "id",
        "role",
        "mode",
        "functionDeclarations",
        "parameters",
        "type",
        "properties",
        "thinkingConfig",
        "stopSequences",
        "new",
    ]
)

WIRE = st.recursive(JSON, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4))

DOCUMENTS = st.fixed_dictionaries(
    {"contents": st.lists(st.dictionaries(KEYS, st.lists(st.dictionaries(KEYS, WIRE, max_size=3)) | WIRE), max_size=4)},
    optional=dict.fromkeys(["systemInstruction", "tools", "toolConfig", "generationConfig", "serviceTier", "x"], WIRE),
)


@settings(max_examples=examples(150), deadline=None)
@given(document=DOCUMENTS)
def test_any_document_is_read_or_refused(document: dict[str, Any]):
    """Nothing but InvalidCall comes out, and what was read once reads the same again."""
    try:
        call = load(document, "m", False)
    except InvalidCall:
        return
    written = dump(call)
    assert dump(load(written, "m", False)) == written
