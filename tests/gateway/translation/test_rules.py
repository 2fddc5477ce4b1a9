"""Rules that say `action: transform`: where a request goes, as what, and what the record says."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.configs import provider, providers, token
from tests.support.crossing import CLIENTS, PAIRS, PATHS, answering, document, read, received
from tests.support.daemon import Daemon
from tests.support.dialects import ANTHROPIC, GEMINI, OPENAI, Dialect
from tests.support.http import Header, Response
from tests.support.provider_answers import stream_of
from tests.support.replies import stream
from tests.support.upstream import Upstream

NAMES = list(CLIENTS)


@pytest.fixture(scope="module")
def ruled(shared_upstream: Upstream, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    """A daemon whose rules are chosen by the host that a request names."""
    url, folder = shared_upstream.url, tmp_path_factory.mktemp("tokens")
    rules: list[dict[str, Any]] = []
    for name in NAMES:
        to = {"action": "transform", "dest_provider": name}
        rules += [
            {"match_host": f"^{name}[.]test$", **to},
            {"match_host": f"^{name}-model[.]test$", "dest_model": "vendor/other model", **to},
            {"match_host": f"^{name}-path[.]test$", "dest_path": "/p/{model}/{action}?x=1", **to},
        ]
    rules.append({"match_host": "^sim[.]test$", "action": "transform", "dest_provider": "sim"})
    configured = providers(f"{url}/prefix", folder) | {
        "sim": {"type": "simulator"},
        "query": provider("gemini", url, path="/q/{model}:{action}?alt=sse&tenant=7"),
        "versioned": provider("openai", f"{url}/openai/v1"),
        "deep": provider("anthropic", url, path="/anthropic/v1/messages?api=2"),
    }
    with Daemon({"providers": configured, "lightllm": {"transforms": rules}}) as running:
        yield running


def ask(daemon: Daemon, dialect: Dialect, host: str, *headers: Header, streamed: bool = False) -> Response:
    fields = [(b"X-Forwarded-Host", host.encode()), *headers]
    return daemon.ask("POST", dialect.target(stream=streamed), fields, document(dialect, stream=streamed))


@pytest.mark.parametrize("streamed", [False, True], ids=["buffered", "streamed"])
@pytest.mark.parametrize(("client", "name"), PAIRS)
def test_a_rule_sends_a_request_to_another_format(
    ruled: Daemon, upstream: Upstream, client: str, name: str, streamed: bool, agent: str
) -> None:
    upstream.script = answering(name, sse=streamed)
    answer = ask(ruled, CLIENTS[client], f"{name}.test", (b"user-agent", agent.encode()), streamed=streamed)
    assert read(client, answer).text == "Hello there"
    (seen,) = upstream.requests
    assert seen.target == b"/prefix" + PATHS[name][streamed]
    assert seen.field("authorization") == f"Bearer {token(name)}".encode()
    flow = ruled.flow(agent)
    assert (flow["action"], flow["provider"], flow["stream"]) == ("transform", name, streamed)
    assert flow["reason"].startswith("rule ")
    assert flow["url"] == f"{upstream.url}/prefix{PATHS[name][streamed].decode()}"


@pytest.mark.parametrize(("client", "name"), PAIRS)
def test_dest_model_is_what_is_asked_for(ruled: Daemon, upstream: Upstream, client: str, name: str, agent: str) -> None:
    upstream.script = answering(name, sse=False)
    answer = ask(ruled, CLIENTS[client], f"{name}-model.test", (b"user-agent", agent.encode()))
    assert read(client, answer).text == "Hello there"
    (seen,) = upstream.requests
    if name == "gemini":
        assert seen.target == b"/prefix/v1beta/models/vendor/other%20model:generateContent"
    else:
        assert received(upstream)["model"] == "vendor/other model"
    flow = ruled.flow(agent)
    assert (flow["model"], flow["dest_model"]) == ("m-1", "vendor/other model")


@pytest.mark.parametrize(("client", "name"), PAIRS)
def test_dest_path_is_where_it_goes(ruled: Daemon, upstream: Upstream, client: str, name: str) -> None:
    upstream.script = answering(name, sse=True)
    assert read(client, ask(ruled, CLIENTS[client], f"{name}-path.test", streamed=True)).text == "Hello there"
    (seen,) = upstream.requests
    action, query = (b"streamGenerateContent", b"&alt=sse") if name == "gemini" else (b"", b"")
    assert seen.target == b"/prefix/p/m-1/" + action + b"?x=1" + query


@pytest.mark.parametrize("dialect", CLIENTS.values(), ids=CLIENTS)
def test_of_the_same_format_every_byte_passes(ruled: Daemon, upstream: Upstream, dialect: Dialect, agent: str) -> None:
    sent = stream_of(dialect.name)
    upstream.script = stream(sent)
    fields = [(b"X-Forwarded-Host", f"{dialect.name}.test".encode()), (b"user-agent", agent.encode())]
    answer = ruled.ask(
        "POST", dialect.target(stream=True), [*fields, (b"anthropic-beta", b"b")], dialect.body(stream=True)
    )
    assert answer.body == b"".join(sent)
    (seen,) = upstream.requests
    assert seen.body == dialect.body(stream=True)
    assert seen.field("anthropic-beta") == b"b"
    assert ruled.flow(agent)["action"] == "redirect"


@pytest.mark.parametrize("dialect", CLIENTS.values(), ids=CLIENTS)
def test_of_the_same_format_dest_model_changes_nothing_else(
    ruled: Daemon, upstream: Upstream, dialect: Dialect
) -> None:
    upstream.script = answering(dialect.name, sse=False)
    fields = [(b"X-Forwarded-Host", f"{dialect.name}-model.test".encode())]
    assert ruled.ask("POST", dialect.target(), fields, dialect.body()).status == 200
    (seen,) = upstream.requests
    assert seen.body == dialect.body("vendor/other model")


@pytest.mark.parametrize("dialect", CLIENTS.values(), ids=CLIENTS)
def test_the_simulator_needs_no_translation(ruled: Daemon, upstream: Upstream, dialect: Dialect, agent: str) -> None:
    assert read(dialect.name, ask(ruled, dialect, "sim.test", (b"user-agent", agent.encode()))).text
    assert ruled.flow(agent)["action"] == "redirect"
    assert upstream.requests == []


@pytest.mark.parametrize(
    ("name", "dialect", "streamed", "target"),
    [
        ("query", OPENAI, True, b"/q/m-1:streamGenerateContent?alt=sse&tenant=7"),
        ("query", ANTHROPIC, False, b"/q/m-1:generateContent?alt=sse&tenant=7"),
        ("versioned", ANTHROPIC, True, b"/openai/v1/chat/completions"),
        ("versioned", GEMINI, False, b"/openai/v1/chat/completions"),
        ("deep", OPENAI, False, b"/anthropic/v1/messages?api=2"),
    ],
)
def test_a_providers_own_path_and_query_count(
    ruled: Daemon, upstream: Upstream, name: str, dialect: Dialect, streamed: bool, target: bytes
) -> None:
    formats = {"query": "gemini", "versioned": "openai", "deep": "anthropic"}
    upstream.script = answering(formats[name], sse=streamed)
    body = document(dialect, stream=streamed)
    answer = ruled.ask("POST", dialect.target(stream=streamed), [dialect.key(name)], body)
    assert read(dialect.name, answer).text == "Hello there"
    (seen,) = upstream.requests
    assert seen.target == target


UNTRANSLATABLE = [
    ("anthropic", "POST", "/v1/messages/batches"),
    ("anthropic", "GET", "/v1/messages/batches/b1/results"),
    ("openai", "GET", "/v1/chat/completions/chatcmpl-1"),
    ("openai_responses", "POST", "/v1/responses/resp_1/cancel"),
    ("openai_responses", "POST", "/v1/responses/compact"),
    ("gemini", "POST", "/v1beta/models/m:embedContent"),
    ("gemini", "POST", "/v1internal:loadCodeAssist"),
]


@pytest.mark.parametrize(("client", "method", "path"), UNTRANSLATABLE)
def test_calls_without_a_counterpart_are_refused(
    ruled: Daemon, upstream: Upstream, client: str, method: str, path: str
) -> None:
    """W-DATA-4: no other call stands in for them."""
    dialect = CLIENTS[client]
    other = "openai" if client != "openai" else "anthropic"
    answer = ruled.ask(method, path, [dialect.key(other)], b"{}" if method == "POST" else None)
    message = dialect.error(answer, 501)
    assert path.partition("?")[0] in message
    assert other in message
    assert upstream.requests == []


@pytest.mark.parametrize("model", [{}, {"model": ""}, {"model": None}, {"model": 7}], ids=str)
@pytest.mark.parametrize("name", ["openai", "openai_responses", "gemini"])
def test_a_request_without_a_model_is_refused(
    ruled: Daemon, upstream: Upstream, name: str, model: dict[str, Any]
) -> None:
    """Gemini has it in the path, where nothing would stand."""
    body = json.dumps(ANTHROPIC.request | model).encode()
    answer = ruled.ask("POST", "/v1/messages", [ANTHROPIC.key(name)], body)
    assert "model" in ANTHROPIC.error(answer, 400)
    assert upstream.requests == []


@pytest.mark.parametrize(
    ("model", "path"), [("a/b c", b"a/b%20c"), ("ü", b"%C3%BC"), ("m?x=1#y", b"m%3Fx%3D1%23y"), ("a\r\nb", b"a%0D%0Ab")]
)
def test_a_model_in_a_path_is_encoded(ruled: Daemon, upstream: Upstream, model: str, path: bytes) -> None:
    upstream.script = answering("gemini", sse=False)
    body = document(ANTHROPIC, {"model": model})
    assert read("anthropic", ruled.ask("POST", "/v1/messages", [ANTHROPIC.key("gemini")], body)).text == "Hello there"
    (seen,) = upstream.requests
    assert seen.target == b"/prefix/v1beta/models/" + path + b":generateContent"
