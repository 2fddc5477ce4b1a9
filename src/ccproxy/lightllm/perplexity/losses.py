"""What a call says that the application has no place for. Nothing of it is pasted into the payload."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pydantic_ai.messages import (
    CachePoint,
    FilePart,
    NativeToolCallPart,
    NativeToolReturnPart,
    RetryPromptPart,
    SystemPromptPart,
    TextContent,
    TextPart,
    ThinkingPart,
    ToolCallPart,
    ToolReturnPart,
    UploadedFile,
    UserPromptPart,
)

from ccproxy.exchange import WireFormat
from ccproxy.lightllm.call import ModelCall
from ccproxy.lightllm.drops import Drops
from ccproxy.lightllm.perplexity.content import FILES, items_of
from ccproxy.lightllm.perplexity.own_fields import FIELD
from ccproxy.lightllm.perplexity.query import instructions
from ccproxy.lightllm.server_tools import rule_of

SESSION = "session_id"
"""Of a client's `metadata`, what names a thread, and so is not lost."""

SAMPLING = ("temperature", "top_p", "top_k", "seed", "presence_penalty", "frequency_penalty", "logit_bias")
USUAL_TIERS = frozenset({None, "auto", "default"})


def count_losses(call: ModelCall) -> None:
    """Counts them in `call.drops`. Media are counted as `media`: only who uploads them knows better."""
    for message in call.messages:
        for part in message.parts:
            _count_part(part, call.drops)
    _count_tools(call)
    _count_settings(call)
    _count_fields(call)


def count_instructions(call: ModelCall, drops: Drops) -> None:
    """Counts those of a question to a thread that may have begun with others: it is asked without them."""
    if found := instructions(call):
        drops.add("instructions", count=len(found))


def _count_part(part: Any, drops: Drops) -> None:
    counter = next((count for kind, count in PARTS if isinstance(part, kind)), None)
    if counter is None:
        drops.add("unknown_block")
    else:
        counter(part, drops)


def _content(part: UserPromptPart | ToolReturnPart[Any], drops: Drops) -> None:
    if isinstance(part, ToolReturnPart):
        _marker(part.metadata, drops)
    for item in items_of(part):
        if isinstance(item, CachePoint):
            drops.add("cache_control")
        elif isinstance(item, UploadedFile):
            drops.add("file_id")
        elif isinstance(item, FILES):
            drops.add("media")
            _details(item.vendor_metadata or {}, drops)
        elif isinstance(item, TextContent):
            _marker(item.metadata, drops)
            if not item.content:
                drops.add("unknown_block")


def _details(details: dict[str, Any], drops: Drops) -> None:
    _marker(details, drops)
    if details.get("detail") not in {None, "auto"}:
        drops.add("image_detail")
    if any(details.get(name) for name in ("title", "context", "citations")):
        drops.add("document_metadata")


def _marker(metadata: Any, drops: Drops) -> None:
    if isinstance(metadata, dict) and "cache_control" in metadata:
        drops.add("cache_control")


def _said(part: TextPart | ToolCallPart, drops: Drops) -> None:
    _marker(part.provider_details, drops)


def _thought(part: ThinkingPart, drops: Drops) -> None:
    drops.add("thinking" if part.content or part.id == "redacted_thinking" else "signature")


def _native(part: NativeToolCallPart | NativeToolReturnPart, drops: Drops) -> None:
    rule = rule_of(part)
    if rule is not None:
        drops.add(rule)


PARTS: tuple[tuple[type, Callable[[Any, Drops], None]], ...] = (
    (SystemPromptPart, lambda part, drops: _marker(part.metadata, drops)),
    (UserPromptPart, _content),
    (ToolReturnPart, _content),
    (RetryPromptPart, lambda part, drops: None),
    (TextPart, _said),
    (ToolCallPart, _said),
    (ThinkingPart, _thought),
    (FilePart, lambda part, drops: drops.add("media")),
    (NativeToolCallPart, _native),
    (NativeToolReturnPart, _native),
)


def _count_tools(call: ModelCall) -> None:
    drops = call.drops
    if call.tools:
        drops.add("field", "tools", len(call.tools))
    if call.tool_choice is not None and call.tool_choice.mode == "required":
        drops.add("tool_choice")
    for tool in call.server_tools:
        if tool.name != "web_search":  # that it does by itself
            drops.add("server_tools")


def _count_settings(call: ModelCall) -> None:
    drops, settings = call.drops, dict(call.settings)
    for name in SAMPLING:
        if settings.get(name) is not None:
            drops.add("sampling")
    stops: Any = settings.get("stop_sequences") or ()
    if stops:
        drops.add("stop_sequences", count=len(stops))
    if settings.get("max_tokens") is not None:
        drops.add("field", "max_tokens")
    if settings.get("parallel_tool_calls") is False and call.tools:
        drops.add("parallel_tool_calls")
    if call.reasoning is not None:
        drops.add("reasoning")
    if call.output is not None:
        drops.add("json_mode" if call.output.schema is None else "schema")


def _count_fields(call: ModelCall) -> None:
    drops, extras = call.drops, dict(call.extras) if call.origin is not WireFormat.PERPLEXITY else {}
    extras.pop(FIELD, None)
    metadata = [call.metadata, extras.pop("metadata", None)]
    for rule, is_lost in (
        ("user", call.user),
        ("logprobs", call.logprobs or call.top_logprobs),
        ("choices", call.choices is not None and call.choices > 1),
        ("service_tier", call.service_tier not in USUAL_TIERS),
        ("metadata", any(isinstance(each, dict) and each.keys() - {SESSION} for each in metadata)),
    ):
        if is_lost:
            drops.add(rule)
    for name in ("verbosity", "prompt_cache_key"):
        if getattr(call, name) is not None:
            drops.add("field", name)
    for name in extras:
        drops.add("field", name)
