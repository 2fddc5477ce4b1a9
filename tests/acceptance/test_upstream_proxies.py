"""Providers behind an upstream proxy: by their own setting, by the general one, by the environment."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import StartDaemon
from tests.support.configs import provider, token, token_file
from tests.support.daemon import Daemon
from tests.support.dialects import OPENAI
from tests.support.http import Response
from tests.support.replies import reply
from tests.support.upstream import Upstream

SECRET = "hush-hush"
HEARD = b"Basic " + base64.b64encode(f"me:{SECRET}".encode())


def config(folder: Path, url: str, **more: Any) -> dict[str, Any]:
    return {"providers": {"openai": provider("openai", url, token_file(folder, "openai"), **more)}}


def post(daemon: Daemon) -> Response:
    return daemon.ask("POST", OPENAI.target(), [OPENAI.key()], OPENAI.body())


def proxy_url(upstream: Upstream) -> str:
    return f"http://me:{SECRET}@127.0.0.1:{upstream.port}"


@pytest.mark.parametrize("place", ["provider", "transport", "environment"])
def test_a_provider_by_a_proxy(start_daemon: StartDaemon, upstream: Upstream, tmp_path: Path, place: str) -> None:
    """The proxy gets its own credentials and the provider's; neither is in the record."""
    own = {"proxy": proxy_url(upstream)} if place == "provider" else {}
    general = {"transport": {"proxy": proxy_url(upstream)}} if place == "transport" else {}
    env = {"http_proxy": proxy_url(upstream)} if place == "environment" else {}
    daemon = start_daemon(config(tmp_path, "http://api.test:8080/base", **own) | general, env=env)
    answer = post(daemon)
    assert (answer.status, answer.body) == (200, b"{}")
    (seen,) = upstream.requests
    assert seen.target == b"http://api.test:8080/base/v1/chat/completions"
    assert seen.field("host") == b"api.test:8080"
    assert seen.field("proxy-authorization") == HEARD
    assert seen.field("authorization") == f"Bearer {token('openai')}".encode()
    assert SECRET not in str(daemon.flows()) + daemon.output


def test_direct_means_direct(start_daemon: StartDaemon, upstream: Upstream, tmp_path: Path) -> None:
    """And what is on this machine is never asked of a proxy that the environment names."""
    for more in ({"proxy": "direct"}, {}):
        daemon = start_daemon(
            config(tmp_path, upstream.url, **more), env={"http_proxy": "http://127.0.0.1:9", "ALL_PROXY": "nonsense:"}
        )
        assert post(daemon).status == 200


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_proxy_that_refuses(start_daemon: StartDaemon, upstream: Upstream, tmp_path: Path, scheme: str) -> None:
    """The client learns which proxy and why, in its own dialect, and never the password."""
    upstream.script = reply(407, [], b"", b"Proxy Authentication Required")
    daemon = start_daemon(config(tmp_path, f"{scheme}://api.test", proxy=proxy_url(upstream)))
    message = OPENAI.error(post(daemon), 502)
    assert message == f"the proxy http://127.0.0.1:{upstream.port} asks for other credentials (407)"
    assert len(upstream.requests) == 1
    assert SECRET not in str(daemon.flows()) + daemon.output


def test_a_variable_that_holds_no_proxy(start_daemon: StartDaemon, tmp_path: Path) -> None:
    """It is not gone around: whoever set it wants a proxy."""
    env = {"HTTPS_PROXY": f"gopher://me:{SECRET}@127.0.0.1"}
    daemon = start_daemon(config(tmp_path, "https://api.test"), env=env)
    for _ in range(2):
        assert "HTTPS_PROXY" in OPENAI.error(post(daemon), 502)
    assert SECRET not in str(daemon.flows()) + daemon.output
