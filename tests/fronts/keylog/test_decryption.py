"""tshark reads a capture with the key log, and nothing of a jail that did not ask for one."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.outer import Outer, people

pytestmark = pytest.mark.jail

EVEN = 8440
HERE = Path(__file__).parent


class Capture:
    """The outer network with a proxy in it, and what passed."""

    def __init__(self, outer: Outer) -> None:
        self.outer = outer
        self.folder = outer.root / "proxy"
        self.folder.mkdir()
        self.file = self.folder / "capture.pcapng"
        self.keylog = self.folder / "keylog/tls.keylog"
        outer.module("tests.fronts.keylog.proxy", str(self.folder), str(outer.ca), str(EVEN))
        self._dumpcap = outer.popen(
            ["dumpcap", "-q", "-i", "any", "-w", str(self.file)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        outer.until(self.file.exists)

    def curl(self, port: int, path: str, *options: str) -> None:
        to = ["--connect-to", f"www.example.test:443:127.0.0.1:{port}", f"https://www.example.test{path}"]
        done = self.outer.run(["curl", "-sSk", "--max-time", "20", *options, *to])
        assert done.returncode == 0, done.stderr

    def http3(self, port: int, path: str) -> None:
        done = self.outer.run([sys.executable, "-I", str(HERE / "h3_get.py"), str(port), path])
        assert done.returncode == 0, done.stderr

    def seen(self, wanted: str) -> set[str]:
        """The ports to or from which tshark reads something that is wanted; the file may be growing."""
        fields = [part for name in ("tcp.dstport", "udp.srcport") for part in ("-e", name)]
        ports = [f"-d{kind}.port=={port},{to}" for kind, to in (("tcp", "tls"), ("udp", "quic")) for port in PORTS]
        options = ["-o", f"tls.keylog_file:{self.keylog}", *ports, "-Y", wanted, "-T", "fields", *fields]
        done = subprocess.run(
            ["tshark", "-r", self.file, *options], capture_output=True, text=True, timeout=50, check=False
        )
        print(done.stderr)
        return set(done.stdout.split())

    def end(self) -> None:
        self._dumpcap.send_signal(signal.SIGINT)
        self._dumpcap.wait(20)


PORTS = range(EVEN, EVEN + 4)
HTTP, HTTP2 = 'http.request.uri == "{}"', 'http2.headers.path == "{}"'
ECHO3 = 'quic.stream_data contains "{}"'
"""In the body of an answer: not every tshark reads QPACK."""
TLS_LEGS, QUIC_LEGS = {str(EVEN), "443"}, {str(EVEN + 2), "443"}
"""A request passes from the client to the proxy, and from there to the origin."""


@pytest.fixture
def capture() -> Iterator[Capture]:
    with Outer(people()[1]) as outer:
        yield Capture(outer)


@pytest.mark.timeout(110)
def test_what_a_jail_asked_for_is_decrypted_and_nothing_else(capture: Capture) -> None:
    capture.curl(EVEN + 1, "/first", "--http1.1")  # makes mitmproxy's contexts, with nobody following
    capture.http3(EVEN + 3, "/echo?quic-first")
    assert not capture.keylog.exists()
    capture.curl(EVEN, "/one", "--http1.1")
    capture.curl(EVEN, "/two", "--http2")
    capture.curl(EVEN, "/old", "--http1.1", "--tls-max", "1.2")
    capture.http3(EVEN + 2, "/echo?quic-three")
    capture.curl(EVEN + 1, "/other", "--http1.1")
    capture.curl(EVEN, "/last", "--http1.1")
    capture.outer.until(lambda: capture.seen(HTTP.format("/last")) == TLS_LEGS, 30)
    capture.end()
    for wanted in (HTTP.format("/one"), HTTP2.format("/two"), HTTP.format("/old")):
        assert capture.seen(wanted) == TLS_LEGS
    assert capture.seen(ECHO3.format("quic-three")) == QUIC_LEGS
    for wanted in (HTTP.format("/first"), HTTP.format("/other"), ECHO3.format("quic-first")):
        assert not capture.seen(wanted)
    assert (capture.keylog.stat().st_mode & 0o777, capture.keylog.parent.stat().st_mode & 0o777) == (0o600, 0o700)
