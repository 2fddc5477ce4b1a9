"""Faults of answers over HTTP/1.1 (RFC 9112)."""

from __future__ import annotations

import gzip

from tests.faults.acts import (
    after_a_good_one,
    deluge,
    early,
    fixed,
    hang,
    keeps,
    leaves,
    reset,
    says,
    stale,
    volunteers,
)
from tests.faults.fault import WHOLE, Answer, Fault, Limits, Serve, chunk

SILENCE, STALLED = Limits(first_byte_seconds=0.25), Limits(idle_seconds=0.25)
CUT = ("reset", "truncated")
BAD = ("protocol",)
MEANINGLESS = ("malformed_answer", "provider_error", "truncated")
"""HTTP that is in order, around something that cannot be translated."""
EITHER = (WHOLE, "protocol")
"""Some servers do it, and it can be read in one way only."""
CHUNKED = b"Transfer-Encoding: chunked"
LINE = b"X-Filler: " + b"y" * 1000 + b"\r\n"
EARLY_HINTS = b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n"


def field(text: bytes) -> Serve:
    """An answer that is good but for one field."""
    return says(lambda a: [a.head(a.length, text) + a.body], hang)


def instead(text: bytes) -> Serve:
    """An answer whose first line is another."""
    return says(lambda a: [a.head(a.length, line=text) + a.body])


def framed(*fields: bytes) -> Serve:
    """An answer with framing of its own."""
    return says(lambda a: [a.head(*fields) + a.body], hang)


def in_chunks(rest: bytes) -> Serve:
    """Half of the body as one chunk, and then something."""
    return says(lambda a: [a.chunked, rest], hang)


def whole_chunk(answer: Answer) -> bytes:
    """All but the end of a chunked answer."""
    return answer.head(CHUNKED) + chunk(answer.body)


BREAKS = [
    Fault("closes before the head", fixed(), ("reset",)),
    Fault("resets before the head", fixed(end=reset), ("reset",)),
    Fault("closes in the head", fixed(b"HTTP/1.1 200 OK\r\nContent-Ty"), ("reset",)),
    Fault("resets in the head", fixed(b"HTTP/1.1 200 OK\r\nContent-Ty", end=reset), ("reset",)),
    Fault("silent before the head", fixed(end=hang), ("first_byte_timeout",), limits=SILENCE),
    Fault("silent in the head", fixed(b"HTTP/1.1 200 OK\r\nX", end=hang), ("first_byte_timeout",), limits=SILENCE),
    Fault("closes after the head", says(lambda a: [a.head(a.length)]), CUT, True),
    Fault("resets after the head", says(lambda a: [a.head(a.length)], reset), CUT, True),
    Fault("silent after the head", says(lambda a: [a.head(a.length)], hang), ("idle_timeout",), True, limits=STALLED),
    Fault("closes in a body with a length", says(lambda a: [a.head(a.length), a.half]), CUT, True),
    Fault("resets in a body with a length", says(lambda a: [a.head(a.length), a.half], reset), CUT, True),
    Fault("closes in a chunked body", says(lambda a: [a.chunked]), CUT, True),
    Fault("resets in a chunked body", says(lambda a: [a.chunked], reset), CUT, True),
    Fault("silent in a chunked body", says(lambda a: [a.chunked], hang), ("idle_timeout",), True, limits=STALLED),
    Fault("closes before the last chunk", says(lambda a: [whole_chunk(a)]), CUT, True),
    Fault("closes at the end of a body until close", says(lambda a: [a.head(), a.body]), (WHOLE,)),
    Fault("resets in a body until close", says(lambda a: [a.head(), a.half], reset), CUT, True),
    Fault("closes an idle connection", after_a_good_one(leaves), (WHOLE,), warmed=True),
    Fault("closes it when the next request comes", stale, (WHOLE,), warmed=True),
    Fault("an answer nobody asked for", after_a_good_one(volunteers), (WHOLE,), warmed=True),
    Fault("an answer before the request is whole", early, ("413",), big=True, modes=(False,)),
]

VERSIONS = [
    Fault("HTTP/1.0 with a length", instead(b"HTTP/1.0 200 OK"), (WHOLE,)),
    Fault("HTTP/1.0 until close", says(lambda a: [a.head(line=b"HTTP/1.0 200 OK"), a.body]), (WHOLE,)),
    Fault("HTTP/0.9", says(lambda a: [a.body]), BAD),
    Fault("HTTP/3.7", instead(b"HTTP/3.7 200 OK"), BAD),
    Fault("HTTP/2 as a status line", instead(b"HTTP/2 200"), EITHER),
    Fault("a greeting as of SMTP", fixed(b"220 mail.test ESMTP\r\n", end=hang), BAD),
    Fault("garbage", fixed(bytes(range(256)) * 8, end=hang), BAD),
    Fault("a status that is no number", instead(b"HTTP/1.1 abc OK"), BAD),
    Fault("a status of two digits", instead(b"HTTP/1.1 20 OK"), BAD),
    Fault("a status of five digits", instead(b"HTTP/1.1 20000 OK"), BAD),
    Fault("a status of 000", instead(b"HTTP/1.1 000 OK"), BAD),
    Fault("102 and then silence", fixed(b"HTTP/1.1 102 X\r\n\r\n", end=hang), ("first_byte_timeout",), limits=SILENCE),
    Fault("103 without end", deluge(lambda a: b"", EARLY_HINTS), BAD),
    Fault("101 unasked", fixed(b"HTTP/1.1 101 X\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\nraw", end=hang), BAD),
    Fault("101 unasked, to nothing", fixed(b"HTTP/1.1 101 X\r\n\r\n", end=hang), BAD),
    Fault("301 to another host", fixed(b"HTTP/1.1 301 X\r\nLocation: http://127.0.0.1:9/\r\n\r\n"), ("301",)),
    Fault(
        "302 to another host",
        fixed(b"HTTP/1.1 302 X\r\nLocation: http://127.0.0.1:9/\r\nContent-Length: 0\r\n\r\n"),
        ("302",),
    ),
    Fault("307 to itself", keeps(lambda a: [b"HTTP/1.1 307 X\r\nLocation: /\r\nContent-Length: 0\r\n\r\n"]), ("307",)),
]

HEADS = [
    Fault("bare line feeds", says(lambda a: [a.sized.replace(b"\r\n", b"\n", 4)], hang), EITHER),
    Fault("NUL in a field", field(b"X-Bad: a\0b"), BAD),
    Fault("NUL in a field's name", field(b"X-B\0d: a"), BAD),
    Fault("a field without colon", field(b"nothing to see here"), BAD),
    Fault("a space before the colon", field(b"X-Bad : a"), BAD),
    Fault("a field over two lines", field(b"X-Old: a\r\n b"), EITHER),
    Fault("100 MB of fields", deluge(lambda a: a.head()[:-2], LINE), BAD),
    Fault("100 MB of short fields", deluge(lambda a: a.head()[:-2], b"A: b\r\n"), BAD),
    Fault("one field of 100 MB", deluge(lambda a: a.head()[:-2] + b"X-Long: ", b"y" * 1000), BAD),
    Fault("a status line of 100 MB", deluge(lambda a: b"HTTP/1.1 200 ", b"O" * 1000), BAD),
    Fault("two lengths, the same", says(lambda a: [a.head(a.length, a.length) + a.body], hang), EITHER),
    Fault("two lengths, different", field(b"Content-Length: 7"), BAD),
    Fault("a negative length", framed(b"Content-Length: -5"), BAD),
    Fault("a length that is no number", framed(b"Content-Length: 0x20"), BAD),
    Fault("a length of 30 digits", framed(b"Content-Length: " + b"9" * 30), BAD),
    Fault("a length of 100 petabytes, then silence", framed(b"Content-Length: %d" % 10**17), ("idle_timeout",), True,
          limits=STALLED, modes=(True,)),
    Fault("another length and chunks", says(
        lambda a: [a.head(b"Content-Length: 7", CHUNKED) + chunk(a.body) + b"0\r\n\r\n"], hang), BAD),
    Fault("a length and chunks", says(lambda a: [a.head(a.length, CHUNKED) + chunk(a.body) + b"0\r\n\r\n"], hang), BAD),
    Fault("an unknown transfer coding", framed(b"Transfer-Encoding: rot13"), BAD),
    Fault("gzip as a transfer coding", framed(b"Transfer-Encoding: gzip, chunked"), BAD),
]  # fmt: skip

BODIES = [
    Fault("a chunk size that is no number", in_chunks(b"zz\r\nnot a chunk\r\n"), BAD, True),
    Fault("a negative chunk size", in_chunks(b"-5\r\nhello\r\n"), BAD, True),
    Fault("a chunk size of 30 digits", in_chunks(b"f" * 30 + b"\r\nhello\r\n"), BAD, True),
    Fault("an empty chunk size", in_chunks(b"\r\nhello\r\n"), BAD, True),
    Fault("a chunk size without end", deluge(lambda a: a.chunked, b"0" * 1000), BAD, True),
    Fault("a chunk extension without end", deluge(lambda a: a.chunked + b"5;", b"x=y;" * 250),
          (*BAD, "idle_timeout"), True, limits=STALLED),
    Fault("a chunk without its line end", in_chunks(b"5\r\nhelloXX0\r\n\r\n"), BAD, True),
    Fault("trailers that are none", in_chunks(b"0\r\nno colon here\r\n\r\n"), BAD, True),
    Fault("100 MB of trailers", deluge(lambda a: a.chunked + b"0\r\n", LINE), BAD, True),
    Fault("more than its length", says(lambda a: [a.sized + b"and more"], hang), (WHOLE,)),
    Fault("more than its last chunk", says(lambda a: [whole_chunk(a) + b"0\r\n\r\nand more"], hang), (WHOLE,)),
    Fault(
        "gzip that is broken, translated",
        says(lambda a: [a.head(b"Content-Encoding: gzip", CHUNKED), chunk(gzip.compress(a.body)[:30] + b"\0" * 40),
                        b"0\r\n\r\n"], hang),
        MEANINGLESS, True, translated=True,
    ),
    Fault(
        "JSON cut short in good order, translated",
        says(lambda a: [a.head(b"Content-Length: %d" % len(a.half)) + a.half], hang),
        MEANINGLESS, True, translated=True, modes=(False,),
    ),
    Fault("closes in the middle of an event", says(lambda a: [a.chunked, chunk(b'data: {"type"')]), CUT, True,
          modes=(True,)),
    Fault("a stream cut short in good order", says(lambda a: [a.chunked, b"0\r\n\r\n"], hang), ("truncated",), True,
          modes=(True,)),
    Fault("a stream cut short, translated", says(lambda a: [a.chunked, b"0\r\n\r\n"], hang),
          MEANINGLESS, True, translated=True, modes=(True,)),
    Fault("HTML with status 200, translated", says(
        lambda a: [b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 6\r\n\r\n<html>"], hang),
        MEANINGLESS, translated=True),
]  # fmt: skip

ANSWERS = [*BREAKS, *VERSIONS, *HEADS, *BODIES]
