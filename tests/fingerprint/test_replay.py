"""A client is captured, and a provider then sees the same client, through the daemon."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from curl_cffi import Curl, CurlOpt

from ccproxy.fingerprint.client_hello import ClientHello, parse_client_hello
from ccproxy.fingerprint.fingerprint import Fingerprint
from ccproxy.fingerprint.ja3 import ja3_full
from ccproxy.fingerprint.ja4 import ja4
from ccproxy.fingerprint.record import describe
from ccproxy.fingerprint.store import FingerprintStore
from ccproxy.transport.rehearsal import rehearse
from tests.fingerprint import hellos
from tests.fingerprint.conftest import Provider
from tests.fingerprint.hellos import Hello, of_ja4_ro
from tests.support.daemon import Daemon, Home

GROUPS = (4588, 29, 23, 24)
"""With X25519MLKEM768, whose key share makes padding needless."""
RECORDED = {
    "bun": (hellos.BUN, hellos.BUN_JA4),
    "go": (hellos.GO, hellos.GO_JA4),
    "chrome": (hellos.CHROME, hellos.CHROME_JA4),
}
"""Clients that are not here, by their lists."""

type Client = Callable[[int, str], None]


def python(*protocols: str, ciphers: str = "", **settings: object) -> Client:
    """Python's own TLS, which is OpenSSL's."""

    def run(port: int, ca_file: str) -> None:
        context = ssl.create_default_context(cafile=ca_file)
        if protocols:
            context.set_alpn_protocols(list(protocols))
        if ciphers:
            context.set_ciphers(ciphers)
        for name, value in settings.items():
            setattr(context, name, value)
        with socket.create_connection(("127.0.0.1", port)) as sock:
            context.wrap_socket(sock, server_hostname="localhost").close()

    return run


def browser(name: str) -> Client:
    """A browser, as curl_cffi has it."""

    def run(port: int, ca_file: str) -> None:
        curl = Curl(cacert=ca_file)
        curl.impersonate(name, default_headers=False)
        curl.setopt(CurlOpt.URL, f"https://localhost:{port}/".encode())
        curl.setopt(CurlOpt.CONNECT_ONLY, 1)
        curl.perform()
        curl.close()

    return run


CLIENTS = {
    "python": python(),
    "python, http/1.1": python("http/1.1"),
    "python, few suites": python("http/1.1", ciphers="ECDHE+AESGCM"),
    "python, post-handshake authentication": python(post_handshake_auth=True),
    "python, TLS 1.2": python(maximum_version=ssl.TLSVersion.TLSv1_2),
    "python, no tickets": python(options=ssl.OP_ALL | ssl.OP_NO_TICKET),
    "firefox135": browser("firefox135"),
    "safari2601": browser("safari2601"),
    "chrome133a": browser("chrome133a"),
    "edge101": browser("edge101"),
}


def capture(provider: Provider, client: Client) -> ClientHello:
    """What a client says to the provider itself."""
    client(provider.upstream.port, provider.ca_file)
    return provider.observer.hellos[-1]


def recorded(raw: str) -> ClientHello:
    """What a client said whose lists are known."""
    made = of_ja4_ro(raw, alpn=[b"h2", b"http/1.1"])
    if raw in (hellos.BUN, hellos.GO):  # they send no GREASE
        lists = (made.suites[1:], made.extensions[1:-1], made.signatures)
        made = Hello(*lists, alpn=[b"http/1.1"], groups=GROUPS, shares=GROUPS[:2])
    return parse_client_hello(made.records())


STRANGE = Hello([0x1301, 0xC02B, 0x1304], [0, 10, 11, 13, 16, 43, 45, 50, 51], [0x0403, 0x0804, 0x0808])
"""No client of ours sends this."""


class Stage:
    """All captures, and a daemon with a provider for each."""

    def __init__(self, provider: Provider, home: Home) -> None:
        self.hellos = {name: capture(provider, client) for name, client in CLIENTS.items()}
        self.hellos |= {name: recorded(raw) for name, (raw, _) in RECORDED.items()}
        self.hellos["strange"] = parse_client_hello(STRANGE.records())
        self.provider, self.daemon = provider, Daemon(provider.config(*map(profile, self.hellos)), home=home)
        self.records = {name: describe(hello, "test", 0.0) for name, hello in self.hellos.items()}
        for name, record in self.records.items():
            FingerprintStore(home.config_dir).save(profile(name), record)

    def ja4_of(self, name: str) -> str:
        return self.provider.ja4_of(self.daemon, profile(name))


def profile(client: str) -> str:
    """The name that a client's capture is kept by."""
    return "my-" + client.replace(",", "").replace(" ", "-").replace("/", "-")


@pytest.fixture(scope="module")
def stage(provider: Provider) -> Iterator[Stage]:
    home = Home()
    try:
        made = Stage(provider, home)
        with made.daemon:
            yield made
    finally:
        home.remove()


@pytest.mark.parametrize("name", CLIENTS)
def test_the_provider_sees_the_captured_client(stage: Stage, name: str) -> None:
    hello = stage.hellos[name]
    assert stage.ja4_of(name) == ja4(hello)
    seen = stage.provider.observer.hellos[-1]
    assert ja3_full(seen) == ja3_full(hello), "the order is the same too"


@pytest.mark.parametrize("name", RECORDED)
def test_the_provider_sees_recorded_clients(stage: Stage, name: str) -> None:
    assert stage.ja4_of(name) == RECORDED[name][1] == stage.records[name]["ja4"]


@pytest.mark.parametrize("name", ["firefox135", "python, http/1.1"])
def test_a_second_connection_looks_the_same(stage: Stage, name: str) -> None:
    first = stage.ja4_of(name)
    known = len(stage.provider.observer.raw)
    assert stage.ja4_of(name) == first
    assert len(stage.provider.observer.raw) == known + 1


def test_what_cannot_be_sent_is_told(stage: Stage) -> None:
    verdict = rehearse(Fingerprint.read(stage.records["strange"]))
    assert not verdict.exact
    assert "without suite 1304" in str(verdict)
    assert "without extension signature_algorithms_cert" in str(verdict)
    assert "without signature algorithm ed448" in str(verdict)
    assert stage.ja4_of("strange") == verdict.sent != stage.records["strange"]["ja4"]
    output = stage.daemon.home.root / "daemon.out"
    wait_for(output, "provider my-strange does not look like my-strange exactly")
    assert output.read_text().count("does not look like") == 1, "all others are exact"


def test_rustls_sends_a_suite_that_cannot_be_sent() -> None:
    hello = parse_client_hello(of_ja4_ro(hellos.RUSTLS).records())
    assert "without suite 00ff" in str(rehearse(Fingerprint.read(describe(hello, "test", 0.0))))


def test_a_resumed_session_is_told() -> None:
    hello = parse_client_hello(of_ja4_ro(hellos.RESUMED).records())
    verdict = rehearse(Fingerprint.read(describe(hello, "test", 0.0)))
    assert not verdict.exact
    assert "without extension pre_shared_key" in str(verdict)
    assert "it resumed a session" in str(verdict)


def test_a_name_that_is_none_goes_nowhere() -> None:
    made = of_ja4_ro(hellos.CHROME, alpn=[b"h2", b"http/1.1"])
    for name in (b"a b", b"x@example.com", b"127.0.0.1", b"\xff", b"-.-", b"a" * 300 + b".com"):
        made.sni = name
        hello = parse_client_hello(made.records())
        assert rehearse(Fingerprint.read(describe(hello, "test", 0.0))).exact


def test_what_came_by_quic_is_not_sent_by_tcp() -> None:
    hello = parse_client_hello(of_ja4_ro(hellos.QUIC, versions=[0x0304], alpn=[b"h3"]).message)
    verdict = rehearse(Fingerprint.read(describe(hello, "test", 0.0, "q")))
    assert (verdict.exact, verdict.sent) == (False, "")
    assert "QUIC" in str(verdict)


def wait_for(file: Path, text: str, seconds: float = 20.0) -> None:
    """Returns once a file has a text."""
    ended = threading.Event()
    for _ in range(int(seconds / 0.05)):
        if text in file.read_text():
            return
        ended.wait(0.05)
    raise AssertionError(f"{text!r} is not in\n{file.read_text()}")
