"""Which addresses a stranger's URL may lead to: held against a second opinion (R2, W-SEC-14)."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Sequence
from contextlib import suppress
from ipaddress import ip_address

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ccproxy.auth import OutsideError
from ccproxy.config import Config
from ccproxy.transport.outside import Outside
from ccproxy.transport.public_addresses import is_public
from ccproxy.transport.ways import Ways
from tests.transport.peer import Link, Peer
from tests.transport.special_addresses import METADATA, V4, V6, is_private

LOOPBACK = "127.0.0.1"
REFUSED = [
    *("127.0.0.1", "0.0.0.0", "10.1.2.3", "100.64.0.1", "169.254.1.1", "172.31.0.1", "192.168.1.1", "255.255.255.255"),
    *("224.0.0.1", "239.255.255.250", "240.0.0.1", "192.0.0.9", "192.88.99.1", "192.175.48.1", "198.18.0.1"),
    *("::", "::1", "::7f00:1", "fe80::1", "fe80::1%eth0", "fec0::1", "fd00::1", "ff02::1", "ff0e::1", "100::1"),
    *("::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:0:7f00:1", "64:ff9b::a00:1", "64:ff9b:1::1.1.1.1"),
    *("2002:7f00:1::", "2002:0101:0101::1", "2001:0:101:101::fefe:fefe", "2001:db8::1", "3fff::1", "2001:20::1"),
    *("5f00::1", "4000::1", "2606:4700::5efe:10.0.0.1", "2606:4700::200:5efe:7f00:1", "2606:4700::1%1"),
    *METADATA,
]
TAKEN = ["1.1.1.1", "93.184.215.14", "172.32.0.1", "2606:4700::1111", "::ffff:1.1.1.1", "64:ff9b::101:101"]


@pytest.mark.parametrize("address", REFUSED)
def test_what_is_not_public(address: str) -> None:
    assert not is_public(ip_address(address))


@pytest.mark.parametrize("address", TAKEN)
def test_what_is(address: str) -> None:
    assert is_public(ip_address(address))
    assert not is_private(address)


def v4_text(value: int) -> str:
    return socket.inet_ntop(socket.AF_INET, value.to_bytes(4))


def v6_text(value: int) -> str:
    return socket.inet_ntop(socket.AF_INET6, value.to_bytes(16))


def within(prefix: str, length: int) -> st.SearchStrategy[str]:
    """Addresses of a network, and those just outside of it."""
    family, bits = (socket.AF_INET6, 128) if ":" in prefix else (socket.AF_INET, 32)
    first, size = int.from_bytes(socket.inet_pton(family, prefix)), 1 << (bits - length)
    values = st.integers(max(first - 2, 0), min(first + size + 1, (1 << bits) - 1))
    return values.map(v6_text if bits == 128 else v4_text)


FOURS = st.one_of(st.integers(0, 2**32 - 1).map(v4_text), *(within(*row) for row in V4), st.just(LOOPBACK))
WRAPPERS = ("::{}", "::ffff:{}", "::ffff:0:{}", "64:ff9b::{}", "64:ff9b:1::{}", "2606:4700::5efe:{}", "fe80::5efe:{}")
SIXES = st.one_of(
    st.integers(0, 2**128 - 1).map(v6_text),
    st.integers(2**125, 2**126 - 1).map(v6_text),
    *(within(*row) for row in V6),
    st.builds(lambda form, four: form.format(four), st.sampled_from(WRAPPERS), FOURS),
    st.integers(0, 2**32 - 1).map(lambda four: v6_text(0x2002 << 112 | four << 80 | 1)),
)
ORDINARY = st.integers(11 << 24, (100 << 24) - 1).map(v4_text)
ADDRESSES = st.one_of(FOURS, SIXES, ORDINARY, st.sampled_from([*METADATA, *TAKEN]))


@settings(max_examples=2000, deadline=None)
@given(ADDRESSES)
def test_nothing_is_public_that_another_judge_calls_private(address: str) -> None:
    assert not (is_public(ip_address(address)) and is_private(address))


@settings(max_examples=1000, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_an_ordinary_address_is_public(value: int) -> None:
    """Or nothing would ever be fetched."""
    text = v4_text(value)
    relayed = text.startswith(("192.31.196.", "192.52.193.", "192.175.48."))
    assert is_public(ip_address(text)) or is_private(text) or relayed


def test_no_private_address_is_ever_connected_to() -> None:
    """By the whole way there, whatever a name resolves to or a URL says.

    A proxy on this machine writes down every address that would have been connected to: no datagram leaves.
    """
    asked: list[str] = []
    answers: list[Sequence[str]] = [[]]

    async def serve(link: Link) -> None:
        asked.append((await link.head()).target.decode())
        await link.send(b"HTTP/1.1 403 No\r\n\r\n")

    async def resolve(host: str, port: int) -> Sequence[str]:
        return answers[0]

    async def asking(outside: Outside, url: str) -> None:
        with suppress(OutsideError):
            await outside.get(url, 1, 5)

    with asyncio.Runner() as runner:
        proxy = Peer(serve)
        runner.run(proxy.__aenter__())
        outside = Outside(Ways(Config.model_validate({"transport": {"proxy": str(proxy.origin)}}), {}), resolve=resolve)

        @settings(max_examples=300, deadline=None)
        @given(st.lists(ADDRESSES, min_size=1, max_size=2), ADDRESSES)
        def look(found: list[str], literal: str) -> None:
            answers[0] = found
            asked.clear()
            runner.run(asking(outside, "https://name.example/"))
            runner.run(asking(outside, f"https://[{literal}]/" if ":" in literal else f"https://{literal}/"))
            told = [text.removesuffix(":443").strip("[]") for text in asked]
            assert [text for text in told if is_private(text)] == []
            if any(map(is_private, found)):
                assert len(told) <= 1, "one private address is enough for none to be asked"
            seen.update(told)

        seen: set[str] = set()
        look()
        runner.run(proxy.__aexit__())
    assert len(seen) > 10, "there were some to connect to"
