"""Settings of a request: sampling, limits, the form of the output, and who asks."""

from __future__ import annotations

from typing import Any

from pydantic_ai.settings import ModelSettings

from ccproxy.lightllm.call import ModelCall, OutputFormat

NUMBERS = (int, float)
SETTINGS: dict[str, tuple[type, ...]] = {
    "temperature": NUMBERS,
    "top_p": NUMBERS,
    "top_k": NUMBERS,
    "seed": (int,),
    "presence_penalty": NUMBERS,
    "frequency_penalty": NUMBERS,
    "logit_bias": (dict,),
    "parallel_tool_calls": (bool,),
}
"""Settings that pydantic-ai calls by the same names, and their types; `top_k` is of compatible servers."""

MEMBERS: dict[str, tuple[str, tuple[type, ...]]] = {
    "metadata": ("metadata", (dict,)),
    "verbosity": ("verbosity", (str,)),
    "logprobs": ("logprobs", (bool,)),
    "top_logprobs": ("top_logprobs", (int,)),
    "prompt_cache_key": ("prompt_cache_key", (str,)),
    "n": ("choices", (int,)),
}
"""Wire names and the members of a call, and their types."""

LIMITS = ("max_completion_tokens", "max_tokens")
"""Names of the limit, the one that wins first."""

TIERS = frozenset({"auto", "default", "flex", "scale", "priority", "fast"})
"""Service tiers of OpenAI; compatible servers have others."""

READ_ELSEWHERE = frozenset(
    {
        "model", "messages", "tools", "functions", "tool_choice", "function_call", "reasoning_effort", "reasoning",
        "stream", "web_search_options",
    }
)  # fmt: skip


def load_settings(document: dict[str, Any], call: ModelCall) -> None:
    """Reads what stands at the top of a request beside messages and tools. What is not understood goes to extras."""
    rest = {name: value for name, value in document.items() if name not in READ_ELSEWHERE and value is not None}
    settings = {name: rest.pop(name) for name in SETTINGS.keys() & rest.keys() if _is(rest[name], SETTINGS[name])}
    for name in LIMITS:
        if _is(rest.get(name), (int,)):
            limit = rest.pop(name)
            if settings.setdefault("max_tokens", limit) is limit:
                call.wording.setdefault("max_tokens", name)
    stop = rest.get("stop")
    if isinstance(stop, str | list):
        del rest["stop"]
        settings["stop_sequences"] = [stop] if isinstance(stop, str) else [text for text in stop if _is(text, (str,))]
    call.settings = ModelSettings(**settings)  # type: ignore[typeddict-item]
    for name in MEMBERS.keys() & rest.keys():
        attribute, types = MEMBERS[name]
        if _is(rest[name], types):
            setattr(call, attribute, rest.pop(name))
    if _is(rest.get("service_tier"), (str,)) and rest["service_tier"] in TIERS:
        call.service_tier = rest.pop("service_tier")
    _load_user(rest, call)
    _load_stream(rest, call)
    _load_output(rest, call)
    call.extras.update(rest)


def _is(value: Any, types: tuple[type, ...]) -> bool:
    return isinstance(value, types) and (types == (bool,) or not isinstance(value, bool))


def _load_user(rest: dict[str, Any], call: ModelCall) -> None:
    for name in ("user", "safety_identifier"):
        if _is(rest.get(name), (str,)):
            value = rest.pop(name)
            call.wording[name] = value
            call.user = call.user or value


def _load_stream(rest: dict[str, Any], call: ModelCall) -> None:
    options = rest.get("stream_options")
    if isinstance(options, dict):
        call.include_usage = bool(options.get("include_usage"))
        call.wording["stream_options"] = rest.pop("stream_options")


def _load_output(rest: dict[str, Any], call: ModelCall) -> None:
    """Reads `response_format`; of the kind `text` it says nothing."""
    format = rest.get("response_format")
    kind = format.get("type") if isinstance(format, dict) else None
    if kind == "json_object":
        call.output = OutputFormat()
    elif kind == "json_schema" and isinstance(schema := rest["response_format"].get("json_schema"), dict):
        call.output = _output(schema)
    elif kind != "text":
        return
    del rest["response_format"]


def _output(value: dict[str, Any]) -> OutputFormat:
    schema, name, words, strict = (value.get(key) for key in ("schema", "name", "description", "strict"))
    return OutputFormat(
        schema if isinstance(schema, dict) else {},
        name if isinstance(name, str) and name else "response",
        words if isinstance(words, str) else None,
        strict if isinstance(strict, bool) else None,
    )
