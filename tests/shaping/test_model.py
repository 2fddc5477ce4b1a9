"""The model in header fields of a shape: its place is kept, and filled with what the request asks for."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from ccproxy.exchange import Headers
from ccproxy.shaping.reduce import reduce
from ccproxy.shaping.shape import MODEL, SESSION_ID
from tests.shaping.envelopes import GEMINI, RESPONSES, profile, shaped, template

URL = "https://chatgpt.example/backend-api/codex/responses"
IN_PATH = "https://gemini.example/v1beta/models/made-up%2F2.5:generateContent"
SESSION = "0f0f0f0f-1111-4222-8333-444444444444"
HINT = (b"x-hint", b"model=" + MODEL.encode())


def kept(value: bytes, body: dict[str, Any], name: str = "openai_responses", url: str = URL) -> bytes:
    """What a shape keeps of a field's value; what is reduced stays as it is."""
    headers: Headers = [(b"session_id", SESSION.encode()), (b"x-hint", value), (b"User-Agent", b"c/1 (m-1.5)")]
    once = reduce("POST", url, headers, body, profile(name))
    assert reduce("POST", *once, profile(name)) == once
    assert once[1][2] == (b"User-Agent", b"c/1 (m-1.5)")
    return once[1][1][1]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (b"model=m-1.5", b"model=ccproxy:model"),
        (b"m-1.5", b"ccproxy:model"),
        (b"a/m-1.5;b, m-1.5.", b"a/ccproxy:model;b, ccproxy:model."),
        (b"model=m-1.5;at=" + SESSION.encode(), b"model=ccproxy:model;at=ccproxy:session-id"),
        (b"m-1.50, m-1.5-mini, m-1.5.2, xm-1.5, m-1x5", b"m-1.50, m-1.5-mini, m-1.5.2, xm-1.5, m-1x5"),
    ],
)
def test_the_captured_model_is_no_part_of_a_shape(value: bytes, expected: bytes) -> None:
    """Codex names it in a routing hint: it went along with whatever model was asked for."""
    assert kept(value, {"model": "m-1.5"}) == expected


def test_where_a_request_names_its_model() -> None:
    assert kept(b"m-1.5", {"request": {"model": "m-1.5"}}, "gemini") == MODEL.encode()
    assert kept(b"made-up/2.5", {}, "gemini", IN_PATH) == MODEL.encode()
    assert kept(b"m-1.5", {}) == kept(b"m-1.5", {"model": 5}) == kept(b"m-1.5", {"model": "\u00e4"}) == b"m-1.5"
    assert kept(b"session-id=" + SESSION.encode(), {"model": "session-id"}) == b"ccproxy:model=ccproxy:session-id"


def hint(body: dict[str, Any], **other: Any) -> bytes | None:
    """What a request has in a field that names its model."""
    shape = replace(RESPONSES, headers=[HINT, *RESPONSES.headers])
    return dict(shaped(body, by=template("openai_responses", shape), **other).headers).get(b"x-hint")


def test_the_model_that_is_asked_for_is_sent() -> None:
    assert hint({"model": "other-2"}) == b"model=other-2"
    assert hint({"input": "hi"}, model=lambda: "in-path") == b"model=in-path"
    assert hint({"input": "hi"}) is None


@pytest.mark.parametrize("model", ["a\r\nx: y", "", "\u00e4", "\ud800", 5, None, ["a"]])
def test_what_no_field_can_hold_is_left_out(model: Any) -> None:
    assert hint({"model": model}) is None


def test_a_wrapped_call_and_members_of_the_body() -> None:
    """Patches may put it there."""
    body = {**GEMINI.body, "about": [f"for {MODEL}", SESSION_ID], "user_prompt_id": MODEL}
    shape = replace(GEMINI, body=body, headers=[HINT, *GEMINI.headers])
    outgoing = shaped({"request": {"model": "inner-1"}}, by=template("gemini", shape))
    assert dict(outgoing.headers)[b"x-hint"] == b"model=inner-1"
    assert outgoing.body["about"][0] == "for inner-1"
    named = shaped({"model": "outer-1", "request": {}}, by=template("gemini", shape))
    assert dict(named.headers)[b"x-hint"] == b"model=outer-1"


SYSTEM = {"parts": [{"text": "made-up"}]}
OWN = {"parts": [{"text": "mine"}]}


@pytest.mark.parametrize(("of_shape", "of_caller"), [("Instruction", "_instruction"), ("_instruction", "Instruction")])
def test_members_that_are_spelled_in_two_ways_are_one(of_shape: str, of_caller: str) -> None:
    """Gemini's API takes both spellings, and of both at once nobody knows what it makes."""
    shape = replace(GEMINI, body={f"system{of_shape}": SYSTEM, "safety_settings": ["made-up"]})
    by = template("gemini", shape, merge_strategies={"systemInstruction": "prepend_shape"})
    body = shaped({"contents": [], f"system{of_caller}": OWN, "safetySettings": [], "store": True}, by=by).body
    merged = {"parts": [*SYSTEM["parts"], *OWN["parts"]]}
    assert body == {f"system{of_shape}": merged, "safety_settings": [], "contents": [], "store": True}


def test_one_that_has_both_spellings_itself_keeps_both() -> None:
    shape = replace(GEMINI, body={"systemInstruction": SYSTEM})
    by = template("gemini", shape, merge_strategies={"systemInstruction": "prepend_shape"})
    body = shaped({"systemInstruction": OWN, "system_instruction": "x"}, by=by).body
    assert (len(body["systemInstruction"]["parts"]), body["system_instruction"]) == (2, "x")
