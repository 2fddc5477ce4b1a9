"""The files that google-auth reads by itself because a credential file names them.

It knows no limit, and waits for a pipe that nobody writes to: so they are looked at before.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

from ccproxy.auth.credential_file import Missing, bounded
from ccproxy.auth.dotted import Document
from ccproxy.auth.source import CredentialError

SECRET = re.compile(r"private_key|secret|password|headers|(?:refresh|access|id)_token|assertion", re.IGNORECASE)
"""Members of a credential file that are not for others."""
SHORTEST = 8
"""Characters; what is shorter is no secret, and its like would be taken out of every text."""
LONGEST_NAME = 4096


def secrets_of(document: Document, path: Path) -> frozenset[str]:
    """What must not be told of a credential file, and of the files that it names.

    Raises CredentialError if one of those is none that may be read.
    """
    found = [text for name, value in document.items() if SECRET.search(name) for text in _texts(value)]
    for name in ("credential_source", "source_credentials"):
        inner = document.get(name)
        if isinstance(inner, dict):
            found += [text for key, value in inner.items() if SECRET.search(key) for text in _texts(value)]
    for data in _named(document.get("credential_source"), path):
        found += _said_in(data)
    return frozenset(text.strip() for text in found if len(text.strip()) >= SHORTEST)


def _named(source: object, path: Path) -> Iterator[bytes]:
    """What the files hold that a source names."""
    if not isinstance(source, dict):
        return
    if source.get("certificate") is not None:
        raise CredentialError(f"{path} cannot be used: it wants a certificate to be shown, which ccproxy does not do")
    if (file := source.get("file")) is not None:
        yield _read(file, path)
    executable = source.get("executable")
    if isinstance(executable, dict) and (file := executable.get("output_file")) is not None:
        yield _read(file, path, may_be_missing=True)


def _read(name: object, path: Path, *, may_be_missing: bool = False) -> bytes:
    if not isinstance(name, str) or not name.isprintable() or not 0 < len(name) <= LONGEST_NAME:
        raise CredentialError(f"{path} cannot be used: its credential_source names a file that can be none")
    try:
        return bounded(Path(name))[0]
    except CredentialError as error:
        if may_be_missing and isinstance(error, Missing):
            return b""
        raise CredentialError(f"{path} cannot be used: {error}") from error


def _said_in(data: bytes) -> list[str]:
    """A token, or JSON around it."""
    text = data.decode("utf-8", "replace")
    try:
        return [text, *_texts(json.loads(text))]
    except (ValueError, RecursionError):
        return [text]


def _texts(value: object) -> Iterator[str]:
    """All texts in a value, at whatever depth."""
    left = [value]
    while left:
        match left.pop():
            case str() as text:
                yield text
            case list() as items:
                left += items
            case dict() as members:
                left += members.values()
