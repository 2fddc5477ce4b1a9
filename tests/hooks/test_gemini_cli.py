"""`gemini_cli`: what leaves for Code Assist, whoever asked."""

from __future__ import annotations

import json
import uuid
from typing import Any

import pytest

from ccproxy.exchange import HttpRequest
from tests.hooks.code_assist import MODEL, asked, config, document, fields, outcome, sent
from tests.support.dialects import ANTHROPIC, DIALECTS, GEMINI, OPENAI, RESPONSES, SENTINEL, Dialect

SETTINGS = config()
HI = [{"role": "user", "parts": [{"text": "hi"}]}]
TURN = {"contents": HI}


@pytest.mark.parametrize("stream", [False, True], ids=["buffered", "streamed"])
@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda dialect: dialect.name)
def test_a_call_of_every_format(dialect: Dialect, stream: bool) -> None:
    target, body = dialect.target(MODEL, stream=stream), dialect.body(MODEL, stream=stream)
    (exchange,) = sent(SETTINGS, asked(dialect, target, body))
    left, request = document(exchange), exchange.forwarded
    assert outcome(exchange) == "ran"
    assert list(left) == ["model", "project", "user_prompt_id", "request"]
    assert (left["model"], left["project"]) == (MODEL, "project-1")
    assert str(uuid.UUID(left["user_prompt_id"])) == left["user_prompt_id"]
    assert str(uuid.UUID(left["request"]["session_id"])) == left["request"]["session_id"]
    assert [part["text"] for turn in left["request"]["contents"] for part in turn["parts"]] == ["hé"]
    assert request is not None
    wanted = b"/v1internal:streamGenerateContent?alt=sse" if stream else b"/v1internal:generateContent"
    assert (request.method, request.target) == ("POST", wanted)
    assert not any(SENTINEL.encode() in value for _, value in request.headers)
    assert "x-goog-api-key" not in fields(exchange)
    assert fields(exchange)["content-length"] == str(len(request.body))


CAMEL = {
    "contents": [{"role": "model", "parts": [{"text": "a", "thought": True, "thoughtSignature": "c2ln"}]}, *HI],
    "systemInstruction": {"parts": [{"text": "s"}]},
    "generationConfig": {"temperature": 0.5, "thinkingConfig": {"includeThoughts": True}},
    "tools": [{"functionDeclarations": [{"name": "look"}]}, {"codeExecution": {}}, {"googleSearch": {}}],
    "toolConfig": {"functionCallingConfig": {"mode": "ANY"}},
    "safetySettings": [{"category": "c", "threshold": "t"}],
    "cachedContent": "cachedContents/1",
    "labels": {"a": "b"},
    "somethingNew": [1, {"x": None}],
}
SNAKE = {
    "contents": HI,
    "system_instruction": {"parts": [{"text": "s"}]},
    "generation_config": {"max_output_tokens": 7, "response_mime_type": "application/json"},
    "tool_config": {"function_calling_config": {"mode": "NONE"}},
    "safety_settings": [],
    "cached_content": "c",
}


@pytest.mark.parametrize("path", ["/v1beta/models/", "/v1/models/", "/v1alpha/models/", "/gemini/v1beta/models/"])
@pytest.mark.parametrize("body", [CAMEL, SNAKE], ids=["camel", "snake"])
def test_members_of_a_geminis_client_stay_as_they_are(path: str, body: dict[str, Any]) -> None:
    (exchange,) = sent(SETTINGS, asked(GEMINI, f"{path}{MODEL}:generateContent", body))
    call = document(exchange)["request"]
    assert call.pop("session_id")
    assert json.dumps(call) == json.dumps(body)
    assert exchange.dropped == {}


def test_what_has_no_place_in_the_envelope_is_told() -> None:
    body = {"metadata": {"user": "u"}, "model": "models/x", **TURN}
    (exchange,) = sent(SETTINGS, asked(GEMINI, body=body))
    assert set(document(exchange)["request"]) == {"contents", "session_id"}
    assert exchange.dropped == {"field.metadata": 1}


WRAPPED = b'{ "model":"m",\n"project" : "own", "user_prompt_id":"p","request": {"contents": [], "session_id":"mine"} }'
SESSIONS: dict[str, tuple[dict[str, Any], str | None, dict[str, int]]] = {
    "as the envelope has it": ({"session_id": "mine"}, "mine", {}),
    "in camel case": ({"sessionId": "mine"}, "mine", {}),
    "twice the same": ({"sessionId": "mine", "session_id": "mine"}, "mine", {}),
    "two of them": ({"sessionId": "other", "session_id": "mine"}, "mine", {"field.sessionId": 1}),
    "no text": ({"session_id": 7}, None, {"field.session_id": 1}),
    "one of them no text": ({"session_id": {}, "sessionId": "mine"}, "mine", {"field.session_id": 1}),
    "nothing": ({"session_id": None}, None, {}),
}


@pytest.mark.parametrize("case", SESSIONS)
def test_a_session_that_the_call_names_itself_is_the_session(case: str) -> None:
    told, session, dropped = SESSIONS[case]
    plain, own = sent(SETTINGS, asked(GEMINI, body=TURN), asked(GEMINI, body={**told, **TURN}))
    computed = document(plain)["request"]["session_id"]
    assert document(own)["request"] == {**TURN, "session_id": session or computed}
    assert own.dropped == dropped


UNTOUCHED = {
    "stream": ("/v1internal:streamGenerateContent?alt=sse", WRAPPED),
    "no stream": ("/v1internal:generateContent", WRAPPED),
    "a stream of another form": ("/v1internal:streamGenerateContent?alt=json", WRAPPED),
    "count": ("/v1internal:countTokens", b'{"request" :{"model":"models/m","contents":[]}}'),
    "on a path with a model": (f"/v1beta/models/{MODEL}:generateContent", WRAPPED),
    "of another method": ("/v1internal:loadCodeAssist", b'{"contents" : 1}'),
    "no JSON, of another method": ("/v1internal:onboardUser", b"x"),
}


@pytest.mark.parametrize("case", UNTOUCHED)
def test_what_has_its_envelope_stays_byte_for_byte(case: str) -> None:
    target, body = UNTOUCHED[case]
    (exchange,) = sent(SETTINGS, asked(GEMINI, target, body, headers={"User-Agent": "own/1"}))
    assert exchange.forwarded is not None
    assert (exchange.forwarded.body, fields(exchange)["user-agent"]) == (body, "own/1")
    if "v1internal" in target:
        assert exchange.forwarded.target == target.encode()


UNNAMED = {
    "a call": ("generateContent", b'{ "request" : {"contents": [1E5]}\n}', b'{"model":"gemini-2.5-flash", '),
    "an empty name": ("generateContent", b'{"model":"", "request":{}}', b'{"model":"gemini-2.5-flash","request":{}}'),
    "a count": (
        "countTokens",
        b' {"a":1,"request" : { "contents":[] } }',
        b' {"a":1,"request" : {"model":"models/gemini-2.5-flash", "contents":[] } }',
    ),
}


@pytest.mark.parametrize("case", UNNAMED)
def test_an_envelope_without_a_model_gets_that_of_the_path_and_nothing_else(case: str) -> None:
    action, body, wanted = UNNAMED[case]
    (exchange,) = sent(SETTINGS, asked(GEMINI, f"/v1beta/models/{MODEL}:{action}", body))
    assert exchange.forwarded is not None
    assert exchange.forwarded.body == (wanted + body[2:] if wanted.endswith(b" ") else wanted)
    assert exchange.dropped == {}


MODELS = {
    "in the path": (f"/v1beta/models/{MODEL}:generateContent", {}, MODEL),
    "percent-encoded": ("/v1beta/models/gemini%2D2.5%40x:generateContent", {}, "gemini-2.5@x"),
    "path before body": (f"/v1beta/models/{MODEL}:generateContent", {"model": "models/other"}, MODEL),
    "in the body": ("/v1internal:generateContent", {"model": "models/m%2D1"}, "m%2D1"),
}


@pytest.mark.parametrize("case", MODELS)
def test_the_model(case: str) -> None:
    target, more, model = MODELS[case]
    (exchange,) = sent(SETTINGS, asked(GEMINI, target, TURN | more))
    assert document(exchange)["model"] == model
    assert "model" not in document(exchange)["request"]


@pytest.mark.parametrize("dialect", [GEMINI, OPENAI], ids=["same format", "translated"])
def test_a_rules_model_comes_before_the_clients(dialect: Dialect) -> None:
    rule = {"action": "transform", "match_path": ".", "dest_provider": "ca", "dest_model": "models/gemini-3"}
    (exchange,) = sent(config(lightllm={"transforms": [rule]}), asked(dialect))
    assert document(exchange)["model"] == "gemini-3"


REFUSED = {
    "no model": ("/v1internal:generateContent", b'{"contents": []}', "names no model"),
    "an empty model": ("/v1internal:generateContent", b'{"model": "models/", "contents": []}', "names no model"),
    "no JSON": (f"/v1beta/models/{MODEL}:generateContent", b"hi", "not valid JSON"),
    "nothing": (f"/v1beta/models/{MODEL}:countTokens", b"", "not valid JSON"),
    "not a number": (f"/v1beta/models/{MODEL}:generateContent", b'{"contents": [NaN, 1E400]}', "not valid JSON"),
    "no number": (f"/v1beta/models/{MODEL}:generateContent", b'{"contents": [1E400, 1E400.0]}', "not valid JSON"),
    "a list": (f"/v1beta/models/{MODEL}:generateContent", b"[{}]", "not a JSON object"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_wrapped_is_refused(case: str) -> None:
    target, body, message = REFUSED[case]
    (exchange,) = sent(SETTINGS, asked(GEMINI, target, body))
    assert exchange.forwarded is None
    assert exchange.response is not None
    error = json.loads(exchange.response.body)["error"]
    assert (exchange.response.status, error["code"]) == (400, 400)
    assert message in error["message"]


QUERIES = {
    "streamGenerateContent": "alt=sse",
    "streamGenerateContent?alt=sse": "alt=sse",
    "streamGenerateContent?alt=json&a=b": "a=b&alt=sse",
    "streamGenerateContent?%24alt=json;enum-encoding=int&a=b&$alt=proto": "a=b&alt=sse",
    "streamGenerateContent?a=b&alt=sse&alt=media&prettyPrint=false": "a=b&prettyPrint=false&alt=sse",
    "generateContent?alt=sse": "",
    "generateContent?$alt=SSE&a=b&&": "a=b",
    "generateContent?alt=json&a=b": "alt=json&a=b",
    "countTokens?alt=sse": "",
}


@pytest.mark.parametrize("asks", QUERIES)
def test_in_which_form_the_answer_is_asked_for(asks: str) -> None:
    (exchange,) = sent(SETTINGS, asked(GEMINI, f"/v1beta/models/{MODEL}:{asks}", TURN))
    assert exchange.forwarded is not None
    query = QUERIES[asks]
    assert exchange.forwarded.target.decode() == f"/v1internal:{asks.partition('?')[0]}{'?' if query else ''}{query}"


# -- counting

COUNTS: dict[str, tuple[Dialect, str, dict[str, Any], dict[str, int]]] = {
    "turns": (GEMINI, f"/v1beta/models/{MODEL}:countTokens", TURN, {}),
    "a whole call": (
        GEMINI,
        f"/v1beta/models/{MODEL}:countTokens",
        {"generateContentRequest": {"model": f"models/{MODEL}", **TURN, "systemInstruction": {}, "tools": [{"a": 1}]}},
        {"field.tools": 1},
    ),
    "in snake case": (GEMINI, f"/v1/models/{MODEL}:countTokens", {"generate_content_request": TURN}, {}),
    "of Anthropic": (
        ANTHROPIC,
        "/v1/messages/count_tokens",
        {"model": MODEL, "system": "s", "messages": [{"role": "user", "content": "hi"}]},
        {"field.systemInstruction": 1},
    ),
    "of Responses": (RESPONSES, "/v1/responses/input_tokens", {"model": MODEL, "input": "hi"}, {}),
}


@pytest.mark.parametrize("case", COUNTS)
def test_a_count(case: str) -> None:
    dialect, target, body, dropped = COUNTS[case]
    (exchange,) = sent(SETTINGS, asked(dialect, target, body))
    assert document(exchange) == {"request": {"model": f"models/{MODEL}", **TURN}}
    assert exchange.forwarded is not None
    assert exchange.forwarded.target == b"/v1internal:countTokens"
    assert exchange.dropped == dropped


# -- who is concerned

OTHERS = {
    "another provider": asked(GEMINI, provider="gemini"),
    "no POST": HttpRequest("GET", b"/v1beta/models/m:generateContent", [GEMINI.key("ca")]),
    "no call of a model": asked(GEMINI, "/v1internal:retrieveUserQuota", TURN),
}


@pytest.mark.parametrize("case", OTHERS)
def test_others_are_none_of_its_business(case: str) -> None:
    (exchange,) = sent(SETTINGS, OTHERS[case])
    assert outcome(exchange) == "guard"
    assert exchange.forwarded is not None
    assert exchange.forwarded.body == OTHERS[case].body


def test_it_can_be_switched_off() -> None:
    settings = config(hooks={"overrides_from": "anybody"})
    off = asked(GEMINI, body=TURN, headers={"x-ccproxy-hooks": "-gemini_cli"})
    on = asked(GEMINI, body=TURN, provider="gemini", headers={"x-ccproxy-hooks": "+gemini_cli"})
    first, second = sent(settings, off, on)
    assert (outcome(first), document(first)) == ("override", TURN)
    assert "only calls of models go to Code Assist" in outcome(second)
    assert document(second) == TURN
    (without,) = sent(config(hooks={"disabled": ["gemini_cli"]}), asked(GEMINI, body=TURN))
    assert document(without) == TURN


def test_without_such_a_provider_it_is_not_there_and_may_be_switched_off_nevertheless() -> None:
    settings = config(
        hooks={"overrides_from": "anybody"}, providers={"g": {"type": "gemini", "base_url": "simulator:"}}
    )
    (exchange,) = sent(settings, asked(GEMINI, body=TURN, provider="g", headers={"x-ccproxy-hooks": "-gemini_cli"}))
    assert document(exchange) == TURN
    assert "gemini_cli" not in [result.name for result in exchange.hooks]
