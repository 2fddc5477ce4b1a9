"""Whose TLS and HTTP/2 a connection looks like: the options of libcurl that a profile stands for."""

from __future__ import annotations

from curl_cffi import Curl

from ccproxy.transport.carrier import TransportError


class Profiles:
    """The profiles that providers can name."""

    def apply(self, curl: Curl, name: str) -> None:
        """Makes a handle look like a profile; it adds no header fields. Raises TransportError for an unknown name."""
        if curl.impersonate(name, default_headers=False) != 0:
            raise TransportError("protocol", f"there is no fingerprint profile {name!r}")
