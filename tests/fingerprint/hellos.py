"""ClientHellos made of lists of numbers, and published fingerprints with the lists that they were made of."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

GREASE = (0x0A0A, 0x1A1A, 0xFAFA)


def vector(size: int, data: bytes) -> bytes:
    return len(data).to_bytes(size) + data


def numbers(values: Iterable[int], size: int = 2) -> bytes:
    return b"".join(value.to_bytes(size) for value in values)


def codes(text: str) -> list[int]:
    """`c02b,c02f` as numbers."""
    return [int(code, 16) for code in text.split(",") if code]


@dataclass
class Hello:
    """What a ClientHello is to say; each extension of the order gets the content that belongs to it."""

    suites: Sequence[int]
    extensions: Sequence[int] = ()
    signatures: Sequence[int] = ()
    alpn: Sequence[bytes] = (b"h2", b"http/1.1")
    versions: Sequence[int] = (0x0304, 0x0303)
    groups: Sequence[int] = (29, 23, 24)
    formats: Sequence[int] = (0,)
    shares: Sequence[int] = (29,)
    legacy: int = 0x0303
    sni: bytes = b"example.com"

    def content(self, kind: int) -> bytes:
        made = {
            0: vector(2, b"\0" + vector(2, self.sni)),
            10: vector(2, numbers(self.groups)),
            11: vector(1, numbers(self.formats, 1)),
            13: vector(2, numbers(self.signatures)),
            16: vector(2, b"".join(vector(1, protocol) for protocol in self.alpn)),
            27: vector(1, numbers([2])),
            28: numbers([0x4001]),
            34: vector(2, numbers([0x0403, 0x0503])),
            43: vector(1, numbers(self.versions)),
            45: vector(1, b"\1"),
            51: vector(2, b"".join(numbers([group]) + vector(2, b"k" * 32) for group in self.shares)),
            17513: vector(2, vector(1, b"h2")),
        }
        return made.get(kind, b"")

    @property
    def body(self) -> bytes:
        """Without headers."""
        extensions = b"".join(numbers([kind]) + vector(2, self.content(kind)) for kind in self.extensions)
        start = numbers([self.legacy]) + b"r" * 32 + vector(1, b"s" * 32) + vector(2, numbers(self.suites)) + b"\1\0"
        return start + (vector(2, extensions) if self.extensions else b"")

    @property
    def message(self) -> bytes:
        """With the header of the handshake."""
        return b"\1" + vector(3, self.body)

    def records(self, size: int = 16384) -> bytes:
        """In records of some size."""
        message = self.message
        return b"".join(b"\x16\3\1" + vector(2, message[at : at + size]) for at in range(0, len(message), size))


def of_ja4_ro(raw: str, versions: Sequence[int] = (0x0304, 0x0303), alpn: Sequence[bytes] = (b"h2",)) -> Hello:
    """The ClientHello of a published raw fingerprint with its lists in order, GREASE put in where browsers do."""
    _, suites, extensions, *signatures = raw.split("_")
    return Hello(
        [GREASE[0], *codes(suites)],
        [GREASE[1], *codes(extensions), GREASE[2]],
        codes(signatures[0]) if signatures else (),
        alpn,
        [GREASE[0], *versions],
        [GREASE[0], 29, 23, 24],
        shares=[GREASE[0], 29],
    )


CHROME = (
    "t13d1516h2_1301,1302,1303,c02b,c02f,c02c,c030,cca9,cca8,c013,c014,009c,009d,002f,0035"
    "_001b,0000,0033,0010,4469,0017,002d,000d,0005,0023,0012,002b,ff01,000b,000a,0015"
    "_0403,0804,0401,0503,0805,0501,0806,0601"
)
"""JA4_ro of the example in FoxIO's technical_details/JA4.md."""
CHROME_JA4 = "t13d1516h2_8daaf6152771_e5627efa2ab1"
"""Its JA4."""
SIGNATURES_WITH_GREASE = (
    "t13d1517h2_1301,1302,1303,c02b,c02f,c02c,c030,cca9,cca8,c013,c014,009c,009d,002f,0035"
    "_fe0d,0010,0017,0033,44cd,ff01,000a,000d,0023,002b,000b,ca34,002d,0000,0005,001b,0012"
    "_0904,0905,0906,0403,0804,0401,0503,0805,0501,0806,0601"
)
"""FoxIO's python/test/testdata/sigalg-grease.pcapng.json."""
SIGNATURES_WITH_GREASE_JA4 = "t13d1517h2_8daaf6152771_cb7bf5808d99"
WINDOWS = (
    "t12d190800_c02c,c02b,c030,c02f,c024,c023,c028,c027,c00a,c009,c014,c013,009d,009c,003d,003c,0035,002f,000a"
    "_0000,0005,000a,000b,000d,0023,0017,ff01_0804,0805,0806,0401,0501,0201,0403,0503,0203,0202,0601,0603"
)
"""FoxIO's python/test/testdata/latest.pcapng.json, stream 3."""
WINDOWS_JA4 = "t12d190800_d83cc789557e_7af1ed941c26"
RESUMED = (
    "t13d1516h2_1301,1302,1303,c02b,c02f,c02c,c030,cca9,cca8,c013,c014,009c,009d,002f,0035"
    "_000d,0010,0000,000b,0023,4469,ff01,0033,000a,002d,002b,0005,0017,0012,001b,0029"
    "_0403,0804,0401,0503,0805,0501,0806,0601"
)
"""The same file, stream 5."""
RESUMED_JA4 = "t13d1516h2_8daaf6152771_9b887d9acb53"
QUIC = (
    "q13d0312h3_1301,1302,1303_0000,0010,000a,000d,001b,0029,002b,002d,0033,0039,4469,fe0d"
    "_0403,0804,0401,0503,0805,0501,0806,0601,0201"
)
QUIC_JA4 = "q13d0312h3_55b375c5d22e_06cda9e17597"
"""Chromium's in FoxIO's ja4plus-mapping.csv, which has no lists; these are the ones that give it."""
GO = (
    "t13d190900_c02f,c030,c02b,c02c,cca8,cca9,c013,c009,c014,c00a,009c,009d,002f,0035,c012,000a,1301,1302,1303"
    "_0000,0005,000a,000b,000d,ff01,0012,002b,0033_0804,0403,0807,0805,0806,0401,0501,0601,0503,0603,0201,0203"
)
GO_JA4 = "t13d190900_9dc949149365_97f8aa674fd9"
"""GoLang's in FoxIO's ja4plus-mapping.csv, which has no lists; these are those of its crypto/tls."""
RUSTLS = (
    "t13d1011h2_1302,1301,1303,c02c,c02b,cca9,c030,c02f,cca8,00ff"
    "_0000,0005,000a,000b,000d,0010,0017,0023,002b,002d,0033_0503,0403,0807,0806,0805,0804,0601,0501,0401"
)
"""An example that shigshag.com/tools/ja4 explains."""
RUSTLS_JA4 = "t13d1011h2_61a7ad8aa9b6_3fcd1a44f3e3"
BUN = (
    "t13d1713h1_1301,1302,1303,c02b,c02f,c02c,c030,cca9,cca8,c009,c013,c00a,c014,009c,009d,002f,0035"
    "_0000,0017,ff01,000a,000b,0023,0010,0005,000d,0012,0033,002d,002b"
    "_0403,0804,0401,0503,0805,0501,0806,0601,0807,0603,0201"
)
"""What the native build of Claude Code 2 says (Bun, BoringSSL), as ccproxy recorded it."""
BUN_JA4 = "t13d1713h1_5b57614c22b0_7f527383e249"
