"""Whatever comes, `respond` answers, and answers the same thing again."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ccproxy.simulator import Reply, respond
from ccproxy.simulator.markers import parse, strip
from ccproxy.simulator.plan import pieces
from ccproxy.simulator.schemas import instance
from tests.simulator.asking import PATHS, question
from tests.support.examples import examples

DATA = Path(__file__).parent / "data"
TARGETS = [
    *(path.encode() for path in PATHS.values()),
    b"/v1beta/models/m:streamGenerateContent?alt=sse",
    b"/v1beta/models/m:streamGenerateContent",
    b"/v1beta/models/m:countTokens",
    b"/v1beta/models/m:batchEmbedContents",
    b"/v1internal:streamGenerateContent?alt=sse",
    b"/v1internal:loadCodeAssist",
    b"/v1/messages/count_tokens",
    b"/v1/responses/input_tokens",
    b"/v1/responses/compact",
    b"/v1/responses/id",
    b"/v1/embeddings",
    b"/v1/models",
]
NAMES = st.sampled_from((DATA / "field_names.txt").read_text().split())
WORDS = st.sampled_from([*(DATA / "words.txt").read_text().split(), "SIM_TOOL\u00a0{}", "SIM_TOOL {}"])
SCALARS = (
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False, allow_infinity=False)
)
VALUES = st.recursive(
    SCALARS | WORDS | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES | st.text(max_size=5), inner, max_size=6),
    max_leaves=25,
)
HEADERS = st.lists(st.tuples(st.binary(max_size=12), st.binary(max_size=12)), max_size=4)


def check(reply: Reply) -> None:
    """An answer is whole: a status, header fields of bytes, a length that is true."""
    assert 200 <= reply.status < 600
    length = dict(reply.headers).get(b"content-length")
    assert length is None or int(length) >= len(reply.body)
    assert reply.events


@settings(max_examples=200, deadline=None)
@given(
    st.sampled_from(["GET", "POST", "HEAD", "DELETE", "QUERY", ""]),
    st.binary(max_size=60),
    HEADERS,
    st.binary(max_size=80),
)
def test_any_bytes(method: str, target: bytes, headers: list[tuple[bytes, bytes]], body: bytes) -> None:
    check(respond(method, target, headers, body))


@settings(max_examples=examples(300), deadline=None)
@given(st.sampled_from(TARGETS), st.dictionaries(NAMES, VALUES, max_size=8), st.sampled_from(list(PATHS)))
@example(b"/v1/messages", {"max_tokens": 2**63, "tools": [{"name": "x", "input_schema": {}}]}, "anthropic")
def test_any_json(target: bytes, noise: dict[str, Any], wire: str) -> None:
    body = json.dumps({**question(wire, "hello"), **noise}).encode()
    first = respond("POST", target, [], body)
    check(first)
    assert respond("POST", target, [], body) == first


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        WORDS | st.sampled_from(["{", "}", '{"a":1}', "/etc/x", "9" * 30, "1.5"]) | st.text(max_size=8), max_size=12
    )
)
def test_any_markers(parts: list[str]) -> None:
    text = " ".join(parts)
    parse(text)
    strip(text)
    assert "".join(pieces(text)) == text


@settings(max_examples=200, deadline=None)
@given(VALUES)
def test_any_schema(schema: object) -> None:
    json.dumps(instance(schema))


def test_a_schema_that_contains_itself_ends() -> None:
    fields = {name: {"$ref": "#"} for name in "abcdef"}
    schema = {"type": "object", "properties": fields, "required": list(fields)}
    assert len(json.dumps(instance(schema))) < 100_000


@pytest.mark.parametrize("wire", PATHS)
def test_a_prompt_of_megabytes(wire: str) -> None:
    body = json.dumps(question(wire, "SIM_ECHO " + "long " * 1_000_000)).encode()
    check(respond("POST", PATHS[wire].encode(), [], body))
