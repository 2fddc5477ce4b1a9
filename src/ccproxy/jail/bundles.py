"""Bundles of CA certificates: the system's, those that the user's own variables name, and ccproxy's added to them."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterable, Iterator

SYSTEM = (
    "/etc/ssl/certs/ca-certificates.crt",  # Debian, Ubuntu, Arch, Alpine, Gentoo, NixOS
    "/etc/pki/tls/certs/ca-bundle.crt",  # Fedora, RHEL
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",  # Fedora, RHEL, openEuler
    "/etc/ssl/ca-bundle.pem",  # SUSE
    "/var/lib/ca-certificates/ca-bundle.pem",  # SUSE
    "/etc/ca-certificates/extracted/tls-ca-bundle.pem",  # Arch
    "/etc/ssl/certs/ca-bundle.crt",  # NixOS, and Fedora's link for programs built elsewhere
    "/etc/ssl/cert.pem",  # Alpine, Void, and Pythons that were built to run anywhere
    "/etc/pki/tls/cert.pem",  # Fedora before 43
    "/etc/pki/tls/cacert.pem",  # old RHEL
    "/usr/lib/ssl/cert.pem",  # OPENSSLDIR of Debian and Ubuntu
    "/usr/local/share/certs/ca-root-nss.crt",  # what was ported from FreeBSD
)
"""Where distributions keep their bundles, the most usual first."""
HASHED = re.compile(r"[0-9a-f]{8}\.\d+")
"""A name that OpenSSL finds in a directory of certificates."""
LARGEST = 16 << 20
"""Bytes of a bundle; the usual ones have 220,000. What is larger is no bundle."""
PEM = b"-----BEGIN "


def system_bundles() -> dict[str, bytes]:
    """The bundles of this machine by their real paths, the most usual first."""
    real = dict.fromkeys(os.path.realpath(path) for path in SYSTEM)
    found = {path: read(path) for path in real}
    return {path: content for path, content in found.items() if content}


def named_by(values: Iterable[str | None]) -> Iterator[bytes]:
    """What the user's own variables name, files and directories of hashed names; nothing for what cannot be read."""
    for path in dict.fromkeys(value for value in values if value):
        if content := read_directory(path) if os.path.isdir(path) else read(path):
            yield content


def joined(parts: Iterable[bytes]) -> bytes:
    """One bundle of several, each once."""
    return b"".join(part if part.endswith(b"\n") else part + b"\n" for part in dict.fromkeys(parts))


def read(path: str) -> bytes:
    """The content of a file of PEM; empty if it is none, cannot be read, or is not a regular file."""
    content = read_regular(path)
    return content if PEM in content else b""


def read_regular(path: str, limit: int = LARGEST) -> bytes:
    """The content of a regular file; empty if it cannot be read or is larger."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)  # a named pipe must not hold us up
    except (OSError, ValueError):
        return b""
    try:
        status = os.fstat(fd)
        return _all_of(fd, limit) if stat.S_ISREG(status.st_mode) and status.st_size <= limit else b""
    except OSError:
        return b""
    finally:
        os.close(fd)


def _all_of(fd: int, limit: int) -> bytes:
    with open(fd, "rb", closefd=False) as file:
        return file.read(limit)


def read_directory(path: str) -> bytes:
    """All that OpenSSL would find in a directory."""
    try:
        names = sorted(name for name in os.listdir(path) if HASHED.fullmatch(name))
    except OSError:
        return b""
    return joined(read(os.path.join(path, name)) for name in names)
