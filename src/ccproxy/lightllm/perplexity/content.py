"""What prompts and results of tools hold: their texts, and what can be uploaded."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import orjson
from pydantic_ai.messages import (
    BinaryContent,
    CachePoint,
    FileUrl,
    TextContent,
    ToolReturnPart,
    UploadedFile,
    UserPromptPart,
)

type File = BinaryContent | FileUrl
"""What can be uploaded: bytes, or what is under a URL. Its `vendor_metadata` may hold `filename`."""

FILES = (BinaryContent, FileUrl)
TEXTS = (str, TextContent)
KINDS = (*TEXTS, *FILES, CachePoint, UploadedFile)
"""What a list holds that is content rather than data."""


def items_of(part: Any) -> Sequence[Any]:
    """The items of a prompt, or of a result that has such; nothing for any other part."""
    content = part.content if isinstance(part, UserPromptPart | ToolReturnPart) else ()
    if isinstance(content, str):
        return [content]
    if isinstance(content, list | tuple) and (isinstance(part, UserPromptPart) or _is_content(content)):
        return content
    return ()


def _is_content(values: Sequence[Any]) -> bool:
    return any(isinstance(value, KINDS) for value in values)


def texts_of(part: Any) -> list[str]:
    """The texts of those items."""
    return [item if isinstance(item, str) else item.content for item in items_of(part) if isinstance(item, TEXTS)]


def files_of(part: Any) -> list[File]:
    """Those items that can be uploaded."""
    return [item for item in items_of(part) if isinstance(item, FILES)]


def result_text(part: ToolReturnPart[Any]) -> str:
    """What a tool said; data as JSON."""
    items = items_of(part)
    if not items:
        return orjson.dumps(part.content).decode() if part.content not in (None, "", []) else ""
    data = [orjson.dumps(item).decode() for item in items if not isinstance(item, KINDS)]
    return "\n".join([*texts_of(part), *data])
