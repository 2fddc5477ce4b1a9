"""The packaged profiles: what in a request of a known format is the caller's, and what is the envelope around it.

They hold names only. An envelope itself comes from a capture of the user's own client (`ccproxy shapes capture`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

TARGET_HEADERS = ("authorization", "x-api-key", "x-goog-api-key", "host")
FRAMING_HEADERS = ("content-length", "transfer-encoding", "connection")
CODEX_IDS = (
    "chatgpt-account-id", "x-openai-fedramp", "openai-organization", "openai-project", "x-codex-installation-id",
    "x-codex-turn-state", "x-codex-turn-metadata", "x-codex-parent-thread-id", "x-codex-window-id",
    "x-openai-memgen-request", "x-openai-subagent",
)  # fmt: skip
"""What tells of one machine, one account or one turn, and of no other request."""

PACKAGED: Mapping[str, Mapping[str, Any]] = {
    "anthropic": {
        "format": "anthropic",
        "content_fields": [
            "model", "messages", "tools", "tool_choice", "system", "thinking", "context_management", "stream",
            "max_tokens", "temperature", "top_p", "top_k", "stop_sequences", "service_tier", "container", "mcp_servers",
            "output_config", "diagnostics", "metadata", "cache_control", "inference_geo", "speed",
        ],
        "merge_strategies": {"system": "prepend_shape:1", "metadata": "fallback_shape"},
        "merge_headers": ["anthropic-beta"],
        "shape_hooks": [
            "ccproxy.shaping.regenerate",
            {"hook": "ccproxy.shaping.caching.strip", "params": {"paths": ["system.*.cache_control"], "of": "shape"}},
        ],
        "capture": {"path_pattern": "^/v1/messages$"},
    },
    "gemini": {
        "format": "gemini",
        "content_fields": [
            "model", "project", "contents", "systemInstruction", "system_instruction", "tools", "toolConfig",
            "tool_config", "safetySettings", "safety_settings", "generationConfig", "generation_config",
            "cachedContent", "cached_content", "labels", "store", "serviceTier",
        ],
        "wrapped_in": "request",
        "shape_hooks": ["ccproxy.shaping.regenerate", "ccproxy.shaping.gemini"],
        "capture": {"path_pattern": r"^/(v1(beta|alpha)?/models/[^:]+|v1internal):(g|streamG)enerateContent$"},
    },
    "openai_responses": {
        "format": "openai_responses",
        "content_fields": [
            "model", "input", "instructions", "tools", "tool_choice", "parallel_tool_calls", "reasoning", "text",
            "stream", "stream_options", "max_output_tokens", "max_tool_calls", "temperature", "top_p", "top_logprobs",
            "metadata", "client_metadata", "include", "previous_response_id", "conversation", "prompt",
            "prompt_cache_key", "prompt_cache_retention", "store", "truncation", "service_tier", "background",
            "safety_identifier", "user",
        ],
        "merge_strategies": {"instructions": "fallback_shape"},
        "preserve_headers": [*TARGET_HEADERS, "chatgpt-account-id", "x-openai-fedramp"],
        "strip_headers": [*TARGET_HEADERS, *FRAMING_HEADERS, "content-encoding", *CODEX_IDS],
        "shape_hooks": ["ccproxy.shaping.regenerate", "ccproxy.shaping.codex"],
        "capture": {"path_pattern": "^(/v1|/backend-api/codex)?/responses$"},
    },
}  # fmt: skip
