"""Files that make programs trust a CA by being there, in directories that the system already has.

For what reads no bundle: OpenSSL given a directory (SSL_CERT_DIR, `-CApath`, or an OPENSSLDIR without cert.pem), and
p11-kit, which GnuTLS and NSS ask on Fedora, SUSE and Arch.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from hashlib import sha1
from itertools import count

from ccproxy.jail.bundles import HASHED
from ccproxy.jail.java import der

HASHED_DIRECTORIES = (
    "/etc/ssl/certs",  # Debian, Ubuntu, Alpine, Arch, SUSE
    "/etc/pki/tls/certs",  # Fedora, RHEL
    "/etc/pki/ca-trust/extracted/pem/directory-hash",  # Fedora from 36 on
    "/var/lib/ca-certificates/openssl",  # SUSE
)
P11_KIT_DIRECTORIES = (
    "/etc/pki/ca-trust/source/anchors",  # Fedora, RHEL
    "/etc/pki/trust/anchors",  # SUSE
    "/etc/ca-certificates/trust-source/anchors",  # Arch
)
P11_KIT_NAME = "ccproxy.pem"
CONSTRUCTED, LONG_FORM = 0xA0, 0x80
CANONICAL_TYPES = {
    0x0C: "utf-8", 0x13: "latin-1", 0x14: "latin-1", 0x16: "latin-1", 0x1A: "latin-1", 0x1C: "utf-32-be",
    0x1E: "utf-16-be",
}  # fmt: skip
"""ASN.1 string types that OpenSSL brings to one form before it hashes a name (ASN1_MASK_CANON), and their encodings."""


def additions(ca: bytes) -> dict[str, bytes]:
    """New files by absolute path, in directories that exist. Raises ValueError if `ca` (PEM) is no certificate."""
    name = subject_hash(der(ca))
    hashed = {path: ca for folder in _real(HASHED_DIRECTORIES) if (path := _free(folder, name))}
    return hashed | {os.path.join(folder, P11_KIT_NAME): ca for folder in _real(P11_KIT_DIRECTORIES)}


def subject_hash(certificate: bytes) -> str:
    """By what OpenSSL looks for a certificate (DER) in a directory: `openssl x509 -subject_hash`. Raises ValueError."""
    try:
        tbs = list(_elements(next(_elements(next(_elements(certificate))[1]))[1]))
        after_version = tbs[1:] if tbs[0][0] == CONSTRUCTED else tbs
        canonical = b"".join(_canonical_set(content) for _, content in _elements(after_version[4][1]))
    except (IndexError, StopIteration, UnicodeError) as error:
        raise ValueError("this is no certificate") from error
    return sha1(canonical, usedforsecurity=False).digest()[3::-1].hex()


def _canonical_set(content: bytes) -> bytes:
    """One RDN: its attributes with their strings in UTF-8, lower case, spaces trimmed and collapsed."""
    pairs = (list(_elements(attribute)) for _, attribute in _elements(content))
    attributes = [_element(0x30, _element(*oid) + _canonical_string(*value)) for oid, value in pairs]
    return _element(0x31, b"".join(sorted(attributes)))


def _canonical_string(tag: int, content: bytes) -> bytes:
    if (encoding := CANONICAL_TYPES.get(tag)) is None:
        return _element(tag, content)
    text = content.decode(encoding).encode()  # bytes.lower and bytes.split touch ASCII only, as OpenSSL does
    return _element(0x0C, b" ".join(text.lower().split()))


def _elements(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Tags and contents of DER elements in a row. Raises IndexError where they are cut off."""
    at = 0
    while at < len(data):
        tag, size, at = data[at], data[at + 1], at + 2
        if size & LONG_FORM:
            more = size & ~LONG_FORM
            size, at = int.from_bytes(data[at : at + more]), at + more
        if at + size > len(data):
            raise IndexError
        yield tag, data[at : at + size]
        at += size


def _element(tag: int, content: bytes) -> bytes:
    size = len(content)
    if size < LONG_FORM:
        return bytes((tag, size)) + content
    length = size.to_bytes((size.bit_length() + 7) // 8)
    return bytes((tag, LONG_FORM | len(length))) + length + content


def _real(folders: tuple[str, ...]) -> list[str]:
    return [path for path in dict.fromkeys(map(os.path.realpath, folders)) if os.path.isdir(path)]


def _free(folder: str, name: str) -> str | None:
    """The first path for a hash that is not taken; None for a directory that holds no hashes."""
    try:
        taken = {entry for entry in os.listdir(folder) if HASHED.fullmatch(entry)}
    except OSError:
        return None
    return next(os.path.join(folder, free) for n in count() if (free := f"{name}.{n}") not in taken) if taken else None
