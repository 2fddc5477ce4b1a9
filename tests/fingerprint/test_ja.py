"""Published test vectors: salesforce/ja3's README.md, FoxIO-LLC/ja4's technical_details/JA4.md and test data."""

from __future__ import annotations

import pytest

from ccproxy.fingerprint.client_hello import parse_client_hello
from ccproxy.fingerprint.ja3 import ja3, ja3_full
from ccproxy.fingerprint.ja4 import Carrier, first_and_last, hashed, ja4, ja4_r
from tests.fingerprint import hellos
from tests.fingerprint.hellos import Hello, of_ja4_ro

EXAMPLE = [47, 53, 5, 10, 49161, 49162, 49171, 49172, 50, 56, 19, 4]


@pytest.mark.parametrize(
    ("hello", "full", "name"),
    [
        (
            Hello(EXAMPLE, [0, 10, 11], groups=[23, 24, 25], legacy=769),
            "769,47-53-5-10-49161-49162-49171-49172-50-56-19-4,0-10-11,23-24-25,0",
            "ada70206e40642a3e4461f35503241d5",
        ),
        (
            Hello([4, 5, 10, 9, 100, 98, 3, 6, 19, 18, 99], legacy=769),
            "769,4-5-10-9-100-98-3-6-19-18-99,,,",
            "de350869b8c85de67a350c8d186f11e6",
        ),
    ],
)  # fmt: skip
def test_ja3_as_its_readme_has_it(hello: Hello, full: str, name: str) -> None:
    assert ja3_full(parse_client_hello(hello.records())) == full
    assert ja3(full) == name


def test_ja3_leaves_grease_out() -> None:
    plain = Hello([0x1301], [10, 11], groups=[29])
    greased = Hello([0x0A0A, 0x1301], [0x2A2A, 10, 11, 0x3A3A], groups=[0x4A4A, 29])
    assert (
        ja3_full(parse_client_hello(greased.body)) == ja3_full(parse_client_hello(plain.body)) == "771,4865,10-11,29,0"
    )


@pytest.mark.parametrize(
    ("raw", "name"),
    [
        (hellos.CHROME, hellos.CHROME_JA4),
        (hellos.RESUMED, hellos.RESUMED_JA4),
        (hellos.SIGNATURES_WITH_GREASE, hellos.SIGNATURES_WITH_GREASE_JA4),
        (hellos.BUN, hellos.BUN_JA4),
        (hellos.RUSTLS, hellos.RUSTLS_JA4),
    ],
)
def test_ja4_of_published_lists(raw: str, name: str) -> None:
    hello = parse_client_hello(of_ja4_ro(raw, alpn=[b"http/1.1"] if "h1_" in raw else [b"h2"]).records())
    assert ja4(hello) == name


def test_ja4_without_protocols() -> None:
    assert ja4(parse_client_hello(of_ja4_ro(hellos.GO).records())) == hellos.GO_JA4


def test_ja4_of_tls_1_2() -> None:
    assert ja4(parse_client_hello(of_ja4_ro(hellos.WINDOWS, alpn=()).records())) == hellos.WINDOWS_JA4


def test_ja4_of_quic() -> None:
    hello = parse_client_hello(of_ja4_ro(hellos.QUIC, versions=[0x0304], alpn=[b"h3"]).message)
    assert ja4(hello, "q") == hellos.QUIC_JA4


def test_ja4_r_is_sorted_and_leaves_out_what_the_name_says_already() -> None:
    assert ja4_r(parse_client_hello(of_ja4_ro(hellos.CHROME).records())) == (
        "t13d1516h2_002f,0035,009c,009d,1301,1302,1303,c013,c014,c02b,c02c,c02f,c030,cca8,cca9"
        "_0005,000a,000b,000d,0012,0015,0017,001b,0023,002b,002d,0033,4469,ff01"
        "_0403,0804,0401,0503,0805,0501,0806,0601"
    )


def test_grease_among_signature_algorithms_does_not_count() -> None:
    made = of_ja4_ro(hellos.SIGNATURES_WITH_GREASE)
    made.signatures = [0x8A8A, *made.signatures]
    assert ja4(parse_client_hello(made.records())) == hellos.SIGNATURES_WITH_GREASE_JA4


@pytest.mark.parametrize(
    ("protocol", "letters"),
    [
        (b"h2", "h2"),
        (b"http/1.1", "h1"),
        (b"", "00"),
        (b"h", "hh"),
        (b"\xab", "ab"),
        (b"\xab\xcd", "ad"),
        (b"\x30\xab", "3b"),
        (b"\x30\x31\xab\xcd", "3d"),
        (b"\x30\xab\xcd\x31", "01"),
    ],
)
def test_protocols_as_ja4_md_has_them(protocol: bytes, letters: str) -> None:
    assert first_and_last(protocol) == letters
    hello = parse_client_hello(Hello([0x1301], [16], alpn=[protocol, b"other"]).body)
    assert ja4(hello).split("_")[0].endswith(letters)


def test_the_hash_without_signature_algorithms_as_ja4_md_has_it() -> None:
    listed = "0005,000a,000b,000d,0012,0015,0017,001b,0023,002b,002d,0033,4469,ff01"
    assert hashed(f"t13d1516h2_002f_{listed}").split("_")[2] == "6d807ffa2a79"


def test_nothing_is_twelve_zeros() -> None:
    assert ja4(parse_client_hello(Hello([], legacy=0x0303).body)) == "t12i000000_000000000000_000000000000"
    only_named = parse_client_hello(Hello([0x1301], [0, 16]).body)
    assert ja4(only_named).split("_")[2] == "000000000000"


def test_counts_end_at_99() -> None:
    many = Hello(list(range(0x0100, 0x0100 + 120)), list(range(0x0200, 0x0200 + 101)))
    assert ja4(parse_client_hello(many.body)).startswith("t12i999900_")


@pytest.mark.parametrize(
    ("legacy", "versions", "letters"),
    [
        (0x0303, (0x0304, 0x0303), "13"),
        (0x0303, (0x7A7A, 0x0302, 0x0303), "12"),
        (0x0303, (), "12"),
        (0x0302, (), "11"),
        (0x0301, (), "10"),
        (0x0300, (), "s3"),
        (0x0002, (), "s2"),
        (0xFEFF, (), "d1"),
        (0xFEFD, (), "d2"),
        (0x0505, (), "00"),
    ],
)
def test_the_version(legacy: int, versions: tuple[int, ...], letters: str) -> None:
    made = Hello([0x1301], [43] if versions else [], versions=versions, legacy=legacy)
    carrier: Carrier = "d" if legacy > 0xFE00 else "t"
    body = made.body if legacy >> 8 == 3 else made.message
    assert ja4(parse_client_hello(body), carrier)[:3] == carrier + letters
