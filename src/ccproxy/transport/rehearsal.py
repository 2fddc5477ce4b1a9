"""Whether a captured fingerprint can be sent again: tried, on this machine alone, and compared."""

from __future__ import annotations

import re
import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Literal, Self

from ccproxy.fingerprint.client_hello import (
    ECH,
    PADDING,
    PRE_SHARED_KEY,
    SERVER_NAME,
    ClientHello,
    MalformedHelloError,
    is_grease,
    parse_client_hello,
)
from ccproxy.fingerprint.fingerprint import Fingerprint
from ccproxy.fingerprint.ja4 import ja4
from ccproxy.fingerprint.names import extension_name, signature_name
from ccproxy.fingerprint.record import protocol_text

type Way = Literal["libcurl", "OpenSSL"]
SECONDS = 5.0
LOOPBACK = "127.0.0.1"
ELSEWHERE = "localhost"
"""In place of a captured server's name that is none."""
HOSTNAME = re.compile(r"(?!-)[a-z0-9-]{1,63}(\.[a-z0-9-]{1,63})*\.[a-z][a-z0-9-]{1,62}")
RESUMED = "it resumed a session: take a flow of the client's first connection to the server"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is sent in place of what was captured."""

    way: Way
    wanted: str
    """The captured JA4."""
    sent: str
    """The JA4 that is sent; empty if no TLS came about."""
    differences: tuple[str, ...]
    """In words; those beyond JA4 too."""

    @property
    def exact(self) -> bool:
        """Whether the JA4 is the same."""
        return self.wanted == self.sent

    def __str__(self) -> str:
        if self.exact:
            beside = f"; what JA4 leaves out differs: {'; '.join(self.differences)}" if self.differences else ""
            return f"exact ({self.way}){beside}"
        what = f"JA4 is {self.sent} instead of {self.wanted}" if self.sent else "it cannot be sent"
        return f"differs ({self.way}): " + "; ".join([what, *self.differences])


def rehearse(fingerprint: Fingerprint) -> Verdict:
    """Tries a fingerprint. Blocks for some milliseconds."""
    server = server_of(fingerprint)
    if fingerprint.quic:
        return Verdict("libcurl", fingerprint.ja4, "", ("it was captured from QUIC, which ccproxy does not speak",))
    way: Way = "OpenSSL" if fingerprint.of_openssl else "libcurl"
    try:
        hello = parse_client_hello((by_openssl if fingerprint.of_openssl else by_libcurl)(fingerprint, server))
    except (MalformedHelloError, OSError, ValueError) as error:
        return Verdict(way, fingerprint.ja4, "", (str(error),))
    return compare(fingerprint, hello, way)


def compare(wanted: Fingerprint, sent: ClientHello, way: Way) -> Verdict:
    """A captured fingerprint and what is sent for it. Padding beside encrypted ClientHellos is by chance."""
    told = [
        *_lists("suite", wanted.cipher_suites, sent.cipher_suites, lambda code: f"{code:04x}"),
        *_lists("extension", _firm(wanted.extensions), _firm(sent.extension_types), extension_name),
        *_lists("signature algorithm", wanted.signature_algorithms, sent.signature_algorithms, signature_name),
        *_lists("group", wanted.supported_groups, sent.supported_groups, lambda code: f"{code:04x}"),
        *_lists("protocol", wanted.alpn, tuple(map(protocol_text, sent.alpn)), str),
    ]
    if PRE_SHARED_KEY in wanted.extensions and PRE_SHARED_KEY not in sent.extension_types:
        told.append(RESUMED)
    name = ja4(sent)
    if ECH in wanted.extensions and name != wanted.ja4 and not told:
        name = wanted.ja4
    return Verdict(way, wanted.ja4, name, tuple(told))


def server_of(fingerprint: Fingerprint) -> str | None:
    """The name to speak to, as long as the captured one: padding depends on it. None if there was none."""
    if SERVER_NAME not in fingerprint.extensions:
        return None
    return fingerprint.sni if fingerprint.sni and HOSTNAME.fullmatch(fingerprint.sni) else ELSEWHERE


def by_openssl(fingerprint: Fingerprint, server: str | None) -> bytes:
    """The ClientHello of the native carrier."""
    from ccproxy.transport.likeness import first_words, shape

    context = ssl.create_default_context()
    shape(context, fingerprint)
    return first_words(context, server)


def by_libcurl(fingerprint: Fingerprint, server: str | None) -> bytes:
    """The ClientHello of the other carrier, sent to a socket of our own. Raises OSError if none came."""
    from curl_cffi import Curl, CurlError, CurlOpt

    from ccproxy.transport.curl.profile import wear

    curl = Curl()
    try:
        with Ear() as ear:
            wear(curl, fingerprint)
            curl.setopt(CurlOpt.URL, f"https://{server or LOOPBACK}:{ear.port}/".encode())
            curl.setopt(CurlOpt.RESOLVE, [f"*:{ear.port}:{LOOPBACK}".encode()])  # no name is asked for
            curl.setopt(CurlOpt.PROXY, b"")
            curl.setopt(CurlOpt.NOPROXY, b"*")
            curl.setopt(CurlOpt.TIMEOUT_MS, int(SECONDS * 1000))
            try:
                curl.perform()
            except CurlError as error:  # there is always one: nobody answers
                ear.why = str(error)
            return ear.heard()
    except CurlError as error:
        raise OSError(str(error)) from error
    finally:
        curl.close()


class Ear:
    """Hears one ClientHello on a port of this machine, and hangs up."""

    def __init__(self) -> None:
        self.why = "nobody spoke"
        """Why nothing was heard."""
        self._listener = socket.create_server((LOOPBACK, 0))
        self._listener.settimeout(SECONDS)
        self.port: int = self._listener.getsockname()[1]
        self._data = b""
        self._thread = threading.Thread(target=self._listen, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._listener.close()

    def heard(self) -> bytes:
        """What was said. Raises OSError if that was nothing."""
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        if not self._data:
            raise OSError(self.why)
        return self._data

    def _listen(self) -> None:
        with suppress(OSError):
            conversation, _ = self._listener.accept()
            with conversation:
                conversation.settimeout(SECONDS)
                while not is_whole(self._data) and (piece := conversation.recv(65536)):
                    self._data += piece


def is_whole(data: bytes) -> bool:
    """Whether a ClientHello is complete."""
    try:
        parse_client_hello(data)
    except MalformedHelloError:
        return False
    return True


def _firm(kinds: tuple[int, ...]) -> tuple[int, ...]:
    """Extensions without padding where an encrypted ClientHello of random length decides about it."""
    return tuple(kind for kind in kinds if kind != PADDING) if ECH in kinds else kinds


def _lists[T](what: str, wanted: Sequence[T], sent: Sequence[T], name: Callable[[T], str]) -> Iterator[str]:
    """What is missing of a list, what is too much, or that the order is another."""
    mine = [each for each in sent if not (isinstance(each, int) and is_grease(each))]
    if missing := [name(each) for each in wanted if each not in mine]:
        yield f"without {what} {', '.join(missing)}"
    if added := [name(each) for each in mine if each not in wanted]:
        yield f"with {what} {', '.join(added)}"
    if not missing and not added and list(wanted) != mine:
        yield f"each {what} in another order"
