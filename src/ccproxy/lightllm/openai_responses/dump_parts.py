"""User content as parts of Responses messages and tool outputs."""

from __future__ import annotations

import mimetypes
from collections.abc import Sequence
from typing import Any

from pydantic_ai.messages import (
    BinaryContent,
    CachePoint,
    DocumentUrl,
    ImageUrl,
    TextContent,
    UploadedFile,
)

from ccproxy.lightllm.call import ModelCall
from ccproxy.lightllm.data_uri import data_uri, to_base64
from ccproxy.lightllm.drops import Drops
from ccproxy.lightllm.openai_responses.load_parts import AUDIO_TYPES, NOTES, PROVIDER

type Part = dict[str, Any]

FORMATS = {media_type: name for name, media_type in AUDIO_TYPES.items()}
DETAILS = ("auto", "low", "high", "original")
FOREIGN_NOTES = ("title", "context", "citations")
NAMES = {"text/plain": "document.txt", "text/markdown": "document.md", "application/pdf": "document.pdf"}
"""File names by media type, which the API wants and tells the kind of a file by."""


class PartWriter:
    """Writes the content of one request's messages."""

    def __init__(self, call: ModelCall, own: bool) -> None:
        self._drops: Drops = call.drops
        self._own = own

    def content(self, content: str | Sequence[Any]) -> str | list[Part]:
        """A message's content: the text alone if that is all. Empty if nothing of it can be carried."""
        if isinstance(content, str):
            return content
        if len(content) == 1 and isinstance(content[0], str):
            return content[0]
        parts = self.parts(content)
        if len(parts) == 1 and parts[0].keys() == {"type", "text"}:
            text: str = parts[0]["text"]
            return text
        return parts

    def parts(self, content: Sequence[Any]) -> list[Part]:
        """Content as a list of parts."""
        return [part for item in content if (part := self._part(item)) is not None]

    def _part(self, item: Any) -> Part | None:
        match item:
            case str():
                return {"type": "input_text", "text": item}
            case TextContent():
                return self._text(item)
            case CachePoint():
                self._drops.add("cache_control")
                return None
            case BinaryContent():
                return self._data(item)
            case ImageUrl():
                return {"type": "input_image", "image_url": item.url, **self._of_image(item.vendor_metadata)}
            case DocumentUrl():
                return {"type": "input_file", "file_url": item.url, **self._of_file(item.vendor_metadata)}
            case UploadedFile():
                return self._uploaded(item)
        self._drops.add("media")
        return None

    def _text(self, item: TextContent) -> Part | None:
        metadata = item.metadata or {}
        if self._own:
            raw: Part | None = metadata.get("raw")
            return raw or {"type": "input_text", "text": item.content, **metadata.get("fields", {})}
        if "cache_control" in metadata:
            self._drops.add("cache_control")
        if not item.content:
            self._drops.add("unknown_block")
            return None
        return {"type": "input_text", "text": item.content}

    def _data(self, item: BinaryContent) -> Part | None:
        kind, metadata = item.media_type.partition("/")[0], item.vendor_metadata or {}
        if kind == "image" and "filename" not in metadata:
            uri = data_uri(item.media_type, item.data)
            return {"type": "input_image", "image_url": uri, **self._of_image(metadata)}
        if kind in ("audio", "video"):
            if not self._own:
                self._drops.add("media")
                return None
            form = FORMATS.get(item.media_type, item.media_type.partition("/")[2])
            return {"type": "input_audio", "input_audio": {"data": to_base64(item.data), "format": form}}
        fields = self._of_file(metadata)
        fields.setdefault("filename", _filename(item.media_type, metadata))
        return {"type": "input_file", "file_data": data_uri(item.media_type, item.data), **fields}

    def _uploaded(self, item: UploadedFile) -> Part | None:
        if item.provider_name != PROVIDER:
            self._drops.add("file_id")
            return None
        if (item.media_type or "").startswith("image/"):
            return {"type": "input_image", "file_id": item.file_id, **self._of_image(item.vendor_metadata)}
        return {"type": "input_file", "file_id": item.file_id, **self._of_file(item.vendor_metadata)}

    def _of_image(self, metadata: dict[str, Any] | None) -> dict[str, Any]:
        """What the target takes of an image's notes; `detail` is always there, as the SDK's types want it."""
        metadata = metadata or {}
        if self._own:
            return {"detail": "auto", **_own(metadata)}
        self._count(metadata)
        detail = metadata.get("detail")
        return {"detail": detail if detail in DETAILS else "auto"}

    def _of_file(self, metadata: dict[str, Any] | None) -> dict[str, Any]:
        metadata = metadata or {}
        if self._own:
            return _own(metadata)
        self._count(metadata)
        return {"filename": metadata["filename"]} if metadata.get("filename") else {}

    def _count(self, metadata: dict[str, Any]) -> None:
        if "cache_control" in metadata:
            self._drops.add("cache_control")
        if any(metadata.get(name) for name in FOREIGN_NOTES):
            self._drops.add("document_metadata")


def _own(metadata: dict[str, Any]) -> dict[str, Any]:
    """What was said of an image or a file, as it was."""
    return {**{name: metadata[name] for name in NOTES if name in metadata}, **metadata.get("fields", {})}


def _filename(media_type: str, metadata: dict[str, Any]) -> str:
    """A name with the ending that belongs to the media type."""
    known = NAMES.get(media_type)
    ending = "" if known else mimetypes.guess_extension(media_type) or ".bin"
    title = metadata.get("title")
    if not isinstance(title, str) or not title:
        return known or f"document{ending}"
    ending = known.removeprefix("document") if known else ending
    return title if title.lower().endswith(ending) else title + ending
