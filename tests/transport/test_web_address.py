"""URLs of strangers: one meaning or none."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ccproxy.transport.web_address import SHOWN_LIMIT, Refused, host_of, read, shown


@pytest.mark.parametrize(
    ("url", "origin", "target", "name"),
    [
        ("https://example.org", "https://example.org", b"/", ""),
        ("HTTPS://Example.ORG:443/a/b.png", "https://example.org", b"/a/b.png", "b.png"),
        ("http://example.org:8080?a=b&c#d", "http://example.org:8080", b"/?a=b&c", ""),
        ("https://example.org./x", "https://example.org.", b"/x", "x"),
        ("https://b\u00fccher.example/\u00e4?\u00fc", "https://xn--bcher-kva.example", b"/%C3%A4?%C3%BC", "\u00e4"),
        ("http://1.1.1.1/%2e%2E%2Fetc%00", "http://1.1.1.1", b"/%2e%2E%2Fetc%00", "..etc"),
        ("http://[2606:4700:0::1]:81/a|b", "http://[2606:4700::1]:81", b"/a%7Cb", "a|b"),
        ("http://under_score.example/a;b=c", "http://under_score.example", b"/a;b=c", "a;b=c"),
    ],
)  # fmt: skip
def test_what_it_means(url: str, origin: str, target: bytes, name: str) -> None:
    place = read(url)
    assert (str(place.origin), place.target, place.name) == (origin, target, name)


NOTATION = "in a notation that programs read in different ways"


@pytest.mark.parametrize(
    ("url", "words"),
    [
        *((f"http://{host}/", NOTATION) for host in ("2130706433", "0x7f000001", "017700000001", "127.1", "0x7f.1")),
        *((f"http://{host}/", NOTATION) for host in ("0177.0.0.1", "127.0.0.01", "127.0.0.1.", "1.2.3.4.5", "0x")),
        ("http://\uff11\uff12\uff17.1/", NOTATION),
        ("http://[fe80::1%25eth0]/", NOTATION),
        ("http://[fe80::1%eth0]/", NOTATION),
        ("http://[v1.x]/", "no URL"),
        ("http://[::1/", "no URL"),
        ("http://[::1]x/", "no URL"),
        ("http://x[::1]/", "no URL"),
        ("http://[::1]x:80/", "no URL"),
        ("http://[::1]:80:80/", "no URL"),
        ("http://a:b/", "no URL"),
        ("http://a:99999/", "no URL"),
        ("http://a:0/", "no port 0"),
        ("http:///etc/passwd", "names no host"),
        ("http://a..b/", "neither a name nor an address"),
        ("http://-a/", "neither a name nor an address"),
        ("http://a%2eb/", "neither a name nor an address"),
        (f"http://{'a' * 64}.b/", "neither a name nor an address"),
        (f"http://{'\u00fc' * 64}.b/", "neither a name nor an address"),
        ("http://a,b/", "neither a name nor an address"),
        ("http://user:secret@a/", "a user name or a password"),
        ("http://user@a/", "a user name or a password"),
        ("http://@a/", "a user name or a password"),
        ("http://127.0.0.1\\@a/", "a backslash"),
        ("http:\\\\a/", "a backslash"),
        ("http://a/b c", "a blank"),
        ("http://a/\r\nHost: b", "a blank"),
        ("http://\ta/", "a blank"),
        ("http://a/\x00", "a control character"),
        (" http://a/", "a blank"),
        ("http://a/\ud800", "half a character"),
        ("http://a/" + "x" * 9000, "longer than 8192"),
        ("ftp://a/", "only https and http"),
        ("file:///etc/passwd", "only https and http"),
        ("gopher://a/_x", "only https and http"),
        ("data:image/png;base64,AAAA", "only https and http"),
        ("javascript:x", "only https and http"),
        ("//a/b", "no URL"),
        ("a", "no URL"),
        ("", "no URL"),
    ],
)
def test_what_is_refused(url: str, words: str) -> None:
    with pytest.raises(Refused, match=words):
        read(url)


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("https://a.example/b?key=secret#secret", "https://a.example/b"),
        ("https://user:secret@a.example/b@c", "https://a.example/b@c"),
        ("https:\\\\user:secret@a.example", "https:\\\\a.example"),
        ("user:secret@a.example", "user:a.example"),
        ("http://a\x1b[31m/\n", "http://a\ufffd[31m/\ufffd"),
        ("http://a/" + "x" * 300, "http://a/" + "x" * (SHOWN_LIMIT - 9) + "…"),
    ],
)
def test_what_errors_tell_of_it(url: str, told: str) -> None:
    assert shown(url) == told


@settings(max_examples=1000, deadline=None)
@given(st.text(st.sampled_from("htps:/@?#[]%.0x17fa\\ \u00fc\uff0e\u3002-"), max_size=40).map("http://a".__add__))
def test_any_text_is_read_or_refused(url: str) -> None:
    """And what is read can be read again: it means the same to whoever reads it next."""
    try:
        place = read(url)
    except Refused:
        return
    again = read(f"{place.origin}{place.target.decode()}")
    assert (again.origin, again.target) == (place.origin, place.target)
    assert host_of(place.origin.host) == place.origin.host
