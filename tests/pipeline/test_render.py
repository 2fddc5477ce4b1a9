"""The pipeline as a tree of text."""

from __future__ import annotations

import re
from dataclasses import replace
from textwrap import dedent
from typing import Any

import orjson
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from ccproxy.pipeline.hook import Stage, Step
from ccproxy.pipeline.pipeline import Pipeline, build_pipeline
from ccproxy.pipeline.render import tree
from tests.pipeline.declared import step
from tests.pipeline.plain import descriptions


class Patterns(BaseModel):
    """What a hook may be told."""

    patterns: list[str] = ["sk-[a-z0-9]+", "AKIA[0-9A-Z]{16}", "-----BEGIN [A-Z ]*PRIVATE KEY-----", "ghp_[A-Za-z0-9]"]
    replacement: str = "[redacted]"
    bell: str = "\a"
    limit: int = 3


def placed(stage: Stage, one: Step, doc: str = "", **changed: Any) -> Step:
    return replace(one, stage=stage, hook=replace(one.hook, doc=doc), **changed)


SESSION = step("session", reads=["metadata.user_id"], writes=["exchange.session"])
MODEL = step("pin_model", reads=["exchange.session"], writes=["exchange.model", "messages"])
REDACT = step("redact", reads=["messages", "system", "tools"], writes=["messages", "system"])
LAST = step("shorten", reads=["messages"], writes=["messages"])
HOOKS = [
    placed("inbound", SESSION, "Finds the client's session in its request."),
    placed("inbound", MODEL),
    placed(
        *("inbound", REDACT, "Masks secrets in the conversation and in the system prompt, whoever wrote them."),
        params=Patterns(),
        on_error="fail",
    ),
    placed("inbound", LAST),
    placed("outbound", step("sign", reads=["**"], writes=["headers.x-signature"]), "Signs the body."),
    placed("outbound", step("session_back", writes=["metadata.user_id"])),
    placed("outbound", step("cache", writes=["messages.*.content"])),
]

FULL = """\
    inbound
    ├─ 1 ── session  Finds the client's session in its request.
    │         reads     metadata.user_id
    │         writes    exchange.session
    ├─ 2 ── pin_model
    │         reads     exchange.session
    │         writes    exchange.model, messages
    │         after     session (exchange.session)
    ├─ 3 ── redact  Masks secrets in the conversation and in the system prompt, who…
    │         on error  fail: the exchange fails with it
    │         params    patterns: ["sk-[a-z0-9]+", "AKIA[0-9A-Z]{16}", "-----BEGIN
    │                     [A-Z ]*PRIVATE KEY-----", "ghp_[A-Za-z0-9]"]
    │                   replacement: [redacted]
    │                   bell: "\\u0007"
    │                   limit: 3
    │         reads     messages, system, tools
    │         writes    messages, system
    │         after     pin_model (messages)
    └─ 4 ── shorten
              reads     messages
              writes    messages
              after     pin_model (messages)
                        redact (messages; as listed)
      ↓ route, translation
    outbound  (hooks of one number are independent)
    ├─ 1 ┬─ session_back
    │    │    reads     nothing
    │    │    writes    metadata.user_id
    │    └─ cache
    │         reads     nothing
    │         writes    messages.*.content
    └─ 2 ── sign  Signs the body.
              reads     **
              writes    headers.x-signature
              after     session_back (metadata.user_id)
                        cache (messages.*.content)
      ↓ provider
    response  no hooks
"""


TITLE = re.compile(r"[├└│ ][─ ] +\d* (?:──|┬─|├─|└─) (.+)")
NUMBER = re.compile(r"[├└]─ +(\d+) (?:──|┬─) ")


def test_a_pipeline_in_80_columns() -> None:
    lines = tree(orjson.loads(orjson.dumps(build_pipeline(HOOKS).describe())))
    assert "\n".join(lines) + "\n" == dedent(FULL)


def test_stages_without_hooks_take_a_line_each() -> None:
    assert tree(Pipeline().describe()) == [
        "inbound  no hooks",
        "  ↓ route, translation",
        "outbound  no hooks",
        "  ↓ provider",
        "response  no hooks",
    ]


def test_what_is_too_long_is_cut_and_says_so() -> None:
    lines = tree(build_pipeline([step("much", reads=[f"path.number.{number}" for number in range(200)])]).describe())
    assert [line.endswith(" …") for line in lines[2:7]] == [False] * 4 + [True]


def test_a_line_ends_between_two_paths_and_not_in_one() -> None:
    reads = [f"headers.x-of-the-number-{number}" for number in range(9)]
    lines = tree(build_pipeline([step("much", reads=reads)]).describe())
    assert " ".join(line.replace("reads", "").strip() for line in lines[2:7]) == ", ".join(reads)


def test_the_numbers_of_many_levels_stand_under_each_other() -> None:
    chain = [step(f"h{number}", reads=[f"p{number}"], writes=[f"p{number + 1}"]) for number in range(10)]
    lines = [line for line in tree(build_pipeline(chain).describe()) if "──" in line]
    assert (lines[0], lines[9]) == ("├─  1 ── h0", "└─ 10 ── h9")


@given(descriptions(), st.integers(60, 200))
def test_any_pipeline_fits_and_shows_its_hooks_in_order(description: dict[str, Any], width: int) -> None:
    lines = tree(description, width)
    assert all(len(line) <= width for line in lines)
    titles = [match[1] for line in lines if (match := TITLE.match(line))]
    names = [one["name"] for graph in description.values() for level in graph["levels"] for one in level]
    assert len(titles) == len(names)
    for title, name in zip(titles, names, strict=True):
        assert title.split()[0] == name or (title.endswith("…") and name.startswith(title[:-1]))


@given(descriptions())
def test_hooks_have_one_number_if_they_are_of_one_level(description: dict[str, Any]) -> None:
    numbered = [int(match[1]) for line in tree(description) if (match := NUMBER.match(line))]
    assert numbered == [number for graph in description.values() for number, _ in enumerate(graph["levels"], 1)]
