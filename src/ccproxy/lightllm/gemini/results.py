"""Results of tools: `functionResponse` both ways.

Source: ai.google.dev/api/caching#FunctionResponse: a result is an object, by convention with the member `output`, or
`error` for a failure. Other formats have text; their results are sent as `result`.
"""

from __future__ import annotations

from typing import Any

import orjson
from pydantic_ai.messages import CachePoint, TextContent, ToolReturnPart

from ccproxy.lightllm.drops import Drops
from ccproxy.lightllm.gemini.fields import camelled, listed
from ccproxy.lightllm.gemini.media import MEDIA_TYPES, Media, load_blob, load_file

WRAPPERS = ("result", "output", "return_value")
"""Members that hold a whole result which is text, if they are the only one."""

KNOWN = frozenset({"id", "name", "response", "parts"})

type Details = dict[str, Any]


def load_result(value: dict[str, Any], id: str, name: str, place: str) -> ToolReturnPart[Any]:
    """A `functionResponse` with the id and name of the call that it answers."""
    metadata: Details = {}
    content, failed = _response(value.get("response"), metadata)
    media = [_media(part, f"{place}.parts") for part in listed(value.get("parts")) if isinstance(part, dict)]
    if media:
        content = [_text_of(content), *[item for item in media if item is not None]]
    fields = {key: member for key, member in value.items() if key not in KNOWN}
    if fields:
        metadata["fields"] = fields
    return ToolReturnPart(name, content, id, outcome="failed" if failed else "success", metadata=metadata or None)


def _response(response: Any, metadata: Details) -> tuple[Any, bool]:
    """What a tool said, and whether it is an error; an object that holds no more than text is taken off."""
    if not isinstance(response, dict):
        return ({} if response is None else response), False
    if len(response) == 1:
        ((key, value),) = response.items()
        if key == "error" and value:
            return value, True
        if isinstance(value, str) and key in WRAPPERS:
            if key != "result":
                metadata["wrapper"] = key
            return value, False
    return response, False


def _text_of(content: Any) -> str | TextContent:
    if isinstance(content, str):
        return content
    return TextContent(orjson.dumps(content).decode(), metadata={"json": True})


def _media(part: dict[str, Any], place: str) -> Media | None:
    members = camelled(part)
    if "inlineData" in members:
        return load_blob(members["inlineData"], place)
    return load_file(members["fileData"], place) if "fileData" in members else None


def dump_result(part: ToolReturnPart[Any], drops: Drops) -> tuple[dict[str, Any], list[Media]]:
    """The `response` object of a result, and the media that belong to it."""
    details: Details = part.metadata if isinstance(part.metadata, dict) else {}
    if "cache_control" in details:
        drops.add("cache_control")
    content, media = part.content, []
    if isinstance(content, list) and any(isinstance(item, CONTENT) for item in content):
        media = [item for item in content if isinstance(item, MEDIA_TYPES)]
        content = _joined(content, drops)
    if part.outcome in {"failed", "retried"}:
        return (content if isinstance(content, dict) and "error" in content else {"error": content}), media
    if isinstance(content, dict):
        return content, media
    return {details.get("wrapper", "result"): content}, media


CONTENT = (str, TextContent, CachePoint, *MEDIA_TYPES)
"""What a list holds that is a prompt's kind of content rather than data."""


def _joined(content: list[Any], drops: Drops) -> Any:
    """The texts of a list as one, or the object that they stand for."""
    texts: list[str] = []
    for item in content:
        if isinstance(item, TextContent):
            metadata = item.metadata if isinstance(item.metadata, dict) else {}
            if "json" in metadata:
                return orjson.loads(item.content)
            if "cache_control" in metadata:
                drops.add("cache_control")
            if item.content:
                texts.append(item.content)
            elif "raw" in metadata:
                drops.add("unknown_block")
        elif isinstance(item, CachePoint):
            drops.add("cache_control")
        elif not isinstance(item, MEDIA_TYPES):
            texts.append(item if isinstance(item, str) else orjson.dumps(item).decode())
    return "\n".join(texts)
