"""What a client in a jail sends arrives as it was sent, and what it gets is what was sent to it."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest

from tests.support.internet.pages import pattern
from tests.support.jailed import House
from tests.support.outer.outer import REPOSITORY

RAW = """
import json, socket, ssl, sys
scheme, host = sys.argv[1:3]
def ask(request):
    sock = socket.create_connection((host, 443 if scheme == "tls" else 80), 15)
    if scheme == "tls":
        sock = ssl.create_default_context().wrap_socket(sock, server_hostname=host)
    with sock:
        sock.sendall(request.encode("latin-1"))
        return b"".join(iter(lambda: sock.recv(65536), b"")).decode("latin-1")
print(json.dumps({name: ask(request) for name, request in json.loads(sys.argv[3]).items()}))
"""
HOST = "h1.example.test"
END = "Connection: close\r\n\r\n"
REQUESTS = {
    "odd fields": "GET /echo?a=%2F&b=c+d HTTP/1.1\r\nhOsT: HOST\r\nX-b: 2\r\nx-A:  1 \r\nX-b: 1\r\nEmpty:\r\n" + END,
    "a body": "POST /echo HTTP/1.1\r\nHost: HOST\r\nContent-Length: 7\r\n" + END + "a\x01\xffb\r\nc",
    "a chunked body": (
        "PUT /echo HTTP/1.1\r\nHost: HOST\r\nTransfer-Encoding: chunked\r\n" + END + "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"
    ),
    "cookies": "GET /echo HTTP/1.1\r\nHost: HOST\r\nCookie: a=1\r\nCookie: b=2\r\n" + END,
    "no agent": "GET /echo HTTP/1.1\r\nHost: HOST\r\n" + END,
    "a strange method": "FROBNICATE /echo HTTP/1.1\r\nHost: HOST\r\n" + END,
    "a coded path": "GET /echo?x=%C3%A4&y=%zz&[]{}| HTTP/1.1\r\nHost: HOST\r\n" + END,
    "codings that are asked for": "GET /echo HTTP/1.1\r\nHost: HOST\r\nAccept-Encoding: br;q=1.0, zstd\r\n" + END,
    "an error": "GET /status/529 HTTP/1.1\r\nHost: HOST\r\n" + END,
    "no content": "GET /status/404 HTTP/1.1\r\nHost: HOST\r\n" + END,
    "events": "GET /sse HTTP/1.1\r\nHost: HOST\r\nAccept: text/event-stream\r\n" + END,
    "a head only": "HEAD /bytes/1000 HTTP/1.1\r\nHost: HOST\r\n" + END,
}


def both(house: House, *command: str) -> tuple[bytes, bytes]:
    """What a command prints in a jail, and without one."""
    env = {"PYTHONPATH": str(REPOSITORY)}
    inside = house.jail(*command, env=env)
    assert inside.returncode == 0, inside.stderr
    outside = house.outer.run(command, env)
    assert outside.returncode == 0, outside.stderr
    return inside.stdout, outside.stdout


@pytest.fixture(scope="module", params=["tls", "plain"])
def answers(house: House, request: pytest.FixtureRequest) -> tuple[dict[str, str], dict[str, str]]:
    """What each of the requests gets, on a connection of its own: in one jail, and without one."""
    requests = json.dumps({name: text.replace("HOST", HOST) for name, text in REQUESTS.items()})
    inside, outside = both(house, "python", "-c", RAW, request.param, HOST, requests)
    return json.loads(inside), json.loads(outside)


@pytest.mark.parametrize("name", REQUESTS)
def test_http_1(answers: tuple[dict[str, str], dict[str, str]], name: str) -> None:
    inside, outside = answers
    assert inside[name] == outside[name]
    assert inside[name].startswith("HTTP/1.1 ")


def test_http_2(house: House) -> None:
    url = "https://two.example.test/echo?x=%2f"
    options = ("-H", "x-b: 2", "-H", "x-a: 1", "-H", "cookie: a=1; b=2", "-H", "te: trailers", "-d", "body")
    inside, outside = (fields(text) for text in both(house, "curl", "-sS", "--http2", *options, url))
    assert inside == outside


def test_fields_of_an_answer_over_http_2(house: House) -> None:
    inside, outside = both(house, "curl", "-sS", "-D", "-", "--http2", "https://two.example.test/status/418")
    assert inside == outside


@pytest.mark.parametrize("version", ["--http1.1", "--http2"])
def test_large_answers(house: House, version: str) -> None:
    size = 20_000_000
    line = f"curl -sS {version} https://big.example.test/bytes/{size} | sha256sum"
    done = house.jail("bash", "-o", "pipefail", "-c", line, timeout=50)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split()[0].decode() == hashlib.sha256(pattern(size)).hexdigest()


@pytest.mark.parametrize("version", ["--http1.1", "--http2"])
def test_large_requests(house: House, version: str) -> None:
    file = house.file("upload", pattern(2_000_000).decode("latin-1").replace("\r", "r"))
    command = ("curl", "-sS", version, "--data-binary", f"@{file}", "https://big.example.test/echo")
    inside, outside = (json.loads(text) for text in both(house, *command))
    assert inside["body"].encode("latin-1") == file.read_bytes()
    assert inside["body"] == outside["body"]


def test_a_kept_connection(house: House) -> None:
    urls = [f"https://kept.example.test/echo?n={number}" for number in range(20)]
    inside, outside = both(house, "curl", "-sS", "--http1.1", *urls)
    assert inside == outside


def fields(text: bytes) -> dict[str, Any]:
    """An echo, its pseudo-fields in no order: HTTP/2 gives them none (RFC 9113, section 8.3)."""
    told: dict[str, Any] = json.loads(text)
    pseudo = sorted(field for field in told["headers"] if field[0].startswith(":"))
    return told | {"headers": [*pseudo, *(field for field in told["headers"] if not field[0].startswith(":"))]}
