"""Appendix A, rows 5 to 7: requests that go nowhere say why, in the client's own dialect."""

from __future__ import annotations

import time

import pytest

from tests.support.daemon import Daemon
from tests.support.dialects import DIALECTS, OPENAI, Dialect
from tests.support.http import request_bytes
from tests.support.upstream import Upstream

pytestmark = pytest.mark.parametrize("dialect", DIALECTS, ids=lambda dialect: dialect.name)
CAUSES = {
    "fails": ("3", "the vault is locked"),
    "hangs": ("time", "1"),
    "silent": ("nothing",),
    "missing": ("no-such.token",),
}


def test_A05_unknown_provider(daemon: Daemon, upstream: Upstream, dialect: Dialect, agent: str) -> None:
    headers = [dialect.key("nobody"), (b"user-agent", agent.encode())]
    answer = daemon.ask("POST", dialect.target(), headers, dialect.body())
    assert "nobody" in dialect.error(answer, 401)
    assert not upstream.requests
    record = daemon.flow(agent)
    assert record["status"] == 401
    assert "nobody" in record["error"]["message"]


@pytest.mark.parametrize("cause", CAUSES)
def test_A05_failing_source(daemon: Daemon, upstream: Upstream, dialect: Dialect, cause: str, agent: str) -> None:
    name = f"{dialect.name}-{cause}"
    headers = [dialect.key(name), (b"user-agent", agent.encode())]
    begun = time.monotonic()
    message = dialect.error(daemon.ask("POST", dialect.target(), headers, dialect.body()), 401)
    assert time.monotonic() - begun < 4.5
    assert name in message
    assert all(part in message for part in CAUSES[cause]), message
    assert not upstream.requests
    assert daemon.flow(agent)["error"]["message"]
    daemon.healthy()


def test_A06_no_sentinel_and_no_rule(daemon: Daemon, upstream: Upstream, dialect: Dialect, agent: str) -> None:
    headers = [(b"x-api-key", b"sk-ant-real"), (b"user-agent", agent.encode())]
    answer = daemon.ask("POST", dialect.target(), headers, dialect.body())
    message = dialect.error(answer, 501)
    assert "sk-ant-oat-ccproxy-" in message, "the message names what was looked for"
    assert "sk-ant-real" not in message
    assert not upstream.requests
    assert daemon.flow(agent)["status"] == 501
    if dialect is OPENAI:
        assert answer.json()["error"]["type"] == "not_implemented_error"


def test_A07_passthrough_without_a_destination(daemon: Daemon, upstream: Upstream, dialect: Dialect) -> None:
    """On the reverse listener a passed-through request has no destination, unless the rule names one."""
    if dialect is OPENAI:
        answer = daemon.ask("POST", "/kept/x", [dialect.key()], b"{}")
        assert answer.status == 501
        assert "dest_" in answer.json()["error"]["message"]
        assert not upstream.requests
    request = request_bytes("POST", dialect.target(), [dialect.key()], dialect.body(), host="passthrough.test")
    with daemon.client() as client:
        client.send(request)
        assert "dest_" in dialect.error(client.response(), 501)
    assert not upstream.requests


def test_A07_another_format_is_not_sent_as_it_is(daemon: Daemon, upstream: Upstream, dialect: Dialect) -> None:
    """It is translated; the upstream's `{}` is no answer of any format."""
    for other in DIALECTS:
        if other is not dialect:
            upstream.forget()
            answer = daemon.ask("POST", dialect.target(), [dialect.key(other.name)], dialect.body())
            assert dialect.error(answer, 502)
            (seen,) = upstream.requests
            assert seen.target == other.target().encode()
            assert seen.body != dialect.body()


def test_A07_what_has_no_counterpart_is_not_sent_at_all(daemon: Daemon, upstream: Upstream, dialect: Dialect) -> None:
    other = next(each for each in DIALECTS if each is not dialect)
    target = dialect.target().replace("generateContent", "embedContent")
    target += "" if "embedContent" in target else "/resp_1/cancel"
    message = dialect.error(daemon.ask("POST", target, [dialect.key(other.name)], dialect.body()), 501)
    assert other.name in message
    assert not upstream.requests
