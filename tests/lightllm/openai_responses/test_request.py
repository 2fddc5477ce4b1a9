"""The conversation of a Responses request, read into a model call and written from one of another format."""

import pytest
from pydantic_ai.messages import (
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

from ccproxy.exchange import WireFormat
from ccproxy.lightllm.call import ModelCall
from ccproxy.lightllm.failures import InvalidCall
from ccproxy.lightllm.openai_responses.request import dump, load
from ccproxy.lightllm.translate import translate_request

PIXEL = "iVBORw0KGgo="


def read(*items, **fields):
    return load({"model": "m", "input": list(items), **fields}, None, None)


def parts(call):
    return [part for message in call.messages for part in message.parts]


def user(*content):
    return read({"role": "user", "content": list(content)}).messages[0].parts[0].content


def foreign(*messages, origin=WireFormat.ANTHROPIC, **fields):
    return ModelCall(origin, "m", messages=list(messages), **fields)


def asks(*content):
    return ModelRequest([UserPromptPart(list(content))])


def test_a_text_as_input_is_one_user_turn():
    call = load({"model": "gpt-5", "input": "hi", "stream": True}, None, None)
    assert (call.model, call.stream, call.include_usage) == ("gpt-5", True, True)
    assert [type(part) for part in parts(call)] == [UserPromptPart]
    assert parts(call)[0].content == ["hi"]


def test_model_and_stream_from_elsewhere_win():
    call = load({"model": "a", "input": "hi", "stream": True}, "b", False)
    assert (call.model, call.stream) == ("b", False)


def test_instructions_and_system_messages_keep_their_places():
    call = read(
        {"role": "developer", "content": [{"type": "input_text", "text": "d1"}, {"type": "input_text", "text": "d2"}]},
        {"type": "message", "role": "user", "content": "hi"},
        {"role": "system", "content": "later"},
        instructions="first",
    )
    assert [(p.part_kind, p.content) for p in parts(call)] == [
        ("system-prompt", "first"),
        ("system-prompt", "d1"),
        ("system-prompt", "d2"),
        ("user-prompt", ["hi"]),
        ("system-prompt", "later"),
    ]
    assert [p.metadata and p.metadata["role"] for p in parts(call) if isinstance(p, SystemPromptPart)] == [
        None,
        "developer",
        "developer",
        "system",
    ]
    assert dump(call)["input"][0]["content"] == [
        {"type": "input_text", "text": "d1"},
        {"type": "input_text", "text": "d2"},
    ]


def test_turns_of_the_assistant_become_one_response():
    call = read(
        {"role": "user", "content": "go"},
        {"type": "reasoning", "id": "rs_1", "summary": [{"type": "summary_text", "text": "s"}]},
        {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "t"}], "phase": "final"},
        {"type": "function_call", "call_id": "c1", "name": "f", "arguments": '{"a":1}'},
        {"type": "function_call", "call_id": "c2", "name": "g", "arguments": ""},
        {"type": "function_call_output", "call_id": "c1", "output": "one"},
        {"type": "function_call_output", "call_id": "c2", "output": [{"type": "input_text", "text": "two"}]},
    )
    assert [type(message) for message in call.messages] == [ModelRequest, ModelResponse, ModelRequest]
    thinking, text, first, second = call.messages[1].parts
    assert (thinking.content, thinking.id, thinking.provider_details) == ("s", "rs_1", {"summary": ["s"]})
    assert (text.content, text.provider_details["phase"]) == ("t", "final")
    assert (first.tool_name, first.args, second.tool_call_id) == ("f", '{"a":1}', "c2")
    assert [(p.tool_name, p.content) for p in call.messages[2].parts] == [("f", "one"), ("g", ["two"])]


def test_items_without_a_type_are_known_by_their_fields():
    call = read(
        "bare text",
        {"role": "assistant", "content": "said"},
        {"call_id": "c", "name": "f", "arguments": {"a": 1}},
        {"call_id": "c", "output": {"b": 2}},
    )
    assert [type(p) for p in parts(call)] == [UserPromptPart, TextPart, ToolCallPart, ToolReturnPart]
    assert parts(call)[2].args == {"a": 1}
    assert parts(call)[3].content == '{"b":2}'


@pytest.mark.parametrize(
    ("part", "kind", "detail"),
    [
        (
            {"type": "input_image", "image_url": f"data:image/webp;base64,{PIXEL}", "detail": "low"},
            BinaryContent,
            "low",
        ),
        ({"type": "input_image", "image_url": {"url": "https://e.x/a.png", "detail": "high"}}, ImageUrl, "high"),
        ({"type": "input_image", "file_id": "file-1", "detail": "auto"}, UploadedFile, "auto"),
    ],
)
def test_images_are_read_by_value_url_and_file(part, kind, detail):
    """C17: a data URI is an image, not the words of an object."""
    (image,) = user(part)
    assert isinstance(image, kind)
    assert image.vendor_metadata == {"detail": detail}
    if kind is BinaryContent:
        assert image.media_type == "image/webp"


@pytest.mark.parametrize(
    ("part", "expected"),
    [
        ({"file_data": "data:application/pdf;base64,JVBERg==", "filename": "a.pdf"}, ("application/pdf", b"%PDF")),
        ({"file_data": "JVBERg", "filename": "notes.txt"}, ("text/plain", b"%PDF")),
        ({"file_data": "JVBERg=="}, ("application/pdf", b"%PDF")),
    ],
)
def test_files_by_value_with_and_without_a_data_uri(part, expected):
    (document,) = user({"type": "input_file", **part})
    assert (document.media_type, document.data) == expected
    assert (document.vendor_metadata or {}).get("filename") == part.get("filename")


def test_files_by_url_and_id_and_sound():
    content = user(
        {"type": "input_file", "file_url": "https://e.x/a.pdf"},
        {"type": "input_file", "file_id": "file-2"},
        {"type": "input_audio", "input_audio": {"data": "AAAA", "format": "mp3"}},
    )
    assert [type(part) for part in content] == [DocumentUrl, UploadedFile, BinaryContent]
    assert content[2].media_type == "audio/mpeg"


def test_refusals_and_sources_of_earlier_answers_are_kept():
    source = {"type": "url_citation", "url": "https://e.x", "title": "t", "start_index": 0, "end_index": 1}
    call = read(
        {
            "type": "message",
            "role": "assistant",
            "id": "msg_1",
            "status": "completed",
            "content": [
                {"type": "output_text", "text": "a", "annotations": [source]},
                {"type": "refusal", "refusal": "no"},
            ],
        }
    )
    text, refusal = parts(call)
    assert text.id == refusal.id == "msg_1"
    assert refusal.provider_details["refusal"] is True
    assert dump(call)["input"][0]["content"] == [
        {"type": "output_text", "text": "a", "annotations": [source]},
        {"type": "refusal", "refusal": "no"},
    ]


@pytest.mark.parametrize(
    ("item", "name"),
    [
        ({"type": "web_search_call", "id": "ws_1", "status": "completed", "action": {"query": "q"}}, "web_search"),
        ({"type": "code_interpreter_call", "id": "ci_1", "code": "1"}, "code_execution"),
        ({"type": "mcp_call", "id": "mcp_1", "name": "t", "arguments": "{}"}, "mcp"),
        ({"type": "compaction", "id": "cmp_1", "encrypted_content": "e"}, "compaction"),
        ({"type": "from_the_future", "x": 1}, "unknown"),
    ],
)
def test_items_of_the_provider_stay_whole(item, name):
    call = read({"role": "user", "content": "q"}, item)
    (part,) = call.messages[1].parts
    assert isinstance(part, NativeToolCallPart)
    assert (part.tool_name, part.provider_name, part.provider_details) == (name, "openai_responses", {"raw": item})
    assert dump(call)["input"][1] == item


def test_outputs_of_the_provider_are_native_returns():
    item = {"type": "tool_search_output", "call_id": None, "tools": [], "status": "completed"}
    (part,) = parts(read(item))
    assert isinstance(part, NativeToolReturnPart)
    assert part.provider_details == {"raw": item}


def test_an_image_that_the_model_made_is_a_file():
    item = {"type": "image_generation_call", "id": "ig_1", "result": PIXEL, "output_format": "webp"}
    (part,) = parts(read(item))
    assert isinstance(part, FilePart)
    assert part.content.media_type == "image/webp"
    named_only = {"type": "image_generation_call", "id": "ig_1"}
    assert isinstance(parts(read(named_only))[0], NativeToolCallPart)


def test_state_of_another_vendor_is_told_from_our_own():
    call = read(
        {"type": "reasoning", "summary": [], "encrypted_content": "gAAA"},
        {"type": "reasoning", "summary": [], "encrypted_content": "ccproxy.anthropic.EqQB"},
    )
    assert [(p.provider_name, p.signature) for p in parts(call)] == [
        ("openai_responses", "gAAA"),
        ("anthropic", "EqQB"),
    ]
    assert [item["encrypted_content"] for item in dump(call)["input"]] == ["gAAA", "ccproxy.anthropic.EqQB"]


@pytest.mark.parametrize(
    ("document", "place"),
    [
        ([], "not an object"),
        ({"input": 5}, "input"),
        ({"input": [3]}, "input[0]"),
        ({"input": [{"role": "user", "content": 3}]}, "input[0].content"),
        ({"input": [{"role": "user", "content": [4]}]}, "input[0].content[0]"),
        ({"input": [{"role": "user", "content": [{"type": "input_text"}]}]}, "input[0].content[0].text"),
        ({"input": [{"role": "user", "content": [{"type": "input_image"}]}]}, "input[0].content[0]"),
        ({"input": [{"role": "user", "content": [{"type": "input_file"}]}]}, "input[0].content[0]"),
        (
            {"input": [{"role": "user", "content": [{"type": "input_file", "file_data": "%%"}]}]},
            "input[0].content[0]: the data is not base64",
        ),
        ({"input": [{"type": "function_call", "call_id": "c"}]}, "input[0].name"),
        ({"input": [{"type": "function_call_output", "output": ""}]}, "input[0].call_id"),
        ({"input": "x", "instructions": ["y"]}, "instructions"),
        ({"input": "x", "tools": {}}, "tools"),
        ({"input": "x", "tools": [1]}, "tools[0]"),
        ({"input": "x", "tools": [{"type": "function"}]}, "tools[0]"),
        ({"input": "x", "temperature": "warm"}, "temperature"),
        ({"input": "x", "text": {"format": {"type": "json_schema", "schema": 1}}}, "text.format.schema"),
    ],
)
def test_nonsense_is_refused_with_its_place(document, place):
    with pytest.raises(InvalidCall) as caught:
        load({"model": "m", **document} if isinstance(document, dict) else document, None, None)
    assert place in str(caught.value)


@pytest.mark.parametrize(
    "reference", [{"type": "item_reference", "id": "rs_9"}, {"id": "rs_9"}, {"type": "item_reference"}]
)
def test_items_that_are_only_named_come_back(reference):
    items = [{"type": "message", "role": "user", "content": "a"}, reference]
    assert dump(load({"model": "m", "input": items}, None, None))["input"] == items


@pytest.mark.parametrize("target", [WireFormat.ANTHROPIC, WireFormat.OPENAI, WireFormat.GEMINI])
def test_nobody_else_knows_items_that_are_only_named(target):
    document = {"model": "m", "input": ["a", {"type": "item_reference", "id": "rs_9"}]}
    with pytest.raises(InvalidCall, match="item_reference 'rs_9'"):
        translate_request(document, WireFormat.OPENAI_RESPONSES, target)


def test_a_request_about_nothing_is_refused_unless_the_provider_has_the_rest():
    with pytest.raises(InvalidCall, match="input"):
        load({"model": "m"}, None, None)
    call = load({"previous_response_id": "resp_1"}, None, None)
    assert (call.model, call.messages, call.extras) == ("", [], {"previous_response_id": "resp_1"})


def test_parts_of_unknown_kinds_come_back():
    strange = {"type": "hologram", "beam": 3}
    call = read({"role": "user", "content": [strange, {"type": "input_text", "text": "and this"}]})
    assert call.messages[0].parts[0].content[0] == TextContent("", metadata={"raw": strange})
    assert dump(call)["input"][0]["content"][0] == strange
    call.origin = WireFormat.GEMINI
    assert dump(call)["input"][0]["content"] == "and this"
    assert call.drops.counts == {"unknown_block": 1}


def test_system_prompts_at_the_head_become_instructions():
    call = foreign(
        ModelRequest([SystemPromptPart("a"), SystemPromptPart("b", metadata={"cache_control": {}})]),
        asks("hi"),
        ModelRequest([SystemPromptPart("mid", metadata={"role": "developer"}), UserPromptPart(["on"])]),
    )
    document = dump(call)
    assert document["instructions"] == "a\n\nb"
    assert document["input"] == [
        {"type": "message", "role": "user", "content": "hi"},
        {"type": "message", "role": "developer", "content": "mid"},
        {"type": "message", "role": "user", "content": "on"},
    ]
    assert call.drops.counts == {"cache_control": 1}


def test_a_conversation_of_system_prompts_only_still_has_input():
    document = dump(foreign(ModelRequest([SystemPromptPart("alone")])))
    assert document["input"] == [{"type": "message", "role": "system", "content": "alone"}]
    assert "instructions" not in document


def test_media_go_out_as_the_api_has_them():
    call = foreign(
        asks(
            "look",
            CachePoint(),
            BinaryContent(b"\x89PNG", media_type="image/png", vendor_metadata={"detail": "low", "cache_control": {}}),
            ImageUrl(url="https://e.x/a.png", vendor_metadata={"detail": "ultra"}),
            BinaryContent(b"%PDF", media_type="application/pdf", vendor_metadata={"title": "Report", "citations": {}}),
            BinaryContent(b"words", media_type="text/plain"),
            DocumentUrl(url="https://e.x/a.pdf"),
            UploadedFile(file_id="file-1", provider_name="openai"),
            UploadedFile(file_id="file_2", provider_name="anthropic"),
            BinaryContent(b"RIFF", media_type="audio/wav"),
            VideoUrl(url="https://e.x/a.mp4"),
        )
    )
    assert dump(call)["input"][0]["content"] == [
        {"type": "input_text", "text": "look"},
        {"type": "input_image", "image_url": "data:image/png;base64,iVBORw==", "detail": "low"},
        {"type": "input_image", "image_url": "https://e.x/a.png", "detail": "auto"},
        {"type": "input_file", "file_data": "data:application/pdf;base64,JVBERg==", "filename": "Report.pdf"},
        {"type": "input_file", "file_data": "data:text/plain;base64,d29yZHM=", "filename": "document.txt"},
        {"type": "input_file", "file_url": "https://e.x/a.pdf"},
        {"type": "input_file", "file_id": "file-1"},
    ]
    assert call.drops.counts == {"cache_control": 2, "document_metadata": 1, "file_id": 1, "media": 2}


def test_a_turn_that_nothing_is_left_of_vanishes():
    call = foreign(asks(VideoUrl(url="https://e.x/a.mp4")), asks("hi"))
    assert [item["content"] for item in dump(call)["input"]] == ["hi"]


def test_tool_calls_and_results_find_each_other():
    long_id = "toolu:" + "x" * 80
    call = foreign(
        asks("go"),
        ModelResponse([TextPart("on it"), TextPart(""), ToolCallPart("f", {"a": 1}, long_id)]),
        ModelRequest([ToolReturnPart("f", "done", long_id, outcome="failed", metadata={"cache_control": {}})]),
    )
    _, said, called, returned = dump(call)["input"]
    assert said == {
        "type": "message",
        "role": "assistant",
        "content": [{"type": "output_text", "text": "on it", "annotations": []}],
    }
    assert (called["name"], called["arguments"], returned["output"]) == ("f", '{"a":1}', "done")
    assert called["call_id"] == returned["call_id"] != long_id
    assert len(called["call_id"]) <= 64


def test_results_with_images_and_objects():
    call = foreign(
        ModelResponse([ToolCallPart("f", "{}", "c1"), ToolCallPart("g", None, "c2")]),
        ModelRequest(
            [
                ToolReturnPart("f", ["seen", BinaryContent(b"\x89PNG", media_type="image/png")], "c1"),
                ToolReturnPart("g", {"result": [1]}, "c2"),
            ]
        ),
    )
    first, second = dump(call)["input"][2:]
    assert [part["type"] for part in first["output"]] == ["input_text", "input_image"]
    assert second["output"] == '{"result":[1]}'


def test_the_api_gets_a_result_for_every_call_and_a_call_for_every_result():
    call = foreign(
        ModelResponse([ToolCallPart("f", "{}", "lost")]),
        ModelRequest([ToolReturnPart("g", "from nowhere", "stray"), UserPromptPart(["next"])]),
    )
    assert dump(call)["input"][1:] == [
        {"type": "function_call_output", "call_id": "lost", "output": "(no result)"},
        {"type": "message", "role": "user", "content": "from nowhere"},
        {"type": "message", "role": "user", "content": "next"},
    ]
    assert call.drops.counts == {"unmatched_result": 1}


def test_only_our_own_thinking_goes_back():
    """C16: thinking without a signature is left out and breaks nothing."""
    call = foreign(
        ModelResponse(
            [
                ThinkingPart("theirs", signature="EqQB", provider_name="anthropic"),
                ThinkingPart("bare"),
                ThinkingPart("", id="redacted_thinking", signature="Em", provider_name="anthropic"),
                ThinkingPart("ours", signature="gAAA", provider_name="openai_responses"),
                TextPart("so"),
            ]
        )
    )
    reasoning, said = dump(call)["input"]
    assert reasoning == {
        "type": "reasoning",
        "summary": [{"type": "summary_text", "text": "ours"}],
        "encrypted_content": "gAAA",
    }
    assert said["role"] == "assistant"
    assert call.drops.counts == {"thinking": 2, "signature": 1}


def test_thinking_that_led_to_nothing_is_left_out():
    call = foreign(asks("q"), ModelResponse([ThinkingPart("", signature="g", provider_name="openai_responses")]))
    assert len(dump(call)["input"]) == 1
    assert call.drops.counts == {"signature": 1}


def test_blocks_of_other_providers_are_counted():
    """C15: what another format calls by its own names never reaches the body."""
    call = foreign(
        asks("q"),
        ModelResponse(
            [
                NativeToolCallPart("web_search", {"query": "q"}, "s1", provider_name="anthropic"),
                NativeToolReturnPart("web_search", "", "s1", provider_name="anthropic"),
                NativeToolCallPart("unknown", provider_name="anthropic", provider_details={"raw": {"type": "x"}}),
                TextPart("found"),
            ]
        ),
    )
    assert [item["role"] for item in dump(call)["input"]] == ["user", "assistant"]
    assert call.drops.counts == {"server_tool_blocks": 2, "unknown_block": 1}


def test_an_image_of_a_foreign_model_follows_its_turn():
    image = FilePart(BinaryContent(b"\x89PNG", media_type="image/png"))
    call = foreign(asks("draw"), ModelResponse([image, TextPart("here")]), asks("again"), origin=WireFormat.GEMINI)
    assert [(item["role"], type(item["content"])) for item in dump(call)["input"]] == [
        ("user", str),
        ("assistant", list),
        ("user", list),
        ("user", str),
    ]
