"""The tools that a Responses client declared, by the names under which other providers get them.

Codex groups the tools of an MCP server in a `namespace`, and looks a call up by namespace and name together. Providers
of other formats know flat names only: requests are written with `flat_name`, answers find the way back in
`declared_tools`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ccproxy.lightllm.ids import safe_id

KINDS = frozenset({"function", "custom", "local_shell"})
"""Tools that the client runs and that every provider can be given as functions."""

DEFAULT_NAMESPACE = "functions"
"""Codex's name for having no namespace."""

CARRIERS = frozenset({"additional_tools", "tool_search_output"})
"""Items of `input` that declare tools in the midst of a conversation."""

DEPTH = 4
"""Namespaces in namespaces, at most."""


@dataclass(slots=True)
class Declared:
    """One tool: the name that other providers see, and what the client calls it."""

    flat: str
    kind: str
    """function, custom or local_shell."""
    name: str
    namespace: str | None
    spec: dict[str, Any]
    """The declaration as the client wrote it."""
    group: dict[str, Any] | None = None
    """The namespace's own declaration."""


def flat_name(namespace: object, name: str) -> str:
    """The one name for a tool in a namespace, at most 64 characters. The same for the same pair.

    OpenAI's tool search puts every tool that it finds into a namespace of the tool's own name.
    """
    if not isinstance(namespace, str) or namespace in ("", DEFAULT_NAMESPACE, name):
        return name
    return safe_id(f"{namespace}{'' if namespace.endswith('_') else '__'}{name}")


def declared_in(tools: object, group: dict[str, Any] | None = None, depth: int = DEPTH) -> Iterator[Declared]:
    """The client's own tools of a `tools` list, those in namespaces too. Anything else is passed over."""
    namespace = group["name"] if group else None
    for spec in tools if isinstance(tools, list) else ():
        if not isinstance(spec, dict):
            continue
        kind, name = str(spec.get("type", "function")), spec.get("name")
        if kind == "local_shell":
            name = kind
        if not isinstance(name, str) or not name:
            continue
        if kind == "namespace" and depth:
            yield from declared_in(spec.get("tools"), spec, depth - 1)
        elif kind in KINDS:
            yield Declared(flat_name(namespace, name), kind, name, namespace, spec, group)


def declared_tools(document: Mapping[str, Any]) -> dict[str, Declared]:
    """Every tool that a request declares, at its top and in its input, by flat name. The first of a name wins."""
    found: dict[str, Declared] = {}
    items = document.get("input")
    carriers = [item for item in items if _carries(item)] if isinstance(items, list) else []
    for tools in (document.get("tools"), *(item.get("tools") for item in carriers)):
        for tool in declared_in(tools):
            found.setdefault(tool.flat, tool)
    return found


def _carries(item: object) -> bool:
    return isinstance(item, dict) and item.get("type") in CARRIERS
