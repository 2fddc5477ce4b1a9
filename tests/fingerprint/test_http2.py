from __future__ import annotations

import pytest
from hpack import Encoder
from hypothesis import given
from hypothesis import strategies as st

from ccproxy.fingerprint.fingerprint import Http2
from ccproxy.fingerprint.http2 import PREFACE, beginning
from tests.fingerprint.hellos import numbers, vector


def frame(kind: int, payload: bytes, flags: int = 0, stream: int = 0) -> bytes:
    return len(payload).to_bytes(3) + bytes([kind, flags]) + numbers([stream], 4) + payload


SETTINGS = frame(
    4, b"".join(numbers([number]) + numbers([value], 4) for number, value in ((1, 65536), (2, 0), (4, 99)))
)
WINDOW = frame(8, numbers([15663105], 4))
FIELDS = [(":method", "GET"), (":authority", "example.com"), (":scheme", "https"), (":path", "/"), ("user-agent", "x")]


def headers(order: str, flags: int = 4, before: bytes = b"", after: bytes = b"") -> bytes:
    names = {name[1]: (name, value) for name, value in FIELDS[:4]}
    block = Encoder().encode([*(names[letter] for letter in order), FIELDS[4]])
    return frame(1, before + block + after, flags, 1)


def test_what_a_browser_says_first() -> None:
    priority = numbers([0x80000000], 4) + bytes([255])
    told = beginning(PREFACE + SETTINGS + WINDOW + headers("masp", 0x24, priority))
    assert told == {
        "settings": [[1, 65536], [2, 0], [4, 99]],
        "window_update": 15663105,
        "pseudo_header_order": "masp",
        "priority": {"exclusive": True, "depends_on": 0, "weight": 256},
    }


@pytest.mark.parametrize("order", ["masp", "mpas", "mspa"])
def test_the_order_of_pseudo_headers(order: str) -> None:
    told = beginning(PREFACE + SETTINGS + headers(order, 0x0C, b"\3", b"\0\0\0"))
    assert told is not None
    assert (told["pseudo_header_order"], told["priority"]) == (order, None)


def test_only_the_settings_are_there_yet() -> None:
    told = beginning(PREFACE + SETTINGS + WINDOW[:7])
    assert told is not None
    assert (len(told["settings"]), told["window_update"], told["pseudo_header_order"]) == (3, None, None)


@pytest.mark.parametrize("data", [b"", b"GET / HTTP/1.1\r\n", PREFACE[:-1]])
def test_what_is_not_http2(data: bytes) -> None:
    assert beginning(data) is None


@given(st.binary(max_size=200), st.integers(0, 255))
def test_any_bytes(data: bytes, kind: int) -> None:
    beginning(PREFACE + data)
    beginning(PREFACE + SETTINGS + frame(kind, data, 0x2C, 1) + headers("masp"))
    assert vector(1, b"x") == b"\1x"
    assert Http2().settings == ()
