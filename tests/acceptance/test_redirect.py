"""Appendix A, rows 2 to 4 and 8 to 11: what the provider sees of a request in its own format."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import StartDaemon
from tests.support.configs import provider, token, token_file
from tests.support.daemon import Daemon
from tests.support.dialects import ANTHROPIC, DIALECTS, SENTINEL, Dialect
from tests.support.replies import json_reply
from tests.support.upstream import Upstream

PLACES = {
    "x-api-key": (b"x-api-key", b"%s"),
    "x-goog-api-key": (b"x-goog-api-key", b"%s"),
    "bearer": (b"Authorization", b"Bearer %s"),
    "lower-case bearer": (b"authorization", b"bearer %s"),
    "authorization without a scheme": (b"authorization", b"%s"),
}
HIDDEN = {"x-api-key", "x-goog-api-key", "api-key", "proxy-authorization", "cookie"}


def test_A02_sentinel_becomes_a_bearer_token(daemon: Daemon, upstream: Upstream) -> None:
    headers = [
        ANTHROPIC.key(),
        (b"x-ccproxy-hooks", b"-shape"),
        (b"X-CCProxy-Flow-Id", b"abc"),
        (b"anthropic-version", b"2"),
    ]
    assert daemon.ask("POST", "/v1/messages", headers, ANTHROPIC.body()).status == 200
    (seen,) = upstream.requests
    assert seen.field("authorization") == f"Bearer {token('anthropic')}".encode()
    assert seen.field("anthropic-version") == b"2"
    assert seen.field("host") == f"127.0.0.1:{upstream.port}".encode()
    assert (seen.method, seen.target, seen.body) == ("POST", b"/v1/messages", ANTHROPIC.body())
    names = {name.decode().lower() for name, _ in seen.headers}
    assert not {name for name in names if name in HIDDEN or name.startswith("x-ccproxy")}


def test_A03_the_provider_names_the_header(start_daemon: StartDaemon, upstream: Upstream, tokens: Path) -> None:
    auth = token_file(tokens, "p") | {"header": "x-api-key"}
    started = start_daemon({"providers": {"p": provider("anthropic", upstream.url, auth)}})
    started.ask("POST", "/v1/messages", [(b"Authorization", f"Bearer {SENTINEL}p".encode())], ANTHROPIC.body())
    (seen,) = upstream.requests
    assert seen.field("x-api-key") == token("p").encode()
    assert seen.field("authorization") is None


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda dialect: dialect.name)
def test_A04_sentinel_in_each_header(daemon: Daemon, upstream: Upstream, dialect: Dialect, place: str) -> None:
    name, form = PLACES[place]
    key = (name, form % f"{SENTINEL}{dialect.name}".encode())
    assert daemon.ask("POST", dialect.target(), [key], dialect.body()).status == 200
    (seen,) = upstream.requests
    assert seen.field("authorization") == f"Bearer {token(dialect.name)}".encode()
    assert b"ccproxy" not in seen.raw


@pytest.mark.parametrize("query", ["key={}", "alt=sse&key={}", "key={}&alt=sse"])
def test_A04_sentinel_in_the_query(daemon: Daemon, upstream: Upstream, query: str) -> None:
    target = "/v1beta/models/m-1:generateContent?" + query.format(f"{SENTINEL}gemini")
    assert daemon.ask("POST", target, [], b"{}").status == 200
    (seen,) = upstream.requests
    kept = b"?alt=sse" if "alt" in query else b""
    assert seen.target == b"/v1beta/models/m-1:generateContent" + kept
    assert seen.field("authorization") == f"Bearer {token('gemini')}".encode()


def test_A08_get_through_a_rule_has_no_body(daemon: Daemon, upstream: Upstream) -> None:
    assert daemon.ask("GET", "/raw/files?after=1").status == 200
    (seen,) = upstream.requests
    assert (seen.method, seen.target, seen.body) == ("GET", b"/raw/files?after=1", b"")
    assert seen.field("content-length") is None
    assert seen.field("transfer-encoding") is None
    assert seen.raw.endswith(b"\r\n\r\n")


def test_A09_form_through_a_rule_is_identical(daemon: Daemon, upstream: Upstream) -> None:
    form = b"grant_type=refresh_token&token=%C3%A9+x&token=again&empty="
    headers = [(b"Content-Type", b"application/x-www-form-urlencoded")]
    assert daemon.ask("POST", "/raw/oauth/token", headers, form).status == 200
    (seen,) = upstream.requests
    assert seen.body == form
    assert seen.field("content-type") == b"application/x-www-form-urlencoded"
    assert seen.field("content-length") == b"%d" % len(form)


def test_A10_query_keeps_body_and_usage(daemon: Daemon, upstream: Upstream, agent: str) -> None:
    answer = {"type": "message", "role": "assistant", "content": [], "usage": {"input_tokens": 11, "output_tokens": 7}}
    upstream.script = json_reply(answer)
    headers = [ANTHROPIC.key(), (b"user-agent", agent.encode())]
    got = daemon.ask("POST", "/v1/messages?beta=true", headers, ANTHROPIC.body())
    assert got.json() == answer
    (seen,) = upstream.requests
    assert (seen.target, seen.body) == (b"/v1/messages?beta=true", ANTHROPIC.body())
    usage = daemon.flow(agent)["usage"]
    assert (usage["input_tokens"], usage["output_tokens"]) == (11, 7)


SUB_PATHS = [
    ("anthropic", "POST", "/v1/messages/count_tokens"),
    ("anthropic", "GET", "/v1/messages/batches/b_1/results?limit=2"),
    ("anthropic", "DELETE", "/v1/messages/batches/b_1"),
    ("openai", "GET", "/v1/chat/completions/c_1/messages"),
    ("openai_responses", "GET", "/v1/responses/resp_1?include%5B%5D=reasoning"),
    ("openai_responses", "POST", "/v1/responses/resp_1/cancel"),
    ("openai_responses", "DELETE", "/v1/responses/resp_1"),
    ("gemini", "POST", "/v1beta/models/m-1:countTokens"),
]


@pytest.mark.parametrize(("name", "method", "target"), SUB_PATHS, ids=[f"{m} {t}" for _, m, t in SUB_PATHS])
def test_A11_sub_paths_stay_sub_paths(daemon: Daemon, upstream: Upstream, name: str, method: str, target: str) -> None:
    key = (b"x-api-key", f"{SENTINEL}{name}".encode())
    body = b'{ "model": "m-1" }' if method == "POST" else None
    assert daemon.ask(method, target, [key], body).status == 200
    (seen,) = upstream.requests
    assert (seen.method, seen.target, seen.body) == (method, target.encode(), body or b"")


def test_A11_sub_paths_follow_the_providers_own_path(
    start_daemon: StartDaemon, upstream: Upstream, tokens: Path
) -> None:
    entry = provider("anthropic", upstream.url, token_file(tokens, "p"), path="/anthropic/v1/messages")
    started = start_daemon({"providers": {"p": entry}})
    for path in ("/v1/messages?beta=true", "/v1/messages/count_tokens?beta=true"):
        assert started.ask("POST", path, [ANTHROPIC.key("p")], ANTHROPIC.body()).status == 200
    targets = [seen.target for seen in upstream.requests]
    assert targets == [b"/anthropic/v1/messages?beta=true", b"/anthropic/v1/messages/count_tokens?beta=true"]


def test_A11_a_base_url_with_a_path_is_a_prefix(start_daemon: StartDaemon, upstream: Upstream, tokens: Path) -> None:
    entry = provider("openai", f"{upstream.url}/api/", token_file(tokens, "p"))
    started = start_daemon({"providers": {"p": entry}})
    key = (b"Authorization", f"Bearer {SENTINEL}p".encode())
    assert started.ask("POST", "/v1/chat/completions", [key], b"{}").status == 200
    (seen,) = upstream.requests
    assert seen.target == b"/api/v1/chat/completions"


@pytest.mark.parametrize("target", ["/v1/files?limit=2", "/v1/embeddings", "/api/tags", "/v1/audio/speech"])
def test_A11_other_paths_of_a_provider_are_its_own(daemon: Daemon, upstream: Upstream, target: str) -> None:
    key = (b"Authorization", f"Bearer {SENTINEL}openai".encode())
    assert daemon.ask("POST", target, [key], b"\x00\xff").status == 200
    (seen,) = upstream.requests
    assert (seen.target, seen.body) == (target.encode(), b"\x00\xff")
    assert seen.field("authorization") == f"Bearer {token('openai')}".encode()
