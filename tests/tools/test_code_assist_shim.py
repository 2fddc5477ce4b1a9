"""The stand-in for Code Assist of the conformance suite: what it refuses, and what it does to an answer."""

from __future__ import annotations

import json
import random

import pytest

from ccproxy.lightllm.gemini.envelope import Ids, wrap_call
from tools.code_assist.answers import Events, cut, wrapping
from tools.code_assist.envelope import PROJECT, MalformedError, opened

CALL = {"contents": [{"role": "user", "parts": [{"text": "née"}]}], "tools": []}
WRAPPED = wrap_call(CALL, "models/gemini-2.5-pro", Ids("session", "prompt", PROJECT))
STREAM = b'data: {"a": 1.0, "b":"\\u00e9"}\r\n\r\n: ping\n\ndata: {"error": {}}\n\ndata: [DONE]\n\ndata: {"b'


def test_it_opens_our_envelope() -> None:
    call = opened("streamGenerateContent", "alt=sse", json.dumps(WRAPPED).encode())
    assert (call.model, json.loads(call.body)) == ("gemini-2.5-pro", CALL)


@pytest.mark.parametrize(
    ("action", "query", "document"),
    [
        ("streamGenerateContent", "", WRAPPED),
        ("countTokens", "", WRAPPED),
        ("generateContent", "", CALL),
        ("generateContent", "", WRAPPED | {"model": "models/gemini"}),
        ("generateContent", "", WRAPPED | {"contents": []}),
        ("generateContent", "", WRAPPED | {"user_prompt_id": ""}),
        ("generateContent", "", WRAPPED | {"request": CALL}),
        ("generateContent", "", WRAPPED | {"request": WRAPPED}),
        ("generateContent", "", WRAPPED | {"project": "another"}),
        ("generateContent", "", [WRAPPED]),
    ],
)
def test_it_refuses_what_is_no_call(action: str, query: str, document: object) -> None:
    with pytest.raises(MalformedError):
        opened(action, query, json.dumps(document).encode())


def test_events_get_an_envelope_and_all_else_passes() -> None:
    made = Events(random.Random(1))
    told = b"".join(made.feed(piece) for piece in cut(STREAM, random.Random(2))) + made.rest()
    first, ending, others = told.partition(b"\r\n\r\n")
    document = json.loads(first.replace(b"data: ", b""))
    assert b'{"a": 1.0, "b":"\\u00e9"}' in first
    assert document["response"] == {"a": 1.0, "b": "é"}
    assert document["traceId"]
    assert ending + others == STREAM[STREAM.index(b"\r\n\r\n") :]


@pytest.mark.parametrize(
    ("status", "kind", "body"),
    [(429, b"application/json", b"{}"), (200, b"application/json", b'{"candidates": ['), (200, b"text/html", b"{}")],
)
def test_what_is_no_answer_is_left_as_it_is(status: int, kind: bytes, body: bytes) -> None:
    made = wrapping(status, kind, random.Random(1))
    assert made.feed(body) + made.rest() == body
