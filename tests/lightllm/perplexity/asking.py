"""Requests for tests of what Perplexity's web application is asked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ccproxy.exchange import WireFormat
from ccproxy.lightllm.call import ModelCall
from ccproxy.lightllm.formats import request_module
from ccproxy.lightllm.translate import translate_call

MODEL = "anthropic/claude-opus-4.7"
PNG = "iVBORw0KGgo="
type Wire = dict[str, Any]


def chat(*messages: Wire, **members: Any) -> Wire:
    """A Chat Completions request."""
    return {"model": MODEL, "messages": list(messages), **members}


def user(content: Any) -> Wire:
    """What a user says."""
    return {"role": "user", "content": content}


def assistant(content: Any, **members: Any) -> Wire:
    """What a model said."""
    return {"role": "assistant", "content": content, **members}


def system(content: Any) -> Wire:
    """An instruction."""
    return {"role": "system", "content": content}


def image(url: str = f"data:image/png;base64,{PNG}") -> Wire:
    """A picture as a part of content."""
    return {"type": "image_url", "image_url": {"url": url}}


def asked(
    document: Wire, client: WireFormat = WireFormat.OPENAI, options: Mapping[str, Any] | None = None
) -> tuple[Wire, ModelCall]:
    """The payload of a request, and the call."""
    named = document.get("model")
    model = named if isinstance(named, str) and named else MODEL
    return translate_call(document, client, WireFormat.PERPLEXITY, model, False, options)


def text_of(document: Wire, client: WireFormat = WireFormat.OPENAI) -> str:
    """What the application is asked, which stands in the payload twice."""
    payload, _ = asked(document, client)
    assert payload["params"]["dsl_query"] == payload["query_str"]
    return str(payload["query_str"])


def params_of(document: Wire, client: WireFormat = WireFormat.OPENAI, **options: Any) -> Wire:
    """The `params` of the payload."""
    params: Wire = asked(document, client, options)[0]["params"]
    return params


def drops_of(document: Wire, client: WireFormat = WireFormat.OPENAI) -> dict[str, int]:
    """What was left out."""
    return asked(document, client)[1].drops.counts


def loaded(document: Wire, client: WireFormat = WireFormat.OPENAI) -> ModelCall:
    """The call alone."""
    return request_module(client).load(document, MODEL, False)
