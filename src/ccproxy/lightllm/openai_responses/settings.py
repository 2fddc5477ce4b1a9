"""Everything of a Responses request that is neither conversation nor tools."""

from __future__ import annotations

import contextlib
import hashlib
import re
from typing import Any

from ccproxy.exchange import WireFormat
from ccproxy.lightllm.call import ModelCall, OutputFormat
from ccproxy.lightllm.failures import InvalidCall
from ccproxy.lightllm.openai_responses.load_parts import rest

OWN = WireFormat.OPENAI_RESPONSES
LOGPROBS = "message.output_text.logprobs"
STATE = "reasoning.encrypted_content"

NUMBERS = {"max_output_tokens": "max_tokens", "temperature": "temperature", "top_p": "top_p"}
PLAIN = {"service_tier": str, "prompt_cache_key": str, "metadata": dict, "top_logprobs": int}
"""Fields that have the same name in a `ModelCall`, and their types."""

ELSEWHERE = frozenset({
    "model", "input", "instructions", "stream", "tools", "tool_choice", "reasoning", "text", "parallel_tool_calls",
    "safety_identifier", *NUMBERS, *PLAIN,
})  # fmt: skip
"""Fields that are read into their own places; the others are extras."""

TYPES: dict[type, str] = {str: "a string", dict: "an object", int: "a whole number", list: "a list"}
TIERS = frozenset({"auto", "default", "flex", "scale", "priority", "fast", "ultrafast"})
FULFILLED = (STATE, LOGPROBS)
"""What `include` may ask for that the other formats' answers bring too."""
USUAL = {"store": False, "truncation": "disabled", "background": False}
"""What these fields mean is what every other API does anyway."""

UNKNOWN_HERE = ("top_k", "seed", "presence_penalty", "frequency_penalty", "logit_bias")
LEAST_OUTPUT = 16
"""The API refuses a lower `max_output_tokens`."""
LONGEST_USER = 64

ALWAYS_THINKS = re.compile(r"(?:^|/)(?:o\d|gpt-5(?![.\d]|-chat))")
THINKS_IF_ASKED = re.compile(r"(?:^|/)gpt-5\.\d")
"""OpenAI's models refuse `temperature` and `top_p` while they think."""


def load_settings(call: ModelCall, document: dict[str, Any]) -> None:
    """Reads the settings. Raises InvalidCall."""
    for wire, name in NUMBERS.items():
        value = document.get(wire)
        if value is not None:
            call.settings[name] = _number(value, wire)  # type: ignore[literal-required]  # a table's value
    if isinstance(document.get("parallel_tool_calls"), bool):
        call.settings["parallel_tool_calls"] = document["parallel_tool_calls"]
    for name, kind in PLAIN.items():
        setattr(call, name, typed(document, name, kind))
    call.extras |= rest(document, ELSEWHERE)
    for name, value in USUAL.items():
        if call.extras.get(name) == value:
            call.wording[name] = call.extras.pop(name)
    call.user = typed(document, "safety_identifier", str)
    if not call.user and typed(document, "user", str):
        call.user, call.wording["user_field"] = call.extras.pop("user"), "user"
    include = document.get("include")
    if isinstance(include, list):
        call.logprobs = LOGPROBS in include or None
        if all(name in FULFILLED for name in include):
            call.wording["include"] = call.extras.pop("include")
    _load_text(call, document.get("text"))


def typed(fields: dict[str, Any], name: str, kind: type, within: str = "") -> Any:
    """A field's value; None if it is absent. Raises InvalidCall if it is of another type."""
    value = fields.get(name)
    if value is None or isinstance(value, kind):
        return value
    raise InvalidCall(f"{within}{name}: not {TYPES[kind]}", f"{within}{name}")


def _number(value: object, place: str) -> float:
    if isinstance(value, str):
        with contextlib.suppress(ValueError):
            value = float(value) if "." in value else int(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InvalidCall(f"{place}: not a number", place)
    return value


def within(field: str, call: ModelCall) -> dict[str, Any]:
    """The extras that stood within a field; they are named `reasoning.context`."""
    start = field + "."
    return {name.removeprefix(start): value for name, value in call.extras.items() if name.startswith(start)}


def _load_text(call: ModelCall, text: object) -> None:
    if not isinstance(text, dict):
        return
    call.verbosity = typed(text, "verbosity", str, "text.")
    form = text["format"] if isinstance(text.get("format"), dict) else {}
    kind = form.get("type")
    if kind == "json_object":
        call.output = OutputFormat()
    elif kind == "json_schema":
        inner = form.get("json_schema", form)  # Chat has it one level deeper
        if not isinstance(inner, dict) or not isinstance(inner.get("schema"), dict):
            raise InvalidCall("text.format.schema: not an object", "text.format.schema")
        name, words = (typed(inner, field, str, "text.format.") for field in ("name", "description"))
        call.output = OutputFormat(inner["schema"], name or "response", words, inner.get("strict"))
    known = {"verbosity", "format"} if kind in (None, "text", "json_object", "json_schema") else {"verbosity"}
    if more := rest(text, frozenset(known)):
        call.extras |= {f"text.{name}": value for name, value in more.items()}


def dump_settings(call: ModelCall) -> dict[str, Any]:
    """The settings as fields of the request."""
    own, settings = call.origin is OWN, call.settings
    fields: dict[str, Any] = {}
    for wire, name in NUMBERS.items():
        value = settings.get(name)
        if value is not None:
            fields[wire] = value
    if "parallel_tool_calls" in settings and (own or call.tools or call.server_tools):
        fields["parallel_tool_calls"] = settings["parallel_tool_calls"]
    for name in PLAIN:
        if (value := getattr(call, name)) is not None:
            fields[name] = value
    if text := _text(call, own):
        fields["text"] = text
    if call.user is not None:
        fields[call.wording.get("user_field", "safety_identifier") if own else "safety_identifier"] = call.user
    if own:
        worded = {name: value for name, value in call.wording.items() if name != "user_field"}
        extras = {name: value for name, value in call.extras.items() if name != "tool_choice" and "." not in name}
        return fields | worded | extras
    _fit(call, fields)
    return fields


def _text(call: ModelCall, own: bool) -> dict[str, Any]:
    text = within("text", call) if own else {}
    if call.verbosity is not None:
        text["verbosity"] = call.verbosity
    output = call.output
    if output is not None and output.schema is None:
        text["format"] = {"type": "json_object"}
    elif output is not None:
        name = output.name if own else re.sub(r"[^a-zA-Z0-9_-]", "_", output.name)[:64] or "response"
        form: dict[str, Any] = {"type": "json_schema", "name": name, "schema": output.schema}
        if output.description:
            form["description"] = output.description
        if output.strict is not None or not own:
            form["strict"] = bool(output.strict)
        text["format"] = form
    return text


def _fit(call: ModelCall, fields: dict[str, Any]) -> None:
    """Makes the fields of a foreign request such as the API takes, and counts what it does not."""
    _count_left_out(call)
    if fields.get("service_tier", "auto") not in TIERS:
        del fields["service_tier"]
        call.drops.add("service_tier")
    if fields.get("max_output_tokens", LEAST_OUTPUT) < LEAST_OUTPUT:
        fields["max_output_tokens"] = LEAST_OUTPUT
        call.drops.add("sampling", "max_tokens")
    thinks = call.reasoning is not None and call.reasoning.enabled
    if ALWAYS_THINKS.search(call.model) or (thinks and THINKS_IF_ASKED.search(call.model)):
        for name in ("temperature", "top_p"):
            if fields.pop(name, None) is not None:
                call.drops.add("sampling", name)
    if len(fields.get("safety_identifier", "")) > LONGEST_USER:
        fields["safety_identifier"] = hashlib.sha256(fields["safety_identifier"].encode()).hexdigest()
    fields["store"] = False
    include = [name for name, wanted in ((STATE, thinks), (LOGPROBS, call.logprobs)) if wanted]
    if include:
        fields["include"] = include


def _count_left_out(call: ModelCall) -> None:
    for name in UNKNOWN_HERE:
        if call.settings.get(name):
            call.drops.add("sampling", name)
    if call.settings.get("stop_sequences"):
        call.drops.add("stop_sequences")
    if (call.choices or 1) > 1:
        call.drops.add("choices")
    for name in call.extras:
        call.drops.add("field", name)
