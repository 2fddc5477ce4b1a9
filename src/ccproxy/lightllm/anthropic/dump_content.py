"""User content and what tools gave, written as content blocks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import orjson
from pydantic_ai.messages import (
    BinaryContent,
    BinaryImage,
    CachePoint,
    DocumentUrl,
    ImageUrl,
    TextContent,
    UploadedFile,
)

from ccproxy.lightllm.anthropic.load_content import NAMED
from ccproxy.lightllm.data_uri import parse_data_uri, to_base64
from ccproxy.lightllm.drops import Drops

type Block = dict[str, Any]

IMAGES = frozenset({"image/jpeg", "image/png", "image/gif", "image/webp"})
"""Kinds of images that the API takes (platform.claude.com, "Images and vision")."""

PDF = "application/pdf"
TEXTS = ("application/json", "application/xml", "application/javascript", "application/yaml", "application/x-yaml")
"""Kinds of text beside `text/…`: all are sent as plain text, the only kind there is."""

MAGIC: tuple[tuple[bytes, str], ...] = (
    (b"%PDF-", PDF),
    (b"\x89PNG", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF8", "image/gif"),
    (b"RIFF", "image/webp"),
)
"""How files of known kinds begin, for those that come without a kind."""


def own_members(details: dict[str, Any] | None) -> dict[str, Any]:
    """What a part keeps of its block, as members of the block again."""
    if not details:
        return {}
    named = {name: value for name, value in details.items() if name in NAMED}
    return {**named, **details.get("fields", {})}


def cache_marker(point: CachePoint) -> dict[str, str]:
    """A cache point as a marker; five minutes is what goes without saying."""
    return {"type": "ephemeral"} if point.ttl == "5m" else {"type": "ephemeral", "ttl": point.ttl}


class ContentWriter:
    """Writes user content. `own` is true for a client of this very format, who gets everything back as it was."""

    def __init__(self, own: bool, drops: Drops) -> None:
        self.own = own
        self.drops = drops

    def members(self, details: dict[str, Any] | None) -> dict[str, Any]:
        """The further members of a block of text or a call: for another format's client, its cache marker."""
        if not details:
            return {}
        if self.own:
            return own_members(details)
        if details.get("citations"):
            self.drops.add("citations")
        return {"cache_control": details["cache_control"]} if "cache_control" in details else {}

    def text(self, text: str, details: dict[str, Any] | None = None) -> list[Block]:
        """A block of text; none for white space, which the API refuses."""
        if not self.own and not text.strip():
            return []
        return [{"type": "text", "text": text, **self.members(details)} if details else {"type": "text", "text": text}]

    def blocks(self, content: Any) -> list[Block]:
        """Content of a prompt or of a tool's result, which may be any JSON value."""
        if isinstance(content, str):
            return self.text(content)
        if not isinstance(content, list | tuple):
            return self.text("" if content is None else orjson.dumps(content, default=str).decode())
        blocks: list[Block] = []
        for item in content:
            if isinstance(item, str):
                blocks += self.text(item)
            elif isinstance(item, CachePoint):
                if blocks:
                    blocks[-1] = {**blocks[-1], "cache_control": cache_marker(item)}
            else:
                blocks += self._item(item)
        return blocks

    def _item(self, item: Any) -> list[Block]:
        if isinstance(item, TextContent):
            return self._text_content(item)
        writer = MEDIA.get(type(item))
        if writer is None:
            if type(item).__module__.startswith("pydantic_ai"):
                self.drops.add("media")
                return []
            return self.text(orjson.dumps(item, default=str).decode())
        metadata = item.vendor_metadata or {}
        if metadata.get("inside") and self.own:
            return []
        block = writer(self, item, metadata)
        if block is None:
            return []
        if not self.own and metadata.get("detail") not in (None, "auto"):
            self.drops.add("image_detail")
        return [block]

    def _text_content(self, item: TextContent) -> list[Block]:
        metadata = item.metadata if isinstance(item.metadata, dict) else {}
        if "raw" not in metadata:
            return self.text(item.content, metadata)
        if self.own:
            return [metadata["raw"]]
        if not item.content:
            self.drops.add("unknown_block")
        return self.text(item.content)

    def _image_url(self, item: ImageUrl, metadata: dict[str, Any]) -> Block | None:
        inline = parse_data_uri(item.url)
        if inline is not None:
            return self._data(inline[0] or "", inline[1], metadata)
        if not self.own and not item.url.startswith(("http:", "https:")):
            self.drops.add("media")
            return None
        return {"type": "image", "source": {"type": "url", "url": item.url}, **self.members(metadata)}

    def _document_url(self, item: DocumentUrl, metadata: dict[str, Any]) -> Block | None:
        inline = parse_data_uri(item.url)
        if inline is not None:
            return self._data(inline[0] or "", inline[1], metadata)
        if not self.own and not item.url.startswith(("http:", "https:")):
            self.drops.add("media")
            return None
        return {"type": "document", "source": {"type": "url", "url": item.url}, **self._document_members(metadata)}

    def _binary(self, item: BinaryContent, metadata: dict[str, Any]) -> Block | None:
        if self.own and "source" in metadata:
            return {"type": "document", "source": metadata["source"], **self._document_members(metadata)}
        return self._data(item.media_type, item.data, metadata)

    def _data(self, media_type: str, data: bytes, metadata: dict[str, Any]) -> Block | None:
        kind = media_type.partition(";")[0].strip().lower().replace("image/jpg", "image/jpeg")
        if kind in ("", "application/octet-stream"):
            kind = next((known for magic, known in MAGIC if data.startswith(magic)), kind)
        if kind in IMAGES or (self.own and kind.startswith("image/")):
            return {"type": "image", "source": _base64(kind, data), **self.members(metadata)}
        if kind.startswith("text/") or kind.endswith("+json") or kind in TEXTS:
            source = {"type": "text", "media_type": "text/plain", "data": data.decode("utf-8", "replace")}
            return {"type": "document", "source": source, **self._document_members(metadata)}
        if kind == PDF or self.own:
            return {"type": "document", "source": _base64(kind, data), **self._document_members(metadata)}
        self.drops.add("media")
        return None

    def _file(self, item: UploadedFile, metadata: dict[str, Any]) -> Block | None:
        if item.provider_name != "anthropic":
            self.drops.add("file_id")
            return None
        source = {"type": "file", "file_id": item.file_id}
        if item.media_type.startswith("image/"):
            return {"type": "image", "source": source, **self.members(metadata)}
        return {"type": "document", "source": source, **self._document_members(metadata)}

    def _document_members(self, metadata: dict[str, Any]) -> dict[str, Any]:
        if self.own:
            return own_members(metadata)
        title = metadata.get("title") or metadata.get("filename")
        members = self.members({name: value for name, value in metadata.items() if name == "cache_control"})
        return {"title": title, **members} if isinstance(title, str) and title else members


def _base64(media_type: str, data: bytes) -> Block:
    return {"type": "base64", "media_type": media_type, "data": to_base64(data)}


MEDIA: dict[type, Callable[[ContentWriter, Any, dict[str, Any]], Block | None]] = {
    BinaryContent: ContentWriter._binary,
    BinaryImage: ContentWriter._binary,
    ImageUrl: ContentWriter._image_url,
    DocumentUrl: ContentWriter._document_url,
    UploadedFile: ContentWriter._file,
}
