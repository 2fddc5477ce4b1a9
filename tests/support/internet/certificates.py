"""Certificates for every name, from an authority of the test's own."""

from __future__ import annotations

import ssl
from pathlib import Path

import trustme

OFFERED = ["h2", "http/1.1"]
ADDRESSES = ("198.18.0.1", "203.0.113.1", "2001:db8::1", "127.0.0.1")
"""For clients that ask for no name."""
QUIC_NAMES = ("*.h3.test", "*.example.test", "h3.test", "example.test")
"""QUIC servers here show one certificate for all."""


class Certificates:
    """Issues a certificate when a name is first asked for. Only HTTP/1.1 is offered under names with `h1` in them."""

    def __init__(self, ca_file: Path, folder: Path) -> None:
        self._authority = trustme.CA(organization_name="The internet of the tests")
        self._folder = folder
        self._contexts: dict[str, ssl.SSLContext] = {}
        self._authority.cert_pem.write_to_path(str(ca_file))
        self.context = self._issue(*ADDRESSES)
        self.context.set_servername_callback(self._choose)

    def _choose(self, connection: ssl.SSLObject | ssl.SSLSocket, name: str | None, _: ssl.SSLContext) -> None:
        if name is None:
            return
        if name not in self._contexts:
            self._contexts[name] = self._issue(name)
        connection.context = self._contexts[name]

    def _issue(self, *names: str) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._authority.issue_cert(*names).configure_cert(context)
        context.set_alpn_protocols(OFFERED[1:] if "h1" in names[0] else OFFERED)
        return context

    def quic_files(self) -> tuple[Path, Path]:
        """The chain and the key of the certificate for QUIC."""
        leaf = self._authority.issue_cert(*QUIC_NAMES)
        chain, key = self._folder / "quic.pem", self._folder / "quic.key"
        chain.write_bytes(b"".join(blob.bytes() for blob in leaf.cert_chain_pems))
        key.write_bytes(leaf.private_key_pem.bytes())
        return chain, key
