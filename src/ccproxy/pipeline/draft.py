"""A request's body on its way: the bytes as they came, and the JSON value that hooks work on.

Parsed at most once and written at most once, and neither if nobody asks.
"""

from __future__ import annotations

from typing import Any

from ccproxy.codings import CodingError, decode
from ccproxy.exchange import WireFormat
from ccproxy.pipeline.failures import Unfit
from ccproxy.pipeline.json_text import read, whole, write

_UNREAD = object()


class NotJson(Unfit):
    """The body is not JSON."""


class Draft:
    """A body. Its truth is `raw` until somebody changes the document, and the document from then on."""

    __slots__ = ("_decoded", "_document", "_out", "_standing", "coding", "format", "halved", "raw", "version")

    def __init__(self, format: WireFormat | None, raw: bytes, coding: str | None = None) -> None:
        self.format = format
        """The format that the body is in; None where its endpoint is of none."""
        self.raw, self.coding = raw, coding
        """The bytes as they came, and their content coding."""
        self.version = 0
        """Counts the changes, and what was taken back."""
        self.halved = False
        """True once a body was read that has halves of surrogate pairs in it (see `json_text`)."""
        self._standing = 0  # changes that were not taken back
        self._decoded: bytes | None = None
        self._document: Any = _UNREAD
        self._out: tuple[int, bytes] | None = None  # written at this version

    def decoded(self) -> bytes:
        """`raw` without its content coding. Raises CodingError."""
        if self._decoded is None:
            self._decoded = decode(self.raw, self.coding)
        return self._decoded

    def document(self) -> Any:
        """The body as JSON: live, so whoever changes it calls `touch`. Raises NotJson."""
        if self._document is _UNREAD:
            try:
                self._document, self.halved = read(self.decoded())
            except CodingError as error:
                raise NotJson(str(error)) from error
            except ValueError as error:
                raise NotJson(f"the request body is not valid JSON: {error}") from error
        return self._document

    def text_document(self) -> Any:
        """The body as JSON whose texts UTF-8 has: a copy where it has others. Not to be changed. Raises NotJson."""
        document = self.document()
        return whole(document) if self.halved else document

    @property
    def changed(self) -> bool:
        """True while the document is not what `raw` says."""
        return self._standing > 0

    def touch(self) -> None:
        """The document has been changed in place."""
        self._standing += 1
        self.version += 1

    def untouch(self) -> None:
        """A change has been taken back. To be called once for a `touch`."""
        self._standing -= 1
        self.version += 1

    def replace(self, document: Any) -> None:
        """Another document takes its place."""
        self._document = document
        self.touch()

    def respell(self, raw: bytes, document: dict[str, Any]) -> None:
        """Other bytes take the place of `raw`, with no content coding; `document` is what they say."""
        self.version += 1
        self.raw, self._decoded, self.coding, self._document = raw, raw, None, document

    def written_out(self) -> bytes:
        """The bytes to send: those that came, if nothing was changed; then their coding stands too.

        Raises TypeError where the document holds what JSON has not, or is nested too deeply. Halves of surrogate pairs
        are written as the escapes that they came as.
        """
        if not self.changed:
            return self.raw
        if self._out is None or self._out[0] != self.version:
            self._out = self.version, write(self._document)
        return self._out[1]
