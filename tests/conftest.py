"""Fixtures of the black-box tests: daemons as processes and upstreams that record."""

from __future__ import annotations

import gc
import os
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.support.configs import full
from tests.support.daemon import Daemon, Home
from tests.support.replies import reply
from tests.support.tls import Authority
from tests.support.upstream import Script, Upstream

type StartDaemon = Callable[..., Daemon]
type StartUpstream = Callable[..., Upstream]


def pytest_configure() -> None:
    """What runs in this process must not use the logins of whoever runs it. Daemons have a home of their own."""
    os.environ["CCPROXY_FIND_LOGINS"] = "false"


def pytest_collection_finish() -> None:
    """What collecting 15,000 tests made stays: tests that look for what they left behind need not go through it."""
    gc.freeze()


@pytest.fixture
def agent() -> str:
    """A user-agent of this test's own, by which its exchange is found in the record."""
    return f"test-{uuid.uuid4().hex}"


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """A certificate authority no machine trusts by itself."""
    return Authority(tmp_path_factory.mktemp("ca"))


@pytest.fixture(scope="session")
def shared_upstream() -> Iterator[Upstream]:
    """The upstream of the shared daemon; tests take it as `upstream`."""
    upstream = Upstream(reply())
    yield upstream
    upstream.stop()


@pytest.fixture
def upstream(shared_upstream: Upstream) -> Upstream:
    """The shared daemon's upstream with an empty record, answering 200 and `{}` until the test says otherwise."""
    shared_upstream.script = reply()
    shared_upstream.drop()
    shared_upstream.forget()
    return shared_upstream


@pytest.fixture(scope="session")
def daemon(shared_upstream: Upstream, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    """A running daemon that all tests may use which change nothing about it; its time limits are the defaults."""
    with Daemon(full(shared_upstream.url, tmp_path_factory.mktemp("tokens"))) as running:
        yield running


@pytest.fixture(scope="session")
def hasty_daemon(shared_upstream: Upstream, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    """The same with time limits of a second and a bound of 24 MiB for bodies."""
    limits = {
        "listener": {
            "header_timeout_seconds": 1,
            "body_timeout_seconds": 1,
            "keepalive_seconds": 2,
            "max_body_bytes": 24 * 1024 * 1024,
        },
        "transport": {"connect_timeout_seconds": 1, "first_byte_timeout_seconds": 1, "idle_timeout_seconds": 1},
    }
    with Daemon(full(shared_upstream.url, tmp_path_factory.mktemp("tokens")) | limits) as running:
        yield running


@pytest.fixture
def start_daemon() -> Iterator[StartDaemon]:
    """Starts daemons of the test's own: `start_daemon(config, env=…, home=…, inspector=…)`."""
    with ExitStack() as stack:

        def start(config: Mapping[str, Any], env: Mapping[str, str] | None = None, **options: Any) -> Daemon:
            return stack.enter_context(Daemon(config, env, **options))

        yield start


@pytest.fixture
def start_upstream() -> Iterator[StartUpstream]:
    """Starts upstreams of the test's own: `start_upstream(script, tls=…)`."""
    with ExitStack() as stack:

        def start(script: Script | None = None, **options: Any) -> Upstream:
            upstream = Upstream(script or reply(), **options)
            stack.callback(upstream.stop)
            return upstream

        yield start


@pytest.fixture
def home() -> Iterator[Home]:
    """A user's directories without a configuration file and without a daemon."""
    made = Home()
    yield made
    made.remove()


@pytest.fixture
def tokens(tmp_path: Path) -> Path:
    """Where a test's token files go."""
    folder = tmp_path / "tokens"
    folder.mkdir()
    return folder
