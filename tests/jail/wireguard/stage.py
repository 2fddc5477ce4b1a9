"""A tunnel in an outer namespace without a route; run as `unshare -rn python -m tests.jail.wireguard.stage SCENE DIR`.

The child behind the tunnel plays a scene and tells what it saw; the answer is one line of JSON.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ccproxy.jail.poll import Poller
from ccproxy.jail.tunnel import Tunnel
from tests.jail.wireguard.device import behind_tunnel, delete_tun, loopback_up
from tests.jail.wireguard.listener import Listener
from tests.jail.wireguard.server import PIECE

type Tell = Callable[[bytes], object]

FAR = ("192.0.2.7", 80)
BOUND_SECONDS = 40


def connect() -> socket.socket:
    return socket.create_connection(FAR, timeout=BOUND_SECONDS)


def read(sock: socket.socket, count: int) -> bytes:
    data = bytearray()
    while len(data) < count:
        piece = sock.recv(1 << 18)
        if not piece:
            raise ConnectionResetError
        data += piece
    return bytes(data)


def download(sock: socket.socket, count: int) -> bool:
    sock.sendall(b"GET %d\n" % count)
    expected = (PIECE * (count // len(PIECE) + 1))[:count]
    return read(sock, count) == expected


def traffic(tell: Tell) -> dict[str, Any]:
    """Down, up, small questions, and datagrams of many sizes."""
    sock = connect()
    saw: dict[str, Any] = {"down": download(sock, 5_000_003)}
    sock.sendall(b"PUT 3000000\n" + bytes(3_000_000))
    saw["up"] = read(sock, 4) == b"done"
    saw["small"] = all(download(sock, size) for size in range(1, 200))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        udp.connect(FAR)
        udp.settimeout(BOUND_SECONDS)
        saw["udp"] = []
        for size in (1, 1372, 5000, 60000):
            udp.send(b"GIVE %d" % size)
            saw["udp"].append(len(udp.recv(65536)))
    return saw


def restarted(tell: Tell) -> dict[str, Any]:
    """In the middle of an upload the listener dies and comes back."""
    sock = connect()
    before = download(sock, 100_000)
    sock.sendall(b"PUT 2000000000\n" + bytes(1_000_000))
    tell(b"r")
    return {"before": before, "broken": breaks(lambda: sock.sendall(PIECE)), "after": download(connect(), 1_000_000)}


def moved(tell: Tell) -> dict[str, Any]:
    """In the middle of a download the listener dies for good, and another one takes over."""
    sock = connect()
    before = download(sock, 100_000)
    sock.sendall(b"GET 2000000000\n")
    read(sock, 1_000_000)
    tell(b"r")
    return {"before": before, "broken": breaks(lambda: read(sock, 1000)), "after": download(connect(), 1_000_000)}


def breaks(act: Callable[[], object]) -> bool:
    """Whether a connection is reset, and does not just stand still."""
    try:
        while True:
            act()
    except ConnectionError:
        return True
    except TimeoutError:
        return False


def brief(tell: Tell) -> dict[str, Any]:
    return {"down": download(connect(), 2_000_000)}


def deleted(tell: Tell) -> dict[str, Any]:
    delete_tun()
    return {}


SCENES = {
    "traffic": traffic,
    "plain": traffic,
    "restarted": restarted,
    "moved": moved,
    "full": brief,
    "brief": brief,
    "gone": deleted,
}


class Stage:
    """The process outside of the jail."""

    def __init__(self, scene: str, directory: Path) -> None:
        self.scene, self.directory = scene, directory
        self.lines: list[str] = []
        self.ups, self.lost = 0, ""
        self.poller = Poller()

    def play(self) -> dict[str, Any]:
        loopback_up()
        answer = self.directory / "answer.json"
        play = SCENES[self.scene]

        def work(tell: Tell) -> None:
            answer.write_text(json.dumps(play(tell)))

        pid, tun, self.line = behind_tunnel(work, offload=self.scene != "plain")
        with Listener() as self.listener:
            self._dig(tun)
            if self.scene != "gone":
                self.poller.on_readable(os.pidfd_open(pid), self.poller.stop)
            self.poller.run()
            self.tunnel.close()
        told = json.loads(answer.read_text()) if answer.exists() else {}
        return {
            **told,
            "status": os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]),
            "ups": self.ups,
            "lost": self.lost,
            "lines": self.lines,
            "handshakes": self.tunnel.handshakes,
            "sent": self.tunnel.sent_bytes,
            "received": self.tunnel.received_bytes,
        }

    def _dig(self, tun: int) -> None:
        pcap, keylog = self.directory / "jail.pcap", self.directory / "keys" / "wg.keylog"
        if self.scene == "full":
            pcap = self.directory / "small" / "jail.pcap"
            pcap.parent.mkdir()
            subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(pcap.parent)], check=True)
        self.tunnel = Tunnel(self.poller, tun, self.listener.ticket(), keylog=keylog, pcap=pcap, say=self.lines.append)
        self.tunnel.start(self._up, self._lost)
        self.poller.on_readable(self.line.fileno(), self._replace)

    def _up(self) -> None:
        self.ups += 1
        if self.ups == 1:
            self.line.send(b"g")

    def _lost(self, why: str) -> None:
        self.lost = why
        self.poller.stop()

    def _replace(self) -> None:
        """What the child asks for; at its end it asks for nothing."""
        if not self.line.recv(1):
            self.poller.on_readable(self.line.fileno(), None)
            return
        self.listener.kill()
        if self.scene == "moved":
            self.listener = Listener()
            self.tunnel.move(self.listener.ticket())
        else:
            self.poller.after(0.3, self.listener.start)


if __name__ == "__main__":
    print(json.dumps(Stage(sys.argv[1], Path(sys.argv[2])).play()))
