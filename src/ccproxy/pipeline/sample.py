"""A request made up of a body: what a hook is tried on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ccproxy.exchange import Exchange, Headers, HttpRequest, WireFormat
from ccproxy.pipeline.draft import Draft, NotJson
from ccproxy.pipeline.subject import Subject

type Fields = Mapping[str, str] | Sequence[tuple[str, str]]

PATHS = {
    WireFormat.ANTHROPIC: "/v1/messages",
    WireFormat.OPENAI: "/v1/chat/completions",
    WireFormat.OPENAI_RESPONSES: "/v1/responses",
    WireFormat.GEMINI: "/v1beta/models/{model}:generateContent",
    WireFormat.PERPLEXITY: "/rest/sse/perplexity_ask",
}
"""Where calls of each format are sent, by clients or, where no client speaks it, to the provider."""


def sample(raw: bytes, wire: WireFormat | None, headers: Fields, model: str | None) -> Subject:
    """A request with this body, as it comes in."""
    fields = list(headers.items() if isinstance(headers, Mapping) else headers)
    encoded: Headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in fields]
    path = PATHS[wire].format(model=model or "model") if wire is not None else "/"
    exchange = Exchange(HttpRequest("POST", path.encode(), list(encoded), raw), format=wire)
    draft = Draft(wire, raw)
    return Subject(
        exchange,
        draft,
        encoded,
        model=lambda: exchange.model or model or model_in(draft),
        path_model=model if wire is WireFormat.GEMINI else None,
        is_call=wire is not None,
    )


def model_in(draft: Draft) -> str | None:
    """The model that a body names."""
    try:
        document = draft.document()
    except NotJson:
        return None
    model = document.get("model") if isinstance(document, dict) else None
    return model if isinstance(model, str) else None
