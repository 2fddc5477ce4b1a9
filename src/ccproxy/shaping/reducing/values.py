"""Values of JSON as a shape keeps them: without secrets, signatures and ids, at any depth and in JSON that is text."""

from __future__ import annotations

from math import isfinite
from typing import Any, Final

from ccproxy.flows.json_bytes import dumped
from ccproxy.shaping.reducing.ids import Ids, json_in, tells
from ccproxy.shaping.reducing.opaque import betrayed_in_text
from ccproxy.shaping.reducing.secrets import is_secret_name, is_signature, secret_in
from ccproxy.shaping.shape import PLACEHOLDERS

OUT: Final = object()
"""In place of a value that is left out."""
DEPTH = 64
"""What is nested deeper is left out: no envelope is, and JSON in JSON doubles its length with every level."""
LARGEST = 2**63
"""Numbers from here on are not what every reader of JSON reads."""


def kept(value: Any, name: str, ids: Ids, depth: int = DEPTH) -> Any:
    """What a shape keeps of the value of a member; OUT if that is nothing. The value itself is not changed."""
    match value:
        case str():
            return text(value, name, ids, depth)
        case dict() | list() if depth == 0:
            return OUT
        case dict():
            return _members(value, ids, depth)
        case list():
            return [each for each in (kept(item, name, ids, depth - 1) for item in value) if each is not OUT]
        case int() | float() if not isinstance(value, bool):
            return ids.kind(name) or (value if isfinite(value) and -LARGEST <= value < LARGEST else OUT)
    return value


def text(value: str, name: str, ids: Ids, depth: int = DEPTH) -> Any:
    """The same for a text, which may be JSON itself."""
    if value in PLACEHOLDERS:
        return value
    clean = whole(value)
    if is_signature(clean):
        return OUT
    if (inner := json_in(clean)) is not None:
        clean = _as_text(clean, inner, ids, depth)
    elif betrayed_in_text(name, clean := ids.placed(clean, name)):
        return OUT
    return OUT if clean is OUT or secret_in(clean) else clean


def named_secret(name: str, value: Any) -> bool:
    """Whether a member is a credential by its name: true, false, null and nothing at all are none."""
    return is_secret_name(name) and value not in (None, "", [], {}) and not isinstance(value, bool)


def _members(value: dict[str, Any], ids: Ids, depth: int) -> Any:
    said = value.get("text")
    if isinstance(said, str) and is_signature(said):
        return OUT
    names = ((whole(name), name) for name in value if not named_secret(name, value[name]))
    clean = ((name, kept(value[old], name, ids, depth - 1)) for name, old in names if not tells(name))
    return {name: each for name, each in clean if each is not OUT}


def _as_text(old: str, inner: Any, ids: Ids, depth: int) -> Any:
    new = kept(inner, "", ids, depth - 1) if depth else OUT
    return new if new is OUT else old if new == inner else dumped(new).decode()


def whole(value: str) -> str:
    """A text that UTF-8 has: lone surrogates, which JavaScript writes, become question marks."""
    return value if value.isascii() else value.encode("utf-8", "replace").decode()
