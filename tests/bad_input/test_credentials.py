"""Credentials go where they belong, and nowhere else."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.conftest import StartDaemon, StartUpstream
from tests.support.configs import provider, token_file
from tests.support.daemon import Daemon
from tests.support.dialects import ANTHROPIC, DIALECTS, SENTINEL, Dialect
from tests.support.http import request_bytes
from tests.support.tls import Authority
from tests.support.upstream import Upstream

SECRETS = {
    "authorization": [(b"Authorization", b"Bearer sk-secret-1")],
    "x-api-key": [(b"X-Api-Key", b"sk-secret-2")],
    "x-goog-api-key": [(b"x-goog-api-key", b"AIza-secret-3")],
    "api-key": [(b"api-key", b"secret-4")],
    "cookie": [(b"Cookie", b"sessionKey=secret-5"), (b"cookie", b"b=secret-6")],
    "proxy-authorization": [(b"Proxy-Authorization", b"Basic secret-7")],
    "twice": [(b"x-api-key", b"secret-8"), (b"X-API-KEY", b"secret-9"), (b"authorization", b"Bearer secret-0")],
}


@pytest.mark.parametrize("place", SECRETS)
@pytest.mark.parametrize("host", ["x", "rename.test"])
@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda dialect: dialect.name)
def test_no_other_credential_travels_with_a_sentinel_or_a_rule(
    daemon: Daemon, upstream: Upstream, dialect: Dialect, place: str, host: str
) -> None:
    key = [] if host == "rename.test" or place == "twice" else [dialect.key()]
    sentinel = [(b"x-goog-api-key", f"{SENTINEL}{dialect.name}".encode())] if place == "twice" and host == "x" else []
    headers = [*SECRETS[place], *key, *sentinel]
    if key and any(name.lower() == key[0][0].lower() for name, _ in SECRETS[place]):
        headers = [*SECRETS[place], (b"x-goog-api-key" if place != "x-goog-api-key" else b"x-api-key", key[0][1])]
        headers[-1] = (headers[-1][0], f"{SENTINEL}{dialect.name}".encode())
    with daemon.client() as client:
        client.send(request_bytes("POST", dialect.target(), headers, dialect.body(), host=host))
        assert client.response().status == 200
    (seen,) = upstream.requests
    assert b"secret-" not in seen.raw
    assert b"ccproxy" not in seen.raw
    assert [value for name, value in seen.headers if name.lower() == b"authorization"] == [
        f"Bearer token-{dialect.name}".encode()
    ]


@pytest.mark.parametrize(
    "target",
    [
        "/v1beta/models/m-1:generateContent?key=AIza-secret",
        "/v1beta/cachedContents?pageSize=2&key=AIza-secret",
        "/v1beta/files?access_token=AIza-secret",
        "/v1beta/models/m-1:streamGenerateContent?key=AIza-secret&alt=sse",
    ],
)
def test_no_key_in_the_query_travels(daemon: Daemon, upstream: Upstream, target: str) -> None:
    with daemon.client() as client:
        client.send(request_bytes("POST", target, [], b"{}", host="rename.test"))
        assert client.response().status == 200
    (seen,) = upstream.requests
    assert b"secret" not in seen.raw


def test_neither_sentinel_nor_token_is_logged_or_recorded(daemon: Daemon, upstream: Upstream, agent: str) -> None:
    headers = [ANTHROPIC.key(), (b"user-agent", agent.encode()), (b"cookie", b"secret=tasty")]
    assert daemon.ask("POST", "/v1/messages?beta=true", headers, ANTHROPIC.body()).status == 200
    flow = daemon.flow(agent)
    logs = daemon.output + "".join(file.read_text() for file in daemon.home.root.rglob("*.log"))
    for text in (str(flow), logs):
        assert "token-anthropic" not in text
        assert "tasty" not in text
    assert f"{SENTINEL}anthropic" not in logs


def test_a_credential_in_a_header_of_any_name_is_not_shown(daemon: Daemon, upstream: Upstream, agent: str) -> None:
    headers = [ANTHROPIC.key("odd"), (b"user-agent", agent.encode())]
    assert daemon.ask("POST", "/v1/messages", headers, ANTHROPIC.body()).status == 200
    assert b"x-pass: token-odd" in upstream.requests[-1].raw
    assert "token-odd" not in str(daemon.flow(agent))


def test_a_sentinel_that_leads_nowhere_stays_here(daemon: Daemon, upstream: Upstream) -> None:
    for path in ("/v1/messages", "/raw/x", "/nowhere"):
        daemon.ask("POST", path, [ANTHROPIC.key("nobody")], b"{}")
    assert all(b"ccproxy" not in seen.raw for seen in upstream.requests)


@pytest.mark.parametrize("trusted", [True, False], ids=["trusted", "not trusted"])
def test_upstream_certificates_are_verified(
    start_daemon: StartDaemon,
    start_upstream: StartUpstream,
    authority: Authority,
    tokens: Path,
    trusted: bool,
    agent: str,
) -> None:
    upstream = start_upstream(tls=authority.server_context())
    config = {"providers": {"anthropic": provider("anthropic", upstream.url, token_file(tokens, "anthropic"))}}
    daemon = start_daemon(config, {"SSL_CERT_FILE": str(authority.ca_file)} if trusted else {})
    headers = [ANTHROPIC.key(), (b"user-agent", agent.encode())]
    answer = daemon.ask("POST", "/v1/messages", headers, ANTHROPIC.body())
    if trusted:
        assert answer.status == 200
        assert upstream.requests[-1].field("authorization") == b"Bearer token-anthropic"
        return
    assert "certificate" in ANTHROPIC.error(answer, 502)
    assert not upstream.requests
    assert "certificate" in daemon.flow(agent)["error"]["message"]


@pytest.fixture
def slow_daemon(start_daemon: StartDaemon, upstream: Upstream, tmp_path: Path) -> tuple[Daemon, Path]:
    """A daemon whose credential command takes three seconds and leaves a line in a file each time it runs."""
    runs = tmp_path / "runs"
    command = f"echo run >> {runs}; sleep 3; echo T"
    entries = {"slow": provider("anthropic", upstream.url, command)}
    return start_daemon({"providers": entries}), runs


def test_a_slow_command_blocks_nobody_and_runs_once(slow_daemon: tuple[Daemon, Path], upstream: Upstream) -> None:
    daemon, runs = slow_daemon
    with ThreadPoolExecutor(8) as pool:
        waiting = [
            pool.submit(daemon.ask, "POST", "/v1/messages", [ANTHROPIC.key("slow")], ANTHROPIC.body()) for _ in range(8)
        ]
        time.sleep(0.3)
        for _ in range(10):
            begun = time.monotonic()
            assert daemon.ask("GET", "/health").status == 200
            assert time.monotonic() - begun < 1.5
        assert [future.result().status for future in waiting] == [200] * 8
    assert runs.read_text() == "run\n"
    begun = time.monotonic()
    assert daemon.ask("POST", "/v1/messages", [ANTHROPIC.key("slow")], ANTHROPIC.body()).status == 200
    assert time.monotonic() - begun < 2.5, "the result is cached"
    assert runs.read_text() == "run\n"


def test_a_changed_file_is_read_again(start_daemon: StartDaemon, upstream: Upstream, tokens: Path) -> None:
    daemon = start_daemon({"providers": {"p": provider("anthropic", upstream.url, token_file(tokens, "p"))}})
    for value in ("one", "another one"):
        (tokens / "p.token").write_text(f"  {value}\n")
        assert daemon.ask("POST", "/v1/messages", [ANTHROPIC.key("p")], b"{}").status == 200
    seen = [request.field("authorization") for request in upstream.requests]
    assert seen == [b"Bearer one", b"Bearer another one"]
