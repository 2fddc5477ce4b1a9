"""What a provider or a hook says went wrong, in the log and in the record: without credentials, on one line, short.

What the client gets stays as it was said.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest

from ccproxy.exchange import Attempt, Exchange, Failure, HookResult, HttpRequest
from ccproxy.flows.summary import error_of
from ccproxy.flows.told_errors import MOST
from ccproxy.gateway.recorder import MOST_KIND, clear, line
from tests.conftest import StartDaemon
from tests.support.code_assist import PROVIDER
from tests.support.codex_backend import CodexBackend
from tests.support.crossing import CLIENTS, ask_across
from tests.support.daemon import Daemon, Home
from tests.support.dialects import OPENAI
from tests.support.hooks import put_hooks
from tests.support.http import Response
from tests.support.replies import json_reply, stream
from tests.support.upstream import Upstream

SECRET = "SECRETTOKEN123456"
OWN = "the-clients-own-word"
STUMBLE = (b"x-stumble", b"1")
FORGED = "2031-01-01 00:00:00 ccproxy.forged WARNING all is well"
WORDS = f"bad token {SECRET}\r\n{FORGED}\x1b]0;owned\x07\x9b31m\u202e\u2028" + "and on and on " * 1500 + "THE END"
TYPES = ["gemini", "code_assist", "anthropic", "openai", "openai_responses"]
"""Of providers."""


def error_by(kind: str, words: str = WORDS) -> Any:
    """A provider's error, as its format has it."""
    match kind:
        case "anthropic":
            return {"type": "error", "error": {"type": "authentication_error", "message": words}}
        case "openai_responses":
            return {"type": "error", "error": {"type": words, "code": words, "message": words}}
        case "openai":
            return {"error": {"message": words, "type": words, "code": words, "param": None}}
    return {"error": {"code": 401, "status": "UNAUTHENTICATED", "message": words}}


HOOKS = """
    from ccproxy import hook
    from ccproxy.pipeline.failures import Refusal


    @hook(stage="outbound", reads=["headers.x-stumble"], guard=lambda ctx: "x-stumble" in ctx.headers, on_error="fail")
    def refuses(ctx, params):
        raise Refusal(418, "no\\x1b[2Jtea", WORDS)
"""


@pytest.fixture(scope="module")
def upstream() -> Iterator[Upstream]:
    made = Upstream(json_reply({}))
    yield made
    made.stop()


@pytest.fixture(scope="module")
def backend() -> Iterator[CodexBackend]:
    made = CodexBackend()
    yield made
    made.stop()


@pytest.fixture(scope="module")
def daemon(upstream: Upstream, backend: CodexBackend, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    at: dict[str, Any] = {"base_url": upstream.url, "auth": f"echo {SECRET}"}
    providers = {kind: {"type": kind} | at for kind in TYPES if kind != "code_assist"}
    providers["code_assist"] = PROVIDER | at
    providers["codex"] = backend.provider(tmp_path_factory.mktemp("codex"))
    with Daemon({"providers": providers, "gemini_capacity": {"enabled": False}}) as running:
        yield running


def told(daemon: Daemon, agent: str) -> tuple[dict[str, Any], str]:
    """The record of an exchange, and everything that lists and logs say."""
    flow = daemon.flow(agent)
    listed = json.dumps(daemon.flows(), ensure_ascii=False)
    file = daemon.home.config_dir / "ccproxy.log"
    end = f"{flow['id'][:8]} POST"
    limit = time.monotonic() + 5
    while end not in file.read_text() and time.monotonic() < limit:
        time.sleep(0.02)
    assert end in file.read_text()
    return flow, listed + daemon.output + file.read_text()


def is_fit(daemon: Daemon, agent: str, secret: str = SECRET) -> dict[str, Any]:
    """Asserts that what is told of an exchange may be told; gives its error."""
    flow, everything = told(daemon, agent)
    assert secret not in everything
    assert "THE END" not in everything
    assert not [line for line in everything.splitlines() if line.startswith(FORGED[:10])]
    assert not set(everything) & set("\x1b\x07\x9b\u202e\u2028")
    error: dict[str, Any] = flow["error"]
    assert error is None or len(error["message"]) <= MOST
    return error


def pairs(own: bool) -> list[tuple[str, str]]:
    """Formats of clients, types of providers; of the same format or not."""
    same = {(kind, kind) for kind in TYPES} | {("gemini", "code_assist")}
    return [(client, kind) for client in CLIENTS for kind in TYPES if ((client, kind) in same) == own]


@pytest.mark.parametrize("kind", ["gemini", "code_assist"])
@pytest.mark.parametrize("client", ["anthropic", "openai", "openai_responses"])
def test_a_translated_stream(daemon: Daemon, upstream: Upstream, client: str, kind: str, agent: str) -> None:
    upstream.script = stream([b"data: " + json.dumps(error_by(kind)).encode() + b"\n\n"])
    answer = ask_across(daemon, client, kind, stream=True, headers=[(b"user-agent", agent.encode())])
    assert SECRET in CLIENTS[client].stream_error(answer.body), "the client is told what the provider said"
    assert "bad token [redacted]" in is_fit(daemon, agent)["message"]


@pytest.mark.parametrize(("client", "kind"), pairs(own=False))
def test_a_translated_answer(daemon: Daemon, upstream: Upstream, client: str, kind: str, agent: str) -> None:
    upstream.script = json_reply(error_by(kind))
    answer = ask_across(daemon, client, kind, headers=[(b"user-agent", agent.encode())])
    assert SECRET in CLIENTS[client].error(answer, answer.status)
    assert "bad token [redacted]" in is_fit(daemon, agent)["message"]


@pytest.mark.parametrize(("client", "kind"), pairs(own=True))
def test_an_answer_of_the_clients_own_format(
    daemon: Daemon, upstream: Upstream, client: str, kind: str, agent: str
) -> None:
    for streamed in (False, True):
        said = json.dumps(error_by(kind)).encode()
        upstream.script = stream([b"data: " + said + b"\n\n"]) if streamed else json_reply(error_by(kind), 418)
        own = f"{agent}-{streamed}"
        ask_across(daemon, client, kind, stream=streamed, headers=[(b"user-agent", own.encode())])
        error = is_fit(daemon, own)
        shown = error["message"] if streamed else daemon.flow(own)["refusal"]
        assert "bad token [redacted]" in shown


def ask_codex(daemon: Daemon, agent: str) -> Response:
    return ask_across(daemon, "openai_responses", "codex", headers=[(b"user-agent", agent.encode())])


def test_a_stream_that_was_gathered(daemon: Daemon, backend: CodexBackend, agent: str) -> None:
    token = backend.login["access_token"]
    said = error_by("openai_responses", WORDS.replace(SECRET, token))
    backend.told = b"data: " + json.dumps(said).encode() + b"\n\n"
    answer = ask_codex(daemon, agent)
    assert token in answer.body.decode()
    error = is_fit(daemon, agent, token)
    printed = "".join(daemon.home.run("flows", "list", *more).stdout for more in ([], ["--json"]))
    assert agent in printed
    assert token not in printed
    assert "bad token [redacted]" in error["message"]
    assert len(error["kind"]) <= MOST_KIND


def test_what_a_hook_says(start_daemon: StartDaemon, upstream: Upstream, home: Home, agent: str) -> None:
    put_hooks(home, refuses=HOOKS + f"\n    WORDS = {json.dumps(WORDS.replace(SECRET, OWN))}\n")
    daemon = start_daemon(
        {"hooks": {"outbound": ["refuses"]}, "providers": {"openai": {"type": "openai", "base_url": upstream.url}}},
        home=home,
    )
    fields = [OPENAI.key(), (b"x-my-token", OWN.encode()), (b"user-agent", agent.encode()), STUMBLE]
    answer = daemon.ask("POST", OPENAI.target(), fields, OPENAI.body())
    assert (answer.status, OWN in answer.json()["error"]["message"]) == (418, True)
    error = is_fit(daemon, agent, OWN)
    assert (error["kind"], error["message"][:23]) == ("no [2Jtea", "bad token [redacted] 20")


def test_words_of_a_record() -> None:
    """All that a record repeats of others' words is fit, more than once; what is ours stays."""
    exchange = Exchange(HttpRequest("POST", b"/v1/\xc2\x9bx", []))
    exchange.forwarded = HttpRequest("POST", b"/x", [(b"X-Own", b"Bearer " + SECRET.encode())])
    exchange.credential_headers = frozenset({"x-own"})
    exchange.failure = Failure(WORDS, WORDS)
    exchange.attempts = [Attempt(note=WORDS), Attempt(note="asked again after 0.5 s")]
    exchange.hooks = [HookResult("a", "response", "failed", WORDS), HookResult("b", "response", "skipped", "guard")]
    clear(exchange)
    before = (exchange.failure, exchange.attempts[0].note, exchange.hooks[0].reason)
    clear(exchange)
    assert before == (exchange.failure, exchange.attempts[0].note, exchange.hooks[0].reason)
    said = [exchange.failure.message, exchange.attempts[0].note, exchange.hooks[0].reason, exchange.failure.kind]
    assert all(text.startswith("bad token [redacted] 2031-01-01 ") and text.isprintable() for text in said)
    assert [len(text) for text in said] == [MOST, MOST, MOST, MOST_KIND]
    assert (exchange.attempts[1].note, exchange.hooks[1].reason) == ("asked again after 0.5 s", "guard")
    assert line(exchange).isprintable()
    assert error_of(exchange) == {"kind": exchange.failure.kind, "message": exchange.failure.message}
