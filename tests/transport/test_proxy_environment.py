"""Which proxy the environment names for an origin."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccproxy.exchange import Origin
from ccproxy.transport.carrier import TransportError
from ccproxy.transport.proxies import EnvironmentProxies
from ccproxy.transport.upstream import Proxy

API = Origin("https", "api.example.com", 443)
PLAIN = Origin("http", "api.example.com", 80)


def chosen(environ: dict[str, str], origin: Origin = API) -> str | None:
    proxy = EnvironmentProxies(environ).for_origin(origin)
    return None if proxy is None else str(proxy)


CHOICES: dict[str, tuple[dict[str, str], Origin, str | None]] = {
    "nothing": ({}, API, None),
    "https": ({"HTTPS_PROXY": "http://p:3128"}, API, "http://p:3128"),
    "lower case": ({"https_proxy": "http://p:3128"}, API, "http://p:3128"),
    "lower case first": ({"https_proxy": "http://low:1", "HTTPS_PROXY": "http://up:1"}, API, "http://low:1"),
    "an empty one is none": ({"https_proxy": "", "HTTPS_PROXY": "http://up:1"}, API, "http://up:1"),
    "not for http": ({"HTTPS_PROXY": "http://p:3128"}, PLAIN, None),
    "http": ({"HTTP_PROXY": "http://p:3128"}, PLAIN, "http://p:3128"),
    "not for https": ({"HTTP_PROXY": "http://p:3128"}, API, None),
    "http under CGI": ({"HTTP_PROXY": "http://evil:1", "REQUEST_METHOD": "GET"}, PLAIN, None),
    "http in lower case under CGI": ({"http_proxy": "http://p:1", "REQUEST_METHOD": "GET"}, PLAIN, "http://p:1"),
    "all": ({"ALL_PROXY": "socks5h://p"}, API, "socks5h://p:1080"),
    "all after its own": ({"ALL_PROXY": "socks5h://p", "HTTPS_PROXY": "https://q"}, API, "https://q:443"),
    "no scheme": ({"HTTPS_PROXY": "p:3128"}, API, "http://p:3128"),
    "no scheme, no port": ({"HTTPS_PROXY": "p"}, API, "http://p:80"),
    "IPv6": ({"HTTPS_PROXY": "http://[2001:db8::1]:3128/"}, API, "http://[2001:db8::1]:3128"),
    "simulator": ({"ALL_PROXY": "http://p"}, Origin("simulator", "simulator", 0), None),
}


@pytest.mark.parametrize("case", CHOICES)
def test_the_variable_that_counts(case: str) -> None:
    environ, origin, wanted = CHOICES[case]
    assert chosen(environ, origin) == wanted


def test_credentials_are_decoded_and_never_shown() -> None:
    proxy = EnvironmentProxies({"HTTPS_PROXY": "http://us%40er:p%3Aw@p:3128"}).for_origin(API)
    assert proxy == Proxy("http", "p", 3128, "us@er", "p:w")
    assert "p:w" not in f"{proxy} {proxy!r}"


@pytest.mark.parametrize(
    "host", ["localhost", "LOCALHOST", "a.localhost", "localhost.", "127.0.0.1", "127.8.9.1", "::1", "::ffff:127.0.0.1"]
)
def test_this_machine_is_reached_directly(host: str) -> None:
    assert chosen({"ALL_PROXY": "http://p"}, Origin("https", host, 443)) is None
    assert chosen({"ALL_PROXY": "nonsense://"}, Origin("https", host, 443)) is None


DIRECT: list[tuple[str, str, bool]] = [
    ("example.com", "api.example.com", True),
    (".example.com", "api.example.com", True),
    ("*.example.com", "api.example.com", True),
    (".example.com", "example.com", True),
    ("EXAMPLE.com", "Api.Example.COM", True),
    ("example.com", "api.example.com.", True),
    ("ample.com", "api.example.com", False),
    ("com.example", "api.example.com", False),
    ("other.org, example.com", "api.example.com", True),
    ("other.org example.com", "api.example.com", True),
    ("*", "api.example.com", True),
    ("*", "192.0.2.1", True),
    ("api.example.com:443", "api.example.com", True),
    ("example.com:443", "api.example.com", True),
    ("example.com:8443", "api.example.com", False),
    ("192.0.2.1", "192.0.2.1", True),
    ("192.0.2.1:443", "192.0.2.1", True),
    ("192.0.2.1:80", "192.0.2.1", False),
    ("192.0.2.0/24", "192.0.2.77", True),
    ("192.0.2.9/24", "192.0.2.77", True),
    ("192.0.2.0/24", "198.51.100.1", False),
    ("2001:db8::/32", "2001:db8::5", True),
    ("2001:db8::5", "2001:db8:0::5", True),
    ("[2001:db8::5]:443", "2001:db8::5", True),
    ("[2001:db8::5]:80", "2001:db8::5", False),
    ("192.0.2.1", "::ffff:192.0.2.1", True),
    ("2.1", "192.0.2.1", False),
    ("nonsense/99, , ,:::", "api.example.com", False),
    ("", "api.example.com", False),
]


@pytest.mark.parametrize(("no_proxy", "host", "direct"), DIRECT)
@pytest.mark.parametrize("name", ["no_proxy", "NO_PROXY"])
def test_exceptions(name: str, no_proxy: str, host: str, direct: bool) -> None:
    environ = {"HTTPS_PROXY": "http://p", name: no_proxy}
    assert (chosen(environ, Origin("https", host, 443)) is None) is direct


@pytest.mark.parametrize(
    "value", ["ftp://p", "http://", "http://:3128", "http://p:port", "http://p:99999", "http://[::1", "://p", "a b"]
)
def test_a_value_that_is_no_proxy_is_never_gone_around(value: str) -> None:
    """Whoever set it wants a proxy; the value may hold a password and is not repeated."""
    proxies = EnvironmentProxies({"HTTPS_PROXY": value.replace("p", "user:secret@p", 1)})
    with pytest.raises(TransportError, match="HTTPS_PROXY") as caught:
        proxies.for_origin(API)
    assert caught.value.kind == "connect"
    assert "secret" not in str(caught.value)
    assert proxies.for_origin(PLAIN) is None


@given(st.text(), st.text(), st.text(min_size=1))
def test_any_text(value: str, no_proxy: str, host: str) -> None:
    proxies = EnvironmentProxies({"HTTPS_PROXY": value, "NO_PROXY": no_proxy})
    try:
        proxy = proxies.for_origin(Origin("https", host, 443))
    except TransportError:
        return
    assert proxy is None or proxy.host
