"""One request in one shape: members, header fields, parameters, and what is told of what stays behind."""

from __future__ import annotations

import json
import re
from copy import deepcopy
from dataclasses import replace
from typing import Any

import pytest

from ccproxy.exchange import Headers
from ccproxy.shaping.shape import Shape
from ccproxy.shaping.shape_hooks import Bound, Work, shape_hook
from tests.shaping.envelopes import (
    ANTHROPIC,
    GEMINI,
    IDENTITY,
    MARKED,
    RESPONSES,
    SHAPES,
    USER_ID,
    names,
    shaped,
    template,
)

UUID4 = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
CALL = {"model": "m", "max_tokens": 5, "messages": [{"role": "user", "content": "hi"}]}


def value_of(headers: Headers, name: bytes) -> str | None:
    """The value of a field that is there once at most."""
    found = [value for other, value in headers if other.lower() == name]
    assert len(found) <= 1, found
    return found[0].decode() if found else None


def test_members_stand_in_the_shapes_order_then_the_callers() -> None:
    own = {"zeta": 1, **CALL, "alpha": 2, "system": "Be kind."}
    outgoing = shaped(own)
    assert list(outgoing.body) == ["mode", "system", "metadata", "zeta", "model", "max_tokens", "messages", "alpha"]
    assert {name: outgoing.body[name] for name in own if name != "system"} == {
        name: value for name, value in own.items() if name != "system"
    }


def test_the_envelopes_members_are_the_shapes_and_what_differs_is_told() -> None:
    same, other = shaped({**CALL, "mode": {"made_up": True}}), shaped({**CALL, "mode": 1})
    assert same.body["mode"] == other.body["mode"] == {"made_up": True}
    assert (same.left_out, other.left_out) == ({}, {"shape.field.mode": 1})


def test_new_members_and_beta_headers_of_the_caller_do_not_vanish() -> None:
    """W-SHAPE-3."""
    new = {"service_tier": "auto", "container": "c", "mcp_servers": [], "output_config": {}, "never_heard_of": [1]}
    outgoing = shaped({**CALL, **new}, [(b"Anthropic-Beta", b"mine, made-up-2025-01-01"), (b"anthropic-beta", b"two")])
    assert {name: outgoing.body[name] for name in new} == new
    assert value_of(outgoing.headers, b"anthropic-beta") == "made-up-2025-01-01, other-2025-02-02,mine,two"
    assert outgoing.left_out == {}


def test_whether_thinking_is_left_out_of_the_answer_is_the_callers_choice() -> None:
    headers = [(n, b"a, redact-thinking-2026-02-12,b" if n == b"anthropic-beta" else v) for n, v in ANTHROPIC.headers]
    by = template(shape=replace(ANTHROPIC, headers=headers))
    asked: Headers = [(b"anthropic-beta", b"redact-thinking-2026-02-12")]
    assert value_of(shaped(CALL, by=by).headers, b"anthropic-beta") == "a,b"
    assert value_of(shaped(CALL, asked, by).headers, b"anthropic-beta") == "a,b,redact-thinking-2026-02-12"


def test_unknown_fields_can_be_dropped_and_are_told() -> None:
    outgoing = shaped({**CALL, "new": 1, "other one": 2}, by=template(unknown_fields="drop"))
    assert "new" not in outgoing.body
    assert outgoing.left_out == {"shape.field.new": 1, "shape.field.other_one": 1}
    assert outgoing.body["max_tokens"] == 5


def test_a_field_can_be_dropped_and_is_told() -> None:
    by = template(merge_strategies={"system": "drop", "metadata": "drop", "top_k": "drop"})
    outgoing = shaped({**CALL, "system": "x", "top_k": 1}, by=by)
    assert not {"system", "metadata", "top_k"} & set(outgoing.body)
    assert outgoing.left_out == {"shape.field.system": 1, "shape.field.top_k": 1}


CAPS: dict[str, dict[str, Any]] = {
    "anthropic": {"max_tokens": 32, "temperature": 0, "tools": [], "stream": True, "stop_sequences": ["a"]},
    "gemini": {"generationConfig": {"maxOutputTokens": 32, "temperature": 0}, "tools": []},
    "openai_responses": {"max_output_tokens": 32, "temperature": 0, "tools": [], "tool_choice": "none"},
}


@pytest.mark.parametrize("content_fields", [None, []])
@pytest.mark.parametrize("name", CAPS)
def test_no_cap_temperature_or_tool_comes_from_a_shape(name: str, content_fields: list[str] | None) -> None:
    """W-SHAPE-2: whatever the profile says is content."""
    shape = SHAPES[name]
    body = {**shape.body, **CAPS[name]}
    if name == "gemini":
        body["request"] = {"session_id": "ccproxy:session-id", **CAPS[name]}
    other = {} if content_fields is None else {"content_fields": content_fields}
    by = template(name, replace(shape, body=body), **other)
    for own in ({"model": "m"}, {"model": "m", "request": {"contents": []}}):
        outgoing = shaped(own, by=by)
        for layer in (outgoing.body, outgoing.body.get("request", {})):
            assert not set(CAPS[name]) & set(layer)


def test_the_callers_tools_and_caps_reach_the_provider() -> None:
    """W-SHAPE-2."""
    own = {"contents": [1], "tools": [2], "toolConfig": {}, "safetySettings": [3], "cachedContent": "c"}
    inner = shaped({"model": "m", "request": own}, by=template("gemini")).body["request"]
    assert {name: inner[name] for name in own} == own
    assert {name: shaped(own, by=template("gemini")).body[name] for name in own} == own


# -- wrapped calls


def test_wrapped_in_wrapped() -> None:
    own = {"request": {"contents": [1], "session_id": "mine"}, "project": "p", "model": "m"}
    outgoing = shaped(own, by=template("gemini"))
    assert list(outgoing.body) == ["user_prompt_id", "request", "credits", "project", "model"]
    assert outgoing.body["request"] == {"session_id": "mine", "contents": [1]}
    assert re.fullmatch(r"[0-9a-f]{13}", outgoing.body["user_prompt_id"])


def test_of_a_wrapped_shape_only_the_inner_part_counts_for_a_request_that_is_not() -> None:
    inner = {"session_id": "ccproxy:session-id", "zone": "made-up"}
    by = template("gemini", replace(GEMINI, body={**GEMINI.body, "request": inner}))
    assert shaped({"contents": [1]}, by=by).body == {"zone": "made-up", "contents": [1]}


def test_a_shape_that_is_not_wrapped_counts_for_the_inner_part() -> None:
    by = template("gemini", replace(GEMINI, body={"zone": "made-up"}))
    own = {"model": "m", "request": {"contents": [1], "zone": "own"}, "project": "p"}
    outgoing = shaped(own, by=by)
    assert outgoing.body == {"model": "m", "request": {"zone": "made-up", "contents": [1]}, "project": "p"}
    assert outgoing.left_out == {"shape.field.zone": 1}


# -- header fields


def test_header_fields_stand_as_in_the_shape() -> None:
    own: Headers = [
        (b"host", b"client"),
        (b"user-agent", b"sdk/1"),
        (b"ACCEPT", b"*/*"),
        (b"x-api-key", b"sentinel"),
        (b"content-encoding", b"gzip"),
        (b"connection", b"keep-alive"),
        (b"x-ccproxy-hooks", b"a"),
        (b"content-type", b"application/json; charset=utf-8"),
        (b"accept-encoding", b"br"),
        (b"cookie", b"c"),
    ]
    outgoing = shaped(CALL, own)
    assert names(outgoing.headers) == names(ANTHROPIC.headers)
    assert value_of(outgoing.headers, b"accept") == "application/json"
    assert value_of(outgoing.headers, b"accept-encoding") == "br"
    assert value_of(outgoing.headers, b"authorization") == "ccproxy:credential"
    assert outgoing.left_out == {}


def test_without_an_accept_encoding_of_the_caller_none_is_claimed() -> None:
    assert value_of(shaped(CALL).headers, b"accept-encoding") == "identity"
    assert value_of(shaped(CALL, [(b"accept-encoding", b"br")], template("gemini")).headers, b"accept-encoding") is None


def test_fields_that_stay_behind_are_told_under_names_a_header_can_hold() -> None:
    strange: Headers = [(b"X-A", b"1"), (b"x-a", b"2"), (b"traceparent", b"3"), (b"x,\xff=", b"4"), (b"y" * 99, b"5")]
    assert shaped(CALL, strange).left_out == {
        "shape.header.x-a": 1,
        "shape.header.traceparent": 1,
        "shape.header.x___": 1,
        f"shape.header.{'y' * 64}": 1,
    }
    many = shaped(CALL, [(b"x-%d" % number, b"") for number in range(200)]).left_out
    assert (len(many), many["shape.header"]) == (61, 140)


def test_preserved_fields_are_the_callers() -> None:
    by = template("openai_responses", replace(RESPONSES, headers=[*RESPONSES.headers, (b"X-Fedramp-Not", b"s")]))
    assert value_of(shaped(CALL, [(b"x-openai-fedramp", b"true")], by).headers, b"x-openai-fedramp") == "true"
    keeping = template(preserve_headers=["anthropic-version", "x-team"])
    own = shaped(CALL, [(b"x-team", b"a"), (b"X-Team", b"b"), (b"Anthropic-Version", b"mine")], keeping)
    assert own.headers[5] == (b"anthropic-version", b"mine")
    assert own.headers[-2:] == [(b"x-team", b"a"), (b"X-Team", b"b")]
    assert value_of(shaped(CALL, by=keeping).headers, b"anthropic-version") == "2023-06-01"


def test_a_field_that_the_shape_has_twice_is_sent_twice() -> None:
    twice = replace(ANTHROPIC, headers=[(b"X-Two", b"1"), (b"x-two", b"2"), (b"accept", b"a"), (b"X-Two", b"3")])
    assert shaped(CALL, [(b"x-two", b"own")], template(shape=twice)).headers == twice.headers


def test_what_belongs_to_one_connection_or_to_ccproxy_is_taken_from_no_shape() -> None:
    """W-SHAPE-5: a file may have it all the same."""
    odd: Headers = [
        (b"Connection", b"keep-alive"),
        (b"x-ccproxy-target-url", b"http://127.0.0.1:1"),
        (b"X-CCProxy-Impersonate", b"x"),
        (b"content-encoding", b"gzip"),
        (b"transfer-encoding", b"chunked"),
        (b":path", b"/"),
        (b"x-app", b"cli"),
    ]
    assert shaped(CALL, by=template(shape=replace(ANTHROPIC, headers=odd))).headers == [(b"x-app", b"cli")]


# -- parameters


@pytest.mark.parametrize(
    ("target", "result"),
    [
        (b"/v1/messages", b"/v1/messages?beta=true"),
        (b"/v1/messages?", b"/v1/messages?beta=true"),
        (b"/v1/messages?a=1&b", b"/v1/messages?beta=true&a=1&b"),
        (b"/v1/messages?beta=false", b"/v1/messages?beta=false"),
        (b"/v1/messages?%62eta=false", b"/v1/messages?%62eta=false"),
        (b"/v1/messages?b=1&beta", b"/v1/messages?b=1&beta"),
    ],
)
def test_the_shapes_parameters_come_before_the_targets_own(target: bytes, result: bytes) -> None:
    assert shaped(CALL, target=target).target == result


def test_neither_a_key_nor_the_form_of_the_answer_comes_from_a_shape() -> None:
    url = "https://h.example/v1?alt=sse&key=k&access_token=t&%6bey=x&q=ccproxy:session-id&lang=en"
    assert shaped(CALL, by=template(shape=replace(ANTHROPIC, url=url)), target=b"/p").target == b"/p?lang=en"


# -- ids


def ids_of(session: str, shape: Shape = ANTHROPIC, headers: Headers | None = None) -> tuple[str, str, str]:
    """The session's id in the body and in a header field, and the request's."""
    outgoing = shaped(CALL, headers, template(shape=shape), session=session)
    in_body = json.loads(outgoing.body["metadata"]["user_id"])
    assert in_body["device_id"] == "made-up-device"
    fields = [value_of(outgoing.headers, name) for name in (b"x-claude-code-session-id", b"x-client-request-id")]
    assert fields[0] is not None
    assert fields[1] is not None
    return in_body["session_id"], fields[0], fields[1]


def test_ids_hold_for_a_session_and_requests_have_their_own() -> None:
    """W-SHAPE-7."""
    one, again, other = ids_of("one"), ids_of("one"), ids_of("two")
    assert one[0] == one[1] == again[0] == again[1] != other[0]
    assert len({one[2], again[2], other[2]}) == 3
    assert all(UUID4.fullmatch(each) for each in (*one, *other))
    later = replace(ANTHROPIC, provenance=replace(ANTHROPIC.provenance, captured=1800000000.0))
    assert ids_of("one", later)[0] != one[0]


def test_the_callers_own_metadata_is_not_altered() -> None:
    """W-SHAPE-7."""
    own = {"user_id": USER_ID.replace("ccproxy:session-id", "mine"), "other": "ccproxy:session-id"}
    assert shaped({**CALL, "metadata": own}).body["metadata"] == own


def test_metadata_of_the_capture_is_sent_unless_the_profile_says_otherwise() -> None:
    """What docs/shaping.md says of the ids of the user's own."""
    assert "made-up-device" in json.dumps(shaped(CALL).body)
    without = shaped(CALL, by=template(merge_strategies={"metadata": "replace"}))
    assert "metadata" not in without.body
    assert without.body["system"] == [IDENTITY]


def test_ids_that_the_caller_has_itself_stay() -> None:
    mine: Headers = [(b"X-Claude-Code-Session-Id", b"my-session"), (b"x-client-request-id", b"my-request")]
    assert ids_of("one", headers=mine) == ("my-session", "my-session", "my-request")


def test_without_a_hook_that_fills_them_placeholders_are_left_out() -> None:
    body = {
        **ANTHROPIC.body,
        "list": ["a", "ccproxy:request-id", "b", {"deep": "x ccproxy:credential"}],
        "own": "ccproxy:host",
    }
    outgoing = shaped(CALL, by=template(shape=replace(ANTHROPIC, body=body), shape_hooks=[]))
    assert outgoing.body["list"] == ["a", "b", {}]
    assert outgoing.body["metadata"] == {}
    assert "own" not in outgoing.body
    left = {b"authorization", b"host", b"content-length"}
    assert {name.lower() for name, value in outgoing.headers if b"ccproxy:" in value} == left
    assert b"x-client-request-id" not in names(outgoing.headers)


PLACED, OTHER = "in ccproxy:session-id", "ccproxy:request-id"
OWN = "mine ccproxy:session-id"


@pytest.mark.parametrize("how", ["prepend_shape", "prepend_shape:2", "append_shape:2", "append_shape:3"])
@pytest.mark.parametrize("own", [[OWN], [{"type": "text", "text": OWN}], OWN, None])
@pytest.mark.parametrize("shape", [["a", PLACED, OTHER], PLACED, {"parts": [{"text": "a"}, PLACED, OTHER]}])
def test_placeholders_are_found_in_what_a_strategy_has_put_together(how: str, own: Any, shape: Any) -> None:
    """The shape's are filled or left out; what the caller says is its own, whatever it is."""
    given = {"parts": own} if isinstance(shape, dict) and isinstance(own, list) else own
    by = template(shape=replace(ANTHROPIC, body={"system": shape}), merge_strategies={"system": how})
    before = deepcopy(given)
    for hooks in (by.hooks, ()):
        system = shaped({**CALL, "system": given}, by=replace(by, hooks=hooks)).body.get("system")
        if isinstance(shape, str) and own == OWN:
            continue  # one text
        assert "ccproxy:" not in json.dumps(system).replace(OWN, "")
        assert (OWN in json.dumps(system)) == (own is not None)
    assert given == before


def test_elements_that_a_hook_has_moved_are_still_found() -> None:
    @shape_hook()
    def move(work: Work, params: Any) -> None:
        work.body["list"].insert(0, "first")

    body = {"list": ["a", PLACED, "b", OTHER, OTHER]}
    by = template(shape=replace(ANTHROPIC, body=body))
    filled = shaped(CALL, by=replace(by, hooks=(Bound(move), *by.hooks))).body["list"]
    assert (filled[:2], filled[3], len(filled)) == (["first", "a"], "b", 6)
    assert "ccproxy:" not in "".join(filled)
    assert shaped(CALL, by=replace(by, hooks=(Bound(move),))).body["list"] == ["first", "a", "b"]


def test_what_goes_with_a_credential_keeps_its_place_where_the_provider_has_it() -> None:
    fields = [(b"x-app", b"cli"), (b"Chatgpt-Account-Id", b"ccproxy:credential"), (b"user-agent", b"c/1")]
    for name in ("anthropic", "openai_responses"):
        by = template(name, replace(SHAPES[name], headers=fields))
        assert names(shaped(CALL, by=by).headers) == [b"x-app", b"user-agent"]
        with_it = shaped(CALL, by=by, companions=frozenset({b"chatgpt-account-id"}))
        assert with_it.headers == fields


def test_a_credential_stands_in_no_field_that_gets_none() -> None:
    odd = replace(ANTHROPIC, headers=[(b"x-vendor-key", b"ccproxy:credential"), (b"x-app", b"cli")])
    assert names(shaped(CALL, by=template(shape=odd)).headers) == [b"x-app"]
    named = shaped(CALL, by=template(shape=odd), credentials=frozenset({b"x-vendor-key"}))
    assert named.headers[0] == (b"x-vendor-key", b"ccproxy:credential")


# -- nothing else is touched


@pytest.mark.parametrize("name", SHAPES)
def test_neither_the_request_nor_the_shape_is_changed(name: str) -> None:
    own = {**CALL, "system": [{**IDENTITY, "text": "own"}], "request": {"contents": [1]}, "input": "x"}
    by, before, shape = template(name), deepcopy(own), deepcopy(SHAPES[name])
    first, second = shaped(own, by=by), shaped(own, by=by)
    assert (own, SHAPES[name]) == (before, shape)
    assert list(first.body) == list(second.body)
    assert first.body.get("messages", own["messages"]) is own["messages"]


def test_marks_are_taken_from_the_shape_and_not_from_the_caller() -> None:
    mine = {**MARKED, "text": "mine"}
    assert shaped({**CALL, "system": [mine]}).body["system"] == [IDENTITY, mine]


def test_what_the_last_hook_leaves_is_what_is_sent() -> None:
    """W-SHAPE-1: nothing changes the request any more, so that whatever a hook says of it holds."""
    seen: list[Any] = []

    @shape_hook()
    def last(work: Work, params: Any) -> None:
        """Looks at everything."""
        seen.append(deepcopy((work.body, work.headers, work.query)))

    by = template()
    outgoing = shaped({**CALL, "system": "Be kind."}, by=replace(by, hooks=(*by.hooks, Bound(last))))
    assert seen == [(outgoing.body, outgoing.headers, [b"beta=true"])]
    assert list(seen[0][0]) == list(outgoing.body)


@pytest.mark.parametrize("billing", [{}, {"salt": "made-up", "seed": "0xfeed"}])
def test_no_signature_is_computed_and_the_settings_for_one_do_nothing(billing: dict[str, str]) -> None:
    """W-SHAPE-1: what the hooks leave is what is sent, and it is the same whatever `billing` says."""
    outgoing = shaped(CALL, by=template(billing=billing), session="signed")
    plain = shaped(CALL, session="signed")
    assert outgoing.body == plain.body
    assert [field for field in outgoing.headers if field[0] != b"x-client-request-id"] == [
        field for field in plain.headers if field[0] != b"x-client-request-id"
    ]
