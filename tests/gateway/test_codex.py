"""Providers on the ChatGPT backend: any client goes by Codex's login, at a backend as strict as the real one."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import openai
import pytest
import zstandard
from websockets.exceptions import InvalidStatus
from websockets.sync.client import ClientConnection, connect

from ccproxy.config import Config
from ccproxy.exchange import Exchange, HttpRequest
from ccproxy.gateway.inquiry import Inquiry
from ccproxy.gateway.stages import Stages
from ccproxy.pipeline.pipeline import build_pipeline
from ccproxy.pipeline.settling import find_steps
from tests.shaping.envelopes import RESPONSES, put_shape
from tests.support.codex_backend import PATH, CodexBackend
from tests.support.daemon import Daemon, Home
from tests.support.hooks import put_hooks
from tests.support.http import Header, Response
from tests.support.sse import events

KEY = "sk-ant-oat-ccproxy-"
LOOK = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
TOOL = {"type": "function", "name": "look_up", "description": "Looks up.", "parameters": LOOK, "strict": False}
CALL = 'SIM_TOOL look_up {"city": "Zürich"}'
HOOKS = """
    from ccproxy import hook
    from ccproxy.lightllm.events import TextDelta


    @hook(stage="response", writes=["text"], guard=lambda ctx: False)
    def loud(ctx, params):
        if isinstance(ctx.event, TextDelta):
            ctx.event.text = ctx.event.text.upper()
"""
LOUD = (b"x-ccproxy-hooks", b"+loud")
CODEX_REQUEST = {
    "model": "gpt-5.1-codex",
    "instructions": "Be brief.",
    "input": [
        {"type": "message", "role": "developer", "content": [{"type": "input_text", "text": "Here is a shell."}]},
        {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "say hi"}]},
    ],
    "tools": [TOOL],
    "tool_choice": "auto",
    "parallel_tool_calls": False,
    "reasoning": {"effort": "medium", "summary": "auto"},
    "store": False,
    "stream": True,
    "include": ["reasoning.encrypted_content"],
    "service_tier": "priority",
    "prompt_cache_key": "a-thread",
    "text": {"verbosity": "low"},
    "client_metadata": {"x-codex-installation-id": "made-up"},
}
"""As Codex writes them, member by member."""


@pytest.fixture(scope="module")
def backend() -> Iterator[CodexBackend]:
    made = CodexBackend()
    yield made
    made.stop()


@pytest.fixture(scope="module")
def daemon(backend: CodexBackend, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    codex = backend.provider(tmp_path_factory.mktemp("codex"))
    providers = {
        "codex": codex,
        "shaped": codex | {"shape": "openai_responses"},
        "sim": {"type": "simulator"},
        "claude": {"type": "anthropic", "base_url": backend.url},
    }
    home = Home()
    put_hooks(home, mine=HOOKS)
    put_shape(home.config_dir, RESPONSES)
    with Daemon({"providers": providers}, home=home) as running:
        yield running
        assert "Traceback" not in running.output
        for secret in (backend.login["access_token"], backend.login["refresh_token"]):
            assert secret not in running.output
    home.remove()


@pytest.fixture(autouse=True)
def as_ever(backend: CodexBackend) -> Iterator[None]:
    """Each test begins with the backend as it is by default."""
    yield
    backend.reset()


@pytest.fixture
def client(daemon: Daemon) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=f"{daemon.url}/v1", api_key=f"{KEY}codex", max_retries=0, timeout=20) as made:
        yield made


def ask(daemon: Daemon, path: str, body: Any, *headers: Header) -> Response:
    """One request of a client that knows nothing of Codex."""
    fields = [(b"authorization", f"Bearer {KEY}codex".encode()), (b"content-type", b"application/json"), *headers]
    return daemon.ask("POST", path, fields, body if isinstance(body, bytes) else json.dumps(body).encode())


def responses(daemon: Daemon, *headers: Header, **members: Any) -> Response:
    """One request for a response."""
    return ask(daemon, "/v1/responses", {"model": "gpt-5.1-codex", "input": "say hi"} | members, *headers)


# -- the OpenAI SDK


@pytest.mark.parametrize("streamed", [False, True], ids=["buffered", "streamed"])
def test_a_tool_turn_of_the_sdk(client: openai.OpenAI, backend: CodexBackend, streamed: bool) -> None:
    def turn(conversation: list[Any]) -> Any:
        asked = {"model": "gpt-5.1-codex", "input": conversation, "tools": [TOOL], "reasoning": {"effort": "high"}}
        if not streamed:
            return client.responses.create(**asked).output
        return [
            event.item
            for event in client.responses.create(**asked, stream=True)
            if event.type == "response.output_item.done"
        ]

    conversation: list[Any] = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": CALL}]
    output = turn(conversation)
    call = next(item for item in output if item.type == "function_call")
    assert json.loads(call.arguments) == {"city": "Zürich"}
    assert any(item.type == "reasoning" and item.encrypted_content for item in output)
    conversation += output
    conversation.append({"type": "function_call_output", "call_id": call.call_id, "output": "rain, as ever"})
    (message,) = [item for item in turn(conversation) if item.type == "message"]
    assert "rain, as ever" in message.content[0].text
    assert [item.get("role") for item in backend.bodies[1]["input"]][:2] == ["developer", "user"]


def test_what_was_asked_reaches_the_backend_and_what_did_not_is_told(daemon: Daemon, backend: CodexBackend) -> None:
    answer = responses(daemon, temperature=0.2, top_p=None, max_output_tokens=50, metadata={"a": "b"}, store=True)
    assert answer.status == 200
    told = "codex.temperature=1, codex.max_output_tokens=1, codex.metadata=1, codex.store=1"
    assert answer.field("x-ccproxy-dropped") == told.encode()
    (sent,) = backend.bodies
    assert sent == {
        "model": "gpt-5.1-codex",
        "input": [{"type": "message", "role": "user", "content": [{"type": "input_text", "text": "say hi"}]}],
        "instructions": "",
        "store": False,
        "stream": True,
        "include": ["reasoning.encrypted_content"],
    }


def test_a_request_of_codex_itself_passes_byte_for_byte(daemon: Daemon, backend: CodexBackend) -> None:
    body = zstandard.compress(json.dumps(CODEX_REQUEST, indent=1).encode())
    own = [(b"content-encoding", b"zstd"), (b"session_id", b"a-session"), (b"conversation_id", b"a-thread")]
    answer = ask(daemon, "/backend-api/codex/responses", body, *own)
    assert answer.status == 200
    assert answer.field("x-ccproxy-dropped") is None
    assert events(answer.body)[-1].name == "response.completed"
    (request,) = backend.requests
    assert (request.target, request.body) == (PATH, body)
    assert [request.field(name.decode()) for name, _ in own] == [value for _, value in own]
    assert request.field("chatgpt-account-id") == b"acc-1"


# -- one response out of a stream


def test_a_buffered_client_gets_one_response_and_the_record_has_the_stream(daemon: Daemon) -> None:
    answer = responses(daemon, (b"user-agent", b"buffered"))
    said = json.loads(answer.body)
    assert answer.field("content-type") == b"application/json"
    assert (said["object"], said["status"]) == ("response", "completed")
    assert "say hi" in said["output"][-1]["content"][0]["text"]
    assert said["usage"]["output_tokens"] > 0
    flow = daemon.flow("buffered")
    assert flow["usage"]["output_tokens"] == said["usage"]["output_tokens"]
    bodies = daemon.control("GET", f"/flows/{flow['id']}")["bodies"]
    assert events(bodies["provider_response"]["text"].encode())[-1].name == "response.completed"
    assert json.loads(bodies["client_response"]["text"]) == said


def test_hooks_hear_the_one_response(daemon: Daemon) -> None:
    said = json.loads(responses(daemon, LOUD, (b"user-agent", b"loud")).body)
    assert "SAY HI" in said["output"][-1]["content"][0]["text"]
    bodies = daemon.control("GET", f"/flows/{daemon.flow('loud')['id']}")["bodies"]
    assert b"SAY HI" not in bodies["provider_response"]["text"].encode()
    assert json.loads(bodies["client_response"]["text"]) == said


@pytest.mark.parametrize("headers", [(), (LOUD,)], ids=["plain", "hooked"])
def test_a_response_that_failed_is_an_error_with_its_status(
    daemon: Daemon, backend: CodexBackend, headers: tuple[Header, ...]
) -> None:
    backend.code = b"rate_limit_exceeded"
    answer = responses(daemon, *headers, (b"user-agent", b"failing"), input="SIM_ERROR_MID 2 say hi")
    assert answer.status == 429
    assert answer.field("content-type") == b"application/json"
    error = json.loads(answer.body)["error"]
    assert (error["type"], error["code"]) == ("rate_limit_error", "rate_limit_exceeded")
    assert error["message"]
    assert daemon.flows(lambda flow: flow["user_agent"] == "failing")[-1]["error"]


@pytest.mark.parametrize("cut", [0, 1, 500, 5000])
def test_a_stream_that_is_cut_is_an_error(daemon: Daemon, backend: CodexBackend, cut: int) -> None:
    backend.cut = cut
    answer = responses(daemon)
    assert answer.status == 502
    assert json.loads(answer.body)["error"]["message"]


def test_an_error_of_the_backend_stays_what_it_is(daemon: Daemon) -> None:
    answer = responses(daemon, response_format={"type": "json_object"})
    assert (answer.status, json.loads(answer.body)) == (400, {"detail": "Unsupported parameter: response_format"})


@pytest.mark.parametrize("streamed", [False, True], ids=["buffered", "streamed"])
def test_streams_without_a_type(daemon: Daemon, backend: CodexBackend, streamed: bool) -> None:
    backend.kind = None
    answer = responses(daemon, stream=streamed)
    assert answer.field("content-type") == (b"text/event-stream" if streamed else b"application/json")
    assert b"say hi" in answer.body
    chat = {"model": "gpt-5.1-codex", "messages": [{"role": "user", "content": "say hi"}], "stream": streamed}
    translated = ask(daemon, "/v1/chat/completions", chat)
    assert translated.body.endswith(b"data: [DONE]\n\n") == streamed
    assert translated.field("content-type").startswith(b"text/event-stream" if streamed else b"application/json")


# -- clients of other formats

ASKED = [{"role": "user", "content": "say hi"}]
OTHERS: dict[str, tuple[str, dict[str, Any]]] = {
    "openai": ("/v1/chat/completions", {"messages": [{"role": "system", "content": "Be brief."}, *ASKED]}),
    "anthropic": ("/v1/messages", {"max_tokens": 99, "system": "Be brief.", "messages": ASKED, "temperature": 1.0}),
    "gemini": (
        "/v1beta/models/gpt-5.1-codex:generateContent",
        {
            "contents": [{"role": "user", "parts": [{"text": "say hi"}]}],
            "systemInstruction": {"parts": [{"text": "Be brief."}]},
            "generationConfig": {"topP": 0.5},
        },
    ),
}
USAGE = {
    "openai": ("usage", "completion_tokens"),
    "anthropic": ("usage", "output_tokens"),
    "gemini": ("usageMetadata", "candidatesTokenCount"),
}


@pytest.mark.parametrize("name", OTHERS)
def test_a_buffered_client_of_another_format(daemon: Daemon, backend: CodexBackend, name: str) -> None:
    path, body = OTHERS[name]
    answer = ask(daemon, path, {"model": "gpt-5.1-codex", **body})
    assert answer.status == 200, answer.body
    assert answer.field("content-type") == b"application/json"
    said = json.loads(answer.body)
    assert "say hi" in answer.body.decode()
    around, inside = USAGE[name]
    assert said[around][inside] > 0
    assert backend.bodies[0]["instructions"] == "Be brief."
    assert backend.requests[0].field("accept") == b"text/event-stream"


@pytest.mark.parametrize("name", OTHERS)
def test_errors_for_a_client_of_another_format(daemon: Daemon, backend: CodexBackend, name: str) -> None:
    path, body = OTHERS[name]
    backend.code = b"rate_limit_exceeded"
    failing = json.loads(json.dumps(body).replace("say hi", "SIM_ERROR_MID 2 say hi"))
    answer = ask(daemon, path, {"model": "gpt-5.1-codex", **failing})
    assert answer.status == 429, answer.body
    backend.cut = 2000
    assert ask(daemon, path, {"model": "gpt-5.1-codex", **body}).status == 502


def test_tokens_are_estimated_here(daemon: Daemon, backend: CodexBackend) -> None:
    answer = ask(daemon, "/v1/messages/count_tokens", {"model": "m", "messages": ASKED})
    assert json.loads(answer.body)["input_tokens"] > 0
    assert answer.field("x-ccproxy-estimated") == b"true"
    assert not backend.requests


def test_a_shape_brings_instructions_and_the_answer_is_gathered_all_the_same(
    daemon: Daemon, backend: CodexBackend
) -> None:
    with openai.OpenAI(base_url=f"{daemon.url}/v1", api_key=f"{KEY}shaped", max_retries=0, timeout=20) as client:
        assert "say hi" in client.responses.create(model="m", input="say hi", temperature=0.5).output_text
        assert client.responses.create(model="m", input="say hi", instructions="Be brief.").output_text
    shaped, own = backend.bodies
    assert shaped["instructions"] == RESPONSES.body["instructions"]
    assert own["instructions"] == "Be brief."
    shape_names = [name.lower() for name, _ in RESPONSES.headers]
    assert [name.lower() for name, _ in backend.requests[0].headers if name.lower() in shape_names] == shape_names


# -- what cannot be had

REFUSED: dict[str, dict[str, Any]] = {
    "previous_response_id": {"previous_response_id": "resp_1"},
    "conversation": {"conversation": {"id": "conv_1"}},
    "prompt": {"prompt": {"id": "pmpt_1"}},
    "background": {"background": True},
    "n": {"n": 2},
    "input[1]": {"input": [*ASKED, {"type": "item_reference", "id": "msg_1"}]},
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_would_change_the_answer_is_refused(daemon: Daemon, backend: CodexBackend, name: str) -> None:
    answer = responses(daemon, **REFUSED[name])
    error = json.loads(answer.body)["error"]
    assert answer.status == 400
    assert error["message"].startswith(f"{name}: the ChatGPT backend")
    assert error["code"] == "unsupported_parameter"
    assert not backend.requests


@pytest.mark.parametrize("body", [b"", b"{half", b"[1]", b'{"x":NaN}'])
def test_a_body_that_is_no_json_object_does_not_reach_the_backend(
    daemon: Daemon, backend: CodexBackend, body: bytes
) -> None:
    answer = ask(daemon, "/v1/responses", body)
    assert (answer.status, json.loads(answer.body)["error"]["code"]) == (400, "invalid_json")
    assert not backend.requests


def test_a_text_that_was_cut_within_a_character_is_fitted_too(daemon: Daemon, backend: CodexBackend) -> None:
    ask(daemon, "/v1/responses", b'{"model":"m","input":"cut off \\ud83d","temperature":1}')
    (request,) = backend.requests
    assert b'"text":"cut off \\ud83d"' in request.body
    assert b"temperature" not in request.body


# -- WebSockets


def dial(daemon: Daemon, name: str, path: str = "/v1/responses", **more: str) -> ClientConnection:
    """Opens one as Codex does."""
    headers = {"Authorization": f"Bearer {KEY}{name}", "session_id": "a-session", "User-Agent": "codex_exec/0", **more}
    url = f"ws://127.0.0.1:{daemon.port}{path}"
    return connect(url, additional_headers=headers, user_agent_header=None, open_timeout=10)


def test_a_websocket_is_relayed_with_the_login_put_in(daemon: Daemon, backend: CodexBackend) -> None:
    with dial(daemon, "codex") as websocket:
        websocket.send(json.dumps({"type": "response.create", **CODEX_REQUEST}))
        while (event := json.loads(websocket.recv(10)))["type"] != "response.completed":
            pass
    assert event["response"]["status"] == "completed"
    assert backend.messages == [{"type": "response.create", **CODEX_REQUEST}]
    (opening,) = backend.requests
    assert opening.target == PATH
    assert opening.field("authorization") == f"Bearer {backend.login['access_token']}".encode()
    assert opening.field("chatgpt-account-id") == b"acc-1"
    assert opening.field("session_id") == b"a-session"
    flow = daemon.flow("codex_exec/0")
    assert flow["usage"]["output_tokens"] == event["response"]["usage"]["output_tokens"] > 0
    assert flow["model"] == CODEX_REQUEST["model"]


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("claude", "WebSockets are relayed untranslated only"),
        ("shaped", "what goes over a WebSocket cannot be"),
        ("sim", "has no WebSocket at this path"),
        ("codex", "has no WebSocket at this path (it answered 404)"),
    ],
)
def test_where_a_websocket_cannot_be_the_client_is_told_to_go_on_without(
    daemon: Daemon, backend: CodexBackend, name: str, why: str
) -> None:
    backend.upgrades = False
    with pytest.raises(InvalidStatus) as refused, dial(daemon, name):
        pass
    answer = refused.value.response
    assert answer.status_code == 426
    assert answer.headers["Upgrade"] == "HTTP/1.1"
    assert "Upgrade" in answer.headers.get_all("Connection")
    assert why in json.loads(answer.body)["error"]["message"]


def test_a_websocket_of_which_nothing_would_be_shaped_is_relayed(daemon: Daemon, backend: CodexBackend) -> None:
    for path, more in (("/v1/responses", {"x-ccproxy-hooks": "-shape"}), ("/v1/realtime", {})):
        with dial(daemon, "shaped", path, **more):
            pass
    assert len(backend.requests) == 2
    with pytest.raises(InvalidStatus), dial(daemon, "shaped"):
        pass
    assert len(backend.requests) == 2


@pytest.mark.parametrize(
    ("more", "runs"),
    [({}, True), ({"hooks": {"disabled": ["shape"]}}, False), ({"shaping": {"enabled": False}}, False)],
)
def test_whether_requests_are_shaped(more: dict[str, Any], runs: bool, backend: CodexBackend, tmp_path: Path) -> None:
    config = Config.model_validate({"providers": {"a": backend.provider(tmp_path, shape="openai_responses")}, **more})
    pipeline = build_pipeline(find_steps(config).steps)
    run = Stages(lambda: pipeline).begin(Inquiry(Exchange(HttpRequest("GET", b"/v1/responses", [], b""))))
    assert run.may_run("outbound", "shape") is runs
    assert not run.may_run("response", "shape")


def test_the_login_is_kept_out_of_sight(daemon: Daemon, tmp_path: Path) -> None:
    responses(daemon, (b"user-agent", b"seen"))
    told = daemon.control_bytes("GET", f"/flows/{daemon.flow('seen')['id']}").decode()
    assert "acc-1" not in told
    assert "rt-" not in told
