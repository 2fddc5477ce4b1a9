"""Hooks that answer in place of a provider: in the client's dialect, as a stream if it asked for one."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccproxy.exchange import Exchange, HttpRequest, WireFormat
from ccproxy.gateway.inquiry import Inquiry
from ccproxy.gateway.local_answer import local_reply
from ccproxy.pipeline.subject import LocalAnswer
from tests.sdk.speakers import all_speakers
from tests.sdk.speakers.question import Question, Speaker
from tests.support.configs import providers
from tests.support.crossing import CLIENTS, PAIRS, ask_across, read, read_stream
from tests.support.daemon import Daemon, Home
from tests.support.dialects import ANTHROPIC, GEMINI, OPENAI, Dialect
from tests.support.hooks import outcome, put_hooks
from tests.support.http import Header, Response, request_bytes
from tests.support.judges import body_faults, stream_faults
from tests.support.sse import events
from tests.support.upstream import Upstream

HOOKS = """
    import json

    from ccproxy import hook


    def told(ctx, stage):
        what = json.loads(ctx.exchange.tags.get("do", "{}"))
        if "hex" in what:
            what["body"] = bytes.fromhex(what.pop("hex"))
        return what if what.pop("stage", None) == stage else {}


    @hook(stage="inbound", reads=["headers.x-do"], writes=["headers.x-do", "exchange.tags"])
    def listens(ctx, params):
        if "x-do" in ctx.headers:
            ctx.exchange.tag("do", ctx.headers.get("x-do"))
            ctx.headers.delete("x-do")


    @hook(stage="inbound", reads=["messages"], writes=["exchange.tags"])
    def understands(ctx, params):
        \"""What is to be done is said by a client that sends no fields of ours.\"""
        said = ctx.messages[-1].parts[-1].content
        said = said if isinstance(said, str) else said[-1]
        if said.startswith("{"):
            ctx.exchange.tag("do", said)


    @hook(stage="inbound", reads=["exchange.tags"])
    async def answers_early(ctx, params):
        if what := told(ctx, "inbound"):
            ctx.respond(**what)


    @hook(stage="outbound", reads=["exchange.tags"])
    def answers_late(ctx, params):
        if what := told(ctx, "outbound"):
            ctx.respond(**what)


    @hook(stage="outbound", reads=["**"])
    def comes_after(ctx, params):
        ctx.body.get("**")
"""
NAMES = list(CLIENTS)
ALL = [*((name, name) for name in NAMES), *PAIRS]
STAGES = {"inbound": "answers_early", "outbound": "answers_late"}
WORDS = "No, \u201cübermorgen\u201d \U0001f642\n\n\ttwo  lines"
stages = pytest.mark.parametrize("stage", STAGES)
clients = pytest.mark.parametrize("client", NAMES)


@pytest.fixture(scope="module")
def hooked(shared_upstream: Upstream, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    """A daemon with hooks that answer as they are told."""
    home = Home()
    put_hooks(home, answering=HOOKS)
    config = {
        "providers": providers(shared_upstream.url, tmp_path_factory.mktemp("tokens")),
        "lightllm": {"transforms": [{"match_path": "^/raw/", "dest_provider": "openai"}]},
    }
    try:
        with Daemon(config, home=home) as running:
            yield running
    finally:
        home.remove()


@pytest.fixture(scope="module")
def speakers(hooked: Daemon) -> Iterator[dict[str, Speaker]]:
    """A client of each SDK."""
    with all_speakers(hooked.url) as made:
        yield made


def respond(stage: str, status: int, text: str | None = None, **more: Any) -> Header:
    """How a hook is to answer."""
    return b"x-do", json.dumps({"stage": stage, "status": status, "text": text} | more).encode()


def check_record(daemon: Daemon, upstream: Upstream, agent: str, stage: str, status: int) -> dict[str, Any]:
    """The record of an exchange that a hook has answered."""
    flow = daemon.flow(agent)
    by = STAGES[stage]
    assert (flow["status"], flow["action"], flow["provider"]) == (status, "local", None)
    assert flow["reason"] == f"answered by the hook {by}"
    assert outcome(flow, by) == ("ran", "")
    after = {each["name"]: each["reason"] for each in flow["hooks"] if each["stage"] == "outbound"}
    assert after.get("comes_after") == (f"answered by {by}" if stage == "outbound" else None)
    assert flow["error"] is None
    assert not upstream.requests
    return flow


# -- as the SDKs see it


@stages
@pytest.mark.parametrize("way", ["buffered", "streamed"])
@pytest.mark.parametrize(("client", "provider"), ALL)
def test_the_sdks_read_a_normal_answer(
    hooked: Daemon, upstream: Upstream, speakers: dict[str, Speaker], client: str, provider: str, way: str, stage: str
) -> None:
    speaker, heard = speakers[client], [""]
    asked = speaker.request(Question(told(stage, 200, WORDS)))
    said = speaker.ask(provider, asked) if way == "buffered" else speaker.stream(provider, asked, heard)
    assert said.text == WORDS
    assert way == "buffered" or "".join(heard) == WORDS
    assert said.stop in {"end_turn", "stop", "completed", "STOP"}
    assert (said.calls, said.thoughts, said.refusal) == ([], "", "")
    assert said.used == (0, 0, 0, said.used and said.used.reasoning)
    assert not upstream.requests


@stages
@pytest.mark.parametrize("status", [400, 401, 403, 404, 429, 500, 503, 529])
@pytest.mark.parametrize("way", ["buffered", "streamed"])
@clients
def test_the_sdks_raise_an_error(
    upstream: Upstream, speakers: dict[str, Speaker], client: str, way: str, status: int, stage: str
) -> None:
    speaker, provider = speakers[client], NAMES[NAMES.index(client) - (status % 2)]
    asked = speaker.request(Question(told(stage, status, "ask übermorgen")))
    with pytest.raises(speaker.errors[status]) as raised:
        speaker.ask(provider, asked) if way == "buffered" else speaker.stream(provider, asked, [])
    message, kind, _ = speaker.told(raised.value)
    assert message == "ask übermorgen"
    assert kind
    assert not upstream.requests


def told(stage: str, status: int, text: str) -> str:
    """What a hook is to do, as a question."""
    return json.dumps({"stage": stage, "status": status, "text": text})


# -- byte for byte


@stages
@pytest.mark.parametrize("text", [WORDS, "", None], ids=["words", "empty", "none"])
@pytest.mark.parametrize("streamed", [False, True], ids=["buffered", "streamed"])
@pytest.mark.parametrize(("client", "provider"), ALL)
def test_an_answer_is_recorded_as_the_hooks(
    hooked: Daemon, upstream: Upstream, client: str, provider: str, streamed: bool, text: str | None, stage: str,
    agent: str,
) -> None:  # fmt: skip
    headers = [respond(stage, 200, text, headers={"x-by": "a hook"}), (b"user-agent", agent.encode())]
    answer = ask_across(hooked, client, provider, stream=streamed, headers=headers)
    reading = read(client, answer)
    assert reading.text == (text or "")
    assert reading.usage in ((0, 0), None if client == "openai" and streamed else (0, 0))
    kind = b"text/event-stream; charset=utf-8" if streamed else b"application/json"
    assert (answer.fields("content-type"), answer.field("x-by")) == ([kind], b"a hook")
    assert b"m-1" in answer.body
    flow = check_record(hooked, upstream, agent, stage, 200)
    assert flow["model"] == "m-1"
    bodies = hooked.control("GET", f"/flows/{flow['id']}")["bodies"]
    assert bodies["client_response"]["text"].encode() == answer.body
    assert bodies["forwarded_request"] is None


@stages
@pytest.mark.parametrize("streamed", [False, True], ids=["buffered", "streamed"])
@clients
def test_an_error_is_recorded_as_the_hooks(
    hooked: Daemon, upstream: Upstream, client: str, streamed: bool, stage: str, agent: str
) -> None:
    dialect = CLIENTS[client]
    for status, text in ((418, None), (429, "later"), (599, "")):
        headers = [respond(stage, status, text, headers={"Retry-After": "7"}), (b"user-agent", agent.encode())]
        answer = ask_across(hooked, client, client, stream=streamed, headers=headers)
        assert dialect.error(answer, status) == (text or f"refused by the hook {STAGES[stage]}")
        assert answer.field("retry-after") == b"7"
    check_record(hooked, upstream, agent, stage, 418)


@stages
@pytest.mark.parametrize("text", [WORDS, ""], ids=["words", "empty"])
def test_a_stream_of_geminis_in_one_array(hooked: Daemon, upstream: Upstream, stage: str, text: str) -> None:
    target = GEMINI.target(stream=True).partition("?")[0]
    answer = hooked.ask("POST", target, [GEMINI.key(), respond(stage, 200, text)], GEMINI.body())
    assert answer.field("content-type") == b"application/json"
    assert stream_faults_of_array(answer.body) == []
    parts = [part for chunk in answer.json() for part in chunk["candidates"][0].get("content", {}).get("parts", [])]
    assert "".join(part["text"] for part in parts) == text
    assert answer.json()[-1]["candidates"][0]["finishReason"] == "STOP"


def stream_faults_of_array(body: bytes) -> list[str]:
    """What is wrong with the elements, as events."""
    found = b"".join(b"data: %b\n\n" % json.dumps(one).encode() for one in json.loads(body))
    return stream_faults(WireFormat.GEMINI, found)


@stages
@pytest.mark.parametrize("call", ["generateContent", "streamGenerateContent?alt=sse", "streamGenerateContent"])
def test_code_assist_gets_its_envelope(hooked: Daemon, upstream: Upstream, call: str, stage: str) -> None:
    body = json.dumps({"model": "m-1", "project": "p", "request": GEMINI.request}).encode()
    answer = hooked.ask("POST", f"/v1internal:{call}", [GEMINI.key(), respond(stage, 200, WORDS)], body)
    assert answer.status == 200
    found = [event.json() for event in events(answer.body)] if "alt" in call else answer.json()
    inner = [one["response"] for one in (found if isinstance(found, list) else [found])]
    parts = [part for chunk in inner for part in chunk["candidates"][0].get("content", {}).get("parts", [])]
    assert "".join(part["text"] for part in parts) == WORDS


BODIES: dict[str, tuple[dict[str, Any], bytes, bytes]] = {
    "text": ({"body": "h\u00e9\n"}, b"text/plain; charset=utf-8", "h\u00e9\n".encode()),
    "no text": ({"body": ""}, b"text/plain; charset=utf-8", b""),
    "bytes": ({"hex": "00ff0d0a"}, b"text/plain; charset=utf-8", b"\x00\xff\r\n"),
    "object": ({"body": {"a": ["\u00e9", 1.0]}}, b"application/json", '{"a":["\u00e9",1.0]}'.encode()),
    "list": ({"body": []}, b"application/json", b"[]"),
    "of a kind": ({"body": "<a/>", "headers": {"Content-TYPE": "text/xml"}}, b"text/xml", b"<a/>"),
    "object of a kind": ({"body": {}, "headers": {"content-type": "application/problem+json"}},
                         b"application/problem+json", b"{}"),
    "events": ({"body": "data: 1\n\n", "headers": {"content-type": "text/event-stream"}}, b"text/event-stream",
               b"data: 1\n\n"),
}  # fmt: skip


@stages
@pytest.mark.parametrize("status", [200, 201, 302, 404, 500])
@pytest.mark.parametrize("case", BODIES)
def test_a_body_of_a_hooks_own(
    hooked: Daemon, upstream: Upstream, case: str, status: int, stage: str, agent: str
) -> None:
    what, kind, body = BODIES[case]
    headers = {
        "X-Own": "1",
        "content-length": "3",
        "Transfer-Encoding": "chunked",
        "Connection": "x-gone",
        "x-gone": "1",
    }
    what = what | {"headers": headers | what.get("headers", {})}
    fields = [ANTHROPIC.key(), respond(stage, status, **what), (b"user-agent", agent.encode())]
    with hooked.client() as connection:
        for _ in range(2):  # the next request on the same connection is understood
            connection.send(request_bytes("POST", ANTHROPIC.target(), fields, ANTHROPIC.body(stream=True)))
            answer = connection.response("POST")
            assert (answer.status, answer.body, answer.fields("content-type")) == (status, body, [kind])
            assert answer.fields("content-length") == [b"%d" % len(body)]
            assert answer.field("x-own") == b"1"
            assert [answer.field(name) for name in ("transfer-encoding", "connection", "x-gone")] == [None] * 3
    check_record(hooked, upstream, agent, stage, status)


@stages
@pytest.mark.parametrize(("method", "status"), [("POST", 204), ("POST", 304), ("HEAD", 200), ("HEAD", 404)])
@pytest.mark.parametrize("what", [{"text": "t"}, {"body": "b"}, {"body": {}}, {}], ids=str)
def test_answers_that_have_no_body(
    hooked: Daemon, upstream: Upstream, method: str, status: int, what: dict[str, Any], stage: str
) -> None:
    body = OPENAI.body() if method == "POST" else None
    with hooked.client() as connection:
        for _ in range(2):
            fields = [OPENAI.key(), respond(stage, status, **what)]
            connection.send(request_bytes(method, OPENAI.target(), fields, body))
            answer = connection.response(method)
            assert answer.status == status
            assert method == "HEAD" or answer.body == b""
    assert not upstream.requests


# -- where no model would answer

COUNTING = {
    "anthropic": "/v1/messages/count_tokens",
    "openai_responses": "/v1/responses/input_tokens",
    "gemini": "/v1beta/models/m-1:countTokens",
}


@stages
@pytest.mark.parametrize("provider", ["anthropic", "gemini"])
@pytest.mark.parametrize("client", COUNTING)
def test_a_count_of_tokens(hooked: Daemon, upstream: Upstream, client: str, provider: str, stage: str) -> None:
    def ask(*arguments: Any, **more: Any) -> Response:
        fields = [CLIENTS[client].key(provider), respond(stage, *arguments, **more)]
        return hooked.ask("POST", COUNTING[client], fields, CLIENTS[client].body())

    assert ask(200, body={"input_tokens": 3}).json() == {"input_tokens": 3}
    assert CLIENTS[client].error(ask(429, "enough"), 429) == "enough"
    plain = ask(200, WORDS)
    assert (plain.body.decode(), plain.field("content-type")) == (WORDS, b"text/plain; charset=utf-8")
    assert not upstream.requests


BESIDE = [
    ("GET", "/raw/files", OPENAI),
    ("PUT", "/raw/x", OPENAI),
    ("GET", "/v1/messages/batches", ANTHROPIC),
    ("POST", "/v1beta/models/m:embedContent", GEMINI),
    ("POST", "/v1/files", ANTHROPIC),
]


@stages
@pytest.mark.parametrize(("method", "target", "dialect"), BESIDE)
def test_other_calls(
    hooked: Daemon, upstream: Upstream, method: str, target: str, dialect: Dialect, stage: str, agent: str
) -> None:
    known = [dialect.key(), (b"anthropic-version", b"1"), (b"user-agent", agent.encode())][
        :: 2 if dialect is OPENAI else 1
    ]
    body = None if method == "GET" else b"\x00 no JSON"
    plain = hooked.ask(method, target, [*known, respond(stage, 200, WORDS)], body)
    assert (plain.status, plain.body.decode()) == (200, WORDS)
    assert plain.fields("content-type") == [b"text/plain; charset=utf-8"]
    assert dialect.error(hooked.ask(method, target, [*known, respond(stage, 403, "no")], body), 403) == "no"
    check_record(hooked, upstream, agent, stage, 200)


@pytest.mark.parametrize("body", [None, b"", b"{", b"[]", b"null", b'{"model": "m-1"', b"\xff"], ids=str)
@pytest.mark.parametrize("method", ["POST", "GET"])
@clients
def test_a_request_that_cannot_be_read(
    hooked: Daemon, upstream: Upstream, client: str, method: str, body: bytes
) -> None:
    """A hook may answer it all the same."""
    dialect = CLIENTS[client]
    answer = hooked.ask(method, dialect.target(), [dialect.key(), respond("inbound", 200, WORDS)], body)
    assert read(client, answer).text == WORDS
    assert dialect.error(hooked.ask(method, dialect.target(), [respond("inbound", 503, "down")], body), 503) == "down"
    assert not upstream.requests


@stages
def test_a_websocket_is_answered_in_http(hooked: Daemon, upstream: Upstream, stage: str) -> None:
    handshake = [(b"Connection", b"Upgrade"), (b"Upgrade", b"websocket"), (b"Sec-WebSocket-Version", b"13"),
                 (b"Sec-WebSocket-Key", b"dGhlIHNhbXBsZSBub25jZQ==")]  # fmt: skip
    fields = [*handshake, OPENAI.key("openai_responses"), respond(stage, 403, "not today")]
    assert OPENAI.error(hooked.ask("GET", "/v1/responses", fields), 403) == "not today"
    assert not upstream.requests


# -- what is no answer

WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "too low": ({"status": 199}, "199 is not the status of an answer"),
    "too high": ({"status": 600}, "600 is not the status of an answer"),
    "switching": ({"status": 101}, "101 is not the status of an answer"),
    "both": ({"status": 200, "text": "a", "body": "b"}, "give a text or a body, not both"),
    "half a pair": ({"status": 200, "text": "a\ud800"}, "surrogates not allowed"),
    "half a pair in a body": ({"status": 200, "body": "a\ud800"}, "surrogates not allowed"),
    "half a pair in JSON": ({"status": 200, "body": {"a": "\ud800"}}, "surrogates not allowed"),
    "two lines": (
        {"status": 200, "text": "a", "headers": {"x-a": "b\r\nc: d"}},
        "cannot be the value of a header field",
    ),
    "no name": ({"status": 200, "text": "a", "headers": {"x a": "b"}}, "is not the name of a header field"),
    "no status": ({"status": "200"}, "not supported between"),
    "no text": ({"status": 200, "text": 7}, "'int' object has no attribute"),
}


@stages
@pytest.mark.parametrize("case", WRONG)
def test_what_is_no_answer_fails_the_hook(
    hooked: Daemon, upstream: Upstream, case: str, stage: str, agent: str
) -> None:
    what, reason = WRONG[case]
    fields = [OPENAI.key(), respond(stage, **what), (b"user-agent", agent.encode())]
    assert hooked.ask("POST", OPENAI.target(), fields, OPENAI.body()).body == b"{}"
    (seen,) = upstream.requests
    assert seen.body == OPENAI.body()
    how, why = outcome(hooked.flow(agent), STAGES[stage])
    assert how == "failed"
    assert reason in why


# -- any words


def reply_to(target: str, document: dict[str, Any], text: str) -> bytes:
    """What the client of a request is told."""
    inquiry = Inquiry(Exchange(HttpRequest("POST", target.encode(), [], json.dumps(document).encode())))
    reply = local_reply(LocalAnswer(200, text, None, [], "hook"), inquiry)
    assert isinstance(reply.body, bytes)
    return reply.body


TEXTS = st.text(st.characters(exclude_categories=["Cs"])) | st.text(
    st.sampled_from('\x00\x7f\u2028\ufeff\r\n"\\ a\U0001f642')
)


@given(TEXTS, st.sampled_from(NAMES))
def test_any_words_pass(text: str, client: str) -> None:
    dialect, format = CLIENTS[client], WireFormat(client)
    whole = reply_to(dialect.target(), {"model": "m-1"}, text)
    assert body_faults(format, whole) == []
    assert read(client, Response(200, b"", [], [(0.0, whole)])).text == text
    stream = reply_to(dialect.target(stream=True), {"model": "m-1", "stream": True}, text)
    assert stream_faults(format, stream) == []
    assert read_stream(client, stream).text == text


@given(TEXTS)
def test_any_words_pass_in_an_array(text: str) -> None:
    array = reply_to(GEMINI.target(stream=True).partition("?")[0], {}, text)
    assert stream_faults_of_array(array) == []
    parts = [part for chunk in json.loads(array) for part in chunk["candidates"][0].get("content", {}).get("parts", [])]
    assert "".join(part["text"] for part in parts) == text
