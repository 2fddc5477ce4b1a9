"""Images, sound, films and documents as parts of Chat Completions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ccproxy.exchange import WireFormat
from ccproxy.lightllm.call import ModelCall
from ccproxy.lightllm.data_uri import data_uri, to_base64

type Part = dict[str, Any]
type Writer = Callable[[Any, ModelCall], Part | None]

OWN = WireFormat.OPENAI
OUTER = frozenset({"cache_control", "fields", "form", "raw"})
"""Metadata that do not belong into a part's inner object."""

DETAILS = frozenset({"auto", "low", "high", "original"})
AUDIO_FORMATS = {
    "audio/wav": "wav",
    "audio/x-wav": "wav",
    "audio/wave": "wav",
    "audio/vnd.wave": "wav",
    "audio/mpeg": "mp3",
    "audio/mp3": "mp3",
}
"""All that OpenAI takes."""

TEXTUAL = frozenset({"application/json", "application/xml", "application/yaml", "application/x-yaml"})
"""Documents beside `text/…` that are text: OpenAI takes files of PDF alone in Chat."""


def outer(metadata: dict[str, Any] | None, call: ModelCall) -> Part:
    """Members that stand beside a part's own: cache markers and others, for the format they came from."""
    if not metadata:
        return {}
    if call.origin is not OWN:
        if "cache_control" in metadata:
            call.drops.add("cache_control")
        return {}
    marker = {"cache_control": metadata["cache_control"]} if "cache_control" in metadata else {}
    return {**marker, **metadata.get("fields", {})}


def _inner(item: Any, call: ModelCall) -> Part:
    """Members of a part's inner object beside the data."""
    metadata = item.vendor_metadata or {}
    if call.origin is OWN:
        return {name: value for name, value in metadata.items() if name not in OUTER}
    detail = metadata.get("detail")
    if detail is not None and detail not in DETAILS:
        call.drops.add("image_detail")
        detail = None
    for name in ("context", "citations"):
        if metadata.get(name):
            call.drops.add("document_metadata")
    return {} if detail is None else {"detail": detail}


def _whole(kind: str, value: Any, item: Any, call: ModelCall) -> Part:
    return {"type": kind, kind: value, **outer(item.vendor_metadata, call)}


def _image(item: Any, call: ModelCall) -> Part:
    return _image_at(item.url, item, call)


def _image_at(url: str, item: Any, call: ModelCall) -> Part:
    return _whole("image_url", {"url": url, **_inner(item, call)}, item, call)


def _other_url(item: Any, call: ModelCall) -> Part | None:
    """Documents, sound and films by address: some compatible servers take them, OpenAI does not."""
    if call.origin is not OWN:
        call.drops.add("media")
        return None
    if item.kind == "audio-url":
        return _whole("input_audio", {"data": item.url, **_inner(item, call)}, item, call)
    if item.kind == "video-url":
        return _whole("video_url", {"url": item.url, **_inner(item, call)}, item, call)
    return _document_at(item.url, "file_url", item, call)


def _document_at(url: str, name: str, item: Any, call: ModelCall) -> Part:
    if (item.vendor_metadata or {}).get("form") == "document_url":
        return _whole("document_url", url, item, call)
    return _whole("file", {name: url, **_inner(item, call)}, item, call)


def _uploaded(item: Any, call: ModelCall) -> Part | None:
    if item.provider_name != "openai" or _is_image(item):
        call.drops.add("file_id")
        return None
    return _whole("file", {"file_id": item.file_id, **_inner(item, call)}, item, call)


def _is_image(item: Any) -> bool:
    """Chat takes no images by id. What a file is stands in its media type, where the other format tells."""
    return str(item._media_type or "").startswith("image/")


def _binary(item: Any, call: ModelCall) -> Part | None:
    kind = item.media_type.partition("/")[0]
    if kind == "image":
        return _image_at(data_uri(item.media_type, item.data), item, call)
    if kind == "audio":
        return _sound(item, call)
    if kind == "video" and call.origin is OWN:
        return _whole("video_url", {"url": data_uri(item.media_type, item.data), **_inner(item, call)}, item, call)
    return _document(item, call)


def _sound(item: Any, call: ModelCall) -> Part | None:
    format = AUDIO_FORMATS.get(item.media_type)
    if format is None:
        if call.origin is not OWN:
            call.drops.add("media")
            return None
        format = item.media_type.partition("/")[2]
    return _whole("input_audio", {"data": to_base64(item.data), "format": format, **_inner(item, call)}, item, call)


def _document(item: Any, call: ModelCall) -> Part | None:
    uri = data_uri(item.media_type, item.data) if item.media_type == "application/pdf" or call.origin is OWN else ""
    if call.origin is OWN:
        return _document_at(uri, "file_data", item, call)
    metadata = item.vendor_metadata or {}
    if uri:
        name = metadata.get("filename") or metadata.get("title") or "document.pdf"
        return _whole("file", {"file_data": uri, "filename": name, **_inner(item, call)}, item, call)
    text = _decoded(item)
    if text is None:
        call.drops.add("media")
        return None
    if metadata.get("title"):
        call.drops.add("document_metadata")
    _inner(item, call)
    return {"type": "text", "text": text, **outer(metadata, call)}


def _decoded(item: Any) -> str | None:
    media_type = item.media_type.partition(";")[0].strip().lower()
    if not media_type.startswith("text/") and media_type not in TEXTUAL:
        return None
    try:
        text: str = item.data.decode()
    except UnicodeDecodeError:
        return None
    return text


MEDIA: dict[str, Writer] = {
    "image-url": _image,
    "audio-url": _other_url,
    "video-url": _other_url,
    "document-url": _other_url,
    "uploaded-file": _uploaded,
    "binary": _binary,
}
"""By the `kind` of an item of pydantic-ai's UserContent."""
