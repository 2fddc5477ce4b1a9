"""The OAuth client that gemini-cli is, as its package on this machine says: found when it is needed, kept, never told.

Google wants the secret of the program that logged in with each refresh. It stands in the JavaScript of every version
(`code_assist/oauth2.ts`): in the bundle, or in a file of its own before there was one.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

from ccproxy.auth.source import CredentialError
from ccproxy.auth.threads import in_thread

PROGRAM = "gemini"
NAME = "@google/gemini-cli"
PLACES = (
    "dist/src/code_assist/oauth2.js",
    "dist/code_assist/oauth2.js",
    "node_modules/@google/gemini-cli-core/dist/src/code_assist/oauth2.js",
    "../gemini-cli-core/dist/src/code_assist/oauth2.js",
    "bundle/*.js",
)
"""Below the package: what is small first, where there is both."""
MAX_FILES, MAX_BYTES = 400, 256 * 1024**2
"""Of one package; gemini-cli 0.61 has 80 MB in 150 files."""
BLOCK, REACH = 1024**2, 4096
"""Bytes that are read at a time, and in which both are: a comment of some lines stands between them."""
PAIR = re.compile(
    rb"""\bOAUTH_CLIENT_ID\s{0,9}=\s{0,9}["'`]([\w.-]{1,200})["'`](?s:.{0,2048}?)"""
    rb"""\bOAUTH_CLIENT_SECRET\s{0,9}=\s{0,9}["'`]([\w.~+/-]{1,200})["'`]"""
)
WRAPPED = re.compile(r"(\$basedir|\$\{basedir\})?(/[^\s\"'$:]*node_modules/@google/gemini-cli)/")
"""The package's folder in a script that only calls another program, as pnpm and Homebrew write them."""
MAX_WRAPPER = 65_536

type Seen = tuple[Path, int, int]


class InstalledClient:
    """Looks for `gemini` in the PATH of `environ`. What a package says is kept until there is another."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._path = environ.get("PATH", "")
        self._seen: Seen | None = None
        self._secrets: Mapping[str, str] = {}

    async def secret(self, client_id: str) -> str:
        """The secret that belongs to an id. Raises CredentialError."""
        return await in_thread(lambda: self._secret(client_id))

    def _secret(self, client_id: str) -> str:
        program = shutil.which(PROGRAM, path=self._path)
        if program is None:
            raise _unknown("no `gemini` is in PATH")
        try:
            entry = Path(os.path.realpath(program))
            status = entry.stat()
            if (seen := (entry, status.st_mtime_ns, status.st_size)) != self._seen:
                self._secrets = dict(pairs(entry))
                self._seen = seen
        except OSError as error:
            raise _unknown(f"{program} cannot be read: {error.strerror}") from None
        if client_id not in self._secrets:
            raise _unknown(
                f"that of {program} is another" if self._secrets else f"it is not to be found with {program}"
            )
        return self._secrets[client_id]


def _unknown(why: str) -> CredentialError:
    return CredentialError(
        f"it can only be renewed with the secret of the program that logged in, and {why}; "
        "set client_secret, or run `gemini` once, which renews it by itself"
    )


def pairs(entry: Path) -> Iterator[tuple[str, str]]:
    """Ids and secrets of the package that a program is of: those of the first file that has any. Raises OSError."""
    left = MAX_BYTES
    package = _package(entry)
    for file in _files(package) if package is not None else ():
        size = file.stat().st_size
        if size > left:
            continue
        left -= size
        found = [(id.decode(), secret.decode()) for id, secret in _in_file(file)]
        if found:
            yield from found
            return


def _package(entry: Path) -> Path | None:
    """Its folder: around the program, or named in it."""
    for folder in entry.parents:
        if folder.parts[-2:] == tuple(NAME.split("/")) or (folder / "package.json").is_file():
            return folder
    return _named_in(entry)


def _named_in(entry: Path) -> Path | None:
    with entry.open("rb") as stream:
        text = stream.read(MAX_WRAPPER).decode("utf-8", "replace")
    folders = (Path(f"{entry.parent}{path}" if base else path) for base, path in WRAPPED.findall(text))
    return next(filter(Path.is_dir, folders), None)


def _files(package: Path) -> list[Path]:
    """Where it may stand, the larger ones of a bundle first: it is in the part that all else builds on."""
    files: list[Path] = []
    for place in PLACES:
        found = [path for path in package.glob(place) if path.is_file()]
        files += sorted(found, key=lambda path: path.stat().st_size, reverse=True)
    return files[:MAX_FILES]


def _in_file(file: Path) -> Iterator[tuple[bytes, bytes]]:
    before = b""
    with file.open("rb") as stream:
        while block := stream.read(BLOCK):
            window = before + block
            yield from PAIR.findall(window)
            before = window[-REACH:]
