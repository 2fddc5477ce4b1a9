"""What is remembered of names, and what an authority says."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccproxy.fronts.interceptor.hosts_file import HostsFile, parse
from ccproxy.fronts.interceptor.names import Memory, split_authority

ANSWERS = st.lists(st.tuples(st.integers(0, 20), st.integers(0, 20)), max_size=80)


@given(answers=ANSWERS)
def test_memory_is_bounded_and_keeps_the_latest(answers: list[tuple[int, int]]) -> None:
    memory = Memory(addresses=5, names=3)
    for name, address in answers:
        memory.remember(f"n{name}.test", [IPv4Address(address)])
        assert memory.names(IPv4Address(address))[-1] == f"n{name}.test"
    known = [names for number in range(21) if (names := memory.names(IPv4Address(number)))]
    assert len(known) <= 5
    assert all(len(set(names)) == len(names) <= 3 for names in known)


@given(answers=ANSWERS)
def test_memory_is_what_was_answered(answers: list[tuple[int, int]]) -> None:
    memory = Memory()
    for name, address in answers:
        memory.remember(f"N{name}.test.", [IPv6Address(f"::ffff:{IPv4Address(address)}")])
    for number in range(21):
        expected = {f"n{name}.test" for name, address in answers if address == number}
        assert set(memory.names(IPv4Address(number))) == expected


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("a.test", ("a.test", None)),
        ("a.test:80", ("a.test", 80)),
        ("a.test:", ("a.test", None)),
        ("a.test:123456", ("a.test", None)),
        ("[::1]", ("[::1]", None)),
        ("[::1]:80", ("[::1]", 80)),
        ("::1", ("::1", None)),
        ("a.test:b", ("a.test:b", None)),
        (" a.test ", ("a.test", None)),
        ("", ("", None)),
    ],
)
def test_authorities(text: str, parts: tuple[str, int | None]) -> None:
    assert split_authority(text) == parts


def test_a_hosts_file(tmp_path: Path) -> None:
    file = tmp_path / "hosts"
    hosts = HostsFile(file)
    assert hosts.addresses("a.test") is None
    file.write_text(
        "# a comment\n203.0.113.1 a.test A2 # more\n2001:db8::1%eth0\ta.test\nnonsense b.test\n\n203.0.113.2\n"
    )
    assert list(map(str, hosts.addresses("A.test.") or [])) == ["203.0.113.1", "2001:db8::1"]
    assert list(map(str, hosts.addresses("a2") or [])) == ["203.0.113.1"]
    assert hosts.addresses("b.test") is None
    file.unlink()
    assert hosts.addresses("a.test") is None


@given(text=st.text())
def test_any_text_as_a_hosts_file(text: str) -> None:
    assert all(entries for entries in parse(text).values())
