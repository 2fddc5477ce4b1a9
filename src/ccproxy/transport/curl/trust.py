"""Whom TLS connections trust, as the one file of certificates that libcurl takes."""

from __future__ import annotations

import os
import ssl
import tempfile
from pathlib import Path

import certifi

from ccproxy.transport.carrier import TransportError

PEM_HEAD = b"-----BEGIN"


def system_files() -> list[Path]:
    """What `tls.verified_context` trusts: $SSL_CERT_FILE and $SSL_CERT_DIR, the system's CAs, or else certifi's."""
    paths = ssl.get_default_verify_paths()
    file = os.environ.get("SSL_CERT_FILE")
    folder = os.environ.get("SSL_CERT_DIR")
    if not file and not folder:
        file, folder = paths.cafile, paths.capath
    files = [Path(file)] if file else []
    if folder and not files:
        files = sorted(path for path in Path(folder).iterdir() if path.is_file())
    return files or [Path(certifi.where())]


class TrustFile:
    """A file with all trusted certificates: the system's own, or a private one that `remove` takes away.

    Raises TransportError if a file cannot be used.
    """

    def __init__(self, ca_file: str | None) -> None:
        files = system_files()
        self._made = ca_file is not None or len(files) > 1
        if not self._made:
            self.path = str(files[0])
            return
        contents = [path.read_bytes() for path in files]
        self.path = joined([*contents, own(ca_file)] if ca_file is not None else contents)

    def remove(self) -> None:
        """Takes the file away if it was made here."""
        if self._made:
            Path(self.path).unlink(missing_ok=True)


def own(ca_file: str) -> bytes:
    """What is in the user's file. Raises TransportError."""
    try:
        content = Path(ca_file).read_bytes()
    except OSError as error:
        raise TransportError("tls", f"the ca_file {ca_file} cannot be read: {error.strerror or error}") from None
    if PEM_HEAD not in content:
        raise TransportError("tls", f"the ca_file {ca_file} holds no certificates in PEM")
    return content


def joined(contents: list[bytes]) -> str:
    """The path of a new file of mode 0600."""
    number, name = tempfile.mkstemp(prefix="ccproxy-ca-", suffix=".pem")
    with os.fdopen(number, "wb") as file:
        file.write(b"\n".join(content for content in contents if PEM_HEAD in content))
    return name
