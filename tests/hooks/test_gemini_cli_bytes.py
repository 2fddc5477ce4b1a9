"""`gemini_cli`: what a call holds leaves byte for byte, but for what its envelope does not hold."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ccproxy.exchange import WireFormat
from ccproxy.lightllm.gemini.envelope import FOREIGN, Ids
from ccproxy.pipeline.draft import Draft
from ccproxy.pipeline.failures import Refusal
from ccproxy.pipeline.gemini_envelope import object_of, put_call, put_count, put_model
from ccproxy.pipeline.json_text import read
from tests.hooks.code_assist import MODEL, asked, config, document, sent
from tests.shaping.envelopes import GEMINI as SHAPE
from tests.shaping.envelopes import put_shape
from tests.support.dialects import GEMINI
from tests.support.examples import examples

IDS = Ids("s-1", "u-1", "p-1")
HEAD = b'{"model":"m","project":"p-1","user_prompt_id":"u-1","request":'
SESSION = b'"session_id":"s-1"'
ARGS = b'{"id":123456789012345678901234,"amt":0.1234567890123456789,"e":1E5,"n":-0.0,"big":1E400,"s":"1E400 \\u00e9"}'
CALL = b'{"contents": [{"role":"model","parts":[{"functionCall":{"name":"f","args":%b}}]}]}' % ARGS


def wrapped(body: bytes) -> bytes:
    draft = Draft(WireFormat.GEMINI, body)
    put_call(draft, object_of(draft, rewritten=False), "m", IDS)
    return draft.written_out()


def test_numbers_are_the_clients_own() -> None:
    (exchange,) = sent(config(), asked(GEMINI, body=CALL))
    assert exchange.forwarded is not None
    assert CALL[:-1] + b',"session_id":"' in exchange.forwarded.body
    assert document(exchange)["model"] == MODEL
    (count,) = sent(config(), asked(GEMINI, f"/v1beta/models/{MODEL}:countTokens", CALL))
    assert count.forwarded is not None
    assert CALL[13:-1] in count.forwarded.body
    (own,) = sent(config(), asked(GEMINI, "/v1internal:generateContent", b'{"model":"m","request":%b}' % CALL))
    assert own.forwarded is not None
    assert own.forwarded.body == b'{"model":"m","request":%b}' % CALL


def test_what_a_shape_would_write_anew_without_a_number_is_refused(tmp_path: Any) -> None:
    put_shape(tmp_path, SHAPE)
    (exchange,) = sent(config(tmp_path), asked(GEMINI, body=CALL, provider="shaped"))
    assert exchange.forwarded is None
    assert exchange.response is not None
    assert (exchange.response.status, b"infinity" in exchange.response.body) == (400, True)


CUT = {
    b"{}": b"{" + SESSION + b"}",
    b" { }\n": b"{" + SESSION + b" }",
    b'{"a":1}': b'{"a":1,' + SESSION + b"}",
    b'{ "a" : 1 ,\n"b":2\n}': b'{ "a" : 1 ,\n"b":2,' + SESSION + b"\n}",
    b'{"model":"x", "a":1}': b'{"a":1,' + SESSION + b"}",
    b'{"a":1, "model":"x" , "b":2}': b'{"a":1 , "b":2,' + SESSION + b"}",
    b'{"a":1, "metadata":{"a":[]}}': b'{"a":1,' + SESSION + b"}",
    b'{"m\\u006fdel":"x","model":"y","session_id":1,"a":"model"}': b'{"a":"model",' + SESSION + b"}",
    b'{ "model":"x" }': b"{ " + SESSION + b" }",
    b'{"a":{"model":1},"a":2}': b'{"a":{"model":1},"a":2,' + SESSION + b"}",
}


@pytest.mark.parametrize("body", CUT)
def test_where_members_are_cut_out(body: bytes) -> None:
    assert wrapped(body) == HEAD + CUT[body] + b"}"


def test_a_deep_call() -> None:
    body = b'{"a":%b1%b}' % (b"[" * 1000, b"]" * 1000)
    assert wrapped(body) == HEAD + body[:-1] + b"," + SESSION + b"}}"


def test_a_changed_call_is_written_anew() -> None:
    draft = Draft(WireFormat.GEMINI, b'{"a" : 1e1, "model":"x"}')
    draft.document()["b"] = 2
    draft.touch()
    put_call(draft, object_of(draft, rewritten=False), "m", IDS)
    assert draft.written_out() == HEAD + b'{"a":10.0,"b":2,' + SESSION + b"}}"


SPACE = st.sampled_from([b"", b" ", b"\n\t", b"\r\n"])
NUMBERS = st.sampled_from([b"1E5", b"-0", b"0.10", b"1e-400", b"1E400", b"12345678901234567890123", b"1" * 5000])
TEXTS = st.one_of(
    st.sampled_from([b'"\\u00e9"', b'"\\/"', b'"1E400,\\"}{"', b'"\\ud800"', b'"model"']),
    st.text(max_size=5).map(lambda text: json.dumps(text, ensure_ascii=False).encode("utf-8", "replace")),
)
LEAVES = st.one_of(NUMBERS, TEXTS, st.sampled_from([b"null", b"true", b"[]", b"{}"]))


def spelled(inner: st.SearchStrategy[bytes]) -> st.SearchStrategy[bytes]:
    """Lists and objects of values, with white space where there may be some."""
    lists = st.tuples(SPACE, st.lists(inner, max_size=3)).map(lambda one: b"[%b%b]" % (one[0], b" ,".join(one[1])))
    pairs = st.lists(st.tuples(TEXTS, SPACE, inner).map(lambda one: b"%b%b:%b" % one), max_size=3)
    return st.one_of(lists, pairs.map(lambda found: b"{%b}" % b", ".join(found)))


VALUES = st.recursive(LEAVES, spelled, max_leaves=6)
NAMES = st.sampled_from(["a", "b", "contents", "tools", "model", "metadata", "session_id", "sessionId", "\u00e9"])


@settings(deadline=None, suppress_health_check=list(HealthCheck), max_examples=examples(300))
@given(st.lists(st.tuples(SPACE, NAMES, SPACE, VALUES, SPACE), max_size=5), SPACE)
def test_every_member_that_is_kept_is_there_byte_for_byte(found: list[tuple[Any, ...]], end: bytes) -> None:
    members = [(name, json.dumps(name).encode() + space + b":" + value) for _, name, space, value, _ in found]
    body = b",".join(before + text + after for (before, *_, after), (_, text) in zip(found, members, strict=True))
    out = wrapped(b"{%b}%b" % (body, end))
    at = len(HEAD)
    for name, text in members:
        if name not in FOREIGN:
            assert text in out[at:]
            at = out.index(text, at) + len(text)
    left = json.loads(out.replace(b"1" * 5000, b"1"))
    assert list(left["request"]) == [*dict.fromkeys(name for name, _ in members if name not in FOREIGN), "session_id"]
    assert left["request"]["session_id"] == "s-1"
    if b"1E400" not in body and b"1" * 5000 not in body:
        draft = Draft(WireFormat.GEMINI, b"{%b}" % body)
        put_call(draft, draft.document(), "m", IDS)
        assert read(out)[0] == draft.document(), "the document is what the bytes say"


COUNTS = {
    b'{"contents" : [1E5] , "tools":[]}': b"[1E5]",
    b'{"contents":[1],"generateContentRequest": { "contents":[1E400 ]}}': b"[1E400 ]",
    b'{"generate_content_request":{"tools":[]},"contents":[1]}': b"[]",
    b'{"generateContentRequest":null,"contents":[1.0]}': b"[1.0]",
    b'{"generateContentRequest":0,"contents":[1.0]}': b"[1.0]",
}


@pytest.mark.parametrize("body", COUNTS)
def test_turns_to_be_counted(body: bytes) -> None:
    draft = Draft(WireFormat.GEMINI, body)
    put_count(draft, object_of(draft, rewritten=False), "m")
    assert draft.written_out() == b'{"request":{"model":"models/m","contents":%b}}' % COUNTS[body]


def test_a_changed_envelope_gets_its_model_too() -> None:
    for counts, wanted in ((False, {"model": "m", "request": {}}), (True, {"request": {"model": "models/m"}})):
        draft = Draft(WireFormat.GEMINI, b'{"request": {}}')
        draft.touch()
        put_model(draft, object_of(draft, rewritten=False), "m", counts=counts)
        assert json.loads(draft.written_out()) == wanted


@pytest.mark.parametrize(
    "body", [b'{"a":01E400}', b'{"a":1E400.5}', b'{"a":[1E400}', b'{"a":1E400,1E400:1}', b'["1E400']
)
def test_a_number_that_is_too_large_makes_no_json_of_what_is_none(body: bytes) -> None:
    with pytest.raises(Refusal):
        object_of(Draft(WireFormat.GEMINI, body), rewritten=False)
