"""Hooks and what clients say about them: Appendix A, row 14; W-SEC-8; and refusals in the client's dialect."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.conftest import StartDaemon
from tests.support.configs import provider, providers, token
from tests.support.crossing import read
from tests.support.daemon import Daemon
from tests.support.dialects import ANTHROPIC, DIALECTS, OPENAI, Dialect
from tests.support.hooks import outcome, override, results, sent
from tests.support.upstream import Upstream

dialects = pytest.mark.parametrize("dialect", DIALECTS, ids=lambda dialect: dialect.name)
type Flow = Callable[[], dict[str, Any]]

REDACTED = (b"anthropic-beta", b"redact-thinking-2026-02-12, fine-grained-2025-05-14")
VERSION = (b"anthropic-version", b"2023-06-01")


# -- A14


@dialects
def test_A14_without_the_hook_the_request_is_not_shaped(
    hooked: Daemon, upstream: Upstream, dialect: Dialect, agent: str, flow: Flow
) -> None:
    assert sent(hooked, dialect, "", body=dialect.body()).status == 200
    assert sent(hooked, dialect, agent, override("-shape")).status == 200
    shaped, unshaped = upstream.requests
    assert json.loads(shaped.body) == json.loads(dialect.body()) | {"shaped": True}
    assert unshaped.body == dialect.body()
    assert b"ccproxy" not in unshaped.raw
    assert outcome(flow(), "shape") == ("skipped", "override")


def test_A14_of_a_built_in_hook(hooked: Daemon, upstream: Upstream, agent: str) -> None:
    for said in ("", "-verbose_mode", "verbose_mode", "-verbose_mode, +verbose_mode"):
        assert sent(hooked, ANTHROPIC, agent, VERSION, REDACTED, override(said)).status == 200
    found = [request.field("anthropic-beta") for request in upstream.requests]
    kept = b"fine-grained-2025-05-14"
    assert found == [kept, REDACTED[1], kept, kept]


@dialects
def test_A14_where_there_is_no_such_hook(daemon: Daemon, upstream: Upstream, dialect: Dialect, agent: str) -> None:
    assert sent(daemon, dialect, agent, override("-shape")).status == 200
    (seen,) = upstream.requests
    assert seen.body == dialect.body()
    assert "shape" not in results(daemon.flow(agent))


def test_a_hook_runs_without_its_guard(hooked: Daemon, upstream: Upstream, agent: str, flow: Flow) -> None:
    assert sent(hooked, OPENAI, "").status == 200
    assert sent(hooked, OPENAI, agent, override(" +shy ,-shape")).status == 200
    assert flow()["tags"] == {"shy": "no more"}
    assert results(flow())["shy"]["wrote"] == ["exchange.tags"]
    assert upstream.requests[1].body == OPENAI.body()


# -- W-SEC-8


@dialects
@pytest.mark.parametrize("said", ["-{}", "+{}", "{}", "-verbose_mode,, - {} ,", "-{},-shape"])
@pytest.mark.parametrize("name", ["inject_auth", "guardian", "looks"])
def test_W_SEC_8_no_client_passes_a_guard(
    hooked: Daemon, upstream: Upstream, dialect: Dialect, name: str, said: str, agent: str
) -> None:
    message = dialect.error(sent(hooked, dialect, agent, override(said.format(name))), 400)
    assert f"'{name}' cannot be overridden" in message
    assert not upstream.requests


def test_W_SEC_8_nor_in_a_field_of_its_own(hooked: Daemon, upstream: Upstream, agent: str, flow: Flow) -> None:
    answer = sent(hooked, ANTHROPIC, agent, override("-shape"), (b"x-ccproxy-hooks", b"-inject_auth"))
    assert "'inject_auth'" in ANTHROPIC.error(answer, 400)
    assert not upstream.requests
    assert (flow()["status"], flow()["hooks"]) == (400, [])


@dialects
@pytest.mark.parametrize("said", ["-no_such", "+shapes", "Verbose_Mode", "-caf\xe9", "+gemini_cli"])
def test_W_SEC_8_an_unknown_name(hooked: Daemon, upstream: Upstream, dialect: Dialect, said: str, agent: str) -> None:
    answer = sent(hooked, dialect, agent, (b"x-ccproxy-hooks", said.encode("latin-1")))
    message = dialect.error(answer, 400)
    assert repr(said.lstrip("+-")) in message
    known = "answers, extract_session_id, looks_again, refuses, shape, shy, stumbles, verbose_mode"
    assert message.endswith(known), message
    assert not upstream.requests


@dialects
def test_W_SEC_8_nobody_may(
    start_daemon: StartDaemon, upstream: Upstream, dialect: Dialect, agent: str, nobody: Daemon
) -> None:
    for said in ("-verbose_mode", "-inject_auth", "", "-no_such"):
        answer = sent(nobody, dialect, agent, override(said))
        assert "overrides_from" in dialect.error(answer, 403)
    assert not upstream.requests
    assert sent(nobody, dialect, agent).status == 200


@pytest.fixture(scope="module")
def nobody(shared_upstream: Upstream, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    """A daemon that lets no client have a say in its hooks."""
    known = providers(shared_upstream.url, tmp_path_factory.mktemp("tokens"))
    with Daemon({"providers": known, "hooks": {"overrides_from": "nobody"}}) as running:
        yield running


# -- errors in the client's dialect


@dialects
def test_a_guard_that_raises_refuses(
    hooked: Daemon, upstream: Upstream, dialect: Dialect, agent: str, flow: Flow
) -> None:
    message = dialect.error(sent(hooked, dialect, agent, (b"x-forbidden", b"1")), 500)
    assert "guardian" in message
    assert "not like this" in message
    assert not upstream.requests
    assert outcome(flow(), "guardian") == ("failed", "not like this")
    assert "shape" not in results(flow())


@dialects
def test_a_hook_refuses_in_the_clients_dialect(
    hooked: Daemon, upstream: Upstream, dialect: Dialect, agent: str, flow: Flow
) -> None:
    assert dialect.error(sent(hooked, dialect, agent, (b"x-ask", b"1")), 429) == "ask übermorgen"
    assert not upstream.requests
    assert flow()["reason"] == "answered by the hook refuses"
    assert outcome(flow(), "refuses") == ("ran", "")


@dialects
@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "streamed"])
def test_a_hook_answers_in_the_clients_dialect(
    hooked: Daemon, upstream: Upstream, dialect: Dialect, streamed: bool, agent: str, flow: Flow
) -> None:
    fields = [dialect.key(), (b"user-agent", agent.encode()), (b"x-answer", b"text")]
    answer = hooked.ask("POST", dialect.target(stream=streamed), fields, dialect.body(stream=streamed))
    assert (answer.field("content-type") or b"").startswith(b"text/event-stream") is streamed
    assert read(dialect.name, answer).text == "a word\nüber 😀"
    assert not upstream.requests
    assert (flow()["status"], flow()["reason"]) == (200, "answered by the hook answers")


@dialects
def test_a_hook_answers_with_a_body_of_its_own(hooked: Daemon, upstream: Upstream, dialect: Dialect) -> None:
    answer = sent(hooked, dialect, "", (b"x-answer", b"body"))
    assert (answer.status, answer.body) == (203, b'{"own":1.0}')
    assert (answer.field("x-own"), answer.field("content-type")) == (b"yes", b"application/json")
    assert not upstream.requests


def test_the_credential_stays_with_what_a_hook_writes(hooked: Daemon, upstream: Upstream, agent: str) -> None:
    assert sent(hooked, OPENAI, agent).status == 200
    (seen,) = upstream.requests
    assert seen.field("authorization") == f"Bearer {token('openai')}".encode()


def test_a_hook_of_no_use_does_not_stop_the_start(start_daemon: StartDaemon, upstream: Upstream) -> None:
    known = {"p": provider("anthropic", upstream.url, "echo T")}
    started = start_daemon({"providers": known, "hooks": {"outbound": ["ccproxy.hooks.shape"]}})
    assert started.ask("POST", "/v1/messages", [ANTHROPIC.key("p"), override("-shape")], b"{}").status == 200
