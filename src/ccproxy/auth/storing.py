"""Writing a credential into the file from which it will be read."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from ccproxy.auth.replacing import replace_file
from ccproxy.auth.source import Credential, CredentialError

OWN_FILE, OWN_FOLDER = 0o600, 0o700


def store(file: Path, credential: Credential) -> Path:
    """Puts a credential where a link leads that `file` may be, readable for its owner only; returns that path.

    Whoever reads it meanwhile finds the old one or the new one, whole. Raises CredentialError, and then
    the old one is still there.
    """
    target = Path(os.path.realpath(file))
    try:
        _make_folders(target.parent)
        _close(target)
        replace_file(target, credential.token.encode("ascii") + b"\n")
    except OSError as error:
        raise CredentialError(f"{target} cannot be written: {error.strerror or error}") from None
    return target


def _make_folders(folder: Path) -> None:
    if not folder.exists():
        _make_folders(folder.parent)
        folder.mkdir(OWN_FOLDER, exist_ok=True)


def _close(file: Path) -> None:
    """Nobody else may read what is there already, so that this goes for what takes its place."""
    try:
        mode = file.stat().st_mode
    except FileNotFoundError:
        return
    if not stat.S_ISREG(mode):
        raise CredentialError(f"{file} is not a regular file")
    if stat.S_IMODE(mode) != OWN_FILE:
        try:
            file.chmod(OWN_FILE)
        except PermissionError:
            raise CredentialError(f"{file} is another user's, and others may read it") from None
