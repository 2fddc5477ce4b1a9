"""Whoever can open the control socket may send anything to it: the daemon says no, lives, and keeps no listener."""

from __future__ import annotations

import json
import socket
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.jail.bad_luck.conftest import Marked
from tests.jail.bad_luck.said import quiet

GOOD = {"name": "hostile", "pid": 1, "command": ["true"]}
MEMBERS = ("name", "pid", "command", "only_hosts", "deny_hosts", "keylog")
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=8,
)
MANY = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


def send(house: Marked, data: bytes) -> socket.socket:
    """A connection to the control socket on which this was sent."""
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    sock.settimeout(10)
    sock.connect(str(house.daemon.control_socket))
    sock.sendall(data)
    return sock


def post(body: bytes) -> bytes:
    """A request for a jail."""
    return b"POST /jails HTTP/1.0\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(body) + body


def first(sock: socket.socket) -> tuple[int, Any]:
    """The status of the answer, and its first line."""
    data = b""
    while b"\n" not in data.partition(b"\r\n\r\n")[2]:
        piece = sock.recv(65536)
        assert piece, data
        data += piece
    head, _, body = data.partition(b"\r\n\r\n")
    return int(head.split()[1]), json.loads(body.partition(b"\n")[0])


def judged(house: Marked, body: bytes) -> int:
    """The status for a request: either refused with a sentence, or a jail."""
    with send(house, post(body)) as sock:
        status, answer = first(sock)
    assert status in {200, 400}, answer
    if status == 400:
        assert list(answer) == ["error"]
        assert answer["error"].startswith("the daemon does not accept the request: ")
        assert "\n" not in answer["error"]
    return status


@MANY
@given(body=st.binary(max_size=200))
def test_any_bytes(house: Marked, body: bytes) -> None:
    assert judged(house, body) == 400


@MANY
@given(value=ANYTHING)
def test_any_json(house: Marked, value: object) -> None:
    assert judged(house, json.dumps(value).encode()) == 400


@MANY
@given(changed=st.dictionaries(st.sampled_from(MEMBERS), ANYTHING))
def test_any_members(house: Marked, changed: dict[str, object]) -> None:
    judged(house, json.dumps(GOOD | changed).encode())


@pytest.mark.parametrize(
    "body",
    [
        b"[" * 100_000,
        b'{"name":"x","pid":1e400}',
        b'{"name":"x","pid":' + b"9" * 5000 + b"}",
        b'{"name":"x","pid":1,"command":"abc"}',
        b'{"name":"x","pid":1,"only_hosts":["["]}',
        b'{"name":"x","pid":true}',
    ],
    ids=lambda body: body[:24].decode("latin-1"),
)
def test_what_is_refused(house: Marked, body: bytes) -> None:
    assert judged(house, body) == 400


@pytest.mark.parametrize("body", [b'{"name":"\\ud800","pid":1}', b'{"name":"' + b"n" * 3_000_000 + b'","pid":1}'])
def test_what_is_odd(house: Marked, body: bytes) -> None:
    assert judged(house, body) == 200


@MANY
@given(data=st.binary(min_size=1, max_size=200))
def test_any_bytes_as_a_request(house: Marked, data: bytes) -> None:
    with send(house, data) as sock:
        sock.shutdown(socket.SHUT_WR)
        while sock.recv(65536):
            pass


@pytest.mark.parametrize("cut", ["at once", "in the body", "after the ticket", "reset"])
def test_clients_that_hang_up(house: Marked, cut: str) -> None:
    whole = post(json.dumps(GOOD).encode())
    for _ in range(100):
        sock = send(house, whole[:-10] if cut == "in the body" else whole)
        if cut == "after the ticket":
            assert first(sock)[0] == 200
        if cut == "reset":
            sock.shutdown(socket.SHUT_RDWR)
        sock.close()
    house.outer.until(lambda: house.daemon.control("GET", "/jails") == {"jails": []})
    assert quiet(house.jail("echo", "ran")) == b"ran\n"
