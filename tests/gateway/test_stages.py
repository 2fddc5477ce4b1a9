"""Which clients may say something about hooks (W-SEC-8), also from addresses that this machine has not."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from ipaddress import IPv4Address, IPv6Address
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccproxy.assembly import House
from ccproxy.config import Config
from ccproxy.exchange import Exchange, HttpRequest
from ccproxy.gateway.reply import Reply
from ccproxy.gateway.stages import Who, may_override
from tests.support.dialects import DIALECTS, Dialect
from tests.support.http import Header, Response

NEAR = ["127.0.0.1", "127.9.8.7", "::1", "::1%lo", "::ffff:127.0.0.1", "0:0:0:0:0:0:0:1"]
FAR = ["192.0.2.7", "10.0.0.1", "0.0.0.0", "::", "fe80::1%eth0", "::ffff:192.0.2.7", "2001:db8::1", "128.0.0.1"]
NOWHERE = ["", "localhost", "127.0.0.1.example", "127.0.0.1:80", "127.1", "unix"]


@pytest.mark.parametrize("host", NEAR)
def test_this_machine(host: str) -> None:
    assert may_override("loopback", (host, 1))
    assert may_override("anybody", (host, 1))
    assert not may_override("nobody", (host, 1))


@pytest.mark.parametrize("host", [*FAR, *NOWHERE])
def test_others(host: str) -> None:
    assert not may_override("loopback", (host, 1))
    assert may_override("anybody", (host, 1))
    assert not may_override("nobody", (host, 1))


def test_a_client_that_has_no_address() -> None:
    assert [may_override(who, None) for who in WHO] == [False, True, False]


WHO: tuple[Who, ...] = ("loopback", "anybody", "nobody")
ADDRESSES = st.one_of(st.ip_addresses(v=4), st.ip_addresses(v=6))


@given(ADDRESSES)
def test_any_address(address: IPv4Address | IPv6Address) -> None:
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    assert may_override("loopback", (str(address), 1)) is (mapped or address).is_loopback
    if isinstance(address, IPv4Address):
        assert may_override("loopback", (f"::ffff:{address}", 1)) is address.is_loopback


PRETENCES: list[Header] = [
    (b"X-Forwarded-For", b"127.0.0.1"),
    (b"Forwarded", b"for=127.0.0.1"),
    (b"X-Real-IP", b"127.0.0.1"),
    (b"Host", b"localhost"),
]


@pytest.mark.parametrize("said", [b"-verbose_mode", b"-inject_auth", b"", b"-no_such"])
@pytest.mark.parametrize("host", ["192.0.2.7", "2001:db8::1"])
@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda dialect: dialect.name)
def test_a_request_from_elsewhere_is_refused_in_its_dialect(dialect: Dialect, host: str, said: bytes) -> None:
    reply = handled(dialect, (host, 4711), (b"X-CCPROXY-Hooks", said))
    message = dialect.error(response(reply), 403)
    assert "x-ccproxy-hooks" in message
    assert "hooks.overrides_from" in message


@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda dialect: dialect.name)
def test_and_else_goes_on(dialect: Dialect) -> None:
    assert handled(dialect, ("192.0.2.7", 4711)).status == 200
    override = (b"x-ccproxy-hooks", b"-verbose_mode")
    assert handled(dialect, ("192.0.2.7", 4711), override, overrides_from="anybody").status == 200
    assert handled(dialect, ("::1", 4711), override).status == 200


def handled(dialect: Dialect, client: tuple[str, int], *fields: Header, **hooks: Any) -> Reply:
    """What a gateway before the simulator replies."""

    async def main() -> Reply:
        known = {"sim": {"type": "simulator"}}
        house = House(Config.model_validate({"providers": known, "hooks": {"hooks_dir": None} | hooks}))
        headers = [dialect.key("sim"), *fields, *PRETENCES]
        request = HttpRequest("POST", dialect.target().encode(), headers, dialect.body())
        reply = await house.gateway.handle(Exchange(request, client=client))
        await house.transport.close()
        return reply

    return run(main())


def run[T](coroutine: Coroutine[Any, Any, T]) -> T:
    with asyncio.Runner() as runner:
        return runner.run(coroutine)


def response(reply: Reply) -> Response:
    assert isinstance(reply.body, bytes)
    return Response(reply.status, reply.reason or b"", reply.headers, [(0.0, reply.body)])
