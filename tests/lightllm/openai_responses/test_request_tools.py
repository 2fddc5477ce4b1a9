"""Tools of a Responses request: declared, chosen, and named so that other providers can call them."""

import pytest
from pydantic_ai.messages import ToolCallPart, ToolReturnPart
from pydantic_ai.tools import ToolDefinition

from ccproxy.exchange import WireFormat
from ccproxy.lightllm.call import ModelCall, ServerTool, ToolChoice
from ccproxy.lightllm.openai_responses.declared import declared_tools, flat_name
from ccproxy.lightllm.openai_responses.request import dump, load
from ccproxy.lightllm.translate import translate_request

SCHEMA = {"type": "object", "properties": {"q": {"type": "string"}}}
GRAMMAR = {"type": "grammar", "syntax": "lark", "definition": "start: PATCH"}
PATCH = {"type": "custom", "name": "apply_patch", "description": "Edits files.", "format": GRAMMAR}
SEARCH = {"type": "function", "name": "search", "parameters": SCHEMA}
NAMESPACE = {"type": "namespace", "name": "mcp__docs", "description": "Docs.", "tools": [SEARCH]}


def with_tools(*tools, **fields):
    return load({"model": "m", "input": "hi", "tools": list(tools), **fields}, None, None)


def foreign(**fields):
    return ModelCall(WireFormat.ANTHROPIC, "m", **fields)


def test_functions_are_read():
    tool = {"type": "function", "name": "f", "description": "d", "parameters": SCHEMA, "strict": True}
    (definition,) = with_tools(tool).tools
    assert (definition.name, definition.description, definition.strict) == ("f", "d", True)
    assert definition.parameters_json_schema == SCHEMA


def test_functions_as_chat_writes_them_are_understood():
    (definition,) = with_tools({"type": "function", "function": {"name": "f", "parameters": SCHEMA}}).tools
    assert (definition.name, definition.parameters_json_schema) == ("f", SCHEMA)


def test_a_free_text_tool_tells_its_grammar_to_those_that_take_objects():
    (definition,) = with_tools(PATCH).tools
    words = definition.parameters_json_schema["properties"]["input"]["description"]
    assert "start: PATCH" in words
    assert definition.metadata == {"custom": GRAMMAR}


def test_free_text_calls_and_results_keep_their_kind():
    call = load(
        {
            "input": [
                {"type": "custom_tool_call", "call_id": "c", "name": "apply_patch", "input": "*** Begin"},
                {"type": "custom_tool_call_output", "call_id": "c", "output": "ok"},
            ],
            "tools": [PATCH],
        },
        None,
        None,
    )
    made, returned = (message.parts[0] for message in call.messages)
    assert isinstance(made, ToolCallPart)
    assert (made.args, made.provider_details) == ("*** Begin", {"custom": True})
    assert isinstance(returned, ToolReturnPart)
    assert [item["type"] for item in dump(call)["input"]] == ["custom_tool_call", "custom_tool_call_output"]


def test_local_shell_becomes_a_function_and_comes_back():
    action = {"type": "exec", "command": ["ls"], "env": {}}
    call = load(
        {
            "input": [
                {"type": "local_shell_call", "id": "lsh_1", "call_id": "c", "status": "completed", "action": action},
                {"type": "local_shell_call_output", "id": "lsh_1", "output": "a b"},
                {"type": "function_call_output", "call_id": "c", "output": "as Codex answers"},
            ],
            "tools": [{"type": "local_shell"}],
        },
        None,
        None,
    )
    assert call.tools[0].name == "local_shell"
    assert call.tools[0].parameters_json_schema["required"] == ["command"]
    assert call.messages[0].parts[0].args == {"command": ["ls"], "env": {}}
    assert [part.tool_name for part in call.messages[1].parts] == ["local_shell", "local_shell"]
    document = dump(call)
    assert document["tools"] == [{"type": "local_shell"}]
    assert document["input"][0]["action"] == action
    assert document["input"][1] == {"type": "local_shell_call_output", "id": "lsh_1", "output": "a b"}


@pytest.mark.parametrize(
    ("namespace", "name", "flat"),
    [
        ("mcp__docs", "search", "mcp__docs__search"),
        ("mcp__docs__", "search", "mcp__docs__search"),
        ("functions", "search", "search"),
        ("search", "search", "search"),
        (None, "search", "search"),
    ],
)
def test_names_in_namespaces(namespace, name, flat):
    assert flat_name(namespace, name) == flat


def test_long_names_in_namespaces_stay_apart():
    first, second = flat_name("n" * 60, "alpha"), flat_name("n" * 60, "beta")
    assert len(first) <= 64
    assert first != second


def test_namespaces_are_flat_for_others_and_whole_for_us():
    call = with_tools({"type": "function", "name": "f", "parameters": SCHEMA}, NAMESPACE)
    assert [tool.name for tool in call.tools] == ["f", "mcp__docs__search"]
    assert dump(call)["tools"][1] == NAMESPACE
    call = load(
        {"input": [{"type": "function_call", "call_id": "c", "namespace": "mcp__docs", "name": "search"}]}, None, None
    )
    assert call.messages[0].parts[0].tool_name == "mcp__docs__search"
    item = dump(call)["input"][0]
    assert (item["name"], item["namespace"]) == ("search", "mcp__docs")


def test_the_way_back_of_a_flat_name():
    found = declared_tools({"tools": [NAMESPACE, PATCH, {"type": "web_search"}], "input": [{"role": "user"}]})
    assert {(tool.flat, tool.kind, tool.namespace, tool.name) for tool in found.values()} == {
        ("mcp__docs__search", "function", "mcp__docs", "search"),
        ("apply_patch", "custom", None, "apply_patch"),
    }


@pytest.mark.parametrize("carrier", ["additional_tools", "tool_search_output"])
def test_tools_that_the_input_brings_are_tools(carrier):
    item = {"type": carrier, "role": "developer", "tools": [SEARCH]}
    call = load({"input": [{"role": "user", "content": "q"}, item], "tools": [PATCH]}, None, None)
    assert [tool.name for tool in call.tools] == ["apply_patch", "search"]
    assert "search" in declared_tools({"input": [item]})
    document = dump(call)
    assert [tool["name"] for tool in document["tools"]] == ["apply_patch"]
    assert document["input"][1] == item


def test_server_tools_keep_their_declaration_and_place():
    search = {"type": "web_search", "search_context_size": "low"}
    shared = {"type": "mcp", "server_label": "x", "server_url": "https://e.x"}
    call = with_tools(search, PATCH, shared)
    assert [(tool.name, tool.raw) for tool in call.server_tools] == [("web_search", search), ("mcp", shared)]
    assert dump(call)["tools"] == [search, PATCH, shared]


def test_server_tools_of_others():
    call = foreign(
        server_tools=[
            ServerTool(
                "web_search",
                {"type": "web_search_20250305", "name": "web_search", "max_uses": 3, "allowed_domains": ["e.x"]},
                WireFormat.ANTHROPIC,
            ),
            ServerTool("code_execution", {"type": "code_execution_20250825"}, WireFormat.ANTHROPIC),
            ServerTool("bash", {"type": "bash_20250124"}, WireFormat.ANTHROPIC),
        ]
    )
    assert dump(call)["tools"] == [
        {"type": "web_search", "filters": {"allowed_domains": ["e.x"]}},
        {"type": "code_interpreter", "container": {"type": "auto"}},
    ]
    assert call.drops.counts == {"server_tools": 1}


def test_where_a_search_of_chat_is_made():
    place = {"country": "DE"}
    raw = {"web_search_options": {"user_location": {"type": "approximate", "approximate": place}}}
    call = foreign(server_tools=[ServerTool("web_search", raw, WireFormat.OPENAI)])
    assert dump(call)["tools"] == [{"type": "web_search", "user_location": {"type": "approximate", **place}}]


@pytest.mark.parametrize("target", [WireFormat.ANTHROPIC, WireFormat.GEMINI, WireFormat.OPENAI])
def test_a_free_text_tool_of_codex_is_told_to_everyone(target):
    """No other API enforces a grammar, so the model has to read it."""
    written, drops = translate_request(
        {"model": "some-model", "input": "hi", "tools": [PATCH]}, WireFormat.OPENAI_RESPONSES, target
    )
    assert "start: PATCH" in str(written["tools"])
    assert drops.counts == {"custom_tool": 1}


def test_functions_of_others_are_not_made_strict():
    call = foreign(
        tools=[
            ToolDefinition(name="f", description="d", parameters_json_schema=SCHEMA),
            ToolDefinition(name="g", parameters_json_schema={}, strict=True, metadata={"cache_control": {}}),
        ]
    )
    assert dump(call)["tools"] == [
        {"type": "function", "name": "f", "description": "d", "parameters": SCHEMA, "strict": False},
        {"type": "function", "name": "g", "parameters": {"type": "object", "properties": {}}, "strict": True},
    ]
    assert call.drops.counts == {"cache_control": 1}


def test_free_text_tools_of_chat():
    call = foreign(tools=[ToolDefinition(name="apply_patch", metadata={"custom": GRAMMAR})])
    assert dump(call)["tools"] == [{"type": "custom", "name": "apply_patch", "format": GRAMMAR}]


@pytest.mark.parametrize(
    ("wire", "choice"),
    [
        ("auto", ToolChoice("auto")),
        ("none", ToolChoice("none")),
        ("required", ToolChoice("required")),
        ({"type": "function", "name": "f"}, ToolChoice("required", ["f"])),
        ({"type": "custom", "name": "apply_patch"}, ToolChoice("required", ["apply_patch"])),
        (
            {
                "type": "allowed_tools",
                "mode": "auto",
                "tools": [{"type": "function", "name": "f"}, {"type": "custom", "name": "apply_patch"}],
            },
            ToolChoice("auto", ["f", "apply_patch"]),
        ),
    ],
)
def test_choices_both_ways(wire, choice):
    call = with_tools({"type": "function", "name": "f"}, PATCH, tool_choice=wire)
    assert call.tool_choice == choice
    assert dump(call)["tool_choice"] == wire
    call.origin = WireFormat.OPENAI
    assert dump(call)["tool_choice"] == wire


def test_a_choice_within_a_namespace():
    call = with_tools(NAMESPACE, tool_choice={"type": "function", "name": "search"})
    assert call.tool_choice == ToolChoice("required", ["mcp__docs__search"])
    assert dump(call)["tool_choice"] == {"type": "function", "name": "search"}


def test_a_choice_that_only_openai_understands():
    wire = {"type": "allowed_tools", "mode": "required", "tools": [{"type": "web_search"}, SEARCH]}
    call = with_tools(SEARCH, {"type": "web_search"}, tool_choice=wire)
    assert call.tool_choice == ToolChoice("required", ["search"])
    assert dump(call)["tool_choice"] == wire
    hosted = with_tools({"type": "file_search"}, tool_choice={"type": "file_search"})
    assert hosted.tool_choice is None
    assert hosted.extras == {"tool_choice": {"type": "file_search"}}


def test_no_choice_without_tools():
    assert "tool_choice" not in dump(foreign(tool_choice=ToolChoice("required")))
