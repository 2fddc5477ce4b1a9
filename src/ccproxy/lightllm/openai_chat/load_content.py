"""Content parts of Chat Completions, and of servers that speak it in their own way, as pydantic-ai's."""

from __future__ import annotations

import mimetypes
from collections.abc import Callable, Collection
from typing import Any

from pydantic_ai.messages import (
    AudioUrl,
    BinaryContent,
    CachePoint,
    DocumentUrl,
    ImageUrl,
    TextContent,
    UploadedFile,
    UserContent,
    VideoUrl,
)

from ccproxy.lightllm.data_uri import from_base64, parse_data_uri
from ccproxy.lightllm.failures import InvalidCall

type UrlType = type[ImageUrl] | type[AudioUrl] | type[VideoUrl] | type[DocumentUrl]

CACHE_POINTS: tuple[tuple[dict[str, str], CachePoint], ...] = (
    ({"type": "ephemeral"}, CachePoint()),
    ({"type": "ephemeral", "ttl": "1h"}, CachePoint(ttl="1h")),
)
"""Markers that a CachePoint can say; others stay in the metadata."""

AUDIO_TYPES = {"wav": "audio/wav", "mp3": "audio/mpeg"}
"""Media types of `input_audio.format`; others are `audio/` and the format."""


def load_content(content: Any, place: str) -> list[UserContent]:
    """Items of a message's content: text, a list of parts, or nothing. Raises InvalidCall, naming `place`."""
    if isinstance(content, str):
        return [content]
    items: list[UserContent] = []
    for number, part in enumerate(listed(content, place)):
        if isinstance(part, str):
            items.append(part)
        else:
            where = f"{place}[{number}]"
            items += _part(member(part, where), where)
    return items


def listed(value: Any, place: str) -> list[Any]:
    """A list, empty for null. Raises InvalidCall."""
    if value is None:
        return []
    if not isinstance(value, list):
        raise InvalidCall(f"{place}: a list is expected", place)
    return value


def member(value: Any, place: str) -> dict[str, Any]:
    """An object. Raises InvalidCall."""
    if not isinstance(value, dict):
        raise InvalidCall(f"{place}: an object is expected", place)
    return value


def text_of(part: dict[str, Any], name: str, place: str) -> str:
    """A member that is text, empty for null. Raises InvalidCall."""
    value = part.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise InvalidCall(f"{place}.{name}: text is expected", f"{place}.{name}")
    return value


def details(part: dict[str, Any], known: Collection[str]) -> dict[str, Any]:
    """Metadata of a part or message: its cache marker, and `fields`, what else it has beside the `known` members."""
    fields = {name: value for name, value in part.items() if name not in known and value is not None}
    marker = fields.pop("cache_control", None)
    found: dict[str, Any] = {} if marker is None else {"cache_control": marker}
    if fields:
        found["fields"] = fields
    return found


def _part(part: dict[str, Any], place: str) -> tuple[UserContent, ...]:
    kind = part.get("type", "text" if "text" in part else None)
    if kind in TEXT_TYPES:
        return _text(part, place)
    reader = READERS.get(kind) if isinstance(kind, str) else None
    return (TextContent("", metadata={"raw": part}) if reader is None else reader(part, place),)


TEXT_TYPES = ("text", "input_text", "output_text")


def _text(part: dict[str, Any], place: str) -> tuple[UserContent, ...]:
    text = text_of(part, "text", place)
    if len(part) <= 2:
        return (text,)
    found = details(part, ("type", "text"))
    if not found:
        return (text,)
    if len(found) == 1:
        point = next((point for marker, point in CACHE_POINTS if marker == found.get("cache_control")), None)
        if point is not None:
            return text, point
    return (TextContent(text, metadata=found),)


def _image(part: dict[str, Any], place: str) -> UserContent:
    return _by_url(part, "image_url", place, ImageUrl, "image/png")


def _video(part: dict[str, Any], place: str) -> UserContent:
    return _by_url(part, "video_url", place, VideoUrl, "video/mp4")


def _document(part: dict[str, Any], place: str) -> UserContent:
    return _by_url(part, "document_url", place, DocumentUrl, "application/pdf", "document_url")


def _by_url(
    part: dict[str, Any], name: str, place: str, kind: UrlType, fallback: str, form: str | None = None
) -> UserContent:
    value = part.get(name)
    inner = {"url": value} if isinstance(value, str) else member(value, f"{place}.{name}")
    metadata = _metadata(part, name, inner, ("url",), form)
    return _media(text_of(inner, "url", f"{place}.{name}"), metadata, kind, fallback, f"{place}.{name}.url")


def _metadata(
    part: dict[str, Any], name: str, inner: dict[str, Any], known: Collection[str], form: str | None = None
) -> dict[str, Any] | None:
    options = {key: value for key, value in inner.items() if key not in known and value is not None}
    found = {**options, **details(part, ("type", name))}
    if form is not None:
        found["form"] = form
    return found or None


def _media(url: str, metadata: dict[str, Any] | None, kind: UrlType, fallback: str, place: str) -> UserContent:
    if not url:
        raise InvalidCall(f"{place}: an address or a data URI is expected", place)
    try:
        parsed = parse_data_uri(url)
    except ValueError:
        raise InvalidCall(f"{place}: the data is not base64", place) from None
    if parsed is None:
        return kind(url=url, vendor_metadata=metadata)
    return BinaryContent(data=parsed[1], media_type=parsed[0] or fallback, vendor_metadata=metadata)


def _audio(part: dict[str, Any], place: str) -> UserContent:
    place = f"{place}.input_audio"
    inner = member(part.get("input_audio"), place)
    data, format = text_of(inner, "data", place), text_of(inner, "format", place) or "wav"
    metadata = _metadata(part, "input_audio", inner, ("data", "format"))
    media_type = AUDIO_TYPES.get(format, f"audio/{format}")
    if _is_url(data):
        return _media(data, metadata, AudioUrl, media_type, f"{place}.data")
    return _bytes(data, media_type, metadata, f"{place}.data")


def _file(part: dict[str, Any], place: str) -> UserContent:
    place = f"{place}.file"
    inner = member(part.get("file"), place)
    data, id = text_of(inner, "file_data", place), text_of(inner, "file_id", place)
    metadata = _metadata(part, "file", inner, ("file_data", "file_url", "file_id"))
    media_type = mimetypes.guess_type(text_of(inner, "filename", place))[0] or "application/pdf"
    if data and not _is_url(data):
        return _bytes(data, media_type, metadata, f"{place}.file_data")
    if id and not data:
        return UploadedFile(file_id=id, provider_name="openai", vendor_metadata=metadata)
    return _media(data or text_of(inner, "file_url", place), metadata, DocumentUrl, media_type, place)


def _is_url(data: str) -> bool:
    return data[:8].lower().startswith(("data:", "http://", "https://"))


def _bytes(data: str, media_type: str, metadata: dict[str, Any] | None, place: str) -> BinaryContent:
    try:
        return BinaryContent(data=from_base64(data), media_type=media_type, vendor_metadata=metadata)
    except ValueError:
        raise InvalidCall(f"{place}: the data is not base64", place) from None


READERS: dict[str, Callable[[dict[str, Any], str], UserContent]] = {
    "image_url": _image,
    "input_audio": _audio,
    "file": _file,
    "document_url": _document,
    "video_url": _video,
}
