"""`generationConfig` both ways.

Source: ai.google.dev/api/generate-content#generationconfig.
"""

from __future__ import annotations

from typing import Any

from ccproxy.exchange import WireFormat
from ccproxy.lightllm.call import ModelCall, OutputFormat
from ccproxy.lightllm.gemini.fields import camelled, listed, number
from ccproxy.lightllm.gemini.reasoning import dump_reasoning, load_reasoning
from ccproxy.lightllm.gemini.schema import json_schema

SETTINGS: tuple[tuple[str, str], ...] = (
    ("maxOutputTokens", "max_tokens"),
    ("temperature", "temperature"),
    ("topP", "top_p"),
    ("topK", "top_k"),
    ("seed", "seed"),
    ("presencePenalty", "presence_penalty"),
    ("frequencyPenalty", "frequency_penalty"),
)
"""Members that are numbers, and their names in pydantic-ai's settings."""

JSON = "application/json"

STOP_SEQUENCES = 5
"""How many Gemini takes."""

BELOW_TWO = 1.99
"""Penalties end right before 2; OpenAI's go as far as 2."""

INT32 = 0x7FFFFFFF

WORDED = ("responseModalities", "responseMimeType")
"""Members that a client may set to what they are anyway."""


def load_settings(call: ModelCall, config: Any) -> None:
    """Reads `generationConfig` into a call; what has no place in it becomes an extra."""
    members = camelled(config)
    settings: dict[str, Any] = {}
    for native, name in SETTINGS:
        value = number(members.get(native))
        if isinstance(value, int | float):
            settings[name] = value
            del members[native]
    stop = members.pop("stopSequences", None)
    if stop:
        settings["stop_sequences"] = [str(text) for text in listed(stop)]
    call.settings.update(settings)  # type: ignore[typeddict-item]
    call.reasoning = load_reasoning(members.pop("thinkingConfig", None))
    call.choices = _integer(members.pop("candidateCount", None))
    call.logprobs = members.pop("responseLogprobs", None)
    call.top_logprobs = _integer(members.pop("logprobs", None))
    call.output = _load_output(call, members)
    if members.get("responseModalities") in (["TEXT"], ["text"]):
        call.wording["responseModalities"] = members.pop("responseModalities")
    call.extras |= {f"generationConfig.{name}": value for name, value in members.items()}


def _integer(value: Any) -> int | None:
    value = number(value)
    return value if isinstance(value, int) else None


def _load_output(call: ModelCall, members: dict[str, Any]) -> OutputFormat | None:
    """The format of the answer. Types other than JSON (`text/x.enum`) stay extras, their schema too."""
    if "responseFormat" in members:
        return _newer_output(call, members)
    mime_type = members.get("responseMimeType")
    if mime_type == "text/plain":
        call.wording["responseMimeType"] = members.pop("responseMimeType")
    if mime_type not in [JSON, None, "", "text/plain"]:
        return None
    schema = members.pop("responseJsonSchema", None)
    if schema is None:
        schema = json_schema(members.pop("responseSchema", None))
    if schema is None and mime_type != JSON:
        return None
    members.pop("responseMimeType", None)
    return OutputFormat(schema if isinstance(schema, dict) else None)


def _newer_output(call: ModelCall, members: dict[str, Any]) -> OutputFormat | None:
    """`responseFormat`, which has the schema in `text`. Source: ai.google.dev/gemini-api/docs/structured-output."""
    text = camelled(camelled(members["responseFormat"]).get("text"))
    schema = text.get("schema")
    if not isinstance(schema, dict) and text.get("mimeType") not in {JSON, "APPLICATION_JSON"}:
        return None
    call.wording["responseFormat"] = members.pop("responseFormat")
    return OutputFormat(schema if isinstance(schema, dict) else None)


def dump_settings(call: ModelCall) -> dict[str, Any]:
    """The `generationConfig` of a call."""
    own = call.origin is WireFormat.GEMINI
    given: dict[str, Any] = dict(call.settings)
    config = {native: given[name] for native, name in SETTINGS if given.get(name) is not None}
    stop = given.get("stop_sequences")
    if stop:
        config["stopSequences"] = stop if own else _at_most(stop, call)
    if not own:
        _adapt(config, given, call)
    elif call.choices is not None:
        config["candidateCount"] = call.choices
    if call.output is not None:
        config |= _dump_output(call, call.output)
    thinking = dump_reasoning(call)
    if thinking:
        config["thinkingConfig"] = thinking
    return config | _own(call) if own else config


def _own(call: ModelCall) -> dict[str, Any]:
    """What only a Gemini client says."""
    config: dict[str, Any] = {name: call.wording[name] for name in WORDED if name in call.wording}
    if call.output is not None:
        config.pop("responseMimeType", None)
    if call.logprobs is not None:
        config["responseLogprobs"] = call.logprobs
    if call.top_logprobs is not None:
        config["logprobs"] = call.top_logprobs
    return config


def _at_most(stop: list[str], call: ModelCall) -> list[str]:
    if len(stop) > STOP_SEQUENCES:
        call.drops.add("stop_sequences", count=len(stop) - STOP_SEQUENCES)
    return stop[:STOP_SEQUENCES]


def _adapt(config: dict[str, Any], given: dict[str, Any], call: ModelCall) -> None:
    """Brings another format's settings into Gemini's bounds, and counts what it does not know."""
    for name in ("presencePenalty", "frequencyPenalty"):
        if not config.get(name, 1):  # the default; models without penalties refuse even that
            del config[name]
        elif isinstance(config.get(name), int | float):
            config[name] = min(config[name], BELOW_TWO)
    if isinstance(config.get("seed"), int) and abs(config["seed"]) > INT32:
        config["seed"] &= INT32  # OpenAI's seeds have 64 bits
    if given.get("logit_bias"):
        call.drops.add("sampling", "logit_bias")
    if given.get("parallel_tool_calls") is False and call.tools:
        call.drops.add("parallel_tool_calls")
    if call.logprobs or call.top_logprobs:
        call.drops.add("logprobs")
    if isinstance(call.choices, int) and call.choices > 1:
        call.drops.add("choices")


def _dump_output(call: ModelCall, output: OutputFormat) -> dict[str, Any]:
    newer = call.wording.get("responseFormat") if call.origin is WireFormat.GEMINI else None
    if newer is not None and camelled(camelled(newer).get("text")).get("schema") == output.schema:
        return {"responseFormat": newer}
    if output.schema is None:
        return {"responseMimeType": JSON}
    return {"responseMimeType": JSON, "responseJsonSchema": output.schema}
