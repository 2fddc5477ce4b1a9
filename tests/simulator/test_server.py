"""The simulator as a server: connections, pacing, faults on the wire, TLS."""

from __future__ import annotations

import http.client
import json
import socket
import ssl
import time
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import trustme

from tests.simulator.asking import FORMATS, PATHS, ask, events, question
from tests.simulator.conftest import simulator


def connect(url: str) -> http.client.HTTPConnection:
    """A connection to the server."""
    return http.client.HTTPConnection(urlsplit(url).netloc, timeout=10)


def raw(url: str) -> socket.socket:
    """A bare connection to the server."""
    parts = urlsplit(url)
    return socket.create_connection((parts.hostname, parts.port or 0), timeout=10)


def body(text: str, wire: str = "openai_chat", stream: bool = True) -> bytes:
    """A request body as bytes."""
    return json.dumps(question(wire, text, stream=stream)).encode()


@pytest.mark.parametrize("wire", FORMATS)
def test_the_wire_carries_what_respond_says(served: str, wire: str) -> None:
    path = PATHS[wire].replace(":generate", ":streamGenerate") + ("?alt=sse" if wire == "gemini" else "")
    more = {} if wire == "gemini" else {"stream": True}
    connection = connect(served)
    connection.request("POST", path, json.dumps(question(wire, "hello", **more)))
    response = connection.getresponse()
    assert response.headers["transfer-encoding"] == "chunked"
    assert response.read() == ask(wire, "hello", stream=True).body
    connection.close()


def test_a_connection_serves_many_requests(served: str) -> None:
    connection = connect(served)
    ports = set()
    for number in range(5):
        connection.request("POST", "/v1/chat/completions", body(f"number {number}", stream=False))
        assert f"number {number}".encode() in connection.getresponse().read()
        ports.add(connection.sock.getsockname()[1])
    connection.request("HEAD", "/v1/models")
    assert connection.getresponse().read() == b""
    connection.close()
    assert len(ports) == 1


def test_a_body_waits_for_100_continue(served: str) -> None:
    data = body("patience", stream=False)
    with raw(served) as sock:
        sock.sendall(
            b"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\ncontent-length: %d\r\n\r\n"
            % len(data)
        )
        assert sock.recv(100).startswith(b"HTTP/1.1 100 ")
        sock.sendall(data)
        assert sock.recv(100).startswith(b"HTTP/1.1 200 ")


def test_a_large_chunked_body(served: str) -> None:
    connection = connect(served)
    text = "long " * 1_000_000
    parts = iter([body(text, stream=False)])
    connection.request(
        "POST", "/v1/chat/completions", parts, encode_chunked=True, headers={"transfer-encoding": "chunked"}
    )
    assert json.loads(connection.getresponse().read())["usage"]["prompt_tokens"] > 1_000_000
    connection.close()


def test_what_is_not_http_is_refused(served: str) -> None:
    with raw(served) as sock:
        sock.sendall(b"\x16\x03\x01nonsense\r\n\r\n")
        assert sock.recv(100).startswith(b"HTTP/1.1 400 ")


def test_pacing_takes_its_time(served: str) -> None:
    connection = connect(served)
    start = time.monotonic()
    connection.request("POST", "/v1/chat/completions", body("SIM_WORDS 8 SIM_PACE 20"))
    response = connection.getresponse()
    assert response.read(5) == b"data:"
    first = time.monotonic() - start
    rest = response.read()
    took = time.monotonic() - start
    connection.close()
    assert rest.endswith(b"data: [DONE]\n\n")
    assert first < 0.3
    assert 0.45 <= took < 3


def test_a_stall_comes_before_the_head(served: str) -> None:
    connection = connect(served)
    start = time.monotonic()
    connection.request("POST", "/v1/chat/completions", body("SIM_STALL 0.4", stream=False))
    connection.getresponse().read()
    connection.close()
    assert time.monotonic() - start >= 0.4


def test_a_cut_stream_ends_properly_but_early(served: str) -> None:
    connection = connect(served)
    connection.request("POST", "/v1/chat/completions", body("SIM_CUT 2"))
    found = events(connection.getresponse().read())
    connection.close()
    assert [event["choices"][0]["delta"]["content"] for event in found] == ["", "Hello", " from"]


def drain(sock: socket.socket) -> None:
    """Reads until the end."""
    while sock.recv(65536):
        pass


def test_a_reset_is_a_reset(served: str) -> None:
    with raw(served) as sock:
        data = body("SIM_RESET 2 SIM_PACE 20")
        sock.sendall(
            b"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-length: %d\r\n\r\n%b" % (len(data), data)
        )
        with pytest.raises(ConnectionResetError):
            drain(sock)


def test_a_reset_before_the_head(served: str) -> None:
    connection = connect(served)
    connection.request("POST", "/v1/chat/completions", body("SIM_RESET 0"))
    with pytest.raises(ConnectionError):
        connection.getresponse()


def test_clients_that_leave_do_no_harm(served: str) -> None:
    for _ in range(3):
        connection = connect(served)
        connection.request("POST", "/v1/chat/completions", body("SIM_WORDS 50000 SIM_PACE 10000"))
        connection.getresponse().read(5)
        connection.close()
    connection = connect(served)
    connection.request("GET", "/v1/models")
    assert connection.getresponse().status == 200
    connection.close()


def test_tls(tmp_path: Path) -> None:
    root, pem = trustme.CA(), tmp_path / "leaf.pem"
    root.issue_cert("127.0.0.1").private_key_and_cert_chain_pem.write_to_path(str(pem))
    with simulator("--tls-cert", str(pem)) as url:
        assert url.startswith("https://")
        context = ssl.create_default_context()
        root.configure_trust(context)
        connection = http.client.HTTPSConnection(urlsplit(url).netloc, context=context, timeout=10)
        connection.request("POST", "/v1/chat/completions", body("hello"))
        assert connection.getresponse().read() == ask("openai_chat", "hello", stream=True).body
        connection.close()
