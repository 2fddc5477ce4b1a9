"""What is special about an address, against the standard library's tables."""

from __future__ import annotations

import json
import subprocess
import sys
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccproxy.fronts.interceptor.addresses import OwnAddresses, special, spellings

INTERNET = [
    *(
        "198.51.100.7",
        "203.0.113.9",
        "192.0.2.1",
        "198.18.0.1",
        "198.19.255.255",
        "8.8.8.8",
        "1.1.1.1",
        "100.63.255.255",
    ),
    *("100.128.0.0", "172.15.255.255", "172.32.0.0", "169.253.0.1", "223.255.255.255", "2001:db8::1", "2606:4700::1"),
]
DENIED = [
    ("10.0.0.1", "a private address"),
    ("172.16.0.1", "a private address"),
    ("192.168.1.1", "a private address"),
    ("100.64.0.1", "a carrier's private address"),
    ("127.0.0.1", "a loopback address"),
    ("127.8.8.8", "a loopback address"),
    ("0.0.0.0", "an unspecified address"),
    ("0.1.2.3", "an unspecified address"),
    ("169.254.1.1", "a link-local address"),
    ("169.254.169.254", "the cloud's metadata service"),
    ("fd00:ec2::254", "the cloud's metadata service"),
    ("224.0.0.251", "a multicast address"),
    ("240.0.0.1", "a reserved address"),
    ("255.255.255.255", "a reserved address"),
    ("::", "an unspecified address"),
    ("::1", "a loopback address"),
    ("fe80::1", "a link-local address"),
    ("fc00::1", "a private address"),
    ("fec0::1", "a private address"),
    ("ff02::1", "a multicast address"),
    ("100::1", "a reserved address"),
    ("4000::1", "a reserved address"),
]
DISGUISES = [
    "::ffff:10.0.0.1",
    "::10.0.0.1",
    "::ffff:0:10.0.0.1",
    "64:ff9b::10.0.0.1",
    "2002:a00:1::1",
    "2002:a00:1:0:0:0:8.8.8.8",
    "2001:0:a00:1::f7f7:f7f7",
    "2001:0:808:808::f5ff:fffe",
    "2001:db8::5efe:10.0.0.1",
    "2001:db8::200:5efe:10.0.0.1",
]
DOCUMENTS = [ip_network(text) for text in ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "198.18.0.0/15")]
GLOBAL_IN_RESERVED = [ip_network("192.0.0.0/24"), ip_network("192.88.99.0/24"), ip_network("168.63.129.16/32")]


def words(text: str) -> list[str]:
    return [word for spelt in spellings(ip_address(text)) if (word := special(spelt))]


@pytest.mark.parametrize("text", INTERNET)
def test_the_internet(text: str) -> None:
    assert words(text) == []


@pytest.mark.parametrize(("text", "word"), DENIED, ids=[text for text, _ in DENIED])
def test_what_is_not(text: str, word: str) -> None:
    assert word in words(text)


@pytest.mark.parametrize("text", DISGUISES)
def test_a_private_address_in_disguise(text: str) -> None:
    assert "a private address" in words(text)


@given(number=st.integers(0, 2**32 - 1))
def test_v4_as_the_standard_library_says(number: int) -> None:
    address = IPv4Address(number)
    if any(address in network for network in GLOBAL_IN_RESERVED):
        assert special(address)
        return
    shared = address in ip_network("100.64.0.0/10")
    expected = address.is_private or address.is_multicast or address.is_reserved or shared
    expected = expected and not any(address in network for network in DOCUMENTS)
    assert bool(special(address)) is expected


@given(number=st.integers(0, 2**128 - 1), top=st.sampled_from([None, 0x2, 0x3]))
def test_v6_is_the_internet_only_where_the_iana_gives_it_out(number: int, top: int | None) -> None:
    if top is not None:
        number = number & (2**124 - 1) | top << 124
    address = IPv6Address(number)
    if address.is_global and not address.is_multicast and not address.is_reserved and not address.is_site_local:
        assert not special(address) or address in ip_network("2001:20::/28")
    if number >> 125 != 1 and not address.ipv4_mapped:
        assert special(address)


@given(number=st.integers(0, 2**32 - 1), low=st.integers(0, 2**80 - 1))
def test_every_way_to_write_an_ipv4_address_into_an_ipv6_one(number: int, low: int) -> None:
    inner = IPv4Address(number)
    ways = [
        (0xFFFF << 32) | number,
        (0x0064FF9B << 96) | number,
        (0x2002 << 112) | number << 80 | low,
        (0x20010000 << 96) | number << 64 | low & (2**64 - 1),
        (0x20010000 << 96) | (low & (2**32 - 1)) << 64 | number ^ 0xFFFFFFFF,
    ]
    for way in ways:
        assert inner in set(spellings(IPv6Address(way)))


def test_own_addresses_are_read_once_in_a_while() -> None:
    reads = 0

    def read() -> list[IPv4Address]:
        nonlocal reads
        reads += 1
        return [IPv4Address("198.51.100.7")]

    own = OwnAddresses(read, seconds=1000.0)
    assert ip_address("198.51.100.7") in own
    assert ip_address("198.51.100.8") not in own
    assert reads == 1


def test_own_addresses_that_cannot_be_read_stay_as_they_were(caplog: pytest.LogCaptureFixture) -> None:
    answers = iter([[IPv4Address("198.51.100.7")]])

    def read() -> list[IPv4Address]:
        for answer in answers:
            return answer
        raise PermissionError("no netlink")

    own = OwnAddresses(read, seconds=0.0)
    assert ip_address("198.51.100.7") in own
    assert ip_address("198.51.100.7") in own
    assert "cannot be read: no netlink" in caplog.text


INSIDE = """
import json, subprocess
from ccproxy.fronts.interceptor.interfaces import interface_addresses
run = lambda text: subprocess.run(text.split(), check=True)
found = [sorted(map(str, interface_addresses()))]
run("ip link set lo up")
run("ip addr add 198.51.100.7/32 dev lo")
run("ip -6 addr add 2001:db8::7/128 dev lo")
run("ip route add local 198.18.0.0/15 dev lo")
run("ip tuntap add mode tun name d0")
run("ip addr add 203.0.113.1 peer 203.0.113.2 dev d0")
for number in range(256):
    run(f"ip addr add 192.0.2.{number}/32 dev d0")
found.append(sorted(map(str, interface_addresses())))
print(json.dumps(found))
"""


@pytest.mark.jail
def test_the_kernels_own_addresses() -> None:
    """A route that takes addresses in does not make them this machine's own."""
    command = ["unshare", "-rn", sys.executable, "-c", INSIDE]
    done = subprocess.run(command, capture_output=True, timeout=50, cwd=Path(__file__).parents[4], check=True)
    before, after = json.loads(done.stdout)
    assert before == []
    dummies = {f"192.0.2.{number}" for number in range(256)}
    assert set(after) == {"127.0.0.1", "::1", "198.51.100.7", "2001:db8::7", "203.0.113.1"} | dummies
