"""Settings of a call as fields of a request: all of them for a client's own format, else what OpenAI takes."""

from __future__ import annotations

from typing import Any

from ccproxy.exchange import WireFormat
from ccproxy.lightllm.call import ModelCall
from ccproxy.lightllm.ids import safe_id
from ccproxy.lightllm.openai_chat.models import Model, model_of
from ccproxy.lightllm.openai_chat.settings import MEMBERS, SETTINGS, TIERS

OWN = WireFormat.OPENAI
SAMPLING: dict[str, Any] = {
    "temperature": 1,
    "top_p": 1,
    "presence_penalty": 0,
    "frequency_penalty": 0,
    "logit_bias": {},
    "logprobs": False,
    "top_logprobs": 0,
}
"""What models that think may refuse, with the value that says nothing."""

STOPS = 4
"""Stop sequences that a request may have."""
USER = ("user", "safety_identifier")
"""Names of the field that tells the end user; compatible servers know the first."""

LONGEST_ID = 64
"""Characters of `user` and of the name of a schema."""


def dump_settings(call: ModelCall) -> dict[str, Any]:
    """The members of a request that say the same."""
    body = _dump_own(call) if call.origin is OWN else _dump_foreign(call)
    body.update(_dump_output(call))
    if call.stream:
        body["stream"] = True
        options = call.wording.get("stream_options", {}) if call.origin is OWN else {}
        body["stream_options"] = {**options, "include_usage": True}
    return body


def _dump_own(call: ModelCall) -> dict[str, Any]:
    body = _all(call)
    body.update({name: value for name, value in call.extras.items() if name not in body})
    return body


def _all(call: ModelCall) -> dict[str, Any]:
    settings: dict[str, Any] = dict(call.settings)
    body = {name: settings[name] for name in SETTINGS if settings.get(name) is not None}
    if settings.get("max_tokens") is not None:
        body[_limit_name(call)] = settings["max_tokens"]
    if settings.get("stop_sequences"):
        body["stop"] = settings["stop_sequences"]
    for name, (attribute, _) in MEMBERS.items():
        value = getattr(call, attribute)
        if value is not None:
            body[name] = value
    if call.service_tier is not None:
        body["service_tier"] = call.service_tier
    body.update(_user(call))
    return body


def _limit_name(call: ModelCall) -> str:
    """OpenAI's reasoning models refuse `max_tokens`; some compatible servers know nothing else."""
    wording = call.wording.get("max_tokens") if call.origin is OWN else None
    return wording or "max_completion_tokens"


def _user(call: ModelCall) -> dict[str, Any]:
    if call.user is None:
        return {}
    if call.origin is not OWN:
        return {"user": call.user if len(call.user) <= LONGEST_ID else safe_id(call.user, LONGEST_ID)}
    said: dict[str, Any] = {name: call.wording[name] for name in USER if name in call.wording}
    return said if call.user in said.values() else dict.fromkeys(said or USER[:1], call.user)


def _dump_foreign(call: ModelCall) -> dict[str, Any]:
    """As OpenAI takes it: it refuses unknown fields, and some beside others."""
    body = _all(call)
    model = model_of(call.model)
    for name, rule, refused in (
        ("top_k", "sampling", True),
        ("n", "choices", True),
        ("metadata", "metadata", True),  # OpenAI refuses it without `store`
        ("parallel_tool_calls", "parallel_tool_calls", not call.tools or not model.parallel),
        ("stop", "stop_sequences", not model.stops),
        ("service_tier", "service_tier", call.service_tier not in TIERS),
    ):
        if refused and body.pop(name, None) is not None and (name != "n" or call.choices != 1):
            call.drops.add(rule)
    if len(body.get("stop", ())) > STOPS:
        call.drops.add("stop_sequences", count=len(body["stop"]) - STOPS)
        body["stop"] = body["stop"][:STOPS]
    _drop_sampling(call, model, body)
    if "top_logprobs" in body:
        body["logprobs"] = True
    for name in call.extras:
        call.drops.add("field", name)
    return body


def _drop_sampling(call: ModelCall, model: Model, body: dict[str, Any]) -> None:
    thinking = call.reasoning is not None and call.reasoning.enabled
    if model.samples and (model.samples_thinking or not thinking):
        return
    for name, default in SAMPLING.items():
        if body.pop(name, default) != default:
            call.drops.add("sampling")


def _dump_output(call: ModelCall) -> dict[str, Any]:
    output = call.output
    if output is None:
        return {}
    if output.schema is None:
        return {"response_format": {"type": "json_object"}}
    schema: dict[str, Any] = {"name": safe_id(output.name, LONGEST_ID), "schema": output.schema}
    if output.description is not None:
        schema["description"] = output.description
    if output.strict is not None:
        schema["strict"] = output.strict
    return {"response_format": {"type": "json_schema", "json_schema": schema}}
