"""Captures with their secrets in one file, as tshark opens them."""

from __future__ import annotations

import os
import stat
import struct
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ccproxy.jail.capture import decrypt_capture
from ccproxy.jail.errors import JailError
from ccproxy.jail.keylog import KeyLog, wireguard_lines
from tests.jail.wireguard.listener import Listener, Wire, udp_packet

INNER = b"a question from within"
FORMATS = {"<": (0xA1B2C3D4, 10**6), ">": (0xA1B2C3D4, 10**6), "<n": (0xA1B23C4D, 10**9), ">n": (0xA1B23C4D, 10**9)}
TLS = "CLIENT_RANDOM " + "ab" * 32 + " " + "cd" * 48


@pytest.fixture(scope="module")
def tunnel(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[tuple[bool, bytes]], Path]:
    """The datagrams of a handshake and of one question and answer, and the key log."""
    keylog = tmp_path_factory.mktemp("keys") / "wg.keylog"
    log = KeyLog(keylog, print)
    datagrams: list[tuple[bool, bytes]] = []
    with Listener() as listener:
        wire = Wire(listener)
        wire.initiator._attempts._on_keys = lambda identity, state: log.add(*wireguard_lines(identity, state))
        transmit, receive = wire.transmit, wire.initiator.receive
        wire.transmit = lambda datagram: datagrams.append((True, datagram)) or transmit(datagram)  # type: ignore[method-assign, func-returns-value]
        wire.initiator.receive = lambda datagram, now: datagrams.append((False, datagram)) or receive(datagram, now)  # type: ignore[method-assign, func-returns-value]
        wire.tick()
        wire.until_handshake(1)
        assert wire.ask(INNER) == INNER
        wire.close()
    log.close()
    return datagrams, keylog


def on_loopback(ours: bool, datagram: bytes) -> bytes:
    packet = bytearray(udp_packet(datagram))
    packet[12:20] = bytes([127, 0, 0, 1] * 2)
    struct.pack_into("!HH", packet, 20, *((40000, 51820) if ours else (51820, 40000)))
    struct.pack_into("!H", packet, 10, 0)
    struct.pack_into("!H", packet, 10, 0xFFFF - sum(struct.unpack_from("!10H", packet)) % 0xFFFF)
    return bytes(packet)


def pcap(datagrams: list[tuple[bool, bytes]], kind: str) -> bytes:
    order = kind[0]
    magic, fraction = FORMATS[kind]
    data = struct.pack(f"{order}IHHiIII", magic, 2, 4, 0, 0, 65535, 101)
    for number, (ours, datagram) in enumerate(datagrams):
        packet = on_loopback(ours, datagram)
        data += struct.pack(f"{order}IIII", 1_700_000_000 + number, fraction // 4, len(packet), len(packet)) + packet
    return data


def tshark(file: Path, *arguments: str) -> list[str]:
    done = subprocess.run(
        ["tshark", "-r", str(file), *arguments], capture_output=True, text=True, timeout=50, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


@pytest.mark.parametrize("kind", [*FORMATS, "pcapng"])
def test_tshark_opens_it_without_options(
    tunnel: tuple[list[tuple[bool, bytes]], Path], tmp_path: Path, kind: str
) -> None:
    datagrams, keylog = tunnel
    source, target = tmp_path / "in.pcap", tmp_path / "out.pcapng"
    source.write_bytes(pcap(datagrams, "<" if kind == "pcapng" else kind))
    if kind == "pcapng":
        subprocess.run(["editcap", "-F", "pcapng", str(source), str(tmp_path / "ng")], check=True, capture_output=True)
        source = tmp_path / "ng"
    done = decrypt_capture(source, target, None, keylog)
    assert (done.packets, done.wireguard_secrets, done.tls_secrets) == (len(datagrams), 3, 0)
    fields = ["-Y", "udp.port == 9", "-T", "fields", "-e", "ip.dst", "-e", "frame.protocols", "-e", "frame.time_epoch"]
    (line, *_) = tshark(target, *fields)
    assert line.startswith("127.0.0.1,192.0.2.7\t")
    assert "udp:wg:ip:udp" in line
    assert ".250000000" in line
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    assert tshark(source, "-o", f"wg.keylog_file:{keylog}", *fields)[0] == line
    assert tshark(source, *fields) == []


def test_secrets_of_both_kinds_stand_before_the_packets(
    tunnel: tuple[list[tuple[bool, bytes]], Path], tmp_path: Path
) -> None:
    datagrams, keylog = tunnel
    source, tls, target = tmp_path / "in", tmp_path / "tls", tmp_path / "out"
    source.write_bytes(pcap(datagrams, "<"))
    tls.write_text(f"# a comment\n{TLS}\n{TLS}\nCLIENT_RANDOM torn")
    done = decrypt_capture(source, target, tls, keylog)
    assert (done.tls_secrets, done.wireguard_secrets) == (1, 3)
    data = target.read_bytes()
    first_packet = data.index(on_loopback(*datagrams[0]))
    for kind in (0x544C534B, 0x57474B4C):
        assert 0 < data.index(struct.pack("<I", kind)) < first_packet
    assert b"torn" not in data


def test_a_key_log_larger_than_a_block_may_be(tunnel: tuple[list[tuple[bool, bytes]], Path], tmp_path: Path) -> None:
    datagrams, keylog = tunnel
    source, tls, target = tmp_path / "in", tmp_path / "tls", tmp_path / "out"
    source.write_bytes(pcap(datagrams, "<"))
    tls.write_text("".join(f"CLIENT_RANDOM {os.urandom(32).hex()} {'cd' * 48}\n" for _ in range(100_000)))
    decrypt_capture(source, target, tls, keylog)
    assert tshark(target, "-Y", "udp.port == 9")


def cut(data: bytes) -> bytes:
    return data[:-3]


def too_long(data: bytes) -> bytes:
    return data[:32] + struct.pack("<I", 1 << 30) + data[36:]


DAMAGE: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda _: b"",
    "text": lambda _: b"this is no capture\n" * 10,
    "gzip": lambda _: b"\x1f\x8b\x08" + bytes(40),
    "header cut": lambda data: data[:20],
    "record cut": lambda data: data[:30],
    "packet cut": cut,
    "packet too long": too_long,
}


@pytest.fixture
def places(tmp_path: Path) -> tuple[Path, Path]:
    (tmp_path / "out").mkdir()
    return tmp_path / "in", tmp_path / "out" / "file"


@pytest.mark.parametrize("damage", DAMAGE)
def test_damaged_captures(
    tunnel: tuple[list[tuple[bool, bytes]], Path], places: tuple[Path, Path], damage: str
) -> None:
    source, target = places
    source.write_bytes(DAMAGE[damage](pcap(tunnel[0], "<")))
    with pytest.raises(JailError, match=r"the input is no capture|the capture is damaged or cut short at byte"):
        decrypt_capture(source, target, None, tunnel[1])
    assert list(target.parent.iterdir()) == []


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150)
@given(st.integers(0, 500), st.binary(min_size=1, max_size=8), st.booleans())
def test_captures_with_any_bytes_changed(
    tunnel: tuple[list[tuple[bool, bytes]], Path], places: tuple[Path, Path], at: int, change: bytes, ng: bool
) -> None:
    source, target = places
    source.write_bytes(pcap(tunnel[0], "<"))
    if ng:
        decrypt_capture(source, target, None, tunnel[1])
        source.write_bytes(target.read_bytes())
    target.write_bytes(b"what was there")
    data = bytearray(source.read_bytes())
    data[at : at + len(change)] = change
    source.write_bytes(data)
    try:
        decrypt_capture(source, target, None, tunnel[1])
    except JailError:
        assert target.read_bytes() == b"what was there"
    assert list(target.parent.iterdir()) == [target]


def test_what_cannot_be_done_is_said(tunnel: tuple[list[tuple[bool, bytes]], Path], places: tuple[Path, Path]) -> None:
    source, target = places
    source.write_bytes(pcap(tunnel[0], "<"))
    empty, keylog = source.with_name("empty"), tunnel[1]
    empty.write_text("# nothing\n")
    for arguments, words in (
        ((source, target, None, None), "no secrets"),
        ((source, target, keylog, None), "holds no TLS secrets"),
        ((source, target, None, empty), "holds no WireGuard secrets"),
        ((source, target, None, source.with_name("absent")), "absent cannot be read: No such file"),
        ((source.with_name("absent"), target, None, keylog), "absent: No such file"),
        ((source, source, None, keylog), "cannot be replaced"),
        ((source, Path("/dev/null"), None, keylog), "cannot be replaced"),
        ((source, target / "below", None, keylog), "No such file|Not a directory"),
    ):
        with pytest.raises(JailError, match=words):
            decrypt_capture(*arguments)
    assert list(target.parent.iterdir()) == []
