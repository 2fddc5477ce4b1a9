"""Whose TLS and HTTP/2 a connection looks like: the options of libcurl that a profile stands for."""

from __future__ import annotations

from curl_cffi import Curl, CurlError

from ccproxy.fingerprint.fingerprint import Fingerprint
from ccproxy.transport.carrier import TransportError
from ccproxy.transport.curl.browsers import libcurl_name
from ccproxy.transport.curl.likeness import options


class Profiles:
    """The profiles that providers can name."""

    def apply(self, curl: Curl, name: str, fingerprint: Fingerprint | None = None) -> None:
        """Makes a handle look like a profile; it adds no header fields. Raises TransportError if that cannot be.

        Args:
            curl: the handle.
            name: a captured fingerprint, or one of curl_cffi's browsers.
            fingerprint: the captured one, if it is that.
        """
        if fingerprint is None:
            if curl.impersonate(libcurl_name(name), default_headers=False) != 0:
                raise TransportError("protocol", f"there is no fingerprint profile {name!r}")
            return
        try:
            wear(curl, fingerprint)
        except CurlError as error:
            raise TransportError("protocol", f"the fingerprint {name!r} cannot be sent: {error}") from error


def wear(curl: Curl, fingerprint: Fingerprint) -> None:
    """Makes a handle look like a captured client. Raises CurlError."""
    for option, value in options(fingerprint).items():
        curl.setopt(option, value.encode() if isinstance(value, str) else value)
