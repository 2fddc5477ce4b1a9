"""The order of hooks as a tree of text, for `ccproxy status`."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from textwrap import wrap
from typing import Any

FOLLOWS = {"inbound": "route, translation", "outbound": "provider"}
"""What comes after a stage and is no hook."""

LABEL = 10
"""Columns for `reads`, `writes` and so on."""
MOST_LINES = 5
"""Lines for one of them, before it is cut: the whole is in `ccproxy status --json`."""
LEAST = 20
"""Columns that a text gets in the narrowest terminal."""

type Row = tuple[str, str]
"""A label and its text."""


def tree(description: Mapping[str, Any], width: int = 80) -> list[str]:
    """The lines: by stage the hooks in the order in which they run, those that are independent under one number.

    They hold what the declarations hold, control characters too.

    Args:
        description: what `Pipeline.describe` returns, or the same as it came through JSON.
        width: the columns of the terminal.
    """
    lines = []
    for stage, graph in description.items():
        lines += _stage(stage, graph, width)
        if stage in FOLLOWS:
            lines.append(f"  ↓ {FOLLOWS[stage]}")
    return lines


def _stage(stage: str, graph: Mapping[str, Any], width: int) -> list[str]:
    levels = graph["levels"]
    if not levels:
        return [f"{stage}  no hooks"]
    note = "  (hooks of one number are independent)" if len(max(levels, key=len)) > 1 else ""
    ties = _ties(graph["edges"])
    steps = [step for level in levels for step in level]
    lines = [_cut(f"{stage}{note}", width)]
    for step, (first, rest) in zip(steps, _rails([len(level) for level in levels]), strict=True):
        lines.append(first + _cut(_title(step), width - len(first)))
        for row in _rows(step, ties[step["name"]]):
            lines += [rest + line for line in _wrapped(row, width - len(rest))]
    return lines


def _rails(sizes: Sequence[int]) -> Iterator[tuple[str, str]]:
    """For each hook what stands left of its first line, and of its others."""
    digits = len(str(len(sizes)))
    for number, size in enumerate(sizes, 1):
        branch, rail = ("└─", "  ") if number == len(sizes) else ("├─", "│ ")
        for place in range(size):
            last = place == size - 1
            begin = f"{rail} {'':>{digits}}" if place else f"{branch} {number:>{digits}}"
            fork = ("└─" if place else "──") if last else "├─" if place else "┬─"
            yield f"{begin} {fork} ", f"{rail} {'':>{digits}} {' ' if last else '│'}    "


def _title(step: Mapping[str, Any]) -> str:
    return f"{step['name']}  {step['doc']}" if step["doc"] else str(step["name"])


def _cut(text: str, room: int) -> str:
    return text if len(text) <= room else text[: room - 1] + "…"


def _rows(step: Mapping[str, Any], ties: list[str]) -> list[Row]:
    """What there is to say of a hook."""
    params = [f"{name}: {_value(value)}" for name, value in step["params"].items()]
    return [
        *_column("on error", ["fail: the exchange fails with it"] if step["on_error"] == "fail" else []),
        *_column("params", params),
        ("reads", ", ".join(step["reads"]) or "nothing"),
        ("writes", ", ".join(step["writes"]) or "nothing"),
        *_column("after", ties),
    ]


def _column(label: str, texts: Sequence[str]) -> list[Row]:
    return [("" if number else label, text) for number, text in enumerate(texts)]


def _value(value: Any) -> str:
    return value if isinstance(value, str) and value.isprintable() else json.dumps(value, ensure_ascii=False)


def _ties(edges: Sequence[Mapping[str, Any]]) -> defaultdict[str, list[str]]:
    """By hook, after which others it comes and why."""
    ties: defaultdict[str, list[str]] = defaultdict(list)
    for edge in edges:
        why = ", ".join(edge["paths"]) + ("" if edge["forced"] else "; as listed")
        ties[edge["after"]].append(f"{edge['before']} ({why})")
    return ties


def _wrapped(row: Row, room: int) -> list[str]:
    label, text = row
    width = max(room - LABEL, LEAST)
    lines = wrap(
        text, width, subsequent_indent="  ", break_on_hyphens=False, max_lines=MOST_LINES, placeholder=" …"
    ) or [""]
    return [f"{begin:<{LABEL}}{line}".rstrip() for begin, line in _column(label, lines)]
