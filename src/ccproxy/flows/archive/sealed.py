"""Credentials that are kept at all (`flows.secrets: encrypted`) are sealed by a key that lies beside the archive.

AES-256-GCM (NIST SP 800-38D) with a random nonce; the flow's id is authenticated with them, so that one flow's
credentials are not taken for another's. Whoever copies the archive without the key has no credentials.
"""

from __future__ import annotations

import os
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from ccproxy.flows.reader import ArchiveError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEY_NAME = "flows.key"
KEY_BYTES, NONCE_BYTES = 32, 12


class Seal:
    """Seals and unseals with one key."""

    def __init__(self, key: bytes, path: Path) -> None:
        self._key, self._path = key, path

    @classmethod
    def of(cls, archive: Path, *, make: bool = False) -> Seal:
        """The seal of an archive: its key lies in the same directory, and is made with `make` if it is not there.

        Raises ArchiveError: there is no key, or it cannot be read or written.
        """
        path = archive.with_name(KEY_NAME)
        try:
            if make:
                _make(path)
            key = path.read_bytes()
        except FileNotFoundError:
            fix = "Without the key the flow can be read, its credentials cannot: leave --secrets out."
            raise ArchiveError(f"the key of the archive's credentials, {path}, is not there", fix) from None
        except OSError as error:
            raise ArchiveError(f"the key of the archive's credentials cannot be used: {error}") from error
        if len(key) != KEY_BYTES:
            told = f"{path} is no key: it has {len(key)} bytes instead of {KEY_BYTES}"
            raise ArchiveError(told, "Move it away: the daemon makes another for the flows to come.")
        return cls(key, path)

    def seal(self, id: str, plain: bytes) -> bytes:
        """Sealed bytes for the flow with this id."""
        nonce = os.urandom(NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, plain, id.encode())

    def unseal(self, id: str, sealed: bytes) -> bytes:
        """What `seal` took. Raises ArchiveError: another key's, another flow's, or damaged."""
        from cryptography.exceptions import InvalidTag

        try:
            return self._cipher.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], id.encode())
        except (InvalidTag, ValueError, TypeError) as error:
            told = f"the credentials of flow {id} cannot be opened with the key {self._path}"
            raise ArchiveError(told, "They were sealed with another key, or are damaged.") from error

    @cached_property
    def _cipher(self) -> AESGCM:
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        return AESGCM(self._key)


def _make(path: Path) -> None:
    """A new key, whole or not at all; one that is there stays."""
    if path.exists():
        return
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    new = path.with_name(f"{KEY_NAME}.{os.getpid()}")
    file = os.open(new, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600)
    try:
        os.write(file, os.urandom(KEY_BYTES))
        os.fsync(file)
        with suppress(FileExistsError):  # another daemon was first
            path.hardlink_to(new)
    finally:
        os.close(file)
        new.unlink()
