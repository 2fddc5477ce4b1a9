"""How a client begins to speak HTTP/2 is sent again too: settings, window, order of pseudo-headers, priority."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from curl_cffi import Curl, CurlError, CurlOpt

from ccproxy.fingerprint.client_hello import parse_client_hello
from ccproxy.fingerprint.fingerprint import Fingerprint
from ccproxy.fingerprint.http2 import beginning
from ccproxy.fingerprint.record import describe
from ccproxy.transport.curl.profile import wear
from tests.fingerprint.listener import Observer
from tests.support.tls import Authority

SECONDS = 15


class Speaker:
    """A server that hears how HTTP/2 begins, and hangs up."""

    def __init__(self, authority: Authority) -> None:
        context = authority.server_context()
        context.set_alpn_protocols(["h2"])
        self.observer, self.ca_file = Observer(context), str(authority.ca_file)
        self._server = socket.create_server(("127.0.0.1", 0))
        self._server.settimeout(SECONDS)

    def hear(self, dress: Callable[[Curl], object]) -> dict[str, Any]:
        """What a handle says first."""
        told: list[dict[str, Any]] = []
        listening = threading.Thread(target=lambda: told.append(self._listen()))
        listening.start()
        curl = Curl(cacert=self.ca_file)
        dress(curl)
        curl.setopt(CurlOpt.URL, f"https://localhost:{self._server.getsockname()[1]}/".encode())
        curl.setopt(CurlOpt.TIMEOUT_MS, SECONDS * 1000)
        with contextlib.suppress(CurlError):  # nobody answers
            curl.perform()
        curl.close()
        listening.join()
        return told[0]

    def _listen(self) -> dict[str, Any]:
        sock, _ = self._server.accept()
        sock.settimeout(SECONDS)
        data, told = b"", None
        with self.observer.wrap_socket(sock, server_side=True) as tls:
            while not (told and told["pseudo_header_order"]) and (piece := tls.recv(65536)):
                data += piece
                told = beginning(data)
        assert told is not None
        return told

    def close(self) -> None:
        self._server.close()


@pytest.fixture(scope="module")
def speaker(authority: Authority) -> Iterator[Speaker]:
    made = Speaker(authority)
    yield made
    made.close()


@pytest.mark.parametrize(
    ("browser", "order"), [("chrome131", "masp"), ("firefox135", "mpas"), ("safari184", "msap"), ("chrome99", "masp")]
)
def test_http2_begins_as_it_was_captured(speaker: Speaker, browser: str, order: str) -> None:
    captured = speaker.hear(lambda curl: curl.impersonate(browser, default_headers=False))
    assert captured["pseudo_header_order"] == order
    assert captured["settings"]
    hello = parse_client_hello(speaker.observer.raw[-1])
    fingerprint = Fingerprint.read(describe(hello, "test", 0.0) | {"http2": captured})
    assert speaker.hear(lambda curl: wear(curl, fingerprint)) == captured
