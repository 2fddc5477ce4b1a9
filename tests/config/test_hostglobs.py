"""Patterns of hosts, against oracles that share no code with them."""

from __future__ import annotations

import fnmatch
from ipaddress import IPv4Address, IPv6Address, ip_address

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from ccproxy.config.hostglobs import HostGlob, as_address, canonical, parse

LABEL = st.text("abAB12-", min_size=1, max_size=4)
NAME = st.lists(LABEL, min_size=1, max_size=4).map(".".join)
GLOB = st.lists(st.text("abAB12-*?", min_size=1, max_size=4), min_size=1, max_size=4).map(".".join)

MATCHES = [
    ("api.example.com", "api.example.com", True),
    ("api.example.com", "API.Example.COM.", True),
    ("API.example.com.", "api.example.com", True),
    ("api.example.com", "xapi.example.com", False),
    ("api.example.com", "apixexample.com", False),
    ("*.example.com", "a.example.com", True),
    ("*.example.com", "a.b.example.com", True),
    ("*.example.com", "example.com", False),
    ("*.example.com", "badexample.com", False),
    ("*.example.com", "a.example.com.evil.example", False),
    ("*example.com", "badexample.com", True),
    ("api-?.example.com", "api-1.example.com", True),
    ("api-?.example.com", "api-12.example.com", False),
    ("*", "anything.example", True),
    ("bücher.example", "xn--bcher-kva.example", True),
    ("xn--bcher-kva.example", "BÜCHER.example", True),
    ("*.bücher.example", "a.xn--bcher-kva.example", True),
    ("bücher.example", "bücher。example", True),
    ("_dmarc.example.com", "_dmarc.example.com", True),
    ("192.0.2.7", "192.0.2.7.example", False),
]


@pytest.mark.parametrize(("glob", "name", "matches"), MATCHES)
def test_names(glob: str, name: str, matches: bool) -> None:
    assert parse(glob).matches_name(canonical(name)) is matches


@pytest.mark.parametrize(
    ("text", "port", "address"),
    [
        ("a.example:8443", 8443, None),
        ("a.example", None, None),
        ("192.0.2.7:53", 53, "192.0.2.7"),
        ("2001:db8::1", None, "2001:db8::1"),
        ("[2001:db8::1]", None, "2001:db8::1"),
        ("[2001:DB8:0::1]:443", 443, "2001:db8::1"),
        ("::ffff:192.0.2.7", None, "192.0.2.7"),
        ("[::ffff:c000:207]:80", 80, "192.0.2.7"),
        ("*:22", 22, None),
    ],
)
def test_parts(text: str, port: int | None, address: str | None) -> None:
    glob = parse(text)
    assert (glob.text, glob.port, glob.address) == (text, port, ip_address(address) if address else None)


@pytest.mark.parametrize(
    "text",
    ["", " ", ".", "a..b", "a b", "a:0", "a:65536", "a:b", ":80", "a/b", "http://a", "[a]", "[::1", "é*", "1::2::3"],
)
def test_what_is_no_pattern(text: str) -> None:
    with pytest.raises(ValueError, match=r"^(is|has|ends|names) "):
        parse(text)


def test_globs_match_addresses_by_their_text() -> None:
    assert parse("192.0.2.*").matches_address(IPv4Address("192.0.2.9"))
    assert parse("*").matches_address(IPv6Address("2001:db8::9"))
    assert not parse("192.0.2.*").matches_address(IPv4Address("198.51.100.9"))
    assert not parse("example.com").matches_address(IPv4Address("192.0.2.9"))


@given(glob=GLOB, name=NAME)
def test_globs_match_as_the_shell_does(glob: str, name: str) -> None:
    assume(not as_address_like(glob))  # those name an address, and no host is called so
    expected = fnmatch.fnmatchcase(name.lower(), glob.lower())
    assert parse(glob).matches_name(canonical(name)) is expected


@given(name=NAME)
def test_a_name_matches_itself_in_any_case(name: str) -> None:
    assert parse(name).matches_name(canonical(name.swapcase() + ".")) is not as_address_like(name)


def as_address_like(name: str) -> bool:
    return as_address(name) is not None


@given(number=st.integers(0, 2**32 - 1))
def test_an_address_is_the_same_however_it_is_spelt(number: int) -> None:
    address, mapped = IPv4Address(number), IPv6Address((0xFFFF << 32) | number)
    for text in (str(address), str(mapped), f"[{mapped}]", f"::ffff:{address}", mapped.exploded):
        assert parse(text).matches_address(address)


@given(text=st.text(max_size=30))
def test_any_text_is_a_pattern_or_a_complaint(text: str) -> None:
    glob, complaint = parsed(text)
    if glob is None:
        assert complaint.split()[0] in ("is", "has", "ends", "names")
    else:
        assert glob.matches_name(canonical(text.strip())) or glob.port or glob.address or "*" in text or "?" in text


def parsed(text: str) -> tuple[HostGlob | None, str]:
    try:
        return parse(text), ""
    except ValueError as error:
        return None, str(error)


@given(text=st.text(max_size=80))
def test_any_text_has_one_canonical_form(text: str) -> None:
    assert canonical(canonical(text)) == canonical(text)
