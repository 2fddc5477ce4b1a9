"""A captured fingerprint as a context of Python's ssl module: for clients whose TLS is OpenSSL's, as ours here is.

What Python cannot set stays as the OpenSSL has it that Python was built with: signature algorithms, groups, TLS 1.3
suites, the order of extensions. So it is the same age of OpenSSL that looks the same; `rehearsal` tells by trying.
"""

from __future__ import annotations

import ssl
import warnings
from contextlib import suppress

from ccproxy.fingerprint.client_hello import (
    ENCRYPT_THEN_MAC,
    MASTER_SECRET,
    PADDING,
    POST_HANDSHAKE_AUTH,
    TICKET,
)
from ccproxy.fingerprint.fingerprint import Fingerprint

TLSEXT_PADDING = 1 << 4
NO_ENCRYPT_THEN_MAC = 1 << 19
NO_EXTENDED_MASTER_SECRET = 1
"""Options of OpenSSL that the ssl module has no names for (SSL_CTX_set_options(3))."""
VERSIONS = {
    0x0301: ssl.TLSVersion.TLSv1,
    0x0302: ssl.TLSVersion.TLSv1_1,
    0x0303: ssl.TLSVersion.TLSv1_2,
    0x0304: ssl.TLSVersion.TLSv1_3,
}
SPOKEN = ("http/1.1", "http/1.0")
"""What a connection with such a context can speak: another protocol that was offered might be chosen."""
ANONYMOUS = "auth-null"
"""Suites in which no server shows a certificate."""
TLS13 = 0x13
"""The first byte of TLS 1.3's suites, which are set elsewhere."""


def shape(context: ssl.SSLContext, fingerprint: Fingerprint) -> None:
    """Makes a context look like a captured client, as far as it can; what it verifies stays as it is."""
    kinds = frozenset(fingerprint.extensions)
    known = [VERSIONS[version] for version in fingerprint.supported_versions if version in VERSIONS]
    with warnings.catch_warnings(action="ignore", category=DeprecationWarning):  # it is what the client offers
        context.minimum_version = min(known, default=ssl.TLSVersion.TLSv1_2)
    context.maximum_version = max(known, default=ssl.TLSVersion.TLSv1_2)
    names = cipher_names()
    wanted = [names[suite] for suite in fingerprint.cipher_suites if suite >> 8 != TLS13 and suite in names]
    if wanted:
        context.set_ciphers(":".join(wanted))
    _switch(context, TLSEXT_PADDING, PADDING in kinds)
    _switch(context, ssl.OP_NO_TICKET, TICKET not in kinds)
    _switch(context, NO_ENCRYPT_THEN_MAC, ENCRYPT_THEN_MAC not in kinds)
    _switch(context, NO_EXTENDED_MASTER_SECRET, MASTER_SECRET not in kinds)
    context.post_handshake_auth = POST_HANDSHAKE_AUTH in kinds
    context.set_alpn_protocols([protocol for protocol in fingerprint.alpn if protocol in SPOKEN])


def cipher_names() -> dict[int, str]:
    """OpenSSL's names of all suites that it has here, but for those that hide nothing, or prove nothing: a jailed
    program can put into its ClientHello what it likes."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.set_ciphers("ALL:COMPLEMENTOFALL:@SECLEVEL=0")
    safe = (suite for suite in context.get_ciphers() if suite["strength_bits"] and suite["auth"] != ANONYMOUS)
    return {suite["id"] & 0xFFFF: suite["name"] for suite in safe}


def first_words(context: ssl.SSLContext, server: str | None) -> bytes:
    """The ClientHello that a context would send to a server; nothing is sent."""
    context.check_hostname = context.check_hostname and server is not None
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = context.wrap_bio(incoming, outgoing, server_hostname=server)
    with suppress(ssl.SSLWantReadError):
        tls.do_handshake()
    return outgoing.read()


def _switch(context: ssl.SSLContext, option: int, on: bool) -> None:
    context.options = context.options | option if on else context.options & ~option
