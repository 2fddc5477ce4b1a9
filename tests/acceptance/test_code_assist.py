"""A daemon with a Code Assist provider before a server that speaks its protocol: clients of each API, and its own.

The weaknesses of ai-ccproxy 2.0 that are named here: W-DATA-6, 7 and 10 (core), C11, C13 and C21 (wire).
"""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Iterable, Iterator
from typing import Any

import pytest
from google import genai
from google.genai import types

from tests.sdk.speakers import all_speakers
from tests.sdk.speakers.question import Question, Speaker
from tests.support.code_assist import PROVIDER, unwrapped
from tests.support.crossing import CLIENTS, document, read
from tests.support.daemon import Daemon
from tests.support.dialects import GEMINI, SENTINEL
from tests.support.http import Header, Response, request_bytes
from tests.support.replies import each, json_reply, reply, stream
from tests.support.simulated import simulated
from tests.support.sse import events
from tests.support.upstream import Recorded, Script, Step, Upstream

FORMATS = list(CLIENTS)
STREAMED = pytest.mark.parametrize("streamed", [False, True], ids=["buffered", "streamed"])
MODEL, SPARE = "gemini-x", "gemini-spare"
TOKEN = b"Bearer made-up-"
ARRAY = f"/v1beta/models/{MODEL}:streamGenerateContent"
PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="

RULE = {"match_model": "^ruled$", "action": "transform", "dest_provider": "gemini", "dest_model": "by-rule"}


class Backend(Upstream):
    """The simulator at an address, which keeps what it was sent. `scripted` answers calls of models in its place."""

    def __init__(self) -> None:
        super().__init__(self.answers)
        self.scripted: Script = simulated
        self.looks = 0
        """How often it was asked whose account it is, which happens when it happens."""

    def reset(self) -> None:
        """As it is by default, with nothing on record."""
        self.scripted = simulated
        self.forget()

    def answers(self, request: Recorded) -> Iterable[Step]:
        """The answer to a request."""
        if b"loadCodeAssist" not in request.target:
            return self.scripted(request)
        self.looks += 1
        return simulated(request)

    @property
    def calls(self) -> list[Recorded]:
        """All that was asked of it but that."""
        return [one for one in self.requests if b"loadCodeAssist" not in one.target]

    @property
    def call(self) -> Recorded:
        """The only one."""
        (call,) = self.calls
        return call


@pytest.fixture(scope="module")
def served() -> Iterator[Backend]:
    made = Backend()
    yield made
    made.stop()


@pytest.fixture(scope="module")
def daemon(served: Backend) -> Iterator[Daemon]:
    others = {name: {"type": name, "base_url": served.url} for name in ("openai", "anthropic")}
    config = {
        "providers": {
            "gemini": PROVIDER | {"base_url": served.url, "auth": "echo made-up-$(date +%N)"},
            "public": {"type": "gemini", "base_url": served.url},
            **others,
        },
        "lightllm": {"transforms": [RULE]},
        "gemini_capacity": {"fallback_models": [SPARE], "sticky_retry_attempts": 0},
    }
    with Daemon(config) as running:
        yield running


@pytest.fixture
def backend(served: Backend) -> Backend:
    served.reset()
    return served


@pytest.fixture(scope="module")
def speakers(daemon: Daemon) -> Iterator[dict[str, Speaker]]:
    with all_speakers(daemon.url) as made:
        yield made


def saying(client: str, text: str) -> dict[str, Any]:
    """The members of a request that say something."""
    if client == "gemini":
        return {"contents": [{"role": "user", "parts": [{"text": text}]}]}
    return {"input": text} if client == "openai_responses" else {"messages": [{"role": "user", "content": text}]}


def ask(
    daemon: Daemon, client: str, text: str, *headers: Header, streamed: bool = False, provider: str = "gemini"
) -> Response:
    """A client's question, by its model's name."""
    dialect = CLIENTS[client]
    members = saying(client, text) | ({} if client == "gemini" else {"model": MODEL})
    target = dialect.target(MODEL, stream=streamed)
    return daemon.ask("POST", target, [dialect.key(provider), *headers], document(dialect, members, stream=streamed))


def text_of(chunks: list[Any]) -> str:
    """What a Gemini answer says, in its chunks."""
    parts = [part for chunk in chunks for part in chunk["candidates"][0].get("content", {}).get("parts", [])]
    return "".join(part.get("text", "") for part in parts if not part.get("thought"))


def record_of(daemon: Daemon, agent: str) -> dict[str, Any]:
    """All that is kept of an exchange."""
    found: dict[str, Any] = daemon.control("GET", f"/flows/{daemon.flow(agent)['id']}")
    return found


# -- clients of each API


@STREAMED
@pytest.mark.parametrize("client", FORMATS)
def test_a_turn(daemon: Daemon, backend: Backend, client: str, streamed: bool, agent: str) -> None:
    answer = ask(daemon, client, "say Zürich", (b"User-Agent", agent.encode()), streamed=streamed)
    assert "Zürich" in read(client, answer).text
    assert answer.field("x-ccproxy-model") == MODEL.encode()
    call = backend.call
    assert call.target == (b"/v1internal:streamGenerateContent?alt=sse" if streamed else b"/v1internal:generateContent")
    assert (call.field("authorization") or b"").startswith(TOKEN)
    assert SENTINEL.encode() not in call.raw
    envelope = json.loads(call.body)
    assert envelope["model"] == MODEL
    assert unwrapped(envelope)["contents"] == saying("gemini", "say Zürich")["contents"]
    record = record_of(daemon, agent)
    assert (record["answered_model"], record["error"]) == (MODEL, None)
    assert record["action"] == ("redirect" if client == "gemini" else "transform")
    theirs, ours = (record["bodies"][name]["text"] for name in ("provider_response", "client_response"))
    assert '"response":' in theirs
    assert '"traceId":' in theirs
    assert "traceId" not in ours
    assert ours == answer.body.decode()


@pytest.mark.parametrize("version", ["v1", "v1beta", "v1alpha"])
def test_W_DATA_6_a_stream_of_the_gemini_sdk_has_no_envelope(daemon: Daemon, backend: Backend, version: str) -> None:
    options = types.HttpOptions(base_url=daemon.url, api_version=version, timeout=20_000)
    with genai.Client(api_key=SENTINEL + "gemini", http_options=options) as client:
        whole = client.models.generate_content(model=MODEL, contents="hello there")
        chunks = list(client.models.generate_content_stream(model=f"models/{MODEL}", contents="hello there"))
        assert client.models.count_tokens(model=MODEL, contents="hello there").total_tokens
    assert len(chunks) > 1
    assert "".join(chunk.text or "" for chunk in chunks) == whole.text
    assert "hello there" in (whole.text or "")
    asked = [json.loads(call.body) for call in backend.calls]
    assert [one.get("model") or one["request"]["model"] for one in asked] == [MODEL, MODEL, f"models/{MODEL}"]


@pytest.mark.parametrize("query", ["", "?alt=json", "?$alt=json;enum-encoding=int", "?key=AIza-other"])
def test_a_stream_that_is_one_array(daemon: Daemon, backend: Backend, query: str) -> None:
    body = document(GEMINI, saying("gemini", "SIM_THINK count SIM_WORDS 12 SIM_PACE 200"))
    answer = daemon.ask("POST", ARRAY + query, [GEMINI.key()], body)
    assert (answer.status, answer.field("content-type")) == (200, b"application/json; charset=UTF-8")
    assert answer.field("transfer-encoding") == b"chunked"
    elements = answer.json()
    assert len(elements) > 12
    assert len(answer.pieces) > 6  # they come as they are made
    assert len(text_of(elements).split()) >= 12
    assert any(part.get("thoughtSignature") for one in elements for part in one["candidates"][0]["content"]["parts"])
    assert backend.call.target.count(b"alt=") == 1
    assert b"alt=sse" in backend.call.target
    assert b"key=" not in backend.call.target


@STREAMED
@pytest.mark.parametrize("client", FORMATS)
def test_a_tool_turn_of_each_sdk(speakers: dict[str, Speaker], backend: Backend, client: str, streamed: bool) -> None:
    speaker = speakers[client]
    question = Question('SIM_THINK SIM_TOOL look_up {"city": "Zürich"}', MODEL, tools=True, think=True)
    request = speaker.request(question)
    said = speaker.stream("gemini", request, []) if streamed else speaker.ask("gemini", request)
    (call,) = said.calls
    assert (call.name, call.arguments) == ("look_up", {"city": "Zürich"})
    backend.reset()
    said = speaker.ask("gemini", speaker.go_on(request, said, [(call, "sunny all day")]))
    assert "sunny all day" in said.text
    parts = [part for turn in unwrapped(json.loads(backend.call.body))["contents"] for part in turn["parts"]]
    (called,) = [part for part in parts if "functionCall" in part]
    (result,) = [part["functionResponse"] for part in parts if "functionResponse" in part]
    assert called["functionCall"]["name"] == result["name"] == "look_up"
    if client == "gemini":
        assert called["thoughtSignature"]


@pytest.mark.parametrize("way", ["whole", "sse", "array"])
def test_pictures_go_in_and_out(daemon: Daemon, backend: Backend, way: str) -> None:
    target = {"whole": GEMINI.target(MODEL), "sse": GEMINI.target(MODEL, stream=True), "array": ARRAY}[way]
    picture = {"inline_data": {"mime_type": "image/png", "data": PIXEL}}  # as the Python SDK may spell it
    turn = {"contents": [{"role": "user", "parts": [picture, {"text": "SIM_IMAGE"}]}]}
    answer = daemon.ask("POST", target, [GEMINI.key()], json.dumps(turn).encode())
    assert json.loads(backend.call.body)["request"]["contents"] == turn["contents"]
    chunks = [event.json() for event in events(answer.body)] if way == "sse" else answer.json()
    chunks = chunks if isinstance(chunks, list) else [chunks]
    found = [part for one in chunks for part in one["candidates"][0]["content"]["parts"] if "inlineData" in part]
    assert base64.b64decode(found[0]["inlineData"]["data"]).startswith(b"\x89PNG")


@pytest.mark.parametrize("name", [MODEL, "gemini%2Dx", f"models%2F{MODEL}"])
def test_a_model_in_a_path_may_be_encoded(daemon: Daemon, backend: Backend, name: str) -> None:
    answer = daemon.ask("POST", GEMINI.target(name), [GEMINI.key()], document(GEMINI))
    assert (answer.status, answer.field("x-ccproxy-model")) == (200, MODEL.encode())
    assert json.loads(backend.call.body)["model"] == MODEL


RULED = {
    "anthropic": ("/v1/messages", CLIENTS["anthropic"].request | {"model": "ruled"}),
    "openai": ("/v1/chat/completions", CLIENTS["openai"].request | {"model": "ruled"}),
    "gemini": ("/v1beta/models/ruled:generateContent", GEMINI.request),
    "a count": ("/v1beta/models/ruled:countTokens", GEMINI.request),
    "its own": ("/v1internal:generateContent", {"model": "ruled", "request": GEMINI.request}),
    "its own count": ("/v1internal:countTokens", {"request": {"model": "models/ruled"} | GEMINI.request}),
}


@pytest.mark.parametrize("call", RULED)
def test_a_rules_model_is_the_one_that_is_asked(daemon: Daemon, backend: Backend, call: str) -> None:
    path, body = RULED[call]
    answer = daemon.ask("POST", path, [], json.dumps(body).encode())
    assert (answer.status, answer.field("x-ccproxy-model")) == (200, b"by-rule")
    sent = json.loads(backend.call.body)
    assert (sent.get("model") or sent["request"]["model"]).removeprefix("models/") == "by-rule"
    assert b"ruled" not in backend.call.raw


COUNTING = {
    "anthropic": ("/v1/messages/count_tokens", "input_tokens"),
    "openai_responses": ("/v1/responses/input_tokens", "input_tokens"),
    "gemini": (f"/v1beta/models/{MODEL}:countTokens", "totalTokens"),
}


@pytest.mark.parametrize("client", COUNTING)
def test_tokens_are_counted(daemon: Daemon, backend: Backend, client: str) -> None:
    target, member = COUNTING[client]
    named = {} if client == "gemini" else {"model": MODEL}
    system = {"anthropic": "system", "openai_responses": "instructions", "gemini": "systemInstruction"}[client]
    said = {"parts": [{"text": "Be brief."}]} if client == "gemini" else "Be brief."
    body = json.dumps(named | saying(client, "one two three") | {system: said}).encode()
    answer = daemon.ask("POST", target, [CLIENTS[client].key("gemini")], body)
    assert answer.status == 200, answer.body
    assert answer.json()[member] > 0
    assert b"systemInstruction=1" in (answer.field("x-ccproxy-dropped") or b"")
    call = backend.call
    assert call.target == b"/v1internal:countTokens"
    wanted = {"model": f"models/{MODEL}", "contents": saying("gemini", "one two three")["contents"]}
    assert json.loads(call.body) == {"request": wanted}


def test_C11_a_query_is_no_part_of_the_path(daemon: Daemon, backend: Backend) -> None:
    """What Claude Code asks with `?beta=true` is Claude's where it goes to Claude, and translated where it does not."""
    tools = [{"type": "web_search_20250305", "name": "web_search"}]
    body = document(CLIENTS["anthropic"], saying("anthropic", "hi") | {"model": MODEL, "tools": tools})
    same = daemon.ask("POST", "/v1/messages?beta=true", [CLIENTS["anthropic"].key()], body)
    assert same.status == 200
    assert (backend.calls[-1].target, backend.calls[-1].body) == (b"/v1/messages?beta=true", body)
    backend.reset()
    assert read("anthropic", daemon.ask("POST", "/v1/messages?beta=true", [CLIENTS["anthropic"].key("gemini")], body))
    assert backend.call.target == b"/v1internal:generateContent"
    assert unwrapped(json.loads(backend.call.body))["tools"] == [{"googleSearch": {}}]


# -- errors and ends


@STREAMED
@pytest.mark.parametrize("status", [400, 403, 404, 429, 500, 503])
@pytest.mark.parametrize("client", FORMATS)
def test_an_error_has_the_clients_dialect(
    daemon: Daemon, backend: Backend, client: str, status: int, streamed: bool
) -> None:
    answer = ask(daemon, client, f"SIM_ERROR {status}", streamed=streamed)
    assert CLIENTS[client].error(answer, status)
    assert answer.field("x-ccproxy-model") is None
    assert json.loads(backend.calls[0].body)["model"] == MODEL


def test_an_error_is_an_element_where_an_array_was_asked_for(daemon: Daemon, backend: Backend) -> None:
    body = document(GEMINI, saying("gemini", "SIM_ERROR 404"))
    answer = daemon.ask("POST", ARRAY, [GEMINI.key()], body)
    assert (answer.status, answer.json()[0]["error"]["status"]) == (404, "NOT_FOUND")


ENDS = {"SIM_CUT 2": "truncated", "SIM_RESET 2": "reset", "SIM_ERROR_MID 2": "stream_error"}


@pytest.mark.parametrize("order", ENDS)
@pytest.mark.parametrize("client", [*FORMATS, "array"])
def test_a_stream_that_is_not_whole_ends_in_an_error(
    daemon: Daemon, backend: Backend, client: str, order: str, agent: str
) -> None:
    own = (b"User-Agent", agent.encode())
    if client == "array":
        answer = daemon.ask("POST", ARRAY, [GEMINI.key(), own], document(GEMINI, saying("gemini", f"hello {order}")))
        assert GEMINI.check_error(answer.json()[-1], None)
    else:
        answer = ask(daemon, client, f"hello {order}", own, streamed=True)
        assert CLIENTS[client].stream_error(answer.body)
    assert (answer.status, answer.complete) == (200, True)
    record = record_of(daemon, agent)
    if client in {"gemini", "array"}:
        assert record["error"]["kind"] == ENDS[order]
    else:
        assert record["error"]
    assert '"traceId"' in record["bodies"]["provider_response"]["text"]


PAGE: Header = (b"Content-Type", b"text/html")
OTHERWISE = {
    "a page": (reply(200, [PAGE], b"<!DOCTYPE html><p>Please log in"), 502),
    "nothing": (reply(200, [], b""), 502),
    "no answer": (json_reply({"response": None}), 502),
    "a redirect": (reply(302, [PAGE, (b"Location", b"https://evil.example/")], b"moved"), 502),
    "an error": (json_reply({"error": {"code": 400, "message": "no", "status": "INVALID_ARGUMENT"}}), 400),
}


@pytest.mark.parametrize("name", OTHERWISE)
@pytest.mark.parametrize("way", ["whole", "sse", "array", "chat"])
def test_what_is_no_answer_is_an_error(daemon: Daemon, backend: Backend, way: str, name: str, agent: str) -> None:
    backend.scripted, status = OTHERWISE[name]
    own = (b"User-Agent", agent.encode())
    if way == "array":
        answer = daemon.ask("POST", ARRAY, [GEMINI.key(), own], document(GEMINI))
    else:
        answer = ask(daemon, "openai" if way == "chat" else "gemini", "hi", own, streamed=way == "sse")
    told = answer.json()
    assert answer.status == status, answer.body
    assert (told[0] if isinstance(told, list) else told)["error"]["code"] in (status, None, "malformed_answer")
    assert [answer.field(field) for field in ("x-ccproxy-model", "location")] == [None, None]
    record = record_of(daemon, agent)
    assert record["error"]
    assert record["bodies"]["provider_response"] is not None


@pytest.mark.parametrize("order", ["SIM_CUT", "SIM_RESET 1"])
@pytest.mark.parametrize("client", FORMATS)
def test_a_whole_answer_that_breaks_off_is_an_error(daemon: Daemon, backend: Backend, client: str, order: str) -> None:
    answer = ask(daemon, client, f"hello {order}")
    assert CLIENTS[client].error(answer, 502)


@pytest.mark.parametrize("client", FORMATS)
def test_sdks_see_the_error(speakers: dict[str, Speaker], backend: Backend, client: str) -> None:
    speaker = speakers[client]
    with pytest.raises(speaker.errors[404]):
        speaker.ask("gemini", speaker.request(Question("SIM_ERROR 404", MODEL)))
    with pytest.raises(speaker.broken):
        speaker.stream("gemini", speaker.request(Question("hello SIM_RESET 2", MODEL)), [])


# -- another attempt


@STREAMED
@pytest.mark.parametrize("client", FORMATS)
def test_C21_another_models_answer_has_the_clients_format(
    daemon: Daemon, backend: Backend, client: str, streamed: bool, agent: str
) -> None:
    own = (b"User-Agent", f"{agent} {MODEL}".encode())
    answer = ask(daemon, client, f"say Zürich SIM_BUSY {MODEL}", own, streamed=streamed)
    assert "Zürich" in read(client, answer).text
    assert answer.field("x-ccproxy-model") == SPARE.encode()
    first, second = backend.calls
    assert second.body == first.body.replace(f'"model":"{MODEL}"'.encode(), f'"model":"{SPARE}"'.encode(), 1)
    assert (second.field("user-agent"), second.target) == (f"{agent} {SPARE}".encode(), first.target)
    record = record_of(daemon, f"{agent} {MODEL}")
    assert (record["answered_model"], record["attempts"]) == (SPARE, 2)
    assert record["bodies"]["forwarded_request"]["text"] == second.body.decode()


@pytest.mark.parametrize("client", FORMATS)
def test_a_pinned_model_is_the_only_one(daemon: Daemon, backend: Backend, client: str) -> None:
    answer = ask(daemon, client, f"say Zürich SIM_BUSY {MODEL}", (b"X-CCProxy-Pin", b"1"))
    assert "capacity" in CLIENTS[client].error(answer, 429)
    assert backend.call.field("x-ccproxy-pin") is None
    for no in (b"0", b"False", b"no"):
        assert ask(daemon, client, f"SIM_BUSY {MODEL}", (b"X-CCProxy-Pin", no)).status == 200


@STREAMED
@pytest.mark.parametrize("client", FORMATS)
def test_W_DATA_10_an_answer_to_a_renewed_credential_has_the_clients_format(
    daemon: Daemon, backend: Backend, client: str, streamed: bool, agent: str
) -> None:
    expired = {"error": {"code": 401, "message": "expired", "status": "UNAUTHENTICATED"}}
    backend.scripted = each(json_reply(expired, 401), simulated)
    answer = ask(daemon, client, "SIM_WORDS 30", (b"User-Agent", agent.encode()), streamed=streamed)
    assert len(read(client, answer).text.split()) >= 30
    first, second = backend.calls
    assert (first.body, first.target) == (second.body, second.target)
    assert first.field("authorization") != second.field("authorization")
    record = record_of(daemon, agent)
    assert record["attempts"] == 2
    assert "expired" not in record["bodies"]["provider_response"]["text"]


# -- Gemini CLI, whose calls have their envelope and no key

BEARER = (b"Authorization", b"Bearer ya29.made-up")
OWN = {"model": MODEL, "project": "theirs", "user_prompt_id": "u-1", "request": {"session_id": "s-1"}}


def own_call(text: str) -> bytes:
    """A body as it writes them, but for its white space."""
    return json.dumps(OWN | {"request": saying("gemini", text) | OWN["request"]}, separators=(" , ", ": ")).encode()


@pytest.mark.parametrize("call", ["generateContent", "streamGenerateContent?alt=sse", "streamGenerateContent"])
def test_its_own_client_is_answered_byte_for_byte(daemon: Daemon, backend: Backend, call: str, agent: str) -> None:
    body = own_call("say Zürich")
    answer = daemon.ask("POST", f"/v1internal:{call}", [BEARER, (b"User-Agent", agent.encode())], body)
    assert (answer.status, answer.field("x-ccproxy-model")) == (200, MODEL.encode())
    seen = backend.call
    assert (seen.target, seen.body) == (f"/v1internal:{call}".encode(), body)
    assert (seen.field("authorization") or b"").startswith(TOKEN)
    assert b"ya29" not in seen.raw
    record = record_of(daemon, agent)
    assert answer.body.decode() == record["bodies"]["provider_response"]["text"]
    assert b'"traceId"' in answer.body


def test_web_pages_do_not_have_its_login(daemon: Daemon, backend: Backend) -> None:
    path = "/v1internal/operations/op-1"
    for field in ((b"Sec-Fetch-Site", b"cross-site"), (b"Origin", b"https://e.example")):
        assert GEMINI.error(daemon.ask("GET", path, [field]), 403)
    with daemon.client() as client:
        client.send(request_bytes("GET", path, host="evil.example:4000"))
        assert "evil.example" in GEMINI.error(client.response(), 403)
    assert daemon.ask("GET", "/v1internal/../v1/x").status == 501
    assert not backend.calls


def test_its_other_calls_pass_too(daemon: Daemon, backend: Backend) -> None:
    answer = daemon.ask("POST", "/v1internal:retrieveUserQuota", [BEARER], b'{"project": "theirs"}')
    assert (answer.status, answer.field("x-ccproxy-model")) == (200, None)
    assert answer.json()["buckets"] == []
    sent = backend.call
    assert sent.body == b'{"project": "theirs"}'
    assert (sent.field("authorization") or b"").startswith(TOKEN)
    refused = daemon.ask("POST", "/v1internal:loadCodeAssist", [GEMINI.key("openai")], b"{}")
    assert "Code Assist" in GEMINI.error(refused, 501)


@pytest.mark.parametrize("provider", ["openai", "anthropic", "public"])
@pytest.mark.parametrize("call", ["generateContent", "streamGenerateContent?alt=sse", "streamGenerateContent"])
def test_its_own_client_at_another_provider(daemon: Daemon, backend: Backend, provider: str, call: str) -> None:
    key = GEMINI.key(provider)
    answer = daemon.ask("POST", f"/v1internal:{call}", [key], own_call("say Zürich"))
    assert answer.status == 200, answer.body
    found = [event.json() for event in events(answer.body)] if "alt=" in call else answer.json()
    chunks = found if isinstance(found, list) else [found]
    assert isinstance(found, list) == call.startswith("stream")
    assert "Zürich" in text_of([each["response"] for each in chunks])
    assert answer.field("x-ccproxy-model") is None
    sent = json.loads(backend.calls[-1].body)
    assert not {"request", "project", "session_id"} & set(sent)
    assert "Zürich" in json.dumps(sent, ensure_ascii=False)
    error = daemon.ask("POST", f"/v1internal:{call}", [key], own_call("SIM_ERROR 404"))
    assert GEMINI.error(error, 404)  # its errors have no envelope


def test_its_counts_at_other_providers(daemon: Daemon, backend: Backend) -> None:
    inner = {"model": f"models/{MODEL}", "contents": saying("gemini", "one two three four")["contents"]}
    body = json.dumps({"request": inner}).encode()
    path = "/v1internal:countTokens"
    for name in ("public", "anthropic", "gemini"):
        backend.reset()
        answer = daemon.ask("POST", path, [GEMINI.key(name)], body)
        assert (answer.status, answer.json()["totalTokens"] > 0) == (200, True)
        assert answer.field("x-ccproxy-estimated") is None
        assert len(backend.calls) == 1
    estimated = daemon.ask("POST", path, [GEMINI.key("openai")], body)
    assert estimated.json() == {"totalTokens": 10}
    assert estimated.field("x-ccproxy-estimated") == b"true"


@STREAMED
@pytest.mark.parametrize("provider", ["openai", "anthropic"])
def test_W_DATA_7_a_gemini_client_has_its_conversation_at_another_vendor(
    daemon: Daemon, backend: Backend, provider: str, streamed: bool
) -> None:
    answer = ask(daemon, "gemini", "say Zürich", streamed=streamed, provider=provider)
    assert "Zürich" in read("gemini", answer).text
    (turn,) = json.loads(backend.calls[-1].body)["messages"]
    assert "Zürich" in json.dumps(turn, ensure_ascii=False)


# -- what needs a server of its own kind


def test_what_came_in_an_envelope_is_kept_to_the_byte(daemon: Daemon, backend: Backend) -> None:
    inner = b'{"candidates": [ {"content": {"parts": [{"text": "\\u0048i", "odd": 1.50}]}, "finishReason": "STOP"}]}'
    pieces = [b'data: {"response": %b, "consumedCredits": []}\n\n' % inner]
    backend.scripted = stream(pieces)
    answer = ask(daemon, "gemini", "hi", streamed=True)
    assert answer.body == b"data: " + inner + b"\n\n"
    array = daemon.ask("POST", ARRAY, [GEMINI.key()], document(GEMINI))
    assert array.body == b"[" + inner + b"]"


def test_a_refused_project_is_asked_for_anew(daemon: Daemon, backend: Backend) -> None:
    """Once in a minute, so it may have been by another test's request."""
    assert ask(daemon, "gemini", "SIM_ERROR 403").status == 403
    end = time.monotonic() + 5.0
    while backend.looks < 2 and time.monotonic() < end:
        time.sleep(0.01)
    assert backend.looks >= 2
