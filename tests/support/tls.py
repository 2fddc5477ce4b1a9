"""A certificate authority of our own, for upstreams that speak TLS."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING

import trustme

if TYPE_CHECKING:
    from pathlib import Path


class Authority:
    """A root with one leaf for 127.0.0.1 and localhost; `ca_file` is what a client must trust."""

    def __init__(self, folder: Path) -> None:
        root = trustme.CA()
        self.ca_file = folder / "ca.pem"
        root.cert_pem.write_to_path(str(self.ca_file))
        self._leaf = root.issue_cert("127.0.0.1", "localhost")

    def server_context(self) -> ssl.SSLContext:
        """A context for a server that shows the leaf."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._leaf.configure_cert(context)
        return context
