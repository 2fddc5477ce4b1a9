"""TLS towards providers: always verified."""

from __future__ import annotations

import asyncio
import os
import ssl

import certifi

from ccproxy.fingerprint.fingerprint import Fingerprint
from ccproxy.transport.carrier import TransportError
from ccproxy.transport.likeness import shape


class TrustStore:
    """Contexts by the file of certificates that are trusted beside the system's. Each is made once, off the loop."""

    def __init__(self) -> None:
        self._contexts: dict[tuple[str | None, Fingerprint | None], ssl.SSLContext] = {}
        self._making = asyncio.Lock()

    async def context(self, ca_file: str | None, fingerprint: Fingerprint | None = None) -> ssl.SSLContext:
        """A context for clients that looks like `fingerprint`, if there is one.

        Raises TransportError if the file cannot be used; it is read again the next time.
        """
        key = (ca_file, fingerprint)
        known = self._contexts.get(key)
        if known is not None:
            return known
        async with self._making:
            if key not in self._contexts:
                self._contexts[key] = await asyncio.to_thread(made, ca_file, fingerprint)
            return self._contexts[key]


def made(ca_file: str | None, fingerprint: Fingerprint | None) -> ssl.SSLContext:
    """A verifying context that looks like a captured client, if there is one. Raises TransportError."""
    context = verified_context(ca_file)
    if fingerprint is not None:
        try:
            shape(context, fingerprint)
        except ssl.SSLError as error:
            raise TransportError("tls", f"OpenSSL here cannot look like {fingerprint.ja4}: {error.reason}") from None
    return context


def verified_context(ca_file: str | None = None) -> ssl.SSLContext:
    """A client context that verifies names and chains against $SSL_CERT_FILE, the system's CAs, or else certifi's, and
    those of `ca_file`. Raises TransportError."""
    paths = ssl.get_default_verify_paths()
    system = os.environ.get("SSL_CERT_FILE") or os.environ.get("SSL_CERT_DIR") or paths.cafile or paths.capath
    context = ssl.create_default_context(cafile=None if system else certifi.where())
    if ca_file is not None:
        _trust(context, ca_file)
    context.set_alpn_protocols(["http/1.1"])
    return context


def _trust(context: ssl.SSLContext, ca_file: str) -> None:
    try:
        context.load_verify_locations(cafile=ca_file)
    except ssl.SSLError:
        raise TransportError("tls", f"the ca_file {ca_file} holds no certificates in PEM") from None
    except OSError as error:
        raise TransportError("tls", f"the ca_file {ca_file} cannot be read: {error.strerror or error}") from None


def said_goodbye(session: ssl.SSLObject | None) -> bool:
    """True if a session that has ended did so by a close_notify, which nobody in between can send. True without TLS.

    The loops do not tell, but reading from such a session is its end, and from any other it is a wish for more.
    """
    if session is None:
        return True
    try:
        return not session.read(1)
    except ssl.SSLZeroReturnError:
        return True
    except ssl.SSLError:
        return False
