"""The pictures in a prompt, whichever format it has."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from .reading import MAX_DEPTH, as_dict, as_text, first_of

MAX_PICTURES = 100
MAX_URL = 100


def pictures(value: object) -> list[str]:
    """The kind and the size of every picture inside of a turn, or its address; those in tools' results count."""
    return list(_found(value, MAX_DEPTH))[:MAX_PICTURES]


def told(names: list[str]) -> str:
    """A sentence about them; nothing where there are none."""
    if not names:
        return ""
    return f" I see {len(names)} {'picture' if len(names) == 1 else 'pictures'}: {', '.join(names)}."


def _found(value: object, depth: int) -> Iterator[str]:
    if isinstance(value, dict) and (name := _named(value)):
        yield name
    elif depth and isinstance(value, dict | list):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _found(item, depth - 1)


def _named(value: dict[str, Any]) -> str:
    """The name of the picture that an object is; nothing if it is none."""
    kind = as_text(value.get("type"))
    members = TYPED.get(kind, UNTYPED)
    return next((name for member, read in members.items() if (name := read(value.get(member)))), "")


def _source(source: object) -> str:
    """Anthropic's `source`."""
    held = as_dict(source)
    return _data(as_text(held.get("media_type")), as_text(held.get("data"))) or _at(as_text(held.get("url")))


def _image_url(value: object) -> str:
    """OpenAI's `image_url`: an object in Chat, a string in Responses; a data URL (RFC 2397) or another."""
    url = as_text(as_dict(value).get("url") or value)
    kind, marker, data = url.removeprefix("data:").partition(";base64,")
    return _data(kind, data) if marker else _at(url)


def _inline(value: object) -> str:
    """Google's `inlineData`."""
    held = as_dict(value)
    return _data(as_text(first_of(held, "mimeType", "mime_type")), as_text(held.get("data")))


def _file(value: object) -> str:
    """Google's `fileData`."""
    held = as_dict(value)
    is_picture = as_text(first_of(held, "mimeType", "mime_type")).startswith("image/")
    return _at(as_text(first_of(held, "fileUri", "file_uri"))) if is_picture else ""


def _data(kind: str, data: str) -> str:
    """A picture in base64 by its type and its size."""
    return f"{kind} of {len(data.rstrip('=')) * 3 // 4} bytes" if kind.startswith("image/") else ""


def _at(url: str) -> str:
    return f"one at {url[:MAX_URL]}" if url else ""


TYPED: dict[str, dict[str, Callable[[object], str]]] = {
    "image": {"source": _source},
    "image_url": {"image_url": _image_url},
    "input_image": {"image_url": _image_url},
}
"""Type of a part → the member that holds the picture, and who reads that: Anthropic's and OpenAI's."""
UNTYPED: dict[str, Callable[[object], str]] = {
    "inlineData": _inline,
    "inline_data": _inline,
    "fileData": _file,
    "file_data": _file,
}
"""Google's parts have no type."""
