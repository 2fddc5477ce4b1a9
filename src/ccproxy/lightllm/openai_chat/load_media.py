"""Images, sound, films and documents in requests of Chat Completions, as pydantic-ai's."""

from __future__ import annotations

import mimetypes
from collections.abc import Callable, Collection
from typing import Any

from pydantic_ai.messages import AudioUrl, BinaryContent, DocumentUrl, ImageUrl, UploadedFile, UserContent, VideoUrl

from ccproxy.lightllm.data_uri import from_base64, parse_data_uri
from ccproxy.lightllm.failures import InvalidCall
from ccproxy.lightllm.openai_chat.members import details, member, text_of

type UrlType = type[ImageUrl] | type[AudioUrl] | type[VideoUrl] | type[DocumentUrl]

AUDIO_TYPES = {"wav": "audio/wav", "mp3": "audio/mpeg"}
"""Media types of `input_audio.format`; others are `audio/` and the format."""


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
"""By the type of a part; only the first and the two after it are OpenAI's."""
