from __future__ import annotations

from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any

import pytest

from tests.support.tls import Authority
from tests.transport.peer import run_on

type Run = Callable[[Callable[[], Coroutine[Any, Any, None]]], None]


@pytest.fixture(params=["asyncio", "uvloop"])
def run(request: pytest.FixtureRequest) -> Run:
    """Runs a coroutine function on each of the two loops."""
    return partial(run_on, request.param)


@pytest.fixture
def trusted(authority: Authority, monkeypatch: pytest.MonkeyPatch) -> Authority:
    """The tests' certificate authority, trusted."""
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.ca_file))
    return authority
