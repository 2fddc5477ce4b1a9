"""Which tool to call and with what: what stands in for judgement, made to work with the tools of real clients."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from .ask import Ask, Tool
from .orders import ToolOrder
from .reading import as_dict, as_list
from .schemas import instance

READERS = ("Read", "read_file", "ReadFile", "Read File", "read", "view", "open_file")
SHELLS = (
    "Bash",
    "bash",
    "exec_command",
    "shell_command",
    "shell",
    "local_shell",
    "run_shell_command",
    "run_terminal_cmd",
    "execute",
    "exec",
    "terminal",
    "execute_bash",
)
FAMILIES = {
    **dict.fromkeys(("read", "read_file", "view", "open", "file"), (*READERS, *SHELLS)),
    **dict.fromkeys(("shell", "bash", "exec", "run", "command", "terminal"), SHELLS),
}
READS_OR_RUNS = re.compile(r"read|view|shell|bash|exec|cat|term", re.IGNORECASE)
COMMAND_FIELDS = {"command", "cmd", "script", "bash_command"}
PATH_FIELDS = {"file_path", "filepath", "path", "absolute_path", "file", "filename", "target_file"}
LINE_FIELDS = {"start_line": 1, "offset": 1, "line": 1, "end_line": 200, "limit": 200}
DEFAULT_PATH = "README.md"


@dataclass(slots=True)
class Call:
    """A tool call to make. `arguments` is an object, or a string for tools of the custom kind."""

    tool: Tool
    arguments: dict[str, Any] | str


def calls_for(ask: Ask, orders: list[ToolOrder]) -> list[Call]:
    """The calls that the markers and the tool choice ask for; empty if there is nothing to call.

    A named tool choice wins over the markers' names, `none` over everything.
    """
    if ask.choice == "none" or not ask.tools:
        return []
    if ask.choice == "any" and not orders:
        orders = [ToolOrder(name=ask.wanted)]
    if ask.wanted:
        orders = [ToolOrder(ask.wanted, order.arguments, order.path) for order in orders]
    if not ask.parallel:
        orders = orders[:1]
    return [_call(choose(ask.tools, order.name), order) for order in orders]


def choose(tools: list[Tool], name: str | None) -> Tool:
    """The tool called `name`, else one of its family, else the one whose name is most like it, else the likeliest."""
    named = {tool.name: tool for tool in tools}
    if name is not None and name in named:
        return named[name]
    lowered = {tool.name.lower(): tool for tool in reversed(tools)}
    wish = (name or "").lower()
    if wish in lowered:
        return lowered[wish]
    similar = [] if wish in FAMILIES or not wish else [tool for low, tool in lowered.items() if wish in low]
    if similar:
        return similar[-1]
    family = FAMILIES.get(wish, (*READERS, *SHELLS))
    if member := next((named[known] for known in family if known in named), None):
        return member
    return next((tool for tool in tools if READS_OR_RUNS.search(tool.name)), tools[0])


def _call(tool: Tool, order: ToolOrder) -> Call:
    path = order.path or DEFAULT_PATH
    if tool.kind == "custom":
        text = (order.arguments or {}).get("input")
        return Call(tool, text if isinstance(text, str) else _script(path))
    if order.arguments is not None:
        return Call(tool, order.arguments)
    if tool.kind == "local_shell":
        return Call(tool, {"type": "exec", "command": ["cat", path], "env": {}})
    return Call(tool, fill(tool.schema, order.path))


def _script(path: str) -> str:
    """What Codex's code tool, the custom tool in the field, understands."""
    return f'const r = await tools.exec_command({{cmd: "cat {path}"}}); text(r.output ?? JSON.stringify(r));'


def fill(schema: dict[str, Any], path: str | None) -> dict[str, Any]:
    """Arguments that fit `schema` and read `path`: every required field, and any that takes a path or a command."""
    properties = as_dict(schema.get("properties"))
    required = [name for name in as_list(schema.get("required")) if isinstance(name, str)]
    wanted = [name for name in properties if name in required or (path and _takes_path(name))]
    return {name: _argument(name, as_dict(properties[name]), schema, path or DEFAULT_PATH) for name in wanted}


def _takes_path(name: str) -> bool:
    return name.lower() in COMMAND_FIELDS or name.lower() in PATH_FIELDS


def _argument(name: str, rules: dict[str, Any], root: dict[str, Any], path: str) -> Any:
    low, kind = name.lower(), rules.get("type")
    if low in COMMAND_FIELDS:
        return ["bash", "-lc", f"cat {path}"] if kind in ("array", "ARRAY") else f"cat {path}"
    if low in PATH_FIELDS and kind not in ("array", "ARRAY"):
        return path
    if low in LINE_FIELDS:
        return LINE_FIELDS[low]
    return instance(rules, name, root)
