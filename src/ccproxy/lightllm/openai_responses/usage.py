"""Token counts of the Responses API: totals that include what was read from and written to a cache."""

from __future__ import annotations

from typing import Any

from ccproxy.lightllm.events import Usage


def read_usage(document: Any) -> Usage | None:
    """Usage as the API reports it; None where it holds no count. Chat's names are read too: some servers mix them."""
    if not isinstance(document, dict):
        return None
    total = _count(document, "input_tokens", "prompt_tokens")
    output = _count(document, "output_tokens", "completion_tokens")
    if total is None and output is None:
        return None
    into = _details(document, "input_tokens_details", "prompt_tokens_details")
    out_of = _details(document, "output_tokens_details", "completion_tokens_details")
    read, written = _count(into, "cached_tokens"), _count(into, "cache_write_tokens")
    return Usage(
        input=None if total is None else max(total - (read or 0) - (written or 0), 0),
        output=output,
        cache_read=read,
        cache_write=written,
        reasoning=_count(out_of, "reasoning_tokens"),
        audio_input=_count(into, "audio_tokens"),
        audio_output=_count(out_of, "audio_tokens"),
    )


def _details(document: dict[str, Any], *names: str) -> dict[str, Any]:
    return next((value for name in names if isinstance(value := document.get(name), dict)), {})


def _count(document: dict[str, Any], *names: str) -> int | None:
    return next((int(value) for name in names if isinstance(value := document.get(name), int | float)), None)


def write_usage(usage: Usage) -> dict[str, Any]:
    """The usage object, with every field that the SDKs' types call required."""
    output = usage.output or 0
    return {
        "input_tokens": usage.total_input,
        "input_tokens_details": {
            "cached_tokens": usage.cache_read or 0,
            "cache_write_tokens": usage.cache_write or 0,
        },
        "output_tokens": output,
        "output_tokens_details": {"reasoning_tokens": min(usage.reasoning or 0, output)},
        "total_tokens": usage.total_input + output,
    }
