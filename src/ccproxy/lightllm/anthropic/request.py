"""Requests: `POST /v1/messages` (platform.claude.com, "Create a Message")."""

from __future__ import annotations

from typing import Any

from ccproxy.exchange import WireFormat
from ccproxy.lightllm.anthropic import settings
from ccproxy.lightllm.anthropic.dump_messages import MessageWriter
from ccproxy.lightllm.anthropic.fields import as_object
from ccproxy.lightllm.anthropic.load_content import others
from ccproxy.lightllm.anthropic.load_messages import load_messages
from ccproxy.lightllm.anthropic.models import Traits, traits
from ccproxy.lightllm.anthropic.reasoning import load_reasoning, think, write_back
from ccproxy.lightllm.anthropic.schemas import strict_schema
from ccproxy.lightllm.anthropic.tools import dump_tool_choice, dump_tools, load_tool_choice, load_tools
from ccproxy.lightllm.anthropic.turns import settle
from ccproxy.lightllm.call import ModelCall, OutputFormat

NATIVE = WireFormat.ANTHROPIC

READ = frozenset({
    "model", "messages", "system", "tools", "tool_choice", "stream", "max_tokens", "temperature", "top_p", "top_k",
    "stop_sequences", "metadata", "service_tier", "thinking", "output_config", "output_format",
})  # fmt: skip
"""Fields that a call has a place for."""


def load(document: Any, model: str | None, stream: bool | None) -> ModelCall:
    """Reads a request body. Raises InvalidCall."""
    body = as_object(document, "the request")
    call = ModelCall(
        origin=NATIVE,
        model=str(model or body.get("model") or ""),
        messages=load_messages(body),
        settings=settings.load_settings(body),
        stream=bool(body.get("stream")) if stream is None else stream,
        include_usage=True,
        extras={name: value for name, value in body.items() if value is not None and name not in READ},
    )
    load_tools(body, call)
    load_tool_choice(body, call)
    settings.load_fields(body, call)
    call.reasoning = load_reasoning(body, call.extras)
    _load_output(body, call)
    return call


def _load_output(body: dict[str, Any], call: ModelCall) -> None:
    config = body.get("output_config")
    config = config if isinstance(config, dict) else {}
    format = config.get("format") or body.get("output_format")
    if isinstance(format, dict) and isinstance(format.get("schema"), dict):
        call.output = OutputFormat(schema=format["schema"])
        format = None
    rest = others(config, "effort", "format")
    if format is not None:
        rest["format"] = format
    if rest:
        call.extras["output_config"] = rest


def dump(call: ModelCall) -> dict[str, Any]:
    """Writes a request body; what it cannot carry is counted in `call.drops`."""
    own = call.origin is NATIVE
    model = traits(call.model)
    writer = MessageWriter(call)
    for message in call.messages:
        writer.write(message)
    messages = writer.messages if own else settle(writer.messages, model, call.drops)
    document: dict[str, Any] = {"model": call.model, "messages": messages}
    if writer.system:
        document["system"] = writer.system
    tools = dump_tools(call, model)
    if tools:
        document["tools"] = tools
    choice = dump_tool_choice(call, tools, model)
    if choice is not None:
        document["tool_choice"] = choice
    settings.dump_max_tokens(call, document, model)
    settings.dump_fields(call, document, own)
    if own:
        _dump_own(call, document)
    else:
        _dump_foreign(call, document, model)
    if call.stream:
        document["stream"] = True
    return document


def _dump_own(call: ModelCall, document: dict[str, Any]) -> None:
    settings.write_back_settings(call, document)
    config: dict[str, Any] = {}
    if call.reasoning is not None:
        thinking = write_back(call, call.reasoning)
        if thinking is not None:
            document["thinking"] = {**call.extras.get("thinking", {}), **thinking}
        if call.reasoning.effort is not None:
            config["effort"] = call.reasoning.effort
    if call.output is not None and call.output.schema is not None:
        config["format"] = {"type": "json_schema", "schema": call.output.schema}
    if config:
        document["output_config"] = config
    for name, value in call.extras.items():
        if name in MERGED:
            if name != "thinking":
                document[name] = {**value, **document.get(name, {})}
        else:
            document[name] = value


MERGED = frozenset({"thinking", "output_config", "metadata"})
"""Fields of which a call holds a part in places of its own."""


def _dump_foreign(call: ModelCall, document: dict[str, Any], model: Traits) -> None:
    if call.reasoning is not None:
        think(call, call.reasoning, document, model)
    settings.dump_sampling(call, document, model)
    settings.dump_stops(call, document, model)
    settings.count_foreign(call)
    output = call.output
    if output is None:
        return
    if output.schema is None:
        call.drops.add("json_mode")
        return
    format = {"type": "json_schema", "schema": strict_schema(output.schema, call.drops)}
    document["output_config"] = {**document.get("output_config", {}), "format": format}
