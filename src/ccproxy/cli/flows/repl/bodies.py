"""A message's body as the console shows it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from ccproxy.cli.grammar import CommandError

if TYPE_CHECKING:
    from ccproxy.exchange import HttpRequest, HttpResponse


class Text(str):
    """A text that the console shows as it is."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


def body(message: HttpRequest | HttpResponse | None, *, pretty: bool) -> str | bytes:
    """A message's body: if it is to be `pretty` and is text, then as text, codings undone and JSON indented.

    Raises CommandError if there is no message.
    """
    from ccproxy.codings import CodingError, decode
    from ccproxy.exchange import get_header

    if message is None:
        raise CommandError("this flow has none")
    if not pretty:
        return message.body
    coding = get_header(message.headers, b"content-encoding")
    try:
        text = decode(message.body, coding.decode("latin-1") if coding else None).decode()
    except (CodingError, UnicodeDecodeError):
        return message.body
    try:
        return Text(json.dumps(json.loads(text), indent=2, ensure_ascii=False))
    except (ValueError, RecursionError):
        return Text(text)
