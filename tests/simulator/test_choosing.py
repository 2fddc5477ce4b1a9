"""Markers, tools and schemas: what is read out of a prompt and what is made from it."""

from __future__ import annotations

from typing import Any

import pytest

from ccproxy.simulator.ask import Ask, Tail, Tool
from ccproxy.simulator.markers import parse, strip
from ccproxy.simulator.orders import Orders, ToolOrder
from ccproxy.simulator.schemas import instance
from ccproxy.simulator.toolbox import calls_for, choose, fill

TEXT = {"type": "string"}
MARKERS = [
    ("SIM_TOOL", ToolOrder()),
    ("SIM_TOOL read", ToolOrder("read")),
    ("SIM_TOOL read /etc/hostname", ToolOrder("read", None, "/etc/hostname")),
    ("please `SIM_TOOL read ~/notes/a.txt`.", ToolOrder("read", None, "~/notes/a.txt")),
    ("SIM_TOOL read docs/plan.md, then rest", ToolOrder("read", None, "docs/plan.md")),
    ("SIM_TOOL /tmp/x.", ToolOrder(None, None, "/tmp/x")),
    ('SIM_TOOL mcp__x__y {"a": {"b": "}"}} and {more}', ToolOrder("mcp__x__y", {"a": {"b": "}"}})),
    ('SIM_TOOL f {"a":\n  1\n}\nnext line', ToolOrder("f", {"a": 1})),
    ("SIM_TOOL f {broken", ToolOrder("f")),
    ("SIM_TOOL f please", ToolOrder("f")),
]


@pytest.mark.parametrize(("text", "order"), MARKERS)
def test_tool_markers(text: str, order: ToolOrder) -> None:
    assert parse(text).tools == [order]


def test_markers_combine() -> None:
    orders = parse("Hello SIM_THINK SIM_PACE 50 SIM_STALL 0.5 3\nSIM_WORDS 12, SIM_STOP max_tokens. SIM_ERROR_MID 2")
    assert orders == Orders(think=True, pace=0.02, stall=0.5, stall_after=3, words=12, stop="max_tokens", error_after=2)


@pytest.mark.parametrize("text", ["", "hello", "SIMILAR", "XSIM_ECHO", "SIM_ECHOES", "sim_echo", "SIM_UNKNOWN 3"])
def test_what_is_no_marker(text: str) -> None:
    assert parse(text) == Orders()


def test_quotes_leave_markers_out() -> None:
    assert strip("say SIM_PACE 20 hello SIM_STALL 1 2 world SIM_STOP length now").split() == [
        "say",
        "hello",
        "world",
        "now",
    ]
    assert strip("a SIM_TOOL read /x\nb").split() == ["a", "b"]


CLIENTS: list[tuple[str, list[str], str]] = [
    ("claude-code", ["Task", "Bash", "Glob", "Grep", "Read", "Edit", "Write", "TodoWrite"], "Read"),
    ("gemini-cli", ["list_directory", "read_file", "write_file", "glob", "run_shell_command"], "read_file"),
    ("opencode", ["bash", "edit", "glob", "grep", "list", "read", "todoread", "write"], "read"),
    ("codex", ["update_plan", "exec_command", "write_stdin", "apply_patch", "view_image"], "exec_command"),
    ("old codex", ["shell", "update_plan"], "shell"),
    ("copilot", ["bash", "view", "edit"], "view"),
]


@pytest.mark.parametrize(("client", "names", "expected"), CLIENTS, ids=[client for client, *_ in CLIENTS])
def test_reading_with_the_tools_of_real_clients(client: str, names: list[str], expected: str) -> None:
    tools = [Tool(name, {}) for name in names]
    assert choose(tools, "read").name == expected
    assert choose(tools, None).name == expected


NAMES = [
    ("get_weather", "get_weather"),
    ("GET_WEATHER", "get_weather"),
    ("weather", "get_weather"),
    ("bash", "run_shell_command"),
    ("nothing_like_it", "run_shell_command"),
]


@pytest.mark.parametrize(("name", "expected"), NAMES)
def test_the_likest_tool(name: str, expected: str) -> None:
    tools = [Tool(each, {}) for each in ("set_alarm", "get_weather", "run_shell_command")]
    assert choose(tools, name).name == expected


ARGUMENTS: list[tuple[dict[str, Any], dict[str, Any]]] = [
    (
        {"properties": {"file_path": TEXT, "offset": {"type": "integer"}, "limit": {}}, "required": ["file_path"]},
        {"file_path": "/x"},
    ),
    (
        {"properties": {"filePath": TEXT, "limit": {}}, "required": ["filePath", "limit"]},
        {"filePath": "/x", "limit": 200},
    ),
    ({"properties": {"command": TEXT, "description": TEXT}, "required": ["command"]}, {"command": "cat /x"}),
    (
        {"properties": {"command": {"type": "array", "items": TEXT}}, "required": ["command"]},
        {"command": ["bash", "-lc", "cat /x"]},
    ),
    ({"properties": {"cmd": TEXT, "login": {"type": "boolean"}}, "required": ["cmd"]}, {"cmd": "cat /x"}),
    ({"properties": {"absolute_path": {"type": "STRING"}}, "required": ["absolute_path"]}, {"absolute_path": "/x"}),
    ({"properties": {"city": TEXT}}, {}),
]


@pytest.mark.parametrize(("schema", "expected"), ARGUMENTS)
def test_filling_in_a_path(schema: dict[str, Any], expected: dict[str, Any]) -> None:
    assert fill(schema, "/x") == expected


def test_tools_without_a_schema() -> None:
    ask = Ask("m", Tail(), tools=[Tool("exec", {}, "custom"), Tool("local_shell", {}, "local_shell")])
    script, shell = calls_for(ask, [ToolOrder("exec", None, "/x"), ToolOrder("local_shell", None, "/x")])
    assert "cat /x" in script.arguments
    assert shell.arguments == {"type": "exec", "command": ["cat", "/x"], "env": {}}
    (given,) = calls_for(ask, [ToolOrder("exec", {"input": "text(1)"})])
    assert given.arguments == "text(1)"


SCHEMAS: list[tuple[dict[str, Any], object]] = [
    ({"type": "object", "properties": {"a": TEXT, "b": TEXT}, "required": ["b"]}, {"b": "simulated b"}),
    ({"type": "array", "items": {"type": "boolean"}, "minItems": 2}, [False, False]),
    ({"type": "array", "items": TEXT}, []),
    ({"type": ["null", "integer"]}, 1),
    ({"anyOf": [{"type": "integer"}, {"type": "null"}]}, 1),
    ({"$ref": "#/$defs/x", "$defs": {"x": {"const": 7}}}, 7),
    ({"allOf": [{"properties": {"a": {"const": 1}}, "required": ["a"]}, {"required": ["a"]}]}, {"a": 1}),
    ({"type": "STRING", "format": "enum", "enum": ["flash", "pro"]}, "flash"),
    ({"type": "string", "minLength": 30}, "simulated value".ljust(30, ".")),
    ({"type": "string", "maxLength": 3}, "sim"),
    ({"type": "string", "format": "date"}, "2025-01-01"),
    ({"type": "integer", "minimum": 5}, 5),
    ({"type": "number", "exclusiveMinimum": 5}, 6),
    ({"type": "integer", "maximum": -3}, -3),
    ({"type": "integer", "multipleOf": 4, "minimum": 9}, 12),
    ({"type": "integer", "multipleOf": 4, "exclusiveMinimum": 8}, 12),
    ({"type": "integer", "default": 42}, 42),
    ({"type": "null"}, None),
]


@pytest.mark.parametrize(("schema", "expected"), SCHEMAS)
def test_instances(schema: dict[str, Any], expected: object) -> None:
    assert instance(schema) == expected
