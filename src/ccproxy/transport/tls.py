"""TLS towards providers: always verified."""

from __future__ import annotations

import os
import ssl

import certifi


def verified_context() -> ssl.SSLContext:
    """A client context that verifies names and chains against $SSL_CERT_FILE, the system's CAs, or else certifi's."""
    paths = ssl.get_default_verify_paths()
    system = os.environ.get("SSL_CERT_FILE") or os.environ.get("SSL_CERT_DIR") or paths.cafile or paths.capath
    context = ssl.create_default_context(cafile=None if system else certifi.where())
    context.set_alpn_protocols(["http/1.1"])
    return context
