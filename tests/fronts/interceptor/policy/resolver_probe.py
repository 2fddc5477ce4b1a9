"""Runs in namespaces of its own: `python -m … CA ETC` takes ETC for /etc, then asks what stands on standard input."""

from __future__ import annotations

import json
import socket
import socketserver
import struct
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from typing import Any

from mitmproxy.dns import DNSMessage, ResourceRecord

from ccproxy.fronts.interceptor.readings import RESOLVER
from ccproxy.fronts.interceptor.resolver import Resolver
from tests.fronts.interceptor.native.stand import Stand
from tests.fronts.interceptor.policy.conftest import make_policy
from tests.fronts.interceptor.policy.packets import AAAA, NXDOMAIN, TXT, A, ask, ask_tcp, query

KNOWN = {A: bytes([203, 0, 113, 5]), AAAA: bytes.fromhex("20010db8") + bytes(12), TXT: b"\x05hello"}
ASKED: list[tuple[str, str]] = []
"""Transport and name, of everything that reached the name server."""


def answer(transport: str, data: bytes) -> bytes:
    asked = DNSMessage.unpack(data)
    question = asked.questions[0]
    ASKED.append((transport, question.name))
    if question.name.startswith("missing"):
        return asked.fail(NXDOMAIN).packed
    packed = KNOWN.get(question.type)
    empty = packed is None or question.name.startswith("empty")
    records = [] if empty or packed is None else [ResourceRecord(question.name, question.type, 1, 60, packed)]
    return asked.succeed(records).packed


class Udp(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        data, sock = self.request
        sock.sendto(answer("udp", data), self.client_address)


class Tcp(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        while size := self.rfile.read(2):
            said = answer("tcp", self.rfile.read(*struct.unpack("!H", size)))
            self.wfile.write(struct.pack("!H", len(said)) + said)


def serve() -> None:
    for server in (
        socketserver.ThreadingUDPServer(("127.0.0.1", 53), Udp),
        socketserver.ThreadingTCPServer(("127.0.0.1", 53), Tcp),
    ):
        threading.Thread(target=server.serve_forever, daemon=True).start()


def asked_all(stand: Stand, questions: list[dict[str, Any]]) -> list[dict[str, Any]]:
    said = []
    for question in questions:
        policy, _ = make_policy()
        transport = question.get("transport", "udp")
        lane = stand.lane(RESOLVER, transport, policy, Resolver(ipv6=question.get("ipv6", True)))
        packet = query(question["name"], question.get("kind", A), flags=question.get("flags", 0x0100))
        if hosts := question.get("hosts"):
            Path("/etc/hosts").write_text(hosts)
        got = (ask_tcp if transport == "tcp" else ask)(lane.port, packet)
        failure = lane.exchange().failure
        said.append(
            {
                "code": got.response_code,
                "answers": [str(record) for record in got.answers],
                "failure": failure and [failure.kind, failure.message],
                "names": policy.names("203.0.113.5"),
            }
        )
    return said


def main() -> None:
    trusted, etc = map(Path, sys.argv[1:])
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    subprocess.run(["mount", "--bind", str(etc), "/etc"], check=True)
    questions = json.load(sys.stdin)
    serve()
    with tempfile.TemporaryDirectory() as folder:
        stand = Stand(Path(folder), trusted)
        said = asked_all(stand, questions)
        stand.stop()
    print(json.dumps({"said": said, "asked": ASKED}))


if __name__ == "__main__":
    assert socket.if_nameindex() == [(1, "lo")], "only ever in a network namespace of its own"
    main()
