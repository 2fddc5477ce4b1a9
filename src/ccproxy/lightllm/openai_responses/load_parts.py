"""Content parts of Responses messages and tool outputs as pydantic-ai's user content."""

from __future__ import annotations

import mimetypes
from collections.abc import Callable, Mapping
from typing import Any, Literal

from pydantic_ai.messages import BinaryContent, DocumentUrl, ImageUrl, TextContent, UploadedFile, UserContent

from ccproxy.lightllm.data_uri import from_base64, parse_data_uri
from ccproxy.lightllm.failures import InvalidCall

PROVIDER: Literal["openai"] = "openai"
"""Whose the files are: Chat and Responses share them."""

AUDIO_TYPES = {"mp3": "audio/mpeg", "wav": "audio/wav"}
KNOWN_OF_TEXT = frozenset({"type", "text", "refusal"})
NOTES = ("detail", "filename")
KNOWN_OF_MEDIA = frozenset({"type", "image_url", "file_id", "file_data", "file_url", "file", "input_file", *NOTES})


def rest(item: Mapping[str, Any], known: frozenset[str]) -> dict[str, Any]:
    """The fields of an item that the house has no place for; nulls mean nothing."""
    return {name: value for name, value in item.items() if name not in known and value is not None}


def user_content(content: object, place: str) -> list[UserContent]:
    """The content of a message or a tool's output, which is text, a part or a list of parts. Raises InvalidCall."""
    if isinstance(content, str):
        return [content]
    if content is None:
        return []
    if isinstance(content, dict):
        content = [content]
    if not isinstance(content, list):
        raise InvalidCall(f"{place}: neither a text nor a list of parts")
    return [part_content(part, f"{place}[{i}]") for i, part in enumerate(content)]


def part_content(part: object, place: str) -> UserContent:
    """One part. Raises InvalidCall."""
    if isinstance(part, str):
        return part
    if not isinstance(part, dict):
        raise InvalidCall(f"{place}: not a part of a message")
    read = READERS.get(str(part.get("type", "text")), _unknown)
    try:
        return read(part, place)
    except ValueError as error:
        raise error if isinstance(error, InvalidCall) else InvalidCall(f"{place}: {error}") from None


def _text(part: dict[str, Any], place: str) -> UserContent:
    text = part.get("text", part.get("refusal"))
    if not isinstance(text, str):
        raise InvalidCall(f"{place}.text: not a string")
    if len(part) <= 2:
        return text
    more = {name: value for name, value in rest(part, KNOWN_OF_TEXT).items() if value}
    return TextContent(text, metadata={"fields": more}) if more else text


def _image(part: dict[str, Any], place: str) -> UserContent:
    url = part.get("image_url")
    if isinstance(url, dict):  # as Chat has it, which several clients send here
        part = {**part, **rest(url, frozenset({"url"}))}
        url = url.get("url")
    metadata = _notes(part)
    if isinstance(url, str) and url:
        data = parse_data_uri(url)
        if data is None:
            return ImageUrl(url=url, vendor_metadata=metadata)
        return BinaryContent(data=data[1], media_type=data[0] or "image/png", vendor_metadata=metadata)
    if part.get("file_id"):
        return _uploaded(str(part["file_id"]), metadata, "image/*")
    raise InvalidCall(f"{place}: an image without image_url or file_id")


def _notes(part: dict[str, Any]) -> dict[str, Any] | None:
    """What else is said of an image or a file."""
    notes = {name: part[name] for name in NOTES if isinstance(part.get(name), str)}
    if more := rest(part, KNOWN_OF_MEDIA):
        notes["fields"] = more
    return notes or None


def _uploaded(file_id: str, metadata: dict[str, Any] | None, media_type: str | None = None) -> UserContent:
    return UploadedFile(file_id=file_id, provider_name=PROVIDER, media_type=media_type, vendor_metadata=metadata)


def _file(part: dict[str, Any], place: str) -> UserContent:
    inner = part.get("file", part.get("input_file"))
    if isinstance(inner, dict):
        part = {**part, **inner}
    metadata = _notes(part)
    data, url, file_id = part.get("file_data"), part.get("file_url"), part.get("file_id")
    if isinstance(data, str) and data:
        return _file_data(data, metadata)
    if isinstance(url, str) and url.startswith("data:"):
        return _file_data(url, metadata)
    if isinstance(url, str) and url:
        return DocumentUrl(url=url, vendor_metadata=metadata)
    if file_id:
        return _uploaded(str(file_id), metadata)
    raise InvalidCall(f"{place}: a file without file_data, file_url or file_id")


def _file_data(data: str, metadata: dict[str, Any] | None) -> UserContent:
    if data.startswith(("http://", "https://")):
        return DocumentUrl(url=data, vendor_metadata=metadata)
    media_type, content = parse_data_uri(data) or ("", from_base64(data))
    if not media_type:
        media_type = mimetypes.guess_type(str((metadata or {}).get("filename", "")))[0] or "application/pdf"
    return BinaryContent(data=content, media_type=media_type, vendor_metadata=metadata)


def _audio(part: dict[str, Any], place: str) -> UserContent:
    audio = part.get("input_audio")
    if not isinstance(audio, dict) or not isinstance(audio.get("data"), str):
        raise InvalidCall(f"{place}.input_audio: no data")
    form = str(audio.get("format") or "wav")
    return BinaryContent(data=from_base64(audio["data"]), media_type=AUDIO_TYPES.get(form, f"audio/{form}"))


def _unknown(part: dict[str, Any], place: str) -> UserContent:
    """A part of a kind that the house does not know, with its text, if it has one."""
    text = part.get("text")
    return TextContent(text if isinstance(text, str) else "", metadata={"raw": part})


READERS: dict[str, Callable[[dict[str, Any], str], UserContent]] = {
    "input_text": _text,
    "output_text": _text,
    "text": _text,
    "refusal": _text,
    "input_image": _image,
    "image_url": _image,
    "input_file": _file,
    "file": _file,
    "input_audio": _audio,
}
