"""Pipelines of any hooks, as the plain values in which `ccproxy status` gets them."""

from __future__ import annotations

import keyword
from dataclasses import replace
from typing import Any

import orjson
from hypothesis import strategies as st

from ccproxy.pipeline.dag import Cycle
from ccproxy.pipeline.hook import STAGES, Hook, Step
from ccproxy.pipeline.paths import Path, parse
from ccproxy.pipeline.pipeline import build_pipeline
from tests.pipeline.declared import nothing

MERMAID = ["end", "state", "note", "as", "class_", "classDef", "style", "direction", "hide", "scale", "default", "TB"]
OTHERS = ["__init__", "_x_", "constructor", "__proto__", "hook_end", "hook_0", "h1", "größe", "钩子", "a" * 60]
NAMES = st.sampled_from(MERMAID + OTHERS) | st.from_regex(r"[a-z_][a-z0-9_]{0,12}", fullmatch=True).filter(
    lambda name: not keyword.iskeyword(name)
)
ORDINARY = [
    *("messages", "messages.*.content", "messages.-1", "system", "metadata.user_id", "settings", "**", "*", "__x__"),
    *("headers.User-Agent", "headers.*", "exchange.session", "-", "1. x", "www.example.com", "a#b;c", 'a:"b"', "style"),
]
ODD = st.text(st.sampled_from(list("ab01 .*:\"#;&<>$`'[]{}()|\\/%_-+=!?@~^ﬂß°¶é\n\x1b\u202e")), min_size=1, max_size=8)


def is_path(text: str) -> bool:
    try:
        parse(text)
    except ValueError:
        return False
    return True


PATHS = (st.sampled_from(ORDINARY) | ODD.filter(is_path)).map(parse)
DOCS = st.sampled_from(["", "Does it.", "Does it at great length. " * 9])
DECLARED: st.SearchStrategy[tuple[Path, ...]] = st.lists(PATHS, max_size=3).map(tuple)


def blind(step: Step) -> Step:
    """The same without what it reads, which ties it to nobody whom it must wait for."""
    return Step(replace(step.hook, reads=()), step.stage)


@st.composite
def descriptions(draw: st.DrawFn) -> dict[str, Any]:
    """What the daemon tells of a pipeline, after its way through JSON."""
    names = draw(st.lists(NAMES, unique=True, max_size=8))
    steps = [
        Step(
            Hook(name, nothing, STAGES, draw(DECLARED), draw(DECLARED), doc=draw(DOCS)),
            draw(st.sampled_from(STAGES)),
            on_error=draw(st.sampled_from(["continue", "fail"])),
        )
        for name in names
    ]
    try:
        pipeline = build_pipeline(steps)
    except Cycle:
        pipeline = build_pipeline([blind(step) for step in steps])
    plain: dict[str, Any] = orjson.loads(orjson.dumps(pipeline.describe()))
    return plain
