"""A capture of the tunnel, taken by Wireshark's own program, opens with the key logs and with nothing else."""

from __future__ import annotations

import signal
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.jailed import House
from tests.support.outer import Outer, people

URL = "https://h1.example.test/echo?from=within"
LINE = "GET /echo?from=within HTTP/1.1"
FIELDS = ["-Y", "http.request", "-T", "fields", "-e", "frame.protocols", "-e", "http.request.full_uri"]
LAYERS = "ip:udp:wg:ip:tcp:tls:http"
LAST = b"tests end here"


@pytest.fixture(scope="module")
def house() -> Iterator[House]:
    with Outer(people()[-1]) as outer, House(outer) as house:
        yield house


@pytest.fixture(scope="module")
def capture(house: House) -> Path:
    """The tunnel of one jail with --keylog, from its first packet to its last."""
    file = house.outer.root / "tunnel.pcap"
    line = ["tshark", "-i", "lo", "-f", "udp", "-w", str(file), "-F", "pcap"]
    tshark = house.outer.popen(line, house.environment(), stderr=subprocess.PIPE, stdout=subprocess.DEVNULL)
    house.outer.until(lambda: "Capturing" in "".join(said(tshark)), 15)
    done = house.jail("curl", "-sSf", "--http1.1", URL, options=("--keylog",))
    assert done.returncode == 0, done
    mark = f"import socket; socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto({LAST!r}, ('127.0.0.1', 9))"

    def written() -> bool:
        house.outer.run(["python", "-c", mark])
        return LAST in file.read_bytes()

    house.outer.until(written, 15)
    tshark.send_signal(signal.SIGINT)
    tshark.wait(15)
    return file


def said(process: subprocess.Popen[bytes]) -> Iterator[str]:
    """The next line on standard error."""
    assert process.stderr is not None
    yield process.stderr.readline().decode()


def read(house: House, *arguments: str) -> list[str]:
    """What tshark makes of a capture."""
    done = house.outer.run(["tshark", *arguments], {"HOME": str(house.outer.root)}, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout.decode().splitlines()


def test_without_keys_nothing_is_seen(house: House, capture: Path) -> None:
    assert read(house, "-r", str(capture), *FIELDS) == []
    assert LINE.encode() not in capture.read_bytes()


def test_with_the_two_key_logs_the_request_line_is_seen(house: House, capture: Path) -> None:
    logs = house.home.root / "state" / "ccproxy" / "keylog"
    for name in ("tls.keylog", "wg.keylog"):
        assert stat.S_IMODE((logs / name).stat().st_mode) == 0o600
    keys = ["-o", f"tls.keylog_file:{logs / 'tls.keylog'}", "-o", f"wg.keylog_file:{logs / 'wg.keylog'}"]
    (found,) = [line for line in read(house, "-r", str(capture), *keys, *FIELDS) if LAYERS in line]
    assert found.split("\t")[1] == URL
    assert any(LINE in line for line in read(house, "-r", str(capture), *keys, "-Y", "http.request"))


def test_one_file_opens_without_options(house: House, capture: Path) -> None:
    target = capture.with_suffix(".pcapng")
    done = house.cli("namespace", "decrypt-capture", str(capture), str(target))
    assert done.returncode == 0, done
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    (found,) = [line for line in read(house, "-r", str(target), *FIELDS) if LAYERS in line]
    assert found.split("\t")[1] == URL
