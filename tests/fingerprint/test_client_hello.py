from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccproxy.fingerprint.client_hello import ClientHello, MalformedHelloError, is_grease, parse_client_hello
from ccproxy.fingerprint.ja3 import ja3, ja3_full
from ccproxy.fingerprint.ja4 import ja4
from ccproxy.fingerprint.record import describe, dump
from tests.fingerprint.hellos import CHROME, GREASE, Hello, numbers, of_ja4_ro, vector

FULL = Hello(
    [0x1301, 0xC02B], [0, 10, 11, 13, 16, 27, 28, 34, 43, 45, 51, 17513, 65037], [0x0403, 0x0804], shares=[29, 23]
)


def test_every_list_is_read_in_its_order() -> None:
    hello = parse_client_hello(FULL.records())
    assert hello.legacy_version == 0x0303
    assert hello.session_id == b"s" * 32
    assert hello.cipher_suites == (0x1301, 0xC02B)
    assert hello.compression_methods == (0,)
    assert hello.extension_types == tuple(FULL.extensions)
    assert hello.sni == "example.com"
    assert hello.supported_groups == (29, 23, 24)
    assert hello.point_formats == (0,)
    assert hello.signature_algorithms == (0x0403, 0x0804)
    assert hello.alpn == (b"h2", b"http/1.1")
    assert hello.compress_certificate == (2,)
    assert hello.record_size_limit == 0x4001
    assert hello.delegated_credential == (0x0403, 0x0503)
    assert hello.supported_versions == (0x0304, 0x0303)
    assert hello.psk_modes == (1,)
    assert hello.key_shares == (29, 23)
    assert hello.alps == (b"h2",)


@pytest.mark.parametrize("data", [FULL.body, FULL.message, FULL.records(), FULL.records(7), FULL.records() + b"more"])
def test_headers_may_be_there_or_not_and_records_may_be_small(data: bytes) -> None:
    assert parse_client_hello(data) == parse_client_hello(FULL.body)


def test_grease_stays_where_it_was() -> None:
    hello = parse_client_hello(of_ja4_ro(CHROME).records())
    assert (hello.cipher_suites[0], hello.extension_types[0], hello.extension_types[-1]) == GREASE
    assert hello.supported_groups[0] == hello.key_shares[0] == hello.supported_versions[0] == GREASE[0]


def test_grease_is_what_rfc_8701_says() -> None:
    said = [int(f"{digit}a{digit}a", 16) for digit in "0123456789abcdef"]
    assert [value for value in range(0x10000) if is_grease(value)] == said


def test_a_client_hello_without_extensions() -> None:
    hello = parse_client_hello(Hello([4, 5], legacy=0x0301).records())
    assert (hello.extensions, hello.sni, hello.alpn, hello.supported_versions) == ((), None, (), ())


@pytest.mark.parametrize("kind", [0, 10, 11, 13, 16, 27, 28, 34, 43, 45, 51, 17513])
@pytest.mark.parametrize("content", [b"", b"\0", b"\xff", b"\xff\xff\xff", b"\0\3abc", b"\3ab"])
def test_an_extension_that_is_malformed_spoils_nothing_else(kind: int, content: bytes) -> None:
    body = Hello([0x1301]).body + vector(2, numbers([kind]) + vector(2, content) + numbers([23]) + vector(2, b""))
    hello = parse_client_hello(body)
    assert hello.extension_types == (kind, 23)
    everything(hello)


@pytest.mark.parametrize("whole", [FULL.body, FULL.message, FULL.records(), FULL.records(50)])
def test_one_that_is_cut_short_anywhere_is_refused(whole: bytes) -> None:
    without_extensions = len(Hello(FULL.suites).body)
    for end in range(len(whole)):
        if whole == FULL.body and end == without_extensions:
            continue  # that is whole too
        with pytest.raises(MalformedHelloError):
            parse_client_hello(whole[:end])


NOT_HELLOS = [b"", b"GET / HTTP/1.1\r\n\r\n", b"\x16\3\1\0\0" * 50, b"\x17\3\3\0\5hello", b"\x16" * 99]


@pytest.mark.parametrize("data", NOT_HELLOS)
def test_what_is_no_client_hello_is_refused(data: bytes) -> None:
    with pytest.raises(MalformedHelloError):
        parse_client_hello(data)


@given(st.binary(max_size=600))
def test_any_bytes(data: bytes) -> None:
    check(data)
    check(b"\x16\3\1" + vector(2, b"\1" + vector(3, data)))


@given(st.integers(0, len(FULL.records()) - 1), st.integers(0, 255))
def test_any_byte_changed(at: int, value: int) -> None:
    data = bytearray(FULL.records())
    data[at] = value
    check(bytes(data))


def check(data: bytes) -> None:
    """It is read, or refused by the one exception."""
    try:
        hello = parse_client_hello(data)
    except MalformedHelloError:
        return
    everything(hello)


def everything(hello: ClientHello) -> None:
    """Each way to look at one ends well."""
    assert len(ja3(ja3_full(hello))) == 32
    assert [len(part) for part in ja4(hello).split("_")] == [10, 12, 12]
    assert dump(describe(hello, "test", 0.0)).endswith("}\n")
