"""Java's stores of CA certificates, in Java's own format: ccproxy's CA added at the end.

The format (sun.security.provider.JavaKeyStore): magic, version, number of entries, the entries, and a SHA-1 of the
password, a salt, and all of that. To add an entry none of the others has to be understood.
"""

from __future__ import annotations

import os
from binascii import a2b_base64
from collections.abc import Iterator, Mapping
from hashlib import sha1
from struct import Struct

from ccproxy.jail.bundles import read_regular

STORES = (
    "/etc/ssl/certs/java/cacerts",  # Debian, Ubuntu, Arch, Alpine
    "/etc/pki/ca-trust/extracted/java/cacerts",  # Fedora, RHEL
    "/var/lib/ca-certificates/java-cacerts",  # SUSE
)
IN_HOME = ("lib/security/cacerts", "jre/lib/security/cacerts")
"""Below a JAVA_HOME, from Java 9 on and before."""
HEAD = Struct(">III")
MAGIC, VERSION = 0xFEEDFEED, 2
TRUSTED = Struct(">I")
TRUSTED_TAG = 2
ALIAS = b"ccproxy"
DIGEST_SIZE = 20
SALT = "changeit".encode("utf-16-be") + b"Mighty Aphrodite"
"""Every distribution's store has this password; one that has another is left alone."""


def stores(ca: bytes, environment: Mapping[str, str]) -> dict[str, bytes]:
    """The stores of this machine by their real paths, with the CA (PEM) in them."""
    real = dict.fromkeys(os.path.realpath(path) for path in (*STORES, *_at_home(environment)))
    added = {path: with_certificate(read_regular(path), der(ca)) for path in real}
    return {path: content for path, content in added.items() if content is not None}


def with_certificate(store: bytes, certificate: bytes) -> bytes | None:
    """A store with one more certificate (DER); None if it is not of this format or has another password."""
    body, digest = store[:-DIGEST_SIZE], store[-DIGEST_SIZE:]
    if len(body) < HEAD.size or _digest(body) != digest:
        return None
    magic, version, count = HEAD.unpack_from(body)
    if (magic, version) != (MAGIC, VERSION):
        return None
    body = HEAD.pack(magic, version, count + 1) + body[HEAD.size :] + _entry(certificate)
    return body + _digest(body)


def der(pem: bytes) -> bytes:
    """The first certificate of a PEM text. Raises ValueError if there is none."""
    _, begin, rest = pem.partition(b"-----BEGIN CERTIFICATE-----")
    text, end, _ = rest.partition(b"-----END CERTIFICATE-----")
    if not begin or not end:
        raise ValueError("there is no certificate in it")
    return a2b_base64(text)


def _at_home(environment: Mapping[str, str]) -> Iterator[str]:
    programs = (os.path.join(folder, "java") for folder in environment.get("PATH", "").split(os.pathsep) if folder)
    program = next((path for path in programs if os.access(path, os.X_OK)), None)
    homes = [environment.get("JAVA_HOME"), program and os.path.dirname(os.path.dirname(os.path.realpath(program)))]
    yield from (os.path.join(home, path) for home in homes if home for path in IN_HOME)


def _entry(certificate: bytes) -> bytes:
    """A trusted certificate: tag, alias, time of its making (any), its type, and itself, each with its length."""
    alias, kind = (len(text).to_bytes(2) + text for text in (ALIAS, b"X.509"))
    return TRUSTED.pack(TRUSTED_TAG) + alias + bytes(8) + kind + len(certificate).to_bytes(4) + certificate


def _digest(body: bytes) -> bytes:
    return sha1(SALT + body, usedforsecurity=False).digest()
