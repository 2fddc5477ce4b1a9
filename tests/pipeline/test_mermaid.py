"""Mermaid diagrams, by their text; tests/clients/test_mermaid.py gives them to mermaid itself."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

from hypothesis import given

from ccproxy.pipeline.mermaid import diagram, diagrams
from ccproxy.pipeline.pipeline import Pipeline, build_pipeline
from tests.pipeline.declared import step
from tests.pipeline.plain import descriptions

TIED = """\
---
title: inbound_dag
---
stateDiagram-v2
  direction LR
  state "end" as hook_end
  state "note" as hook_note
  state "größe" as hook_2
  [*] --> hook_end
  [*] --> hook_note
  hook_end --> hook_2: messages.#42;.content, user_id
  hook_note --> [*]
  hook_2 --> [*]
"""
EMPTY = """\
---
title: response_dag
---
stateDiagram-v2
  direction LR
  [*] --> [*]: no hooks
"""
HEAD = r"---\ntitle: \w+\n---\nstateDiagram-v2\n  direction LR\n"
LINE = re.compile(
    r'  state "(?P<name>[^"\n]+)" as (?P<id>hook_\w+)'
    r"|  (?P<one>\[\*\]|hook_\w+) --> (?P<other>\[\*\]|hook_\w+)(: (?P<label>[^:\"\n]+))?",
)


def test_a_stage_with_hooks() -> None:
    end = step("end", writes=["messages.*.content", "user_id"])
    pipeline = build_pipeline([step("größe", reads=["**"]), end, step("note", reads=["headers.x"])])
    assert diagram("inbound", pipeline.describe()["inbound"]) == TIED


def test_the_diagrams_of_all_stages_have_a_blank_line_between_them() -> None:
    printed = diagrams(Pipeline().describe())
    assert printed.endswith("\n\n" + EMPTY)
    assert re.findall(r"title: (.+)", printed) == ["inbound_dag", "outbound_dag", "response_dag"]


@given(descriptions())
def test_every_name_and_path_is_there_and_no_character_of_them_tells_mermaid_anything(
    description: dict[str, Any],
) -> None:
    for stage, graph in description.items():
        text = diagram(stage, graph)
        head = re.match(HEAD, text)
        assert head
        lines = [LINE.fullmatch(line) for line in text[head.end() :].splitlines()]
        assert all(lines), text
        found = [line for line in lines if line]
        names = [read(line["name"]) for line in found if line["name"]]
        assert names == [one["name"] for level in graph["levels"] for one in level]
        labels = [read(line["label"]) for line in found if line["label"] and names]
        assert labels == [", ".join(map(shown, edge["paths"])) for edge in graph["edges"]]


def read(text: str) -> str:
    """A label as it is shown: what has a meaning to mermaid or to Markdown must have been written as a code."""
    assert not re.search(r"[*:\"`<>&$\[\]{}()|\\~^!\x00-\x1f]|#(?!\d+;)|(?<!\w);|\b__|__\b", text), text
    return unescape(re.sub(r"#(\d+);", r"&#\1;", text))


def shown(text: str) -> str:
    return text if text.isprintable() else repr(text)[1:-1]
