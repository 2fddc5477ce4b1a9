"""The order of hooks as Mermaid state diagrams: https://mermaid.js.org/syntax/stateDiagram.html.

Mermaid reads labels as Markdown, and its keywords (`end`, `state`, `note`) as keywords wherever an id may stand. So
hooks get ids of their own, and what could mean something in a label is written as its character's code: `#42;`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

TELLING = re.compile(r"[^\w.\-]|(?<![^\W_])_|_(?![^\W_])")
"""Characters of a label that are not only themselves. In the middle of a word an underscore is."""


def diagrams(description: Mapping[str, Any]) -> str:
    """A diagram a stage, a blank line between them.

    Args:
        description: what `Pipeline.describe` returns, or the same as it came through JSON.
    """
    return "\n".join(diagram(stage, graph) for stage, graph in description.items())


def diagram(stage: str, graph: Mapping[str, Any]) -> str:
    """The diagram of one stage, described as `Pipeline.describe` does it, with a newline at its end."""
    lines = ["---", f"title: {stage}_dag", "---", "stateDiagram-v2", "  direction LR"]
    lines += [f"  {line}" for line in _states(graph)]
    return "\n".join(lines) + "\n"


def _states(graph: Mapping[str, Any]) -> list[str]:
    names = [step["name"] for level in graph["levels"] for step in level]
    if not names:
        return ["[*] --> [*]: no hooks"]
    ids = {name: _id(name, number) for number, name in enumerate(names)}
    ties = [(ids[edge["before"]], ids[edge["after"]], _label(edge["paths"])) for edge in graph["edges"]]
    later, earlier = {after for _, after, _ in ties}, {before for before, _, _ in ties}
    return [
        *(f'state "{_escaped(name)}" as {ids[name]}' for name in names),
        *(f"[*] --> {ids[name]}" for name in names if ids[name] not in later),
        *(f"{before} --> {after}: {label}" for before, after, label in ties),
        *(f"{ids[name]} --> [*]" for name in names if ids[name] not in earlier),
    ]


def _id(name: str, number: int) -> str:
    """Readable where that goes. No keyword begins with `hook`."""
    return f"hook_{name}" if name.isascii() and name.isidentifier() else f"hook_{number}"


def _label(paths: list[str]) -> str:
    return ", ".join(map(_escaped, paths))


def _escaped(text: str) -> str:
    shown = text if text.isprintable() else repr(text)[1:-1]
    return TELLING.sub(lambda match: f"#{ord(match[0])};", shown)
