"""Requests of Gemini generateContent, read and written.

Source: ai.google.dev/api/generate-content. The model and whether the answer is streamed stand in the path, not here.
Code Assist has the same body in an envelope, `{"model", "project", "request": {…}}`, which is read and never written:
who changes such a request changes what is in it.
"""

from __future__ import annotations

from typing import Any

from ccproxy.exchange import WireFormat
from ccproxy.lightllm.call import ModelCall
from ccproxy.lightllm.failures import InvalidCall
from ccproxy.lightllm.gemini.dump_messages import ContentWriter
from ccproxy.lightllm.gemini.envelope import MODELS, SESSION, is_wrapped
from ccproxy.lightllm.gemini.fields import camel, camelled
from ccproxy.lightllm.gemini.load_messages import MessageReader
from ccproxy.lightllm.gemini.settings import dump_settings, load_settings
from ccproxy.lightllm.gemini.tools import dump_tool_config, dump_tools, load_tool_config, load_tools

TIERS = {"standard": "default"}
"""Service tiers that OpenAI has other names for."""

SENT_TIERS = frozenset({"flex", "priority"})

UNSPECIFIED = frozenset({"", "unspecified", "service_tier_unspecified"})


def load(document: Any, model: str | None, stream: bool | None) -> ModelCall:
    """Reads a request body; model and stream are told by the path.

    Raises:
        InvalidCall: for a body that makes no sense; the message says where.
    """
    if not isinstance(document, dict):
        raise InvalidCall("the body of a request is a JSON object")
    wrapped = is_wrapped(document)
    given = document["request"] if wrapped else document
    named = model or str(document.get("model") or given.get("model") or "")
    call = ModelCall(WireFormat.GEMINI, named.removeprefix(MODELS), stream=bool(stream))
    if wrapped:
        given = _opened(call, document)
    body = camelled(given)
    body.pop("model", None)
    reader = MessageReader(call.drops)
    reader.system(body.pop("systemInstruction", None))
    reader.contents(body.pop("contents", None))
    call.messages = reader.messages
    load_tools(call, body.pop("tools", None))
    load_tool_config(call, body.pop("toolConfig", None))
    load_settings(call, body.pop("generationConfig", None))
    tier = str(body.pop("serviceTier", "")).lower()
    call.service_tier = None if tier in UNSPECIFIED else TIERS.get(tier, tier)
    call.extras |= {name: value for name, value in given.items() if camel(name) in body}
    return call


def _opened(call: ModelCall, document: dict[str, Any]) -> dict[str, Any]:
    """What is in the envelope, without the session's id, which is the envelope's too and no member of the API's."""
    call.wording["envelope"] = {name: value for name, value in document.items() if name != "request"}
    given: dict[str, Any] = document["request"]
    if given.get(SESSION):
        call.drops.add("field", SESSION)
    return {name: value for name, value in given.items() if name != SESSION}


def dump(call: ModelCall) -> dict[str, Any]:
    """Writes a request body; what it cannot carry is counted in `call.drops`."""
    writer = ContentWriter(call)
    writer.write()
    body: dict[str, Any] = {"contents": writer.contents}
    if writer.system:
        body["systemInstruction"] = {"parts": writer.system}
    rest = {
        "tools": dump_tools(call),
        "toolConfig": dump_tool_config(call),
        "generationConfig": dump_settings(call),
    }
    body |= {name: value for name, value in rest.items() if value}
    _tier(call, body)
    if call.origin is WireFormat.GEMINI:
        _own(call, body)
    else:
        _count(call)
    return body


def _tier(call: ModelCall, body: dict[str, Any]) -> None:
    tier = call.service_tier
    if tier in SENT_TIERS:
        body["serviceTier"] = tier
    elif tier == "default" and call.origin is WireFormat.GEMINI:
        body["serviceTier"] = "standard"
    elif tier not in {None, "auto", "default"}:
        call.drops.add("service_tier")


PLACES = frozenset({"toolConfig", "generationConfig"})
"""Members of a request whose own unknown members are kept as `place.name`."""


def _own(call: ModelCall, body: dict[str, Any]) -> None:
    """What a Gemini client said that other formats have no place for, back where it was."""
    for path, value in call.extras.items():
        place, dot, name = path.partition(".")
        if not dot or place not in PLACES:  # a client's own name may have a dot in it
            body[path] = value
        elif name == "functionCallingConfig" and place == "toolConfig":
            body.setdefault(place, {}).setdefault(name, {}).update(value)
        else:
            body.setdefault(place, {})[name] = value


def _count(call: ModelCall) -> None:
    """Counts what other formats say and Gemini has no place for."""
    drops = call.drops
    for name in call.extras:
        drops.add("field", name)
    if call.user:
        drops.add("user")
    if call.metadata:
        drops.add("metadata")
    if call.verbosity:
        drops.add("field", "verbosity")
    if call.prompt_cache_key:
        drops.add("field", "prompt_cache_key")
