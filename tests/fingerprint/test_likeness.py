"""A captured client's TLS as OpenSSL's: what is not taken over, whatever the client offered."""

from __future__ import annotations

import ssl

from ccproxy.fingerprint.fingerprint import Fingerprint
from ccproxy.transport.likeness import shape
from ccproxy.transport.tls import verified_context

GOOD, ANONYMOUS, AECDH, NO_CIPHER = "c02f", "00a6", "c018", "003b"


def test_suites_without_certificates_or_without_encryption_are_left_out() -> None:
    """A jailed program can put what it likes into the ClientHello that its user keeps."""
    context = verified_context()
    shape(
        context,
        Fingerprint.read(
            {
                "schema_version": 1,
                "ja4": "t12d0404h1_000000000000_000000000000",
                "cipher_suites": [ANONYMOUS, AECDH, NO_CIPHER, GOOD],
                "extensions": ["0016"],
                "supported_versions": ["0303"],
            }
        ),
    )
    offered = [suite["name"] for suite in context.get_ciphers() if suite["protocol"] != "TLSv1.3"]
    assert offered == ["ECDHE-RSA-AES128-GCM-SHA256"]
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)
