"""A request that is read and written in its own format means the same: hooks re-render requests so."""

import copy

import pytest

from ccproxy.lightllm.openai_responses.request import dump, load

BREAKPOINT = {"mode": "explicit"}
SOURCE = {"type": "url_citation", "url": "https://e.x", "title": "t", "start_index": 0, "end_index": 2}
PATCH = {"type": "custom", "name": "apply_patch", "format": {"type": "grammar", "syntax": "lark", "definition": "s"}}
FUNCTION = {"type": "function", "name": "f", "description": "d", "parameters": {"type": "object", "properties": {}}}

ITEMS = [
    {
        "type": "message",
        "role": "developer",
        "content": [
            {"type": "input_text", "text": "one", "prompt_cache_breakpoint": BREAKPOINT},
            {"type": "input_text", "text": "two"},
        ],
    },
    {"type": "message", "role": "developer", "content": "three"},
    {
        "type": "message",
        "role": "user",
        "content": [
            {"type": "input_text", "text": "see", "prompt_cache_breakpoint": BREAKPOINT},
            {"type": "input_image", "image_url": "data:image/png;base64,iVBORw==", "detail": "low"},
            {"type": "input_image", "image_url": "https://e.x/a.png", "detail": "original"},
            {"type": "input_image", "file_id": "file-1", "detail": "auto", "prompt_cache_breakpoint": BREAKPOINT},
            {"type": "input_file", "file_data": "data:application/pdf;base64,JVBERg==", "filename": "a.pdf"},
            {"type": "input_file", "file_data": "data:image/png;base64,iVBORw==", "filename": "b.png"},
            {"type": "input_file", "file_url": "https://e.x/c.pdf", "detail": "high"},
            {"type": "input_file", "file_id": "file-2"},
            {"type": "input_audio", "input_audio": {"data": "AAAA", "format": "mp3"}},
        ],
    },
    {
        "type": "reasoning",
        "id": "rs_1",
        "summary": [{"type": "summary_text", "text": "s1"}, {"type": "summary_text", "text": "s2"}],
        "content": [{"type": "reasoning_text", "text": "c"}],
        "encrypted_content": "gAAA",
        "status": "completed",
    },
    {
        "type": "message",
        "role": "assistant",
        "id": "msg_1",
        "status": "incomplete",
        "phase": "commentary",
        "content": [
            {"type": "output_text", "text": "a1", "annotations": [SOURCE], "logprobs": [{"token": "a"}]},
            {"type": "refusal", "refusal": "a2"},
        ],
    },
    {
        "type": "message",
        "role": "assistant",
        "content": [{"type": "output_text", "text": "next", "annotations": []}],
    },
    {"type": "web_search_call", "id": "ws_1", "status": "completed", "action": {"type": "search", "query": "q"}},
    {"type": "mcp_approval_request", "id": "mcpr_1", "name": "n", "arguments": "{}", "server_label": "l"},
    {"type": "mcp_approval_response", "approval_request_id": "mcpr_1", "approve": True},
    {"type": "image_generation_call", "id": "ig_1", "status": "completed", "result": "iVBORw=="},
    {
        "type": "function_call",
        "id": "fc_1",
        "call_id": "c1",
        "name": "f",
        "arguments": "{ not JSON",
        "status": "completed",
    },
    {"type": "function_call", "call_id": "c2", "namespace": "mcp__docs", "name": "search", "arguments": "{}"},
    {"type": "custom_tool_call", "id": "ctc_1", "call_id": "c3", "name": "apply_patch", "input": "*** Begin"},
    {
        "type": "local_shell_call",
        "id": "lsh_1",
        "call_id": "c4",
        "status": "completed",
        "action": {"type": "exec", "command": ["ls"], "env": {}, "timeout_ms": 5},
    },
    {"type": "function_call_output", "call_id": "c1", "output": "", "status": "incomplete", "id": "fco_1"},
    {"type": "function_call_output", "call_id": "c2", "output": [{"type": "input_file", "file_id": "file-3"}]},
    {"type": "custom_tool_call_output", "call_id": "c3", "output": "ok"},
    {"type": "local_shell_call_output", "id": "lsh_1", "output": "a"},
    {"type": "additional_tools", "role": "developer", "tools": [{**FUNCTION, "name": "late"}]},
    {"type": "tool_search_call", "arguments": {"q": 1}, "execution": "client", "call_id": "c5"},
    {"type": "tool_search_output", "tools": [], "execution": "client", "call_id": "c5"},
    {"type": "compaction", "id": "cmp_1", "encrypted_content": "x"},
    {"type": "from_the_future", "id": "ff_1", "anything": [1]},
    {"type": "message", "role": "system", "content": "mid"},
    {"type": "message", "role": "user", "content": "go"},
]

REQUEST = {
    "model": "gpt-5.4",
    "instructions": "be brief",
    "input": ITEMS,
    "tools": [
        {"type": "tool_search"},
        {**FUNCTION, "strict": True, "defer_loading": True, "output_schema": {"type": "object"}},
        PATCH,
        {"type": "namespace", "name": "mcp__docs", "description": "x", "tools": [{**FUNCTION, "name": "search"}]},
        {"type": "web_search", "search_context_size": "low"},
        {"type": "local_shell"},
        {"type": "mcp", "server_label": "l", "server_url": "https://e.x"},
    ],
    "tool_choice": {
        "type": "allowed_tools",
        "mode": "required",
        "tools": [{"type": "function", "name": "f"}, {"type": "function", "name": "search"}],
    },
    "parallel_tool_calls": False,
    "reasoning": {"effort": "low", "summary": "auto", "context": "all_turns"},
    "text": {"format": {"type": "json_schema", "name": "n", "schema": {}, "strict": None}, "verbosity": "low"},
    "max_output_tokens": 5,
    "temperature": 0,
    "top_p": 1.0,
    "top_logprobs": 2,
    "include": ["reasoning.encrypted_content", "message.output_text.logprobs", "web_search_call.action.sources"],
    "store": False,
    "truncation": "auto",
    "service_tier": "on_demand",
    "metadata": {"a": "b"},
    "prompt_cache_key": "k",
    "prompt_cache_retention": "24h",
    "client_metadata": {"session": "s"},
    "user": "u",
    "previous_response_id": "resp_1",
    "max_tool_calls": 3,
    "stream": True,
    "stream_options": {"include_obfuscation": False},
}


def test_nothing_is_lost_of_a_request_with_everything():
    before = copy.deepcopy(REQUEST)
    call = load(REQUEST, None, None)
    written = dump(call)
    expected = copy.deepcopy(REQUEST)
    del expected["text"]["format"]["strict"]
    assert before == REQUEST
    for name in expected.keys() | written.keys():
        assert written.get(name) == expected.get(name), name
    assert not call.drops


def test_what_is_written_reads_as_the_same():
    once = dump(load(REQUEST, None, None))
    assert dump(load(once, None, None)) == once


@pytest.mark.parametrize("item", ITEMS, ids=lambda item: item["type"])
def test_every_item_alone(item):
    assert dump(load({"model": "m", "input": [item]}, None, None))["input"] == [item]


def test_a_hook_may_change_what_it_reads():
    call = load(REQUEST, None, None)
    call.messages[0].parts[0].content = "be long"
    call.model = "other"
    call.settings["max_tokens"] = 50
    call.user = "v"
    document = dump(call)
    assert (document["instructions"], document["model"], document["max_output_tokens"]) == ("be long", "other", 50)
    assert document["user"] == "v"
