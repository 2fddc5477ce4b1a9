"""Content blocks of users and of tool results, read into pydantic-ai's kinds of user content."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pydantic_ai.messages import BinaryContent, CachePoint, DocumentUrl, ImageUrl, TextContent, UploadedFile

from ccproxy.lightllm.anthropic.fields import as_list, as_object, as_text
from ccproxy.lightllm.data_uri import from_base64
from ccproxy.lightllm.failures import InvalidCall


def load_content(content: Any, where: str) -> list[Any]:
    """The content of a tool result or a document. What has no kind of its own is text that bears its block."""
    if isinstance(content, str):
        return [content]
    items: list[Any] = []
    for index, block in enumerate(as_list(content, where)):
        items += load_item(block, f"{where}[{index}]")
    return items


def load_item(block: Any, where: str) -> list[Any]:
    """One block as user content."""
    if isinstance(block, str):
        return [block]
    kind = as_object(block, where).get("type", "text" if "text" in block else None)
    reader = READERS.get(kind) if isinstance(kind, str) else None
    return [raw_item(block)] if reader is None else reader(block, where)


def raw_item(block: dict[str, Any], text: str = "") -> TextContent:
    """A block that only this format has; `text` is what others may read of it."""
    return TextContent(content=text, metadata={"raw": block})


def others(block: dict[str, Any], *known: str) -> dict[str, Any]:
    """The members of a block beside the known ones and those that say nothing."""
    return {name: value for name, value in block.items() if value is not None and name not in known}


def details(block: dict[str, Any], *known: str) -> dict[str, Any] | None:
    """What a part keeps of its block beside the known members: what has a name in `call`, and `fields`."""
    rest = others(block, *known)
    fields = {name: rest.pop(name) for name in list(rest) if name not in NAMED}
    if fields:
        rest["fields"] = fields
    return rest or None


NAMED = frozenset({"cache_control", "title", "context", "citations"})


def cache_point(marker: Any) -> CachePoint | None:
    """A cache marker as pydantic-ai has it; None if it says more than that can."""
    if marker == {"type": "ephemeral"}:
        return CachePoint()
    return CachePoint(ttl="1h") if marker == {"type": "ephemeral", "ttl": "1h"} else None


def _text(block: dict[str, Any], where: str) -> list[Any]:
    text = as_text(block.get("text"), f"{where}.text")
    if len(block) == 2:
        return [text]
    rest = details(block, "type", "text")
    if rest is None:
        return [text]
    point = cache_point(rest.get("cache_control")) if len(rest) == 1 else None
    return [TextContent(content=text, metadata=rest)] if point is None else [text, point]


def _search_result(block: dict[str, Any], where: str) -> list[Any]:
    texts = [item for item in load_content(block.get("content"), f"{where}.content") if isinstance(item, str)]
    head = [value for value in (block.get("title"), block.get("source")) if isinstance(value, str)]
    return [raw_item(block, "\n".join(head + texts))]


def _media(block: dict[str, Any], where: str) -> list[Any]:
    source = as_object(block.get("source"), f"{where}.source")
    kind = source.get("type") or ("base64" if "data" in source else "url" if "url" in source else None)
    reader = SOURCES.get(kind) if isinstance(kind, str) else None
    if reader is None:
        return [raw_item(block)]
    return reader(source, block["type"] == "image", details(block, "type", "source") or {}, f"{where}.source")


def _base64(source: dict[str, Any], image: bool, metadata: dict[str, Any], where: str) -> list[Any]:
    try:
        data = from_base64(as_text(source.get("data"), f"{where}.data"))
    except ValueError as error:
        raise InvalidCall(f"{where}.data: {error}", where) from None
    media_type = source.get("media_type") or ("" if image else "application/pdf")
    return [BinaryContent(data, media_type=str(media_type), vendor_metadata=metadata or None)]


def _url(source: dict[str, Any], image: bool, metadata: dict[str, Any], where: str) -> list[Any]:
    url = as_text(source.get("url"), f"{where}.url")
    if image:
        return [ImageUrl(url, vendor_metadata=metadata or None)]
    return [DocumentUrl(url, media_type="application/pdf", vendor_metadata=metadata or None)]


def _file(source: dict[str, Any], image: bool, metadata: dict[str, Any], where: str) -> list[Any]:
    file_id = as_text(source.get("file_id"), f"{where}.file_id")
    media_type = "image/jpeg" if image else "application/pdf"
    return [UploadedFile(file_id, "anthropic", media_type=media_type, vendor_metadata=metadata or None)]


def _plain_text(source: dict[str, Any], image: bool, metadata: dict[str, Any], where: str) -> list[Any]:
    data = as_text(source.get("data"), f"{where}.data").encode("utf-8", "surrogatepass")
    return [BinaryContent(data, media_type="text/plain", vendor_metadata=metadata or None)]


def _content(source: dict[str, Any], image: bool, metadata: dict[str, Any], where: str) -> list[Any]:
    """A document of blocks: its text as one document, its images behind it.

    `source` keeps the blocks for this format, which leaves out what is marked to be `inside`.
    """
    items = load_content(source.get("content"), f"{where}.content")
    texts = [item.content if isinstance(item, TextContent) else item for item in items]
    data = "\n".join(text for text in texts if isinstance(text, str)).encode("utf-8", "surrogatepass")
    document = BinaryContent(data, media_type="text/plain", vendor_metadata={**metadata, "source": source})
    images = [item for item in items if isinstance(item, BinaryContent | ImageUrl | UploadedFile)]
    for item in images:
        item.vendor_metadata = {**(item.vendor_metadata or {}), "inside": True}
    return [document, *images]


READERS: dict[str, Callable[[dict[str, Any], str], list[Any]]] = {
    "text": _text,
    "image": _media,
    "document": _media,
    "search_result": _search_result,
}

SOURCES: dict[str, Callable[[dict[str, Any], bool, dict[str, Any], str], list[Any]]] = {
    "base64": _base64,
    "url": _url,
    "file": _file,
    "text": _plain_text,
    "content": _content,
}
