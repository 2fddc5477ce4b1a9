"""The stand of the native tests, with a jail's rules before its recorder."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from ccproxy.config.jail import Jail as Settings
from ccproxy.exchange import Process
from ccproxy.fronts.interceptor.addresses import OwnAddresses
from ccproxy.fronts.interceptor.jail import Jail
from ccproxy.fronts.interceptor.policy import Policy
from ccproxy.jail.ticket import Request
from tests.fronts.interceptor.native.stand import Stand
from tests.support.tls import Authority

LOOPBACK = ["127.0.0.0/8", "::1"]

type Told = list[tuple[str, str]]
type MakePolicy = Callable[..., tuple[Policy, Told]]


@pytest.fixture(scope="session")
def stand(tmp_path_factory: pytest.TempPathFactory, authority: Authority) -> Iterator[Stand]:
    made = Stand(tmp_path_factory.mktemp("mitmproxy"), authority.ca_file)
    yield made
    made.stop()


@pytest.fixture
def policy() -> MakePolicy:
    return make_policy


def make_policy(
    only: tuple[str, ...] = (), deny: tuple[str, ...] = (), own: list[str] | None = None, **settings: Any
) -> tuple[Policy, Told]:
    """The rules of a jail: its own `only` and `deny`, and what the configuration says."""
    told: Told = []
    request = Request("test", ("command",), 4242, only_hosts=only, deny_hosts=deny)
    jail = Jail("test", Process(("command",), 4242), request)
    made = Settings.model_validate({"allow_addresses": LOOPBACK} | settings)
    return Policy(jail, made, OwnAddresses(), on_blocked=lambda *said: told.append(said)), told
