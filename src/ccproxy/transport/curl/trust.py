"""Whom TLS connections trust, as the one file of certificates that libcurl takes."""

from __future__ import annotations

import os
import ssl
import tempfile
from pathlib import Path

import certifi

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

    Raises OSError if a file cannot be read.
    """

    def __init__(self, ca_file: str | None) -> None:
        files = [*system_files(), *([Path(ca_file)] if ca_file else [])]
        self._made = len(files) > 1
        self.path = self._joined(files) if self._made else str(files[0])

    def remove(self) -> None:
        """Takes the file away if it was made here."""
        if self._made:
            Path(self.path).unlink(missing_ok=True)

    @staticmethod
    def _joined(files: list[Path]) -> str:
        contents = [path.read_bytes() for path in files]
        number, name = tempfile.mkstemp(prefix="ccproxy-ca-", suffix=".pem")  # mode 0600
        with os.fdopen(number, "wb") as file:
            file.write(b"\n".join(content for content in contents if PEM_HEAD in content))
        return name
